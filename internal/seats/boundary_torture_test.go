package seats_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// boundaryCase is a change of seats around the end of a cycle.
type boundaryCase struct {
	offset   time.Duration
	zone     string
	settle   seats.Settle
	overtake string // whom the closer overtakes: "", "change" or "closer"
	fresh    bool   // quoted at that instant, not a minute before it
	to       int64
}

func boundaryCases() []boundaryCase {
	var all []boundaryCase
	for _, offset := range []time.Duration{-time.Second, -time.Millisecond, -1, 0, 1, time.Millisecond, time.Second} {
		for _, zone := range []string{"Europe/Berlin", "America/Sao_Paulo", "Pacific/Kiritimati"} {
			for _, settle := range []seats.Settle{seats.SettleNow, seats.SettleNextInvoice} {
				for _, overtake := range []string{"", "change", "closer"} {
					for _, fresh := range []bool{false, true} {
						for _, to := range []int64{3, 8} {
							all = append(all, boundaryCase{offset, zone, settle, overtake, fresh, to})
						}
					}
				}
			}
		}
	}
	return all
}

// Fault 26: a change of seats a moment before, at and a moment after the end of a
// cycle, and the closer before it, after it, and each overtaking the other. The change
// falls in exactly one period, or is refused and nothing of it is anywhere.
func TestAChangeAtTheLastInstantFallsInOnePeriod(t *testing.T) {
	cases, wrong := boundaryCases(), 0
	outcomes := map[string]int{}
	if !faulttest.Full {
		// Every fifth has every offset, zone, overtaking and settlement among them: none
		// has a multiple of five values.
		var some []boundaryCase
		for i := 0; i < len(cases); i += 5 {
			some = append(some, cases[i])
		}
		cases = some
	}
	for _, c := range cases {
		code, mistake := c.run(t)
		outcomes[code]++
		if mistake != "" {
			wrong++
			t.Errorf("%+v: answered %q, and %s", c, code, mistake)
		}
	}
	if outcomes[""] == 0 || outcomes["quote_stale"] == 0 {
		t.Errorf("outcomes are %v: too few to prove anything", outcomes)
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 26, Did: "a change of seats within a second of the boundary, to the nanosecond, against a closer that overtakes and is overtaken",
		Bad: wrong, Of: len(cases), What: "changes lost, doubled or in the wrong period", More: fmt.Sprintf("answers %v", outcomes),
	})
}

func (c boundaryCase) run(t *testing.T) (code, mistake string) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.Settle = c.settle }), seatstest.OnAccount(func(a *seats.OpenAccount) { a.Zone = c.zone }))
	end := r.Pool().Period.End
	r.Wall.Set(end.Add(-time.Minute))
	q := r.Quote(c.to)
	r.Wall.Set(end.Add(c.offset))
	if c.fresh {
		q = r.Quote(c.to)
	}
	closer := func() {
		at := r.Wall.Now()
		r.Wall.Set(end.Add(max(c.offset, 0)))
		_, err := r.Service.Close(r.Ctx, r.Account)
		r.Must(err)
		r.Wall.Set(at)
	}
	change := func(store seats.Store) error {
		_, err := r.On(store).ConfirmSeats(r.Ctx, r.Caller("owner"), r.Account, r.Sub, q.ID, true, seatstest.Once[seats.SeatChangeResult]("key", "body"))
		return err
	}
	var err error
	switch c.overtake {
	case "change": // the closer commits between the change's look and its write
		err = change(&seatstest.Racing{Store: r.Store, Before: func(n int, _ *seats.Change) {
			if n == 1 {
				closer()
			}
		}})
	case "closer": // the change commits between the closer's look and its write
		at, ran := r.Wall.Now(), false
		r.Wall.Set(end.Add(max(c.offset, 0)))
		_, closed := r.On(&seatstest.Racing{Store: r.Store, Before: func(n int, _ *seats.Change) {
			if n == 1 {
				ran = true
				r.Wall.Set(at)
				err = change(r.Store)
				r.Wall.Set(end.Add(max(c.offset, 0)))
			}
		}}).Close(r.Ctx, r.Account)
		r.Must(closed)
		if !ran { // the quote closed the cycle, and nothing was left to close
			err = change(r.Store)
		}
	default:
		err = change(r.Store)
	}
	r.CloseAt(end.AddDate(0, 1, 2))
	r.Clean()
	return codeOf(err), c.judge(r, end, err == nil)
}

