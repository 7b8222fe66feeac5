package billing_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/faulttest"
)

// Fault 28: every boundary from 1970 to 2100, in every zone of the IANA database, from
// anchors at and around the end of a month: each is the first instant of its day that
// the zone has, comes back to the anchor's day, and begins where the one before it
// ended.
func TestTheCalendarOfEveryZone(t *testing.T) {
	zones := zonesOf(t)
	step := faulttest.Size(23, 1)
	anchors := []string{"1970-01-31", "1970-01-30", "1970-03-29", "1972-02-29", "1970-05-01"}
	boundaries, wrong, tried := 0, 0, 0
	for n := 0; n < len(zones); n += step {
		loc := zones[n]
		tried++
		for i, text := range anchors {
			if !faulttest.Full && i != n%len(anchors) {
				continue
			}
			b, w := walk(t, date(t, text), loc)
			boundaries, wrong = boundaries+b, wrong+w
		}
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 28, Did: fmt.Sprintf("monthly and yearly boundaries from 1970 to 2100 in %d zones", tried),
		Bad: wrong, Of: boundaries, What: "boundaries with a gap, an overlap or another day than the anchor's",
	})
}

// walk follows an anchor's periods to the year 2100.
func walk(t *testing.T, anchor billing.Date, loc *time.Location) (boundaries, wrong int) {
	t.Helper()
	for _, interval := range []billing.Interval{billing.Month, billing.Year} {
		p := billing.FirstPeriod(anchor, interval, loc, anchor.StartIn(loc))
		for p.EndDate.Year <= 2100 {
			boundaries++
			if why := misplaced(anchor, p, loc); why != "" {
				wrong++
				t.Errorf("%s from %s, %s: %s in %+v", loc, anchor, interval, why, p)
				return boundaries, wrong
			}
			next := p.Next(anchor, interval, loc)
			if next.Start != p.End || next.StartDate != p.EndDate || !next.End.After(next.Start) {
				wrong++
				t.Errorf("%s from %s, %s: after %+v comes %+v", loc, anchor, interval, p, next)
				return boundaries, wrong
			}
			p = next
		}
	}
	return boundaries, wrong
}

// misplaced says what is wrong with the end of a period, or "".
func misplaced(anchor billing.Date, p billing.Period, loc *time.Location) string {
	local := func(at time.Time) billing.Date { return billing.DateOf(at, loc) }
	switch {
	case p.EndDate.Day != clampedDay(anchor, p.EndDate):
		return "the anchor's day is lost"
	case local(p.End).Before(p.EndDate):
		return "it ends before its day"
	case !local(p.End.Add(-time.Second)).Before(p.EndDate):
		return "it ends after its day has begun"
	}
	return ""
}
