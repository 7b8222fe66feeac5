package seats

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// closed is what a due instant comes to: the change to commit, and what of it others
// look at.
type closed struct {
	change *Change
	// invoice and note are the documents of the change, or nil.
	invoice, note *billing.Invoice
	// billed are the people that usage lines name by their hash. They are kept before
	// the change is committed.
	billed []*Billed
	// subs are all subscriptions as they are then.
	subs []*Subscription
	// ended reports whether a period ended, and not only a day.
	ended bool
}

// closer computes one due instant of an account.
type closer struct {
	*closing
	*turn
	a   *Account
	loc *time.Location
	// parts are what each subscription that changes contributes, by product.
	parts []*part
}

// part is what one subscription contributes to a close.
type part struct {
	write  SubscriptionWrite
	events []Event
	// lines are charged, credits given back; neither is below zero.
	lines, credits []billing.Line
	billed         *Billed
	vendor         Vendor
	ended          bool
}

// decideClose computes the close of the account's due instant: periods that end,
// trials among them, and days whose changes are settled. Changes that wait for the
// next invoice stand on the one that an ending period makes, whatever subscription it
// is of. It changes nothing that it is given, so that a close can be computed ahead.
func decideClose(c *closing) (*closed, error) {
	loc, err := c.account.Location()
	if err != nil {
		return nil, err
	}
	a := *c.account
	due := a.Due
	x := &closer{
		closing: c, a: &a, loc: loc,
		turn: &turn{View: View{Account: &a}, Now: due, Wall: c.wall, Actor: System, Mint: c.mint},
	}
	a.Rev++
	a.Due = time.Time{}
	if a.Test && a.Clock.Before(due) {
		a.Clock = due
	}
	subs := slices.SortedFunc(slices.Values(c.subs), func(p, q *Subscription) int { return cmp.Compare(p.Product, q.Product) })
	out := &closed{change: &Change{Account: &AccountWrite{Account: &a, From: c.account.Rev}}}
	var waiting []*Subscription
	for _, sub := range subs {
		var p *part
		var err error
		switch {
		case sub.Status != SubscriptionActive:
		case sub.Period.End.Equal(due):
			p, err = x.endPeriod(sub)
		case !sub.SettleAt.IsZero() && !sub.SettleAt.After(due):
			p, err = x.settle(sub)
		case len(sub.Unbilled) > 0 && sub.SettleAt.IsZero():
			waiting = append(waiting, sub)
		}
		switch {
		case err != nil && c.ahead:
			// What cannot be closed is for the vendor's staff and hides nothing else.
			continue
		case err != nil:
			return nil, err
		case p == nil:
			out.subs = append(out.subs, sub)
		default:
			x.parts = append(x.parts, p)
			out.subs = append(out.subs, p.write.Subscription)
			out.ended = out.ended || p.ended
		}
	}
	if err := x.takeAlong(waiting, out); err != nil {
		return nil, err
	}
	x.schedule(out.subs, due)
	return out, x.bill(out)
}

// takeAlong settles what waits for the next invoice where a period that ended makes
// one.
func (x *closer) takeAlong(waiting []*Subscription, out *closed) error {
	if !slices.ContainsFunc(x.parts, func(p *part) bool { return p.ended && len(p.lines) > 0 }) {
		return nil
	}
	for _, sub := range waiting {
		p, err := x.settle(sub)
		if err != nil && x.ahead {
			continue
		}
		if err != nil {
			return err
		}
		x.parts = append(x.parts, p)
		out.subs[slices.Index(out.subs, sub)] = p.write.Subscription
	}
	slices.SortFunc(x.parts, func(p, q *part) int { return cmp.Compare(p.write.Subscription.Product, q.write.Subscription.Product) })
	return nil
}

