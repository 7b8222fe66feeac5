package seats_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// perSeat prices a plan at so many minor units a seat.
func perSeat(minor int64) map[money.Currency]billing.Price {
	return map[money.Currency]billing.Price{"EUR": {Model: billing.PerSeat, UnitMinor: minor}}
}

// offer publishes a plan of the rig's product at a rank and a price.
func offer(r *seatstest.Rig, id string, rank int, minor int64, change ...func(*seats.Plan)) *seats.Plan {
	r.Helper()
	return r.Publish(id, func(p *seats.Plan) {
		p.Rank, p.Prices = rank, perSeat(minor)
		for _, more := range change {
			more(p)
		}
	})
}

func yearly(p *seats.Plan) { p.Interval = billing.Year }

func quotePlan(r *seatstest.Rig, by, plan string, n int64) (*seats.Quote, error) {
	q, _, err := r.Service.QuotePlan(r.Ctx, r.Caller(by), r.Account, r.Sub, plan, n)
	return q, err
}

func confirmPlan(r *seatstest.Rig, id seats.QuoteID) (seats.SeatChangeResult, error) {
	reply, err := r.Service.ConfirmPlan(r.Ctx, r.Caller("owner"), r.Account, r.Sub, id, true, seatstest.Once[seats.SeatChangeResult](r.Key(), string(id)))
	return reply.Result, err
}

func TestAnUpgradeTakesEffectAtOnceOnOneInvoiceWithBothLines(t *testing.T) {
	r := seatstest.Open(t)
	offer(r, "pro", 2, 3000)
	r.Wall.Set(midNovember())
	q := r.QuotePlan("pro", 0)
	// Nine of thirty days: 5 × 30.00 × 9/30, less 5 × 20.00 × 9/30.
	equalSlices(t, "quoted", amounts(q.DueNow), []int64{-3000, 4500})
	equal(t, "due now", q.DueNow.AmountDueMinor, 1500)
	equalSlices(t, "next", amounts(q.Next), []int64{15000})
	equal(t, "effective", q.EffectiveAt, midNovember())
	result, err := confirmPlan(r, q.ID)
	r.Must(err)
	equalSlices(t, "charged", amounts(result.Invoice), []int64{-3000, 4500})
	equal(t, "event", result.Event.Type, seats.PlanUpgraded)
	equal(t, "from", result.Event.Data.FromPlan.ID, "valuation-team")
	equal(t, "plan", r.Pool().Plan.ID, "pro")
	equal(t, "the account's plan", r.Stored().Plan.ID, "pro")
	equal(t, "seats", r.Pool().Seats, 5)
	for _, l := range result.Invoice.Lines {
		equalSlices(t, "events", l.EventIDs, []string{string(result.Event.ID)})
	}
	equal(t, "old plan's line", result.Invoice.Lines[0].PlanID, "valuation-team")
	equal(t, "new plan's line", result.Invoice.Lines[1].PlanID, "pro")
	r.CloseAt(utc("2026-11-30 23:00:00"))
	equalSlices(t, "the next period", amounts(&r.Invoices()[2]), []int64{15000})
	r.Clean()
}

func TestAnUpgradeMayAddSeatsAndKeepsThePendingDecreasesDistance(t *testing.T) {
	r := seatstest.Open(t)
	offer(r, "pro", 2, 3000)
	r.Wall.Set(midNovember())
	r.Change(3)
	q := r.QuotePlan("pro", 8)
	equalSlices(t, "quoted", amounts(q.DueNow), []int64{-3000, 7200})
	equal(t, "at renewal", q.AtRenewal, 6)
	_, err := confirmPlan(r, q.ID)
	r.Must(err)
	equal(t, "seats", r.Pool().Seats, 8)
	equal(t, "free", r.Pool().Free, 8)
	equal(t, "pending", r.Pool().Pending.Seats, 6)
	r.Clean()
}

