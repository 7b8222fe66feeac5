package stack

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/usher-seats/usher/infra/local/page"
	"github.com/usher-seats/usher/infra/local/queue"
	"github.com/usher-seats/usher/infra/local/sam"
)

// shownMessages is how many messages of a queue a page gets.
const shownMessages = 10

// pageDeps is what the pages show and set going.
func (s *Stack) pageDeps() page.Deps {
	return page.Deps{
		APIURL: s.url, ConsoleURL: s.ConsoleURL(), IssuerURL: s.IssuerURL(), ClientID: ClientID,
		OperatorToken: s.OperatorToken, HTTP: s.client, Mailbox: s.mails,
		Staff: func() []page.Person {
			var out []page.Person
			for _, p := range s.staff() {
				out = append(out, page.Person{Email: p.Email, Name: p.FirstName + " " + p.LastName, Role: p.Role})
			}
			return out
		},
		Events: s.pageEvents, Functions: s.pageFunctions, Queues: s.pageQueues, Redrive: s.Redrive, Schedules: s.pageSchedules,
		RunSchedule: s.RunSchedule, Demos: s.options.Demos,
		Links: []page.Link{
			{Title: "Logs", URL: "/logs/", About: "What the functions have printed last, one address each"},
			{Title: "stack.json", URL: "/stack.json", About: "Addresses of the parts, for programs"},
			{Title: "mails.json", URL: "/mails.json", About: "All mails, for programs"},
		},
	}
}

func (s *Stack) pageEvents() []page.BusEvent {
	var out []page.BusEvent
	for _, e := range s.bus.Events() {
		out = append(out, page.BusEvent{
			ID: e.ID, Source: e.Source, DetailType: e.DetailType, Time: e.Time, Detail: e.Detail, Targets: e.Targets,
		})
	}
	return out
}

func (s *Stack) pageFunctions() []page.FunctionState {
	var out []page.FunctionState
	for _, t := range s.template.Functions {
		state := page.FunctionState{Name: path.Base(t.CodeURI), Trigger: trigger(t), State: "failed", LastError: "not built: its folder is missing"}
		if f := s.functions[t.ID]; f != nil {
			st := f.Stats()
			state.State = "idle"
			switch {
			case st.Processes > st.Idle:
				state.State = "running"
			case st.Errors > 0 && st.LastErrorAt.Equal(st.LastAt):
				state.State = "failed"
			}
			state.Processes, state.Invocations, state.Errors = st.Processes, st.Invocations, st.Errors
			state.StartedAt, state.LastAt, state.LastErrorAt = st.StartedAt, st.LastAt, st.LastErrorAt
			state.LastMillis, state.LastError = float64(st.LastDuration.Microseconds())/1000, st.LastError
		}
		out = append(out, state)
	}
	return out
}

// trigger says in a word what sets a function going.
func trigger(f *sam.Function) string {
	var out []string
	for _, one := range []struct {
		name string
		n    int
	}{
		{"HTTP", len(f.Routes)},
		{"schedule", len(f.Schedules)},
		{"queue", len(f.QueueSources)},
		{"stream", len(f.Streams)},
		{"event", len(f.Rules)},
	} {
		if one.n > 0 {
			out = append(out, one.name)
		}
	}
	return strings.Join(out, ", ")
}

func (s *Stack) pageQueues() []page.QueueState {
	var out []page.QueueState
	for _, t := range s.template.Queues {
		q := s.queues[t.ARN]
		st := q.Stats()
		state := page.QueueState{Name: t.ID, Visible: st.Visible, InFlight: st.InWork, Delayed: st.Delayed}
		if source := s.sourceOf(t.ARN); source != nil {
			state.DeadLettersOf = source.ID
		}
		for _, m := range q.Messages(shownMessages) {
			state.Messages = append(state.Messages, page.QueueMessage{
				ID: m.ID, Body: m.Body, SentAt: m.Sent, Receives: m.Receives, LastError: m.LastError,
			})
		}
		out = append(out, state)
	}
	return out
}

// sourceOf is the queue whose dead letters go to a queue.
func (s *Stack) sourceOf(arn string) *sam.Queue {
	i := slices.IndexFunc(s.template.Queues, func(q *sam.Queue) bool { return q.DeadLetterARN == arn })
	if i < 0 {
		return nil
	}
	return s.template.Queues[i]
}

func (s *Stack) pageSchedules() []page.ScheduleState {
	var out []page.ScheduleState
	for _, st := range s.schedules.States() {
		state := page.ScheduleState{
			Name: st.Schedule.Name, Expression: st.Schedule.Expression, TimeZone: st.Schedule.TimeZone, NextAt: st.Next, LastAt: st.Last,
			LastError: st.LastError,
		}
		if f := s.template.FunctionByARN(st.Schedule.TargetARN); f != nil {
			state.Function = path.Base(f.CodeURI)
		}
		out = append(out, state)
	}
	return out
}

// RunSchedule fires a schedule now and waits for the end of its function. The name is the schedule's or its function's.
func (s *Stack) RunSchedule(ctx context.Context, name string) error {
	for _, sched := range s.template.Schedules {
		f := s.template.FunctionByARN(sched.TargetARN)
		if sched.Name == name || (f != nil && (f.ID == name || path.Base(f.CodeURI) == name)) {
			return s.schedules.RunNow(ctx, sched.Name, s.fireAndWait)
		}
	}
	return fmt.Errorf("stack: there is no schedule %q", name)
}

// Redrive sends the messages of a dead-letter queue, named by its logical id, back to the queue that they came from.
func (s *Stack) Redrive(name string) error {
	letters := s.Queue(name)
	if letters == nil {
		return errNoQueue
	}
	source := s.sourceOf(letters.ARN())
	if source == nil {
		return fmt.Errorf("stack: %s holds no dead letters of a queue, so there is nowhere to send them", name)
	}
	letters.Redrive(s.queues[source.ARN])
	return nil
}

// Queue returns the queue with a logical id, or nil.
func (s *Stack) Queue(id string) *queue.Queue {
	for _, q := range s.queues {
		if q.Name() == id {
			return q
		}
	}
	return nil
}
