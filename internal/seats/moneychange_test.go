package seats_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// drawMoneyPolicies draws one of all combinations of the policies that concern money.
func drawMoneyPolicies(t *rapid.T) seats.Policies {
	p := seatstest.Plan().Policies
	p.Proration = rapid.SampledFrom([]billing.Proration{billing.ByDay, billing.BySecond, billing.NoProration}).Draw(t, "proration")
	p.Settle = rapid.SampledFrom([]seats.Settle{seats.SettleNow, seats.SettleDaily, seats.SettleNextInvoice}).Draw(t, "settle")
	p.Decrease = rapid.SampledFrom([]seats.Decrease{seats.DecreaseEndOfCycle, seats.DecreaseImmediateCredit, seats.DecreaseOnRequest}).Draw(t, "decrease")
	p.OverAssigned = rapid.SampledFrom([]seats.OverAssigned{seats.KeepAssigned, seats.ReleaseNewest, seats.RefuseBelow}).Draw(t, "over assigned")
	p.AutoSeats = rapid.Bool().Draw(t, "auto seats")
	p.MinSeats = rapid.Int64Range(0, 2).Draw(t, "min seats")
	p.TrialDays = rapid.SampledFrom([]int{0, 0, 10, 45}).Draw(t, "trial days")
	return p
}

// drawMoneyPrice draws a price of any model, about unit a seat.
func drawMoneyPrice(t *rapid.T, unit int64) billing.Price {
	switch rapid.IntRange(0, 2).Draw(t, "model") {
	case 0:
		return billing.Price{Model: billing.Graduated, BaseMinor: 333, Tiers: []billing.Tier{{UpTo: 4, UnitMinor: unit}, {UnitMinor: unit / 2}}}
	case 1:
		return billing.Price{Model: billing.Volume, Tiers: []billing.Tier{{UpTo: 6, UnitMinor: unit}, {UnitMinor: unit * 2 / 3}}}
	}
	return billing.Price{Model: billing.PerSeat, UnitMinor: unit, BaseMinor: 500, IncludedSeats: rapid.Int64Range(0, 2).Draw(t, "included")}
}