// judge says what is wrong with the books of the two periods, or "".
func (c boundaryCase) judge(r *seatstest.Rig, end time.Time, done bool) string {
	changes := r.Events(seats.SeatsIncreased, seats.DecreaseScheduled)
	if !done {
		if len(changes) != 0 {
			return fmt.Sprintf("%d changes stand in the ledger", len(changes))
		}
		return ""
	}
	if len(changes) != 1 {
		return fmt.Sprintf("%d changes stand in the ledger", len(changes))
	}
	late := !changes[0].At.Before(end)
	lines, renewals := 0, []int64{}
	for _, inv := range r.Invoices() {
		for _, l := range inv.Lines {
			switch l.Kind {
			case billing.LineSeatChange:
				lines++
				if l.PeriodStart.Before(end) == late {
					return fmt.Sprintf("a change at %s is billed for the period from %s", changes[0].At, l.PeriodStart)
				}
			case billing.LineSeats:
				renewals = append(renewals, l.Seats)
			}
		}
	}
	want := []int64{5, c.to, c.to}
	if late {
		want[1] = 5 // the period that had begun was renewed before it
	}
	if got := fmt.Sprint(renewals); got != fmt.Sprint(want) {
		return fmt.Sprintf("periods of %s seats are billed, want %v", got, want)
	}
	// Of a day or less before the boundary something is due; an increase has one line.
	if increase := c.to > 5; increase && lines != 1 || !increase && lines != 0 {
		return fmt.Sprintf("%d lines of a change", lines)
	}
	return ""
}

const jumpSeed = 29

// Fault 29: the clock of the machine that serves the next request is an hour ahead,
// an hour behind, or thirty days on. No line is negative, no period is closed twice or
// left out, and what was missed is billed once.
func TestClocksThatJumpBillEachPeriodOnce(t *testing.T) {
	sequences, steps := faulttest.Size(60, 1_500), 30
	random := rand.New(rand.NewPCG(jumpSeed, 0))
	wrong, lines, closes := 0, 0, 0
	for n := range sequences {
		zone := []string{"Europe/Berlin", "America/New_York", "Pacific/Apia", "UTC", "Asia/Kathmandu"}[n%5]
		proration := []billing.Proration{billing.ByDay, billing.BySecond}[n%2]
		r := seatstest.Open(t, seatstest.OnAccount(func(a *seats.OpenAccount) { a.Zone = zone }), seatstest.OnPolicies(func(p *seats.Policies) {
			p.Proration = proration
			p.Settle = []seats.Settle{seats.SettleNow, seats.SettleNextInvoice}[n/2%2]
		}))
		// The auditor tells of what is dated before the opening, so an hour behind must
		// be after it.
		base := r.Wall.Advance(24 * time.Hour)
		for range steps {
			base = base.Add(time.Duration(random.Int64N(int64(4 * 24 * time.Hour))))
			jump := []time.Duration{0, 0, time.Hour, -time.Hour, -time.Minute, 30 * 24 * time.Hour}[random.IntN(6)]
			if jump > 24*time.Hour {
				base = base.Add(jump)
				jump = 0
			}
			r.Wall.Set(base.Add(jump))
			switch random.IntN(3) {
			case 0:
				_, err := r.Service.Close(r.Ctx, r.Account)
				r.Must(err)
			case 1:
				if q, err := quote(r, "owner", 1+random.Int64N(9)); err == nil {
					r.Wall.Set(base.Add(-jump))
					_, _ = confirm(r, "owner", q.ID, true, r.Key())
				}
			case 2:
				r.Invite(seatstest.Invitee(fmt.Sprintf("p%d", random.IntN(1e9)), ""))
			}
		}
		r.CloseAt(base.Add(40 * 24 * time.Hour))
		r.Clean()
		found, closed := jumped(r)
		lines, closes = lines+len(r.Invoices()), closes+closed
		if found != "" {
			wrong++
			t.Errorf("sequence %d: %s", n, found)
		}
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 29, Did: fmt.Sprintf("%d commands each by clocks that jump an hour on and back and thirty days on", steps),
		Bad: wrong, Of: sequences, What: "accounts with a wrong line or period", Seed: jumpSeed, More: fmt.Sprintf("%d closes, %d invoices", closes, lines),
	})
}

// jumped says what is wrong with the periods and lines of an account, or "".
func jumped(r *seatstest.Rig) (wrong string, closes int) {
	end := r.Events(seats.SubscriptionStarted)[0].At
	for i, e := range r.Events(seats.CycleClosed) {
		if i > 0 && !e.Data.PeriodStart.Equal(end) || !e.Data.PeriodEnd.After(e.Data.PeriodStart) {
			return fmt.Sprintf("the period from %s to %s follows one that ended at %s", e.Data.PeriodStart, e.Data.PeriodEnd, end), closes
		}
		end = e.Data.PeriodEnd
		closes++
	}
	renewed := map[time.Time]int{}
	for _, inv := range r.Invoices() {
		for _, l := range inv.Lines {
			if l.AmountMinor < 0 || l.FactorNum < 0 || l.FactorNum > l.FactorDen {
				return fmt.Sprintf("invoice %d has the line %+v", inv.Number, l), closes
			}
			if l.Kind == billing.LineSeats {
				renewed[l.PeriodStart]++
			}
		}
	}
	for start, times := range renewed {
		if times != 1 {
			return fmt.Sprintf("the period from %s is billed %d times", start, times), closes
		}
	}
	if len(renewed) != closes+1 {
		return fmt.Sprintf("%d periods are billed after %d closes", len(renewed), closes), closes
	}
	return "", closes
}
