package billing_test

import (
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// roundHalfAway rounds with arbitrary precision: the oracle of every amount here.
func roundHalfAway(r *big.Rat) *big.Int {
	doubled := new(big.Int).Lsh(new(big.Int).Abs(r.Num()), 1)
	doubled.Add(doubled, r.Denom())
	doubled.Quo(doubled, new(big.Int).Lsh(r.Denom(), 1))
	if r.Sign() < 0 {
		doubled.Neg(doubled)
	}
	return doubled
}

func anyPeriod(zones []*time.Location) *rapid.Generator[struct {
	p   billing.Period
	loc *time.Location
}] {
	return rapid.Custom(func(t *rapid.T) (drawn struct {
		p   billing.Period
		loc *time.Location
	}) {
		drawn.loc = rapid.SampledFrom(zones).Draw(t, "zone")
		anchor := anyAnchor().Draw(t, "anchor")
		at := anchor.AddDays(rapid.IntRange(-400, 400).Draw(t, "days")).StartIn(drawn.loc)
		drawn.p = billing.CycleAt(anchor, anyInterval().Draw(t, "interval"), drawn.loc, at)
		return drawn
	})
}

// A whole period, cut at instants of its own, by days at the starts of days: the
// parts between the cuts add up to the whole, and so does their money.
func TestThePartsOfAPeriodAddUpToTheWhole(t *testing.T) {
	zones := zonesOf(t)
	rapid.Check(t, func(t *rapid.T) {
		drawn := anyPeriod(zones).Draw(t, "period")
		p, loc := drawn.p, drawn.loc
		mode := rapid.SampledFrom([]billing.Proration{billing.ByDay, billing.BySecond}).Draw(t, "mode")
		cuts := []time.Time{p.Start, p.End}
		for range rapid.IntRange(0, 12).Draw(t, "cuts") {
			if mode == billing.ByDay {
				day := rapid.IntRange(0, p.StartDate.DaysUntil(p.EndDate)).Draw(t, "day")
				cuts = append(cuts, p.StartDate.AddDays(day).StartIn(loc))
			} else {
				cuts = append(cuts, p.Start.Add(time.Duration(rapid.Int64Range(0, int64(p.End.Sub(p.Start))).Draw(t, "nanoseconds"))))
			}
		}
		slices.SortFunc(cuts, time.Time.Compare)
		unit := rapid.Int64Range(0, billing.MaxUnitMinor).Draw(t, "unit")
		var parts int64
		var sum money.Exact
		for i := range len(cuts) - 1 {
			from, to := p.Factor(mode, cuts[i], loc), p.Factor(mode, cuts[i+1], loc)
			if from.Den != to.Den || to.Num > from.Num {
				t.Fatalf("from %s to %s the factor goes from %+v to %+v", cuts[i], cuts[i+1], from, to)
			}
			parts += from.Num - to.Num
			var err error
			if sum, err = sum.Add(money.NewExact(unit, from.Num-to.Num, from.Den)); err != nil {
				t.Fatal(err)
			}
		}
		whole := p.Factor(mode, p.Start, loc)
		if whole.Num != whole.Den || parts != whole.Den {
			t.Fatalf("the parts add up to %d of %+v", parts, whole)
		}
		if got, err := billing.SettleIncrease(sum); err != nil || got != unit {
			t.Fatalf("the money of the parts is %d, %v, want %d", got, err, unit)
		}
	})
}

func TestDaysAreCountedByTheLocalDateAndSecondsAsTheyElapse(t *testing.T) {
	zones := zonesOf(t)
	rapid.Check(t, func(t *rapid.T) {
		drawn := anyPeriod(zones).Draw(t, "period")
		p, loc := drawn.p, drawn.loc
		at := p.Start.Add(time.Duration(rapid.Int64Range(0, int64(p.End.Sub(p.Start))-1).Draw(t, "at")))
		local := at.In(loc)
		today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
		end := time.Date(p.EndDate.Year, p.EndDate.Month, p.EndDate.Day, 0, 0, 0, 0, time.UTC)
		start := time.Date(p.StartDate.Year, p.StartDate.Month, p.StartDate.Day, 0, 0, 0, 0, time.UTC)
		if today.Before(start) {
			today = start
		}
		const day = 24 * time.Hour
		want := billing.Factor{Num: int64(end.Sub(today) / day), Den: int64(end.Sub(start) / day)}
		if got := p.Factor(billing.ByDay, at, loc); got != want || got.Num < 1 {
			t.Fatalf("by day %+v at %s, want %+v", got, local, want)
		}
		elapsed := at.Truncate(time.Second).Unix() - p.Start.Unix()
		want = billing.Factor{Num: p.End.Unix() - p.Start.Unix() - elapsed, Den: p.End.Unix() - p.Start.Unix()}
		if got := p.Factor(billing.BySecond, at, loc); got != want {
			t.Fatalf("by second %+v at %s, want %+v", got, at, want)
		}
		if got := p.Factor(billing.NoProration, at, loc); got != (billing.Factor{Num: 0, Den: 1}) {
			t.Fatalf("without proration %+v", got)
		}
	})
}

// anyFactor draws a part of a month, of a year or of their seconds, or of other, the
// one odd period that a case may have: a group whose periods are all of different
// lengths has no common denominator that fits, and Exact.Add says so.
func anyFactor(t *rapid.T, other int64) billing.Factor {
	den := rapid.SampledFrom([]int64{1, 28, 29, 30, 31, 365, 366, 2_678_400, 2_682_000, other}).Draw(t, "den")
	return billing.Factor{Num: rapid.Int64Range(0, den).Draw(t, "num"), Den: den}
}

func anyLength(t *rapid.T) int64 { return rapid.Int64Range(1, 366).Draw(t, "another length") }

func TestAGroupIsAddedExactlyClampedAndRoundedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		price := anyPrice().Draw(t, "price")
		var parts []money.Exact
		want, other := new(big.Rat), anyLength(t)
		for range rapid.IntRange(0, 8).Draw(t, "changes") {
			f := anyFactor(t, other)
			from, to := rapid.Int64Range(0, billing.MaxSeats).Draw(t, "from"), rapid.Int64Range(0, billing.MaxSeats).Draw(t, "to")
			part, err := billing.IncreaseDue(&price, from, to, f)
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, part)
			difference := new(big.Int).Sub(oraclePrice(&price, to), oraclePrice(&price, from))
			want.Add(want, new(big.Rat).SetFrac(difference.Mul(difference, big.NewInt(f.Num)), big.NewInt(f.Den)))
		}
		if want.Sign() < 0 {
			want.SetInt64(0)
		}
		rounded := roundHalfAway(want)
		got, err := billing.SettleIncrease(parts...)
		if !rounded.IsInt64() {
			if !errors.Is(err, money.ErrOverflow) {
				t.Fatalf("%d, %v, want ErrOverflow for %s", got, err, rounded)
			}
			return
		}
		if err != nil || got != rounded.Int64() {
			t.Fatalf("%d, %v, want %s", got, err, rounded)
		}
	})
}

func TestAddingAndDroppingAtOneInstantIsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		price, f := anyPrice().Draw(t, "price"), anyFactor(t, anyLength(t))
		from, to := rapid.Int64Range(0, billing.MaxSeats).Draw(t, "from"), rapid.Int64Range(0, billing.MaxSeats).Draw(t, "to")
		there, err := billing.IncreaseDue(&price, from, to, f)
		if err != nil {
			t.Fatal(err)
		}
		back, err := billing.IncreaseDue(&price, to, from, f)
		if err != nil {
			t.Fatal(err)
		}
		sum, err := there.Add(back)
		if err != nil || sum.Sign() != 0 {
			t.Fatalf("there and back is %+v, %v", sum, err)
		}
		if got, err := billing.SettleIncrease(there, back); err != nil || got != 0 {
			t.Fatalf("there and back costs %d, %v", got, err)
		}
		alone, err := billing.SettleIncrease(there)
		if err != nil || alone < 0 {
			t.Fatalf("one change costs %d, %v", alone, err)
		}
	})
}

func TestASubscriptionPaysItsBaseFeeAndAnIncreaseDoesNot(t *testing.T) {
	price := billing.Price{Model: billing.PerSeat, UnitMinor: 1500, BaseMinor: 4900, IncludedSeats: 3}
	half := billing.Factor{Num: 15, Den: 30}
	settle := func(part money.Exact, err error) int64 {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		minor, err := billing.SettleIncrease(part)
		if err != nil {
			t.Fatal(err)
		}
		return minor
	}
	if got := settle(billing.SubscribeDue(&price, 5, half)); got != 3950 {
		t.Errorf("subscribing to 5 seats costs %d, want 3950", got)
	}
	if got := settle(billing.IncreaseDue(&price, 0, 5, half)); got != 1500 {
		t.Errorf("growing from 0 to 5 costs %d, want 1500", got)
	}
	if got := settle(billing.SubscribeDue(&price, 0, half)); got != 2450 {
		t.Errorf("a pool of 0 seats costs %d, want half the base fee, 2450", got)
	}
}

