package stack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/usher-seats/usher/infra/local/dynamo/dynamotest"
	"github.com/usher-seats/usher/infra/local/fault"
	"github.com/usher-seats/usher/infra/local/oidc"
	"github.com/usher-seats/usher/infra/local/page"
	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/infra/local/stack"
	"github.com/usher-seats/usher/infra/local/stack/stacktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const template = "testdata/template.yaml"

// patience is far more than anything here takes, also on a busy machine.
const patience = time.Minute

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// caller sends requests to a stack.
type caller struct {
	t     *testing.T
	stack *stack.Stack
	http  *http.Client
	token string
}

func newCaller(t *testing.T, s *stack.Stack) *caller {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	tokens, err := s.SignIn(within(t), stack.Operator)
	if err != nil {
		t.Fatal(err)
	}
	return &caller{t, s, &http.Client{Transport: transport}, tokens.AccessToken}
}

func (c *caller) do(method, path, token string) (int, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(within(c.t), method, c.stack.URL()+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func (c *caller) add(room string) {
	c.t.Helper()
	if status, body := c.do("POST", "/v1/rooms/"+room, c.token); status != http.StatusCreated || body != "[operators]" {
		c.t.Fatalf("POST %s: %d %s", room, status, body)
	}
}

func (c *caller) settle() {
	c.t.Helper()
	if err := c.stack.Settle(within(c.t)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *caller) mailed() string {
	var out []string
	for _, m := range c.stack.Mails().Mails() {
		out = append(out, m.Subject)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestARequestGoesItsWholeWay(t *testing.T) {
	s := stacktest.Start(t, stack.Options{Template: template})
	c := newCaller(t, s)
	if status, body := c.do("POST", "/v1/rooms/a", ""); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d %s", status, body)
	}
	c.add("a")
	c.add("loud-b")
	c.settle()
	if got := c.mailed(); got != "a loud-b" {
		t.Errorf("mails %q", got)
	}
	if _, body := c.do("GET", "/v1/rooms/a", ""); body != "true" {
		t.Errorf("the room is there: %s", body)
	}
	if n := s.Notices(); len(n) != 1 || n[0].Body != `"loud-b"` || !strings.HasSuffix(n[0].Topic, "-Topic") {
		t.Errorf("notices %+v", n)
	}
	events := s.Bus().Events()
	if len(events) != 2 || events[1].DetailType != "room.added" || len(events[0].Targets) != 2 {
		t.Errorf("events %+v", events)
	}
}

func TestThePublicAddressHasPagesIssuerAndAPI(t *testing.T) {
	s := stacktest.Start(t, stack.Options{Template: template})
	c := newCaller(t, s)
	c.add("a")
	c.settle()
	for path, want := range map[string]string{
		"/":        "Local stack",
		"/mailbox": "anna@example.com",
		"/issuer/.well-known/openid-configuration": s.IssuerURL(),
		"/stack.json":             `"console":"` + s.ConsoleURL() + `","issuer":"` + s.IssuerURL(),
		"/mails.json":             `"subject":"a"`,
		"/logs/":                  s.URL() + "/logs/program",
		"/v1/nothing":             `{"message":"Not Found"}`,
		"/v1/rooms/a/../b":        `{"message":"Not Found"}`, // a mux would mend it
		"/.well-known/jwks.json":  `{"message":"Not Found"}`,
		"/logs/NoSuchFunction":    "no such function",
		"/parts/machine":          "RoomRule",
		"/v1/rooms/%2e%2e/escape": `{"message":"Not Found"}`,
	} {
		if path == "/parts/machine" {
			want = "Work"
		}
		if _, body := c.do("GET", path, ""); !strings.Contains(body, want) {
			t.Errorf("%s has no %q: %.300s", path, want, body)
		}
	}
	r, err := http.NewRequestWithContext(within(t), "GET", s.URL()+"/mails.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "evil.example.com" // a page whose name was pointed at this machine
	res, err := c.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("mails for a foreign host: %d", res.StatusCode)
	}
}

func TestPoisonGoesToTheDeadLettersAndBack(t *testing.T) {
	s := stacktest.Start(t, stack.Options{Template: template})
	c := newCaller(t, s)
	c.add("poison")
	c.add("fine")
	c.settle()
	letters := s.Queue("Dead").Messages(10)
	if c.mailed() != "fine" || len(letters) != 1 || !strings.Contains(letters[0].Body, "poison") {
		t.Fatalf("mails %q, dead letters %+v", c.mailed(), letters)
	}
	if err := s.Redrive("Dead"); err != nil {
		t.Fatal(err)
	}
	c.settle()
	if got := s.Queue("Dead").Stats().Visible; got != 1 {
		t.Errorf("%d dead letters after the redrive, want the same one again", got)
	}
	if err := s.Redrive("Lost"); err == nil {
		t.Error("the letters of no queue were sent somewhere")
	}
}

func TestFaultsOfServicesAreScripted(t *testing.T) {
	s := stacktest.Start(t, stack.Options{Template: template, Faults: true})
	c := newCaller(t, s)
	dynamodb, eventbridge, mail := s.Faults()
	eventbridge.SetScript(func(call fault.Call) fault.Action {
		switch call.Number {
		case 1:
			return fault.CommitThenDrop()
		case 2:
			return fault.PartialPutEvents(0)
		}
		return fault.Pass()
	})
	mail.SetScript(func(call fault.Call) fault.Action {
		if call.Number == 1 {
			return fault.Throttle()
		}
		return fault.Pass()
	})
	c.add("a")
	c.settle()
	if got := c.mailed(); got != "a a" { // the event was put before its answer was lost, and again
		t.Errorf("mails %q", got)
	}
	if n := len(eventbridge.Calls()); n != 3 {
		t.Errorf("%d calls of PutEvents, want 3", n)
	}
	dynamodb.SetScript(func(fault.Call) fault.Action { return fault.Internal() })
	if status, _ := c.do("GET", "/v1/rooms/a", ""); status != http.StatusInternalServerError {
		t.Errorf("with a broken database: %d", status)
	}
	if calls := dynamodb.Calls(); calls[0].Operation != "PutItem" || calls[0].Token != "RoomFunction" {
		t.Errorf("calls %+v", calls)
	}
}

func TestAKilledFunctionAnswers500(t *testing.T) {
	s := stacktest.Start(t, stack.Options{Template: template})
	c := newCaller(t, s)
	done := make(chan int)
	go func() {
		status, _ := c.do("POST", "/v1/rooms/slow", c.token)
		done <- status
	}()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !slices.Contains(s.Function("RoomFunction").Tail(), "slow") {
		<-tick.C
	}
	if n := s.Function("RoomFunction").Kill(); n != 1 {
		t.Errorf("killed %d processes", n)
	}
	if status := <-done; status != http.StatusInternalServerError {
		t.Errorf("the request ended with %d", status)
	}
}

func TestSchedulesRunByHandAndFailuresAreSeen(t *testing.T) {
	s := stacktest.Start(t, stack.Options{Template: template})
	c := newCaller(t, s)
	if err := s.RunSchedule(within(t), "tick"); err != nil {
		t.Fatal(err)
	}
	if _, body := c.do("GET", "/v1/rooms/tick", ""); body != "true" {
		t.Errorf("the schedule's function has run: %s", body)
	}
	if err := s.RunSchedule(within(t), "tick-fails"); err == nil || !strings.Contains(err.Error(), "told to fail") {
		t.Errorf("error %v", err)
	}
	if err := s.RunSchedule(within(t), "none"); err == nil {
		t.Error("a schedule that is not there was run")
	}
}

func TestAnAsynchronousEventThatFailsGoesToItsDestination(t *testing.T) {
	s := stacktest.Start(t, stack.Options{Template: template})
	if _, err := s.Events("TickFunction").Send(`{"fail":true}`); err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(within(t)); err != nil {
		t.Fatal(err)
	}
	lost := s.Queue("Lost").Messages(10)
	if len(lost) != 1 {
		t.Fatalf("%d messages", len(lost))
	}
	var m struct {
		RequestContext struct {
			Condition              string
			ApproximateInvokeCount int
		}
		RequestPayload, ResponsePayload map[string]any
	}
	if err := json.Unmarshal([]byte(lost[0].Body), &m); err != nil {
		t.Fatal(err)
	}
	if m.RequestContext.Condition != "RetriesExhausted" || m.RequestContext.ApproximateInvokeCount != 2 || m.RequestPayload["fail"] != true || m.ResponsePayload["errorMessage"] != "told to fail" {
		t.Errorf("the destination got %s", lost[0].Body)
	}
}

func TestTheConsolesAddressIsTheAPIsAlone(t *testing.T) {
	s := stacktest.Start(t, stack.Options{Template: template})
	if s.ConsoleURL() == s.URL() || s.Template().Parameters["ConsoleUrl"] != s.ConsoleURL() {
		t.Errorf("the console is at %s, %s is public, and the functions are told %s", s.ConsoleURL(), s.URL(), s.Template().Parameters["ConsoleUrl"])
	}
	for path, want := range map[string]string{
		"/v1/rooms/a": "false", "/": `{"message":"Not Found"}`, "/stack.json": `{"message":"Not Found"}`, "/issuer/jwks": `{"message":"Not Found"}`,
	} {
		if got := read(t, s.ConsoleURL()+path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	// People may be sent back to it.
	if _, err := oidc.SignIn(within(t), http.DefaultClient, s.IssuerURL(), stack.ClientID, s.ConsoleURL()+"/signed-in", "anna@example.com"); err != nil {
		t.Error(err)
	}
}

func TestACleanRestartLosesNothing(t *testing.T) {
	state := t.TempDir()
	first := stacktest.Start(t, stack.Options{Template: template, StateDir: state})
	c := newCaller(t, first)
	if first.Resumed() {
		t.Error("a first start has resumed something")
	}
	c.add("a")
	c.add("poison")
	c.settle()
	if err := first.Mails().SetMode(ses.ModeDown); err != nil {
		t.Fatal(err)
	}
	c.add("b") // its mail waits
	addr := strings.TrimPrefix(first.URL(), "http://")
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(state, "logs", "program.log"))
	if err != nil || !bytes.Contains(log, []byte("failed: poison")) {
		t.Errorf("the functions' log %q, %v", log, err)
	}

	_, err = stack.Start(t.Context(), stack.Options{Template: template, StateDir: state, Database: dynamotest.Client(t)})
	if err == nil || !strings.Contains(err.Error(), "make run STACK="+addr) {
		t.Errorf("at another address: %v does not say where the state is of use", err)
	}

	second := stacktest.Start(t, stack.Options{Template: template, StateDir: state, Addr: addr})
	if err := second.Mails().SetMode(ses.ModeOK); err != nil {
		t.Fatal(err)
	}
	again := newCaller(t, second)
	again.token = c.token // signed before the restart
	again.settle()
	if got := again.mailed(); got != "a b" || !second.Resumed() {
		t.Errorf("mails %q, resumed %t", got, second.Resumed())
	}
	if got := second.Queue("Dead").Messages(10); len(got) != 1 || !strings.Contains(got[0].Body, "poison") {
		t.Errorf("dead letters %+v", got)
	}
	if events := second.Bus().Events(); len(events) != 3 {
		t.Errorf("%d events, want the three of before and none again", len(events))
	}
	again.add("c")
	again.settle()
	if got := again.mailed(); got != "a b c" {
		t.Errorf("mails %q after one more", got)
	}
}

func TestAStateThatCannotBeReadIsNotOverwritten(t *testing.T) {
	state := t.TempDir()
	path := filepath.Join(state, "state.zip")
	if err := os.WriteFile(path, []byte("no zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := stack.Start(t.Context(), stack.Options{Template: template, StateDir: state, Database: dynamotest.Client(t)})
	if err == nil || !strings.Contains(err.Error(), "make reset") {
		t.Errorf("error %v does not say what to do", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "no zip" {
		t.Errorf("the file is now %q, %v", b, err)
	}
	if err := stack.Reset(state); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
}

func TestATakenPortIsNamedWithWhatToDo(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, err = stack.Start(t.Context(), stack.Options{Template: template, Addr: l.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), l.Addr().String()+" is taken") || !strings.Contains(err.Error(), "-addr") {
		t.Errorf("error %v", err)
	}
}

func TestATemplateThatCannotRunLeavesNothingBehind(t *testing.T) {
	source, err := os.ReadFile(template)
	if err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "template.yaml")
	text := strings.Replace(string(source), "Arn: !GetAtt Work.Arn}]", "Arn: arn:aws:states:eu-central-1:000000000000:stateMachine:x}]", 1)
	if err := os.WriteFile(broken, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = stack.Start(t.Context(), stack.Options{Template: broken, Database: dynamotest.Client(t)})
	if err == nil || !strings.Contains(err.Error(), "stateMachine:x, which is no function, queue or topic") {
		t.Errorf("error %v", err)
	}
}

func TestStopLeavesNoProcessAndNoPort(t *testing.T) {
	s, err := stack.Start(t.Context(), stack.Options{Template: template}) // with a DynamoDB Local of its own
	if err != nil {
		t.Fatal(err)
	}
	c := newCaller(t, s)
	c.add("a")
	c.settle()
	addresses := []string{strings.TrimPrefix(s.URL(), "http://"), strings.TrimPrefix(s.ConsoleURL(), "http://"), strings.TrimPrefix(s.Database().Endpoint, "http://")}
	for range 2 {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}
	for _, addr := range addresses {
		if conn, err := net.Dial("tcp", addr); err == nil {
			_ = conn.Close()
			t.Errorf("something still listens at %s", addr)
		}
	}
	for _, name := range []string{"RoomFunction", "RelayFunction", "WorkFunction"} {
		if st := s.Function(name).Stats(); st.Processes != 0 || st.Starts == 0 {
			t.Errorf("%s: %+v", name, st)
		}
	}
	if s.Function("MissingFunction") != nil {
		t.Error("a function without a folder runs")
	}
}

func TestTheSignInPageOffersTheStaffAndTheDemoPeople(t *testing.T) {
	s := stacktest.Start(t, stack.Options{Template: template, Demos: func() []page.Demo {
		return []page.Demo{
			{System: "teams", Account: "Northwind", State: "there", Email: "olga@northwind.example", First: "Olga", Last: "Berg"},
			{System: "meetings", Account: "Southwind", State: "playing", Email: "mika@southwind.example", First: "Mika", Last: "Sato"},
		}
	}})
	q := url.Values{
		"response_type": {"code"}, "client_id": {stack.ClientID}, "redirect_uri": {s.RedirectURI()}, "scope": {"openid"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge": {strings.Repeat("a", 43)}, "code_challenge_method": {"S256"},
	}
	body := read(t, s.IssuerURL()+"/authorize?"+q.Encode())
	for _, want := range []string{stack.Operator, "Northwind", "Olga Berg", "olga@northwind.example"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page offers no %s", want)
		}
	}
	if strings.Contains(body, "mika@southwind.example") {
		t.Error("the page offers somebody whose account is not there yet")
	}
}

// read returns what stands at an address, whatever the status.
func read(t *testing.T, address string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(within(t), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return string(body)
}
