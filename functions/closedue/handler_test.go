package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	local "github.com/usher-seats/usher/infra/local/bus"
	"github.com/usher-seats/usher/infra/local/dynamo/dynamotest"
	"github.com/usher-seats/usher/infra/local/sam"
	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/boot/bus"
	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/events/relay"
	"github.com/usher-seats/usher/internal/jobtest"
	"github.com/usher-seats/usher/internal/logsafe"
	"github.com/usher-seats/usher/internal/seats"
)

// system is a world with the template's bus behind a network that can refuse.
type system struct {
	*jobtest.World
	t      *testing.T
	sender relay.Sender
	bus    *local.Bus
	seen   map[string]bool // events by id

	mu sync.Mutex
	// refuse gives an error code for a request's only entry, or "".
	refuse   func(detail string) string
	requests int
}

func newSystem(t *testing.T) *system {
	t.Helper()
	s := &system{World: jobtest.New(t), t: t, seen: map[string]bool{}}
	template, err := sam.Load("../../template.yaml", sam.Options{Region: dynamotest.Region})
	if err != nil {
		t.Fatal(err)
	}
	rules := slices.DeleteFunc(template.Rules, func(r *sam.Rule) bool { return r.ID != "CloseDueRule" })
	if len(rules) != 1 {
		t.Fatal("the template has no CloseDueRule")
	}
	s.bus, err = local.New(local.Options{
		Rules: rules, Buses: []string{rules[0].Bus}, Region: dynamotest.Region,
		Deliver: func(context.Context, string, []byte) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.bus.Stop)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	cfg := boot.AWSConfig(boot.Common{Region: dynamotest.Region, AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"})
	s.sender = relay.Sender{Bus: bus.New(cfg, server.URL), Name: rules[0].Bus, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	return s
}

// ServeHTTP is the network before the bus.
func (s *system) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	s.requests++
	code := ""
	if s.refuse != nil {
		code = s.refuse(string(body))
	}
	s.mu.Unlock()
	if code != "" {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = io.WriteString(w, `{"FailedEntryCount":1,"Entries":[{"ErrorCode":"`+code+`","ErrorMessage":"as told"}]}`)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.bus.ServeHTTP(w, r)
}

func (s *system) refusing(f func(detail string) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = f
}

// run is one invocation. It gives the accounts of each event that the rule has
// taken to the close queue.
func (s *system) run(ctx context.Context) ([][]seats.AccountID, error) {
	s.t.Helper()
	h := handler{due: s.Store(), bus: s.sender, wall: s.Clock.Now}
	_, failure := h.handle(ctx, lambdaevents.CloudWatchEvent{})
	var all [][]seats.AccountID
	for _, e := range s.bus.Events() {
		if s.seen[e.ID] {
			continue
		}
		s.seen[e.ID] = true
		due, err := events.DecodeAccountsDue(e.Detail)
		if err != nil || len(e.Targets) != 1 || e.DetailType != events.TypeAccountsDue || e.Source != events.Source {
			s.t.Errorf("the event %s of %s goes to %v (%v)", e.DetailType, e.Source, e.Targets, err)
		}
		if len(due.Accounts) > events.MaxAccountsDue || !due.DueBefore.Equal(s.Clock.Now()) {
			s.t.Errorf("an event names %d accounts that are due before %s", len(due.Accounts), due.DueBefore)
		}
		all = append(all, due.Accounts)
	}
	return all, failure
}

// same checks that the events name exactly these accounts, each once.
func (s *system) same(what string, got [][]seats.AccountID, want []seats.AccountID) {
	s.t.Helper()
	flat := slices.Sorted(slices.Values(slices.Concat(got...)))
	if sorted := slices.Sorted(slices.Values(want)); !slices.Equal(flat, sorted) {
		s.t.Errorf("%s: %d accounts are on the bus, %d of them different, want %d", what, len(flat), len(slices.Compact(flat)), len(sorted))
	}
}

// due is an instant after the first boundary of the accounts, and boundary the
// second before it.
func boundary() time.Time { return time.Date(2090, time.December, 9, 22, 59, 59, 0, time.UTC) }

func due() time.Time { return boundary().Add(5 * time.Minute) }

func TestEveryDueAccountReachesTheCloseQueue(t *testing.T) {
	const many = 250
	s := newSystem(t)
	accounts := s.Open(many+3, func(i int, in *seats.OpenAccount) {
		switch i {
		case many:
			in.Test, in.Clock = true, jobtest.Opening()
		case many + 1:
			in.PlanID = "yearly"
		case many + 2:
			in.Zone = "America/Anchorage" // due eleven hours later
		}
	})
	var want []seats.AccountID
	for _, a := range accounts[:many] {
		want = append(want, a.ID)
	}
	s.Clock.Set(boundary())
	found, err := s.run(t.Context())
	if err != nil || len(found) != 0 || s.requests != 0 {
		t.Errorf("a second early %d events are on the bus in %d requests (%v)", len(found), s.requests, err)
	}

	s.Clock.Set(due())
	ctx, line := logsafe.Begin(t.Context())
	found, err = s.run(ctx)
	if err != nil || len(found) != 3 {
		t.Errorf("%d events are on the bus (%v), want 3", len(found), err)
	}
	s.same("due accounts", found, want)
	if n := line.Counts()["AccountsDue"]; n != many {
		t.Errorf("AccountsDue is %d, want %d", n, many)
	}

	rest := aPartIsRefused(t, s, want)
	aPassingRefusalIsTriedAgain(t, s, rest)
	timeIsUp(t, s, want, rest)
}

// aPartIsRefused refuses one of the three events for good, and gives its accounts.
func aPartIsRefused(t *testing.T, s *system, want []seats.AccountID) (rest []seats.AccountID) {
	refused := ""
	s.refusing(func(detail string) string {
		if refused == "" && s.requests%3 == 2 {
			refused = detail
		}
		if detail == refused {
			return "InvalidArgument"
		}
		return ""
	})
	found, err := s.run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "100 due accounts are not on the bus") || len(found) != 2 {
		t.Fatalf("%d events are on the bus, the error is %v; want two and one refused", len(found), err)
	}
	s.refusing(nil)
	sent := slices.Concat(found...)
	for _, id := range want {
		if !slices.Contains(sent, id) {
			rest = append(rest, id)
		}
	}
	s.same("those not refused", append(found, rest), want)
	jobtest.Each(len(sent), func(i int) {
		if n, err := s.Service.Close(t.Context(), sent[i]); n != 1 || err != nil {
			t.Errorf("closed %d periods: %v", n, err)
		}
	})

	found, err = s.run(t.Context())
	if err != nil {
		t.Error(err)
	}
	s.same("the next hour finds the rest", found, rest)
	return rest
}

func aPassingRefusalIsTriedAgain(t *testing.T, s *system, rest []seats.AccountID) {
	tries := 0
	s.refusing(func(string) string {
		if tries++; tries < 3 {
			return "ThrottlingException"
		}
		return ""
	})
	found, err := s.run(t.Context())
	if err != nil || tries != 3 {
		t.Errorf("%d tries: %v", tries, err)
	}
	s.same("after a throttle", found, rest)
	s.refusing(nil)
}

// timeIsUp ends an invocation's time after the first of two events: that one is on
// the bus.
func timeIsUp(t *testing.T, s *system, want, rest []seats.AccountID) {
	s.Clock.Advance(31 * 24 * time.Hour) // everything is due again
	ctx, cancel := context.WithCancel(t.Context())
	s.refusing(func(string) string {
		cancel()
		return ""
	})
	found, err := s.run(ctx)
	if err == nil {
		t.Error("an invocation whose time is up succeeds")
	}
	if len(found) > 1 {
		t.Errorf("%d events are on the bus after the time was up", len(found))
	}
	s.refusing(nil)
	found, err = s.run(t.Context())
	if err != nil {
		t.Error(err)
	}
	all := slices.Concat(found...)
	for _, id := range append(want, rest...) {
		if !slices.Contains(all, id) {
			t.Errorf("%s is not found by the next run", id)
		}
	}
}
