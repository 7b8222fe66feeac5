package lambda

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// process is one running program.
type process struct {
	function *Function
	id       string
	stamp    stamp
	cmd      *exec.Cmd
	work     chan *invocation // to the handler of "next"
	ready    chan struct{}    // closed by the first "next"
	exited   chan struct{}
	timer    *time.Timer // ends it while idle; guarded by the function's mu

	readyOnce sync.Once
	mu        sync.Mutex
	exitErr   error
	initError []byte
	current   *invocation
}

// invocation is one event.
type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	answer   chan outcome // buffered; the first answer counts
}

// outcome is how a process handled an event.
type outcome struct {
	payload  []byte
	failed   bool
	reusable bool
}

func newInvocation(payload []byte) *invocation {
	return &invocation{id: requestID(), payload: payload, answer: make(chan outcome, 1)}
}

// requestID is a random UUID, the form that Lambda's request ids have.
func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// start starts a process. It has not asked for an event yet.
func (f *Function) start(s stamp) (*process, error) {
	p := &process{
		function: f, stamp: s, work: make(chan *invocation), ready: make(chan struct{}), exited: make(chan struct{}),
	}
	address := f.host.register(p)
	path, err := filepath.Abs(f.config.Binary)
	if err != nil {
		f.host.forget(p)
		return nil, fmt.Errorf("lambda: %w", err)
	}
	out := io.MultiWriter(f.config.Log, f.tail)
	p.cmd = exec.Command(path)
	p.cmd.Dir = filepath.Dir(path)
	p.cmd.Env = f.environment(p, address)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.WaitDelay = killAfter
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C in a terminal is for us; we end it in our own order
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := p.cmd.Start(); err != nil {
		f.host.forget(p)
		return nil, fmt.Errorf("lambda: start %s: %w", f.config.Name, err)
	}
	f.all[p] = struct{}{}
	f.stats.Starts++
	f.stats.StartedAt = time.Now().UTC()
	go p.wait()
	return p, nil
}

func (p *process) wait() {
	err := p.cmd.Wait()
	f := p.function
	f.host.forget(p)
	p.mu.Lock()
	p.exitErr = err
	p.mu.Unlock()
	f.mu.Lock()
	delete(f.all, p)
	f.mu.Unlock()
	close(p.exited)
}

// environment is what Lambda sets, then the function's own variables.
func (f *Function) environment(p *process, address string) []string {
	c := f.config
	env := []string{
		"AWS_LAMBDA_RUNTIME_API=" + address,
		"AWS_LAMBDA_FUNCTION_NAME=" + c.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(c.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + c.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME=" + p.id,
		"AWS_EXECUTION_ENV=AWS_Lambda_provided.al2023",
		"AWS_REGION=" + c.Region,
		"AWS_DEFAULT_REGION=" + c.Region,
		"LAMBDA_TASK_ROOT=" + p.cmd.Dir,
		"LAMBDA_RUNTIME_DIR=" + p.cmd.Dir,
		"_HANDLER=bootstrap",
		"TZ=:UTC",
		"LANG=en_US.UTF-8",
		"PATH=/usr/local/bin:/usr/bin:/bin",
	}
	for name, value := range c.Env {
		env = append(env, name+"="+value)
	}
	return env
}

// handle waits until the process asks for an event, hands it over and waits for the answer. handled is false if the process
// ended before it got the event.
func (p *process) handle(inv *invocation) (out outcome, handled bool) {
	begin := time.NewTimer(initTimeout)
	defer begin.Stop()
	select {
	case <-p.ready:
	case <-p.exited:
		return p.exitOutcome(inv), false
	case <-begin.C:
		return failure(inv, "Sandbox.Timedout", fmt.Sprintf("the function asked for no event within %v of its start", initTimeout)), true
	}
	timeout := p.function.config.Timeout
	inv.deadline = time.Now().Add(timeout)
	limit := time.NewTimer(timeout)
	defer limit.Stop()
	p.mu.Lock()
	p.current = inv
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.current = nil
		p.mu.Unlock()
	}()
	select {
	case p.work <- inv:
	case <-p.exited:
		return p.exitOutcome(inv), false
	case <-limit.C:
		return failure(inv, "Sandbox.Timedout", timedOut(timeout)), true
	}
	select {
	case out = <-inv.answer:
		return out, true
	case <-p.exited:
		select {
		case out = <-inv.answer: // it answered and then ended
			out.reusable = false
			return out, true
		default:
		}
		return p.exitOutcome(inv), true
	case <-limit.C:
		return failure(inv, "Sandbox.Timedout", timedOut(timeout)), true
	}
}

