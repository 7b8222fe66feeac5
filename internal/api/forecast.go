package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/seats"
)

type forecastInput struct {
	SubscriptionPath
	Months int `query:"months" minimum:"1" maximum:"36" default:"12" doc:"How many months ahead"`
}

type whatIfInput struct {
	SubscriptionPath
	Months int `query:"months" minimum:"1" maximum:"36" default:"12" doc:"How many months ahead"`
	Body   struct {
		Changes []WhatIf `json:"changes" minItems:"1" maxItems:"12" doc:"Changes that nobody has made"`
	}
}

// WhatIf is a change to suppose.
type WhatIf struct {
	At     *time.Time `json:"at,omitempty" doc:"When it would be made; now if absent"`
	Seats  int64      `json:"seats,omitempty" minimum:"1" maximum:"1000000" doc:"The total number of seats"`
	PlanID string     `json:"plan_id,omitempty" maxLength:"32" doc:"Another plan of the product"`
	Cancel bool       `json:"cancel,omitempty" doc:"End the subscription with the cycle that runs then"`
}

// Forecast is what the account's documents will be if nothing else happens.
type Forecast struct {
	From      time.Time   `json:"from"`
	Until     time.Time   `json:"until"`
	Documents []Invoice   `json:"documents" doc:"Invoices and credit notes of the whole account, in their order"`
	DueTotal  apigw.Money `json:"amount_due_total" doc:"What all of them leave to be paid"`
	SeatsThen int64       `json:"seats_then" doc:"The subscription's seats at the end"`
	PlanThen  string      `json:"plan_then,omitempty" doc:"Its plan then; absent where it has ended"`
}

func forecastBody(f *seats.Forecast) Forecast {
	b := Forecast{From: f.From.UTC(), Until: f.Until.UTC(), Documents: []Invoice{}, DueTotal: amount(f.DueMinor, f.Account.Currency)}
	for _, d := range f.Documents {
		b.Documents = append(b.Documents, *invoiceBody(d.Document))
	}
	if s := f.Subscription; s != nil && s.Status == seats.SubscriptionActive {
		b.SeatsThen, b.PlanThen = s.Seats, s.Plan.ID
	}
	return b
}

func forecasts(api huma.API, svc *seats.Service) {
	const path = "/v1/accounts/{account}/subscriptions/{subscription}/forecast"
	look := func(ctx context.Context, in SubscriptionPath, months int, changes []seats.WhatIf) (*read[Forecast], error) {
		caller, err := person(ctx)
		if err != nil {
			return nil, err
		}
		f, err := svc.Forecast(ctx, caller, in.id(), in.sub(), months, changes)
		if err != nil {
			return nil, err
		}
		return &read[Forecast]{forecastBody(f)}, nil
	}
	apigw.Register(api, op(http.MethodGet, path, "get-forecast", "Plans", "What the next invoices will be if nothing happens"),
		func(ctx context.Context, in *forecastInput) (*read[Forecast], error) {
			return look(ctx, in.SubscriptionPath, in.Months, nil)
		})
	apigw.Register(api, op(http.MethodPost, path, "suppose", "Plans", "What the next invoices would be with changes that nobody has made; writes nothing"),
		func(ctx context.Context, in *whatIfInput) (*read[Forecast], error) {
			changes := make([]seats.WhatIf, len(in.Body.Changes))
			for i, c := range in.Body.Changes {
				changes[i] = seats.WhatIf{PlanID: c.PlanID, Seats: c.Seats, Cancel: c.Cancel}
				if c.At != nil {
					changes[i].At = *c.At
				}
			}
			return look(ctx, in.SubscriptionPath, in.Months, changes)
		})
}
