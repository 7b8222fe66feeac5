package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/seats"
)

// largeCatalog is the sample catalog with a dearer plan and two more products, one
// with a trial whose invitations keep no seat.
func largeCatalog(t *testing.T) string {
	t.Helper()
	return strings.NewReplacer(
		"products:\n", `products:
  - {id: rooms, name: Rooms, entitlements: [{id: book, name: Book rooms}]}
  - {id: desks, name: Desks}
`,
		"plans:\n", `plans:
  - {id: rooms-monthly, name: Rooms monthly, product: rooms, price: {EUR: {unit: 100}}, policies: {trial_days: 7, invitation_reserves_seat: false}}
  - {id: desks-monthly, name: Desks monthly, product: desks, price: {EUR: {unit: 500}}}
  - {id: desks-use, name: Desks by use, product: desks, price: {EUR: {unit: 700}}, policies: {billing: active_users}}
  - {id: meetings-pro, name: Pro, product: meetings, rank: 2, price: {EUR: {unit: 3000}}}
`).Replace(apitest.SampleCatalog(t))
}

// quoted asks for a quote and confirms it.
func quoted(t *testing.T, p *apitest.Person, quotes string, body map[string]any, confirm string, done any) {
	t.Helper()
	var q api.Quote
	p.Post(quotes, body).OK(t, &q)
	p.Post(confirm, map[string]any{"quote_id": q.ID, "agreement_accepted": true}).OK(t, done)
}

// setSeats and setPlan change the account's first subscription; subscribe begins
// another and returns its path.
func setSeats(t *testing.T, p *apitest.Person, a *apitest.Account, n int64) {
	t.Helper()
	quoted(t, p, a.SubPath()+"/quotes", map[string]any{"seats": n}, a.SubPath()+"/seat-changes", nil)
}

func setPlan(t *testing.T, p *apitest.Person, path string, change map[string]any) {
	t.Helper()
	quoted(t, p, path+"/quotes", change, path+"/plan-changes", nil)
}

func subscribe(t *testing.T, p *apitest.Person, a *apitest.Account, plan string, n int64) (path, id string) {
	t.Helper()
	var begun api.Subscribed
	quoted(t, p, a.Path+"/quotes", map[string]any{"plan_id": plan, "seats": n}, a.Path+"/subscriptions", &begun)
	return a.Path + "/subscriptions/" + begun.SubscriptionID, begun.SubscriptionID
}

// busyWinter goes on after busyMonth, for whom the billing admin acts. With it there
// was a mail of every kind. A decrease, a change of plan, a cancellation and an
// invitation are near their end when it stops. After each step it calls step.
func busyWinter(t *testing.T, r *rig, a *apitest.Account, clerk *apitest.Person, step func()) {
	t.Helper()
	r.Pass(time.Minute)
	a.Owner = r.SignIn(a.Email("olga")) // an admin, who was signed out when she handed over
	setSeats(t, clerk, a, 8)
	step()
	rooms, roomsID := subscribe(t, clerk, a, "rooms-monthly", 1)
	desks, _ := subscribe(t, clerk, a, "desks-monthly", 2)
	step()
	peopleComeAndGo(t, r, a, clerk, roomsID, rooms, step)
	clerk.Post(desks+"/cancel", nil).OK(t, nil)
	step()
	// Invitations are near their end, a trial ends, the end of a subscription is near,
	// and it ends.
	for _, at := range []time.Time{
		time.Date(2026, time.December, 6, 12, 0, 0, 0, time.UTC), time.Date(2026, time.December, 9, 12, 0, 0, 0, time.UTC), time.Date(2026, time.December, 26, 12, 0, 0, 0, time.UTC),
		time.Date(2027, time.January, 1, 12, 0, 0, 0, time.UTC),
	} {
		a.Advance(at)
		step()
	}
	setPlan(t, clerk, a.SubPath(), map[string]any{"plan_id": "meetings-pro"})
	step()
	setSeats(t, clerk, a, 3)
	step()
	setPlan(t, clerk, a.SubPath(), map[string]any{"plan_id": "meetings-yearly"})
	clerk.Post(rooms+"/cancel", nil).OK(t, nil)
	step()
	a.Advance(time.Date(2027, time.January, 23, 12, 0, 0, 0, time.UTC))
	a.Invite(a.Invitee("hesitant", "member", false))
	step()
	a.Advance(time.Date(2027, time.January, 29, 12, 0, 0, 0, time.UTC))
	step()
}

