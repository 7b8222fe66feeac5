package seats_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// product makes a plan one of another product.
func product(id string) func(*seats.Plan) {
	return func(p *seats.Plan) { p.Product = seats.Product{ID: id, Name: strings.ToUpper(id)} }
}

func subscribe(r *seatstest.Rig, id seats.QuoteID) (seats.SeatChangeResult, error) {
	reply, err := r.Service.Subscribe(r.Ctx, r.Caller("owner"), r.Account, id, true, seatstest.Once[seats.SeatChangeResult](r.Key(), string(id)))
	return reply.Result, err
}

func quoteNew(r *seatstest.Rig, by, plan string, n int64) (*seats.Quote, error) {
	q, _, err := r.Service.QuoteSubscription(r.Ctx, r.Caller(by), r.Account, plan, n)
	return q, err
}

func TestSubscribingIsChargedUpToTheNextBoundaryAsQuoted(t *testing.T) {
	r := seatstest.Open(t)
	offer(r, "meet", 1, 1000, product("meetings"))
	r.Wall.Set(midNovember())
	q, err := quoteNew(r, "owner", "meet", 4)
	r.Must(err)
	equalSlices(t, "due now", amounts(q.DueNow), []int64{1200})
	equalSlices(t, "next, with the other product", amounts(q.Next), []int64{4000, 10000})
	equal(t, "no subscription after a mere quote", r.SubscriptionOf("meetings"), nil)
	result, err := subscribe(r, q.ID)
	r.Must(err)
	equalSlices(t, "charged", amounts(result.Invoice), []int64{1200})
	equal(t, "event", result.Event.Type, seats.SubscriptionStarted)
	sub := r.SubscriptionOf("meetings")
	equal(t, "free", sub.Free, 4)
	equal(t, "period", sub.Period.End, utc("2026-11-30 23:00:00"))
	equal(t, "one boundary closes both", r.CloseAt(utc("2026-11-30 23:00:00")), 1)
	equalSlices(t, "on one invoice", amounts(&r.Invoices()[2]), []int64{4000, 10000})
	r.Clean()
}

func TestYearlyAndMonthlyRunSideBySide(t *testing.T) {
	r := seatstest.Open(t)
	offer(r, "meet", 1, 12000, product("meetings"), yearly)
	r.Wall.Set(midNovember())
	r.Subscribe("meet", 2)
	equal(t, "the year's end", r.SubscriptionOf("meetings").Period.EndDate.String(), "2027-11-01")
	equal(t, "due first", r.Stored().Due, utc("2026-11-30 23:00:00"))
	r.CloseAt(utc("2026-11-30 23:00:00"))
	equalSlices(t, "the month alone", amounts(&r.Invoices()[2]), []int64{10000})
	r.Clean()
}

func TestATrialChargesNothingUntilItEnds(t *testing.T) {
	r := seatstest.Open(t)
	trial := func(p *seats.Plan) { p.Policies.TrialDays = 14 }
	offer(r, "meet", 1, 1000, product("meetings"), trial)
	offer(r, "meet-pro", 2, 2000, product("meetings"))
	r.Wall.Set(midNovember())
	sub := r.Subscribe("meet", 4)
	equal(t, "trial", sub.Trial, true)
	equal(t, "its end", sub.Period.End, utc("2026-12-05 23:00:00"))
	equal(t, "invoices", len(r.Invoices()), 1)

	q, _, err := r.Service.QuoteSeats(r.Ctx, r.Caller("owner"), r.Account, sub.ID, 6)
	r.Must(err)
	equal(t, "more seats in the trial", q.DueNow, nil)
	_, err = r.Service.ConfirmSeats(r.Ctx, r.Caller("owner"), r.Account, sub.ID, q.ID, true, seatstest.Once[seats.SeatChangeResult]("more", ""))
	r.Must(err)
	up, _, err := r.Service.QuotePlan(r.Ctx, r.Caller("owner"), r.Account, sub.ID, "meet-pro", 0)
	r.Must(err)
	equal(t, "an upgrade in the trial", up.DueNow, nil)
	_, err = r.Service.ConfirmPlan(r.Ctx, r.Caller("owner"), r.Account, sub.ID, up.ID, true, seatstest.Once[seats.SeatChangeResult]("up", ""))
	r.Must(err)
	r.CloseAt(utc("2026-12-05 23:00:00"))
	after := r.SubscriptionOf("meetings")
	equal(t, "no trial", after.Trial, false)
	equal(t, "period", after.Period.EndDate.String(), "2027-01-01")
	// From the 6th through the 31st of December: 26 of 31 days of 6 × 20.00.
	last := r.Invoices()[len(r.Invoices())-1]
	equalSlices(t, "billed", amounts(&last), []int64{10065})
	r.Clean()
}

