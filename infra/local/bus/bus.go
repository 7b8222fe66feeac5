// Package bus is Amazon EventBridge on one machine: it takes PutEvents over EventBridge's protocol, matches the events against
// the template's rules and delivers them to the rules' targets.
//
// A delivery that fails is tried again with a back-off until the target's retry policy ends, and then goes to the target's
// dead letters. Deliveries under way survive a restart by Snapshot and Restore. The last events are kept for a look.
//
// Checked as EventBridge does: at most 10 entries and MaxRequestBytes a request, a source, a detail type and a detail that is a
// JSON object for each entry. An entry that is refused does not stop the others; the answer says which. Unlike EventBridge, an
// entry for a bus that does not exist is refused instead of dropped without a word, since here that is always a mistake.
package bus

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/usher-seats/usher/infra/local/lambda"
	"github.com/usher-seats/usher/infra/local/pattern"
	"github.com/usher-seats/usher/infra/local/queue"
	"github.com/usher-seats/usher/infra/local/sam"
)

const (
	// MaxEntries is EventBridge's limit of a request.
	MaxEntries = 10
	// MaxRequestBytes is EventBridge's limit of the entries of a request (256 KB until 2025).
	MaxRequestBytes = 1 << 20
	// DefaultKeep is how many events are kept for a look.
	DefaultKeep = 500
	// deliveries is how many deliveries to one target are under way at once.
	deliveries = 10
)

// Options describe a bus.
type Options struct {
	Rules []*sam.Rule
	// Buses are the names of the buses; "default" always exists.
	Buses             []string
	Region, AccountID string
	// Deliver hands an event to a target. It is called again after an error.
	Deliver func(ctx context.Context, arn string, body []byte) error
	// RetryAfter is the wait after the n-th failed delivery; nil means from one second up to half a minute.
	RetryAfter func(n int) time.Duration
	// Keep is how many events are kept; 0 means DefaultKeep.
	Keep int
}

// Event is an event that was put on a bus.
type Event struct {
	ID         string
	Bus        string
	Source     string
	DetailType string
	Time       time.Time
	Detail     json.RawMessage
	// Targets are "rule → target" for each delivery.
	Targets []string
}

// Bus is an http.Handler that answers PutEvents. End it with Stop.
type Bus struct {
	options Options
	rules   []*rule

	mu     sync.Mutex
	events []*Event // the oldest first
}

type rule struct {
	*sam.Rule
	pattern *pattern.Pattern
	targets []*target
}

// target has a queue of its own deliveries, which brings retries, back-off and snapshots.
type target struct {
	sam.Target
	name     string
	template *transformer
	queue    *queue.Queue
	consumer *queue.Consumer
}

// New compiles the rules and starts to deliver.
func New(o Options) (*Bus, error) {
	o.Keep = cmp.Or(o.Keep, DefaultKeep)
	b := &Bus{options: o}
	for _, r := range o.Rules {
		if !r.Enabled {
			continue
		}
		p, err := pattern.Compile(r.Pattern)
		if err != nil {
			return nil, fmt.Errorf("bus: the rule %s (line %d): %w", r.Name, r.Line, err)
		}
		compiled := &rule{Rule: r, pattern: p}
		for _, t := range r.Targets {
			template, err := compileTransformer(t)
			if err != nil {
				return nil, fmt.Errorf("bus: the rule %s (line %d): %w", r.Name, t.Line, err)
			}
			compiled.targets = append(compiled.targets, &target{Target: t, name: r.Name + " → " + t.ARN, template: template})
		}
		b.rules = append(b.rules, compiled)
	}
	b.each(b.start)
	return b, nil
}

func (b *Bus) each(f func(*target)) {
	for _, r := range b.rules {
		for _, t := range r.targets {
			f(t)
		}
	}
}

// start makes the queue of a target's deliveries.
func (b *Bus) start(t *target) {
	o := queue.Options{
		Name: t.name, Retention: t.Retry.MaxAge, RetryAfter: b.options.RetryAfter, Visibility: time.Hour,
		MaxReceives: t.Retry.MaxRetries + 1,
		GiveUp: func(m queue.Message) {
			if t.Retry.DeadLetterARN != "" {
				_ = b.options.Deliver(context.Background(), t.Retry.DeadLetterARN, []byte(m.Body)) // there is nowhere left to go
			}
		},
	}
	t.queue = queue.New(o)
	t.consumer = queue.Consume(queue.ConsumerOptions{
		Queue: t.queue, Function: deliverer{b, t}, Concurrency: deliveries, Raw: true,
	})
}

