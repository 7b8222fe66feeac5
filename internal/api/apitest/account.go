package apitest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/seats"
)

// Account is an opened account with its owner signed in.
type Account struct {
	ID    string
	Sub   string
	Owner *Person
	// OwnerID is the owner's user id.
	OwnerID string
	// Path is /v1/accounts/<id>.
	Path string

	system *System
	domain string
}

// SampleCatalog is the text of the sample catalog.
func SampleCatalog(t testing.TB) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	text, err := os.ReadFile(filepath.Join(filepath.Dir(file), "..", "..", "..", "infra", "catalog", "sample.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Publish publishes a catalog.
func (s *System) Publish(text string) {
	s.t.Helper()
	s.Operator().Post("/v1/operator/catalog/publish", map[string]string{"catalog": text}).OK(s.t, nil)
}

// Start is the instant at which the test accounts' clocks start: nine days are
// left of a November in Berlin, the day of the change included.
var Start = time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)

// Open opens a test account of the sample catalog's monthly plan, anchored at the
// first of November in Berlin, its clock at Start.
func (s *System) Open(count int64) *Account {
	return s.OpenWith(map[string]any{"seats": count})
}

// OpenWith opens an account with other fields than Open's.
func (s *System) OpenWith(change map[string]any) *Account {
	s.t.Helper()
	s.mu.Lock()
	s.counter++
	domain := fmt.Sprintf("customer%d.example", s.counter)
	s.mu.Unlock()
	body := map[string]any{
		"name": "Customer at " + domain, "currency": "EUR", "time_zone": "Europe/Berlin", "plan_id": "meetings-monthly", "seats": int64(5),
		"owner": map[string]string{"email": "olga@" + domain, "first_name": "Olga", "last_name": "Owner"},
		"test":  true, "clock": time.Date(2026, time.October, 31, 23, 30, 0, 0, time.UTC),
	}
	for k, v := range change {
		body[k] = v
	}
	if body["test"] == false {
		delete(body, "clock")
	}
	var opened api.OpenedAccount
	s.Operator().Post("/v1/operator/accounts", body).OK(s.t, &opened)
	a := &Account{
		ID: opened.Account.ID, Sub: opened.SubscriptionID, OwnerID: opened.Owner.ID, Path: "/v1/accounts/" + opened.Account.ID,
		Owner: s.As("olga@" + domain), system: s, domain: domain,
	}
	a.Owner.Post("/v1/me", map[string]string{"id_token": a.Owner.IDToken}).OK(s.t, nil)
	if _, given := change["clock"]; !given && body["test"] == true {
		a.Advance(Start)
	}
	return a
}

// In is the same account for a subtest.
func (a *Account) In(t testing.TB) *Account {
	view := *a
	view.system, view.Owner = a.system.In(t), a.Owner.In(t)
	return &view
}

// SubPath is the path of the account's subscription.
func (a *Account) SubPath() string { return a.Path + "/subscriptions/" + a.Sub }

// Advance moves the account's clock.
func (a *Account) Advance(to time.Time) {
	a.system.t.Helper()
	for {
		var at api.Clock
		a.system.Operator().Post("/v1/operator/accounts/"+a.ID+"/clock", map[string]any{"to": to}).OK(a.system.t, &at)
		if at.Done {
			return
		}
	}
}

// Void lets an operator take an invoice back.
func (a *Account) Void(number int64) api.Invoice {
	a.system.t.Helper()
	var note api.Invoice
	path := fmt.Sprintf("/v1/operator/accounts/%s/invoices/%d/void", a.ID, number)
	a.system.Operator().Post(path, map[string]string{"reason": "billed twice"}).OK(a.system.t, &note)
	return note
}

// Email is an address in the account's domain.
func (a *Account) Email(name string) string { return name + "@" + a.domain }

// Invitee is the body of one person to invite.
func (a *Account) Invitee(name, role string, licensed bool) map[string]string {
	p := map[string]string{"email": a.Email(name), "first_name": name, "last_name": "Guest", "role": role}
	if licensed {
		p["subscription_id"] = a.Sub
	}
	return p
}

// Invite invites people as the owner and returns the results.
func (a *Account) Invite(people ...map[string]string) []api.InviteResult {
	a.system.t.Helper()
	var results api.InviteResults
	a.Owner.Post(a.Path+"/invitations", map[string]any{"people": people}).OK(a.system.t, &results)
	return results.Results
}

// Link is the token of the newest link of a user's invitation.
func (a *Account) Link(user string, generation int) string {
	a.system.t.Helper()
	key, err := a.system.Store.InvitationKey(a.system.t.Context())
	if err != nil {
		a.system.t.Fatal(err)
	}
	return seats.InvitationToken(key, seats.AccountID(a.ID), seats.UserID(user), generation)
}

// Join invites a person, who signs in and accepts. It returns the session and the
// user's id.
func (a *Account) Join(role string, licensed bool) (*Person, string) {
	a.system.t.Helper()
	name := role + "-" + a.system.Key()
	result := a.Invite(a.Invitee(name, role, licensed))[0]
	if result.Error != nil {
		a.system.t.Fatalf("invite %s: %+v", name, result.Error)
	}
	p := a.system.As(a.Email(name))
	p.Post("/v1/invitations/accept", map[string]string{"token": a.Link(result.UserID, 1), "id_token": p.IDToken}).OK(a.system.t, nil)
	return p, result.UserID
}

// Quote prices a number of seats as the owner.
func (a *Account) Quote(count int64) api.Quote {
	a.system.t.Helper()
	var q api.Quote
	a.Owner.Post(a.SubPath()+"/quotes", map[string]int64{"seats": count}).OK(a.system.t, &q)
	return q
}

// Confirm confirms a quote as the owner.
func (a *Account) Confirm(quote string) Response {
	a.system.t.Helper()
	return a.Owner.Post(a.SubPath()+"/seat-changes", map[string]any{"quote_id": quote, "agreement_accepted": true})
}

// Pool is the account's subscription as the owner sees it.
func (a *Account) Pool() api.Subscription {
	a.system.t.Helper()
	var sub api.Subscription
	a.Owner.Get(a.SubPath()).OK(a.system.t, &sub)
	return sub
}
