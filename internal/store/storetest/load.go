package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/usher-seats/usher/internal/seats"
)

func refused(t testing.TB, err error, want *seats.Error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %s", err, want.Code)
	}
}

func loading(t *testing.T, store seats.Store) {
	ctx := context.Background()
	f := open(t, store)
	t.Run("what is absent is absent", func(t *testing.T) {
		mint := newMinter(t)
		for _, want := range []seats.Want{
			{Account: mint.Account()},
			{Account: mint.Account(), Users: []seats.UserID{f.owner.ID}, Products: []string{"reports"}, Quote: mint.Quote(), Receipt: "nobody's"},
			{Receipt: "nobody's"},
		} {
			view, err := store.Load(ctx, want)
			if err != nil || view.Account != nil || len(view.Users) != 0 || len(view.Subscriptions) != 0 || view.Quote != nil || view.Receipt != nil {
				t.Errorf("%+v gave %+v, %v", want, view, err)
			}
		}
	})
	t.Run("everything at once, some of it twice", func(t *testing.T) {
		q, r := f.quote(), f.receipt("load")
		f.must(store.PutQuote(ctx, q))
		f.commit(&seats.Change{Receipt: r, Events: []seats.Event{f.event(day())}})
		view, err := store.Load(ctx, seats.Want{
			Account: f.account.ID, Users: []seats.UserID{f.owner.ID, f.owner.ID, f.mint.User()},
			Products: []string{"reports", "meetings", "reports", "nothing"}, Quote: q.ID, Receipt: r.Key,
		})
		f.must(err)
		same(t, "view", view, seats.View{
			Account: f.account, Users: map[seats.UserID]*seats.User{f.owner.ID: f.owner},
			Subscriptions: map[string]*seats.Subscription{"reports": f.reports, "meetings": f.meeting}, Quote: q, Receipt: r,
		})
	})
	t.Run("users alone", func(t *testing.T) {
		view, err := store.Load(ctx, seats.Want{Account: f.account.ID, Users: []seats.UserID{f.owner.ID, f.mint.User()}, UsersOnly: true})
		f.must(err)
		same(t, "view", view, seats.View{Users: map[seats.UserID]*seats.User{f.owner.ID: f.owner}, Subscriptions: map[string]*seats.Subscription{}})
	})
	t.Run("a quote of another account is absent", func(t *testing.T) {
		other, q := open(t, store), f.quote()
		f.must(store.PutQuote(ctx, q))
		view, err := store.Load(ctx, seats.Want{Account: other.account.ID, Quote: q.ID})
		f.must(err)
		if view.Quote != nil {
			t.Errorf("got %+v", view.Quote)
		}
	})
	t.Run("more items than one call of the database gives", func(t *testing.T) {
		var ids []seats.UserID
		for range 2 {
			c := &seats.Change{}
			for range 75 {
				u := f.user(fmt.Sprintf("many-%d@example.com", len(ids)))
				ids = append(ids, u.ID)
				c.Users = append(c.Users, seats.UserWrite{User: u})
			}
			f.commit(c)
		}
		view, err := store.Load(ctx, seats.Want{Account: f.account.ID, Users: ids, Products: []string{"reports"}})
		f.must(err)
		if len(view.Users) != len(ids) || view.Account == nil || len(view.Subscriptions) != 1 {
			t.Errorf("got %d users of %d, %d subscriptions", len(view.Users), len(ids), len(view.Subscriptions))
		}
		all, err := store.Users(ctx, f.account.ID)
		f.must(err)
		if len(all) != len(ids)+1 {
			t.Errorf("listed %d users of %d", len(all), len(ids)+1)
		}
	})
}
