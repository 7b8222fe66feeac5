package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/seats"
)

type revokeInput struct {
	SubscriptionPath
	apigw.IdempotencyHeader
	User string `path:"user" maxLength:"40" doc:"Id of the user"`
}

// Revoke registers the taking of licenses.
func Revoke(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodDelete, "/v1/accounts/{account}/subscriptions/{subscription}/licenses/{user}", "revoke-license", "Licenses", "Take a license; its seat is free at once"),
		func(ctx context.Context, in *revokeInput) (*done, error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			return answerEmpty(svc.Revoke(ctx, caller, in.id(), in.sub(), seats.UserID(in.User), once(ctx, in.Key, empty[struct{}])))
		})
}
