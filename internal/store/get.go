package store

import (
	"context"
	"fmt"
	"time"

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
	err := s.attempt(ctx, use, false, func(tries func(*dynamodb.Options)) (err error) {
		out, err = s.api.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: aws.String(s.table(k)), Key: k.attributes(), ConsistentRead: aws.Bool(true),
			ReturnConsumedCapacity: s.metered(),
		}, tries)
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

// getBatch asks until DynamoDB has processed every key. An answer that brings no
// item counts as a try; one that brings some starts the count anew.
func (s *Store) getBatch(ctx context.Context, use *Usage, wanted []key, found map[key]item) error {
	request := map[string]types.KeysAndAttributes{}
	for _, k := range wanted {
		r := request[s.table(k)]
		r.ConsistentRead = aws.Bool(true)
		r.Keys = append(r.Keys, k.attributes())
		request[s.table(k)] = r
	}
	for made := 1; ; made++ {
		var out *dynamodb.BatchGetItemOutput
		err := s.attempt(ctx, use, false, func(tries func(*dynamodb.Options)) (err error) {
			out, err = s.api.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
				RequestItems: request, ReturnConsumedCapacity: s.metered(),
			}, tries)
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
			made = 1
		}
		if made == MaxTries || !timeFor(ctx, waitBefore(made)) || !s.pause(ctx, waitBefore(made)) {
			return fmt.Errorf("%w (keys left unprocessed)", seats.ErrBusy)
		}
		use.Retries++
		request = out.UnprocessedKeys
	}
}

// pause waits a part of most; false where the caller is gone.
func (s *Store) pause(ctx context.Context, most time.Duration) bool {
	timer := time.NewTimer(s.opts.Jitter(most))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
