package seats_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// fallingPrice makes ten seats cheaper than nine, and twelve cheaper than seven.
func fallingPrice(p *seats.Plan) {
	p.Prices = map[money.Currency]billing.Price{"EUR": {Model: billing.Volume, Tiers: []billing.Tier{{UpTo: 9, UnitMinor: 2000}, {UnitMinor: 1000}}}}
}

// Ten seats for 100.00, nine of them at 20.00 each: who goes down by the way of nine is
// given back what ten cost beyond the seat that stays, and no more.
func TestNoWayDownEarnsMoreThanWasBilled(t *testing.T) {
	r := seatstest.Open(t, credits(seats.SettleNow), seatstest.Seats(10), seatstest.OnPlan(fallingPrice))
	r.Change(9)
	equal(t, "not billed", r.Pool().NotBilledMinor, 8000)
	q := r.Quote(1)
	equalSlices(t, "credited", amounts(q.DueNow), []int64{8000})
	l := q.DueNow.Lines[0]
	equal(t, "unit", l.UnitMinor, 0)
	if !strings.HasSuffix(l.Description, "9 to 1 seat, 30 of 30 days, no more than was billed") {
		t.Errorf("the line says %q", l.Description)
	}
	result, err := r.Confirm(q)
	r.Must(err)
	equal(t, "price difference", result.Event.Data.DeltaMinor, -8000)
	equal(t, "not billed of it", result.Event.Data.NotBilledMinor, 8000)
	x, err := r.Service.ExplainInvoice(r.Ctx, r.Caller("owner"), r.Account, 2)
	r.Must(err)
	equal(t, "why", x.Lines[0].Arithmetic, "From 9 to 1 seat is a difference of -€160.00 a month, and €80.00 of it had been billed: €80.00.")
	equal(t, "not billed afterwards", r.Pool().NotBilledMinor, 0)
	equalSlices(t, "up again", amounts(r.Change(10).Invoice), []int64{8000})
	verified(t, r)
	r.Clean()
}

// Seats of a plan that does not prorate cost nothing in the running period. After an
// upgrade to one that does they are given back for what the upgrade cost.
func TestSeatsThatCostNothingEarnNothing(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.Proration = billing.NoProration }))
	offer(r, "pro", 2, 3000, func(p *seats.Plan) { p.Policies.Decrease = seats.DecreaseImmediateCredit })
	equal(t, "more seats", r.Change(15).Invoice, nil)
	r.ChangePlan("pro", 0) // 15 × 10.00 more
	// Billed were 5 × 20.00 and 15 × 10.00: 250.00, of which the seat that stays is 30.00.
	equalSlices(t, "credited", amounts(r.Change(1).Invoice), []int64{22000})
	verified(t, r)
	r.Clean()
	r.CloseAt(decemberFirst())
	equal(t, "a new period", r.Pool().NotBilledMinor, 0)
	r.Clean()
}

// What a voided invoice had billed is given back once: with the invoice.
func TestSeatsOfAVoidedInvoiceEarnNothingMore(t *testing.T) {
	for _, settle := range []seats.Settle{seats.SettleNow, seats.SettleDaily} {
		t.Run(string(settle), func(t *testing.T) {
			r := seatstest.Open(t, credits(settle))
			r.Change(6)
			r.Change(9)
			first := int64(2)
			if settle == seats.SettleDaily {
				r.CloseAt(r.Pool().SettleAt)
			} else {
				first = 3
				_, err := void(r, 2)
				r.Must(err)
			}
			_, err := pay(r, first)
			r.Must(err)
			stale := r.Quote(8)
			_, err = void(r, first)
			r.Must(err)
			_, err = r.Confirm(stale)
			wantCode(t, err, "quote_stale")
			equal(t, "not billed", r.Pool().NotBilledMinor, 8000)
			// Five seats are billed: of nine, four are given back for nothing.
			r.Change(5)
			equal(t, "not billed, of five", r.Pool().NotBilledMinor, 0)
			credit := r.Stored().CreditMinor
			r.Change(4)
			if settle == seats.SettleDaily {
				r.CloseAt(r.Pool().SettleAt)
			}
			if r.Stored().CreditMinor <= credit {
				t.Error("the fifth seat, which was billed, earns nothing")
			}
			verified(t, r)
			r.Clean()
			_, err = pay(r, 1)
			r.Must(err)
			_, err = void(r, 1)
			r.Must(err)
			credit = r.Stored().CreditMinor
			r.Change(1)
			equal(t, "credit for seats that nobody was billed for", r.Stored().CreditMinor, credit)
			r.CloseAt(decemberFirst())
			equal(t, "a new period", r.Pool().NotBilledMinor, 0)
			verified(t, r)
			r.Clean()
		})
	}
	t.Run("of a period that is over", func(t *testing.T) {
		r := seatstest.Open(t, credits(seats.SettleNow))
		r.CloseAt(decemberFirst())
		rev := r.Pool().Rev
		_, err := void(r, 1)
		r.Must(err)
		equal(t, "revision", r.Pool().Rev, rev)
		equal(t, "not billed", r.Pool().NotBilledMinor, 0)
		r.Clean()
	})
}

