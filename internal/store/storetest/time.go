package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// maxCandidates is the most that one call hands over.
const maxCandidates = 100

func due(t testing.TB, store seats.Store, by time.Time) []seats.AccountID {
	t.Helper()
	all := []seats.AccountID{}
	err := store.DueAccounts(context.Background(), by, func(batch []seats.AccountID) error {
		if len(batch) == 0 || len(batch) > maxCandidates {
			t.Errorf("a batch of %d", len(batch))
		}
		all = append(all, batch...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func lapsed(t testing.TB, store seats.Store, by time.Time) []seats.UserID {
	t.Helper()
	all := []seats.UserID{}
	err := store.LapsedInvitations(context.Background(), by, func(batch []seats.Membership) error {
		if len(batch) == 0 || len(batch) > maxCandidates {
			t.Errorf("a batch of %d", len(batch))
		}
		for _, m := range batch {
			all = append(all, m.User)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func indexes(t *testing.T, store seats.Store) {
	when := day().Truncate(time.Second)
	t.Run("due are open ordinary accounts whose instant has come", func(t *testing.T) { dueAccounts(t, store, when) })
	t.Run("lapsed are open invitations of ordinary accounts", func(t *testing.T) { lapsedInvitations(open(t, store), when) })
	t.Run("an error of the callback ends it", func(t *testing.T) {
		stop := errors.New("stop")
		if err := store.DueAccounts(context.Background(), when.AddDate(1, 0, 0), func([]seats.AccountID) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("due accounts: %v", err)
		}
		if err := store.LapsedInvitations(context.Background(), when.AddDate(1, 0, 0), func([]seats.Membership) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("lapsed invitations: %v", err)
		}
	})
	t.Run("more than one call hands over", func(t *testing.T) { manyDue(t, store) })
}

func dueAccounts(t *testing.T, store seats.Store, when time.Time) {
	var fixtures []*fixture
	for i := range 6 {
		fixtures = append(fixtures, openAt(t, store, day().Add(time.Duration(i)*time.Second)))
	}
	set := func(f *fixture, change func(*seats.Account)) {
		from := f.account.Rev
		f.account.Rev++
		change(f.account)
		f.commit(&seats.Change{Account: &seats.AccountWrite{Account: f.account, From: from}})
	}
	at := func(due time.Time) func(*seats.Account) { return func(a *seats.Account) { a.Due = due } }
	set(fixtures[0], at(when))
	set(fixtures[1], at(when.Add(-48*time.Hour)))
	set(fixtures[2], at(when.Add(time.Second)))
	set(fixtures[3], func(a *seats.Account) { a.Due, a.Test = when, true })
	set(fixtures[4], func(a *seats.Account) { a.Due, a.Status = when, seats.AccountParked })
	set(fixtures[5], at(time.Time{}))
	ids := func(places ...int) []seats.AccountID {
		all := []seats.AccountID{}
		for _, i := range places {
			all = append(all, fixtures[i].account.ID)
		}
		return all
	}
	same(t, "due", due(t, store, when), ids(0, 1))
	same(t, "due a second later", due(t, store, when.Add(time.Second)), ids(0, 1, 2))
	same(t, "due long before", due(t, store, when.AddDate(-1, 0, 0)), ids())

	set(fixtures[1], at(when.Add(time.Hour)))
	set(fixtures[4], func(a *seats.Account) { a.Status = seats.AccountOpen })
	set(fixtures[0], func(a *seats.Account) { a.Due = time.Time{} })
	same(t, "due after a close, a retry and an end", due(t, store, when), ids(4))
	set(fixtures[4], at(time.Time{}))
	same(t, "due in the end", due(t, store, when), ids())
}

func lapsedInvitations(f *fixture, when time.Time) {
	write := func(change func(*seats.User)) *seats.User {
		u := f.user(string(f.mint.User()[4:]) + "@example.com")
		u.Invitation.ExpiresAt = when
		change(u)
		f.commit(&seats.Change{Users: []seats.UserWrite{{User: u}}})
		return u
	}
	now := write(func(*seats.User) {})
	before := write(func(u *seats.User) { u.Invitation.ExpiresAt = when.Add(-time.Hour) })
	write(func(u *seats.User) { u.Invitation.ExpiresAt = when.Add(time.Second) })
	write(func(u *seats.User) { u.Test = true })
	write(func(u *seats.User) { u.Invitation = nil })
	for _, state := range []seats.InvitationState{seats.InvitationAccepted, seats.InvitationCancelled, seats.InvitationExpired} {
		write(func(u *seats.User) { u.Invitation.State = state })
	}
	want := []seats.UserID{now.ID, before.ID}
	slices.Sort(want)
	same(f, "lapsed", lapsed(f, f.store, when), want)

	again := *now
	i := *now.Invitation
	i.ExpiresAt = when.Add(time.Hour)
	again.Rev, again.Invitation = 2, &i
	f.commit(&seats.Change{Users: []seats.UserWrite{{User: &again, From: 1}}})
	same(f, "lapsed after a resend", lapsed(f, f.store, when), []seats.UserID{before.ID})
	same(f, "lapsed before all", lapsed(f, f.store, when.Add(-2*time.Hour)), []seats.UserID{})
}

func manyDue(t *testing.T, store seats.Store) {
	const n = maxCandidates + 23
	mint := newMinter(t)
	at := day().AddDate(-10, 0, 0)
	want := []seats.AccountID{}
	for range n {
		a := &seats.Account{ID: mint.Account(), Rev: 1, Status: seats.AccountOpen, Due: at}
		commitNew(t, store, a.ID, &seats.Change{Account: &seats.AccountWrite{Account: a}})
		want = append(want, a.ID)
	}
	same(t, "due", due(t, store, at), want)
}
