package billing

import (
	"fmt"
	"time"
)

// Interval is how long a billing cycle lasts.
type Interval string

const (
	// Month is one boundary to the next.
	Month Interval = "month"
	// Year is twelve boundaries, so a year's periods begin on a month's boundary too.
	Year Interval = "year"
)

// Valid reports whether the interval is one of the above.
func (i Interval) Valid() bool { return i == Month || i == Year }

// boundaries returns the number of boundaries from a period's start to its end. A
// plan's interval is validated when the plan is published, so another one is a
// fault of the program, and billing it by the month would hide it.
func (i Interval) boundaries() int {
	switch i {
	case Month:
		return 1
	case Year:
		return monthsPerYear
	}
	panic(fmt.Sprintf("billing: unknown interval %q: validate it where it is read", string(i)))
}

// Boundary returns the n-th boundary of an account's cycles, counted from its
// anchor, which is boundary 0. Days 29 to 31 are clamped to the month and come back.
func Boundary(anchor Date, n int) Date { return anchor.AddMonths(n) }

// BoundaryIndexAt returns the largest n whose boundary begins at or before the
// instant at, by the clock of loc. It is negative before the anchor.
func BoundaryIndexAt(anchor Date, loc *time.Location, at time.Time) int {
	today := DateOf(at, loc)
	n := (today.Year-anchor.Year)*monthsPerYear + int(today.Month-anchor.Month)
	if today.Before(Boundary(anchor, n)) {
		n--
	}
	// Where clocks go back over midnight, the next boundary's date may have come and
	// gone again: it began when it came first.
	if !Boundary(anchor, n+1).StartIn(loc).After(at) {
		n++
	}
	return n
}

// Period is one billing cycle, half open: it holds Start and not End. The instants
// are stored when it opens and never recomputed, so a change of the account's zone
// moves only the boundaries after it.
type Period struct {
	// Index is the number of the boundary at which the period starts.
	Index int
	// StartDate is its first local day, EndDate the first local day after it.
	StartDate, EndDate Date
	// Start and End are instants in UTC.
	Start, End time.Time
}

// FirstPeriod returns the period in which a subscription that starts at the instant
// at begins: from the boundary at or before it, to the next one for a month, to the
// twelfth for a year.
func FirstPeriod(anchor Date, interval Interval, loc *time.Location, at time.Time) Period {
	return periodFrom(anchor, interval, loc, BoundaryIndexAt(anchor, loc, at))
}

// CycleAt returns the period that holds the instant at, of a subscription whose
// first period starts at the anchor.
func CycleAt(anchor Date, interval Interval, loc *time.Location, at time.Time) Period {
	step := interval.boundaries()
	index := BoundaryIndexAt(anchor, loc, at)
	return periodFrom(anchor, interval, loc, floorDiv(index, step)*step)
}

func periodFrom(anchor Date, interval Interval, loc *time.Location, index int) Period {
	p := Period{
		Index:     index,
		StartDate: Boundary(anchor, index),
		EndDate:   Boundary(anchor, index+interval.boundaries()),
	}
	p.Start, p.End = p.StartDate.StartIn(loc), p.EndDate.StartIn(loc)
	return p
}

// Next returns the period after p. It starts exactly where p ends, also when loc is
// not the zone in which p was opened, and ends at its own boundary in loc. Boundaries
// are at least 28 days apart and zones at most 26 hours, so it is never empty.
func (p Period) Next(anchor Date, interval Interval, loc *time.Location) Period {
	step := interval.boundaries()
	next := Period{
		Index:     p.Index + step,
		StartDate: p.EndDate,
		EndDate:   Boundary(anchor, p.Index+2*step),
		Start:     p.End,
	}
	next.End = next.EndDate.StartIn(loc)
	return next
}

// Contains reports whether the instant lies in the period; its End does not.
func (p Period) Contains(at time.Time) bool { return !at.Before(p.Start) && at.Before(p.End) }
