package seats

import (
	"context"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// moneyWant is what somebody asks of a subscription.
type moneyWant struct {
	// plan is the plan asked for; nil stays on the present one.
	plan *Plan
	// seats is the total asked for; with a plan, 0 leaves them as they are.
	seats int64
	// cancel asks for the end with the cycle, and for nothing else.
	cancel bool
	// byVendor is set where the vendor's staff does it: nothing is refused then that
	// the plan keeps customers from.
	byVendor bool
}

// moneyChange is the effect of a change of seats or plan, or of a new subscription.
// It is computed by one function alike for the quote, for its confirmation, for the
// approval of a request and for the seats that an invitation buys, so that what was
// shown is what is done.
type moneyChange struct {
	write SubscriptionWrite
	event Event
	// account is the account afterwards, nil where it does not change.
	account *Account
	// renewal is the plan that the next period runs on.
	renewal *Plan
	// me is the admin whose spending it counts for, or nil.
	me *User
	// dueNow is the invoice or the credit note that it issues, nil for none, and
	// invoice or note the same under its number.
	dueNow  *billing.Invoice
	invoice *IssuedInvoice
	note    *IssuedInvoice
}

// decideMoneyChange computes what is asked for at the quote's instant.
func decideMoneyChange(t *turn, sub *Subscription, plan *Plan, want moneyWant, quote *Quote) (*moneyChange, error) {
	switch {
	case want.cancel:
		return decideCancel(t, sub, plan, want)
	case want.plan == nil:
		return decideSeats(t, sub, plan, want, quote)
	}
	return decidePlan(t, sub, plan, want, quote)
}

// beginChange starts the effect on a subscription.
func beginChange(sub *Subscription) *moneyChange {
	next := sub.clone()
	next.Rev++
	return &moneyChange{write: SubscriptionWrite{Subscription: next, From: sub.Rev}}
}

// changed is the account as the effect leaves it, to be changed further.
func (c *moneyChange) changed(t *turn) *Account {
	if c.account == nil {
		a := *t.Account
		a.Rev++
		c.account = &a
	}
	return c.account
}

// due makes sure that the account is closed at an instant.
func (c *moneyChange) due(t *turn, at time.Time) {
	a := t.Account
	if c.account != nil {
		// An earlier instant that the effect itself made due stays.
		a = c.account
	}
	if a.Due.IsZero() || at.Before(a.Due) {
		c.changed(t).Due = at
	}
}

// into adds the effect to a change. As many of the subscription's free seats as
// takes are given to people in the same transaction; then the change holds all of
// its users already.
func (c *moneyChange) into(t *turn, change *Change, takes int64) {
	if takes > 0 {
		// Who else takes a seat meanwhile must not find it among those bought here.
		c.write.FreeIs = true
		c.write.FreeDelta -= takes
		c.write.Subscription.Free -= takes
	}
	c.countSpending(t, change)
	change.Subscriptions = append(change.Subscriptions, c.write)
	change.Events = append(change.Events, c.event)
	change.Invoice, change.CreditNote = c.invoice, c.note
	if c.account != nil {
		change.Account = &AccountWrite{Account: c.account, From: t.Account.Rev}
	}
	if id := c.event.Data.QuoteID; id != "" {
		change.QuoteUse = &QuoteUse{ID: id, Event: c.event.ID}
	}
}

// countSpending adds who bought to a change, with what they have spent since, and to
// the event that tells of it.
func (c *moneyChange) countSpending(t *turn, change *Change) {
	if c.me == nil {
		return
	}
	c.event.Revs = append(c.event.Revs, Rev{string(c.me.ID), c.me.Rev})
	for i := range change.Users {
		if change.Users[i].User.ID == c.me.ID {
			change.Users[i].User.Spent = c.me.Spent
			return
		}
	}
	change.Users = append(change.Users, UserWrite{User: c.me, From: t.Me.Rev})
}

// releases reports whether the change took seats that are in use: the licenses are
// released after it is committed.
func (c *moneyChange) releases() bool { return c.write.Subscription.Free < 0 }

// buySeats buys seats of a plan that buys them as people need them, up to a total,
// in the transaction of the command that needs them: see moneyChange.into. It needs
// the quote of the command's dry run, which may be a new one that is being made.
func (t *turn) buySeats(sub *Subscription, plan *Plan, to int64, quote *Quote) (*moneyChange, error) {
	switch {
	case !plan.Policies.AutoSeats:
		return nil, ErrNoFreeSeats
	case !t.spends(plan):
		return nil, ErrForbidden.With("No seat is free, and your role may not buy one. Ask the owner or a billing admin, or take a license from someone.")
	case t.Account.Status == AccountParked:
		return nil, ErrAccountParked
	case quote == nil:
		return nil, ErrQuoteRequired
	case quote.Seats != to:
		return nil, ErrQuoteStale
	}
	if err := t.quoteHolds(quote, sub.ID, sub.PricedRev()); err != nil {
		return nil, err
	}
	return decideMoneyChange(t, sub, plan, moneyWant{seats: to}, quote)
}

// newQuote starts the quote of a change to a plan and a number of seats.
func (t *turn) newQuote(sub *Subscription, plan *Plan, seats int64) *Quote {
	return &Quote{
		ID: t.Mint.Quote(), Account: t.Account.ID, Subscription: sub.ID, By: t.by(), Plan: plan.Ref(), FromPlan: sub.Plan,
		At: t.Now, ExpiresAt: t.Wall.Add(QuoteTTL), From: sub.Seats, Seats: seats, SubscriptionRev: sub.PricedRev(),
		CreditMinor: t.Account.CreditMinor, TaxPPM: t.Account.TaxPPM, ReverseCharge: t.Account.ReverseCharge,
	}
}

// quoteHolds checks that a quote is of this subscription, was not confirmed, has not
// expired, and that nothing that it rests on has changed.
func (t *turn) quoteHolds(q *Quote, id SubscriptionID, rev int64) error {
	a := t.Account
	switch {
	case q == nil || q.Account != a.ID || q.Subscription != id:
		return ErrNotFound.With("There is no such quote of this subscription. Ask for a quote first.")
	case q.UsedBy != "":
		return ErrQuoteStale.With("This quote was confirmed already. Ask for a new quote for another change.")
	case !t.Wall.Before(q.ExpiresAt):
		return ErrQuoteExpired
	case q.SubscriptionRev != rev || q.CreditMinor != a.CreditMinor || q.TaxPPM != a.TaxPPM || q.ReverseCharge != a.ReverseCharge:
		return ErrQuoteStale
	}
	return nil
}

// charges checks that the effect charges just what its quote shows.
func (c *moneyChange) charges(q *Quote) error {
	if !sameCharge(c.dueNow, q.DueNow) {
		return ErrQuoteStale
	}
	return nil
}

// sameCharge reports whether two documents charge or credit the same. Numbers and
// event ids may differ: somebody may have bought another product in between.
func sameCharge(a, b *billing.Invoice) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Kind == b.Kind && a.NetMinor == b.NetMinor && a.TaxMinor == b.TaxMinor && a.TotalMinor == b.TotalMinor && a.AmountDueMinor == b.AmountDueMinor
}

