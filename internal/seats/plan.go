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
	// LegalLines stand at the foot of invoices: register, bank account.
	LegalLines []string
	// LogoPNG is the picture on invoices, or nil.
	LogoPNG []byte
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
	Billing                Billing
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
	// AdminMonthlyCap is what one admin may commit the account to in a local
	// calendar month, net, in minor units by currency; no entry is no cap.
	AdminMonthlyCap   map[money.Currency]int64
	AgreementRequired bool
	// ActiveCount says how active users are counted, for BillingActiveUsers.
	ActiveCount ActiveCount
	// TrialDays is how many local days nothing is charged for at first.
	TrialDays int
}

// ActiveUsers reports whether active users are billed in arrears instead of a
// pool of seats in advance.
func (p *Policies) ActiveUsers() bool { return p.Billing == BillingActiveUsers }

// Billing says what is billed.
type Billing string

// Billing values. No value is BillingSeats.
const (
	// BillingSeats bills a bought pool in advance.
	BillingSeats Billing = "seats"
	// BillingActiveUsers bills every active user in arrears: there is no pool, and
	// every active user holds the license.
	BillingActiveUsers Billing = "active_users"
)

// ActiveCount says how many users a period is billed for.
type ActiveCount string

// ActiveCount values.
const (
	// CountAtClose counts the users that are active when the period ends.
	CountAtClose ActiveCount = "at_close"
	// CountPeak is the highest number that was active at once, that of the opening
	// included.
	CountPeak ActiveCount = "peak"
	// CountDaily is user-days ÷ days; a local day counts for a user who was active
	// at any instant of it.
	CountDaily ActiveCount = "daily"
)

// Settle says when an increase is billed.
type Settle string

// Settle values.
const (
	SettleNow Settle = "now"
	// SettleDaily nets all changes of one local day to one invoice.
	SettleDaily       Settle = "daily"
	SettleNextInvoice Settle = "next_invoice"
)

// Decrease says how seats are given back.
type Decrease string

// Decrease values.
const (
	DecreaseEndOfCycle Decrease = "end_of_cycle"
	// DecreaseOnRequest opens a request for the vendor's staff.
	DecreaseOnRequest Decrease = "on_request"
	// DecreaseImmediateCredit gives seats back at once and credits the rest of the
	// period to the account.
	DecreaseImmediateCredit Decrease = "immediate_credit"
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
