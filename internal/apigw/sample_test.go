package apigw_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/logsafe"
	"github.com/usher-seats/usher/internal/seats"
)

const account = "acc_06c4b1yk2g0qm8v3n5t7w9xa0b"

// The sample operations have one of everything that real ones have.

type person struct {
	Email string `json:"email" minLength:"3" maxLength:"254"`
	Role  string `json:"role,omitempty" enum:"admin,member"`
}

type inviteBody struct {
	People []person          `json:"people" minItems:"1" maxItems:"3"`
	Seats  int64             `json:"seats,omitempty" minimum:"0" maximum:"10"`
	Token  string            `json:"token,omitempty" maxLength:"10"`
	Until  *time.Time        `json:"until,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
	Extra  map[string]any    `json:"extra,omitempty"`
}

type inviteInput struct {
	Account string `path:"account"`
	apigw.IdempotencyHeader
	Body inviteBody
}

type inviteOutput struct {
	apigw.ReplayedHeader
	Body inviteResult
}

type inviteResult struct {
	Call  int         `json:"call"`
	Price apigw.Money `json:"price"`
	Note  string      `json:"note"`
}

type listInput struct {
	Account string `path:"account"`
	apigw.Paging
	Sort string `query:"sort" enum:"name,email"`
}

type listOutput struct {
	Body apigw.Page[string]
}

type failInput struct {
	Why string `path:"why"`
}

// service remembers answers by key, as the store does.
type service struct {
	calls int
	kept  map[string][]byte
	hash  map[string][32]byte
	fail  map[string]error
}

func (s *service) invite(ctx context.Context, in *inviteInput) (*inviteOutput, error) {
	if kept, ok := s.kept[in.Key]; ok && in.Key != "" {
		if s.hash[in.Key] != apigw.RequestHashFrom(ctx) {
			return nil, seats.ErrIdempotencyKeyReused
		}
		out := &inviteOutput{}
		out.Replay()
		return out, json.Unmarshal(kept, &out.Body)
	}
	s.calls++
	out := inviteResult{Call: s.calls, Price: apigw.Money{AmountMinor: 1800, Currency: "EUR"}, Note: "<b> & ü"}
	kept, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	s.kept[in.Key], s.hash[in.Key] = kept, apigw.RequestHashFrom(ctx)
	return &inviteOutput{Body: out}, nil
}

func (s *service) list(_ context.Context, in *listInput) (*listOutput, error) {
	scope := apigw.CursorScope{Account: seats.AccountID(in.Account), List: "people", Filter: in.Sort}
	if _, err := scope.Decode(in.Cursor, 1); err != nil {
		return nil, err
	}
	if in.Limit < 1 || in.Limit > 100 {
		panic("the limit got through")
	}
	return &listOutput{Body: apigw.NewPage[string](nil, scope.Encode("U#1"))}, nil
}

func (s *service) failing(_ context.Context, in *failInput) (*listOutput, error) {
	if in.Why == "panic" {
		panic("a canary in a panic")
	}
	return nil, s.fail[in.Why]
}

func (s *service) empty(context.Context, *struct{}) (*struct{}, error) { return nil, nil }

func newService() *service {
	return &service{kept: map[string][]byte{}, hash: map[string][32]byte{}, fail: map[string]error{}}
}

func sampleAPI(s *service) (*http.ServeMux, huma.API) {
	mux := http.NewServeMux()
	api := apigw.NewAPI(mux, apigw.Options{Title: "Sample", Version: "1"})
	register(api, s)
	return mux, api
}

func register(api huma.API, s *service) {
	apigw.Register(api, huma.Operation{OperationID: "invite", Method: http.MethodPost, Path: "/v1/accounts/{account}/invitations", DefaultStatus: http.StatusCreated}, s.invite)
	apigw.Register(api, huma.Operation{OperationID: "list", Method: http.MethodGet, Path: "/v1/accounts/{account}/people"}, s.list)
	apigw.Register(api, huma.Operation{OperationID: "remove", Method: http.MethodDelete, Path: "/v1/thing"}, s.empty)
	apigw.Register(api, huma.Operation{OperationID: "fail", Method: http.MethodGet, Path: "/v1/fail/{why}", Security: apigw.Public()}, s.failing)
}

func rights() apigw.Rights {
	return apigw.Rights{GroupsClaim: "cognito:groups", OperatorGroup: "operators"}
}

// gateway sends events through the whole way of a request.
type gateway struct {
	t      *testing.T
	handle func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)
}

func newGateway(t *testing.T, s *service) gateway {
	t.Helper()
	mux, _ := sampleAPI(s)
	return gateway{t, apigw.Adapt(apigw.Handler(mux), rights())}
}

func event(method, path, query, body string, headers map[string]string) events.APIGatewayV2HTTPRequest {
	return events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: path, RawQueryString: query, Headers: headers, Body: body,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			Stage: "$default", RequestID: "gw-1", DomainName: "api.example.com",
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: method, Path: path, SourceIP: "192.0.2.7"},
			Authorizer: &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
				JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{
					Claims: map[string]string{"iss": "https://issuer.example.com", "sub": "ada"},
				},
			},
		},
	}
}

func (g gateway) send(e events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	g.t.Helper()
	out, err := g.handle(context.Background(), e)
	if err != nil {
		g.t.Fatalf("the function failed: %v", err)
	}
	return out
}

func (g gateway) post(body string) events.APIGatewayV2HTTPResponse {
	g.t.Helper()
	return g.send(event("POST", "/v1/accounts/"+account+"/invitations", "", body, map[string]string{"content-type": "application/json"}))
}

// problem reads a problem and checks what every problem has.
func problem(t *testing.T, out events.APIGatewayV2HTTPResponse) apigw.ProblemBody {
	t.Helper()
	var p apigw.ProblemBody
	dec := json.NewDecoder(bytes.NewReader([]byte(out.Body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		t.Fatalf("not a problem: %v in %d %s", err, out.StatusCode, out.Body)
	}
	if got := out.Headers["Content-Type"]; got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	if p.Status != out.StatusCode || p.Type != "about:blank" || p.Title != http.StatusText(out.StatusCode) || p.Code == "" || p.Detail == "" {
		t.Errorf("incomplete: %s", out.Body)
	}
	if p.RequestID != "gw-1" {
		t.Errorf("request_id %q", p.RequestID)
	}
	return p
}

// logTo makes slog write to w for the rest of the test.
func logTo(t *testing.T, w io.Writer) {
	t.Helper()
	before := slog.Default()
	slog.SetDefault(logsafe.NewLogger(w, slog.LevelDebug))
	t.Cleanup(func() { slog.SetDefault(before) })
}
