package seats

import (
	"context"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// seatChange is the effect of asking for a number of seats, computed alike for
// the quote and for its confirmation.
type seatChange struct {
	write   SubscriptionWrite
	event   Event
	dueNow  *billing.Invoice // nil where nothing is charged now
	account *Account         // after issuing; nil where it does not change
	issued  *IssuedInvoice
}

// QuoteSeats prices a number of seats. The quote is good until it expires or
// what it rests on changes; assigning and revoking change nothing of it. The
// currency is the account's, for quotes that charge nothing now.
func (s *Service) QuoteSeats(ctx context.Context, caller Caller, account AccountID, id SubscriptionID, seats int64) (*Quote, money.Currency, error) {
	product, err := id.Product()
	if err != nil {
		return nil, "", err
	}
	cmd := command{caller: caller, account: account, money: true}
	cmd.want.Products = []string{product}
	t, err := s.read(ctx, cmd)
	if err != nil {
		return nil, "", err
	}
	sub, plan, err := t.maySpend(id)
	if err != nil {
		return nil, "", err
	}
	quote := &Quote{
		ID: t.Mint.Quote(), Account: account, Subscription: id, By: t.Me.ID, At: t.Now, ExpiresAt: t.Wall.Add(QuoteTTL),
		From: sub.Seats, Seats: seats, SubscriptionRev: sub.Rev,
		CreditMinor: t.Account.CreditMinor, TaxPPM: t.Account.TaxPPM, ReverseCharge: t.Account.ReverseCharge,
	}
	effect, err := decideSeats(t, sub, plan, seats, quote)
	if err != nil {
		return nil, "", err
	}
	after := effect.write.Subscription
	quote.DueNow, quote.AtRenewal, quote.EffectiveAt = effect.dueNow, after.AtRenewal(), effect.event.Data.EffectiveAt
	all, err := s.Store.Subscriptions(ctx, account)
	if err != nil {
		return nil, "", err
	}
	for i := range all {
		if all[i].Product == product {
			all[i] = after
		}
	}
	a := t.Account
	if effect.account != nil {
		a = effect.account
	}
	if quote.Next, err = s.preview(ctx, a, all); err != nil {
		return nil, "", err
	}
	return quote, a.Currency, s.Store.PutQuote(ctx, quote)
}

// preview is what the account's next close bills if nothing else happens: the
// close itself, computed and thrown away. Nil where it bills nothing.
func (s *Service) preview(ctx context.Context, a *Account, subs []*Subscription) (*billing.Invoice, error) {
	plans, err := s.plansOf(ctx, subs)
	if err != nil {
		return nil, err
	}
	c := &closing{account: a, subs: subs, plans: plans, wall: a.Due, mint: &Minter{At: a.Due, Wall: a.Due}}
	_, inv, err := decideClose(c)
	return inv, err
}

// maySpend is the running subscription whose money the caller may move.
func (t *turn) maySpend(id SubscriptionID) (*Subscription, *Plan, error) {
	sub, plan, err := t.subscription(id)
	switch {
	case err != nil:
		return nil, nil, err
	case !Can(t.Me.Role, SpendMoney, plan):
		return nil, nil, ErrForbidden.With("Your role may not change what is bought. Ask the owner or a billing admin.")
	case sub.Status != SubscriptionActive:
		return nil, nil, ErrStateConflict.With("This subscription has ended. Subscribe again.")
	}
	return sub, plan, nil
}

// decideSeats computes the change to n seats at the quote's instant.
func decideSeats(t *turn, sub *Subscription, plan *Plan, n int64, quote *Quote) (*seatChange, error) {
	if err := selfServe(sub, plan, n); err != nil {
		return nil, err
	}
	next := sub.clone()
	next.Rev++
	c := &seatChange{write: SubscriptionWrite{Subscription: next, From: sub.Rev}}
	data := EventData{Subscription: sub.ID, Product: sub.Product, From: sub.Seats, To: n, QuoteID: quote.ID, Currency: string(t.Account.Currency)}
	var err error
	switch {
	case n > sub.Seats:
		data.EffectiveAt = quote.At
		c.event = t.event(SeatsIncreased, data, Rev{string(sub.ID), next.Rev})
		err = c.increase(t, sub, plan, n, quote.At)
	case n == sub.Seats && sub.Pending == nil:
		return nil, ErrStateConflict.With("There are %s already. Ask for another number.", countSeats(n))
	case n == sub.Seats:
		data.EffectiveAt = quote.At
		data.Seats = n
		next.Pending = nil
		c.event = t.event(DecreaseCancelled, data, Rev{string(sub.ID), next.Rev})
	default:
		data.EffectiveAt = sub.Period.End
		c.event = t.event(DecreaseScheduled, data, Rev{string(sub.ID), next.Rev})
		next.Pending = &Pending{Seats: n, By: t.Me.ID, At: quote.At, Event: c.event.ID}
		if plan.Policies.OverAssigned == RefuseBelow && n < sub.Used() {
			err = ErrSeatsInUse.With("%d seats are in use. Take %d licenses first, or keep more seats.", sub.Used(), sub.Used()-n)
		}
	}
	if err != nil {
		return nil, err
	}
	return c, c.forecast(t, plan)
}

// selfServe checks what the plan lets customers do themselves.
func selfServe(sub *Subscription, plan *Plan, n int64) error {
	p := plan.Policies
	contact := func(what string) error {
		return ErrContactSales.With("%s Write to %s.", what, plan.Vendor.SalesContact)
	}
	switch {
	case n < 1 || n > billing.MaxSeats:
		return &Error{Kind: Invalid, Code: ErrInvalid.Code, Detail: "Send a number of seats that can be bought.",
			Fields: []Field{{Location: "body.seats", Message: "must be from 1 to " + itoa(billing.MaxSeats), Value: itoa(n)}}}
	case p.SelfServe == SelfServeNone:
		return contact("The seats of this plan are changed by the vendor.")
	case n < sub.Seats && p.SelfServe == SelfServeAddOnly:
		return contact("Seats of this plan are given back through the vendor.")
	case n > sub.Seats && p.MaxSelfServeSeats > 0 && n > p.MaxSelfServeSeats:
		return contact("More than " + countSeats(p.MaxSelfServeSeats) + " are sold by the vendor in person.")
	case n < sub.Seats && n < p.MinSeats:
		return contact("This plan has at least " + countSeats(p.MinSeats) + ".")
	}
	return nil
}

// increase adds seats at once. A pending decrease keeps its distance.
func (c *seatChange) increase(t *turn, sub *Subscription, plan *Plan, n int64, at time.Time) error {
	next := c.write.Subscription
	next.Seats = n
	c.write.FreeDelta = n - sub.Seats
	next.Free += c.write.FreeDelta
	if next.Pending != nil {
		next.Pending.Seats += c.write.FreeDelta
	}
	loc, err := time.LoadLocation(sub.Zone)
	if err != nil {
		return err
	}
	price, err := plan.Price(t.Account.Currency)
	if err != nil {
		return err
	}
	before, err := price.For(sub.Seats)
	if err != nil {
		return err
	}
	after, err := price.For(n)
	if err != nil {
		return err
	}
	factor := sub.Period.Factor(plan.Policies.Proration, at, loc)
	part := Unbilled{Event: c.event.ID, Plan: sub.Plan, FromSeats: sub.Seats, ToSeats: n, DeltaMinor: after - before, Num: factor.Num, Den: factor.Den}
	data := &c.event.Data
	data.Plan, data.DeltaMinor, data.FactorNum, data.FactorDen = sub.Plan, part.DeltaMinor, part.Num, part.Den
	if plan.Policies.Settle == SettleNextInvoice {
		if len(next.Unbilled) >= MaxUnbilled {
			return ErrContactSales.With("More than %d changes in one cycle are made by the vendor. Write to %s.", MaxUnbilled, plan.Vendor.SalesContact)
		}
		next.Unbilled = append(next.Unbilled, part)
		return nil
	}
	return c.bill(t, sub, plan, part, at)
}

// bill makes the invoice of an increase that is settled now.
func (c *seatChange) bill(t *turn, sub *Subscription, plan *Plan, part Unbilled, at time.Time) error {
	l, err := increaseLine(t.Account, sub, plan, []Unbilled{part})
	if err != nil || l.AmountMinor == 0 {
		return err
	}
	a := *t.Account
	inv := draft(&a, plan.Vendor, at)
	inv.Lines = []billing.Line{l}
	if err := inv.Total(a.CreditMinor); err != nil {
		return err
	}
	a.Rev++
	c.dueNow, c.account, c.issued = inv, &a, issue(&a, inv)
	c.event.Data.AmountMinor, c.event.Data.InvoiceNumber = inv.AmountDueMinor, inv.Number
	return nil
}

// forecast remembers what the next period comes to.
func (c *seatChange) forecast(t *turn, plan *Plan) error {
	price, err := plan.Price(t.Account.Currency)
	if err != nil {
		return err
	}
	next := c.write.Subscription
	total, err := price.For(next.AtRenewal())
	if plan.Policies.OverAssigned != ReleaseNewest {
		// Whatever is in use by then is kept, up to all there is.
		total, err = dearest(price, next.AtRenewal(), next.Seats)
	}
	if err != nil {
		return err
	}
	for _, part := range next.Unbilled {
		owed, err := billing.SettleIncrease(money.NewExact(part.DeltaMinor, part.Num, part.Den))
		if err != nil {
			return err
		}
		if total, err = money.AddInt(total, owed); err != nil {
			return err
		}
	}
	next.ForecastMinor = total
	return nil
}

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

// SeatChangeResult is a confirmed change.
type SeatChangeResult struct {
	Subscription *Subscription
	Event        Event
	Invoice      *billing.Invoice // nil where nothing was charged now
}

// ConfirmSeats makes a quoted change: exactly what the quote said, or nothing.
func (s *Service) ConfirmSeats(ctx context.Context, caller Caller, account AccountID, id SubscriptionID, quote QuoteID, agreed bool, once Once[SeatChangeResult]) (Reply[SeatChangeResult], error) {
	var none Reply[SeatChangeResult]
	product, err := id.Product()
	if err != nil {
		return none, err
	}
	if !quote.Valid() {
		return none, ErrNotFound.With("There is no quote %s. Ask for a quote first.", quote)
	}
	if once.Key == "" {
		return none, ErrIdempotencyKeyRequired
	}
	cmd := command{caller: caller, account: account, money: true}
	cmd.want.Products, cmd.want.Quote = []string{product}, quote
	return run(ctx, s, cmd, once, func(t *turn) (*Change, SeatChangeResult, error) {
		return decideConfirm(t, id, agreed)
	})
}

func decideConfirm(t *turn, id SubscriptionID, agreed bool) (*Change, SeatChangeResult, error) {
	var none SeatChangeResult
	sub, plan, err := t.maySpend(id)
	if err != nil {
		return nil, none, err
	}
	q := t.Quote
	switch {
	case q == nil || q.Subscription != id || q.Account != t.Account.ID:
		return nil, none, ErrNotFound.With("There is no such quote of this subscription. Ask for a quote first.")
	case q.UsedBy != "":
		return nil, none, ErrQuoteStale.With("This quote was confirmed already. Ask for a new quote for another change.")
	case !t.Wall.Before(q.ExpiresAt):
		return nil, none, ErrQuoteExpired
	case q.SubscriptionRev != sub.Rev || q.CreditMinor != t.Account.CreditMinor || q.TaxPPM != t.Account.TaxPPM || q.ReverseCharge != t.Account.ReverseCharge:
		return nil, none, ErrQuoteStale
	case !agreed:
		return nil, none, ErrAgreementRequired
	}
	effect, err := decideSeats(t, sub, plan, q.Seats, q)
	if err != nil {
		return nil, none, err
	}
	if !sameCharge(effect.dueNow, q.DueNow) {
		return nil, none, ErrQuoteStale
	}
	change := &Change{
		Subscriptions: []SubscriptionWrite{effect.write},
		Events:        []Event{effect.event},
		QuoteUse:      &QuoteUse{ID: q.ID, Event: effect.event.ID},
		Invoice:       effect.issued,
	}
	if effect.account != nil {
		change.Account = &AccountWrite{Account: effect.account, From: t.Account.Rev}
	}
	return change, SeatChangeResult{Subscription: effect.write.Subscription, Event: effect.event, Invoice: effect.dueNow}, nil
}

// sameCharge reports whether two invoices charge the same. Numbers and event ids
// may differ: somebody may have bought another product in between.
func sameCharge(a, b *billing.Invoice) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.NetMinor == b.NetMinor && a.TaxMinor == b.TaxMinor && a.TotalMinor == b.TotalMinor && a.AmountDueMinor == b.AmountDueMinor
}