func TestWhatIsNoUpgradeWaitsForTheEndOfTheCycle(t *testing.T) {
	for name, change := range map[string]func(*seats.Plan){
		"lower rank":       func(p *seats.Plan) { p.Rank = 0 },
		"same rank":        func(p *seats.Plan) { p.Rank = 1 },
		"another interval": yearly,
		"active users":     func(p *seats.Plan) { seatstest.ActiveUsers(seats.CountAtClose)(&p.Policies) },
	} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t)
			offer(r, "other", 2, 500, change)
			r.Wall.Set(midNovember())
			q := r.QuotePlan("other", 0)
			if q.DueNow != nil {
				t.Errorf("charges %v now", amounts(q.DueNow))
			}
			equal(t, "effective", q.EffectiveAt, utc("2026-11-30 23:00:00"))
			result, err := confirmPlan(r, q.ID)
			r.Must(err)
			equal(t, "event", result.Event.Type, seats.PlanChangeScheduled)
			equal(t, "plan until then", r.Pool().Plan.ID, "valuation-team")
			equal(t, "plan to come", r.Pool().PendingPlan.Plan.ID, "other")
			r.Clean()
			r.CloseAt(utc("2026-11-30 23:00:00"))
			equal(t, "plan", r.Pool().Plan.ID, "other")
			if name != "active users" {
				equalSlices(t, "billed", amounts(&r.Invoices()[1]), amounts(q.Next))
			}
			r.Clean()
		})
	}
}

func TestPendingChangesCompose(t *testing.T) {
	open := func(t *testing.T) *seatstest.Rig {
		r := seatstest.Open(t)
		offer(r, "basic", 0, 1000)
		r.Wall.Set(midNovember())
		return r
	}
	seatsThenPlan := func(r *seatstest.Rig) { r.Change(3); r.ChangePlan("basic", 0) }
	for name, do := range map[string]func(*seatstest.Rig){
		"seats, then plan":   seatsThenPlan,
		"plan, then seats":   func(r *seatstest.Rig) { r.ChangePlan("basic", 0); r.Change(3) },
		"both in one":        func(r *seatstest.Rig) { r.ChangePlan("basic", 3) },
		"more seats between": func(r *seatstest.Rig) { r.Change(2); r.ChangePlan("basic", 0); r.Change(6) },
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t)
			do(r)
			equal(t, "at renewal", r.Pool().AtRenewal(), 3)
			r.Clean()
			r.CloseAt(utc("2026-11-30 23:00:00"))
			equal(t, "plan", r.Pool().Plan.ID, "basic")
			equal(t, "seats", r.Pool().Seats, 3)
			last := r.Invoices()[len(r.Invoices())-1]
			equalSlices(t, "billed", amounts(&last), []int64{3000})
			r.Clean()
		})
	}
	t.Run("the end wins over both, and resuming brings them back", func(t *testing.T) {
		r := open(t)
		seatsThenPlan(r)
		r.Cancel()
		if q := r.Quote(4); q.Next != nil {
			t.Errorf("bills %v after the end", amounts(q.Next))
		}
		r.Resume()
		equal(t, "at renewal", r.Pool().AtRenewal(), 3)
		r.Cancel()
		r.Clean()
		r.CloseAt(utc("2026-11-30 23:00:00"))
		equal(t, "status", r.Pool().Status, seats.SubscriptionEnded)
		equal(t, "invoices", len(r.Invoices()), 1)
		r.Clean()
	})
	t.Run("each is cancelled by itself", func(t *testing.T) {
		r := open(t)
		seatsThenPlan(r)
		_, err := r.Service.CancelPendingPlan(r.Ctx, r.Caller("owner"), r.Account, r.Sub, none[*seats.Subscription]())
		r.Must(err)
		equal(t, "at renewal", r.Pool().AtRenewal(), 3)
		_, err = cancelPending(r, "owner")
		r.Must(err)
		equal(t, "at renewal", r.Pool().AtRenewal(), 5)
		_, err = r.Service.CancelPendingPlan(r.Ctx, r.Caller("owner"), r.Account, r.Sub, none[*seats.Subscription]())
		wantCode(t, err, "state_conflict")
		r.Clean()
	})
	t.Run("an upgrade gives up the plan that was to follow", func(t *testing.T) {
		r := open(t)
		offer(r, "pro", 2, 3000)
		r.ChangePlan("basic", 3)
		r.ChangePlan("pro", 0)
		equal(t, "plan", r.Pool().Plan.ID, "pro")
		equal(t, "nothing follows", r.Pool().PendingPlan, nil)
		equal(t, "at renewal", r.Pool().AtRenewal(), 3)
		r.Clean()
	})
}

