package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/local/pattern"
	"github.com/usher-seats/usher/infra/local/sam"
	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/seats"
)

// monthEnd is the first boundary of the accounts that apitest opens, and a moment
// more.
func monthEnd() time.Time { return time.Date(2026, time.November, 30, 23, 5, 0, 0, time.UTC) }

// An account's month, told by mail as it happens.
func TestEverybodyIsToldWhatHappensToThem(t *testing.T) {
	r := newRig(t, apitest.SampleCatalog(t))
	a := r.OpenWith(map[string]any{"tax_rate_ppm": 190_000})
	same(t, "opening", r.news(a), "olga: Invoice 1 of Northwind Meetings: €119.00")
	says(t, to(t, r.mails(), "olga", "invoice"), "Hello Olga Owner", "Net: €100.00", "Tax 19%: €19.00", "Amount due: €119.00",
		"Period: 1 November 2026 to 30 November 2026", console+"/accounts/"+a.ID+"/invoices/1", "help@northwind.example", "Hafenstraße 12, 20457 Hamburg")

	gus := peopleAreInvited(t, r, a)
	licensesMove(t, r, a, gus)
	moneyMoves(t, r, a)

	a.Owner.Put(a.Path+"/owner", map[string]string{"user_id": gus}).OK(t, nil)
	same(t, "a transfer", r.news(a), "gus: You are now the owner of Customer at customer1.example", "olga: gus Guest is now the owner of Customer at customer1.example")
	says(t, to(t, r.mails(), "gus", "ownership_transferred"), "Olga Owner handed", console+"/accounts/"+a.ID, "For safety you were both signed out")
	says(t, to(t, r.mails(), "olga", "ownership_transferred"), "You are an administrator of the account from now on")
}

// peopleAreInvited brings gus into the account and lets ida's invitation lapse.
func peopleAreInvited(t *testing.T, r *rig, a *apitest.Account) (gus string) {
	result := a.Invite(a.Invitee("gus", "admin", true), a.Invitee("ida", "member", false))
	gus, ida := result[0].UserID, result[1].UserID
	same(t, "an invitation", r.news(a), "gus: Olga Owner invites you to Northwind Meetings", "ida: Olga Owner invites you to Customer at customer1.example")
	first := to(t, r.mails(), "gus", "invitation")
	says(t, first, "Hello gus Guest", "A license is kept for you", "until 29 November 2026 at 10:00 (Europe/Berlin)")
	if strings.Contains(first.Text, "no longer work") || strings.Contains(to(t, r.mails(), "ida", "invitation").Text, "license") {
		t.Errorf("a first invitation speaks of an earlier one, or one without a license of a license")
	}

	a.Owner.Post(a.Path+"/invitations/"+strings.Replace(gus, "usr_", "inv_", 1)+"/resend", nil).OK(t, nil)
	same(t, "sent again", r.news(a), "gus: Olga Owner invites you to Northwind Meetings")
	second := to(t, r.mails(), "gus", "invitation")
	says(t, second, "Links that you received earlier no longer work.")
	person := r.As(a.Email("gus"))
	person.Post("/v1/invitations/accept", map[string]string{"token": link(t, first), "id_token": person.IDToken}).Refused(t, 410, "invitation_superseded")
	person.Post("/v1/invitations/accept", map[string]string{"token": link(t, second), "id_token": person.IDToken}).OK(t, nil)
	same(t, "accepting", r.news(a))

	a.Advance(apitest.Start.Add(seats.InvitationTTL))
	same(t, "lapsing", r.news(a), "olga: The invitation of ida Guest has expired")
	says(t, to(t, r.mails(), "olga", "invitation_expired"), "Expired: 29 November 2026 at 10:00 (Europe/Berlin)", a.Email("ida"), console+"/accounts/"+a.ID+"/users")
	a.Owner.Delete(a.Path+"/users/"+ida).OK(t, nil)
	same(t, "removing", r.news(a))
	return gus
}

