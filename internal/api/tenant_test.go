package api_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/seats"
)

// Who may send a request: the roles of an account, and those who have none there.
const (
	owner        = "owner"
	admin        = "admin"
	billingAdmin = "billing_admin"
	member       = "member"
	deactivated  = "deactivated" // was a member
	removed      = "removed"     // was a member
	stranger     = "stranger"    // signed in, and a user of no account
	operator     = "operator"
	vendor       = "vendor" // the vendor's server
	anonymous    = "anonymous"
)

// tenant is an account with one of everything that a request can name.
type tenant struct {
	*apitest.Account
	s *apitest.System
	// people and ids are by role; who has no user in the account has no id.
	people map[string]*apitest.Person
	ids    map[string]string
	// invited is the user of an open invitation that reserves a seat.
	invited string
	// quote is an open quote.
	quote string
}

// testCatalog has plans with other policies than the sample's.
func testCatalog(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "catalog.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// newSystem starts a system in which both catalogs are published.
func newSystem(t testing.TB) *apitest.System {
	s := apitest.New(t)
	s.Publish(apitest.SampleCatalog(t))
	s.Publish(testCatalog(t))
	return s
}

// newTenant opens an account and fills it. It has seats for every test.
func newTenant(t testing.TB, s *apitest.System, change map[string]any) *tenant {
	t.Helper()
	with := map[string]any{"seats": 40}
	for k, v := range change {
		with[k] = v
	}
	x := &tenant{Account: s.OpenWith(with), s: s, people: map[string]*apitest.Person{}, ids: map[string]string{}}
	x.people[owner], x.ids[owner] = x.Owner, x.OwnerID
	for _, role := range []string{admin, billingAdmin, member} {
		x.people[role], x.ids[role] = x.Join(role, role == member)
	}
	for _, gone := range []string{deactivated, removed} {
		x.people[gone], x.ids[gone] = x.Join(member, false)
	}
	x.Owner.Post(x.Path+"/users/"+x.ids[deactivated]+"/deactivate", nil).OK(t, nil)
	x.Owner.Delete(x.Path+"/users/"+x.ids[removed]).OK(t, nil)
	x.invited = x.Invite(x.Invitee("invited-"+s.Key(), member, true))[0].UserID
	x.people[stranger] = s.As("nobody@elsewhere.example")
	x.people[operator], x.people[vendor], x.people[anonymous] = s.Operator(), s.Vendor(), s.Nobody()
	return x
}

// In is the same tenant for a subtest.
func (x *tenant) In(t testing.TB) *tenant {
	view := *x
	view.Account, view.s = x.Account.In(t), x.s.In(t)
	view.people = map[string]*apitest.Person{}
	for role, p := range x.people {
		view.people[role] = p.In(t)
	}
	return &view
}

// newcomer is a new active member who has signed in, without a sign-in page.
func (x *tenant) newcomer(t testing.TB, licensed bool) string {
	t.Helper()
	r := x.Invite(x.Invitee("new-"+x.s.Key(), member, licensed))[0]
	if r.Error != nil {
		t.Fatalf("invite a newcomer: %+v", r.Error)
	}
	who := seats.Identity{Subject: "subject of " + r.UserID, Email: r.Email}
	if _, err := x.s.Service.Accept(t.Context(), who, x.Link(r.UserID, 1), seats.Once[*seats.User]{}); err != nil {
		t.Fatal(err)
	}
	return r.UserID
}

// park puts the account's billing on hold, as a close does that cannot go on.
func (x *tenant) park(t testing.TB) {
	t.Helper()
	id := seats.AccountID(x.ID)
	view, err := x.s.Store.Load(t.Context(), seats.Want{Account: id})
	if err != nil {
		t.Fatal(err)
	}
	parked := *view.Account
	parked.Rev++
	parked.Status, parked.ParkedFor = seats.AccountParked, "a test"
	write := &seats.AccountWrite{Account: &parked, From: view.Account.Rev}
	if err := x.s.Store.Commit(t.Context(), id, &seats.Change{Account: write}); err != nil {
		t.Fatal(err)
	}
}

// invitationOf is the id of a user's invitation.
func invitationOf(user string) string { return "inv_" + strings.TrimPrefix(user, "usr_") }

// request makes a request with a JSON body; nil is none.
func request(method, path string, body any) apitest.Request {
	r := apitest.Request{Method: method, Path: path}
	if body != nil {
		r.Body = encoded(body)
	}
	return r
}

func encoded(body any) string {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return string(text)
}

type object = map[string]any

// valid makes, for each operation, a request that succeeds for whoever may send it,
// with all that it needs made ready by the owner. It is what every generated test
// begins with: an operation without one fails them.
func valid() map[string]func(t testing.TB, x *tenant, as *apitest.Person) apitest.Request {
	read := func(path string) func(testing.TB, *tenant, *apitest.Person) apitest.Request {
		return func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
			path := strings.NewReplacer("{account}", x.ID, "{subscription}", x.Sub, "{user}", x.ids[member], "{number}", "1").Replace(path)
			return request("GET", path, nil)
		}
	}
	all := map[string]func(testing.TB, *tenant, *apitest.Person) apitest.Request{
		"get-me":                read("/v1/me"),
		"get-account":           read("/v1/accounts/{account}"),
		"list-users":            read("/v1/accounts/{account}/users"),
		"list-invitations":      read("/v1/accounts/{account}/invitations"),
		"list-subscriptions":    read("/v1/accounts/{account}/subscriptions"),
		"get-subscription":      read("/v1/accounts/{account}/subscriptions/{subscription}"),
		"list-licenses":         read("/v1/accounts/{account}/subscriptions/{subscription}/licenses"),
		"list-invoices":         read("/v1/accounts/{account}/invoices"),
		"get-invoice":           read("/v1/accounts/{account}/invoices/{number}"),
		"get-upcoming-invoice":  read("/v1/accounts/{account}/invoices/upcoming"),
		"explain-invoice":       read("/v1/accounts/{account}/invoices/{number}/explain"),
		"verify-invoice":        read("/v1/accounts/{account}/invoices/{number}/verify"),
		"list-events":           read("/v1/accounts/{account}/events"),
		"get-user":              read("/v1/accounts/{account}/users/{user}"),
		"list-accounts":         read("/v1/operator/accounts"),
		"list-parked-accounts":  read("/v1/operator/parked-accounts"),
		"get-account-overview":  read("/v1/operator/accounts/{account}"),
		"audit-account":         read("/v1/operator/accounts/{account}/audit"),
		"get-catalog":           read("/v1/operator/catalog"),
		"list-account-invoices": read("/v1/operator/accounts/{account}/invoices"),
	}
	addPeople(all)
	addEntitlements(all)
	addRequests(all)
	addSeats(all)
	addPlans(all)
	addOperator(all)
	return all
}

