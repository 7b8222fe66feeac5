package seats

import "context"

// Bind ties a signed-in identity to every active user that was created with its
// verified email and has no identity yet. Users that are still invited are bound
// by accepting their link alone. It returns how many were bound; done again it
// binds nothing.
func (s *Service) Bind(ctx context.Context, identity Identity) (int, error) {
	email, err := NormalizeEmail(identity.Email)
	if err != nil {
		return 0, err
	}
	if identity.Subject == "" {
		return 0, ErrNotFound
	}
	found, err := s.Store.UsersByEmail(ctx, email)
	if err != nil {
		return 0, err
	}
	bound := 0
	for _, m := range found {
		did, err := s.bindOne(ctx, m, identity.Subject, email)
		if err != nil {
			return bound, err
		}
		if did {
			bound++
		}
	}
	return bound, nil
}

func (s *Service) bindOne(ctx context.Context, m Membership, subject, email string) (bool, error) {
	cmd := command{operator: &Actor{Kind: ActorUser, ID: string(m.User)}, account: m.Account, noCatchUp: true}
	cmd.want.Users = []UserID{m.User}
	for range maxDecisions {
		t, err := s.read(ctx, cmd)
		if err != nil {
			return false, err
		}
		was := t.Users[m.User]
		if was == nil || was.Status != UserActive || was.Subject != "" || was.Email != email {
			return false, nil
		}
		u := was.clone()
		u.Rev++
		u.Subject = subject
		err = s.commit(ctx, m.Account, &Change{
			Users:  []UserWrite{{User: u, From: was.Rev, Bind: true}},
			Events: []Event{t.event(UserBound, EventData{UserID: m.User}, Rev{string(m.User), u.Rev})},
		})
		lost, raced := conditionError(err)
		if !raced {
			return err == nil, err
		}
		if lost.Has(ItemSignIn) && !lost.Has(ItemUser) {
			// The identity is another user of this account already.
			return false, nil
		}
	}
	return false, ErrBusy
}
