package main

import (
	"context"
	"errors"
	"log/slog"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/logsafe"
	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/seats"
)

// courier delivers one letter at least once.
type courier interface {
	Deliver(context.Context, mail.Key, mail.Letter) (mail.Outcome, error)
}

type handler struct {
	writer   writer
	renderer *mail.Renderer
	courier  courier
	log      *slog.Logger
}

func (h handler) handle(ctx context.Context, batch lambdaevents.SQSEvent) (lambdaevents.SQSEventResponse, error) {
	var response lambdaevents.SQSEventResponse
	for _, message := range batch.Records {
		if err := h.tell(ctx, message.Body); err != nil {
			h.log.WarnContext(ctx, "message comes again", "message", message.MessageId, "err", err)
			response.BatchItemFailures = append(response.BatchItemFailures, lambdaevents.SQSBatchItemFailure{ItemIdentifier: message.MessageId})
		}
	}
	return response, nil
}

// tell sends every letter of an event; one that fails keeps none of the others,
// and what was sent is not sent again when the message returns.
func (h handler) tell(ctx context.Context, body string) error {
	event, err := decode(body)
	if err != nil {
		return err
	}
	letters, err := h.writer.letters(ctx, event)
	if err != nil {
		return err
	}
	var failures []error
	for _, l := range letters {
		failures = append(failures, h.send(ctx, event, l))
	}
	return errors.Join(failures...)
}

func decode(body string) (seats.Event, error) {
	envelope, err := events.DecodeEnvelope([]byte(body))
	if err != nil {
		return seats.Event{}, err
	}
	return envelope.Event()
}

func (h handler) send(ctx context.Context, event seats.Event, l letter) error {
	message, err := h.renderer.Render(l.mail)
	if err != nil {
		return err
	}
	about := l.about
	if about == "" {
		about = string(event.ID)
	}
	key := mail.Key{EventID: about, Recipient: l.recipient, Kind: l.mail.Kind()}
	_, err = h.courier.Deliver(ctx, key, mail.Letter{To: logsafe.Email(l.to), AccountID: string(event.Account), Message: message, Attachments: l.files})
	return err
}
