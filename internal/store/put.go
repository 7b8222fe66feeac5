package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// putNew puts an item where there is none, or where the one that is there meets
// unless. It returns the item that was in the way. PutItem has no client token, so
// that may be our own, put by a try whose answer was lost: callers compare.
func (s *Store) putNew(ctx context.Context, use *Usage, k key, it item, unless string, values item) (inTheWay item, err error) {
	condition := "attribute_not_exists(#pk)"
	names := map[string]string{"#pk": pkName}
	if unless != "" {
		condition += " OR #x <= :x"
		names["#x"] = unless
	}
	err = s.attempt(ctx, use, true, func(tries func(*dynamodb.Options)) error {
		out, err := s.api.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: aws.String(s.table(k)), Item: it, ConditionExpression: aws.String(condition),
			ExpressionAttributeNames: names, ExpressionAttributeValues: values,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
			ReturnConsumedCapacity:              s.metered(),
		}, tries)
		if err == nil {
			use.wrote(one(out.ConsumedCapacity)...)
		}
		return err
	})
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) && failed.Item != nil {
		return failed.Item, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: put: %w", err)
	}
	return nil, nil
}

// same compares items as they are written.
func same(a, b item) bool {
	return maps.EqualFunc(a, b, func(x, y types.AttributeValue) bool { return reflect.DeepEqual(x, y) })
}
