package store

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/seats"
)

// query is a range of one partition of the seats table or of its index.
type query struct {
	index      bool
	pk         string
	prefix     string // of the sort key
	above      string // the sort key is greater, where not empty
	below      string // the sort key is less, where not empty
	from, to   string // the sort key is one of these or between, where not empty
	descending bool
	limit      int // of items that one call reads; 0 is as many as fit
}

func prefixQuery(pk, prefix string) query { return query{pk: pk, prefix: prefix} }

func (s *Store) input(q query) *dynamodb.QueryInput {
	in := &dynamodb.QueryInput{
		TableName: aws.String(s.opts.SeatsTable), ConsistentRead: aws.Bool(true),
		ExpressionAttributeNames:  map[string]string{"#p": pkName},
		ExpressionAttributeValues: map[string]types.AttributeValue{":p": text(q.pk)},
		ReturnConsumedCapacity:    s.metered(),
	}
	sort := skName
	if q.index {
		in.IndexName, in.ConsistentRead = aws.String(indexName), nil // indexes know no consistent reads
		in.ExpressionAttributeNames["#p"] = gpkName
		sort = gskName
	}
	condition := "#p = :p"
	add := func(expression, value string) {
		condition += " AND " + expression
		in.ExpressionAttributeNames["#s"] = sort
		in.ExpressionAttributeValues[":s"] = text(value)
	}
	// A key condition has one condition on the sort key.
	switch {
	case q.to != "":
		add("#s BETWEEN :s AND :t", q.from)
		in.ExpressionAttributeValues[":t"] = text(q.to)
	case q.above != "":
		add("#s > :s", q.above)
	case q.below != "":
		add("#s < :s", q.below)
	case q.prefix != "":
		add("begins_with(#s, :s)", q.prefix)
	}
	in.KeyConditionExpression = aws.String(condition)
	if q.descending {
		in.ScanIndexForward = aws.Bool(false)
	}
	if q.limit > 0 {
		in.Limit = aws.Int32(int32(q.limit))
	}
	return in
}

// pages gives every page of a query until done says so.
func (s *Store) pages(ctx context.Context, use *Usage, q query, page func([]map[string]types.AttributeValue) (done bool, err error)) error {
	in := s.input(q)
	for {
		var out *dynamodb.QueryOutput
		err := s.attempt(ctx, use, false, func(tries func(*dynamodb.Options)) (err error) {
			out, err = s.api.Query(ctx, in, tries)
			return err
		})
		if err != nil {
			return fmt.Errorf("store: query: %w", err)
		}
		use.read(one(out.ConsumedCapacity)...)
		done, err := page(out.Items)
		if err != nil || done || len(out.LastEvaluatedKey) == 0 {
			return err
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// each gives every item of a query.
func (s *Store) each(ctx context.Context, q query, give func(item) error) error {
	use := &Usage{Operation: "query"}
	defer s.report(ctx, use)
	return s.pages(ctx, use, q, func(items []map[string]types.AttributeValue) (bool, error) {
		for _, it := range items {
			if err := give(it); err != nil {
				return true, err
			}
		}
		return false, nil
	})
}

// DefaultPage is the size of a page that asks for no limit.
const DefaultPage = 100

// page gives at most limit items of a query, and whether there are more.
func (s *Store) page(ctx context.Context, q query, limit int, give func(item) error) (more bool, err error) {
	if limit < 1 {
		limit = DefaultPage
	}
	use := &Usage{Operation: "page"}
	defer s.report(ctx, use)
	q.limit = limit + 1
	err = s.pages(ctx, use, q, func(items []map[string]types.AttributeValue) (bool, error) {
		for _, it := range items {
			if limit == 0 {
				more = true
				return true, nil
			}
			if err := give(it); err != nil {
				return true, err
			}
			limit--
		}
		return false, nil
	})
	return more, err
}

// badCursor refuses a cursor that is not one of the list.
func badCursor() error {
	return seats.ErrInvalid.With("This cursor is not one of this list. Start without a cursor.")
}