// schedule finds the next due instant. The one that is closed stays due until the
// licenses that it takes are released, so that a close that is interrupted is found
// again.
func (x *closer) schedule(subs []*Subscription, due time.Time) {
	for _, sub := range subs {
		if at := sub.DueAt(); !at.IsZero() {
			x.a.Due = earlier(x.a.Due, at)
		}
	}
	if slices.ContainsFunc(subs, func(s *Subscription) bool { return s.Free < 0 }) {
		x.a.Due = due
	}
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// bill makes the documents of all parts and puts everything into the change. What is
// given back comes first, so that the invoice beside it can use it.
func (x *closer) bill(out *closed) error {
	var lines, credits []billing.Line
	var vendor Vendor
	change := out.change
	for _, p := range x.parts {
		lines, credits, vendor = append(lines, p.lines...), append(credits, p.credits...), p.vendor
		change.Subscriptions = append(change.Subscriptions, p.write)
		if p.billed != nil {
			out.billed = append(out.billed, p.billed)
		}
	}
	if len(lines)+len(credits) > MaxInvoiceLines {
		return fmt.Errorf("%w: %d lines", errAbsurd, len(lines)+len(credits))
	}
	var err error
	if len(credits) > 0 {
		if out.note, change.CreditNote, err = creditNote(x.a, vendor, x.Now, credits...); err != nil {
			return fmt.Errorf("%w: %w", errAbsurd, err)
		}
	}
	if len(lines) > 0 {
		out.invoice = draft(x.a, vendor, x.Now)
		out.invoice.Lines = lines
		if err := out.invoice.Total(x.a.CreditMinor); err != nil {
			return fmt.Errorf("%w: %w", errAbsurd, err)
		}
		change.Invoice = issue(x.a, out.invoice)
	}
	x.record(out)
	return nil
}

// record puts the events into the change, with the numbers of the documents.
func (x *closer) record(out *closed) {
	first := true
	for _, p := range x.parts {
		e := &p.events[0]
		if out.invoice != nil {
			e.Data.InvoiceNumber, e.Data.InvoiceFirst = out.invoice.Number, first
			first = false
		}
		if len(p.credits) > 0 {
			e.Data.CreditNote = out.note.Number
		}
		out.change.Events = append(out.change.Events, p.events...)
	}
}

// begin starts what a subscription contributes.
func (x *closer) begin(sub *Subscription) *part {
	next := sub.clone()
	next.Rev++
	next.Unbilled, next.SettleAt = nil, time.Time{}
	return &part{write: SubscriptionWrite{Subscription: next, From: sub.Rev}}
}

// settle bills what waited of a subscription whose period goes on.
func (x *closer) settle(sub *Subscription) (*part, error) {
	plan, err := x.planOf(sub.Plan)
	if err != nil {
		return nil, err
	}
	p := x.begin(sub)
	next := p.write.Subscription
	data := EventData{Subscription: sub.ID, Product: sub.Product, From: sub.Seats, To: sub.Seats}
	if n := len(sub.Unbilled); n > 0 {
		data.From, data.To = sub.Unbilled[0].FromSeats, sub.Unbilled[n-1].ToSeats
	}
	p.vendor = plan.Vendor
	p.events = []Event{x.event(DaySettled, data, Rev{string(sub.ID), next.Rev})}
	if err := x.addWaiting(p, sub); err != nil {
		return nil, err
	}
	if err := x.fuse(p, sub); err != nil {
		return nil, err
	}
	renewal := plan
	if sub.PendingPlan != nil {
		if renewal, err = x.planOf(sub.PendingPlan.Plan); err != nil {
			return nil, err
		}
	}
	next.ForecastMinor, err = forecastMinor(next, renewal, x.a.Currency)
	return p, err
}

// addWaiting adds the lines of what waited. Changes that were bought on the same plan
// are settled together: their net is rounded once. Where that is below zero it is
// given back by a plan that credits decreases, and nothing otherwise.
func (x *closer) addWaiting(p *part, sub *Subscription) error {
	for rest := sub.Unbilled; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Plan == rest[0].Plan {
			n++
		}
		plan, err := x.planOf(rest[0].Plan)
		if err != nil {
			return err
		}
		l, err := netLine(x.a, sub, plan, rest[:n])
		if err != nil {
			return err
		}
		switch {
		case l.AmountMinor > 0:
			p.lines = append(p.lines, l)
		case l.AmountMinor < 0 && plan.Policies.Decrease == DecreaseImmediateCredit:
			l.Kind, l.AmountMinor = billing.LineCredit, -l.AmountMinor
			p.credits = append(p.credits, l)
		}
		rest = rest[n:]
	}
	return nil
}

var errNoPlan = errors.New("there is no such plan version")

func (c *closing) planOf(ref PlanRef) (*Plan, error) {
	if plan := c.plans[ref]; plan != nil {
		return plan, nil
	}
	return nil, fmt.Errorf("%w: %s, %d", errNoPlan, ref.ID, ref.Version)
}

// fuse stops what no honest close comes to: more than ten times what was expected
// when money last moved. What was used is bounded by who used it, see usageLine.
func (x *closer) fuse(p *part, sub *Subscription) error {
	if x.ahead {
		return nil
	}
	var total int64
	for i := range p.lines {
		if p.lines[i].Kind == billing.LineUsage {
			continue
		}
		var err error
		if total, err = money.AddInt(total, p.lines[i].AmountMinor); err != nil {
			return err
		}
	}
	if limit, err := mulForecast(sub.ForecastMinor); err == nil && total > limit {
		return fmt.Errorf("%w: %s comes to %d minor units, forecast were %d", errAbsurd, sub.ID, total, sub.ForecastMinor)
	}
	return nil
}
