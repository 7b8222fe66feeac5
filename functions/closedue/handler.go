package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/events/relay"
	"github.com/usher-seats/usher/internal/logsafe"
	"github.com/usher-seats/usher/internal/seats"
)

// dueAccounts finds accounts with something due by then.
type dueAccounts interface {
	DueAccounts(ctx context.Context, by time.Time, each func([]seats.AccountID) error) error
}

// sender puts entries on the bus and returns the indices of those not in.
type sender interface {
	Send(context.Context, []relay.Entry) (failed []int, err error)
}

type handler struct {
	due  dueAccounts
	bus  sender
	wall func() time.Time
}

// handle sends what it finds as it goes, so that a time-out loses nothing that was
// found before.
func (h handler) handle(ctx context.Context, _ lambdaevents.CloudWatchEvent) (struct{}, error) {
	now := h.wall()
	var failures []error
	err := h.due.DueAccounts(ctx, now, func(found []seats.AccountID) error {
		for len(found) > 0 {
			n := min(len(found), events.MaxAccountsDue)
			detail, err := events.AccountsDue{Accounts: found[:n], DueBefore: now}.Encode()
			if err != nil {
				return err
			}
			if failed, err := h.bus.Send(ctx, []relay.Entry{{DetailType: events.TypeAccountsDue, Detail: string(detail), Time: now}}); len(failed) > 0 {
				failures = append(failures, fmt.Errorf("%d due accounts are not on the bus: %w", n, err))
			} else {
				logsafe.Count(ctx, "AccountsDue", int64(n))
			}
			found = found[n:]
		}
		return ctx.Err()
	})
	return struct{}{}, errors.Join(append(failures, err)...)
}
