package seats

import (
	"context"
	"fmt"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// QuotePlan prices a change to the newest version of another plan of the product,
// with the number of seats as it is where seats is 0. A higher rank at the same
// interval is an upgrade and takes effect at once; everything else waits for the end
// of the cycle.
func (s *Service) QuotePlan(ctx context.Context, caller Caller, account AccountID, id SubscriptionID, planID string, seats int64) (*Quote, money.Currency, error) {
	target, err := s.offered(ctx, planID)
	if err != nil {
		return nil, "", err
	}
	t, sub, plan, err := s.readSpending(ctx, command{caller: caller, account: account, money: true}, id)
	if err != nil {
		return nil, "", err
	}
	quote := t.newQuote(sub, target, seats)
	effect, err := decideMoneyChange(t, sub, plan, moneyWant{plan: target, seats: seats}, quote)
	if err != nil {
		return nil, "", err
	}
	return quote, t.Account.Currency, s.keepQuote(ctx, t, effect, quote)
}

// offered is the newest version of a plan.
func (s *Service) offered(ctx context.Context, planID string) (*Plan, error) {
	unknown := func() error {
		e := ErrInvalid.With("There is no plan %s. Choose one of the plans on offer.", planID)
		e.Fields = []Field{{Location: "body.plan_id", Message: "is no plan on offer", Value: planID}}
		return e
	}
	if !ValidSlug(planID) {
		return nil, unknown()
	}
	plan, err := s.Store.Plan(ctx, PlanRef{ID: planID})
	if ErrNotFound.Is(err) {
		return nil, unknown()
	}
	return plan, err
}

// ConfirmPlan makes a quoted change of the plan: exactly what the quote said, or
// nothing.
func (s *Service) ConfirmPlan(ctx context.Context, caller Caller, account AccountID, id SubscriptionID, quote QuoteID, agreed bool, once Once[SeatChangeResult]) (Reply[SeatChangeResult], error) {
	return s.confirm(ctx, caller, account, id, quote, once, func(t *turn) (*Change, SeatChangeResult, error) {
		if q := t.Quote; q != nil && q.Plan == q.FromPlan {
			return nil, SeatChangeResult{}, ErrNotFound.With("This quote is of a number of seats. Confirm it as a change of seats.")
		}
		return decideConfirm(t, id, agreed)
	})
}

// renewal is the plan that the next period of a subscription runs on, where plan is
// the present one.
func (t *turn) renewal(sub *Subscription, plan *Plan) *Plan {
	if next := t.Renewals[sub.Product]; sub.PendingPlan != nil && next != nil {
		return next
	}
	return plan
}

// upgrades reports whether a change of plan takes effect at once. Active users are
// billed behind, the whole period by one plan, so theirs waits.
func upgrades(plan, target *Plan) bool {
	return target.Rank > plan.Rank && target.Interval == plan.Interval && !plan.Policies.ActiveUsers() && !target.Policies.ActiveUsers()
}

// decidePlan computes the change to another plan of the product.
func decidePlan(t *turn, sub *Subscription, plan *Plan, want moneyWant, quote *Quote) (*moneyChange, error) {
	target := want.plan
	if err := t.mayBuy(target); err != nil {
		return nil, err
	}
	if err := planFits(t.Account, sub, plan, want); err != nil {
		return nil, err
	}
	c := beginChange(sub)
	next := c.write.Subscription
	data := EventData{
		Subscription: sub.ID, Product: sub.Product, Plan: target.Ref(), FromPlan: sub.Plan, From: sub.Seats, To: want.seats,
		QuoteID: quote.ID, Currency: string(t.Account.Currency), EffectiveAt: quote.At,
	}
	var err error
	if upgrades(plan, target) {
		data.To = max(want.seats, sub.Seats)
		c.event = t.event(PlanUpgraded, data, Rev{string(sub.ID), next.Rev})
		err = c.upgrade(t, sub, plan, target, quote)
	} else {
		if data.EffectiveAt, data.Currency = sub.Period.End, ""; want.seats == 0 {
			data.From = 0
		}
		c.event = t.event(PlanChangeScheduled, data, Rev{string(sub.ID), next.Rev})
		c.schedule(t, sub, want, quote)
	}
	if err != nil {
		return nil, err
	}
	if !want.byVendor {
		if err := planLimits(sub, next, plan, target); err != nil {
			return nil, err
		}
	}
	return c, c.remember(t, target)
}

// planFits checks that the plan and the number of seats go together, whoever asks.
func planFits(a *Account, sub *Subscription, plan *Plan, want moneyWant) error {
	target, n := want.plan, want.seats
	invalid := func(field, message, detail string, args ...any) error {
		e := ErrInvalid.With(detail, args...)
		e.Fields = []Field{{Location: "body." + field, Message: message}}
		return e
	}
	if _, err := target.Price(a.Currency); err != nil {
		return err
	}
	p := &target.Policies
	switch {
	case target.Product.ID != sub.Product:
		return invalid("plan_id", "is a plan of another product", "The plan %s is one of another product. Subscribe to it instead.", target.ID)
	case target.Ref() == sub.Plan:
		return ErrStateConflict.With("The subscription is on the plan %s already. Choose another plan, or ask for another number of seats alone.", target.Name)
	case n == 0 && sub.PendingPlan != nil && sub.PendingPlan.Plan == target.Ref():
		return ErrStateConflict.With("The change to the plan %s is scheduled already.", target.Name)
	case n < 0 || n > billing.MaxSeats:
		return seatsField(n)
	case p.ActiveUsers() && n > 0:
		return invalid("seats", "must be left out", "The plan %s has no seats: it bills the users who are active. Leave the seats out.", target.Name)
	case !p.ActiveUsers() && plan.Policies.ActiveUsers() && n == 0:
		return invalid("seats", "must say how many seats the plan begins with", "The plan %s is sold by the seat. Say how many seats you want.", target.Name)
	case n == 0 || plan.Policies.ActiveUsers():
		return nil
	case upgrades(plan, target) && n < sub.Seats:
		return invalid("seats", "must not be below today's", "An upgrade takes effect at once. Ask for it with at least %s, and give seats back after it.", countSeats(sub.Seats))
	case !upgrades(plan, target) && n > sub.Seats:
		return invalid("seats", "must not be above today's", "This change waits for the end of the cycle, and more seats begin at once. Ask for the seats alone; the change of plan takes them along.")
	case (plan.Policies.OverAssigned == RefuseBelow || p.OverAssigned == RefuseBelow) && n < sub.Used():
		return seatsInUse(sub, n)
	}
	return nil
}

// planLimits checks what both plans let customers do themselves, where next is the
// subscription as it would be. A decrease that was scheduled before, by the vendor's
// staff perhaps, is not given back once more by a change of the plan.
func planLimits(sub, next *Subscription, plan, target *Plan) error {
	now, then, p := next.Seats, next.AtRenewal(), &target.Policies
	if !upgrades(plan, target) {
		now = then
	}
	giving := (next.Seats-then > sub.Seats-sub.AtRenewal() || p.ActiveUsers()) && !plan.Policies.ActiveUsers()
	switch from := &plan.Policies; {
	case from.SelfServe == SelfServeNone:
		return plan.contactSales("The plan %s is changed by the vendor.", plan.Name)
	case p.SelfServe == SelfServeNone:
		return target.contactSales("The plan %s is sold by the vendor in person.", target.Name)
	case from.SelfServe == SelfServeAddOnly && (target.Rank < plan.Rank || giving):
		return plan.contactSales("From the plan %s to a lower one, or to fewer seats, the vendor changes it.", plan.Name)
	case from.Decrease == DecreaseOnRequest && giving:
		return plan.contactSales("Seats of this plan are given back on request: say how many you want to keep.")
	case p.ActiveUsers():
		return nil
	case p.MaxSelfServeSeats > 0 && max(now, then) > p.MaxSelfServeSeats:
		return target.contactSales("The plan %s with more than %s is sold by the vendor in person.", target.Name, countSeats(p.MaxSelfServeSeats))
	case then < p.MinSeats:
		return target.contactSales("The plan %s has at least %s. Ask for as many.", target.Name, countSeats(p.MinSeats))
	}
	return nil
}

// upgrade changes the plan at once, and the seats where more are asked for; a pending
// decrease keeps its distance, and a plan that was to follow is given up. What waits
// for an invoice was bought on the old plan and stays as it is.
func (c *moneyChange) upgrade(t *turn, sub *Subscription, plan, target *Plan, quote *Quote) error {
	next, data := c.write.Subscription, &c.event.Data
	next.Plan, next.PendingPlan = target.Ref(), nil
	if t.Account.Plan == sub.Plan {
		c.changed(t).Plan = target.Ref()
	}
	c.resize(sub, data.To)
	if next.Pending != nil {
		next.Pending.Seats += c.write.FreeDelta
		next.Pending.Reminded = false
	}
	factor, err := sub.factor(target, quote.At)
	if err != nil {
		return err
	}
	_, whole, err := upgradeLines(t.Account, sub, plan, target, next.Seats, billing.Factor{Num: 1, Den: 1}, c.event.ID)
	if err != nil {
		return err
	}
	lines, due, err := upgradeLines(t.Account, sub, plan, target, next.Seats, factor, c.event.ID)
	if err != nil {
		return err
	}
	data.DeltaMinor, data.FactorNum, data.FactorDen = whole.TotalMinor, factor.Num, factor.Den
	before, err := wholePeriod(plan, t.Account.Currency, sub.Seats)
	if err != nil {
		return err
	}
	more := whole.NewMinor - before
	if factor.Num > 0 {
		more -= whole.TotalMinor
	}
	c.notBilled(sub, more)
	committed := due.TotalMinor
	if sub.Trial || target.Policies.Proration == billing.NoProration {
		committed = whole.TotalMinor
	}
	if c.me, err = t.spend(target, committed, quote.At); err != nil || due.TotalMinor == 0 {
		return err
	}
	if err := c.invoiceNow(t, target.Vendor, quote.At, lines...); err != nil {
		return err
	}
	data.AmountMinor = c.dueNow.AmountDueMinor
	return nil
}

// wholePeriod is the price of a number of seats for a period.
func wholePeriod(plan *Plan, currency money.Currency, seats int64) (int64, error) {
	price, err := plan.Price(currency)
	if err != nil {
		return 0, err
	}
	return price.For(seats)
}

// upgradeLines are the two lines of an upgrade to a plan and a number of seats, and
// what they come to: the old plan's rest is given back, the new one's charged.
func upgradeLines(a *Account, sub *Subscription, plan, target *Plan, seats int64, factor billing.Factor, event EventID) ([]billing.Line, billing.PlanChange, error) {
	old, err := plan.Price(a.Currency)
	if err != nil {
		return nil, billing.PlanChange{}, err
	}
	price, err := target.Price(a.Currency)
	if err != nil {
		return nil, billing.PlanChange{}, err
	}
	due, err := billing.PlanChangeDue(old, price, sub.Seats, seats, factor)
	if err != nil {
		return nil, billing.PlanChange{}, err
	}
	var lines []billing.Line
	add := func(of *Plan, price *billing.Price, seats, minor int64, what string) {
		if minor == 0 {
			return
		}
		l := line(billing.LinePlanChange, a, sub, of, price)
		l.FromSeats, l.Seats, l.FactorNum, l.FactorDen = sub.Seats, seats, factor.Num, factor.Den
		l.PeriodStart, l.PeriodEnd = sub.Period.Start, sub.Period.End
		l.Description = fmt.Sprintf("%s, %s: %s%s, %s", of.Product.Name, of.Name, countSeats(seats), what, share(factor.Num, factor.Den, target.Policies.Proration))
		explainPrice(&l, price, a.Currency)
		l.AmountMinor, l.EventIDs = minor, []string{string(event)}
		lines = append(lines, l)
	}
	add(plan, old, sub.Seats, due.OldMinor, " until the upgrade")
	add(target, price, seats, due.NewMinor, " from the upgrade on")
	return lines, due, nil
}

// schedule changes the plan at the end of the cycle, and the seats where fewer are
// asked for.
func (c *moneyChange) schedule(t *turn, sub *Subscription, want moneyWant, quote *Quote) {
	next := c.write.Subscription
	next.PendingPlan = &PendingPlan{Plan: want.plan.Ref(), By: t.by(), At: quote.At, Event: c.event.ID}
	switch want.seats {
	case 0:
		// The seats that a plan after active users was to begin with go with that plan.
		if next.Pending = next.Decrease(); next.Pending != nil {
			// Who loses their license by it is for the other plan to say.
			next.Pending.Reminded = false
		}
	case sub.Seats:
		next.Pending = nil
	default:
		next.Pending = &Pending{Seats: want.seats, By: t.by(), At: quote.At, Event: c.event.ID}
	}
}

// CancelPendingPlan cancels a scheduled change of the plan. A decrease that was
// scheduled with it stays; it is cancelled by itself.
func (s *Service) CancelPendingPlan(ctx context.Context, caller Caller, account AccountID, id SubscriptionID, once Once[*Subscription]) (Reply[*Subscription], error) {
	return s.amend(ctx, caller, account, id, once, func(t *turn, sub *Subscription, plan *Plan) (*moneyChange, error) {
		switch {
		case sub.PendingPlan == nil:
			return nil, ErrStateConflict.With("No change of the plan is scheduled, so there is none to cancel.")
		case t.Me != nil && plan.Policies.SelfServe == SelfServeNone:
			return nil, plan.contactSales("The plan %s is changed by the vendor.", plan.Name)
		}
		c := beginChange(sub)
		next := c.write.Subscription
		next.PendingPlan = nil
		// Seats after active users were those of the plan that does not come.
		if next.Pending = next.Decrease(); next.Pending != nil {
			next.Pending.Reminded = false
		}
		data := EventData{Subscription: id, Product: sub.Product, Plan: sub.PendingPlan.Plan, FromPlan: sub.Plan}
		c.event = t.event(PlanChangeCancelled, data, Rev{string(id), next.Rev})
		return c, c.remember(t, plan)
	})
}
