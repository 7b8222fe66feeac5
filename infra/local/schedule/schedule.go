// Package schedule reads the schedule expressions of Amazon EventBridge Scheduler and fires schedules when they are due.
//
// Expressions are cron(minutes hours day-of-month month day-of-week year), rate(value unit) and at(yyyy-mm-ddThh:mm:ss).
// A cron field is a list of values, names, ranges and steps; one of the two day fields is "?". Day of month also takes L (the
// last day), LW (the last weekday) and 15W (the weekday nearest the 15th in its month); day of week, 1 to 7 for Sunday to
// Saturday, takes L (Saturday), 6L (the last Friday) and 2#1 (the first Monday).
//
// Times are local to the schedule's zone. A time that a clock change leaves out does not fire, and one that it repeats fires
// the first time: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Expression is a parsed schedule expression.
type Expression interface {
	// Next returns the first instant after t at which the schedule fires, or the zero time if there is none. start is
	// when the schedule was created, from which a rate counts.
	Next(t, start time.Time, zone *time.Location) time.Time
}

// Parse reads an expression. The error says which field is wrong and why.
func Parse(s string) (Expression, error) {
	kind, rest, ok := strings.Cut(s, "(")
	body, closed := strings.CutSuffix(rest, ")")
	if !ok || !closed {
		return nil, fmt.Errorf("schedule: %q is none of cron(…), rate(…) and at(…)", s)
	}
	var e Expression
	var err error
	switch kind {
	case "cron":
		e, err = parseCron(body)
	case "rate":
		e, err = parseRate(body)
	case "at":
		e, err = parseAt(body)
	default:
		err = fmt.Errorf("there is no %q; write cron, rate or at", kind)
	}
	if err != nil {
		return nil, fmt.Errorf("schedule: %s: %w", s, err)
	}
	return e, nil
}

// rate fires every so often from the schedule's start.
type rate time.Duration

func parseRate(s string) (Expression, error) {
	number, unit, ok := strings.Cut(s, " ")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 {
		return nil, fmt.Errorf("a rate is a positive whole number and a unit, as in rate(5 minutes)")
	}
	singular, isPlural := strings.CutSuffix(unit, "s")
	if isPlural == (n == 1) {
		return nil, fmt.Errorf("the unit %q does not go with %d; it is singular for 1 and plural otherwise", unit, n)
	}
	base, ok := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[singular]
	if !ok {
		return nil, fmt.Errorf("there is no unit %q; write minutes, hours or days", unit)
	}
	const longest = 366 * 10 // ten years of days, far from where a duration overflows
	if n > longest*24*60 || time.Duration(n)*(base/time.Minute) > longest*24*60 {
		return nil, fmt.Errorf("the rate is longer than ten years")
	}
	return rate(time.Duration(n) * base), nil
}

func (r rate) Next(t, start time.Time, _ *time.Location) time.Time {
	if t.Before(start) {
		return start.Add(time.Duration(r))
	}
	periods := t.Sub(start)/time.Duration(r) + 1
	return start.Add(periods * time.Duration(r))
}

// at fires once.
type at struct{ year, month, day, hour, minute, second int }

func parseAt(s string) (Expression, error) {
	t, err := time.Parse("2006-01-02T15:04:05", s)
	if err != nil {
		return nil, fmt.Errorf("write at(yyyy-mm-ddThh:mm:ss)")
	}
	return at{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second()}, nil
}

func (a at) Next(t, _ time.Time, zone *time.Location) time.Time {
	due := time.Date(a.year, time.Month(a.month), a.day, a.hour, a.minute, a.second, 0, zone)
	if due.After(t) {
		return due
	}
	return time.Time{}
}
