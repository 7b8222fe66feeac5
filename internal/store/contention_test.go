package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/store"
)

const transact = "TransactWriteItems"

// pool is an account with a subscription, of which seats can be taken.
type pool struct {
	*rig
	t       *testing.T
	account seats.AccountID
	sub     *seats.Subscription
	mint    seats.Minter
}

const allFree = 1_000

func newPool(t *testing.T) *pool {
	t.Helper()
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	p := &pool{rig: newRig(t), t: t, mint: seats.Minter{At: at, Wall: at}}
	p.account = p.mint.Account()
	p.sub = &seats.Subscription{
		ID: p.mint.Subscription("reports"), Account: p.account, Product: "reports", Rev: 1, Status: seats.SubscriptionActive, Seats: allFree, Free: allFree,
	}
	p.must(p.Commit(t.Context(), p.account, &seats.Change{Subscriptions: []seats.SubscriptionWrite{{Subscription: p.sub, FreeDelta: allFree}}}))
	return p
}

func (p *pool) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// take takes a seat, with an event as every command writes one.
func (p *pool) take(ctx context.Context) error {
	e := seats.Event{
		ID: p.mint.Event(), Account: p.account, Type: seats.UserUpdated, At: p.mint.At, RecordedAt: p.mint.At, Actor: seats.System,
		Revs: []seats.Rev{{ID: string(p.mint.User()), Rev: 1}}, Data: seats.EventData{UserID: p.mint.User()},
	}
	return p.Commit(ctx, p.account, &seats.Change{Free: []seats.FreeMove{{Product: "reports", Delta: -1}}, Events: []seats.Event{e}})
}

// taken is how many seats are gone, and events written: both must be the same.
func (p *pool) taken() int {
	p.t.Helper()
	st := store.New(p.client, p.opts)
	view, err := st.Load(context.Background(), seats.Want{Account: p.account, Products: []string{"reports"}})
	p.must(err)
	events, _, err := st.Events(context.Background(), p.account, "2026-11", seats.Page{Limit: allFree})
	p.must(err)
	gone := int(allFree - view.Subscriptions["reports"].Free)
	if gone != len(events) {
		p.t.Errorf("%d seats are gone, %d events tell of it", gone, len(events))
	}
	return gone
}

func TestUnderConflictsACommitHappensOnceOrNotAtAll(t *testing.T) {
	const seed = 11
	commits := faulttest.Size(100, 900)
	for _, percent := range []int{10, 30, 60} {
		t.Run(fmt.Sprintf("%d %%", percent), func(t *testing.T) {
			p := newPool(t)
			random := rand.New(rand.NewPCG(seed, uint64(percent)))
			injected := 0
			p.meet(transact)
			p.plan = func(s sent) fault {
				if s.operation != transact || random.IntN(100) >= percent {
					return pass
				}
				injected++
				return conflict
			}
			written, busy := 0, 0
			for range commits {
				switch err := p.take(t.Context()); {
				case err == nil:
					written++
				case errors.Is(err, seats.ErrBusy):
					busy++
				default:
					t.Fatal(err)
				}
			}
			got := p.taken()
			if got != written {
				t.Errorf("%d were answered as written, %d are", written, got)
			}
			if p.used.Conflicts != injected {
				t.Errorf("%d conflicts were counted of %d", p.used.Conflicts, injected)
			}
			if most := commits * store.MaxTries; len(p.requests(transact)) > most || len(p.requests(transact)) != commits+p.used.Retries {
				t.Errorf("%d requests for %d commits and %d retries", len(p.requests(transact)), commits, p.used.Retries)
			}
			faulttest.Report(t, faulttest.Figure{
				Fault: 18, Did: fmt.Sprintf("%d %% conflicts", percent), Bad: max(got-written, written-got), Of: commits, What: "commits answered otherwise than they went", Seed: seed,
				More: fmt.Sprintf("%d %% written, the rest told to try again, %.2f requests each", written*100/commits, float64(len(p.requests(transact)))/float64(commits)),
			})
		})
	}
}

func TestATryWhoseAnswerIsLostHasItsEffectOnce(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fates []fault
	}{
		{"done, and the answer lost", []fault{lostAfter}},
		{"lost on the way", []fault{lostBefore}},
		{"lost both ways by turns", []fault{lostBefore, lostAfter, lostBefore, lostAfter}},
		{"done and lost, then a conflict, then under way", []fault{lostAfter, conflict, inProgress}},
		{"an error of the server", []fault{broken, broken, broken}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPool(t)
			p.meet(transact, tt.fates...)
			p.must(p.take(t.Context()))
			if got := p.taken(); got != 1 {
				t.Errorf("%d seats were taken", got)
			}
			all := p.requests(transact)
			if len(all) != len(tt.fates)+1 {
				t.Errorf("%d requests, want %d", len(all), len(tt.fates)+1)
			}
			if !strings.Contains(all[0], `"ClientRequestToken"`) {
				t.Error("no client token was sent")
			}
			if len(slices.Compact(all)) != 1 {
				t.Error("a further try is not the same request with the same token")
			}
		})
	}
}