// keepQuote fills in what the effect comes to, now and at the next close, and keeps
// the quote.
func (s *Service) keepQuote(ctx context.Context, t *turn, c *moneyChange, q *Quote) error {
	after := c.write.Subscription
	q.DueNow, q.AtRenewal, q.EffectiveAt = c.dueNow, c.atRenewal(), c.event.Data.EffectiveAt
	all, err := s.Store.Subscriptions(ctx, t.Account.ID)
	if err != nil {
		return err
	}
	if after.Free < 0 {
		// What it takes is released before the next close.
		after = after.clone()
		after.Free = 0
	}
	subs := []*Subscription{after}
	for _, sub := range all {
		if sub.Product != after.Product {
			subs = append(subs, sub)
		}
	}
	a := *t.Account
	if c.account != nil {
		a = *c.account
	}
	a.Due = time.Time{}
	for _, sub := range subs {
		if at := sub.DueAt(); !at.IsZero() {
			a.Due = earlier(a.Due, at)
		}
	}
	if q.Next, err = s.preview(ctx, &a, subs); err != nil {
		// Another product's close may be absurd, which is for the vendor's staff to
		// settle and no reason to refuse this one. What is absurd by itself is.
		s.Log.WarnContext(ctx, "no preview for a quote", "account", a.ID, "error", err)
		a.Due = after.DueAt()
		if q.Next, err = s.preview(ctx, &a, subs[:1]); err != nil {
			return err
		}
		q.Next = nil
	}
	return s.Store.PutQuote(ctx, q)
}

