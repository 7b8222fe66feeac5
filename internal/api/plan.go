package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/seats"
)

type subscribeInput struct {
	AccountPath
	apigw.IdempotencyHeader
	Body struct {
		QuoteID  string `json:"quote_id" maxLength:"40"`
		Accepted bool   `json:"agreement_accepted" doc:"That the license agreement was read and accepted"`
	}
}

// Subscribed is a new subscription.
type Subscribed struct {
	EventID        string     `json:"event_id" doc:"The start in the ledger"`
	SubscriptionID string     `json:"subscription_id"`
	ProductID      string     `json:"product_id"`
	PlanID         string     `json:"plan_id"`
	PlanVersion    int        `json:"plan_version"`
	Seats          int64      `json:"seats"`
	Period         Period     `json:"period" doc:"The first cycle, or the trial"`
	TrialEndsAt    *time.Time `json:"trial_ends_at,omitempty" doc:"Nothing is charged before"`
	Invoice        *Invoice   `json:"invoice,omitempty" doc:"What was charged now"`
}

func subscribedBody(r seats.SeatChangeResult) Subscribed {
	s := r.Subscription
	b := Subscribed{
		EventID: string(r.Event.ID), SubscriptionID: string(s.ID), ProductID: s.Product, PlanID: s.Plan.ID, PlanVersion: s.Plan.Version,
		Seats: s.Seats, Period: Period{s.Period.Start.UTC(), s.Period.End.UTC()}, Invoice: issuedBody(r.Invoice),
	}
	if s.Trial {
		b.TrialEndsAt = instant(s.Period.End)
	}
	return b
}

// PlanChangeDone is a confirmed change of the plan.
type PlanChangeDone struct {
	EventID      string        `json:"event_id" doc:"The change in the ledger"`
	Type         string        `json:"type" enum:"plan.upgraded,plan.change_scheduled"`
	PlanID       string        `json:"plan_id" doc:"The plan now"`
	PlanVersion  int           `json:"plan_version"`
	Seats        int64         `json:"seats" doc:"Seats now"`
	SeatsRenewal int64         `json:"seats_at_renewal"`
	EffectiveAt  time.Time     `json:"effective_at"`
	Pending      *PendingSeats `json:"pending,omitempty"`
	PendingPlan  *PendingPlan  `json:"pending_plan,omitempty"`
	Invoice      *Invoice      `json:"invoice,omitempty" doc:"What was charged now: what is left of the old plan is given back, of the new one charged"`
}

func planChangeBody(r seats.SeatChangeResult) PlanChangeDone {
	s := r.Subscription
	return PlanChangeDone{
		EventID: string(r.Event.ID), Type: r.Event.Type, PlanID: s.Plan.ID, PlanVersion: s.Plan.Version, Seats: s.Seats, SeatsRenewal: r.AtRenewal,
		EffectiveAt: r.Event.Data.EffectiveAt.UTC(), Pending: pendingSeatsBody(s), PendingPlan: pendingPlanBody(s, nil), Invoice: issuedBody(r.Invoice),
	}
}

type endInput struct {
	SubscriptionPath
	apigw.IdempotencyHeader
}

// Ending says whether and when a subscription ends.
type Ending struct {
	SubscriptionID string     `json:"subscription_id"`
	CancelAt       *time.Time `json:"cancel_at,omitempty" doc:"Absent where the subscription goes on"`
}

func endingBody(s *seats.Subscription) Ending {
	b := Ending{SubscriptionID: string(s.ID)}
	if s.Cancel != nil {
		b.CancelAt = instant(s.Period.End)
	}
	return b
}

// Plan registers subscribing, changes of plans, the end of subscriptions, the list of
// plans and forecasts.
func Plan(api huma.API, svc *seats.Service) {
	Plans(api, svc)
	forecasts(api, svc)
	apigw.Register(api, op(http.MethodPost, "/v1/accounts/{account}/subscriptions", "subscribe", "Plans", "Start a quoted subscription: charged exactly as the quote says, or not at all"),
		func(ctx context.Context, in *subscribeInput) (*written[Subscribed], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			reply, err := svc.Subscribe(ctx, caller, in.id(), seats.QuoteID(in.Body.QuoteID), in.Body.Accepted, once(ctx, in.Key, subscribedBody))
			return answer(reply, err, subscribedBody)
		})
	apigw.Register(api, op(http.MethodPost, "/v1/accounts/{account}/subscriptions/{subscription}/plan-changes", "confirm-plan", "Plans", "Make a quoted change of the plan: exactly what the quote said, or nothing"),
		func(ctx context.Context, in *confirmInput) (*written[PlanChangeDone], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			reply, err := svc.ConfirmPlan(ctx, caller, in.id(), in.sub(), seats.QuoteID(in.Body.QuoteID), in.Body.Accepted, once(ctx, in.Key, planChangeBody))
			return answer(reply, err, planChangeBody)
		})
	apigw.Register(api, op(http.MethodDelete, "/v1/accounts/{account}/subscriptions/{subscription}/plan-changes/pending", "cancel-pending-plan", "Plans", "Cancel the scheduled change of the plan"),
		func(ctx context.Context, in *cancelPendingInput) (*done, error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			return answerEmpty(svc.CancelPendingPlan(ctx, caller, in.id(), in.sub(), once(ctx, in.Key, empty[*seats.Subscription])))
		})
	end := func(path, id, summary string, use func(context.Context, seats.Caller, seats.AccountID, seats.SubscriptionID, seats.Once[*seats.Subscription]) (seats.Reply[*seats.Subscription], error)) {
		apigw.Register(api, op(http.MethodPost, "/v1/accounts/{account}/subscriptions/{subscription}/"+path, id, "Plans", summary),
			func(ctx context.Context, in *endInput) (*written[Ending], error) {
				caller, err := person(ctx)
				if err != nil {
					return nil, err
				}
				reply, err := use(ctx, caller, in.id(), in.sub(), once(ctx, in.Key, endingBody))
				return answer(reply, err, endingBody)
			})
	}
	end("cancel", "cancel-subscription", "End the subscription with its cycle; until then it can be resumed", svc.Cancel)
	end("resume", "resume-subscription", "Take a cancellation back", svc.Resume)
}
