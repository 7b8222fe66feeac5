package jobtest

import (
	"errors"
	"net/http"
	"sync"
)

// ErrKilled is what a dead process's calls end with.
var ErrKilled = errors.New("jobtest: the process was killed")

// Wire is the network between a process and DynamoDB.
type Wire struct {
	next http.RoundTripper

	mu    sync.Mutex
	calls int
	at    int
	after bool
	dead  bool
	then  func()
}

// RoundTrip lets a call through unless the process is dead.
func (w *Wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	if !w.dead {
		w.calls++
	}
	fatal := !w.dead && w.at > 0 && w.calls == w.at
	if fatal && w.then == nil {
		w.dead = true
	}
	after, then, dead := w.after, w.then, w.dead
	w.mu.Unlock()
	if fatal && then != nil {
		then()
	}
	if dead && (!fatal || !after) {
		return nil, ErrKilled
	}
	answer, err := w.next.RoundTrip(r)
	if dead && err == nil {
		_ = answer.Body.Close()
		return nil, ErrKilled
	}
	return answer, err
}

// KillAt kills the process at its k-th call from now on: before the call is out, or
// after its effect and before its answer.
func (w *Wire) KillAt(k int, after bool) { w.set(k, after, nil) }

// At runs f just before the k-th call from now on.
func (w *Wire) At(k int, f func()) { w.set(k, false, f) }

// Revive starts a new process, which no call is fatal for.
func (w *Wire) Revive() { w.set(0, false, nil) }

func (w *Wire) set(at int, after bool, then func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls, w.at, w.after, w.then, w.dead = 0, at, after, then, false
}

// Calls is how many calls were made since the last of the above.
func (w *Wire) Calls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls
}

// Dead reports whether the process was killed.
func (w *Wire) Dead() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dead
}
