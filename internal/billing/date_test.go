package billing_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/billing"
)

func TestDatesAreReadStrictly(t *testing.T) {
	for _, text := range []string{"2026-11-22", "0001-01-01", "9999-12-31", "2024-02-29", "2000-02-29"} {
		d, err := billing.ParseDate(text)
		if err != nil || d.String() != text {
			t.Errorf("ParseDate(%q) = %v, %v", text, d, err)
		}
	}
	for _, text := range []string{
		"", "2026-11-2", "2026-11-222", "2026-13-01", "2026-00-01", "2026-11-31", "2026-02-29", "2100-02-29",
		"1900-02-29", "0000-01-01", "2026-11-00", "2026/11/22", "22-11-2026", "2026-11-22T00:00:00Z", " 2026-11-2",
		strings.Repeat("2026-11-22", 10), "+026-11-22", "-026-11-22", "2026-+1-22", "２026-11-2", "2026-1١-2",
	} {
		if d, err := billing.ParseDate(text); !errors.Is(err, billing.ErrDate) {
			t.Errorf("ParseDate(%q) = %v, %v, want ErrDate", text, d, err)
		}
	}
}

func TestOnlyTheZeroDateIsZero(t *testing.T) {
	if !(billing.Date{}).IsZero() || (billing.Date{}).Valid() || date(t, "0001-01-01").IsZero() {
		t.Error("the zero date is zero and no day; the first day is neither")
	}
}

func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{"2026-11-22", "2024-02-29", "2023-02-29", "2026-1-01", "9999-99-99", "\x00\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := billing.ParseDate(text)
		want, wantErr := time.Parse(time.DateOnly, text)
		accepted := wantErr == nil && want.Year() >= 1
		if (err == nil) != accepted {
			t.Fatalf("ParseDate(%q): %v; the time package: %v", text, err, wantErr)
		}
		if err == nil && (d.String() != text || d != billing.DateOf(want, time.UTC)) {
			t.Fatalf("ParseDate(%q) = %v", text, d)
		}
	})
}

func TestMonthsAreCountedFromTheAnchorAndClamped(t *testing.T) {
	for _, c := range []struct {
		anchor string
		n      int
		want   string
	}{
		{"2026-01-31", 0, "2026-01-31"},
		{"2026-01-31", 1, "2026-02-28"},
		{"2026-01-31", 2, "2026-03-31"},
		{"2026-01-31", 3, "2026-04-30"},
		{"2026-01-31", 12, "2027-01-31"},
		{"2026-01-31", -2, "2025-11-30"},
		{"2024-01-30", 1, "2024-02-29"},
		{"2024-02-29", 12, "2025-02-28"},
		{"2024-02-29", 48, "2028-02-29"},
		{"2096-02-29", 48, "2100-02-28"},
		{"2096-02-29", 96, "2104-02-29"},
		{"2026-11-22", -11, "2025-12-22"},
		{"2026-12-31", 2, "2027-02-28"},
	} {
		if got := date(t, c.anchor).AddMonths(c.n); got != date(t, c.want) {
			t.Errorf("%s + %d months = %s, want %s", c.anchor, c.n, got, c.want)
		}
	}
}

func TestEveryDayOfFourCenturiesFollowsTheDayBefore(t *testing.T) {
	first := date(t, "1799-12-31")
	at := time.Date(1799, time.December, 31, 0, 0, 0, 0, time.UTC)
	for n := range 146_097 + 2 {
		want := billing.DateOf(at, time.UTC)
		if got := first.AddDays(n); got != want || first.DaysUntil(want) != n {
			t.Fatalf("%s + %d days = %s, want %s, which is %d days on", first, n, got, want, first.DaysUntil(want))
		}
		at = at.AddDate(0, 0, 1)
	}
}

func TestDayArithmeticAgreesWithTheTimePackage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-60_000_000_000, 60_000_000_000).Draw(t, "at"), 0).UTC()
		n := rapid.IntRange(-200_000, 200_000).Draw(t, "n")
		d := billing.DateOf(at, time.UTC)
		later := billing.DateOf(at.AddDate(0, 0, n), time.UTC)
		if got := d.AddDays(n); got != later {
			t.Fatalf("%s + %d days = %s, want %s", d, n, got, later)
		}
		if got := d.DaysUntil(later); got != n {
			t.Fatalf("from %s to %s are %d days, want %d", d, later, got, n)
		}
		if d.Before(later) != (n > 0) || d.Compare(later) != -later.Compare(d) || (d.Compare(later) == 0) != (n == 0) {
			t.Fatalf("%s and %s compare as %d", d, later, d.Compare(later))
		}
		months := rapid.IntRange(-3000, 3000).Draw(t, "months")
		first := time.Date(at.Year(), at.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
		last := first.AddDate(0, 1, -1).Day()
		want := billing.Date{Year: first.Year(), Month: first.Month(), Day: min(d.Day, last)}
		if got := d.AddMonths(months); got != want {
			t.Fatalf("%s + %d months = %s, want %s", d, months, got, want)
		}
	})
}

