package store

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// countName is the attribute of a counter.
const countName = "n"

// counterKept is how long a counter outlives its window: clocks of two machines may
// differ, and a counter that is gone would start anew.
const counterKept = time.Hour

// Count adds one to the counter of the window that now lies in, and returns it.
// Windows are fixed: they begin at multiples of their length since 1970. A try
// whose answer is lost counts twice, which a limit can bear.
func (s *Store) Count(ctx context.Context, k string, window time.Duration, now time.Time) (int, error) {
	if window < time.Second || window%time.Second != 0 {
		return 0, fmt.Errorf("store: count: a window of %s is not of whole seconds", window)
	}
	seconds := int64(window / time.Second)
	start := time.Unix(now.Unix()-now.Unix()%seconds, 0)
	end := start.Add(window + counterKept)
	counter := counterKey(k, start)
	use := &Usage{Operation: "count"}
	defer s.report(ctx, use)
	var count int64
	err := s.attempt(ctx, use, true, func(tries func(*dynamodb.Options)) error {
		out, err := s.api.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: aws.String(s.opts.KeysTable), Key: counter.attributes(),
			UpdateExpression:          aws.String("ADD #n :one SET #t = :t"),
			ExpressionAttributeNames:  map[string]string{"#n": countName, "#t": ttlName},
			ExpressionAttributeValues: item{":one": number(1), ":t": number(end.Unix())},
			ReturnValues:              types.ReturnValueUpdatedNew,
			ReturnConsumedCapacity:    s.metered(),
		}, tries)
		if err != nil {
			return err
		}
		use.wrote(one(out.ConsumedCapacity)...)
		r := read(out.Attributes)
		count = r.number(countName)
		return r.failure()
	})
	if err != nil {
		return 0, fmt.Errorf("store: count: %w", err)
	}
	return int(count), nil
}
