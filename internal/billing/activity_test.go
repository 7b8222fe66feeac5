package billing_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/billing"
)

// anyActivity draws spans around the period, some without end, some empty, in any
// order, many of them at the period's own instants and at those of one another.
func anyActivity(t *rapid.T, p billing.Period) []billing.Activity {
	length := int64(p.End.Sub(p.Start))
	offset := rapid.OneOf(
		rapid.SampledFrom([]int64{-1, 0, 1, length - 1, length, length + 1}),
		rapid.Int64Range(-length/4, length+length/4),
		rapid.Map(rapid.Int64Range(0, 24), func(n int64) int64 { return length / 24 * n }),
	)
	users := make([]billing.Activity, rapid.IntRange(0, 5).Draw(t, "users"))
	for i := range users {
		for range rapid.IntRange(0, 4).Draw(t, "spans") {
			span := billing.Span{From: p.Start.Add(time.Duration(offset.Draw(t, "from")))}
			if rapid.IntRange(0, 4).Draw(t, "open") > 0 {
				span.To = p.Start.Add(time.Duration(offset.Draw(t, "to")))
			}
			users[i] = append(users[i], span)
		}
	}
	return users
}

// instantsThatMatter are those at which anything can be different: all ends of spans,
// the period's own, and the starts of its days.
func instantsThatMatter(users []billing.Activity, p billing.Period, loc *time.Location) []time.Time {
	instants := []time.Time{p.Start}
	for _, user := range users {
		for _, span := range user {
			instants = append(instants, span.From, span.To)
		}
	}
	for d := p.StartDate; d.Before(p.EndDate); d = d.AddDays(1) {
		instants = append(instants, d.StartIn(loc))
	}
	return instants
}

func activeAt(user billing.Activity, at time.Time) bool {
	for _, s := range user {
		if !at.Before(s.From) && (s.To.IsZero() || s.To.After(at)) {
			return true
		}
	}
	return false
}

func TestUsersAreCountedAsAtEachInstant(t *testing.T) {
	zones := zonesOf(t)
	rapid.Check(t, func(t *rapid.T) {
		drawn := anyPeriod(zones).Draw(t, "period")
		p, loc := drawn.p, drawn.loc
		if p.StartDate.DaysUntil(p.EndDate) > 31 {
			p = p.Since(p.EndDate.AddDays(-20).StartIn(loc), loc)
		}
		users := anyActivity(t, p)
		instants := instantsThatMatter(users, p, loc)

		var peak, closing int64
		for _, at := range instants {
			count := int64(0)
			for _, user := range users {
				if user.At(at) != activeAt(user, at) {
					t.Fatalf("at %s: %v", at, user)
				}
				if p.Contains(at) && activeAt(user, at) {
					count++
				}
			}
			peak = max(peak, count)
		}
		for _, user := range users {
			if activeAt(user, p.End.Add(-1)) {
				closing++
			}
		}
		got, at := billing.Peak(users, p)
		if got != peak || !p.Contains(at) {
			t.Fatalf("the peak is %d at %s, want %d: %v", got, at, peak, users)
		}
		then := int64(0)
		for _, user := range users {
			if user.At(at) {
				then++
			}
		}
		if then != peak {
			t.Fatalf("%d users were active at the peak of %d, %s", then, peak, at)
		}
		for _, other := range instants {
			if p.Contains(other) && other.Before(at) {
				count := int64(0)
				for _, user := range users {
					if activeAt(user, other) {
						count++
					}
				}
				if count == peak {
					t.Fatalf("the peak of %d was reached at %s, not first at %s", peak, other, at)
				}
			}
		}
		if got := billing.AtClose(users, p); got != closing {
			t.Fatalf("%d users at the close, want %d: %v", got, closing, users)
		}

		days := int64(0)
		for _, user := range users {
			days += oracleDays(user, p, loc, instants)
		}
		if got := billing.UserDays(users, p, loc); got != days {
			t.Fatalf("%d user-days, want %d: %v", got, days, users)
		}
	})
}

