package capacity_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/infra/local/dynamo/dynamotest"
	"github.com/usher-seats/usher/internal/store/capacity"
)

func filled(bytes int, index ...string) item {
	it := item{"pk": &s{Value: "a"}, "sk": &s{Value: "b"}, "fill": &s{Value: strings.Repeat("x", bytes)}}
	if len(index) == 2 {
		it["gpk"], it["gsk"] = &s{Value: index[0]}, &s{Value: index[1]}
	}
	return it
}

// The steps write one item, one after the other; each finds what the one before
// left.
func TestAWriteCostsTheLargerOfBeforeAndAfterAndEachEntryOfTheIndex(t *testing.T) {
	cfg, names := dynamotest.NewWithTables(t)
	table := aws.String(names["SeatsTable"])
	meter := capacity.New(dynamodb.NewFromConfig(cfg))
	ctx := context.Background()
	put := func(it item) func() ([]types.ConsumedCapacity, error) {
		return func() ([]types.ConsumedCapacity, error) {
			out, err := meter.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: it})
			if err != nil {
				return nil, err
			}
			return []types.ConsumedCapacity{*out.ConsumedCapacity}, nil
		}
	}
	transact := func(w types.TransactWriteItem) func() ([]types.ConsumedCapacity, error) {
		return func() ([]types.ConsumedCapacity, error) {
			out, err := meter.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{w}})
			if err != nil {
				return nil, err
			}
			return out.ConsumedCapacity, nil
		}
	}
	key := item{"pk": &s{Value: "a"}, "sk": &s{Value: "b"}}
	for _, step := range []struct {
		name         string
		write        func() ([]types.ConsumedCapacity, error)
		table, index float64
	}{
		{"a small item", put(filled(10)), 1, 0},
		{"a larger one", put(filled(2_000)), 2, 0},
		{"small again", put(filled(10)), 2, 0},
		{"in a transaction", transact(types.TransactWriteItem{Put: &types.Put{TableName: table, Item: filled(10, "DUE#1", "x")}}), 2, 1},
		{"the same place in the index", transact(types.TransactWriteItem{Put: &types.Put{TableName: table, Item: filled(1_500, "DUE#1", "x")}}), 4, 0},
		{"another place in the index", put(filled(10, "DUE#1", "y")), 2, 2},
		{"an update", transact(types.TransactWriteItem{Update: &types.Update{
			TableName: table, Key: key, UpdateExpression: aws.String("SET n = :n"), ExpressionAttributeValues: item{":n": &n{Value: "1"}},
		}}), 2, 0},
		{"a deletion", transact(types.TransactWriteItem{Delete: &types.Delete{TableName: table, Key: key}}), 2, 1},
		{"a deletion of nothing", transact(types.TransactWriteItem{Delete: &types.Delete{TableName: table, Key: key}}), 2, 0},
	} {
		used, err := step.write()
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		index := aws.ToFloat64(used[0].GlobalSecondaryIndexes["due"].CapacityUnits)
		if got := *used[0].CapacityUnits - index; len(used) != 1 || got != step.table || index != step.index {
			t.Errorf("%s costs %v and %v in the index, want %v and %v", step.name, got, index, step.table, step.index)
		}
	}
}
