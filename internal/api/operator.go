package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/audit"
	"github.com/usher-seats/usher/internal/seats"
)

type catalogInput struct {
	Body struct {
		Catalog string `json:"catalog" maxLength:"200000" doc:"The catalog's YAML"`
	}
}

// CatalogChecked says what a catalog would publish.
type CatalogChecked struct {
	Plans   []PlanVersion    `json:"plans"`
	Changes []PlanDifference `json:"changes" doc:"How the plans differ from their newest versions before publishing; empty where nothing does"`
}

// PlanDifference is one thing that a plan's next version says differently.
type PlanDifference struct {
	PlanID string `json:"plan_id"`
	Field  string `json:"field" example:"policies.settle" doc:"Where it stands in the catalog; plan for a plan that is new"`
	From   string `json:"from" doc:"In words; empty where there was nothing"`
	To     string `json:"to"`
}

// PublishedCatalog is what can be sold today.
type PublishedCatalog struct {
	Plans []PublishedPlan `json:"plans" nullable:"false" doc:"The newest version of each, by product, interval and rank"`
}

// PublishedPlan is the newest version of a plan, as one who opens an account chooses it.
type PublishedPlan struct {
	PlanVersion
	ProductName string   `json:"product_name"`
	Interval    string   `json:"interval" enum:"month,year"`
	Billing     string   `json:"billing" enum:"seats,active_users"`
	Currencies  []string `json:"currencies" nullable:"false" doc:"In which it has a price"`
}

func publishedBody(p *seats.Plan) PublishedPlan {
	b := PublishedPlan{
		PlanVersion: PlanVersion{PlanID: p.ID, Version: p.Version, Name: p.Name, ProductID: p.Product.ID, Policies: p.Policies.Sentences()},
		ProductName: p.Product.Name, Interval: string(p.Interval), Billing: string(seats.BillingSeats),
	}
	if p.Policies.ActiveUsers() {
		b.Billing = string(seats.BillingActiveUsers)
	}
	for currency := range p.Prices {
		b.Currencies = append(b.Currencies, string(currency))
	}
	slices.Sort(b.Currencies)
	return b
}

// PlanVersion is a plan of a catalog; version 0 is not published.
type PlanVersion struct {
	PlanID    string   `json:"plan_id"`
	Version   int      `json:"version"`
	Name      string   `json:"name"`
	ProductID string   `json:"product_id"`
	Policies  []string `json:"policies" doc:"Each policy as a sentence"`
}

type openAccountInput struct {
	apigw.IdempotencyHeader
	Body struct {
		Name           string      `json:"name" maxLength:"100"`
		Currency       string      `json:"currency" maxLength:"3" example:"EUR"`
		TimeZone       string      `json:"time_zone" maxLength:"64" example:"Europe/Berlin"`
		Owner          OwnerInput  `json:"owner"`
		PlanID         string      `json:"plan_id" maxLength:"32"`
		Seats          int64       `json:"seats,omitempty" minimum:"1" maximum:"1000000" doc:"Left out where the plan bills active users"`
		InvoiceAddress *PartyInput `json:"invoice_address,omitempty"`
		TaxRatePPM     int64       `json:"tax_rate_ppm,omitempty" minimum:"0" maximum:"1000000" doc:"In millionths: 190000 is 19 %"`
		ReverseCharge  bool        `json:"reverse_charge,omitempty"`
		Test           bool        `json:"test,omitempty" doc:"Gives the account a clock of its own"`
		Clock          time.Time   `json:"clock,omitempty" doc:"Where a test account's clock starts; now if absent"`
	}
}

// OwnerInput is the first owner of an account.
type OwnerInput struct {
	Email     string `json:"email" maxLength:"254"`
	FirstName string `json:"first_name" maxLength:"60"`
	LastName  string `json:"last_name" maxLength:"60"`
}

// OpenedAccount is a new account.
type OpenedAccount struct {
	Account        Account  `json:"account"`
	Owner          User     `json:"owner"`
	SubscriptionID string   `json:"subscription_id"`
	Invoice        *Invoice `json:"invoice,omitempty"`
}