// The limits of the plan that follows cannot be passed by scheduling it first.
func TestSeatsAreHeldToThePlanThatFollows(t *testing.T) {
	most := func(p *seats.Plan) { p.Policies.MaxSelfServeSeats = 5 }
	least := func(p *seats.Plan) { p.Policies.MinSeats = 3 }
	refuse := func(p *seats.Plan) { p.Policies.OverAssigned = seats.RefuseBelow }
	users := func(p *seats.Plan) { seatstest.ActiveUsers(seats.CountAtClose)(&p.Policies) }
	const cancels = 0
	cases := []struct {
		name    string
		follows func(*seats.Plan)
		keep    int64 // seats that the change of plan is scheduled with
		ask     int64
		want    string
		says    string
	}{
		{"as many as it sells to customers", most, 4, 6, "", ""},
		{"one more than it sells to customers", most, 4, 7, "contact_sales", "with more than 5 seats"},
		{"no decrease, and still as many", most, 4, cancels, "", ""},
		{"today's seats, and still as many", most, 4, 5, "", ""},
		{"no decrease, and more than it sells", func(p *seats.Plan) { p.Policies.MaxSelfServeSeats = 4 }, 4, cancels, "contact_sales", "Take that change back first"},
		{"today's seats, and more than it sells", func(p *seats.Plan) { p.Policies.MaxSelfServeSeats = 4 }, 4, 5, "contact_sales", "Take that change back first"},
		{"fewer than before, and more than it sells", func(p *seats.Plan) { p.Policies.MaxSelfServeSeats = 3 }, 3, 2, "", ""},
		{"the least that it has", least, 0, 3, "", ""},
		{"one fewer than the least", least, 0, 2, "contact_sales", "at least 3 seats"},
		{"as many as are used, where below is refused", refuse, 0, 2, "", ""},
		{"below what is used, where that is refused", refuse, 0, 1, "seats_in_use", ""},
		{"any number before active users are billed", users, 0, 1, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := seatstest.Open(t)
			r.JoinLicensed("ann", "bob")
			offer(r, "basic", 0, 1000, c.follows)
			r.ChangePlan("basic", c.keep)
			before := r.Store.Snapshot()
			var err error
			if c.ask == cancels {
				_, err = cancelPending(r, "owner")
			} else {
				_, err = quote(r, "owner", c.ask)
			}
			wantCode(t, err, c.want)
			if c.want != "" {
				nothingChanged(t, r, before)
			}
			if c.says != "" && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v does not say %q", err, c.says)
			}
		})
	}
}

// What the vendor scheduled is not for customers to take back where they may change
// nothing, and who may not give back seats may not give back all of them.
func TestWhatIsScheduledStaysAndGoesByTheOwnPlan(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.SelfServe = seats.SelfServeNone }))
	offer(r, "basic", 0, 1000)
	sub := r.Pool()
	r.Store.Tamper(func(d *seatstest.Data) {
		s := d.Subscriptions[r.Account][sub.Product]
		s.Pending = &seats.Pending{Seats: 3, At: sub.StartedAt, Event: "evt_1"}
		s.PendingPlan = &seats.PendingPlan{Plan: seats.PlanRef{ID: "basic", Version: 1}, At: sub.StartedAt, Event: "evt_2"}
	})
	_, err := cancelPending(r, "owner")
	wantCode(t, err, "contact_sales")
	_, err = r.Service.CancelPendingPlan(r.Ctx, r.Caller("owner"), r.Account, r.Sub, none[*seats.Subscription]())
	wantCode(t, err, "contact_sales")

	r = seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.Decrease = seats.DecreaseOnRequest }))
	offer(r, "users", 1, 1000, func(p *seats.Plan) { seatstest.ActiveUsers(seats.CountAtClose)(&p.Policies) })
	_, err = quotePlan(r, "owner", "users", 0)
	wantCode(t, err, "contact_sales")
}

