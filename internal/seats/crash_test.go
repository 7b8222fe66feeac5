package seats_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// crashSeed makes the second crashes of a sweep the same in every run.
const crashSeed = 20261122

// sweep is a use case whose process dies at each of its calls to the store.
type sweep struct {
	name  string
	stage func(t testing.TB) *seatstest.Rig
	// send runs the use case in a process of its own, always with the same key.
	send func(r *seatstest.Rig, s *seats.Service) error
}

func crowded(n int) func(testing.TB) *seatstest.Rig {
	return func(t testing.TB) *seatstest.Rig {
		r := seatstest.Open(t, seatstest.Seats(90))
		many(r, n)
		return r
	}
}

// everybody are the active members of an account, in the order of their emails.
func everybody(r *seatstest.Rig) []seats.UserID {
	byEmail := map[string]seats.UserID{}
	for id, u := range r.Store.Snapshot().Users[r.Account] {
		if u.Role == seats.Member {
			byEmail[u.Email] = id
		}
	}
	var ids []seats.UserID
	for _, email := range slices.Sorted(maps.Keys(byEmail)) {
		ids = append(ids, byEmail[email])
	}
	return ids
}

func quotedStage(n int64) func(testing.TB) *seatstest.Rig {
	return func(t testing.TB) *seatstest.Rig {
		r := seatstest.Open(t)
		r.JoinLicensed("ann", "bob")
		r.Wall.Set(midNovember())
		r.Quote(n)
		return r
	}
}

func sendConfirm(r *seatstest.Rig, s *seats.Service) error {
	for id := range r.Store.Snapshot().Quotes {
		_, err := s.ConfirmSeats(r.Ctx, r.Caller("owner"), r.Account, r.Sub, id, true, seatstest.Once[seats.SeatChangeResult]("key", "body"))
		return err
	}
	return nil
}

// plainStage has somebody licensed, somebody not, and somebody invited.
func plainStage(t testing.TB) *seatstest.Rig {
	r := seatstest.Open(t)
	r.JoinLicensed("ann")
	r.Join("bob")
	r.Invite(seatstest.Invitee("new", r.Sub))
	return r
}

// erasable has somebody who was removed.
func erasable(t testing.TB) *seatstest.Rig {
	r := plainStage(t)
	r.Must(remove(r, "owner", "bob"))
	return r
}

// sweepsOfPeople are the use cases about people and licenses.
func sweepsOfPeople() []sweep {
	user := seatstest.Once[*seats.User]("key", "body")
	return []sweep{
		{"invite", plainStage, func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.Invite(r.Ctx, r.Caller("owner"), r.Account, append(crowd("p", 6, r.Sub), seatstest.Invitee("bob", "")), seatstest.Once[[]seats.InviteResult]("key", "body"))
			return err
		}},
		{"invite 80", func(t testing.TB) *seatstest.Rig { return seatstest.Open(t, seatstest.Seats(70)) }, func(r *seatstest.Rig, s *seats.Service) error {
			_, err := bulkInvite(r, s, "key", "body")
			return err
		}},
		{"accept", plainStage, func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.Accept(r.Ctx, r.Identity("new"), r.Link("new"), user)
			return err
		}},
		{"assign", plainStage, func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.Assign(r.Ctx, r.Caller("owner"), r.Account, r.Sub, []seats.UserID{r.ID("bob")}, seatstest.Once[[]seats.AssignResult]("key", "body"))
			return err
		}},
		{"assign 98", crowded(98), func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.Assign(r.Ctx, r.Caller("owner"), r.Account, r.Sub, everybody(r), seatstest.Once[[]seats.AssignResult]("key", "body"))
			return err
		}},
		{"create", plainStage, func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.CreateUser(r.Ctx, r.Caller("owner"), r.Account, newUser("cy", r.Sub), seats.Purchase{}, user)
			return err
		}},
		{"erase", erasable, func(r *seatstest.Rig, s *seats.Service) error {
			for id, u := range r.Store.Snapshot().Users[r.Account] {
				if u.Status == seats.UserRemoved {
					_, err := s.EraseUser(r.Ctx, r.Caller("owner"), r.Account, id, user)
					return err
				}
			}
			return nil
		}},
		{"accept where no seat is kept", func(t testing.TB) *seatstest.Rig {
			r := seatstest.Open(t, seatstest.OnPolicies(withoutReserve))
			r.Invite(seatstest.Invitee("new", r.Sub))
			return r
		}, func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.Accept(r.Ctx, r.Identity("new"), r.Link("new"), user)
			return err
		}},
		{"revoke", plainStage, func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.Revoke(r.Ctx, r.Caller("owner"), r.Account, r.Sub, r.ID("ann"), seatstest.Once[struct{}]("key", "body"))
			return err
		}},
		{"resend", plainStage, func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.ResendInvitation(r.Ctx, r.Caller("owner"), r.Account, seats.InvitationOf(r.ID("new")), user)
			return err
		}},
		{"deactivate", plainStage, func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.DeactivateUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("ann"), user)
			return err
		}},
		{"transfer", plainStage, func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.TransferOwnership(r.Ctx, r.Caller("owner"), r.Account, r.ID("ann"), user)
			return err
		}},
		{"expire", func(t testing.TB) *seatstest.Rig {
			r := plainStage(t)
			r.Invite(crowd("p", 3, r.Sub)...)
			r.Wall.Advance(seats.InvitationTTL)
			return r
		}, func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.ExpireLapsed(r.Ctx)
			return err
		}},
		{"open", plainStage, func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.Open(r.Ctx, seatstest.Operator(), form(), seatstest.Once[seats.Opened]("key", "body"))
			return err
		}},
		{"bind", func(t testing.TB) *seatstest.Rig {
			r := seatstest.Open(t)
			_, err := open(r, form(), "first")
			r.Must(err)
			return r
		}, func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.Bind(r.Ctx, r.Identity("olga"))
			return err
		}},
	}
}

