package apigw_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/logsafe"
	"github.com/usher-seats/usher/internal/seats"
)

func TestEveryKindOfRefusalHasItsStatus(t *testing.T) {
	for kind, want := range map[seats.Kind]int{
		seats.Invalid: 422, seats.Forbidden: 403, seats.NotFound: 404, seats.Conflict: 409, seats.Mismatch: 422,
		seats.Gone: 410, seats.TooMany: 429, seats.Unavailable: 503, 0: 500, seats.Unavailable + 1: 500,
	} {
		s := newService()
		s.fail["it"] = fmt.Errorf("assign: %w", &seats.Error{Kind: kind, Code: "some_code", Detail: "Do this next."})
		out := newGateway(t, s).send(event("GET", "/v1/fail/it", "", "", nil))
		p := problem(t, out)
		if out.StatusCode != want {
			t.Errorf("kind %d is answered with %d, want %d", kind, out.StatusCode, want)
		}
		if want == 500 && (p.Code != "internal" || strings.Contains(out.Body, "some_code")) {
			t.Errorf("kind %d shows %s", kind, out.Body)
		}
		if want != 500 && (p.Code != "some_code" || p.Detail != "Do this next.") {
			t.Errorf("kind %d shows %s", kind, out.Body)
		}
	}
}

func TestARefusalKeepsItsFieldsAndSaysWhenToComeBack(t *testing.T) {
	s := newService()
	long := strings.Repeat("ü", 65)
	s.fail["it"] = &seats.Error{Kind: seats.TooMany, Code: "too_many_requests", Detail: "Wait.", RetryAfterSeconds: 7, Fields: []seats.Field{
		{Location: "body.people[2].email", Message: "is no address", Value: long},
		{Location: "body.token", Message: "is wrong", Value: "canary"},
	}}
	out := newGateway(t, s).send(event("GET", "/v1/fail/it", "", "", nil))
	p := problem(t, out)
	if out.Headers["Retry-After"] != "7" {
		t.Errorf("Retry-After %q", out.Headers["Retry-After"])
	}
	if len(p.Errors) != 2 || p.Errors[0].Location != "body.people[2].email" || p.Errors[0].Value != long[:128]+"…" || p.Errors[1].Value != "" {
		t.Errorf("got %+v", p.Errors)
	}
}

func TestWhatIsNoRefusalSaysNothingAndIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	logTo(t, &log)
	s := newService()
	s.fail["it"] = fmt.Errorf("commit: %w", errors.New("canary from the depths"))
	ctx, line := logsafe.Begin(context.Background())
	out, err := newGateway(t, s).handle(ctx, event("GET", "/v1/fail/it", "", "", nil))
	if err != nil {
		t.Fatal(err)
	}
	p := problem(t, out)
	if p.Status != 500 || p.Code != "internal" || strings.Contains(out.Body, "canary") || !strings.Contains(p.Detail, "request_id") {
		t.Errorf("got %s", out.Body)
	}
	if n := strings.Count(log.String(), "canary from the depths"); n != 1 {
		t.Errorf("the cause is in the log %d times: %s", n, log.String())
	}
	if line.Counts()[logsafe.InternalErrors] != 1 {
		t.Errorf("counts %v", line.Counts())
	}
}

func TestRunningOutOfTimeIs503AndSaysHowToFindOut(t *testing.T) {
	s := newService()
	s.fail["it"] = fmt.Errorf("commit: %w", context.DeadlineExceeded)
	out := newGateway(t, s).send(event("GET", "/v1/fail/it", "", "", nil))
	p := problem(t, out)
	if p.Status != 503 || p.Code != "timeout" || !strings.Contains(p.Detail, "Idempotency-Key") || out.Headers["Retry-After"] != "1" {
		t.Errorf("got %s %v", out.Body, out.Headers)
	}
}

func TestARefusalWithATimeoutBehindItStaysARefusal(t *testing.T) {
	s := newService()
	s.fail["it"] = errors.Join(seats.ErrBusy, context.DeadlineExceeded)
	if p := problem(t, newGateway(t, s).send(event("GET", "/v1/fail/it", "", "", nil))); p.Code != "busy" {
		t.Errorf("got %+v", p)
	}
}