// atRenewal is how many seats the next period starts with if nobody moves before: of a
// decrease, what is asked for, since who uses more may stop to. None follows on the end.
func (c *moneyChange) atRenewal() int64 {
	next, rules := c.write.Subscription, &c.renewal.Policies
	switch p := next.Decrease(); {
	case next.Cancel != nil:
		return 0
	case p != nil && !rules.AutoSeats && !rules.ActiveUsers():
		return max(p.Seats, rules.MinSeats)
	}
	return next.RenewedSeats(rules)
}

// remember keeps what the next period comes to on the plan that it will run on, for
// the close to compare with.
func (c *moneyChange) remember(t *turn, renewal *Plan) (err error) {
	c.renewal = renewal
	c.write.Subscription.ForecastMinor, err = forecastMinor(c.write.Subscription, renewal, t.Account.Currency)
	return err
}

// forecastMinor is the most that the next close honestly bills for a subscription:
// the next period at the highest number of seats that it may start with, and what
// waits for an invoice. Active users are billed by what was used, which nobody knows.
func forecastMinor(sub *Subscription, renewal *Plan, currency money.Currency) (int64, error) {
	price, err := renewal.Price(currency)
	if err != nil {
		return 0, err
	}
	var total int64
	p := &renewal.Policies
	least := max(sub.AtRenewal(), p.MinSeats)
	most := max(least, sub.Seats)
	switch {
	case p.ActiveUsers():
	case p.AutoSeats:
		// As many seats stay as are used.
		total, err = dearest(price, p.MinSeats, most)
	case p.OverAssigned == ReleaseNewest:
		total, err = price.For(least)
	default:
		// Whatever is in use by then is kept, up to all there is.
		total, err = dearest(price, least, most)
	}
	for _, part := range sub.Unbilled {
		if err != nil {
			return 0, err
		}
		var owed int64
		if owed, err = billing.SettleIncrease(part.exact()); err == nil {
			total, err = money.AddInt(total, owed)
		}
	}
	return total, err
}

// exact is what the change owes, unrounded.
func (u *Unbilled) exact() money.Exact { return money.NewExact(u.DeltaMinor, u.Num, u.Den) }

// dearest is the highest price of any number of seats from one to another. Where
// the number of seats sets the price of all of them, fewer may cost more: then a
// price rises up to the end of each tier.
func dearest(price *billing.Price, from, to int64) (int64, error) {
	most, err := price.For(to)
	if price.Model != billing.Volume {
		return most, err
	}
	for _, tier := range price.Tiers {
		if err != nil || tier.UpTo < from || tier.UpTo > to {
			continue
		}
		var at int64
		at, err = price.For(tier.UpTo)
		most = max(most, at)
	}
	return most, err
}

func mulForecast(minor int64) (int64, error) { return money.MulInt(max(minor, 1), maxOverForecast) }
