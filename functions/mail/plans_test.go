package main

import (
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/seats"
)

const customer = "Customer at customer1.example"

// What happens to plans is told to the owner and the billing admins, each once.
func TestWhoAnswersForTheMoneyIsToldOfPlans(t *testing.T) {
	r := newRig(t, largeCatalog(t))
	a := r.OpenWith(map[string]any{"tax_rate_ppm": 190_000})
	clerk, _ := joins(t, r, a, "clerk", "billing_admin", nothing)
	joins(t, r, a, "admin", "admin", nothing)
	r.news(a)

	setPlan(t, clerk, a.SubPath(), map[string]any{"plan_id": "meetings-pro", "seats": 6})
	same(t, "an upgrade", r.news(a), "clerk: Northwind Meetings: Pro from now on", "olga: Northwind Meetings: Pro from now on",
		"olga: Invoice 2 of Northwind Meetings: €28.56")
	for _, name := range []string{"clerk", "olga"} {
		says(t, to(t, r.mails(), name, "plan_changed"), "clerk Guest changed the plan of Northwind Meetings for "+customer+", from Team, monthly to Pro.",
			"Plan: Team, monthly → Pro", "Seats: 5 → 6", "Price until now, before tax: €100.00 a month", "Price from now on, before tax: €180.00 a month",
			"Due now: €28.56", "Invoice: 2", "Changed by: clerk Guest", "Changed: 22 November 2026 at 10:", console+"/accounts/"+a.ID+"/plan")
	}

	setPlan(t, a.Owner, a.SubPath(), map[string]any{"plan_id": "meetings-yearly", "seats": 4})
	same(t, "a change at the end of the cycle", r.news(a), "clerk: Northwind Meetings: Team, yearly from 1 December 2026", "olga: Northwind Meetings: Team, yearly from 1 December 2026")
	says(t, to(t, r.mails(), "clerk", "plan_change_scheduled"), customer+" goes from the plan Pro of Northwind Meetings to Team, yearly on 1 December 2026.",
		"Seats: 6 → 4", "Price now, before tax: €180.00 a month", "Price then, before tax: €800.00 a year", "Scheduled by: Olga Owner",
		"Until the end of 30 November 2026 nothing changes.", "If more than 4 seats are in use when the change takes effect, open invitations lose", console+"/accounts/"+a.ID+"/plan")

	clerk.Post(a.SubPath()+"/cancel", nil).OK(t, nil)
	same(t, "a cancellation", r.news(a), "clerk: Cancelled: Northwind Meetings ends on 30 November 2026", "olga: Cancelled: Northwind Meetings ends on 30 November 2026")
	says(t, to(t, r.mails(), "olga", "cancellation_scheduled"), "clerk Guest cancelled the subscription of "+customer+" to Northwind Meetings. Until the end of 30 November 2026",
		"Plan: Pro", "Seats: 6", "Price now, before tax: €180.00 a month", "Last day: 30 November 2026", "Nothing is charged for the time after that.", console+"/accounts/"+a.ID+"/plan")

	a.Owner.Post(a.SubPath()+"/licenses", map[string]any{"user_ids": []string{a.OwnerID}}).OK(t, nil)
	joins(t, r, a, "member", "member", nothing)
	r.news(a)
	a.Advance(monthEnd())
	same(t, "the end", r.news(a), "clerk: Your subscription to Northwind Meetings has ended", "olga: Your subscription to Northwind Meetings has ended",
		"member: Your license of Northwind Meetings has ended")
	says(t, to(t, r.mails(), "olga", "subscription_ended"), "was cancelled and has ended, and all its licenses with it", "Plan: Pro", "Seats: 6",
		"Price until then, before tax: €180.00 a month", "Ended: 1 December 2026 at 00:00 (Europe/Berlin)", console+"/accounts/"+a.ID+"/plan")
	ended := of(r.ledger(a), seats.SubscriptionEndedEv)

	// The product is subscribed to again before the mail is written.
	subscribe(t, clerk, a, "meetings-monthly", 2)
	r.forget()
	r.all(ended...)
	if m := to(t, r.mails(), "olga", "subscription_ended"); strings.Contains(m.Text, "Price") || strings.Contains(m.Text, "Team") {
		t.Errorf("the end of a subscription is told with the terms of the next:\n%s", m.Text)
	}
	// Who does not want to hear of the end of subscriptions is still told of a license.
	a.Owner.Patch(a.Path, map[string]any{"mails_off": []string{"subscription_ended"}}).OK(t, nil)
	r.forget()
	r.all(of(r.ledger(a), seats.SubscriptionEndedEv, seats.LicenseRevoked)...)
	same(t, "the end without its mail", r.mails(), "olga: Your license of Northwind Meetings has ended", "member: Your license of Northwind Meetings has ended")
}

