package queue_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/usher-seats/usher/infra/local/lambda"
	"github.com/usher-seats/usher/infra/local/pattern"
	"github.com/usher-seats/usher/infra/local/queue"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// function records its batches and answers what answer says.
type function struct {
	mu      sync.Mutex
	batches [][]string
	times   []time.Time
	active  int
	peak    int
	takes   time.Duration
	answer  func(bodies []string, ids map[string]string) lambda.Result
}

func (f *function) Invoke(_ context.Context, payload []byte) (lambda.Result, error) {
	var e struct {
		Records []struct{ MessageID, Body string }
	}
	if err := json.Unmarshal(payload, &e); err != nil {
		return lambda.Result{}, err
	}
	var bodies []string
	ids := map[string]string{}
	for _, r := range e.Records {
		bodies = append(bodies, r.Body)
		ids[r.Body] = r.MessageID
	}
	f.mu.Lock()
	f.batches = append(f.batches, bodies)
	f.times = append(f.times, time.Now())
	f.active++
	f.peak = max(f.peak, f.active)
	f.mu.Unlock()
	pass(f.takes)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active--
	if f.answer == nil {
		return lambda.Result{Payload: []byte(`null`)}, nil
	}
	return f.answer(bodies, ids), nil
}

func (f *function) bodies() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Concat(f.batches...)
}

func send(t *testing.T, q *queue.Queue, bodies ...string) {
	t.Helper()
	for _, b := range bodies {
		if _, err := q.Send(b); err != nil {
			t.Fatal(err)
		}
	}
}

func fail(what ...string) func([]string, map[string]string) lambda.Result {
	return func(bodies []string, ids map[string]string) lambda.Result {
		var items []string
		for _, b := range bodies {
			if slices.Contains(what, b) {
				items = append(items, fmt.Sprintf(`{"itemIdentifier":%q}`, ids[b]))
			}
		}
		return lambda.Result{Payload: []byte(`{"batchItemFailures":[` + strings.Join(items, ",") + `]}`)}
	}
}

func TestMessagesComeInBatchesAndAreGoneAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := queue.New(queue.Options{Name: "q"})
		f := &function{}
		send(t, q, "a", "b", "c", "d", "e")
		c := queue.Consume(queue.ConsumerOptions{Queue: q, Function: f, BatchSize: 2, Concurrency: 1})
		synctest.Wait()
		send(t, q, "f")
		synctest.Wait()
		c.Stop()
		if got := fmt.Sprint(f.batches); got != "[[a b] [c d] [e] [f]]" {
			t.Errorf("batches %s", got)
		}
		if s := q.Stats(); s != (queue.Stats{}) {
			t.Errorf("left over: %+v", s)
		}
	})
}

func TestAWindowLetsABatchFill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := queue.New(queue.Options{Name: "q"})
		f := &function{}
		c := queue.Consume(queue.ConsumerOptions{Queue: q, Function: f, BatchSize: 3, Window: 5 * time.Second})
		start := time.Now()
		send(t, q, "a")
		pass(time.Second)
		send(t, q, "b")
		pass(10 * time.Second)
		send(t, q, "c", "d", "e")
		synctest.Wait()
		c.Stop()
		if got := fmt.Sprint(f.batches); got != "[[a b] [c d e]]" {
			t.Errorf("batches %s", got)
		}
		if waited := f.times[0].Sub(start); waited != 5*time.Second {
			t.Errorf("the first batch waited %v", waited)
		}
	})
}

func TestConcurrencyIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := queue.New(queue.Options{Name: "q"})
		f := &function{takes: time.Second}
		for i := range 10 {
			send(t, q, fmt.Sprint(i))
		}
		c := queue.Consume(queue.ConsumerOptions{Queue: q, Function: f, Concurrency: 3})
		pass(time.Minute)
		c.Stop()
		if f.peak != 3 || len(f.bodies()) != 10 {
			t.Errorf("%d at once, %d in all", f.peak, len(f.bodies()))
		}
	})
}

