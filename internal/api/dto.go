package api

import (
	"sort"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

// User is a person in an account.
type User struct {
	ID            string      `json:"id"`
	Email         string      `json:"email"`
	FirstName     string      `json:"first_name"`
	LastName      string      `json:"last_name"`
	Qualification string      `json:"qualification,omitempty"`
	Role          string      `json:"role" enum:"owner,admin,billing_admin,member"`
	Status        string      `json:"status" enum:"invited,active,deactivated,removed"`
	AddedAt       time.Time   `json:"added_at"`
	SignedIn      bool        `json:"signed_in" doc:"Whether a sign-in identity is bound"`
	Erased        bool        `json:"erased,omitempty" doc:"Whether the personal data was replaced"`
	Licenses      []License   `json:"licenses"`
	Invitation    *Invitation `json:"invitation,omitempty"`
}

// License is a license that a user holds.
type License struct {
	SubscriptionID string    `json:"subscription_id"`
	ProductID      string    `json:"product_id"`
	Since          time.Time `json:"since"`
	By             string    `json:"by,omitempty" doc:"Id of the user who gave it"`
}

// Invitation is an invitation of a user.
type Invitation struct {
	ID             string    `json:"id"`
	UserID         string    `json:"user_id"`
	Email          string    `json:"email"`
	FirstName      string    `json:"first_name"`
	LastName       string    `json:"last_name"`
	Role           string    `json:"role" enum:"owner,admin,billing_admin,member"`
	State          string    `json:"state" enum:"open,accepted,cancelled,expired"`
	SentAt         time.Time `json:"sent_at"`
	ExpiresAt      time.Time `json:"expires_at"`
	InviterID      string    `json:"inviter_id"`
	SubscriptionID string    `json:"subscription_id,omitempty"`
	SeatReserved   bool      `json:"seat_reserved"`
	// Mail is of the list of invitations alone.
	Mail *InvitationMail `json:"mail,omitempty" doc:"What became of the mail with the newest link: in the list of invitations, of open ones"`
}

// InvitationMail is what became of the mail with a link.
type InvitationMail struct {
	Status string `json:"status" enum:"pending,sent,refused,off" doc:"pending until the mail service takes it, which it is asked again and again; refused for good; off where the account wants no such mails. The link is good in any case"`
	Reason string `json:"reason,omitempty" doc:"Why it was refused and what to do next"`
}

func invitationMailBody(m seats.InvitationMail) *InvitationMail {
	b := InvitationMail{Status: string(m.Status)}
	if m.Status == seats.MailRefused {
		b.Reason = "The mail service refuses this mail for good (" + strings.TrimRight(m.Reason, ". ") +
			"). If the address is wrong, cancel the invitation and invite the person again with the right one; else ask your vendor."
	}
	return &b
}

func userBody(u *seats.User) User {
	b := User{
		ID: string(u.ID), Email: u.Email, FirstName: u.FirstName, LastName: u.LastName, Qualification: u.Qualification,
		Role: string(u.Role), Status: string(u.Status), AddedAt: u.AddedAt.UTC(), SignedIn: u.Subject != "", Licenses: []License{}, Erased: u.Erased,
	}
	for product, l := range u.Licenses {
		b.Licenses = append(b.Licenses, licenseBody(product, l))
	}
	sort.Slice(b.Licenses, func(i, j int) bool { return b.Licenses[i].ProductID < b.Licenses[j].ProductID })
	if u.Invitation != nil {
		i := invitationBody(u)
		b.Invitation = &i
	}
	return b
}

func licenseBody(product string, l seats.License) License {
	return License{SubscriptionID: string(l.Subscription), ProductID: product, Since: l.Since.UTC(), By: string(l.By)}
}

func invitationBody(u *seats.User) Invitation {
	i := u.Invitation
	return Invitation{
		ID: string(seats.InvitationOf(u.ID)), UserID: string(u.ID), Email: u.Email, FirstName: u.FirstName, LastName: u.LastName,
		Role: string(u.Role), State: string(i.State), SentAt: i.SentAt.UTC(), ExpiresAt: i.ExpiresAt.UTC(),
		InviterID: string(i.Inviter), SubscriptionID: string(i.Subscription), SeatReserved: i.Reserved,
	}
}

// Account is a customer company's settings.
type Account struct {
	ID             string       `json:"id"`
	Name           string       `json:"name"`
	Currency       string       `json:"currency"`
	TimeZone       string       `json:"time_zone"`
	AnchorDate     string       `json:"anchor_date" format:"date" doc:"The local date that every billing boundary is computed from"`
	OwnerID        string       `json:"owner_id"`
	Status         string       `json:"status" enum:"open,parked"`
	BillingContact string       `json:"billing_contact,omitempty" doc:"Where invoices go; the owner if empty. For who may spend"`
	InvoiceAddress *Party       `json:"invoice_address,omitempty" doc:"For who may spend"`
	MailsOff       []string     `json:"mails_off"`
	Test           bool         `json:"test"`
	Now            time.Time    `json:"now" doc:"The account's instant: the wall clock, or a test account's clock"`
	NextDue        *time.Time   `json:"next_due,omitempty" doc:"When the running billing cycle ends"`
	Credit         *apigw.Money `json:"credit,omitempty" doc:"For who may spend"`
	OpenedAt       time.Time    `json:"opened_at"`
}

// Party is a company on an invoice.
type Party struct {
	Name    string   `json:"name"`
	Lines   []string `json:"lines" doc:"The lines of the address"`
	TaxID   string   `json:"tax_id"`
	Country string   `json:"country" doc:"ISO 3166 code"`
}

func partyBody(p billing.Party) Party {
	lines := p.AddressLines
	if lines == nil {
		lines = []string{}
	}
	return Party{Name: p.Name, Lines: lines, TaxID: p.TaxID, Country: p.Country}
}

// accountBody is all of an account, for who may spend its money.
func accountBody(a *seats.Account, now time.Time) Account {
	b := plainAccountBody(a, now)
	party, credit := partyBody(a.Customer), amount(a.CreditMinor, a.Currency)
	b.BillingContact, b.InvoiceAddress, b.Credit = a.BillingContact, &party, &credit
	return b
}

func plainAccountBody(a *seats.Account, now time.Time) Account {
	off := a.MailsOff
	if off == nil {
		off = []string{}
	}
	return Account{
		ID: string(a.ID), Name: a.Name, Currency: string(a.Currency), TimeZone: a.Zone, AnchorDate: a.Anchor.String(), OwnerID: string(a.Owner),
		Status: string(a.Status), MailsOff: off,
		Test: a.Test, Now: now.UTC(), NextDue: instant(a.Due), OpenedAt: a.OpenedAt.UTC(),
	}
}

func amount(minor int64, c money.Currency) apigw.Money {
	return apigw.Money{AmountMinor: minor, Currency: string(c)}
}

// Subscription is a pool of seats of one product.
type Subscription struct {
	ID           string        `json:"id"`
	ProductID    string        `json:"product_id"`
	ProductName  string        `json:"product_name"`
	PlanID       string        `json:"plan_id"`
	PlanVersion  int           `json:"plan_version"`
	PlanName     string        `json:"plan_name"`
	Interval     string        `json:"interval" enum:"month,year"`
	UnitPrice    apigw.Money   `json:"unit_price" doc:"Per seat and interval; the first tier's where the price has tiers"`
	Status       string        `json:"status" enum:"active,ended"`
	Seats        int64         `json:"seats"`
	Billing      string        `json:"billing" enum:"seats,active_users" doc:"A pool of seats in advance, or active users in arrears"`
	InUse        int64         `json:"in_use" doc:"Licenses held; where active users are billed, how many users are active"`
	ActiveUsers  *int64        `json:"active_users,omitempty" doc:"Where active users are billed: how many are active now"`
	Reserved     int64         `json:"reserved" doc:"Held by open invitations"`
	Available    int64         `json:"available" doc:"Negative only while a decrease is taking licenses"`
	Period       Period        `json:"period"`
	Pending      *PendingSeats `json:"pending,omitempty" doc:"The scheduled decrease"`
	PendingPlan  *PendingPlan  `json:"pending_plan,omitempty" doc:"The scheduled change of the plan"`
	TrialEndsAt  *time.Time    `json:"trial_ends_at,omitempty" doc:"While the trial runs; nothing is charged before"`
	CancelAt     *time.Time    `json:"cancel_at,omitempty" doc:"When the subscription ends, where it is cancelled"`
	Timeline     []Ahead       `json:"timeline" doc:"All that is scheduled, in its order"`
	NextInvoice  *Invoice      `json:"next_invoice,omitempty" doc:"What the account's next close bills if nothing else happens"`
	Entitlements []string      `json:"entitlements" doc:"What a license allows, in words"`
	Policies     []string      `json:"policies" doc:"The plan's policies, each as a sentence"`
	Rules        PlanRules     `json:"rules" doc:"The policies that decide what can be done with it"`
	Price        Price         `json:"price"`
	AgreementURL string        `json:"agreement_url,omitempty"`
	SalesContact string        `json:"sales_contact,omitempty" doc:"Whom to ask for what is not self-serve"`
}

// Period is a half-open billing cycle.
type Period struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// PendingSeats is a decrease that waits for the end of the cycle.
type PendingSeats struct {
	Seats       int64     `json:"seats"`
	EffectiveAt time.Time `json:"effective_at"`
	By          string    `json:"by,omitempty" doc:"Absent where the vendor's staff did it"`
}

// PendingPlan is a change of the plan that waits for the end of the cycle.
type PendingPlan struct {
	PlanID      string     `json:"plan_id"`
	PlanVersion int        `json:"plan_version"`
	PlanName    string     `json:"plan_name,omitempty"`
	Seats       int64      `json:"seats,omitempty" doc:"How many seats the plan begins with; absent where as many stay, or where a decrease says it"`
	Rules       *PlanRules `json:"rules,omitempty" doc:"The rules of the plan to come, by which a scheduled decrease takes effect; absent from the answer to a change"`
	EffectiveAt time.Time  `json:"effective_at"`
	By          string     `json:"by,omitempty" doc:"Absent where the vendor's staff did it"`
}

// Ahead is one thing that will happen if nobody does anything.
type Ahead struct {
	At   time.Time `json:"at"`
	Kind string    `json:"kind" enum:"settlement,trial_end,decrease,plan_change,end,renewal"`
	Text string    `json:"text"`
}

func pendingSeatsBody(s *seats.Subscription) *PendingSeats {
	p := s.Decrease()
	if p == nil {
		return nil
	}
	return &PendingSeats{Seats: p.Seats, EffectiveAt: s.Period.End.UTC(), By: string(p.By)}
}

// pendingPlanBody is what a subscription's plan changes to; plan is that plan where it
// was read.
func pendingPlanBody(s *seats.Subscription, plan *seats.Plan) *PendingPlan {
	p := s.PendingPlan
	if p == nil {
		return nil
	}
	b := &PendingPlan{PlanID: p.Plan.ID, PlanVersion: p.Plan.Version, EffectiveAt: s.Period.End.UTC(), By: string(p.By)}
	if s.Pending != s.Decrease() {
		b.Seats = s.Pending.Seats
	}
	if plan != nil {
		rules := planRules(&plan.Policies)
		b.PlanName, b.Rules = plan.Name, &rules
	}
	return b
}

func poolBody(a *seats.Account) func(*seats.Pool) Subscription {
	return func(p *seats.Pool) Subscription {
		b := Subscription{
			ID: string(p.ID), ProductID: p.Product, ProductName: p.Plan.Product.Name, PlanID: p.Plan.ID, PlanVersion: p.Plan.Version,
			PlanName: p.Plan.Name, Interval: string(p.Plan.Interval), UnitPrice: amount(unitPrice(p.Plan, a.Currency), a.Currency),
			Status: string(p.Status), Seats: p.Seats, InUse: p.InUse, Reserved: p.Reserved, Available: p.Free,
			Period: Period{p.Period.Start.UTC(), p.Period.End.UTC()}, NextInvoice: invoiceBody(p.Next), Entitlements: []string{}, AgreementURL: p.Plan.AgreementURL, Policies: p.Plan.Policies.In(a.Currency).Sentences(),
		}
		if b.Billing = string(seats.BillingSeats); p.Plan.Policies.ActiveUsers() {
			b.Billing, b.ActiveUsers = string(seats.BillingActiveUsers), &p.InUse
		}
		price := p.Plan.Prices[a.Currency]
		b.Price, b.Rules, b.SalesContact = priceBody(&price, a.Currency), planRules(&p.Plan.Policies), p.Plan.Vendor.SalesContact
		b.Pending, b.PendingPlan = pendingSeatsBody(p.Subscription), pendingPlanBody(p.Subscription, p.Renewal)
		b.Timeline = []Ahead{}
		if p.Trial {
			b.TrialEndsAt = instant(p.Period.End)
		}
		if p.Cancel != nil {
			b.CancelAt = instant(p.Period.End)
		}
		for _, ahead := range p.Timeline() {
			b.Timeline = append(b.Timeline, Ahead{At: ahead.At.UTC(), Kind: ahead.Kind, Text: ahead.Text})
		}
		for _, e := range p.Plan.Product.Entitlements {
			b.Entitlements = append(b.Entitlements, e.Name)
		}
		return b
	}
}

func unitPrice(plan *seats.Plan, c money.Currency) int64 {
	price, ok := plan.Prices[c]
	if ok && len(price.Tiers) > 0 {
		return price.Tiers[0].UnitMinor
	}
	return price.UnitMinor
}
