package billing

import (
	"fmt"
	"time"
)

// Proration is how much of a period a change in the middle of it pays for.
type Proration string

const (
	// ByDay counts local days: the day of the change is paid for, however late.
	ByDay Proration = "day"
	// BySecond counts whole elapsed seconds.
	BySecond Proration = "second"
	// NoProration charges nothing until the next period.
	NoProration Proration = "none"
)

// Valid reports whether the proration is one of the above.
func (m Proration) Valid() bool { return m == ByDay || m == BySecond || m == NoProration }

// Factor is the part of a period that is left, Num ÷ Den, with 0 ≤ Num ≤ Den.
type Factor struct{ Num, Den int64 }

func (f Factor) valid() bool { return f.Den > 0 && f.Num >= 0 && f.Num <= f.Den }

// Factor returns the part of the period that is left at the instant at. An instant
// before Start counts as Start; from End on nothing is left.
//
// ByDay counts the dates from the local date in loc through the last one, out of all
// dates of the period. Every date counts, a date that the zone skipped too, so that
// the parts of a period always add up to it. BySecond subtracts the whole seconds
// that have elapsed, so hours that summer time adds or takes are counted as they
// happened.
func (p Period) Factor(mode Proration, at time.Time, loc *time.Location) Factor {
	switch mode {
	case ByDay:
		whole := int64(p.StartDate.DaysUntil(p.EndDate))
		if !p.Start.Before(at) {
			return Factor{Num: whole, Den: whole}
		}
		if !at.Before(p.End) {
			return Factor{Num: 0, Den: whole}
		}
		// The zone of today may not be the one the period was opened in, so its dates
		// can lie outside the period while the instant lies within.
		left := int64(DateOf(at, loc).DaysUntil(p.EndDate))
		return Factor{Num: min(max(left, 0), whole), Den: whole}
	case BySecond:
		whole := int64(p.End.Sub(p.Start) / time.Second)
		if !p.Start.Before(at) {
			return Factor{Num: whole, Den: whole}
		}
		if !at.Before(p.End) {
			return Factor{Num: 0, Den: whole}
		}
		return Factor{Num: whole - int64(at.Sub(p.Start)/time.Second), Den: whole}
	case NoProration:
		return Factor{Num: 0, Den: 1}
	}
	panic(fmt.Sprintf("billing: unknown proration %q: validate it where it is read", string(mode)))
}
