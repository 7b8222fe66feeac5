package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/seats"
)

const (
	// MaxTries is how often a call is sent before ErrBusy: in a simulation of 100
	// writers of one item all at once, 6 tries were the mean.
	MaxTries = 8
	// firstWait is the most that is waited before the second try, about what a
	// transaction takes. It doubles for each further one.
	firstWait = 25 * time.Millisecond
	// maxWait bounds the doubling, so that eight tries fit a request of 29 s well.
	maxWait = 800 * time.Millisecond
	// leaveTime is how much of the caller's time is left alone: a try that starts
	// later than this before the deadline would be cut off in the middle.
	leaveTime = 50 * time.Millisecond
)

// verdict is what an error says about trying again.
type verdict int

const (
	final    verdict = iota // the call was answered: trying again cannot help
	conflict                // refused because another transaction holds an item
	throttle                // refused because there are too many calls
	unknown                 // no answer: it may have happened or not
)

func judge(err error) verdict {
	var (
		cancelled *types.TransactionCanceledException
		held      *types.TransactionConflictException
		running   *types.TransactionInProgressException
	)
	switch {
	case errors.As(err, &cancelled):
		return judgeReasons(cancelled.CancellationReasons)
	case errors.As(err, &held):
		return conflict
	case errors.As(err, &running):
		// An earlier try with our token is still under way.
		return unknown
	case retry.ThrottleErrorCode{Codes: retry.DefaultThrottleErrorCodes}.IsErrorThrottle(err) == aws.TrueTernary:
		return throttle
	case retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary:
		return unknown
	}
	return final
}

// Codes of cancellation reasons.
const (
	reasonNone      = "None"
	reasonCondition = "ConditionalCheckFailed"
	reasonConflict  = "TransactionConflict"
	reasonThrottled = "ThrottlingError"
	reasonExceeded  = "ProvisionedThroughputExceeded"
)

// judgeReasons: contention wins over failed conditions. An item that is held or
// throttled was not looked at, so the list of failed conditions is not complete,
// and whoever decides from it could take an item's silence for consent. The next
// try tells all of them.
func judgeReasons(reasons []types.CancellationReason) verdict {
	found := final
	for _, r := range reasons {
		switch aws.ToString(r.Code) {
		case reasonConflict:
			return conflict
		case reasonThrottled, reasonExceeded:
			found = throttle
		}
	}
	return found
}

// tries is the SDK's loop of tries for one call. It is the only one: the request is
// serialised once, so that every try is the same to the byte, with the same client
// token.
type tries struct {
	ctx    context.Context
	use    *Usage
	jitter func(most time.Duration) time.Duration
	made   int
}

// MaxAttempts is MaxTries.
func (t *tries) MaxAttempts() int { return MaxTries }

// IsErrorRetryable is asked after each try that failed.
func (t *tries) IsErrorRetryable(err error) bool {
	t.made++
	v := judge(err)
	if v == conflict {
		t.use.Conflicts++
	}
	return v != final && timeFor(t.ctx, waitBefore(t.made))
}

// RetryDelay is asked before each further try: full jitter.
func (t *tries) RetryDelay(int, error) (time.Duration, error) {
	t.use.Retries++
	return t.jitter(waitBefore(t.made)), nil
}

// GetRetryToken gives what the SDK's own quota would ask for: tries are bounded here.
func (t *tries) GetRetryToken(context.Context, error) (func(error) error, error) {
	return func(error) error { return nil }, nil
}

// GetInitialToken is likewise.
func (t *tries) GetInitialToken() func(error) error { return func(error) error { return nil } }

// waitBefore is the most that is waited after so many tries.
func waitBefore(tries int) time.Duration {
	return min(firstWait<<(tries-1), maxWait)
}

// timeFor tells whether another try fits the caller's time after the longest wait.
func timeFor(ctx context.Context, wait time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > wait+leaveTime
}

// attempt calls until the answer is final, at most MaxTries times and within the
// caller's deadline. It returns ErrBusy where the last try was refused unseen, so
// that nothing happened: had an earlier try of a transaction happened, its token
// would have been answered as done. Where the last try of a write was not answered the error leaves open
// what happened.
func (s *Store) attempt(ctx context.Context, use *Usage, writes bool, call func(func(*dynamodb.Options)) error) error {
	loop := &tries{ctx: ctx, use: use, jitter: s.opts.Jitter}
	err := call(func(o *dynamodb.Options) { o.Retryer = loop })
	if err == nil {
		return nil
	}
	switch judge(err) {
	case final:
		return err
	case unknown:
		if writes {
			return fmt.Errorf("outcome unknown: %w", err)
		}
	}
	return fmt.Errorf("%w (%w)", seats.ErrBusy, err)
}
