package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

func effects(t *testing.T, store seats.Store) {
	ctx := context.Background()
	t.Run("free seats move by what is asked, and no revision with them", func(t *testing.T) {
		f := open(t, store)
		f.commit(&seats.Change{Free: []seats.FreeMove{{Product: "reports", Delta: -4}, {Product: "meetings", Delta: 3}}})
		if r, m := f.pool("reports"), f.pool("meetings"); r.Free != 0 || r.Rev != 1 || m.Free != 5 || m.Rev != 1 {
			t.Errorf("reports %d free at revision %d, meetings %d at %d", r.Free, r.Rev, m.Free, m.Rev)
		}
		f.refuses(&seats.Change{Free: []seats.FreeMove{{Product: "reports", Delta: -1}}}, seats.Failed{Kind: seats.ItemFree})
	})
	t.Run("a replaced subscription moves its free seats from where they are by then", func(t *testing.T) {
		f := open(t, store)
		f.commit(&seats.Change{Free: []seats.FreeMove{{Product: "reports", Delta: -3}}})
		next := *f.reports
		next.Rev, next.Seats, next.Free = 2, 15, 9
		f.commit(&seats.Change{Subscriptions: []seats.SubscriptionWrite{{Subscription: &next, From: 1, FreeDelta: 5}}})
		if got := f.pool("reports"); got.Free != 6 || got.Seats != 15 {
			t.Errorf("%d of %d seats are free, want 6 of 15", got.Free, got.Seats)
		}
	})
	t.Run("a new subscription takes the place of one that has ended", func(t *testing.T) {
		f := open(t, store)
		next := *f.reports
		next.ID, next.Rev, next.Seats, next.Free = f.mint.Subscription("reports"), 1, f.reports.Seats, 3
		write := seats.SubscriptionWrite{Subscription: &next, From: f.reports.Rev, Replaces: f.reports.ID, FreeDelta: 3 - f.reports.Free, FreeIs: true}
		other := write
		other.Replaces = f.mint.Subscription("reports")
		f.refuses(&seats.Change{Subscriptions: []seats.SubscriptionWrite{other}}, seats.Failed{Kind: seats.ItemSubscription})
		f.commit(&seats.Change{Subscriptions: []seats.SubscriptionWrite{write}})
		same(t, "the product's subscription", f.pool("reports"), &next)
		f.refuses(&seats.Change{Subscriptions: []seats.SubscriptionWrite{write}}, seats.Failed{Kind: seats.ItemSubscription})
	})
	t.Run("a close may leave fewer seats than are used, and giving back mends it", func(t *testing.T) {
		f := open(t, store)
		next := *f.reports
		next.Rev, next.Seats = 2, 3
		f.commit(&seats.Change{Subscriptions: []seats.SubscriptionWrite{{Subscription: &next, From: 1, FreeDelta: -7}}})
		f.refuses(&seats.Change{Free: []seats.FreeMove{{Product: "reports", Delta: -1}}}, seats.Failed{Kind: seats.ItemFree})
		f.commit(&seats.Change{Free: []seats.FreeMove{{Product: "reports", Delta: 2}}})
		if got := f.pool("reports").Free; got != -1 {
			t.Errorf("%d are free, want -1", got)
		}
		f.refuses(&seats.Change{Free: []seats.FreeMove{{Product: "reports", Delta: 2, Short: true}}}, seats.Failed{Kind: seats.ItemFree})
		f.commit(&seats.Change{Free: []seats.FreeMove{{Product: "reports", Delta: 1, Short: true}}})
		if got := f.pool("reports").Free; got != 0 {
			t.Errorf("%d are free, want 0", got)
		}
	})
	t.Run("a receipt that has expired makes room", func(t *testing.T) {
		f := open(t, store)
		old := f.receipt("key")
		old.ClaimedAt = old.ClaimedAt.Add(-seats.ReceiptTTL - time.Second)
		old.ExpiresAt = old.ClaimedAt.Add(seats.ReceiptTTL)
		f.commit(&seats.Change{Receipt: old, Events: []seats.Event{f.event(day())}})
		next := f.receipt("key")
		next.Answer = []byte("second")
		f.commit(&seats.Change{Receipt: next, Events: []seats.Event{f.event(day())}})
		view, err := store.Load(ctx, seats.Want{Receipt: next.Key})
		f.must(err)
		same(t, "receipt", view.Receipt, next)
	})
	t.Run("a change of a hundred items is one transaction", func(t *testing.T) {
		f := open(t, store)
		c := &seats.Change{Free: []seats.FreeMove{{Product: "reports", Delta: -4}}, Receipt: f.receipt("hundred"), Events: []seats.Event{f.event(day())}}
		for i := range 97 {
			c.Users = append(c.Users, seats.UserWrite{User: f.user(fmt.Sprintf("u%d@example.com", i))})
		}
		f.commit(c)
		f.refuses(&seats.Change{Users: c.Users[96:], Free: []seats.FreeMove{{Product: "meetings", Delta: -1}}}, seats.Failed{Kind: seats.ItemUser})
	})
}

