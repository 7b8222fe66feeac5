package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/seats"
)

type inviteInput struct {
	AccountPath
	apigw.IdempotencyHeader
	Body struct {
		People []Invitee `json:"people" minItems:"1" maxItems:"100"`
		Buying
	}
}

// Invitee is one person to invite.
type Invitee struct {
	Email          string `json:"email" maxLength:"254"`
	FirstName      string `json:"first_name" maxLength:"60"`
	LastName       string `json:"last_name" maxLength:"60"`
	Qualification  string `json:"qualification,omitempty" maxLength:"60"`
	Role           string `json:"role,omitempty" enum:"admin,billing_admin,member" doc:"member if absent"`
	SubscriptionID string `json:"subscription_id,omitempty" maxLength:"80" doc:"A license of this subscription comes with the invitation; its seat is reserved where the plan keeps seats for invitations"`
}

// InviteResult is what became of one person.
type InviteResult struct {
	Email        string     `json:"email"`
	Status       string     `json:"status" enum:"invited,refused"`
	UserID       string     `json:"user_id,omitempty"`
	InvitationID string     `json:"invitation_id,omitempty"`
	ExpiresAt    *time.Time `json:"expires_at,omitempty"`
	Error        *Refusal   `json:"error,omitempty"`
}

// InviteResults are in the order of the people.
type InviteResults struct {
	Results []InviteResult `json:"results"`
	Priced
}

func inviteBody(results []seats.InviteResult) InviteResults {
	b := InviteResults{Results: make([]InviteResult, len(results))}
	for i, r := range results {
		if r.Refused != nil {
			b.Results[i] = InviteResult{Email: r.Email, Status: "refused", Error: refusal(r.Refused)}
			continue
		}
		b.Results[i] = InviteResult{
			Email: r.Email, Status: "invited", UserID: string(r.User), InvitationID: string(r.Invitation), ExpiresAt: instant(r.ExpiresAt),
		}
	}
	return b
}

type invitationInput struct {
	AccountPath
	apigw.IdempotencyHeader
	Invitation string `path:"invitation" maxLength:"40" doc:"Id of the invitation"`
}

type listInvitationsInput struct {
	AccountPath
	apigw.Paging
}

// Invite registers the operations on invitations.
func Invite(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodPost, "/v1/accounts/{account}/invitations", "invite", "Invitations", "Invite 1 to 100 people, with one result per person"),
		func(ctx context.Context, in *inviteInput) (*written[InviteResults], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			people := make([]seats.Invitee, len(in.Body.People))
			for i, p := range in.Body.People {
				people[i] = seats.Invitee{
					Email: p.Email, FirstName: p.FirstName, LastName: p.LastName, Qualification: p.Qualification,
					Role: p.Role, Subscription: seats.SubscriptionID(p.SubscriptionID),
				}
			}
			if in.Body.DryRun {
				trial, err := svc.TryInvite(ctx, caller, in.id(), people)
				return tried(trial, err, func(results []seats.InviteResult, price Priced) InviteResults {
					b := inviteBody(results)
					b.Priced = price
					return b
				})
			}
			reply, err := svc.InviteBuying(ctx, caller, in.id(), people, in.Body.purchase(), once(ctx, in.Key, inviteBody))
			return answer(reply, err, inviteBody)
		})
	apigw.Register(api, op(http.MethodGet, "/v1/accounts/{account}/invitations", "list-invitations", "Invitations", "Open and expired invitations"),
		func(ctx context.Context, in *listInvitationsInput) (*read[apigw.Page[Invitation]], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			filter := seats.UserFilter{Status: seats.UserInvited}
			seen, err := svc.SeeUsers(ctx, caller, in.id(), filter)
			if err != nil {
				return nil, err
			}
			scope := apigw.CursorScope{Account: in.id(), List: "invitations"}
			page, next, err := pageOf(scope, in.Paging, seen.Users, filter.Reversed(), userPlace(filter))
			if err != nil {
				return nil, err
			}
			mails, err := svc.InvitationMails(ctx, seen.Access.Account, page)
			if err != nil {
				return nil, err
			}
			items := make([]Invitation, len(page))
			for i, u := range page {
				items[i] = invitationBody(u)
				if mail, ok := mails[u.ID]; ok {
					items[i].Mail = invitationMailBody(mail)
				}
			}
			return &read[apigw.Page[Invitation]]{apigw.NewPage(items, next)}, nil
		})
	apigw.Register(api, op(http.MethodPost, "/v1/accounts/{account}/invitations/{invitation}/resend", "resend-invitation", "Invitations", "Send an invitation again, with a new link and a new expiry"),
		func(ctx context.Context, in *invitationInput) (*written[Invitation], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			reply, err := svc.ResendInvitation(ctx, caller, in.id(), seats.InvitationID(in.Invitation), once(ctx, in.Key, invitationBody))
			return answer(reply, err, invitationBody)
		})
	apigw.Register(api, op(http.MethodDelete, "/v1/accounts/{account}/invitations/{invitation}", "cancel-invitation", "Invitations", "Cancel an invitation; its seat and email are free again"),
		func(ctx context.Context, in *invitationInput) (*done, error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			return answerEmpty(svc.CancelInvitation(ctx, caller, in.id(), seats.InvitationID(in.Invitation), once(ctx, in.Key, empty[*seats.User])))
		})
}
