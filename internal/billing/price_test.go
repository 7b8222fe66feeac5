package billing_test

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// anyPrice draws valid prices, up to their limits.
func anyPrice() *rapid.Generator[billing.Price] {
	unit := rapid.OneOf(rapid.Int64Range(0, 100_000), rapid.Int64Range(0, billing.MaxUnitMinor), rapid.Just[int64](billing.MaxUnitMinor))
	return rapid.Custom(func(t *rapid.T) billing.Price {
		p := billing.Price{
			Model:     rapid.SampledFrom([]billing.PriceModel{billing.PerSeat, billing.Graduated, billing.Volume}).Draw(t, "model"),
			BaseMinor: rapid.OneOf(rapid.Just[int64](0), rapid.Int64Range(0, billing.MaxBaseMinor)).Draw(t, "base"),
		}
		if p.Model == billing.PerSeat {
			p.UnitMinor = unit.Draw(t, "unit")
			p.IncludedSeats = rapid.OneOf(rapid.Int64Range(0, 10), rapid.Int64Range(0, billing.MaxSeats)).Draw(t, "included")
			return p
		}
		ends := rapid.SliceOfNDistinct(rapid.OneOf(rapid.Int64Range(1, 30), rapid.Int64Range(1, billing.MaxSeats)), 0, 8, rapid.ID[int64]).Draw(t, "ends")
		slices.Sort(ends)
		for _, end := range append(ends, 0) {
			p.Tiers = append(p.Tiers, billing.Tier{UpTo: end, UnitMinor: unit.Draw(t, "unit")})
		}
		return p
	})
}

// oraclePrice adds up seat by seat what each tier says, in arbitrary precision and in
// its own words: how many seat numbers lie in each tier.
func oraclePrice(p *billing.Price, seats int64) *big.Int {
	total := big.NewInt(p.BaseMinor)
	add := func(n, unit int64) {
		if n > 0 {
			total.Add(total, new(big.Int).Mul(big.NewInt(n), big.NewInt(unit)))
		}
	}
	if p.Model == billing.PerSeat {
		add(seats-p.IncludedSeats, p.UnitMinor)
		return total
	}
	first := int64(1)
	for _, tier := range p.Tiers {
		last := tier.UpTo
		if last == 0 {
			last = math.MaxInt64
		}
		if p.Model == billing.Graduated {
			add(min(seats, last)-first+1, tier.UnitMinor)
		} else if first <= seats && seats <= last {
			add(seats, tier.UnitMinor)
		}
		first = last + 1
		if tier.UpTo == 0 {
			break
		}
	}
	return total
}

func TestPricesAgreeWithTheOracleUpToTheirLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPrice().Draw(t, "price")
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		seats := rapid.OneOf(rapid.Int64Range(0, 40), rapid.Int64Range(0, billing.MaxSeats), rapid.Just[int64](billing.MaxSeats)).Draw(t, "seats")
		for _, tier := range p.Tiers {
			if rapid.Bool().Draw(t, "at a tier's edge") {
				seats = min(tier.UpTo+rapid.Int64Range(0, 1).Draw(t, "past"), billing.MaxSeats)
			}
		}
		got, err := p.For(seats)
		if want := oraclePrice(&p, seats); err != nil || want.Cmp(big.NewInt(got)) != 0 {
			t.Fatalf("%d seats cost %d, %v, want %s", seats, got, err, want)
		}
	})
}

func TestTheLimitsOfAPriceLeaveNoRoomForOverflow(t *testing.T) {
	dearest := []billing.Price{
		{Model: billing.PerSeat, UnitMinor: billing.MaxUnitMinor, BaseMinor: billing.MaxBaseMinor},
		{Model: billing.Graduated, BaseMinor: billing.MaxBaseMinor, Tiers: []billing.Tier{{UpTo: 1, UnitMinor: billing.MaxUnitMinor}, {UnitMinor: billing.MaxUnitMinor}}},
		{Model: billing.Volume, BaseMinor: billing.MaxBaseMinor, Tiers: []billing.Tier{{UnitMinor: billing.MaxUnitMinor}}},
	}
	for _, p := range dearest {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", p.Model, err)
		}
		if got, err := p.For(billing.MaxSeats); err != nil || got != 1_000_001_000_000_000_000 {
			t.Errorf("%s: %d, %v", p.Model, got, err)
		}
	}
}

// In yen, in fils, with a million seats: what does not fit is said, never wrapped.
func TestPricesNearTheEndOfInt64AreErrors(t *testing.T) {
	const huge = math.MaxInt64 - 1
	for _, p := range []billing.Price{
		{Model: billing.PerSeat, UnitMinor: huge},
		{Model: billing.PerSeat, UnitMinor: 1, BaseMinor: math.MaxInt64},
		{Model: billing.Graduated, Tiers: []billing.Tier{{UpTo: 1, UnitMinor: huge}, {UnitMinor: huge}}},
		{Model: billing.Graduated, Tiers: []billing.Tier{{UpTo: 1, UnitMinor: 1}, {UnitMinor: huge}}},
		{Model: billing.Volume, Tiers: []billing.Tier{{UnitMinor: huge}}},
	} {
		for _, seats := range []int64{3, billing.MaxSeats} {
			if got, err := p.For(seats); !errors.Is(err, money.ErrOverflow) {
				t.Errorf("%+v for %d seats: %d, %v, want ErrOverflow", p, seats, got, err)
			}
		}
		if err := p.Validate(); !errors.Is(err, billing.ErrPrice) {
			t.Errorf("%+v: Validate says %v", p, err)
		}
		if _, err := billing.IncreaseDue(&p, 3, 4, billing.Factor{Num: 1, Den: 30}); !errors.Is(err, money.ErrOverflow) {
			t.Errorf("%+v: an increase says %v", p, err)
		}
	}
	// Two prices that fit, and a difference that does not.
	p := billing.Price{Model: billing.Volume, Tiers: []billing.Tier{{UpTo: 1, UnitMinor: math.MinInt64}, {UnitMinor: math.MaxInt64 / 2}}}
	if _, err := billing.IncreaseDue(&p, 1, 2, billing.Factor{Num: 1, Den: 1}); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("a difference of nearly 2^64: %v, want ErrOverflow", err)
	}
}

