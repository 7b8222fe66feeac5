package seats

import (
	"context"
)

// MaxAssignUsers is how many users one request gives a license to.
const MaxAssignUsers = 100

// assignsPerTransaction leaves room for the pool, the event and a receipt beside
// the users in a transaction of 100 items.
const assignsPerTransaction = 97

// AssignResult is what became of one user: licensed now, already licensed, or
// refused. On a plan that bills active users there are no licenses to give: who is
// active is licensed already, and License is empty.
type AssignResult struct {
	User    UserID
	Already bool
	License License
	Refused *Error
}

// Assign gives a license to each user that holds none, as far as seats are free,
// in the order given. A license already held is success. Where seats would have to be
// bought it is refused with ErrQuoteRequired.
func (s *Service) Assign(ctx context.Context, caller Caller, account AccountID, sub SubscriptionID, users []UserID, once Once[[]AssignResult]) (Reply[[]AssignResult], error) {
	return s.AssignBuying(ctx, caller, account, sub, users, Purchase{}, once)
}

// AssignBuying is Assign, and buys the seats of a quote in the transaction of the
// first users who lack one. If nobody does, nothing is bought.
func (s *Service) AssignBuying(ctx context.Context, caller Caller, account AccountID, sub SubscriptionID, users []UserID, buy Purchase, once Once[[]AssignResult]) (Reply[[]AssignResult], error) {
	var none Reply[[]AssignResult]
	cmd, err := assignCommand(caller, account, sub, users)
	if err != nil {
		return none, err
	}
	if err := buy.check(once.Key); err != nil {
		return none, err
	}
	size := assignsPerTransaction
	if cmd.want.Quote = buy.Quote; buy.Quote != "" {
		size -= purchaseItems
	}
	if len(users) <= size {
		return s.assignPart(ctx, withUsers(cmd, users), sub, users, buying{Purchase: buy}, true, once)
	}
	return afterLapsed(ctx, s, account, func(first bool) (Reply[[]AssignResult], error) {
		may := func(t *turn) error { return t.mayAssignAll(sub, users, buy, first) }
		return bulk(ctx, s, withUsers(cmd, users), once, len(users), size, may, func(part command, from, to int) ([]AssignResult, error) {
			// Who holds a license already is left alone, so nothing need derive from the
			// claim; an event that did would be in the way of one that a resumed command
			// writes for users who found no seat before.
			part.mint, part.want.Users = nil, nil
			buys := buying{Purchase: buy, mint: part.purchase}
			if n := int64(len(users) - to); n > 0 && buy.Quote != "" {
				product, _ := sub.Product() // checked by assignCommand
				buys.later = map[string]int64{product: n}
			}
			reply, err := s.assignPart(ctx, withUsers(part, users[from:to]), sub, users[from:to], buys, false, Once[[]AssignResult]{})
			return reply.Result, err
		})
	})
}

// TryAssign says what Assign would do, and what it would cost where seats would have
// to be bought. It gives nobody a license.
func (s *Service) TryAssign(ctx context.Context, caller Caller, account AccountID, sub SubscriptionID, users []UserID) (Trial[AssignResult], error) {
	cmd, err := assignCommand(caller, account, sub, users)
	if err != nil {
		return Trial[AssignResult]{}, err
	}
	return try(ctx, s, withUsers(cmd, users), func(t *turn, buy buying) ([]AssignResult, *supply, error) {
		_, results, supply, err := decideAssign(t, sub, users, buy)
		return results, supply, err
	})
}

func assignCommand(caller Caller, account AccountID, sub SubscriptionID, users []UserID) (command, error) {
	cmd := command{caller: caller, account: account, may: func(t *turn) error {
		_, _, err := t.mayLicense(sub)
		return err
	}}
	if len(users) == 0 || len(users) > MaxAssignUsers {
		return cmd, ErrInvalid.With("Send between 1 and %d user ids in one request.", MaxAssignUsers)
	}
	product, err := sub.Product()
	cmd.want.Products = []string{product}
	return cmd, err
}

// withUsers is a command that reads users too.
func withUsers(cmd command, users []UserID) command {
	for _, u := range users {
		if u.Valid() {
			cmd.want.Users = append(cmd.want.Users, u)
		}
	}
	return cmd
}