// same fails where two values print differently; property tests are no testing.TB.
func same(t seatstest.TB, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

// spender moves the money of an account, and holds what it sees against the rules.
type spender struct {
	*rapid.T
	r *seatstest.Rig
}

func openSpender(t *rapid.T) *spender {
	policies := drawMoneyPolicies(t)
	r := seatstest.Open(t, seatstest.Seats(rapid.Int64Range(2, 6).Draw(t, "opening seats")),
		taxedAt(rapid.SampledFrom([]int64{0, 190_000}).Draw(t, "tax")),
		seatstest.OnPlan(func(p *seats.Plan) {
			p.Policies, p.Prices = policies, map[money.Currency]billing.Price{"EUR": drawMoneyPrice(t, 1999)}
		}))
	for id, rank := range map[string]int{"basic": 0, "pro": 2, "annual": 1, "meet": 1} {
		r.Publish(id, func(p *seats.Plan) {
			p.Rank, p.Policies = rank, policies
			switch id {
			case "annual":
				p.Interval = billing.Year
			case "meet":
				p.Product.ID = "meetings"
			}
			p.Prices = perSeat(int64(1000 + 1501*rank))
		})
	}
	r.Join("ann", "bob", "cid")
	return &spender{t, r}
}

// expected are the refusals that an honest caller may meet on the way.
func (s *spender) expected(err error) bool {
	s.Helper()
	allowed := []string{"", "contact_sales", "state_conflict", "seats_in_use", "invalid", "not_found"}
	if !slices.Contains(allowed, codeOf(err)) {
		s.Fatalf("refused with %v", err)
	}
	return err == nil
}

// confirmed holds a confirmation against its quote: charged as shown, and the next
// invoice as shown if nothing else happens.
func (s *spender) confirmed(q *seats.Quote, result seats.SeatChangeResult, err error) {
	s.Helper()
	s.r.Must(err)
	same(s, "charged", amounts(result.Invoice), amounts(q.DueNow))
	if q.DueNow != nil {
		same(s, "amount due", result.Invoice.AmountDueMinor, q.DueNow.AmountDueMinor)
		same(s, "kind", result.Invoice.Kind, q.DueNow.Kind)
	}
	same(s, "at renewal", result.AtRenewal, q.AtRenewal)
	s.nextIs(q.Next)
}

// nextIs closes the next period in a copy of the world, and compares its invoice.
func (s *spender) nextIs(want *billing.Invoice) {
	s.Helper()
	r := s.r
	world, now := r.Store.Snapshot(), r.Wall.Now()
	var end time.Time
	subs, err := r.Store.Subscriptions(r.Ctx, r.Account)
	r.Must(err)
	for _, sub := range subs {
		if sub.Status == seats.SubscriptionActive && (end.IsZero() || sub.Period.End.Before(end)) {
			end = sub.Period.End
		}
	}
	if !end.IsZero() {
		r.CloseAt(end)
		var got *billing.Invoice
		for _, inv := range r.Invoices() {
			if inv.Kind == billing.KindInvoice && inv.IssuedAt.Equal(end) {
				got = &inv
			}
		}
		same(s, "next invoice", amounts(got), amounts(want))
		if got != nil && want != nil {
			same(s, "next amount due", got.AmountDueMinor, want.AmountDueMinor)
		}
	}
	r.Store.Restore(world)
	r.Wall.Set(now)
}

// kept checks what holds after every step: credit is what was credited less what was
// used, numbers have no gap, and no pool is short.
func (s *spender) kept() {
	s.Helper()
	var credit int64
	for i, inv := range s.r.Invoices() {
		same(s, "number", inv.Number, int64(i+1))
		if inv.TotalMinor < 0 || inv.AmountDueMinor < 0 {
			s.Errorf("invoice %d comes to %d", inv.Number, inv.TotalMinor)
		}
		if inv.Kind == billing.KindCreditNote {
			credit += inv.TotalMinor
		}
		credit -= inv.CreditAppliedMinor
	}
	same(s, "credit", s.r.Stored().CreditMinor, credit)
	used, pool := counted(s.r)
	if pool.Free != pool.Seats-used || pool.Free < 0 {
		s.Errorf("%d of %d seats are used, %d counted free", used, pool.Seats, pool.Free)
	}
	if parked := s.r.Stored(); parked.Status != seats.AccountOpen {
		s.Fatalf("parked: %s", parked.ParkedFor)
	}
}

func (s *spender) changeSeats() {
	q, err := quote(s.r, "owner", rapid.Int64Range(1, 12).Draw(s.T, "seats"))
	if s.expected(err) {
		result, err := s.r.Confirm(q)
		s.confirmed(q, result, err)
	}
}

func (s *spender) changePlan() {
	plan := rapid.SampledFrom([]string{"basic", "pro", "annual", s.r.Plan.ID}).Draw(s.T, "plan")
	q, err := quotePlan(s.r, "owner", plan, rapid.SampledFrom([]int64{0, 0, 2, 5, 9}).Draw(s.T, "seats with it"))
	if s.expected(err) {
		result, err := confirmPlan(s.r, q.ID)
		s.confirmed(q, result, err)
	}
}

func (s *spender) subscribe() {
	plan := rapid.SampledFrom([]string{"meet", s.r.Plan.ID}).Draw(s.T, "new plan")
	q, err := quoteNew(s.r, "owner", plan, rapid.Int64Range(1, 5).Draw(s.T, "new seats"))
	if !s.expected(err) {
		return
	}
	result, err := subscribe(s.r, q.ID)
	s.confirmed(q, result, err)
	if result.Subscription.Product == s.r.Product {
		s.r.Sub = result.Subscription.ID
	}
}

func (s *spender) amend() {
	amends := []func(*seats.Service) error{
		func(u *seats.Service) error { _, err := cancelPending(s.r, "owner"); return err },
		func(u *seats.Service) error {
			_, err := u.CancelPendingPlan(s.r.Ctx, s.r.Caller("owner"), s.r.Account, s.r.Sub, none[*seats.Subscription]())
			return err
		},
		func(u *seats.Service) error {
			_, err := u.Cancel(s.r.Ctx, s.r.Caller("owner"), s.r.Account, s.r.Sub, none[*seats.Subscription]())
			return err
		},
		func(u *seats.Service) error {
			_, err := u.Resume(s.r.Ctx, s.r.Caller("owner"), s.r.Account, s.r.Sub, none[*seats.Subscription]())
			return err
		},
	}
	s.expected(amends[rapid.IntRange(0, len(amends)-1).Draw(s.T, "amend")](s.r.Service))
}

func (s *spender) license() {
	who := rapid.SampledFrom([]string{"ann", "bob", "cid"}).Draw(s.T, "who")
	if rapid.Bool().Draw(s.T, "assign") {
		_, err := assign(s.r, "owner", []seats.UserID{s.r.ID(who)}, none[[]seats.AssignResult]())
		if codeOf(err) != "quote_required" {
			s.expected(err)
		}
		return
	}
	s.expected(revokeID(s.r, s.r.ID(who)))
}

func (s *spender) wait() {
	s.r.Wall.Advance(time.Duration(rapid.SampledFrom([]int{1, 5, 30, 24 * 9, 24 * 31, 24 * 70}).Draw(s.T, "hours")) * time.Hour)
	s.r.Close()
}

// What a quote shows is what is charged and what the next close bills, credit is never
// lost, and the books are in order, for every combination of policies and prices.
func TestWhatIsShownIsWhatIsChargedUnderEveryPolicy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := openSpender(t)
		actions := []func(){s.changeSeats, s.changeSeats, s.changePlan, s.subscribe, s.amend, s.license, s.wait}
		for range rapid.IntRange(2, 10).Draw(t, "actions") {
			actions[rapid.IntRange(0, len(actions)-1).Draw(t, "action")]()
			s.kept()
		}
		s.r.Clean()
	})
}

