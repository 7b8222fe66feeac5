package queue

import (
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // SQS's md5OfBody
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/usher-seats/usher/infra/local/lambda"
	"github.com/usher-seats/usher/infra/local/pattern"
)

// Invoker is a function; *lambda.Function is one.
type Invoker interface {
	Invoke(ctx context.Context, payload []byte) (lambda.Result, error)
}

// ConsumerOptions describe a consumer. Queue and Function are required.
type ConsumerOptions struct {
	Queue    *Queue
	Function Invoker
	Region   string
	// BatchSize is 1 if it is 0.
	BatchSize int
	// Window is how long a batch that is not full waits for more.
	Window time.Duration
	// Concurrency bounds the batches in work; 0 means DefaultConcurrency.
	Concurrency int
	// ReportItemFailures takes a function's answer {"batchItemFailures":[…]} seriously.
	ReportItemFailures bool
	// Filters drop messages that none of them matches; none keep all.
	Filters []*pattern.Pattern
	// Raw hands over a message's body instead of an SQS event; BatchSize has to be 1.
	Raw bool
}

// DefaultConcurrency is what Lambda starts with.
const DefaultConcurrency = 5

// Consumer hands a queue's messages to a function.
type Consumer struct {
	options ConsumerOptions
	slots   chan struct{}
	cancel  context.CancelFunc
	loop    chan struct{}
	work    sync.WaitGroup
}

// Consume starts a consumer. End it with Stop.
func Consume(o ConsumerOptions) *Consumer {
	o.BatchSize = max(o.BatchSize, 1)
	o.Concurrency = cmp.Or(o.Concurrency, DefaultConcurrency)
	ctx, cancel := context.WithCancel(context.Background())
	c := &Consumer{options: o, slots: make(chan struct{}, o.Concurrency), cancel: cancel, loop: make(chan struct{})}
	go func() {
		defer close(c.loop)
		c.run(ctx)
	}()
	return c
}

// Close takes no more messages.
func (c *Consumer) Close() { c.cancel() }

// Stop takes no more messages and waits for those in work.
func (c *Consumer) Stop() {
	c.Close()
	<-c.loop
	c.work.Wait()
}

func (c *Consumer) run(ctx context.Context) {
	for {
		select {
		case c.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		batch := c.collect(ctx)
		if len(batch) == 0 {
			return // stopped
		}
		c.work.Go(func() {
			defer func() { <-c.slots }()
			c.handle(batch)
		})
	}
}

// collect waits for messages; it returns none only if ctx has ended.
func (c *Consumer) collect(ctx context.Context) []Message {
	var batch []Message
	var full <-chan time.Time
	for {
		at, changed := c.options.Queue.next() // before receiving, so that no change is missed
		if ctx.Err() == nil {
			batch = append(batch, c.keep(c.options.Queue.receive(c.options.BatchSize-len(batch)))...)
		}
		switch {
		case len(batch) == c.options.BatchSize, len(batch) > 0 && c.options.Window == 0:
			return batch
		case len(batch) > 0 && full == nil:
			timer := time.NewTimer(c.options.Window)
			defer timer.Stop()
			full = timer.C
		}
		if !wait(ctx, at, changed, full) {
			return batch
		}
	}
}

// wait returns true when a queue may have something new, and false when the time is up.
func wait(ctx context.Context, at time.Time, changed <-chan struct{}, full <-chan time.Time) bool {
	var due <-chan time.Time
	if d := time.Until(at); !at.IsZero() && d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-changed:
		return true
	case <-due:
		return true
	case <-full:
		return false
	case <-ctx.Done():
		return false
	}
}

// keep drops what no filter matches, which Lambda does too.
func (c *Consumer) keep(batch []Message) []Message {
	if len(c.options.Filters) == 0 {
		return batch
	}
	return slices.DeleteFunc(batch, func(m Message) bool {
		body := json.RawMessage(m.Body)
		if !json.Valid(body) {
			body, _ = json.Marshal(m.Body) // a string cannot fail
		}
		probe, _ := json.Marshal(map[string]json.RawMessage{"body": body})
		drop := !slices.ContainsFunc(c.options.Filters, func(p *pattern.Pattern) bool { return p.Match(probe) })
		if drop {
			c.options.Queue.done(m.ID)
		}
		return drop
	})
}

