package store

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/logsafe"
)

// Usage is what one call of the store used, in DynamoDB's capacity units as
// DynamoDB itself reports them. DynamoDB Local reports transactions wrong; package
// capacity corrects it.
type Usage struct {
	// Operation is the method of the store.
	Operation string
	// WriteUnits are those of the tables, IndexUnits those of the index.
	WriteUnits float64
	IndexUnits float64
	// ReadUnits are strongly consistent reads of 4 KB; an eventual one is half.
	ReadUnits float64
	// Conflicts are tries that met another transaction; Retries all further tries.
	Conflicts int
	Retries   int
}

// metered asks for figures where somebody wants them.
func (s *Store) metered() types.ReturnConsumedCapacity {
	if s.opts.Meter == nil {
		return types.ReturnConsumedCapacityNone
	}
	return types.ReturnConsumedCapacityIndexes
}

func (s *Store) report(ctx context.Context, use *Usage) {
	if s.opts.Meter != nil {
		s.opts.Meter(ctx, *use)
	}
}

// Log is a Meter that adds the contention met to the line that the invocation
// writes, which makes it a metric. Capacity is not in it: DynamoDB has metrics of
// its own for that.
func Log(ctx context.Context, use Usage) {
	if use.Conflicts > 0 {
		logsafe.Count(ctx, logsafe.Conflicts, int64(use.Conflicts))
	}
}

func (u *Usage) read(c ...types.ConsumedCapacity) {
	for _, c := range c {
		u.ReadUnits += aws.ToFloat64(c.CapacityUnits)
	}
}

func (u *Usage) wrote(c ...types.ConsumedCapacity) {
	for _, c := range c {
		if c.ReadCapacityUnits != nil && aws.ToFloat64(c.WriteCapacityUnits) == 0 {
			// A transaction that had happened already: its replay only reads.
			u.ReadUnits += *c.ReadCapacityUnits
			continue
		}
		var index float64
		for _, g := range c.GlobalSecondaryIndexes {
			index += aws.ToFloat64(g.CapacityUnits)
		}
		u.IndexUnits += index
		u.WriteUnits += aws.ToFloat64(c.CapacityUnits) - index
	}
}

func one(c *types.ConsumedCapacity) []types.ConsumedCapacity {
	if c == nil {
		return nil
	}
	return []types.ConsumedCapacity{*c}
}
