package jobtest

import (
	"net/http"
	"strings"
	"sync"
)

// ErrKilled is what a dead process's calls end with. No client tries them again.
var ErrKilled error = killed{}

type killed struct{}

func (killed) Error() string { return "jobtest: the process was killed" }

// CanceledError keeps the SDK from trying again, which a dead process does not do.
func (killed) CanceledError() bool { return true }

// Wire is the network between a process and DynamoDB.
type Wire struct {
	next http.RoundTripper

	mu sync.Mutex
	// calls are all since the last set, counted those of them that at is about.
	calls, counted int
	at             int
	commits        bool
	after          bool
	dead           bool
	then           func()
}

// RoundTrip lets a call through unless the process is dead.
func (w *Wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	counts := !w.dead && (!w.commits || strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".TransactWriteItems"))
	if !w.dead {
		w.calls++
	}
	if counts {
		w.counted++
	}
	fatal := counts && w.at > 0 && w.counted == w.at
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
func (w *Wire) KillAt(k int, after bool) { w.set(k, false, after, nil) }

// KillAtCommit is KillAt of the k-th transaction, however many reads lie before it.
func (w *Wire) KillAtCommit(k int, after bool) { w.set(k, true, after, nil) }

// At runs f just before the k-th call from now on.
func (w *Wire) At(k int, f func()) { w.set(k, false, false, f) }

// AtCommit runs f just before the k-th transaction from now on.
func (w *Wire) AtCommit(k int, f func()) { w.set(k, true, false, f) }

// Revive starts a new process, which no call is fatal for.
func (w *Wire) Revive() { w.set(0, false, false, nil) }

func (w *Wire) set(at int, commits, after bool, then func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls, w.counted, w.at, w.commits, w.after, w.then, w.dead = 0, 0, at, commits, after, then, false
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