func TestADayBeginsWhereItsZoneSays(t *testing.T) {
	for _, c := range []struct{ name, zone, date, want string }{
		{"plain winter midnight", "Europe/Berlin", "2026-11-01", "2026-10-31T23:00:00Z"},
		{"plain summer midnight", "Europe/Berlin", "2026-07-01", "2026-06-30T22:00:00Z"},
		{"the day on which summer time ends", "Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z"},
		{"far ahead of UTC", "Pacific/Kiritimati", "2026-11-01", "2026-10-31T10:00:00Z"},
		{"far behind UTC", "Pacific/Pago_Pago", "2026-11-01", "2026-11-01T11:00:00Z"},
		{"clocks skip midnight", "America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"},
		{"clocks skip midnight in Beirut", "Asia/Beirut", "2022-03-27", "2022-03-26T22:00:00Z"},
		{"midnight comes twice", "America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"},
		{"the evening before comes twice", "America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z"},
		{"a minute of the day, then an hour of the day before again", "America/St_Johns", "2010-11-07", "2010-11-07T02:30:00Z"},
		{"Samoa's missing 30 December", "Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},
		{"the day after Samoa's missing day", "Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"},
		{"the day before Samoa's missing day", "Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z"},
		{"Kwajalein's missing 21 August", "Pacific/Kwajalein", "1993-08-21", "1993-08-21T12:00:00Z"},
		{"Kwajalein's September of 1969 had two 30ths", "Pacific/Kwajalein", "1969-10-01", "1969-10-01T12:00:00Z"},
		{"the last day of a leap year", "Europe/Berlin", "2028-12-31", "2028-12-30T23:00:00Z"},
		{"the day after a leap year", "America/New_York", "2029-01-01", "2029-01-01T05:00:00Z"},
		{"the last day of a leap year, ahead of UTC", "Pacific/Auckland", "2028-12-31", "2028-12-30T11:00:00Z"},
		{"half hours", "Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z"},
		{"far in the future", "America/New_York", "2100-07-01", "2100-07-01T04:00:00Z"},
		{"UTC", "UTC", "2026-11-01", "2026-11-01T00:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := date(t, c.date).StartIn(zone(t, c.zone))
			if got != instant(t, c.want) {
				t.Errorf("%s begins in %s at %s, want %s", c.date, c.zone, got.Format(time.RFC3339), c.want)
			}
		})
	}
}

// beginsAt holds a day's start against its definition, minute by minute: no earlier
// instant shows the date or a later one.
func beginsAt(t fataler, d billing.Date, loc *time.Location, start time.Time) {
	t.Helper()
	if billing.DateOf(start, loc).Before(d) {
		t.Fatalf("%s: at %s it is still before %s", loc, start, d)
	}
	const longestShift = 26 * time.Hour
	for back := time.Second; back < longestShift; back += step(back) {
		if earlier := start.Add(-back); !billing.DateOf(earlier, loc).Before(d) {
			t.Fatalf("%s: %s starts at %s, but at %s it is %s", loc, d, start, earlier, billing.DateOf(earlier, loc))
		}
	}
}

func step(back time.Duration) time.Duration {
	if back < 3*time.Hour {
		return time.Minute
	}
	return 15 * time.Minute
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// clockChange is an instant at which a zone's offset changes, in seconds.
type clockChange struct {
	at            int64
	before, after int
}

// changesOf returns a zone's changes of clocks from 1970 through lastYear.
func changesOf(loc *time.Location, lastYear int) []clockChange {
	var changes []clockChange
	at := time.Unix(0, 0).In(loc)
	for at.Year() <= lastYear {
		_, before := at.Zone()
		_, end := at.ZoneBounds()
		switch {
		case end.IsZero():
			return changes
		case !end.After(at):
			// golang/go#81583: it errs on the last day of leap years; no clocks change there.
			at = at.Add(24 * time.Hour)
			continue
		}
		if _, after := end.Zone(); before != after {
			changes = append(changes, clockChange{at: end.Unix(), before: before, after: after})
		}
		at = end
	}
	return changes
}

func TestNoZoneChangesItsClocksTwiceWithinTheSearch(t *testing.T) {
	const searched = 32 * 60 * 60
	for _, loc := range zonesOf(t) {
		var last clockChange
		for i, c := range changesOf(loc, 2100) {
			if i > 0 && c.at-last.at <= searched {
				t.Errorf("%s changes its clocks at %d and again at %d", loc, last.at, c.at)
			}
			last = c
		}
	}
}

// Every change of every zone's clocks from 1970 through 2040 that comes near
// midnight or moves them by more than two hours.
func TestADayBeginsAtItsFirstInstantAroundEveryClockChange(t *testing.T) {
	seen := map[clockChange]bool{}
	for _, loc := range zonesOf(t) {
		for _, c := range changesOf(loc, 2040) {
			last, first := time.Unix(c.at-1, 0).In(loc), time.Unix(c.at, 0).In(loc)
			nearMidnight := last.Hour() >= 22 || last.Hour() < 2 || first.Hour() >= 22 || first.Hour() < 2
			large := max(c.before-c.after, c.after-c.before) > 2*60*60
			if seen[c] || !nearMidnight && !large {
				continue
			}
			seen[c] = true
			for days := -1; days <= 2; days++ {
				d := billing.DateOf(last, loc).AddDays(days)
				beginsAt(t, d, loc, d.StartIn(loc))
			}
		}
	}
	if len(seen) < 1000 {
		t.Fatalf("only %d changes of clocks were found", len(seen))
	}
	t.Logf("%d changes of clocks", len(seen))
}

func TestADayBeginsAtItsFirstInstantAnywhere(t *testing.T) {
	zones := zonesOf(t)
	rapid.Check(t, func(t *rapid.T) {
		loc := rapid.SampledFrom(zones).Draw(t, "zone")
		d := billing.Date{Year: 1970, Month: time.January, Day: 1}.AddDays(rapid.IntRange(0, 131*365).Draw(t, "day"))
		start := d.StartIn(loc)
		beginsAt(t, d, loc, start)
		if next := d.AddDays(1).StartIn(loc); next.Before(start) {
			t.Fatalf("%s: %s starts after the day that follows it", loc, d)
		}
		if start.Location() != time.UTC {
			t.Fatalf("the start is in %s, want UTC", start.Location())
		}
	})
}
