// Command expire ends invitations that have lapsed: their seats are free again and
// the inviters are told. The links had stopped working at their expiry.
//
// Trigger: a schedule, every hour.
//
// Duplicate: an invitation that is not open any more is left alone.
//
// Failure: one that cannot be ended does not keep the others, and stays in the
// index for the next hour; the event of the failed invocation goes to the
// dead-letter queue.
package main

import (
	"context"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/boot/service"
	"github.com/usher-seats/usher/internal/logsafe"
)

const function = "expire"

func main() {
	cfg, err := boot.Load[boot.Expire]()
	if err != nil {
		boot.Fail(function, err)
	}
	rt := boot.New(function, cfg.Common)
	boot.Async(rt, handler{service.New(rt, cfg.Tables)}.handle)
}

type expirer interface {
	ExpireLapsed(context.Context) (int, error)
}

type handler struct{ svc expirer }

func (h handler) handle(ctx context.Context, _ lambdaevents.CloudWatchEvent) (struct{}, error) {
	expired, err := h.svc.ExpireLapsed(ctx)
	logsafe.Count(ctx, "InvitationsExpired", int64(expired))
	return struct{}{}, err
}
