package billing_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/billing"
)

// anyAnchor draws anchors of 1970–2100, the days that not every month has above all.
func anyAnchor() *rapid.Generator[billing.Date] {
	return rapid.Custom(func(t *rapid.T) billing.Date {
		year := rapid.OneOf(rapid.IntRange(1970, 2100), rapid.SampledFrom([]int{1972, 2000, 2011, 2024, 2028, 2096, 2099, 2100})).Draw(t, "year")
		first := billing.Date{Year: year, Month: time.Month(rapid.IntRange(1, 12).Draw(t, "month")), Day: 1}
		day := rapid.OneOf(rapid.IntRange(29, 31), rapid.IntRange(1, 31)).Draw(t, "day")
		return first.AddDays(min(day, first.DaysUntil(first.AddMonths(1))) - 1)
	})
}

func anyInterval() *rapid.Generator[billing.Interval] {
	return rapid.SampledFrom([]billing.Interval{billing.Month, billing.Year})
}

// clampedDay is the anchor's day in the month of d, worked out by the time package.
func clampedDay(anchor, d billing.Date) int {
	last := time.Date(d.Year, d.Month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return min(anchor.Day, last)
}

func TestPeriodsTileTimeAndComeBackToTheAnchorDay(t *testing.T) {
	zones, boundaries := zonesOf(t), 0
	rapid.Check(t, func(t *rapid.T) {
		loc := rapid.SampledFrom(zones).Draw(t, "zone")
		anchor := anyAnchor().Draw(t, "anchor")
		interval := anyInterval().Draw(t, "interval")
		steps := map[billing.Interval]int{billing.Month: 1, billing.Year: 12}[interval]
		p := billing.FirstPeriod(anchor, interval, loc, anchor.StartIn(loc))
		if p.Index != 0 || p.StartDate != anchor || p.Start != anchor.StartIn(loc) {
			t.Fatalf("the first period is %+v", p)
		}
		for k := range rapid.IntRange(1, 30).Draw(t, "periods") {
			if p.Index != k*steps {
				t.Fatalf("period %d has index %d", k, p.Index)
			}
			if !p.Start.Before(p.End) || !p.StartDate.Before(p.EndDate) {
				t.Fatalf("an empty period %+v", p)
			}
			if p.StartDate.Day != clampedDay(anchor, p.StartDate) || p.EndDate.Day != clampedDay(anchor, p.EndDate) {
				t.Fatalf("anchor %s has a period from %s to %s", anchor, p.StartDate, p.EndDate)
			}
			inside := p.Start.Add(time.Duration(rapid.Int64Range(0, int64(p.End.Sub(p.Start))-1).Draw(t, "inside")))
			if got := billing.CycleAt(anchor, interval, loc, inside); got != p {
				t.Fatalf("the cycle at %s is %+v, want %+v", inside, got, p)
			}
			if !p.Contains(p.Start) || !p.Contains(inside) || p.Contains(p.End) || p.Contains(p.Start.Add(-1)) {
				t.Fatalf("%+v is not half open", p)
			}
			next := p.Next(anchor, interval, loc)
			if next.Start != p.End || next.StartDate != p.EndDate {
				t.Fatalf("after %+v comes %+v", p, next)
			}
			p = next
			boundaries++
		}
	})
	t.Logf("boundaries %d in %d zones, gaps and overlaps 0", boundaries, len(zones))
}

func TestTheBoundaryIndexIsTheLastBoundaryThatHasBegun(t *testing.T) {
	zones := zonesOf(t)
	rapid.Check(t, func(t *rapid.T) {
		loc := rapid.SampledFrom(zones).Draw(t, "zone")
		anchor := anyAnchor().Draw(t, "anchor")
		n := rapid.IntRange(-600, 600).Draw(t, "n")
		start := billing.Boundary(anchor, n).StartIn(loc)
		offset := rapid.OneOf(rapid.SampledFrom([]time.Duration{-1, 0, 1, time.Hour}),
			rapid.Map(rapid.Int64Range(-3_000_000, 3_000_000), func(s int64) time.Duration { return time.Duration(s) * time.Second })).Draw(t, "offset")
		at := start.Add(offset)
		got := billing.BoundaryIndexAt(anchor, loc, at)
		if billing.Boundary(anchor, got).StartIn(loc).After(at) {
			t.Fatalf("boundary %d had not begun at %s", got, at)
		}
		if !billing.Boundary(anchor, got+1).StartIn(loc).After(at) {
			t.Fatalf("boundary %d had begun at %s, not only %d", got+1, at, got)
		}
		if offset == 0 && got != n || offset == -1 && got != n-1 {
			t.Fatalf("boundary %d, %v off its start, is %d", n, offset, got)
		}
		first := billing.FirstPeriod(anchor, billing.Year, loc, at)
		if first.Index != got || first.StartDate != billing.Boundary(anchor, got) || first.EndDate != billing.Boundary(anchor, got+12) {
			t.Fatalf("the first yearly period at %s is %+v", at, first)
		}
		cycle := billing.CycleAt(anchor, billing.Year, loc, at)
		if cycle.Index%12 != 0 || !cycle.Contains(at) {
			t.Fatalf("the yearly cycle at %s is %+v", at, cycle)
		}
	})
}

// 7 November 2010 began in Newfoundland twice: for one minute, and again after an
// hour of the 6th. Its boundary is the first of the two, for every function.
func TestABoundaryWhoseDateComesTwiceBeginsTheFirstTime(t *testing.T) {
	loc := zone(t, "America/St_Johns")
	anchor := date(t, "2010-10-07")
	p := billing.CycleAt(anchor, billing.Month, loc, instant(t, "2010-11-07T03:00:00Z"))
	if got := billing.DateOf(instant(t, "2010-11-07T03:00:00Z"), loc); got != date(t, "2010-11-06") {
		t.Fatalf("half an hour after the boundary it is %s; this test is about the 6th", got)
	}
	if p.Index != 1 || p.Start != instant(t, "2010-11-07T02:30:00Z") {
		t.Errorf("the period of the second 6th is %+v", p)
	}
	if f := p.Factor(billing.ByDay, instant(t, "2010-11-07T03:00:00Z"), loc); f != (billing.Factor{Num: 30, Den: 30}) {
		t.Errorf("its factor is %+v, want the whole", f)
	}
}

func TestANewZoneMovesTheNextBoundaryAndNoOpenPeriod(t *testing.T) {
	anchor := date(t, "2026-10-31")
	west, east := zone(t, "Pacific/Honolulu"), zone(t, "Pacific/Auckland")
	open := billing.FirstPeriod(anchor, billing.Month, west, instant(t, "2026-11-10T00:00:00Z"))
	next := open.Next(anchor, billing.Month, east)
	if next.Start != open.End || next.Start != instant(t, "2026-11-30T10:00:00Z") {
		t.Errorf("the period after the move starts at %s", next.Start)
	}
	if next.StartDate != date(t, "2026-11-30") || next.EndDate != date(t, "2026-12-31") || next.End != instant(t, "2026-12-30T11:00:00Z") {
		t.Errorf("the period after the move is %+v", next)
	}
}

// The account moves from Samoa's side of the date line to Kiribati's: its open period
// still has an hour to run, and the new clock is a day past the last one already; or
// the other way round, a day before the first.
func TestAfterAMoveAcrossTheDateLineAFactorStaysWithinThePeriod(t *testing.T) {
	anchor := date(t, "2026-11-01")
	west, east := zone(t, "Pacific/Pago_Pago"), zone(t, "Pacific/Kiritimati")
	p := billing.FirstPeriod(anchor, billing.Month, west, instant(t, "2026-11-15T00:00:00Z"))
	if f := p.Factor(billing.ByDay, p.End.Add(-time.Hour), east); f != (billing.Factor{Num: 0, Den: 30}) {
		t.Errorf("an hour before the end by the later clock: %+v, want nothing left", f)
	}
	p = billing.FirstPeriod(anchor, billing.Month, east, instant(t, "2026-11-15T00:00:00Z"))
	if f := p.Factor(billing.ByDay, p.Start.Add(time.Hour), west); f != (billing.Factor{Num: 30, Den: 30}) {
		t.Errorf("an hour after the start by the earlier clock: %+v, want the whole", f)
	}
}

func TestPeriodsTileAndFactorsStayWithinOneWhateverTheZoneChangesTo(t *testing.T) {
	zones := zonesOf(t)
	rapid.Check(t, func(t *rapid.T) {
		anchor := anyAnchor().Draw(t, "anchor")
		interval := anyInterval().Draw(t, "interval")
		loc := rapid.SampledFrom(zones).Draw(t, "zone")
		p := billing.FirstPeriod(anchor, interval, loc, anchor.StartIn(loc))
		for range rapid.IntRange(1, 12).Draw(t, "periods") {
			loc = rapid.SampledFrom(zones).Draw(t, "new zone")
			at := p.Start.Add(time.Duration(rapid.Int64Range(-1e14, int64(p.End.Sub(p.Start))+1e14).Draw(t, "at")))
			for _, mode := range []billing.Proration{billing.ByDay, billing.BySecond, billing.NoProration} {
				f := p.Factor(mode, at, loc)
				if f.Den <= 0 || f.Num < 0 || f.Num > f.Den {
					t.Fatalf("factor %+v at %s of %+v", f, at, p)
				}
				if mode != billing.NoProration && (!at.After(p.Start) && f.Num != f.Den || !at.Before(p.End) && f.Num != 0) {
					t.Fatalf("factor %+v outside, at %s of %+v", f, at, p)
				}
			}
			next := p.Next(anchor, interval, loc)
			if next.Start != p.End || !next.End.After(next.Start) || next.StartDate != p.EndDate {
				t.Fatalf("after %+v comes %+v", p, next)
			}
			p = next
		}
	})
}

func TestUnknownPoliciesAreFaultsOfTheProgram(t *testing.T) {
	if billing.Interval("week").Valid() || !billing.Month.Valid() || !billing.Year.Valid() {
		t.Error("month and year are the intervals")
	}
	if billing.Proration("hour").Valid() || !billing.ByDay.Valid() || !billing.BySecond.Valid() || !billing.NoProration.Valid() {
		t.Error("day, second and none are the prorations")
	}
	panics := func(name string, f func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("%s did not panic", name)
			}
		}()
		f()
	}
	anchor := date(t, "2026-11-01")
	panics("an unknown interval", func() { billing.CycleAt(anchor, "week", time.UTC, time.Unix(0, 0)) })
	panics("an unknown proration", func() { billing.Period{}.Factor("hour", time.Unix(0, 0), time.UTC) })
	panics("an invoice without format", func() { billing.Invoice{}.Canonical() })
}

