package seats

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// QuoteSeats prices a number of seats. The quote is good until it expires or
// what it rests on changes; assigning and revoking change nothing of it. The
// currency is the account's, for quotes that charge nothing now.
func (s *Service) QuoteSeats(ctx context.Context, caller Caller, account AccountID, id SubscriptionID, seats int64) (*Quote, money.Currency, error) {
	return s.quoteSeats(ctx, caller, account, id, seats, false)
}

// quoteSeats is QuoteSeats; given says that the command which buys the seats gives
// all of them to people at once, so that the next close finds none of them free.
func (s *Service) quoteSeats(ctx context.Context, caller Caller, account AccountID, id SubscriptionID, seats int64, given bool) (*Quote, money.Currency, error) {
	t, sub, plan, err := s.readSpending(ctx, command{caller: caller, account: account, money: true}, id)
	if err != nil {
		return nil, "", err
	}
	quote := t.newQuote(sub, plan, seats)
	effect, err := decideMoneyChange(t, sub, plan, moneyWant{seats: seats}, quote)
	if err != nil {
		return nil, "", err
	}
	if given {
		effect.write.Subscription.Free = 0
	}
	return quote, t.Account.Currency, s.keepQuote(ctx, t, effect, quote)
}

// decideSeats computes the change to a number of seats.
func decideSeats(t *turn, sub *Subscription, plan *Plan, want moneyWant, quote *Quote) (*moneyChange, error) {
	n := want.seats
	renewal := t.renewal(sub, plan)
	if err := seatLimits(sub, plan, renewal, want); err != nil {
		return nil, err
	}
	c := beginChange(sub)
	next := c.write.Subscription
	data := EventData{Subscription: sub.ID, Product: sub.Product, From: sub.Seats, To: n, QuoteID: quote.ID, Currency: string(t.Account.Currency), EffectiveAt: quote.At}
	begin := func(kind string) { c.event = t.event(kind, data, Rev{string(sub.ID), next.Rev}) }
	var err error
	switch {
	case n > sub.Seats:
		begin(SeatsIncreased)
		err = c.increase(t, sub, plan, n, quote.At)
	case n == sub.Seats && sub.Pending == nil:
		return nil, ErrStateConflict.With("There are %s already. Ask for another number.", countSeats(n))
	case n == sub.Seats:
		data.Seats = n
		next.Pending = nil
		begin(DecreaseCancelled)
	case plan.Policies.Decrease == DecreaseImmediateCredit:
		begin(SeatsDecreased)
		err = c.giveBack(t, sub, plan, n, quote.At)
	default:
		data.EffectiveAt = sub.Period.End
		begin(DecreaseScheduled)
		next.Pending = &Pending{Seats: n, By: t.by(), At: quote.At, Event: c.event.ID}
		if (plan.Policies.OverAssigned == RefuseBelow || renewal.Policies.OverAssigned == RefuseBelow) && n < sub.Used() {
			err = seatsInUse(sub, n)
		}
	}
	if err != nil {
		return nil, err
	}
	return c, c.remember(t, renewal)
}

func seatsInUse(sub *Subscription, n int64) error {
	return ErrSeatsInUse.With("%d seats are in use. Take %d licenses first, or keep more seats.", sub.Used(), sub.Used()-n)
}

// seatLimits checks what the plan lets customers do with its seats themselves, and that
// the plan of the next period does too.
func seatLimits(sub *Subscription, plan, renewal *Plan, want moneyWant) error {
	n, p := want.seats, &plan.Policies
	switch {
	case p.ActiveUsers():
		return ErrStateConflict.With("This plan has no seats: it bills the users who are active. Activate or deactivate users instead.")
	case n < 1 || n > billing.MaxSeats:
		return seatsField(n)
	case want.byVendor:
		return nil
	case p.SelfServe == SelfServeNone:
		return plan.contactSales("The seats of this plan are changed by the vendor.")
	case n < sub.Seats && p.SelfServe == SelfServeAddOnly:
		return plan.contactSales("Seats of this plan are given back through the vendor.")
	case n < sub.Seats && p.Decrease == DecreaseOnRequest:
		return plan.contactSales("Seats of this plan are given back on request: say how many you want to keep.")
	case n > sub.Seats && p.MaxSelfServeSeats > 0 && n > p.MaxSelfServeSeats:
		return plan.contactSales("More than %s are sold by the vendor in person.", countSeats(p.MaxSelfServeSeats))
	case n < sub.Seats && n < p.MinSeats:
		return plan.contactSales("This plan has at least %s.", countSeats(p.MinSeats))
	case renewal == plan:
		return nil
	case n > sub.Seats:
		return followLimits(sub, renewal, n-sub.Seats+sub.AtRenewal())
	}
	return followLimits(sub, renewal, n)
}