// record is a message in an SQS event.
type record struct {
	MessageID         string            `json:"messageId"`
	ReceiptHandle     string            `json:"receiptHandle"`
	Body              string            `json:"body"`
	Attributes        map[string]string `json:"attributes"`
	MessageAttributes struct{}          `json:"messageAttributes"`
	MD5OfBody         string            `json:"md5OfBody"`
	EventSource       string            `json:"eventSource"`
	EventSourceARN    string            `json:"eventSourceARN"`
	AWSRegion         string            `json:"awsRegion"`
}

func (c *Consumer) event(batch []Message) ([]byte, error) {
	if c.options.Raw {
		return []byte(batch[0].Body), nil
	}
	var records []record
	for _, m := range batch {
		sum := md5.Sum([]byte(m.Body)) //nolint:gosec // SQS's md5OfBody
		records = append(records, record{
			MessageID: m.ID, ReceiptHandle: m.ID + "-" + strconv.Itoa(m.Receives), Body: m.Body,
			Attributes: map[string]string{
				"ApproximateReceiveCount":          strconv.Itoa(m.Receives),
				"SentTimestamp":                    strconv.FormatInt(m.Sent.UnixMilli(), 10),
				"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.FirstReceived.UnixMilli(), 10),
				"SenderId":                         "local",
			},
			MD5OfBody: hex.EncodeToString(sum[:]), EventSource: "aws:sqs", EventSourceARN: c.options.Queue.options.ARN, AWSRegion: c.options.Region,
		})
	}
	return json.Marshal(map[string]any{"Records": records})
}

// handle invokes the function and settles each message. It is not bound to the consumer's context: work that has begun ends.
func (c *Consumer) handle(batch []Message) {
	failed, reason, err := c.invoke(batch)
	for _, m := range batch {
		switch {
		case errors.Is(err, lambda.ErrStopped):
			c.options.Queue.putBack(m.ID)
		case failed == nil || failed[m.ID]:
			c.options.Queue.failed(m.ID, reason)
		default:
			c.options.Queue.done(m.ID)
		}
	}
}

// invoke returns the ids that failed, nil for all of them, and why; or why the function was not even asked.
func (c *Consumer) invoke(batch []Message) (failed map[string]bool, reason string, err error) {
	payload, err := c.event(batch)
	if err != nil {
		return nil, err.Error(), err
	}
	result, err := c.options.Function.Invoke(context.Background(), payload)
	switch {
	case err != nil:
		return nil, err.Error(), err
	case result.FunctionError != "":
		return nil, string(result.Payload), nil
	case !c.options.ReportItemFailures:
		return map[string]bool{}, "", nil
	}
	ids, err := ItemFailures(result.Payload)
	if err != nil {
		return nil, err.Error(), nil
	}
	failed = map[string]bool{}
	for _, id := range ids {
		if !slices.ContainsFunc(batch, func(m Message) bool { return m.ID == id }) {
			return nil, fmt.Sprintf("the function reports the message %q, which is not in its batch", id), nil
		}
		failed[id] = true
	}
	return failed, "the function reported this message as failed", nil
}

// ItemFailures reads a function's {"batchItemFailures":[{"itemIdentifier":"…"}]}. Nothing, null and an empty list mean success.
// Anything else is an error, upon which Lambda takes the whole batch as failed.
func ItemFailures(payload []byte) ([]string, error) {
	var answer *struct {
		BatchItemFailures []struct {
			ItemIdentifier *string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if len(payload) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(payload, &answer); err != nil {
		return nil, fmt.Errorf("the function's answer is no batch response: %w", err)
	}
	if answer == nil {
		return nil, nil
	}
	var ids []string
	for _, f := range answer.BatchItemFailures {
		if f.ItemIdentifier == nil || *f.ItemIdentifier == "" {
			return nil, fmt.Errorf("the function reports a failed item without an itemIdentifier: %s", payload)
		}
		ids = append(ids, *f.ItemIdentifier)
	}
	return ids, nil
}
