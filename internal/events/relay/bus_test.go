package relay_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/boot/bus"
	"github.com/usher-seats/usher/internal/events/relay"
)

const busName = "usher-bus"

// entry is an entry as it comes over the wire.
type entry struct {
	Source       string
	DetailType   string
	Detail       string
	EventBusName string
	Time         float64
}

// answer says what the bus does with one request.
type answer struct {
	// status is an error of the whole request, with its code; 0 is none.
	status int
	code   string
	// refuse gives an entry's error code; "" takes it.
	refuse func(entry) string
	// lose takes the entries and then breaks the connection.
	lose bool
	// hang answers nothing until the client has gone.
	hang bool
}

// fakeBus speaks EventBridge's JSON protocol as PutEvents does, and can fail on
// request. It keeps all requests and the details that it took.
type fakeBus struct {
	t        *testing.T
	url      string
	mu       sync.Mutex
	answers  func(request int, entries []entry) answer
	requests [][]entry
	taken    map[string]int
}

func newBus(t *testing.T, answers func(request int, entries []entry) answer) *fakeBus {
	t.Helper()
	b := &fakeBus{t: t, answers: answers, taken: map[string]int{}}
	srv := httptest.NewServer(b)
	t.Cleanup(srv.Close)
	b.url = srv.URL
	return b
}

func (b *fakeBus) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if got := r.Header.Get("X-Amz-Target"); got != "AWSEvents.PutEvents" {
		b.t.Errorf("target %q", got)
	}
	var in struct{ Entries []entry }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		b.t.Errorf("request: %v", err)
	}
	if len(in.Entries) == 0 || len(in.Entries) > 10 {
		b.t.Errorf("%d entries in a request", len(in.Entries))
	}
	b.mu.Lock()
	n := len(b.requests)
	b.requests = append(b.requests, in.Entries)
	a := answer{}
	if b.answers != nil {
		a = b.answers(n, in.Entries)
	}
	b.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	switch {
	case a.hang:
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	case a.status != 0:
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, `{"__type":"com.amazonaws.events#`+a.code+`","message":"as told"}`)
	default:
		b.take(w, in.Entries, a)
	}
}

func (b *fakeBus) take(w http.ResponseWriter, entries []entry, a answer) {
	type result struct {
		EventID      string `json:"EventId,omitempty"`
		ErrorCode    string `json:",omitempty"`
		ErrorMessage string `json:",omitempty"`
	}
	out := struct {
		FailedEntryCount int
		Entries          []result
	}{}
	b.mu.Lock()
	for _, e := range entries {
		if a.refuse != nil {
			if code := a.refuse(e); code != "" {
				out.FailedEntryCount++
				out.Entries = append(out.Entries, result{ErrorCode: code, ErrorMessage: "as told"})
				continue
			}
		}
		b.taken[e.Detail]++
		out.Entries = append(out.Entries, result{EventID: "11111111-2222-3333-4444-555555555555"})
	}
	b.mu.Unlock()
	if a.lose {
		panic(http.ErrAbortHandler)
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		b.t.Errorf("answer: %v", err)
	}
}

func (b *fakeBus) took(detail string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.taken[detail]
}

func (b *fakeBus) sent() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, r := range b.requests {
		n += len(r)
	}
	return n
}

// client is the SDK's real client as the function makes it.
func (b *fakeBus) client() *eventbridge.Client {
	return bus.New(boot.AWSConfig(boot.Common{
		Region: "eu-west-1", AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example",
	}), b.url)
}

func (b *fakeBus) sender() relay.Sender {
	return relay.Sender{Bus: b.client(), Name: busName, Log: slog.New(slog.DiscardHandler)}
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