func openedBody(o seats.Opened) OpenedAccount {
	return OpenedAccount{
		Account: accountBody(o.Account, o.Account.OpenedAt), Owner: userBody(o.Owner),
		SubscriptionID: string(o.Subscription.ID), Invoice: issuedBody(o.Invoice),
	}
}

// AccountOverview is an account as the vendor's staff sees it.
type AccountOverview struct {
	ID            string         `json:"id"`
	Name          string         `json:"name"`
	Currency      string         `json:"currency"`
	TimeZone      string         `json:"time_zone"`
	Status        string         `json:"status" enum:"open,parked"`
	ParkedFor     string         `json:"parked_for,omitempty" doc:"Why the account cannot be closed"`
	Test          bool           `json:"test"`
	Clock         *time.Time     `json:"clock,omitempty"`
	NextDue       *time.Time     `json:"next_due,omitempty"`
	Owner         *User          `json:"owner,omitempty"`
	Subscriptions []Subscription `json:"subscriptions"`
	Users         []User         `json:"users" doc:"The first 100, in a list of accounts the first 20; removed users are left out"`
}

// How many users an overview shows: alone, and in a list of 100 accounts, which must
// stay below the 4 MB of an answer with the longest of names.
const (
	maxOverviewUsers = 100
	maxListedUsers   = 20
)

func overviewBody(o seats.AccountOverview, maxUsers int) AccountOverview {
	a := o.Account
	b := AccountOverview{
		ID: string(a.ID), Name: a.Name, Currency: string(a.Currency), TimeZone: a.Zone, Status: string(a.Status), ParkedFor: a.ParkedFor,
		Test: a.Test, NextDue: instant(a.Due), Subscriptions: []Subscription{}, Users: []User{},
	}
	if a.Test {
		b.Clock = instant(a.Clock)
	}
	for _, p := range o.Pools {
		b.Subscriptions = append(b.Subscriptions, poolBody(a)(p))
	}
	for _, u := range o.Users {
		shown := u.Status != seats.UserRemoved && len(b.Users) < maxUsers
		if !shown && u.ID != a.Owner {
			continue
		}
		body := userBody(u)
		if u.ID == a.Owner {
			b.Owner = &body
		}
		if shown {
			b.Users = append(b.Users, body)
		}
	}
	return b
}

type operatorAccountInput struct {
	AccountPath
}

type operatorListInput struct {
	apigw.Paging
}

type clockInput struct {
	AccountPath
	Body struct {
		To time.Time `json:"to" doc:"Only forward, any distance"`
	}
}

// Clock is where a test account's clock stands.
type Clock struct {
	Clock time.Time `json:"clock"`
	Done  bool      `json:"done" doc:"false where the time of one call ran out: send the same request again"`
}

// Closed says how many boundaries were closed.
type Closed struct {
	Closed int `json:"closed"`
}

// ParseCatalog reads a catalog's YAML into plans; its error is a *seats.Error.
// Package catalog has it, which only the operator's function links.
type ParseCatalog func([]byte) ([]*seats.Plan, error)

// Operator registers what the vendor's staff does.
func Operator(api huma.API, svc *seats.Service, parse ParseCatalog) {
	operateCatalog(api, svc, parse)
	operateAccounts(api, svc)
	operateParked(api, svc)
	operateAudit(api, svc)
	operateRequests(api, svc)
	operateTokens(api, svc)
	operateInvoices(api, svc)
}

