package billing_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

func anySeats(t *rapid.T, label string) int64 {
	return rapid.OneOf(rapid.Int64Range(0, 40), rapid.Int64Range(0, billing.MaxSeats)).Draw(t, label)
}

// part is a price × factor in arbitrary precision.
func part(minor *big.Int, f billing.Factor) *big.Rat {
	return new(big.Rat).SetFrac(new(big.Int).Mul(minor, big.NewInt(f.Num)), big.NewInt(f.Den))
}

func TestTheLinesOfAnUpgradeAddUpToItsTotal(t *testing.T) {
	half := big.NewRat(1, 2)
	rapid.Check(t, func(t *rapid.T) {
		before, after := anyPrice().Draw(t, "old price"), anyPrice().Draw(t, "new price")
		f := anyFactor(t, anyLength(t))
		from, to := anySeats(t, "from"), anySeats(t, "to")
		oldPart, newPart := part(oraclePrice(&before, from), f), part(oraclePrice(&after, to), f)
		got, err := billing.PlanChangeDue(&before, &after, from, to, f)
		if err != nil {
			t.Fatal(err)
		}
		difference := new(big.Rat).Sub(newPart, oldPart)
		clamped := difference.Sign() < 0
		if clamped {
			difference.SetInt64(0)
		}
		if want := roundHalfAway(difference); want.Cmp(big.NewInt(got.TotalMinor)) != 0 {
			t.Fatalf("the total is %+v, want %s", got, want)
		}
		if want := roundHalfAway(newPart); want.Cmp(big.NewInt(got.NewMinor)) != 0 {
			t.Fatalf("the new plan's line is %+v, want %s", got, want)
		}
		if got.OldMinor+got.NewMinor != got.TotalMinor || got.OldMinor > 0 || got.TotalMinor < 0 {
			t.Fatalf("the lines do not add up: %+v", got)
		}
		// What is given back is the old plan's part, but for the two roundings.
		off := new(big.Rat).Add(oldPart, new(big.Rat).SetInt64(got.OldMinor))
		if !clamped && off.Abs(off).Cmp(new(big.Rat).Add(half, half)) > 0 {
			t.Fatalf("the old plan's line is %d for %s", got.OldMinor, oldPart)
		}
	})
}

func TestUpgradesByHand(t *testing.T) {
	monthly := func(unit int64) *billing.Price { return &billing.Price{Model: billing.PerSeat, UnitMinor: unit} }
	for _, c := range []struct {
		name       string
		old, new   *billing.Price
		from, to   int64
		f          billing.Factor
		wantOld    int64
		wantNew    int64
		wantTotals int64
	}{
		{"half a month dearer", monthly(1000), monthly(1500), 5, 5, billing.Factor{Num: 15, Den: 30}, -2500, 3750, 1250},
		{"with more seats", monthly(1000), monthly(1500), 5, 8, billing.Factor{Num: 15, Den: 30}, -2500, 6000, 3500},
		{"nothing is left", monthly(1000), monthly(1500), 5, 5, billing.Factor{Num: 0, Den: 30}, 0, 0, 0},
		{"a dearer old plan: the total is clamped", monthly(1500), monthly(1000), 5, 5, billing.Factor{Num: 15, Den: 30}, -2500, 2500, 0},
		// 10 × 1/30 is 0.33 and 20 × 1/30 is 0.67: their difference, 0.33, is nothing,
		// so the old plan's line takes the whole of the new one's back.
		{"each rounded once", monthly(10), monthly(20), 1, 1, billing.Factor{Num: 1, Den: 30}, -1, 1, 0},
		{"half a unit goes away from zero", monthly(10), monthly(25), 1, 1, billing.Factor{Num: 3, Den: 30}, -1, 3, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := billing.PlanChangeDue(c.old, c.new, c.from, c.to, c.f)
			if want := (billing.PlanChange{OldMinor: c.wantOld, NewMinor: c.wantNew, TotalMinor: c.wantTotals}); err != nil || got != want {
				t.Errorf("%+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestUpgradesThatCannotBePricedAreRefused(t *testing.T) {
	good, whole := &billing.Price{Model: billing.PerSeat, UnitMinor: 1000}, billing.Factor{Num: 30, Den: 30}
	huge := &billing.Price{Model: billing.PerSeat, UnitMinor: math.MaxInt64 - 1}
	for _, c := range []struct {
		name     string
		old, new *billing.Price
		from, to int64
		f        billing.Factor
		want     error
	}{
		{"seats below zero before", good, good, -1, 5, whole, billing.ErrSeats},
		{"too many seats after", good, good, 1, billing.MaxSeats + 1, whole, billing.ErrSeats},
		{"a factor that is no part", good, good, 1, 1, billing.Factor{Num: 31, Den: 30}, billing.ErrFactor},
		{"an old plan without price", &billing.Price{}, good, 1, 1, whole, billing.ErrPrice},
		{"a new plan without price", good, &billing.Price{}, 1, 1, whole, billing.ErrPrice},
		{"an old price beyond 63 bits", huge, good, 3, 1, whole, money.ErrOverflow},
		{"a new price beyond 63 bits", good, huge, 1, 3, whole, money.ErrOverflow},
	} {
		if _, err := billing.PlanChangeDue(c.old, c.new, c.from, c.to, c.f); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
	}
	// Two prices that fit, and a difference that does not.
	least := &billing.Price{Model: billing.PerSeat, UnitMinor: math.MinInt64}
	most := &billing.Price{Model: billing.PerSeat, UnitMinor: math.MaxInt64}
	if _, err := billing.PlanChangeDue(least, most, 1, 1, whole); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("a difference of nearly 2^64: %v, want ErrOverflow", err)
	}
}

func TestCreditIsWhatAnIncreaseOfTheSameSeatsWouldOwe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, f := anyPrice().Draw(t, "price"), anyFactor(t, anyLength(t))
		from, to := anySeats(t, "from"), anySeats(t, "to")
		difference := new(big.Int).Sub(oraclePrice(&p, from), oraclePrice(&p, to))
		if difference.Sign() < 0 {
			difference.SetInt64(0)
		}
		want := roundHalfAway(part(difference, f))
		credit, err := billing.CreditDue(&p, from, to, f)
		if err != nil || want.Cmp(big.NewInt(credit)) != 0 {
			t.Fatalf("%d, %v, want %s", credit, err, want)
		}
		bought, err := billing.IncreaseDue(&p, to, from, f)
		if err != nil {
			t.Fatal(err)
		}
		if charged, err := billing.SettleIncrease(bought); err != nil || charged != credit {
			t.Fatalf("bought for %d, %v, and given back for %d at the same instant", charged, err, credit)
		}
	})
	p := billing.Price{Model: billing.PerSeat, UnitMinor: 2000}
	if got, err := billing.CreditDue(&p, 8, 5, billing.Factor{Num: 9, Den: 30}); err != nil || got != 1800 {
		t.Errorf("three seats for nine days of thirty earn %d, %v, want 1800", got, err)
	}
	if _, err := billing.CreditDue(&p, 8, -1, billing.Factor{Num: 9, Den: 30}); !errors.Is(err, billing.ErrSeats) {
		t.Errorf("to −1 seats: error %v, want ErrSeats", err)
	}
	if _, err := billing.CreditDue(&p, 8, 5, billing.Factor{Num: 31, Den: 30}); !errors.Is(err, billing.ErrFactor) {
		t.Errorf("for more than the period: error %v, want ErrFactor", err)
	}
}

