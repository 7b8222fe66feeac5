package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// billedPeople keeps lists of as many people as an account can have.
func billedPeople(t *testing.T, store seats.Store) {
	ctx := context.Background()
	start := time.Date(2026, 11, 1, 0, 0, 0, 5, time.UTC)
	list := func(f *fixture, n int) *seats.Billed {
		b := &seats.Billed{Product: "desk", PeriodStart: start}
		for i := range n {
			b.People = append(b.People, seats.BilledPerson{User: f.mint.User(), Days: int64(i % 32)})
		}
		b.SHA256 = seats.HashBilled(b.People)
		return b
	}
	read := func(f *fixture, b *seats.Billed) (*seats.Billed, error) {
		return store.Billed(ctx, f.account.ID, b.Product, b.PeriodStart, b.SHA256)
	}
	for _, n := range []int{1, 999, 1000, 1001, seats.MaxUsersPerAccount} {
		f := open(t, store)
		b := list(f, n)
		f.must(store.PutBilled(ctx, f.account.ID, b))
		f.must(store.PutBilled(ctx, f.account.ID, b))
		got, err := read(f, b)
		f.must(err)
		same(t, "people", got, b)
	}
	t.Run("lists stand beside one another", func(t *testing.T) {
		f := open(t, store)
		one, other := list(f, 3), list(f, 2)
		f.must(store.PutBilled(ctx, f.account.ID, one))
		f.must(store.PutBilled(ctx, f.account.ID, other))
		for _, b := range []*seats.Billed{one, other} {
			got, err := read(f, b)
			f.must(err)
			same(t, "people", got, b)
		}
	})
	t.Run("what was not put is not found", func(t *testing.T) {
		f := open(t, store)
		b := list(f, 3)
		f.must(store.PutBilled(ctx, f.account.ID, b))
		for name, other := range map[string]*seats.Billed{
			"another hash":    {Product: b.Product, PeriodStart: start, SHA256: seats.HashBilled(b.People[:2])},
			"another product": {Product: "des", PeriodStart: start, SHA256: b.SHA256},
			"another period":  {Product: b.Product, PeriodStart: start.Add(1), SHA256: b.SHA256},
		} {
			if got, err := read(f, other); !errors.Is(err, seats.ErrNotFound) {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
		if got, err := store.Billed(ctx, f.mint.Account(), b.Product, start, b.SHA256); !errors.Is(err, seats.ErrNotFound) {
			t.Errorf("another account: %+v, %v", got, err)
		}
	})
	t.Run("a list is put under its own hash only", func(t *testing.T) {
		f := open(t, store)
		b := list(f, 3)
		b.People[1].Days++
		if err := store.PutBilled(ctx, f.account.ID, b); err == nil {
			t.Error("it was put")
		}
	})
}