// impossible are changes that no state allows: mistakes of a decision.
func impossible(t *testing.T, store seats.Store) {
	f, other := open(t, store), open(t, store)
	next := *f.reports
	next.Rev = 2
	mine := other.event(day())
	crowd := &seats.Change{}
	for i := range 101 {
		crowd.Users = append(crowd.Users, seats.UserWrite{User: f.user(fmt.Sprintf("u%d@example.com", i))})
	}
	twice := f.user("twice@example.com")
	for _, tt := range []struct {
		name   string
		change *seats.Change
	}{
		{"101 items", crowd},
		{"a user twice", &seats.Change{Users: []seats.UserWrite{{User: twice}, {User: twice}}}},
		{"an email twice", &seats.Change{Users: []seats.UserWrite{{User: twice, TakeEmail: true}, {User: f.user("twice@example.com"), TakeEmail: true}}}},
		{"free seats of a product twice", &seats.Change{Free: []seats.FreeMove{{Product: "reports", Delta: 1}, {Product: "reports", Delta: 1}}}},
		{"a subscription and its free seats", &seats.Change{
			Subscriptions: []seats.SubscriptionWrite{{Subscription: &next, From: 1}}, Free: []seats.FreeMove{{Product: "reports", Delta: 1}},
		}},
		{"another account", &seats.Change{Account: &seats.AccountWrite{Account: other.account, From: 1}}},
		{"a user of another account", &seats.Change{Users: []seats.UserWrite{{User: other.owner, From: 1}}}},
		{"a subscription of another account", &seats.Change{Subscriptions: []seats.SubscriptionWrite{{Subscription: other.reports, From: 1}}}},
		{"an event of another account", &seats.Change{Events: []seats.Event{mine}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := f.try(tt.change)
			var failed *seats.ConditionError
			if err == nil || errors.As(err, &failed) || errors.Is(err, seats.ErrBusy) {
				t.Errorf("got %v, want an error that no other try mends", err)
			}
		})
	}
	view, err := store.Load(context.Background(), seats.Want{Account: f.account.ID, Users: []seats.UserID{twice.ID}, Products: []string{"reports"}})
	f.must(err)
	same(t, "what is there afterwards", view, seats.View{
		Account: f.account, Users: map[seats.UserID]*seats.User{}, Subscriptions: map[string]*seats.Subscription{"reports": f.reports},
	})
}

func guards(t *testing.T, store seats.Store) {
	ctx := context.Background()
	f, other := open(t, store), openAt(t, store, day().Add(time.Second))
	email, subject := "ada@"+string(f.account.ID[4:])+".example", "subject-of-ada-"+string(f.account.ID)
	u := f.user(email)
	u.Subject = subject
	elsewhere := other.user(email)
	elsewhere.Subject = subject
	write := func(f *fixture, u *seats.User) *seats.Change {
		return &seats.Change{Users: []seats.UserWrite{{User: u, TakeEmail: true, Bind: true}}}
	}
	f.commit(write(f, u))
	other.commit(write(other, elsewhere))
	both := []seats.Membership{{Account: f.account.ID, User: u.ID}, {Account: other.account.ID, User: elsewhere.ID}}

	t.Run("an email and an identity are found across accounts", func(t *testing.T) {
		found, err := store.UsersByEmail(ctx, email)
		f.must(err)
		same(t, "by email", found, both)
		found, err = store.AccountsBySignIn(ctx, subject)
		f.must(err)
		same(t, "by sign-in", found, both)
		id, err := store.UserBySignIn(ctx, subject, other.account.ID)
		f.must(err)
		same(t, "in one account", id, elsewhere.ID)
	})
	t.Run("nobody's are found nowhere", func(t *testing.T) {
		found, err := store.UsersByEmail(ctx, "nobody@example.com")
		if err != nil || len(found) != 0 {
			t.Errorf("by email: %v, %v", found, err)
		}
		found, err = store.AccountsBySignIn(ctx, "nobody")
		if err != nil || len(found) != 0 {
			t.Errorf("by sign-in: %v, %v", found, err)
		}
		id, err := store.UserBySignIn(ctx, "nobody", f.account.ID)
		if err != nil || id != "" {
			t.Errorf("in one account: %q, %v", id, err)
		}
	})
	t.Run("given up they are somebody else's to take", func(t *testing.T) {
		gone := *u
		gone.Rev, gone.Status = 2, seats.UserRemoved
		f.commit(&seats.Change{Users: []seats.UserWrite{{User: &gone, From: 1, FreeEmail: true, Unbind: true}}})
		next := f.user(email)
		next.Subject = subject
		f.commit(write(f, next))
		found, err := store.UsersByEmail(ctx, email)
		f.must(err)
		same(t, "by email", found, []seats.Membership{{Account: f.account.ID, User: next.ID}, both[1]})
		found, err = store.AccountsBySignIn(ctx, subject)
		f.must(err)
		same(t, "by sign-in", found, []seats.Membership{{Account: f.account.ID, User: next.ID}, both[1]})
	})
}
