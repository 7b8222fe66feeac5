package seats

import (
	"context"
	"time"
)

// ClockBudget is how long one call moves a test clock before it answers that it
// is not done: within what an HTTP function may run.
const ClockBudget = 25 * time.Second

// ClockResult is where a test clock stands.
type ClockResult struct {
	Clock time.Time
	// Done is false where the budget ran out: call again with the same instant.
	Done bool
}

// AdvanceClock moves a test account's clock forward, from due instant to due
// instant, through the same closes and expiries that time brings to other
// accounts.
func (s *Service) AdvanceClock(ctx context.Context, operator Actor, account AccountID, to time.Time) (ClockResult, error) {
	started := s.Wall()
	cmd := command{operator: &operator, account: account, noCatchUp: true}
	for {
		t, err := s.read(ctx, cmd)
		if err != nil {
			return ClockResult{}, err
		}
		a := t.Account
		switch {
		case !a.Test:
			return ClockResult{}, ErrStateConflict.With("Only test accounts have a clock. Open one with test: true.")
		case to.Before(a.Clock):
			return ClockResult{}, ErrInvalid.With("The clock stands at %s and only moves forward. Send a later instant.", a.Clock.Format(time.RFC3339))
		case to.UTC().Year() > maxYear:
			return ClockResult{}, ErrInvalid.With("The clock moves to the year %d at most. Send an earlier instant.", maxYear)
		}
		next := to
		dueFirst := a.Status == AccountOpen && !a.Due.IsZero() && !a.Due.After(to)
		if dueFirst {
			next = a.Due
		}
		// What happens on the way happens at its own instant, and comes before the close.
		if err := s.passTime(ctx, account, next); err != nil {
			return ClockResult{}, err
		}
		if !dueFirst {
			return s.setClock(ctx, cmd, to)
		}
		if _, err := s.closeUntil(ctx, account, next); err != nil {
			return ClockResult{}, err
		}
		if s.Wall().Sub(started) > ClockBudget {
			at, err := s.read(ctx, cmd)
			if err != nil {
				return ClockResult{}, err
			}
			return ClockResult{Clock: at.Account.Clock}, nil
		}
	}
}

func (s *Service) setClock(ctx context.Context, cmd command, to time.Time) (ClockResult, error) {
	reply, err := run(ctx, s, cmd, Once[ClockResult]{}, func(t *turn) (*Change, ClockResult, error) {
		a := *t.Account
		if !a.Clock.Before(to) {
			return &Change{}, ClockResult{Clock: a.Clock, Done: true}, nil
		}
		a.Rev++
		a.Clock = to.UTC()
		t.Now = a.Clock
		return &Change{
			Account: &AccountWrite{Account: &a, From: t.Account.Rev},
			Events:  []Event{t.event(ClockAdvanced, EventData{EffectiveAt: a.Clock}, Rev{string(a.ID), a.Rev})},
		}, ClockResult{Clock: a.Clock, Done: true}, nil
	})
	return reply.Result, err
}
