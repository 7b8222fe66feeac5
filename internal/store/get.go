package store

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/seats"
)

// maxBatch is how many keys one BatchGetItem takes.
const maxBatch = 100

func (s *Store) table(k key) string {
	if k.keys {
		return s.opts.KeysTable
	}
	return s.opts.SeatsTable
}

// get reads an item consistently; nil where there is none.
func (s *Store) get(ctx context.Context, use *Usage, k key) (item, error) {
	var out *dynamodb.GetItemOutput
	err := s.attempt(ctx, use, false, func(ctx context.Context) (err error) {
		out, err = s.api.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: aws.String(s.table(k)), Key: k.attributes(), ConsistentRead: aws.Bool(true),
			ReturnConsumedCapacity: s.metered(),
		}, once)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: get: %w", err)
	}
	use.read(one(out.ConsumedCapacity)...)
	return out.Item, nil
}

// getAll reads items consistently, in as few calls as can be. What is missing is
// missing in the answer.
func (s *Store) getAll(ctx context.Context, use *Usage, wanted []key) (map[key]item, error) {
	found := make(map[key]item, len(wanted))
	if len(wanted) == 1 {
		it, err := s.get(ctx, use, wanted[0])
		if it != nil {
			found[wanted[0]] = it
		}
		return found, err
	}
	for len(wanted) > 0 {
		n := min(len(wanted), maxBatch)
		if err := s.getBatch(ctx, use, wanted[:n], found); err != nil {
			return nil, fmt.Errorf("store: get batch: %w", err)
		}
		wanted = wanted[n:]
	}
	return found, nil
}

// getBatch asks until DynamoDB has processed every key. Each answer that leaves
// some out counts as a try, but one that brings items starts the count anew.
func (s *Store) getBatch(ctx context.Context, use *Usage, wanted []key, found map[key]item) error {
	request := map[string]types.KeysAndAttributes{}
	for _, k := range wanted {
		r := request[s.table(k)]
		r.ConsistentRead = aws.Bool(true)
		r.Keys = append(r.Keys, k.attributes())
		request[s.table(k)] = r
	}
	wait := firstWait
	for tries := 1; ; tries++ {
		var out *dynamodb.BatchGetItemOutput
		err := s.attempt(ctx, use, false, func(ctx context.Context) (err error) {
			out, err = s.api.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
				RequestItems: request, ReturnConsumedCapacity: s.metered(),
			}, once)
			return err
		})
		if err != nil {
			return err
		}
		use.read(out.ConsumedCapacity...)
		got := 0
		for table, items := range out.Responses {
			for _, it := range items {
				r := read(it)
				found[key{keys: table == s.opts.KeysTable, pk: r.text(pkName), sk: r.text(skName)}] = it
				got++
			}
		}
		if len(out.UnprocessedKeys) == 0 {
			return nil
		}
		if got > 0 {
			tries, wait = 0, firstWait
		}
		if tries == MaxTries || !timeFor(ctx, wait) || s.opts.Wait(ctx, wait) != nil {
			return fmt.Errorf("%w (keys left unprocessed)", seats.ErrBusy)
		}
		use.Retries++
		wait = min(2*wait, maxWait)
		request = out.UnprocessedKeys
	}
}
