package seats

import "context"

// Revoke takes a license; its seat is free at once. A license that is not held
// is success, so that a retry after a lost answer is harmless.
func (s *Service) Revoke(ctx context.Context, caller Caller, account AccountID, sub SubscriptionID, user UserID, once Once[struct{}]) (Reply[struct{}], error) {
	product, err := sub.Product()
	if err != nil {
		return Reply[struct{}]{}, err
	}
	if !user.Valid() {
		return Reply[struct{}]{}, ErrNotFound
	}
	cmd := command{caller: caller, account: account, may: func(t *turn) error {
		_, _, err := t.mayLicense(sub)
		return err
	}}
	cmd.want.Products, cmd.want.Users = []string{product}, []UserID{user}
	return run(ctx, s, cmd, once, func(t *turn) (*Change, struct{}, error) {
		change, err := decideRevoke(t, sub, user)
		return change, struct{}{}, err
	})
}

func decideRevoke(t *turn, id SubscriptionID, user UserID) (*Change, error) {
	sub, plan, err := t.mayLicense(id)
	if err != nil {
		return nil, err
	}
	was, err := t.target(user)
	switch {
	case err != nil:
		return nil, err
	case plan.Policies.ActiveUsers():
		return nil, ErrStateConflict.With("On this plan every active user holds the license. Deactivate the user to take it.")
	}
	change := &Change{}
	if !was.holds(sub.Product) {
		return change, nil
	}
	u := was.clone()
	u.Rev++
	delete(u.Licenses, sub.Product)
	change.Users = []UserWrite{{User: u, From: was.Rev}}
	change.Free = []FreeMove{{Product: sub.Product, Delta: 1}}
	data := EventData{Subscription: id, Product: sub.Product, UserIDs: []UserID{user}, Reason: ReasonRevoked}
	change.Events = []Event{t.event(LicenseRevoked, data, Rev{string(user), u.Rev})}
	return change, nil
}
