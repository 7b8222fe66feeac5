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

// oracleQuantity is the price of num ÷ den seats in arbitrary precision and in its own
// words: the price of the whole seats, and the fraction of a seat at the price of the
// seat that it is of.
func oracleQuantity(p *billing.Price, num, den int64) *big.Rat {
	whole := num / den
	at := new(big.Rat).SetInt(oraclePrice(p, whole))
	if num%den == 0 {
		return at
	}
	next := new(big.Rat).SetInt(oraclePrice(p, whole+1))
	if p.Model == billing.Volume {
		base := new(big.Rat).SetInt64(p.BaseMinor)
		unit := next.Sub(next, base)
		unit.Quo(unit, new(big.Rat).SetInt64(whole+1))
		return unit.Mul(unit, big.NewRat(num, den)).Add(unit, base)
	}
	step := next.Sub(next, at)
	return step.Mul(step, big.NewRat(num%den, den)).Add(step, at)
}

// anyQuantity draws user-days ÷ days, and other fractions up to the limits.
func anyQuantity(t *rapid.T) (num, den int64) {
	den = rapid.OneOf(rapid.SampledFrom([]int64{1, 28, 29, 30, 31, 365, 366, billing.MaxQuantityDen}), rapid.Int64Range(1, billing.MaxQuantityDen)).Draw(t, "quantity's den")
	num = rapid.OneOf(rapid.Int64Range(0, min(40, billing.MaxSeats)*den), rapid.Int64Range(0, billing.MaxSeats*den), rapid.Just(billing.MaxSeats*den)).Draw(t, "quantity's num")
	return num, den
}

func TestFractionsOfSeatsAgreeWithTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPrice().Draw(t, "price")
		num, den := anyQuantity(t)
		for _, tier := range p.Tiers {
			if rapid.Bool().Draw(t, "at a tier's edge") {
				num = min(max(0, tier.UpTo*den+rapid.Int64Range(-1, 1).Draw(t, "past")), billing.MaxSeats*den)
			}
		}
		f := anyFactor(t, anyLength(t))
		due, err := billing.UsageDue(&p, num, den, f)
		if err != nil {
			t.Fatal(err)
		}
		want := oracleQuantity(&p, num, den)
		want.Mul(want, big.NewRat(f.Num, f.Den))
		got, err := due.Round()
		if rounded := roundHalfAway(want); err != nil || rounded.Cmp(big.NewInt(got)) != 0 {
			t.Fatalf("%d/%d seats for %d/%d cost %d, %v, want %s", num, den, f.Num, f.Den, got, err, want)
		}
	})
}

func TestAWholeQuantityCostsWhatSoManySeatsDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPrice().Draw(t, "price")
		seats := rapid.OneOf(rapid.Int64Range(0, 40), rapid.Int64Range(0, billing.MaxSeats)).Draw(t, "seats")
		den := rapid.Int64Range(1, billing.MaxQuantityDen).Draw(t, "den")
		want, err := p.For(seats)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.ForQuantity(seats*den, den)
		if err != nil {
			t.Fatal(err)
		}
		if order, err := got.Cmp(money.NewExact(want, 1, 1)); err != nil || order != 0 {
			t.Fatalf("%d × %d/%d seats cost %+v, %v, want %d", seats, den, den, got, err, want)
		}
	})
}

func TestFractionsOfSeatsByHand(t *testing.T) {
	perSeat := billing.Price{Model: billing.PerSeat, UnitMinor: 3000, BaseMinor: 4900, IncludedSeats: 3}
	tiers := []billing.Tier{{UpTo: 10, UnitMinor: 1000}, {UpTo: 20, UnitMinor: 800}, {UnitMinor: 500}}
	graduated := billing.Price{Model: billing.Graduated, BaseMinor: 100, Tiers: tiers}
	volume := billing.Price{Model: billing.Volume, BaseMinor: 100, Tiers: tiers}
	for _, c := range []struct {
		name     string
		price    *billing.Price
		num, den int64
		want     int64
	}{
		{"nobody pays the base fee whole", &perSeat, 0, 30, 4900},
		{"within the included seats", &perSeat, 89, 30, 4900},
		{"one day of one seat above them", &perSeat, 91, 30, 5000},
		{"four and a half seats", &perSeat, 135, 30, 9400},
		{"half a seat of the first tier", &graduated, 15, 30, 600},
		{"the whole first tier", &graduated, 300, 30, 10_100},
		{"half a seat into the second tier", &graduated, 315, 30, 10_500},
		{"half a seat into the last tier", &graduated, 615, 30, 18_350},
		{"all at the first tier's unit", &volume, 300, 30, 10_100},
		{"a day above it: all at the second's", &volume, 301, 30, 8127},
		{"a day above that: all at the last's", &volume, 601, 30, 10_117},
	} {
		t.Run(c.name, func(t *testing.T) {
			exact, err := c.price.ForQuantity(c.num, c.den)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := exact.Round(); err != nil || got != c.want {
				t.Errorf("%d/%d seats cost %d, %v, want %d", c.num, c.den, got, err, c.want)
			}
		})
	}
}

