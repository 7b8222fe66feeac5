package oidc_test

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/local/oidc"
)

func keys(claims map[string]any) []string {
	var names []string
	for name := range claims {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestSignInGivesAnAccessTokenWithoutAnEmailAndAnIDTokenWithOne(t *testing.T) {
	r := start(t, nil)
	tokens := r.signIn("ada@example.com")
	access, id := r.claims(tokens.AccessToken), r.claims(tokens.IDToken)

	if want := []string{"aud", "auth_time", "client_id", "exp", "iat", "iss", "jti", "scope", "sub"}; !reflect.DeepEqual(keys(access), want) {
		t.Errorf("access token has %v, want %v", keys(access), want)
	}
	if want := []string{"at_hash", "aud", "auth_time", "email", "email_verified", "exp", "family_name", "given_name", "iat", "iss", "name", "nonce", "sub"}; !reflect.DeepEqual(keys(id), want) {
		t.Errorf("id_token has %v, want %v", keys(id), want)
	}
	now := float64(r.now().Unix())
	for claim, want := range map[string]any{
		"iss": r.issuer, "aud": clientID, "client_id": clientID, "scope": "openid email profile",
		"auth_time": now, "iat": now, "exp": now + 3600, "sub": oidc.Subject("ada@example.com"),
	} {
		if access[claim] != want {
			t.Errorf("access token: %s is %v, want %v", claim, access[claim], want)
		}
	}
	for claim, want := range map[string]any{"email": "ada@example.com", "email_verified": true, "name": "Ada Lovelace", "sub": access["sub"], "aud": clientID} {
		if id[claim] != want {
			t.Errorf("id_token: %s is %v, want %v", claim, id[claim], want)
		}
	}
	if strings.Contains(access["sub"].(string), "ada") {
		t.Errorf("the subject %q shows the email", access["sub"])
	}
	if a, i := typOf(t, tokens.AccessToken), typOf(t, tokens.IDToken); a != "at+jwt" || i != "JWT" {
		t.Errorf("typ %q and %q", a, i)
	}
	if tokens.TokenType != "Bearer" || tokens.ExpiresIn != 3600 || tokens.RefreshToken != "" {
		t.Errorf("tokens %+v", tokens)
	}
}

func TestAnOperatorHasGroupsAndNobodyElse(t *testing.T) {
	r := start(t, func(o *oidc.Options) { o.GroupsClaim = "cognito:groups" })
	if got := r.claims(r.signIn("OPS@vendor.example").AccessToken)["cognito:groups"]; !reflect.DeepEqual(got, []any{"operators"}) {
		t.Errorf("groups %v", got)
	}
	if got, ok := r.claims(r.signIn("ada@example.com").AccessToken)["cognito:groups"]; ok {
		t.Errorf("a customer has groups %v", got)
	}
}

func TestAnyEmailSignsInAndKeepsItsSubject(t *testing.T) {
	r := start(t, nil)
	first, second := r.claims(r.signIn("someone@else.example").IDToken), r.claims(r.signIn("Someone@Else.example").IDToken)
	if first["sub"] != second["sub"] || first["name"] != "someone" {
		t.Errorf("%v and %v", first, second)
	}
	if other := oidc.Subject("someone2@else.example"); other == first["sub"] {
		t.Error("two people share a subject")
	}
	if got := r.claims(r.signIn("new@example.com").IDToken)["email_verified"]; got != false {
		t.Errorf("email_verified is %v for an unverified email", got)
	}
	if _, err := oidc.SignIn(t.Context(), r.client, r.issuer, clientID, redirectURI, "not an email"); err == nil || !strings.Contains(err.Error(), "422") {
		t.Errorf("signing in with no email: %v", err)
	}
}

func TestTheScopeDecidesWhatTheIDTokenSays(t *testing.T) {
	r := start(t, nil)
	query := authorization()
	query.Set("scope", "openid")
	var tokens oidc.Tokens
	got := r.do(http.MethodPost, "/token", exchange(r.code(query, "ada@example.com")), nil)
	if err := json.Unmarshal([]byte(got.body), &tokens); err != nil {
		t.Fatal(err)
	}
	if claims := r.claims(tokens.IDToken); claims["email"] != nil || claims["name"] != nil || claims["nonce"] != "nonce-1" {
		t.Errorf("id_token says %v", claims)
	}
}

func TestATokenStaysValidOverARestart(t *testing.T) {
	r := start(t, nil)
	tokens := r.signIn("ada@example.com")
	state, err := r.server.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	again, err := oidc.New(oidc.Options{IssuerURL: r.issuer, ClientID: clientID, Now: r.now})
	if err != nil {
		t.Fatal(err)
	}
	handler := func() int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.issuer+"/userinfo", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+tokens.AccessToken)
		recorded := newRecorder()
		again.ServeHTTP(recorded, request)
		return recorded.Code
	}
	if got := handler(); got != http.StatusUnauthorized {
		t.Errorf("another key took the token: %d", got)
	}
	if err := again.Restore(state); err != nil {
		t.Fatal(err)
	}
	if got := handler(); got != http.StatusOK {
		t.Errorf("after Restore the token got %d", got)
	}
	for _, broken := range []string{"", "{}", `{"key_pem":"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}`} {
		if err := again.Restore([]byte(broken)); err == nil {
			t.Errorf("Restore took %q", broken)
		}
	}
}

