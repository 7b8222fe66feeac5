package seats

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Fuses of a close: what no honest invoice reaches. Beyond them the account is
// parked and looked at instead of billed.
const (
	// MaxInvoiceLines is four lines for each product that an account can have: the next
	// period, what was used, and what waited on each of two plans.
	MaxInvoiceLines = 4 * MaxProductsPerAccount
	// maxOverForecast is how many times the forecast a subscription may come to.
	// Seats only fall, and seats that may be kept and unbilled increases are part of
	// the forecast, so a close never honestly exceeds it by much.
	maxOverForecast = 10
)

// errAbsurd marks a result that a person must look at before it is billed.
var errAbsurd = errors.New("absurd result")

// Close closes everything that is due in an account, each missed period in its
// order, and returns at how many instants it closed something. Run twice, at once or late,
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
	// active is when users were active, where a period of active users is closed.
	active activity
	wall   time.Time
	mint   *Minter
	// ahead is set where the future is computed to be looked at.
	ahead bool
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
// then, and whether something was closed, as 1: not so where an instant stayed due
// until licenses were released.
func (s *Service) closeDue(ctx context.Context, c *closing) (*Account, int, error) {
	var err error
	if c.plans, err = s.plansToClose(ctx, c.subs, false); err != nil {
		return nil, 0, err
	}
	if c.trims() {
		// A lapsed invitation must not keep a seat from being trimmed.
		if err := s.expireAccount(ctx, c.account.ID, c.account.Due); err != nil {
			return nil, 0, err
		}
		if c.subs, err = s.Store.Subscriptions(ctx, c.account.ID); err != nil {
			return nil, 0, err
		}
	}
	ends := func(sub *Subscription) bool { return sub.Period.End.Equal(c.account.Due) }
	if !c.usageFrom(ends).IsZero() {
		if err := s.settleCount(ctx, c); err != nil {
			return nil, 0, err
		}
	}
	if err := s.readUsage(ctx, c, ends); err != nil {
		return nil, 0, err
	}
	out, err := decideClose(c)
	if err != nil {
		// What was read cannot be billed; it cannot be the next time either.
		return nil, 0, fmt.Errorf("%w: %w", errAbsurd, err)
	}
	for _, billed := range out.billed {
		if err := s.Store.PutBilled(ctx, c.account.ID, billed); err != nil {
			return nil, 0, err
		}
	}
	if err := s.Store.Commit(ctx, c.account.ID, out.change); err != nil {
		return nil, 0, err
	}
	return out.change.Account.Account, min(len(out.change.Subscriptions), 1), nil
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

// trims reports whether a period ends whose seats are lowered to what is in use.
func (c *closing) trims() bool {
	for _, sub := range c.subs {
		if sub.Status != SubscriptionActive || sub.Cancel != nil || !sub.Period.End.Equal(c.account.Due) {
			continue
		}
		renewal := c.plans[sub.Plan]
		if sub.PendingPlan != nil {
			renewal = c.plans[sub.PendingPlan.Plan]
		}
		least := renewal.Policies.MinSeats
		if sub.Pending != nil && sub.Pending.Seats < sub.Used() || renewal.Policies.AutoSeats && sub.Used() > least {
			return true
		}
	}
	return false
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
