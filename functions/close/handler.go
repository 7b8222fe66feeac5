package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/logsafe"
	"github.com/usher-seats/usher/internal/seats"
)

// closer closes what is due in an account and returns how many boundaries.
type closer interface {
	Close(context.Context, seats.AccountID) (int, error)
}

type handler struct {
	svc closer
	log *slog.Logger
}

func (h handler) handle(ctx context.Context, batch lambdaevents.SQSEvent) (lambdaevents.SQSEventResponse, error) {
	var response lambdaevents.SQSEventResponse
	for _, message := range batch.Records {
		if err := h.closeAll(ctx, message.Body); err != nil {
			h.log.ErrorContext(ctx, "message comes again", "message", message.MessageId, "err", err)
			response.BatchItemFailures = append(response.BatchItemFailures, lambdaevents.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
		}
	}
	return response, nil
}

// closeAll closes every account of a message; one that fails keeps none of the
// others.
func (h handler) closeAll(ctx context.Context, body string) error {
	envelope, err := events.DecodeEnvelope([]byte(body))
	if err != nil {
		return err
	}
	due, err := events.DecodeAccountsDue(envelope.Detail)
	if err != nil {
		return err
	}
	var failures []error
	for _, account := range due.Accounts {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(failures, err)...)
		}
		closed, err := h.svc.Close(ctx, account)
		logsafe.Count(ctx, "CyclesClosed", int64(closed))
		if errors.Is(err, seats.ErrNotFound) {
			h.log.WarnContext(ctx, "no such account", "account", account)
			continue
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", account, err))
		}
	}
	return errors.Join(failures...)
}
