package bus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"github.com/usher-seats/usher/infra/local/bus"
	"github.com/usher-seats/usher/infra/local/sam"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// targets records deliveries and fails as often as it is told.
type targets struct {
	mu       sync.Mutex
	got      map[string][]string
	times    []time.Time
	failures int
}

func (s *targets) deliver(_ context.Context, arn string, body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.times = append(s.times, time.Now())
	if s.failures != 0 && !strings.HasPrefix(arn, "dead") {
		s.failures--
		return errors.New("unreachable")
	}
	if s.got == nil {
		s.got = map[string][]string{}
	}
	s.got[arn] = append(s.got[arn], string(body))
	return nil
}

func (s *targets) counts() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for arn, list := range s.got {
		out = append(out, fmt.Sprintf("%s:%d", arn, len(list)))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func rule(pattern string, list ...sam.Target) *sam.Rule {
	for i := range list {
		if list[i].Retry.MaxAge == 0 {
			list[i].Retry = sam.RetryPolicy{MaxRetries: 3, MaxAge: time.Hour, DeadLetterARN: "dead"}
		}
	}
	return &sam.Rule{Name: "rule" + pattern, Bus: "usher", Enabled: true, Pattern: pattern, Targets: list}
}

func newBus(t *testing.T, s *targets, rules ...*sam.Rule) *bus.Bus {
	t.Helper()
	b, err := bus.New(bus.Options{Rules: rules, Buses: []string{"usher"}, Region: "eu-central-1", AccountID: "000000000000", Deliver: s.deliver})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t *testing.T, b *bus.Bus, kind, detail string) {
	t.Helper()
	if _, err := b.Put(bus.Entry{Source: "usher", DetailType: kind, Detail: detail, EventBusName: "usher"}); err != nil {
		t.Fatal(err)
	}
}

func TestEventsReachTheTargetsOfTheRulesThatMatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &targets{}
		off := rule(`{"source":["usher"]}`, sam.Target{ARN: "off"})
		off.Enabled = false
		elsewhere := rule(`{"source":["usher"]}`, sam.Target{ARN: "elsewhere"})
		elsewhere.Bus = "default"
		b := newBus(t, s, rule(`{"detail-type":[{"prefix":"user."}]}`, sam.Target{ARN: "a"}, sam.Target{ARN: "b"}), rule(`{"source":["usher"]}`, sam.Target{ARN: "c"}), off, elsewhere)
		put(t, b, "user.invited", `{"n":1}`)
		put(t, b, "license.assigned", `{"n":2}`)
		synctest.Wait()
		b.Stop()
		if got := s.counts(); got != "a:1 b:1 c:2" {
			t.Errorf("deliveries %s", got)
		}
		var e map[string]any
		if err := json.Unmarshal([]byte(s.got["a"][0]), &e); err != nil {
			t.Fatal(err)
		}
		if e["version"] != "0" || e["source"] != "usher" || e["detail-type"] != "user.invited" || e["region"] != "eu-central-1" ||
			e["account"] != "000000000000" || e["time"] != time.Now().UTC().Format(time.RFC3339) || fmt.Sprint(e["detail"], e["resources"]) != "map[n:1] []" {
			t.Errorf("event %v", e)
		}
		events := b.Events()
		if len(events) != 2 || events[0].DetailType != "license.assigned" || len(events[1].Targets) != 3 || events[1].ID != e["id"] {
			t.Errorf("kept events %+v", events)
		}
	})
}

func TestAFailedDeliveryIsTriedAgainAndThenGivenUp(t *testing.T) {
	for _, tt := range []struct {
		name     string
		failures int
		want     string
		tries    int
	}{
		{"reached at the third try", 2, "a:1", 3},
		{"reached at the last try", 3, "a:1", 4},
		{"never reached", -1, "dead:1", 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &targets{failures: tt.failures}
				b := newBus(t, s, rule(`{"source":["usher"]}`, sam.Target{ARN: "a"}))
				put(t, b, "x", `{}`)
				<-time.After(time.Hour)
				b.Stop()
				if s.counts() != tt.want || len(s.times) != tt.tries || b.Pending() != 0 {
					t.Errorf("%s after %d tries, pending %d", s.counts(), len(s.times), b.Pending())
				}
			})
		})
	}
}

func TestDeliveriesSurviveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &targets{failures: 1}
		r := rule(`{"source":["usher"]}`, sam.Target{ARN: "a"})
		b := newBus(t, s, r)
		put(t, b, "x", `{}`)
		synctest.Wait()
		b.Stop()
		saved, err := b.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		again := newBus(t, s, r)
		if err := again.Restore(saved); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute)
		again.Stop()
		if s.counts() != "a:1" || len(again.Events()) != 1 {
			t.Errorf("deliveries %s, events %+v", s.counts(), again.Events())
		}
	})
}

