package seats_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func forecast(r *seatstest.Rig, by string, months int, changes ...seats.WhatIf) (*seats.Forecast, error) {
	return r.Service.Forecast(r.Ctx, r.Caller(by), r.Account, r.Sub, months, changes)
}

// told is a forecast or the books as lines of text: the instant and the amounts.
func told(at time.Time, inv *billing.Invoice) string {
	return fmt.Sprint(at.Format(time.DateTime), " ", inv.Kind, " ", amounts(inv), " ", inv.AmountDueMinor)
}

func tell(f *seats.Forecast) []string {
	var all []string
	for _, d := range f.Documents {
		all = append(all, told(d.At, d.Document))
	}
	return all
}

// What is foreseen is what comes: months of closes, with a decrease, another plan, a
// second product and credit.
func TestWhatIsForeseenIsWhatComes(t *testing.T) {
	r := seatstest.Open(t, credits(seats.SettleDaily), taxedAt(190_000))
	offer(r, "basic", 0, 1000)
	offer(r, "meet", 1, 12000, product("meetings"), yearly, func(p *seats.Plan) { p.Policies.TrialDays = 20 })
	r.Wall.Set(midNovember())
	r.Subscribe("meet", 2)
	r.ChangePlan("basic", 0)
	r.Change(2)
	issued := len(r.Invoices())
	before := r.Store.Snapshot()
	f, err := forecast(r, "owner", 14)
	r.Must(err)
	nothingChanged(t, r, before)
	equal(t, "plan then", f.Subscription.Plan.ID, "basic")
	r.CloseAt(f.Until)
	var came []string
	var due int64
	for _, inv := range r.Invoices()[issued:] {
		came = append(came, told(inv.IssuedAt, &inv))
		if inv.Kind == billing.KindInvoice {
			due += inv.AmountDueMinor
		}
	}
	equalSlices(t, "documents", tell(f), came)
	equal(t, "due in all", f.DueMinor, due)
	if len(came) < 14 {
		t.Errorf("only %d documents came", len(came))
	}
	r.Clean()
}

// A change that is supposed costs what it costs when it is made then.
func TestWhatIsSupposedIsWhatWouldBeCharged(t *testing.T) {
	open := func() *seatstest.Rig {
		r := seatstest.Open(t)
		offer(r, "pro", 2, 3000)
		return r
	}
	r := open()
	before := r.Store.Snapshot()
	f, err := forecast(r, "owner", 3,
		seats.WhatIf{At: utc("2026-12-10 12:00:00"), PlanID: "pro"},
		seats.WhatIf{At: midNovember(), Seats: 8},
		seats.WhatIf{At: utc("2027-01-05 12:00:00"), Cancel: true})
	r.Must(err)
	nothingChanged(t, r, before)
	r.Wall.Set(midNovember())
	r.Change(8)
	r.CloseAt(utc("2026-11-30 23:00:00"))
	r.Wall.Set(utc("2026-12-10 12:00:00"))
	r.ChangePlan("pro", 0)
	r.CloseAt(utc("2027-01-05 12:00:00"))
	r.Cancel()
	r.CloseAt(f.Until)
	var came []string
	for _, inv := range r.Invoices()[1:] {
		came = append(came, told(inv.IssuedAt, &inv))
	}
	equalSlices(t, "documents", tell(f), came)
	equal(t, "status then", f.Subscription.Status, seats.SubscriptionEnded)
}

