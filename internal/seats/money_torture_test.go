package seats_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// pick is one of the values.
func pick[T any](random *rand.Rand, values ...T) T { return values[random.IntN(len(values))] }

func somePrice(random *rand.Rand) billing.Price {
	unit := pick(random, int64(0), 1, 7, 333, 1999, 2000, 99_999)
	switch random.IntN(3) {
	case 0:
		return billing.Price{Model: billing.Graduated, BaseMinor: 1, Tiers: []billing.Tier{{UpTo: 3, UnitMinor: unit + 700}, {UpTo: 9, UnitMinor: unit + 1}, {UnitMinor: unit}}}
	case 1:
		return billing.Price{Model: billing.Volume, BaseMinor: 50, Tiers: []billing.Tier{{UpTo: 7, UnitMinor: unit + 900}, {UnitMinor: unit}}}
	}
	return billing.Price{Model: billing.PerSeat, UnitMinor: unit, BaseMinor: 499, IncludedSeats: random.Int64N(8)}
}

const moneySeed = 30

// Fault 30, from quote to invoice: whatever is bought within a period, at whatever
// instants, each line is what was shown, the exact parts of a settlement are rounded
// once, and none differs from them by more than half of the smallest coin.
func TestWhatIsBoughtWithinAPeriodAddsUp(t *testing.T) {
	sequences := faulttest.Size(150, 5_000)
	random := rand.New(rand.NewPCG(moneySeed, 0))
	wrong, changes, worst := 0, 0, new(big.Rat)
	for n := range sequences {
		price := somePrice(random)
		proration, settle := pick(random, billing.ByDay, billing.BySecond), pick(random, seats.SettleNow, seats.SettleNextInvoice)
		r := seatstest.Open(t, seatstest.Seats(1+random.Int64N(9)), seatstest.OnAccount(func(a *seats.OpenAccount) { a.Zone = pick(random, modelZones()...) }),
			seatstest.OnPlan(func(p *seats.Plan) {
				p.Prices = map[money.Currency]billing.Price{"EUR": price}
				p.Policies.Proration, p.Policies.Settle = proration, settle
			}))
		loc, err := r.Stored().Location()
		r.Must(err)
		p := r.Pool().Period
		period := naivePeriod{startDay: naiveDateOf(p.Start, loc), endDay: naiveDateOf(p.End, loc), start: p.Start, end: p.End}
		waiting := new(big.Rat)
		for range 1 + random.IntN(8) {
			r.Wall.Set(r.Wall.Now().Add(time.Duration(random.Int64N(int64(p.End.Sub(r.Wall.Now()))))))
			from, to := r.Pool().Seats, r.Pool().Seats+1+random.Int64N(9)
			exact := naiveFactor(period, proration, r.Wall.Now(), loc)
			exact.Mul(exact, ratOf(naivePrice(&price, to)-naivePrice(&price, from)))
			q := r.Quote(to)
			result, err := r.Confirm(q)
			r.Must(err)
			changes++
			if settle == seats.SettleNextInvoice {
				waiting.Add(waiting, exact)
				continue
			}
			if got, want := sum(amounts(result.Invoice)), max(0, naiveRound(exact)); got != want || got != sum(amounts(q.DueNow)) {
				wrong++
				t.Errorf("sequence %d: %d → %d seats cost %d, shown were %v, worked out %d", n, from, to, got, amounts(q.DueNow), want)
			} else if exact.Sign() > 0 {
				worst = further(worst, exact, got)
			}
		}
		r.CloseAt(p.End)
		if settle == seats.SettleNextInvoice {
			got, want := int64(0), max(0, naiveRound(waiting))
			for _, inv := range r.Invoices() {
				for _, l := range inv.Lines {
					if l.Kind == billing.LineSeatChange {
						got += l.AmountMinor
					}
				}
			}
			if got != want {
				wrong++
				t.Errorf("sequence %d: the increases of a period cost %d, worked out %d (%s)", n, got, want, waiting)
			} else if waiting.Sign() > 0 {
				worst = further(worst, waiting, got)
			}
		}
		r.Clean()
	}
	if worst.Cmp(big.NewRat(1, 2)) > 0 {
		wrong++
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 30, Did: "random increases of a period, quoted, confirmed and invoiced, against fractions worked out by hand",
		Bad: wrong, Of: sequences, What: "periods that do not add up", Seed: moneySeed,
		More: fmt.Sprintf("%d changes, largest error %s of a minor unit", changes, worst.FloatString(3)),
	})
}

func sum(all []int64) (total int64) {
	for _, n := range all {
		total += n
	}
	return total
}

// further is the larger of an error so far and that of an amount.
func further(worst, exact *big.Rat, minor int64) *big.Rat {
	off := new(big.Rat).Sub(exact, ratOf(minor))
	if off.Abs(off).Cmp(worst) > 0 {
		return off
	}
	return worst
}

