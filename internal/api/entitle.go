package api

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/license"
	"github.com/usher-seats/usher/internal/seats"
)

// Licenses signs license tokens and publishes the keys.
type Licenses interface {
	// Sign makes a token of the claims, good from issuedAt until expires.
	Sign(ctx context.Context, c license.Claims, issuedAt, expires time.Time) (string, error)
	// JWKS is the set of all public keys.
	JWKS(ctx context.Context) (license.JWKS, error)
}

// Entitlement is a named capability that a license gives.
type Entitlement struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// EntitlementCheck says what a user may do with a product now.
type EntitlementCheck struct {
	Entitled       bool          `json:"entitled"`
	Denied         string        `json:"denied,omitempty" enum:"user_not_active,no_subscription,subscription_ended,no_license" doc:"Why not, where entitled is false"`
	AccountID      string        `json:"account_id"`
	UserID         string        `json:"user_id"`
	ProductID      string        `json:"product_id"`
	Entitlements   []Entitlement `json:"entitlements" doc:"What the license allows; empty where entitled is false"`
	SubscriptionID string        `json:"subscription_id,omitempty"`
	PlanID         string        `json:"plan_id,omitempty"`
	Trial          bool          `json:"trial,omitempty"`
	EndsAt         *time.Time    `json:"ends_at,omitempty" doc:"When the subscription ends, where it is cancelled"`
}

func entitlementBody(e seats.Entitled) EntitlementCheck {
	b := EntitlementCheck{
		Entitled: e.Denied == "", Denied: string(e.Denied), AccountID: string(e.Account), UserID: string(e.User), ProductID: e.Product,
		Entitlements: []Entitlement{},
	}
	if e.Subscription == nil || e.Denied == seats.DeniedUser {
		return b
	}
	b.SubscriptionID, b.PlanID, b.Trial = string(e.Subscription.ID), e.Subscription.Plan.ID, e.Subscription.Trial
	if e.Subscription.Cancel != nil {
		b.EndsAt = instant(e.Subscription.Period.End)
	}
	if b.Entitled {
		for _, one := range e.Plan.Product.Entitlements {
			b.Entitlements = append(b.Entitlements, Entitlement(one))
		}
	}
	return b
}

type myEntitlementInput struct {
	Product string `path:"product" maxLength:"32" pattern:"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$" doc:"Id of the product"`
	Account string `query:"account" maxLength:"40" doc:"Id of the account; needed where you are in several"`
}

type entitlementInput struct {
	UserPath
	Product string `path:"product" maxLength:"32" pattern:"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$" doc:"Id of the product"`
}

type licenseTokenInput struct {
	Body struct {
		Account string `json:"account,omitempty" maxLength:"40" doc:"Id of the account; needed where you are in several"`
		Product string `json:"product" maxLength:"32" doc:"Id of the product"`
	}
}

// LicenseToken is a signed license token.
type LicenseToken struct {
	Token     string    `json:"token" doc:"A JWS; check it with the keys of /.well-known/jwks.json"`
	ExpiresAt time.Time `json:"expires_at" doc:"By the wall clock, an hour at most"`
}

// KeySet is a JWK set of RFC 7517.
type KeySet struct {
	Keys []license.JWK `json:"keys" doc:"The first signs; all are good"`
}

type keySetOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         KeySet
}

// KeySetMaxAge is how long the key set may be cached: a new key is published for
// longer than that before it signs.
const KeySetMaxAge = 10 * time.Minute

// Entitle registers checks of entitlements and license tokens.
func Entitle(api huma.API, svc *seats.Service, licenses Licenses) {
	entitleChecks(api, svc)
	entitleTokens(api, svc, licenses)
}