func TestAFailedMessageComesAgainLaterAndThenGoesToTheDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := queue.New(queue.Options{Name: "dead"})
		q := queue.New(queue.Options{Name: "q", MaxReceives: 4, DeadLetters: dead, RetryAfter: queue.Backoff(time.Second, 3*time.Second)})
		f := &function{answer: func([]string, map[string]string) lambda.Result {
			return lambda.Result{FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"boom"}`)}
		}}
		start := time.Now()
		send(t, q, "a")
		c := queue.Consume(queue.ConsumerOptions{Queue: q, Function: f})
		pass(time.Minute)
		c.Stop()
		var after []time.Duration
		for _, at := range f.times {
			after = append(after, at.Sub(start))
		}
		if want := []time.Duration{0, time.Second, 3 * time.Second, 6 * time.Second}; !slices.Equal(after, want) {
			t.Errorf("attempts after %v, want %v", after, want)
		}
		letters := dead.Messages(10)
		if len(letters) != 1 || letters[0].Body != "a" || letters[0].LastError != `{"errorMessage":"boom"}` || q.Stats() != (queue.Stats{}) {
			t.Errorf("dead letters %+v, queue %+v", letters, q.Stats())
		}
		f.answer = nil
		c = queue.Consume(queue.ConsumerOptions{Queue: q, Function: f})
		if n := dead.Redrive(q); n != 1 {
			t.Errorf("redrove %d messages", n)
		}
		synctest.Wait()
		c.Stop()
		if len(f.times) != 5 || q.Stats() != (queue.Stats{}) || dead.Stats() != (queue.Stats{}) {
			t.Errorf("after the redrive: %d attempts, %+v, %+v", len(f.times), q.Stats(), dead.Stats())
		}
	})
}

func TestOnlyReportedMessagesComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := queue.New(queue.Options{Name: "q"})
		f := &function{answer: fail("b")}
		send(t, q, "a", "b", "c")
		c := queue.Consume(queue.ConsumerOptions{Queue: q, Function: f, BatchSize: 10, ReportItemFailures: true})
		pass(1500 * time.Millisecond)
		c.Stop()
		if got := fmt.Sprint(f.batches); got != "[[a b c] [b]]" {
			t.Errorf("batches %s", got)
		}
	})
}

func TestAnswersThatFailTheWholeBatch(t *testing.T) {
	for name, answer := range map[string]string{
		"no JSON":          `oh`,
		"an unknown id":    `{"batchItemFailures":[{"itemIdentifier":"x"}]}`,
		"an empty id":      `{"batchItemFailures":[{"itemIdentifier":""}]}`,
		"no id":            `{"batchItemFailures":[{"id":"x"}]}`,
		"a list of texts":  `{"batchItemFailures":["x"]}`,
		"something else":   `"ok"`,
		"a list, no items": `[]`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := queue.New(queue.Options{Name: "q"})
				send(t, q, "a", "b")
				f := &function{answer: func([]string, map[string]string) lambda.Result { return lambda.Result{Payload: []byte(answer)} }}
				c := queue.Consume(queue.ConsumerOptions{Queue: q, Function: f, BatchSize: 10, ReportItemFailures: true})
				synctest.Wait()
				c.Stop()
				if s := q.Stats(); s.Delayed != 2 {
					t.Errorf("%+v, want both messages waiting for another attempt", s)
				}
			})
		})
	}
}

func TestAMessageWhoseConsumerIsSilentIsVisibleAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := queue.New(queue.Options{Name: "q", Visibility: 10 * time.Second})
		f := &function{takes: 15 * time.Second}
		send(t, q, "a")
		c := queue.Consume(queue.ConsumerOptions{Queue: q, Function: f})
		pass(12 * time.Second)
		if n := len(f.bodies()); n != 2 {
			t.Errorf("%d deliveries, want 2", n)
		}
		c.Stop()
	})
}

func TestFaultsDuplicateAndReverse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := queue.New(queue.Options{Name: "q"})
		q.SetFaults(queue.Faults{Duplicates: 2, Reverse: true})
		f := &function{}
		send(t, q, "a", "b")
		c := queue.Consume(queue.ConsumerOptions{Queue: q, Function: f, Concurrency: 1})
		synctest.Wait()
		c.Stop()
		if got := fmt.Sprint(f.bodies()); got != "[b b b a a a]" {
			t.Errorf("deliveries %s", got)
		}
	})
}

func TestFiltersDropWhatNobodyWants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := pattern.Compile(`{"body":{"kind":["x"]}}`)
		if err != nil {
			t.Fatal(err)
		}
		q := queue.New(queue.Options{Name: "q"})
		f := &function{}
		send(t, q, `{"kind":"y"}`, `{"kind":"x"}`, `text`)
		c := queue.Consume(queue.ConsumerOptions{Queue: q, Function: f, Filters: []*pattern.Pattern{p}})
		synctest.Wait()
		c.Stop()
		if got := fmt.Sprint(f.bodies()); got != `[{"kind":"x"}]` || q.Stats() != (queue.Stats{}) {
			t.Errorf("deliveries %s, left %+v", got, q.Stats())
		}
	})
}

func TestMessagesSurviveASnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := queue.New(queue.Options{Name: "q", RetryAfter: queue.Backoff(time.Hour, time.Hour)})
		f := &function{answer: fail("late"), takes: time.Second}
		send(t, q, "late", "busy")
		c := queue.Consume(queue.ConsumerOptions{Queue: q, Function: f, Concurrency: 1, ReportItemFailures: true})
		pass(1500 * time.Millisecond) // "late" has failed, "busy" is in work
		saved, err := q.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		c.Stop()
		again := queue.New(queue.Options{Name: "q"})
		if err := again.Restore(saved); err != nil {
			t.Fatal(err)
		}
		if s := again.Stats(); s != (queue.Stats{Visible: 1, Delayed: 1}) {
			t.Errorf("after the restart %+v, want one to deliver at once and one later", s)
		}
		again.HurryUp()
		f2 := &function{}
		c = queue.Consume(queue.ConsumerOptions{Queue: again, Function: f2, Concurrency: 1})
		synctest.Wait()
		c.Stop()
		if got := fmt.Sprint(f2.bodies()); got != "[late busy]" {
			t.Errorf("deliveries %s", got)
		}
	})
}

func TestOldAndLargeMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var given []string
		q := queue.New(queue.Options{Name: "q", Retention: time.Hour, GiveUp: func(m queue.Message) { given = append(given, m.Body) }})
		send(t, q, "old")
		pass(time.Hour)
		f := &function{}
		c := queue.Consume(queue.ConsumerOptions{Queue: q, Function: f})
		synctest.Wait()
		c.Stop()
		if len(f.bodies()) != 0 || fmt.Sprint(given) != "[old]" {
			t.Errorf("delivered %v, given up %v", f.bodies(), given)
		}
		if _, err := q.Send(strings.Repeat("x", queue.MaxMessageBytes)); err != nil {
			t.Errorf("a message of the largest size: %v", err)
		}
		if _, err := q.Send(strings.Repeat("x", queue.MaxMessageBytes+1)); err == nil {
			t.Error("a message that is too large was taken")
		}
	})
}

func TestTheEventIsAnSQSEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := queue.New(queue.Options{Name: "q", ARN: "arn:aws:sqs:eu-central-1:000000000000:q"})
		var event []byte
		send(t, q, "hello")
		c := queue.Consume(queue.ConsumerOptions{Queue: q, Region: "eu-central-1", Function: raw(func(payload []byte) { event = payload })})
		synctest.Wait()
		c.Stop()
		var got struct{ Records []map[string]any }
		if err := json.Unmarshal(event, &got); err != nil || len(got.Records) != 1 {
			t.Fatalf("%s: %v", event, err)
		}
		r := got.Records[0]
		attributes := r["attributes"].(map[string]any)
		if r["body"] != "hello" || r["eventSource"] != "aws:sqs" || r["eventSourceARN"] != "arn:aws:sqs:eu-central-1:000000000000:q" ||
			r["md5OfBody"] != "5d41402abc4b2a76b9719d911017c592" || r["awsRegion"] != "eu-central-1" || attributes["ApproximateReceiveCount"] != "1" ||
			attributes["SentTimestamp"] != fmt.Sprint(time.Now().UnixMilli()) {
			t.Errorf("record %v", r)
		}
	})
}

type raw func([]byte)

func (f raw) Invoke(_ context.Context, payload []byte) (lambda.Result, error) {
	f(payload)
	return lambda.Result{}, nil
}

func TestAStackThatStopsCostsNoAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := queue.New(queue.Options{Name: "q", MaxReceives: 1})
		send(t, q, "a")
		c := queue.Consume(queue.ConsumerOptions{Queue: q, Function: stopped{}, BatchSize: 1, Concurrency: 1})
		pass(time.Second)
		c.Stop()
		if m := q.Messages(1); len(m) != 1 || m[0].Receives != 0 {
			t.Errorf("messages %+v", m)
		}
	})
}

// stopped is a function of a stack that stops; it takes its time, so that the consumer does not spin.
type stopped struct{}

func (stopped) Invoke(context.Context, []byte) (lambda.Result, error) {
	pass(400 * time.Millisecond)
	return lambda.Result{}, lambda.ErrStopped
}

// pass lets time go by on the clock of the test's bubble, which takes none.
func pass(d time.Duration) { <-time.After(d) }
