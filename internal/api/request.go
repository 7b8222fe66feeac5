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

type openRequestInput struct {
	AccountPath
	apigw.IdempotencyHeader
	Body struct {
		Kind           string `json:"kind" enum:"seats,plan,cancel,other" doc:"Another number of seats, another plan, the end of a subscription with its cycle, or something in words"`
		SubscriptionID string `json:"subscription_id,omitempty" maxLength:"80" doc:"Needed unless kind is other"`
		PlanID         string `json:"plan_id,omitempty" maxLength:"32" doc:"The plan that you want, where kind is plan"`
		Seats          int64  `json:"seats,omitempty" minimum:"1" maximum:"1000000" doc:"The total number of seats that you want"`
		Message        string `json:"message,omitempty" maxLength:"500" doc:"What else the vendor should know, in one line"`
	}
}

// RequestPath is embedded in inputs about one request.
type RequestPath struct {
	AccountPath
	Request string `path:"request" maxLength:"40" doc:"Id of the request"`
}

type listRequestsInput struct {
	AccountPath
	apigw.Paging
}

// Request is what a customer asks the vendor for.
type Request struct {
	ID             string      `json:"id"`
	Kind           string      `json:"kind" enum:"seats,plan,cancel,other"`
	Status         string      `json:"status" enum:"open,approved,declined"`
	OpenedAt       time.Time   `json:"opened_at"`
	OpenedBy       string      `json:"opened_by" doc:"Id of the user"`
	SubscriptionID string      `json:"subscription_id,omitempty"`
	FromSeats      int64       `json:"from_seats,omitempty" doc:"The seats when it was opened"`
	Seats          int64       `json:"seats,omitempty" doc:"The seats asked for"`
	PlanID         string      `json:"plan_id,omitempty" doc:"The plan asked for"`
	DueNow         apigw.Money `json:"amount_due_now" doc:"What it would have cost at once when it was opened; negative where it gives credit"`
	Next           apigw.Money `json:"next_invoice_total" doc:"What the next invoice would have come to"`
	Message        string      `json:"message,omitempty"`
	Answer         string      `json:"answer,omitempty" doc:"What the vendor answered"`
	AnsweredAt     *time.Time  `json:"answered_at,omitempty"`
}

func requestBody(r *seats.Request, c money.Currency) Request {
	return Request{
		ID: string(r.ID), Kind: string(r.Kind), Status: string(r.Status), OpenedAt: r.At.UTC(), OpenedBy: string(r.By),
		SubscriptionID: string(r.Subscription), FromSeats: r.From, Seats: r.Seats, PlanID: r.PlanID,
		DueNow: amount(r.DueNowMinor, c), Next: amount(r.NextMinor, c),
		Message: r.Message, Answer: r.Answer, AnsweredAt: instant(r.AnsweredAt),
	}
}

// Requests registers what customers ask the vendor for.
func Requests(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodPost, "/v1/accounts/{account}/requests", "open-request", "Requests", "Ask the vendor for what is not self-service, with its price as of now"),
		func(ctx context.Context, in *openRequestInput) (*written[Request], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			access, err := svc.Enter(ctx, caller, in.id())
			if err != nil {
				return nil, err
			}
			body := func(r *seats.Request) Request { return requestBody(r, access.Account.Currency) }
			ask := seats.Asking{
				Kind: seats.RequestKind(in.Body.Kind), Subscription: seats.SubscriptionID(in.Body.SubscriptionID),
				PlanID: in.Body.PlanID, Seats: in.Body.Seats, Message: in.Body.Message,
			}
			reply, err := svc.OpenRequest(ctx, caller, in.id(), ask, once(ctx, in.Key, body))
			return answer(reply, err, body)
		})
	apigw.Register(api, op(http.MethodGet, "/v1/accounts/{account}/requests", "list-requests", "Requests", "The account's requests, newest first"),
		func(ctx context.Context, in *listRequestsInput) (*read[apigw.Page[Request]], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			scope := apigw.CursorScope{Account: in.id(), List: "requests"}
			page, err := storePage(scope, in.Paging)
			if err != nil {
				return nil, err
			}
			access, found, cursor, err := svc.ListRequests(ctx, caller, in.id(), page)
			if err != nil {
				return nil, err
			}
			items := make([]Request, len(found))
			for i, r := range found {
				items[i] = requestBody(r, access.Account.Currency)
			}
			return &read[apigw.Page[Request]]{apigw.NewPage(items, nextPage(scope, cursor))}, nil
		})
	apigw.Register(api, op(http.MethodGet, "/v1/accounts/{account}/requests/{request}", "get-request", "Requests", "One request"),
		func(ctx context.Context, in *RequestPath) (*read[Request], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			access, r, err := svc.GetRequest(ctx, caller, in.id(), seats.RequestID(in.Request))
			if err != nil {
				return nil, err
			}
			return &read[Request]{requestBody(r, access.Account.Currency)}, nil
		})
}

