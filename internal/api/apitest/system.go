// Package apitest runs the whole API in one process for tests: every operation
// behind the gateway's adapter, the real store on DynamoDB Local, a real OIDC
// issuer for id_tokens, and a wall clock that moves on demand.
//
// What stands between is what API Gateway does: a request becomes an event of
// payload format 2.0 with the claims of its token. The gateway's own work, routes
// and signatures, is tested by the local stack's tests over HTTP.
//
// Every answer to every request is held against the committed OpenAPI document, and
// so is every request that was accepted.
package apitest

import (
	"bytes"
	"context"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/infra/local/dynamo/dynamotest"
	"github.com/usher-seats/usher/infra/local/kms"
	"github.com/usher-seats/usher/infra/local/oidc"
	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/boot/identity"
	"github.com/usher-seats/usher/internal/boot/signing"
	"github.com/usher-seats/usher/internal/catalog"
	"github.com/usher-seats/usher/internal/document/files"
	"github.com/usher-seats/usher/internal/license"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/store"
)

// Names that the system is configured with.
const (
	ClientID      = "console"
	OperatorGroup = "operators"
	OperatorEmail = "staff@vendor.example"
	// SecondOperatorEmail is another member of the vendor's staff.
	SecondOperatorEmail = "second@vendor.example"
	VendorServer        = "vendor-server"
	vendorSecret        = "a secret of the vendor's server"
	redirectURI         = "http://127.0.0.1/callback"
)

// System is a running API.
type System struct {
	Service *seats.Service
	Store   *store.Store
	Client  *dynamodb.Client
	// Tables are the tables' names by their logical ids in the template.
	Tables map[string]string

	// Licenses signs license tokens with a key of KMS.
	Licenses *license.Issuer

	// Document is what every answer is held against.
	Document *Document

	t testing.TB
	*shared
}

// shared is what the views of a system have in common.
type shared struct {
	issuer  *httptest.Server
	handle  func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)
	mu      sync.Mutex
	offset  time.Duration
	people  map[string]*Person
	counter int
	writes  atomic.Int64
}

// In is the same system for a subtest, whose failures are the subtest's.
func (s *System) In(t testing.TB) *System {
	view := *s
	view.t = t
	return &view
}

// Option changes how a System is built.
type Option func(*settings)

type settings struct {
	transport func(http.RoundTripper) http.RoundTripper
	meter     func(context.Context, store.Usage)
}

// WithTransport puts something between the store and DynamoDB.
func WithTransport(wrap func(http.RoundTripper) http.RoundTripper) Option {
	return func(s *settings) { s.transport = wrap }
}

// WithMeter measures what the store uses.
func WithMeter(meter func(context.Context, store.Usage)) Option {
	return func(s *settings) { s.meter = meter }
}

// New starts a system with empty tables.
func New(t testing.TB, options ...Option) *System {
	t.Helper()
	var set settings
	for _, o := range options {
		o(&set)
	}
	cfg, tables := dynamotest.NewWithTables(t)
	own := &shared{people: map[string]*Person{}}
	transport := cfg.HTTPClient.(*http.Client).Transport
	if set.transport != nil {
		transport = set.transport(transport)
	}
	cfg.HTTPClient = &http.Client{Transport: &writeCounter{next: transport, writes: &own.writes}}
	cfg.RetryMaxAttempts = 3
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	s := &System{
		Client: dynamodb.NewFromConfig(cfg), Tables: tables, Document: LoadDocument(t),
		t: t, shared: own,
	}
	s.Store = store.New(s.Client, store.Options{SeatsTable: tables["SeatsTable"], KeysTable: tables["KeysTable"], Meter: set.meter, Jitter: impatient, Now: s.Now})
	s.Service = seats.New(s.Store, s.Store.InvitationKey)
	s.Service.Wall, s.Service.Log = s.Now, slog.New(slog.NewTextHandler(io.Discard, nil))
	s.startIssuer()
	s.startKMS(cfg)
	verifier := identity.New(boot.Issuer{URL: s.issuer.URL, ClientID: ClientID})
	handler := api.New(func(a huma.API) { api.All(a, s.Service, verifier, catalog.Parse, s.Licenses, files.Files{}) })
	s.handle = apigw.Adapt(handler, apigw.Rights{GroupsClaim: oidc.DefaultGroupsClaim, OperatorGroup: OperatorGroup})
	return s
}

// impatient waits a thirtieth of what the store would: DynamoDB Local never asks for
// patience, so a test waits only for faults that it has made itself.
func impatient(most time.Duration) time.Duration { return rand.N(most/30 + 1) }