func TestPeriodsTileTimeAlsoWhereTheirIntervalChanges(t *testing.T) {
	zones := zonesOf(t)
	rapid.Check(t, func(t *rapid.T) {
		loc, anchor := rapid.SampledFrom(zones).Draw(t, "zone"), anyAnchor().Draw(t, "anchor")
		interval := anyInterval().Draw(t, "interval")
		steps := map[billing.Interval]int{billing.Month: 1, billing.Year: 12}
		at := anchor.AddDays(rapid.IntRange(0, 400).Draw(t, "days")).StartIn(loc)
		p := billing.FirstPeriod(anchor, interval, loc, at)
		index := p.Index
		for range rapid.IntRange(1, 12).Draw(t, "periods") {
			to := anyInterval().Draw(t, "to")
			next := p.NextAs(anchor, interval, to, loc)
			index += steps[interval]
			want := billing.Period{
				Index: index, StartDate: p.EndDate, EndDate: billing.Boundary(anchor, index+steps[to]),
				Start: p.End, End: billing.Boundary(anchor, index+steps[to]).StartIn(loc),
			}
			if next != want || next.StartDate != billing.Boundary(anchor, index) {
				t.Fatalf("after %+v as %s comes, as %s, %+v, want %+v", p, interval, to, next, want)
			}
			if to == interval && next != p.Next(anchor, interval, loc) {
				t.Fatalf("Next gives %+v, NextAs %+v", p.Next(anchor, interval, loc), next)
			}
			p, interval = next, to
		}
	})
}

