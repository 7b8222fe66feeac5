package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

type quoteInput struct {
	SubscriptionPath
	Body struct {
		Seats int64 `json:"seats" minimum:"1" maximum:"1000000" doc:"The total number of seats that you want"`
	}
}

// Quote is a price that holds until it expires or what it rests on changes.
type Quote struct {
	ID           string      `json:"quote_id"`
	FromSeats    int64       `json:"from_seats"`
	Seats        int64       `json:"seats" doc:"The total asked for"`
	SeatsRenewal int64       `json:"seats_at_renewal" doc:"What the next period starts with"`
	EffectiveAt  time.Time   `json:"effective_at" doc:"An increase at once, a decrease at the end of the cycle"`
	DueNow       apigw.Money `json:"amount_due_now"`
	InvoiceNow   *Invoice    `json:"invoice_now,omitempty" doc:"What confirming charges, with its line"`
	NextInvoice  *Invoice    `json:"next_invoice,omitempty" doc:"What the next close bills if nothing else happens"`
	ExpiresAt    time.Time   `json:"expires_at" doc:"By the wall clock"`
}

func quoteBody(q *seats.Quote, c money.Currency) Quote {
	b := Quote{
		ID: string(q.ID), FromSeats: q.From, Seats: q.Seats, SeatsRenewal: q.AtRenewal, EffectiveAt: q.EffectiveAt.UTC(),
		DueNow: amount(0, c), InvoiceNow: invoiceBody(q.DueNow), NextInvoice: invoiceBody(q.Next), ExpiresAt: q.ExpiresAt.UTC(),
	}
	if q.DueNow != nil {
		b.DueNow.AmountMinor = q.DueNow.AmountDueMinor
	}
	return b
}

type confirmInput struct {
	SubscriptionPath
	apigw.IdempotencyHeader
	Body struct {
		QuoteID  string `json:"quote_id" maxLength:"40"`
		Accepted bool   `json:"agreement_accepted" doc:"That the license agreement was read and accepted"`
	}
}

// SeatChangeDone is a confirmed change.
type SeatChangeDone struct {
	EventID      string        `json:"event_id" doc:"The change in the ledger"`
	Type         string        `json:"type" enum:"seats.increased,seats.decrease_scheduled,seats.decrease_cancelled"`
	Seats        int64         `json:"seats" doc:"Seats now"`
	SeatsRenewal int64         `json:"seats_at_renewal"`
	EffectiveAt  time.Time     `json:"effective_at"`
	Pending      *PendingSeats `json:"pending,omitempty"`
	Invoice      *Invoice      `json:"invoice,omitempty" doc:"What was charged now"`
}

func seatChangeBody(r seats.SeatChangeResult) SeatChangeDone {
	b := SeatChangeDone{
		EventID: string(r.Event.ID), Type: r.Event.Type, Seats: r.Subscription.Seats, SeatsRenewal: r.Subscription.AtRenewal(),
		EffectiveAt: r.Event.Data.EffectiveAt.UTC(), Invoice: issuedBody(r.Invoice),
	}
	if p := r.Subscription.Pending; p != nil {
		b.Pending = &PendingSeats{Seats: p.Seats, EffectiveAt: r.Subscription.Period.End.UTC(), By: string(p.By)}
	}
	return b
}

type cancelPendingInput struct {
	SubscriptionPath
	apigw.IdempotencyHeader
}

// SeatChange registers quotes and their confirmation.
func SeatChange(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodPost, "/v1/accounts/{account}/subscriptions/{subscription}/quotes", "quote-seats", "Seats", "What a number of seats costs, now and next; good for 15 minutes"),
		func(ctx context.Context, in *quoteInput) (*read[Quote], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			q, currency, err := svc.QuoteSeats(ctx, caller, in.id(), in.sub(), in.Body.Seats)
			if err != nil {
				return nil, err
			}
			return &read[Quote]{quoteBody(q, currency)}, nil
		})
	apigw.Register(api, op(http.MethodPost, "/v1/accounts/{account}/subscriptions/{subscription}/seat-changes", "confirm-seats", "Seats", "Make a quoted change: exactly what the quote said, or nothing"),
		func(ctx context.Context, in *confirmInput) (*written[SeatChangeDone], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			reply, err := svc.ConfirmSeats(ctx, caller, in.id(), in.sub(), seats.QuoteID(in.Body.QuoteID), in.Body.Accepted, once(ctx, in.Key, seatChangeBody))
			return answer(reply, err, seatChangeBody)
		})
	apigw.Register(api, op(http.MethodDelete, "/v1/accounts/{account}/subscriptions/{subscription}/seat-changes/pending", "cancel-pending-seats", "Seats", "Cancel the scheduled decrease"),
		func(ctx context.Context, in *cancelPendingInput) (*done, error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			return answerEmpty(svc.CancelPending(ctx, caller, in.id(), in.sub(), once(ctx, in.Key, empty[*seats.Subscription])))
		})
}
