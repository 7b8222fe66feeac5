package lambda

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

const (
	// DefaultMaxProcesses is how many events of one function are handled at once; more wait. It keeps a burst from
	// starting hundreds of processes on one machine.
	DefaultMaxProcesses = 16
	// DefaultIdle is how long an idle process is kept.
	DefaultIdle = 10 * time.Minute
	// initTimeout is Lambda's bound from the start of a process until it asks for its first event.
	initTimeout = 10 * time.Second
	// killAfter is how long a process may take to end after SIGTERM.
	killAfter = 2 * time.Second
	// MaxPayloadBytes is Lambda's limit of an event and of an answer.
	MaxPayloadBytes = 6 << 20
)

// Config describes a function.
type Config struct {
	Name, ARN string
	// Binary is the program; its folder is its working directory.
	Binary string
	// Env is the function's own environment. What Lambda sets is added.
	Env     map[string]string
	Region  string
	Timeout time.Duration
	// MemoryMB is told to the function and not enforced.
	MemoryMB int
	// MaxProcesses bounds the processes; 0 means DefaultMaxProcesses.
	MaxProcesses int
	// Idle is how long an idle process is kept; 0 means DefaultIdle.
	Idle time.Duration
	// Log receives what the processes print; nil discards it. It must be safe for concurrent use.
	Log io.Writer
}

// Result is how an invocation ended.
type Result struct {
	RequestID string
	// Payload is the function's answer, or with FunctionError a JSON object with errorType and errorMessage.
	Payload []byte
	// FunctionError is empty or "Unhandled".
	FunctionError string
	// ColdStart is whether a process was started for it.
	ColdStart bool
	Duration  time.Duration
}

// Stats is what a function has done since the host started.
type Stats struct {
	Processes, Idle     int
	Invocations, Errors int
	Starts              int
	StartedAt           time.Time // of the last process
	LastAt              time.Time
	LastDuration        time.Duration
	LastError           string
	LastErrorAt         time.Time
}

// Function runs the processes of one function.
type Function struct {
	host   *Host
	config Config
	slots  chan struct{} // one for each event that is being handled
	tail   *tail

	stopping chan struct{} // closed by stop
	running  sync.WaitGroup

	mu      sync.Mutex
	stopped bool
	idle    []*process
	all     map[*process]struct{}
	stats   Stats
}

// Add makes the host serve a function. Its binary has to exist only when the first event comes.
func (h *Host) Add(c Config) *Function {
	c.MaxProcesses = cmp.Or(c.MaxProcesses, DefaultMaxProcesses)
	c.Idle = cmp.Or(c.Idle, DefaultIdle)
	if c.Log == nil {
		c.Log = io.Discard
	}
	f := &Function{
		host: h, config: c, slots: make(chan struct{}, c.MaxProcesses), tail: &tail{},
		stopping: make(chan struct{}), all: map[*process]struct{}{},
	}
	h.mu.Lock()
	h.functions = append(h.functions, f)
	h.mu.Unlock()
	return f
}

// Name is the function's name.
func (f *Function) Name() string { return f.config.Name }

// Timeout is how long an invocation may take.
func (f *Function) Timeout() time.Duration { return f.config.Timeout }

// Invoke hands an event to the function and waits for the answer. A failure of the function is a Result, not an error. The
// error is ErrStopped, ctx's when it ends first (the function then runs on, as on Lambda), or why no process could be started.
func (f *Function) Invoke(ctx context.Context, payload []byte) (Result, error) {
	if len(payload) > MaxPayloadBytes {
		return Result{}, errors.New("lambda: the event is larger than 6 MB")
	}
	select {
	case f.slots <- struct{}{}:
	case <-ctx.Done():
		return Result{}, context.Cause(ctx)
	case <-f.stopping:
		return Result{}, ErrStopped
	}
	f.mu.Lock()
	if f.stopped {
		f.mu.Unlock()
		return Result{}, ErrStopped
	}
	f.running.Add(1)
	f.mu.Unlock()

	type outcome struct {
		result Result
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		defer f.running.Done()
		result, err := f.run(payload)
		<-f.slots
		done <- outcome{result, err}
	}()
	select {
	case o := <-done:
		return o.result, o.err
	case <-ctx.Done():
		return Result{}, context.Cause(ctx)
	}
}

