package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/seats"
)

type bindInput struct {
	Body struct {
		IDToken string `json:"id_token" maxLength:"16384" doc:"Of the same sign-in as the bearer token"`
	}
}

// Me is where a person is a user.
type Me struct {
	Accounts []MyAccount `json:"accounts"`
	Bound    int         `json:"bound" doc:"How many users this request has bound to the identity"`
}

// MyAccount is one account of a person.
type MyAccount struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status" enum:"open,parked"`
	User   User   `json:"user"`
	// Products are for members too, who may not list subscriptions.
	Products []MyProduct `json:"products" doc:"What the account is subscribed to; ask GET /v1/entitlements/{product} what of it you may use"`
}

// MyProduct is a product of one of a person's accounts.
type MyProduct struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type accountInput struct {
	AccountPath
}

type editAccountInput struct {
	AccountPath
	apigw.IdempotencyHeader
	Body struct {
		Name           *string     `json:"name,omitempty" maxLength:"100"`
		TimeZone       *string     `json:"time_zone,omitempty" maxLength:"64" doc:"Applies from the next boundary"`
		BillingContact *string     `json:"billing_contact,omitempty" maxLength:"254" doc:"Empty for the owner"`
		InvoiceAddress *PartyInput `json:"invoice_address,omitempty"`
		MailsOff       *[]mailKind `json:"mails_off,omitempty" maxItems:"21" doc:"Kinds of mail that the account does not want"`
	}
}

type subscriptionInput struct {
	SubscriptionPath
}

type holdersInput struct {
	SubscriptionPath
	apigw.Paging
}

// Holder is a user with a license.
type Holder struct {
	User    User    `json:"user"`
	License License `json:"license"`
}

// Read registers what only reads, and the binding of a new identity.
func Read(api huma.API, svc *seats.Service, identities Identities) {
	readMe(api, svc, identities)
	readAccount(api, svc)
	readPools(api, svc)
	readEvents(api, svc)
}

func readMe(api huma.API, svc *seats.Service, identities Identities) {
	apigw.Register(api, op(http.MethodGet, "/v1/me", "get-me", "Me", "The caller's accounts, with role and licenses there"),
		func(ctx context.Context, _ *struct{}) (*read[Me], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			return me(ctx, svc, caller, 0)
		})
	apigw.Register(api, op(http.MethodPost, "/v1/me", "bind-me", "Me", "Bind the signed-in identity to users created with its verified email"),
		func(ctx context.Context, in *bindInput) (*read[Me], error) {
			who, err := identity(ctx, identities, in.Body.IDToken)
			if err != nil {
				return nil, err
			}
			bound, err := svc.Bind(ctx, who)
			if err != nil {
				return nil, err
			}
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			return me(ctx, svc, caller, bound)
		})
}

func me(ctx context.Context, svc *seats.Service, caller seats.Caller, bound int) (*read[Me], error) {
	mine, err := svc.MyAccounts(ctx, caller)
	if err != nil {
		return nil, err
	}
	b := Me{Accounts: make([]MyAccount, len(mine)), Bound: bound}
	for i, m := range mine {
		b.Accounts[i] = MyAccount{ID: string(m.Account.ID), Name: m.Account.Name, Status: string(m.Account.Status), User: userBody(m.Me), Products: []MyProduct{}}
		for _, p := range m.Products {
			b.Accounts[i].Products = append(b.Accounts[i].Products, MyProduct{ID: p.ID, Name: p.Name})
		}
	}
	return &read[Me]{b}, nil
}

func readAccount(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodGet, "/v1/accounts/{account}", "get-account", "Account", "The account's settings"),
		func(ctx context.Context, in *accountInput) (*read[Account], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			access, spends, err := svc.EnterSpending(ctx, caller, in.id())
			if err != nil {
				return nil, err
			}
			if !spends {
				return &read[Account]{plainAccountBody(access.Account, access.Now)}, nil
			}
			return &read[Account]{accountBody(access.Account, access.Now)}, nil
		})
	apigw.Register(api, op(http.MethodPatch, "/v1/accounts/{account}", "edit-account", "Account", "Change the account's settings"),
		func(ctx context.Context, in *editAccountInput) (*written[Account], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			patch := seats.AccountPatch{Name: in.Body.Name, Zone: in.Body.TimeZone, BillingContact: in.Body.BillingContact}
			if in.Body.InvoiceAddress != nil {
				p := in.Body.InvoiceAddress.party()
				patch.Customer = &p
			}
			if in.Body.MailsOff != nil {
				off := texts(*in.Body.MailsOff)
				patch.MailsOff = &off
			}
			body := func(e seats.EditedAccount) Account { return accountBody(e.Account, e.Now) }
			reply, err := svc.EditAccount(ctx, caller, in.id(), patch, once(ctx, in.Key, body))
			return answer(reply, err, body)
		})
}