// Seats that are added and given back within one settlement cost nothing, whatever
// they cost for the time between, and at whatever tier.
func TestAddingAndGivingBackInOneSettlementIsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policies := drawMoneyPolicies(t)
		policies.Decrease, policies.TrialDays, policies.MinSeats, policies.AutoSeats = seats.DecreaseImmediateCredit, 0, 0, false
		policies.Settle = rapid.SampledFrom([]seats.Settle{seats.SettleDaily, seats.SettleNextInvoice}).Draw(t, "settle later")
		r := seatstest.Open(t, seatstest.OnPlan(func(p *seats.Plan) {
			p.Policies, p.Prices = policies, map[money.Currency]billing.Price{"EUR": drawMoneyPrice(t, 1999)}
		}))
		r.Wall.Set(midNovember().Add(time.Duration(rapid.IntRange(0, 7*24).Draw(t, "hours")) * time.Hour))
		// At one instant, so that the price of a second is the same too.
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			if n := rapid.Int64Range(1, 12).Draw(t, "seats"); n != r.Pool().Seats {
				r.Change(n)
			}
		}
		if r.Pool().Seats != 5 {
			r.Change(5)
		}
		r.CloseAt(utc("2026-11-30 23:00:00"))
		invoices := r.Invoices()
		same(t, "invoices", len(invoices), 2)
		whole, err := r.Plan.Price("EUR")
		r.Must(err)
		five, err := whole.For(5)
		r.Must(err)
		same(t, "the next period alone", amounts(&invoices[len(invoices)-1]), []int64{five})
		same(t, "credit", r.Stored().CreditMinor, 0)
	})
}
