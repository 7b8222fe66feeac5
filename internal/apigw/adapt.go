package apigw

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

const (
	// deadlineReserve is what remains to answer once the work has run out of
	// time, before Lambda ends the process and the gateway answers for it.
	deadlineReserve = 500 * time.Millisecond
	// maxResponseBytes keeps an answer within Lambda's 6 MB, base64 and JSON
	// escapes included.
	maxResponseBytes = 4 << 20
)

// Adapt turns a handler into a Lambda function for an HTTP API's events of
// payload format 2.0. The request's context carries the Caller and ends half a
// second before the function would.
//
// A stage other than $default is cut off the path. Header values that the gateway
// has joined by commas stay so; answers with several values of a header are
// joined likewise, Set-Cookie excepted, since the format has no other way.
func Adapt(h http.Handler, rights Rights) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return func(ctx context.Context, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		if deadline, ok := ctx.Deadline(); ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline.Add(-deadlineReserve))
			defer cancel()
		}
		ctx = WithCaller(ctx, rights.Caller(e.RequestContext))
		rec := &recorder{header: http.Header{}}
		r, err := request(ctx, e)
		if err != nil {
			writeProblem(ctx, rec, problemOf(http.StatusBadRequest, codeMalformed, err.Error()))
			return rec.response(ctx), nil
		}
		serve(h, rec, r)
		return rec.response(ctx), nil
	}
}

// serve answers a panic with a problem instead of losing the process.
func serve(h http.Handler, rec *recorder, r *http.Request) {
	defer func() {
		if p := recover(); p != nil {
			panicked(r.Context(), p)
			rec.reset()
			writeProblem(r.Context(), rec, internalProblem())
		}
	}()
	h.ServeHTTP(rec, r)
}

func request(ctx context.Context, e events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	body := []byte(e.Body)
	if e.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(e.Body)
		if err != nil {
			return nil, fmt.Errorf("The body is not the base64 that it is said to be. Send it again.")
		}
		body = decoded
	}
	u := &url.URL{Scheme: "https", Host: e.RequestContext.DomainName, RawQuery: e.RawQueryString}
	setPath(u, e.RawPath, e.RequestContext.Stage)
	r := &http.Request{
		Method: e.RequestContext.HTTP.Method, URL: u, Host: u.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: readCloser{bytes.NewReader(body)}, ContentLength: int64(len(body)),
		RemoteAddr: e.RequestContext.HTTP.SourceIP, RequestURI: u.RequestURI(),
	}
	for name, value := range e.Headers {
		r.Header.Set(name, value)
	}
	if len(e.Cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	return r.WithContext(ctx), nil
}

// setPath keeps an escaped slash inside its segment: Path is decoded, RawPath is
// what was sent, and routing goes by the latter.
func setPath(u *url.URL, raw, stage string) {
	if stage != "" && stage != "$default" {
		if rest, ok := strings.CutPrefix(raw, "/"+stage); ok && (rest == "" || rest[0] == '/') {
			raw = rest
		}
	}
	if raw == "" {
		raw = "/"
	}
	decoded, err := url.PathUnescape(raw)
	if err != nil {
		u.Path = raw
		return
	}
	u.Path, u.RawPath = decoded, raw
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// recorder holds an answer until it is whole.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

func (r *recorder) reset() {
	*r = recorder{header: http.Header{}}
}

func (r *recorder) response(ctx context.Context) events.APIGatewayV2HTTPResponse {
	if r.body.Len() > maxResponseBytes {
		slog.ErrorContext(ctx, "answer too large", "bytes", r.body.Len())
		r.reset()
		writeProblem(ctx, r, internalProblem())
	}
	r.WriteHeader(http.StatusOK)
	out := events.APIGatewayV2HTTPResponse{
		StatusCode: r.status,
		Headers:    make(map[string]string, len(r.header)),
		Cookies:    r.header["Set-Cookie"],
	}
	for name, values := range r.header {
		if name != "Set-Cookie" {
			out.Headers[name] = strings.Join(values, ", ")
		}
	}
	if b := r.body.Bytes(); utf8.Valid(b) {
		out.Body = string(b)
	} else {
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(b), true
	}
	return out
}