func operateCatalog(api huma.API, svc *seats.Service, parse ParseCatalog) {
	apigw.Register(api, op(http.MethodGet, "/v1/operator/catalog", "get-catalog", "Operator", "The plans that are published, each in its newest version"),
		func(ctx context.Context, _ *struct{}) (*read[PublishedCatalog], error) {
			if _, err := staff(ctx); err != nil {
				return nil, err
			}
			plans, err := svc.PublishedPlans(ctx)
			if err != nil {
				return nil, err
			}
			b := PublishedCatalog{Plans: make([]PublishedPlan, len(plans))}
			for i, p := range plans {
				b.Plans[i] = publishedBody(p)
			}
			return &read[PublishedCatalog]{b}, nil
		})
	apigw.Register(api, op(http.MethodPost, "/v1/operator/catalog/validate", "validate-catalog", "Operator", "Check a catalog; every mistake at once, with line and column, or what it would change"),
		func(ctx context.Context, in *catalogInput) (*read[CatalogChecked], error) {
			plans, changes, err := readCatalog(ctx, svc, parse, in)
			if err != nil {
				return nil, err
			}
			return &read[CatalogChecked]{checkedBody(plans, nil, changes)}, nil
		})
	apigw.Register(api, op(http.MethodPost, "/v1/operator/catalog/publish", "publish-catalog", "Operator", "Publish a catalog: a new version of each plan that changed"),
		func(ctx context.Context, in *catalogInput) (*read[CatalogChecked], error) {
			plans, changes, err := readCatalog(ctx, svc, parse, in)
			if err != nil {
				return nil, err
			}
			refs, err := svc.PublishPlans(ctx, plans)
			if err != nil {
				return nil, err
			}
			return &read[CatalogChecked]{checkedBody(plans, refs, changes)}, nil
		})
}

// readCatalog reads a catalog for the vendor's staff, with what publishing it would
// change.
func readCatalog(ctx context.Context, svc *seats.Service, parse ParseCatalog, in *catalogInput) ([]*seats.Plan, []seats.PlanDifference, error) {
	if _, err := staff(ctx); err != nil {
		return nil, nil, err
	}
	plans, err := parse([]byte(in.Body.Catalog))
	if err != nil {
		return nil, nil, err
	}
	changes, err := svc.PlanChanges(ctx, plans)
	return plans, changes, err
}

func checkedBody(plans []*seats.Plan, refs []seats.PlanRef, changes []seats.PlanDifference) CatalogChecked {
	b := CatalogChecked{Plans: make([]PlanVersion, len(plans)), Changes: make([]PlanDifference, len(changes))}
	for i, c := range changes {
		b.Changes[i] = PlanDifference(c)
	}
	for i, p := range plans {
		b.Plans[i] = PlanVersion{PlanID: p.ID, Name: p.Name, ProductID: p.Product.ID, Policies: p.Policies.Sentences()}
		if refs != nil {
			b.Plans[i].Version = refs[i].Version
		}
	}
	return b
}

func operateAccounts(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodPost, "/v1/operator/accounts", "open-account", "Operator", "Open an account with its owner and a subscription"),
		func(ctx context.Context, in *openAccountInput) (*written[OpenedAccount], error) {
			operator, err := staff(ctx)
			if err != nil {
				return nil, err
			}
			b := in.Body
			open := seats.OpenAccount{
				Name: b.Name, Currency: b.Currency, Zone: b.TimeZone, PlanID: b.PlanID, Seats: b.Seats, TaxPPM: b.TaxRatePPM,
				ReverseCharge: b.ReverseCharge, Test: b.Test, Clock: b.Clock,
				Owner: seats.Person{Email: b.Owner.Email, FirstName: b.Owner.FirstName, LastName: b.Owner.LastName},
			}
			if b.InvoiceAddress != nil {
				open.Customer = b.InvoiceAddress.party()
			}
			reply, err := svc.Open(ctx, operator, open, once(ctx, in.Key, openedBody))
			return answer(reply, err, openedBody)
		})
	apigw.Register(api, op(http.MethodGet, "/v1/operator/accounts", "list-accounts", "Operator", "Accounts, in the order of their opening"),
		func(ctx context.Context, in *operatorListInput) (*read[apigw.Page[AccountOverview]], error) {
			return listOverviews(ctx, "accounts", in.Paging, svc.ListAccounts)
		})
	apigw.Register(api, op(http.MethodGet, "/v1/operator/accounts/{account}", "get-account-overview", "Operator", "One account"),
		func(ctx context.Context, in *operatorAccountInput) (*read[AccountOverview], error) {
			if _, err := staff(ctx); err != nil {
				return nil, err
			}
			o, err := svc.Overview(ctx, in.id())
			if err != nil {
				return nil, err
			}
			return &read[AccountOverview]{overviewBody(o, maxOverviewUsers)}, nil
		})
	apigw.Register(api, op(http.MethodPost, "/v1/operator/accounts/{account}/clock", "advance-clock", "Operator", "Move a test account's clock forward, closing what falls due on the way"),
		func(ctx context.Context, in *clockInput) (*read[Clock], error) {
			operator, err := staff(ctx)
			if err != nil {
				return nil, err
			}
			r, err := svc.AdvanceClock(ctx, operator, in.id(), in.Body.To)
			if err != nil {
				return nil, err
			}
			return &read[Clock]{Clock{Clock: r.Clock.UTC(), Done: r.Done}}, nil
		})
	apigw.Register(api, op(http.MethodPost, "/v1/operator/accounts/{account}/close", "close-account-cycle", "Operator", "Close what is due now; done again it closes nothing"),
		func(ctx context.Context, in *operatorAccountInput) (*read[Closed], error) {
			if _, err := staff(ctx); err != nil {
				return nil, err
			}
			n, err := svc.CloseNow(ctx, in.id())
			if err != nil {
				return nil, err
			}
			return &read[Closed]{Closed{n}}, nil
		})
}