func TestTheBrowserStaysSignedInUntilItSignsOut(t *testing.T) {
	r := start(t, nil)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	r.client.Jar = jar
	none := authorization()
	none.Set("prompt", "none")
	if got := r.do(http.MethodGet, "/authorize", none, nil); got.location.Query().Get("error") != "login_required" {
		t.Errorf("before signing in: %d %s", got.status, got.location)
	}
	r.code(authorization(), "ada@example.com")
	signedInAt := r.now()
	r.advance(10 * time.Minute)
	got := r.do(http.MethodGet, "/authorize", none, nil)
	code := got.location.Query().Get("code")
	if code == "" {
		t.Fatalf("signed in, prompt=none: %d %s", got.status, got.location)
	}
	var tokens oidc.Tokens
	if err := json.Unmarshal([]byte(r.do(http.MethodPost, "/token", exchange(code), nil).body), &tokens); err != nil {
		t.Fatal(err)
	}
	if at := r.claims(tokens.AccessToken)["auth_time"]; at != float64(signedInAt.Unix()) {
		t.Errorf("auth_time is %v, want the moment of the sign-in, %d", at, signedInAt.Unix())
	}
	for name, values := range map[string]url.Values{"prompt": {"prompt": {"login"}}, "choice": {"prompt": {"select_account"}}, "max_age": {"max_age": {"300"}}} {
		query := authorization()
		for key, value := range values {
			query[key] = value
		}
		if got := r.do(http.MethodGet, "/authorize", query, nil); got.status != http.StatusOK {
			t.Errorf("%s: %d, want the sign-in page", name, got.status)
		}
	}
	out := r.do(http.MethodGet, "/logout", url.Values{"post_logout_redirect_uri": {"http://127.0.0.1:7999/bye"}, "state": {"s"}}, nil)
	if out.location.String() != "http://127.0.0.1:7999/bye?state=s" {
		t.Errorf("signed out to %q", out.location)
	}
	if got := r.do(http.MethodGet, "/authorize", none, nil); got.location.Query().Get("error") != "login_required" {
		t.Errorf("after signing out: %d %s", got.status, got.location)
	}
	if got := r.do(http.MethodGet, "/logout", url.Values{"post_logout_redirect_uri": {"https://evil.example/"}}, nil); got.status != http.StatusOK {
		t.Errorf("signed out to a foreign place: %d %s", got.status, got.location)
	}
}

