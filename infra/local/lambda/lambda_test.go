package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/usher-seats/usher/infra/local/build"
	"github.com/usher-seats/usher/infra/local/lambda"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// program builds the test's bootstrap once for all tests of a run, since the build's folder is kept.
func program(t *testing.T) string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(here, "..", "..", "..")
	const folder = "infra/local/lambda/testdata/bootstrap"
	built, err := build.Functions(t.Context(), root, filepath.Join(root, "build", "test", "lambda"), []string{folder, "no/such/folder"})
	if err != nil {
		t.Fatal(err)
	}
	return built[folder]
}

func function(t *testing.T, change func(*lambda.Config)) *lambda.Function {
	t.Helper()
	h, err := lambda.NewHost()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		if err := h.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	c := lambda.Config{
		Name: "usher-test", ARN: "arn:aws:lambda:eu-central-1:000000000000:function:usher-test", Binary: program(t),
		Env: map[string]string{"GREETING": "hello"}, Region: "eu-central-1", Timeout: 10 * time.Second, MemoryMB: 512,
	}
	if change != nil {
		change(&c)
	}
	return h.Add(c)
}

// ask invokes the function and fails the test if it could not be asked.
func ask(t *testing.T, f *lambda.Function, format string, args ...any) lambda.Result {
	t.Helper()
	r, err := f.Invoke(t.Context(), fmt.Appendf(nil, format, args...))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAnswersComeBackAndAnIdleProcessIsUsedAgain(t *testing.T) {
	f := function(t, nil)
	first, second := ask(t, f, `{"do":"pid"}`), ask(t, f, `{"do":"pid"}`)
	if first.FunctionError != "" || !bytes.Equal(first.Payload, second.Payload) {
		t.Errorf("processes %s and %s (%s), want the same", first.Payload, second.Payload, first.FunctionError)
	}
	if !first.ColdStart || second.ColdStart {
		t.Errorf("cold starts %t and %t, want true and false", first.ColdStart, second.ColdStart)
	}
	if s := f.Stats(); s.Invocations != 2 || s.Errors != 0 || s.Processes != 1 || s.Idle != 1 || s.Starts != 1 {
		t.Errorf("statistics %+v", s)
	}
}

func TestEachConcurrentEventHasAProcessOfItsOwn(t *testing.T) {
	f := function(t, func(c *lambda.Config) { c.MaxProcesses = 3 })
	gate := filepath.Join(t.TempDir(), "go")
	var mu sync.Mutex
	var pids []string
	var wg sync.WaitGroup
	for range 4 { // the fourth waits for one of three processes
		wg.Go(func() {
			r, err := f.Invoke(t.Context(), fmt.Appendf(nil, `{"do":"pid","wait":%q}`, gate))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			pids = append(pids, string(r.Payload))
		})
	}
	eventually(t, func() bool { return f.Stats().Processes == 3 })
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	slices.Sort(pids)
	if distinct := len(slices.Compact(pids)); distinct != 3 {
		t.Errorf("%d processes handled 4 events, want 3", distinct)
	}
}

func TestFailuresLookAsOnLambda(t *testing.T) {
	for _, tt := range []struct {
		name, event string
		timeout     time.Duration
		env         string
		kind, text  string
	}{
		{"an error of the handler", `{"do":"fail"}`, time.Minute, "", "errorString", "it failed"},
		{"a panic", `{"do":"panic"}`, time.Minute, "", "string", "oh no"},
		{"an exit", `{"do":"exit"}`, time.Minute, "", "Runtime.ExitError", "Runtime exited with error: exit status 3"},
		{"a timeout", `{"do":"hang"}`, 1500 * time.Millisecond, "", "Sandbox.Timedout", "Task timed out after 1.50 seconds"},
		{"an exit at the start", `{}`, time.Minute, "FAIL_AT_START", "Runtime.ExitError", "exit status 1"},
		{"an answer over 6 MB", `{"do":"big","size":6291457}`, time.Minute, "", "Function.ResponseSizeTooLarge", "exceeded maximum"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := function(t, func(c *lambda.Config) {
				c.Timeout = tt.timeout
				if tt.env != "" {
					c.Env[tt.env] = "1"
				}
			})
			r := ask(t, f, "%s", tt.event)
			var got struct{ ErrorType, ErrorMessage string }
			if err := json.Unmarshal(r.Payload, &got); err != nil {
				t.Fatalf("%s: %v", r.Payload, err)
			}
			if r.FunctionError != "Unhandled" || got.ErrorType != tt.kind || !strings.Contains(got.ErrorMessage, tt.text) {
				t.Errorf("%s: %s, want %s: …%s…", r.FunctionError, r.Payload, tt.kind, tt.text)
			}
			if tt.env == "" {
				if again := ask(t, f, `{"do":"env","name":"GREETING"}`); string(again.Payload) != `"hello"` {
					t.Errorf("the next event is answered with %s", again.Payload)
				}
			}
		})
	}
}

func TestAnAnswerOfSixMegabytesPasses(t *testing.T) {
	r := ask(t, function(t, nil), `{"do":"big","size":%d}`, lambda.MaxPayloadBytes-2)
	if r.FunctionError != "" || len(r.Payload) != lambda.MaxPayloadBytes {
		t.Errorf("%d bytes, %s", len(r.Payload), r.FunctionError)
	}
}

