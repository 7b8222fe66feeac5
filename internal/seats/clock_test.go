package seats_test

import (
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func advance(r *seatstest.Rig, to time.Time) (seats.ClockResult, error) {
	return r.Service.AdvanceClock(r.Ctx, seatstest.Operator(), r.Account, to)
}

func TestATestClockGoesFromDueInstantToDueInstant(t *testing.T) {
	r := seatstest.Open(t, seatstest.TestClock())
	r.Invite(seatstest.Invitee("ann", r.Sub))
	r.Change(3)
	to := utc("2027-01-15 00:00:00")
	result, err := advance(r, to)
	r.Must(err)
	equal(t, "done", result.Done, true)
	equal(t, "clock", result.Clock, to)
	equal(t, "the account's clock", r.Stored().Clock, to)
	equal(t, "closes", len(r.Events(seats.CycleClosed)), 2)
	expired := r.Events(seats.InvitationExpiredEv)
	equal(t, "expired", len(expired), 1)
	equal(t, "expired at", expired[0].At, seatstest.Opening().Add(seats.InvitationTTL))
	equal(t, "free seats", r.Pool().Free, 3)
	advanced := r.Events(seats.ClockAdvanced)
	equal(t, "moves", len(advanced), 1)
	equal(t, "mover", advanced[0].Actor, seatstest.Operator())
	// The wall clock stood still, and rules what is recorded.
	equal(t, "recorded", advanced[0].RecordedAt, seatstest.Opening())
	r.Clean()
}

func TestATestClockMovesOnlyForwardAndNotBeyondTheCalendar(t *testing.T) {
	r := seatstest.Open(t, seatstest.TestClock())
	for _, c := range []struct {
		to   time.Time
		want string
	}{
		{seatstest.Opening().Add(-1), "invalid"},
		{seatstest.Opening(), ""},
		{utc("2101-01-01 00:00:00"), "invalid"},
		{utc("2101-01-01 02:00:00").In(time.FixedZone("west", -12*3600)), "invalid"},
	} {
		before := r.Store.Snapshot()
		_, err := advance(r, c.to)
		wantCode(t, err, c.want)
		nothingChanged(t, r, before)
	}
}

func TestAnOrdinaryAccountHasNoClock(t *testing.T) {
	r := seatstest.Open(t)
	before := r.Store.Snapshot()
	_, err := advance(r, utc("2027-01-01 00:00:00"))
	wantCode(t, err, "state_conflict")
	nothingChanged(t, r, before)
	_, err = r.Service.AdvanceClock(r.Ctx, seatstest.Operator(), "acc_x", utc("2027-01-01 00:00:00"))
	wantCode(t, err, "not_found")
}

func TestALongMoveStopsWithinItsBudgetAndGoesOnWhereItStopped(t *testing.T) {
	r := seatstest.Open(t, seatstest.TestClock())
	to := utc("2028-01-15 00:00:00")
	// Each close takes ten seconds of the wall clock.
	slow := r.On(&seatstest.Racing{Store: r.Store, Before: func(_ int, c *seats.Change) {
		if len(c.Subscriptions) > 0 {
			r.Wall.Advance(10 * time.Second)
		}
	}})
	calls := 0
	for {
		calls++
		started := r.Wall.Now()
		result, err := slow.AdvanceClock(r.Ctx, seatstest.Operator(), r.Account, to)
		r.Must(err)
		if took := r.Wall.Now().Sub(started); took > seats.ClockBudget+10*time.Second {
			t.Fatalf("a call took %s", took)
		}
		if result.Done {
			break
		}
		if result.Clock.After(to) || !result.Clock.Equal(r.Stored().Clock) {
			t.Fatalf("the clock stands at %s, told as %s", r.Stored().Clock, result.Clock)
		}
	}
	equal(t, "calls", calls, 5) // 14 boundaries, three a call
	equal(t, "closes", len(r.Events(seats.CycleClosed)), 14)
	equal(t, "moves", len(r.Events(seats.ClockAdvanced)), 1)
	r.Clean()
}

func TestATestAccountStandsInNoIndexOfTime(t *testing.T) {
	r := seatstest.Open(t, seatstest.TestClock())
	r.Invite(seatstest.Invitee("ann", r.Sub))
	r.Wall.Set(utc("2030-01-01 00:00:00"))
	r.Must(r.Store.DueAccounts(r.Ctx, r.Wall.Now(), func(ids []seats.AccountID) error {
		t.Errorf("found due: %v", ids)
		return nil
	}))
	equal(t, "expired", expire(r), 0)
	// Its own clock has not moved: the link opens, nothing is closed.
	_, err := r.Accept("ann")
	r.Must(err)
	equal(t, "closed", r.Close(), 0)
	r.Clean()
}

func TestATestAccountAndAnOrdinaryOneComeToTheSame(t *testing.T) {
	play := func(r *seatstest.Rig, to func(time.Time)) []int64 {
		r.JoinLicensed("ann")
		to(midNovember())
		r.Change(8)
		r.Change(6)
		to(utc("2026-11-27 12:00:00"))
		r.Invite(seatstest.Invitee("bob", r.Sub))
		to(utc("2027-01-31 12:00:00"))
		r.Change(9)
		to(utc("2027-02-28 23:00:00"))
		var all []int64
		for _, inv := range r.Invoices() {
			all = append(all, amounts(&inv)...)
			all = append(all, inv.IssuedAt.Unix())
		}
		r.Clean()
		return append(all, r.Pool().Free)
	}
	ordinary := seatstest.Open(t)
	tested := seatstest.Open(t, seatstest.TestClock())
	a := play(ordinary, func(at time.Time) {
		ordinary.Wall.Set(at)
		expire(ordinary)
		ordinary.Close()
	})
	b := play(tested, func(at time.Time) {
		_, err := advance(tested, at)
		tested.Must(err)
		tested.Wall.Advance(time.Second)
	})
	equalSlices(t, "amounts and instants", b, a)
}

func TestAClockThatDiedOnItsWayGoesOn(t *testing.T) {
	r := seatstest.Open(t, seatstest.TestClock(), seatstest.OnPolicies(releaseNewest))
	r.JoinLicensed("ann", "bob", "cid")
	r.Invite(seatstest.Invitee("dan", r.Sub))
	r.Change(1)
	to := utc("2027-01-15 00:00:00")
	before := r.Store.Snapshot()
	count := seatstest.Crash(r.Store, 0, false)
	_, err := r.On(count).AdvanceClock(r.Ctx, seatstest.Operator(), r.Account, to)
	r.Must(err)
	points := 0
	for k := 1; k <= count.Calls(); k++ {
		for _, after := range []bool{false, true} {
			points++
			r.Store.Restore(before)
			_, _ = r.On(seatstest.Crash(r.Store, k, after)).AdvanceClock(r.Ctx, seatstest.Operator(), r.Account, to)
			result, err := advance(r, to)
			r.Must(err)
			equal(t, "done", result.Done, true)
			equal(t, "closes", len(r.Events(seats.CycleClosed)), 2)
			equal(t, "free seats", r.Pool().Free, 0)
			equal(t, "expired", len(r.Events(seats.InvitationExpiredEv)), 1)
			r.Clean()
		}
	}
	t.Logf("%d crash points", points)
}

func TestAParkedTestAccountsClockMovesOnAndItIsClosedLater(t *testing.T) {
	r := seatstest.Open(t, seatstest.TestClock())
	way := broken()["the price went up a hundredfold"]
	way.do(r)
	result, err := advance(r, utc("2027-01-15 00:00:00"))
	r.Must(err)
	equal(t, "done", result.Done, true)
	equal(t, "status", r.Stored().Status, seats.AccountParked)
	way.mend(r)
	_, err = r.Service.RetryParked(r.Ctx, seatstest.Operator(), r.Account)
	r.Must(err)
	equal(t, "closes", len(r.Events(seats.CycleClosed)), 2)
	equal(t, "clock", r.Stored().Clock, utc("2027-01-15 00:00:00"))
	r.Clean()
}