func TestSeatsOutOfRangeAreRefused(t *testing.T) {
	p := billing.Price{Model: billing.PerSeat, UnitMinor: 1}
	for _, seats := range []int64{-1, billing.MaxSeats + 1, math.MaxInt64, math.MinInt64} {
		if _, err := p.For(seats); !errors.Is(err, billing.ErrSeats) {
			t.Errorf("%d seats: error %v, want ErrSeats", seats, err)
		}
	}
	if got, err := p.For(billing.MaxSeats); err != nil || got != billing.MaxSeats {
		t.Errorf("the largest pool costs %d, %v", got, err)
	}
}

func TestPricesThatValidateRefusesEndInAnError(t *testing.T) {
	for _, p := range []billing.Price{
		{},
		{Model: "flat"},
		{Model: billing.Graduated},
		{Model: billing.Volume},
		{Model: billing.Graduated, Tiers: []billing.Tier{{UpTo: 2, UnitMinor: 1}}},
		{Model: billing.Volume, Tiers: []billing.Tier{{UpTo: 2, UnitMinor: 1}}},
	} {
		if got, err := p.For(5); !errors.Is(err, billing.ErrPrice) {
			t.Errorf("%+v: %d, %v, want ErrPrice", p, got, err)
		}
	}
}

func TestValidateListsEveryMistake(t *testing.T) {
	tiers := func(tiers ...billing.Tier) []billing.Tier { return tiers }
	for _, c := range []struct {
		name  string
		price billing.Price
		want  []string
	}{
		{"no model", billing.Price{}, []string{"pricing"}},
		{"everything below zero", billing.Price{Model: billing.PerSeat, UnitMinor: -1, BaseMinor: -1, IncludedSeats: -1}, []string{"base", "unit", "included_seats"}},
		{"one past every limit", billing.Price{Model: billing.PerSeat, UnitMinor: billing.MaxUnitMinor + 1, BaseMinor: billing.MaxBaseMinor + 1, IncludedSeats: billing.MaxSeats + 1}, []string{"base", "unit", "included_seats"}},
		{"tiers where there is a unit", billing.Price{Model: billing.PerSeat, Tiers: tiers(billing.Tier{UnitMinor: 1})}, []string{"tiers"}},
		{"a unit where there are tiers", billing.Price{Model: billing.Volume, UnitMinor: 5, IncludedSeats: 1, Tiers: tiers(billing.Tier{UnitMinor: 1})}, []string{"unit", "included_seats"}},
		{"no tiers", billing.Price{Model: billing.Graduated}, []string{"tiers"}},
		{"too many tiers", billing.Price{Model: billing.Graduated, Tiers: make([]billing.Tier, billing.MaxTiers+1)}, []string{"tiers"}},
		{"an end to the last tier", billing.Price{Model: billing.Graduated, Tiers: tiers(billing.Tier{UpTo: 5})}, []string{"tiers[0].up_to"}},
		{"no end before the last", billing.Price{Model: billing.Volume, Tiers: tiers(billing.Tier{}, billing.Tier{})}, []string{"tiers[0].up_to"}},
		{"tiers out of order, a price too high", billing.Price{Model: billing.Volume, Tiers: tiers(billing.Tier{UpTo: 9}, billing.Tier{UpTo: 9, UnitMinor: -1}, billing.Tier{UpTo: 3}, billing.Tier{UpTo: billing.MaxSeats + 1}, billing.Tier{UnitMinor: billing.MaxUnitMinor + 1})}, []string{"tiers[1].unit", "tiers[1].up_to", "tiers[2].up_to", "tiers[3].up_to", "tiers[4].unit"}},
		{"as it should be", billing.Price{Model: billing.Volume, Tiers: tiers(billing.Tier{UpTo: 9, UnitMinor: 3}, billing.Tier{UnitMinor: 2})}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.price.Validate()
			var got []string
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				for _, one := range joined.Unwrap() {
					var mistake *billing.PriceMistake
					if !errors.As(one, &mistake) || !errors.Is(one, billing.ErrPrice) || mistake.Message == "" {
						t.Fatalf("%v is not a mistake of the price", one)
					}
					got = append(got, mistake.Location)
				}
			}
			if (err != nil) != (c.want != nil) || !slices.Equal(got, c.want) {
				t.Errorf("mistakes at %v, want %v:\n%v", got, c.want, err)
			}
		})
	}
}
