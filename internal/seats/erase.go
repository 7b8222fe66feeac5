package seats

import "context"

// What stands in place of the personal data of somebody who was erased. The domain is
// one that never leads anywhere (RFC 2606).
const (
	erasedFirstName = "Erased"
	erasedLastName  = "user"
	erasedEmail     = "erased@erased.invalid"
)

// EraseUser replaces the personal data of a removed user: names, email, qualification
// and sign-in. The id stays, and with it the ledger, which holds ids alone. Answers
// kept for idempotency keys from before are not given again, since they may hold the
// data. It cannot be undone; done again it does nothing.
func (s *Service) EraseUser(ctx context.Context, caller Caller, account AccountID, id UserID, once Once[*User]) (Reply[*User], error) {
	if !id.Valid() {
		return Reply[*User]{}, ErrNotFound
	}
	cmd := command{caller: caller, account: account, may: (*turn).mayManage}
	cmd.want.Users = []UserID{id}
	return run(ctx, s, cmd, once, func(t *turn) (*Change, *User, error) {
		return decideErase(t, id)
	})
}

func decideErase(t *turn, id UserID) (*Change, *User, error) {
	was := t.Users[id]
	switch {
	case t.mayManage() != nil:
		return nil, nil, t.mayManage()
	case was == nil:
		return nil, nil, ErrNotFound
	case was.Status != UserRemoved:
		return nil, nil, ErrStateConflict.With("Only somebody who was removed can be erased. Remove the user first.")
	case !CanGrant(t.Me.Role, was.Role):
		return nil, nil, ErrForbidden.With("Your role may not erase somebody who was %s. Ask the owner.", was.Role)
	case was.Erased:
		return &Change{}, was, nil
	}
	u := was.clone()
	u.Rev++
	u.FirstName, u.LastName, u.Qualification, u.Email = erasedFirstName, erasedLastName, "", erasedEmail
	u.Subject, u.Spent, u.Erased = "", nil, true
	a := *t.Account
	a.Rev++
	a.ErasedAt = t.Wall
	return &Change{
		Account: &AccountWrite{Account: &a, From: t.Account.Rev},
		Users:   []UserWrite{{User: u, From: was.Rev}},
		Events:  []Event{t.event(UserErased, EventData{UserID: id}, Rev{string(id), u.Rev}, Rev{string(a.ID), a.Rev})},
	}, u, nil
}
