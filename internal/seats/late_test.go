package seats_test

import (
	"errors"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func TestAMachineWhoseClockIsBehindTakesUpAReleaseThatDied(t *testing.T) {
	r := overAssigned(t)
	dying := seatstest.Crash(r.Store, 0, false)
	racing := &seatstest.Racing{Store: dying, Before: func(n int, _ *seats.Change) {
		if n == 2 {
			dying.DieAt(1, false)
		}
	}}
	if _, err := r.On(racing).Close(r.Ctx, r.Account); !errors.Is(err, seatstest.ErrDied) {
		t.Fatalf("the process did not die: %v", err)
	}
	r.Wall.Set(r.Pool().Period.Start.Add(-time.Second))
	const enough = 200
	behind := seatstest.Crash(r.Store, enough, false)
	_, err := r.On(behind).Revoke(r.Ctx, r.Caller("owner"), r.Account, r.Sub, r.ID("ann"), none[struct{}]())
	if err != nil {
		t.Fatalf("a command for a machine that is a second behind, after %d calls: %v", behind.Calls(), err)
	}
	equal(t, "due next", r.Stored().Due, r.Pool().Period.End)
	r.Clean()
}

func TestAClockThatGoesBackAndForthHoldsACommandUpNotForEver(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann")
	const enough = 200
	asked := 0
	s := r.On(r.Store)
	s.Wall = func() time.Time {
		if asked++; asked > enough {
			t.Fatal("the command reads and closes without end")
		}
		// Every other look at the clock is a second before the boundary.
		return decemberFirst().Add(time.Duration(asked%2-1) * time.Second)
	}
	for _, first := range []int{0, 1} {
		asked = first
		before := r.Store.Snapshot()
		_, err := s.Revoke(r.Ctx, r.Caller("owner"), r.Account, r.Sub, r.ID("ann"), none[struct{}]())
		if err == nil {
			r.Store.Restore(before)
			continue
		}
		wantCode(t, err, "busy")
		nothingChanged(t, r, before)
	}
}