func TestTheEndOfATrialIsTold(t *testing.T) {
	r := newRig(t, largeCatalog(t))
	a := r.Open(5)
	rooms, _ := subscribe(t, a.Owner, a, "rooms-monthly", 3)
	r.news(a)
	a.Advance(time.Date(2026, time.November, 29, 12, 0, 0, 0, time.UTC))
	same(t, "the end of a trial", r.news(a), "olga: Your trial of Rooms has ended", "olga: Invoice 2 of Northwind Meetings: €0.20")
	says(t, to(t, r.mails(), "olga", "trial_ended"), "goes on with the plan Rooms monthly of Rooms, which is charged for from now on", "Seats: 3",
		"Price from now on, before tax: €3.00 a month", "Trial ended: 29 November 2026 at 00:00 (Europe/Berlin)", "First invoice: 2", console+"/accounts/"+a.ID+"/plan")
	trial := of(r.ledger(a), seats.CycleClosed)

	a.Owner.Post(rooms+"/cancel", nil).OK(t, nil)
	a.Advance(monthEnd())
	r.forget()
	r.all(trial...)
	same(t, "a trial whose subscription has ended since", r.mails(), "olga: Invoice 2 of Northwind Meetings: €0.20")

	// A trial that is cancelled ends as a subscription does.
	b := r.OpenWith(map[string]any{"plan_id": "rooms-monthly", "clock": apitest.Start})
	b.Owner.Post(b.SubPath()+"/cancel", nil).OK(t, nil)
	r.news(b)
	says(t, to(t, r.mails(), "olga", "cancellation_scheduled"), "Last day: 28 November 2026")
	b.Advance(monthEnd())
	same(t, "the end of a cancelled trial", r.news(b), "olga: Your subscription to Rooms has ended")
}

// A plan of active users has a price for each of them, and no seats.
func TestPlansOfActiveUsersAreToldByTheirPrice(t *testing.T) {
	r := newRig(t, largeCatalog(t))
	a := r.Open(5)
	desks, _ := subscribe(t, a.Owner, a, "desks-monthly", 2)
	r.news(a)
	setPlan(t, a.Owner, desks, map[string]any{"plan_id": "desks-use"})
	r.news(a)
	says(t, to(t, r.mails(), "olga", "plan_change_scheduled"), "Billed: 2 seats → active users", "Price now, before tax: €10.00 a month",
		"Price then, before tax: €7.00 for each active user a month")
	a.Advance(monthEnd())
	r.news(a)
	a.Owner.Post(desks+"/cancel", nil).OK(t, nil)
	r.news(a)
	says(t, to(t, r.mails(), "olga", "cancellation_scheduled"), "Price now, before tax: €7.00 for each active user a month", "A last invoice is for the users who are active until then.")
}

// What was taken back or replaced before its mail is written is not told.
func TestPlansThatDoNotComeAreNotTold(t *testing.T) {
	r := newRig(t, largeCatalog(t))
	for _, c := range []struct {
		name     string
		do, over func(*apitest.Account)
	}{
		{"a change of plan",
			func(a *apitest.Account) {
				setPlan(t, a.Owner, a.SubPath(), map[string]any{"plan_id": "meetings-yearly"})
			},
			func(a *apitest.Account) { a.Owner.Delete(a.SubPath()+"/plan-changes/pending").OK(t, nil) }},
		{"a change of plan before an upgrade",
			func(a *apitest.Account) {
				setPlan(t, a.Owner, a.SubPath(), map[string]any{"plan_id": "meetings-yearly"})
			},
			func(a *apitest.Account) { setPlan(t, a.Owner, a.SubPath(), map[string]any{"plan_id": "meetings-pro"}) }},
		{"a change of plan that has come",
			func(a *apitest.Account) {
				setPlan(t, a.Owner, a.SubPath(), map[string]any{"plan_id": "meetings-yearly"})
			},
			func(a *apitest.Account) { a.Advance(monthEnd()) }},
		{"a cancellation",
			func(a *apitest.Account) { a.Owner.Post(a.SubPath()+"/cancel", nil).OK(t, nil) },
			func(a *apitest.Account) { a.Owner.Post(a.SubPath()+"/resume", nil).OK(t, nil) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := r.Open(5)
			c.do(a)
			entries := of(r.ledger(a), seats.PlanChangeScheduled, seats.CancelScheduled)
			r.forget()
			r.all(entries...)
			if len(entries) != 1 || len(r.mails()) != 1 {
				t.Fatalf("%d events are told in %q, want one mail to the owner", len(entries), heads(r.mails()))
			}
			c.over(a)
			r.forget()
			r.all(entries...)
			same(t, "what is over", r.mails())
		})
	}
	// Cancelled, resumed and cancelled again is told once.
	a := r.Open(5)
	for range 2 {
		a.Owner.Post(a.SubPath()+"/cancel", nil).OK(t, nil)
		a.Owner.Post(a.SubPath()+"/resume", nil).OK(t, nil)
	}
	a.Owner.Post(a.SubPath()+"/cancel", nil).OK(t, nil)
	r.forget()
	r.all(of(r.ledger(a), seats.CancelScheduled)...)
	same(t, "cancelled three times", r.mails(), "olga: Cancelled: Northwind Meetings ends on 30 November 2026")
}