func TestOpeningStartsWithTheTrialToo(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.TrialDays = 30 }))
	equal(t, "trial", r.Pool().Trial, true)
	equal(t, "invoices", len(r.Invoices()), 0)
	equal(t, "due", r.Stored().Due, utc("2026-11-30 23:00:00"))
	r.CloseAt(utc("2026-11-30 23:00:00"))
	equalSlices(t, "billed", amounts(&r.Invoices()[0]), []int64{10000})
	r.Clean()
}

func TestAnEndedSubscriptionMakesRoomForANewOneWithoutATrial(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.TrialDays = 7 }))
	r.JoinLicensed("ann")
	r.Cancel()
	_, err := quoteNew(r, "owner", r.Plan.ID, 2)
	wantCode(t, err, "state_conflict")
	r.CloseAt(utc("2026-11-07 23:00:00"))
	old := r.Pool()
	equal(t, "status", old.Status, seats.SubscriptionEnded)
	equal(t, "licenses taken", old.Free, 0)
	r.Clean()
	r.Wall.Set(midNovember())
	_, err = quote(r, "owner", 3)
	wantCode(t, err, "state_conflict")
	sub := r.Subscribe(r.Plan.ID, 2)
	if sub.ID == old.ID {
		t.Error("the new subscription has the old one's id")
	}
	equal(t, "trial", sub.Trial, false)
	equal(t, "free", r.Pool().Free, 2)
	_, err = quote(r, "owner", 3)
	wantCode(t, err, "not_found")
	r.Sub = sub.ID
	r.Assign("ann")
	equal(t, "free", r.Pool().Free, 1)
	r.CloseAt(utc("2026-11-30 23:00:00"))
	equalSlices(t, "billed", amounts(&r.Invoices()[1]), []int64{4000})
}

func TestWhatANewSubscriptionIsRefusedFor(t *testing.T) {
	cases := []struct {
		name   string
		change func(*seats.Plan)
		seats  int64
		want   string
	}{
		{"nothing", func(*seats.Plan) {}, 2, ""},
		{"no seats", func(*seats.Plan) {}, 0, "invalid"},
		{"too many seats", func(*seats.Plan) {}, billing.MaxSeats + 1, "invalid"},
		{"fewer than the plan sells", func(p *seats.Plan) { p.Policies.MinSeats = 3 }, 2, "invalid"},
		{"as few as the plan sells", func(p *seats.Plan) { p.Policies.MinSeats = 3 }, 3, ""},
		{"more than customers may buy", func(p *seats.Plan) { p.Policies.MaxSelfServeSeats = 3 }, 4, "contact_sales"},
		{"as many as customers may buy", func(p *seats.Plan) { p.Policies.MaxSelfServeSeats = 3 }, 3, ""},
		{"sold by the vendor", func(p *seats.Plan) { p.Policies.SelfServe = seats.SelfServeNone }, 2, "contact_sales"},
		{"active users without seats", func(p *seats.Plan) { seatstest.ActiveUsers(seats.CountPeak)(&p.Policies) }, 0, ""},
		{"active users with seats", func(p *seats.Plan) { seatstest.ActiveUsers(seats.CountPeak)(&p.Policies) }, 1, "invalid"},
		{"a product that is there", func(p *seats.Plan) { p.Product.ID = "valuation" }, 2, "state_conflict"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := seatstest.Open(t)
			offer(r, "meet", 1, 1000, product("meetings"), c.change)
			_, err := quoteNew(r, "owner", "meet", c.seats)
			wantCode(t, err, c.want)
		})
	}
}

func TestAnAccountHasSoManyProductsAndNoMore(t *testing.T) {
	r := seatstest.Open(t)
	var last *seats.Quote
	for i := 1; i <= seats.MaxProductsPerAccount; i++ {
		offer(r, fmt.Sprint("plan-", i), 1, 100, product(fmt.Sprint("product-", i)))
	}
	for i := 1; i < seats.MaxProductsPerAccount-1; i++ {
		r.Subscribe(fmt.Sprint("plan-", i), 1)
	}
	// Two quotes of the last one that there is room for: only one can be confirmed.
	first, err := quoteNew(r, "owner", fmt.Sprint("plan-", seats.MaxProductsPerAccount-1), 1)
	r.Must(err)
	last, err = quoteNew(r, "owner", fmt.Sprint("plan-", seats.MaxProductsPerAccount), 1)
	r.Must(err)
	_, err = subscribe(r, first.ID)
	r.Must(err)
	_, err = subscribe(r, last.ID)
	wantCode(t, err, "contact_sales")
	_, err = quoteNew(r, "owner", fmt.Sprint("plan-", seats.MaxProductsPerAccount), 1)
	wantCode(t, err, "contact_sales")
	r.CloseAt(utc("2026-11-30 23:00:00"))
	invoices := r.Invoices()
	equal(t, "lines", len(invoices[len(invoices)-1].Lines), seats.MaxProductsPerAccount)
	r.Clean()
}

