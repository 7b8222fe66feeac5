package billing

import (
	"errors"
	"fmt"

	"github.com/usher-seats/usher/internal/money"
)

// Limits of a price. Together they keep price(n) below 2^63 minor units: a million
// seats at the dearest unit are 10^18, the base fee adds a millionth of that.
const (
	// MaxSeats is the largest pool. The largest customers of per-seat software have a
	// few hundred thousand people.
	MaxSeats = 1_000_000
	// MaxUnitMinor is the dearest seat: ten thousand million major units in a currency
	// of two places, and still forty million dollars in the smallest unit there is.
	MaxUnitMinor = 1_000_000_000_000
	// MaxBaseMinor is the largest base fee, for the same reason.
	MaxBaseMinor = 1_000_000_000_000
	// MaxQuantityDen is the largest denominator of a quantity: a year has 366 days, and
	// with a million parts of a million seats every product still fits.
	MaxQuantityDen = 1_000_000
	// MaxTiers is more than any price list that a person can read.
	MaxTiers = 50
)

var (
	// ErrSeats reports a number of seats below zero or above MaxSeats.
	ErrSeats = fmt.Errorf("billing: seats must be from 0 to %d", MaxSeats)
	// ErrQuantity reports a quantity that is no number from 0 to MaxSeats, or whose
	// denominator is not from 1 to MaxQuantityDen.
	ErrQuantity = fmt.Errorf("billing: a quantity must be from 0 to %d, with a denominator from 1 to %d", MaxSeats, MaxQuantityDen)
	// ErrPrice reports a price that Validate would refuse.
	ErrPrice = errors.New("billing: the price is not valid")
	// ErrFactor reports a factor that is not a part of a whole.
	ErrFactor = errors.New("billing: the factor must be from 0 to 1")
)

// PriceModel is how a price grows with the number of seats.
type PriceModel string

const (
	// PerSeat: every seat above the included ones costs the unit price.
	PerSeat PriceModel = "per_seat"
	// Graduated: each seat costs the unit price of the tier that it falls in.
	Graduated PriceModel = "graduated"
	// Volume: all seats cost the unit price of the tier that their number falls in.
	Volume PriceModel = "volume"
)

// Tier is a range of seat numbers from the end of the tier before it.
type Tier struct {
	// UpTo is the last seat of the tier; 0 is no end, and only the last tier has none.
	UpTo int64
	// UnitMinor is the price of one seat in minor units.
	UnitMinor int64
}

// Price is what a pool of seats costs for one whole period, in minor units of the
// account's currency.
type Price struct {
	Model PriceModel
	// UnitMinor is the price of one seat, for PerSeat.
	UnitMinor int64
	// BaseMinor is charged for the subscription itself, whatever its seats.
	BaseMinor int64
	// IncludedSeats are covered by the base fee, for PerSeat. With tiers, a first tier
	// with unit 0 says the same.
	IncludedSeats int64
	// Tiers are in ascending order, for Graduated and Volume.
	Tiers []Tier
}

// For returns price(seats): what the pool costs for one whole period. A pool of 0
// seats costs the base fee. ErrSeats for a number out of range; ErrPrice or
// money.ErrOverflow only for a price that Validate would refuse.
func (p *Price) For(seats int64) (int64, error) {
	if seats < 0 || seats > MaxSeats {
		return 0, ErrSeats
	}
	switch p.Model {
	case PerSeat:
		return addTimes(p.BaseMinor, max(0, seats-p.IncludedSeats), p.UnitMinor)
	case Graduated:
		return p.graduated(seats)
	case Volume:
		for _, tier := range p.Tiers {
			if tier.UpTo == 0 || seats <= tier.UpTo {
				return addTimes(p.BaseMinor, seats, tier.UnitMinor)
			}
		}
	}
	return 0, ErrPrice
}

func (p *Price) graduated(seats int64) (int64, error) {
	total, below := p.BaseMinor, int64(0)
	for _, tier := range p.Tiers {
		last := seats
		if tier.UpTo != 0 {
			last = min(seats, tier.UpTo)
		}
		var err error
		if total, err = addTimes(total, last-below, tier.UnitMinor); err != nil {
			return 0, err
		}
		if last == seats {
			return total, nil
		}
		below = last
	}
	return 0, ErrPrice
}

// addTimes returns sum + n × unit.
func addTimes(sum, n, unit int64) (int64, error) {
	product, err := money.MulInt(n, unit)
	if err != nil {
		return 0, err
	}
	return money.AddInt(sum, product)
}

