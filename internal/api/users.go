package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/seats"
)

type listUsersInput struct {
	AccountPath
	apigw.Paging
	Query    string `query:"q" maxLength:"100" doc:"Beginning of first name, last name or email"`
	Role     string `query:"role" enum:"owner,admin,billing_admin,member"`
	Status   string `query:"status" enum:"invited,active,deactivated,removed" doc:"Removed users are listed only by removed"`
	Licensed string `query:"licensed" enum:"true,false" doc:"Whether the user holds a license of any product"`
	Sort     string `query:"sort" enum:"name,email,added,status,-name,-email,-added,-status" doc:"- reverses"`
}

func (in *listUsersInput) filter() seats.UserFilter {
	f := seats.UserFilter{Query: in.Query, Role: seats.Role(in.Role), Status: seats.UserStatus(in.Status), Sort: in.Sort}
	if in.Licensed != "" {
		yes := in.Licensed == "true"
		f.Licensed = &yes
	}
	return f
}

// UserPage is a page of users with the numbers of the whole list.
type UserPage struct {
	apigw.Page[User]
	Total       int `json:"total" doc:"Users that the filters let through, on all pages"`
	ActiveUsers int `json:"active_users" doc:"Active users of the account, whatever the filters; for a member, of those seen"`
}

func userPlace(f seats.UserFilter) func(*seats.User) place {
	return func(u *seats.User) place { return place{f.Key(u), string(u.ID)} }
}

type getUserInput struct {
	UserPath
}

type editUserInput struct {
	UserPath
	apigw.IdempotencyHeader
	Body struct {
		FirstName     *string `json:"first_name,omitempty" maxLength:"60"`
		LastName      *string `json:"last_name,omitempty" maxLength:"60"`
		Qualification *string `json:"qualification,omitempty" maxLength:"60"`
		Role          *string `json:"role,omitempty" enum:"owner,admin,billing_admin,member"`
	}
}

type userCommandInput struct {
	UserPath
	apigw.IdempotencyHeader
}

// Users registers the operations on users.
func Users(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodGet, "/v1/accounts/{account}/users", "list-users", "Users", "Users of the account; members see themselves"),
		func(ctx context.Context, in *listUsersInput) (*read[UserPage], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			filter := in.filter()
			seen, err := svc.SeeUsers(ctx, caller, in.id(), filter)
			if err != nil {
				return nil, err
			}
			scope := apigw.CursorScope{Account: in.id(), List: "users", Filter: in.Query + "\x00" + in.Role + "\x00" + in.Status + "\x00" + in.Licensed + "\x00" + in.Sort}
			page, next, err := pageOf(scope, in.Paging, seen.Users, filter.Reversed(), userPlace(filter))
			if err != nil {
				return nil, err
			}
			items := make([]User, len(page))
			for i, u := range page {
				items[i] = userBody(u)
			}
			return &read[UserPage]{UserPage{apigw.NewPage(items, next), len(seen.Users), seen.Active}}, nil
		})
	apigw.Register(api, op(http.MethodGet, "/v1/accounts/{account}/users/{user}", "get-user", "Users", "One user"),
		func(ctx context.Context, in *getUserInput) (*read[User], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			u, err := svc.GetUser(ctx, caller, in.id(), seats.UserID(in.User))
			if err != nil {
				return nil, err
			}
			return &read[User]{userBody(u)}, nil
		})
	apigw.Register(api, op(http.MethodPatch, "/v1/accounts/{account}/users/{user}", "edit-user", "Users", "Change names, qualification or role"),
		func(ctx context.Context, in *editUserInput) (*written[User], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			b := in.Body
			patch := seats.UserPatch{FirstName: b.FirstName, LastName: b.LastName, Qualification: b.Qualification, Role: b.Role}
			reply, err := svc.EditUser(ctx, caller, in.id(), seats.UserID(in.User), patch, once(ctx, in.Key, userBody))
			return answer(reply, err, userBody)
		})
	userCommand(api, "activate", "Give a deactivated user access again, without licenses", svc.ActivateUser)
	userCommand(api, "deactivate", "Take a user's access; all licenses end with it", svc.DeactivateUser)
	userCommand(api, "erase", "Replace the personal data of a removed user for good; the id stays", svc.EraseUser)
	createUsers(api, svc)
	apigw.Register(api, op(http.MethodDelete, "/v1/accounts/{account}/users/{user}", "remove-user", "Users", "Remove a user; licenses and an open invitation end, the email is free"),
		func(ctx context.Context, in *userCommandInput) (*done, error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			return answerEmpty(svc.RemoveUser(ctx, caller, in.id(), seats.UserID(in.User), once(ctx, in.Key, empty[*seats.User])))
		})
}

type userUseCase func(context.Context, seats.Caller, seats.AccountID, seats.UserID, seats.Once[*seats.User]) (seats.Reply[*seats.User], error)

func userCommand(api huma.API, verb, summary string, run userUseCase) {
	apigw.Register(api, op(http.MethodPost, "/v1/accounts/{account}/users/{user}/"+verb, verb+"-user", "Users", summary),
		func(ctx context.Context, in *userCommandInput) (*written[User], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			reply, err := run(ctx, caller, in.id(), seats.UserID(in.User), once(ctx, in.Key, userBody))
			return answer(reply, err, userBody)
		})
}
