package seats_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func reminders(r *seatstest.Rig) []seats.Event {
	return r.Events(seats.ReminderDecrease, seats.ReminderPlanChange, seats.ReminderCancellation, seats.ReminderInvitation)
}

// remindAt runs the daily job at an instant of the wall clock.
func remindAt(r *seatstest.Rig, at time.Time) int {
	r.Helper()
	r.Wall.Advance(at.Sub(r.Wall.Now()))
	n, err := r.Service.Remind(r.Ctx)
	r.Must(err)
	return n
}

func releasing(p *seats.Policies) { p.OverAssigned = seats.ReleaseNewest }

func TestADecreaseIsRemindedOfOnceWithWhoLosesTheirLicense(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(releasing))
	r.JoinLicensed("ann", "ben")
	r.Wall.Advance(time.Hour)
	r.JoinLicensed("cy")
	r.Change(2)
	end := r.Pool().Period.End
	equal(t, "a second early", remindAt(r, end.Add(-seats.ReminderAhead-time.Second)), 0)
	equal(t, "seven days before", remindAt(r, end.Add(-seats.ReminderAhead)), 1)
	equal(t, "a day later", remindAt(r, end.Add(-seats.ReminderAhead+24*time.Hour)), 0)
	told := reminders(r)
	if len(told) != 1 || told[0].Type != seats.ReminderDecrease {
		t.Fatalf("got %+v", told)
	}
	d := told[0].Data
	if d.Subscription != r.Sub || d.From != 5 || d.To != 2 || !d.EffectiveAt.Equal(end) || d.People != 1 || told[0].Actor != seats.System {
		t.Errorf("got %+v", d)
	}
	equalSlices(t, "concerned", d.UserIDs, []seats.UserID{r.ID("cy")})
	r.CloseAt(end)
	equal(t, "after it took effect", remindAt(r, end.Add(24*time.Hour)), 0)
	r.Clean()
}

// Open invitations lose their seats first, and nobody who is invited has a license to
// lose.
func TestAReminderNamesNobodyWhoIsInvited(t *testing.T) {
	for _, c := range []struct {
		name   string
		remind string
		do     func(*seatstest.Rig)
		lose   []string
	}{
		{"whose seats are enough", seats.ReminderDecrease, func(r *seatstest.Rig) { r.Change(3) }, nil},
		{"whose seats are not enough", seats.ReminderDecrease, func(r *seatstest.Rig) { r.Change(1) }, []string{"cy", "ben"}},
		{"to a subscription that ends", seats.ReminderCancellation, func(r *seatstest.Rig) { r.Cancel() }, []string{"cy", "ben", "ann"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := seatstest.Open(t, seatstest.OnPolicies(releasing))
			for _, who := range []string{"ann", "ben", "cy"} {
				r.JoinLicensed(who)
				r.Wall.Advance(time.Hour)
			}
			end := r.Pool().Period.End
			r.Wall.Set(end.Add(-seats.ReminderAhead))
			r.Invite(seatstest.Invitee("dan", r.Sub), seatstest.Invitee("eve", r.Sub))
			c.do(r)
			equal(t, "reminders", remindAt(r, end.Add(-6*24*time.Hour)), 1)
			d := r.Events(c.remind)[0].Data
			var lose []seats.UserID
			for _, who := range c.lose {
				lose = append(lose, r.ID(who))
			}
			equalSlices(t, "named", d.UserIDs, lose)
			equal(t, "people", d.People, int64(len(lose)))
			r.Clean()
		})
	}
}

