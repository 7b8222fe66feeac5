package capacity

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// readUnits are the units of some bytes: an eventual read costs half.
func readUnits(bytes int, consistent *bool) float64 {
	n := float64(units(bytes, readUnitBytes))
	if !aws.ToBool(consistent) {
		n /= 2
	}
	return n
}

func reads(table string, n float64) *types.ConsumedCapacity {
	return &types.ConsumedCapacity{TableName: aws.String(table), CapacityUnits: aws.Float64(n)}
}

// GetItem reads and counts; an item that is not there costs a unit too.
func (m *Meter) GetItem(ctx context.Context, in *dynamodb.GetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	out, err := m.API.GetItem(ctx, in, opts...)
	if err == nil {
		out.ConsumedCapacity = reads(*in.TableName, readUnits(Size(out.Item), in.ConsistentRead))
	}
	return out, err
}

// BatchGetItem reads and counts, each item for itself.
func (m *Meter) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	out, err := m.API.BatchGetItem(ctx, in, opts...)
	if err != nil {
		return out, err
	}
	out.ConsumedCapacity = nil
	for table, request := range in.RequestItems {
		var sum float64
		for _, item := range out.Responses[table] {
			sum += readUnits(Size(item), request.ConsistentRead)
		}
		missing := len(request.Keys) - len(out.Responses[table]) - len(out.UnprocessedKeys[table].Keys)
		sum += float64(missing) * readUnits(0, request.ConsistentRead)
		out.ConsumedCapacity = append(out.ConsumedCapacity, *reads(table, sum))
	}
	return out, nil
}

// Query reads and counts: all items of a page together.
func (m *Meter) Query(ctx context.Context, in *dynamodb.QueryInput, opts ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out, err := m.API.Query(ctx, in, opts...)
	if err == nil {
		bytes := 0
		for _, item := range out.Items {
			bytes += Size(item)
		}
		out.ConsumedCapacity = reads(*in.TableName, readUnits(bytes, in.ConsistentRead))
	}
	return out, err
}
