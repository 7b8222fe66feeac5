package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/seats"
)

// changePlan schedules or makes a change to another plan, as the owner.
func changePlan(t *testing.T, a *apitest.Account, plan string) {
	t.Helper()
	var quote struct {
		ID string `json:"quote_id"`
	}
	a.Owner.Post(a.SubPath()+"/quotes", map[string]any{"plan_id": plan}).OK(t, &quote)
	a.Owner.Post(a.SubPath()+"/plan-changes", map[string]any{"quote_id": quote.ID, "agreement_accepted": true}).OK(t, nil)
}

// nearEnd is within the last seven days of the first month.
func nearEnd() time.Time { return time.Date(2026, time.November, 25, 12, 0, 0, 0, time.UTC) }

func TestOwnerAndBillingAdminsAreRemindedOfWhatIsNear(t *testing.T) {
	r := newRig(t, strings.Replace(apitest.SampleCatalog(t), "over_assigned: keep_assigned", "over_assigned: release_newest", 1))
	a := r.Open(5)
	a.Join("billing_admin", false)
	a.Join("admin", true)
	for range 2 {
		a.Join("member", true)
	}
	a.Confirm(a.Quote(1).ID).OK(t, nil)
	r.news(a)
	a.Advance(nearEnd())
	told := r.news(a)
	if len(told) != 2 {
		t.Fatalf("reminded: %q, want the owner and the billing admin", heads(told))
	}
	for _, m := range told {
		says(t, m, "goes from 5 seats of Northwind Meetings to 1 on 1 December 2026", "As of now 2 people lose their license", console+"/accounts/"+a.ID+"/licenses")
		if m.Subject != "Reminder: Northwind Meetings: 1 seat from 1 December 2026" || strings.Count(m.Text, "- member-") != 2 {
			t.Errorf("%q reads\n%s", m.Subject, m.Text)
		}
	}
	to(t, told, "olga", "change_reminder")

	changePlan(t, a, "meetings-yearly")
	a.Advance(nearEnd().Add(time.Hour))
	r.news(a)
	says(t, to(t, r.mails(), "olga", "change_reminder"), "goes from the plan Team, monthly of Northwind Meetings to Team, yearly on 1 December 2026")

	a.Owner.Post(a.SubPath()+"/cancel", nil).OK(t, nil)
	a.Advance(nearEnd().Add(2 * time.Hour))
	r.news(a)
	says(t, to(t, r.mails(), "olga", "change_reminder"), "is cancelled. It can be used until the end of 30 November 2026", "As of now 3 people lose their license")
}

// What becomes of licenses in use is for the plan that follows to say.
func TestADecreaseIsToldByThePlanThatFollows(t *testing.T) {
	r := newRig(t, apitest.SampleCatalog(t))
	a := r.Open(5)
	for range 2 {
		a.Join("member", true)
	}
	changePlan(t, a, "meetings-yearly")
	a.Confirm(a.Quote(1).ID).OK(t, nil)
	r.news(a)
	says(t, to(t, r.mails(), "olga", "decrease_scheduled"), "open invitations lose their seat first, and then the licenses given last end")
	a.Advance(nearEnd())
	told := r.news(a)
	i := slices.IndexFunc(told, func(m ses.Mail) bool { return strings.Contains(m.Subject, "1 seat from") })
	if len(told) != 2 || i < 0 {
		t.Fatalf("reminded: %q, want of the plan and of the decrease", heads(told))
	}
	says(t, told[i], "As of now 1 person loses their license")
}

// Where the plan that follows has no seats, or keeps as many as are used, nobody is
// reminded of a decrease.
func TestADecreaseIsNotRemindedOfWhereThePlanThatFollowsTakesNone(t *testing.T) {
	r := newRig(t, strings.Replace(largeCatalog(t), "plans:\n", `plans:
  - {id: desks-auto, name: Desks auto, product: desks, price: {EUR: {unit: 200}}, policies: {auto_seats: true}}
  - {id: desks-trim, name: Desks trim, product: desks, price: {EUR: {unit: 200}}, policies: {auto_seats: true, over_assigned: release_newest}}
`, 1))
	const decrease = "olga: Reminder: Desks: 4 seats from 1 December 2026"
	for _, c := range []struct {
		plan string
		want []string
	}{
		{"desks-use", []string{"olga: Reminder: Desks: Desks by use from 1 December 2026"}},
		{"desks-auto", []string{"olga: Reminder: Desks: Desks auto from 1 December 2026"}},
		{"desks-trim", []string{"olga: Reminder: Desks: Desks trim from 1 December 2026", decrease}},
		{"", []string{decrease}},
	} {
		t.Run(c.plan, func(t *testing.T) {
			a := r.Open(5)
			desks, _ := subscribe(t, a.Owner, a, "desks-monthly", 6)
			quoted(t, a.Owner, desks+"/quotes", map[string]any{"seats": 4}, desks+"/seat-changes", nil)
			if c.plan != "" {
				setPlan(t, a.Owner, desks, map[string]any{"plan_id": c.plan})
			}
			r.news(a)
			a.Advance(nearEnd())
			same(t, "reminded", r.news(a), c.want...)
			if n := len(of(r.ledger(a), seats.ReminderDecrease)); n != 1 {
				t.Errorf("%d reminders in the ledger, want one", n)
			}
		})
	}
}

