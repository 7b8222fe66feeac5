package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

// day is the instant of the tests, ordinary and with a fraction of a second.
func day() time.Time { return time.Date(2026, 11, 22, 9, 30, 15, 123_456_789, time.UTC) }

// fixture is an account of its own in a store: with an owner, a subscription to
// "reports" with ten seats of which four are free, and one to "meetings" with two
// free seats.
type fixture struct {
	testing.TB
	store   seats.Store
	mint    seats.Minter
	account *seats.Account
	owner   *seats.User
	reports *seats.Subscription
	meeting *seats.Subscription
}

// newMinter gives ids that no other minter gives.
func newMinter(t testing.TB) seats.Minter {
	t.Helper()
	m := seats.Minter{At: day(), Wall: time.Now()}
	if _, err := rand.Read(m.Seed[:]); err != nil {
		t.Fatal(err)
	}
	return m
}

func open(t testing.TB, store seats.Store) *fixture {
	t.Helper()
	return openAt(t, store, day())
}

func openAt(t testing.TB, store seats.Store, at time.Time) *fixture {
	t.Helper()
	f := &fixture{TB: t, store: store, mint: newMinter(t)}
	f.mint.At = at
	f.account = &seats.Account{
		ID: f.mint.Account(), Rev: 1, Name: "Beispiel AG", Currency: "EUR", Zone: "Europe/Berlin",
		Status: seats.AccountOpen, OpenedAt: day(), Anchor: billing.Date{Year: 2026, Month: 11, Day: 22},
	}
	f.owner = f.user("owner@" + string(f.account.ID[4:]) + ".example")
	f.owner.Role, f.owner.Status, f.owner.Subject, f.owner.Invitation = seats.Owner, seats.UserActive, "subject-"+string(f.owner.ID), nil
	f.account.Owner = f.owner.ID
	f.reports, f.meeting = f.subscription("reports", 10, 4), f.subscription("meetings", 2, 2)
	f.commit(&seats.Change{
		Account: &seats.AccountWrite{Account: f.account},
		Users:   []seats.UserWrite{{User: f.owner, TakeEmail: true, Bind: true}},
		Subscriptions: []seats.SubscriptionWrite{
			{Subscription: f.reports, FreeDelta: 4}, {Subscription: f.meeting, FreeDelta: 2},
		},
	})
	return f
}

// user is a new user with an open invitation, not yet written.
func (f *fixture) user(email string) *seats.User {
	return &seats.User{
		ID: f.mint.User(), Account: f.account.ID, Rev: 1, Email: email, FirstName: "Ada", LastName: "Example",
		Role: seats.Member, Status: seats.UserInvited, AddedAt: day(), Licenses: map[string]seats.License{},
		Invitation: &seats.Invitation{State: seats.InvitationOpen, Generation: 1, SentAt: day(), ExpiresAt: day().Add(seats.InvitationTTL)},
	}
}

func (f *fixture) subscription(product string, purchased, free int64) *seats.Subscription {
	return &seats.Subscription{
		ID: f.mint.Subscription(product), Account: f.account.ID, Product: product, Rev: 1, Status: seats.SubscriptionActive,
		Plan: seats.PlanRef{ID: "team", Version: 1}, Seats: purchased, Free: free, Zone: "Europe/Berlin", StartedAt: day(),
		Period: billing.FirstPeriod(billing.Date{Year: 2026, Month: 11, Day: 22}, billing.Month, time.UTC, day()),
	}
}

func (f *fixture) event(at time.Time) seats.Event {
	return seats.Event{
		ID: f.mint.Event(), Account: f.account.ID, Type: seats.UserUpdated, At: at, RecordedAt: at,
		Actor: seats.Actor{Kind: seats.ActorUser, ID: string(f.owner.ID)},
		Revs:  []seats.Rev{{ID: string(f.owner.ID), Rev: 2}}, Data: seats.EventData{UserID: f.owner.ID},
	}
}

// invoice is an issued invoice with one line.
func (f *fixture) invoice(number int64) *seats.IssuedInvoice {
	inv := f.draft()
	inv.Number = number
	b := inv.Canonical()
	return &seats.IssuedInvoice{Number: number, Canonical: b, Hash: billing.Hash(b), IssuedAt: inv.IssuedAt, Status: seats.InvoiceOpen}
}

