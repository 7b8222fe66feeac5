package apigw_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/usher-seats/usher/internal/apigw"
)

func adapt(h http.HandlerFunc) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return apigw.Adapt(h, rights())
}

func call(t *testing.T, h http.HandlerFunc, e events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	t.Helper()
	out, err := adapt(h)(context.Background(), e)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestARequestArrivesAsItWasSent(t *testing.T) {
	e := event("PATCH", "/v1/things/a%2Fb/x", "q=a%20b&empty=", "hello", map[string]string{
		"content-type": "text/plain", "x-many": "one, two", "host": "evil.example.com", "x-forwarded-for": "203.0.113.9",
	})
	e.Cookies = []string{"a=1", "b=2"}
	var got string
	mux := http.NewServeMux()
	mux.HandleFunc("PATCH /v1/things/{thing}/x", func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		cookie, _ := r.Cookie("b")
		got = fmt.Sprint(r.PathValue("thing"), "|", r.URL.Path, "|", r.URL.EscapedPath(), "|", r.URL.Query(), "|", string(body), err, "|",
			r.Header.Get("X-Many"), "|", cookie.Value, "|", r.Host, "|", r.RemoteAddr, "|", r.ContentLength, "|", r.RequestURI)
	})
	call(t, mux.ServeHTTP, e)
	want := "a/b|/v1/things/a/b/x|/v1/things/a%2Fb/x|map[empty:[] q:[a b]]|hello<nil>|one, two|2|api.example.com|192.0.2.7|5|/v1/things/a%2Fb/x?q=a%20b&empty="
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestTheStageIsNoPartOfThePath(t *testing.T) {
	for _, c := range []struct{ stage, raw, want string }{
		{"$default", "/v1/me", "/v1/me"},
		{"dev", "/dev/v1/me", "/v1/me"},
		{"dev", "/dev", "/"},
		{"dev", "/device", "/device"},
		{"v1", "/v1/v1/me", "/v1/me"},
		{"", "", "/"},
		{"$default", "/broken%zz", "/broken%zz"},
	} {
		e := event("GET", c.raw, "", "", nil)
		e.RequestContext.Stage = c.stage
		call(t, func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path != c.want {
				t.Errorf("stage %q, path %q arrives as %q", c.stage, c.raw, r.URL.Path)
			}
		}, e)
	}
}

func TestBinaryBodiesGoBothWays(t *testing.T) {
	bytesIn := []byte{0xff, 0x00, 0xfe}
	e := event("POST", "/", "", base64.StdEncoding.EncodeToString(bytesIn), nil)
	e.IsBase64Encoded = true
	out := call(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }, e)
	back, err := base64.StdEncoding.DecodeString(out.Body)
	if !out.IsBase64Encoded || err != nil || !bytes.Equal(back, bytesIn) {
		t.Errorf("got %+v, %v", out, err)
	}
	e.Body = "ütf-8"
	e.IsBase64Encoded = false
	if out := call(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }, e); out.IsBase64Encoded || out.Body != "ütf-8" {
		t.Errorf("text went as %+v", out)
	}
}

func TestABodyThatIsNotTheBase64ItClaimsIsRefused(t *testing.T) {
	e := event("POST", "/", "", "%%%", nil)
	e.IsBase64Encoded = true
	out := call(t, func(http.ResponseWriter, *http.Request) { t.Error("it was served") }, e)
	if p := problem(t, out); p.Status != 400 || p.Code != "malformed" {
		t.Errorf("got %+v", p)
	}
}

func TestAnswersKeepAllHeadersAndCookies(t *testing.T) {
	out := call(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Set-Cookie", "a=1; Path=/")
		w.Header().Add("Set-Cookie", "b=2, 3")
		w.Header().Add("Vary", "Accept")
		w.Header().Add("Vary", "Origin")
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "x")
	}, event("GET", "/", "", "", nil))
	if out.StatusCode != http.StatusTeapot || out.Headers["Vary"] != "Accept, Origin" || len(out.Cookies) != 2 || out.Cookies[1] != "b=2, 3" {
		t.Errorf("got %+v", out)
	}
	if _, ok := out.Headers["Set-Cookie"]; ok {
		t.Error("the cookies are joined in a header too")
	}
	if out := call(t, func(http.ResponseWriter, *http.Request) {}, event("GET", "/", "", "", nil)); out.StatusCode != http.StatusOK {
		t.Errorf("an empty answer has status %d", out.StatusCode)
	}
}

func TestAPanicIsAProblemThatSaysNothing(t *testing.T) {
	var log bytes.Buffer
	logTo(t, &log)
	bare := call(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "half an answer")
		panic("a canary in a panic")
	}, event("GET", "/", "", "", nil))
	served := newGateway(t, newService()).send(event("GET", "/v1/fail/panic", "", "", nil))
	for _, out := range []events.APIGatewayV2HTTPResponse{bare, served} {
		if p := problem(t, out); p.Status != 500 || p.Code != "internal" || strings.Contains(out.Body, "canary") || strings.Contains(out.Body, "half") {
			t.Errorf("got %s", out.Body)
		}
	}
	if n := strings.Count(log.String(), "a canary in a panic"); n != 2 || !strings.Contains(log.String(), "adapt_test.go") {
		t.Errorf("the cause is in the log %d times", n)
	}
}

func TestWorkEndsHalfASecondBeforeTheFunction(t *testing.T) {
	deadline := time.Now().Add(10 * time.Second)
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	_, err := adapt(func(_ http.ResponseWriter, r *http.Request) {
		got, ok := r.Context().Deadline()
		if want := deadline.Add(-500 * time.Millisecond); !ok || !got.Equal(want) {
			t.Errorf("the deadline is %s, want %s", got, want)
		}
	})(ctx, event("GET", "/", "", "", nil))
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnAnswerBeyondLambdasLimitIsAProblem(t *testing.T) {
	for size, want := range map[int]int{4 << 20: 200, 4<<20 + 1: 500} {
		out := call(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, size)) }, event("GET", "/", "", "", nil))
		if out.StatusCode != want {
			t.Errorf("%d bytes: status %d, want %d", size, out.StatusCode, want)
		}
	}
}
