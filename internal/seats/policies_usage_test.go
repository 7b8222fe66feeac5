package seats_test

import (
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// turned is the instant at which somebody became active or inactive.
type turned struct {
	at     time.Time
	who    string
	active bool
}

// attendance is who was active when, kept a second time from the commands alone.
type attendance []turned

// between gives every state of a time: from when on, until when, and who was active.
func (a attendance) between(from, to time.Time, each func(from, to time.Time, active map[string]bool)) {
	active, at := map[string]bool{}, from
	for _, turn := range a {
		if !turn.at.Before(to) {
			break
		}
		if turn.at.After(at) {
			each(at, turn.at, active)
			at = turn.at
		}
		active[turn.who] = turn.active
	}
	each(at, to, active)
}

func countActive(active map[string]bool) (n int64) {
	for _, is := range active {
		if is {
			n++
		}
	}
	return n
}

// counted counts a time by the words of a policy.
func (a attendance) counted(how seats.ActiveCount, from, to time.Time, firstDay, endDay billing.Date, loc *time.Location) (num, den, people int64) {
	days := map[string]map[billing.Date]bool{}
	a.between(from, to, func(since, until time.Time, active map[string]bool) {
		switch n := countActive(active); how {
		case seats.CountPeak:
			num = max(num, n)
		case seats.CountAtClose:
			num = n
		case seats.CountDaily:
			for who, is := range active {
				for day := billing.DateOf(since, loc); is && !billing.DateOf(until.Add(-1), loc).Before(day); day = day.AddDays(1) {
					if days[who] == nil {
						days[who] = map[billing.Date]bool{}
					}
					days[who][day] = true
				}
			}
		}
	})
	if how != seats.CountDaily {
		return num, 1, num
	}
	for _, each := range days {
		num += int64(len(each))
	}
	return num, int64(firstDay.DaysUntil(endDay)), int64(len(days))
}

// Whoever comes and goes whenever: a month costs what its active users cost by the
// words of the policy, and names as many of them.
func TestActiveUsersCostWhatTheirPolicySays(t *testing.T) {
	periods, turns := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		loc, err := time.LoadLocation(rapid.SampledFrom([]string{"Europe/Berlin", "Asia/Tokyo", "America/New_York"}).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		how := rapid.SampledFrom([]seats.ActiveCount{seats.CountAtClose, seats.CountPeak, seats.CountDaily}).Draw(t, "count")
		anchor := billing.Date{Year: 2026, Month: time.January, Day: rapid.SampledFrom([]int{1, 15, 31}).Draw(t, "day")}
		opened := anchor.StartIn(loc).Add(time.Duration(rapid.IntRange(0, 23*60).Draw(t, "minute")) * time.Minute)
		var plan *seats.Plan
		r := seatstest.Open(t, seatstest.At(opened), seatstest.Seats(0), seatstest.OnAccount(func(in *seats.OpenAccount) { in.Zone = loc.String() }),
			seatstest.OnPlan(func(p *seats.Plan) {
				p.Policies.Billing, p.Policies.ActiveCount = seats.BillingActiveUsers, how
				p.Policies.Proration = rapid.SampledFrom([]billing.Proration{billing.ByDay, billing.BySecond, billing.NoProration}).Draw(t, "proration")
				p.Policies.MinSeats = rapid.SampledFrom([]int64{0, 0, 3}).Draw(t, "min")
				p.Policies.TrialDays = rapid.SampledFrom([]int{0, 0, 5, 40}).Draw(t, "trial")
				p.Prices = map[money.Currency]billing.Price{"EUR": anyPlanPrice(t)}
				plan = p
			}))
		here := attendance{{opened, "owner", true}}
		people := []string{"ann", "bob", "cem", "dan"}
		r.Join(people...)
		for _, who := range people {
			here = append(here, turned{opened, who, true})
		}
		for range rapid.IntRange(0, 25).Draw(t, "turns") {
			unit := rapid.SampledFrom([]time.Duration{0, time.Second, time.Hour, 24 * time.Hour}).Draw(t, "unit")
			r.Wall.Set(r.Wall.Now().Add(unit * time.Duration(rapid.IntRange(1, 9).Draw(t, "units"))))
			who := rapid.SampledFrom(people).Draw(t, "who")
			active := r.User(who).Status != seats.UserActive
			if active {
				r.Activate(who)
			} else {
				r.Deactivate(who)
			}
			here = append(here, turned{r.Wall.Now(), who, active})
			turns++
		}
		began := opened
		if days := plan.Policies.TrialDays; days > 0 {
			began = anchor.AddDays(days).StartIn(loc)
		}
		r.CloseAt(anchor.AddMonths(4).StartIn(loc))
		lines := map[time.Time]billing.Line{}
		for _, inv := range r.Invoices() {
			for _, line := range inv.Lines {
				lines[line.PeriodEnd] = line
			}
		}
		for n := range 4 {
			first, end := anchor.AddMonths(n), anchor.AddMonths(n+1)
			from, to, part := first.StartIn(loc), end.StartIn(loc), big.NewRat(1, 1)
			if !began.Before(to) {
				continue // a trial
			}
			if began.After(from) {
				switch plan.Policies.Proration {
				case billing.BySecond:
					part = big.NewRat(to.Unix()-began.Unix(), to.Unix()-from.Unix())
				case billing.ByDay:
					part = big.NewRat(int64(billing.DateOf(began, loc).DaysUntil(end)), int64(first.DaysUntil(end)))
				case billing.NoProration:
				}
				from, first = began, billing.DateOf(began, loc)
			}
			num, den, count := here.counted(how, from, to, first, end, loc)
			num = max(num, plan.Policies.MinSeats*den)
			want := half(part.Mul(part, usagePrice(plan, num, den)))
			got := lines[to]
			if want == 0 && got.AmountMinor == 0 {
				continue
			}
			if got.AmountMinor != want || big.NewRat(got.QuantityNum, max(got.QuantityDen, 1)).Cmp(big.NewRat(num, den)) != 0 || got.People != count {
				t.Fatalf("until %s: %d for %d/%d with %d people, want %d for %d/%d with %d", to, got.AmountMinor, got.QuantityNum, got.QuantityDen, got.People, want, num, den, count)
			}
			if billed := r.Billed(&got); int64(len(billed)) != count || seats.HashBilled(billed) != got.PeopleSHA256 {
				t.Fatalf("until %s the list has %d people", to, len(billed))
			}
			periods++
		}
		r.Clean()
	})
	t.Logf("periods %d, people came and went %d times", periods, turns)
}

// usagePrice is the price of num ÷ den users: straight between whole numbers, but for
// volume, whose unit is that of the tier that the next whole number is in.
func usagePrice(plan *seats.Plan, num, den int64) *big.Rat {
	whole := num / den
	at := priceOf(plan, whole)
	if num%den == 0 {
		return at
	}
	next := priceOf(plan, whole+1)
	if price := plan.Prices["EUR"]; price.Model == billing.Volume {
		base := new(big.Rat).SetInt64(price.BaseMinor)
		unit := next.Sub(next, base)
		unit.Quo(unit, new(big.Rat).SetInt64(whole+1))
		return unit.Mul(unit, big.NewRat(num, den)).Add(unit, base)
	}
	step := next.Sub(next, at)
	return step.Mul(step, big.NewRat(num%den, den)).Add(step, at)
}
