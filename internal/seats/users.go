package seats

import (
	"context"
	"sort"
)

// UserPatch is what an edit changes; nil fields stay.
type UserPatch struct {
	FirstName     *string
	LastName      *string
	Qualification *string
	Role          *string
}

// onUser runs a command about one user, with a copy that has the next revision.
// Products are read so that licenses can be ended with the user.
func (s *Service) onUser(ctx context.Context, caller Caller, account AccountID, id UserID, once Once[*User], decide func(t *turn, was, u *User) (*Change, error)) (Reply[*User], error) {
	if !id.Valid() {
		return Reply[*User]{}, ErrNotFound
	}
	cmd := command{caller: caller, account: account, may: (*turn).mayManage}
	cmd.want.Users = []UserID{id}
	return run(ctx, s, cmd, once, func(t *turn) (*Change, *User, error) {
		if err := t.mayManage(); err != nil {
			return nil, nil, err
		}
		was, err := t.target(id)
		if err != nil {
			return nil, nil, err
		}
		u := was.clone()
		u.Rev++
		change, err := decide(t, was, u)
		if err == nil && change.Empty() {
			u = was
		}
		return change, u, err
	})
}

// mayManage checks that the caller may add people and change them.
func (t *turn) mayManage() error {
	if !Can(t.Me.Role, ManageUsers, nil) {
		return ErrForbidden
	}
	return nil
}

// EditUser changes names, qualification and role.
func (s *Service) EditUser(ctx context.Context, caller Caller, account AccountID, id UserID, patch UserPatch, once Once[*User]) (Reply[*User], error) {
	return s.onUser(ctx, caller, account, id, once, func(t *turn, was, u *User) (*Change, error) {
		pick := func(sent *string, now string) string {
			if sent != nil {
				return *sent
			}
			return now
		}
		n, fields := readNames("body.", pick(patch.FirstName, was.FirstName), pick(patch.LastName, was.LastName), pick(patch.Qualification, was.Qualification))
		role := was.Role
		if patch.Role != nil {
			var ok bool
			if role, ok = ParseRole(*patch.Role); !ok {
				fields = append(fields, Field{Location: "body.role", Message: "must be admin, billing_admin or member", Value: *patch.Role})
			}
		}
		if len(fields) > 0 {
			e := *ErrInvalid
			e.Fields = fields
			return nil, &e
		}
		change := &Change{}
		if role != was.Role {
			if err := t.mayChangeRole(was, role); err != nil {
				return nil, err
			}
			u.Role = role
			change.Events = append(change.Events, t.event(RoleChanged, EventData{UserID: id, FromRole: was.Role, Role: role}, Rev{string(id), u.Rev}))
		}
		u.FirstName, u.LastName, u.Qualification = n.first, n.last, n.qualification
		if u.FirstName != was.FirstName || u.LastName != was.LastName || u.Qualification != was.Qualification {
			change.Events = append(change.Events, t.event(UserUpdated, EventData{UserID: id}, Rev{string(id), u.Rev}))
		}
		if len(change.Events) > 0 {
			change.Users = []UserWrite{{User: u, From: was.Rev}}
		}
		return change, nil
	})
}

func (t *turn) mayChangeRole(was *User, to Role) error {
	switch {
	case was.ID == t.Me.ID:
		return ErrForbidden.With("Nobody changes their own role. Ask another administrator.")
	case was.Role == Owner:
		return ErrOwnerRequired
	case to == Owner:
		return ErrOwnerRequired.With("Somebody becomes the owner only by a transfer of the ownership. Ask the owner to hand it over.")
	case !CanGrant(t.Me.Role, was.Role) || !CanGrant(t.Me.Role, to):
		return ErrForbidden.With("Your role may not change %s to %s. Ask the owner.", was.Role, to)
	}
	return nil
}

