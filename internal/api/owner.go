package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/seats"
)

type ownerInput struct {
	AccountPath
	apigw.IdempotencyHeader
	Body struct {
		UserID string `json:"user_id" maxLength:"40" doc:"An active user who has signed in before"`
	}
}

// OwnerTransfer registers the transfer of the ownership.
func OwnerTransfer(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodPut, "/v1/accounts/{account}/owner", "transfer-ownership", "Users", "Make another user the owner; both are signed out"),
		func(ctx context.Context, in *ownerInput) (*written[User], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			reply, err := svc.TransferOwnership(ctx, caller, in.id(), seats.UserID(in.Body.UserID), once(ctx, in.Key, userBody))
			return answer(reply, err, userBody)
		})
}