func TestAKilledProcessFailsItsEventAndTheNextOneIsFine(t *testing.T) {
	f := function(t, nil)
	done := make(chan lambda.Result)
	go func() {
		r, err := f.Invoke(t.Context(), []byte(`{"do":"hang"}`))
		if err != nil {
			t.Error(err)
		}
		done <- r
	}()
	eventually(t, func() bool { return slices.Contains(f.Tail(), "hanging") })
	if n := f.Kill(); n != 1 {
		t.Errorf("killed %d processes, want 1", n)
	}
	if r := <-done; !bytes.Contains(r.Payload, []byte("Runtime exited with error: signal: killed")) {
		t.Errorf("the event ended with %s", r.Payload)
	}
	if r := ask(t, f, `{"do":"pid"}`); r.FunctionError != "" || !r.ColdStart {
		t.Errorf("the next event: %s, cold %t", r.Payload, r.ColdStart)
	}
}

func TestAProcessThatDiedWhileIdleIsReplacedUnseen(t *testing.T) {
	f := function(t, nil)
	ask(t, f, `{"do":"pid"}`)
	f.Kill()
	if r := ask(t, f, `{"do":"pid"}`); r.FunctionError != "" {
		t.Errorf("the event after it ended with %s", r.Payload)
	}
}

func TestANewBinaryReplacesIdleProcesses(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "bootstrap")
	if err := os.Symlink(program(t), binary); err != nil {
		t.Fatal(err)
	}
	f := function(t, func(c *lambda.Config) { c.Binary = binary })
	first := ask(t, f, `{"do":"pid"}`)
	b, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(binary+".new", b, 0o755), os.Rename(binary+".new", binary)); err != nil {
		t.Fatal(err)
	}
	if second := ask(t, f, `{"do":"pid"}`); bytes.Equal(first.Payload, second.Payload) || !second.ColdStart {
		t.Errorf("the process %s went on after its binary changed", second.Payload)
	}
	eventually(t, func() bool { return f.Stats().Processes == 1 })
}

func TestIdleProcessesEnd(t *testing.T) {
	f := function(t, func(c *lambda.Config) { c.Idle = time.Millisecond })
	ask(t, f, `{"do":"pid"}`)
	eventually(t, func() bool { return f.Stats().Processes == 0 })
}

func TestTheFunctionSeesWhatLambdaTellsIt(t *testing.T) {
	f := function(t, nil)
	for name, want := range map[string]string{
		"GREETING": "hello", "AWS_REGION": "eu-central-1", "AWS_LAMBDA_FUNCTION_NAME": "usher-test",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "_HANDLER": "bootstrap", "HOME": "",
	} {
		if r := ask(t, f, `{"do":"env","name":%q}`, name); string(r.Payload) != fmt.Sprintf("%q", want) {
			t.Errorf("%s is %s, want %q", name, r.Payload, want)
		}
	}
	var seconds float64
	if err := json.Unmarshal(ask(t, f, `{"do":"deadline"}`).Payload, &seconds); err != nil || seconds < 8 || seconds > 10 {
		t.Errorf("the deadline is in %v s, want nearly 10 (%v)", seconds, err)
	}
	r := ask(t, f, `{"do":"context"}`)
	if !bytes.Contains(r.Payload, []byte(r.RequestID)) || !bytes.Contains(r.Payload, []byte("function:usher-test")) {
		t.Errorf("the context is %s, want the request id %s and the ARN", r.Payload, r.RequestID)
	}
}

func TestACallerThatGivesUpLeavesTheFunctionRunning(t *testing.T) {
	f := function(t, nil)
	gate := filepath.Join(t.TempDir(), "go")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := f.Invoke(ctx, fmt.Appendf(nil, `{"do":"pid","wait":%q}`, gate))
		done <- err
	}()
	eventually(t, func() bool { return f.Stats().Processes == 1 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the caller got %v", err)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return f.Stats().Invocations == 1 })
	if s := f.Stats(); s.Errors != 0 {
		t.Errorf("the function failed: %s", s.LastError)
	}
}

func TestEventsAfterStopAreRefused(t *testing.T) {
	h, err := lambda.NewHost()
	if err != nil {
		t.Fatal(err)
	}
	f := h.Add(lambda.Config{Name: "usher-test", Binary: program(t), Timeout: time.Minute})
	busy := make(chan lambda.Result)
	go func() {
		r, err := f.Invoke(context.WithoutCancel(t.Context()), []byte(`{"do":"hang"}`))
		if err != nil {
			t.Error(err)
		}
		busy <- r
	}()
	eventually(t, func() bool { return slices.Contains(f.Tail(), "hanging") })
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // no patience: the busy process is killed
	if err := h.Stop(ctx); err != nil {
		t.Error(err)
	}
	if r := <-busy; r.FunctionError == "" {
		t.Errorf("the event in work ended with %s", r.Payload)
	}
	if _, err := f.Invoke(t.Context(), []byte(`{}`)); !errors.Is(err, lambda.ErrStopped) {
		t.Errorf("an event after Stop: %v", err)
	}
	if s := f.Stats(); s.Processes != 0 {
		t.Errorf("%d processes are left", s.Processes)
	}
}

// eventually waits for something that another process does.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not happen within 20 s")
		}
	}
}
