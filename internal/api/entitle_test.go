package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/license"
)

// verifier takes tokens of the system for a product, by its published keys.
func verifier(t *testing.T, s *apitest.System, product string) *license.Verifier {
	t.Helper()
	set, err := license.ParseJWKS(s.Nobody().Get("/.well-known/jwks.json").OK(t, nil).Body)
	if err != nil {
		t.Fatal(err)
	}
	v, err := license.NewVerifier(license.Options{Issuer: apitest.LicenseIssuer, Audience: product, Keys: set, Now: s.Now, CacheTokens: 10})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The console, the vendor's server and whoever checks a token offline are told the
// same; a license that is taken is gone with the next question, a token with its hour
// or its epoch.
func TestWhatALicenseAllowsIsToldInThreeWays(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	product := x.product()
	ann, server := x.people[member], s.Vendor()
	offline := verifier(t, s, product)
	check := x.Path + "/users/" + x.ids[member] + "/entitlements/" + product
	ask := func(p *apitest.Person, path string) (e api.EntitlementCheck) {
		p.Get(path).OK(t, &e)
		return e
	}
	for path, p := range map[string]*apitest.Person{"/v1/entitlements/" + product: ann, check: server} {
		e := ask(p, path)
		if !e.Entitled || e.Denied != "" || e.AccountID != x.ID || e.UserID != x.ids[member] || e.SubscriptionID != x.Sub || len(e.Entitlements) == 0 || e.Entitlements[0].Name == "" {
			t.Errorf("%s: %+v", path, e)
		}
	}
	var token api.LicenseToken
	ann.Post("/v1/license-tokens", object{"product": product}).OK(t, &token)
	claims, err := offline.Verify(token.Token)
	if err != nil {
		t.Fatal(err)
	}
	if claims.Subject != x.ids[member] || claims.Account != x.ID || claims.Expires != token.ExpiresAt.Unix() || claims.Entitlements[0] != ask(ann, "/v1/entitlements/"+product).Entitlements[0].ID {
		t.Errorf("got %+v", claims)
	}

	x.Owner.Delete(x.SubPath()+"/licenses/"+x.ids[member]).OK(t, nil)
	for path, p := range map[string]*apitest.Person{"/v1/entitlements/" + product: ann, check: server} {
		if e := ask(p, path); e.Entitled || e.Denied != "no_license" || len(e.Entitlements) != 0 {
			t.Errorf("without a license, %s: %+v", path, e)
		}
	}
	ann.Post("/v1/license-tokens", object{"product": product}).Refused(t, http.StatusForbidden, "forbidden")
	if e := ask(server, strings.TrimSuffix(check, product)+"nothing"); e.Denied != "no_subscription" {
		t.Errorf("an unknown product: %+v", e)
	}
	if _, err := offline.Verify(token.Token); err != nil {
		t.Errorf("a token goes on within its hour: %v", err)
	}
	var revoked api.RevokedTokens
	s.Operator().Post("/v1/operator/accounts/"+x.ID+"/tokens/revoke", nil).OK(t, &revoked)
	offline.Revoke(x.ID, revoked.Epoch)
	if _, err := offline.Verify(token.Token); err == nil {
		t.Error("a token of an epoch that was revoked is good")
	}
}

// Who is in several accounts says which one is meant.
func TestWhoIsInSeveralAccountsNamesOne(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x, y := newTenant(t, s, nil), s.OpenWith(object{"seats": 3})
	ann := x.people[member]
	r := y.Invite(map[string]string{"email": ann.Email, "first_name": "Ann", "last_name": "Twice"})[0]
	ann.Post("/v1/invitations/accept", object{"token": y.Link(r.UserID, 1), "id_token": ann.IDToken}).OK(t, nil)
	ann.Get("/v1/entitlements/meetings").Refused(t, http.StatusUnprocessableEntity, "invalid")
	ann.Post("/v1/license-tokens", object{"product": "meetings"}).Refused(t, http.StatusUnprocessableEntity, "invalid")
	for account, entitled := range map[string]bool{x.ID: true, y.ID: false} {
		var e api.EntitlementCheck
		ann.Get("/v1/entitlements/"+x.product()+"?account="+account).OK(t, &e)
		if e.Entitled != entitled || e.AccountID != account {
			t.Errorf("got %+v", e)
		}
	}
}

// A license token is no login: it has no right at all, whatever it is sent to.
func TestALicenseTokenIsNoLogin(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	var token api.LicenseToken
	x.people[member].Post("/v1/license-tokens", object{"product": x.product()}).OK(t, &token)
	x.people[stranger].Post("/v1/me", object{"id_token": token.Token}).Refused(t, http.StatusUnprocessableEntity, "invalid")
	s.Nobody().Post("/v1/me", object{"id_token": token.Token}).Refused(t, http.StatusForbidden, "forbidden")
}

func TestMembersLearnWhatTheyCanAskAbout(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	var me api.Me
	x.people[member].Get("/v1/me").OK(t, &me)
	if len(me.Accounts) != 1 || len(me.Accounts[0].Products) != 1 || me.Accounts[0].Products[0].ID != x.product() || me.Accounts[0].Products[0].Name == "" {
		t.Errorf("a member's accounts: got %+v, want one with the product %s and its name", me.Accounts, x.product())
	}
}
