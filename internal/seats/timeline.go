package seats

import (
	"fmt"
	"slices"
	"time"
)

// Kinds of what lies ahead of a subscription.
const (
	AheadSettlement = "settlement"
	AheadTrialEnd   = "trial_end"
	AheadDecrease   = "decrease"
	AheadPlanChange = "plan_change"
	AheadEnd        = "end"
	AheadRenewal    = "renewal"
)

// Ahead is one thing that will happen to a subscription if nobody does anything.
type Ahead struct {
	At   time.Time
	Kind string
	// Text says it in plain English.
	Text string
}

// Timeline is all that is scheduled for the subscription, in its order, and last the
// renewal. What a cancellation keeps from happening is told as such: it comes back if
// the subscription is resumed.
func (p *Pool) Timeline() []Ahead {
	if p.Status != SubscriptionActive {
		return nil
	}
	var all []Ahead
	add := func(at time.Time, kind, text string, args ...any) {
		all = append(all, Ahead{at, kind, fmt.Sprintf(text, args...)})
	}
	if !p.SettleAt.IsZero() {
		add(p.SettleAt, AheadSettlement, "The day's changes of seats are invoiced.")
	}
	end := p.Period.End
	if p.Trial {
		add(end, AheadTrialEnd, "The trial ends.")
	}
	unless := ""
	if p.Cancel != nil {
		unless = " Only if the subscription is resumed before."
	}
	rules := &p.Renewal.Policies
	switch d, then := p.Decrease(), p.RenewedSeats(rules); {
	case d == nil || rules.ActiveUsers():
	case then == d.Seats:
		add(end, AheadDecrease, "The number of seats goes from %d to %d.%s", p.Seats, then, unless)
	default:
		add(end, AheadDecrease, "The number of seats is set to go from %d to %d; as of now it goes to %d, by what is in use.%s", p.Seats, d.Seats, then, unless)
	}
	if p.PendingPlan != nil {
		begins := ""
		if p.Pending != p.Decrease() {
			begins = ", which begins with " + countSeats(p.Pending.Seats)
		}
		add(end, AheadPlanChange, "The plan changes from %s to %s%s.%s", p.Plan.Name, p.Renewal.Name, begins, unless)
	}
	switch {
	case p.Cancel != nil && p.Plan.Policies.ActiveUsers():
		add(end, AheadEnd, "The subscription ends.")
	case p.Cancel != nil:
		add(end, AheadEnd, "The subscription ends, and with it its licenses.")
	case p.Trial:
		add(end, AheadRenewal, "The subscription is charged for from then on.")
	default:
		add(end, AheadRenewal, "The next billing cycle begins.")
	}
	slices.SortStableFunc(all, func(a, b Ahead) int { return a.At.Compare(b.At) })
	return all
}