// followLimits checks that customers may have the seats that the plan which follows
// begins with.
func followLimits(sub *Subscription, follows *Plan, then int64) error {
	switch p := &follows.Policies; {
	case p.ActiveUsers():
	case then > sub.AtRenewal() && p.MaxSelfServeSeats > 0 && then > p.MaxSelfServeSeats:
		return follows.contactSales("The plan %s follows at the end of the cycle, and with more than %s it is sold by the vendor in person. Take that change back first.", follows.Name, countSeats(p.MaxSelfServeSeats))
	case then < sub.AtRenewal() && then < p.MinSeats:
		return follows.contactSales("The plan %s follows at the end of the cycle, and has at least %s. Take that change back first.", follows.Name, countSeats(p.MinSeats))
	}
	return nil
}

// contactSales refuses what is not for customers to do, and says whom to ask.
func (p *Plan) contactSales(what string, args ...any) error {
	what = fmt.Sprintf(what, args...)
	return ErrContactSales.With("%s Open a request, or write to %s.", what, cmp.Or(p.Vendor.SalesContact, "the vendor"))
}

func seatsField(n int64) error {
	return &Error{Kind: Invalid, Code: ErrInvalid.Code, Detail: "Send a number of seats that can be bought.",
		Fields: []Field{{Location: "body.seats", Message: "must be from 1 to " + itoa(billing.MaxSeats), Value: itoa(n)}}}
}

// increase adds seats at once. A pending decrease keeps its distance.
func (c *moneyChange) increase(t *turn, sub *Subscription, plan *Plan, n int64, at time.Time) error {
	next := c.write.Subscription
	c.resize(sub, n)
	if next.Pending != nil {
		next.Pending.Seats += c.write.FreeDelta
		next.Pending.Reminded = false
	}
	part, err := c.part(t, sub, plan, n, at)
	if err != nil {
		return err
	}
	if err := c.spends(t, sub, plan, part, at); err != nil {
		return err
	}
	switch {
	case part.Num == 0:
		c.notBilled(sub, part.DeltaMinor)
		return nil
	case plan.Policies.Settle != SettleNow:
		return c.wait(t, sub, plan, part)
	}
	// What makes the whole cheaper earns nothing, so that it stays billed.
	c.notBilled(sub, min(part.DeltaMinor, 0))
	return c.bill(t, sub, plan, part, at)
}

// resize moves the seats, and with them the free ones.
func (c *moneyChange) resize(sub *Subscription, n int64) {
	next := c.write.Subscription
	next.Seats = n
	c.write.FreeDelta = n - sub.Seats
	next.Free += c.write.FreeDelta
}

// part is what the change to n seats owes, unrounded, and notes it in the event.
func (c *moneyChange) part(t *turn, sub *Subscription, plan *Plan, n int64, at time.Time) (Unbilled, error) {
	part := Unbilled{Event: c.event.ID, Plan: sub.Plan, FromSeats: sub.Seats, ToSeats: n}
	factor, err := sub.factor(plan, at)
	if err != nil {
		return part, err
	}
	price, err := plan.Price(t.Account.Currency)
	if err != nil {
		return part, err
	}
	before, err := price.For(sub.Seats)
	if err != nil {
		return part, err
	}
	after, err := price.For(n)
	if err != nil {
		return part, err
	}
	part.DeltaMinor, part.Num, part.Den = after-before, factor.Num, factor.Den
	data := &c.event.Data
	data.Plan, data.DeltaMinor, data.FactorNum, data.FactorDen = sub.Plan, part.DeltaMinor, part.Num, part.Den
	return part, nil
}

