package storetest

import (
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// counted sees that no change is written at an instant before the one that an account's
// users were counted to, that it is at that instant and later, and that a change of the
// account itself rests on its revision alone.
func counted(t *testing.T, store seats.Store) {
	f := open(t, store)
	change := func(at time.Time) *seats.Change {
		return &seats.Change{Uncounted: at, Events: []seats.Event{f.event(day())}}
	}
	f.commit(change(day()))
	account := *f.account
	account.Rev, account.CountedTo = 2, day().Add(time.Hour)
	f.commit(&seats.Change{Account: &seats.AccountWrite{Account: &account, From: 1}})
	late := change(account.CountedTo.Add(-time.Nanosecond))
	f.refuses(late, failed(seats.ItemAccount, 0)...)
	f.commit(change(account.CountedTo))
	f.commit(change(account.CountedTo.Add(time.Nanosecond)))

	next := account
	next.Rev = 3
	late.Account = &seats.AccountWrite{Account: &next, From: 2}
	f.commit(late)
}