// deliverer makes a target look like a function.
type deliverer struct {
	bus    *Bus
	target *target
}

func (d deliverer) Invoke(ctx context.Context, body []byte) (lambda.Result, error) {
	return lambda.Result{}, d.bus.options.Deliver(ctx, d.target.ARN, body)
}

// Stop ends the deliveries; what was not delivered is in the snapshot.
func (b *Bus) Stop() {
	b.each(func(t *target) { t.consumer.Stop() })
}

// Pending counts the deliveries that are not done.
func (b *Bus) Pending() int {
	n := 0
	b.each(func(t *target) {
		s := t.queue.Stats()
		n += s.Visible + s.InWork + s.Delayed
	})
	return n
}

// Events returns the events that are kept, the newest first.
func (b *Bus) Events() []Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Event, 0, len(b.events))
	for _, e := range slices.Backward(b.events) {
		out = append(out, *e)
	}
	return out
}

// Entry is one entry of PutEvents.
type Entry struct {
	Source, DetailType, Detail, EventBusName string
	Resources                                []string
	// Time is when it happened; zero means now.
	Time time.Time
}

// envelope is an event as targets get it.
type envelope struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// Put puts one event on a bus and returns its id. It does not check the entry; PutEvents does.
func (b *Bus) Put(e Entry) (string, error) {
	id, err := uuid.NewRandomFromReader(rand.Reader)
	if err != nil {
		return "", fmt.Errorf("bus: %w", err)
	}
	at := e.Time.UTC()
	if e.Time.IsZero() {
		at = time.Now().UTC()
	}
	body, err := json.Marshal(envelope{
		Version: "0", ID: id.String(), DetailType: e.DetailType, Source: e.Source, Account: b.options.AccountID,
		Time: at.Format(time.RFC3339), Region: b.options.Region, Resources: append([]string{}, e.Resources...), Detail: json.RawMessage(e.Detail),
	})
	if err != nil {
		return "", fmt.Errorf("bus: %w", err)
	}
	kept := &Event{
		ID: id.String(), Bus: cmp.Or(e.EventBusName, defaultBus), Source: e.Source, DetailType: e.DetailType, Time: at,
		Detail: json.RawMessage(e.Detail),
	}
	return kept.ID, b.route(kept, body)
}

const defaultBus = "default"

// route queues a delivery for each target of each rule that matches.
func (b *Bus) route(e *Event, body []byte) error {
	type delivery struct {
		target *target
		body   []byte
	}
	var list []delivery
	for _, r := range b.rules {
		if r.Bus != e.Bus || !r.pattern.Match(body) {
			continue
		}
		for _, t := range r.targets {
			out, err := t.template.apply(body)
			if err != nil {
				return fmt.Errorf("bus: the rule %s: %w", r.Name, err)
			}
			list = append(list, delivery{t, out})
			e.Targets = append(e.Targets, t.name)
		}
	}
	b.mu.Lock()
	b.events = append(b.events, e)
	if over := len(b.events) - b.options.Keep; over > 0 {
		b.events = slices.Clone(b.events[over:])
	}
	b.mu.Unlock()
	for _, d := range list {
		if _, err := d.target.queue.Send(string(d.body)); err != nil {
			return err
		}
	}
	return nil
}

// snapshot is what a restart keeps.
type snapshot struct {
	Deliveries map[string]json.RawMessage `json:"deliveries"`
	Events     []*Event                   `json:"events"`
}

// Snapshot returns the deliveries that are not done and the events that are kept.
func (b *Bus) Snapshot() ([]byte, error) {
	s := snapshot{Deliveries: map[string]json.RawMessage{}}
	var failed error
	b.each(func(t *target) {
		list, err := t.queue.Snapshot()
		if err != nil && failed == nil {
			failed = err
		}
		s.Deliveries[t.name] = list
	})
	if failed != nil {
		return nil, failed
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s.Events = b.events
	return json.Marshal(s)
}

// Restore takes over a snapshot. Deliveries of rules that are gone are dropped with them.
func (b *Bus) Restore(saved []byte) error {
	var s snapshot
	if err := json.Unmarshal(saved, &s); err != nil {
		return fmt.Errorf("bus: %w", err)
	}
	b.mu.Lock()
	b.events = append(s.Events, b.events...)
	b.mu.Unlock()
	var failed error
	b.each(func(t *target) {
		if list, ok := s.Deliveries[t.name]; ok {
			if err := t.queue.Restore(list); err != nil && failed == nil {
				failed = err
			}
		}
	})
	return failed
}
