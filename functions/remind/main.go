// Command remind tells of what is near: a decrease, a plan change or the end of a
// subscription in seven days, an invitation whose link ends in two.
//
// Trigger: a schedule, every day.
//
// Duplicate: what was told is noted in the transaction that tells it; a second run
// finds nothing.
//
// Failure: one that cannot be reminded of does not keep the others, and is found by
// the next day's run; the event of the failed invocation goes to the dead-letter
// queue.
package main

import (
	"context"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/boot/service"
	"github.com/usher-seats/usher/internal/logsafe"
)

const function = "remind"

func main() {
	cfg, err := boot.Load[boot.Remind]()
	if err != nil {
		boot.Fail(function, err)
	}
	rt := boot.New(function, cfg.Common)
	boot.Async(rt, handler{service.New(rt, cfg.Tables)}.handle)
}

type reminder interface {
	Remind(context.Context) (int, error)
}

type handler struct{ svc reminder }

func (h handler) handle(ctx context.Context, _ lambdaevents.CloudWatchEvent) (struct{}, error) {
	reminded, err := h.svc.Remind(ctx)
	logsafe.Count(ctx, "Reminders", int64(reminded))
	return struct{}{}, err
}
