package oidc_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/local/oidc"
)

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

func TestAnUnknownClientOrRedirectIsShownAndNotFollowed(t *testing.T) {
	r := start(t, func(o *oidc.Options) { o.RedirectPrefixes = []string{"http://127.0.0.1:7999/app"} })
	for name, change := range map[string]url.Values{
		"another client":         {"client_id": {"other"}},
		"no redirect":            {"redirect_uri": {""}},
		"another host":           {"redirect_uri": {"https://evil.example/app"}},
		"another port":           {"redirect_uri": {"http://127.0.0.1:7998/app"}},
		"another scheme":         {"redirect_uri": {"https://127.0.0.1:7999/app"}},
		"a path beside":          {"redirect_uri": {"http://127.0.0.1:7999/apple"}},
		"a path that climbs":     {"redirect_uri": {"http://127.0.0.1:7999/app/../evil"}},
		"an encoded climb":       {"redirect_uri": {"http://127.0.0.1:7999/app/%2e%2e/evil"}},
		"a user before the host": {"redirect_uri": {"http://127.0.0.1:7999@evil.example/app"}},
		"a fragment":             {"redirect_uri": {"http://127.0.0.1:7999/app#x"}},
		"a script":               {"redirect_uri": {"javascript:alert(1)"}},
	} {
		query := authorization()
		query.Set("redirect_uri", "http://127.0.0.1:7999/app/accept")
		for key, value := range change {
			query[key] = value
		}
		got := r.do(http.MethodGet, "/authorize", query, nil)
		if got.status != http.StatusBadRequest || got.location.String() != "" || !strings.Contains(got.body, "Unknown") {
			t.Errorf("%s: %d %q", name, got.status, got.location)
		}
	}
	query := authorization()
	query.Set("redirect_uri", "http://127.0.0.1:7999/app")
	if got := r.do(http.MethodGet, "/authorize", query, nil); got.status != http.StatusOK {
		t.Errorf("the prefix itself: %d", got.status)
	}
}

func TestAWrongAuthorizationRequestGoesBackToTheClient(t *testing.T) {
	r := start(t, nil)
	for name, c := range map[string]struct {
		key, value, want string
	}{
		"an implicit flow":     {"response_type", "token", "unsupported_response_type"},
		"no openid":            {"scope", "email", "invalid_scope"},
		"no PKCE":              {"code_challenge", "", "invalid_request"},
		"plain PKCE":           {"code_challenge_method", "plain", "invalid_request"},
		"a short challenge":    {"code_challenge", "abc", "invalid_request"},
		"a fragment answer":    {"response_mode", "fragment", "invalid_request"},
		"no state":             {"state", "", "invalid_request"},
		"a huge nonce":         {"nonce", strings.Repeat("n", 2049), "invalid_request"},
		"a request object":     {"request", "eyJ", "request_not_supported"},
		"none with login":      {"prompt", "none login", "invalid_request"},
		"none without session": {"prompt", "none", "login_required"},
	} {
		query := authorization()
		query.Set(c.key, c.value)
		got := r.do(http.MethodGet, "/authorize", query, nil)
		back := got.location.Query()
		if got.status != http.StatusSeeOther || back.Get("error") != c.want || back.Get("error_description") == "" || back.Get("state") != query.Get("state") {
			t.Errorf("%s: %d %s", name, got.status, got.location)
		}
	}
}

func TestACodeIsExchangedOnceByItsOwnClient(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(r *rig, form url.Values)
		want  string
	}{
		"another verifier":     {func(_ *rig, f url.Values) { f.Set("code_verifier", strings.Repeat("x", 43)) }, "invalid_grant"},
		"no verifier":          {func(_ *rig, f url.Values) { f.Del("code_verifier") }, "invalid_grant"},
		"the challenge itself": {func(_ *rig, f url.Values) { f.Set("code_verifier", challenge) }, "invalid_grant"},
		"another redirect":     {func(_ *rig, f url.Values) { f.Set("redirect_uri", "http://127.0.0.1:7999/other") }, "invalid_grant"},
		"another client":       {func(_ *rig, f url.Values) { f.Set("client_id", "other") }, "invalid_client"},
		"a vendor's server":    {func(_ *rig, f url.Values) { f.Set("client_id", "vendor-server") }, "invalid_client"},
		"another code":         {func(_ *rig, f url.Values) { f.Set("code", "x") }, "invalid_grant"},
		"a minute later":       {func(r *rig, _ url.Values) { r.advance(oidc.CodeLife) }, "invalid_grant"},
		"a used code":          {func(r *rig, f url.Values) { r.do(http.MethodPost, "/token", f, nil) }, "invalid_grant"},
		"a code shown before": {func(r *rig, f url.Values) {
			wrong := url.Values{"grant_type": f["grant_type"], "client_id": f["client_id"], "redirect_uri": f["redirect_uri"], "code": f["code"], "code_verifier": {strings.Repeat("x", 43)}}
			r.do(http.MethodPost, "/token", wrong, nil)
		}, "invalid_grant"},
		"another grant": {func(_ *rig, f url.Values) { f.Set("grant_type", "password") }, "unsupported_grant_type"},
		"no grant":      {func(_ *rig, f url.Values) { clear(f) }, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, nil)
			form := exchange(r.code(authorization(), "ada@example.com"))
			c.spoil(r, form)
			got := r.do(http.MethodPost, "/token", form, nil)
			var said map[string]string
			if err := json.Unmarshal([]byte(got.body), &said); err != nil {
				t.Fatal(err)
			}
			if got.status < 400 || said["error"] != c.want || said["error_description"] == "" || said["access_token"] != "" {
				t.Errorf("%d %v, want %s", got.status, said, c.want)
			}
			if got.header.Get("Cache-Control") != "no-store" {
				t.Error("the answer may be cached")
			}
		})
	}
}

