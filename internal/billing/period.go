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
	return p.NextAs(anchor, interval, interval, loc)
}

// NextAs is Next for a subscription that changes its interval at p's end: p was
// opened as from, and the period after it lasts to. A year that follows a month
// begins at the boundary at which the month ends, so it ends twelve boundaries on.
func (p Period) NextAs(anchor Date, from, to Interval, loc *time.Location) Period {
	index := p.Index + from.boundaries()
	next := Period{
		Index:     index,
		StartDate: p.EndDate,
		EndDate:   Boundary(anchor, index+to.boundaries()),
		Start:     p.End,
	}
	next.End = next.EndDate.StartIn(loc)
	return next
}

// TrialPeriod returns the period in which a trial of some days that starts at the
// instant start runs: to the first instant of the local date that many days after
// today's. The day on which it starts counts whole, as it does for money. It lies on
// no boundary, its Index is 0, and after it comes FirstPeriod at its End. Without
// days it is empty.
func TrialPeriod(loc *time.Location, start time.Time, days int) Period {
	today := dayAt(start, loc)
	p := Period{StartDate: today, EndDate: today.AddDays(days), Start: start.UTC()}
	if p.End = p.EndDate.StartIn(loc); days <= 0 {
		p.EndDate, p.End = p.StartDate, p.Start
	}
	return p
}

// Since returns the part of the period from the instant at on, by the clock of loc:
// that of a subscription which began within it. All of it if at is not after Start;
// empty from End on.
func (p Period) Since(at time.Time, loc *time.Location) Period {
	switch {
	case !at.After(p.Start):
	case !at.Before(p.End):
		p.Start, p.StartDate = p.End, p.EndDate
	default:
		p.Start, p.StartDate = at.UTC(), p.dayOf(at, loc)
	}
	return p
}

// Days is the number of local days of the period, also those that the zone skipped.
func (p Period) Days() int64 { return int64(p.StartDate.DaysUntil(p.EndDate)) }

// dayOf returns the day of the period that an instant within it belongs to. The zone
// may not be the one that the period was opened in, so its dates can lie outside.
func (p Period) dayOf(at time.Time, loc *time.Location) Date {
	day := dayAt(at, loc)
	if last := p.EndDate.AddDays(-1); last.Before(day) {
		day = last
	}
	if day.Before(p.StartDate) {
		day = p.StartDate
	}
	return day
}

// Contains reports whether the instant lies in the period; its End does not.
func (p Period) Contains(at time.Time) bool { return !at.Before(p.Start) && at.Before(p.End) }
