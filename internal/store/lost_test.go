package store_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/store"
)

func (p *pool) receipt(seed byte) *seats.Receipt {
	now := time.Now().UTC()
	return &seats.Receipt{
		Key: string(p.account) + "#key", Seed: [16]byte{seed}, Request: [32]byte{1}, ClaimedAt: now, At: now, ExpiresAt: now.Add(time.Hour),
	}
}

func (p *pool) quote() *seats.Quote {
	return &seats.Quote{ID: p.mint.Quote(), Account: p.account, Subscription: p.sub.ID, At: p.mint.At, ExpiresAt: p.mint.At, From: 1, Seats: 2}
}

// PutItem and UpdateItem know no client token, so each of these writes meets what
// it wrote itself when its answer was lost.
func TestASingleWriteWhoseAnswerIsLostSucceeds(t *testing.T) {
	ctx := t.Context()
	for _, fate := range []fault{lostAfter, lostBefore, broken, throttled} {
		p := newPool(t)
		q, claim := p.quote(), p.receipt(1)
		p.meet("PutItem", fate)
		p.must(p.PutQuote(ctx, q))
		p.meet("TransactWriteItems", fate)
		p.must(p.PutPlan(ctx, &seats.Plan{ID: "team", Version: 1, Name: "Team"}))
		p.meet("PutItem", fate)
		was, err := p.ClaimReceipt(ctx, claim)
		p.must(err)
		if was != nil {
			t.Errorf("fault %d: the claim met itself: %+v", fate, was)
		}
		claim.Done, claim.Answer = true, []byte("answer")
		p.meet("UpdateItem", fate)
		p.must(p.FinishReceipt(ctx, claim))
		p.meet("PutItem", fate)
		key, err := p.InvitationKey(ctx)
		p.must(err)

		fresh := store.New(p.client, p.opts)
		again, err := fresh.InvitationKey(ctx)
		p.must(err)
		if !bytes.Equal(key, again) {
			t.Errorf("fault %d: two invitation keys", fate)
		}
		view, err := fresh.Load(ctx, seats.Want{Account: p.account, Quote: q.ID, Receipt: claim.Key})
		p.must(err)
		if view.Quote == nil || view.Receipt == nil || !view.Receipt.Done || string(view.Receipt.Answer) != "answer" {
			t.Errorf("fault %d: afterwards there is %+v", fate, view)
		}
		if _, err := fresh.Plan(ctx, seats.PlanRef{ID: "team"}); err != nil {
			t.Errorf("fault %d: %v", fate, err)
		}
	}
}

func TestSingleWritesThatNobodyAnswersFail(t *testing.T) {
	ctx := t.Context()
	p := newPool(t)
	for _, tt := range []struct {
		name, operation string
		call            func() error
	}{
		{"quote", "PutItem", func() error { return p.PutQuote(ctx, p.quote()) }},
		{"plan", "TransactWriteItems", func() error { return p.PutPlan(ctx, &seats.Plan{ID: "team", Version: 1}) }},
		{"claim", "PutItem", func() error { _, err := p.ClaimReceipt(ctx, p.receipt(1)); return err }},
		{"finish", "UpdateItem", func() error { return p.FinishReceipt(ctx, p.receipt(1)) }},
		{"key", "PutItem", func() error { _, err := p.InvitationKey(ctx); return err }},
		{"count", "UpdateItem", func() error { _, err := p.Count(ctx, "key", time.Minute, p.mint.At); return err }},
	} {
		p.always(tt.operation, broken)
		if err := tt.call(); err == nil || errors.Is(err, seats.ErrBusy) {
			t.Errorf("%s, never answered: %v", tt.name, err)
		}
		p.always(tt.operation, throttled)
		if err := tt.call(); !errors.Is(err, seats.ErrBusy) {
			t.Errorf("%s, always throttled: %v, want busy", tt.name, err)
		}
		if n := len(p.requests(tt.operation)); n != store.MaxTries {
			t.Errorf("%s: %d tries", tt.name, n)
		}
	}
}

func TestReadsAreTriedAgainAndEndAsBusy(t *testing.T) {
	p := newPool(t)
	one := seats.Want{Account: p.account}
	many := seats.Want{Account: p.account, Products: []string{"reports"}}
	for _, tt := range []struct {
		name, operation string
		call            func(context.Context) error
	}{
		{"one item", "GetItem", func(ctx context.Context) error { _, err := p.Load(ctx, one); return err }},
		{"many items", "BatchGetItem", func(ctx context.Context) error { _, err := p.Load(ctx, many); return err }},
		{"users", "Query", func(ctx context.Context) error { _, err := p.Users(ctx, p.account); return err }},
		{"due accounts", "Query", func(ctx context.Context) error {
			return p.DueAccounts(ctx, p.mint.At, func([]seats.AccountID) error { return nil })
		}},
	} {
		for _, fate := range []fault{broken, throttled, lostBefore, lostAfter} {
			p.meet(tt.operation, fate, fate, fate)
			if err := tt.call(t.Context()); err != nil {
				t.Errorf("%s, fault %d three times: %v", tt.name, fate, err)
			}
			p.always(tt.operation, fate)
			if err := tt.call(t.Context()); !errors.Is(err, seats.ErrBusy) {
				t.Errorf("%s, fault %d always: %v, want busy", tt.name, fate, err)
			}
			if n := len(p.requests(tt.operation)); n != store.MaxTries {
				t.Errorf("%s, fault %d: %d tries", tt.name, fate, n)
			}
		}
	}
}

func TestTheFirstAnswerOfAClaimStays(t *testing.T) {
	p := newPool(t)
	claim := p.receipt(1)
	if _, err := p.ClaimReceipt(t.Context(), claim); err != nil {
		t.Fatal(err)
	}
	for _, answer := range []string{"first", "second"} {
		claim.Done, claim.Answer = true, []byte(answer)
		p.must(p.FinishReceipt(t.Context(), claim))
	}
	view, err := p.Load(t.Context(), seats.Want{Receipt: claim.Key})
	p.must(err)
	if string(view.Receipt.Answer) != "first" {
		t.Errorf("the answer is %q", view.Receipt.Answer)
	}
}