// factor is the part of the running period that a change at an instant pays for, by
// a plan's proration: nothing of a trial.
func (s *Subscription) factor(plan *Plan, at time.Time) (billing.Factor, error) {
	if s.Trial {
		return billing.Factor{Num: 0, Den: 1}, nil
	}
	loc, err := time.LoadLocation(s.Zone)
	if err != nil {
		return billing.Factor{}, err
	}
	return s.Period.Factor(plan.Policies.Proration, at, loc), nil
}

// spends counts what an increase owes against an admin's cap. Where nothing is owed
// for the running period, by a trial or by the plan, it counts as the whole one that
// follows.
func (c *moneyChange) spends(t *turn, sub *Subscription, plan *Plan, part Unbilled, at time.Time) (err error) {
	if sub.Trial || plan.Policies.Proration == billing.NoProration {
		part.Num, part.Den = 1, 1
	}
	net, err := billing.SettleIncrease(part.exact())
	if err == nil {
		c.me, err = t.spend(plan, net, at)
	}
	return err
}

// wait keeps a change for the invoice that settles it: that of the local day, or the
// next one.
func (c *moneyChange) wait(t *turn, sub *Subscription, plan *Plan, part Unbilled) error {
	next := c.write.Subscription
	if len(next.Unbilled) >= MaxUnbilled {
		return plan.contactSales("More than %d changes before they are invoiced are made by the vendor.", MaxUnbilled)
	}
	next.Unbilled = append(next.Unbilled, c.earned(sub, part))
	if plan.Policies.Settle != SettleDaily || !next.SettleAt.IsZero() {
		return nil
	}
	loc, err := time.LoadLocation(sub.Zone)
	if err != nil {
		return err
	}
	next.SettleAt = billing.DateOf(t.Now, loc).AddDays(1).StartIn(loc)
	c.due(t, next.DueAt())
	return nil
}

// bill makes the invoice of an increase that is settled now.
func (c *moneyChange) bill(t *turn, sub *Subscription, plan *Plan, part Unbilled, at time.Time) error {
	l, err := increaseLine(t.Account, sub, plan, []Unbilled{part})
	if err != nil || l.AmountMinor == 0 {
		return err
	}
	if err := c.invoiceNow(t, plan.Vendor, at, l); err != nil {
		return err
	}
	c.event.Data.AmountMinor = c.dueNow.AmountDueMinor
	return nil
}

// invoiceNow issues an invoice with the change.
func (c *moneyChange) invoiceNow(t *turn, vendor Vendor, at time.Time, lines ...billing.Line) error {
	a := c.changed(t)
	inv := draft(a, vendor, at)
	inv.Lines = lines
	if err := inv.Total(a.CreditMinor); err != nil {
		return err
	}
	c.dueNow, c.invoice = inv, issue(a, inv)
	c.event.Data.InvoiceNumber = inv.Number
	return nil
}

// SeatChangeResult is a confirmed change of seats or plan, or a new subscription.
type SeatChangeResult struct {
	Subscription *Subscription
	Event        Event
	// Invoice is the invoice or credit note that was issued now; nil where none was.
	Invoice *billing.Invoice
	// AtRenewal is what the next period starts with, as a quote says it.
	AtRenewal int64
}

// ConfirmSeats makes a quoted change: exactly what the quote said, or nothing.
func (s *Service) ConfirmSeats(ctx context.Context, caller Caller, account AccountID, id SubscriptionID, quote QuoteID, agreed bool, once Once[SeatChangeResult]) (Reply[SeatChangeResult], error) {
	return s.confirm(ctx, caller, account, id, quote, once, func(t *turn) (*Change, SeatChangeResult, error) {
		if q := t.Quote; q != nil && q.Plan != q.FromPlan {
			return nil, SeatChangeResult{}, ErrNotFound.With("This quote is of a change of the plan. Confirm it as one.")
		}
		return decideConfirm(t, id, agreed)
	})
}

// confirm runs the confirmation of a subscription's quote. Licenses that the change
// ends are released behind it; where that is interrupted, the account's next close
// or command finds it.
func (s *Service) confirm(ctx context.Context, caller Caller, account AccountID, id SubscriptionID, quote QuoteID, once Once[SeatChangeResult], decide func(*turn) (*Change, SeatChangeResult, error)) (Reply[SeatChangeResult], error) {
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
	cmd := command{caller: caller, account: account, money: true, may: maySpendOf(id)}
	cmd.want.Products, cmd.want.Quote = []string{product}, quote
	reply, err := run(ctx, s, cmd, once, decide)
	if err != nil {
		return none, err
	}
	if sub := reply.Result.Subscription; sub != nil && sub.Free < 0 {
		s.releaseAfter(ctx, account)
	}
	return reply, nil
}

