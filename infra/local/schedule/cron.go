package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AWS's bounds of the year field.
const (
	firstYear = 1970
	lastYear  = 2199
)

// set is the values that a field allows.
type set map[int]bool

// cron is a parsed cron expression.
type cron struct {
	minutes, hours, months, years []int // sorted
	monthSet                      set
	days                          dayRule
}

// dayRule tells whether a date is allowed. Exactly one of the two day fields rules.
type dayRule func(date time.Time) bool

// field is the form of one field: its bounds and names.
type field struct {
	name      string
	low, high int
	names     []string // names[0] stands for low
}

var (
	minuteField  = field{name: "minutes", low: 0, high: 59}
	hourField    = field{name: "hours", low: 0, high: 23}
	dayField     = field{name: "day-of-month", low: 1, high: 31}
	monthField   = field{name: "month", low: 1, high: 12, names: []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}}
	weekdayField = field{name: "day-of-week", low: 1, high: 7, names: []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}}
	yearField    = field{name: "year", low: firstYear, high: lastYear}
)

func parseCron(s string) (Expression, error) {
	parts := strings.Fields(s)
	if len(parts) != 6 {
		return nil, fmt.Errorf("cron takes six fields (minutes hours day-of-month month day-of-week year), not %d", len(parts))
	}
	var c cron
	var err error
	if c.minutes, err = minuteField.values(parts[0]); err != nil {
		return nil, err
	}
	if c.hours, err = hourField.values(parts[1]); err != nil {
		return nil, err
	}
	if c.months, err = monthField.values(parts[3]); err != nil {
		return nil, err
	}
	if c.years, err = yearField.values(parts[5]); err != nil {
		return nil, err
	}
	c.monthSet = set{}
	for _, m := range c.months {
		c.monthSet[m] = true
	}
	day, weekday := parts[2], parts[4]
	switch {
	case (day == "?") == (weekday == "?"):
		return nil, fmt.Errorf("exactly one of day-of-month and day-of-week has to be ?")
	case weekday == "?":
		c.days, err = parseDay(day)
	default:
		c.days, err = parseWeekday(weekday)
	}
	return c, err
}