func licensesMove(t *testing.T, r *rig, a *apitest.Account, gus string) {
	people := map[string]any{"user_ids": []string{a.OwnerID, gus}}
	a.Owner.Post(a.SubPath()+"/licenses", people).OK(t, nil)
	same(t, "a license given", r.news(a), "olga: You have a license of Northwind Meetings")
	says(t, to(t, r.mails(), "olga", "license_given"), "Olga Owner gave you a license", "Schedule meetings", "Download reports and recordings", "https://app.northwind.example")
	r.As(a.Email("gus")).Delete(a.SubPath()+"/licenses/"+a.OwnerID).OK(t, nil)
	same(t, "a license taken", r.news(a), "olga: Your license of Northwind Meetings has ended")
	says(t, to(t, r.mails(), "olga", "license_taken"), "gus Guest took back your license of Northwind Meetings")
}

func moneyMoves(t *testing.T, r *rig, a *apitest.Account) {
	gus := r.As(a.Email("gus"))
	var quote struct {
		ID string `json:"quote_id"`
	}
	gus.Post(a.SubPath()+"/quotes", map[string]int64{"seats": 8}).OK(t, &quote)
	gus.Post(a.SubPath()+"/seat-changes", map[string]any{"quote_id": quote.ID, "agreement_accepted": true}).OK(t, nil)
	same(t, "an increase", r.news(a), "gus: Receipt: Northwind Meetings, 5 → 8 seats", "olga: Receipt: Northwind Meetings, 5 → 8 seats",
		"olga: Invoice 2 of Northwind Meetings: €4.76")
	for _, name := range []string{"gus", "olga"} {
		says(t, to(t, r.mails(), name, "seat_change_receipt"), "Bought by: gus Guest", "Seats added: €4.00", "Tax 19%: €0.76", "Amount due: €4.76",
			"8 seats instead of 5 cost €160.00 a month instead of €100.00: €60.00 more. 2 of the 30 days", "€60.00 × 2 ÷ 30 = €4.00", console+"/accounts/"+a.ID+"/invoices/2")
	}

	a.Confirm(a.Quote(4).ID).OK(t, nil)
	same(t, "a decrease", r.news(a), "olga: Northwind Meetings: 4 seats from 1 December 2026")
	says(t, to(t, r.mails(), "olga", "decrease_scheduled"), "Seats: 8 → 4", "until the end of 30 November 2026", "everybody keeps their license", console+"/accounts/"+a.ID+"/licenses")

	a.Advance(monthEnd())
	same(t, "the month's end", r.news(a), "olga: Invoice 3 of Northwind Meetings: €95.20")
	says(t, to(t, r.mails(), "olga", "invoice"), "Issued on: 1 December 2026", "Period: 1 December 2026 to 31 December 2026",
		"Northwind Meetings, Team, monthly: 4 seats, 2026-12-01 to 2026-12-31: €80.00", "Amount due: €95.20")
}

// The rule that fills the queue lets through what somebody is told of and nothing else,
// where it is told at once: each event of a busy winter, and each kind of mail.
func TestTheRuleAndTheLettersAgree(t *testing.T) {
	r := newRig(t, largeCatalog(t))
	a := r.Open(5)
	rule := mailRule(t)
	told, sent := map[string]bool{}, map[string]int{}
	tell := func() {
		for _, e := range r.ledger(a) {
			if r.told[e.id] {
				continue
			}
			r.told[e.id] = true
			r.ses.Clear()
			r.all(e)
			mails := r.mails()
			for kind, n := range kinds(mails) {
				sent[kind] += n
			}
			told[e.kind] = told[e.kind] || len(mails) > 0
			if passes := rule.Match([]byte(e.body)); passes != (len(mails) > 0) {
				t.Errorf("%s comes through the rule: %v, is told in %d mails: %s", e.kind, passes, len(mails), e.body)
			}
			once(t, e, mails)
		}
	}
	clerk := busyMonth(t, r, a, tell)
	busyWinter(t, r, a, clerk, tell)
	for _, kind := range mail.Kinds() {
		if sent[string(kind)] == 0 {
			t.Errorf("no mail of kind %s is sent of what comes through the rule", kind)
		}
	}
	for _, kind := range []string{
		seats.UserInvitedEvent, seats.InvitationResent, seats.InvitationExpiredEv, seats.InvitationCancelledEv, seats.UserJoined,
		seats.LicenseAssigned, seats.LicenseRevoked, seats.UserDeactivatedEvent, seats.UserRemovedEvent, seats.RoleChanged,
		seats.SeatsIncreased, seats.DecreaseScheduled, seats.OwnershipTransferred, seats.SubscriptionStarted, seats.CycleClosed, seats.InvoiceVoided,
		seats.PlanUpgraded, seats.PlanChangeScheduled, seats.CancelScheduled, seats.SubscriptionEndedEv, seats.RequestOpenedEvent, seats.RequestAnswered,
		seats.ReminderInvitation, seats.ReminderDecrease, seats.ReminderPlanChange, seats.ReminderCancellation,
	} {
		if !told[kind] {
			t.Errorf("nobody was told of %s", kind)
		}
	}
}

