package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/infra/local/sam"
	"github.com/usher-seats/usher/infra/local/schedule"
)

func zone(t interface{ Fatal(...any) }, name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestNext(t *testing.T) {
	for _, tt := range []struct {
		name, expression, zone, after string
		want                          []string // the next ones, in the zone
	}{
		{"every hour", "cron(0 * * * ? *)", "UTC", "2026-11-22 09:00", []string{"2026-11-22 10:00", "2026-11-22 11:00"}},
		{"the quarter hours of office days", "cron(0/15 8-17 ? * MON-FRI *)", "UTC", "2026-11-20 17:44", []string{"2026-11-20 17:45", "2026-11-23 08:00"}},
		{"a list with a range and a step", "cron(5,10-20/5 3 * * ? *)", "UTC", "2026-01-01 03:05", []string{"2026-01-01 03:10", "2026-01-01 03:15", "2026-01-01 03:20", "2026-01-02 03:05"}},
		{"the first of a month, by name", "cron(0 8 1 jan,JUL ? *)", "UTC", "2026-02-01 00:00", []string{"2026-07-01 08:00", "2027-01-01 08:00"}},
		{"the 31st skips short months", "cron(0 0 31 * ? *)", "UTC", "2026-03-31 00:00", []string{"2026-05-31 00:00", "2026-07-31 00:00"}},
		{"the last day", "cron(0 0 L * ? *)", "UTC", "2028-01-31 00:00", []string{"2028-02-29 00:00", "2028-03-31 00:00"}},
		{"the last weekday", "cron(0 0 LW * ? *)", "UTC", "2026-01-01 00:00", []string{"2026-01-30 00:00", "2026-02-27 00:00", "2026-03-31 00:00"}},
		{"the weekday nearest the 15th, a Sunday", "cron(0 0 15W * ? *)", "UTC", "2026-02-01 00:00", []string{"2026-02-16 00:00", "2026-03-16 00:00", "2026-04-15 00:00"}},
		{"the weekday nearest the 1st, a Saturday, stays in its month", "cron(0 0 1W * ? *)", "UTC", "2026-07-31 00:00", []string{"2026-08-03 00:00"}},
		{"the weekday nearest the 31st, a Sunday, stays in its month", "cron(0 0 31W 5 ? *)", "UTC", "2026-05-01 00:00", []string{"2026-05-29 00:00"}},
		{"the last Friday", "cron(0 0 ? * 6L *)", "UTC", "2026-01-01 00:00", []string{"2026-01-30 00:00", "2026-02-27 00:00"}},
		{"Saturday as L", "cron(0 0 ? * L *)", "UTC", "2026-11-22 00:00", []string{"2026-11-28 00:00"}},
		{"the first Monday", "cron(30 6 ? * MON#1 *)", "UTC", "2026-11-02 06:30", []string{"2026-12-07 06:30", "2027-01-04 06:30"}},
		{"the fifth Sunday, not in each month", "cron(0 0 ? * 1#5 *)", "UTC", "2026-09-01 00:00", []string{"2026-11-29 00:00", "2027-01-31 00:00"}},
		{"one year", "cron(0 0 1 1 ? 2027-2028)", "UTC", "2026-01-01 00:00", []string{"2027-01-01 00:00", "2028-01-01 00:00", ""}},
		{"the 29th of February", "cron(0 0 29 2 ? *)", "UTC", "2096-03-01 00:00", []string{"2104-02-29 00:00"}},
		{"never", "cron(0 0 30 2 ? *)", "UTC", "2026-01-01 00:00", []string{""}},
		{"a zone", "cron(0 9 * * ? *)", "Europe/Berlin", "2026-10-24 09:00", []string{"2026-10-25 09:00"}},
		{"the hour that is left out is left out", "cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28 02:30", []string{"2026-03-30 02:30"}},
		{"the hour that comes twice fires once", "cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-24 02:30", []string{"2026-10-25 02:30", "2026-10-26 02:30"}},
		{"half an hour's change", "cron(45 1 * * ? *)", "Australia/Lord_Howe", "2026-04-04 01:45", []string{"2026-04-05 01:45", "2026-04-06 01:45"}},
		{"a midnight that does not exist", "cron(0 0 * * ? *)", "America/Sao_Paulo", "2018-11-03 00:00", []string{"2018-11-05 00:00"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, err := schedule.Parse(tt.expression)
			if err != nil {
				t.Fatal(err)
			}
			const layout = "2006-01-02 15:04"
			z := zone(t, tt.zone)
			at, err := time.ParseInLocation(layout, tt.after, z)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tt.want {
				next := e.Next(at, at, z)
				got := ""
				if !next.IsZero() {
					got = next.In(z).Format(layout)
				}
				if got != want {
					t.Fatalf("after %s comes %q, want %q", at.In(z).Format(layout), got, want)
				}
				at = next
			}
		})
	}
}

func TestATimeThatComesTwiceFiresTheFirstTime(t *testing.T) {
	e, err := schedule.Parse("cron(30 2 * * ? *)")
	if err != nil {
		t.Fatal(err)
	}
	z := zone(t, "Europe/Berlin")
	day := time.Date(2026, 10, 24, 12, 0, 0, 0, z)
	if got, want := e.Next(day, day, z), time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("fires at %v, want %v (summer time)", got.UTC(), want)
	}
}