// CancelPending cancels a scheduled decrease.
func (s *Service) CancelPending(ctx context.Context, caller Caller, account AccountID, id SubscriptionID, once Once[*Subscription]) (Reply[*Subscription], error) {
	product, err := id.Product()
	if err != nil {
		return Reply[*Subscription]{}, err
	}
	cmd := command{caller: caller, account: account, money: true}
	cmd.want.Products = []string{product}
	return run(ctx, s, cmd, once, func(t *turn) (*Change, *Subscription, error) {
		sub, plan, err := t.maySpend(id)
		if err != nil {
			return nil, nil, err
		}
		if sub.Pending == nil {
			return nil, nil, ErrStateConflict.With("No decrease is scheduled, so there is none to cancel. Ask for a quote to change the number of seats.")
		}
		c := &seatChange{write: SubscriptionWrite{Subscription: sub.clone(), From: sub.Rev}}
		next := c.write.Subscription
		next.Rev++
		next.Pending = nil
		data := EventData{Subscription: id, Product: product, From: sub.Pending.Seats, To: sub.Seats, Seats: sub.Seats, EffectiveAt: t.Now}
		change := &Change{
			Subscriptions: []SubscriptionWrite{c.write},
			Events:        []Event{t.event(DecreaseCancelled, data, Rev{string(id), next.Rev})},
		}
		return change, next, c.forecast(t, plan)
	})
}