type openRequestsInput struct {
	apigw.Paging
	Status string `query:"status" enum:"open" doc:"Only open ones are listed across accounts"`
}

// AskedRequest is a request with its account.
type AskedRequest struct {
	AccountID   string  `json:"account_id"`
	AccountName string  `json:"account_name"`
	Request     Request `json:"request"`
}

type approveRequestInput struct {
	RequestPath
	apigw.IdempotencyHeader
	Body struct {
		QuoteID string `json:"quote_id,omitempty" maxLength:"40" doc:"From the request's quote; needed unless its kind is other"`
		Message string `json:"message,omitempty" maxLength:"500" doc:"What the customer is told, in one line"`
	}
}

type declineRequestInput struct {
	RequestPath
	apigw.IdempotencyHeader
	Body struct {
		Message string `json:"message" minLength:"1" maxLength:"500" doc:"Why, in one line; the customer is told"`
	}
}

// AnsweredRequest is a request with what approving it has changed.
type AnsweredRequest struct {
	Request      Request  `json:"request"`
	EventID      string   `json:"event_id,omitempty" doc:"The change in the ledger"`
	Seats        int64    `json:"seats,omitempty" doc:"Seats now"`
	SeatsRenewal int64    `json:"seats_at_renewal,omitempty"`
	Invoice      *Invoice `json:"invoice,omitempty" doc:"What was charged or credited now"`
}

func answeredBody(r seats.AnsweredRequest) AnsweredRequest {
	b := AnsweredRequest{Request: requestBody(r.Request, r.Account.Currency)}
	if d := r.Done; d != nil {
		b.EventID, b.Seats, b.SeatsRenewal = string(d.Event.ID), d.Subscription.Seats, d.AtRenewal
		b.Invoice = issuedBody(d.Invoice)
	}
	return b
}

// operateRequests registers the answering of requests.
func operateRequests(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodGet, "/v1/operator/requests", "list-open-requests", "Operator", "The open requests of all accounts, the oldest first"),
		func(ctx context.Context, in *openRequestsInput) (*read[apigw.Page[AskedRequest]], error) {
			if _, err := staff(ctx); err != nil {
				return nil, err
			}
			scope := apigw.CursorScope{List: "open-requests"}
			page, err := storePage(scope, in.Paging)
			if err != nil {
				return nil, err
			}
			found, cursor, err := svc.OpenRequests(ctx, page)
			if err != nil {
				return nil, err
			}
			items := make([]AskedRequest, len(found))
			for i, f := range found {
				items[i] = AskedRequest{AccountID: string(f.Account.ID), AccountName: f.Account.Name, Request: requestBody(f.Request, f.Account.Currency)}
			}
			return &read[apigw.Page[AskedRequest]]{apigw.NewPage(items, nextPage(scope, cursor))}, nil
		})
	const one = "/v1/operator/accounts/{account}/requests/{request}"
	apigw.Register(api, op(http.MethodPost, one+"/quote", "quote-request", "Operator", "What a request costs now; good for 15 minutes"),
		func(ctx context.Context, in *RequestPath) (*read[Quote], error) {
			operator, err := staff(ctx)
			if err != nil {
				return nil, err
			}
			q, currency, err := svc.QuoteRequest(ctx, operator, in.id(), seats.RequestID(in.Request))
			if err != nil {
				return nil, err
			}
			return &read[Quote]{quoteBody(q, currency)}, nil
		})
	apigw.Register(api, op(http.MethodPost, one+"/approve", "approve-request", "Operator", "Do what a request asks for, exactly as quoted"),
		func(ctx context.Context, in *approveRequestInput) (*written[AnsweredRequest], error) {
			operator, err := staff(ctx)
			if err != nil {
				return nil, err
			}
			reply, err := svc.ApproveRequest(ctx, operator, in.id(), seats.RequestID(in.Request), seats.QuoteID(in.Body.QuoteID), in.Body.Message, once(ctx, in.Key, answeredBody))
			return answer(reply, err, answeredBody)
		})
	apigw.Register(api, op(http.MethodPost, one+"/decline", "decline-request", "Operator", "Answer a request and change nothing"),
		func(ctx context.Context, in *declineRequestInput) (*written[AnsweredRequest], error) {
			operator, err := staff(ctx)
			if err != nil {
				return nil, err
			}
			reply, err := svc.DeclineRequest(ctx, operator, in.id(), seats.RequestID(in.Request), in.Body.Message, once(ctx, in.Key, answeredBody))
			return answer(reply, err, answeredBody)
		})
}
