package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/events"
)

// runtimeAPI speaks Lambda's Runtime API to one process: it hands out the batches
// and takes the answers.
type runtimeAPI struct {
	batches chan string
	answers chan string
}

func (r *runtimeAPI) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	const next = "/2018-06-01/runtime/invocation/next"
	if req.URL.Path == next {
		select {
		case batch := <-r.batches:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "req-1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(10*time.Second).UnixMilli()))
			_, _ = io.WriteString(w, batch)
		case <-req.Context().Done():
		}
		return
	}
	body, _ := io.ReadAll(req.Body)
	w.WriteHeader(http.StatusAccepted)
	r.answers <- filepath.Base(req.URL.Path) + " " + string(body)
}

// theBus takes everything but what it is told to refuse.
type theBus struct {
	mu      sync.Mutex
	details []string
}

func (b *theBus) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ Entries []struct{ Detail string } }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	answer := strings.Repeat(`{"EventId":"1"},`, len(in.Entries))
	for _, e := range in.Entries {
		b.details = append(b.details, e.Detail)
	}
	_, _ = fmt.Fprintf(w, `{"FailedEntryCount":0,"Entries":[%s]}`, strings.TrimSuffix(answer, ","))
}

// bootstrap builds the function as it is deployed, but for this machine.
func bootstrap(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bootstrap")
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "lambda.norpc", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

func environment(runtime, bus string) []string {
	return []string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(runtime, "http://"), "AWS_LAMBDA_FUNCTION_NAME=publish",
		"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=canary",
		"EVENT_BUS=usher", "AWS_ENDPOINT_URL_EVENTBRIDGE=" + bus,
	}
}

func item(sequence, detail string) map[string]any {
	return map[string]any{
		"eventID": sequence, "eventName": "INSERT",
		"dynamodb": map[string]any{
			"SequenceNumber": sequence,
			"Keys":           map[string]any{"pk": map[string]string{"S": "E#acc#2026-11"}},
			"NewImage":       map[string]any{"ev": map[string]string{"S": detail}},
		},
	}
}

func TestTheRealBootstrap(t *testing.T) {
	path := bootstrap(t)
	t.Run("publishes a batch and reports what it cannot", func(t *testing.T) { publishesABatch(t, path) })
	t.Run("does not start without its configuration", func(t *testing.T) { needsItsConfiguration(t, path) })
}

func publishesABatch(t *testing.T, path string) {
	api := &runtimeAPI{batches: make(chan string, 2), answers: make(chan string, 2)}
	runtime := httptest.NewServer(api)
	defer runtime.Close()
	bus := &theBus{}
	endpoint := httptest.NewServer(bus)
	defer endpoint.Close()

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var log bytes.Buffer
	process := exec.CommandContext(ctx, path)
	process.Env, process.Stdout, process.Stderr = environment(runtime.URL, endpoint.URL), &log, &log
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}

	var records []any
	for i, e := range events.Samples() {
		detail, err := events.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		if i == 3 {
			detail = []byte("poison")
		}
		records = append(records, item(fmt.Sprintf("%03d", i), string(detail)))
	}
	batch, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		t.Fatal(err)
	}
	api.batches <- string(batch)
	select {
	case got := <-api.answers:
		if want := `response {"batchItemFailures":[{"itemIdentifier":"003"}]}`; strings.TrimSpace(got) != want {
			t.Errorf("answered %s, want %s", got, want)
		}
	case <-ctx.Done():
		t.Fatal("no answer in a minute")
	}

	api.batches <- `{"Records":[]}`
	select {
	case got := <-api.answers:
		if want := `response {"batchItemFailures":[]}`; strings.TrimSpace(got) != want {
			t.Errorf("an empty batch is answered %s", got)
		}
	case <-ctx.Done():
		t.Fatal("no answer in a minute")
	}

	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := process.Wait(); err != nil {
		t.Errorf("SIGTERM ends it with %v", err)
	}
	if n := len(bus.details); n != len(records)-1 {
		t.Errorf("%d events on the bus, want %d", n, len(records)-1)
	}
	for _, want := range []string{
		`"msg":"poison record"`, `"sequence_number":"003"`, `"EventsSent":` + strconv.Itoa(len(records)-1), `"Poison":1`, `"request_id":"req-1"`,
		`"CloudWatchMetrics":[{"Namespace":"Usher"`, `"msg":"stopped"`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %s:\n%s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "canary") {
		t.Errorf("the log has a secret:\n%s", log.String())
	}
}

func needsItsConfiguration(t *testing.T, path string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	process := exec.CommandContext(ctx, path)
	process.Env = []string{"AWS_REGION=eu-west-1"}
	out, err := process.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "AWS_ACCESS_KEY_ID is not set; AWS_SECRET_ACCESS_KEY is not set; EVENT_BUS is not set") {
		t.Errorf("%v: %s", err, out)
	}
}
