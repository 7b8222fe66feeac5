package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// lister is one paged list of a store.
type lister[T any] func(seats.Page) ([]T, string, error)

// walk reads all pages of three and sees that they are full but the last, that a
// list that ends with a page says so, and that a cursor gives the same again.
func walk[T any](t testing.TB, list lister[T]) []T {
	t.Helper()
	const limit = 3
	var all []T
	for cursor := ""; ; {
		page, next, err := list(seats.Page{Limit: limit, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		if next != "" && len(page) != limit || len(page) > limit {
			t.Fatalf("a page of %d", len(page))
		}
		again, _, err := list(seats.Page{Limit: limit, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "the same page again", again, page)
		all = append(all, page...)
		if next == "" {
			return all
		}
		if next == cursor {
			t.Fatal("the cursor stands still")
		}
		cursor = next
	}
}

func pages(t *testing.T, store seats.Store) {
	ctx := context.Background()
	var fixtures []*fixture
	for i := range 7 {
		fixtures = append(fixtures, openAt(t, store, day().Add(time.Duration(i)*time.Second)))
	}
	f := fixtures[3]
	t.Run("accounts, in the order of their opening", func(t *testing.T) {
		var want []seats.AccountID
		for _, f := range fixtures {
			want = append(want, f.account.ID)
		}
		got := walk(t, func(p seats.Page) ([]seats.AccountID, string, error) { return store.Accounts(ctx, p) })
		same(t, "accounts", got, want)
	})
	t.Run("parked accounts, the longest waiting first", func(t *testing.T) {
		var want []seats.AccountID
		for i, f := range fixtures[:4] {
			a := *f.account
			a.Rev, a.Status, a.Test = 2, seats.AccountParked, i == 2
			a.Due = day().Add(time.Duration(i) * time.Hour)
			f.commit(&seats.Change{Account: &seats.AccountWrite{Account: &a, From: 1}})
			want = append(want, a.ID)
		}
		list := func(p seats.Page) ([]seats.AccountID, string, error) { return store.ParkedAccounts(ctx, p) }
		same(t, "parked", walk(t, list), want)
		a := *fixtures[1].account
		a.Rev = 3
		fixtures[1].commit(&seats.Change{Account: &seats.AccountWrite{Account: &a, From: 2}})
		same(t, "parked, but the one that is no more", walk(t, list), []seats.AccountID{want[0], want[2], want[3]})
	})
	for _, n := range []int{6, 7} {
		t.Run("invoices and events, the newest first", func(t *testing.T) { newestFirst(open(t, store), n) })
	}
	t.Run("nothing", func(t *testing.T) {
		u := *f.owner
		u.Invitation = &seats.Invitation{State: seats.InvitationOpen, Generation: 1}
		mails, err := store.InvitationMails(ctx, []*seats.User{&u})
		if len(mails) != 0 || err != nil {
			t.Errorf("mails of invitations: %v, %v", mails, err)
		}
		invoices, next, err := store.Invoices(ctx, f.account.ID, seats.Page{Limit: 3})
		if len(invoices) != 0 || next != "" || err != nil {
			t.Errorf("invoices: %v, %q, %v", invoices, next, err)
		}
		events, next, err := store.Events(ctx, f.account.ID, "2026-11", seats.Page{Limit: 3})
		if len(events) != 0 || next != "" || err != nil {
			t.Errorf("events: %v, %q, %v", events, next, err)
		}
	})
}

func newestFirst(f *fixture, n int) {
	ctx := context.Background()
	var invoices []*seats.IssuedInvoice
	var events []seats.Event
	for i := range n {
		inv, event := f.invoice(int64(i+1)), f.event(day().AddDate(0, 0, i))
		f.mint.At = day().AddDate(0, 0, i+1)
		invoices, events = append([]*seats.IssuedInvoice{inv}, invoices...), append([]seats.Event{event}, events...)
		f.commit(&seats.Change{Invoice: inv, Events: []seats.Event{event}})
	}
	december := f.event(time.Date(2026, 11, 30, 23, 30, 0, 0, time.FixedZone("there", -3600)).UTC())
	f.commit(&seats.Change{Events: []seats.Event{december}})

	same(f, "invoices", walk(f, func(p seats.Page) ([]*seats.IssuedInvoice, string, error) {
		return f.store.Invoices(ctx, f.account.ID, p)
	}), invoices)
	same(f, "November's events", walk(f, func(p seats.Page) ([]seats.Event, string, error) {
		return f.store.Events(ctx, f.account.ID, "2026-11", p)
	}), events)
	same(f, "December's events, by UTC", walk(f, func(p seats.Page) ([]seats.Event, string, error) {
		return f.store.Events(ctx, f.account.ID, "2026-12", p)
	}), []seats.Event{december})
}

func plans(t *testing.T, store seats.Store) {
	ctx := context.Background()
	mint := newMinter(t)
	first := filled[seats.Plan](mint)
	first.ID, first.Version = "team", 1
	second := *first
	second.Version, second.Name = 2, "Team, dearer"
	get := func(t *testing.T, ref seats.PlanRef, want *seats.Plan) {
		t.Helper()
		got, err := store.Plan(ctx, ref)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "plan", got, want)
	}
	t.Run("absent", func(t *testing.T) {
		if none, err := store.Plans(ctx); err != nil || len(none) != 0 {
			t.Errorf("before any is published there are %v, %v", none, err)
		}
		for _, ref := range []seats.PlanRef{{ID: "team"}, {ID: "team", Version: 1}} {
			_, err := store.Plan(ctx, ref)
			refused(t, err, seats.ErrNotFound)
		}
	})
	t.Run("the newest is the last one written", func(t *testing.T) {
		for _, p := range []*seats.Plan{first, &second} {
			if err := store.PutPlan(ctx, p); err != nil {
				t.Fatal(err)
			}
			get(t, seats.PlanRef{ID: "team"}, p)
		}
		get(t, first.Ref(), first)
		get(t, second.Ref(), &second)
	})
	t.Run("a version is written once", func(t *testing.T) {
		other := *first
		other.Name = "Team, cheaper"
		err := store.PutPlan(ctx, &other)
		if !isConditionError(err) {
			t.Errorf("got %v", err)
		}
		get(t, first.Ref(), first)
	})
	t.Run("every plan is listed by its newest version", func(t *testing.T) {
		one := filled[seats.Plan](mint)
		one.ID, one.Version = "alone", 1
		if err := store.PutPlan(ctx, one); err != nil {
			t.Fatal(err)
		}
		// A version that is put again is the same one, and does not become the newest.
		if err := store.PutPlan(ctx, first); err != nil {
			t.Fatal(err)
		}
		for range 2 { // read, and remembered
			got, err := store.Plans(ctx)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "plans", got, []*seats.Plan{one, &second})
		}
	})
	t.Run("a plan is not one whose id begins alike", func(t *testing.T) {
		_, err := store.Plan(ctx, seats.PlanRef{ID: "tea"})
		refused(t, err, seats.ErrNotFound)
	})
}
