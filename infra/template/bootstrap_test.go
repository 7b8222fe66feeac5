package template_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/usher-seats/usher/infra/local/build"
	"github.com/usher-seats/usher/infra/local/bus"
	"github.com/usher-seats/usher/infra/local/dynamo/dynamotest"
	"github.com/usher-seats/usher/infra/local/lambda"
	"github.com/usher-seats/usher/infra/local/sam"
	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/infra/template"
)

// machine runs the functions' binaries with the template's environment, and
// records their calls on the way to DynamoDB, EventBridge and SES.
type machine struct {
	*recorder
	t        *testing.T
	stack    *sam.Template
	binaries map[string]string
	host     *lambda.Host
	bus      *bus.Bus
	env      map[string]string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	stack, err := sam.Load(filepath.Join(root, "template.yaml"), sam.Options{
		Region: dynamotest.Region, Parameters: map[string]string{"IssuerUrl": "http://127.0.0.1:9", "OidcClientId": "console"},
	})
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{
		t: t, stack: stack,
		recorder: &recorder{t: t, next: http.DefaultTransport, names: map[string]string{}, needed: map[string]map[template.Grant]bool{}},
	}
	m.compile()
	m.serve()
	return m
}

func (m *machine) compile() {
	m.t.Helper()
	var folders []string
	for _, f := range m.stack.Functions {
		folders = append(folders, f.CodeURI)
	}
	repository, err := filepath.Abs(root)
	if err != nil {
		m.t.Fatal(err)
	}
	m.binaries, err = build.Functions(m.t.Context(), repository, filepath.Join(repository, "build", "test", "functions"), folders)
	if err != nil {
		m.t.Fatal(err)
	}
}

// serve starts what the functions call, each behind the recorder.
func (m *machine) serve() {
	m.t.Helper()
	cfg, tables := dynamotest.NewWithTables(m.t)
	for id, name := range tables {
		m.names[name] = id
	}
	credentials, err := cfg.Credentials.Retrieve(m.t.Context())
	if err != nil {
		m.t.Fatal(err)
	}
	m.bus, err = bus.New(bus.Options{
		Buses: []string{m.stack.Buses[0].Name}, Region: cfg.Region, AccountID: sam.DefaultAccountID,
		Deliver: func(context.Context, string, []byte) error { return nil },
	})
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(m.bus.Stop)
	m.names[m.stack.Buses[0].Name] = "Bus"
	m.env = map[string]string{
		"AWS_ACCESS_KEY_ID": credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY": credentials.SecretAccessKey,
		"AWS_ENDPOINT_URL_DYNAMODB":    m.proxy(aws.ToString(cfg.BaseEndpoint)),
		"AWS_ENDPOINT_URL_EVENTBRIDGE": m.proxy(m.server(m.bus)),
		"AWS_ENDPOINT_URL_SESV2":       m.proxy(m.server(ses.New(ses.Options{}))),
	}
	if m.host, err = lambda.NewHost(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := m.host.Stop(ctx); err != nil {
			m.t.Error(err)
		}
	})
}

func (m *machine) server(h http.Handler) string {
	s := httptest.NewServer(h)
	m.t.Cleanup(s.Close)
	return s.URL
}

func (m *machine) proxy(to string) string {
	m.t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		m.t.Fatal(err)
	}
	return m.server(&httputil.ReverseProxy{
		// The signature covers the host that the function called.
		Rewrite:   func(p *httputil.ProxyRequest) { p.SetURL(target); p.Out.Host = p.In.Host },
		Transport: m.recorder,
	})
}

// invoke gives a function its event, and returns the answer.
func (m *machine) invoke(f *sam.Function, event []byte) []byte {
	m.t.Helper()
	env := map[string]string{}
	for name, value := range f.Env {
		env[name] = value
	}
	for name, value := range m.env {
		if _, declared := env[name]; declared || !strings.HasPrefix(name, "AWS_ENDPOINT_URL_") {
			env[name] = value
		}
	}
	name := filepath.Base(f.CodeURI)
	m.as(name)
	function := m.host.Add(lambda.Config{
		Name: f.Name, ARN: f.ARN, Binary: m.binaries[f.CodeURI], Env: env, Region: dynamotest.Region, Timeout: f.Timeout, MemoryMB: f.MemoryMB,
	})
	result, err := function.Invoke(m.t.Context(), event)
	if err != nil || result.FunctionError != "" {
		m.t.Fatalf("%s: %v %s %s\n%s", name, err, result.FunctionError, result.Payload, strings.Join(function.Tail(), "\n"))
	}
	return result.Payload
}

// TestEveryEventFileRunsThroughItsBootstrap hands each event to the binary of its
// function, built as it is deployed, with the template's environment. The tables
// are empty, so what is about an account finds none: requests are answered 404,
// and what came through a queue is done with. The roles must allow the calls.
func TestEveryEventFileRunsThroughItsBootstrap(t *testing.T) {
	m := newMachine(t)
	tpl := parse(t, templateText(t))
	for _, f := range m.stack.Functions {
		name := filepath.Base(f.CodeURI)
		event, err := os.ReadFile(filepath.Join(root, "infra", "events", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		payload := m.invoke(f, event)
		if len(f.Routes) > 0 {
			checkAnswer(t, name, payload)
		} else {
			checkDone(t, name, payload)
		}
		granted, err := tpl.Actions(name)
		if err != nil {
			t.Fatal(err)
		}
		for g := range m.needed[name] {
			if !slices.Contains(granted, g) {
				t.Errorf("%s may not %s", name, g)
			}
		}
		if len(m.needed[name]) == 0 && name != pages {
			t.Errorf("%s called nothing", name)
		}
	}
	if sent := m.bus.Events(); len(sent) != 1 || sent[0].DetailType != "user.invited" {
		t.Errorf("on the bus: %+v", sent)
	}
}

func checkAnswer(t *testing.T, name string, payload []byte) {
	t.Helper()
	var answer lambdaevents.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(payload, &answer); err != nil {
		t.Fatal(err)
	}
	want, kind := http.StatusNotFound, "application/problem+json"
	if name == pages {
		want, kind = http.StatusOK, "text/html; charset=utf-8"
	}
	if name == "operator" {
		want, kind = http.StatusOK, "application/json"
	}
	if answer.StatusCode != want || !strings.HasPrefix(answer.Headers["Content-Type"], kind) {
		t.Errorf("%s: %d %v %s", name, answer.StatusCode, answer.Headers, answer.Body)
	}
}

func checkDone(t *testing.T, name string, payload []byte) {
	t.Helper()
	var answer struct{ BatchItemFailures []any }
	if err := json.Unmarshal(payload, &answer); err != nil || len(answer.BatchItemFailures) > 0 {
		t.Errorf("%s: %s %v", name, payload, err)
	}
}
