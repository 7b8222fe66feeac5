package seats_test

import (
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func trialOf(days int) seatstest.Option {
	return seatstest.OnPolicies(func(p *seats.Policies) { p.TrialDays = days })
}

func priced(unit int64) map[money.Currency]billing.Price {
	return map[money.Currency]billing.Price{"EUR": {Model: billing.PerSeat, UnitMinor: unit}}
}

func TestATrialCostsNothingAndIsBilledAtItsEndAsIfBoughtThen(t *testing.T) {
	r := seatstest.Open(t, trialOf(14))
	equal(t, "invoices", len(r.Invoices()), 0)
	equal(t, "trial", r.Pool().Trial, true)
	equal(t, "its end", r.Pool().Period.End, utc("2026-11-14 23:00:00"))
	r.Change(6)
	equal(t, "invoices after an increase", len(r.Invoices()), 0)
	r.CloseAt(utc("2026-11-20 10:00:00"))
	pool := r.Pool()
	equal(t, "trial", pool.Trial, false)
	equal(t, "ended", pool.TrialEnded, utc("2026-11-14 23:00:00"))
	equal(t, "period's start", pool.Period.Start, utc("2026-10-31 23:00:00"))
	equal(t, "period's end", pool.Period.End, decemberFirst())
	// 15 November through 30 November are 16 of 30 days.
	equalSlices(t, "billed", amounts(&r.Invoices()[0]), []int64{6400})
	equal(t, "issued", r.Invoices()[0].IssuedAt, utc("2026-11-14 23:00:00"))
	equal(t, "a period that was a trial", r.Events(seats.CycleClosed)[0].Data.Trial, true)
	r.Change(7)
	r.CloseAt(decemberFirst())
	equalSlices(t, "billed next", amounts(&r.Invoices()[2]), []int64{14000})
	r.Clean()
}

func TestATrialThatIsCancelledIsNeverCharged(t *testing.T) {
	r := seatstest.Open(t, trialOf(14))
	r.JoinLicensed("ann")
	r.Cancel()
	r.CloseAt(utc("2026-12-20 10:00:00"))
	equal(t, "invoices", len(r.Invoices()), 0)
	equal(t, "status", r.Pool().Status, seats.SubscriptionEnded)
	equal(t, "free seats", r.Pool().Free, 0)
	equal(t, "licenses", len(r.User("ann").Licenses), 0)
	equal(t, "due", r.Stored().Due, time.Time{})
	r.Clean()
}

func TestTrialsOfEveryPlanEndInTheirFirstPeriod(t *testing.T) {
	for name, way := range map[string]struct {
		change func(*seats.Plan)
		want   []int64
		end    string
	}{
		"by the second":    {func(p *seats.Plan) { p.Policies.Proration = billing.BySecond }, []int64{5333}, "2026-11-30 23:00:00"},
		"with no part":     {func(p *seats.Plan) { p.Policies.Proration = billing.NoProration }, []int64{10000}, "2026-11-30 23:00:00"},
		"by the year":      {func(p *seats.Plan) { p.Interval = billing.Year }, []int64{9616}, "2027-10-31 23:00:00"},
		"beyond one month": {func(p *seats.Plan) { p.Policies.TrialDays = 40 }, []int64{6774}, "2026-12-31 23:00:00"},
		"to a boundary":    {func(p *seats.Plan) { p.Policies.TrialDays = 30 }, []int64{10000}, "2026-12-31 23:00:00"},
	} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t, trialOf(14), seatstest.OnPlan(way.change))
			r.CloseAt(r.Pool().Period.End)
			equalSlices(t, "billed", amounts(&r.Invoices()[0]), way.want)
			equal(t, "period's end", r.Pool().Period.End, utc(way.end))
			r.Clean()
		})
	}
}

func TestChangesOfOneDayNetToOneInvoiceAtItsEnd(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.Settle = seats.SettleDaily }))
	r.At("2026-11-10 08:00:00")
	r.Change(7)
	r.At("2026-11-10 22:30:00")
	r.Change(8)
	midnight := utc("2026-11-10 23:00:00")
	equal(t, "to be settled", r.Pool().SettleAt, midnight)
	equal(t, "due", r.Stored().Due, midnight)
	equal(t, "closed before", r.CloseAt(midnight.Add(-1)), 0)
	equal(t, "closed", r.CloseAt(midnight), 1)
	// 3 seats for 21 of 30 days.
	equalSlices(t, "billed", amounts(&r.Invoices()[1]), []int64{4200})
	equal(t, "unbilled", len(r.Pool().Unbilled), 0)
	equal(t, "due next", r.Stored().Due, decemberFirst())
	e := r.Events(seats.DaySettled)
	equal(t, "events", len(e), 1)
	equal(t, "from", e[0].Data.From, 5)
	equal(t, "to", e[0].Data.To, 8)
	equal(t, "number", e[0].Data.InvoiceNumber, 2)
	// On the period's last day both fall together.
	r.At("2026-11-30 12:00:00")
	r.Change(9)
	equal(t, "closed at the period's end", r.CloseAt(decemberFirst()), 1)
	equalSlices(t, "billed with the next period", amounts(&r.Invoices()[2]), []int64{67, 18000})
	equal(t, "days settled", len(r.Events(seats.DaySettled)), 1)
	r.Clean()
}

