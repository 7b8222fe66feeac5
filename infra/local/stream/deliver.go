package stream

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/usher-seats/usher/infra/local/lambda"
	"github.com/usher-seats/usher/infra/local/queue"
)

// deliver hands over one batch after the other.
func (s *Source) deliver(ctx context.Context) {
	for {
		batch := s.next(ctx)
		if len(batch) == 0 {
			return
		}
		handled := s.batch(ctx, batch)
		s.mu.Lock()
		s.buffer = slices.Clone(s.buffer[handled:])
		again := s.duplicate
		s.mu.Unlock()
		signal(s.room)
		for range again {
			_, _ = s.invoke(batch[:handled]) // only to be delivered twice
		}
		if handled < len(batch) {
			return // stopped in the middle of its retries
		}
	}
}

// next waits for records, and for the mapping's window where a batch is not full. It returns none once ctx has ended.
func (s *Source) next(ctx context.Context) []json.RawMessage {
	var full <-chan time.Time
	for {
		s.mu.Lock()
		batch := slices.Clone(s.buffer[:min(len(s.buffer), s.options.Mapping.BatchSize)])
		s.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return nil
		case len(batch) == s.options.Mapping.BatchSize, len(batch) > 0 && s.options.Mapping.Window == 0:
			return batch
		case len(batch) > 0 && full == nil:
			timer := time.NewTimer(s.options.Mapping.Window)
			defer timer.Stop()
			full = timer.C
		}
		select {
		case <-s.more:
		case <-full:
			return batch
		case <-ctx.Done():
			return nil
		}
	}
}

// batch handles records until they are done or given up, and returns how many of them are. It is fewer than all only if ctx has
// ended; an invocation that has begun is waited for.
func (s *Source) batch(ctx context.Context, records []json.RawMessage) int {
	done := 0
	for failures := 0; done < len(records); {
		rest := records[done:]
		succeeded, reason := s.invoke(rest)
		s.handled(succeeded, reason)
		done += succeeded
		switch {
		case succeeded == len(rest):
			return done
		case succeeded > 0: // the first item that failed begins a batch of its own
			failures = 0
			continue
		case s.options.Mapping.Bisect && len(rest) > 1:
			if ctx.Err() != nil {
				return done
			}
			return done + s.halves(ctx, rest)
		}
		failures++
		if s.usedUp(failures, rest[0]) {
			s.giveUp(rest, failures)
			return len(records)
		}
		if !s.pause(ctx, failures) {
			return done
		}
	}
	return done
}

func (s *Source) halves(ctx context.Context, records []json.RawMessage) int {
	middle := len(records) / 2
	first := s.batch(ctx, records[:middle])
	if first < middle {
		return first
	}
	return first + s.batch(ctx, records[middle:])
}

func (s *Source) pause(ctx context.Context, failures int) bool {
	timer := time.NewTimer(s.options.RetryAfter(failures))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Source) handled(n int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Handled += n
	if reason != "" {
		s.stats.Retries++
		s.stats.LastError = reason
	}
}

// usedUp tells whether a batch has had its retries or is too old.
func (s *Source) usedUp(failures int, oldest json.RawMessage) bool {
	m := s.options.Mapping
	if m.MaxRetries >= 0 && failures > m.MaxRetries {
		return true
	}
	return m.MaxAge > 0 && time.Since(positionOf(oldest).at()) > m.MaxAge
}

// invoke hands records to the function and returns how many from the front succeeded, and why not all.
func (s *Source) invoke(records []json.RawMessage) (succeeded int, reason string) {
	var event struct{ Records []json.RawMessage }
	for _, r := range records {
		event.Records = append(event.Records, s.withSource(r))
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return 0, err.Error()
	}
	if len(payload) > lambda.MaxPayloadBytes && len(records) > 1 { // Lambda makes such a batch smaller from the start
		half := len(records) / 2
		if n, why := s.invoke(records[:half]); n < half {
			return n, why
		}
		n, why := s.invoke(records[half:])
		return half + n, why
	}
	result, err := s.options.Function.Invoke(context.Background(), payload)
	switch {
	case err != nil:
		return 0, err.Error()
	case result.FunctionError != "":
		return 0, string(result.Payload)
	case !s.options.Mapping.ReportItemFailures:
		return len(records), ""
	}
	return s.reported(records, result.Payload)
}

// reported finds the lowest sequence number among the failures that the function names; all from there on come again.
func (s *Source) reported(records []json.RawMessage, answer []byte) (int, string) {
	ids, err := queue.ItemFailures(answer)
	if err != nil {
		return 0, err.Error()
	}
	if len(ids) == 0 {
		return len(records), ""
	}
	first := len(records)
	for _, id := range ids {
		i := slices.IndexFunc(records, func(r json.RawMessage) bool { return positionOf(r).DynamoDB.SequenceNumber == id })
		if i < 0 {
			return 0, fmt.Sprintf("the function reports the record %q, which is not in its batch", id)
		}
		first = min(first, i)
	}
	return first, "the function reported the record " + positionOf(records[first]).DynamoDB.SequenceNumber + " as failed"
}

// position is what is needed of a record.
type position struct {
	DynamoDB struct {
		SequenceNumber              string
		ApproximateCreationDateTime float64 // seconds since 1970
	} `json:"dynamodb"`
}

func (p position) at() time.Time {
	return time.UnixMilli(int64(p.DynamoDB.ApproximateCreationDateTime * 1000)).UTC()
}

func positionOf(r json.RawMessage) position {
	var p position
	_ = json.Unmarshal(r, &p) // what has none counts as old and unnamed
	return p
}

// withSource adds the stream's ARN, the one thing that a function's record has and the stream's does not.
func (s *Source) withSource(r json.RawMessage) json.RawMessage {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(r, &fields); err != nil {
		return r
	}
	arn, _ := json.Marshal(s.options.Mapping.StreamARN) // a string cannot fail
	fields["eventSourceARN"] = arn
	out, err := json.Marshal(fields)
	if err != nil {
		return r
	}
	return out
}

// giveUp reports where in the stream the batch stands that was given up, as Lambda does. The records themselves are in the
// table.
func (s *Source) giveUp(records []json.RawMessage, invokes int) {
	s.mu.Lock()
	s.stats.Lost += len(records)
	s.mu.Unlock()
	if s.options.OnFailure == nil {
		return
	}
	first, last := positionOf(records[0]), positionOf(records[len(records)-1])
	condition := "RetryAttemptsExhausted"
	if m := s.options.Mapping; m.MaxRetries < 0 || invokes <= m.MaxRetries {
		condition = "RecordAgeExceeded"
	}
	body, _ := json.Marshal(map[string]any{ // texts and numbers cannot fail
		"requestContext": map[string]any{
			"requestId": uuid.NewString(), "functionArn": s.options.FunctionARN, "condition": condition, "approximateInvokeCount": invokes,
		},
		"responseContext": map[string]any{"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
		"version":         "1.0",
		"timestamp":       time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		"DDBStreamBatchInfo": map[string]any{
			"shardId": "shardId-local", "startSequenceNumber": first.DynamoDB.SequenceNumber, "endSequenceNumber": last.DynamoDB.SequenceNumber,
			"approximateArrivalOfFirstRecord": first.at().Format(time.RFC3339), "approximateArrivalOfLastRecord": last.at().Format(time.RFC3339),
			"batchSize": len(records), "streamArn": s.options.Mapping.StreamARN,
		},
	})
	s.options.OnFailure(body)
}
