package seats

import "context"

// Cancel ends a subscription at the end of its cycle. Until then everything stays
// usable, and it can be resumed; what else is pending stays, for that case.
func (s *Service) Cancel(ctx context.Context, caller Caller, account AccountID, id SubscriptionID, once Once[*Subscription]) (Reply[*Subscription], error) {
	return s.amend(ctx, caller, account, id, once, func(t *turn, sub *Subscription, plan *Plan) (*moneyChange, error) {
		return decideCancel(t, sub, plan, moneyWant{cancel: true})
	})
}

// decideCancel schedules the end of a subscription. It costs nothing, so that a quote
// of it only shows what is billed after it.
func decideCancel(t *turn, sub *Subscription, plan *Plan, want moneyWant) (*moneyChange, error) {
	if err := cancelLimits(sub, plan, want); err != nil {
		return nil, err
	}
	c := beginChange(sub)
	next := c.write.Subscription
	c.event = t.event(CancelScheduled, EventData{Subscription: sub.ID, Product: sub.Product, EffectiveAt: sub.Period.End}, Rev{string(sub.ID), next.Rev})
	next.Cancel = &PendingCancel{By: t.by(), At: t.Now, Event: c.event.ID}
	return c, c.remember(t, t.renewal(next, plan))
}

// cancelLimits checks what the plan lets customers do themselves: who may not give
// back some seats may not give back all of them.
func cancelLimits(sub *Subscription, plan *Plan, want moneyWant) error {
	switch p := &plan.Policies; {
	case sub.Cancel != nil:
		return ErrStateConflict.With("The subscription is cancelled already and ends with its cycle. Resume it to keep it.")
	case want.byVendor:
		return nil
	case p.SelfServe != SelfServeAll, p.Decrease == DecreaseOnRequest:
		return plan.contactSales("A subscription to this plan is ended by the vendor.")
	}
	return nil
}

// Resume takes a cancellation back, as long as the subscription has not ended.
func (s *Service) Resume(ctx context.Context, caller Caller, account AccountID, id SubscriptionID, once Once[*Subscription]) (Reply[*Subscription], error) {
	return s.amend(ctx, caller, account, id, once, func(t *turn, sub *Subscription, plan *Plan) (*moneyChange, error) {
		if sub.Cancel == nil {
			return nil, ErrStateConflict.With("The subscription is not cancelled, so there is nothing to resume.")
		}
		c := beginChange(sub)
		next := c.write.Subscription
		next.Cancel = nil
		c.event = t.event(SubscriptionResumed, EventData{Subscription: id, Product: sub.Product, Seats: sub.Seats}, Rev{string(id), next.Rev})
		return c, c.remember(t, t.renewal(next, plan))
	})
}