func TestInputOfTargets(t *testing.T) {
	for _, tt := range []struct {
		name   string
		target sam.Target
		want   string
	}{
		{"a constant", sam.Target{Input: `{"run":1}`}, `{"run":1}`},
		{"a part", sam.Target{InputPath: "$.detail.list[1]"}, `{"x":"y"}`},
		{"a part that is not there", sam.Target{InputPath: "$.detail.none.x"}, `null`},
		{"a template of text", sam.Target{
			InputPaths:    map[string]string{"who": "$.detail.name", "n": "$.detail.n", "gone": "$.detail.gone", "list": "$.detail.list"},
			InputTemplate: `"Dear <who>, \"<n>\" <gone> <list>"`,
		}, `"Dear An\"na, \"7\"  [1,{\"x\":\"y\"}]"`},
		{"a template of JSON", sam.Target{
			InputPaths:    map[string]string{"who": "$.detail.name", "n": "$.detail.n"},
			InputTemplate: `{"who": <who>, "n": <n>, "text": "<who>"}`,
		}, `{"who": "An\"na", "n": 7, "text": "An\"na"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &targets{}
				tt.target.ARN = "a"
				b := newBus(t, s, rule(`{"source":["usher"]}`, tt.target))
				put(t, b, "x", `{"name":"An\"na","n":7,"list":[1,{"x":"y"}]}`)
				synctest.Wait()
				b.Stop()
				if len(s.got["a"]) != 1 || s.got["a"][0] != tt.want {
					t.Errorf("input\n got %v\nwant %s", s.got["a"], tt.want)
				}
			})
		})
	}
}

func TestRulesThatCannotWork(t *testing.T) {
	for name, r := range map[string]*sam.Rule{
		"no pattern":              rule(`{}`),
		"an unknown placeholder":  rule(`{"source":["usher"]}`, sam.Target{InputTemplate: "<x>"}),
		"a path that is no path":  rule(`{"source":["usher"]}`, sam.Target{InputPath: "detail"}),
		"a path of a placeholder": rule(`{"source":["usher"]}`, sam.Target{InputTemplate: "<x>", InputPaths: map[string]string{"x": "detail"}}),
	} {
		if _, err := bus.New(bus.Options{Rules: []*sam.Rule{r}}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// client is a real SDK client of a bus.
func client(t *testing.T, b *bus.Bus) *eventbridge.Client {
	t.Helper()
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	return eventbridge.NewFromConfig(aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL), HTTPClient: server.Client(),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	})
}

func entry(detail string) types.PutEventsRequestEntry {
	return types.PutEventsRequestEntry{
		Source: aws.String("usher"), DetailType: aws.String("x"), Detail: aws.String(detail), EventBusName: aws.String("usher"),
		Time: aws.Time(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)),
	}
}

func TestTheSDKPutsEvents(t *testing.T) {
	b := newBus(t, &targets{})
	t.Cleanup(b.Stop)
	c := client(t, b)
	entries := []types.PutEventsRequestEntry{entry(`{"n":1}`), entry(`[]`), entry(`{"n":2}`), entry(`{}`), entry(`{}`), entry(`{}`), entry(`null`)}
	entries[3].Source = nil
	entries[4].EventBusName = aws.String("arn:aws:events:eu-central-1:000000000000:event-bus/usher")
	entries[5].EventBusName = aws.String("other")
	out, err := c.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: entries})
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, e := range out.Entries {
		if (e.EventId == nil) == (e.ErrorCode == nil) {
			t.Errorf("entry %+v has neither or both of an id and an error", e)
		}
		codes = append(codes, aws.ToString(e.ErrorCode))
	}
	if want := []string{"", "MalformedDetail", "", "InvalidArgument", "", "InvalidArgument", "MalformedDetail"}; out.FailedEntryCount != 4 || !slices.Equal(codes, want) {
		t.Errorf("%d failed: %q, want 4: %q", out.FailedEntryCount, codes, want)
	}
	events := b.Events()
	if len(events) != 3 || string(events[2].Detail) != `{"n":1}` || !events[2].Time.Equal(*entries[0].Time) {
		t.Errorf("events %+v", events)
	}
}

func TestRequestsOverTheLimitsAreRefused(t *testing.T) {
	b := newBus(t, &targets{})
	t.Cleanup(b.Stop)
	c := client(t, b)
	pad := func(n int) string { return `{"x":"` + strings.Repeat("x", n) + `"}` }
	const around = len(`{"x":""}`) + len("usher") + len("x") + 14
	for _, tt := range []struct {
		name    string
		entries []types.PutEventsRequestEntry
		ok      bool
	}{
		{"none", []types.PutEventsRequestEntry{}, false},
		{"ten", slices.Repeat([]types.PutEventsRequestEntry{entry(`{}`)}, 10), true},
		{"eleven", slices.Repeat([]types.PutEventsRequestEntry{entry(`{}`)}, 11), false},
		{"the largest", []types.PutEventsRequestEntry{entry(pad(bus.MaxRequestBytes - around))}, true},
		{"one byte more", []types.PutEventsRequestEntry{entry(pad(bus.MaxRequestBytes - around + 1))}, false},
	} {
		_, err := c.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: tt.entries})
		var refused smithy.APIError
		switch {
		case tt.ok && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case !tt.ok && (!errors.As(err, &refused) || refused.ErrorCode() != "ValidationException"):
			t.Errorf("%s: %v, want a ValidationException", tt.name, err)
		}
	}
	if _, err := c.ListRules(t.Context(), &eventbridge.ListRulesInput{}); err == nil || !strings.Contains(err.Error(), "UnknownOperation") {
		t.Errorf("another operation: %v", err)
	}
}