func (f *fixture) draft() *billing.Invoice {
	inv := &billing.Invoice{
		Format: billing.FormatCurrent, Kind: billing.KindInvoice, AccountID: string(f.account.ID), Currency: "EUR",
		Zone: "Europe/Berlin", IssuedAt: day(), Customer: billing.Party{Name: "Beispiel AG", AddressLines: []string{"Weg 1"}, Country: "DE"},
		Vendor: billing.Party{Name: "Example Software GmbH", TaxID: "DE1"},
		Lines: []billing.Line{{
			Kind: billing.LineSeats, Description: "Team: 10 seats", Seats: 10, UnitMinor: 2000, FactorNum: 1, FactorDen: 1,
			PeriodStart: day(), PeriodEnd: day().AddDate(0, 1, 0), AmountMinor: 20_000, TaxPPM: 190_000, EventIDs: []string{"evt_1"},
		}},
	}
	if err := inv.Total(0); err != nil {
		f.Fatal(err)
	}
	return inv
}

func (f *fixture) quote() *seats.Quote {
	return &seats.Quote{
		ID: f.mint.Quote(), Account: f.account.ID, Subscription: f.reports.ID, By: f.owner.ID, At: day(),
		ExpiresAt: day().Add(seats.QuoteTTL), From: 10, Seats: 12, AtRenewal: 12, EffectiveAt: day(), SubscriptionRev: 1,
	}
}

// receipt is a finished receipt, good for a day from now: stores may look at their
// own clock.
func (f *fixture) receipt(key string) *seats.Receipt {
	now := time.Now().UTC()
	r := &seats.Receipt{
		Key: string(f.account.ID) + "#" + key, Done: true, ClaimedAt: now, At: day(),
		Answer: []byte(`{"seats":12}`), ExpiresAt: now.Add(seats.ReceiptTTL),
	}
	copy(r.Request[:], key)
	return r
}

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) commit(c *seats.Change) {
	f.Helper()
	f.must(f.try(c))
}

func (f *fixture) try(c *seats.Change) error {
	return f.store.Commit(context.Background(), f.account.ID, c)
}

// refuses commits a change that must fail with exactly these conditions.
func (f *fixture) refuses(c *seats.Change, want ...seats.Failed) {
	f.Helper()
	err := f.try(c)
	var failed *seats.ConditionError
	if !errors.As(err, &failed) {
		f.Fatalf("got %v, want the conditions %v to fail", err, want)
	}
	if !slices.Equal(failed.Failed, want) {
		f.Errorf("failed were %v, want %v", failed.Failed, want)
	}
}

// state is everything that the store gives of an account.
type state struct {
	View          seats.View
	Users         []*seats.User
	Subscriptions []*seats.Subscription
	Invoices      []*seats.IssuedInvoice
	Events        []seats.Event
	ByEmail       map[string][]seats.Membership
	BySubject     map[string]seats.UserID
}

// look reads everything of the account; the names say which guards to look at.
func (f *fixture) look(quote seats.QuoteID, receipt string, emails, subjects []string) state {
	f.Helper()
	ctx := context.Background()
	s := state{ByEmail: map[string][]seats.Membership{}, BySubject: map[string]seats.UserID{}}
	var err error
	s.View, err = f.store.Load(ctx, seats.Want{Account: f.account.ID, Quote: quote, Receipt: receipt})
	f.must(err)
	s.Users, err = f.store.Users(ctx, f.account.ID)
	f.must(err)
	s.Subscriptions, err = f.store.Subscriptions(ctx, f.account.ID)
	f.must(err)
	s.Invoices, _, err = f.store.Invoices(ctx, f.account.ID, seats.Page{Limit: 50})
	f.must(err)
	s.Events, _, err = f.store.Events(ctx, f.account.ID, "2026-11", seats.Page{Limit: 50})
	f.must(err)
	for _, e := range emails {
		s.ByEmail[e], err = f.store.UsersByEmail(ctx, e)
		f.must(err)
	}
	for _, subject := range subjects {
		s.BySubject[subject], err = f.store.UserBySignIn(ctx, subject, f.account.ID)
		f.must(err)
	}
	return s
}

func (f *fixture) pool(product string) *seats.Subscription {
	f.Helper()
	view, err := f.store.Load(context.Background(), seats.Want{Account: f.account.ID, Products: []string{product}})
	f.must(err)
	if view.Subscriptions[product] == nil {
		f.Fatalf("there is no subscription to %s", product)
	}
	return view.Subscriptions[product]
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}
