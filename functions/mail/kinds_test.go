package main

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/seats"
)

// twoProducts is the sample catalog with a dearer plan and another product.
func twoProducts(t *testing.T) string {
	t.Helper()
	return strings.NewReplacer(
		"products:\n", "products:\n  - {id: rooms, name: Rooms, entitlements: [{id: book, name: Book rooms}]}\n",
		"plans:\n", `plans:
  - {id: rooms-monthly, name: Rooms monthly, product: rooms, price: {EUR: {unit: 100}}}
  - {id: meetings-pro, name: Pro, product: meetings, rank: 2, price: {EUR: {unit: 3000}}}
`).Replace(apitest.SampleCatalog(t))
}

// busyWinter goes on after busyMonth, for whom the billing admin acts: a decrease and
// an invitation are near their end when it stops.
func busyWinter(t *testing.T, r *rig, a *apitest.Account, clerk *apitest.Person) {
	t.Helper()
	r.Pass(time.Minute)
	a.Owner = r.SignIn(a.Email("olga")) // an admin, who was signed out when she handed over
	seats := func(n int64) {
		var quote struct {
			ID string `json:"quote_id"`
		}
		clerk.Post(a.SubPath()+"/quotes", map[string]int64{"seats": n}).OK(t, &quote)
		clerk.Post(a.SubPath()+"/seat-changes", map[string]any{"quote_id": quote.ID, "agreement_accepted": true}).OK(t, nil)
	}
	seats(8)
	_, leaving := a.Join("member", true)
	_, resting := a.Join("member", true)
	_, rising := a.Join("member", false)
	a.Owner.Patch(a.Path+"/users/"+rising, map[string]string{"role": "admin"}).OK(t, nil)
	var asked struct {
		ID string `json:"id"`
	}
	clerk.Post(a.Path+"/requests", map[string]any{"kind": "other", "message": "May we pay later?"}).OK(t, &asked)
	r.Operator().Post("/v1/operator/accounts/"+a.ID+"/requests/"+asked.ID+"/decline", map[string]string{"message": "No."}).OK(t, nil)
	a.Owner.Delete(a.Path+"/users/"+leaving).OK(t, nil)
	a.Owner.Post(a.Path+"/users/"+resting+"/deactivate", nil).OK(t, nil)

	a.Advance(time.Date(2027, time.January, 1, 12, 0, 0, 0, time.UTC))
	seats(3)
	a.Advance(time.Date(2027, time.January, 23, 12, 0, 0, 0, time.UTC))
	a.Invite(a.Invitee("hesitant", "member", false))
	a.Advance(time.Date(2027, time.January, 29, 12, 0, 0, 0, time.UTC))
}

// Mails of each kind can be turned off for an account, and no others go with them.
func TestAKindOfMailThatIsTurnedOffIsNotSent(t *testing.T) {
	r := newRig(t, twoProducts(t))
	a := r.Open(5)
	clerk := busyMonth(t, a)
	busyWinter(t, r, a, clerk)
	entries := r.ledger(a)
	r.all(entries...)
	everything := kinds(r.mails())
	for _, kind := range seats.MailKinds() {
		if everything[kind] == 0 {
			t.Errorf("no mail of kind %s is sent at all", kind)
		}
		clerk.Patch(a.Path, map[string]any{"mails_off": []string{kind}}).OK(t, nil)
		r.forget()
		r.all(entries...)
		want := maps.Clone(everything)
		delete(want, kind)
		if got := kinds(r.mails()); !maps.Equal(got, want) {
			t.Errorf("with %s turned off there are %v, want %v", kind, got, want)
		}
	}
	clerk.Patch(a.Path, map[string]any{"mails_off": seats.MailKinds()}).OK(t, nil)
	r.forget()
	r.all(entries...)
	same(t, "all kinds turned off", r.mails())
}
