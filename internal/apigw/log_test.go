package apigw_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/logsafe"
)

// lineOf sends a request and returns its one log line, and whatever else was
// logged before it.
func lineOf(t *testing.T, s *service, e events.APIGatewayV2HTTPRequest) (line, all string) {
	t.Helper()
	var log bytes.Buffer
	logTo(t, &log)
	ctx, l := logsafe.Begin(context.Background())
	if _, err := newGateway(t, s).handle(ctx, e); err != nil {
		t.Fatal(err)
	}
	before := log.Len()
	l.Write(ctx, slog.Default(), slog.LevelInfo, "invocation")
	return log.String()[before:], log.String()
}

func TestARequestsLineSaysWhatItWas(t *testing.T) {
	s := newService()
	subject := apigw.SubjectHash("https://issuer.example.com", "ada")[:12]
	request := with(post(goodBody), "idempotency-key", "k")
	for name, c := range map[string]struct {
		event events.APIGatewayV2HTTPRequest
		want  []string
	}{
		"1 first":    {request, []string{`"route":"POST /v1/accounts/{account}/invitations"`, `"status":201`, `"account":"` + account + `"`, `"caller":"person"`, `"subject":"` + subject + `"`, `"gateway_request_id":"gw-1"`}},
		"refused":    {post(`{}`), []string{`"status":422`, `"code":"invalid"`, `"account":"` + account + `"`}},
		"no route":   {event("GET", "/nothing", "", "", nil), []string{`"route":"none"`, `"status":404`, `"code":"not_found"`}},
		"a panic":    {event("GET", "/v1/fail/panic", "", "", nil), []string{`"status":500`, `"code":"internal"`, `"InternalErrors":1`}},
		"a body bad": {post(`{`), []string{`"status":400`, `"code":"malformed"`, `"route":"POST`}},
	} {
		line, _ := lineOf(t, s, c.event)
		for _, want := range c.want {
			if !strings.Contains(line, want) {
				t.Errorf("%s: no %s in %s", name, want, line)
			}
		}
		if strings.Count(line, "\n") != 1 {
			t.Errorf("%s: not one line: %s", name, line)
		}
	}
	lineOf(t, s, request)
	if line, _ := lineOf(t, s, request); !strings.Contains(line, `"replay":true`) {
		t.Errorf("a replay: %s", line)
	}
}

func TestNoSecretOfARequestReachesTheLog(t *testing.T) {
	const canary = "canary7f3a"
	s := newService()
	s.fail["it"] = fmt.Errorf("ses: address %s@example.com refused, token eyJ%s.x.y: %w", canary, canary, errors.New("no"))
	headers := map[string]string{
		"content-type": "application/json", "authorization": "Bearer eyJ" + canary, "cookie": canary, "x-amz-security-token": canary,
	}
	bodies := []string{
		`{"people":[{"email":"` + canary + `@example.com"}],"token":"` + canary + `"}`,
		`{"people":[{"email":"` + canary + `@example.com"}],"token":"` + canary + canary + `"}`,
		`{"` + canary + `":1}`, `{"people":"` + canary + `"`, canary,
	}
	requests := []events.APIGatewayV2HTTPRequest{
		event("GET", "/v1/fail/it", "", "", headers),
		event("GET", peoplePath, "q="+canary, "", headers),
		event("GET", peoplePath, "cursor="+canary, "", headers),
	}
	for _, b := range bodies {
		requests = append(requests, event("POST", invitePath, "token="+canary, b, headers), event("POST", invitePath, "", b, headers))
	}
	for _, e := range requests {
		e.Cookies = []string{"session=" + canary}
		e.RequestContext.Authorizer.JWT.Claims["email"] = canary + "@example.com"
		e.RequestContext.Authorizer.JWT.Claims["sub"] = canary
		if _, all := lineOf(t, s, e); strings.Contains(all, canary) {
			t.Errorf("%s %s?%s logs %s", e.RequestContext.HTTP.Method, e.RawPath, e.RawQueryString, all)
		}
	}
}