// Seats that people need are bought within the limits of the plan that follows too.
func TestSeatsOnTheWayAreHeldToThePlanThatFollows(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.AutoSeats = true }))
	offer(r, "basic", 0, 1000, func(p *seats.Plan) { p.Policies.MaxSelfServeSeats = 6 })
	r.ChangePlan("basic", 0)
	r.Invite(crowd("p", 5, r.Sub)...)
	trial := tryInvite(r, "owner", crowd("q", 2, r.Sub))
	equalSlices(t, "would become", codesOf(trial.Results), []string{"", "contact_sales"})
}

// A trial's upgrade costs nothing, and still is the plan that the account is spoken to by.
func TestAnUpgradeInATrialIsTheAccountsPlan(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.TrialDays = 30 }))
	offer(r, "pro", 2, 3000)
	r.ChangePlan("pro", 0)
	equal(t, "invoices", len(r.Invoices()), 0)
	equal(t, "plan", r.Pool().Plan.ID, "pro")
	equal(t, "the account's plan", r.Stored().Plan.ID, "pro")
	r.Clean()
}

func TestWhatAPlanChangeIsRefusedFor(t *testing.T) {
	contact := "sales@vendor.example"
	cases := []struct {
		name   string
		own    func(*seats.Plan)
		target func(*seats.Plan)
		seats  int64
		want   string
		says   string
	}{
		{name: "the own plan is changed by the vendor", own: func(p *seats.Plan) { p.Policies.SelfServe = seats.SelfServeNone }, want: "contact_sales", says: contact},
		{name: "the target is sold by the vendor", target: func(p *seats.Plan) { p.Policies.SelfServe = seats.SelfServeNone }, want: "contact_sales", says: contact},
		{name: "downgrades are not self-served", own: func(p *seats.Plan) { p.Policies.SelfServe = seats.SelfServeAddOnly }, target: func(p *seats.Plan) { p.Rank = 0 }, want: "contact_sales", says: contact},
		{name: "upgrades are", own: func(p *seats.Plan) { p.Policies.SelfServe = seats.SelfServeAddOnly }},
		{name: "too few seats for the target", target: func(p *seats.Plan) { p.Policies.MinSeats = 6 }, want: "contact_sales", says: "at least 6 seats"},
		{name: "enough seats for the target", target: func(p *seats.Plan) { p.Policies.MinSeats = 6 }, seats: 6},
		{name: "more seats than the target sells to customers", target: func(p *seats.Plan) { p.Policies.MaxSelfServeSeats = 4 }, want: "contact_sales", says: contact},
		{name: "as many as it sells to customers", target: func(p *seats.Plan) { p.Policies.MaxSelfServeSeats = 5 }},
		{name: "one more than it sells to customers", target: func(p *seats.Plan) { p.Policies.MaxSelfServeSeats = 5 }, seats: 6, want: "contact_sales", says: contact},
		{name: "fewer seats with an upgrade", seats: 4, want: "invalid", says: "at least 5 seats"},
		{name: "fewer seats on request", own: func(p *seats.Plan) { p.Policies.Decrease = seats.DecreaseOnRequest }, target: func(p *seats.Plan) { p.Rank = 0 }, seats: 4, want: "contact_sales", says: "Open a request"},
		{name: "more seats with a change that waits", target: func(p *seats.Plan) { p.Rank = 0 }, seats: 6, want: "invalid", says: "Ask for the seats alone"},
		{name: "fewer than in use where that is refused", target: func(p *seats.Plan) { p.Rank, p.Policies.OverAssigned = 0, seats.RefuseBelow }, seats: 1, want: "seats_in_use"},
		{name: "seats of a plan without seats", target: func(p *seats.Plan) { seatstest.ActiveUsers(seats.CountPeak)(&p.Policies) }, seats: 5, want: "invalid", says: "Leave the seats out"},
		{name: "a currency without a price", target: func(p *seats.Plan) { p.Prices = map[money.Currency]billing.Price{"USD": p.Prices["EUR"]} }, want: "invalid", says: "no price in EUR"},
		{name: "another product", target: func(p *seats.Plan) { p.Product.ID = "meetings" }, want: "invalid", says: "another product"},
		{name: "too many seats", seats: billing.MaxSeats + 1, want: "invalid"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			option := func(*seats.Plan) {}
			if c.own != nil {
				option = c.own
			}
			r := seatstest.Open(t, seatstest.OnPlan(option))
			r.JoinLicensed("ann", "bob")
			more := []func(*seats.Plan){}
			if c.target != nil {
				more = append(more, c.target)
			}
			offer(r, "other", 2, 3000, more...)
			before := r.Store.Snapshot()
			_, err := quotePlan(r, "owner", "other", c.seats)
			wantCode(t, err, c.want)
			if c.want != "" {
				nothingChanged(t, r, before)
				if !strings.Contains(err.Error(), c.says) {
					t.Errorf("%q does not say %q", err, c.says)
				}
			}
		})
	}
}

