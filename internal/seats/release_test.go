package seats_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// seated is an account of n seats with a license on each, given in the order of their
// numbers, behind the domain's back: giving them one by one takes too long.
func seated(t testing.TB, n int, options ...seatstest.Option) *seatstest.Rig {
	r := seatstest.Open(t, append([]seatstest.Option{seatstest.Seats(int64(n))}, options...)...)
	r.Store.Tamper(func(d *seatstest.Data) {
		mint := &seats.Minter{At: r.Wall.Now(), Wall: r.Wall.Now()}
		by := seats.Actor{Kind: seats.ActorUser, ID: string(r.Owner)}
		for i := range n {
			at := r.Wall.Now().Add(time.Duration(i) * time.Second)
			u := &seats.User{
				ID: mint.User(), Account: r.Account, Rev: 1, Email: seatstest.Email(fmt.Sprintf("p%05d", i)), Role: seats.Member, Status: seats.UserActive,
				AddedAt: at, Licenses: map[string]seats.License{r.Product: {Subscription: r.Sub, Since: at, By: r.Owner}},
			}
			e := &seats.Event{
				ID: mint.Event(), Account: r.Account, Type: seats.UserCreated, At: at, RecordedAt: at, Actor: by, Revs: []seats.Rev{{ID: string(u.ID), Rev: 1}},
				Data: seats.EventData{UserID: u.ID, Active: true, Role: seats.Member, Subscription: r.Sub, Product: r.Product, Licensed: true},
			}
			d.Users[r.Account][u.ID], d.Events[r.Account][e.ID] = u, e
			d.Emails[u.Email] = map[seats.AccountID]seats.UserID{r.Account: u.ID}
		}
		d.Subscriptions[r.Account][r.Product].Free = 0
	})
	return r
}

// kept are the numbers of those who have a license.
func kept(r *seatstest.Rig) (n int, newest time.Time) {
	r.Store.Tamper(func(d *seatstest.Data) {
		for _, u := range d.Users[r.Account] {
			if l, ok := u.Licenses[r.Product]; ok {
				n++
				if l.Since.After(newest) {
					newest = l.Since
				}
			}
		}
	})
	return n, newest
}

func TestTenThousandLicensesAreReleasedThoughTheCloseDies(t *testing.T) {
	const people, keep = seats.MaxUsersPerAccount - 1, 10
	for name, do := range map[string]struct {
		begin func(*seatstest.Rig)
		keep  int
	}{
		"a decrease":     {func(r *seatstest.Rig) { r.Change(keep) }, keep},
		"a cancellation": {func(r *seatstest.Rig) { r.Cancel() }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := seated(t, people, seatstest.OnPolicies(releaseNewest))
			opened := r.Wall.Now()
			do.begin(r)
			r.Wall.Set(decemberFirst())
			// Two closes at once; one dies in the middle.
			dying := seatstest.Crash(r.Store, 0, false)
			racing := &seatstest.Racing{Store: dying, Before: func(n int, _ *seats.Change) {
				if n == 40 {
					dying.DieAt(1, false)
				}
			}}
			if _, err := r.On(racing).Close(r.Ctx, r.Account); !errors.Is(err, seatstest.ErrDied) {
				t.Fatalf("the process did not die: %v", err)
			}
			if n, _ := kept(r); n <= do.keep || n >= people {
				t.Fatalf("%d licenses are left in the middle", n)
			}
			equal(t, "the boundary stays due", r.Stored().Due, decemberFirst())
			r.Close()
			n, newest := kept(r)
			equal(t, "licenses left", n, do.keep)
			if n > 0 {
				equal(t, "the newest of them", newest, opened.Add((keep-1)*time.Second))
			}
			equal(t, "free seats", r.Pool().Free, 0)
			var taken int
			for _, e := range r.Events(seats.LicenseRevoked) {
				taken += len(e.Data.UserIDs)
			}
			equal(t, "licenses taken", taken, people-do.keep)
			r.Clean()
		})
	}
}

func TestAnImmediateReleaseThatDiedIsFoundAgain(t *testing.T) {
	r := seated(t, 300, seatstest.OnPolicies(func(p *seats.Policies) {
		p.Decrease, p.OverAssigned = seats.DecreaseImmediateCredit, seats.ReleaseNewest
	}))
	now := r.At("2026-11-16 08:00:00")
	q := r.Quote(50)
	dying := seatstest.Crash(r.Store, 0, false)
	racing := &seatstest.Racing{Store: dying, Before: func(n int, _ *seats.Change) {
		if n == 3 {
			dying.DieAt(1, false)
		}
	}}
	_, err := r.On(racing).ConfirmSeats(r.Ctx, r.Caller("owner"), r.Account, r.Sub, q.ID, true, seatstest.Once[seats.SeatChangeResult](r.Key(), "confirm"))
	if err != nil && !errors.Is(err, seatstest.ErrDied) {
		t.Fatal(err)
	}
	if n, _ := kept(r); n == 50 || n == 300 {
		t.Fatalf("%d licenses are left in the middle", n)
	}
	equal(t, "due", r.Stored().Due, now)
	r.At("2026-11-16 09:00:00")
	equal(t, "boundaries closed", r.Close(), 0)
	n, _ := kept(r)
	equal(t, "licenses left", n, 50)
	equal(t, "due next", r.Stored().Due, decemberFirst())
	for _, e := range r.Events(seats.LicenseRevoked) {
		equal(t, "instant", e.At, now)
	}
	r.Clean()
	equal(t, "closed", r.CloseAt(decemberFirst()), 1)
	r.Clean()
}
