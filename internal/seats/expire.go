package seats

import (
	"context"
	"errors"
	"time"
)

// ExpireInvitation ends an invitation whose expiry has passed: its seat is free
// again and the inviter is told. The link had stopped working at the instant of
// expiry; the user stays invited, so that the invitation can be sent again. It
// does nothing where the invitation is not, or not any more, lapsed.
func (s *Service) ExpireInvitation(ctx context.Context, m Membership, now time.Time) error {
	for range maxDecisions {
		view, err := s.Store.Load(ctx, Want{Account: m.Account, Users: []UserID{m.User}})
		if err != nil {
			return err
		}
		was := view.Users[m.User]
		if view.Account == nil || was == nil || was.Invitation == nil || !was.Invitation.Lapsed(now) {
			return nil
		}
		wall := s.Wall()
		mint, err := newMinter(was.Invitation.ExpiresAt, wall)
		if err != nil {
			return err
		}
		t := &turn{View: view, Now: was.Invitation.ExpiresAt, Wall: wall, Actor: System, Mint: mint}
		u := was.clone()
		u.Rev++
		change := endInvitation(u, InvitationExpired)
		data := EventData{UserID: u.ID, InvitationID: InvitationOf(u.ID), InviterID: u.Invitation.Inviter, Product: was.HoldsSeat()}
		if data.Product != "" {
			data.Subscription = u.Invitation.Subscription
		}
		change.Events = []Event{t.event(InvitationExpiredEv, data, Rev{string(u.ID), u.Rev})}
		err = s.commit(ctx, m.Account, change)
		if _, lost := conditionError(err); !lost {
			return err
		}
	}
	return ErrBusy
}

// ExpireLapsed ends every lapsed invitation of ordinary accounts. One that fails
// does not keep the others; all errors are returned together.
func (s *Service) ExpireLapsed(ctx context.Context) (expired int, err error) {
	now := s.Wall()
	var failures []error
	err = s.Store.LapsedInvitations(ctx, now, func(found []Membership) error {
		for _, m := range found {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := s.ExpireInvitation(ctx, m, now); err != nil {
				failures = append(failures, err)
				continue
			}
			expired++
		}
		return nil
	})
	return expired, errors.Join(append(failures, err)...)
}

// expireAccount ends the lapsed invitations of one account.
func (s *Service) expireAccount(ctx context.Context, account AccountID, now time.Time) error {
	users, err := s.Store.Users(ctx, account)
	if err != nil {
		return err
	}
	for _, u := range users {
		if u.Invitation == nil || !u.Invitation.Lapsed(now) {
			continue
		}
		if err := s.ExpireInvitation(ctx, Membership{account, u.ID}, now); err != nil {
			return err
		}
	}
	return nil
}

// shortage is a decision's first word where seats are short: not yet a refusal.
type shortage struct{ now time.Time }

func (*shortage) Error() string { return "seats are short" }

// afterLapsed runs a command that takes seats. Where they are short, the account's
// lapsed invitations are ended first and the command decides once more, so that
// none of them keeps a seat until the hourly job comes by.
func afterLapsed[R any](ctx context.Context, s *Service, account AccountID, run func(first bool) (Reply[R], error)) (Reply[R], error) {
	reply, err := run(true)
	var short *shortage
	if !errors.As(err, &short) {
		return reply, err
	}
	if err := s.expireAccount(ctx, account, short.now); err != nil {
		return reply, err
	}
	return run(false)
}
