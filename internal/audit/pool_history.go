package audit

import (
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

// pool is what the ledger says of a subscription, up to some event.
type pool struct {
	b    *books
	sub  *seats.Subscription
	plan *seats.Plan
	// price of the plan in the account's currency.
	price   *billing.Price
	started bool
	seats   int64
	pending *seats.Pending
	// waiting are increases that the next invoice settles.
	waiting []seats.Unbilled
	period  billing.Period
	// ends are the ends of the periods to come, the stored one last.
	ends []time.Time
}

// replayPool follows a subscription's events from the first, works out what they
// charge, and compares the end with what is stored.
func (b *books) replayPool(sub *seats.Subscription) {
	item := string(sub.ID)
	p := &pool{b: b, sub: sub, plan: b.plans[sub.Plan]}
	if p.plan == nil {
		return // told by checkPeriod
	}
	price, err := p.plan.Price(b.account.Currency)
	if !b.expect(err == nil, PoolItem, item, "the plan has no price in %s", b.account.Currency) {
		return
	}
	p.price = price
	history := b.histories[item]
	for _, r := range history {
		for _, e := range r.events {
			if e.Type == seats.CycleClosed {
				p.ends = append(p.ends, e.Data.PeriodEnd)
			}
		}
	}
	p.ends = append(p.ends, sub.Period.End)
	for _, r := range history {
		if r.rev > sub.Rev {
			break
		}
		for _, e := range r.events {
			if why := p.apply(e); why != "" {
				b.found(PoolHistory, item, "revision %d, %s: %s", r.rev, e.Type, why)
			}
		}
	}
	p.compare()
}

func (p *pool) compare() {
	b, sub, item := p.b, p.sub, string(p.sub.ID)
	b.expect(p.started, PoolHistory, item, "was never started")
	b.expect(p.seats == sub.Seats, PoolHistory, item, "has %d seats, by the ledger %d", sub.Seats, p.seats)
	b.expect((p.pending == nil) == (sub.Pending == nil), PoolHistory, item, "has a decrease pending %t, by the ledger %t", sub.Pending != nil, p.pending != nil)
	if p.pending != nil && sub.Pending != nil {
		same := p.pending.Seats == sub.Pending.Seats && p.pending.By == sub.Pending.By && p.pending.Event == sub.Pending.Event && p.pending.At.Equal(sub.Pending.At)
		b.expect(same, PoolHistory, item, "has %d seats pending by %s, by the ledger %d by %s", sub.Pending.Seats, sub.Pending.Event, p.pending.Seats, p.pending.Event)
	}
	b.expect(slices.Equal(p.waiting, sub.Unbilled), PoolHistory, item, "has %d unbilled increases, by the ledger %d, or other amounts", len(sub.Unbilled), len(p.waiting))
	b.expect(samePeriod(p.period, sub.Period), Cycles, item, "is in the period %s to %s, by the ledger in %s to %s", stamp(sub.Period.Start), stamp(sub.Period.End), stamp(p.period.Start), stamp(p.period.End))
	b.expect(!p.started || len(p.ends) == 0, Cycles, item, "has %d closes that follow on no period", len(p.ends))
}

func samePeriod(x, y billing.Period) bool {
	return x.Index == y.Index && x.StartDate == y.StartDate && x.EndDate == y.EndDate && x.Start.Equal(y.Start) && x.End.Equal(y.End)
}

func (p *pool) apply(e *seats.Event) string {
	d := &e.Data
	if e.Type != seats.SubscriptionStarted && !p.started {
		return "was not started before"
	}
	switch e.Type {
	case seats.SubscriptionStarted:
		return p.start(e)
	case seats.SeatsIncreased:
		return p.increase(e)
	case seats.DecreaseScheduled:
		was := p.seats
		p.pending = &seats.Pending{Seats: d.To, By: seats.UserID(e.Actor.ID), At: e.At, Event: e.ID}
		if p.sub.Pending != nil && p.sub.Pending.Event == e.ID {
			// A quote is priced a little before it is confirmed.
			p.pending.At = p.sub.Pending.At
		}
		return unless(was == d.From && d.To < was && d.To >= 1 && d.EffectiveAt.Equal(p.period.End), "the seats or the instant are not those of then")
	case seats.DecreaseCancelled:
		was := p.pending
		p.pending = nil
		return unless(was != nil && d.Seats == p.seats, "none was scheduled, or of other seats")
	case seats.CycleClosed:
		return p.close(e)
	}
	return "is not about subscriptions"
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

func (p *pool) start(e *seats.Event) string {
	d := &e.Data
	if p.started || d.Seats < 1 {
		return "was started before, or without seats"
	}
	p.started, p.seats = true, d.Seats
	anchor := p.b.account.Anchor
	if !anchor.Valid() || len(p.b.zones) == 0 {
		return "the account has no anchor or zone"
	}
	end := p.nextEnd()
	for _, loc := range p.b.zones {
		p.period = billing.FirstPeriod(anchor, p.plan.Interval, loc, e.At)
		if p.period.End.Equal(end) && (d.PeriodStart.IsZero() || p.period.Start.Equal(d.PeriodStart)) {
			break
		}
	}
	if !p.period.End.Equal(end) && p.b.boundary(p.period.EndDate, end) {
		p.period.End = end
	}
	if !p.period.End.Equal(end) {
		return "the first period does not end at a boundary"
	}
	p.charge(e, p.seatsLine(e, p.firstFactor(e)))
	return ""
}

func (p *pool) firstFactor(e *seats.Event) billing.Factor {
	if p.plan.Policies.Proration == billing.NoProration {
		return billing.Factor{Num: 1, Den: 1}
	}
	if inv := p.b.parsed[e.Data.InvoiceNumber]; inv != nil && len(inv.Lines) > 0 {
		return p.factor(e.At, &billing.Factor{Num: inv.Lines[0].FactorNum, Den: inv.Lines[0].FactorDen})
	}
	return p.factor(e.At, nil)
}

// factor is the part of the period left at an instant. Where the zone of then is
// not certain, it is the one that is stated, if a zone gives it.
func (p *pool) factor(at time.Time, stated *billing.Factor) billing.Factor {
	var f billing.Factor
	for i, loc := range p.b.zones {
		got := p.period.Factor(p.plan.Policies.Proration, at, loc)
		if i == 0 || stated != nil && got == *stated {
			f = got
		}
	}
	if p.b.moved && stated != nil && stated.Den == f.Den && stated.Num-f.Num <= 1 && f.Num-stated.Num <= 1 {
		// The local date may have been another one in a zone that nothing names now.
		return *stated
	}
	return f
}

func (p *pool) increase(e *seats.Event) string {
	d := &e.Data
	fits := d.From == p.seats && d.To > d.From && p.period.Contains(d.EffectiveAt)
	before, errBefore := p.price.For(p.seats)
	after, errAfter := p.price.For(d.To)
	if errBefore != nil || errAfter != nil {
		return "the seats have no price"
	}
	part := seats.Unbilled{Event: e.ID, Plan: d.Plan, FromSeats: p.seats, ToSeats: d.To, DeltaMinor: after - before}
	f := p.factor(d.EffectiveAt, &billing.Factor{Num: d.FactorNum, Den: d.FactorDen})
	part.Num, part.Den = f.Num, f.Den
	p.b.expect(d.Plan == p.sub.Plan && d.DeltaMinor == part.DeltaMinor && d.FactorNum == f.Num && d.FactorDen == f.Den, PoolHistory, string(p.sub.ID),
		"%s states %d × %d/%d, by the plan it is %d × %d/%d", e.ID, d.DeltaMinor, d.FactorNum, d.FactorDen, part.DeltaMinor, f.Num, f.Den)
	if p.pending != nil {
		moved := *p.pending
		moved.Seats += d.To - p.seats
		p.pending = &moved
	}
	p.seats = d.To
	if p.plan.Policies.Settle != seats.SettleNow && part.Num > 0 {
		p.waiting = append(p.waiting, part)
		return unless(fits && d.InvoiceNumber == 0, "the seats are not those of then, or it was billed at once")
	}
	p.charge(e, p.changeLine([]seats.Unbilled{part}))
	return unless(fits, "the seats or the instant are not those of then")
}

func (p *pool) close(e *seats.Event) string {
	d := &e.Data
	fits := d.From == p.seats && d.PeriodStart.Equal(p.period.Start) && d.PeriodEnd.Equal(p.period.End) && e.At.Equal(d.PeriodEnd)
	switch {
	case p.pending == nil:
		fits = fits && d.To == d.From
	case p.plan.Policies.OverAssigned == seats.ReleaseNewest:
		fits = fits && d.To == p.pending.Seats
	default:
		fits = fits && d.To >= p.pending.Seats && d.To <= d.From
	}
	var lines []billing.Line
	if len(p.waiting) > 0 {
		lines = append(lines, p.changeLine(p.waiting))
	}
	p.waiting, p.seats = nil, d.To
	step := steps(p.plan.Interval)
	p.period = billing.Period{
		Index: p.period.Index + step, StartDate: p.period.EndDate, EndDate: billing.Boundary(p.b.account.Anchor, p.period.Index+2*step),
		Start: p.period.End, End: p.nextEnd(),
	}
	tiles := p.b.boundary(p.period.EndDate, p.period.End)
	next := p.seatsLine(e, billing.Factor{Num: 1, Den: 1})
	if p.pending != nil {
		next.EventIDs = append(next.EventIDs, string(p.pending.Event))
	}
	p.pending = nil
	p.charge(e, append(lines, next)...)
	if !tiles {
		return "the next period does not end at a boundary"
	}
	return unless(fits, "the seats or the period are not those of then")
}

func (p *pool) line(kind billing.LineKind) billing.Line {
	return billing.Line{
		Kind: kind, SubscriptionID: string(p.sub.ID), ProductID: p.sub.Product, PlanID: p.plan.ID, PlanVersion: p.plan.Version,
		UnitMinor: p.price.UnitMinor,
	}
}

// seatsLine charges the period that now runs.
func (p *pool) seatsLine(e *seats.Event, f billing.Factor) billing.Line {
	l := p.line(billing.LineSeats)
	l.Seats, l.FactorNum, l.FactorDen = p.seats, f.Num, f.Den
	l.PeriodStart, l.PeriodEnd = p.period.Start, p.period.End
	l.EventIDs = []string{string(e.ID)}
	l.AmountMinor = p.settle(e, billing.SubscribeDue, f)
	return l
}

func (p *pool) settle(e *seats.Event, due func(*billing.Price, int64, billing.Factor) (money.Exact, error), f billing.Factor) int64 {
	exact, err := due(p.price, p.seats, f)
	if err == nil {
		var minor int64
		if minor, err = billing.SettleIncrease(exact); err == nil {
			return minor
		}
	}
	p.b.found(PoolHistory, string(p.sub.ID), "%s cannot be priced: %v", e.ID, err)
	return 0
}

// changeLine charges increases of the period that now runs.
func (p *pool) changeLine(parts []seats.Unbilled) billing.Line {
	l := p.line(billing.LineSeatChange)
	l.FromSeats, l.Seats = parts[0].FromSeats, parts[len(parts)-1].ToSeats
	l.PeriodStart, l.PeriodEnd = p.period.Start, p.period.End
	exact := make([]money.Exact, len(parts))
	for i, part := range parts {
		exact[i] = money.NewExact(part.DeltaMinor, part.Num, part.Den)
		l.EventIDs = append(l.EventIDs, string(part.Event))
	}
	if len(parts) == 1 {
		l.FactorNum, l.FactorDen = parts[0].Num, parts[0].Den
	}
	var err error
	if l.AmountMinor, err = billing.SettleIncrease(exact...); err != nil {
		p.b.found(PoolHistory, string(p.sub.ID), "%s cannot be priced: %v", parts[0].Event, err)
	}
	return l
}

// charge notes the lines that an event calls for under its invoice.
func (p *pool) charge(e *seats.Event, lines ...billing.Line) {
	b, number := p.b, e.Data.InvoiceNumber
	billed := false
	for _, l := range lines {
		if l.AmountMinor == 0 {
			continue
		}
		billed = true
		b.charges[number] = append(b.charges[number], l)
	}
	b.expect(!billed || number != 0, InvoiceLines, string(e.ID), "%s charges something and names no invoice", e.Type)
	if e.Type != seats.CycleClosed {
		b.expect(billed || number == 0, InvoiceLines, string(e.ID), "%s charges nothing and names invoice %d", e.Type, number)
	}
	if inv := b.parsed[number]; inv != nil && e.Type == seats.SeatsIncreased {
		b.expect(inv.AmountDueMinor == e.Data.AmountMinor, InvoiceLines, string(e.ID), "says %d is due now, invoice %d says %d", e.Data.AmountMinor, number, inv.AmountDueMinor)
	}
}
