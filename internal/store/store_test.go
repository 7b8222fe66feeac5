package store_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/usher-seats/usher/infra/local/dynamo/dynamotest"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/store"
	"github.com/usher-seats/usher/internal/store/storetest"
)

// tables are new tables of the template, and a client of them.
func tables(t testing.TB) (*dynamodb.Client, store.Options) {
	t.Helper()
	cfg, names := dynamotest.NewWithTables(t)
	return dynamodb.NewFromConfig(cfg), store.Options{SeatsTable: names["SeatsTable"], KeysTable: names["KeysTable"]}
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB) seats.Store {
		client, opts := tables(t)
		return store.New(client, opts)
	})
}