func TestRatesCountFromTheStart(t *testing.T) {
	start := time.Date(2026, 11, 22, 9, 0, 30, 0, time.UTC)
	for _, tt := range []struct {
		expression  string
		after, want time.Duration
	}{
		{"rate(1 minute)", 0, time.Minute},
		{"rate(5 minutes)", 7 * time.Minute, 10 * time.Minute},
		{"rate(5 minutes)", 10 * time.Minute, 15 * time.Minute},
		{"rate(1 hour)", 59 * time.Minute, time.Hour},
		{"rate(2 days)", 0, 48 * time.Hour},
		{"rate(1 minute)", -time.Hour, time.Minute},
	} {
		e, err := schedule.Parse(tt.expression)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Next(start.Add(tt.after), start, time.UTC).Sub(start); got != tt.want {
			t.Errorf("%s, %v after the start: fires %v after it, want %v", tt.expression, tt.after, got, tt.want)
		}
	}
}

func TestAtFiresOnce(t *testing.T) {
	e, err := schedule.Parse("at(2026-11-22T09:00:00)")
	if err != nil {
		t.Fatal(err)
	}
	z := zone(t, "America/New_York")
	due := time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC)
	if got := e.Next(due.Add(-time.Hour), due, z); !got.Equal(due) {
		t.Errorf("fires at %v, want %v", got, due)
	}
	if got := e.Next(due, due, z); !got.IsZero() {
		t.Errorf("fires again at %v", got)
	}
}