func TestAYearThatFollowsAMonthEndsTwelveBoundariesOn(t *testing.T) {
	anchor, loc := date(t, "2026-10-31"), zone(t, "Europe/Berlin")
	month := billing.FirstPeriod(anchor, billing.Month, loc, instant(t, "2027-02-01T00:00:00Z"))
	year := month.NextAs(anchor, billing.Month, billing.Year, loc)
	if year.StartDate != date(t, "2027-02-28") || year.EndDate != date(t, "2028-02-29") || year.Index != 4 {
		t.Errorf("the year after %+v is %+v", month, year)
	}
	back := year.NextAs(anchor, billing.Year, billing.Month, loc)
	if back.StartDate != date(t, "2028-02-29") || back.EndDate != date(t, "2028-03-31") || back.Index != 16 {
		t.Errorf("the month after %+v is %+v", year, back)
	}
}

func TestATrialEndsAtTheStartOfItsLastDaysMorrow(t *testing.T) {
	zones := zonesOf(t)
	rapid.Check(t, func(t *rapid.T) {
		loc, days := rapid.SampledFrom(zones).Draw(t, "zone"), rapid.IntRange(1, 366).Draw(t, "days")
		start := anyAnchor().Draw(t, "day").StartIn(loc).Add(time.Duration(rapid.Int64Range(0, int64(25*time.Hour)).Draw(t, "into it")))
		p := billing.TrialPeriod(loc, start, days)
		if !p.Start.Equal(start) || !p.Start.Before(p.End) || p.Days() != int64(days) {
			t.Fatalf("%d days from %s are %+v", days, start, p)
		}
		if p.End != p.EndDate.StartIn(loc) || p.StartDate.StartIn(loc).After(start) || !p.StartDate.AddDays(1).StartIn(loc).After(start) {
			t.Fatalf("%d days from %s are %+v", days, start, p)
		}
		// In the hour that comes twice the local date is the day before.
		if today := billing.DateOf(start, loc); p.StartDate != today && p.StartDate != today.AddDays(1) {
			t.Fatalf("on %s the trial starts on %s", today, p.StartDate)
		}
	})
	for _, c := range []struct {
		zone, start string
		days        int
		startDate   string
		end         string
	}{
		{"Europe/Berlin", "2026-03-15T22:59:59Z", 14, "2026-03-15", "2026-03-28T23:00:00Z"},
		{"Europe/Berlin", "2026-03-15T23:00:00Z", 14, "2026-03-16", "2026-03-29T22:00:00Z"},
		{"America/Sao_Paulo", "2018-11-03T12:00:00Z", 1, "2018-11-03", "2018-11-04T03:00:00Z"},
		{"Pacific/Apia", "2011-12-30T09:00:00Z", 1, "2011-12-29", "2011-12-30T10:00:00Z"},
		{"America/St_Johns", "2010-11-07T03:00:00Z", 1, "2010-11-07", "2010-11-08T03:30:00Z"},
	} {
		p := billing.TrialPeriod(zone(t, c.zone), instant(t, c.start), c.days)
		if p.StartDate != date(t, c.startDate) || p.End != instant(t, c.end) {
			t.Errorf("%s, %s: %+v, want %s to %s", c.zone, c.start, p, c.startDate, c.end)
		}
	}
	at := instant(t, "2026-03-15T12:00:00Z")
	if p := billing.TrialPeriod(zone(t, "Europe/Berlin"), at, 0); !p.Start.Equal(at) || p.End != p.Start || p.Days() != 0 || p.Contains(at) {
		t.Errorf("a trial without days is %+v", p)
	}
}

