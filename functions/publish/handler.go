package main

import (
	"context"

	lambdaevents "github.com/aws/aws-lambda-go/events"
)

// publisher is what the handler needs: it returns the records that are not on the
// bus.
type publisher interface {
	Publish(context.Context, []lambdaevents.DynamoDBEventRecord) []lambdaevents.DynamoDBBatchItemFailure
}

type handler struct {
	publisher publisher
}

func (h handler) handle(ctx context.Context, batch lambdaevents.DynamoDBEvent) (lambdaevents.DynamoDBEventResponse, error) {
	return lambdaevents.DynamoDBEventResponse{BatchItemFailures: h.publisher.Publish(ctx, batch.Records)}, nil
}