// oracleDays asks for each day whether the user was active at an instant of it. A day
// that has no instant counts if the user was active right before and right after it.
func oracleDays(user billing.Activity, p billing.Period, loc *time.Location, instants []time.Time) int64 {
	days := int64(0)
	for d := p.StartDate; d.Before(p.EndDate); d = d.AddDays(1) {
		from, to := d.StartIn(loc), d.AddDays(1).StartIn(loc)
		if from.Before(p.Start) || d == p.StartDate {
			from = p.Start
		}
		if to.After(p.End) || d.AddDays(1) == p.EndDate {
			to = p.End
		}
		active := false
		if from.Equal(to) {
			active = activeAt(user, from) && activeAt(user, from.Add(-1))
		}
		for _, at := range append(instants, from, to.Add(-1)) {
			active = active || !at.Before(from) && at.Before(to) && activeAt(user, at)
		}
		if active {
			days++
		}
	}
	return days
}

func TestAUserWhoIsActiveThroughoutHasEveryDay(t *testing.T) {
	zones := zonesOf(t)
	rapid.Check(t, func(t *rapid.T) {
		drawn := anyPeriod(zones).Draw(t, "period")
		p, loc := drawn.p, drawn.loc
		p = p.Since(p.Start.Add(time.Duration(rapid.Int64Range(-1, int64(p.End.Sub(p.Start))-1).Draw(t, "since"))), loc)
		always := billing.Activity{{From: p.Start.Add(-time.Hour)}}
		if got := always.Days(p, loc); got != p.Days() || got < 1 {
			t.Fatalf("%d days of %d in %+v", got, p.Days(), p)
		}
		if got := billing.UserDays([]billing.Activity{always, always[:0]}, p, loc); got != p.Days() {
			t.Fatalf("%d user-days of %d", got, p.Days())
		}
	})
}

func TestActivityByHand(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	p := billing.CycleAt(date(t, "2026-03-01"), billing.Month, berlin, instant(t, "2026-03-15T00:00:00Z"))
	on := func(from, to string) billing.Span {
		span := billing.Span{From: instant(t, from)}
		if to != "" {
			span.To = instant(t, to)
		}
		return span
	}
	for _, c := range []struct {
		name                string
		users               []billing.Activity
		peak, closing, days int64
	}{
		{"nobody", nil, 0, 0, 0},
		{"one nanosecond", []billing.Activity{{{From: p.Start, To: p.Start.Add(1)}}}, 1, 0, 1},
		{"an empty span", []billing.Activity{{{From: p.Start, To: p.Start}}}, 0, 0, 0},
		{"only before", []billing.Activity{{on("2026-01-01T00:00:00Z", "2026-02-28T23:00:00Z")}}, 0, 0, 0},
		{"only from the end on", []billing.Activity{{{From: p.End}}}, 0, 0, 0},
		{"deactivated at the very end", []billing.Activity{{{From: p.Start, To: p.End}}}, 1, 1, 31},
		{"deactivated a moment before", []billing.Activity{{{From: p.Start, To: p.End.Add(-1)}}}, 1, 0, 31},
		{"twice in one day", []billing.Activity{{on("2026-03-10T08:00:00Z", "2026-03-10T09:00:00Z"), on("2026-03-10T10:00:00Z", "2026-03-10T11:00:00Z")}}, 1, 0, 1},
		{"over midnight", []billing.Activity{{on("2026-03-10T22:59:59Z", "2026-03-10T23:00:01Z")}}, 1, 0, 2},
		{"up to midnight", []billing.Activity{{on("2026-03-10T22:00:00Z", "2026-03-10T23:00:00Z")}}, 1, 0, 1},
		{"one after the other at one instant", []billing.Activity{{on("2026-03-01T12:00:00Z", "2026-03-10T12:00:00Z")}, {on("2026-03-10T12:00:00Z", "")}}, 1, 1, 10 + 22},
		{"the opening one is the peak", []billing.Activity{{on("2026-01-01T00:00:00Z", "2026-03-01T12:00:00Z")}, {on("2026-01-01T00:00:00Z", "")}}, 2, 1, 1 + 31},
		{"one user's spans overlap", []billing.Activity{{on("2026-03-01T12:00:00Z", "2026-03-10T12:00:00Z"), on("2026-03-05T12:00:00Z", "2026-03-06T12:00:00Z")}}, 1, 0, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, _ := billing.Peak(c.users, p); got != c.peak {
				t.Errorf("the peak is %d, want %d", got, c.peak)
			}
			if got := billing.AtClose(c.users, p); got != c.closing {
				t.Errorf("%d at the close, want %d", got, c.closing)
			}
			if got := billing.UserDays(c.users, p, berlin); got != c.days {
				t.Errorf("%d user-days, want %d", got, c.days)
			}
		})
	}
}

