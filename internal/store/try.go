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

// attempt calls until the answer is final, at most MaxTries times and within the
// caller's deadline. It returns ErrBusy where every call was refused unseen, so
// that nothing happened. Where the outcome of the last call is not known the
// error is not ErrBusy for a write.
func (s *Store) attempt(ctx context.Context, use *Usage, writes bool, call func(context.Context) error) error {
	wait := firstWait
	for tries := 1; ; tries++ {
		err := call(ctx)
		if err == nil {
			return nil
		}
		v := judge(err)
		if v == conflict {
			use.Conflicts++
		}
		if v == final {
			return err
		}
		if tries == MaxTries || !timeFor(ctx, wait) || s.opts.Wait(ctx, wait) != nil {
			if v == unknown && writes {
				return fmt.Errorf("outcome unknown after %d tries: %w", tries, err)
			}
			return fmt.Errorf("%w (%d tries: %w)", seats.ErrBusy, tries, err)
		}
		use.Retries++
		wait = min(2*wait, maxWait)
	}
}

func timeFor(ctx context.Context, wait time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > wait+leaveTime
}

// once turns the SDK's retries off: two loops inside one another would try 24
// times where 8 were meant.
func once(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }
