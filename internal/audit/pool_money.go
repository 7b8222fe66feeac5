package audit

import (
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

// firstFactor is the part of its first period that a subscription pays for.
func (p *pool) firstFactor(e *seats.Event, at time.Time) billing.Factor {
	if p.plan.Policies.Proration == billing.NoProration {
		return billing.Factor{Num: 1, Den: 1}
	}
	return p.factor(at, p.stated(e, billing.LineSeats))
}

// stated is the factor that a line of the event's invoice says.
func (p *pool) stated(e *seats.Event, kind billing.LineKind) *billing.Factor {
	if inv := p.b.parsed[e.Data.InvoiceNumber]; inv != nil {
		for i := range inv.Lines {
			if l := &inv.Lines[i]; l.Kind == kind && l.SubscriptionID == string(p.sub.ID) {
				return &billing.Factor{Num: l.FactorNum, Den: l.FactorDen}
			}
		}
	}
	return nil
}

// factor is the part of the period left at an instant. Where the zone of then is
// not certain, it is the one that is stated, if a zone gives it.
func (p *pool) factor(at time.Time, stated *billing.Factor) billing.Factor {
	return p.factorBy(p.plan.Policies.Proration, at, stated)
}

func (p *pool) factorBy(proration billing.Proration, at time.Time, stated *billing.Factor) billing.Factor {
	if p.trial {
		return billing.Factor{Num: 0, Den: 1}
	}
	var f billing.Factor
	for i, loc := range p.b.zones {
		got := p.period.Factor(proration, at, loc)
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

// part is what the change of seats of an event comes to, held against what it says.
func (p *pool) part(e *seats.Event) (seats.Unbilled, string) {
	d := &e.Data
	before, errBefore := p.price.For(p.seats)
	after, errAfter := p.price.For(d.To)
	if errBefore != nil || errAfter != nil {
		return seats.Unbilled{}, "the seats have no price"
	}
	part := seats.Unbilled{Event: e.ID, Plan: d.Plan, FromSeats: p.seats, ToSeats: d.To, DeltaMinor: after - before}
	f := p.factor(effective(e), &billing.Factor{Num: d.FactorNum, Den: d.FactorDen})
	part.Num, part.Den = f.Num, f.Den
	p.bound(e, &part)
	// The encoding leaves a numerator of 0 out, and the denominator with it or not.
	p.b.expect(d.Plan == p.plan.Ref() && d.DeltaMinor == part.DeltaMinor && d.FactorNum == f.Num && d.FactorDen == f.Den, PoolHistory, string(p.sub.ID),
		"%s states %d × %d/%d, by the plan it is %d × %d/%d", e.ID, d.DeltaMinor, d.FactorNum, d.FactorDen, part.DeltaMinor, f.Num, f.Den)
	return part, ""
}

// bound keeps a change from earning what was not billed, and follows how much of the
// period's price that is: seats are given back for what was billed beyond the price of
// those that stay.
func (p *pool) bound(e *seats.Event, part *seats.Unbilled) {
	before, _ := p.price.For(part.FromSeats)
	after, _ := p.price.For(part.ToSeats)
	billed := before - p.notBilled
	kept := part.DeltaMinor
	switch {
	case p.trial:
		return
	case part.Num == 0:
		kept = 0
	case part.ToSeats > part.FromSeats && !p.settlesLater():
		kept = max(kept, 0)
	case kept < 0:
		kept = max(kept, min(after-billed, 0))
		if kept != part.DeltaMinor {
			p.b.expect(e.Data.NotBilledMinor == p.notBilled, PoolHistory, string(p.sub.ID), "%s says that %d had not been billed, by the ledger %d", e.ID, e.Data.NotBilledMinor, p.notBilled)
			part.DeltaMinor = kept
		}
	case !p.settlesLater():
		kept = 0 // fewer seats that cost more are not charged
	}
	p.notBilled = after - (billed + kept)
}

// settlesLater reports whether changes wait for an invoice.
func (p *pool) settlesLater() bool {
	settle := p.plan.Policies.Settle
	return settle != seats.SettleNow && settle != ""
}

func (p *pool) increase(e *seats.Event) string {
	d := &e.Data
	fits := d.From == p.seats && d.To > d.From && p.period.Contains(effective(e))
	part, why := p.part(e)
	if why != "" {
		return why
	}
	if p.pending != nil {
		moved := *p.pending
		moved.Seats += d.To - p.seats
		p.pending = &moved
	}
	p.seats = d.To
	if p.waits(e, part) {
		return unless(fits && d.InvoiceNumber == 0, "the seats are not those of then, or it was billed at once")
	}
	p.charge(e, p.changeLine(billing.LineSeatChange, max(0, p.net(part)), part))
	return unless(fits, "the seats or the instant are not those of then")
}

// giveBack follows seats that were given back at once for credit.
func (p *pool) giveBack(e *seats.Event) string {
	d := &e.Data
	fits := d.From == p.seats && d.To < d.From && d.To >= 1 && p.period.Contains(effective(e)) && p.plan.Policies.Decrease == seats.DecreaseImmediateCredit
	part, why := p.part(e)
	if why != "" {
		return why
	}
	p.pending, p.seats = nil, d.To
	if p.waits(e, part) {
		return unless(fits && d.CreditNote == 0, "the seats are not those of then, or it was credited at once")
	}
	p.credit(e, p.changeLine(billing.LineCredit, max(0, -p.net(part)), part))
	return unless(fits, "the seats, the instant or the plan are not those of then")
}

// waits keeps a change for a later invoice, where the plan does so.
func (p *pool) waits(e *seats.Event, part seats.Unbilled) bool {
	if !p.settlesLater() || part.Num == 0 {
		return false
	}
	p.waiting = append(p.waiting, part)
	if p.plan.Policies.Settle == seats.SettleDaily && p.settleAt.IsZero() {
		for i, loc := range p.b.zones {
			end := billing.DateOf(e.At, loc).AddDays(1).StartIn(loc)
			if i == 0 || end.Equal(p.sub.SettleAt) {
				p.settleAt = end
			}
		}
	}
	return true
}

// settled are the lines of what waited: a line for each plan that changes were bought
// on, one after the other.
func (p *pool) settled(e *seats.Event) (lines, credits []billing.Line) {
	for rest := p.waiting; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Plan == rest[0].Plan {
			n++
		}
		group := rest[:n]
		rest = rest[n:]
		net := p.net(group...)
		plan := p.b.plans[group[0].Plan]
		switch {
		case net > 0:
			lines = append(lines, p.changeLine(billing.LineSeatChange, net, group...))
		case net < 0 && plan != nil && plan.Policies.Decrease == seats.DecreaseImmediateCredit:
			credits = append(credits, p.changeLine(billing.LineCredit, -net, group...))
		}
	}
	return lines, credits
}

// settleDay follows a day, or waiting changes that stand on an invoice of another
// subscription's period.
func (p *pool) settleDay(e *seats.Event) string {
	d := &e.Data
	lines, credits := p.settled(e)
	from, to := p.seats, p.seats
	if n := len(p.waiting); n > 0 {
		from, to = p.waiting[0].FromSeats, p.waiting[n-1].ToSeats
	}
	ownDay := !p.settleAt.IsZero()
	fits := d.From == from && d.To == to && e.At.Before(p.period.End)
	if ownDay {
		// The zone of then may be one that is named by nothing.
		fits = fits && (e.At.Equal(p.settleAt) || p.b.midnight(e.At))
	} else {
		fits = fits && d.InvoiceNumber != 0 && p.b.closedWith(d.InvoiceNumber, e.At)
	}
	p.waiting, p.settleAt = nil, time.Time{}
	p.charge(e, lines...)
	p.credit(e, credits...)
	return unless(fits, "it is no day that was to be settled, or other changes waited")
}

// midnight reports whether a day of the account began at an instant.
func (b *books) midnight(at time.Time) bool {
	for _, loc := range b.zones {
		if billing.DateOf(at, loc).StartIn(loc).Equal(at) {
			return true
		}
	}
	return b.moved
}

// closedWith reports whether the end of a period made an invoice.
func (b *books) closedWith(number int64, at time.Time) bool {
	for i := range b.events {
		if e := &b.events[i]; e.Type == seats.CycleClosed && e.Data.InvoiceNumber == number && e.At.Equal(at) {
			return true
		}
	}
	return false
}

// upgrade follows a change to a dearer plan at once.
func (p *pool) upgrade(e *seats.Event) string {
	d := &e.Data
	old, oldPrice := p.plan, p.price
	fits := d.From == p.seats && d.To >= d.From && d.FromPlan == old.Ref() && p.period.Contains(effective(e))
	if why := p.on(d.Plan); why != "" {
		return why
	}
	fits = fits && p.plan.Rank > old.Rank && p.plan.Interval == old.Interval && p.plan.Product.ID == p.sub.Product
	f := p.factor(effective(e), &billing.Factor{Num: d.FactorNum, Den: d.FactorDen})
	due, err := billing.PlanChangeDue(oldPrice, p.price, d.From, d.To, f)
	if err != nil {
		return "cannot be priced"
	}
	line := func(plan *seats.Plan, price *billing.Price, seats, minor int64) billing.Line {
		return billing.Line{
			Kind: billing.LinePlanChange, SubscriptionID: string(p.sub.ID), ProductID: p.sub.Product, PlanID: plan.ID, PlanVersion: plan.Version,
			UnitMinor: unit(price), FromSeats: d.From, Seats: seats, FactorNum: f.Num, FactorDen: f.Den,
			PeriodStart: p.period.Start, PeriodEnd: p.period.End, AmountMinor: minor, EventIDs: []string{string(e.ID)},
		}
	}
	if p.pending != nil {
		moved := *p.pending
		moved.Seats += d.To - d.From
		p.pending = &moved
	}
	p.seats, p.pendingPlan = d.To, nil
	if before, err := oldPrice.For(d.From); err == nil && !p.trial {
		after, _ := p.price.For(d.To)
		if f.Num > 0 {
			before = max(before, after) // what makes it cheaper is not given back
		}
		p.notBilled += after - before
	}
	if due.TotalMinor != 0 {
		p.charge(e, line(old, oldPrice, d.From, due.OldMinor), line(p.plan, p.price, d.To, due.NewMinor))
	} else {
		p.charge(e)
	}
	return unless(fits && d.FactorNum == f.Num && d.FactorDen == f.Den, "the seats, the plans or the instant are not those of then")
}

// void follows an invoice of the running period that was taken back: what it billed is
// billed no more.
func (p *pool) void(e *seats.Event) string {
	inv := p.b.parsed[e.Data.InvoiceNumber]
	if inv == nil {
		return "takes back no invoice"
	}
	billed, changes := int64(0), map[string]bool{}
	some := false
	for i := range inv.Lines {
		l := &inv.Lines[i]
		if l.SubscriptionID != string(p.sub.ID) || !l.PeriodStart.Equal(p.period.Start) {
			continue
		}
		switch l.Kind {
		case billing.LineSeats:
			some = true
			plan := p.b.plans[seats.PlanRef{ID: l.PlanID, Version: l.PlanVersion}]
			if plan == nil {
				return "takes back an invoice of a plan that does not exist"
			}
			price, err := plan.Price(p.b.account.Currency)
			if err != nil {
				return "takes back an invoice of a plan without a price"
			}
			whole, err := price.For(l.Seats)
			if err != nil {
				return "cannot be priced"
			}
			billed += whole
		case billing.LineSeatChange, billing.LinePlanChange:
			some = true
			for _, id := range l.EventIDs {
				changes[id] = true
			}
		}
	}
	for id := range changes {
		if change := p.b.byEvent[seats.EventID(id)]; change != nil {
			billed += change.Data.DeltaMinor
		}
	}
	p.notBilled += billed
	return unless(some, "takes back an invoice of another period")
}

func (p *pool) line(kind billing.LineKind) billing.Line {
	return billing.Line{
		Kind: kind, SubscriptionID: string(p.sub.ID), ProductID: p.sub.Product, PlanID: p.plan.ID, PlanVersion: p.plan.Version,
		UnitMinor: unit(p.price),
	}
}

// seatsLine charges the period that now runs.
func (p *pool) seatsLine(e *seats.Event, f billing.Factor) billing.Line {
	l := p.line(billing.LineSeats)
	l.Seats, l.FactorNum, l.FactorDen = p.seats, f.Num, f.Den
	l.PeriodStart, l.PeriodEnd = p.period.Start, p.period.End
	l.EventIDs = []string{string(e.ID)}
	exact, err := billing.SubscribeDue(p.price, p.seats, f)
	if err == nil {
		l.AmountMinor, err = billing.SettleIncrease(exact)
	}
	p.b.expect(err == nil, PoolHistory, string(p.sub.ID), "%s cannot be priced: %v", e.ID, err)
	return l
}

// net is what changes come to together, rounded once.
func (p *pool) net(parts ...seats.Unbilled) int64 {
	exact := make([]money.Exact, len(parts))
	for i, part := range parts {
		exact[i] = money.NewExact(part.DeltaMinor, part.Num, part.Den)
	}
	minor, err := billing.SettleNet(exact...)
	p.b.expect(err == nil, PoolHistory, string(p.sub.ID), "%s cannot be priced: %v", parts[0].Event, err)
	return minor
}

// changeLine stands for changes of the period that now runs.
func (p *pool) changeLine(kind billing.LineKind, minor int64, parts ...seats.Unbilled) billing.Line {
	l := p.line(kind)
	if plan := p.b.plans[parts[0].Plan]; plan != nil {
		l.PlanID, l.PlanVersion = plan.ID, plan.Version
		if price, err := plan.Price(p.b.account.Currency); err == nil {
			if l.UnitMinor = unit(price); !priced(price, parts) {
				l.UnitMinor = 0
			}
		}
	}
	l.FromSeats, l.Seats = parts[0].FromSeats, parts[len(parts)-1].ToSeats
	l.PeriodStart, l.PeriodEnd = p.period.Start, p.period.End
	for _, part := range parts {
		l.EventIDs = append(l.EventIDs, string(part.Event))
	}
	if len(parts) == 1 {
		l.FactorNum, l.FactorDen = parts[0].Num, parts[0].Den
	}
	l.AmountMinor = minor
	return l
}

// charge notes the lines that an event calls for under its invoice.
func (p *pool) charge(e *seats.Event, lines ...billing.Line) {
	b, number := p.b, e.Data.InvoiceNumber
	billed := p.note(number, lines)
	b.expect(!billed || number != 0, InvoiceLines, string(e.ID), "%s charges something and names no invoice", e.Type)
	if e.Type != seats.CycleClosed && e.Type != seats.DaySettled {
		b.expect(billed || number == 0, InvoiceLines, string(e.ID), "%s charges nothing and names invoice %d", e.Type, number)
	}
	if inv := b.parsed[number]; inv != nil && (e.Type == seats.SeatsIncreased || e.Type == seats.PlanUpgraded) {
		b.expect(inv.AmountDueMinor == e.Data.AmountMinor, InvoiceLines, string(e.ID), "says %d is due now, invoice %d says %d", e.Data.AmountMinor, number, inv.AmountDueMinor)
	}
}

// credit notes the lines that an event gives back under its credit note.
func (p *pool) credit(e *seats.Event, lines ...billing.Line) {
	b, number := p.b, e.Data.CreditNote
	billed := p.note(number, lines)
	b.notes[number] = b.notes[number] || billed
	b.expect(billed == (number != 0), InvoiceLines, string(e.ID), "%s gives something back %t and names credit note %d", e.Type, billed, number)
	if note := b.parsed[number]; note != nil && e.Type == seats.SeatsDecreased {
		b.expect(note.TotalMinor == e.Data.AmountMinor, InvoiceLines, string(e.ID), "says %d is given back, credit note %d says %d", e.Data.AmountMinor, number, note.TotalMinor)
	}
}

// note keeps lines that come to something, and reports whether there are any.
func (p *pool) note(number int64, lines []billing.Line) bool {
	some := false
	for _, l := range lines {
		if l.AmountMinor != 0 {
			some = true
			p.b.charges[number] = append(p.b.charges[number], l)
		}
	}
	return some
}

// priced reports whether changes cost and earn the price of their seats.
func priced(price *billing.Price, parts []seats.Unbilled) bool {
	for _, part := range parts {
		before, _ := price.For(part.FromSeats)
		if after, _ := price.For(part.ToSeats); after-before != part.DeltaMinor {
			return false
		}
	}
	return true
}

// unit is the price of a seat as a line names it: where it alone makes the amount.
func unit(price *billing.Price) int64 {
	if price.BaseMinor != 0 || price.IncludedSeats != 0 {
		return 0
	}
	return price.UnitMinor
}
