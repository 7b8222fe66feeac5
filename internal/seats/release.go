package seats

import (
	"context"
	"fmt"
	"sort"
	"time"
)

// releasesPerTransaction leaves room for the pool and the event beside the users.
const releasesPerTransaction = 97

// releaseAll takes licenses wherever a close left a pool with fewer seats than
// are used. It reports whether there was such a pool: what was read of it is old
// then, also where somebody else released it meanwhile. It can be interrupted
// anywhere: what is left to do is read from the pool's negative free counter alone.
func (s *Service) releaseAll(ctx context.Context, account AccountID, subs []*Subscription) (short bool, err error) {
	for _, sub := range subs {
		var holding []*User // in the order of losing their seats; nil before they were read
		for idle := 0; sub.Free < 0; {
			short = true
			if holding == nil {
				users, err := s.Store.Users(ctx, account)
				if err != nil {
					return short, err
				}
				holding = holders(users, sub.Product)
			}
			n, err := s.releaseSome(ctx, account, sub, holding)
			switch _, raced := conditionError(err); {
			case err != nil && !raced:
				return short, err
			case err != nil || n == 0:
				// Somebody gave up a seat or changed meanwhile. Nobody takes one as long as
				// none is free, so that otherwise the order stands.
				holding = nil
				idle++
			default:
				holding = holding[n:]
				idle = 0
			}
			if idle >= maxDecisions {
				if err == nil {
					err = fmt.Errorf("%w: %s is short of %d seats, and nobody holds one", errAbsurd, sub.ID, -sub.Free)
				}
				return short, err
			}
			fresh, err := s.Store.Load(ctx, Want{Account: account, Products: []string{sub.Product}})
			if err != nil {
				return short, err
			}
			sub = fresh.Subscriptions[sub.Product]
		}
	}
	return short, nil
}

// releaseSome releases one transaction's worth: reservations of open invitations
// first, then the newest licenses, ties by user id. It returns how many.
func (s *Service) releaseSome(ctx context.Context, account AccountID, sub *Subscription, holding []*User) (int, error) {
	view, err := s.Store.Load(ctx, Want{Account: account})
	if err != nil {
		return 0, err
	}
	wall := s.Wall()
	at := releasedAt(view.Account, sub, wall)
	mint, err := newMinter(at, wall)
	if err != nil {
		return 0, err
	}
	t := &turn{View: view, Now: at, Wall: wall, Actor: System, Mint: mint}
	change := decideRelease(t, sub, holding)
	if change.Empty() {
		// Somebody revoked meanwhile, so that the counter read before is old.
		return 0, nil
	}
	return len(change.Users), s.commit(ctx, account, change)
}

// releasedAt is the instant at which seats were given back: that which stays due until
// their licenses are released.
func releasedAt(a *Account, sub *Subscription, wall time.Time) time.Time {
	switch {
	case sub.Status == SubscriptionEnded:
		return sub.Period.End
	case a != nil && a.Due.After(sub.Period.Start) && !a.Due.After(a.Now(wall)):
		return a.Due
	}
	return sub.Period.Start
}

func decideRelease(t *turn, sub *Subscription, holding []*User) *Change {
	change := &Change{}
	data := EventData{Subscription: sub.ID, Product: sub.Product, Reason: ReasonDecrease}
	switch {
	case sub.Status == SubscriptionEnded:
		data.Reason = ReasonEnded
	case sub.Seats == 0:
		// Every active user is entitled by the plan of active users that begins.
		data.Reason = ReasonPlan
	}
	var revs []Rev
	n := min(-sub.Free, releasesPerTransaction)
	for _, was := range holding[:min(n, int64(len(holding)))] {
		u := was.clone()
		u.Rev++
		if was.HoldsSeat() == sub.Product {
			u.Invitation.Reserved = false
		} else {
			delete(u.Licenses, sub.Product)
			data.UserIDs = append(data.UserIDs, u.ID)
		}
		change.Users = append(change.Users, UserWrite{User: u, From: was.Rev})
		revs = append(revs, Rev{string(u.ID), u.Rev})
	}
	if len(change.Users) > 0 {
		change.Free = []FreeMove{{Product: sub.Product, Delta: int64(len(change.Users)), Short: true}}
		change.Events = []Event{t.event(LicenseRevoked, data, revs...)}
	}
	return change
}

// holders are the users with a seat of the product, in the order of losing it.
func holders(users []*User, product string) []*User {
	var found []*User
	since := map[UserID]time.Time{}
	for _, u := range users {
		if l, ok := u.Licenses[product]; ok {
			since[u.ID] = l.Since
		} else if u.HoldsSeat() == product {
			since[u.ID] = u.Invitation.SentAt
		} else {
			continue
		}
		found = append(found, u)
	}
	sort.Slice(found, func(i, j int) bool {
		a, b := found[i], found[j]
		if ra, rb := a.HoldsSeat() == product, b.HoldsSeat() == product; ra != rb {
			return ra
		}
		if !since[a.ID].Equal(since[b.ID]) {
			return since[a.ID].After(since[b.ID])
		}
		return a.ID > b.ID
	})
	return found
}
