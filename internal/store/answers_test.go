package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/store"
	"github.com/usher-seats/usher/internal/store/storetest"
)

// short answers little at a time, as DynamoDB does where items are large: two items
// a page, three a batch with the other keys left unprocessed.
type short struct{ store.API }

const (
	shortPage  = 2
	shortBatch = 3
)

func (s short) Query(ctx context.Context, in *dynamodb.QueryInput, opts ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	page := *in
	page.Limit = aws.Int32(min(shortPage, max(aws.ToInt32(in.Limit), shortPage)))
	return s.API.Query(ctx, &page, opts...)
}

func (s short) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	now, later := map[string]types.KeysAndAttributes{}, map[string]types.KeysAndAttributes{}
	taken := 0
	for table, request := range in.RequestItems {
		n := min(len(request.Keys), shortBatch-taken)
		taken += n
		if n > 0 {
			first := request
			first.Keys = request.Keys[:n]
			now[table] = first
		}
		if n < len(request.Keys) {
			rest := request
			rest.Keys = request.Keys[n:]
			later[table] = rest
		}
	}
	out, err := s.API.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: now}, opts...)
	if err == nil {
		out.UnprocessedKeys = later
	}
	return out, err
}

func TestStoreWhereEveryAnswerIsShort(t *testing.T) {
	storetest.Run(t, func(t testing.TB) seats.Store {
		client, opts := tables(t)
		opts.Jitter = func(time.Duration) time.Duration { return 0 }
		return store.New(short{client}, opts)
	})
}

// lazy processes no key of a batch, the first so many times.
type lazy struct {
	store.API
	times *int
}

func (l lazy) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	if *l.times == 0 {
		return l.API.BatchGetItem(ctx, in, opts...)
	}
	*l.times--
	return &dynamodb.BatchGetItemOutput{UnprocessedKeys: in.RequestItems}, nil
}

func TestKeysLeftUnprocessedAreAskedForAgain(t *testing.T) {
	p := newPool(t)
	want := seats.Want{Account: p.account, Products: []string{"reports"}}
	for _, tt := range []struct {
		times int
		busy  bool
	}{{store.MaxTries - 1, false}, {store.MaxTries, true}} {
		times := tt.times
		view, err := store.New(lazy{p.client, &times}, p.opts).Load(t.Context(), want)
		switch {
		case tt.busy && !errors.Is(err, seats.ErrBusy):
			t.Errorf("left out %d times: %v, want busy", tt.times, err)
		case !tt.busy && (err != nil || view.Subscriptions["reports"] == nil):
			t.Errorf("left out %d times: %+v, %v", tt.times, view, err)
		}
	}
}
