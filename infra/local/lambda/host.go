// Package lambda runs function binaries as AWS Lambda does: it serves the Runtime API to real `bootstrap` programs and hands
// them one event at a time.
//
// A Host serves any number of Functions. A function starts a process when an event comes and none is idle, keeps processes
// for the next events, replaces idle ones whose binary has changed on disk, and ends those that nobody needed for a while.
// As on Lambda a process handles one event at a time, has a deadline, is killed when that passes, and starts again after a
// crash. Differences from Lambda:
//
//   - When all processes are busy, an event waits instead of being refused with 429.
//   - Memory is not limited, and nothing is frozen between events.
//   - A process that is not needed any more gets SIGTERM, as on Lambda with an extension, and SIGKILL two seconds later.
//   - Each process has its own address of the Runtime API, which has a path. aws-lambda-go takes that; a runtime that insists
//     on host:port would not.
//
// Failures look as on Lambda: a Result with FunctionError "Unhandled" and a payload with errorType and errorMessage, such as
// Runtime.ExitError or Sandbox.Timedout. What functions print goes to Config.Log and, the last lines, to Tail.
package lambda

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// ErrStopped is returned for events that come after Stop.
var ErrStopped = errors.New("lambda: the host has stopped")

const (
	// readHeaderTimeout bounds what a broken client can hold open.
	readHeaderTimeout = 10 * time.Second
	// apiVersion is the Runtime API's.
	apiVersion = "2018-06-01"
)

// Host serves the Runtime API. Create one with NewHost.
type Host struct {
	listener net.Listener
	server   *http.Server
	served   chan struct{}

	mu        sync.Mutex
	functions []*Function
	processes map[string]*process // by the id in their address
	nextID    int
}

// NewHost listens on a free loopback port.
func NewHost() (*Host, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("lambda: %w", err)
	}
	h := &Host{listener: l, served: make(chan struct{}), processes: map[string]*process{}}
	h.server = &http.Server{Handler: h.routes(), ReadHeaderTimeout: readHeaderTimeout}
	go func() {
		defer close(h.served)
		_ = h.server.Serve(l) // ends with Stop
	}()
	return h, nil
}

// routes are the Runtime API and the part of the Extensions API that aws-lambda-go's WithEnableSIGTERM calls.
func (h *Host) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, f func(*process, http.ResponseWriter, *http.Request)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			h.mu.Lock()
			p := h.processes[r.PathValue("process")]
			h.mu.Unlock()
			if p == nil {
				http.Error(w, "no such process", http.StatusForbidden)
				return
			}
			f(p, w, r)
		})
	}
	runtime := "/{process}/" + apiVersion + "/runtime/"
	handle("GET "+runtime+"invocation/next", (*process).serveNext)
	handle("POST "+runtime+"invocation/{id}/response", (*process).serveResponse)
	handle("POST "+runtime+"invocation/{id}/error", (*process).serveError)
	handle("POST "+runtime+"init/error", (*process).serveInitError)
	handle("POST /{process}/2020-01-01/extension/register", func(p *process, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Lambda-Extension-Identifier", p.id)
		_, _ = w.Write([]byte("{}"))
	})
	handle("GET /{process}/2020-01-01/extension/event/next", func(p *process, _ http.ResponseWriter, r *http.Request) {
		select { // it registered for no event, so none ever comes
		case <-r.Context().Done():
		case <-p.exited:
		}
	})
	return mux
}

// register gives a process its address.
func (h *Host) register(p *process) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.nextID++
	p.id = fmt.Sprintf("%s.%d", strings.ReplaceAll(p.function.config.Name, "/", "-"), h.nextID)
	h.processes[p.id] = p
	return h.listener.Addr().String() + "/" + p.id
}

func (h *Host) forget(p *process) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.processes, p.id)
}

// Stop refuses new events, lets those that are being handled finish until ctx ends, ends all processes and frees the port.
func (h *Host) Stop(ctx context.Context) error {
	h.mu.Lock()
	functions := h.functions
	h.mu.Unlock()
	var wg sync.WaitGroup
	for _, f := range functions {
		wg.Go(func() { f.stop(ctx) })
	}
	wg.Wait()
	err := h.server.Close()
	<-h.served
	return err
}
