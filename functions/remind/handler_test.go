package main

import (
	"context"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/usher-seats/usher/internal/jobtest"
	"github.com/usher-seats/usher/internal/logsafe"
	"github.com/usher-seats/usher/internal/seats"
)

// run is one invocation by a new process; it gives how many reminders it made.
func run(ctx context.Context, w *jobtest.World) (int64, error) {
	ctx, line := logsafe.Begin(ctx)
	_, err := handler{w.Process()}.handle(ctx, lambdaevents.CloudWatchEvent{})
	return line.Counts()["Reminders"], err
}

// What is near is found by the index among what is not, told once, and a process that
// dies on the way leaves the rest to the next one.
func TestWhatIsNearIsToldOnce(t *testing.T) {
	w := jobtest.New(t)
	accounts := w.Open(3, func(_ int, in *seats.OpenAccount) { in.Seats = 20 })
	for _, a := range accounts {
		w.SignIn(a)
	}
	w.Invite(accounts[0], 6)
	w.Join(accounts[1], 2)
	w.Clock.Advance(seats.InvitationTTL - seats.InvitationReminderAhead - time.Second)
	if n, err := run(t.Context(), w); n != 0 || err != nil {
		t.Errorf("a second early %d were told (%v)", n, err)
	}
	w.Clock.Advance(time.Second)
	w.Wire.KillAtCommit(2, true) // between the invitations
	if _, err := run(t.Context(), w); err == nil {
		t.Error("a dead process succeeds")
	}
	w.Wire.Revive()
	if n, err := run(t.Context(), w); n != 4 || err != nil {
		t.Errorf("%d were left (%v), want 4", n, err)
	}
	if n, err := run(t.Context(), w); n != 0 || err != nil {
		t.Errorf("run again, %d were told (%v)", n, err)
	}
	if n := len(w.Events(accounts[0], seats.ReminderInvitation)); n != 6 {
		t.Errorf("%d reminders, want one of each invitation", n)
	}
	for _, a := range accounts[1:] {
		if n := len(w.Events(a, seats.ReminderInvitation)); n != 0 {
			t.Errorf("%d reminders of nothing", n)
		}
	}
	w.Clean(accounts...)
}
