package seats

import (
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// reasonCancelled is why a subscription ended: it was cancelled.
const reasonCancelled = "cancelled"

// endPeriod closes a subscription's period or trial: what is pending takes effect,
// and the next period is billed, with what waited and what was used.
func (x *closer) endPeriod(sub *Subscription) (*part, error) {
	plan, err := x.planOf(sub.Plan)
	if err != nil {
		return nil, err
	}
	p := x.begin(sub)
	p.ended, p.vendor = true, plan.Vendor
	next := p.write.Subscription
	next.Pending, next.PendingPlan, next.Cancel, next.Trial, next.NotBilledMinor = nil, nil, nil, false, 0
	if sub.Trial {
		next.TrialEnded = x.Now
	}
	e := x.event(CycleClosed, EventData{
		Subscription: sub.ID, Product: sub.Product, Plan: sub.Plan, PeriodStart: sub.Period.Start, PeriodEnd: sub.Period.End,
		From: sub.Seats, Trial: sub.Trial,
	}, Rev{string(sub.ID), next.Rev})
	if err := x.addWaiting(p, sub); err != nil {
		return nil, err
	}
	if plan.Policies.ActiveUsers() && !sub.Trial {
		if err := x.addUsage(p, sub, plan, &e); err != nil {
			return nil, err
		}
	}
	if sub.Cancel != nil {
		x.end(p, sub, &e)
		return p, x.fuse(p, sub)
	}
	renewal := plan
	if sub.PendingPlan != nil {
		if renewal, err = x.planOf(sub.PendingPlan.Plan); err != nil {
			return nil, err
		}
		e.Data.Plan, e.Data.FromPlan = renewal.Ref(), plan.Ref()
		x.changePlan(p, sub, renewal)
	}
	if renewal.Policies.ActiveUsers() {
		x.a.CountedTo = latest(x.a.CountedTo, x.Now)
	}
	resize(&p.write, sub, renewal)
	next.Zone = x.a.Zone
	next.Period = x.nextPeriod(sub, plan, renewal)
	e.Data.To = next.Seats
	p.events = []Event{e}
	if err := x.addAdvance(p, sub, renewal, e.ID); err != nil {
		return nil, err
	}
	if err := x.fuse(p, sub); err != nil {
		return nil, err
	}
	next.ForecastMinor, err = forecastMinor(next, renewal, x.a.Currency)
	return p, err
}

// end ends a subscription that was cancelled. Who still has a seat loses it, a
// transaction's worth at a time: see releaseAll.
func (x *closer) end(p *part, sub *Subscription, e *Event) {
	next := p.write.Subscription
	next.Status, next.Seats, next.ForecastMinor = SubscriptionEnded, 0, 0
	p.write.FreeDelta = -sub.Seats
	next.Free += p.write.FreeDelta
	rev := Rev{string(sub.ID), next.Rev}
	p.events = []Event{*e, x.event(SubscriptionEndedEv, EventData{
		Subscription: sub.ID, Product: sub.Product, From: sub.Seats, Reason: reasonCancelled, EffectiveAt: x.Now,
	}, rev)}
}

func (x *closer) changePlan(p *part, sub *Subscription, renewal *Plan) {
	p.write.Subscription.Plan = renewal.Ref()
	p.vendor = renewal.Vendor
	if x.a.Plan == sub.Plan {
		x.a.Plan = renewal.Ref()
	}
}

// resize gives the next period its seats.
func resize(w *SubscriptionWrite, sub *Subscription, plan *Plan) {
	next := w.Subscription
	next.Seats = sub.RenewedSeats(&plan.Policies)
	// What is kept or released is exact only if nobody moved meanwhile.
	w.FreeIs = sub.Pending != nil || plan.Policies.AutoSeats
	w.FreeDelta = next.Seats - sub.Seats
	next.Free += w.FreeDelta
}

// RenewedSeats is how many seats the next period starts with if nobody moves before, by
// the rules of the plan that it is on: a decrease is trimmed to what is in use unless
// the plan releases licenses, a plan of automatic seats keeps as many as are used of
// those, and none has fewer than its plan sells. A plan of active users has no seats,
// and no licenses of its own; what follows it begins with the seats that were asked for.
func (s *Subscription) RenewedSeats(rules *Policies) int64 {
	asked := s.AtRenewal()
	switch {
	case rules.ActiveUsers():
		return 0
	case asked > s.Seats:
	case rules.AutoSeats && rules.OverAssigned == ReleaseNewest:
		asked = min(asked, s.Used())
	case rules.AutoSeats:
		// There are fewer than are used as long as licenses are being taken.
		asked = min(s.Seats, s.Used())
	case s.Pending != nil && rules.OverAssigned != ReleaseNewest:
		asked = max(asked, s.Used())
	}
	return max(asked, rules.MinSeats)
}

// nextPeriod is the period that starts now. After a trial it is the one that a
// subscription bought now begins in.
func (x *closer) nextPeriod(sub *Subscription, plan, renewal *Plan) billing.Period {
	if sub.Trial {
		return billing.FirstPeriod(x.a.Anchor, renewal.Interval, x.loc, x.Now)
	}
	return sub.Period.NextAs(x.a.Anchor, plan.Interval, renewal.Interval, x.loc)
}

// addAdvance bills the period that starts: all of it, or after a trial what is left.
func (x *closer) addAdvance(p *part, sub *Subscription, plan *Plan, event EventID) error {
	if plan.Policies.ActiveUsers() {
		return nil
	}
	next := p.write.Subscription
	factor := billing.Factor{Num: 1, Den: 1}
	if sub.Trial {
		factor = firstFactor(plan, next.Period, x.Now, x.loc)
	}
	l, err := seatsLine(x.a, next, plan, next.Period, factor, event)
	if err != nil {
		return err
	}
	if sub.Pending != nil {
		l.EventIDs = append(l.EventIDs, string(sub.Pending.Event))
	}
	if sub.PendingPlan != nil && !slices.Contains(l.EventIDs, string(sub.PendingPlan.Event)) {
		l.EventIDs = append(l.EventIDs, string(sub.PendingPlan.Event))
	}
	if l.AmountMinor != 0 {
		p.lines = append(p.lines, l)
	}
	return nil
}

// firstFactor is the part of its first period that a subscription pays for, bought at
// an instant. Where nothing is prorated it is all of it.
func firstFactor(plan *Plan, period billing.Period, at time.Time, loc *time.Location) billing.Factor {
	if plan.Policies.Proration == billing.NoProration {
		return billing.Factor{Num: 1, Den: 1}
	}
	return period.Factor(plan.Policies.Proration, at, loc)
}