// run finds or starts a process and lets it handle the event.
func (f *Function) run(payload []byte) (Result, error) {
	start := time.Now()
	inv := newInvocation(payload)
	for {
		p, cold, err := f.acquire()
		if err != nil {
			return Result{}, err
		}
		out, handled := p.handle(inv)
		if !handled && !cold {
			continue // it ended while idle; Lambda would not have shown it to us
		}
		result := Result{
			RequestID: inv.id, Payload: out.payload, ColdStart: cold, Duration: time.Since(start),
		}
		if out.failed {
			result.FunctionError = "Unhandled"
		}
		f.record(result)
		if out.reusable {
			f.release(p)
		} else {
			p.kill()
			<-p.exited
		}
		return result, nil
	}
}

// acquire takes the process that was used last, so that the others can age, or starts one.
func (f *Function) acquire() (p *process, cold bool, err error) {
	stamp, err := stampOf(f.config.Binary)
	if err != nil {
		return nil, false, err
	}
	var stale []*process
	f.mu.Lock()
	for len(f.idle) > 0 && p == nil {
		last := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		last.timer.Stop()
		if last.stamp.same(stamp) {
			p = last
		} else {
			stale = append(stale, last)
		}
	}
	f.mu.Unlock()
	for _, old := range stale {
		f.running.Go(old.terminate)
	}
	if p != nil {
		return p, false, nil
	}
	p, err = f.start(stamp)
	return p, true, err
}

// release keeps a process for the next event.
func (f *Function) release(p *process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p.timer = time.AfterFunc(f.config.Idle, func() { f.expire(p) })
	f.idle = append(f.idle, p)
}

// expire ends a process that has been idle for too long.
func (f *Function) expire(p *process) {
	f.mu.Lock()
	for i, other := range f.idle {
		if other == p {
			f.idle = append(f.idle[:i], f.idle[i+1:]...)
			f.mu.Unlock()
			p.terminate()
			return
		}
	}
	f.mu.Unlock()
}

func (f *Function) record(r Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stats.Invocations++
	f.stats.LastAt = time.Now().UTC()
	f.stats.LastDuration = r.Duration
	if r.FunctionError != "" {
		f.stats.Errors++
		f.stats.LastErrorAt = f.stats.LastAt
		f.stats.LastError = string(r.Payload)
	}
}

// Stats tells what the function has done.
func (f *Function) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.stats
	s.Processes, s.Idle = len(f.all), len(f.idle)
	return s
}

// Tail is the last lines that the function's processes printed.
func (f *Function) Tail() []string { return f.tail.lines() }

// Kill ends all processes of the function with SIGKILL, the busy ones in the middle of their work, and tells how many. Their
// invocations fail with Runtime.ExitError.
func (f *Function) Kill() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	for p := range f.all {
		p.kill()
	}
	return len(f.all)
}

// stop ends the function's processes, the busy ones after their event or when ctx ends.
func (f *Function) stop(ctx context.Context) {
	f.mu.Lock()
	if f.stopped {
		f.mu.Unlock()
		return
	}
	f.stopped = true
	close(f.stopping)
	f.mu.Unlock()

	finished := make(chan struct{})
	go func() { f.running.Wait(); close(finished) }()
	select {
	case <-finished:
	case <-ctx.Done():
		f.Kill()
		<-finished
	}
	f.mu.Lock()
	var left []*process
	for p := range f.all {
		left = append(left, p)
	}
	for _, p := range f.idle {
		p.timer.Stop()
	}
	f.idle = nil
	f.mu.Unlock()
	var wg sync.WaitGroup
	for _, p := range left {
		wg.Go(p.terminate)
	}
	wg.Wait()
}

// stamp tells one version of a binary from another: another file in its place. Its time says nothing, since go install moves
// that without a change, and a file that a process runs from cannot be written, only replaced.
type stamp struct{ info os.FileInfo }

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, fmt.Errorf("lambda: %w", err)
	}
	return stamp{info}, nil
}

func (s stamp) same(other stamp) bool {
	return os.SameFile(s.info, other.info) && s.info.Size() == other.info.Size()
}