// once checks that nobody gets two mails of one kind about one event.
func once(t *testing.T, e entry, mails []ses.Mail) {
	t.Helper()
	seen := map[string]bool{}
	for _, m := range mails {
		key := m.To[0] + " " + m.Tags[0].Value
		if seen[key] {
			t.Errorf("%s: %s twice", e.kind, key)
		}
		seen[key] = true
	}
}

// What the rule cannot know, since it compares no two fields and reads no account,
// wakes the function for nothing; there is no more of it than this.
func TestWhatTheRuleCannotKnow(t *testing.T) {
	r := newRig(t, apitest.SampleCatalog(t))
	a := r.Open(5)
	rule := mailRule(t)
	invited := a.Invite(a.Invitee("ann", "member", false), a.Invitee("bob", "member", false))
	r.news(a)
	for _, c := range []struct {
		name, kind string
		do         func()
	}{
		{"an invitation that the inviter cancels", seats.InvitationCancelledEv, func() { a.Owner.Delete(invitationPath(a, invited[0].UserID)).OK(t, nil) }},
		{"a role of somebody who has not joined yet", seats.RoleChanged, func() {
			a.Owner.Patch(a.Path+"/users/"+invited[1].UserID, map[string]string{"role": "admin"}).OK(t, nil)
		}},
	} {
		c.do()
		same(t, c.name, r.news(a))
		events := of(r.ledger(a), c.kind)
		if len(events) != 1 || !rule.Match([]byte(events[0].body)) {
			t.Errorf("%s: %d events, or the rule knows better", c.name, len(events))
		}
	}
}

