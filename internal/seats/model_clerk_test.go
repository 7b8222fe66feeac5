package seats_test

import (
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

// clerk keeps the money of an account as somebody would with a wall calendar: plans
// that change, days that are settled, trials, ends, credit, and users counted on the
// fingers. It shares no code with what it is held against.
type clerk struct {
	loc    *time.Location
	anchor naiveDate
	subs   map[string]*clerkSub
	people map[string][]clerkSpan
	credit int64
	// documents are all that were issued.
	documents []clerkDocument
	starts    map[naiveDate]time.Time
}

// clerkPlan is a plan on the price list.
type clerkPlan struct {
	id, product string
	rank        int
	months      int
	price       billing.Price
	rules       seats.Policies
}

type clerkSub struct {
	plan, pendingPlan       *clerkPlan
	seats                   int64
	pending                 *int64
	cancelled, ended, trial bool
	period                  naivePeriod
	// began is since when the running period counts: its beginning, or later.
	began time.Time
	// paid is the price of a period that the running one was billed for: no more is ever
	// given back of it.
	paid     int64
	waiting  []clerkPart
	settleAt time.Time
	holders  map[string]bool
}

type clerkPart struct {
	plan *clerkPlan
	owed *big.Rat
}

// clerkSpan is a time during which somebody was active; the last may have no end.
type clerkSpan struct{ from, to time.Time }

type clerkDocument struct {
	credit bool
	lines  []int64
}

// taxed is an amount with 19 % on it.
func taxed(lines []int64) int64 {
	net := int64(0)
	for _, l := range lines {
		net += l
	}
	return net + naiveRound(big.NewRat(net*19, 100))
}

func (c *clerk) issue(lines, credits []int64) {
	if len(credits) > 0 {
		c.documents = append(c.documents, clerkDocument{true, credits})
		c.credit += taxed(credits)
	}
	if len(lines) > 0 {
		c.documents = append(c.documents, clerkDocument{false, lines})
		c.credit -= min(c.credit, taxed(lines))
	}
}

// due is when something must be done next.
func (c *clerk) due() time.Time {
	var first time.Time
	for _, s := range c.subs {
		for _, at := range []time.Time{s.period.end, s.settleAt} {
			if !s.ended && !at.IsZero() && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
	}
	return first
}

func (c *clerk) catchUp(to time.Time) {
	for at := c.due(); !at.IsZero() && !at.After(to); at = c.due() {
		c.close(at)
	}
}

// close does what is due at an instant, and reports whether a period ended.
func (c *clerk) close(at time.Time) (invoice []int64, ended bool) {
	lines, credits := map[string][]int64{}, map[string][]int64{}
	makes := false
	for product, s := range c.subs {
		switch {
		case s.ended:
		case s.period.end.Equal(at):
			ended = true
			lines[product], credits[product] = c.endPeriod(s)
			makes = makes || len(lines[product]) > 0
		case s.settleAt.Equal(at):
			lines[product], credits[product] = s.settle()
		}
	}
	for product, s := range c.subs {
		if _, done := lines[product]; !done && makes && !s.ended && s.settleAt.IsZero() {
			lines[product], credits[product] = s.settle()
		}
	}
	var all, back []int64
	for _, product := range slices.Sorted(maps.Keys(c.subs)) {
		all, back = append(all, lines[product]...), append(back, credits[product]...)
	}
	c.issue(all, back)
	return all, ended
}

// settle gives what waited: a line for what was bought on one plan.
func (s *clerkSub) settle() (lines, credits []int64) {
	for i := 0; i < len(s.waiting); {
		plan, sum := s.waiting[i].plan, new(big.Rat)
		for ; i < len(s.waiting) && s.waiting[i].plan == plan; i++ {
			sum.Add(sum, s.waiting[i].owed)
		}
		switch amount := naiveRound(sum); {
		case amount > 0:
			lines = append(lines, amount)
		case amount < 0 && plan.rules.Decrease == seats.DecreaseImmediateCredit:
			credits = append(credits, -amount)
		}
	}
	s.waiting, s.settleAt = nil, time.Time{}
	return lines, credits
}

func (c *clerk) endPeriod(s *clerkSub) (lines, credits []int64) {
	at := s.period.end
	lines, credits = s.settle()
	charge := func(x *big.Rat) {
		if amount := naiveRound(x); amount > 0 {
			lines = append(lines, amount)
		}
	}
	if s.plan.rules.ActiveUsers() && !s.trial {
		charge(c.usage(s))
	}
	if s.cancelled {
		s.ended, s.cancelled, s.pending, s.pendingPlan, s.trial = true, false, nil, nil, false
		s.seats, s.holders = 0, map[string]bool{}
		return lines, credits
	}
	months := s.plan.months
	if s.pendingPlan != nil {
		s.plan = s.pendingPlan
	}
	if s.pending != nil {
		// Nobody loses a license.
		s.seats = max(*s.pending, int64(len(s.holders)))
	}
	if s.plan.rules.AutoSeats {
		s.seats = int64(len(s.holders))
	}
	s.seats = max(s.seats, s.leastSeats())
	s.pending, s.pendingPlan, s.paid = nil, nil, 0
	if !s.plan.rules.ActiveUsers() {
		s.paid = naivePrice(&s.plan.price, s.seats)
	}
	if s.trial {
		s.trial = false
		s.period = c.periodHolding(at, s.plan.months)
		s.began = at
		if !s.plan.rules.ActiveUsers() {
			charge(new(big.Rat).Mul(s.firstFactor(at, c.loc), ratOf(naivePrice(&s.plan.price, s.seats))))
		}
		return lines, credits
	}
	s.period = c.periodFrom(s.period.index+months, s.plan.months, at)
	s.began = at
	if !s.plan.rules.ActiveUsers() {
		charge(ratOf(naivePrice(&s.plan.price, s.seats)))
	}
	return lines, credits
}

func (s *clerkSub) leastSeats() int64 {
	if s.plan.rules.ActiveUsers() {
		return 0
	}
	return s.plan.rules.MinSeats
}

// firstFactor is the part of its first period that is paid for.
func (s *clerkSub) firstFactor(at time.Time, loc *time.Location) *big.Rat {
	if s.plan.rules.Proration == billing.NoProration {
		return big.NewRat(1, 1)
	}
	return naiveFactor(s.period, s.plan.rules.Proration, at, loc)
}

// periodHolding is the period that begins at the last boundary up to an instant.
func (c *clerk) periodHolding(at time.Time, months int) naivePeriod {
	index := 0
	for !c.start(naiveBoundary(c.anchor, index+1)).After(at) {
		index++
	}
	return c.periodFrom(index, months, c.start(naiveBoundary(c.anchor, index)))
}

func (c *clerk) periodFrom(index, months int, start time.Time) naivePeriod {
	p := naivePeriod{index: index, startDay: naiveBoundary(c.anchor, index), endDay: naiveBoundary(c.anchor, index+months), start: start}
	p.end = c.start(p.endDay)
	return p
}

// start is when a day begins, looked up once.
func (c *clerk) start(d naiveDate) time.Time {
	if at, known := c.starts[d]; known {
		return at
	}
	c.starts[d] = naiveStart(d, c.loc)
	return c.starts[d]
}

// usage is what a period of active users comes to.
func (c *clerk) usage(s *clerkSub) *big.Rat {
	from, to := s.period.start, s.period.end
	firstDay, factor := s.period.startDay, big.NewRat(1, 1)
	if s.began.After(from) {
		from, firstDay, factor = s.began, naiveDateOf(s.began, c.loc), s.firstFactor(s.began, c.loc)
	}
	quantity := new(big.Rat)
	switch s.plan.rules.ActiveCount {
	case seats.CountDaily:
		days := int64(0)
		for _, spans := range c.people {
			for day := firstDay; day.Before(s.period.endDay); day = day.AddDate(0, 0, 1) {
				if active(spans, later(from, c.start(day)), earliest(to, c.start(day.AddDate(0, 0, 1)))) {
					days++
				}
			}
		}
		quantity.SetFrac64(days, naiveDays(firstDay, s.period.endDay))
	case seats.CountPeak:
		quantity.SetInt64(c.most(from, to))
	default:
		for _, spans := range c.people {
			if active(spans, later(from, to.Add(-1)), to) {
				quantity.Add(quantity, ratOf(1))
			}
		}
	}
	if least := ratOf(s.plan.rules.MinSeats); quantity.Cmp(least) < 0 {
		quantity = least
	}
	price := new(big.Rat).Mul(quantity, ratOf(s.plan.price.UnitMinor))
	price.Add(price, ratOf(s.plan.price.BaseMinor))
	return price.Mul(price, factor)
}

// most is how many were active at once: counted at every instant at which somebody
// became active.
func (c *clerk) most(from, to time.Time) int64 {
	instants := []time.Time{from}
	for _, spans := range c.people {
		for _, s := range spans {
			if s.from.After(from) && s.from.Before(to) {
				instants = append(instants, s.from)
			}
		}
	}
	most := int64(0)
	for _, at := range instants {
		n := int64(0)
		for _, spans := range c.people {
			if active(spans, at, at.Add(1)) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// active reports whether somebody was active at any instant between two.
func active(spans []clerkSpan, from, to time.Time) bool {
	for _, s := range spans {
		if s.to.IsZero() {
			s.to = to
		}
		if later(s.from, from).Before(earliest(s.to, to)) {
			return true
		}
	}
	return false
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// again is a copy of the book, to try things on.
func (c *clerk) again() *clerk {
	page := *c
	page.subs = map[string]*clerkSub{}
	page.documents = slices.Clone(c.documents)
	for product, s := range c.subs {
		sub := *s
		sub.waiting, sub.holders = slices.Clone(s.waiting), maps.Clone(s.holders)
		if s.pending != nil {
			n := *s.pending
			sub.pending = &n
		}
		page.subs[product] = &sub
	}
	return &page
}

// upcoming is the invoice of the next period's end if nothing else happens.
func (c *clerk) upcoming() []int64 {
	page := c.again()
	for at := page.due(); !at.IsZero(); at = page.due() {
		if lines, ended := page.close(at); ended {
			return lines
		}
	}
	return nil
}