func TestFactorsThatAreNoPartAreRefused(t *testing.T) {
	price := billing.Price{Model: billing.PerSeat, UnitMinor: 1500}
	for _, f := range []billing.Factor{{}, {Num: 1}, {Num: -1, Den: 30}, {Num: 31, Den: 30}, {Num: 1, Den: -30}} {
		if _, err := billing.IncreaseDue(&price, 1, 2, f); !errors.Is(err, billing.ErrFactor) {
			t.Errorf("factor %+v: error %v, want ErrFactor", f, err)
		}
		if _, err := billing.SubscribeDue(&price, 2, f); !errors.Is(err, billing.ErrFactor) {
			t.Errorf("factor %+v: error %v, want ErrFactor", f, err)
		}
	}
}

func TestSeatsOutOfRangeAreRefusedOnEitherSideOfAChange(t *testing.T) {
	price := billing.Price{Model: billing.PerSeat, UnitMinor: 1500}
	whole := billing.Factor{Num: 30, Den: 30}
	if _, err := billing.IncreaseDue(&price, -1, 2, whole); !errors.Is(err, billing.ErrSeats) {
		t.Errorf("from −1 seats: error %v, want ErrSeats", err)
	}
	if _, err := billing.IncreaseDue(&price, 1, billing.MaxSeats+1, whole); !errors.Is(err, billing.ErrSeats) {
		t.Errorf("to more than MaxSeats: error %v, want ErrSeats", err)
	}
	if _, err := billing.SubscribeDue(&price, billing.MaxSeats+1, whole); !errors.Is(err, billing.ErrSeats) {
		t.Errorf("a new pool above MaxSeats: error %v, want ErrSeats", err)
	}
	if _, err := billing.SettleIncrease(money.NewExact(1, 1, 30), money.NewExact(1, 1, 0)); !errors.Is(err, money.ErrDenominator) {
		t.Errorf("a part without denominator: error %v, want ErrDenominator", err)
	}
}

func TestPricingASeatChangeAllocatesNothing(t *testing.T) {
	price, period, at, loc := midCycle(t)
	for _, mode := range []billing.Proration{billing.ByDay, billing.BySecond} {
		if allocations := testing.AllocsPerRun(100, func() {
			if got := priceChange(t, &price, &period, mode, at, loc); got <= 0 {
				t.Errorf("the change costs %d", got)
			}
		}); allocations != 0 {
			t.Errorf("by %s: %v allocations, want 0", mode, allocations)
		}
	}
	anchor := date(t, "2026-10-31")
	if allocations := testing.AllocsPerRun(100, func() {
		p := billing.CycleAt(anchor, billing.Year, loc, at)
		if p = p.Next(anchor, billing.Year, loc); !p.Start.After(at) {
			t.Errorf("the next period starts at %s", p.Start)
		}
	}); allocations != 0 {
		t.Errorf("the calendar: %v allocations, want 0", allocations)
	}
}