func TestTheRestOfAPeriodIsWhatItsFactorIsOf(t *testing.T) {
	zones := zonesOf(t)
	rapid.Check(t, func(t *rapid.T) {
		drawn := anyPeriod(zones).Draw(t, "period")
		p, loc := drawn.p, drawn.loc
		at := p.Start.Add(time.Duration(rapid.Int64Range(-int64(time.Hour), int64(p.End.Sub(p.Start))+int64(time.Hour)).Draw(t, "at")))
		rest := p.Since(at, loc)
		if rest.End != p.End || rest.EndDate != p.EndDate || rest.Start.Before(p.Start) || rest.Index != p.Index {
			t.Fatalf("since %s %+v is %+v", at, p, rest)
		}
		if p.Contains(at) && !rest.Start.Equal(at) || !at.After(p.Start) && rest != p || !at.Before(p.End) && rest.Days() != 0 {
			t.Fatalf("since %s %+v is %+v", at, p, rest)
		}
		// By the local date, which the hour that comes twice is a day behind.
		if f := p.Factor(billing.ByDay, at, loc); f.Num != rest.Days() && !(p.Contains(at) && f.Num == rest.Days()+1) {
			t.Fatalf("since %s %+v has %d days, its factor is %+v", at, p, rest.Days(), f)
		}
	})
}
