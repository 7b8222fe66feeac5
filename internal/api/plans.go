package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

// PlanOffer is the newest version of a plan, at the account's currency.
type PlanOffer struct {
	PlanID            string   `json:"plan_id"`
	Version           int      `json:"version"`
	Name              string   `json:"name"`
	ProductID         string   `json:"product_id"`
	ProductName       string   `json:"product_name"`
	Interval          string   `json:"interval" enum:"month,year"`
	Rank              int      `json:"rank" doc:"A higher rank at the same interval is an upgrade"`
	Billing           string   `json:"billing" enum:"seats,active_users"`
	Price             Price    `json:"price"`
	Policies          []string `json:"policies" doc:"Each policy as a sentence"`
	Entitlements      []string `json:"entitlements" doc:"What a license allows, in words"`
	TrialDays         int      `json:"trial_days"`
	SelfServe         string   `json:"self_serve" enum:"all,add_only,none" doc:"What may be changed without the vendor"`
	MinSeats          int64    `json:"min_seats"`
	MaxSelfServeSeats int64    `json:"max_self_serve_seats" doc:"Beyond it the vendor is asked; 0 is no limit"`
	AgreementURL      string   `json:"agreement_url,omitempty"`
	SalesContact      string   `json:"sales_contact" doc:"Whom to ask for what is not self-serve"`
}

// Price is what seats cost for one billing cycle.
type Price struct {
	Model         string       `json:"model" enum:"per_seat,graduated,volume" doc:"graduated: each seat at the unit price of its tier; volume: all seats at that of the tier that their number falls in"`
	Base          apigw.Money  `json:"base" doc:"Charged whatever the number of seats"`
	IncludedSeats int64        `json:"included_seats" doc:"Covered by the base, for per_seat"`
	Unit          *apigw.Money `json:"unit,omitempty" doc:"Of one seat, for per_seat"`
	Tiers         []PriceTier  `json:"tiers,omitempty"`
	Words         string       `json:"words" doc:"The price in words"`
}

// PriceTier is a range of seats from the end of the tier before it.
type PriceTier struct {
	UpTo int64       `json:"up_to,omitempty" doc:"The last seat; absent in the last tier, which has no end"`
	Unit apigw.Money `json:"unit"`
}

// PlanRules are the policies of a plan that decide what a client can offer, as in the catalog. Those about seats mean nothing
// where active users are billed.
type PlanRules struct {
	Settle            string `json:"settle" enum:"now,daily,next_invoice" doc:"When an increase is billed"`
	Decrease          string `json:"decrease" enum:"end_of_cycle,on_request,immediate_credit" doc:"How seats are given back"`
	OverAssigned      string `json:"over_assigned" enum:"keep_assigned,release_newest,refuse" doc:"What becomes of a decrease below what is in use"`
	AutoSeats         bool   `json:"auto_seats" doc:"Inviting and assigning buy the seats that are missing"`
	SelfServe         string `json:"self_serve" enum:"all,add_only,none" doc:"What may be changed without the vendor"`
	MinSeats          int64  `json:"min_seats"`
	MaxSelfServeSeats int64  `json:"max_self_serve_seats" doc:"Beyond it the vendor is asked; 0 is no limit"`
	AdminsMaySpend    bool   `json:"admins_may_spend" doc:"Whether admins may change what is bought, beside the owner and billing admins"`
	ReservesSeat      bool   `json:"invitation_reserves_seat" doc:"Whether an open invitation with a license holds a seat"`
	Agreement         bool   `json:"agreement_required" doc:"Whether whoever buys has to accept the license agreement"`
	ActiveCount       string `json:"active_count" enum:"at_close,peak,daily" doc:"How users are counted where active users are billed"`
}

func planRules(p *seats.Policies) PlanRules {
	r := PlanRules{
		Settle: string(p.Settle), Decrease: string(p.Decrease), OverAssigned: string(p.OverAssigned), AutoSeats: p.AutoSeats, SelfServe: string(p.SelfServe),
		MinSeats: p.MinSeats, MaxSelfServeSeats: p.MaxSelfServeSeats, AdminsMaySpend: p.AdminsMaySpend, ActiveCount: string(p.ActiveCount),
		ReservesSeat: p.InvitationReservesSeat, Agreement: p.AgreementRequired,
	}
	if r.ActiveCount == "" {
		r.ActiveCount = string(seats.CountAtClose)
	}
	return r
}

// Plans registers the list of plans, a part of the function plan.
func Plans(api huma.API, svc *seats.Service) {
	apigw.Register(api, op(http.MethodGet, "/v1/accounts/{account}/plans", "list-plans", "Plans", "The plans that the account could subscribe to, at prices in its currency"),
		func(ctx context.Context, in *accountInput) (*read[apigw.Page[PlanOffer]], error) {
			caller, err := person(ctx)
			if err != nil {
				return nil, err
			}
			access, plans, err := svc.ListPlans(ctx, caller, in.id())
			if err != nil {
				return nil, err
			}
			offers := make([]PlanOffer, len(plans))
			for i, plan := range plans {
				offers[i] = planOffer(plan, access.Account.Currency)
			}
			return &read[apigw.Page[PlanOffer]]{apigw.Page[PlanOffer]{Items: offers}}, nil
		})
}

func planOffer(p *seats.Plan, currency money.Currency) PlanOffer {
	price := p.Prices[currency]
	offer := PlanOffer{
		PlanID: p.ID, Version: p.Version, Name: p.Name, ProductID: p.Product.ID, ProductName: p.Product.Name,
		Interval: string(p.Interval), Rank: p.Rank, Billing: string(seats.BillingSeats), Price: priceBody(&price, currency),
		Policies: p.Policies.In(currency).Sentences(), Entitlements: []string{}, TrialDays: p.Policies.TrialDays,
		SelfServe: string(p.Policies.SelfServe), MinSeats: p.Policies.MinSeats, MaxSelfServeSeats: p.Policies.MaxSelfServeSeats,
		AgreementURL: p.AgreementURL, SalesContact: p.Vendor.SalesContact,
	}
	if p.Policies.ActiveUsers() {
		offer.Billing = string(seats.BillingActiveUsers)
	}
	for _, e := range p.Product.Entitlements {
		offer.Entitlements = append(offer.Entitlements, e.Name)
	}
	return offer
}

func priceBody(price *billing.Price, currency money.Currency) Price {
	b := Price{
		Model: string(price.Model), Base: amount(price.BaseMinor, currency), IncludedSeats: price.IncludedSeats,
		Words: seats.PriceInWords(price, currency),
	}
	if price.Model == billing.PerSeat {
		unit := amount(price.UnitMinor, currency)
		b.Unit = &unit
	}
	for _, tier := range price.Tiers {
		b.Tiers = append(b.Tiers, PriceTier{UpTo: tier.UpTo, Unit: amount(tier.UnitMinor, currency)})
	}
	return b
}
