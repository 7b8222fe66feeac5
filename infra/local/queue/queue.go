// Package queue is an Amazon SQS standard queue in memory, and Lambda's poller in front of it.
//
// A Queue keeps messages until a Consumer has handled them. A Consumer hands batches to a function as Lambda's event source
// mapping does: batch size and window, a bound of concurrency, filters, partial batch responses. A message that failed comes
// again after RetryAfter, one that failed MaxReceives times goes to the dead letters. Differences from AWS:
//
//   - A failed message comes again sooner than after the queue's whole visibility timeout, which is what people wait for on a
//     machine of their own; RetryAfter says when.
//   - It goes to the dead letters as soon as its last attempt has failed, not when it is received once more.
//   - The order is the order of sending, unless Faults say otherwise. AWS promises none.
//
// Snapshot and Restore carry the messages over a restart. A message that was in work then is delivered again: at least once,
// as ever.
package queue

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Options describe a queue. Only Name is required.
type Options struct {
	Name, ARN string
	// Visibility is how long a received message is hidden while its consumer says nothing; 0 means 30 s, as on AWS.
	Visibility time.Duration
	// Retention is how long a message is kept; 0 means four days, as on AWS.
	Retention time.Duration
	// Delay hides a new message.
	Delay time.Duration
	// MaxReceives is how often a message is received before it is given up; 0 means without end.
	MaxReceives int
	// DeadLetters gets what was given up. GiveUp, if set, gets it instead, together with what is too old.
	DeadLetters *Queue
	GiveUp      func(Message)
	// RetryAfter is the wait after the n-th failed receive; nil means Backoff(time.Second, 30*time.Second).
	RetryAfter func(receives int) time.Duration
}

const (
	defaultVisibility = 30 * time.Second
	defaultRetention  = 4 * 24 * time.Hour
	// MaxMessageBytes is SQS's limit of a message.
	MaxMessageBytes = 1 << 20
)

// Backoff doubles a wait from base up to a limit.
func Backoff(base, limit time.Duration) func(int) time.Duration {
	return func(n int) time.Duration {
		wait := base
		for range n - 1 {
			if wait *= 2; wait >= limit {
				return limit
			}
		}
		return min(wait, limit)
	}
}

// Message is a message of a queue.
type Message struct {
	ID   string    `json:"id"`
	Body string    `json:"body"`
	Sent time.Time `json:"sent"`
	// Receives counts deliveries, the current one included.
	Receives      int       `json:"receives"`
	FirstReceived time.Time `json:"first_received,omitzero"`
	VisibleAt     time.Time `json:"visible_at,omitzero"`
	// LastError is what the last consumer that failed said.
	LastError string `json:"last_error,omitempty"`

	inWork bool
	again  int // further deliveries by Faults
}

// Faults make a queue as unpleasant as AWS allows itself to be.
type Faults struct {
	// Duplicates delivers each message so many times more after it was handled.
	Duplicates int
	// Reverse delivers the youngest message first.
	Reverse bool
}

// Stats are the numbers of messages.
type Stats struct {
	Visible int // ready
	InWork  int // with a consumer
	Delayed int // waiting for their next attempt
}

// Queue is safe for concurrent use.
type Queue struct {
	options Options

	mu       sync.Mutex
	messages []*Message
	faults   Faults
	wake     chan struct{} // closed and replaced whenever something may have become receivable
}

// New returns an empty queue.
func New(o Options) *Queue {
	o.Visibility = cmp.Or(o.Visibility, defaultVisibility)
	o.Retention = cmp.Or(o.Retention, defaultRetention)
	if o.RetryAfter == nil {
		o.RetryAfter = Backoff(time.Second, 30*time.Second)
	}
	return &Queue{options: o, wake: make(chan struct{})}
}

// SetDeadLetters says where messages go that were given up, for queues that are made in any order. It comes before the first
// consumer.
func (q *Queue) SetDeadLetters(to *Queue) { q.options.DeadLetters = to }

// Name is the queue's name.
func (q *Queue) Name() string { return q.options.Name }

// ARN is the queue's ARN.
func (q *Queue) ARN() string { return q.options.ARN }

// Send puts a message into the queue and returns its id. It is refused if it is larger than SQS allows.
func (q *Queue) Send(body string) (string, error) {
	if len(body) > MaxMessageBytes {
		return "", fmt.Errorf("queue %s: a message of %d bytes is over SQS's %d", q.options.Name, len(body), MaxMessageBytes)
	}
	now := time.Now().UTC()
	m := &Message{ID: rand.Text(), Body: body, Sent: now, VisibleAt: now.Add(q.options.Delay)}
	q.put(m)
	return m.ID, nil
}

func (q *Queue) put(m *Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	m.again = q.faults.Duplicates
	q.messages = append(q.messages, m)
	q.awaken()
}

// awaken tells the consumers to look again. The caller holds the lock.
func (q *Queue) awaken() {
	close(q.wake)
	q.wake = make(chan struct{})
}

// SetFaults changes how messages are delivered from now on; Duplicates holds for messages sent from now on.
func (q *Queue) SetFaults(f Faults) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.faults = f
}