func TestQuantitiesOutOfRangeAreRefused(t *testing.T) {
	whole := billing.Factor{Num: 1, Den: 1}
	p := billing.Price{Model: billing.PerSeat, UnitMinor: 1}
	for _, q := range [][2]int64{
		{-1, 30}, {1, 0}, {0, 0}, {1, -30}, {billing.MaxSeats*30 + 1, 30}, {billing.MaxSeats + 1, 1}, {1, billing.MaxQuantityDen + 1},
		{math.MaxInt64, 1}, {math.MaxInt64, math.MaxInt64}, {math.MinInt64, 1},
	} {
		if _, err := p.ForQuantity(q[0], q[1]); !errors.Is(err, billing.ErrQuantity) {
			t.Errorf("%d/%d: error %v, want ErrQuantity", q[0], q[1], err)
		}
		if _, err := billing.UsageDue(&p, q[0], q[1], whole); !errors.Is(err, billing.ErrQuantity) {
			t.Errorf("usage of %d/%d: error %v, want ErrQuantity", q[0], q[1], err)
		}
	}
	for _, q := range [][2]int64{{billing.MaxSeats * billing.MaxQuantityDen, billing.MaxQuantityDen}, {billing.MaxSeats, 1}, {0, 1}} {
		if _, err := p.ForQuantity(q[0], q[1]); err != nil {
			t.Errorf("%d/%d, at the limit: %v", q[0], q[1], err)
		}
	}
	for _, f := range []billing.Factor{{}, {Num: -1, Den: 30}, {Num: 31, Den: 30}} {
		if _, err := billing.UsageDue(&p, 1, 30, f); !errors.Is(err, billing.ErrFactor) {
			t.Errorf("factor %+v: error %v, want ErrFactor", f, err)
		}
	}
}

// A price that Validate refuses must end in an error here too, now or when rounding.
func TestQuantitiesAtPricesThatValidateRefusesEndInAnError(t *testing.T) {
	const huge = math.MaxInt64 - 1
	for _, p := range []billing.Price{
		{},
		{Model: "flat"},
		{Model: billing.Graduated},
		{Model: billing.Volume},
		{Model: billing.Graduated, Tiers: []billing.Tier{{UpTo: 2, UnitMinor: 1}}},
		{Model: billing.Volume, Tiers: []billing.Tier{{UpTo: 2, UnitMinor: 1}}},
	} {
		if got, err := p.ForQuantity(151, 30); !errors.Is(err, billing.ErrPrice) {
			t.Errorf("%+v: %+v, %v, want ErrPrice", p, got, err)
		}
	}
	for _, p := range []billing.Price{
		{Model: billing.PerSeat, UnitMinor: huge},
		{Model: billing.PerSeat, UnitMinor: 1, BaseMinor: math.MaxInt64},
		{Model: billing.Graduated, Tiers: []billing.Tier{{UpTo: 1, UnitMinor: huge}, {UnitMinor: huge}}},
		{Model: billing.Graduated, Tiers: []billing.Tier{{UpTo: 2, UnitMinor: huge}, {UnitMinor: 1}}},
		{Model: billing.Volume, Tiers: []billing.Tier{{UnitMinor: huge}}},
	} {
		for _, q := range [][2]int64{{91, 30}, {billing.MaxSeats * billing.MaxQuantityDen, billing.MaxQuantityDen}} {
			due, err := billing.UsageDue(&p, q[0], q[1], billing.Factor{Num: 31_536_000, Den: 31_536_000})
			if err == nil {
				_, err = due.Round()
			}
			if !errors.Is(err, money.ErrOverflow) {
				t.Errorf("%+v for %d/%d seats: %v, want ErrOverflow", p, q[0], q[1], err)
			}
		}
	}
}

func TestTheLimitsLeaveRoomForEveryProduct(t *testing.T) {
	for _, model := range []billing.PriceModel{billing.PerSeat, billing.Graduated, billing.Volume} {
		p := billing.Price{Model: model, BaseMinor: billing.MaxBaseMinor}
		if model == billing.PerSeat {
			p.UnitMinor = billing.MaxUnitMinor
		} else {
			p.Tiers = []billing.Tier{{UpTo: 1, UnitMinor: billing.MaxUnitMinor}, {UnitMinor: billing.MaxUnitMinor}}
		}
		// All of a leap year but its first second.
		f := billing.Factor{Num: 366*24*60*60 - 1, Den: 366 * 24 * 60 * 60}
		due, err := billing.UsageDue(&p, billing.MaxSeats*billing.MaxQuantityDen, billing.MaxQuantityDen, f)
		if err != nil {
			t.Fatalf("%s: %v", model, err)
		}
		want := roundHalfAway(new(big.Rat).Mul(new(big.Rat).SetInt64(1_000_001_000_000_000_000), big.NewRat(f.Num, f.Den)))
		if got, err := due.Round(); err != nil || want.Cmp(big.NewInt(got)) != 0 {
			t.Errorf("%s: %d, %v, want %s", model, got, err, want)
		}
	}
}

func TestPricingUsageAllocatesNothing(t *testing.T) {
	p := billing.Price{Model: billing.Graduated, Tiers: []billing.Tier{{UpTo: 10, UnitMinor: 1000}, {UnitMinor: 800}}}
	if allocations := testing.AllocsPerRun(100, func() {
		if due, err := billing.UsageDue(&p, 421, 30, billing.Factor{Num: 9, Den: 30}); err != nil || due.Sign() <= 0 {
			t.Errorf("the usage costs %+v, %v", due, err)
		}
	}); allocations != 0 {
		t.Errorf("%v allocations, want 0", allocations)
	}
}