func mailRule(t *testing.T) *pattern.Pattern {
	t.Helper()
	template, err := sam.Load("../../template.yaml", sam.Options{Region: "eu-central-1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range template.Rules {
		if rule.ID == "MailRule" {
			p, err := pattern.Compile(rule.Pattern)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
	}
	t.Fatal("the template has no MailRule")
	return nil
}

// busyMonth lets much of what somebody is told of happen. At its end two invitations
// are open, one has lapsed, and the account has another owner. It returns a billing
// admin, who does none of it. After each step it calls step.
func busyMonth(t *testing.T, r *rig, a *apitest.Account, step func()) *apitest.Person {
	t.Helper()
	clerk, _ := joins(t, r, a, "clerk", "billing_admin", step)
	_, admin := joins(t, r, a, "admin", "admin", step)
	a.Invite(a.Invitee("lapse", "member", true))
	step()
	a.Owner.Post(a.SubPath()+"/licenses", map[string]any{"user_ids": []string{a.OwnerID}}).OK(t, nil)
	step()
	a.Owner.Delete(a.SubPath()+"/licenses/"+a.OwnerID).OK(t, nil)
	step()
	a.Confirm(a.Quote(8).ID).OK(t, nil)
	a.Confirm(a.Quote(4).ID).OK(t, nil)
	a.Owner.Post(a.SubPath()+"/licenses", map[string]any{"user_ids": []string{a.OwnerID}}).OK(t, nil)
	step()
	// The decrease and the invitation are near their end, and then there.
	for _, at := range []time.Time{nearEnd(), apitest.Start.Add(seats.InvitationTTL - time.Hour), monthEnd()} {
		a.Advance(at)
		step()
	}
	again := a.Invite(a.Invitee("open", "member", false), a.Invitee("again", "member", true))[1].UserID
	step()
	a.Owner.Post(invitationPath(a, again)+"/resend", nil).OK(t, nil)
	a.Void(1)
	a.Owner.Put(a.Path+"/owner", map[string]string{"user_id": admin}).OK(t, nil)
	step()
	return clerk
}

// joins invites a person, who accepts; members with a license.
func joins(t *testing.T, r *rig, a *apitest.Account, name, role string, step func()) (*apitest.Person, string) {
	t.Helper()
	invited := a.Invite(a.Invitee(name, role, role == "member"))[0]
	if invited.Error != nil {
		t.Fatalf("%s: %+v", name, invited.Error)
	}
	step()
	p := r.accepts(a, name, invited.UserID)
	step()
	return p, invited.UserID
}

// accepts lets an invited person accept, by the local part.
func (r *rig) accepts(a *apitest.Account, name, user string) *apitest.Person {
	r.t.Helper()
	p := r.As(a.Email(name))
	p.Post("/v1/invitations/accept", map[string]string{"token": a.Link(user, 1), "id_token": p.IDToken}).OK(r.t, nil)
	return p
}

// nothing is no step.
func nothing() {}

// kinds counts mails by their kind.
func kinds(mails []ses.Mail) map[string]int {
	count := map[string]int{}
	for _, m := range mails {
		count[m.Tags[0].Value]++
	}
	return count
}

// What became untrue between the event and its mail is not told.
func TestWhatIsOverIsNotTold(t *testing.T) {
	r := newRig(t, apitest.SampleCatalog(t))
	a := r.Open(5)
	invited := a.Invite(a.Invitee("cancelled", "member", true), a.Invitee("removed", "member", false), a.Invitee("again", "member", false),
		a.Invitee("joined", "member", false), a.Invitee("lapsed", "member", false), a.Invitee("open", "member", false))
	invitation := func(i int) string {
		return a.Path + "/invitations/" + strings.Replace(invited[i].UserID, "usr_", "inv_", 1)
	}
	_, gone := a.Join("member", true)
	a.Owner.Post(a.SubPath()+"/licenses", map[string]any{"user_ids": []string{a.OwnerID}}).OK(t, nil)
	a.Owner.Delete(a.Path+"/users/"+gone).OK(t, nil)
	a.Owner.Delete(invitation(0)).OK(t, nil)
	a.Owner.Delete(a.Path+"/users/"+invited[1].UserID).OK(t, nil)
	a.Owner.Post(invitation(2)+"/resend", nil).OK(t, nil)
	joined := r.As(a.Email("joined"))
	joined.Post("/v1/invitations/accept", map[string]string{"token": a.Link(invited[3].UserID, 1), "id_token": joined.IDToken}).OK(t, nil)

	entries := r.ledger(a)
	r.all(of(entries, seats.UserInvitedEvent)...)
	same(t, "first invitations", r.mails(), "lapsed: Olga Owner invites you to Customer at customer1.example", "open: Olga Owner invites you to Customer at customer1.example")
	r.forget()
	r.all(of(entries, seats.InvitationResent)...)
	same(t, "resent invitations", r.mails(), "again: Olga Owner invites you to Customer at customer1.example")

	// All of them lapse, and the inviter sends two again before the mails are written.
	a.Advance(apitest.Start.Add(seats.InvitationTTL))
	a.Owner.Post(invitation(5)+"/resend", nil).OK(t, nil)
	r.forget()
	r.all(of(entries, seats.UserInvitedEvent, seats.InvitationResent)...)
	same(t, "lapsed invitations", r.mails())
	r.all(of(r.ledger(a), seats.InvitationExpiredEv)...)
	same(t, "expired invitations", r.mails(), "olga: The invitation of lapsed Guest has expired", "olga: The invitation of again Guest has expired")
}

// A lapsed invitation of an ordinary account is over at its instant, not when the
// job comes by.
func TestALapsedInvitationGetsNoMailBeforeTheJobComesBy(t *testing.T) {
	r := newRig(t, apitest.SampleCatalog(t))
	a := r.OpenWith(map[string]any{"test": false})
	a.Invite(a.Invitee("late", "member", false))
	r.Pass(seats.InvitationTTL)
	r.all(of(r.ledger(a), seats.UserInvitedEvent)...)
	same(t, "after the expiry", r.mails())
}

func TestWhoWasRemovedGetsNoMail(t *testing.T) {
	r := newRig(t, apitest.SampleCatalog(t))
	a := r.Open(5)
	admin, adminID := a.Join("admin", false)
	_, member := a.Join("member", false)
	admin.Post(a.SubPath()+"/licenses", map[string]any{"user_ids": []string{member}}).OK(t, nil)
	admin.Delete(a.SubPath()+"/licenses/"+member).OK(t, nil)
	admin.Post(a.Path+"/invitations", map[string]any{"people": []any{a.Invitee("nobody", "member", false)}}).OK(t, nil)
	a.Advance(apitest.Start.Add(seats.InvitationTTL))
	for _, id := range []string{adminID, member} {
		a.Owner.Delete(a.Path+"/users/"+id).OK(t, nil)
	}
	entries := r.ledger(a)
	r.all(of(entries, seats.LicenseAssigned, seats.LicenseRevoked, seats.InvitationExpiredEv)...)
	same(t, "mails to removed people", r.mails(), "olga: The invitation of nobody Guest has expired")
	if m := to(t, r.mails(), "olga", "invitation_expired"); !strings.Contains(m.Text, "admin-") || strings.Contains(m.Text, "You invited") {
		t.Errorf("the owner is told as if she had invited, or not by whom it was:\n%s", m.Text)
	}
	if n := len(of(entries, seats.InvitationExpiredEv)); n != 1 {
		t.Errorf("%d invitations expired, want one", n)
	}
}

// One event about many people is one mail to each of them.
func TestABulkEventTellsEverybodyOnce(t *testing.T) {
	const people, end = 40, 25
	r := newRig(t, strings.Replace(apitest.SampleCatalog(t), "over_assigned: keep_assigned", "over_assigned: release_newest", 1))
	a := r.Open(people + 3)
	users := crowd(t, r, a, people)
	a.Owner.Post(a.SubPath()+"/licenses", map[string]any{"user_ids": users}).OK(t, nil)
	var want []string
	for i := range people {
		want = append(want, fmt.Sprintf("p%d: You have a license of Northwind Meetings", i))
	}
	assigned := of(r.ledger(a), seats.LicenseAssigned)
	if len(assigned) != 1 {
		t.Fatalf("%d events, want one about all", len(assigned))
	}
	r.all(assigned[0])
	same(t, "a bulk assignment", r.mails(), want...)
	r.all(assigned[0])
	if n := len(r.mails()); n != people {
		t.Errorf("delivered twice, there are %d mails, want %d", n, people)
	}

	a.Confirm(a.Quote(people-end).ID).OK(t, nil)
	a.Advance(monthEnd())
	// The newest licenses end; all are of one instant, so the later user ids.
	a.Advance(monthEnd().Add(time.Minute))
	r.forget()
	r.all(of(r.ledger(a), seats.LicenseRevoked)...)
	mails := r.mails()
	if len(mails) != end {
		t.Errorf("%d people were told that their license ended, want %d", len(mails), end)
	}
	told := map[string]bool{}
	for _, m := range mails {
		told[m.To[0]] = true
	}
	if len(told) != len(mails) {
		t.Errorf("%d mails to %d people", len(mails), len(told))
	}
	says(t, mails[0], "now has fewer seats of Northwind Meetings, and your license was among those that ended")
}

// crowd joins people by the use cases, without a sign-in page for each.
func crowd(t *testing.T, r *rig, a *apitest.Account, n int) []string {
	t.Helper()
	var people []map[string]string
	for i := range n {
		people = append(people, a.Invitee(fmt.Sprintf("p%d", i), "member", false))
	}
	var users []string
	for i, invited := range a.Invite(people...) {
		id := seats.Identity{Subject: fmt.Sprintf("subject-%s-%d", a.ID, i), Email: invited.Email}
		if _, err := r.Service.Accept(t.Context(), id, a.Link(invited.UserID, 1), seats.Once[*seats.User]{}); err != nil {
			t.Fatal(err)
		}
		users = append(users, invited.UserID)
	}
	return users
}
