package seats

import (
	"reflect"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// Vendor is who sells: what mails and invoices say of them.
type Vendor struct {
	Name         string
	AddressLines []string
	TaxID        string
	Country      string
	// SupportEmail stands in mails; SalesContact answers contact_sales.
	SupportEmail string
	SalesContact string
	// SignInURL is where people use the product.
	SignInURL string
}

// Product is what is licensed.
type Product struct {
	ID           string
	Name         string
	Entitlements []Entitlement
}

// Entitlement is one named capability that a license gives.
type Entitlement struct {
	ID   string
	Name string
}

// Plan is a priced offer of a product. A version never changes; a subscription
// keeps its version until its plan is changed.
type Plan struct {
	ID           string
	Version      int
	Name         string
	Rank         int
	Product      Product
	Vendor       Vendor
	Interval     billing.Interval
	Prices       map[money.Currency]billing.Price
	Policies     Policies
	AgreementURL string
	PublishedAt  time.Time
}

// PlanRef names a plan version.
type PlanRef struct {
	ID      string
	Version int
}

// Ref is the plan's version as a reference.
func (p *Plan) Ref() PlanRef { return PlanRef{p.ID, p.Version} }

// Price is the plan's price in a currency.
func (p *Plan) Price(c money.Currency) (*billing.Price, error) {
	price, ok := p.Prices[c]
	if !ok {
		return nil, ErrInvalid.With("The plan %s has no price in %s. Choose a plan that has one.", p.ID, c)
	}
	return &price, nil
}

// Policies are a plan's rules, as data.
type Policies struct {
	Proration              billing.Proration
	Settle                 Settle
	Decrease               Decrease
	OverAssigned           OverAssigned
	AutoSeats              bool
	InvitationReservesSeat bool
	MinSeats               int64
	MaxSelfServeSeats      int64
	SelfServe              SelfServe
	AdminsMaySpend         bool
	AdminMonthlyCapMinor   int64
	AgreementRequired      bool
}

// Settle says when an increase is billed.
type Settle string

// Settle values.
const (
	SettleNow         Settle = "now"
	SettleNextInvoice Settle = "next_invoice"
)

// Decrease says how seats are given back.
type Decrease string

// Decrease values.
const (
	DecreaseEndOfCycle Decrease = "end_of_cycle"
)

// OverAssigned says what happens where a decrease takes effect below what is in
// use.
type OverAssigned string

// OverAssigned values.
const (
	KeepAssigned  OverAssigned = "keep_assigned"
	ReleaseNewest OverAssigned = "release_newest"
	RefuseBelow   OverAssigned = "refuse"
)

// SelfServe says what customers may change themselves.
type SelfServe string

// SelfServe values.
const (
	SelfServeAll     SelfServe = "all"
	SelfServeAddOnly SelfServe = "add_only"
	SelfServeNone    SelfServe = "none"
)

// sameOffer reports whether two versions offer the same.
func (p *Plan) sameOffer(other *Plan) bool {
	a, b := *p, *other
	a.Version, b.Version = 0, 0
	a.PublishedAt, b.PublishedAt = time.Time{}, time.Time{}
	return reflect.DeepEqual(a, b)
}