func TestAPlanThatIsNotOnOfferOrIsThereAlready(t *testing.T) {
	r := seatstest.Open(t)
	_, err := quotePlan(r, "owner", "no-such", 0)
	wantCode(t, err, "invalid")
	_, err = quotePlan(r, "owner", "No Slug", 0)
	wantCode(t, err, "invalid")
	_, err = quotePlan(r, "owner", r.Plan.ID, 0)
	wantCode(t, err, "state_conflict")
	offer(r, "basic", 0, 1000)
	r.ChangePlan("basic", 0)
	_, err = quotePlan(r, "owner", "basic", 0)
	wantCode(t, err, "state_conflict")
	_, err = quotePlan(r, "owner", "basic", 4)
	wantCode(t, err, "")
}

func TestANewerVersionOfTheOwnPlanIsAChangeOfThePlan(t *testing.T) {
	r := seatstest.Open(t)
	offer(r, r.Plan.ID, 1, 2500)
	r.ChangePlan(r.Plan.ID, 0)
	equal(t, "version now", r.Pool().Plan.Version, 1)
	r.CloseAt(utc("2026-11-30 23:00:00"))
	equal(t, "version then", r.Pool().Plan.Version, 2)
	equalSlices(t, "billed", amounts(&r.Invoices()[1]), []int64{12500})
	r.Clean()
}

func TestAPlansQuoteIsChargedAsShownThoughANewVersionIsPublished(t *testing.T) {
	r := seatstest.Open(t)
	offer(r, "pro", 2, 3000)
	r.Wall.Set(midNovember())
	q := r.QuotePlan("pro", 0)
	offer(r, "pro", 2, 9000)
	result, err := confirmPlan(r, q.ID)
	r.Must(err)
	equalSlices(t, "charged", amounts(result.Invoice), []int64{-3000, 4500})
	equal(t, "version", r.Pool().Plan.Version, 1)
	r.Clean()
}