// issuerKey is one key for the issuers of all systems of a test run: to make one takes
// longer than many a test.
var issuerKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(cryptorand.Reader, 2048) })

// startIssuer starts the issuer at an address that is known before its handler.
func (s *System) startIssuer() {
	var issuer http.Handler
	s.issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { issuer.ServeHTTP(w, r) }))
	s.t.Cleanup(s.issuer.Close)
	key, err := issuerKey()
	if err != nil {
		s.t.Fatal(err)
	}
	server, err := oidc.New(oidc.Options{
		Key:       key,
		IssuerURL: s.issuer.URL, ClientID: ClientID, RedirectPrefixes: []string{"http://127.0.0.1/"}, Now: s.Now,
		VendorServers: []oidc.VendorServer{{ClientID: VendorServer, Secret: vendorSecret}},
		People: func() []oidc.Person {
			return []oidc.Person{
				{Email: OperatorEmail, FirstName: "Sam", LastName: "Staff", Groups: []string{OperatorGroup}},
				{Email: SecondOperatorEmail, FirstName: "Sue", LastName: "Staff", Groups: []string{OperatorGroup}},
			}
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	issuer = server
}

// LicenseIssuer is the iss of license tokens.
const LicenseIssuer = "https://console.example"

// startKMS starts a KMS with one key, and makes the issuer of license tokens.
func (s *System) startKMS(cfg aws.Config) {
	const key = "license-key"
	keys, err := kms.New(kms.Options{Region: cfg.Region, AccountID: "000000000000", Keys: []string{key}})
	if err != nil {
		s.t.Fatal(err)
	}
	server := httptest.NewServer(keys)
	s.t.Cleanup(server.Close)
	cfg.HTTPClient, cfg.BaseEndpoint = server.Client(), nil
	if s.Licenses, err = signing.New(cfg, server.URL, LicenseIssuer, []string{key}); err != nil {
		s.t.Fatal(err)
	}
}

// Now is the wall clock of the system.
func (s *System) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().UTC().Add(s.offset)
}

// Pass moves the wall clock forward.
func (s *System) Pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
}

// Person is somebody with a signed-in session.
type Person struct {
	Email   string
	IDToken string
	Claims  map[string]string
	system  *System
}

// As signs a person in by their email, once; later calls give the same session.
func (s *System) As(email string) *Person {
	s.t.Helper()
	s.mu.Lock()
	p := s.people[email]
	s.mu.Unlock()
	if p == nil {
		p = s.SignIn(email)
		s.mu.Lock()
		s.people[email] = p
		s.mu.Unlock()
	}
	return p.In(s.t)
}

// In is the same session for a subtest.
func (p *Person) In(t testing.TB) *Person {
	view := *p
	view.system = p.system.In(t)
	return &view
}

// SignIn signs a person in anew, through the issuer's code flow.
func (s *System) SignIn(email string) *Person {
	s.t.Helper()
	tokens, err := oidc.SignIn(s.t.Context(), s.issuer.Client(), s.issuer.URL, ClientID, redirectURI, email)
	if err != nil {
		s.t.Fatalf("sign in %s: %v", email, err)
	}
	return &Person{Email: email, IDToken: tokens.IDToken, Claims: claims(s.t, tokens.AccessToken), system: s}
}

// Operator is a member of the vendor's staff.
func (s *System) Operator() *Person { return s.As(OperatorEmail) }

// Vendor is a server of the vendor, with a token of its own.
func (s *System) Vendor() *Person {
	s.t.Helper()
	tokens, err := oidc.ClientCredentials(s.t.Context(), s.issuer.Client(), s.issuer.URL, VendorServer, vendorSecret, oidc.ScopeEntitlementsRead)
	if err != nil {
		s.t.Fatalf("sign in the vendor's server: %v", err)
	}
	return &Person{Claims: claims(s.t, tokens.AccessToken), system: s}
}

// Nobody sends requests without a token.
func (s *System) Nobody() *Person { return &Person{system: s} }

// claims reads a token as the gateway hands it on: every claim as text, a list as
// "[a b]".
func claims(t testing.TB, token string) map[string]string {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %d parts", len(parts))
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&raw); err != nil {
		t.Fatal(err)
	}
	text := map[string]string{}
	for name, v := range raw {
		text[name] = fmt.Sprint(v)
	}
	return text
}

// Request is what a test sends.
type Request struct {
	Method, Path string
	Body         string
	Key          string
	Headers      map[string]string
	SourceIP     string
}

// Response is what came back.
type Response struct {
	Status  int
	Body    []byte
	Headers map[string]string
	Request Request
}