func readPools(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodGet, "/v1/accounts/{account}/subscriptions", "list-subscriptions", "Licenses", "The account's subscriptions: seats, in use, reserved, available"),
		func(ctx context.Context, in *accountInput) (*read[apigw.Page[Subscription]], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			access, pools, err := svc.Pools(ctx, caller, in.id(), "")
			if err != nil {
				return nil, err
			}
			// At most MaxProductsPerAccount: one page holds them all.
			items := make([]Subscription, len(pools))
			for i, p := range pools {
				items[i] = poolBody(access.Account)(p)
			}
			return &read[apigw.Page[Subscription]]{apigw.NewPage(items, "")}, nil
		})
	apigw.Register(api, op(http.MethodGet, "/v1/accounts/{account}/subscriptions/{subscription}", "get-subscription", "Licenses", "One subscription"),
		func(ctx context.Context, in *subscriptionInput) (*read[Subscription], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			if _, err := in.sub().Product(); err != nil {
				return nil, err
			}
			access, pools, err := svc.Pools(ctx, caller, in.id(), in.sub())
			if err != nil {
				return nil, err
			}
			return &read[Subscription]{poolBody(access.Account)(pools[0])}, nil
		})
	apigw.Register(api, op(http.MethodGet, "/v1/accounts/{account}/subscriptions/{subscription}/licenses", "list-licenses", "Licenses", "Who holds a license, since when, given by whom"),
		func(ctx context.Context, in *holdersInput) (*read[apigw.Page[Holder]], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			holders, err := svc.Holders(ctx, caller, in.id(), in.sub())
			if err != nil {
				return nil, err
			}
			scope := apigw.CursorScope{Account: in.id(), List: "licenses", Filter: in.Subscription}
			page, next, err := pageOf(scope, in.Paging, holders, false, func(h seats.Holder) place {
				return place{seats.SortableInstant(h.License.Since), string(h.User.ID)}
			})
			if err != nil {
				return nil, err
			}
			product, err := in.sub().Product()
			if err != nil {
				return nil, err
			}
			items := make([]Holder, len(page))
			for i, h := range page {
				items[i] = Holder{User: userBody(h.User), License: licenseBody(product, h.License)}
			}
			return &read[apigw.Page[Holder]]{apigw.NewPage(items, next)}, nil
		})
}

type listEventsInput struct {
	AccountPath
	apigw.Paging
	User string    `query:"user" maxLength:"40" doc:"About this user, or done by them"`
	Type string    `query:"type" maxLength:"60" doc:"Such as license.assigned"`
	From time.Time `query:"from" doc:"At or after this instant"`
	To   time.Time `query:"to" doc:"Before this instant"`
}

func readEvents(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodGet, "/v1/accounts/{account}/events", "list-events", "Activity", "The ledger, newest first"),
		func(ctx context.Context, in *listEventsInput) (*read[apigw.Page[Event]], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			filter := seats.EventFilter{User: seats.UserID(in.User), Type: in.Type, From: in.From, To: in.To}
			scope := apigw.CursorScope{Account: in.id(), List: "events", Filter: in.User + "\x00" + in.Type + "\x00" + in.From.String() + "\x00" + in.To.String()}
			page, err := storePage(scope, in.Paging)
			if err != nil {
				return nil, err
			}
			found, cursor, err := svc.ListEvents(ctx, caller, in.id(), filter, page)
			if err != nil {
				return nil, err
			}
			items := make([]Event, len(found))
			for i := range found {
				if items[i], err = eventBody(&found[i]); err != nil {
					return nil, err
				}
			}
			return &read[apigw.Page[Event]]{apigw.NewPage(items, nextPage(scope, cursor))}, nil
		})
}