// values reads a list of values, names, ranges and steps, sorted.
func (f field) values(s string) ([]int, error) {
	var out []int
	for part := range strings.SplitSeq(s, ",") {
		low, high, step, err := f.span(part)
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", f.name, part, err)
		}
		for v := low; v <= high; v += step {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// span reads one part of a list: *, a, a-b, and each with /step.
func (f field) span(s string) (low, high, step int, err error) {
	body, stepText, stepped := strings.Cut(s, "/")
	step = 1
	if stepped {
		if step, err = strconv.Atoi(stepText); err != nil || step < 1 || step > f.high {
			return 0, 0, 0, fmt.Errorf("the step has to be 1 to %d", f.high)
		}
	}
	from, to, ranged := strings.Cut(body, "-")
	switch {
	case body == "*":
		return f.low, f.high, step, nil
	case ranged:
		if low, err = f.value(from); err != nil {
			return 0, 0, 0, err
		}
		if high, err = f.value(to); err != nil {
			return 0, 0, 0, err
		}
		if low > high {
			return 0, 0, 0, fmt.Errorf("the range runs backwards")
		}
		return low, high, step, nil
	}
	if low, err = f.value(body); err != nil {
		return 0, 0, 0, err
	}
	if stepped { // 5/15 is from 5 on
		return low, f.high, step, nil
	}
	return low, low, step, nil
}

func (f field) value(s string) (int, error) {
	if i := slices.Index(f.names, strings.ToUpper(s)); i >= 0 {
		return f.low + i, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < f.low || n > f.high || strings.ContainsAny(s, "+-") {
		return 0, fmt.Errorf("%q has to be %d to %d", s, f.low, f.high)
	}
	return n, nil
}

// parseDay reads the day of month.
func parseDay(s string) (dayRule, error) {
	switch {
	case s == "L":
		return func(d time.Time) bool { return d.Day() == lastDay(d) }, nil
	case s == "LW" || s == "WL":
		return func(d time.Time) bool { return d.Day() == nearestWeekday(d, lastDay(d)) }, nil
	case strings.HasSuffix(s, "W"):
		n, err := dayField.value(strings.TrimSuffix(s, "W"))
		if err != nil {
			return nil, fmt.Errorf("day-of-month: %w", err)
		}
		return func(d time.Time) bool { return n <= lastDay(d) && d.Day() == nearestWeekday(d, n) }, nil
	}
	values, err := dayField.values(s)
	if err != nil {
		return nil, err
	}
	return func(d time.Time) bool { return slices.Contains(values, d.Day()) }, nil
}

// parseWeekday reads the day of week; 1 is Sunday.
func parseWeekday(s string) (dayRule, error) {
	const weekdayOfL = 7 // L alone is Saturday
	if s == "L" {
		return func(d time.Time) bool { return weekday(d) == weekdayOfL }, nil
	}
	if day, nth, ok := strings.Cut(s, "#"); ok {
		n, err := weekdayField.value(day)
		if err != nil {
			return nil, fmt.Errorf("day-of-week: %w", err)
		}
		k, err := strconv.Atoi(nth)
		if err != nil || k < 1 || k > 5 {
			return nil, fmt.Errorf("day-of-week %q: the number after # has to be 1 to 5", s)
		}
		return func(d time.Time) bool { return weekday(d) == n && (d.Day()-1)/7+1 == k }, nil
	}
	if day, ok := strings.CutSuffix(s, "L"); ok {
		n, err := weekdayField.value(day)
		if err != nil {
			return nil, fmt.Errorf("day-of-week: %w", err)
		}
		return func(d time.Time) bool { return weekday(d) == n && d.Day()+7 > lastDay(d) }, nil
	}
	values, err := weekdayField.values(s)
	if err != nil {
		return nil, err
	}
	return func(d time.Time) bool { return slices.Contains(values, weekday(d)) }, nil
}

func weekday(d time.Time) int { return int(d.Weekday()) + 1 }

func lastDay(d time.Time) int { return time.Date(d.Year(), d.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day() }

// nearestWeekday is the day from Monday to Friday that is nearest to a day of the month and in the same month.
func nearestWeekday(d time.Time, day int) int {
	switch time.Date(d.Year(), d.Month(), day, 0, 0, 0, 0, time.UTC).Weekday() {
	case time.Saturday:
		if day == 1 {
			return day + 2
		}
		return day - 1
	case time.Sunday:
		if day == lastDay(d) {
			return day - 2
		}
		return day + 1
	}
	return day
}

// Next goes through the days from t's on. Dates are walked in UTC, where each day exists, and only the time of day is looked up
// in the zone.
func (c cron) Next(t, _ time.Time, zone *time.Location) time.Time {
	local := t.In(zone)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	final := c.years[len(c.years)-1]
	for day.Year() <= final {
		if !slices.Contains(c.years, day.Year()) {
			day = time.Date(day.Year()+1, time.January, 1, 0, 0, 0, 0, time.UTC)
			continue
		}
		if !c.monthSet[int(day.Month())] {
			day = time.Date(day.Year(), day.Month()+1, 1, 0, 0, 0, 0, time.UTC)
			continue
		}
		if c.days(day) {
			if found := c.onDay(day, t, zone); !found.IsZero() {
				return found
			}
		}
		day = day.AddDate(0, 0, 1)
	}
	return time.Time{}
}

// onDay is the first instant of a day after t, or the zero time. Clock changes can put a later time of day first, so all of the
// day are looked at.
func (c cron) onDay(day, t time.Time, zone *time.Location) time.Time {
	var first time.Time
	for _, h := range c.hours {
		for _, m := range c.minutes {
			at, ok := instant(day, h, m, zone)
			if ok && at.After(t) && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
	}
	return first
}

// maxShift is longer than any change of a clock but for the two calendar changes across the date line.
const maxShift = 3 * time.Hour

// instant is when a zone's clock shows a time, the first time if it does so twice; false if it never does.
func instant(day time.Time, hour, minute int, zone *time.Location) (time.Time, bool) {
	at := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, zone)
	if at.Hour() != hour || at.Minute() != minute || at.Day() != day.Day() {
		return time.Time{}, false
	}
	_, offset := at.Zone()
	_, before := at.Add(-maxShift).Zone()
	earlier := at.Add(time.Duration(offset-before) * time.Second) // what it would be by the clock before the change
	if earlier.Before(at) && earlier.Hour() == hour && earlier.Minute() == minute && earlier.Day() == day.Day() {
		return earlier, true
	}
	return at, true
}
