package gateway_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usher-seats/usher/infra/local/gateway"
	"github.com/usher-seats/usher/infra/local/lambda"
	"github.com/usher-seats/usher/infra/local/sam"
)

// invoker is a function in this process.
type invoker func(ctx context.Context, event map[string]any) (string, error)

func (f invoker) Invoke(ctx context.Context, payload []byte) (lambda.Result, error) {
	var e map[string]any
	if err := json.Unmarshal(payload, &e); err != nil {
		return lambda.Result{}, err
	}
	answer, err := f(ctx, e)
	if strings.HasPrefix(answer, "FAIL") {
		return lambda.Result{FunctionError: "Unhandled", Payload: []byte(`{}`)}, err
	}
	return lambda.Result{Payload: []byte(answer)}, err
}

// echo answers with the event.
func echo(_ context.Context, e map[string]any) (string, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(string(b))
	return `{"statusCode":200,"headers":{"Content-Type":"application/json"},"body":` + string(body) + `}`, err
}

func api(f invoker, routes ...string) *gateway.Gateway {
	a := &sam.API{}
	for _, key := range routes {
		method, path, found := strings.Cut(key, " ")
		if !found {
			method, path = "ANY", key
		}
		a.Routes = append(a.Routes, &sam.Route{FunctionID: "F", Method: method, Path: path})
	}
	return gateway.New(gateway.Options{API: a, Functions: map[string]gateway.Invoker{"F": f}, AccountID: "000000000000"})
}

func do(h http.Handler, r *http.Request) (int, http.Header, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Header(), w.Body.String()
}

func TestRoutesAreChosenAsAPIGatewayDoes(t *testing.T) {
	g := api(echo, "GET /v1/{kind}/list", "GET /v1/users/{user}", "GET /v1/users/me", "ANY /v1/users/{user}", "GET /files/{path+}", "POST /v1/users/me/x", "GET /")
	withDefault := api(echo, "$default", "GET /v1/users")
	for _, tt := range []struct {
		name         string
		g            http.Handler
		method, path string
		want         string
		parameters   map[string]any
	}{
		{"a literal segment before a variable one", g, "GET", "/v1/users/me", "GET /v1/users/me", nil},
		{"a variable", g, "GET", "/v1/users/u1", "GET /v1/users/{user}", map[string]any{"user": "u1"}},
		{"a literal earlier in the path wins", g, "GET", "/v1/users/list", "GET /v1/users/{user}", map[string]any{"user": "list"}},
		{"the other literal", g, "GET", "/v1/rooms/list", "GET /v1/{kind}/list", map[string]any{"kind": "rooms"}},
		{"ANY after a named method", g, "PUT", "/v1/users/me", "ANY /v1/users/{user}", map[string]any{"user": "me"}},
		{"a greedy variable", g, "GET", "/files/a/b/c", "GET /files/{path+}", map[string]any{"path": "a/b/c"}},
		{"a decoded variable", g, "GET", "/v1/users/a%20b%C3%A9", "GET /v1/users/{user}", map[string]any{"user": "a bé"}},
		{"an escaped slash parts segments", g, "GET", "/v1/users/a%2Fb", "", nil},
		{"an empty variable", g, "GET", "/v1/users/", "", nil},
		{"a slash too many", g, "GET", "/v1/users/me/", "", nil},
		{"another method of a known path", g, "GET", "/v1/users/me/x", "", nil},
		{"the root", g, "GET", "/", "GET /", nil},
		{"nothing", g, "GET", "/nothing", "", nil},
		{"$default takes the rest", withDefault, "GET", "/nothing", "$default", nil},
		{"$default comes last", withDefault, "GET", "/v1/users", "GET /v1/users", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, _, body := do(tt.g, httptest.NewRequest(tt.method, tt.path, nil))
			if tt.want == "" {
				if status != http.StatusNotFound || body != `{"message":"Not Found"}` {
					t.Errorf("answered %d %s, want 404", status, body)
				}
				return
			}
			var e struct {
				RouteKey       string
				PathParameters map[string]any
			}
			if err := json.Unmarshal([]byte(body), &e); err != nil {
				t.Fatal(err)
			}
			if e.RouteKey != tt.want || !reflect.DeepEqual(e.PathParameters, tt.parameters) {
				t.Errorf("route %q with %v, want %q with %v", e.RouteKey, e.PathParameters, tt.want, tt.parameters)
			}
		})
	}
}