// Who loses their license is a matter of the plan that they would have lost it on.
func TestADecreaseIsRemindedOfByThePlanThatFollows(t *testing.T) {
	for name, c := range map[string]struct {
		now, then func(*seats.Policies)
		lose      int
		to        int64
	}{
		"that takes licenses":                       {keeping, releasing, 1, 2},
		"that lets everybody keep theirs":           {releasing, keeping, 0, 3},
		"that keeps what is used, and takes it too": {keeping, func(p *seats.Policies) { releasing(p); p.AutoSeats = true }, 1, 2},
		"that keeps what is used":                   {releasing, func(p *seats.Policies) { keeping(p); p.AutoSeats = true }, 0, 3},
		"that bills active users":                   {releasing, seatstest.ActiveUsers(seats.CountAtClose), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t, seatstest.OnPolicies(c.now))
			offer(r, "basic", 0, 1000, func(p *seats.Plan) { c.then(&p.Policies) })
			r.JoinLicensed("ann", "ben")
			r.Wall.Advance(time.Hour)
			r.JoinLicensed("cy")
			r.Change(2)
			r.ChangePlan("basic", 0)
			end := r.Pool().Period.End
			equal(t, "reminders", remindAt(r, end.Add(-seats.ReminderAhead)), 2)
			d := r.Events(seats.ReminderDecrease)[0].Data
			equal(t, "concerned", d.People, int64(c.lose))
			equal(t, "seats then", r.Events(seats.ReminderPlanChange)[0].Data.To, c.to)
			r.CloseAt(end)
			equal(t, "seats", r.Pool().Seats, c.to)
			var lost []seats.UserID
			for _, e := range r.Events(seats.LicenseRevoked) {
				if e.Data.Reason == seats.ReasonDecrease {
					lost = append(lost, e.Data.UserIDs...)
				}
			}
			equalSlices(t, "lose their license", lost, d.UserIDs)
			r.Clean()
		})
	}
}

// What is changed after a reminder is reminded of anew: others lose their license by it.
func TestADecreaseIsRemindedOfAnewWhereOthersLoseTheirLicense(t *testing.T) {
	for name, c := range map[string]struct {
		now  func(*seats.Policies)
		then func(*seatstest.Rig)
		lose int64
	}{
		"by another plan at the end of the cycle": {keeping, func(r *seatstest.Rig) {
			offer(r, "strict", 0, 1000, func(p *seats.Plan) { releasing(&p.Policies) })
			r.ChangePlan("strict", 0)
		}, 2},
		"by another plan at once": {keeping, func(r *seatstest.Rig) {
			offer(r, "strict", 2, 3000, func(p *seats.Plan) { releasing(&p.Policies) })
			r.ChangePlan("strict", 0)
		}, 2},
		"by none after all": {keeping, func(r *seatstest.Rig) {
			offer(r, "strict", 0, 1000, func(p *seats.Plan) { releasing(&p.Policies) })
			r.ChangePlan("strict", 0)
			_, err := r.Service.CancelPendingPlan(r.Ctx, r.Caller("owner"), r.Account, r.Sub, none[*seats.Subscription]())
			r.Must(err)
		}, 0},
		"by more seats": {releasing, func(r *seatstest.Rig) { r.Change(6) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t, seatstest.OnPolicies(c.now))
			r.JoinLicensed("ann", "ben", "cy")
			r.Change(1)
			end := r.Pool().Period.End
			equal(t, "first", remindAt(r, end.Add(-seats.ReminderAhead)), 1)
			c.then(r)
			remindAt(r, end.Add(-seats.ReminderAhead+time.Hour))
			told := r.Events(seats.ReminderDecrease)
			equal(t, "reminders", len(told), 2)
			equal(t, "concerned", told[1].Data.People, c.lose)
			r.CloseAt(end)
			equal(t, "licenses", r.Pool().Used(), 3-c.lose)
			r.Clean()
		})
	}
}

func keeping(p *seats.Policies) { p.OverAssigned = seats.KeepAssigned }

