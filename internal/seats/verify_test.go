package seats_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// verified fails where any document of the account is not computed anew to the same
// bytes, and counts the documents' lines by kind.
func verified(t testing.TB, r *seatstest.Rig) map[billing.LineKind]int {
	t.Helper()
	kinds := map[billing.LineKind]int{}
	for _, inv := range r.Invoices() {
		v, err := r.Service.VerifyInvoice(r.Ctx, r.Caller("owner"), r.Account, inv.Number)
		r.Must(err)
		if !v.OK() {
			t.Errorf("%s %d is not verified: %+v", inv.Kind, inv.Number, v.Differences)
		}
		for _, l := range inv.Lines {
			kinds[l.Kind]++
		}
	}
	return kinds
}

func wantLines(t testing.TB, r *seatstest.Rig, want map[billing.LineKind]int) {
	t.Helper()
	got := verified(t, r)
	for kind, n := range want {
		equal(t, "lines of kind "+string(kind), got[kind], n)
	}
	for kind := range got {
		if want[kind] == 0 {
			t.Errorf("lines of kind %s", kind)
		}
	}
}

// other publishes a plan of the rig's product beside its own.
func other(r *seatstest.Rig, id string, unit int64, change func(*seats.Plan)) {
	r.Helper()
	plan := *r.Plan
	plan.ID, plan.Name, plan.Rank = id, strings.ToUpper(id), plan.Rank+1
	plan.Prices = map[money.Currency]billing.Price{"EUR": {Model: billing.PerSeat, UnitMinor: unit}}
	if change != nil {
		change(&plan)
	}
	_, err := r.Service.PublishPlans(r.Ctx, []*seats.Plan{&plan})
	r.Must(err)
}

func toPlan(r *seatstest.Rig, id string, n int64) {
	r.Helper()
	q, _, err := r.Service.QuotePlan(r.Ctx, r.Caller("owner"), r.Account, r.Sub, id, n)
	r.Must(err)
	_, err = r.Service.ConfirmPlan(r.Ctx, r.Caller("owner"), r.Account, r.Sub, q.ID, true, seatstest.Once[seats.SeatChangeResult](r.Key(), "plan"))
	r.Must(err)
}

func TestInvoicesOfSeatsAreComputedAnew(t *testing.T) {
	for name, options := range map[string][]seatstest.Option{
		"by the day":    nil,
		"by the second": {seatstest.OnPolicies(func(p *seats.Policies) { p.Proration = billing.BySecond })},
		"not prorated":  {seatstest.OnPolicies(func(p *seats.Policies) { p.Proration = billing.NoProration })},
		"with tax":      {seatstest.OnAccount(func(a *seats.OpenAccount) { a.TaxPPM = 190_000 })},
		"reverse charge": {seatstest.OnAccount(func(a *seats.OpenAccount) {
			a.TaxPPM, a.ReverseCharge = 190_000, true
		})},
		"by the year": {seatstest.OnPlan(func(p *seats.Plan) { p.Interval = billing.Year })},
		"in yen":      {seatstest.OnAccount(func(a *seats.OpenAccount) { a.Currency = "JPY" })},
		"in volume": {seatstest.OnPlan(func(p *seats.Plan) {
			p.Prices["EUR"] = billing.Price{Model: billing.Volume, BaseMinor: 500, Tiers: []billing.Tier{{UpTo: 6, UnitMinor: 1000}, {UnitMinor: 900}}}
		})},
		"from a 31st across a change of clocks": {seatstest.At(utc("2026-12-31 11:30:00")), seatstest.OnAccount(func(a *seats.OpenAccount) { a.Zone = "America/Sao_Paulo" })},
	} {
		r := seatstest.Open(t, options...)
		r.Wall.Advance(9*24*time.Hour + 5*time.Second)
		r.Change(8)
		r.Wall.Advance(3 * time.Hour)
		r.Change(6)
		r.CloseAt(r.Stored().Due)
		r.Wall.Advance(40 * time.Hour)
		r.Change(9)
		r.CloseAt(r.Stored().Due.AddDate(0, 3, 0))
		want := map[billing.LineKind]int{billing.LineSeats: len(r.Events(seats.CycleClosed)) + 1, billing.LineSeatChange: 2}
		if name == "not prorated" {
			delete(want, billing.LineSeatChange)
		}
		t.Run(name, func(t *testing.T) { wantLines(t, r, want) })
	}
}

func TestInvoicesOfChangesThatWaitedAreComputedAnew(t *testing.T) {
	settling := func(settle seats.Settle, more ...seatstest.Option) *seatstest.Rig {
		r := seatstest.Open(t, append(more, seatstest.OnPolicies(func(p *seats.Policies) { p.Settle = settle }))...)
		r.Wall.Advance(9 * 24 * time.Hour)
		r.Change(8)
		r.Wall.Advance(time.Hour)
		r.Change(9)
		return r
	}
	r := settling(seats.SettleNextInvoice)
	r.CloseAt(decemberFirst())
	wantLines(t, r, map[billing.LineKind]int{billing.LineSeats: 2, billing.LineSeatChange: 1})

	r = settling(seats.SettleDaily)
	r.CloseAt(decemberFirst())
	wantLines(t, r, map[billing.LineKind]int{billing.LineSeats: 2, billing.LineSeatChange: 1})

	// Two plans within one period make two groups.
	r = settling(seats.SettleNextInvoice)
	other(r, "plus", 3000, nil)
	toPlan(r, "plus", 0)
	r.Wall.Advance(time.Hour)
	r.Change(12)
	r.CloseAt(decemberFirst())
	wantLines(t, r, map[billing.LineKind]int{billing.LineSeats: 2, billing.LineSeatChange: 2, billing.LinePlanChange: 2})
}

