package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/seats"
)

type createUserInput struct {
	AccountPath
	apigw.IdempotencyHeader
	Body struct {
		Email          string `json:"email" maxLength:"254"`
		FirstName      string `json:"first_name" maxLength:"60"`
		LastName       string `json:"last_name" maxLength:"60"`
		Qualification  string `json:"qualification,omitempty" maxLength:"60"`
		Role           string `json:"role,omitempty" enum:"admin,billing_admin,member" doc:"member if absent"`
		Active         *bool  `json:"active,omitempty" doc:"true if absent. Who is created inactive has no role and no license until activated"`
		SubscriptionID string `json:"subscription_id,omitempty" maxLength:"80" doc:"A license of this subscription comes with the user"`
		Buying
	}
}

// CreatedUser is a user that was created, or in a dry run would be.
type CreatedUser struct {
	User User `json:"user" doc:"Without an id in a dry run"`
	Priced
}

func createdBody(u *seats.User) CreatedUser { return CreatedUser{User: userBody(u)} }

type importInput struct {
	AccountPath
	apigw.IdempotencyHeader
	Body struct {
		CSV string `json:"csv" maxLength:"400000" doc:"RFC 4180, at most 500 lines behind a header line with email, first_name, last_name and, if wanted, qualification, role, active and one of license, product or subscription"`
		Buying
	}
}

// ImportResult is what became of one line.
type ImportResult struct {
	Line    int      `json:"line" doc:"Counted from 1; the header is one"`
	Email   string   `json:"email"`
	UserID  string   `json:"user_id,omitempty"`
	Refused *Refusal `json:"refused,omitempty" doc:"Why the line was not imported; the others are"`
}

// ImportResults are in the order of the lines.
type ImportResults struct {
	Results []ImportResult `json:"results"`
	Priced
}

func importBody(results []seats.ImportResult) ImportResults {
	b := ImportResults{Results: make([]ImportResult, len(results))}
	for i, r := range results {
		b.Results[i] = ImportResult{Line: r.Line, Email: r.Email, UserID: string(r.User), Refused: refusal(r.Refused)}
	}
	return b
}

// createUsers registers the adding of users without an invitation.
func createUsers(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodPost, "/v1/accounts/{account}/users", "create-user", "Users", "Create a user without an invitation, active or inactive"),
		func(ctx context.Context, in *createUserInput) (*written[CreatedUser], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			b := in.Body
			user := seats.NewUser{
				Invitee: seats.Invitee{
					Email: b.Email, FirstName: b.FirstName, LastName: b.LastName, Qualification: b.Qualification,
					Role: b.Role, Subscription: seats.SubscriptionID(b.SubscriptionID),
				},
				Inactive: b.Active != nil && !*b.Active,
			}
			if b.DryRun {
				trial, err := svc.TryCreateUser(ctx, caller, in.id(), user)
				return tried(trial, err, func(users []*seats.User, price Priced) CreatedUser {
					return CreatedUser{User: userBody(users[0]), Priced: price}
				})
			}
			reply, err := svc.CreateUser(ctx, caller, in.id(), user, b.purchase(), once(ctx, in.Key, createdBody))
			return answer(reply, err, createdBody)
		})
	apigw.Register(api, op(http.MethodPost, "/v1/accounts/{account}/users/import", "import-users", "Users", "Create up to 500 users of a CSV file, with one result per line"),
		func(ctx context.Context, in *importInput) (*written[ImportResults], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			if in.Body.DryRun {
				trial, err := svc.TryImportUsers(ctx, caller, in.id(), in.Body.CSV)
				return tried(trial, err, func(results []seats.ImportResult, price Priced) ImportResults {
					b := importBody(results)
					b.Priced = price
					return b
				})
			}
			reply, err := svc.ImportUsers(ctx, caller, in.id(), in.Body.CSV, in.Body.purchase(), once(ctx, in.Key, importBody))
			return answer(reply, err, importBody)
		})
}