// peopleComeAndGo is what people do in the winter; rooms is a subscription of one seat.
func peopleComeAndGo(t *testing.T, r *rig, a *apitest.Account, clerk *apitest.Person, roomsID, rooms string, step func()) {
	t.Helper()
	_, leaving := joins(t, r, a, "leaving", "member", step)
	_, resting := joins(t, r, a, "resting", "member", step)
	_, rising := joins(t, r, a, "rising", "member", step)
	a.Owner.Post(rooms+"/licenses", map[string]any{"user_ids": []string{rising}}).OK(t, nil)
	step()
	late := a.Invitee("late", "member", false)
	late["subscription_id"] = roomsID
	invited := a.Invite(late, a.Invitee("unwanted", "member", false))
	step()
	r.accepts(a, "late", invited[0].UserID)
	clerk.Delete(invitationPath(a, invited[1].UserID)).OK(t, nil)
	step()
	a.Owner.Patch(a.Path+"/users/"+rising, map[string]string{"role": "admin"}).OK(t, nil)
	step()
	var asked struct {
		ID string `json:"id"`
	}
	clerk.Post(a.Path+"/requests", map[string]any{"kind": "other", "message": "May we pay later?"}).OK(t, &asked)
	step()
	r.Operator().Post("/v1/operator/accounts/"+a.ID+"/requests/"+asked.ID+"/decline", map[string]string{"message": "No."}).OK(t, nil)
	a.Owner.Delete(a.Path+"/users/"+leaving).OK(t, nil)
	a.Owner.Post(a.Path+"/users/"+resting+"/deactivate", nil).OK(t, nil)
	step()
}

// Mails of each kind can be turned off for an account, and no others go with them:
// what is written of a winter is all the letters but those of the kind.
func TestAKindOfMailThatIsTurnedOffIsNotSent(t *testing.T) {
	r := newRig(t, largeCatalog(t))
	a := r.Open(5)
	clerk := busyMonth(t, r, a, nothing)
	busyWinter(t, r, a, clerk, nothing)
	entries, everything := r.ledger(a), map[string]int{}
	// Of each kind the first event that is told by it is enough.
	var telling []entry
	for _, e := range entries {
		letters := r.letters(e)
		if !slices.ContainsFunc(letters, func(l letter) bool { return everything[string(l.mail.Kind())] == 0 }) {
			continue
		}
		telling = append(telling, e)
		for _, l := range letters {
			everything[string(l.mail.Kind())]++
		}
	}
	r.all(telling...)
	if sent := kinds(r.mails()); !maps.Equal(sent, everything) {
		t.Errorf("letters are of the kinds %v, and sent are %v", everything, sent)
	}
	for _, kind := range seats.MailKinds() {
		if everything[kind] == 0 {
			t.Errorf("no mail of kind %s is sent at all", kind)
		}
		clerk.Patch(a.Path, map[string]any{"mails_off": []string{kind}}).OK(t, nil)
		got, want := map[string]int{}, maps.Clone(everything)
		delete(want, kind)
		for _, e := range telling {
			for _, l := range r.letters(e) {
				got[string(l.mail.Kind())]++
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("with %s turned off there are %v, want %v", kind, got, want)
		}
	}
	clerk.Patch(a.Path, map[string]any{"mails_off": seats.MailKinds()}).OK(t, nil)
	r.forget()
	r.all(telling...)
	same(t, "all kinds turned off", r.mails())
}