func TestANetGroupIsAddedExactlyAndRoundedOnceOnEitherSideOfZero(t *testing.T) {
	negatives := 0
	rapid.Check(t, func(t *rapid.T) {
		p := anyPrice().Draw(t, "price")
		var parts []money.Exact
		want, other := new(big.Rat), anyLength(t)
		for range rapid.IntRange(0, 8).Draw(t, "changes") {
			f, from, to := anyFactor(t, other), anySeats(t, "from"), anySeats(t, "to")
			due, err := billing.IncreaseDue(&p, from, to, f)
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, due)
			want.Add(want, part(new(big.Int).Sub(oraclePrice(&p, to), oraclePrice(&p, from)), f))
		}
		rounded := roundHalfAway(want)
		if rounded.Sign() < 0 {
			negatives++
		}
		got, err := billing.SettleNet(parts...)
		if !rounded.IsInt64() {
			if !errors.Is(err, money.ErrOverflow) {
				t.Fatalf("%d, %v, want ErrOverflow for %s", got, err, rounded)
			}
			return
		}
		if err != nil || got != rounded.Int64() {
			t.Fatalf("%d, %v, want %s", got, err, rounded)
		}
		if charged, err := billing.SettleIncrease(parts...); err != nil || charged != max(0, got) {
			t.Fatalf("clamped it is %d, %v, and not %d", charged, err, got)
		}
	})
	if negatives == 0 {
		t.Error("no group came to less than zero")
	}
	if _, err := billing.SettleNet(money.NewExact(1, 1, 30), money.NewExact(1, 1, 0)); !errors.Is(err, money.ErrDenominator) {
		t.Errorf("a part without denominator: error %v, want ErrDenominator", err)
	}
}

func TestPricingAPlanChangeAndACreditAllocatesNothing(t *testing.T) {
	before, after := &billing.Price{Model: billing.PerSeat, UnitMinor: 1000}, &billing.Price{Model: billing.PerSeat, UnitMinor: 1500}
	f := billing.Factor{Num: 9, Den: 31}
	if allocations := testing.AllocsPerRun(100, func() {
		if change, err := billing.PlanChangeDue(before, after, 5, 8, f); err != nil || change.TotalMinor <= 0 {
			t.Errorf("the upgrade costs %+v, %v", change, err)
		}
		if credit, err := billing.CreditDue(after, 8, 5, f); err != nil || credit <= 0 {
			t.Errorf("the credit is %d, %v", credit, err)
		}
	}); allocations != 0 {
		t.Errorf("%v allocations, want 0", allocations)
	}
}
