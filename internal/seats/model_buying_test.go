package seats_test

import (
	"math/big"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

// What follows is what customers buy, in the clerk's book. Each gives the code of the
// refusal, or "".

// subscribe begins a subscription. Who had one before gets no trial.
func (c *clerk) subscribe(plan *clerkPlan, n int64, at time.Time) string {
	was := c.subs[plan.product]
	if was != nil && !was.ended {
		return "state_conflict"
	}
	s := &clerkSub{plan: plan, seats: n, began: at, holders: map[string]bool{}}
	if days := plan.rules.TrialDays; days > 0 && was == nil {
		s.trial = true
		today := naiveDateOf(at, c.loc)
		s.period = naivePeriod{startDay: today, endDay: today.AddDate(0, 0, days), start: at}
		s.period.end = c.start(s.period.endDay)
	} else {
		s.period = c.periodHolding(at, plan.months)
	}
	c.subs[plan.product] = s
	if s.trial || plan.rules.ActiveUsers() {
		return ""
	}
	s.paid = naivePrice(&plan.price, n)
	due := new(big.Rat).Mul(s.firstFactor(at, c.loc), ratOf(naivePrice(&plan.price, n)))
	if amount := naiveRound(due); amount > 0 {
		c.issue([]int64{amount}, nil)
	}
	return ""
}

// part is what is left of the running period of a difference.
func (c *clerk) part(s *clerkSub, mode billing.Proration, minor int64, at time.Time) *big.Rat {
	if s.trial {
		return new(big.Rat)
	}
	return new(big.Rat).Mul(naiveFactor(s.period, mode, at, c.loc), ratOf(minor))
}

// move gives what a change of seats owes and earns for the rest of the period. What is
// settled at once does not earn by more seats nor owe by fewer; nothing earns more than
// was paid beyond the price of the seats that stay.
func (c *clerk) move(s *clerkSub, n int64, at time.Time) *big.Rat {
	rules, now := &s.plan.rules, s.plan.rules.Settle == seats.SettleNow
	after := naivePrice(&s.plan.price, n)
	more := after - naivePrice(&s.plan.price, s.seats)
	switch {
	case s.trial || rules.Proration == billing.NoProration:
		return new(big.Rat)
	case now && n > s.seats:
		more = max(more, 0)
	case now:
		more = min(more, 0)
	}
	if over := max(s.paid-after, 0); more < -over {
		more = -over
	}
	s.paid += more
	return c.part(s, rules.Proration, more, at)
}

// wait keeps a change for a later invoice, if the plan does so and any part of the
// period is paid for.
func (c *clerk) wait(s *clerkSub, owed *big.Rat, at time.Time) bool {
	rules := &s.plan.rules
	if rules.Settle == seats.SettleNow || s.trial || rules.Proration == billing.NoProration {
		return false
	}
	s.waiting = append(s.waiting, clerkPart{s.plan, owed})
	if rules.Settle == seats.SettleDaily && s.settleAt.IsZero() {
		s.settleAt = c.start(naiveDateOf(at, c.loc).AddDate(0, 0, 1))
	}
	return true
}

// seats changes the number of seats.
func (c *clerk) seats(product string, n int64, at time.Time) string {
	s := c.subs[product]
	switch {
	case s == nil:
		return "not_found"
	case s.ended, s.plan.rules.ActiveUsers():
		return "state_conflict"
	case n < 1:
		return "invalid"
	case n < s.seats && n < s.plan.rules.MinSeats:
		return "contact_sales"
	case n < s.seats && n < s.then() && s.pendingPlan.least() > n:
		return "contact_sales"
	case n == s.seats && s.pending == nil:
		return "state_conflict"
	}
	now := s.plan.rules.Decrease == seats.DecreaseImmediateCredit
	refused := now || s.plan.rules.OverAssigned == seats.RefuseBelow || s.pendingPlan != nil && s.pendingPlan.rules.OverAssigned == seats.RefuseBelow
	if n < s.seats && n < int64(len(s.holders)) && refused {
		return "seats_in_use"
	}
	switch {
	case n > s.seats:
		owed := c.move(s, n, at)
		if s.pending != nil {
			*s.pending += n - s.seats
		}
		s.seats = n
		if amount := naiveRound(owed); !c.wait(s, owed, at) && amount > 0 {
			c.issue([]int64{amount}, nil)
		}
	case n == s.seats:
		s.pending = nil
	case now:
		owed := c.move(s, n, at)
		s.seats, s.pending = n, nil
		if amount := -naiveRound(owed); !c.wait(s, owed, at) && amount > 0 {
			c.issue(nil, []int64{amount})
		}
	default:
		s.pending = &n
	}
	return ""
}

// then is how many seats there are after the period.
func (s *clerkSub) then() int64 {
	if s.pending != nil {
		return *s.pending
	}
	return s.seats
}

// least is the fewest seats that a plan has, of none and of active users 0.
func (p *clerkPlan) least() int64 {
	if p == nil || p.rules.ActiveUsers() {
		return 0
	}
	return p.rules.MinSeats
}

// change changes the plan: at once to a higher one at the same interval, else at the
// end of the period.
func (c *clerk) change(to *clerkPlan, at time.Time) string {
	s := c.subs[to.product]
	switch {
	case s == nil:
		return "not_found"
	case s.ended, to == s.plan, to == s.pendingPlan:
		return "state_conflict"
	}
	if to.rank <= s.plan.rank || to.months != s.plan.months {
		if s.then() < to.rules.MinSeats {
			return "contact_sales"
		}
		s.pendingPlan = to
		return ""
	}
	then := s.seats
	if s.pending != nil {
		then = min(then, *s.pending)
	}
	if then < to.rules.MinSeats {
		return "contact_sales"
	}
	before, after := naivePrice(&s.plan.price, s.seats), naivePrice(&to.price, s.seats)
	total := max(0, naiveRound(c.part(s, to.rules.Proration, after-before, at)))
	fresh := naiveRound(c.part(s, to.rules.Proration, after, at))
	if !s.trial && to.rules.Proration != billing.NoProration {
		s.paid += max(0, after-before)
	}
	s.plan, s.pendingPlan = to, nil
	var lines []int64
	for _, amount := range []int64{total - fresh, fresh} {
		if total != 0 && amount != 0 {
			lines = append(lines, amount)
		}
	}
	c.issue(lines, nil)
	return ""
}

func (c *clerk) cancel(product string) string {
	s := c.subs[product]
	switch {
	case s == nil:
		return "not_found"
	case s.ended, s.cancelled:
		return "state_conflict"
	}
	s.cancelled = true
	return ""
}

func (c *clerk) resume(product string) string {
	s := c.subs[product]
	switch {
	case s == nil:
		return "not_found"
	case s.ended, !s.cancelled:
		return "state_conflict"
	}
	s.cancelled = false
	return ""
}