// ForQuantity returns the price of a fractional number of seats, num ÷ den, not
// rounded: user-days ÷ days, say. At whole numbers it is For. PerSeat and Graduated
// run straight between whole numbers of seats, the base fee is charged whole, and
// Volume takes the unit of the tier that the quantity falls in: above 10 and up to 20
// is one tier, however little it is above 10.
//
// ErrQuantity for a quantity above MaxSeats, below zero or with a denominator out of
// range; ErrPrice and money.ErrOverflow as for For, the latter also when rounding.
func (p *Price) ForQuantity(num, den int64) (money.Exact, error) {
	if den < 1 || den > MaxQuantityDen || num < 0 || num > MaxSeats*den {
		return money.Exact{}, ErrQuantity
	}
	switch p.Model {
	case PerSeat:
		// At most MaxSeats × MaxQuantityDen = 10^12, also for included seats that are
		// beyond their limit: above num nothing is charged.
		included := max(0, min(p.IncludedSeats, MaxSeats))
		return addFraction(p.BaseMinor, p.UnitMinor, max(0, num-included*den), den)
	case Graduated:
		return p.graduatedQuantity(num, den)
	case Volume:
		for _, tier := range p.Tiers {
			if tier.UpTo == 0 || num <= min(tier.UpTo, MaxSeats)*den {
				return addFraction(p.BaseMinor, tier.UnitMinor, num, den)
			}
		}
	}
	return money.Exact{}, ErrPrice
}

// graduatedQuantity adds the tiers that the quantity fills in whole seats and only
// the last one as a fraction.
func (p *Price) graduatedQuantity(num, den int64) (money.Exact, error) {
	total, below := p.BaseMinor, int64(0)
	for _, tier := range p.Tiers {
		upTo := min(tier.UpTo, MaxSeats)
		if tier.UpTo == 0 || num <= upTo*den {
			return addFraction(total, tier.UnitMinor, num-below*den, den)
		}
		var err error
		if total, err = addTimes(total, upTo-below, tier.UnitMinor); err != nil {
			return money.Exact{}, err
		}
		below = upTo
	}
	return money.Exact{}, ErrPrice
}

// addFraction returns whole + unit × num ÷ den.
func addFraction(whole, unit, num, den int64) (money.Exact, error) {
	return money.NewExact(whole, den, den).Add(money.NewExact(unit, num, den))
}

// PriceMistake is one thing wrong with a price; it is an ErrPrice.
type PriceMistake struct {
	// Location is the field, such as "tiers[1].up_to".
	Location string
	// Message says what to write instead.
	Message string
}

func (m *PriceMistake) Error() string { return m.Location + " " + m.Message }

// Is makes every mistake an ErrPrice.
func (m *PriceMistake) Is(target error) bool { return target == ErrPrice }

// Validate returns every mistake of the price, each a *PriceMistake, joined; or nil.
func (p *Price) Validate() error {
	var found mistakes
	found.outside("base", p.BaseMinor, MaxBaseMinor)
	found.outside("unit", p.UnitMinor, MaxUnitMinor)
	found.outside("included_seats", p.IncludedSeats, MaxSeats)
	switch p.Model {
	case PerSeat:
		if len(p.Tiers) > 0 {
			found.add("tiers", "have no place in per_seat pricing; remove them")
		}
	case Graduated, Volume:
		if p.UnitMinor != 0 {
			found.add("unit", "has no place in %s pricing, which has its units in the tiers; remove it", p.Model)
		}
		if p.IncludedSeats != 0 {
			found.add("included_seats", "have no place in %s pricing; give a first tier with unit 0", p.Model)
		}
		p.validateTiers(&found)
	default:
		found.add("pricing", "is %q; give per_seat, graduated or volume", string(p.Model))
	}
	return errors.Join(found...)
}

func (p *Price) validateTiers(found *mistakes) {
	if len(p.Tiers) == 0 || len(p.Tiers) > MaxTiers {
		found.add("tiers", "are %d; give 1 to %d", len(p.Tiers), MaxTiers)
		return
	}
	var before int64
	for i, tier := range p.Tiers {
		found.outside(fmt.Sprintf("tiers[%d].unit", i), tier.UnitMinor, MaxUnitMinor)
		upTo := fmt.Sprintf("tiers[%d].up_to", i)
		last := i == len(p.Tiers)-1
		switch {
		case last && tier.UpTo != 0:
			found.add(upTo, "is %d; the last tier must have no end", tier.UpTo)
		case last:
		case tier.UpTo == 0:
			found.add(upTo, "is missing; only the last tier has no end")
		case tier.UpTo <= before || tier.UpTo > MaxSeats:
			found.add(upTo, "is %d; give more than %d, the end of the tier before, and at most %d", tier.UpTo, before, MaxSeats)
		}
		before = max(before, tier.UpTo)
	}
}

type mistakes []error

func (m *mistakes) add(location, format string, args ...any) {
	*m = append(*m, &PriceMistake{Location: location, Message: fmt.Sprintf(format, args...)})
}

func (m *mistakes) outside(location string, value, most int64) {
	if value < 0 || value > most {
		m.add(location, "is %d; give 0 to %d", value, most)
	}
}
