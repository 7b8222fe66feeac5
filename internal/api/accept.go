package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/seats"
)

// Identities verifies id_tokens. It returns a *seats.Error where the token is not
// good, and another error where the issuer could not be asked.
type Identities interface {
	// Verify returns the token's issuer, subject and verified email.
	Verify(ctx context.Context, idToken string) (issuer, subject, email string, err error)
}

// identity is the signed-in person with the verified email of an id_token, which
// must be of the same person as the access token.
func identity(ctx context.Context, identities Identities, idToken string) (seats.Identity, error) {
	caller, err := person(ctx)
	if err != nil {
		return seats.Identity{}, err
	}
	issuer, subject, email, err := identities.Verify(ctx, idToken)
	if err != nil {
		return seats.Identity{}, err
	}
	if apigw.SubjectHash(issuer, subject) != caller.Subject {
		return seats.Identity{}, badIDToken("is of another person than the access token: send both from the same sign-in")
	}
	normal, err := seats.NormalizeEmail(email)
	if err != nil {
		return seats.Identity{}, seats.ErrEmailMismatch
	}
	return seats.Identity{Subject: caller.Subject, Email: normal}, nil
}

func badIDToken(message string) error {
	e := *seats.ErrInvalid
	e.Fields = []seats.Field{{Location: "body.id_token", Message: message}}
	return &e
}

type lookupInput struct {
	Body struct {
		Token string `json:"token" maxLength:"500" doc:"The token in the link's fragment"`
	}
}

// Offer is what a link offers.
type Offer struct {
	AccountName string    `json:"account_name"`
	Email       string    `json:"email" doc:"Sign in with this email"`
	InviterName string    `json:"inviter_name,omitempty"`
	ProductName string    `json:"product_name,omitempty"`
	VendorName  string    `json:"vendor_name,omitempty"`
	ExpiresAt   time.Time `json:"expires_at"`
}

type acceptInput struct {
	apigw.IdempotencyHeader
	Body struct {
		Token   string `json:"token" maxLength:"500" doc:"The token in the link's fragment"`
		IDToken string `json:"id_token" maxLength:"16384" doc:"Of the same sign-in as the bearer token"`
	}
}

// Accepted is the user that an accepted invitation made active.
type Accepted struct {
	AccountID string `json:"account_id"`
	User      User   `json:"user"`
	Licensed  bool   `json:"licensed" doc:"Whether a license came with the invitation"`
}

func acceptedBody(u *seats.User) Accepted {
	return Accepted{AccountID: string(u.Account), User: userBody(u), Licensed: len(u.Licenses) > 0}
}

// Limits of public look-ups from one address, against guessing and scanning.
const (
	lookupsPerWindow = 60
	lookupWindow     = time.Minute
)

// Accept registers what the holder of a link does.
func Accept(api huma.API, svc *seats.Service, identities Identities) {
	lookup := op(http.MethodPost, "/v1/invitations/lookup", "look-up-invitation", "Invitations", "What a link offers, or why it no longer does")
	lookup.Security = apigw.Public()
	apigw.Register(api, lookup, func(ctx context.Context, in *lookupInput) (*read[Offer], error) {
		if err := svc.Limit(ctx, "lookup#"+apigw.CallerFrom(ctx).SourceIP, lookupsPerWindow, lookupWindow); err != nil {
			return nil, err
		}
		o, err := svc.LookUpInvitation(ctx, in.Body.Token)
		if err != nil {
			return nil, err
		}
		return &read[Offer]{Offer{
			AccountName: o.AccountName, Email: o.Email, InviterName: o.InviterName, ProductName: o.ProductName,
			VendorName: o.VendorName, ExpiresAt: o.ExpiresAt.UTC(),
		}}, nil
	})
	apigw.Register(api, op(http.MethodPost, "/v1/invitations/accept", "accept-invitation", "Invitations", "Accept an invitation: bind the identity, become active, use the link"),
		func(ctx context.Context, in *acceptInput) (*written[Accepted], error) {
			who, err := identity(ctx, identities, in.Body.IDToken)
			if err != nil {
				return nil, err
			}
			reply, err := svc.Accept(ctx, who, in.Body.Token, once(ctx, in.Key, acceptedBody))
			return answer(reply, err, acceptedBody)
		})
}
