package seats

import (
	"context"
	"errors"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// OpenAccount is what an operator opens an account with.
type OpenAccount struct {
	Name          string
	Currency      string
	Zone          string
	Owner         Person
	PlanID        string
	Seats         int64
	Customer      billing.Party
	TaxPPM        int64
	ReverseCharge bool
	// Test gives the account a clock of its own, which starts at Clock or now.
	Test  bool
	Clock time.Time
}

// Person is a name and an email, as typed.
type Person struct {
	Email     string
	FirstName string
	LastName  string
}

// Opened is a new account with its owner and its first subscription.
type Opened struct {
	Account      *Account
	Owner        *User
	Subscription *Subscription
	Invoice      *billing.Invoice // nil where the first period costs nothing
}

// Open opens an account: the owner, the first subscription and its invoice up to
// the next boundary, in one transaction. The anchor of all cycles is the local
// date of this moment.
func (s *Service) Open(ctx context.Context, operator Actor, in OpenAccount, once Once[Opened]) (Reply[Opened], error) {
	var none Reply[Opened]
	if once.Key == "" {
		return none, ErrIdempotencyKeyRequired
	}
	plan, err := s.Store.Plan(ctx, PlanRef{ID: in.PlanID})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return none, err
	}
	if mistakes := in.check(plan); mistakes != nil {
		return none, mistakes
	}
	if err != nil {
		return none, err
	}
	receipt := "operator#" + once.Key
	for range maxDecisions {
		view, err := s.Store.Load(ctx, Want{Receipt: receipt})
		if err != nil {
			return none, err
		}
		wall := s.Wall()
		if view.Receipt != nil && wall.Before(view.Receipt.ExpiresAt) {
			answer, err := view.Receipt.replay(once.Request)
			return Reply[Opened]{Replayed: answer}, err
		}
		now := wall
		if in.Test && !in.Clock.IsZero() {
			now = in.Clock.UTC()
		}
		mint, err := newMinter(now, wall)
		if err != nil {
			return none, err
		}
		opened, change, err := decideOpen(in, plan, &turn{Now: now, Wall: wall, Actor: operator, Mint: mint})
		if err != nil {
			return none, err
		}
		answer, err := once.Encode(opened)
		if err != nil {
			return none, err
		}
		change.Receipt = &Receipt{Key: receipt, Request: once.Request, Done: true, ClaimedAt: wall, Answer: answer, ExpiresAt: wall.Add(ReceiptTTL)}
		err = s.Store.Commit(ctx, opened.Account.ID, change)
		if _, lost := conditionError(err); !lost {
			return Reply[Opened]{Result: opened}, err
		}
	}
	return none, ErrBusy
}

// check lists every mistake of the form at once. The plan is nil where there is none
// by that name.
func (in *OpenAccount) check(plan *Plan) error {
	var fields []Field
	text := func(location string, value *string, runes int, required bool) {
		clean, bad := cleanText(location, *value, runes, 2*runes)
		if bad == nil && required && clean == "" {
			bad = &Field{Location: location, Message: "must not be empty"}
		}
		if bad != nil {
			fields = append(fields, *bad)
		}
		*value = clean
	}
	text("body.name", &in.Name, MaxAccountNameRunes, true)
	text("body.owner.first_name", &in.Owner.FirstName, MaxNameRunes, true)
	text("body.owner.last_name", &in.Owner.LastName, MaxNameRunes, true)
	email, err := NormalizeEmail(in.Owner.Email)
	if err != nil {
		fields = append(fields, Field{Location: "body.owner.email", Message: "must be an email address like name@example.com", Value: in.Owner.Email})
	}
	in.Owner.Email = email
	if _, err := money.ParseCurrency(in.Currency); err != nil {
		fields = append(fields, Field{Location: "body.currency", Message: "must be an ISO 4217 code like EUR", Value: in.Currency})
	}
	fields = append(fields, checkZone("body.time_zone", in.Zone)...)
	fields = append(fields, checkParty("body.invoice_address", &in.Customer)...)
	if in.TaxPPM < 0 || in.TaxPPM > billing.MaxTaxPPM {
		fields = append(fields, Field{Location: "body.tax_rate_ppm", Message: "must be from 0 to " + itoa(billing.MaxTaxPPM) + " millionths", Value: itoa(in.TaxPPM)})
	}
	switch users := plan != nil && plan.Policies.ActiveUsers(); {
	case users && in.Seats != 0:
		fields = append(fields, Field{Location: "body.seats", Message: "must be left out: the plan bills the users who are active", Value: itoa(in.Seats)})
	case !users && (in.Seats < 1 || in.Seats > billing.MaxSeats):
		fields = append(fields, Field{Location: "body.seats", Message: "must be from 1 to " + itoa(billing.MaxSeats), Value: itoa(in.Seats)})
	}
	if !in.Clock.IsZero() && !in.Test {
		fields = append(fields, Field{Location: "body.clock", Message: "only a test account has a clock; send test: true with it"})
	}
	if year := in.Clock.UTC().Year(); !in.Clock.IsZero() && (year < minYear || year > maxYear) {
		fields = append(fields, Field{Location: "body.clock", Message: "must be between 1970 and 2100"})
	}
	if len(fields) > 0 {
		e := *ErrInvalid
		e.Fields = fields
		return &e
	}
	return nil
}