// Send sends a request as the person. It fails the test where the gateway would
// have no answer at all, and where the answer is not one of the document.
func (p *Person) Send(r Request) Response {
	p.system.t.Helper()
	path, query, _ := strings.Cut(r.Path, "?")
	headers := map[string]string{"content-type": "application/json"}
	for k, v := range r.Headers {
		headers[strings.ToLower(k)] = v
	}
	if r.Key != "" {
		headers["idempotency-key"] = r.Key
	}
	if r.Body == "" {
		delete(headers, "content-type")
	}
	if r.SourceIP == "" {
		r.SourceIP = "192.0.2.1"
	}
	e := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: unescaped(path), RawQueryString: query, Headers: headers, Body: r.Body}
	e.RequestContext.Stage = "$default"
	e.RequestContext.HTTP.Method, e.RequestContext.HTTP.Path, e.RequestContext.HTTP.SourceIP = r.Method, path, r.SourceIP
	e.RequestContext.RequestID = "test"
	if p.Claims != nil {
		e.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
			JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: p.Claims},
		}
	}
	answer, err := p.system.handle(p.system.t.Context(), e)
	if err != nil {
		p.system.t.Errorf("%s %s: %v", r.Method, r.Path, err)
	}
	body := []byte(answer.Body)
	if answer.IsBase64Encoded {
		if body, err = base64.StdEncoding.DecodeString(answer.Body); err != nil {
			p.system.t.Error(err)
		}
	}
	response := Response{Status: answer.StatusCode, Body: body, Headers: answer.Headers, Request: r}
	if err := p.system.Document.Check(response); err != nil {
		p.system.t.Errorf("%s %s does not conform to infra/openapi.yaml: %v\n%d %.500s", r.Method, r.Path, err, response.Status, response.Body)
	}
	return response
}

func unescaped(path string) string {
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}

// Get, Post, Put, Patch and Delete send JSON; body may be nil, text or anything
// that encodes. Writes carry a fresh Idempotency-Key.
func (p *Person) Get(path string) Response { return p.Send(Request{Method: "GET", Path: path}) }

// Post sends a POST with a fresh key.
func (p *Person) Post(path string, body any) Response { return p.write("POST", path, body) }

// Put sends a PUT with a fresh key.
func (p *Person) Put(path string, body any) Response { return p.write("PUT", path, body) }

// Patch sends a PATCH with a fresh key.
func (p *Person) Patch(path string, body any) Response { return p.write("PATCH", path, body) }

// Delete sends a DELETE with a fresh key.
func (p *Person) Delete(path string) Response { return p.write("DELETE", path, nil) }

func (p *Person) write(method, path string, body any) Response {
	p.system.t.Helper()
	r := Request{Method: method, Path: path, Body: encode(p.system.t, body)}
	if op, _, found := p.system.Document.Find(method, path); found && op.Keyed() {
		r.Key = p.system.Key()
	}
	return p.Send(r)
}

func encode(t testing.TB, body any) string {
	t.Helper()
	switch b := body.(type) {
	case nil:
		return ""
	case string:
		return b
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Key is a fresh Idempotency-Key.
func (s *System) Key() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counter++
	return fmt.Sprintf("key-%d", s.counter)
}

// OK decodes a successful answer into v and fails the test on any other.
func (r Response) OK(t testing.TB, v any) Response {
	t.Helper()
	if r.Status < 200 || r.Status > 299 {
		t.Fatalf("%s %s: %d %s", r.Request.Method, r.Request.Path, r.Status, r.Body)
	}
	if v != nil {
		if err := json.Unmarshal(r.Body, v); err != nil {
			t.Fatalf("%s %s: %v in %s", r.Request.Method, r.Request.Path, err, r.Body)
		}
	}
	return r
}

// Code is the problem's code, or "" where the answer is none.
func (r Response) Code() string {
	var p struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(r.Body, &p) != nil {
		return ""
	}
	return p.Code
}

// Refused fails the test unless the answer is the problem with this status and
// code, of its media type, and with a sentence.
func (r Response) Refused(t testing.TB, status int, code string) {
	t.Helper()
	var p struct {
		Code, Detail string
		Status       int
	}
	if err := json.Unmarshal(r.Body, &p); err != nil || r.Status != status || p.Status != status || p.Code != code || p.Detail == "" ||
		!strings.HasPrefix(header(r.Headers, "content-type"), "application/problem+json") {
		t.Errorf("%s %s: got %d %s, want %d %s", r.Request.Method, r.Request.Path, r.Status, r.Body, status, code)
	}
}

func header(headers map[string]string, name string) string {
	for k, v := range headers {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

// Replayed reports whether the answer was a kept one.
func (r Response) Replayed() bool { return header(r.Headers, "idempotent-replayed") == "true" }
