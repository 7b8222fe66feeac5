package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

type quoteInput struct {
	SubscriptionPath
	Body struct {
		Seats  int64  `json:"seats,omitempty" minimum:"1" maximum:"1000000" doc:"The total number of seats that you want; needed unless a plan is asked for"`
		PlanID string `json:"plan_id,omitempty" maxLength:"32" doc:"Another plan of the product; without seats they stay as they are"`
	}
}

type newQuoteInput struct {
	AccountPath
	Body struct {
		PlanID string `json:"plan_id" maxLength:"32" doc:"The plan to subscribe to"`
		Seats  int64  `json:"seats,omitempty" minimum:"1" maximum:"1000000" doc:"How many seats; left out for a plan that bills active users"`
	}
}

// Quote is a price that holds until it expires or what it rests on changes.
type Quote struct {
	ID           string      `json:"quote_id"`
	Of           string      `json:"of" enum:"seats,plan,subscription" doc:"Where to confirm it: seat-changes, plan-changes or subscriptions"`
	PlanID       string      `json:"plan_id" doc:"The plan after confirming"`
	PlanVersion  int         `json:"plan_version"`
	FromPlanID   string      `json:"from_plan_id,omitempty" doc:"The plan before, if there is one"`
	FromSeats    int64       `json:"from_seats"`
	Seats        int64       `json:"seats" doc:"The total after confirming"`
	SeatsRenewal int64       `json:"seats_at_renewal" doc:"What the next period starts with if nobody moves before; of a decrease, what is asked for"`
	EffectiveAt  time.Time   `json:"effective_at" doc:"More seats, and a higher plan at the same interval, at once; the rest at the end of the cycle unless the plan credits decreases"`
	DueNow       apigw.Money `json:"amount_due_now"`
	Credited     apigw.Money `json:"credited_now" doc:"What confirming gives back as credit, tax included"`
	InvoiceNow   *Invoice    `json:"invoice_now,omitempty" doc:"What confirming charges or credits, with its lines"`
	NextInvoice  *Invoice    `json:"next_invoice,omitempty" doc:"What the next close bills if nothing else happens"`
	ExpiresAt    time.Time   `json:"expires_at" doc:"By the wall clock"`
}

func quoteBody(q *seats.Quote, c money.Currency) Quote {
	b := Quote{
		ID: string(q.ID), Of: "seats", PlanID: q.Plan.ID, PlanVersion: q.Plan.Version, FromPlanID: q.FromPlan.ID,
		FromSeats: q.From, Seats: q.Seats, SeatsRenewal: q.AtRenewal, EffectiveAt: q.EffectiveAt.UTC(),
		DueNow: amount(0, c), Credited: amount(0, c), InvoiceNow: invoiceBody(q.DueNow), NextInvoice: invoiceBody(q.Next), ExpiresAt: q.ExpiresAt.UTC(),
	}
	switch {
	case q.Subscription == "":
		b.Of = "subscription"
	case q.Plan != q.FromPlan:
		b.Of = "plan"
		if b.Seats == 0 {
			b.Seats = q.From
		}
	}
	switch {
	case q.DueNow == nil:
	case q.DueNow.Kind == billing.KindCreditNote:
		b.Credited.AmountMinor = q.DueNow.TotalMinor
	default:
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
	Type         string        `json:"type" enum:"seats.increased,seats.decreased,seats.decrease_scheduled,seats.decrease_cancelled"`
	Seats        int64         `json:"seats" doc:"Seats now"`
	SeatsRenewal int64         `json:"seats_at_renewal"`
	EffectiveAt  time.Time     `json:"effective_at"`
	Pending      *PendingSeats `json:"pending,omitempty"`
	Invoice      *Invoice      `json:"invoice,omitempty" doc:"What was charged now, or credited"`
}

func seatChangeBody(r seats.SeatChangeResult) SeatChangeDone {
	return SeatChangeDone{
		EventID: string(r.Event.ID), Type: r.Event.Type, Seats: r.Subscription.Seats, SeatsRenewal: r.AtRenewal,
		EffectiveAt: r.Event.Data.EffectiveAt.UTC(), Invoice: issuedBody(r.Invoice), Pending: pendingSeatsBody(r.Subscription),
	}
}

type cancelPendingInput struct {
	SubscriptionPath
	apigw.IdempotencyHeader
}

// SeatChange registers quotes and their confirmation.
func SeatChange(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodPost, "/v1/accounts/{account}/subscriptions/{subscription}/quotes", "quote-seats", "Seats", "What a number of seats or another plan costs, now and next; good for 15 minutes"),
		func(ctx context.Context, in *quoteInput) (*read[Quote], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			quote := func() (*seats.Quote, money.Currency, error) {
				if in.Body.PlanID != "" {
					return svc.QuotePlan(ctx, caller, in.id(), in.sub(), in.Body.PlanID, in.Body.Seats)
				}
				return svc.QuoteSeats(ctx, caller, in.id(), in.sub(), in.Body.Seats)
			}
			q, currency, err := quote()
			if err != nil {
				return nil, err
			}
			return &read[Quote]{quoteBody(q, currency)}, nil
		})
	apigw.Register(api, op(http.MethodPost, "/v1/accounts/{account}/quotes", "quote-subscription", "Plans", "What a new subscription costs, now and next; good for 15 minutes"),
		func(ctx context.Context, in *newQuoteInput) (*read[Quote], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			q, currency, err := svc.QuoteSubscription(ctx, caller, in.id(), in.Body.PlanID, in.Body.Seats)
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
