package seats

import (
	"context"
	"slices"
)

// MaxAssignUsers is how many users one request gives a license to.
const MaxAssignUsers = 100

// assignsPerTransaction leaves room for the pool, the event and a receipt beside
// the users in a transaction of 100 items.
const assignsPerTransaction = 97

// AssignResult is what became of one user: licensed now, already licensed, or
// refused.
type AssignResult struct {
	User    UserID
	Already bool
	License License
	Refused *Error
}

// Assign gives a license to each user that holds none, as far as seats are free,
// in the order given. A license already held is success.
func (s *Service) Assign(ctx context.Context, caller Caller, account AccountID, sub SubscriptionID, users []UserID, once Once[[]AssignResult]) (Reply[[]AssignResult], error) {
	var none Reply[[]AssignResult]
	if len(users) == 0 || len(users) > MaxAssignUsers {
		return none, ErrInvalid.With("Send between 1 and %d user ids in one request.", MaxAssignUsers)
	}
	product, err := sub.Product()
	if err != nil {
		return none, err
	}
	cmd := command{caller: caller, account: account}
	cmd.want.Products = []string{product}
	part := func(cmd command, users []UserID, once Once[[]AssignResult]) (Reply[[]AssignResult], error) {
		for _, u := range users {
			if u.Valid() {
				cmd.want.Users = append(cmd.want.Users, u)
			}
		}
		return afterLapsed(ctx, s, account, func(first bool) (Reply[[]AssignResult], error) {
			return run(ctx, s, cmd, once, func(t *turn) (*Change, []AssignResult, error) {
				change, results, err := decideAssign(t, sub, users)
				if first && slices.ContainsFunc(results, func(r AssignResult) bool { return r.Refused == ErrNoFreeSeats }) {
					return nil, nil, &shortage{t.Now}
				}
				return change, results, err
			})
		})
	}
	if len(users) <= assignsPerTransaction {
		return part(cmd, users, once)
	}
	mayAssign := func(t *turn) error {
		_, err := t.mayAssign(sub)
		return err
	}
	return bulk(ctx, s, cmd, once, len(users), assignsPerTransaction, mayAssign, func(cmd command, from, to int) ([]AssignResult, error) {
		// Who holds a license already is left alone, so nothing need derive from the
		// claim; an event that did would be in the way of one that a resumed command
		// writes for users who found no seat before.
		cmd.mint = nil
		reply, err := part(cmd, users[from:to], Once[[]AssignResult]{})
		return reply.Result, err
	})
}

func decideAssign(t *turn, id SubscriptionID, users []UserID) (*Change, []AssignResult, error) {
	sub, err := t.mayAssign(id)
	if err != nil {
		return nil, nil, err
	}
	change := &Change{}
	results := make([]AssignResult, len(users))
	given := map[UserID]bool{}
	free := sub.Free
	data := EventData{Subscription: id, Product: sub.Product}
	var revs []Rev
	for i, uid := range users {
		results[i].User = uid
		u := t.Users[uid]
		switch {
		case u == nil || u.Status == UserRemoved:
			results[i].Refused = ErrNotFound.With("There is no user %s in this account.", uid)
		case given[uid] || u.holds(sub.Product):
			results[i].Already, results[i].License = true, u.Licenses[sub.Product]
			if given[uid] {
				results[i].License = License{Subscription: id, Since: t.Now, By: t.Me.ID}
			}
		case u.Status == UserInvited:
			results[i].Refused = ErrStateConflict.With("This person has not accepted the invitation yet. Assign after that, or invite with a license.")
		case u.Status != UserActive:
			results[i].Refused = ErrStateConflict.With("This user is deactivated. Activate the user first.")
		case free < 1:
			results[i].Refused = ErrNoFreeSeats
		default:
			free--
			given[uid] = true
			next := u.clone()
			next.Rev++
			next.Licenses[sub.Product] = License{Subscription: id, Since: t.Now, By: t.Me.ID}
			results[i].License = next.Licenses[sub.Product]
			change.Users = append(change.Users, UserWrite{User: next, From: u.Rev})
			data.UserIDs = append(data.UserIDs, uid)
			revs = append(revs, Rev{string(uid), next.Rev})
		}
	}
	if n := len(change.Users); n > 0 {
		change.Free = []FreeMove{{Product: sub.Product, Delta: -int64(n)}}
		change.Events = []Event{t.event(LicenseAssigned, data, revs...)}
	}
	return change, results, nil
}

func (u *User) holds(product string) bool {
	_, ok := u.Licenses[product]
	return ok
}

// mayAssign is the running subscription whose licenses the caller may give.
func (t *turn) mayAssign(id SubscriptionID) (*Subscription, error) {
	sub, plan, err := t.subscription(id)
	switch {
	case err != nil:
		return nil, err
	case !Can(t.Me.Role, ManageLicenses, plan):
		return nil, ErrForbidden
	case sub.Status != SubscriptionActive:
		return nil, ErrStateConflict.With("This subscription has ended. Subscribe again before giving licenses.")
	}
	return sub, nil
}