func TestACodeIsGoodJustBeforeItsEnd(t *testing.T) {
	r := start(t, nil)
	form := exchange(r.code(authorization(), "ada@example.com"))
	r.advance(oidc.CodeLife - time.Second)
	if got := r.do(http.MethodPost, "/token", form, nil); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestASignInPageThatIsTooOldOrForgedIsRefused(t *testing.T) {
	r := start(t, nil)
	id := requestID(t, r.do(http.MethodGet, "/authorize", authorization(), nil).body)
	post := func(id string, header map[string]string) answer {
		return r.do(http.MethodPost, "/sign-in", url.Values{"request": {id}, "email": {"ada@example.com"}}, header)
	}
	if got := post(id, map[string]string{"Sec-Fetch-Site": "cross-site"}); got.status != http.StatusForbidden {
		t.Errorf("a form of another site: %d", got.status)
	}
	if got := post(id, map[string]string{"Origin": "https://evil.example"}); got.status != http.StatusForbidden {
		t.Errorf("a form of another origin: %d", got.status)
	}
	if got := post("x", nil); got.status != http.StatusBadRequest {
		t.Errorf("an unknown request: %d", got.status)
	}
	if got := post(id, map[string]string{"Sec-Fetch-Site": "same-origin"}); got.status != http.StatusSeeOther {
		t.Errorf("the page's own form: %d", got.status)
	}
	r.advance(time.Hour)
	if got := post(id, nil); got.status != http.StatusBadRequest || !strings.Contains(got.body, "too old") {
		t.Errorf("an hour later: %d", got.status)
	}
}

func TestTheSignInPageShowsNamesAsText(t *testing.T) {
	r := start(t, func(o *oidc.Options) {
		o.People = func() []oidc.Person {
			return []oidc.Person{{Email: "eve@example.com", FirstName: `<script>alert("x")</script>`, LastName: "\u202Etxt.exe", Role: "<i>owner</i>", Account: "<b>Acme</b>"}}
		}
	})
	query := authorization()
	query.Set("login_hint", "EVE@example.com")
	got := r.do(http.MethodGet, "/authorize", query, nil)
	for _, tag := range []string{"<script", "<i>", "<b>", "\u202E"} {
		if strings.Contains(got.body, tag) {
			t.Errorf("the page has %s", tag)
		}
	}
	if !strings.Contains(got.body, "Continue as <bdi>") || !strings.Contains(got.body, "<h3><bdi>&lt;b&gt;Acme") {
		t.Errorf("the page lacks the person or does not isolate the name:\n%s", got.body)
	}
	policy := got.header.Get("Content-Security-Policy")
	if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "form-action 'self' http://127.0.0.1:7999") {
		t.Errorf("policy %q", policy)
	}
	if strings.Contains(got.body, "style=") || strings.Contains(got.body, "<style") {
		t.Error("the page has styles that its own policy forbids")
	}
	if css := r.do(http.MethodGet, "/sign-in.css", nil, nil); css.status != http.StatusOK || !strings.HasPrefix(css.header.Get("Content-Type"), "text/css") {
		t.Errorf("style sheet: %d %s", css.status, css.header.Get("Content-Type"))
	}
}

func TestClientCredentials(t *testing.T) {
	r := start(t, nil)
	tokens, err := oidc.ClientCredentials(t.Context(), r.client, r.issuer, "vendor-server", "s3cret/+&", "entitlements:read")
	if err != nil {
		t.Fatal(err)
	}
	claims := r.claims(tokens.AccessToken)
	for claim, want := range map[string]any{"sub": "vendor-server", "client_id": "vendor-server", "aud": clientID, "scope": "entitlements:read", "auth_time": nil, "groups": nil, "email": nil} {
		if claims[claim] != want {
			t.Errorf("%s is %v, want %v", claim, claims[claim], want)
		}
	}
	if tokens.IDToken != "" || tokens.RefreshToken != "" {
		t.Errorf("a server got %+v", tokens)
	}
	for name, c := range map[string]struct{ id, secret, scope, want string }{
		"a wrong secret":    {"vendor-server", "x", "", "invalid_client"},
		"an unknown server": {"x", "s3cret/+&", "", "invalid_client"},
		"the public client": {clientID, "x", "", "invalid_client"},
		"another scope":     {"vendor-server", "s3cret/+&", "admin", "invalid_scope"},
	} {
		if _, err := oidc.ClientCredentials(t.Context(), r.client, r.issuer, c.id, c.secret, c.scope); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	body := url.Values{"grant_type": {"client_credentials"}, "client_id": {"vendor-server"}, "client_secret": {"s3cret/+&"}}
	if got := r.do(http.MethodPost, "/token", body, nil); got.status != http.StatusOK {
		t.Errorf("the secret in the body: %d %s", got.status, got.body)
	}
}

func TestTheSignInHelperRefusesAnotherIssuer(t *testing.T) {
	r := start(t, nil)
	for name, c := range map[string]struct{ issuer, client, redirect string }{
		"another issuer":   {strings.Replace(r.issuer, "127.0.0.1", "localhost", 1), clientID, redirectURI},
		"no issuer":        {r.issuer + "/nowhere", clientID, redirectURI},
		"another client":   {r.issuer, "other", redirectURI},
		"another redirect": {r.issuer, clientID, "https://evil.example/"},
	} {
		if _, err := oidc.SignIn(t.Context(), r.client, c.issuer, c.client, c.redirect, "ada@example.com"); err == nil {
			t.Errorf("%s: signed in", name)
		}
	}
}