// mayEnd checks that the caller may deactivate or remove a user.
func (t *turn) mayEnd(was *User) error {
	switch {
	case was.Role == Owner:
		return ErrOwnerRequired
	case was.ID == t.Me.ID:
		return ErrForbidden.With("Nobody deactivates or removes themselves. Ask another administrator.")
	case !CanGrant(t.Me.Role, was.Role):
		return ErrForbidden
	}
	return nil
}

// DeactivateUser takes a user's access and ends all licenses in one transaction.
func (s *Service) DeactivateUser(ctx context.Context, caller Caller, account AccountID, id UserID, once Once[*User]) (Reply[*User], error) {
	return s.onUser(ctx, caller, account, id, once, func(t *turn, was, u *User) (*Change, error) {
		if err := t.mayEnd(was); err != nil {
			return nil, err
		}
		switch {
		case was.Status == UserDeactivated:
			return &Change{}, nil
		case was.Status == UserInvited:
			return nil, ErrStateConflict.With("This person has not accepted the invitation yet. Cancel the invitation instead.")
		case was.Role != Member:
			return nil, ErrRoleMustBeRemovedFirst
		}
		u.Status = UserDeactivated
		change := &Change{Users: []UserWrite{{User: u, From: was.Rev}}}
		ended := endLicenses(u, change)
		change.Events = []Event{t.event(UserDeactivatedEvent, EventData{UserID: id, Ended: ended}, Rev{string(id), u.Rev})}
		return change, nil
	})
}

// endLicenses takes all licenses of a user and frees their seats. It returns the
// products, in order.
func endLicenses(u *User, change *Change) []string {
	var ended []string
	for product := range u.Licenses {
		ended = append(ended, product)
	}
	sort.Strings(ended)
	for _, product := range ended {
		delete(u.Licenses, product)
		change.Free = append(change.Free, FreeMove{Product: product, Delta: 1})
	}
	return ended
}

// ActivateUser gives a deactivated user access again, without licenses.
func (s *Service) ActivateUser(ctx context.Context, caller Caller, account AccountID, id UserID, once Once[*User]) (Reply[*User], error) {
	return s.onUser(ctx, caller, account, id, once, func(t *turn, was, u *User) (*Change, error) {
		switch {
		case !CanGrant(t.Me.Role, was.Role) && was.Role != Owner:
			return nil, ErrForbidden
		case was.Status == UserActive:
			return &Change{}, nil
		case was.Status == UserInvited:
			return nil, ErrStateConflict.With("This person becomes active by accepting the invitation. Send it again if the mail was lost.")
		}
		u.Status = UserActive
		return &Change{
			Users:  []UserWrite{{User: u, From: was.Rev}},
			Events: []Event{t.event(UserActivated, EventData{UserID: id}, Rev{string(id), u.Rev})},
		}, nil
	})
}

// RemoveUser ends a user: access, licenses and an open invitation at once. The
// record stays for the ledger; the email is free for a new invitation.
func (s *Service) RemoveUser(ctx context.Context, caller Caller, account AccountID, id UserID, once Once[*User]) (Reply[*User], error) {
	return s.onUser(ctx, caller, account, id, once, func(t *turn, was, u *User) (*Change, error) {
		if err := t.mayEnd(was); err != nil {
			return nil, err
		}
		u.Status = UserRemoved
		change := &Change{Users: []UserWrite{{User: u, From: was.Rev, FreeEmail: true, Unbind: was.Subject != ""}}}
		ended := endLicenses(u, change)
		if product := u.HoldsSeat(); product != "" {
			change.Free = append(change.Free, FreeMove{Product: product, Delta: 1})
		}
		if i := u.Invitation; i != nil && (i.State == InvitationOpen || i.State == InvitationExpired) {
			i.State, i.Reserved = InvitationCancelled, false
		}
		change.Events = []Event{t.event(UserRemovedEvent, EventData{UserID: id, Ended: ended, Active: was.Status == UserActive}, Rev{string(id), u.Rev})}
		return change, nil
	})
}
