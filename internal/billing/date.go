package billing

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// ErrDate reports text that is not a date of the calendar.
var ErrDate = errors.New("billing: not a date")

const (
	monthsPerYear = 12
	secondsPerDay = 24 * 60 * 60
	// maxOffsetSeconds is more than any zone has ever been ahead of UTC (the most is
	// 15 h 13 min 42 s, America/Metlakatla until 1867).
	maxOffsetSeconds = 16 * 60 * 60
)

// Date is a day of the proleptic Gregorian calendar without a zone. Make one with
// ParseDate or DateOf; the methods expect a day that exists.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads a date such as "2026-11-22", from year 0001 through 9999, or
// returns ErrDate.
func ParseDate(text string) (Date, error) {
	if len(text) != len("2006-01-02") || text[4] != '-' || text[7] != '-' {
		return Date{}, badDate(text)
	}
	year, okYear := digits(text[0:4])
	month, okMonth := digits(text[5:7])
	day, okDay := digits(text[8:10])
	d := Date{Year: year, Month: time.Month(month), Day: day}
	if !okYear || !okMonth || !okDay || !d.Valid() {
		return Date{}, badDate(text)
	}
	return d, nil
}

func badDate(text string) error {
	const maxShown = 32
	if len(text) > maxShown {
		text = text[:maxShown]
	}
	return fmt.Errorf("%w: %q; write a day that exists as year-month-day, such as 2026-11-22", ErrDate, text)
}

func digits(text string) (n int, ok bool) {
	for i := range len(text) {
		c := text[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// DateOf returns the local date in loc at the instant t.
func DateOf(t time.Time, loc *time.Location) Date {
	year, month, day := t.In(loc).Date()
	return Date{Year: year, Month: month, Day: day}
}

// dayAt returns the day that an instant belongs to if days tile time as periods do:
// the last one that has begun. It is the local date, but in the hour that comes twice
// where clocks go back over midnight, which belongs to the day that it is by then.
func dayAt(t time.Time, loc *time.Location) Date {
	d := DateOf(t, loc)
	if next := d.AddDays(1); !next.StartIn(loc).After(t) {
		return next
	}
	return d
}

// Valid reports whether the day exists and its year has at most four digits.
func (d Date) Valid() bool {
	return d.Year >= 1 && d.Year <= 9999 && d.Month >= time.January && d.Month <= time.December &&
		d.Day >= 1 && d.Day <= daysIn(d.Year, d.Month)
}

// IsZero reports whether d is the zero Date, which is no day.
func (d Date) IsZero() bool { return d == Date{} }

// String writes the date as ParseDate reads it.
func (d Date) String() string {
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// Compare returns -1, 0 or 1 as d is before, the same as or after other.
func (d Date) Compare(other Date) int {
	if c := cmp.Compare(d.Year, other.Year); c != 0 {
		return c
	}
	if c := cmp.Compare(d.Month, other.Month); c != 0 {
		return c
	}
	return cmp.Compare(d.Day, other.Day)
}

// Before reports whether d is earlier than other.
func (d Date) Before(other Date) bool { return d.Compare(other) < 0 }

// AddMonths returns the same day n months on (back if n is negative), or the last
// day of that month where it is shorter. Adding twice is not adding the sum:
// January 31 plus one is February 28, and plus two is March 31. So count from the
// anchor, never from a result.
func (d Date) AddMonths(n int) Date {
	months := d.Year*monthsPerYear + int(d.Month) - 1 + n
	year, month := floorDiv(months, monthsPerYear), time.Month(floorMod(months, monthsPerYear)+1)
	return Date{Year: year, Month: month, Day: min(d.Day, daysIn(year, month))}
}

// AddDays returns the date n days on, or back if n is negative.
func (d Date) AddDays(n int) Date { return dateOfDayNumber(d.dayNumber() + n) }

// DaysUntil returns the number of days from d to other, negative if other is
// earlier.
func (d Date) DaysUntil(other Date) int { return other.dayNumber() - d.dayNumber() }

// StartIn returns, in UTC, the first instant at which the local date in loc is d or
// later. That is local midnight where there is one; the end of the gap where the
// clocks skip midnight or the whole day (Samoa had no 30 December 2011); the first
// of two where midnight comes twice.
//
// It relies on zones never changing their clocks twice within 32 hours, which a test
// holds against the whole database.
func (d Date) StartIn(loc *time.Location) time.Time {
	midnight := int64(d.dayNumber()) * secondsPerDay
	before := midnight - maxOffsetSeconds // no clock anywhere shows d yet
	offset := offsetAt(before, loc)
	start := midnight - offset
	if offsetAt(start, loc) == offset {
		return time.Unix(start, 0).UTC()
	}
	// The clocks changed in between, and midnight had not come by then: either it comes
	// by the new offset, or the change itself leaps over it.
	change := firstChange(before, start, loc)
	return time.Unix(max(change, midnight-offsetAt(change, loc)), 0).UTC()
}

// firstChange returns the first second after before at which the offset is another,
// given that it is another at after. It searches by halves: time.Time.ZoneBounds would
// say it at once, but on the last day of a leap year that a zone's closing rule
// covers, the end that it gives lies before the instant asked about (golang/go#81583).
func firstChange(before, after int64, loc *time.Location) int64 {
	offset := offsetAt(before, loc)
	for after-before > 1 {
		middle := before + (after-before)/2
		if offsetAt(middle, loc) == offset {
			before = middle
		} else {
			after = middle
		}
	}
	return after
}

// offsetAt returns the seconds that loc is ahead of UTC at a second since 1970.
func offsetAt(second int64, loc *time.Location) int64 {
	_, offset := time.Unix(second, 0).In(loc).Zone()
	return int64(offset)
}

func daysIn(year int, month time.Month) int {
	switch month {
	case time.April, time.June, time.September, time.November:
		return 30
	case time.February:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// dayNumber counts days from 1970-01-01. The year is taken to begin in March, so
// that the leap day is its last; see Howard Hinnant, "chrono-Compatible Low-Level
// Date Algorithms", days_from_civil.
func (d Date) dayNumber() int {
	year, month := d.Year, int(d.Month)
	if month <= 2 {
		year--
	}
	era := floorDiv(year, 400)
	yearOfEra := year - era*400
	dayOfYear := (153*((month+9)%12)+2)/5 + d.Day - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return era*daysPerEra + dayOfEra - daysToEpoch
}

const (
	daysPerEra  = 146097 // in 400 Gregorian years
	daysToEpoch = 719468 // from 0000-03-01 to 1970-01-01
)

// dateOfDayNumber is the inverse of dayNumber (civil_from_days of the same paper).
func dateOfDayNumber(n int) Date {
	n += daysToEpoch
	era := floorDiv(n, daysPerEra)
	dayOfEra := n - era*daysPerEra
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	monthFromMarch := (5*dayOfYear + 2) / 153
	day := dayOfYear - (153*monthFromMarch+2)/5 + 1
	year, month := yearOfEra+era*400, monthFromMarch+3
	if month > monthsPerYear {
		year, month = year+1, month-monthsPerYear
	}
	return Date{Year: year, Month: time.Month(month), Day: day}
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func floorMod(a, b int) int { return a - floorDiv(a, b)*b }
