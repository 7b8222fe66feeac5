package main

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/jobtest"
	"github.com/usher-seats/usher/internal/logsafe"
	"github.com/usher-seats/usher/internal/seats"
)

// run is one invocation by a new process; it gives how many invitations it ended.
func run(ctx context.Context, w *jobtest.World) (int64, error) {
	ctx, line := logsafe.Begin(ctx)
	_, err := handler{w.Process()}.handle(ctx, lambdaevents.CloudWatchEvent{})
	return line.Counts()["InvitationsExpired"], err
}

func open(t *testing.T, w *jobtest.World, n int) []*jobtest.Account {
	t.Helper()
	accounts := w.Open(n, func(_ int, in *seats.OpenAccount) { in.Seats = 20 })
	for _, a := range accounts {
		w.SignIn(a)
	}
	return accounts
}

// state counts an account's free seats, the expiries in its ledger, and its people
// by the state of their invitations.
func state(t *testing.T, w *jobtest.World, a *jobtest.Account) (free int64, events int, by map[seats.InvitationState]int) {
	t.Helper()
	by = map[seats.InvitationState]int{}
	users, err := w.Store().Users(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range users {
		if u.Invitation != nil {
			by[u.Invitation.State]++
		}
	}
	return w.Load(a).Subscriptions["meetings"].Free, len(w.Events(a, seats.InvitationExpiredEv)), by
}

func TestLapsedInvitationsEndAndTheirSeatsAreFree(t *testing.T) {
	w := jobtest.New(t)
	accounts := open(t, w, 2)
	w.Invite(accounts[0], 12)
	w.Join(accounts[1], 3) // accepted ones have nothing to lapse
	w.Clock.Advance(seats.InvitationTTL - time.Second)
	if n, err := run(t.Context(), w); n != 0 || err != nil {
		t.Errorf("a second early %d ended (%v)", n, err)
	}
	w.Clock.Advance(time.Second)
	if n, err := run(t.Context(), w); n != 12 || err != nil {
		t.Errorf("%d ended (%v), want 12", n, err)
	}
	if free, events, by := state(t, w, accounts[0]); free != 20 || events != 12 || by[seats.InvitationExpired] != 12 {
		t.Errorf("%d seats are free, %d events, %v", free, events, by)
	}
	if free, events, by := state(t, w, accounts[1]); free != 17 || events != 0 || by[seats.InvitationAccepted] != 3 {
		t.Errorf("the accepted: %d seats are free, %d events, %v", free, events, by)
	}
	if n, err := run(t.Context(), w); n != 0 || err != nil {
		t.Errorf("run again, %d ended (%v)", n, err)
	}
	w.Clean(accounts...)
}

// Two schedules at once, as after an outage, end each invitation once.
func TestTwoRunsAtOnceEndEachInvitationOnce(t *testing.T) {
	w := jobtest.New(t)
	accounts := open(t, w, 1)
	w.Invite(accounts[0], 15)
	w.Clock.Advance(seats.InvitationTTL)
	var failures atomic.Int64
	jobtest.Each(4, func(int) {
		if _, err := run(t.Context(), w); err != nil {
			failures.Add(1)
			t.Error(err)
		}
	})
	if free, events, by := state(t, w, accounts[0]); free != 20 || events != 15 || by[seats.InvitationExpired] != 15 {
		t.Errorf("%d seats are free, %d events, %v", free, events, by)
	}
	w.Clean(accounts...)
}

// One that cannot be read keeps none of the others, is reported, and ends in the
// run after it was mended.
func TestOneThatFailsDoesNotKeepTheOthers(t *testing.T) {
	w := jobtest.New(t)
	accounts := open(t, w, 3)
	var broken seats.UserID
	for i, a := range accounts {
		invited := w.Invite(a, 4)
		if i == 1 {
			broken = invited[2].User
		}
	}
	damage := func(v types.AttributeValue) {
		_, err := w.Client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
			TableName: aws.String(w.Tables["SeatsTable"]), UpdateExpression: aws.String("SET v = :v"),
			Key: map[string]types.AttributeValue{
				"pk": &types.AttributeValueMemberS{Value: "A#" + string(accounts[1].ID)}, "sk": &types.AttributeValueMemberS{Value: "U#" + string(broken)},
			},
			ExpressionAttributeValues: map[string]types.AttributeValue{":v": v},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	damage(&types.AttributeValueMemberS{Value: "one"})
	w.Clock.Advance(seats.InvitationTTL)
	n, err := run(t.Context(), w)
	if n != 11 || err == nil || !strings.Contains(err.Error(), string(broken)) {
		t.Errorf("%d ended (%v), want all but the damaged one of 12 and its id in the error", n, err)
	}
	damage(&types.AttributeValueMemberN{Value: "1"})
	if n, err := run(t.Context(), w); n != 1 || err != nil {
		t.Errorf("mended, %d ended (%v)", n, err)
	}
	w.Clean(accounts...)
}

// A process that dies in the middle, or whose time is up, leaves whole invitations
// behind, and the next hour's run ends the rest.
func TestAnInterruptedRunIsTakenUp(t *testing.T) {
	w := jobtest.New(t)
	accounts := open(t, w, 2)
	for _, a := range accounts {
		w.Invite(a, 10)
	}
	w.Clock.Advance(seats.InvitationTTL)
	for _, after := range []bool{false, true} {
		w.Wire.KillAtCommit(4, after)
		if _, err := run(t.Context(), w); err == nil {
			t.Error("a dead process succeeds")
		}
		w.Wire.Revive()
		w.Clean(accounts...)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	made := 0
	w.Wire.AtCommit(2, func() {
		made = w.Wire.Calls()
		cancel()
	})
	if _, err := run(ctx, w); err == nil {
		t.Error("an invocation whose time is up succeeds")
	}
	if calls := w.Wire.Calls(); made == 0 || calls > made+1 {
		t.Errorf("%d calls were made, and the time was up at %d", calls, made)
	}
	w.Wire.Revive()
	if n, err := run(t.Context(), w); n != 12 && n != 11 || err != nil {
		t.Errorf("%d were left (%v) of 20, 7 ended by those that died and 1 or 2 by the one whose time was up", n, err)
	}
	for _, a := range accounts {
		if free, events, _ := state(t, w, a); free != 20 || events != 10 {
			t.Errorf("%d seats are free, %d events", free, events)
		}
	}
	w.Clean(accounts...)
}
