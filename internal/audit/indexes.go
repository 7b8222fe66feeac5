package audit

import (
	"context"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// Indexes compares what the indexes of due accounts, lapsed invitations and parked
// accounts find with what the items say, for all accounts together. Indexes lag
// behind the items, so ask when nothing is at work.
func Indexes(ctx context.Context, store Store) ([]Finding, error) {
	// Beyond every instant that can be stored.
	forever := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	x := &indexes{due: map[seats.AccountID]int{}, lapsed: map[seats.Membership]int{}, parked: map[seats.AccountID]int{}}
	err := store.DueAccounts(ctx, forever, func(ids []seats.AccountID) error {
		for _, id := range ids {
			x.due[id]++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = store.LapsedInvitations(ctx, forever, func(found []seats.Membership) error {
		for _, m := range found {
			x.lapsed[m]++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := everyPage(ctx, store.ParkedAccounts, func(id seats.AccountID) error { x.parked[id]++; return nil }); err != nil {
		return nil, err
	}
	err = everyPage(ctx, store.Accounts, func(id seats.AccountID) error { return x.account(ctx, store, id) })
	if err != nil {
		return nil, err
	}
	x.strays()
	return x.findings, nil
}

type indexes struct {
	due      map[seats.AccountID]int
	lapsed   map[seats.Membership]int
	parked   map[seats.AccountID]int
	findings []Finding
}

func everyPage(ctx context.Context, list func(context.Context, seats.Page) ([]seats.AccountID, string, error), each func(seats.AccountID) error) error {
	page := seats.Page{Limit: itemsPerPage}
	for {
		ids, next, err := list(ctx, page)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := each(id); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		page.Cursor = next
	}
}

// account takes what an account should have out of the indexes.
func (x *indexes) account(ctx context.Context, store Store, id seats.AccountID) error {
	view, err := store.Load(ctx, seats.Want{Account: id})
	if err != nil || view.Account == nil {
		return err
	}
	a := view.Account
	open := a.Status == seats.AccountOpen
	x.expect(id, string(id), "due", x.due[id], open && !a.Test && !a.Due.IsZero())
	x.expect(id, string(id), "parked", x.parked[id], a.Status == seats.AccountParked)
	delete(x.due, id)
	delete(x.parked, id)
	users, err := store.Users(ctx, id)
	if err != nil {
		return err
	}
	for _, u := range users {
		m := seats.Membership{Account: id, User: u.ID}
		x.expect(id, string(u.ID), "expiry", x.lapsed[m], !a.Test && u.Invitation != nil && u.Invitation.State == seats.InvitationOpen)
		delete(x.lapsed, m)
	}
	return nil
}

func (x *indexes) expect(account seats.AccountID, item, index string, times int, wanted bool) {
	want := 0
	if wanted {
		want = 1
	}
	if times != want {
		x.findings = append(x.findings, Finding{Rule: Index, Account: account, Item: item,
			Detail: "stands " + itoa(int64(times)) + " times in the index " + index + " instead of " + itoa(int64(want))})
	}
}

// strays are entries of the indexes that lead to nothing.
func (x *indexes) strays() {
	for id, times := range x.due {
		x.expect(id, string(id), "due", times, false)
	}
	for id, times := range x.parked {
		x.expect(id, string(id), "parked", times, false)
	}
	for m, times := range x.lapsed {
		x.expect(m.Account, string(m.User), "expiry", times, false)
	}
}
