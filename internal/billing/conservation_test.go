package billing_test

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// ledger is what a period's changes came to: the exact sum of all that was charged
// and given back, and the sum of the lines that were issued for it.
type ledger struct {
	exact  *big.Rat
	issued *big.Int
	lines  int
}

// settle issues one line for a group and holds it against its exact sum.
func (l *ledger) settle(t *rapid.T, parts []money.Exact, exact *big.Rat, worst *big.Rat) {
	t.Helper()
	minor, err := billing.SettleNet(parts...)
	if err != nil {
		t.Fatal(err)
	}
	off := new(big.Rat).Sub(exact, new(big.Rat).SetInt64(minor))
	if off.Abs(off).Cmp(big.NewRat(1, 2)) > 0 {
		t.Fatalf("the line says %d for %s", minor, exact)
	}
	if off.Cmp(worst) > 0 {
		worst.Set(off)
	}
	l.exact.Add(l.exact, exact)
	l.issued.Add(l.issued, big.NewInt(minor))
	l.lines++
}

// Fault row 30. Any sequence of changes within a period, settled one by one, by the
// local day or all together, in every currency's places: the unrounded parts are
// exactly what each number of seats costs for just as long as it was held, each line
// is within half a minor unit of its parts, and a settlement of all parts is the whole
// rounded once.
func TestAnySequenceOfChangesCostsWhatTheSeatsWereHeldFor(t *testing.T) {
	zones := zonesOf(t)
	sequences, changes, lines, roundTrips := 0, 0, 0, 0
	worst := new(big.Rat)
	rapid.Check(t, func(t *rapid.T) {
		drawn := anyPeriod(zones).Draw(t, "period")
		p, loc := drawn.p, drawn.loc
		mode := rapid.SampledFrom([]billing.Proration{billing.ByDay, billing.BySecond}).Draw(t, "mode")
		settled := rapid.SampledFrom([]string{"now", "daily", "next_invoice"}).Draw(t, "settle")
		price := anyPrice().Draw(t, "price")
		seats := anySeats(t, "seats")
		books := ledger{exact: new(big.Rat), issued: new(big.Int)}
		// What the seats cost for as long as they were held, less what was paid in advance
		// at the period's start.
		held := new(big.Rat).Neg(new(big.Rat).SetInt(oraclePrice(&price, seats)))
		before := p.Factor(mode, p.Start, loc)
		group, groupExact := []money.Exact(nil), new(big.Rat)
		at, n := p.Start, rapid.IntRange(1, 10).Draw(t, "changes")
		for range n {
			next := at
			if rapid.IntRange(0, 3).Draw(t, "later") > 0 {
				next = at.Add(time.Duration(rapid.Int64Range(0, int64(p.End.Sub(at))/2).Draw(t, "by")))
			}
			newDay := billing.DateOf(next, loc) != billing.DateOf(at, loc)
			if len(group) > 0 && (settled == "now" || settled == "daily" && newDay) {
				books.settle(t, group, groupExact, worst)
				group, groupExact = nil, new(big.Rat)
			}
			at = next
			f, to := p.Factor(mode, at, loc), anySeats(t, "to")
			due, err := billing.IncreaseDue(&price, seats, to, f)
			if err != nil {
				t.Fatal(err)
			}
			group = append(group, due)
			if rapid.Bool().Draw(t, "and back") {
				// Added and dropped at one instant, in between, it changes nothing.
				other := anySeats(t, "other")
				there, err := billing.IncreaseDue(&price, to, other, f)
				if err != nil {
					t.Fatal(err)
				}
				back, err := billing.IncreaseDue(&price, other, to, f)
				if err != nil {
					t.Fatal(err)
				}
				group = append(group, there, back)
				roundTrips++
			}
			groupExact.Add(groupExact, part(new(big.Int).Sub(oraclePrice(&price, to), oraclePrice(&price, seats)), f))
			held.Add(held, part(oraclePrice(&price, seats), billing.Factor{Num: before.Num - f.Num, Den: f.Den}))
			seats, before = to, f
		}
		books.settle(t, group, groupExact, worst)
		held.Add(held, part(oraclePrice(&price, seats), before))
		if held.Cmp(books.exact) != 0 {
			t.Fatalf("the parts come to %s, the seats were held for %s", books.exact, held)
		}
		off := new(big.Rat).Sub(books.exact, new(big.Rat).SetInt(books.issued))
		if off.Abs(off).Cmp(big.NewRat(int64(books.lines), 2)) > 0 {
			t.Fatalf("%d lines are off by %s", books.lines, off)
		}
		sequences, changes, lines = sequences+1, changes+n, lines+books.lines
	})
	t.Logf("sequences %d, changes %d, lines %d, added and dropped at once %d, max error of a line %s minor units", sequences, changes, lines, roundTrips, worst.FloatString(6))
}

