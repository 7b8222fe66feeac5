package seats_test

import (
	"math/big"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// What follows is the calendar and the price list once more, as a person would work
// them out with a wall calendar: step by step, without the arithmetic under test.

// naiveDate is a day, as midnight of that date in UTC.
type naiveDate = time.Time

func naiveDateOf(at time.Time, loc *time.Location) naiveDate {
	y, m, d := at.In(loc).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// naiveBoundary is the n-th boundary: the anchor's day in the n-th month after it,
// or that month's last day.
func naiveBoundary(anchor naiveDate, n int) naiveDate {
	first := time.Date(anchor.Year(), anchor.Month(), 1, 0, 0, 0, 0, time.UTC)
	for range n {
		first = first.AddDate(0, 1, 0)
	}
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(anchor.Day(), last)-1)
}

// naiveStart looks, minute by minute, for the first whose local date is d or later.
func naiveStart(d naiveDate, loc *time.Location) time.Time {
	at := d.Add(-16 * time.Hour)
	for naiveDateOf(at, loc).Before(d) {
		at = at.Add(time.Minute)
	}
	return at
}

// naiveDays counts days on the fingers.
func naiveDays(from, to naiveDate) int64 {
	days := int64(0)
	for ; from.Before(to); from = from.AddDate(0, 0, 1) {
		days++
	}
	return days
}

// naivePeriod is a billing cycle.
type naivePeriod struct {
	index            int
	startDay, endDay naiveDate
	start, end       time.Time
}

// naiveFactor is the part of a period that is left.
func naiveFactor(p naivePeriod, mode billing.Proration, at time.Time, loc *time.Location) *big.Rat {
	switch mode {
	case billing.ByDay:
		today := naiveDateOf(at, loc)
		if !at.After(p.start) {
			today = p.startDay
		}
		return big.NewRat(naiveDays(today, p.endDay), naiveDays(p.startDay, p.endDay))
	case billing.BySecond:
		whole, gone := int64(0), int64(0)
		whole = p.end.Unix() - p.start.Unix()
		if at.After(p.start) {
			gone = at.Unix() - p.start.Unix()
		}
		return big.NewRat(whole-gone, whole)
	}
	return new(big.Rat)
}

// naivePrice adds up seat by seat.
func naivePrice(p *billing.Price, n int64) int64 {
	total := p.BaseMinor
	for seat := int64(1); seat <= n; seat++ {
		switch p.Model {
		case billing.PerSeat:
			if seat > p.IncludedSeats {
				total += p.UnitMinor
			}
		case billing.Graduated:
			total += naiveTier(p, seat)
		case billing.Volume:
			total += naiveTier(p, n)
		}
	}
	return total
}

func naiveTier(p *billing.Price, seat int64) int64 {
	for _, tier := range p.Tiers {
		if tier.UpTo == 0 || seat <= tier.UpTo {
			return tier.UnitMinor
		}
	}
	panic("the price list ends too early")
}

// naiveRound rounds half away from zero, by the school's rule on the decimal digits
// that a half has: twice the fraction is compared with the whole.
func naiveRound(x *big.Rat) int64 {
	if x.Sign() < 0 {
		return -naiveRound(new(big.Rat).Neg(x))
	}
	whole := new(big.Int).Quo(x.Num(), x.Denom())
	rest := new(big.Rat).Sub(x, new(big.Rat).SetInt(whole))
	if rest.Cmp(big.NewRat(1, 2)) >= 0 {
		whole.Add(whole, big.NewInt(1))
	}
	return whole.Int64()
}