func addPeople(all map[string]func(testing.TB, *tenant, *apitest.Person) apitest.Request) {
	all["bind-me"] = func(_ testing.TB, _ *tenant, as *apitest.Person) apitest.Request {
		return request("POST", "/v1/me", object{"id_token": as.IDToken})
	}
	all["edit-account"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("PATCH", x.Path, object{"name": "Renamed at " + x.Email("") + " " + x.s.Key()})
	}
	all["invite"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", x.Path+"/invitations", object{"people": []any{x.Invitee("guest-"+x.s.Key(), member, false)}})
	}
	all["cancel-invitation"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		r := x.Invite(x.Invitee("guest-"+x.s.Key(), member, false))[0]
		return request("DELETE", x.Path+"/invitations/"+r.InvitationID, nil)
	}
	all["resend-invitation"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		r := x.Invite(x.Invitee("guest-"+x.s.Key(), member, false))[0]
		return request("POST", x.Path+"/invitations/"+r.InvitationID+"/resend", nil)
	}
	all["look-up-invitation"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", "/v1/invitations/lookup", object{"token": x.Link(x.invited, 1)})
	}
	all["accept-invitation"] = func(_ testing.TB, x *tenant, as *apitest.Person) apitest.Request {
		// Another account invites the person, who may be a user of this one already.
		host := x.s.OpenWith(object{"seats": 1})
		email := as.Email
		if email == "" {
			email = x.Email("guest-" + x.s.Key())
		}
		r := host.Invite(map[string]string{"email": email, "first_name": "A", "last_name": "Guest"})[0]
		return request("POST", "/v1/invitations/accept", object{"token": host.Link(r.UserID, 1), "id_token": as.IDToken})
	}
	all["edit-user"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("PATCH", x.Path+"/users/"+x.ids[member], object{"qualification": "Engineer " + x.s.Key()})
	}
	all["remove-user"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("DELETE", x.Path+"/users/"+x.newcomer(t, false), nil)
	}
	all["deactivate-user"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", x.Path+"/users/"+x.newcomer(t, false)+"/deactivate", nil)
	}
	all["create-user"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", x.Path+"/users", object{"email": x.Email("made-" + x.s.Key()), "first_name": "Ma", "last_name": "De"})
	}
	all["import-users"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", x.Path+"/users/import", object{"csv": "email,first_name,last_name\r\n" + x.Email("line-"+x.s.Key()) + ",Li,Ne\r\n"})
	}
	all["erase-user"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		user := x.newcomer(t, false)
		x.Owner.Delete(x.Path+"/users/"+user).OK(t, nil)
		return request("POST", x.Path+"/users/"+user+"/erase", nil)
	}
	all["activate-user"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		user := x.newcomer(t, false)
		x.Owner.Post(x.Path+"/users/"+user+"/deactivate", nil).OK(t, nil)
		return request("POST", x.Path+"/users/"+user+"/activate", nil)
	}
	all["transfer-ownership"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("PUT", x.Path+"/owner", object{"user_id": x.ids[member]})
	}
}