// mayAssignAll is asked before a command of several transactions begins: whether it
// is allowed at all, and whether its seats are there or paid for. One that goes on
// after an interruption was asked before.
func (t *turn) mayAssignAll(id SubscriptionID, users []UserID, buy Purchase, first bool) error {
	_, _, err := t.mayAssign(id)
	if err != nil || buy.Quote != "" || t.Receipt != nil {
		return err
	}
	return t.tried(first, func() (*supply, error) {
		_, _, supply, err := decideAssign(t, id, users, buying{})
		return supply, err
	})
}

// assignPart gives the licenses of one transaction; whole where it is the only one.
func (s *Service) assignPart(ctx context.Context, cmd command, sub SubscriptionID, users []UserID, buy buying, whole bool, once Once[[]AssignResult]) (Reply[[]AssignResult], error) {
	return afterLapsed(ctx, s, cmd.account, func(first bool) (Reply[[]AssignResult], error) {
		return run(ctx, s, cmd, once, func(t *turn) (*Change, []AssignResult, error) {
			change, results, supply, err := decideAssign(t, sub, users, buy)
			if err != nil {
				return nil, nil, err
			}
			return change, results, supply.refusal(first, whole && buy.Quote == "")
		})
	})
}

func decideAssign(t *turn, id SubscriptionID, users []UserID, buy buying) (*Change, []AssignResult, *supply, error) {
	sub, plan, err := t.mayAssign(id)
	if err != nil {
		return nil, nil, nil, err
	}
	return serve(t, buy, func(seats *supply) (*Change, []AssignResult) {
		d := assignment{t: t, sub: sub, plan: plan, supply: seats, change: &Change{}, given: map[UserID]bool{}}
		results := make([]AssignResult, len(users))
		for i, uid := range users {
			results[i] = d.assign(uid)
		}
		if len(d.data.UserIDs) > 0 {
			d.data.Subscription, d.data.Product = id, sub.Product
			d.change.Events = []Event{t.event(LicenseAssigned, d.data, d.revs...)}
		}
		return d.change, results
	})
}

// assignment is a decision about licenses of one subscription.
type assignment struct {
	t      *turn
	sub    *Subscription
	plan   *Plan
	supply *supply
	change *Change
	given  map[UserID]bool
	data   EventData
	revs   []Rev
}

func (d *assignment) assign(uid UserID) AssignResult {
	product, u := d.sub.Product, d.t.Users[uid]
	license := License{Subscription: d.sub.ID, Since: d.t.Now, By: d.t.Me.ID}
	refuse := func(e *Error) AssignResult { return AssignResult{User: uid, Refused: e} }
	switch {
	case u == nil || u.Status == UserRemoved:
		return refuse(ErrNotFound.With("There is no user %s in this account.", uid))
	case d.given[uid]:
		return AssignResult{User: uid, Already: true, License: license}
	case u.holds(product):
		return AssignResult{User: uid, Already: true, License: u.Licenses[product]}
	case u.Status == UserInvited:
		return refuse(ErrStateConflict.With("This person has not accepted the invitation yet. Assign after that, or invite with a license."))
	case u.Status != UserActive:
		return refuse(ErrStateConflict.With("This user is deactivated. Activate the user first."))
	case d.plan.Policies.ActiveUsers():
		return AssignResult{User: uid, Already: true}
	}
	if refused := d.supply.take(product); refused != nil {
		return refuse(refused)
	}
	d.given[uid] = true
	next := u.clone()
	next.Rev++
	next.Licenses[product] = license
	d.change.Users = append(d.change.Users, UserWrite{User: next, From: u.Rev})
	d.data.UserIDs = append(d.data.UserIDs, uid)
	d.revs = append(d.revs, Rev{string(uid), next.Rev})
	return AssignResult{User: uid, License: license}
}

func (u *User) holds(product string) bool {
	_, ok := u.Licenses[product]
	return ok
}

// mayAssign is the running subscription whose licenses the caller may give.
func (t *turn) mayAssign(id SubscriptionID) (*Subscription, *Plan, error) {
	sub, plan, err := t.mayLicense(id)
	if err == nil && sub.Status != SubscriptionActive {
		err = ErrStateConflict.With("This subscription has ended. Subscribe again before giving licenses.")
	}
	return sub, plan, err
}

// mayLicense is the subscription whose licenses the caller may give and take.
func (t *turn) mayLicense(id SubscriptionID) (*Subscription, *Plan, error) {
	sub, plan, err := t.subscription(id)
	if err == nil && !Can(t.Me.Role, ManageLicenses, plan) {
		err = ErrForbidden
	}
	return sub, plan, err
}
