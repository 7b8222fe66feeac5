package seats

import (
	"fmt"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// derivation computes one line from one event, by the clock of one zone.
type derivation struct {
	*evidence
	event   *Event
	zone    *time.Location
	account *Account
}

func (d *derivation) plan(ref PlanRef) (*Plan, error) {
	if plan := d.plans[ref]; plan != nil {
		return plan, nil
	}
	return nil, fmt.Errorf("%w: %s, %d", errNoPlan, ref.ID, ref.Version)
}

func (d *derivation) subscription(seats int64) *Subscription {
	return &Subscription{ID: d.event.Data.Subscription, Product: d.event.Data.Product, Seats: seats, Zone: d.zone.String()}
}

// firstSeats bills the rest of the period in which a subscription began.
func (d *derivation) firstSeats() (billing.Line, error) {
	plan, err := d.plan(d.event.Data.Plan)
	if err != nil {
		return billing.Line{}, err
	}
	at := effective(d.event)
	period := billing.FirstPeriod(d.evidence.account.Anchor, plan.Interval, d.zone, at)
	return seatsLine(d.account, d.subscription(d.event.Data.Seats), plan, period, firstFactor(plan, period, at, d.zone), d.event.ID)
}

// nextSeats bills the period that a close began: all of it, or after a trial the rest.
func (d *derivation) nextSeats() (billing.Line, error) {
	data := &d.event.Data
	plan, err := d.plan(data.Plan)
	if err != nil {
		return billing.Line{}, err
	}
	before := plan
	if data.FromPlan.ID != "" {
		if before, err = d.plan(data.FromPlan); err != nil {
			return billing.Line{}, err
		}
	}
	anchor := d.evidence.account.Anchor
	sub, factor := d.subscription(data.To), billing.Factor{Num: 1, Den: 1}
	if data.Trial {
		sub.Period = billing.FirstPeriod(anchor, plan.Interval, d.zone, data.PeriodEnd)
		factor = firstFactor(plan, sub.Period, data.PeriodEnd, d.zone)
	} else {
		sub.Period = d.period(data.PeriodStart, data.PeriodEnd).NextAs(anchor, before.Interval, plan.Interval, d.zone)
	}
	return seatsLine(d.account, sub, plan, sub.Period, factor, d.event.ID)
}

// period is the period between two instants that were boundaries by the clock of the
// zone of then: those that are nearest by this one.
func (d *derivation) period(start, end time.Time) billing.Period {
	first, last := d.boundary(start), d.boundary(end)
	anchor := d.evidence.account.Anchor
	return billing.Period{
		Index: first, StartDate: billing.Boundary(anchor, first), EndDate: billing.Boundary(anchor, last), Start: start.UTC(), End: end.UTC(),
	}
}

// boundary is the number of the boundary that is nearest to an instant. Zones are at
// most 26 hours apart and boundaries at least 28 days.
func (d *derivation) boundary(at time.Time) int {
	anchor := d.evidence.account.Anchor
	n := billing.BoundaryIndexAt(anchor, d.zone, at)
	before, after := billing.Boundary(anchor, n).StartIn(d.zone), billing.Boundary(anchor, n+1).StartIn(d.zone)
	if after.Sub(at) < at.Sub(before) {
		return n + 1
	}
	return n
}

// running is the period that a change falls in. Its instants are those of the line,
// which are boundaries of the account, as many apart as the plan says.
func (d *derivation) running(l *billing.Line, plan *Plan, at time.Time) (billing.Period, error) {
	const zonesApart = 26 * time.Hour
	anchor := d.evidence.account.Anchor
	p := d.period(l.PeriodStart, l.PeriodEnd)
	opened := billing.FirstPeriod(anchor, plan.Interval, d.zone, p.StartDate.StartIn(d.zone))
	off := func(x, y time.Time) bool { return x.Sub(y).Abs() > zonesApart }
	switch {
	case off(p.Start, opened.Start) || off(p.End, opened.End):
		return p, fmt.Errorf("%s to %s is no period of the plan", stampOf(p.Start), stampOf(p.End))
	case !p.Contains(at):
		return p, fmt.Errorf("the change of %s is not in its period", stampOf(at))
	}
	return p, nil
}

func stampOf(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// seatChanges bills changes of seats that were settled together.
func (d *derivation) seatChanges(l *billing.Line) (billing.Line, error) {
	plan, err := d.plan(d.event.Data.Plan)
	if err != nil {
		return billing.Line{}, err
	}
	price, err := plan.Price(d.account.Currency)
	if err != nil {
		return billing.Line{}, err
	}
	sub := d.subscription(0)
	var parts []Unbilled
	for _, id := range l.EventIDs {
		event := d.events[EventID(id)]
		if event == nil {
			return billing.Line{}, fmt.Errorf("%w: %s", errNotInLedger, id)
		}
		data := &event.Data
		switch {
		case event.Type != SeatsIncreased && event.Type != SeatsDecreased:
			return billing.Line{}, fmt.Errorf("%s is of type %s and changes no seats", id, event.Type)
		case string(data.Subscription) != l.SubscriptionID || data.Plan != d.event.Data.Plan:
			return billing.Line{}, fmt.Errorf("%s is of another subscription or plan", id)
		}
		if sub.Period, err = d.running(l, plan, effective(event)); err != nil {
			return billing.Line{}, err
		}
		part := Unbilled{Event: event.ID, Plan: data.Plan, FromSeats: data.From, ToSeats: data.To}
		if part.DeltaMinor, err = difference(price, data.From, data.To); err != nil {
			return billing.Line{}, err
		}
		// What had not been billed is on no document: it is the event's word.
		part.DeltaMinor = billedOf(part.DeltaMinor, data.NotBilledMinor)
		factor := sub.Period.Factor(plan.Policies.Proration, effective(event), d.zone)
		if part.Num, part.Den = factor.Num, factor.Den; part.DeltaMinor != data.DeltaMinor || part.Num != data.FactorNum || part.Den != data.FactorDen {
			return billing.Line{}, fmt.Errorf("%s says %d × %d/%d, plan and calendar %d × %d/%d", id, data.DeltaMinor, data.FactorNum, data.FactorDen,
				part.DeltaMinor, part.Num, part.Den)
		}
		parts = append(parts, part)
	}
	if l.Kind == billing.LineCredit {
		return creditLine(d.account, sub, plan, parts)
	}
	return increaseLine(d.account, sub, plan, parts)
}

func difference(price *billing.Price, from, to int64) (int64, error) {
	before, err := price.For(from)
	if err != nil {
		return 0, err
	}
	after, err := price.For(to)
	return after - before, err
}

// planChange bills one side of an upgrade.
func (d *derivation) planChange(l *billing.Line) (billing.Line, error) {
	data := &d.event.Data
	plan, err := d.plan(data.FromPlan)
	if err != nil {
		return billing.Line{}, err
	}
	target, err := d.plan(data.Plan)
	if err != nil {
		return billing.Line{}, err
	}
	at := effective(d.event)
	sub := d.subscription(data.From)
	if sub.Period, err = d.running(l, target, at); err != nil {
		return billing.Line{}, err
	}
	factor := sub.Period.Factor(target.Policies.Proration, at, d.zone)
	if factor.Num != data.FactorNum || factor.Den != data.FactorDen {
		return billing.Line{}, fmt.Errorf("%s says %d/%d of the period, the calendar %d/%d", d.event.ID, data.FactorNum, data.FactorDen, factor.Num, factor.Den)
	}
	lines, _, err := upgradeLines(d.account, sub, plan, target, data.To, factor, d.event.ID)
	if err != nil {
		return billing.Line{}, err
	}
	for i := range lines {
		if lines[i].PlanID == l.PlanID && lines[i].PlanVersion == l.PlanVersion {
			return lines[i], nil
		}
	}
	return billing.Line{}, fmt.Errorf("the upgrade charges nothing for the plan %s, %d", l.PlanID, l.PlanVersion)
}

// usage bills a period by who was active in it.
func (d *derivation) usage() (billing.Line, error) {
	data := &d.event.Data
	ref := data.Plan
	if data.FromPlan.ID != "" {
		ref = data.FromPlan
	}
	plan, err := d.plan(ref)
	if err != nil {
		return billing.Line{}, err
	}
	sub := d.subscription(0)
	sub.Period = d.period(data.PeriodStart, data.PeriodEnd)
	for i := range d.all {
		event := &d.all[i]
		if event.Data.Subscription != sub.ID {
			continue
		}
		if event.Type == SubscriptionStarted {
			sub.StartedAt = effective(event)
		}
		if event.Type == CycleClosed && event.Data.Trial {
			sub.TrialEnded = event.Data.PeriodEnd
		}
	}
	l, _, err := usageLine(d.account, sub, plan, activityOf(d.users, d.all), d.event.ID)
	if err != nil {
		return billing.Line{}, err
	}
	if l.QuantityNum != data.QuantityNum || l.QuantityDen != data.QuantityDen || l.People != data.People || l.PeopleSHA256 != data.PeopleSHA256 {
		return l, fmt.Errorf("%s says %d/%d users and %d people, users and ledger %d/%d and %d", d.event.ID, data.QuantityNum, data.QuantityDen, data.People,
			l.QuantityNum, l.QuantityDen, l.People)
	}
	return l, nil
}