// Fault 31, from price list to invoice: amounts beside the end of the numbers and
// currencies of no and of three places. All that is issued is right to the unit, and
// what cannot be said is an error.
func TestNoAmountIsIssuedThatDoesNotFit(t *testing.T) {
	tried, escaped, refusals := 0, 0, 0
	for _, currency := range []money.Currency{"JPY", "EUR", "KWD"} {
		for _, unit := range []int64{0, 1, billing.MaxUnitMinor, billing.MaxUnitMinor + 1, math.MaxInt64 / billing.MaxSeats, math.MaxInt64/billing.MaxSeats + 1, math.MaxInt64 / 2, math.MaxInt64} {
			for _, n := range []int64{1, 2, 999_999, billing.MaxSeats} {
				for _, rate := range []int64{0, 190_000, billing.MaxTaxPPM} {
					tried++
					issued, err := dear(t, currency, unit, n, rate)
					if err != nil {
						refusals++
						continue
					}
					for _, inv := range issued {
						if what := misstated(inv, unit); what != "" {
							escaped++
							t.Errorf("%d %s a seat, %d seats, %d ppm: %s", unit, currency, n, rate, what)
						}
					}
				}
			}
		}
	}
	if refusals == 0 || refusals == tried {
		t.Errorf("%d of %d were refused: too few or too many to prove anything", refusals, tried)
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 31, Did: "prices up to the end of int64 × up to a million seats × taxes × JPY, EUR and KWD, opened, quoted, bought and closed",
		Bad: escaped, Of: tried, What: "overflows that got onto an invoice", More: fmt.Sprintf("%d refused in so many words", refusals),
	})
}

// dear opens an account at a price, buys what there is to buy, and closes a period. It
// gives what was issued, or why not.
func dear(t *testing.T, currency money.Currency, unit, n, rate int64) (issued []billing.Invoice, err error) {
	r := seatstest.Open(t)
	plan := seatstest.Plan()
	plan.ID, plan.Product.ID = "dear", "dear"
	plan.Prices = map[money.Currency]billing.Price{currency: {Model: billing.PerSeat, UnitMinor: unit}}
	if _, err := r.Service.PublishPlans(r.Ctx, []*seats.Plan{plan}); err != nil {
		return nil, err
	}
	in := form()
	in.PlanID, in.Currency, in.Seats, in.TaxPPM, in.Owner.Email = plan.ID, string(currency), n, rate, seatstest.Email("dear")
	opened, err := r.Service.Open(r.Ctx, seatstest.Operator(), in, seatstest.Once[seats.Opened](r.Key(), "open"))
	if err != nil {
		return nil, err
	}
	r.Account, r.Sub, r.Product = opened.Result.Account.ID, opened.Result.Subscription.ID, plan.Product.ID
	if _, err := r.Service.Bind(r.Ctx, r.Identity("dear")); err != nil {
		return nil, err
	}
	caller := r.Caller("dear")
	r.Wall.Advance(10 * 24 * time.Hour)
	q, _, quoted := r.Service.QuoteSeats(r.Ctx, caller, r.Account, r.Sub, billing.MaxSeats)
	var refusal *seats.Error
	switch {
	case errors.As(quoted, &refusal): // there are as many already
	case quoted != nil:
		return nil, quoted
	default:
		if _, err := r.Service.ConfirmSeats(r.Ctx, caller, r.Account, r.Sub, q.ID, true, seatstest.Once[seats.SeatChangeResult](r.Key(), "confirm")); err != nil {
			return nil, err
		}
	}
	r.CloseAt(r.Pool().Period.End)
	return r.Invoices(), nil
}

// misstated says what is wrong with an invoice when it is added up with numbers that
// have no end, or "".
func misstated(inv billing.Invoice, unit int64) string {
	net := new(big.Int)
	for _, l := range inv.Lines {
		whole := big.NewInt(l.Seats)
		if l.Kind == billing.LineSeatChange {
			whole.Sub(whole, big.NewInt(l.FromSeats))
		}
		exact := new(big.Rat).SetInt(whole.Mul(whole, big.NewInt(unit)))
		exact.Mul(exact, big.NewRat(l.FactorNum, max(1, l.FactorDen)))
		if want := bigRound(exact); want.Cmp(big.NewInt(l.AmountMinor)) != 0 {
			return fmt.Sprintf("the line %+v is %s", l, want)
		}
		net.Add(net, big.NewInt(l.AmountMinor))
	}
	tax := new(big.Int)
	for _, l := range inv.TaxLines {
		tax.Add(tax, bigRound(new(big.Rat).Mul(new(big.Rat).SetInt(net), big.NewRat(l.RatePPM, 1_000_000))))
	}
	total := new(big.Int).Add(net, tax)
	if net.Cmp(big.NewInt(inv.NetMinor)) != 0 || tax.Cmp(big.NewInt(inv.TaxMinor)) != 0 || total.Cmp(big.NewInt(inv.TotalMinor)) != 0 {
		return fmt.Sprintf("%d net, %d tax, %d in all are %s, %s, %s", inv.NetMinor, inv.TaxMinor, inv.TotalMinor, net, tax, total)
	}
	return ""
}

// bigRound rounds half away from zero what is not negative.
func bigRound(x *big.Rat) *big.Int {
	twice := new(big.Int).Mul(x.Num(), big.NewInt(2))
	twice.Add(twice, x.Denom())
	return twice.Quo(twice, new(big.Int).Mul(x.Denom(), big.NewInt(2)))
}