func TestTwoCommitsNeverShareAToken(t *testing.T) {
	p := newPool(t)
	p.meet(transact)
	c := &seats.Change{Free: []seats.FreeMove{{Product: "reports", Delta: -1}}}
	p.must(p.Commit(t.Context(), p.account, c))
	p.must(p.Commit(t.Context(), p.account, c))
	all := p.requests(transact)
	if len(all) != 2 || all[0] == all[1] {
		t.Errorf("the same change twice was sent as one request: %d", len(all))
	}
}

func TestWhatNobodyAnswersIsNotSaidToHaveDoneNothing(t *testing.T) {
	for _, fate := range []fault{lostAfter, lostBefore, broken, inProgress} {
		p := newPool(t)
		p.always(transact, fate)
		err := p.take(t.Context())
		var failed *seats.ConditionError
		if err == nil || errors.Is(err, seats.ErrBusy) || errors.As(err, &failed) {
			t.Errorf("fault %d: got %v, want an error that leaves open what happened", fate, err)
		}
		if n := len(p.requests(transact)); n != store.MaxTries {
			t.Errorf("fault %d: %d tries", fate, n)
		}
		p.meet(transact)
		want := 0
		if fate == lostAfter {
			want = 1
		}
		if got := p.taken(); got != want {
			t.Errorf("fault %d: %d seats were taken, want %d", fate, got, want)
		}
	}
}

func TestContentionThatLastsIsBusyAndNothingIsWritten(t *testing.T) {
	for _, tt := range []struct {
		name      string
		fate      fault
		conflicts int
	}{
		{"conflicts", conflict, store.MaxTries}, {"a condition that failed beside a conflict", mixed, store.MaxTries},
		{"throttled calls", throttled, 0}, {"throttled items", rejectedAll, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPool(t)
			p.always(transact, tt.fate)
			err := p.take(t.Context())
			if !errors.Is(err, seats.ErrBusy) {
				t.Errorf("got %v, want busy", err)
			}
			if n := len(p.requests(transact)); n != store.MaxTries {
				t.Errorf("%d tries, want %d", n, store.MaxTries)
			}
			if p.used.Conflicts != tt.conflicts || p.used.Retries != store.MaxTries-1 {
				t.Errorf("counted %d conflicts and %d retries", p.used.Conflicts, p.used.Retries)
			}
			ms := time.Millisecond
			if want := []time.Duration{25 * ms, 50 * ms, 100 * ms, 200 * ms, 400 * ms, 800 * ms, 800 * ms}; !slices.Equal(p.waits, want) {
				t.Errorf("waited at most %v, want %v", p.waits, want)
			}
			if got := p.taken(); got != 0 {
				t.Errorf("%d seats were taken", got)
			}
		})
	}
}

func TestAConditionIsToldWhenNoConflictHidesAnother(t *testing.T) {
	p := newPool(t)
	p.meet(transact, mixed, conflict)
	err := p.Commit(t.Context(), p.account, &seats.Change{Free: []seats.FreeMove{{Product: "reports", Delta: -allFree - 1}, {Product: "nothing", Delta: -1}}})
	var failed *seats.ConditionError
	want := []seats.Failed{{Kind: seats.ItemFree}, {Kind: seats.ItemFree, Index: 1}}
	if !errors.As(err, &failed) || !slices.Equal(failed.Failed, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	if n := len(p.requests(transact)); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

func TestReasonsThatAreNoConditionsAreFaults(t *testing.T) {
	for _, fate := range []fault{oddReason, fewReasons} {
		p := newPool(t)
		p.always(transact, fate)
		err := p.take(t.Context())
		var failed *seats.ConditionError
		if err == nil || errors.As(err, &failed) || errors.Is(err, seats.ErrBusy) {
			t.Errorf("fault %d: got %v", fate, err)
		}
		if n := len(p.requests(transact)); n != 1 {
			t.Errorf("fault %d: %d tries of what no other try mends", fate, n)
		}
	}
}

func TestNoTryBeginsThatTheDeadlineWouldCut(t *testing.T) {
	p := newPool(t)
	p.always(transact, conflict)
	// The sixth wait may be 800 ms and its try is left 50 ms: not all of that fits.
	const fits = 5
	ctx, cancel := context.WithTimeout(t.Context(), 849*time.Millisecond)
	defer cancel()
	if err := p.take(ctx); !errors.Is(err, seats.ErrBusy) {
		t.Errorf("got %v, want busy", err)
	}
	if n := len(p.requests(transact)); n > fits+1 {
		t.Errorf("%d tries, want %d at most", n, fits+1)
	}
	if ctx.Err() != nil {
		t.Error("it came back only after the deadline")
	}
}

func TestACallerWhoIsGoneEndsTheTries(t *testing.T) {
	p := newPool(t)
	p.always(transact, conflict)
	ctx, cancel := context.WithCancel(t.Context())
	p.opts.Jitter = func(time.Duration) time.Duration {
		cancel()
		return time.Hour
	}
	err := store.New(p.faulty, p.opts).Commit(ctx, p.account, &seats.Change{Free: []seats.FreeMove{{Product: "reports", Delta: -1}}})
	if !errors.Is(err, context.Canceled) || len(p.requests(transact)) != 1 {
		t.Errorf("got %v after %d tries", err, len(p.requests(transact)))
	}
}
