package seats

// renewal is the plan that the next period of a subscription runs on, where plan is
// the present one.
func (t *turn) renewal(sub *Subscription, plan *Plan) *Plan {
	if sub.PendingPlan == nil {
		return plan
	}
	for _, p := range []*Plan{t.Renewals[sub.Product], t.Quoted} {
		if p != nil && p.Ref() == sub.PendingPlan.Plan {
			return p
		}
	}
	return plan
}

// decidePlan computes the change to another plan of the product.
func decidePlan(t *turn, sub *Subscription, plan *Plan, want moneyWant, quote *Quote) (*moneyChange, error) {
	return nil, ErrStateConflict
}
