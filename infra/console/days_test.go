package console_test

import (
	"testing"
	"time"
)

// days asks lib/days.ts where local dates begin.
const days = `
import { addDays, dayOf, startOf } from "./src/lib/days";
console.log(JSON.stringify(JSON.parse(require("fs").readFileSync(0, "utf8")).map(({ Day, Zone }) =>
	({ start: startOf(Day, Zone), day: dayOf(startOf(Day, Zone) || 0, Zone), next: startOf(Day, Zone) && addDays(Day, 1) }))));
`

// A local date begins at its first instant, also where clocks change at midnight or a day is left out; what is no date begins
// nowhere.
func TestDaysBeginWhereTheZoneSays(t *testing.T) {
	var asked []struct{ Day, Zone string }
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Asia/Kolkata", "America/Sao_Paulo", "Africa/Cairo", "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Midway", "Australia/Lord_Howe"} {
		for _, day := range []string{"2024-02-29", "2026-01-01", "2026-03-29", "2026-10-25", "2018-11-04", "2023-04-28", "2011-12-31", "2026-04-05"} {
			asked = append(asked, struct{ Day, Zone string }{day, zone})
		}
	}
	for _, day := range []string{"", "2026-13-01", "yesterday", "2026-1-1"} {
		asked = append(asked, struct{ Day, Zone string }{day, "Europe/Berlin"})
	}
	var got []struct{ Start, Day, Next string }
	runs(t, days, asked, &got)
	for i, a := range asked {
		day, err := time.Parse(time.DateOnly, a.Day)
		if err != nil {
			if got[i].Start != "" {
				t.Errorf("%q begins at %s, want nowhere", a.Day, got[i].Start)
			}
			continue
		}
		if want := first(t, a.Day, a.Zone); got[i].Start != want || got[i].Day != a.Day || got[i].Next != day.AddDate(0, 0, 1).Format(time.DateOnly) {
			t.Errorf("%s in %s begins at %s, on %s, before %s; want %s", a.Day, a.Zone, got[i].Start, got[i].Day, got[i].Next, want)
		}
	}
}

// first looks for the first minute of a local date, one by one.
func first(t *testing.T, day, zone string) string {
	t.Helper()
	place, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	for at = at.Add(-24 * time.Hour); at.In(place).Format(time.DateOnly) < day; at = at.Add(time.Minute) {
	}
	return at.Format("2006-01-02T15:04:05.000Z")
}