func TestWhatAForecastIsRefusedFor(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.MaxSelfServeSeats, p.AdminsMaySpend = 9, false }))
	r.JoinAs(seats.Admin, "adam")
	r.Join("mia")
	many := make([]seats.WhatIf, seats.MaxWhatIfs+1)
	for i := range many {
		many[i].Seats = int64(i%2 + 6)
	}
	for name, c := range map[string]struct {
		by      string
		months  int
		changes []seats.WhatIf
		want    string
	}{
		"nothing":                       {by: "owner", months: 1},
		"as far as it goes":             {by: "owner", months: seats.MaxForecastMonths},
		"further":                       {by: "owner", months: seats.MaxForecastMonths + 1, want: "invalid"},
		"not ahead":                     {by: "owner", months: 0, want: "invalid"},
		"as many changes as there may":  {by: "owner", months: 1, changes: many[1:]},
		"one more":                      {by: "owner", months: 1, changes: many, want: "invalid"},
		"the past":                      {by: "owner", months: 1, changes: []seats.WhatIf{{At: utc("2026-01-01 00:00:00"), Seats: 6}}, want: "invalid"},
		"beyond the end":                {by: "owner", months: 1, changes: []seats.WhatIf{{At: utc("2027-01-01 00:00:00"), Seats: 6}}, want: "invalid"},
		"more than customers may buy":   {by: "owner", months: 1, changes: []seats.WhatIf{{Seats: 10}}, want: "contact_sales"},
		"both an end and more seats":    {by: "owner", months: 1, changes: []seats.WhatIf{{Seats: 6, Cancel: true}}, want: "invalid"},
		"seats after the end":           {by: "owner", months: 3, changes: []seats.WhatIf{{Cancel: true}, {At: utc("2026-12-05 00:00:00"), Seats: 6}}, want: "state_conflict"},
		"an admin who may not spend":    {by: "adam", months: 1, want: "forbidden"},
		"a member":                      {by: "mia", months: 1, want: "forbidden"},
		"a plan that there is not":      {by: "owner", months: 1, changes: []seats.WhatIf{{PlanID: "no-such"}}, want: "invalid"},
		"no change of anything, though": {by: "owner", months: 1, changes: []seats.WhatIf{{}}, want: "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := forecast(r, c.by, c.months, c.changes...)
			wantCode(t, err, c.want)
		})
	}
}

// Active users are foreseen as they are now, also where they are billed by the plan that
// follows.
func TestActiveUsersOfThePlanThatFollowsAreForeseen(t *testing.T) {
	for name, supposed := range map[string][]seats.WhatIf{"scheduled": nil, "supposed": {{PlanID: "desk"}}} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t)
			offer(r, "desk", 1, 1000, func(p *seats.Plan) { seatstest.ActiveUsers(seats.CountAtClose)(&p.Policies) })
			r.Join("ann", "bob")
			r.Wall.Set(midNovember())
			if supposed == nil {
				r.ChangePlan("desk", 0)
			}
			f, err := forecast(r, "owner", 3, supposed...)
			r.Must(err)
			if supposed != nil {
				r.ChangePlan("desk", 0)
			}
			r.CloseAt(utc("2027-02-01 23:00:00"))
			var want, got []int64
			for _, inv := range r.Invoices()[1:] {
				want = append(want, inv.AmountDueMinor)
			}
			for _, d := range f.Documents {
				got = append(got, d.Document.AmountDueMinor)
			}
			equalSlices(t, "documents", got, want)
			equalSlices(t, "billed", want, []int64{3000, 3000})
		})
	}
}

func TestTheTimelineTellsAllThatIsScheduled(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.TrialDays = 30 }))
	offer(r, "basic", 0, 1000)
	r.Change(3)
	r.ChangePlan("basic", 0)
	lines := func() []string {
		_, pools, err := r.Service.Pools(r.Ctx, r.Caller("owner"), r.Account, r.Sub)
		r.Must(err)
		var all []string
		for _, a := range pools[0].Timeline() {
			equal(t, "at", a.At, utc("2026-11-30 23:00:00"))
			all = append(all, a.Kind+": "+a.Text)
		}
		return all
	}
	equalSlices(t, "ahead", lines(), []string{
		"trial_end: The trial ends.", "decrease: The number of seats goes from 5 to 3.",
		"plan_change: The plan changes from Team to basic.", "renewal: The subscription is charged for from then on.",
	})
	r.Cancel()
	equalSlices(t, "ahead of a cancelled one", lines(), []string{
		"trial_end: The trial ends.", "decrease: The number of seats goes from 5 to 3. Only if the subscription is resumed before.",
		"plan_change: The plan changes from Team to basic. Only if the subscription is resumed before.",
		"end: The subscription ends, and with it its licenses.",
	})
	r.Resume()
	r.JoinLicensed("ann", "bob", "cid", "dan")
	equal(t, "ahead of what is in use", lines()[1], "decrease: The number of seats is set to go from 5 to 3; as of now it goes to 4, by what is in use.")
	offer(r, "users", 0, 1000, func(p *seats.Plan) { seatstest.ActiveUsers(seats.CountAtClose)(&p.Policies) })
	r.ChangePlan("users", 0)
	equalSlices(t, "ahead of active users", lines(), []string{
		"trial_end: The trial ends.", "plan_change: The plan changes from Team to users.", "renewal: The subscription is charged for from then on.",
	})
	r.Cancel()
	r.CloseAt(utc("2026-11-30 23:00:00"))
	equal(t, "ahead of an ended one", len(lines()), 0)
}
