package stack

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/usher-seats/usher/infra/local/bus"
	"github.com/usher-seats/usher/infra/local/dynamo/tables"
	"github.com/usher-seats/usher/infra/local/fault"
	"github.com/usher-seats/usher/infra/local/lambda"
	"github.com/usher-seats/usher/infra/local/queue"
	"github.com/usher-seats/usher/infra/local/sam"
	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/infra/local/stream"
)

// Template is what runs.
func (s *Stack) Template() *sam.Template { return s.template }

// Database is the stack's database, past the fault proxy.
func (s *Stack) Database() *tables.Client { return s.database }

// Mails is the mail server.
func (s *Stack) Mails() *ses.Server { return s.mails }

// Bus is the event bus.
func (s *Stack) Bus() *bus.Bus { return s.bus }

// Notices are what was sent to topics.
func (s *Stack) Notices() []Notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notices)
}

// find returns the function with a folder's name or a logical id, or nil.
func (s *Stack) find(name string) *function {
	for id, f := range s.functions {
		if id == name || path.Base(f.template.CodeURI) == name {
			return f
		}
	}
	return nil
}

// Function returns the function with a folder's name or a logical id, or nil. Kill and Invoke are its own.
func (s *Stack) Function(name string) *lambda.Function {
	if f := s.find(name); f != nil {
		return f.Function
	}
	return nil
}

// Events is Lambda's queue of a function's asynchronous events, or nil.
func (s *Stack) Events(name string) *queue.Queue {
	if f := s.find(name); f != nil {
		return f.async
	}
	return nil
}

// Stream returns what hands a table's stream to a function, or nil.
func (s *Stack) Stream(functionName string) *stream.Source {
	f := s.find(functionName)
	if f == nil {
		return nil
	}
	for id, source := range s.streams {
		if strings.HasPrefix(id, f.template.ID+".") {
			return source
		}
	}
	return nil
}

// Faults are the proxies in front of the services; nil without Options.Faults.
func (s *Stack) Faults() (dynamodb, eventbridge, mail *fault.Proxy) {
	return s.services.dynamodb.proxy, s.services.eventbridge.proxy, s.services.ses.proxy
}

// settlePoll is how often Settle looks.
const settlePoll = 20 * time.Millisecond

// Settle waits until nothing goes on any more: the streams are read to their ends, nothing is on its way from the bus, and no
// queue with a consumer holds a message. The error says what was left when ctx ended.
func (s *Stack) Settle(ctx context.Context) error {
	tick := time.NewTicker(settlePoll)
	defer tick.Stop()
	since := time.Now()
	for {
		left := s.unsettled(since)
		if left == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("stack: not settled: %s", left), ctx.Err())
		case <-tick.C:
		}
		if !strings.HasPrefix(left, streamLeft) {
			since = time.Now() // what is under way may write to a table
		}
	}
}

const streamLeft = "the stream of "

// unsettled names something that goes on. The order is that of the way of an event, backwards from the queues, so that
// nothing slips by while one looks.
func (s *Stack) unsettled(since time.Time) string {
	busy := func(q *queue.Queue) bool { return q.Stats() != (queue.Stats{}) }
	look := func() string {
		for _, f := range s.functions {
			if busy(f.async) {
				return f.async.Name()
			}
			for _, m := range f.template.QueueSources {
				if q := s.queues[m.QueueARN]; busy(q) {
					return fmt.Sprintf("%s %+v", q.Name(), q.Stats())
				}
			}
		}
		if n := s.bus.Pending(); n > 0 {
			return fmt.Sprintf("%d deliveries of the bus", n)
		}
		return ""
	}
	if left := look(); left != "" {
		return left
	}
	for id, source := range s.streams {
		if !source.Quiet(since) {
			return streamLeft + id
		}
	}
	return look() // what the stream's function has put on the bus meanwhile
}

// DatabaseEnded is closed when the stack's own DynamoDB Local has ended by itself, after which nothing works. It is nil for
// a database that is not the stack's.
func (s *Stack) DatabaseEnded() <-chan struct{} {
	if s.java == nil {
		return nil
	}
	return s.java.Done()
}
