package seats

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// Fuses of a close: what no honest invoice reaches. Beyond them the account is
// parked and looked at instead of billed.
const (
	// MaxInvoiceLines is two lines for each product that an account can have.
	MaxInvoiceLines = 2 * MaxProductsPerAccount
	// maxOverForecast is how many times the forecast a subscription may come to.
	// Seats only fall, and seats that may be kept and unbilled increases are part of
	// the forecast, so a close never honestly exceeds it by much.
	maxOverForecast = 10
)

// errAbsurd marks a result that a person must look at before it is billed.
var errAbsurd = errors.New("absurd result")

// Close closes everything that is due in an account, each missed period in its
// order, and returns how many boundaries it closed. Run twice, at once or late,
// each period is closed once: the transaction is conditioned on the old period. An
// account that cannot be closed is parked with the reason.
func (s *Service) Close(ctx context.Context, account AccountID) (int, error) {
	return s.closeUntil(ctx, account, time.Time{})
}

// closeUntil closes what is due by then, or by the account's now if that is later.
func (s *Service) closeUntil(ctx context.Context, account AccountID, until time.Time) (closed int, err error) {
	for lost := 0; lost < maxDecisions; {
		c, err := s.readClose(ctx, account, until)
		if err != nil || c == nil {
			return closed, err
		}
		switch short, err := s.releaseAll(ctx, account, c.subs); {
		case errors.Is(err, errAbsurd):
			return closed, s.park(ctx, c, err)
		case err != nil:
			return closed, err
		case short:
			continue
		}
		a := c.account
		now := c.late(a.Now(c.wall))
		if until.After(now) {
			now = until
		}
		if a.Status == AccountParked || a.Due.IsZero() || now.Before(a.Due) {
			return closed, nil
		}
		next, rolled, err := s.closeDue(ctx, c)
		if errors.Is(err, errAbsurd) || permanent(err) {
			if err = s.park(ctx, c, err); err == nil {
				return closed, nil
			}
		}
		switch failed, raced := conditionError(err); {
		case err == nil:
			closed += rolled
			lost = 0
			if settled(next, c.wall, until) {
				return closed, nil
			}
		case raced:
			s.Log.InfoContext(ctx, "close raced", "account", account, "failed", fmt.Sprint(failed.Failed))
			lost++
		default:
			return closed, err
		}
	}
	return closed, ErrBusy
}

// closing is what one close is computed from.
type closing struct {
	account *Account
	subs    []*Subscription
	plans   map[PlanRef]*Plan
	wall    time.Time
	mint    *Minter
}

// maxClockSkew is more than clocks of two machines are apart.
const maxClockSkew = 5 * time.Minute

// settled reports whether nothing is due for long. A boundary stays due until
// everything of it is done, so then there is nothing left to do either.
func settled(a *Account, wall, until time.Time) bool {
	return a.Status == AccountOpen && a.Due.After(a.Now(wall).Add(maxClockSkew)) && a.Due.After(until)
}

// readClose reads what a close is computed from, or nil where the account is
// settled.
func (s *Service) readClose(ctx context.Context, account AccountID, until time.Time) (*closing, error) {
	view, err := s.Store.Load(ctx, Want{Account: account})
	if err != nil {
		return nil, err
	}
	a := view.Account
	if a == nil {
		return nil, ErrNotFound
	}
	c := &closing{account: a, wall: s.Wall()}
	if settled(a, c.wall, until) {
		return nil, nil
	}
	if c.subs, err = s.Store.Subscriptions(ctx, account); err != nil {
		return nil, err
	}
	c.mint, err = newMinter(c.account.Due, c.wall)
	return c, err
}

// closeDue closes the boundary that is due. What is due happens in this order:
// invitations that lapsed before it end, pending changes are applied,
// over-assignment is resolved, and it is billed. It returns the account as it is
// then, and how many boundaries it closed: none where the last one stayed due until
// its licenses were released.
func (s *Service) closeDue(ctx context.Context, c *closing) (*Account, int, error) {
	var err error
	if c.plans, err = s.plansOf(ctx, c.subs); err != nil {
		return nil, 0, err
	}
	if c.overAssigned() {
		// A lapsed invitation must not keep a seat from being trimmed.
		if err := s.expireAccount(ctx, c.account.ID, c.account.Due); err != nil {
			return nil, 0, err
		}
		if c.subs, err = s.Store.Subscriptions(ctx, c.account.ID); err != nil {
			return nil, 0, err
		}
	}
	change, _, err := decideClose(c)
	if err != nil {
		// What was read cannot be billed; it cannot be the next time either.
		return nil, 0, fmt.Errorf("%w: %w", errAbsurd, err)
	}
	if err := s.Store.Commit(ctx, c.account.ID, change); err != nil {
		return nil, 0, err
	}
	return change.Account.Account, min(len(change.Subscriptions), 1), nil
}

