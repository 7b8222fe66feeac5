package audit

import (
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

// pool is what the ledger says of a subscription, up to some event.
type pool struct {
	b   *books
	sub *seats.Subscription
	// plan is the one that runs, with its price in the account's currency.
	plan    *seats.Plan
	price   *billing.Price
	started bool
	ended   bool
	// closing is the close that the end of the subscription follows on.
	closing *seats.Event
	seats   int64
	// What is scheduled, and what was last.
	pending     *seats.Pending
	pendingPlan *seats.PendingPlan
	cancel      *seats.PendingCancel
	// waiting are changes that a later invoice settles, or that of settleAt.
	waiting []seats.Unbilled
	// notBilled is what a whole period costs more than the running one was billed for.
	notBilled  int64
	settleAt   time.Time
	period     billing.Period
	trial      bool
	startedAt  time.Time
	trialEnded time.Time
	// ends are the ends of the periods to come, the stored one last.
	ends []time.Time
}

// replayPool follows a subscription's events from the first, works out what they
// charge, and compares the end with what is stored.
func (b *books) replayPool(sub *seats.Subscription, stored bool) {
	item := string(sub.ID)
	p := &pool{b: b, sub: sub}
	history := b.histories[item]
	for _, r := range history {
		for _, e := range r.events {
			if e.Type == seats.CycleClosed {
				p.ends = append(p.ends, e.Data.PeriodEnd)
			}
		}
	}
	if stored && sub.Status == seats.SubscriptionActive {
		p.ends = append(p.ends, sub.Period.End)
	}
	for _, r := range history {
		if r.rev > sub.Rev {
			break
		}
		slices.SortStableFunc(r.events, func(x, y *seats.Event) int { return last(x) - last(y) })
		for _, e := range r.events {
			if why := p.apply(e); why != "" {
				b.found(PoolHistory, item, "revision %d, %s: %s", r.rev, e.Type, why)
			}
		}
	}
	b.expect(p.started, PoolHistory, item, "was never started")
	b.expect(!p.started || len(p.ends) == 0, Cycles, item, "has %d closes that follow on no period", len(p.ends))
	if stored {
		p.compare()
	}
}

// last puts the end of a subscription behind the close that it came with.
func last(e *seats.Event) int {
	if e.Type == seats.SubscriptionEndedEv {
		return 1
	}
	return 0
}

// on makes a plan the one that runs.
func (p *pool) on(ref seats.PlanRef) string {
	plan := p.b.plans[ref]
	if plan == nil {
		return "is on a plan that does not exist"
	}
	price, err := plan.Price(p.b.account.Currency)
	if err != nil {
		return "is on a plan without a price in the account's currency"
	}
	p.plan, p.price = plan, price
	return ""
}

func (p *pool) compare() {
	b, sub, item := p.b, p.sub, string(p.sub.ID)
	b.expect(p.ended == (sub.Status == seats.SubscriptionEnded), PoolHistory, item, "is %s, by the ledger ended %t", sub.Status, p.ended)
	b.expect(p.plan == nil || p.plan.Ref() == sub.Plan, PoolHistory, item, "is on the plan %s version %d, by the ledger on another", sub.Plan.ID, sub.Plan.Version)
	b.expect(p.seats == sub.Seats, PoolHistory, item, "has %d seats, by the ledger %d", sub.Seats, p.seats)
	b.expect((p.pending == nil) == (sub.Pending == nil), PoolHistory, item, "has a decrease pending %t, by the ledger %t", sub.Pending != nil, p.pending != nil)
	if p.pending != nil && sub.Pending != nil {
		same := p.pending.Seats == sub.Pending.Seats && p.pending.By == sub.Pending.By && p.pending.Event == sub.Pending.Event && p.pending.At.Equal(sub.Pending.At)
		b.expect(same, PoolHistory, item, "has %d seats pending by %s, by the ledger %d by %s", sub.Pending.Seats, sub.Pending.Event, p.pending.Seats, p.pending.Event)
	}
	b.expect((p.pendingPlan == nil) == (sub.PendingPlan == nil), PoolHistory, item, "has a plan scheduled %t, by the ledger %t", sub.PendingPlan != nil, p.pendingPlan != nil)
	if p.pendingPlan != nil && sub.PendingPlan != nil {
		same := p.pendingPlan.Plan == sub.PendingPlan.Plan && p.pendingPlan.By == sub.PendingPlan.By && p.pendingPlan.Event == sub.PendingPlan.Event
		b.expect(same, PoolHistory, item, "has the plan %s scheduled by %s, by the ledger %s by %s", sub.PendingPlan.Plan.ID, sub.PendingPlan.Event, p.pendingPlan.Plan.ID, p.pendingPlan.Event)
	}
	b.expect((p.cancel == nil) == (sub.Cancel == nil), PoolHistory, item, "is cancelled %t, by the ledger %t", sub.Cancel != nil, p.cancel != nil)
	if p.cancel != nil && sub.Cancel != nil {
		b.expect(p.cancel.By == sub.Cancel.By && p.cancel.Event == sub.Cancel.Event, PoolHistory, item, "was cancelled by %s, by the ledger by %s", sub.Cancel.Event, p.cancel.Event)
	}
	b.expect(slices.Equal(p.waiting, charging(sub.Unbilled)), PoolHistory, item, "has %d unbilled changes, by the ledger %d, or other amounts", len(sub.Unbilled), len(p.waiting))
	b.expect(p.notBilled == sub.NotBilledMinor, PoolHistory, item, "costs %d more a period than was billed, by the ledger %d", sub.NotBilledMinor, p.notBilled)
	b.expect(p.settleAt.Equal(sub.SettleAt), PoolHistory, item, "is settled at %s, by the ledger at %s", stamp(sub.SettleAt), stamp(p.settleAt))
	b.expect(samePeriod(p.period, sub.Period), Cycles, item, "is in the period %s to %s, by the ledger in %s to %s", stamp(sub.Period.Start), stamp(sub.Period.End), stamp(p.period.Start), stamp(p.period.End))
	b.expect(p.trial == sub.Trial && p.trialEnded.Equal(sub.TrialEnded), Cycles, item, "is on trial %t until %s, by the ledger %t until %s", sub.Trial, stamp(sub.TrialEnded), p.trial, stamp(p.trialEnded))
	b.expect(p.startedAt.Equal(sub.StartedAt), Cycles, item, "started at %s, by the ledger at %s", stamp(sub.StartedAt), stamp(p.startedAt))
}

// charging leaves out changes that come to nothing whatever they are settled with.
func charging(parts []seats.Unbilled) []seats.Unbilled {
	var some []seats.Unbilled
	for _, part := range parts {
		if part.Num != 0 {
			some = append(some, part)
		}
	}
	return some
}

func samePeriod(x, y billing.Period) bool {
	return x.Index == y.Index && x.StartDate == y.StartDate && x.EndDate == y.EndDate && x.Start.Equal(y.Start) && x.End.Equal(y.End)
}

func (p *pool) apply(e *seats.Event) string {
	switch {
	case e.Type == seats.SubscriptionStarted:
		return p.start(e)
	case !p.started:
		return "was not started before"
	case p.ended:
		return "had ended before"
	case p.plan == nil:
		return "the plan is not known"
	}
	switch e.Type {
	case seats.SeatsIncreased:
		return p.increase(e)
	case seats.SeatsDecreased:
		return p.giveBack(e)
	case seats.DecreaseScheduled, seats.DecreaseCancelled, seats.PlanChangeScheduled, seats.PlanChangeCancelled,
		seats.CancelScheduled, seats.SubscriptionResumed:
		return p.schedule(e)
	case seats.PlanUpgraded:
		return p.upgrade(e)
	case seats.DaySettled:
		return p.settleDay(e)
	case seats.CycleClosed:
		return p.close(e)
	case seats.SubscriptionEndedEv:
		return p.end(e)
	case seats.InvoiceVoided:
		return p.void(e)
	case seats.ReminderDecrease, seats.ReminderPlanChange, seats.ReminderCancellation:
		return unless(p.pending != nil || p.pendingPlan != nil || p.cancel != nil, "reminds of nothing")
	}
	return "is not about subscriptions"
}

// schedule follows what waits for the end of the period, and what is taken back.
func (p *pool) schedule(e *seats.Event) string {
	d := &e.Data
	by, atEnd := seats.UserID(""), d.EffectiveAt.Equal(p.period.End)
	if e.Actor.Kind == seats.ActorUser {
		by = seats.UserID(e.Actor.ID)
	}
	pending := func(n int64) *seats.Pending {
		now := &seats.Pending{Seats: n, By: by, At: e.At, Event: e.ID}
		if p.sub.Pending != nil && p.sub.Pending.Event == e.ID {
			// A quote is priced a little before it is confirmed.
			now.At = p.sub.Pending.At
		}
		return now
	}
	switch e.Type {
	case seats.DecreaseScheduled:
		p.pending = pending(d.To)
		return unless(d.From == p.seats && d.To < p.seats && d.To >= 1 && atEnd, "the seats or the instant are not those of then")
	case seats.DecreaseCancelled:
		was := p.pending
		p.pending = nil
		return unless(was != nil && d.Seats == p.seats, "none was scheduled, or of other seats")
	case seats.PlanChangeScheduled:
		p.pendingPlan = &seats.PendingPlan{Plan: d.Plan, By: by, Event: e.ID}
		switch d.To {
		case 0:
			if p.plan.Policies.ActiveUsers() {
				p.pending = nil
			}
		case p.seats:
			p.pending = nil
		default:
			p.pending = pending(d.To)
		}
		return unless(d.FromPlan == p.plan.Ref() && d.Plan != d.FromPlan && p.b.plans[d.Plan] != nil && atEnd, "the plans or the instant are not those of then")
	case seats.PlanChangeCancelled:
		was := p.pendingPlan
		p.pendingPlan = nil
		if p.plan.Policies.ActiveUsers() {
			p.pending = nil
		}
		return unless(was != nil && d.Plan == was.Plan, "none was scheduled, or another")
	case seats.CancelScheduled:
		was := p.cancel
		p.cancel = &seats.PendingCancel{By: by, Event: e.ID}
		return unless(was == nil && atEnd, "was cancelled before, or with another end")
	}
	was := p.cancel
	p.cancel = nil
	return unless(was != nil, "was not cancelled")
}

// nextEnd takes the end of the next period off those that are known.
func (p *pool) nextEnd() time.Time {
	if len(p.ends) == 0 {
		return time.Time{}
	}
	end := p.ends[0]
	p.ends = p.ends[1:]
	return end
}

// effective is the instant that an event was priced at, which a quote made a little
// before it.
func effective(e *seats.Event) time.Time {
	switch e.Type {
	case seats.SeatsIncreased, seats.SeatsDecreased, seats.PlanUpgraded, seats.SubscriptionStarted:
		if !e.Data.EffectiveAt.IsZero() {
			return e.Data.EffectiveAt
		}
	}
	return e.At
}

func (p *pool) start(e *seats.Event) string {
	d := &e.Data
	if p.started {
		return "was started before"
	}
	if why := p.on(d.Plan); why != "" {
		return why
	}
	p.started, p.seats, p.trial, p.startedAt = true, d.Seats, d.Trial, effective(e)
	if !p.b.account.Anchor.Valid() || len(p.b.zones) == 0 {
		return "the account has no anchor or zone"
	}
	end := p.nextEnd()
	if !p.first(p.startedAt, end, func(period billing.Period) bool { return d.PeriodStart.IsZero() || period.Start.Equal(d.PeriodStart) }) {
		return "the first period does not end at a boundary"
	}
	if !p.trial && !p.plan.Policies.ActiveUsers() {
		p.charge(e, p.seatsLine(e, p.firstFactor(e, p.startedAt)))
	}
	return unless((d.Seats >= 1) != p.plan.Policies.ActiveUsers(), "was started with seats that the plan does not have")
}

// first is the period in which a subscription begins at an instant: its trial, or the
// first one that is billed. It is right if a zone of the account gives its end.
func (p *pool) first(at, end time.Time, fits func(billing.Period) bool) bool {
	for _, loc := range p.b.zones {
		if p.trial {
			p.period = billing.TrialPeriod(loc, at, p.plan.Policies.TrialDays)
		} else {
			p.period = billing.FirstPeriod(p.b.account.Anchor, p.plan.Interval, loc, at)
		}
		if p.period.End.Equal(end) && fits(p.period) {
			return true
		}
	}
	if p.b.boundary(p.period.EndDate, end) {
		p.period.End = end
	}
	return p.period.End.Equal(end)
}

// close follows the end of a period or trial.
func (p *pool) close(e *seats.Event) string {
	d := &e.Data
	fits := d.From == p.seats && d.PeriodStart.Equal(p.period.Start) && d.PeriodEnd.Equal(p.period.End) && e.At.Equal(d.PeriodEnd) && d.Trial == p.trial
	lines, credits := p.settled(e)
	if p.plan.Policies.ActiveUsers() && !p.trial {
		lines = append(lines, p.usageLine(e)...)
	} else {
		fits = fits && d.QuantityDen == 0 && d.PeopleSHA256 == ""
	}
	was := *p
	if p.trial {
		p.trial, p.trialEnded = false, e.At
	}
	p.waiting, p.settleAt, p.pending, p.pendingPlan, p.seats, p.notBilled = nil, time.Time{}, nil, nil, d.To, 0
	if p.cancel != nil {
		p.cancel, p.closing = nil, e
		p.charge(e, lines...)
		p.credit(e, credits...)
		return unless(fits && d.To == 0 && d.Plan == p.plan.Ref(), "the seats, the plan or the period are not those of then")
	}
	if was.pendingPlan != nil {
		fits = fits && d.FromPlan == was.plan.Ref() && d.Plan == was.pendingPlan.Plan
		if why := p.on(d.Plan); why != "" {
			return why
		}
	} else {
		fits = fits && d.FromPlan == seats.PlanRef{} && d.Plan == was.plan.Ref()
	}
	fits = fits && was.resized(p.plan, d.To)
	tiles := p.follow(&was, e.At)
	if !p.plan.Policies.ActiveUsers() {
		factor := billing.Factor{Num: 1, Den: 1}
		if was.trial {
			factor = p.firstFactor(e, e.At)
		}
		next := p.seatsLine(e, factor)
		if was.pending != nil {
			next.EventIDs = append(next.EventIDs, string(was.pending.Event))
		}
		if was.pendingPlan != nil && !slices.Contains(next.EventIDs, string(was.pendingPlan.Event)) {
			next.EventIDs = append(next.EventIDs, string(was.pendingPlan.Event))
		}
		lines = append(lines, next)
	}
	p.charge(e, lines...)
	p.credit(e, credits...)
	if !tiles {
		return "the next period does not end at a boundary"
	}
	return unless(fits, "the seats, the plan or the period are not those of then")
}

// follow starts the period after the one that was.
func (p *pool) follow(was *pool, at time.Time) bool {
	end := p.nextEnd()
	if was.trial {
		return p.first(at, end, func(billing.Period) bool { return true })
	}
	index := was.period.Index + steps(was.plan.Interval)
	p.period = billing.Period{
		Index: index, StartDate: was.period.EndDate, EndDate: billing.Boundary(p.b.account.Anchor, index+steps(p.plan.Interval)),
		Start: was.period.End, End: end,
	}
	return p.b.boundary(p.period.EndDate, p.period.End)
}

// resized reports whether the next period may start with so many seats. How many were
// used then is not looked at, only what they can have been.
func (p *pool) resized(plan *seats.Plan, to int64) bool {
	rules := &plan.Policies
	if rules.ActiveUsers() {
		return to == 0
	}
	wanted := p.seats
	if p.pending != nil {
		wanted = p.pending.Seats
	}
	wanted = max(wanted, rules.MinSeats)
	switch {
	case wanted > p.seats && p.plan.Policies.ActiveUsers():
		// Nobody had seats of the plan that ends.
		return to == wanted
	case rules.AutoSeats:
		most := p.seats
		if rules.OverAssigned == seats.ReleaseNewest {
			most = min(most, wanted)
		}
		return to >= rules.MinSeats && to <= max(most, rules.MinSeats)
	case p.pending == nil, rules.OverAssigned == seats.ReleaseNewest:
		return to == wanted
	}
	return to >= wanted && to <= max(p.seats, wanted)
}

// end follows on the last close.
func (p *pool) end(e *seats.Event) string {
	fits := p.closing != nil && e.At.Equal(p.closing.At) && e.Data.EffectiveAt.Equal(e.At) && e.Data.From == p.closing.Data.From && e.Data.Reason != ""
	p.ended = true
	return unless(fits, "does not follow on the close of a cancelled period")
}