func TestWhatWaitsForTheNextInvoiceStandsOnAnyThatAPeriodMakes(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPlan(func(p *seats.Plan) { p.Interval = billing.Year }),
		seatstest.OnPolicies(func(p *seats.Policies) { p.Settle = seats.SettleNextInvoice }))
	other := r.Publish("meetings-plan", func(p *seats.Plan) { p.Product = seats.Product{ID: "meetings", Name: "Meetings"} })
	r.Subscribe(other.ID, 2)
	r.At("2026-11-10 08:00:00")
	r.Change(6)
	r.CloseAt(decemberFirst())
	inv := r.Invoices()
	// 2 seats of meetings, and 1 seat for 356 of 365 days.
	equalSlices(t, "billed", amounts(&inv[len(inv)-1]), []int64{4000, 1951})
	equal(t, "unbilled", len(r.Pool().Unbilled), 0)
	equal(t, "the yearly period goes on", r.Pool().Period.End, utc("2027-10-31 23:00:00"))
	r.Clean()
}

func TestWhatIsGivenBackBeyondWhatIsOwedBecomesACreditNote(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(8), seatstest.OnAccount(func(a *seats.OpenAccount) { a.TaxPPM = 190_000 }),
		seatstest.OnPolicies(func(p *seats.Policies) {
			p.Settle, p.Decrease = seats.SettleDaily, seats.DecreaseImmediateCredit
		}))
	r.At("2026-11-16 08:00:00")
	r.Change(9)
	r.Change(6)
	r.CloseAt(utc("2026-11-16 23:00:00"))
	inv := r.Invoices()
	note := inv[1]
	equal(t, "kind", note.Kind, billing.KindCreditNote)
	// 2 seats less for 15 of 30 days, and the tax on it.
	equalSlices(t, "given back", amounts(&note), []int64{2000})
	equal(t, "total", note.TotalMinor, 2380)
	equal(t, "credit", r.Stored().CreditMinor, 2380)
	equal(t, "number in the event", r.Events(seats.DaySettled)[0].Data.CreditNote, 2)
	r.Clean()
	r.At("2026-11-20 08:00:00")
	r.Change(7)
	r.Change(6)
	equal(t, "closed", r.CloseAt(utc("2026-11-20 23:00:00")), 1)
	equal(t, "documents of a day that comes to nothing", len(r.Invoices()), 2)
	r.Change(5)
	r.CloseAt(decemberFirst())
	inv = r.Invoices()
	equal(t, "documents", len(inv), 4)
	equal(t, "credit used", inv[3].CreditAppliedMinor, r.Stored().CreditMinor+inv[3].CreditAppliedMinor)
	r.Clean()
}

func TestAPlanThatWasScheduledTakesOverAtTheBoundary(t *testing.T) {
	for name, way := range map[string]struct {
		change func(*seats.Plan)
		want   []int64
		end    string
		seats  int64
	}{
		"a lower one":           {func(p *seats.Plan) { p.Rank, p.Prices = 0, priced(1000) }, []int64{5000}, "2026-12-31 23:00:00", 5},
		"by the year":           {func(p *seats.Plan) { p.Interval, p.Prices = billing.Year, priced(20000) }, []int64{100000}, "2027-11-30 23:00:00", 5},
		"with automatic seats":  {func(p *seats.Plan) { p.Rank, p.Policies.AutoSeats = 0, true }, []int64{2000}, "2026-12-31 23:00:00", 1},
		"with automatic, least": {func(p *seats.Plan) { p.Rank, p.Policies.AutoSeats, p.Policies.MinSeats = 0, true, 3 }, []int64{6000}, "2026-12-31 23:00:00", 3},
	} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t)
			r.JoinLicensed("ann")
			plan := r.Publish("other", way.change)
			q := r.QuotePlan(plan.ID, 0)
			equalSlices(t, "the next invoice", amounts(q.Next), way.want)
			r.ChangePlan(plan.ID, 0)
			equal(t, "the plan until then", r.Pool().Plan, r.Plan.Ref())
			r.CloseAt(decemberFirst())
			pool := r.Pool()
			equal(t, "plan", pool.Plan, plan.Ref())
			equal(t, "seats", pool.Seats, way.seats)
			equal(t, "period's end", pool.Period.End, utc(way.end))
			equalSlices(t, "billed", amounts(&r.Invoices()[1]), way.want)
			e := r.Events(seats.CycleClosed)[0].Data
			equal(t, "from", e.FromPlan, r.Plan.Ref())
			equal(t, "to", e.Plan, plan.Ref())
			if pool.PendingPlan != nil {
				t.Error("it is still scheduled")
			}
			r.Clean()
		})
	}
}