// Samoa had no 30 December 2011, and 7 November 2010 began in Newfoundland twice.
func TestDaysThatTheClockSkippedOrRepeatedCountOnce(t *testing.T) {
	samoa := zone(t, "Pacific/Apia")
	p := billing.CycleAt(date(t, "2011-12-01"), billing.Month, samoa, instant(t, "2011-12-15T00:00:00Z"))
	before := instant(t, "2011-12-30T09:59:00Z") // the last minute of the 29th
	for _, c := range []struct {
		from, to time.Time
		want     int64
	}{
		{before, before.Add(time.Minute), 1},
		{before, before.Add(2 * time.Minute), 3},
		{before.Add(time.Minute), before.Add(2 * time.Minute), 1},
		{p.Start, p.End, 31},
	} {
		if got := (billing.Activity{{From: c.from, To: c.to}}).Days(p, samoa); got != c.want {
			t.Errorf("from %s to %s: %d days, want %d", c.from, c.to, got, c.want)
		}
	}
	newfoundland := zone(t, "America/St_Johns")
	p = billing.CycleAt(date(t, "2010-11-01"), billing.Month, newfoundland, instant(t, "2010-11-15T00:00:00Z"))
	again := instant(t, "2010-11-07T03:00:00Z") // the 6th for the second time
	if got := (billing.Activity{{From: again, To: again.Add(2 * time.Hour)}}).Days(p, newfoundland); got != 1 {
		t.Errorf("the second 6th and the 7th are %d days, want the 7th alone", got)
	}
}

// An account that moves across the date line in an open period keeps its days.
func TestAfterAMoveDaysStayWithinThePeriod(t *testing.T) {
	west, east := zone(t, "Pacific/Pago_Pago"), zone(t, "Pacific/Kiritimati")
	p := billing.FirstPeriod(date(t, "2026-11-01"), billing.Month, west, instant(t, "2026-11-15T00:00:00Z"))
	hours := billing.Activity{{From: p.End.Add(-2 * time.Hour)}}
	if got := hours.Days(p, east); got != 1 {
		t.Errorf("by the later clock %d days, want 1", got)
	}
	p = billing.FirstPeriod(date(t, "2026-11-01"), billing.Month, east, instant(t, "2026-11-15T00:00:00Z"))
	hours = billing.Activity{{From: p.Start, To: p.Start.Add(2 * time.Hour)}}
	if got := hours.Days(p, west); got != 1 {
		t.Errorf("by the earlier clock %d days, want 1", got)
	}
	since := p.Since(p.Start.Add(time.Hour), west)
	if since.StartDate != p.StartDate || since.Days() != p.Days() {
		t.Errorf("since an hour after its start the period is %+v", since)
	}
}

func BenchmarkUsage(b *testing.B) {
	loc := zone(b, "Europe/Berlin")
	p := billing.CycleAt(date(b, "2026-07-01"), billing.Month, loc, instant(b, "2026-07-22T09:00:00Z"))
	users := make([]billing.Activity, 10_000)
	for i := range users {
		from := p.Start.Add(time.Duration(i) * time.Minute)
		users[i] = billing.Activity{{From: from, To: from.Add(48 * time.Hour)}, {From: from.Add(72 * time.Hour)}}
	}
	for name, count := range map[string]func(){
		"peak":      func() { billing.Peak(users, p) },
		"at close":  func() { billing.AtClose(users, p) },
		"user-days": func() { billing.UserDays(users, p, loc) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				count()
			}
		})
	}
}