func TestExpressionsThatAreNone(t *testing.T) {
	for expression, want := range map[string]string{
		"":                         "is none of",
		"0 * * * ? *":              "is none of",
		"cron(0 * * * ? *":         "is none of",
		"corn(0 * * * ? *)":        `there is no "corn"`,
		"cron(0 * * * ?)":          "six fields",
		"cron(0 * * * * *)":        "has to be ?",
		"cron(0 * ? * ? *)":        "has to be ?",
		"cron(60 * * * ? *)":       "minutes",
		"cron(-1 * * * ? *)":       "minutes",
		"cron(+1 * * * ? *)":       "minutes",
		"cron(0 24 * * ? *)":       "hours",
		"cron(0 5-3 * * ? *)":      "runs backwards",
		"cron(0/0 * * * ? *)":      "the step",
		"cron(0 0 0 * ? *)":        "day-of-month",
		"cron(0 0 32W * ? *)":      "day-of-month",
		"cron(0 0 1 13 ? *)":       "month",
		"cron(0 0 1 XYZ ? *)":      "month",
		"cron(0 0 ? * 8 *)":        "day-of-week",
		"cron(0 0 ? * 0 *)":        "day-of-week",
		"cron(0 0 ? * 2#6 *)":      "after #",
		"cron(0 0 ? * 9L *)":       "day-of-week",
		"cron(0 0 1 1 ? 1969)":     "year",
		"cron(0 0 1 1 ? 2200)":     "year",
		"cron(0,, 0 1 1 ? *)":      "minutes",
		"rate(5)":                  "a positive whole number and a unit",
		"rate(0 minutes)":          "a positive whole number and a unit",
		"rate(1 minutes)":          "singular",
		"rate(5 minute)":           "singular",
		"rate(5 weeks)":            "no unit",
		"rate(999999999999 hours)": "ten years",
		"at(2026-11-22 09:00)":     "yyyy-mm-dd",
		"at(2026-02-30T09:00:00)":  "yyyy-mm-dd",
	} {
		if _, err := schedule.Parse(expression); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, want …%s…", expression, err, want)
		}
	}
}

// TestNextIsTheFirstMinuteThatMatches compares Next with a walk over every minute of the zone's clock.
func TestNextIsTheFirstMinuteThatMatches(t *testing.T) {
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Cairo"}
	rapid.Check(t, func(t *rapid.T) {
		pick := func(name string, options ...string) string { return rapid.SampledFrom(options).Draw(t, name) }
		minutes := pick("minutes", "0", "*", "30", "5,50", "0/20", "10-12")
		hours := pick("hours", "*", "0", "2", "1-3", "0/6", "23")
		months := pick("months", "*", "3,10", "2", "MAR-NOV/4")
		day, weekday := pick("days", "*", "1", "29-31", "15", "L"), "?"
		if rapid.Bool().Draw(t, "by weekday") {
			day, weekday = "?", pick("weekdays", "*", "SUN", "MON-FRI", "7", "1L", "1#2")
		}
		e, err := schedule.Parse(fmt.Sprintf("cron(%s %s %s %s %s *)", minutes, hours, day, months, weekday))
		if err != nil {
			t.Fatal(err)
		}
		z := zone(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		// Around the clock changes of spring and autumn more often than elsewhere.
		base := rapid.SampledFrom([]time.Time{
			time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 24, 0, 0, 0, 0, time.UTC),
			time.Date(2018, 11, 3, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 7, 0, 0, 0, 0, time.UTC), time.Date(2026, 6, 15, 0, 0, 0, 0, time.UTC),
		}).Draw(t, "around")
		at := base.Add(time.Duration(rapid.Int64Range(0, 4*24*60).Draw(t, "minute")) * time.Minute)
		next := e.Next(at, at, z)
		if !next.After(at) {
			t.Fatalf("after %v comes %v", at, next)
		}
		if next.Second() != 0 || next.Nanosecond() != 0 {
			t.Fatalf("%v is no whole minute", next)
		}
		// The oracle: the cron fields as sets over the local clock, a repeated minute only the first time.
		allowed := func(m time.Time) bool {
			l := m.In(z)
			return matches(minutes, l.Minute()) && matches(hours, l.Hour()) && monthMatches(months, int(l.Month())) && dayMatches(day, weekday, l) && !shownBefore(m, z)
		}
		if !allowed(next) {
			t.Fatalf("%v does not match", next.In(z))
		}
		for m := at.Add(time.Minute); m.Before(next) && m.Before(at.Add(5*24*time.Hour)); m = m.Add(time.Minute) {
			if allowed(m) {
				t.Fatalf("after %v comes %v, but %v matches before", at.In(z), next.In(z), m.In(z))
			}
		}
	})
}