func TestAQuoteOfANewSubscriptionGoesStaleToo(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*seatstest.Rig)
		want string
	}{
		"nothing":                           {func(*seatstest.Rig) {}, ""},
		"the same product bought meanwhile": {func(r *seatstest.Rig) { r.Subscribe("meet", 1) }, "quote_stale"},
		"another product's seats":           {func(r *seatstest.Rig) { r.Change(7) }, ""},
		"the end of its first period":       {func(r *seatstest.Rig) { r.Wall.Set(utc("2026-11-30 23:00:00")) }, "quote_stale"},
		"time":                              {func(r *seatstest.Rig) { r.Wall.Advance(seats.QuoteTTL) }, "quote_expired"},
		"tax":                               {func(r *seatstest.Rig) { r.Store.Tamper(func(d *seatstest.Data) { d.Accounts[r.Account].TaxPPM++ }) }, "quote_stale"},
	} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t)
			offer(r, "meet", 1, 1000, product("meetings"))
			r.Wall.Set(utc("2026-11-30 22:50:00"))
			q, err := quoteNew(r, "owner", "meet", 4)
			r.Must(err)
			c.do(r)
			_, err = subscribe(r, q.ID)
			wantCode(t, err, c.want)
		})
	}
}

func TestSubscribingOnceForItsKey(t *testing.T) {
	r := seatstest.Open(t)
	offer(r, "meet", 1, 1000, product("meetings"))
	q, err := quoteNew(r, "owner", "meet", 4)
	r.Must(err)
	once := seatstest.Once[seats.SeatChangeResult]("key", "subscribe")
	first, err := r.Service.Subscribe(r.Ctx, r.Caller("owner"), r.Account, q.ID, true, once)
	r.Must(err)
	again, err := r.Service.Subscribe(r.Ctx, r.Caller("owner"), r.Account, q.ID, true, once)
	r.Must(err)
	want, err := once.Encode(first.Result)
	r.Must(err)
	equal(t, "the replay", string(again.Replayed), string(want))
	equal(t, "invoices", len(r.Invoices()), 2)
	_, err = r.Service.Subscribe(r.Ctx, r.Caller("owner"), r.Account, q.ID, false, seatstest.Once[seats.SeatChangeResult]("other", ""))
	wantCode(t, err, "quote_stale")
	_, err = r.Service.Subscribe(r.Ctx, r.Caller("owner"), r.Account, q.ID, true, none[seats.SeatChangeResult]())
	wantCode(t, err, "idempotency_key_required")
}

func TestCancellingIsForWhoMayGiveSeatsBack(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*seats.Policies)
		want   string
	}{
		"all":        {func(*seats.Policies) {}, ""},
		"add only":   {func(p *seats.Policies) { p.SelfServe = seats.SelfServeAddOnly }, "contact_sales"},
		"none":       {func(p *seats.Policies) { p.SelfServe = seats.SelfServeNone }, "contact_sales"},
		"on request": {func(p *seats.Policies) { p.Decrease = seats.DecreaseOnRequest }, "contact_sales"},
	} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t, seatstest.OnPolicies(c.change))
			_, err := r.Service.Cancel(r.Ctx, r.Caller("owner"), r.Account, r.Sub, none[*seats.Subscription]())
			wantCode(t, err, c.want)
			_, again := r.Service.Cancel(r.Ctx, r.Caller("owner"), r.Account, r.Sub, none[*seats.Subscription]())
			if again == nil {
				t.Error("cancelled twice")
			}
			_, err = r.Service.Resume(r.Ctx, r.Caller("owner"), r.Account, r.Sub, none[*seats.Subscription]())
			if c.want != "" {
				wantCode(t, err, "state_conflict")
			} else {
				wantCode(t, err, "")
			}
			equal(t, "cancelled", r.Pool().Cancel, nil)
			r.Clean()
		})
	}
}
