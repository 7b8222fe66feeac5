package seats

import (
	"context"
	"time"
)

// RecentSignIn is how fresh a sign-in must be to hand over an account, where the
// issuer tells when it was.
const RecentSignIn = 5 * time.Minute

// TransferOwnership makes another active user the owner, in one step. The old
// owner becomes an admin, and both are signed out: tokens from before are refused
// from the same commit on. The account's epoch moves, so that license tokens from
// before it can be refused too.
func (s *Service) TransferOwnership(ctx context.Context, caller Caller, account AccountID, to UserID, once Once[*User]) (Reply[*User], error) {
	if !to.Valid() {
		return Reply[*User]{}, ErrNotFound
	}
	// Whose hands it has left may hear so again, as an administrator.
	mayHear := func(t *turn) error {
		if !Can(t.Me.Role, SeeAccount, nil) {
			return ErrForbidden
		}
		return nil
	}
	cmd := command{caller: caller, account: account, may: mayHear}
	cmd.want.Users = []UserID{to}
	return run(ctx, s, cmd, once, func(t *turn) (*Change, *User, error) {
		return decideTransfer(t, caller, to)
	})
}

func decideTransfer(t *turn, caller Caller, to UserID) (*Change, *User, error) {
	if !Can(t.Me.Role, TransferOwnership, nil) {
		return nil, nil, ErrForbidden.With("Only the owner can hand over the ownership. Ask the owner.")
	}
	if caller.AuthTimeKnown && t.Wall.Sub(caller.SignedInAt) > RecentSignIn {
		return nil, nil, ErrSignInAgain
	}
	was, err := t.target(to)
	switch {
	case err != nil:
		return nil, nil, err
	case to == t.Me.ID:
		return nil, nil, ErrStateConflict.With("You are the owner already. Choose another user.")
	case was.Status != UserActive:
		return nil, nil, ErrStateConflict.With("Only an active user can become the owner. Activate this user first.")
	case was.Subject == "":
		return nil, nil, ErrStateConflict.With("This user has never signed in. Let them sign in once, then hand over.")
	}
	account := *t.Account
	account.Rev++
	account.Owner = to
	account.Epoch++
	old, next := t.Me.clone(), was.clone()
	old.Rev++
	next.Rev++
	old.Role, next.Role = Admin, Owner
	old.SignedOutAt, next.SignedOutAt = t.Wall, t.Wall
	return &Change{
		Account: &AccountWrite{Account: &account, From: t.Account.Rev},
		Users:   []UserWrite{{User: old, From: t.Me.Rev}, {User: next, From: was.Rev}},
		Events: []Event{t.event(OwnershipTransferred, EventData{FromUserID: old.ID, ToUserID: next.ID, Epoch: account.Epoch},
			Rev{string(account.ID), account.Rev}, Rev{string(old.ID), old.Rev}, Rev{string(next.ID), next.Rev})},
	}, next, nil
}