func TestTheLeastSeatsOfThePlanThatComesAreKept(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(8))
	plan := r.Publish("other", func(p *seats.Plan) { p.Rank, p.Policies.MinSeats = 0, 4 })
	r.ChangePlan(plan.ID, 0)
	// What was asked for before the plan was known to have a least.
	r.Store.Tamper(func(d *seatstest.Data) {
		d.Subscriptions[r.Account][r.Product].PendingPlan, d.Subscriptions[r.Account][r.Product].Pending = nil, nil
	})
	r.Change(3)
	r.ChangePlan(plan.ID, 4)
	r.CloseAt(decemberFirst())
	equal(t, "seats", r.Pool().Seats, 4)
}

func TestCancellingEndsTheSubscriptionWithItsLicenses(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.Settle = seats.SettleNextInvoice }))
	r.Wall.Set(utc("2026-11-26 09:00:00"))
	r.JoinLicensed("ann", "bob")
	r.Invite(seatstest.Invitee("cid", r.Sub))
	r.Change(6)
	r.Cancel()
	r.Resume()
	r.Cancel()
	equal(t, "closed before", r.CloseAt(decemberFirst().Add(-1)), 0)
	equal(t, "licenses until then", len(r.User("ann").Licenses), 1)
	equal(t, "closed", r.CloseAt(decemberFirst()), 1)
	pool := r.Pool()
	equal(t, "status", pool.Status, seats.SubscriptionEnded)
	equal(t, "seats", pool.Seats, 0)
	equal(t, "free seats", pool.Free, 0)
	equal(t, "reserved", r.User("cid").Invitation.Reserved, false)
	equal(t, "due", r.Stored().Due, time.Time{})
	inv := r.Invoices()
	// 1 seat for 5 of 30 days, and no period more.
	equalSlices(t, "billed", amounts(&inv[1]), []int64{333})
	equal(t, "ended", r.Events(seats.SubscriptionEndedEv)[0].Data.Reason, "cancelled")
	taken := r.Events(seats.LicenseRevoked)[0]
	equal(t, "reason", taken.Data.Reason, seats.ReasonEnded)
	equal(t, "instant", taken.At, decemberFirst())
	equal(t, "closed again", r.CloseAt(utc("2027-06-01 00:00:00")), 0)
	r.Clean()
	sub := r.Subscribe(r.Plan.ID, 2)
	if sub.ID == r.Sub {
		t.Error("a new subscription has the id of the one that ended")
	}
	r.CloseAt(utc("2027-06-30 22:00:00"))
	inv = r.Invoices()
	equalSlices(t, "billed", amounts(&inv[len(inv)-1]), []int64{4000})
	r.Clean()
}

func TestAutomaticSeatsAreTrimmedToWhatIsUsed(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.AutoSeats = true }))
	r.Wall.Set(utc("2026-11-10 09:00:00"))
	r.Invite(seatstest.Invitee("lapsed", r.Sub))
	r.Wall.Set(utc("2026-11-26 09:00:00"))
	r.JoinLicensed("ann")
	r.Invite(seatstest.Invitee("bob", r.Sub))
	r.CloseAt(decemberFirst())
	// One license and one reservation; what lapsed keeps nothing.
	equal(t, "seats", r.Pool().Seats, 2)
	equal(t, "free seats", r.Pool().Free, 0)
	equalSlices(t, "billed", amounts(&r.Invoices()[1]), []int64{4000})
	r.Revoke("ann")
	r.CloseAt(utc("2026-12-31 23:00:00"))
	equal(t, "seats when nobody is left", r.Pool().Seats, 0)
	equal(t, "invoices", len(r.Invoices()), 2)
	r.Clean()
}

func TestABoundaryOfSeveralSubscriptionsMakesOneInvoice(t *testing.T) {
	r := seatstest.Open(t)
	daily := r.Publish("daily-plan", func(p *seats.Plan) {
		p.Product, p.Policies.Settle = seats.Product{ID: "meetings", Name: "Meetings"}, seats.SettleDaily
	})
	r.Subscribe(daily.ID, 2)
	trial := r.Publish("trial-plan", func(p *seats.Plan) {
		p.Product, p.Policies.TrialDays, p.Prices = seats.Product{ID: "reports", Name: "Reports"}, 30, priced(500)
	})
	r.Subscribe(trial.ID, 3)
	r.CloseAt(decemberFirst())
	inv := r.Invoices()
	equalSlices(t, "billed", amounts(&inv[len(inv)-1]), []int64{4000, 1500, 10000})
	firsts := 0
	for _, e := range r.Events(seats.CycleClosed) {
		equal(t, "number", e.Data.InvoiceNumber, inv[len(inv)-1].Number)
		if e.Data.InvoiceFirst {
			firsts++
		}
	}
	equal(t, "firsts", firsts, 1)
	r.Clean()
}
