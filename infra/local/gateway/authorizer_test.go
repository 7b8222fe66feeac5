package gateway_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/usher-seats/usher/infra/local/gateway"
	"github.com/usher-seats/usher/infra/local/sam"
)

// issuer serves a discovery document and keys.
type issuer struct {
	*httptest.Server
	key     *rsa.PrivateKey
	kid     atomic.Value // string
	fetches atomic.Int32
	name    string // instead of its address, where it lies
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	i.kid.Store("k1")
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		name := i.URL
		if i.name != "" {
			name = i.name
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": name, "jwks_uri": i.URL + "/keys"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		i.fetches.Add(1)
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: i.kid.Load().(string), Algorithm: "RS256", Use: "sig"}}})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func sign(t *testing.T, alg jose.SignatureAlgorithm, key any, kid string, claims any) string {
	t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func (i *issuer) claims(change map[string]any) map[string]any {
	c := map[string]any{"iss": i.URL, "aud": "console", "sub": "u1", "exp": now.Unix() + 60, "iat": now.Unix() - 1, "scope": "openid read"}
	for name, v := range change {
		if v == nil {
			delete(c, name)
		} else {
			c[name] = v
		}
	}
	return c
}

func (i *issuer) gateway() *gateway.Gateway {
	a := &sam.API{
		Authorizers: map[string]*sam.Authorizer{"Token": {Name: "Token", Issuer: i.URL, Audience: []string{"console"}, Header: "Authorization"}},
		Routes: []*sam.Route{
			{FunctionID: "F", Method: "GET", Path: "/", Authorizer: "Token"},
			{FunctionID: "F", Method: "GET", Path: "/scoped", Authorizer: "Token", Scopes: []string{"write", "read"}},
			{FunctionID: "F", Method: "GET", Path: "/other", Authorizer: "Token", Scopes: []string{"write"}},
			{FunctionID: "F", Method: "GET", Path: "/public"},
		},
	}
	return gateway.New(gateway.Options{
		API: a, Functions: map[string]gateway.Invoker{"F": invoker(echo)}, HTTP: i.Client(), Now: func() time.Time { return now },
	})
}

func get(path, authorization string) *http.Request {
	r := httptest.NewRequest("GET", path, nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return r
}

func TestClaimsArriveAsTexts(t *testing.T) {
	i := newIssuer(t)
	token := sign(t, jose.RS256, i.key, "k1", i.claims(map[string]any{
		"groups": []string{"operators", "x y"}, "none": []string{}, "email_verified": true, "auth_time": 1732270000123, "scope": "openid read",
	}))
	status, _, body := do(i.gateway(), get("/scoped", "bearer "+token))
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	var e struct {
		RequestContext struct {
			Authorizer struct {
				JWT struct {
					Claims map[string]string
					Scopes []string
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"iss": i.URL, "aud": "console", "sub": "u1", "exp": "1795338060", "iat": "1795337999", "scope": "openid read",
		"groups": "[operators x y]", "none": "[]", "email_verified": "true", "auth_time": "1732270000123",
	}
	if got := e.RequestContext.Authorizer.JWT; !reflect.DeepEqual(got.Claims, want) || !reflect.DeepEqual(got.Scopes, []string{"openid", "read"}) {
		t.Errorf("claims\n got %v %v\nwant %v", got.Claims, got.Scopes, want)
	}
}

func TestAPublicRouteTakesNoToken(t *testing.T) {
	status, _, body := do(newIssuer(t).gateway(), get("/public", "Bearer nonsense"))
	if status != http.StatusOK || strings.Contains(body, `"authorizer"`) {
		t.Errorf("%d %s", status, body)
	}
}

func TestTokensThatAreNotTaken(t *testing.T) {
	i := newIssuer(t)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	valid := func(change map[string]any) string { return sign(t, jose.RS256, i.key, "k1", i.claims(change)) }
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	pieces := strings.Split(valid(nil), ".")
	payload := pieces[1]
	public, err := json.Marshal(jose.JSONWebKey{Key: i.key.Public()})
	if err != nil {
		t.Fatal(err)
	}
	embedded := part(fmt.Sprintf(`{"alg":"RS256","jwk":%s}`, public)) + "." + payload + "." + pieces[2]
	for _, tt := range []struct{ name, token, why string }{
		{"expired to the second", valid(map[string]any{"exp": now.Unix()}), "the token has expired"},
		{"no expiry", valid(map[string]any{"exp": nil}), "the token has no expiry"},
		{"an expiry that is a text", valid(map[string]any{"exp": "1795338060"}), "the token has no expiry"},
		{"not valid yet", valid(map[string]any{"nbf": now.Unix() + 1}), "not valid yet"},
		{"issued in the future", valid(map[string]any{"iat": now.Unix() + 1}), "not valid yet"},
		{"another issuer", valid(map[string]any{"iss": i.URL + "/"}), "invalid issuer"},
		{"another audience", valid(map[string]any{"aud": "other"}), "valid audience"},
		{"no audience", valid(map[string]any{"aud": nil}), "valid audience"},
		{"a client_id beside a wrong aud", valid(map[string]any{"aud": "other", "client_id": "console"}), "valid audience"},
		{"another key with the known id", sign(t, jose.RS256, other, "k1", i.claims(nil)), "signature"},
		{"an unknown key", sign(t, jose.RS256, other, "k2", i.claims(nil)), "unknown key"},
		{"no key id", sign(t, jose.RS256, i.key, "", i.claims(nil)), "unknown key"},
		{"RS512", sign(t, jose.RS512, i.key, "k1", i.claims(nil)), "RS256"},
		{"PS256", sign(t, jose.PS256, i.key, "k1", i.claims(nil)), "RS256"},
		{"HMAC with the public key", sign(t, jose.HS256, i.key.N.Bytes(), "k1", i.claims(nil)), "RS256"},
		{"no algorithm", part(`{"alg":"none","kid":"k1"}`) + "." + payload + ".", "RS256"},
		{"a changed payload", pieces[0] + "." + part(`{"iss":"`+i.URL+`","aud":"console","exp":9999999999}`) + "." + pieces[2], "signature"},
		{"a key in the token", embedded, "unknown key"},
		{"not a token", "abc", "malformed"},
		{"empty", "", "malformed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, header, body := do(i.gateway(), get("/", "Bearer "+tt.token))
			if status != http.StatusUnauthorized || body != `{"message":"Unauthorized"}` {
				t.Errorf("answered %d %s", status, body)
			}
			if why := header.Get("Www-Authenticate"); !strings.Contains(why, `error="invalid_token"`) || !strings.Contains(why, tt.why) {
				t.Errorf("the reason is %s, want …%s…", why, tt.why)
			}
		})
	}
	status, header, body := do(i.gateway(), get("/", ""))
	if status != http.StatusUnauthorized || body != `{"message":"Unauthorized"}` || header.Get("Www-Authenticate") != "Bearer" {
		t.Errorf("without a token: %d %s %v", status, body, header)
	}
}

func TestTokensThatAreTaken(t *testing.T) {
	i := newIssuer(t)
	for name, change := range map[string]map[string]any{
		"a list of audiences":           {"aud": []string{"x", "console"}},
		"a client_id instead of an aud": {"aud": nil, "client_id": "console"},
		"a fraction of a second":        {"exp": json.Number("1795338060.5")},
		"scopes in scp":                 {"scope": nil, "scp": []string{"read"}},
	} {
		if status, _, body := do(i.gateway(), get("/scoped", "Bearer "+sign(t, jose.RS256, i.key, "k1", i.claims(change)))); status != http.StatusOK {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

func TestARouteWithScopesNeedsOneOfThem(t *testing.T) {
	i := newIssuer(t)
	status, header, body := do(i.gateway(), get("/other", "Bearer "+sign(t, jose.RS256, i.key, "k1", i.claims(nil))))
	if status != http.StatusForbidden || body != `{"message":"Forbidden"}` || !strings.Contains(header.Get("Www-Authenticate"), `error="insufficient_scope"`) {
		t.Errorf("%d %s %v", status, body, header)
	}
}

func TestKeysAreFetchedOnceAndAgainForANewKey(t *testing.T) {
	i := newIssuer(t)
	at := now
	a := &sam.API{
		Authorizers: map[string]*sam.Authorizer{"Token": {Issuer: i.URL, Audience: []string{"console"}, Header: "Authorization"}},
		Routes:      []*sam.Route{{FunctionID: "F", Method: "GET", Path: "/", Authorizer: "Token"}},
	}
	g := gateway.New(gateway.Options{API: a, Functions: map[string]gateway.Invoker{"F": invoker(echo)}, HTTP: i.Client(), Now: func() time.Time { return at }})
	try := func(kid string, status int, fetches int32) {
		t.Helper()
		got, _, _ := do(g, get("/", "Bearer "+sign(t, jose.RS256, i.key, kid, i.claims(nil))))
		if got != status || i.fetches.Load() != fetches {
			t.Errorf("key %s: %d after %d fetches, want %d after %d", kid, got, i.fetches.Load(), status, fetches)
		}
	}
	try("k1", 200, 1)
	try("k1", 200, 1)
	try("k2", 401, 1) // unknown, and too soon to ask again
	i.kid.Store("k2")
	at = at.Add(2 * time.Second)
	try("k2", 200, 2)
	try("k1", 401, 2)
}

func TestAnIssuerThatNamesAnotherIsNotTrusted(t *testing.T) {
	i := newIssuer(t)
	i.name = "https://other.example.com"
	status, _, body := do(i.gateway(), get("/", "Bearer "+sign(t, jose.RS256, i.key, "k1", i.claims(nil))).WithContext(context.Background()))
	if status != http.StatusUnauthorized {
		t.Errorf("%d %s", status, body)
	}
}