func timedOut(d time.Duration) string {
	return fmt.Sprintf("Task timed out after %.2f seconds", d.Seconds())
}

func failure(inv *invocation, kind, message string) outcome {
	b, _ := json.Marshal(map[string]string{ // strings cannot fail
		"errorType": kind, "errorMessage": "RequestId: " + inv.id + " Error: " + message,
	})
	return outcome{payload: b, failed: true}
}

// exitOutcome is the failure of an invocation whose process ended.
func (p *process) exitOutcome(inv *invocation) outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.initError != nil {
		return outcome{payload: p.initError, failed: true}
	}
	how := "exit status 0"
	if p.exitErr != nil {
		how = p.exitErr.Error()
	}
	return failure(inv, "Runtime.ExitError", "Runtime exited with error: "+how)
}

// serveNext answers with the next event, as soon as there is one.
func (p *process) serveNext(w http.ResponseWriter, r *http.Request) {
	p.readyOnce.Do(func() { close(p.ready) })
	select {
	case inv := <-p.work:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", p.function.config.ARN)
		h.Set("Lambda-Runtime-Trace-Id", "Root=1-"+fmt.Sprintf("%08x", time.Now().Unix())+"-"+inv.id[:8]+inv.id[9:13]+inv.id[14:18]+inv.id[19:23]+inv.id[24:28]+";Sampled=0")
		_, _ = w.Write(inv.payload) // a process that is gone is noticed by its exit
	case <-p.exited:
	case <-r.Context().Done():
	}
}

func (p *process) serveResponse(w http.ResponseWriter, r *http.Request) {
	body, ok := p.body(w, r)
	if !ok {
		return
	}
	p.finish(w, r, outcome{payload: body, reusable: true})
}

func (p *process) serveError(w http.ResponseWriter, r *http.Request) {
	body, ok := p.body(w, r)
	if !ok {
		return
	}
	p.finish(w, r, outcome{payload: body, failed: true, reusable: true})
}

// body reads an answer. One that is too large is refused and fails the invocation, as on Lambda.
func (p *process) body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPayloadBytes))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		p.answer(r.PathValue("id"), func(inv *invocation) outcome {
			out := failure(inv, "Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size (6291556 bytes).")
			out.reusable = true
			return out
		})
		return nil, false
	}
	return body, err == nil // an unread body means that the process is gone
}

func (p *process) finish(w http.ResponseWriter, r *http.Request, out outcome) {
	if !p.answer(r.PathValue("id"), func(*invocation) outcome { return out }) {
		http.Error(w, `{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}`, http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// answer ends the current invocation if it has this id.
func (p *process) answer(id string, out func(*invocation) outcome) bool {
	p.mu.Lock()
	inv := p.current
	p.mu.Unlock()
	if inv == nil || inv.id != id {
		return false
	}
	select {
	case inv.answer <- out(inv):
		return true
	default:
		return false // a second answer
	}
}

func (p *process) serveInitError(w http.ResponseWriter, r *http.Request) {
	body, ok := p.body(w, r)
	if !ok {
		return
	}
	p.mu.Lock()
	p.initError = body
	p.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
}

func (p *process) kill() { _ = p.cmd.Process.Kill() } // one that has ended is as good

// terminate asks the process to end, insists after a while, and waits for it.
func (p *process) terminate() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(killAfter)
	defer timer.Stop()
	select {
	case <-p.exited:
		return
	case <-timer.C:
		p.kill()
	}
	<-p.exited
}

// tail keeps the last lines that were printed.
type tail struct {
	mu      sync.Mutex
	kept    []string
	partial []byte
}

const (
	tailLines = 200
	// tailLineBytes is where a line is cut: a whole log line fits, a dump does not fill the memory.
	tailLineBytes = 16 << 10
)

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range b {
		if c != '\n' {
			if len(t.partial) < tailLineBytes {
				t.partial = append(t.partial, c)
			}
			continue
		}
		t.kept = append(t.kept, string(t.partial))
		t.partial = t.partial[:0]
	}
	if over := len(t.kept) - tailLines; over > 0 {
		t.kept = append(t.kept[:0:0], t.kept[over:]...)
	}
	return len(b), nil
}

func (t *tail) lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.kept...)
}