// Years that the calendar is tested for.
const (
	minYear = 1970
	maxYear = 2100
)

func checkZone(location, zone string) []Field {
	if _, err := time.LoadLocation(zone); err != nil || zone == "" || zone == "Local" {
		return []Field{{Location: location, Message: "must be an IANA time zone like Europe/Berlin", Value: zone}}
	}
	return nil
}

func checkParty(at string, p *billing.Party) []Field {
	var fields []Field
	clean := func(location string, value *string, runes int) {
		s, bad := cleanText(location, *value, runes, 2*runes)
		if bad != nil {
			fields = append(fields, *bad)
		}
		*value = s
	}
	clean(at+".name", &p.Name, MaxAccountNameRunes)
	clean(at+".tax_id", &p.TaxID, MaxTaxIDBytes)
	if len(p.AddressLines) > MaxAddressLines {
		fields = append(fields, Field{Location: at + ".lines", Message: "must be at most " + itoa(MaxAddressLines) + " lines"})
	}
	for i := range p.AddressLines {
		clean(at+".lines["+itoa(int64(i))+"]", &p.AddressLines[i], MaxAddressLineRunes)
	}
	if p.Country != "" && (len(p.Country) != 2 || p.Country[0] < 'A' || p.Country[0] > 'Z' || p.Country[1] < 'A' || p.Country[1] > 'Z') {
		fields = append(fields, Field{Location: at + ".country", Message: "must be a two-letter ISO 3166 code like DE", Value: p.Country})
	}
	return fields
}

func decideOpen(in OpenAccount, plan *Plan, t *turn) (Opened, *Change, error) {
	var none Opened
	loc, err := time.LoadLocation(in.Zone)
	if err != nil {
		return none, nil, err
	}
	a := &Account{
		ID: t.Mint.Account(), Name: in.Name, Currency: money.Currency(in.Currency), Zone: in.Zone,
		Anchor: billing.DateOf(t.Now, loc), Status: AccountOpen, OpenedAt: t.Now, Customer: in.Customer,
		TaxPPM: in.TaxPPM, ReverseCharge: in.ReverseCharge, Test: in.Test,
	}
	if a.Customer.Name == "" {
		a.Customer.Name = a.Name
	}
	if in.Test {
		a.Clock = t.Now
	}
	t.Account = a
	owner := &User{
		ID: t.Mint.User(), Account: a.ID, Rev: 1, Email: in.Owner.Email, FirstName: in.Owner.FirstName, LastName: in.Owner.LastName,
		Role: Owner, Status: UserActive, AddedAt: t.Now, Test: in.Test,
	}
	a.Owner = owner.ID
	change := &Change{
		Users:  []UserWrite{{User: owner, TakeEmail: true}},
		Events: []Event{t.event(AccountOpened, EventData{OwnerID: owner.ID, Test: in.Test}, Rev{string(a.ID), 1}, Rev{string(owner.ID), 1})},
	}
	effect, err := decideSubscription(t, plan, nil, moneyWant{plan: plan, seats: in.Seats, byVendor: true}, &Quote{At: t.Now})
	if err != nil {
		return none, nil, err
	}
	effect.into(t, change, 0)
	change.Account.From = 0
	return Opened{Account: effect.account, Owner: owner, Subscription: effect.write.Subscription, Invoice: effect.dueNow}, change, nil
}
