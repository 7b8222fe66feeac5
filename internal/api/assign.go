package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/seats"
)

type assignInput struct {
	SubscriptionPath
	apigw.IdempotencyHeader
	Body struct {
		UserIDs []idText `json:"user_ids" minItems:"1" maxItems:"100"`
		Buying
	}
}

// AssignResult is what became of one user.
type AssignResult struct {
	UserID  string   `json:"user_id"`
	Status  string   `json:"status" enum:"assigned,already_assigned,refused"`
	License *License `json:"license,omitempty" doc:"None where active users are billed: who is active holds one"`
	Error   *Refusal `json:"error,omitempty"`
}

// AssignResults are in the order of the user ids.
type AssignResults struct {
	Results []AssignResult `json:"results"`
	Priced
}

func assignBody(results []seats.AssignResult) AssignResults {
	b := AssignResults{Results: make([]AssignResult, len(results))}
	for i, r := range results {
		row := AssignResult{UserID: string(r.User), Status: "assigned", Error: refusal(r.Refused)}
		switch {
		case r.Refused != nil:
			row.Status = "refused"
		case r.Already:
			row.Status = "already_assigned"
		}
		if r.Refused == nil && r.License.Subscription != "" {
			product, _ := r.License.Subscription.Product() // a stored id is well formed
			l := licenseBody(product, r.License)
			row.License = &l
		}
		b.Results[i] = row
	}
	return b
}

// Assign registers the giving of licenses.
func Assign(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodPost, "/v1/accounts/{account}/subscriptions/{subscription}/licenses", "assign-licenses", "Licenses", "Give 1 to 100 users a license, with one result per user"),
		func(ctx context.Context, in *assignInput) (*written[AssignResults], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			users := make([]seats.UserID, len(in.Body.UserIDs))
			for i, id := range in.Body.UserIDs {
				users[i] = seats.UserID(id)
			}
			if in.Body.DryRun {
				trial, err := svc.TryAssign(ctx, caller, in.id(), in.sub(), users)
				return tried(trial, err, func(results []seats.AssignResult, price Priced) AssignResults {
					b := assignBody(results)
					b.Priced = price
					return b
				})
			}
			reply, err := svc.AssignBuying(ctx, caller, in.id(), in.sub(), users, in.Body.purchase(), once(ctx, in.Key, assignBody))
			return answer(reply, err, assignBody)
		})
}