func entitleChecks(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodGet, "/v1/entitlements/{product}", "get-my-entitlement", "Entitlements", "May I use a product, and what of it"),
		func(ctx context.Context, in *myEntitlementInput) (*read[EntitlementCheck], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			e, err := svc.MyEntitlement(ctx, caller, seats.AccountID(in.Account), in.Product)
			if err != nil {
				return nil, err
			}
			return &read[EntitlementCheck]{entitlementBody(e)}, nil
		})
	apigw.Register(api, op(http.MethodGet, "/v1/accounts/{account}/users/{user}/entitlements/{product}", "get-entitlement", "Entitlements",
		"May this user use a product, for the vendor's servers (scope entitlements:read)"),
		func(ctx context.Context, in *entitlementInput) (*read[EntitlementCheck], error) {
			if err := vendorServer(ctx); err != nil {
				return nil, err
			}
			e, err := svc.CheckEntitlement(ctx, in.id(), seats.UserID(in.User), in.Product)
			if err != nil {
				return nil, err
			}
			return &read[EntitlementCheck]{entitlementBody(e)}, nil
		})
}

func entitleTokens(api huma.API, svc *seats.Service, licenses Licenses) {
	apigw.Register(api, op(http.MethodPost, "/v1/license-tokens", "create-license-token", "Entitlements", "A signed token of the caller's license, to be checked offline"),
		func(ctx context.Context, in *licenseTokenInput) (*read[LicenseToken], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			g, err := svc.GrantLicense(ctx, caller, seats.AccountID(in.Body.Account), in.Body.Product)
			if err != nil {
				return nil, err
			}
			claims := license.Claims{Subject: string(g.User), Account: string(g.Account), Product: g.Product, Epoch: g.Epoch}
			for _, e := range g.Entitlements {
				claims.Entitlements = append(claims.Entitlements, e.ID)
			}
			token, err := licenses.Sign(ctx, claims, g.IssuedAt, g.ExpiresAt)
			if err != nil {
				return nil, noKey(ctx, err)
			}
			return &read[LicenseToken]{LicenseToken{Token: token, ExpiresAt: g.ExpiresAt.UTC()}}, nil
		})
	keys := op(http.MethodGet, "/.well-known/jwks.json", "get-license-keys", "Entitlements", "The public keys of license tokens")
	keys.Security = apigw.Public()
	apigw.Register(api, keys, func(ctx context.Context, _ *struct{}) (*keySetOutput, error) {
		set, err := licenses.JWKS(ctx)
		if err != nil {
			return nil, noKey(ctx, err)
		}
		age := strconv.Itoa(int(KeySetMaxAge / time.Second))
		return &keySetOutput{CacheControl: "public, max-age=" + age, Body: KeySet{Keys: set.Keys}}, nil
	})
}

// noKey is for signing keys that do not answer: nobody's mistake, and soon over.
func noKey(ctx context.Context, err error) error {
	slog.ErrorContext(ctx, "the signing keys do not answer", "err", err)
	return seats.ErrBusy.With("Licenses cannot be signed at the moment. Nothing was changed; try again in a moment.")
}

// vendorServer refuses everybody else. What an account has is no part of the answer.
func vendorServer(ctx context.Context) error {
	if apigw.CallerFrom(ctx).Kind != apigw.Vendor {
		return seats.ErrForbidden.With("This is for the vendor's servers, by a token of client credentials with the scope %s. Ask GET /v1/entitlements/{product} about yourself.", apigw.ScopeEntitlements)
	}
	return nil
}

type revokeTokensInput struct {
	AccountPath
	apigw.IdempotencyHeader
}

// RevokedTokens says from which epoch on tokens are good.
type RevokedTokens struct {
	Epoch int64 `json:"epoch" doc:"Tokens with a lower one are to be refused"`
}

func operateTokens(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodPost, "/v1/operator/accounts/{account}/tokens/revoke", "revoke-license-tokens", "Operator",
		"Call for the account's license tokens to be refused from now on"),
		func(ctx context.Context, in *revokeTokensInput) (*written[RevokedTokens], error) {
			operator, err := staff(ctx)
			if err != nil {
				return nil, err
			}
			body := func(epoch int64) RevokedTokens { return RevokedTokens{epoch} }
			reply, err := svc.RevokeTokens(ctx, operator, in.id(), once(ctx, in.Key, body))
			return answer(reply, err, body)
		})
}