func TestCreditNotesOfDecreasesAreComputedAnew(t *testing.T) {
	for _, settle := range []seats.Settle{seats.SettleNow, seats.SettleDaily, seats.SettleNextInvoice} {
		r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.Decrease, p.Settle = seats.DecreaseImmediateCredit, settle }),
			seatstest.OnAccount(func(a *seats.OpenAccount) { a.TaxPPM = 77_000 }))
		r.Wall.Advance(4 * 24 * time.Hour)
		r.Change(2)
		r.Wall.Advance(30 * time.Hour)
		r.Change(4)
		r.CloseAt(utc("2027-01-15 00:00:00"))
		kinds := verified(t, r)
		if kinds[billing.LineCredit] == 0 || kinds[billing.LineSeats] != 3 {
			t.Errorf("%s: lines %v", settle, kinds)
		}
		if !slices.ContainsFunc(r.Invoices(), func(inv billing.Invoice) bool { return inv.CreditAppliedMinor > 0 }) {
			t.Errorf("%s: the credit was never used", settle)
		}
	}
}

func TestInvoicesOfPlanChangesAreComputedAnew(t *testing.T) {
	r := seatstest.Open(t)
	other(r, "plus", 3000, nil)
	other(r, "basic", 1000, func(p *seats.Plan) { p.Rank = 0 })
	other(r, "annual", 18000, func(p *seats.Plan) { p.Interval = billing.Year })
	r.Wall.Advance(9 * 24 * time.Hour)
	toPlan(r, "plus", 7)
	toPlan(r, "basic", 3)
	r.CloseAt(decemberFirst())
	toPlan(r, "annual", 0)
	r.CloseAt(utc("2027-03-01 00:00:00"))
	wantLines(t, r, map[billing.LineKind]int{billing.LineSeats: 3, billing.LinePlanChange: 2})
}

func TestInvoicesAfterATrialAreComputedAnew(t *testing.T) {
	for _, proration := range []billing.Proration{billing.ByDay, billing.BySecond, billing.NoProration} {
		r := seatstest.Open(t, seatstest.At(utc("2026-11-05 09:00:00")), seatstest.OnPolicies(func(p *seats.Policies) { p.TrialDays, p.Proration = 14, proration }))
		r.Change(7)
		r.CloseAt(utc("2027-01-06 00:00:00"))
		wantLines(t, r, map[billing.LineKind]int{billing.LineSeats: 3})
	}
}

func TestInvoicesOfActiveUsersAreComputedAnew(t *testing.T) {
	for _, how := range []seats.ActiveCount{seats.CountAtClose, seats.CountPeak, seats.CountDaily} {
		r := seatstest.Open(t, seatstest.Seats(0), seatstest.At(utc("2026-11-05 09:00:00")), seatstest.OnPolicies(func(p *seats.Policies) {
			*p = seats.Policies{Billing: seats.BillingActiveUsers, Proration: billing.ByDay, ActiveCount: how, AdminsMaySpend: true, AgreementRequired: true}
		}))
		r.Join("ann", "bob", "cho")
		r.Wall.Advance(5 * 24 * time.Hour)
		_, err := r.Service.DeactivateUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("bob"), seats.Once[*seats.User]{})
		r.Must(err)
		r.Wall.Advance(40 * 24 * time.Hour)
		r.Close()
		r.Join("dan")
		r.CloseAt(utc("2027-02-06 00:00:00"))
		wantLines(t, r, map[billing.LineKind]int{billing.LineUsage: 3})
	}
}

func TestVoidedInvoicesAndTheirCreditNotesAreComputedAnew(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnAccount(func(a *seats.OpenAccount) { a.TaxPPM = 190_000 }))
	r.Change(8)
	_, err := r.Service.MarkPaid(r.Ctx, seatstest.Operator(), r.Account, 1, seats.Once[*seats.IssuedInvoice]{})
	r.Must(err)
	void := func(number int64) {
		t.Helper()
		_, err := r.Service.VoidInvoice(r.Ctx, seatstest.Operator(), r.Account, number, "a mistake", seats.Once[*seats.IssuedInvoice]{})
		r.Must(err)
	}
	void(1)
	void(2)
	r.CloseAt(decemberFirst())
	void(5) // paid by credit in part
	r.CloseAt(utc("2027-01-06 00:00:00"))
	wantLines(t, r, map[billing.LineKind]int{billing.LineSeats: 5, billing.LineSeatChange: 2})
}

func TestAZoneThatChangesLeavesInvoicesAsTheyWere(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.Proration = billing.BySecond }))
	for _, zone := range []string{"Pacific/Auckland", "America/Los_Angeles", "Europe/Berlin"} {
		r.Wall.Advance(9 * 24 * time.Hour)
		r.Change(r.Pool().Seats + 1)
		_, err := r.Service.EditAccount(r.Ctx, r.Caller("owner"), r.Account, seats.AccountPatch{Zone: &zone}, seats.Once[seats.EditedAccount]{})
		r.Must(err)
		r.Wall.Advance(24 * time.Hour)
		r.Change(r.Pool().Seats + 1)
		r.CloseAt(r.Stored().Due)
		r.Wall.Advance(time.Hour)
		r.Change(r.Pool().Seats + 1)
	}
	wantLines(t, r, map[billing.LineKind]int{billing.LineSeats: 4, billing.LineSeatChange: 9})
}