// The seats that a plan begins with after one of active users are no decrease.
func TestSeatsAfterActiveUsersAreToldAsTheChangeOfPlan(t *testing.T) {
	r := newRig(t, largeCatalog(t))
	a := r.Open(5)
	desks, _ := subscribe(t, a.Owner, a, "desks-monthly", 1)
	setPlan(t, a.Owner, desks, map[string]any{"plan_id": "desks-use"})
	a.Advance(monthEnd())
	setPlan(t, a.Owner, desks, map[string]any{"plan_id": "desks-monthly", "seats": 2})
	r.news(a)
	says(t, to(t, r.mails(), "olga", "plan_change_scheduled"), "Billed: active users → 2 seats", "nobody has one yet: give them that day")
	a.Advance(nearEnd().AddDate(0, 1, 0))
	told := r.news(a)
	if len(told) != 1 {
		t.Fatalf("reminded: %q, want of the plan", heads(told))
	}
	says(t, told[0], "goes from the plan Desks by use of Desks to Desks monthly on 1 January 2027")
}

// What was taken back or took effect before the mail is written is not reminded of.
func TestWhatIsTakenBackIsNotRemindedOf(t *testing.T) {
	r := newRig(t, apitest.SampleCatalog(t))
	reminders := []string{seats.ReminderDecrease, seats.ReminderPlanChange, seats.ReminderCancellation}
	for _, c := range []struct {
		name string
		do   func(*apitest.Account)
		over func(*apitest.Account)
	}{
		{"a decrease", func(a *apitest.Account) { a.Confirm(a.Quote(4).ID).OK(t, nil) }, func(a *apitest.Account) { a.Confirm(a.Quote(5).ID).OK(t, nil) }},
		{"a decrease that another follows", func(a *apitest.Account) { a.Confirm(a.Quote(4).ID).OK(t, nil) }, func(a *apitest.Account) { a.Confirm(a.Quote(3).ID).OK(t, nil) }},
		{"a plan", func(a *apitest.Account) { changePlan(t, a, "meetings-yearly") }, func(a *apitest.Account) { a.Owner.Delete(a.SubPath()+"/plan-changes/pending").OK(t, nil) }},
		{"a cancellation", func(a *apitest.Account) { a.Owner.Post(a.SubPath()+"/cancel", nil).OK(t, nil) }, func(a *apitest.Account) { a.Owner.Post(a.SubPath()+"/resume", nil).OK(t, nil) }},
		{"what took effect", func(a *apitest.Account) { a.Confirm(a.Quote(4).ID).OK(t, nil) }, func(a *apitest.Account) { a.Advance(monthEnd()) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := r.Open(5)
			c.do(a)
			a.Advance(nearEnd())
			entries := of(r.ledger(a), reminders...)
			if len(entries) != 1 {
				t.Fatalf("%d reminders, want one", len(entries))
			}
			r.forget()
			r.all(entries...)
			if len(r.mails()) != 1 {
				t.Errorf("reminded by %q, want one mail to the owner", heads(r.mails()))
			}
			c.over(a)
			r.forget()
			r.all(entries...)
			same(t, "what is over", r.mails())
		})
	}
}

func TestTheInvitedAreRemindedWithTheSameLink(t *testing.T) {
	r := newRig(t, apitest.SampleCatalog(t))
	a := r.Open(5)
	a.Invite(a.Invitee("ida", "member", true), a.Invitee("ben", "member", false), a.Invitee("eve", "member", false))
	r.news(a)
	first, eve := to(t, r.mails(), "ida", "invitation"), to(t, r.mails(), "eve", "invitation")
	a.Advance(apitest.Start.Add(seats.InvitationTTL - time.Hour))
	reminded := of(r.ledger(a), seats.ReminderInvitation)
	joined := r.As(a.Email("eve"))
	joined.Post("/v1/invitations/accept", map[string]string{"token": link(t, eve), "id_token": joined.IDToken}).OK(t, nil)
	r.forget()
	r.all(reminded...)
	same(t, "near the end", r.mails(), "ida: Your invitation to Northwind Meetings ends on 29 November 2026",
		"ben: Your invitation to Customer at customer1.example ends on 29 November 2026")
	again := to(t, r.mails(), "ida", "invitation_reminder")
	says(t, again, "Olga Owner of Customer at customer1.example invited you to Northwind Meetings. A license is kept for you", "until 29 November 2026 at 10:00 (Europe/Berlin)")
	if link(t, again) != link(t, first) {
		t.Errorf("the reminder leads to %s, the invitation to %s", link(t, again), link(t, first))
	}
}