func TestRefreshTokensRotateAndDieWithAReusedCode(t *testing.T) {
	r := start(t, nil)
	query := authorization()
	query.Set("scope", "openid email offline_access")
	code := r.code(query, "ada@example.com")
	redeem := func(form url.Values) (oidc.Tokens, int) {
		got := r.do(http.MethodPost, "/token", form, nil)
		var tokens oidc.Tokens
		if err := json.Unmarshal([]byte(got.body), &tokens); err != nil {
			t.Fatal(err)
		}
		return tokens, got.status
	}
	refresh := func(token string) url.Values {
		return url.Values{"grant_type": {"refresh_token"}, "client_id": {clientID}, "refresh_token": {token}}
	}
	first, _ := redeem(exchange(code))
	signedInAt := r.now()
	r.advance(30 * time.Minute)
	second, status := redeem(refresh(first.RefreshToken))
	if status != http.StatusOK || second.RefreshToken == first.RefreshToken {
		t.Fatalf("refresh: %d %+v", status, second)
	}
	if at := r.claims(second.AccessToken)["auth_time"]; at != float64(signedInAt.Unix()) {
		t.Errorf("auth_time moved to %v by a refresh", at)
	}
	if before, after := r.claims(first.IDToken)["nonce"], r.claims(second.IDToken)["nonce"]; before != "nonce-1" || after != nil {
		t.Errorf("nonce %v, and %v after a refresh", before, after)
	}
	if _, status := redeem(refresh(first.RefreshToken)); status != http.StatusBadRequest {
		t.Errorf("a spent refresh token got %d", status)
	}

	code = r.code(query, "ada@example.com")
	third, _ := redeem(exchange(code))
	if _, status := redeem(exchange(code)); status != http.StatusBadRequest {
		t.Errorf("a reused code got %d", status)
	}
	if _, status := redeem(refresh(third.RefreshToken)); status != http.StatusBadRequest {
		t.Errorf("the refresh token of a reused code got %d", status)
	}
}

func TestUserinfoAndItsRefusals(t *testing.T) {
	r := start(t, nil)
	tokens := r.signIn("ada@example.com")
	ask := func(authorization string) answer {
		return r.do(http.MethodGet, "/userinfo", nil, map[string]string{"Authorization": authorization})
	}
	var said map[string]any
	if err := json.Unmarshal([]byte(ask("Bearer "+tokens.AccessToken).body), &said); err != nil {
		t.Fatal(err)
	}
	if said["email"] != "ada@example.com" || said["sub"] != oidc.Subject("ada@example.com") {
		t.Errorf("userinfo says %v", said)
	}
	vendor, err := oidc.ClientCredentials(t.Context(), r.client, r.issuer, "vendor-server", "s3cret/+&", "")
	if err != nil {
		t.Fatal(err)
	}
	for name, authorization := range map[string]string{
		"no token": "", "nonsense": "Bearer x", "an id_token": "Bearer " + tokens.IDToken, "a server's token": "Bearer " + vendor.AccessToken,
		"basic": "Basic " + tokens.AccessToken,
	} {
		if got := ask(authorization); got.status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	r.advance(2 * time.Hour)
	if got := ask("Bearer " + tokens.AccessToken); got.status != http.StatusUnauthorized {
		t.Errorf("an expired token: %d", got.status)
	}
}

func TestOnlyTheClientsOriginsMayReadAnswers(t *testing.T) {
	r := start(t, nil)
	for origin, want := range map[string]string{"http://127.0.0.1:7999": "http://127.0.0.1:7999", "https://evil.example": ""} {
		for _, method := range []string{http.MethodOptions, http.MethodPost} {
			got := r.do(method, "/token", url.Values{"grant_type": {"x"}}, map[string]string{"Origin": origin}).header.Get("Access-Control-Allow-Origin")
			if got != want {
				t.Errorf("%s from %s: allowed %q, want %q", method, origin, got, want)
			}
		}
	}
}

func TestWrongOptionsAreAllNamed(t *testing.T) {
	_, err := oidc.New(oidc.Options{IssuerURL: "ftp://x", RedirectPrefixes: []string{"/relative"}, VendorServers: []oidc.VendorServer{{ClientID: "v"}}})
	for _, name := range []string{"IssuerURL", "ClientID", "RedirectPrefixes", "VendorServers"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
	if _, err := oidc.New(oidc.Options{IssuerURL: "http://127.0.0.1/", ClientID: "c"}); err == nil {
		t.Error("a trailing slash was taken, and the issuer would not match its own tokens")
	}
}