// late is now, or the start of the newest period where the clock of another machine
// was ahead of ours: what began there is not waited for, as in a turn.
func (c *closing) late(now time.Time) time.Time {
	for _, sub := range c.subs {
		now = sub.notBefore(now)
	}
	return now
}

func (s *Service) plansOf(ctx context.Context, subs []*Subscription) (map[PlanRef]*Plan, error) {
	plans := map[PlanRef]*Plan{}
	for _, sub := range subs {
		plan, err := s.Store.Plan(ctx, sub.Plan)
		if err != nil {
			return nil, err
		}
		plans[sub.Plan] = plan
	}
	return plans, nil
}

func (c *closing) overAssigned() bool {
	for _, sub := range c.subs {
		if sub.Pending != nil && sub.Period.End.Equal(c.account.Due) && sub.Pending.Seats < sub.Used() {
			return true
		}
	}
	return false
}

// decideClose computes the close of the account's due boundary: the rolled
// subscriptions, the invoice if anything is to be billed, and the events.
func decideClose(c *closing) (*Change, *billing.Invoice, error) {
	loc, err := c.account.Location()
	if err != nil {
		return nil, nil, err
	}
	a := *c.account
	due := a.Due
	t := &turn{View: View{Account: &a}, Now: due, Wall: c.wall, Actor: System, Mint: c.mint}
	change := &Change{Account: &AccountWrite{Account: &a, From: a.Rev}}
	a.Rev++
	a.Due = time.Time{}
	if a.Test && a.Clock.Before(due) {
		a.Clock = due
	}
	var lines []billing.Line
	var vendor Vendor
	releasing := false
	sort.Slice(c.subs, func(i, j int) bool { return c.subs[i].Product < c.subs[j].Product })
	for _, sub := range c.subs {
		if sub.Status != SubscriptionActive {
			continue
		}
		next := sub
		if sub.Period.End.Equal(due) {
			plan := c.plans[sub.Plan]
			roll, err := rollSubscription(t, sub, plan, loc)
			if err != nil {
				return nil, nil, err
			}
			next = roll.write.Subscription
			vendor = plan.Vendor
			lines = append(lines, roll.lines...)
			change.Subscriptions = append(change.Subscriptions, roll.write)
			change.Events = append(change.Events, roll.event)
		}
		a.Due = earlier(a.Due, next.Period.End)
		releasing = releasing || next.Free < 0
	}
	if releasing {
		// The boundary stays due until its licenses are released, so that a close that
		// is interrupted is found again.
		a.Due = due
	}
	inv, err := closingInvoice(&a, vendor, due, lines)
	if err != nil || inv == nil {
		return change, nil, err
	}
	change.Invoice = issue(&a, inv)
	for i := range change.Events {
		change.Events[i].Data.InvoiceNumber = inv.Number
		change.Events[i].Data.InvoiceFirst = i == 0
	}
	return change, inv, nil
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// closingInvoice totals the lines, or nil where there is nothing to bill.
func closingInvoice(a *Account, vendor Vendor, due time.Time, lines []billing.Line) (*billing.Invoice, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	if len(lines) > MaxInvoiceLines {
		return nil, fmt.Errorf("%w: %d lines", errAbsurd, len(lines))
	}
	inv := draft(a, vendor, due)
	inv.Lines = lines
	if err := inv.Total(a.CreditMinor); err != nil {
		return nil, fmt.Errorf("%w: %w", errAbsurd, err)
	}
	return inv, nil
}

// roll is one subscription's part of a close.
type roll struct {
	write SubscriptionWrite
	lines []billing.Line
	event Event
}

func rollSubscription(t *turn, sub *Subscription, plan *Plan, loc *time.Location) (*roll, error) {
	a := t.Account
	next := sub.clone()
	next.Rev++
	next.Pending, next.Unbilled = nil, nil
	next.Period = sub.Period.Next(a.Anchor, plan.Interval, loc)
	next.Zone = a.Zone
	r := &roll{write: SubscriptionWrite{Subscription: next, From: sub.Rev}}
	if sub.Pending != nil {
		// What is kept or released is exact only if nobody moved meanwhile.
		r.write.FreeIs = true
		next.Seats = sub.Pending.Seats
		if plan.Policies.OverAssigned != ReleaseNewest {
			next.Seats = max(next.Seats, sub.Used())
		}
	}
	r.write.FreeDelta = next.Seats - sub.Seats
	next.Free += r.write.FreeDelta
	r.event = t.event(CycleClosed, EventData{
		Subscription: sub.ID, Product: sub.Product, Plan: sub.Plan, PeriodStart: sub.Period.Start, PeriodEnd: sub.Period.End,
		From: sub.Seats, To: next.Seats,
	}, Rev{string(sub.ID), next.Rev})
	if len(sub.Unbilled) > 0 {
		l, err := increaseLine(a, sub, plan, sub.Unbilled)
		if err != nil {
			return nil, err
		}
		r.add(l)
	}
	l, err := seatsLine(a, next, plan, next.Period, billing.Factor{Num: 1, Den: 1}, r.event.ID)
	if err != nil {
		return nil, err
	}
	if sub.Pending != nil {
		l.EventIDs = append(l.EventIDs, string(sub.Pending.Event))
	}
	r.add(l)
	if limit, err := mulForecast(sub.ForecastMinor); err == nil && r.total() > limit {
		return nil, fmt.Errorf("%w: %s comes to %d minor units, forecast were %d", errAbsurd, sub.ID, r.total(), sub.ForecastMinor)
	}
	next.ForecastMinor = l.AmountMinor
	return r, nil
}

// add keeps a line that charges something.
func (r *roll) add(l billing.Line) {
	if l.AmountMinor != 0 {
		r.lines = append(r.lines, l)
	}
}

func (r *roll) total() int64 {
	var sum int64
	for _, l := range r.lines {
		sum += l.AmountMinor
	}
	return sum
}

// park stops billing of an account that could not be closed. People, licenses
// and free seats go on.
func (s *Service) park(ctx context.Context, c *closing, cause error) error {
	a := *c.account
	a.Rev++
	a.Status, a.ParkedFor = AccountParked, shorten(cause.Error(), maxParkReasonBytes)
	t := &turn{View: View{Account: c.account}, Now: a.Now(c.wall), Wall: c.wall, Actor: System, Mint: c.mint}
	err := s.Store.Commit(ctx, a.ID, &Change{
		Account: &AccountWrite{Account: &a, From: c.account.Rev},
		Events:  []Event{t.event(AccountParkedEvent, EventData{Reason: a.ParkedFor}, Rev{string(a.ID), a.Rev})},
	})
	if err == nil {
		s.Log.ErrorContext(ctx, "account parked", "account", a.ID, "reason", a.ParkedFor)
	}
	return err
}

// maxParkReasonBytes keeps the account's item in one write unit.
const maxParkReasonBytes = 160

func shorten(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	for bytes > 0 && s[bytes]&0xC0 == 0x80 {
		bytes--
	}
	return s[:bytes]
}

// RetryParked takes an account out of parking and closes what is due. It returns
// the account as it is then: parked again where the reason is still there.
func (s *Service) RetryParked(ctx context.Context, operator Actor, account AccountID) (*Account, error) {
	cmd := command{operator: &operator, account: account, noCatchUp: true}
	_, err := run(ctx, s, cmd, Once[struct{}]{}, func(t *turn) (*Change, struct{}, error) {
		if t.Account.Status != AccountParked {
			return nil, struct{}{}, ErrStateConflict.With("This account is not parked. Close it instead if something is due.")
		}
		a := *t.Account
		a.Rev++
		a.Status, a.ParkedFor = AccountOpen, ""
		return &Change{
			Account: &AccountWrite{Account: &a, From: t.Account.Rev},
			Events:  []Event{t.event(AccountUnparked, EventData{}, Rev{string(a.ID), a.Rev})},
		}, struct{}{}, nil
	})
	if err != nil {
		return nil, err
	}
	if _, err := s.Close(ctx, account); err != nil {
		return nil, err
	}
	t, err := s.read(ctx, cmd)
	if err != nil {
		return nil, err
	}
	return t.Account, nil
}
