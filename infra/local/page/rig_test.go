package page_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/usher-seats/usher/infra/local/page"
	"github.com/usher-seats/usher/infra/local/ses"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hostile is a name that tries everything: markup, a template, and a reversal of
// what follows.
const hostile = "<script>alert(1)</script>{{.}}\u202Egnp.exe\"'"

// fakeAPI answers the operator's operations in the shape of the real API, and
// notes what was asked.
type fakeAPI struct {
	mu       sync.Mutex
	pages    []string
	moves    []string
	answers  []string // of the clock, one a call
	status   int
	seen     []string
	seenBody []string
}

func (f *fakeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	f.seen = append(f.seen, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+" "+r.Header.Get("Idempotency-Key"))
	f.seenBody = append(f.seenBody, string(body))
	answer := `{"asked":"` + r.URL.Path + `"}`
	switch {
	case f.status != 0:
		w.WriteHeader(f.status)
		answer = `{"code":"account_parked","detail":"The account is parked. Retry it first."}`
	case strings.HasSuffix(r.URL.Path, "/clock"):
		var asked struct{ To string }
		_ = json.Unmarshal(body, &asked)
		f.moves = append(f.moves, asked.To)
		answer, f.answers = f.answers[0], f.answers[1:]
	case r.URL.Path == "/v1/operator/accounts":
		i := len(r.URL.Query().Get("cursor"))
		answer = f.pages[i]
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, answer)
}

// rig is the pages over HTTP, with a real mail server and a fake API.
type rig struct {
	t             *testing.T
	url           string
	api           *fakeAPI
	mails         *ses.Server
	client        *http.Client
	redriven, ran []string
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func start(t *testing.T, change func(*page.Deps)) *rig {
	t.Helper()
	r := &rig{t: t, api: &fakeAPI{pages: []string{`{"items":[]}`}}, mails: ses.New(ses.Options{Now: func() time.Time { return noon }})}
	api := httptest.NewServer(r.api)
	t.Cleanup(api.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	deps := page.Deps{
		APIURL: api.URL, IssuerURL: "http://127.0.0.1:7999/issuer", ClientID: "usher-local",
		OperatorToken: func(context.Context) (string, error) { return "operator-token", nil },
		HTTP:          &http.Client{Transport: transport},
		Now:           func() time.Time { return noon },
		Mailbox:       r.mails,
		Staff: func() []page.Person {
			return []page.Person{{Email: "olga@vendor.example", Name: hostile, Role: "operator"}}
		},
		Events: func() []page.BusEvent {
			return []page.BusEvent{
				{ID: "evt_2", Source: "usher", DetailType: "license.assigned", Time: noon, Targets: []string{"MailRule"}, Detail: json.RawMessage(`{"account_id":"acc_1","actor":{"kind":"user","id":"usr_1"},"data":{"seats":8,"note":"</pre><script>"}}`)},
				{ID: "evt_1", Source: "usher", DetailType: hostile, Time: noon.Add(-time.Hour), Detail: json.RawMessage(`not json <script>`)},
			}
		},
		Functions: func() []page.FunctionState {
			return []page.FunctionState{{Name: "mail", Trigger: "queue", State: "failed", Errors: 2, LastError: hostile, LastErrorAt: noon, LastAt: noon}}
		},
		Queues: func() []page.QueueState {
			return []page.QueueState{{Name: "MailQueue"}, {Name: "MailDeadLetters", DeadLettersOf: "MailQueue", Visible: 1, Messages: []page.QueueMessage{{ID: "m1", Body: hostile, LastError: hostile, SentAt: noon}}}}
		},
		Redrive: func(queue string) error {
			if queue != "MailDeadLetters" {
				return errors.New("there is no queue " + queue)
			}
			r.redriven = append(r.redriven, queue)
			return nil
		},
		Schedules: func() []page.ScheduleState {
			return []page.ScheduleState{{Name: "CloseDue", Expression: "rate(1 hour)", Function: "closedue", NextAt: noon.Add(time.Hour), LastError: hostile}}
		},
		RunSchedule: func(_ context.Context, name string) error { r.ran = append(r.ran, name); return nil },
	}
	if change != nil {
		change(&deps)
	}
	listener := httptest.NewServer(page.New(deps))
	t.Cleanup(listener.Close)
	r.url = listener.URL
	r.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return r
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (r *rig) do(method, path, body string, header map[string]string) answer {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range header {
		if name == "Host" {
			request.Host = value
			continue
		}
		request.Header.Set(name, value)
	}
	response, err := r.client.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(data)}
}

func (r *rig) get(path string) answer {
	r.t.Helper()
	got := r.do(http.MethodGet, path, "", nil)
	if got.status != http.StatusOK {
		r.t.Fatalf("GET %s: %d %s", path, got.status, got.body)
	}
	return got
}

// act posts a form as the page's script does, and returns what it is told.
func (r *rig) act(path string, form url.Values) (status int, said string) {
	r.t.Helper()
	got := r.do(http.MethodPost, path, form.Encode(), map[string]string{"Accept": "application/json", "Sec-Fetch-Site": "same-origin"})
	var told struct {
		OK   bool   `json:"ok"`
		Said string `json:"said"`
	}
	if err := json.Unmarshal([]byte(got.body), &told); err != nil {
		r.t.Fatalf("POST %s: %d %s", path, got.status, got.body)
	}
	if told.OK != (got.status == http.StatusOK) {
		r.t.Errorf("POST %s: status %d and ok %v", path, got.status, told.OK)
	}
	return got.status, told.Said
}

// send puts a mail into the mailbox by the protocol and returns its id.
func (r *rig) send(subject, text, html string, attachments ...map[string]any) string {
	r.t.Helper()
	part := func(s string) map[string]string { return map[string]string{"Data": s, "Charset": "UTF-8"} }
	data, err := json.Marshal(map[string]any{
		"FromEmailAddress": "Usher <no-reply@vendor.example>",
		"Destination":      map[string]any{"ToAddresses": []string{"ada@example.com"}},
		"Content": map[string]any{"Simple": map[string]any{
			"Subject": part(subject), "Body": map[string]any{"Text": part(text), "Html": part(html)}, "Attachments": attachments,
		}},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodPost, "/v2/email/outbound-emails", strings.NewReader(string(data)))
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20261122/eu-west-1/ses/aws4_request")
	recorder := httptest.NewRecorder()
	r.mails.ServeHTTP(recorder, request)
	if recorder.Code != http.StatusOK {
		r.t.Fatal(recorder.Body.String())
	}
	return r.mails.Mails()[0].ID
}

const northwind = `{"id":"acc_1","name":"Northwind","currency":"EUR","time_zone":"Europe/Berlin","status":"open","test":true,
	"clock":"2026-01-31T09:00:00Z","next_due":"2026-02-03T00:00:00Z","owner":{"id":"usr_1","email":"ada@example.com"},
	"subscriptions":[{"id":"sub_1","product_id":"valuation","plan_id":"pool","seats":8,"in_use":5,"reserved":1,"available":2,"period":{"start":"2025-12-31T23:00:00Z","end":"2026-01-31T23:00:00Z"}}],
	"users":[{"id":"usr_1","email":"ada@example.com","first_name":"Ada","last_name":"Lovelace","role":"owner","status":"active"},
	         {"id":"usr_2","email":"grace@example.com","role":"member","status":"invited"},
	         {"id":"usr_3","email":"gone@example.com","role":"member","status":"removed"}]}`