// A decrease that is changed is reminded of anew; one that is taken back is not.
func TestAReminderIsOfWhatIsScheduledNow(t *testing.T) {
	r := seatstest.Open(t)
	end := r.Pool().Period.End
	r.Change(3)
	equal(t, "first", remindAt(r, end.Add(-seats.ReminderAhead)), 1)
	r.Change(2)
	equal(t, "changed", remindAt(r, end.Add(-6*24*time.Hour)), 1)
	r.Change(4)
	r.Change(5)
	equal(t, "taken back", remindAt(r, end.Add(-5*24*time.Hour)), 0)
	told := reminders(r)
	equal(t, "reminders", len(told), 2)
	equal(t, "of nobody, since everybody keeps their license", len(told[0].Data.UserIDs), 0)
	r.Change(1)
	equal(t, "when it is over", remindAt(r, end), 0)
	r.Clean()
}

func TestACancellationIsRemindedOfInsteadOfTheRest(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann", "ben")
	r.Change(3)
	_, err := r.Service.Cancel(r.Ctx, r.Caller("owner"), r.Account, r.Sub, none[*seats.Subscription]())
	r.Must(err)
	end := r.Pool().Period.End
	equal(t, "seven days before", remindAt(r, end.Add(-seats.ReminderAhead)), 1)
	told := reminders(r)
	if told[0].Type != seats.ReminderCancellation || told[0].Data.People != 2 || len(told[0].Data.UserIDs) != 2 {
		t.Errorf("got %+v", told[0])
	}
	equal(t, "again", remindAt(r, end.Add(-6*24*time.Hour)), 0)
	r.Clean()
}

