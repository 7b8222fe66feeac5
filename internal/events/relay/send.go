// Package relay carries events to the bus: a Sender puts entries on EventBridge
// and copes with partial failures, a Publisher feeds it from the table's stream.
package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/usher-seats/usher/internal/events"
)

const (
	// maxEntries and maxRequestBytes are PutEvents' limits of a request.
	maxEntries      = 10
	maxRequestBytes = 256 * 1024
	// entryTimeBytes is what the time of an entry counts towards its size.
	entryTimeBytes = 14
	// maxRounds bounds the tries of an entry within one invocation; the trigger's
	// own retries come after it.
	maxRounds = 5
	// firstPause and longestPause bound the waits between rounds.
	firstPause   = 50 * time.Millisecond
	longestPause = 2 * time.Second
)

// Bus is the part of EventBridge that a Sender needs. PutEvents may take a part
// of the entries and refuse others.
type Bus interface {
	PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// Entry is one event to be put on the bus.
type Entry struct {
	DetailType string
	Detail     string
	Time       time.Time
}

// bytes is the entry's size as PutEvents counts it.
func (e Entry) bytes() int {
	return entryTimeBytes + len(events.Source) + len(e.DetailType) + len(e.Detail)
}

// Sender puts entries on one bus. PutEvents knows no idempotency: an entry whose
// answer is lost is sent again.
type Sender struct {
	Bus  Bus
	Name string // of the bus
	Log  *slog.Logger
}

// Send puts the entries on the bus in requests of at most 10 entries and 256 kB.
// Entries that are refused for now are tried again, they alone, until they are in,
// a few rounds are over or ctx is near its end. It returns the indices of those
// that are not in, in order; the error says why, and is nil where all are in.
func (s Sender) Send(ctx context.Context, entries []Entry) (failed []int, err error) {
	pending := make([]int, 0, len(entries))
	for i := range entries {
		if entries[i].bytes() > maxRequestBytes {
			failed = append(failed, i)
			err = errors.Join(err, fmt.Errorf("an entry of %d bytes, at most %d", entries[i].bytes(), maxRequestBytes))
			continue
		}
		pending = append(pending, i)
	}
	var reason error
	for round := 0; len(pending) > 0; round++ {
		if round == maxRounds || (round > 0 && pause(ctx, round) != nil) {
			break
		}
		var lost []int
		pending, lost, reason = s.round(ctx, entries, pending)
		if len(lost) > 0 {
			failed, err = append(failed, lost...), errors.Join(err, reason)
		}
	}
	if len(pending) > 0 {
		failed, err = append(failed, pending...), errors.Join(err, reason)
	}
	return sorted(failed), err
}

// round sends the pending entries once. It returns those to try again and those
// that another try cannot help.
func (s Sender) round(ctx context.Context, entries []Entry, pending []int) (again, lost []int, reason error) {
	for _, chunk := range chunks(entries, pending) {
		a, l, err := s.chunk(ctx, entries, chunk)
		again, lost, reason = append(again, a...), append(lost, l...), errors.Join(reason, err)
	}
	return again, lost, reason
}

func (s Sender) chunk(ctx context.Context, entries []Entry, chunk []int) (again, lost []int, reason error) {
	in := &eventbridge.PutEventsInput{Entries: make([]types.PutEventsRequestEntry, 0, len(chunk))}
	for _, i := range chunk {
		in.Entries = append(in.Entries, types.PutEventsRequestEntry{
			EventBusName: aws.String(s.Name), Source: aws.String(events.Source),
			DetailType: aws.String(entries[i].DetailType), Detail: aws.String(entries[i].Detail), Time: aws.Time(entries[i].Time),
		})
	}
	out, err := s.Bus.PutEvents(ctx, in)
	switch {
	case err != nil && !refused(err):
		return chunk, nil, fmt.Errorf("put events: %w", err)
	case err != nil && len(chunk) > 1:
		return s.oneByOne(ctx, entries, chunk)
	case err != nil:
		return nil, chunk, fmt.Errorf("put events: %w", err)
	case len(out.Entries) != len(chunk):
		return chunk, nil, fmt.Errorf("put events: %d answers to %d entries", len(out.Entries), len(chunk))
	}
	for n, answer := range out.Entries {
		if answer.ErrorCode == nil {
			continue
		}
		code := aws.ToString(answer.ErrorCode)
		reason = errors.Join(reason, fmt.Errorf("put events: entry refused: %s", code))
		if passing(code) {
			again = append(again, chunk[n])
		} else {
			lost = append(lost, chunk[n])
		}
	}
	if reason != nil {
		s.Log.WarnContext(ctx, "bus took a part", "entries", len(chunk), "again", len(again), "refused", len(lost))
	}
	return again, lost, reason
}

// oneByOne finds out which entries of a refused request are to blame.
func (s Sender) oneByOne(ctx context.Context, entries []Entry, chunk []int) (again, lost []int, reason error) {
	for _, i := range chunk {
		a, l, err := s.chunk(ctx, entries, []int{i})
		again, lost, reason = append(again, a...), append(lost, l...), errors.Join(reason, err)
	}
	return again, lost, reason
}

// refused reports whether the service answered that the request is wrong. All
// else (network, throttling, 5xx, which the SDK has tried again already) passes.
func refused(err error) bool {
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &answer) {
		return false
	}
	var api smithy.APIError
	if errors.As(err, &api) && passing(api.ErrorCode()) {
		return false
	}
	status := answer.HTTPStatusCode()
	return status >= http.StatusBadRequest && status < http.StatusInternalServerError && status != http.StatusTooManyRequests
}

// passing reports whether an error code is worth another try.
func passing(code string) bool {
	switch code {
	case "InternalException", "InternalFailure", "ThrottlingException", "Throttling", "ServiceUnavailable", "RequestTimeout", "LimitExceededException":
		return true
	}
	return false
}

// chunks groups entries into requests within both limits, in order.
func chunks(entries []Entry, pending []int) [][]int {
	var out [][]int
	size := 0
	for _, i := range pending {
		n := entries[i].bytes()
		if len(out) == 0 || len(out[len(out)-1]) == maxEntries || size+n > maxRequestBytes {
			out, size = append(out, nil), 0
		}
		out[len(out)-1] = append(out[len(out)-1], i)
		size += n
	}
	return out
}

// pause waits before a round: between nothing and 50 ms · 2^round (full jitter).
// It returns an error where ctx ends before that.
func pause(ctx context.Context, round int) error {
	limit := min(firstPause<<round, longestPause)
	wait := rand.N(limit)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
