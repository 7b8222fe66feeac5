// Package capacity measures what calls of DynamoDB cost, for tests and for the
// table of costs.
//
// DynamoDB bills a write by the larger of the item before and after it, twice in a
// transaction, and each entry of an index that is put or deleted once more, without
// the doubling. DynamoDB Local says otherwise of transactions and leaves the index
// out, so a [Meter] reads every item before and after a write and puts what AWS
// would bill into the answer's ConsumedCapacity. In production nobody corrects
// anything: there the answers are right.
//
// A Meter is for calls one after the other: what somebody else writes in between
// would be counted as this call's. Failed calls are not counted, though AWS bills
// a write whose condition failed.
package capacity

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/store"
)

// Meter is a store.API whose answers tell the capacity that AWS would bill.
type Meter struct {
	store.API
	// Largest is the size of the largest item written so far, by the part of its sort
	// key before "#", or of its partition key where that says more.
	Largest map[string]int
}

// New returns a meter of the calls to api.
func New(api store.API) *Meter { return &Meter{API: api, Largest: map[string]int{}} }

// place is where an item is.
type place struct {
	table string
	key   map[string]types.AttributeValue
}

func (m *Meter) look(ctx context.Context, places []place) ([]map[string]types.AttributeValue, error) {
	items := make([]map[string]types.AttributeValue, len(places))
	for i, p := range places {
		out, err := m.API.GetItem(ctx, &dynamodb.GetItemInput{TableName: &p.table, Key: p.key, ConsistentRead: aws.Bool(true)})
		if err != nil {
			return nil, fmt.Errorf("capacity: %w", err)
		}
		items[i] = out.Item
	}
	return items, nil
}

// measure calls and counts; factor is 2 in a transaction.
func (m *Meter) measure(ctx context.Context, factor int, places []place, call func() error) ([]types.ConsumedCapacity, error) {
	before, err := m.look(ctx, places)
	if err != nil {
		return nil, err
	}
	if err := call(); err != nil {
		return nil, err
	}
	after, err := m.look(ctx, places)
	if err != nil {
		return nil, err
	}
	total := map[string]*types.ConsumedCapacity{}
	var order []string
	for i, p := range places {
		c := total[p.table]
		if c == nil {
			c = &types.ConsumedCapacity{TableName: aws.String(p.table), CapacityUnits: aws.Float64(0), WriteCapacityUnits: aws.Float64(0)}
			total[p.table] = c
			order = append(order, p.table)
		}
		size := max(Size(before[i]), Size(after[i]))
		m.remember(p, size)
		table, index := factor*units(size, writeUnitBytes), indexUnits(before[i], after[i])
		*c.CapacityUnits += float64(table + index)
		*c.WriteCapacityUnits += float64(table + index)
		if index > 0 {
			addIndex(c, index)
		}
	}
	all := make([]types.ConsumedCapacity, 0, len(order))
	for _, table := range order {
		all = append(all, *total[table])
	}
	return all, nil
}

func addIndex(c *types.ConsumedCapacity, index int) {
	const name = "due"
	sum := aws.ToFloat64(c.GlobalSecondaryIndexes[name].CapacityUnits) + float64(index)
	c.GlobalSecondaryIndexes = map[string]types.Capacity{name: {CapacityUnits: &sum, WriteCapacityUnits: &sum}}
}

// indexUnits are the writes to the index of keys: an entry that comes, goes, or
// moves, which is both.
func indexUnits(before, after map[string]types.AttributeValue) int {
	was, is := entry(before), entry(after)
	if same(was, is) {
		return 0
	}
	n := 0
	for _, e := range []map[string]types.AttributeValue{was, is} {
		if e != nil {
			n += units(Size(e), writeUnitBytes)
		}
	}
	return n
}

// entry is what stands in the index of an item, nil where it is not in it.
func entry(item map[string]types.AttributeValue) map[string]types.AttributeValue {
	e := map[string]types.AttributeValue{}
	for _, name := range []string{"pk", "sk", "gpk", "gsk"} {
		if item[name] == nil {
			return nil
		}
		e[name] = item[name]
	}
	return e
}

func same(a, b map[string]types.AttributeValue) bool {
	return textOf(a, "gpk") == textOf(b, "gpk") && textOf(a, "gsk") == textOf(b, "gsk")
}

func textOf(item map[string]types.AttributeValue, name string) string {
	if s, ok := item[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

func (m *Meter) remember(p place, size int) {
	pk, _, _ := strings.Cut(textOf(p.key, "pk"), "#")
	sk, _, _ := strings.Cut(textOf(p.key, "sk"), "#")
	kind := pk
	if pk == "A" && sk != "A" {
		kind += "/" + sk
	}
	m.Largest[kind] = max(m.Largest[kind], size)
}

// TransactWriteItems writes and counts.
func (m *Meter) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, opts ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	var places []place
	for _, w := range in.TransactItems {
		switch {
		case w.Put != nil:
			places = append(places, place{*w.Put.TableName, keyOf(w.Put.Item)})
		case w.Update != nil:
			places = append(places, place{*w.Update.TableName, w.Update.Key})
		case w.Delete != nil:
			places = append(places, place{*w.Delete.TableName, w.Delete.Key})
		case w.ConditionCheck != nil:
			places = append(places, place{*w.ConditionCheck.TableName, w.ConditionCheck.Key})
		}
	}
	var out *dynamodb.TransactWriteItemsOutput
	used, err := m.measure(ctx, 2, places, func() (err error) {
		out, err = m.API.TransactWriteItems(ctx, in, opts...)
		return err
	})
	if err == nil {
		out.ConsumedCapacity = used
	}
	return out, err
}

func keyOf(item map[string]types.AttributeValue) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": item["pk"], "sk": item["sk"]}
}

// PutItem writes and counts.
func (m *Meter) PutItem(ctx context.Context, in *dynamodb.PutItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	var out *dynamodb.PutItemOutput
	used, err := m.measure(ctx, 1, []place{{*in.TableName, keyOf(in.Item)}}, func() (err error) {
		out, err = m.API.PutItem(ctx, in, opts...)
		return err
	})
	if err == nil {
		out.ConsumedCapacity = &used[0]
	}
	return out, err
}

// UpdateItem writes and counts.
func (m *Meter) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	var out *dynamodb.UpdateItemOutput
	used, err := m.measure(ctx, 1, []place{{*in.TableName, in.Key}}, func() (err error) {
		out, err = m.API.UpdateItem(ctx, in, opts...)
		return err
	})
	if err == nil {
		out.ConsumedCapacity = &used[0]
	}
	return out, err
}
