package storetest

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

func isConditionError(err error) bool {
	var failed *seats.ConditionError
	return errors.As(err, &failed)
}

func receipts(t *testing.T, store seats.Store) {
	ctx := context.Background()
	claim := func(f *fixture, key string, seed byte) *seats.Receipt {
		r := f.receipt(key)
		r.Done, r.Answer, r.Seed = false, nil, [16]byte{seed}
		return r
	}
	t.Run("a claim keeps others out, unfinished and finished", func(t *testing.T) {
		f := open(t, store)
		first, second := claim(f, "key", 1), claim(f, "key", 2)
		was, err := store.ClaimReceipt(ctx, first)
		if was != nil || err != nil {
			t.Fatalf("first claim: %+v, %v", was, err)
		}
		was, err = store.ClaimReceipt(ctx, second)
		f.must(err)
		same(t, "what the second meets", was, first)
		if err := store.FinishReceipt(ctx, second); !isConditionError(err) {
			t.Errorf("who has no claim finished it: %v", err)
		}
		first.Done, first.Answer = true, []byte(`{"ok":true}`)
		f.must(store.FinishReceipt(ctx, first))
		was, err = store.ClaimReceipt(ctx, second)
		f.must(err)
		same(t, "what comes afterwards", was, first)
		view, err := store.Load(ctx, seats.Want{Receipt: first.Key})
		f.must(err)
		same(t, "loaded", view.Receipt, first)
	})
	t.Run("an expired one makes room", func(t *testing.T) {
		f := open(t, store)
		old := claim(f, "key", 1)
		old.ClaimedAt = old.ClaimedAt.Add(-25 * time.Hour)
		old.ExpiresAt = old.ClaimedAt.Add(seats.ReceiptTTL)
		next := claim(f, "key", 2)
		for _, r := range []*seats.Receipt{old, next} {
			was, err := store.ClaimReceipt(ctx, r)
			if was != nil || err != nil {
				t.Fatalf("%+v, %v", was, err)
			}
		}
		if err := store.FinishReceipt(ctx, old); !isConditionError(err) {
			t.Errorf("an expired claim was finished over another: %v", err)
		}
	})
	t.Run("a claim that nobody made cannot be finished", func(t *testing.T) {
		f := open(t, store)
		if err := store.FinishReceipt(ctx, claim(f, "key", 1)); !isConditionError(err) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("keys are apart", func(t *testing.T) {
		f, other := open(t, store), open(t, store)
		for _, r := range []*seats.Receipt{claim(f, "a", 1), claim(f, "b", 1), claim(other, "a", 1)} {
			was, err := store.ClaimReceipt(ctx, r)
			if was != nil || err != nil {
				t.Errorf("%s: %+v, %v", r.Key, was, err)
			}
		}
	})
	t.Run("answers of any size and kind", func(t *testing.T) { anyAnswer(open(t, store)) })
}

func anyAnswer(f *fixture) {
	noise := make([]byte, 20_000)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for i, answer := range [][]byte{[]byte("x"), bytes.Repeat([]byte(`{"user_id":"usr_"},`), 1_000), noise} {
		r := f.receipt("size-" + string(rune('a'+i)))
		r.Answer = answer
		f.commit(&seats.Change{Receipt: r, Events: []seats.Event{f.event(day())}})
		view, err := f.store.Load(context.Background(), seats.Want{Receipt: r.Key})
		f.must(err)
		if view.Receipt == nil || !bytes.Equal(view.Receipt.Answer, answer) {
			f.Errorf("an answer of %d bytes came back otherwise", len(answer))
		}
	}
}

func counters(t *testing.T, store seats.Store) {
	ctx := context.Background()
	now := time.Now().UTC().Truncate(time.Hour).Add(10 * time.Minute)
	count := func(key string, at time.Time, want int) {
		t.Helper()
		got, err := store.Count(ctx, key, time.Hour, at)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s at %s: %d, want %d", key, at, got, want)
		}
	}
	count("invite#a", now, 1)
	count("invite#a", now.Add(49*time.Minute), 2)
	count("invite#b", now, 1)
	count("invite#a", now.Add(50*time.Minute), 1)
	count("invite#a", now, 3)
}