// releaseAfter releases the licenses that a change has ended. The change is done
// whatever becomes of this: the account stays due until it is.
func (s *Service) releaseAfter(ctx context.Context, account AccountID) {
	if _, err := s.Close(ctx, account); err != nil {
		s.Log.WarnContext(ctx, "licenses are released later", "account", account, "error", err)
	}
}

func decideConfirm(t *turn, id SubscriptionID, agreed bool) (*Change, SeatChangeResult, error) {
	var none SeatChangeResult
	sub, plan, err := t.maySpend(id)
	if err != nil {
		return nil, none, err
	}
	q := t.Quote
	if err := t.quoteHolds(q, id, sub.PricedRev()); err != nil {
		return nil, none, err
	}
	want := q.want(t)
	if after := cmp.Or(want.plan, plan); !agreed && after.Policies.AgreementRequired {
		return nil, none, ErrAgreementRequired
	}
	effect, err := decideMoneyChange(t, sub, plan, want, q)
	if err != nil {
		return nil, none, err
	}
	return effect.confirmed(t, q)
}

// confirmed is the change that confirms a quote, which charges just what it shows.
func (c *moneyChange) confirmed(t *turn, q *Quote) (*Change, SeatChangeResult, error) {
	if err := c.charges(q); err != nil {
		return nil, SeatChangeResult{}, err
	}
	change := &Change{}
	c.into(t, change, 0)
	return change, c.result(), nil
}

func (c *moneyChange) result() SeatChangeResult {
	return SeatChangeResult{Subscription: c.write.Subscription, Event: c.event, Invoice: c.dueNow, AtRenewal: c.atRenewal()}
}

// want is what a quote was asked for.
func (q *Quote) want(t *turn) moneyWant {
	want := moneyWant{seats: q.Seats}
	if q.Plan != q.FromPlan {
		want.plan = t.Quoted
	}
	return want
}

// CancelPending cancels a scheduled decrease.
func (s *Service) CancelPending(ctx context.Context, caller Caller, account AccountID, id SubscriptionID, once Once[*Subscription]) (Reply[*Subscription], error) {
	return s.amend(ctx, caller, account, id, once, func(t *turn, sub *Subscription, plan *Plan) (*moneyChange, error) {
		if sub.Decrease() == nil {
			return nil, ErrStateConflict.With("No decrease is scheduled, so there is none to cancel. Ask for a quote to change the number of seats.")
		}
		renewal := t.renewal(sub, plan)
		if err := seatLimits(sub, plan, renewal, moneyWant{seats: sub.Seats, byVendor: t.Me == nil}); err != nil {
			return nil, err
		}
		c := beginChange(sub)
		next := c.write.Subscription
		next.Pending = nil
		data := EventData{Subscription: id, Product: sub.Product, From: sub.Pending.Seats, To: sub.Seats, Seats: sub.Seats, EffectiveAt: t.Now}
		c.event = t.event(DecreaseCancelled, data, Rev{string(id), next.Rev})
		return c, c.remember(t, renewal)
	})
}

// amend runs a change of a subscription's money that costs nothing now, so that it
// needs no quote.
func (s *Service) amend(ctx context.Context, caller Caller, account AccountID, id SubscriptionID, once Once[*Subscription], decide func(*turn, *Subscription, *Plan) (*moneyChange, error)) (Reply[*Subscription], error) {
	product, err := id.Product()
	if err != nil {
		return Reply[*Subscription]{}, err
	}
	cmd := command{caller: caller, account: account, money: true, may: maySpendOf(id)}
	cmd.want.Products = []string{product}
	return run(ctx, s, cmd, once, func(t *turn) (*Change, *Subscription, error) {
		sub, plan, err := t.maySpend(id)
		if err != nil {
			return nil, nil, err
		}
		c, err := decide(t, sub, plan)
		if err != nil {
			return nil, nil, err
		}
		change := &Change{}
		c.into(t, change, 0)
		return change, c.write.Subscription, nil
	})
}