// sweepsOfMoney are the use cases about seats and periods.
func sweepsOfMoney() []sweep {
	return []sweep{
		{"increase", quotedStage(8), sendConfirm},
		{"decrease", quotedStage(1), sendConfirm},
		{"close three periods and release", func(t testing.TB) *seatstest.Rig {
			r := seatstest.Open(t, seatstest.OnPolicies(releaseNewest))
			r.JoinLicensed("ann", "bob", "cid")
			r.AddProduct("meetings", "month", 2, 777)
			r.Change(1)
			r.Wall.Set(utc("2027-02-10 00:00:00"))
			return r
		}, func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.Close(r.Ctx, r.Account)
			return err
		}},
		{"a late command", func(t testing.TB) *seatstest.Rig {
			r := seatstest.Open(t, seatstest.OnPolicies(releaseNewest))
			r.JoinLicensed("ann", "bob", "cid")
			r.Change(1)
			r.Wall.Set(utc("2027-01-10 00:00:00"))
			return r
		}, func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.Invite(r.Ctx, r.Caller("owner"), r.Account, crowd("p", 2, ""), seatstest.Once[[]seats.InviteResult]("key", "body"))
			return err
		}},
	}
}

// essence is what a store comes to, without ids and without the instants at which
// people did things, so that two ways to the same end compare.
func essence(r *seatstest.Rig) string {
	d := r.Store.Snapshot()
	var accounts []string
	for account, a := range d.Accounts {
		var lines []string
		lines = append(lines, fmt.Sprintf("account %s due %s, %d invoices, credit %d, owner %s", a.Status, a.Due, a.Invoices, a.CreditMinor, d.Users[account][a.Owner].Email))
		kinds := map[string]int{}
		for _, e := range d.Events[account] {
			kinds[e.Type]++
		}
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			lines = append(lines, fmt.Sprintf("%d × %s", kinds[kind], kind))
		}
		for _, product := range slices.Sorted(maps.Keys(d.Subscriptions[account])) {
			s := d.Subscriptions[account][product]
			lines = append(lines, fmt.Sprintf("pool %s: %d seats, %d free, pending %t, from %s", product, s.Seats, s.Free, s.Pending != nil, s.Period.Start))
		}
		var people []string
		for _, u := range d.Users[account] {
			line := fmt.Sprintf("%s: %s %s bound %t, %d licenses", u.Email, u.Role, u.Status, u.Subject != "", len(u.Licenses))
			if u.Invitation != nil {
				line += fmt.Sprintf(", invitation %s %d %t", u.Invitation.State, u.Invitation.Generation, u.Invitation.Reserved)
			}
			people = append(people, line)
		}
		slices.Sort(people)
		lines = append(lines, people...)
		for _, number := range slices.Sorted(maps.Keys(d.Invoices[account])) {
			inv, err := billing.ParseInvoice(d.Invoices[account][number].Canonical)
			r.Must(err)
			lines = append(lines, fmt.Sprintf("invoice %d of %s: %v", number, inv.IssuedAt.Format(time.DateOnly), amounts(&inv)))
		}
		accounts = append(accounts, strings.Join(lines, "\n"))
	}
	slices.Sort(accounts)
	return strings.Join(accounts, "\n")
}

// TestAProcessThatDiesAtAnyCallLeavesNothingHalf runs each use case once for every
// call it makes to the store, lets the process die there, before the call and after
// its effect, lets the retry die at a random call too, and retries again.
func TestAProcessThatDiesAtAnyCallLeavesNothingHalf(t *testing.T) {
	random := rand.New(rand.NewPCG(crashSeed, crashSeed))
	points, violations := 0, 0
	for _, c := range append(sweepsOfPeople(), sweepsOfMoney()...) {
		t.Run(c.name, func(t *testing.T) {
			r := c.stage(t)
			start, now := r.Store.Snapshot(), r.Wall.Now()
			counting := seatstest.Crash(r.Store, 0, false)
			r.Must(c.send(r, r.On(counting)))
			calls, want := counting.Calls(), essence(r)
			for k := 1; k <= calls; k++ {
				for _, after := range []bool{false, true} {
					points++
					r.Store.Restore(start)
					r.Wall.Set(now)
					_ = c.send(r, r.On(seatstest.Crash(r.Store, k, after)))
					// The lease of a claim runs out before anybody retries.
					r.Wall.Advance(time.Minute)
					_ = c.send(r, r.On(seatstest.Crash(r.Store, 1+random.IntN(calls), random.IntN(2) == 0)))
					r.Wall.Advance(time.Minute)
					err := c.send(r, r.On(r.Store))
					r.Wall.Advance(time.Minute)
					again := c.send(r, r.On(r.Store))
					findings := seatstest.AuditAll(r.Ctx, r.Store, r.Wall.Now())
					if got := essence(r); err != nil || again != nil || got != want || len(findings) > 0 {
						violations++
						t.Errorf("died at call %d of %d, after its effect %t: %v, %v, %v\n%s\nuninterrupted:\n%s", k, calls, after, err, again, findings, got, want)
					}
				}
			}
		})
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 1, Did: "use cases whose process dies at each call to the store, before and after its effect, and a second time on the retry",
		Bad: violations, Of: points, What: "crash points with violations", Seed: crashSeed,
	})
}
