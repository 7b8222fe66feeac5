package seats

import (
	"context"
	"errors"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// decideSubscription computes a new subscription that starts at an instant: the
// invoice up to the next boundary, or a trial, for which nothing is charged. was is
// the subscription to the product that has ended, nil where there was none. A trial
// is for the first time, so that nobody lives on trials.
func decideSubscription(t *turn, plan *Plan, was *Subscription, want moneyWant, quote *Quote) (*moneyChange, error) {
	if err := subscriptionLimits(t, plan, was, want); err != nil {
		return nil, err
	}
	a := t.Account
	loc, err := a.Location()
	if err != nil {
		return nil, err
	}
	sub := &Subscription{
		ID: t.Mint.Subscription(plan.Product.ID), Account: a.ID, Product: plan.Product.ID, Rev: 1, Status: SubscriptionActive,
		Plan: plan.Ref(), Seats: want.seats, Free: want.seats, Zone: a.Zone, StartedAt: quote.At,
	}
	if sub.Trial = plan.Policies.TrialDays > 0 && was == nil; sub.Trial {
		sub.Period = billing.TrialPeriod(loc, quote.At, plan.Policies.TrialDays)
	} else {
		sub.Period = billing.FirstPeriod(a.Anchor, plan.Interval, loc, quote.At)
	}
	if !t.Now.Before(sub.Period.End) {
		// The quote is of a period that is over.
		return nil, ErrQuoteStale
	}
	c := &moneyChange{write: SubscriptionWrite{Subscription: sub, FreeDelta: sub.Seats}}
	if was != nil {
		c.write.From, c.write.Replaces, c.write.FreeIs = was.Rev, was.ID, true
	}
	c.event = t.event(SubscriptionStarted, EventData{
		Subscription: sub.ID, Product: sub.Product, Plan: sub.Plan, Seats: sub.Seats, PeriodStart: sub.Period.Start, PeriodEnd: sub.Period.End,
		Trial: sub.Trial, EffectiveAt: quote.At, QuoteID: quote.ID,
	}, Rev{string(sub.ID), sub.Rev})
	next := c.changed(t)
	next.Due, next.Plan = earlier(a.Due, sub.Period.End), plan.Ref()
	if plan.Policies.ActiveUsers() {
		next.CountedTo = latest(next.CountedTo, quote.At)
	}
	if err := c.start(t, plan, loc, quote.At); err != nil {
		return nil, err
	}
	return c, c.remember(t, plan)
}

// subscriptionLimits checks what the plan and the account allow.
func subscriptionLimits(t *turn, plan *Plan, was *Subscription, want moneyWant) error {
	n, p := want.seats, &plan.Policies
	if _, err := plan.Price(t.Account.Currency); err != nil {
		return err
	}
	switch {
	case was != nil && was.Status == SubscriptionActive:
		return ErrStateConflict.With("The account has a subscription to %s already. Change its plan or its seats instead.", plan.Product.Name)
	case was != nil && was.Free != 0:
		return ErrStateConflict.With("The licenses of the subscription to %s that has ended are still being taken. Try again in a moment.", plan.Product.Name)
	case p.ActiveUsers() && n != 0:
		e := ErrInvalid.With("The plan %s has no seats: it bills the users who are active. Leave the seats out.", plan.Name)
		e.Fields = []Field{{Location: "body.seats", Message: "must be left out", Value: itoa(n)}}
		return e
	case !p.ActiveUsers() && (n < 1 || n > billing.MaxSeats):
		return seatsField(n)
	case !want.byVendor && p.SelfServe == SelfServeNone:
		return plan.contactSales("The plan %s is sold by the vendor in person.", plan.Name)
	case p.ActiveUsers():
		return nil
	case !want.byVendor && p.MaxSelfServeSeats > 0 && n > p.MaxSelfServeSeats:
		return plan.contactSales("The plan %s with more than %s is sold by the vendor in person.", plan.Name, countSeats(p.MaxSelfServeSeats))
	case n < p.MinSeats:
		return ErrInvalid.With("The plan %s has at least %s. Ask for as many or more.", plan.Name, countSeats(p.MinSeats))
	}
	return nil
}

// start charges the first period. Active users are billed behind, and a trial when it
// has ended; of the spending of an admin both count: as the period to come.
func (c *moneyChange) start(t *turn, plan *Plan, loc *time.Location, at time.Time) error {
	sub := c.write.Subscription
	if plan.Policies.ActiveUsers() {
		return nil
	}
	factor := sub.Period.Factor(plan.Policies.Proration, at, loc)
	if plan.Policies.Proration == billing.NoProration || sub.Trial {
		// Nothing is prorated, so the first period is charged in full.
		factor = billing.Factor{Num: 1, Den: 1}
	}
	l, err := seatsLine(t.Account, sub, plan, sub.Period, factor, c.event.ID)
	if err != nil {
		return err
	}
	if c.me, err = t.spend(plan, l.AmountMinor, at); err != nil || sub.Trial || l.AmountMinor == 0 {
		return err
	}
	return c.invoiceNow(t, plan.Vendor, at, l)
}

// QuoteSubscription prices a new subscription to the newest version of a plan.
func (s *Service) QuoteSubscription(ctx context.Context, caller Caller, account AccountID, planID string, seats int64) (*Quote, money.Currency, error) {
	plan, err := s.offered(ctx, planID)
	if err != nil {
		return nil, "", err
	}
	cmd := command{caller: caller, account: account, money: true}
	cmd.want.Products = []string{plan.Product.ID}
	t, err := s.read(ctx, cmd)
	if err != nil {
		return nil, "", err
	}
	if err := s.roomForProduct(ctx, t.Account, plan); err != nil {
		return nil, "", err
	}
	was := t.Subscriptions[plan.Product.ID]
	quote := t.newQuote(&Subscription{}, plan, seats)
	if was != nil {
		quote.SubscriptionRev = was.PricedRev()
	}
	effect, err := decideSubscribe(t, plan, seats, quote)
	if err != nil {
		return nil, "", err
	}
	return quote, t.Account.Currency, s.keepQuote(ctx, t, effect, quote)
}

func decideSubscribe(t *turn, plan *Plan, seats int64, quote *Quote) (*moneyChange, error) {
	if err := t.mayBuy(plan); err != nil {
		return nil, err
	}
	return decideSubscription(t, plan, t.Subscriptions[plan.Product.ID], moneyWant{plan: plan, seats: seats, byVendor: t.Me == nil}, quote)
}

// roomForProduct refuses a product beyond those that an account can have.
func (s *Service) roomForProduct(ctx context.Context, a *Account, plan *Plan) error {
	subs, err := s.Store.Subscriptions(ctx, a.ID)
	if err != nil {
		return err
	}
	running := 0
	for _, sub := range subs {
		if sub.Status == SubscriptionActive && sub.Product != plan.Product.ID {
			running++
		}
	}
	if running >= MaxProductsPerAccount {
		return plan.contactSales("An account has at most %d products.", MaxProductsPerAccount)
	}
	return nil
}

// errMoved says that an account is not what it was when its products were counted.
var errMoved = errors.New("the account moved")

// Subscribe starts a quoted subscription: charged exactly as the quote said, or not at
// all. Every subscription writes the account, so that one that was started meanwhile
// is seen by its revision.
func (s *Service) Subscribe(ctx context.Context, caller Caller, account AccountID, quote QuoteID, agreed bool, once Once[SeatChangeResult]) (Reply[SeatChangeResult], error) {
	var none Reply[SeatChangeResult]
	if once.Key == "" {
		return none, ErrIdempotencyKeyRequired
	}
	absent := ErrNotFound.With("There is no quote %s of a new subscription. Ask for a quote first.", quote)
	if !quote.Valid() || !account.Valid() {
		return none, absent
	}
	for range maxDecisions {
		// Which product it is about is known only from the quote.
		view, err := s.Store.Load(ctx, Want{Account: account, Quote: quote})
		if err != nil {
			return none, err
		}
		q := view.Quote
		if view.Account == nil || q == nil || q.Account != account || q.Subscription != "" {
			return none, absent
		}
		plan, err := s.Store.Plan(ctx, q.Plan)
		if err != nil {
			return none, err
		}
		room := s.roomForProduct(ctx, view.Account, plan)
		if room != nil && !ErrContactSales.Is(room) {
			return none, room
		}
		cmd := command{caller: caller, account: account, money: true, may: func(t *turn) error { return t.mayBuy(plan) }}
		cmd.want.Products, cmd.want.Quote = []string{plan.Product.ID}, quote
		reply, err := run(ctx, s, cmd, once, func(t *turn) (*Change, SeatChangeResult, error) {
			if t.Account.Rev != view.Account.Rev {
				return nil, SeatChangeResult{}, errMoved
			}
			if room != nil {
				return nil, SeatChangeResult{}, room
			}
			return decideConfirmSubscription(t, plan, agreed)
		})
		if !errors.Is(err, errMoved) {
			return reply, err
		}
	}
	return none, ErrBusy
}

func decideConfirmSubscription(t *turn, plan *Plan, agreed bool) (*Change, SeatChangeResult, error) {
	var none SeatChangeResult
	rev := int64(0)
	if was := t.Subscriptions[plan.Product.ID]; was != nil {
		rev = was.PricedRev()
	}
	q := t.Quote
	if err := t.quoteHolds(q, "", rev); err != nil {
		return nil, none, err
	}
	if !agreed && plan.Policies.AgreementRequired {
		return nil, none, ErrAgreementRequired
	}
	effect, err := decideSubscribe(t, plan, q.Seats, q)
	if err != nil {
		return nil, none, err
	}
	return effect.confirmed(t, q)
}
