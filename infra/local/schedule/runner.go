package schedule

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/usher-seats/usher/infra/local/sam"
)

// Fire runs a schedule's target for the instant at which it was due.
type Fire func(ctx context.Context, s *sam.Schedule, due time.Time) error

// State is what a schedule has done and will do.
type State struct {
	Schedule  *sam.Schedule
	Next      time.Time // zero if it never fires again
	Last      time.Time // zero if it has not fired
	LastError string
}

// Runner fires schedules. End it with Stop.
type Runner struct {
	fire   Fire
	start  time.Time
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex
	entries []*entry
}

type entry struct {
	schedule   *sam.Schedule
	expression Expression
	zone       *time.Location
	state      State
}

// Run parses the schedules and fires those that are enabled from now on.
func Run(list []*sam.Schedule, fire Fire) (*Runner, error) {
	ctx, cancel := context.WithCancel(context.Background())
	r := &Runner{fire: fire, start: time.Now(), cancel: cancel}
	for _, s := range list {
		expression, err := Parse(s.Expression)
		if err != nil {
			cancel()
			return nil, fmt.Errorf("line %d: %w", s.Line, err)
		}
		zone, err := time.LoadLocation(s.TimeZone)
		if err != nil {
			cancel()
			return nil, fmt.Errorf("line %d: schedule: %w", s.Line, err)
		}
		r.entries = append(r.entries, &entry{schedule: s, expression: expression, zone: zone, state: State{Schedule: s}})
	}
	for _, e := range r.entries {
		if e.schedule.Enabled {
			e.state.Next = e.expression.Next(r.start, r.start, e.zone)
			r.done.Go(func() { r.loop(ctx, e) })
		}
	}
	return r, nil
}

// loop waits for one schedule. A machine that slept through some instants fires once for them, and goes on.
func (r *Runner) loop(ctx context.Context, e *entry) {
	for {
		r.mu.Lock()
		due := e.state.Next
		r.mu.Unlock()
		if due.IsZero() {
			return
		}
		timer := time.NewTimer(time.Until(due))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		r.mu.Lock()
		e.state.Next = e.expression.Next(time.Now(), r.start, e.zone)
		r.mu.Unlock()
		_ = r.run(ctx, e, due, r.fire) // it is in the state
	}
}

func (r *Runner) run(ctx context.Context, e *entry, due time.Time, fire Fire) error {
	err := fire(ctx, e.schedule, due)
	r.mu.Lock()
	defer r.mu.Unlock()
	e.state.Last, e.state.LastError = time.Now().UTC(), ""
	if err != nil {
		e.state.LastError = err.Error()
	}
	return err
}

// RunNow fires a schedule by hand, also one that is not enabled, by a Fire of its own: who fires by hand wants to wait for the
// end, which a schedule that is due does not.
func (r *Runner) RunNow(ctx context.Context, name string, fire Fire) error {
	for _, e := range r.entries {
		if e.schedule.Name == name {
			return r.run(ctx, e, time.Now().UTC(), fire)
		}
	}
	return fmt.Errorf("schedule: there is no schedule %q", name)
}

// States returns the schedules' states in the order of the template.
func (r *Runner) States() []State {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []State
	for _, e := range r.entries {
		out = append(out, e.state)
	}
	return out
}

// Stop fires no more.
func (r *Runner) Stop() {
	r.cancel()
	r.done.Wait()
}