// receive takes up to limit messages that are visible.
func (q *Queue) receive(limit int) []Message {
	now := time.Now().UTC()
	q.mu.Lock()
	gone := q.expire(now)
	var out []Message
	order := slices.Clone(q.messages)
	if q.faults.Reverse {
		slices.Reverse(order)
	}
	for _, m := range order {
		if len(out) == limit {
			break
		}
		if m.VisibleAt.After(now) {
			continue
		}
		if m.inWork && q.options.MaxReceives > 0 && m.Receives >= q.options.MaxReceives {
			q.remove(m) // its consumer never came back
			gone = append(gone, m)
			continue
		}
		m.inWork = true
		m.Receives++
		m.VisibleAt = now.Add(q.options.Visibility)
		if m.FirstReceived.IsZero() {
			m.FirstReceived = now
		}
		out = append(out, *m)
	}
	q.mu.Unlock()
	for _, m := range gone {
		q.giveUp(m)
	}
	return out
}

// expire removes what is too old and returns it. The caller holds the lock.
func (q *Queue) expire(now time.Time) []*Message {
	var gone []*Message
	q.messages = slices.DeleteFunc(q.messages, func(m *Message) bool {
		old := now.Sub(m.Sent) >= q.options.Retention
		if old && q.options.GiveUp != nil {
			gone = append(gone, m)
		}
		return old
	})
	return gone
}

func (q *Queue) remove(m *Message) {
	q.messages = slices.DeleteFunc(q.messages, func(other *Message) bool { return other == m })
}

// giveUp hands a message that was removed to whoever wants it.
func (q *Queue) giveUp(m *Message) {
	m.inWork, m.again = false, 0
	switch {
	case q.options.GiveUp != nil:
		q.options.GiveUp(*m)
	case q.options.DeadLetters != nil:
		m.Receives, m.VisibleAt, m.FirstReceived = 0, time.Time{}, time.Time{}
		q.options.DeadLetters.put(m)
	}
}

// done removes a message that was handled, unless a fault wants it delivered again.
func (q *Queue) done(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	m := q.find(id)
	if m == nil {
		return
	}
	if m.again > 0 {
		m.again--
		m.inWork, m.VisibleAt = false, time.Time{}
		q.awaken()
		return
	}
	q.remove(m)
	q.awaken() // for those who wait until it is empty
}

// failed makes a message visible again after a while, or gives it up.
func (q *Queue) failed(id, reason string) {
	q.mu.Lock()
	m := q.find(id)
	if m == nil {
		q.mu.Unlock()
		return
	}
	m.LastError = reason
	m.inWork = false
	if q.options.MaxReceives > 0 && m.Receives >= q.options.MaxReceives {
		q.remove(m)
		q.awaken()
		q.mu.Unlock()
		q.giveUp(m)
		return
	}
	m.VisibleAt = time.Now().UTC().Add(q.options.RetryAfter(m.Receives))
	q.awaken()
	q.mu.Unlock()
}

// putBack undoes a receive that led nowhere, as when the stack stops.
func (q *Queue) putBack(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if m := q.find(id); m != nil {
		m.inWork, m.VisibleAt = false, time.Time{}
		m.Receives--
		q.awaken()
	}
}

func (q *Queue) find(id string) *Message {
	for _, m := range q.messages {
		if m.ID == id {
			return m
		}
	}
	return nil
}

// next tells when the next message becomes visible, and what to wait on for a change of that.
func (q *Queue) next() (at time.Time, changed <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range q.messages {
		if at.IsZero() || m.VisibleAt.Before(at) {
			at = m.VisibleAt
		}
	}
	return at, q.wake
}

// Stats counts the messages.
func (q *Queue) Stats() Stats {
	now := time.Now()
	q.mu.Lock()
	defer q.mu.Unlock()
	var s Stats
	for _, m := range q.messages {
		switch {
		case m.inWork:
			s.InWork++
		case m.VisibleAt.After(now):
			s.Delayed++
		default:
			s.Visible++
		}
	}
	return s
}

// Messages returns up to limit messages, the oldest first.
func (q *Queue) Messages(limit int) []Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	var out []Message
	for _, m := range q.messages[:min(limit, len(q.messages))] {
		out = append(out, *m)
	}
	return out
}

// Redrive moves all messages into another queue, as new ones, and tells how many.
func (q *Queue) Redrive(to *Queue) int {
	q.mu.Lock()
	moved := q.messages
	q.messages = nil
	q.mu.Unlock()
	for _, m := range moved {
		m.Receives, m.VisibleAt, m.FirstReceived, m.inWork = 0, time.Time{}, time.Time{}, false
		to.put(m)
	}
	return len(moved)
}

// HurryUp makes all waiting messages visible at once.
func (q *Queue) HurryUp() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range q.messages {
		if !m.inWork {
			m.VisibleAt = time.Time{}
		}
	}
	q.awaken()
}

// Snapshot returns the messages as JSON.
func (q *Queue) Snapshot() ([]byte, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := []Message{}
	for _, m := range q.messages {
		saved := *m
		if m.inWork { // whoever has it will not be there to say how it went
			saved.VisibleAt = time.Time{}
		}
		list = append(list, saved)
	}
	return json.Marshal(list)
}

// Restore puts the messages of a snapshot in front of those that are there.
func (q *Queue) Restore(snapshot []byte) error {
	var list []*Message
	if err := json.Unmarshal(snapshot, &list); err != nil {
		return fmt.Errorf("queue %s: %w", q.options.Name, err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.messages = append(list, q.messages...)
	q.awaken()
	return nil
}