func TestTheEventHasTheShapeOfPayloadFormatTwo(t *testing.T) {
	r := httptest.NewRequest("POST", "http://api.example.com:8080/v1/a%20b?x=1&y=%C3%A9&x=2&z", strings.NewReader(`{"é":1}`))
	r.RemoteAddr = "192.0.2.7:4711"
	r.Header.Set("Content-Type", "application/problem+json; charset=utf-8")
	r.Header.Set("X-Forwarded-For", "203.0.113.1")
	r.Header.Set("User-Agent", "test/1")
	r.Header["X-Many"] = []string{"a", "b, c"}
	r.Header["Cookie"] = []string{"one=1; two=2", "three=3"}
	r.Header.Set("Connection", "close")
	_, header, body := do(api(echo, "POST /v1/{name}"), r)
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	request := got["requestContext"].(map[string]any)
	if request["requestId"] != header.Get("Apigw-Requestid") || request["requestId"] == "" {
		t.Errorf("request id %q, and the answer's %q", request["requestId"], header.Get("Apigw-Requestid"))
	}
	if at, err := time.Parse("02/Jan/2006:15:04:05 -0700", request["time"].(string)); err != nil || time.Since(at) > time.Minute {
		t.Errorf("time %v, %v", request["time"], err)
	}
	for _, name := range []string{"requestId", "time", "timeEpoch"} {
		delete(request, name)
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(`{
		"version": "2.0", "routeKey": "POST /v1/{name}", "rawPath": "/v1/a b", "rawQueryString": "x=1&y=%C3%A9&x=2&z",
		"cookies": ["one=1", "two=2", "three=3"],
		"headers": {"host": "api.example.com:8080", "content-type": "application/problem+json; charset=utf-8", "content-length": "8",
			"user-agent": "test/1", "x-many": "a,b, c", "x-forwarded-for": "203.0.113.1, 192.0.2.7", "x-forwarded-proto": "https", "x-forwarded-port": "443"},
		"queryStringParameters": {"x": "1,2", "y": "é", "z": ""}, "pathParameters": {"name": "a b"},
		"requestContext": {"accountId": "000000000000", "apiId": "local", "domainName": "api.example.com", "domainPrefix": "api",
			"http": {"method": "POST", "path": "/v1/a b", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7", "userAgent": "test/1"},
			"routeKey": "POST /v1/{name}", "stage": "$default"},
		"body": "{\"é\":1}", "isBase64Encoded": false}`), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("event\n got %v\nwant %v", got, want)
	}
}

func TestBodiesThatAreNotTextAreBase64(t *testing.T) {
	for _, tt := range []struct {
		kind, body string
		encoded    bool
	}{
		{"application/json", "{}", false},
		{"text/csv", "a,b", false},
		{"application/x-www-form-urlencoded", "a=b", true},
		{"application/octet-stream", "ab", true},
		{"", "ab", true},
		{"application/json", "\xff", true},
		{"", "", false},
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(tt.body))
		r.Header.Set("Content-Type", tt.kind)
		_, _, body := do(api(echo, "POST /"), r)
		var e struct {
			Body            string
			IsBase64Encoded bool
		}
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			t.Fatal(err)
		}
		want := tt.body
		if tt.encoded {
			want = base64.StdEncoding.EncodeToString([]byte(tt.body))
		}
		if e.Body != want || e.IsBase64Encoded != tt.encoded {
			t.Errorf("%q of type %q became %q, base64 %t", tt.body, tt.kind, e.Body, e.IsBase64Encoded)
		}
	}
}

func TestAnswersOfFunctions(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		err          error
		status       int
		body, kind   string
	}{
		{"a full answer", `{"statusCode":201,"headers":{"content-type":"text/csv","x-n":7},"cookies":["a=1","b=2"],"body":"hi"}`, nil, 201, "hi", "text/csv"},
		{"base64", `{"statusCode":200,"body":"aGk=","isBase64Encoded":true}`, nil, 200, "hi", "text/plain;charset=UTF-8"},
		{"no body", `{"statusCode":204}`, nil, 204, "", "text/plain;charset=UTF-8"},
		{"no status", `{"hello":"world"}`, nil, 200, `{"hello":"world"}`, "application/json"},
		{"a text", `"hi"`, nil, 200, `"hi"`, "application/json"},
		{"no JSON", `{`, nil, 500, `{"message":"Internal Server Error"}`, "application/json"},
		{"wrong base64", `{"statusCode":200,"body":"*","isBase64Encoded":true}`, nil, 500, `{"message":"Internal Server Error"}`, "application/json"},
		{"a status that is none", `{"statusCode":42}`, nil, 500, `{"message":"Internal Server Error"}`, "application/json"},
		{"a failed function", `FAIL`, nil, 500, `{"message":"Internal Server Error"}`, "application/json"},
		{"a function that cannot start", ``, errors.New("no binary"), 500, `{"message":"Internal Server Error"}`, "application/json"},
		{"a stack that stops", ``, lambda.ErrStopped, 503, `{"message":"Service Unavailable"}`, "application/json"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := func(context.Context, map[string]any) (string, error) { return tt.answer, tt.err }
			status, header, body := do(api(f, "GET /"), httptest.NewRequest("GET", "/", nil))
			if status != tt.status || body != tt.body || header.Get("Content-Type") != tt.kind {
				t.Errorf("answered %d %s (%s), want %d %s (%s)", status, body, header.Get("Content-Type"), tt.status, tt.body, tt.kind)
			}
			if tt.status == 201 && (header.Get("X-N") != "7" || len(header["Set-Cookie"]) != 2) {
				t.Errorf("headers %v", header)
			}
		})
	}
}

func TestAFunctionHasThirtySeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		g := api(func(ctx context.Context, _ map[string]any) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}, "GET /")
		status, _, body := do(g, httptest.NewRequest("GET", "/", nil))
		if status != http.StatusServiceUnavailable || body != `{"message":"Service Unavailable"}` || time.Since(start) != 30*time.Second {
			t.Errorf("answered %d %s after %v", status, body, time.Since(start))
		}
	})
}

func TestLimitsOfSize(t *testing.T) {
	g := api(func(context.Context, map[string]any) (string, error) { return `{"statusCode":204}`, nil }, "POST /")
	for _, tt := range []struct {
		name   string
		size   int
		want   int
		binary bool
	}{
		{"a body of 5.9 MB", 5_900_000, 204, false},
		{"an event over 6 MB", 6 << 20, 413, false},
		{"an event over 6 MB by base64", 5_000_000, 413, true},
		{"a body over 10 MB", 10<<20 + 1, 413, false},
	} {
		r := httptest.NewRequest("POST", "/", io.LimitReader(zeros{}, int64(tt.size)))
		if !tt.binary {
			r.Header.Set("Content-Type", "text/plain")
		}
		if status, _, body := do(g, r); status != tt.want {
			t.Errorf("%s: %d %s, want %d", tt.name, status, body, tt.want)
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '0'
	}
	return len(b), nil
}

func TestPagesOfOtherOrigins(t *testing.T) {
	a := &sam.API{
		CORS: &sam.CORS{
			AllowOrigins: []string{"https://console.example.com"}, AllowMethods: []string{"GET", "POST"}, AllowHeaders: []string{"authorization"},
			ExposeHeaders: []string{"retry-after"}, MaxAgeSeconds: 600,
		},
		Routes: []*sam.Route{{FunctionID: "F", Method: "GET", Path: "/"}},
	}
	f := invoker(func(context.Context, map[string]any) (string, error) {
		return `{"statusCode":200,"headers":{"Access-Control-Allow-Origin":"*"}}`, nil
	})
	g := gateway.New(gateway.Options{API: a, Functions: map[string]gateway.Invoker{"F": f}})
	for _, tt := range []struct {
		name, method, path, origin string
		status                     int
		allow, methods             string
	}{
		{"the console's page", "GET", "/", "https://console.example.com", 200, "https://console.example.com", ""},
		{"another page", "GET", "/", "https://evil.example.com", 200, "", ""},
		{"a null origin", "GET", "/", "null", 200, "", ""},
		{"no page", "GET", "/", "", 200, "", ""},
		{"the console asks first", "OPTIONS", "/", "https://console.example.com", 204, "https://console.example.com", "GET,POST"},
		{"another page asks first", "OPTIONS", "/", "https://evil.example.com", 204, "", ""},
		{"a refusal is readable for the console", "GET", "/no", "https://console.example.com", 404, "https://console.example.com", ""},
	} {
		r := httptest.NewRequest(tt.method, tt.path, nil)
		if tt.origin != "" {
			r.Header.Set("Origin", tt.origin)
		}
		status, h, _ := do(g, r)
		if status != tt.status || h.Get("Access-Control-Allow-Origin") != tt.allow || h.Get("Access-Control-Allow-Methods") != tt.methods {
			t.Errorf("%s: %d, origin %q, methods %q", tt.name, status, h.Get("Access-Control-Allow-Origin"), h.Get("Access-Control-Allow-Methods"))
		}
	}
}