// On the first day of a period everything is charged and credited in full, so that the
// documents say what a whole period was billed for. Whatever is bought, given back,
// upgraded and voided in whatever order: what is given back never leaves less billed
// than the seats that stay cost, and the subscription knows what was not billed.
func TestWhatIsGivenBackWasBilled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit := int64(1999)
		prices := func() seatstest.Option {
			price := drawMoneyPrice(t, unit)
			return seatstest.OnPlan(func(p *seats.Plan) {
				p.Prices = map[money.Currency]billing.Price{"EUR": price}
				p.Policies.Proration = rapid.SampledFrom([]billing.Proration{billing.ByDay, billing.NoProration}).Draw(t, "proration")
			})
		}
		r := seatstest.Open(t, credits(seats.SettleNow), seatstest.Seats(rapid.Int64Range(1, 12).Draw(t, "opening seats")), prices())
		better := drawMoneyPrice(t, unit+700)
		r.Publish("pro", func(p *seats.Plan) {
			p.Rank, p.Prices = 2, map[money.Currency]billing.Price{"EUR": better}
			p.Policies.Proration = billing.ByDay
		})
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			r.Wall.Advance(time.Second)
			pool, gave := r.Pool(), false
			switch step := rapid.IntRange(0, 9).Draw(t, "step"); {
			case step == 0 && pool.Plan.ID != "pro":
				r.ChangePlan("pro", 0)
			case step <= 2:
				number := rapid.Int64Range(1, int64(len(r.Invoices()))).Draw(t, "number")
				if rapid.Bool().Draw(t, "paid") {
					if _, err := pay(r, number); codeOf(err) != "" && codeOf(err) != "state_conflict" {
						t.Fatal(err)
					}
				}
				if _, err := void(r, number); codeOf(err) != "" && codeOf(err) != "state_conflict" {
					t.Fatal(err)
				}
			default:
				n := rapid.Int64Range(1, 12).Draw(t, "seats")
				if n != pool.Seats {
					inv := r.Change(n).Invoice
					gave = inv != nil && inv.Kind == billing.KindCreditNote
				}
			}
			billed := int64(0)
			for _, inv := range r.Invoices() {
				switch {
				case inv.Kind == billing.KindInvoice && stored(r, inv.Number).Status != seats.InvoiceVoid:
					billed += inv.NetMinor
				case inv.Kind == billing.KindCreditNote && inv.Corrects == 0:
					billed -= inv.NetMinor
				}
			}
			pool = r.Pool()
			plan, err := r.Store.Plan(r.Ctx, pool.Plan)
			r.Must(err)
			costs := naivePrice(ptr(plan.Prices["EUR"]), pool.Seats)
			same(t, "not billed", pool.NotBilledMinor, costs-billed)
			if gave && billed < costs {
				t.Errorf("%d are billed after something was given back, the seats that stay cost %d", billed, costs)
			}
		}
		r.Clean()
	})
}