// Many are named up to a bound, and counted whole.
func TestAReminderNamesSoManyAndCountsAll(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(releasing), seatstest.Seats(seats.MaxReminded+2))
	for i := range seats.MaxReminded + 2 {
		r.JoinLicensed(fmt.Sprint("p", i))
	}
	for _, keep := range []int64{2, 1} {
		r.Change(keep)
		equal(t, "reminders", remindAt(r, latest(r.Wall.Now().Add(time.Minute), r.Pool().Period.End.Add(-seats.ReminderAhead))), 1)
		told := reminders(r)
		d := told[len(told)-1].Data
		equal(t, "people", d.People, seats.MaxReminded+2-keep)
		equal(t, "named", len(d.UserIDs), seats.MaxReminded)
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func TestAnInvitationIsRemindedOfOnce(t *testing.T) {
	r := seatstest.Open(t)
	r.Invite(seatstest.Invitee("ann", r.Sub), seatstest.Invitee("ben", ""), seatstest.Invitee("cy", ""))
	expiry := r.User("ann").Invitation.ExpiresAt
	_, err := r.Accept("cy")
	r.Must(err)
	equal(t, "a second early", remindAt(r, expiry.Add(-seats.InvitationReminderAhead-time.Second)), 0)
	equal(t, "two days before", remindAt(r, expiry.Add(-seats.InvitationReminderAhead)), 2)
	equal(t, "a day later", remindAt(r, expiry.Add(-24*time.Hour)), 0)
	for _, e := range reminders(r) {
		d := e.Data
		licensed := d.UserID == r.ID("ann")
		if e.Type != seats.ReminderInvitation || d.Generation != 1 || !d.ExpiresAt.Equal(expiry) || d.InviterID != r.Owner || (d.Product != "") != licensed || (d.Subscription != "") != licensed {
			t.Errorf("got %+v", e)
		}
	}
	// A link that is sent again ends later, and is reminded of again.
	_, err = r.Service.ResendInvitation(r.Ctx, r.Caller("owner"), r.Account, seats.InvitationOf(r.ID("ben")), none[*seats.User]())
	r.Must(err)
	again := r.User("ben").Invitation.ExpiresAt
	equal(t, "too late for the other", remindAt(r, expiry), 0)
	equal(t, "sent again", remindAt(r, again.Add(-seats.InvitationReminderAhead)), 1)
	r.Clean()
}

// Two jobs at once, and a job that dies anywhere, remind once.
func TestRemindersAreMadeOnceWhateverRuns(t *testing.T) {
	r := seatstest.Open(t)
	for i := range 5 {
		r.Invite(seatstest.Invitee(fmt.Sprint("p", i), ""))
	}
	r.Change(3)
	end := r.Pool().Period.End
	r.Wall.Advance(end.Add(-seats.ReminderAhead).Sub(r.Wall.Now()))
	_, err := r.Service.ExpireLapsed(r.Ctx)
	r.Must(err)
	for i := range 5 {
		_, err := r.Service.ResendInvitation(r.Ctx, r.Caller("owner"), r.Account, seats.InvitationOf(r.ID(fmt.Sprint("p", i))), none[*seats.User]())
		r.Must(err)
	}
	r.Wall.Advance(5 * 24 * time.Hour)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := r.On(r.Store).Remind(r.Ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	equal(t, "reminders", len(reminders(r)), 6)
	r.Clean()
}

// A parked account is not told that something will take effect.
func TestAParkedAccountIsNotReminded(t *testing.T) {
	r := seatstest.Open(t)
	r.Change(3)
	r.Store.Tamper(func(d *seatstest.Data) { d.Accounts[r.Account].Status = seats.AccountParked })
	equal(t, "parked", remindAt(r, r.Pool().Period.End.Add(-seats.ReminderAhead)), 0)
}

// A test account's clock passes the same reminders, each at its own instant and
// before what it reminds of.
func TestAClockPassesItsReminders(t *testing.T) {
	r := seatstest.Open(t, seatstest.TestClock(), seatstest.OnPolicies(releasing))
	r.JoinLicensed("ann", "ben")
	r.Invite(seatstest.Invitee("late", r.Sub))
	r.Change(1)
	end, expiry := r.Pool().Period.End, r.User("late").Invitation.ExpiresAt
	for range 2 {
		_, err := r.Service.AdvanceClock(r.Ctx, seatstest.Operator(), r.Account, end.Add(time.Hour))
		r.Must(err)
	}
	var got []string
	for _, e := range r.Events(seats.ReminderDecrease, seats.ReminderInvitation, seats.InvitationExpiredEv, seats.CycleClosed) {
		got = append(got, e.Type+" "+e.At.UTC().Format(time.DateTime))
	}
	stamp := func(kind string, at time.Time) string { return kind + " " + at.UTC().Format(time.DateTime) }
	equalSlices(t, "events", got, []string{
		stamp(seats.ReminderInvitation, expiry.Add(-seats.InvitationReminderAhead)), stamp(seats.InvitationExpiredEv, expiry),
		stamp(seats.ReminderDecrease, end.Add(-seats.ReminderAhead)), stamp(seats.CycleClosed, end),
	})
	// The reservation has lapsed by the time of the reminder, and loses nothing.
	told := r.Events(seats.ReminderDecrease)[0].Data
	equal(t, "concerned", told.People, 1)
	equalSlices(t, "named", told.UserIDs, []seats.UserID{latestHolder(r, "ann", "ben")})
	equal(t, "the daily job finds", remindAt(r, end.Add(-seats.ReminderAhead)), 0)
	r.Clean()
}

// latestHolder is who of two people with licenses of one instant loses theirs first.
func latestHolder(r *seatstest.Rig, a, b string) seats.UserID { return max(r.ID(a), r.ID(b)) }

// A parked account's time passes as well: it is not reminded, and invitations end.
func TestAParkedTestAccountIsNotRemindedAndItsInvitationsEnd(t *testing.T) {
	r := seatstest.Open(t, seatstest.TestClock())
	r.Change(3)
	r.Wall.Advance(time.Second)
	to := r.Pool().Period.End.Add(-time.Hour)
	_, err := advance(r, to.Add(-2*24*time.Hour-seats.ReminderAhead))
	r.Must(err)
	r.Invite(seatstest.Invitee("late", r.Sub))
	r.Store.Tamper(func(d *seatstest.Data) { d.Accounts[r.Account].Status = seats.AccountParked })
	_, err = advance(r, to)
	r.Must(err)
	equal(t, "decreases reminded of", len(r.Events(seats.ReminderDecrease)), 0)
	equal(t, "invitations ended", len(r.Events(seats.InvitationExpiredEv)), 1)
}
