package oidc_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"go.uber.org/goleak"

	"github.com/usher-seats/usher/infra/local/oidc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sharedKey is made once, since each costs a moment.
var sharedKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

const (
	clientID    = "usher-console"
	redirectURI = "http://127.0.0.1:7999/accept"
	// verifier and challenge are the pair of RFC 7636, appendix B.
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// rig is an issuer over HTTP with a clock that tests move.
type rig struct {
	t      *testing.T
	issuer string
	server *oidc.Server
	client *http.Client
	clock  *atomic.Int64
}

func (r *rig) now() time.Time { return time.Unix(r.clock.Load(), 0).UTC() }

func (r *rig) advance(d time.Duration) { r.clock.Add(int64(d.Seconds())) }

func start(t *testing.T, change func(*oidc.Options)) *rig {
	t.Helper()
	key, err := sharedKey()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, clock: &atomic.Int64{}}
	r.clock.Store(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).Unix())
	mux := http.NewServeMux()
	listener := httptest.NewServer(mux)
	t.Cleanup(listener.Close)
	r.issuer = listener.URL + "/issuer"
	options := oidc.Options{
		IssuerURL: r.issuer, ClientID: clientID, RedirectPrefixes: []string{"http://127.0.0.1:7999/"}, Now: r.now, Key: key,
		People: func() []oidc.Person {
			return []oidc.Person{
				{Email: "ada@example.com", FirstName: "Ada", LastName: "Lovelace", Role: "owner", Account: "Analytical <b>Engines</b>"},
				{Email: "ops@vendor.example", FirstName: "Olga", Groups: []string{"operators"}, Role: "operator"},
				{Email: "new@example.com", EmailUnverified: true},
			}
		},
		VendorServers: []oidc.VendorServer{{ClientID: "vendor-server", Secret: "s3cret/+&"}},
	}
	if change != nil {
		change(&options)
	}
	if r.server, err = oidc.New(options); err != nil {
		t.Fatal(err)
	}
	mux.Handle("/", r.server)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	r.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return r
}

func (r *rig) signIn(email string) oidc.Tokens {
	r.t.Helper()
	tokens, err := oidc.SignIn(r.t.Context(), r.client, r.issuer, clientID, redirectURI, email)
	if err != nil {
		r.t.Fatal(err)
	}
	return tokens
}

// authorization is a correct request; tests spoil a copy.
func authorization() url.Values {
	return url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {redirectURI}, "scope": {"openid email"},
		"state": {"state-1"}, "nonce": {"nonce-1"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
}

type answer struct {
	status   int
	header   http.Header
	location *url.URL
	body     string
}

func (r *rig) do(method, path string, form url.Values, header map[string]string) answer {
	r.t.Helper()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form.Encode())
	} else if form != nil {
		path += "?" + form.Encode()
	}
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.issuer+path, body)
	if err != nil {
		r.t.Fatal(err)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := r.client.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	location, err := url.Parse(response.Header.Get("Location"))
	if err != nil {
		r.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, location, string(data)}
}

// code signs somebody in by hand and returns the code.
func (r *rig) code(query url.Values, email string) string {
	r.t.Helper()
	page := r.do(http.MethodGet, "/authorize", query, nil)
	got := r.do(http.MethodPost, "/sign-in", url.Values{"request": {requestID(r.t, page.body)}, "email": {email}}, nil)
	if got.status != http.StatusSeeOther || got.location.Query().Get("state") != query.Get("state") {
		r.t.Fatalf("sign-in answered %d %s", got.status, got.location)
	}
	return got.location.Query().Get("code")
}

func requestID(t *testing.T, page string) string {
	t.Helper()
	_, after, found := strings.Cut(page, `name="request" value="`)
	id, _, closed := strings.Cut(after, `"`)
	if !found || !closed {
		t.Fatalf("the page has no request:\n%s", page)
	}
	return id
}

func exchange(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "client_id": {clientID}, "redirect_uri": {redirectURI}, "code": {code}, "code_verifier": {verifier}}
}

// claims verifies an id_token or access token by discovery and JWKS with the
// library that the functions use, and returns what it says.
func (r *rig) claims(token string) map[string]any {
	r.t.Helper()
	ctx := goidc.ClientContext(context.WithoutCancel(r.t.Context()), r.client)
	provider, err := goidc.NewProvider(ctx, r.issuer)
	if err != nil {
		r.t.Fatal(err)
	}
	verified, err := provider.Verifier(&goidc.Config{ClientID: clientID, Now: r.now}).Verify(ctx, token)
	if err != nil {
		r.t.Fatalf("verify: %v", err)
	}
	var claims map[string]any
	if err := verified.Claims(&claims); err != nil {
		r.t.Fatal(err)
	}
	return claims
}

func typOf(t *testing.T, token string) string {
	t.Helper()
	header, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct{ Typ string }
	if err := json.Unmarshal(header, &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed.Typ
}

func TestTheTestsOwnPairIsOne(t *testing.T) {
	sum := sha256.Sum256([]byte(verifier))
	if base64.RawURLEncoding.EncodeToString(sum[:]) != challenge {
		t.Fatal("verifier and challenge do not belong together")
	}
}
