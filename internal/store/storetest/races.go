package storetest

import (
	"context"
	"sync"
	"testing"

	"github.com/usher-seats/usher/internal/seats"
)

// race runs n commits at once and counts those that were written; every other one
// must have lost by a condition of the kind.
func race(t *testing.T, n int, commit func(i int) error) int {
	t.Helper()
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = commit(i) })
	}
	wg.Wait()
	won := 0
	for i, err := range errs {
		switch {
		case err == nil:
			won++
		case !isConditionError(err):
			t.Errorf("commit %d: %v, want a condition to fail", i, err)
		}
	}
	return won
}

const racers = 20

func races(t *testing.T, store seats.Store) {
	ctx := context.Background()
	t.Run("of many changes of one revision one is written", func(t *testing.T) {
		f := open(t, store)
		won := race(t, racers, func(int) error {
			u := *f.owner
			u.Rev = 2
			return f.try(&seats.Change{Users: []seats.UserWrite{{User: &u, From: 1}}})
		})
		if won != 1 {
			t.Errorf("%d were written", won)
		}
	})
	t.Run("as many seats are taken as are free", func(t *testing.T) {
		f := open(t, store)
		won := race(t, racers, func(int) error {
			return f.try(&seats.Change{Free: []seats.FreeMove{{Product: "reports", Delta: -1}}})
		})
		if free := f.pool("reports").Free; won != 4 || free != 0 {
			t.Errorf("%d took one of 4, %d are left", won, free)
		}
	})
	t.Run("an email is taken once", func(t *testing.T) {
		f := open(t, store)
		users := make([]*seats.User, racers)
		for i := range users {
			users[i] = f.user("one@example.com")
		}
		won := race(t, racers, func(i int) error {
			return f.try(&seats.Change{Users: []seats.UserWrite{{User: users[i], TakeEmail: true}}})
		})
		if won != 1 {
			t.Errorf("%d have it", won)
		}
	})
	t.Run("an invoice number is given once", func(t *testing.T) {
		f := open(t, store)
		won := race(t, racers, func(int) error { return f.try(&seats.Change{Invoice: f.invoice(1)}) })
		if won != 1 {
			t.Errorf("%d were issued", won)
		}
	})
	t.Run("a key is claimed once", func(t *testing.T) { claimRace(t, open(t, store)) })
	t.Run("every count is counted", func(t *testing.T) {
		seen := make([]int, racers)
		race(t, racers, func(i int) (err error) {
			seen[i], err = store.Count(ctx, "race", 3600e9, day())
			return err
		})
		times := map[int]int{}
		for _, n := range seen {
			times[n]++
		}
		for n := 1; n <= racers; n++ {
			if times[n] != 1 {
				t.Errorf("%d was answered %d times", n, times[n])
			}
		}
	})
}

func claimRace(t *testing.T, f *fixture) {
	claims := make([]*seats.Receipt, racers)
	met := make([]*seats.Receipt, racers)
	for i := range claims {
		claims[i] = f.receipt("race")
		claims[i].Done, claims[i].Answer, claims[i].Seed = false, nil, [16]byte{byte(i + 1)}
	}
	race(t, racers, func(i int) (err error) {
		met[i], err = f.store.ClaimReceipt(context.Background(), claims[i])
		return err
	})
	won := 0
	for _, was := range met {
		if was == nil {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d have the claim", won)
	}
}