// shownBefore tells whether the zone's clock has shown the same time before.
func shownBefore(m time.Time, z *time.Location) bool {
	const layout = "2006-01-02 15:04"
	for _, d := range []time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour} {
		if m.Add(-d).In(z).Format(layout) == m.In(z).Format(layout) {
			return true
		}
	}
	return false
}

func matches(f string, v int) bool {
	switch f {
	case "*":
		return true
	case "5,50":
		return v == 5 || v == 50
	case "10-12":
		return v >= 10 && v <= 12
	case "1-3":
		return v >= 1 && v <= 3
	case "0/20":
		return v%20 == 0
	case "0/6":
		return v%6 == 0
	}
	return fmt.Sprint(v) == f
}

func monthMatches(f string, v int) bool {
	allowed := map[string][]int{"3,10": {3, 10}, "2": {2}, "MAR-NOV/4": {3, 7, 11}}
	return f == "*" || slices.Contains(allowed[f], v)
}

func dayMatches(day, weekday string, l time.Time) bool {
	last := time.Date(l.Year(), l.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	switch {
	case day == "*" || weekday == "*":
		return true
	case day == "1" || day == "15":
		return fmt.Sprint(l.Day()) == day
	case day == "29-31":
		return l.Day() >= 29
	case day == "L":
		return l.Day() == last
	case weekday == "SUN":
		return l.Weekday() == time.Sunday
	case weekday == "MON-FRI":
		return l.Weekday() != time.Sunday && l.Weekday() != time.Saturday
	case weekday == "7":
		return l.Weekday() == time.Saturday
	case weekday == "1L":
		return l.Weekday() == time.Sunday && l.Day() > last-7
	case weekday == "1#2":
		return l.Weekday() == time.Sunday && l.Day() > 7 && l.Day() <= 14
	}
	return false
}

func TestTheRunnerFiresWhenDueAndByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		fired := map[string][]time.Time{}
		fire := func(_ context.Context, s *sam.Schedule, due time.Time) error {
			mu.Lock()
			defer mu.Unlock()
			fired[s.Name] = append(fired[s.Name], due)
			if s.Name == "hourly" && len(fired["hourly"]) == 2 {
				return errors.New("no target")
			}
			return nil
		}
		start := time.Now() // midnight in the bubble
		r, err := schedule.Run([]*sam.Schedule{
			{Name: "hourly", Expression: "cron(0 * * * ? *)", TimeZone: "UTC", Enabled: true},
			{Name: "often", Expression: "rate(20 minutes)", TimeZone: "UTC", Enabled: true},
			{Name: "off", Expression: "rate(1 minute)", TimeZone: "UTC"},
		}, fire)
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(2*time.Hour + time.Second)
		if err := r.RunNow(t.Context(), "off", fire); err != nil {
			t.Error(err)
		}
		if err := r.RunNow(t.Context(), "none", fire); err == nil {
			t.Error("a schedule that is not there was run")
		}
		states := r.States()
		r.Stop()
		if len(fired["hourly"]) != 2 || len(fired["often"]) != 6 || len(fired["off"]) != 1 || !fired["hourly"][0].Equal(start.Add(time.Hour)) {
			t.Errorf("fired %v", fired)
		}
		if states[0].LastError != "no target" || !states[0].Next.Equal(start.Add(3*time.Hour)) || !states[2].Next.IsZero() || states[2].Last.IsZero() {
			t.Errorf("states %+v", states)
		}
	})
}

func TestTheRunnerRefusesWhatItCannotRead(t *testing.T) {
	for _, s := range []*sam.Schedule{
		{Name: "a", Line: 7, Expression: "cron(0 * * *)", TimeZone: "UTC"},
		{Name: "a", Line: 7, Expression: "rate(1 hour)", TimeZone: "Europe/Berlinn"},
	} {
		if _, err := schedule.Run([]*sam.Schedule{s}, nil); err == nil || !strings.Contains(err.Error(), "line 7") {
			t.Errorf("error %v for %+v", err, s)
		}
	}
}