func operateParked(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodGet, "/v1/operator/parked-accounts", "list-parked-accounts", "Operator", "Accounts whose billing is on hold, with the reason"),
		func(ctx context.Context, in *operatorListInput) (*read[apigw.Page[AccountOverview]], error) {
			return listOverviews(ctx, "parked", in.Paging, svc.ListParked)
		})
	apigw.Register(api, op(http.MethodPost, "/v1/operator/parked-accounts/{account}/retry", "retry-parked-account", "Operator", "Try to close a parked account again"),
		func(ctx context.Context, in *operatorAccountInput) (*read[Parked], error) {
			operator, err := staff(ctx)
			if err != nil {
				return nil, err
			}
			a, err := svc.RetryParked(ctx, operator, in.id())
			if err != nil {
				return nil, err
			}
			return &read[Parked]{Parked{ID: string(a.ID), Status: string(a.Status), ParkedFor: a.ParkedFor}}, nil
		})
}

// Parked is what a retry found.
type Parked struct {
	ID        string `json:"id"`
	Status    string `json:"status" enum:"open,parked" doc:"parked where the reason is still there"`
	ParkedFor string `json:"parked_for,omitempty"`
}

type overviewList func(context.Context, seats.Page) ([]seats.AccountOverview, string, error)

func listOverviews(ctx context.Context, list string, p apigw.Paging, find overviewList) (*read[apigw.Page[AccountOverview]], error) {
	if _, err := staff(ctx); err != nil {
		return nil, err
	}
	scope := apigw.CursorScope{List: list}
	page, err := storePage(scope, p)
	if err != nil {
		return nil, err
	}
	found, cursor, err := find(ctx, page)
	if err != nil {
		return nil, err
	}
	items := make([]AccountOverview, len(found))
	for i := range found {
		items[i] = overviewBody(found[i], maxListedUsers)
		for j := range items[i].Subscriptions {
			items[i].Subscriptions[j].NextInvoice = nil // one account at a time
		}
	}
	return &read[apigw.Page[AccountOverview]]{apigw.NewPage(items, nextPage(scope, cursor))}, nil
}

// Audited is what an audit of an account found.
type Audited struct {
	Findings []Finding `json:"findings" doc:"Empty where everything is in order"`
}

// Finding is one broken rule.
type Finding struct {
	Rule   string `json:"rule"`
	Item   string `json:"item" doc:"Id of what is wrong"`
	Detail string `json:"detail"`
}

func operateAudit(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodGet, "/v1/operator/accounts/{account}/audit", "audit-account", "Operator", "Hold everything stored of an account against the rules; it changes nothing"),
		func(ctx context.Context, in *operatorAccountInput) (*read[Audited], error) {
			if _, err := staff(ctx); err != nil {
				return nil, err
			}
			if _, err := svc.Overview(ctx, in.id()); err != nil {
				return nil, err
			}
			found, err := audit.Account(ctx, svc.Store, in.id(), svc.Wall())
			if err != nil {
				return nil, err
			}
			b := Audited{Findings: make([]Finding, len(found))}
			for i, f := range found {
				b.Findings[i] = Finding{Rule: string(f.Rule), Item: f.Item, Detail: f.Detail}
			}
			return &read[Audited]{b}, nil
		})
}
