package store

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/usher-seats/usher/internal/seats"
)

// API is what the store calls of DynamoDB; *dynamodb.Client is one.
type API interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Options say where the tables are. SeatsTable is needed always, KeysTable by
// whatever touches quotes, receipts, counters or the invitation key.
type Options struct {
	SeatsTable string
	KeysTable  string
	// Meter is told what each call used, such as Log; nil asks DynamoDB for no figures.
	Meter func(context.Context, Usage)
	// Jitter picks how long to wait before a further try, from nothing to most. Nil
	// picks at random.
	Jitter func(most time.Duration) time.Duration
	// Now rules how long the newest version of a plan is remembered, and nothing else.
	// Nil is the machine's clock.
	Now func() time.Time
}

// Store is seats.Store on DynamoDB. It is safe for concurrent use.
type Store struct {
	api  API
	opts Options

	plans      planCache
	invitation keyCache
	// Writers without a dictionary and with that of quotes.
	deflaters, dictionaryDeflaters sync.Pool
}

var _ seats.Store = (*Store)(nil)

// New returns a store over the tables, which must exist.
func New(api API, opts Options) *Store {
	if opts.Jitter == nil {
		opts.Jitter = rand.N[time.Duration]
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Store{api: api, opts: opts}
}