func TestWhatMakesAPlansQuoteStale(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*seatstest.Rig)
		want string
	}{
		"nothing":            {func(*seatstest.Rig) {}, ""},
		"assigning":          {func(r *seatstest.Rig) { r.Assign("ann") }, ""},
		"seats":              {func(r *seatstest.Rig) { r.Change(6) }, "quote_stale"},
		"a decrease":         {func(r *seatstest.Rig) { r.Change(4) }, "quote_stale"},
		"another plan":       {func(r *seatstest.Rig) { r.ChangePlan("basic", 0) }, "quote_stale"},
		"cancelling":         {func(r *seatstest.Rig) { r.Cancel() }, "quote_stale"},
		"the end of a cycle": {func(r *seatstest.Rig) { r.Wall.Set(utc("2026-11-30 23:00:00")) }, "quote_stale"},
		"credit": {func(r *seatstest.Rig) {
			r.Store.Tamper(func(d *seatstest.Data) { d.Accounts[r.Account].CreditMinor++ })
		}, "quote_stale"},
		"time": {func(r *seatstest.Rig) { r.Wall.Advance(seats.QuoteTTL) }, "quote_expired"},
	} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t)
			r.Join("ann")
			offer(r, "pro", 2, 3000)
			offer(r, "basic", 0, 1000)
			r.Wall.Set(utc("2026-11-30 22:50:00"))
			q := r.QuotePlan("pro", 0)
			c.do(r)
			_, err := confirmPlan(r, q.ID)
			wantCode(t, err, c.want)
			if c.want != "" {
				equal(t, "plan", r.Pool().Plan.ID, r.Plan.ID)
			}
		})
	}
}

func TestAQuoteIsConfirmedAsWhatItIs(t *testing.T) {
	r := seatstest.Open(t)
	offer(r, "pro", 2, 3000)
	ofPlan, ofSeats := r.QuotePlan("pro", 0), r.Quote(6)
	_, err := confirm(r, "owner", ofPlan.ID, true, "a")
	wantCode(t, err, "not_found")
	_, err = confirmPlan(r, ofSeats.ID)
	wantCode(t, err, "not_found")
	_, err = subscribe(r, ofPlan.ID)
	wantCode(t, err, "not_found")
}

// An upgrade that costs less is charged nothing and gives nothing back.
func TestAnUpgradeThatCostsLessChargesNothing(t *testing.T) {
	r := seatstest.Open(t)
	offer(r, "pro", 2, 500)
	r.Wall.Set(midNovember())
	result := r.ChangePlan("pro", 0)
	equal(t, "invoice", result.Invoice, nil)
	equal(t, "credit", r.Stored().CreditMinor, 0)
	equal(t, "plan", r.Pool().Plan.ID, "pro")
	r.Clean()
}

func TestPlansAreForWhoMaySpendOnBoth(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinAs(seats.Admin, "adam")
	r.JoinAs(seats.BillingAdmin, "bea")
	r.Join("mia")
	offer(r, "open", 2, 3000)
	offer(r, "closed", 2, 3000, func(p *seats.Plan) { p.Policies.AdminsMaySpend = false })
	for _, c := range []struct{ who, plan, want string }{
		{"owner", "closed", ""},
		{"bea", "closed", ""},
		{"adam", "open", ""},
		{"adam", "closed", "forbidden"},
		{"mia", "open", "forbidden"},
	} {
		_, err := quotePlan(r, c.who, c.plan, 0)
		if got := codeOf(err); got != c.want {
			t.Errorf("%s, %s: got %q, want %q", c.who, c.plan, got, c.want)
		}
	}
}

func TestYearlyAndMonthlySwitchAtTheBoundaryOnly(t *testing.T) {
	r := seatstest.Open(t, seatstest.At(utc("2027-01-30 23:30:00"))) // the 31st in Berlin
	offer(r, "annual", 1, 20000, yearly)
	r.ChangePlan("annual", 0)
	r.CloseAt(utc("2027-02-27 23:00:00"))
	pool := r.Pool()
	equal(t, "the year", fmt.Sprint(pool.Period.StartDate, " ", pool.Period.EndDate), "2027-02-28 2028-02-29")
	r.ChangePlan(r.Plan.ID, 0)
	r.CloseAt(utc("2028-02-28 23:00:00"))
	pool = r.Pool()
	equal(t, "the month", fmt.Sprint(pool.Period.StartDate, " ", pool.Period.EndDate), "2028-02-29 2028-03-31")
	r.Clean()
}