// An upgrade within a trial costs nothing yet.
func TestAnUpgradeInATrialSaysWhenTheTrialEnds(t *testing.T) {
	r := newRig(t, strings.Replace(largeCatalog(t), "plans:\n", `plans:
  - {id: rooms-large, name: Rooms large, product: rooms, rank: 3, price: {EUR: {unit: 300}}}
`, 1))
	a := r.Open(5)
	rooms, _ := subscribe(t, a.Owner, a, "rooms-monthly", 3)
	r.news(a)
	setPlan(t, a.Owner, rooms, map[string]any{"plan_id": "rooms-large"})
	same(t, "an upgrade in a trial", r.news(a), "olga: Rooms: Rooms large from now on")
	says(t, to(t, r.mails(), "olga", "plan_changed"), "The trial goes on until the end of 28 November 2026. Nothing is charged before that.",
		"Price from now on, before tax: €9.00 a month")
}

// Nor is a decrease, and a plan that bills active users is told alone.
func TestADecreaseThatDoesNotComeIsNotTold(t *testing.T) {
	r := newRig(t, largeCatalog(t))
	for _, c := range []struct {
		name string
		over func(a *apitest.Account, desks string)
		told []string
	}{
		{"nothing else", func(*apitest.Account, string) {}, []string{"olga: Desks: 4 seats from 1 December 2026"}},
		{"taken back", func(a *apitest.Account, desks string) {
			quoted(t, a.Owner, desks+"/quotes", map[string]any{"seats": 6}, desks+"/seat-changes", nil)
		}, nil},
		{"replaced", func(a *apitest.Account, desks string) {
			quoted(t, a.Owner, desks+"/quotes", map[string]any{"seats": 3}, desks+"/seat-changes", nil)
		}, []string{"olga: Desks: 3 seats from 1 December 2026"}},
		{"scheduled anew", func(a *apitest.Account, desks string) {
			for _, n := range []int{6, 4} {
				quoted(t, a.Owner, desks+"/quotes", map[string]any{"seats": n}, desks+"/seat-changes", nil)
			}
		}, []string{"olga: Desks: 4 seats from 1 December 2026"}},
		{"in effect", func(a *apitest.Account, _ string) { a.Advance(monthEnd()) }, nil},
		{"followed by a plan of active users", func(a *apitest.Account, desks string) {
			setPlan(t, a.Owner, desks, map[string]any{"plan_id": "desks-use"})
		}, nil},
		{"of a subscription that another replaced", func(a *apitest.Account, desks string) {
			a.Owner.Post(desks+"/cancel", nil).OK(t, nil)
			a.Advance(monthEnd())
			again, _ := subscribe(t, a.Owner, a, "desks-monthly", 9)
			quoted(t, a.Owner, again+"/quotes", map[string]any{"seats": 8}, again+"/seat-changes", nil)
		}, []string{"olga: Desks: 8 seats from 1 January 2027"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := r.Open(5)
			desks, _ := subscribe(t, a.Owner, a, "desks-monthly", 6)
			quoted(t, a.Owner, desks+"/quotes", map[string]any{"seats": 4}, desks+"/seat-changes", nil)
			c.over(a, desks)
			r.forget()
			r.all(of(r.ledger(a), seats.DecreaseScheduled)...)
			same(t, "told", r.mails(), c.told...)
		})
	}
}