func addEntitlements(all map[string]func(testing.TB, *tenant, *apitest.Person) apitest.Request) {
	all["get-my-entitlement"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("GET", "/v1/entitlements/meetings?account="+x.ID, nil)
	}
	all["get-entitlement"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("GET", x.Path+"/users/"+x.ids[member]+"/entitlements/meetings", nil)
	}
	all["create-license-token"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", "/v1/license-tokens", object{"account": x.ID, "product": x.product()})
	}
	all["get-license-keys"] = func(testing.TB, *tenant, *apitest.Person) apitest.Request {
		return request("GET", "/.well-known/jwks.json", nil)
	}
	all["revoke-license-tokens"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", "/v1/operator/accounts/"+x.ID+"/tokens/revoke", nil)
	}
}

// product is what the tenant's subscription is to.
func (x *tenant) product() string { return x.Sub[strings.LastIndexByte(x.Sub, '_')+1:] }

func addSeats(all map[string]func(testing.TB, *tenant, *apitest.Person) apitest.Request) {
	all["assign-licenses"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", x.SubPath()+"/licenses", object{"user_ids": []string{x.newcomer(t, false)}})
	}
	all["revoke-license"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("DELETE", x.SubPath()+"/licenses/"+x.newcomer(t, true), nil)
	}
	all["quote-seats"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", x.SubPath()+"/quotes", object{"seats": x.Pool().Seats + 1})
	}
	all["confirm-seats"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", x.SubPath()+"/seat-changes", object{"quote_id": x.Quote(x.Pool().Seats + 1).ID, "agreement_accepted": true})
	}
	all["cancel-pending-seats"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		if pool := x.Pool(); pool.Pending == nil {
			x.Confirm(x.Quote(pool.Seats-1).ID).OK(t, nil)
		}
		return request("DELETE", x.SubPath()+"/seat-changes/pending", nil)
	}
}

func addOperator(all map[string]func(testing.TB, *tenant, *apitest.Person) apitest.Request) {
	all["open-account"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", "/v1/operator/accounts", object{
			"name": "New", "currency": "EUR", "time_zone": "Europe/Berlin", "plan_id": "meetings-monthly", "seats": 1,
			"owner": object{"email": x.s.Key() + "@new.example", "first_name": "N", "last_name": "Ew"},
		})
	}
	all["advance-clock"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		var a api.Account
		x.Owner.Get(x.Path).OK(t, &a)
		return request("POST", "/v1/operator/accounts/"+x.ID+"/clock", object{"to": a.Now.Add(1)})
	}
	all["close-account-cycle"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", "/v1/operator/accounts/"+x.ID+"/close", nil)
	}
	all["mark-invoice-paid"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", "/v1/operator/accounts/"+x.ID+"/invoices/1/paid", nil)
	}
	all["void-invoice"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		other := x.s.OpenWith(object{"seats": 1})
		return request("POST", "/v1/operator/accounts/"+other.ID+"/invoices/1/void", object{"reason": "billed twice"})
	}
	all["retry-parked-account"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		other := &tenant{Account: x.s.OpenWith(object{"seats": 1}), s: x.s}
		other.park(t)
		return request("POST", "/v1/operator/parked-accounts/"+other.ID+"/retry", nil)
	}
	for id, path := range map[string]string{"publish-catalog": "publish", "validate-catalog": "validate"} {
		all[id] = func(t testing.TB, _ *tenant, _ *apitest.Person) apitest.Request {
			return request("POST", "/v1/operator/catalog/"+path, object{"catalog": testCatalog(t)})
		}
	}
}