// Fault row 31. At any price that an int64 can hold, in any number of seats, every
// amount is the exact one or an error.
func TestNoAmountEverWrapsAround(t *testing.T) {
	cases, refused := 0, 0
	anyUnit := rapid.OneOf(rapid.Int64Range(0, billing.MaxUnitMinor), rapid.Int64Min(0), rapid.SampledFrom([]int64{1 << 62, 1<<63 - 1, 1<<63 - 2, 9_223_372_036_854}))
	rapid.Check(t, func(t *rapid.T) {
		p := billing.Price{Model: rapid.SampledFrom([]billing.PriceModel{billing.PerSeat, billing.Graduated, billing.Volume}).Draw(t, "model"), BaseMinor: anyUnit.Draw(t, "base")}
		if p.Model == billing.PerSeat {
			p.UnitMinor, p.IncludedSeats = anyUnit.Draw(t, "unit"), rapid.Int64Range(0, 3).Draw(t, "included")
		} else {
			p.Tiers = []billing.Tier{{UpTo: rapid.Int64Range(1, billing.MaxSeats).Draw(t, "end"), UnitMinor: anyUnit.Draw(t, "unit")}, {UnitMinor: anyUnit.Draw(t, "unit")}}
		}
		f := anyFactor(t, anyLength(t))
		from, to := anySeats(t, "from"), anySeats(t, "to")
		num, den := anyQuantity(t)
		whole := oracleQuantity(&p, num, den)
		largest := new(big.Int).Quo(whole.Num(), whole.Denom())
		for _, price := range []*big.Int{oraclePrice(&p, from), oraclePrice(&p, to)} {
			if price.Cmp(largest) > 0 {
				largest = price
			}
		}
		agrees := func(what string, want *big.Rat, got int64, err error) {
			t.Helper()
			cases++
			if err != nil {
				refused++
				if !errors.Is(err, money.ErrOverflow) || largest.BitLen() < 63 {
					t.Fatalf("%s: %v, with no price above %s", what, err, largest)
				}
				return
			}
			if rounded := roundHalfAway(want); rounded.Cmp(big.NewInt(got)) != 0 {
				t.Fatalf("%s is %d, want %s", what, got, rounded)
			}
		}
		settled := func(due money.Exact, err error) (int64, error) {
			if err != nil {
				return 0, err
			}
			return billing.SettleNet(due)
		}
		difference := part(new(big.Int).Sub(oraclePrice(&p, to), oraclePrice(&p, from)), f)
		got, err := settled(billing.IncreaseDue(&p, from, to, f))
		agrees("the change", difference, got, err)
		got, err = settled(billing.SubscribeDue(&p, to, f))
		agrees("the subscription", part(oraclePrice(&p, to), f), got, err)
		got, err = settled(billing.UsageDue(&p, num, den, f))
		agrees("the usage", new(big.Rat).Mul(whole, big.NewRat(f.Num, f.Den)), got, err)
		credit := new(big.Rat).Neg(difference)
		if credit.Sign() < 0 {
			credit.SetInt64(0)
		}
		got, err = billing.CreditDue(&p, from, to, f)
		agrees("the credit", credit, got, err)
	})
	if refused == 0 || refused == cases {
		t.Errorf("%d of %d amounts were refused: this test is about both kinds", refused, cases)
	}
	t.Logf("amounts %d, refused as too large %d, overflow escapes 0", cases, refused)
}

func TestAmountsOfEveryCurrencysPlaces(t *testing.T) {
	ten := billing.Factor{Num: 10, Den: 31}
	for _, c := range []struct {
		currency money.Currency
		unit     int64
		seats    int64
		want     string
	}{
		{"JPY", 333, 1, "JPY 107"}, // 107.4
		{"JPY", 1_000_000_000_000, billing.MaxSeats, "JPY 322580645161290323"}, // …322.58
		{"KWD", 1_234, 7, "KWD 2.786"},                                         // 2786.4 fils
		{"KWD", 1, 1, "KWD 0.000"},                                             // 0.32 fils
		{"EUR", 1_999, 3, "EUR 19.35"},                                         // 1934.5 cents
		{"CLF", 15_005, 2, "CLF 0.9681"},                                       // 9680.6
	} {
		p := billing.Price{Model: billing.PerSeat, UnitMinor: c.unit}
		due, err := billing.IncreaseDue(&p, 0, c.seats, ten)
		if err != nil {
			t.Fatal(err)
		}
		minor, err := billing.SettleIncrease(due)
		if got := (money.Amount{Minor: minor, Currency: c.currency}).String(); err != nil || got != c.want {
			t.Errorf("%d seats at %d: %s, %v, want %s", c.seats, c.unit, got, err, c.want)
		}
	}
}
