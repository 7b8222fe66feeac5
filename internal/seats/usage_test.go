package seats_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// desk is an account on a plan of active users at 20 a user.
func desk(t testing.TB, count seats.ActiveCount, options ...seatstest.Option) *seatstest.Rig {
	all := append([]seatstest.Option{seatstest.Seats(0), seatstest.OnPolicies(seatstest.ActiveUsers(count))}, options...)
	return seatstest.Open(t, all...)
}

// lastLine is the only line of the newest invoice.
func lastLine(t testing.TB, r *seatstest.Rig) *billing.Line {
	t.Helper()
	inv := r.Invoices()
	if len(inv) == 0 || len(inv[len(inv)-1].Lines) != 1 {
		t.Fatalf("%d invoices, or other lines than one", len(inv))
	}
	return &inv[len(inv)-1].Lines[0]
}

// comeAndGo is a November: the owner all of it, ann from the 10th, bob from the 10th to
// the 20th, cid on the 25th within one day, dan from the 30th at the last minute.
func comeAndGo(r *seatstest.Rig) {
	r.At("2026-11-10 09:00:00")
	r.Join("ann", "bob", "cid")
	r.Deactivate("cid")
	r.At("2026-11-20 09:00:00")
	r.Deactivate("bob")
	r.At("2026-11-25 09:00:00")
	r.Activate("cid")
	r.At("2026-11-25 10:00:00")
	r.Remove("cid")
	r.At("2026-11-30 22:59:00")
	r.Join("dan")
}

func TestActiveUsersAreBilledBehindByHowTheyAreCounted(t *testing.T) {
	for _, way := range []struct {
		count    seats.ActiveCount
		num, den int64
		amount   int64
		people   []string
	}{
		{seats.CountAtClose, 3, 1, 6000, []string{"owner", "ann", "dan"}},
		{seats.CountPeak, 3, 1, 6000, []string{"owner", "ann", "bob"}},
		// 30 days of the owner, 21 of ann, 11 of bob, 1 of cid and 1 of dan.
		{seats.CountDaily, 64, 30, 4267, []string{"owner", "ann", "bob", "cid", "dan"}},
	} {
		t.Run(string(way.count), func(t *testing.T) {
			r := desk(t, way.count)
			ids := map[seats.UserID]string{r.Owner: "owner"}
			equal(t, "invoices at the beginning", len(r.Invoices()), 0)
			r.At("2026-11-10 09:00:00")
			comeAndGo(r)
			for _, e := range r.Events(seats.UserJoined) {
				ids[e.Data.UserID] = r.UserByID(e.Data.UserID).LastName
			}
			r.CloseAt(decemberFirst())
			l := lastLine(t, r)
			equal(t, "kind", l.Kind, billing.LineUsage)
			equal(t, "quantity", l.QuantityNum, way.num)
			equal(t, "of", l.QuantityDen, way.den)
			equal(t, "amount", l.AmountMinor, way.amount)
			var people []string
			for _, p := range r.Billed(l) {
				people = append(people, ids[p.User])
			}
			slices.Sort(people)
			slices.Sort(way.people)
			if way.count == seats.CountPeak {
				// Three were active more than once; those of the first time are billed.
				equal(t, "people", len(people), 3)
			} else {
				equalSlices(t, "people", people, way.people)
			}
			e := r.Events(seats.CycleClosed)[0].Data
			equal(t, "people in the ledger", e.People, int64(len(people)))
			equal(t, "hash in the ledger", e.PeopleSHA256, l.PeopleSHA256)
			r.Clean()
			// December has the owner, ann and dan throughout.
			r.CloseAt(utc("2026-12-31 23:00:00"))
			equal(t, "December", lastLine(t, r).AmountMinor, 6000)
			r.Clean()
		})
	}
}

func TestTheLeastIsBilledWhereFewerAreActive(t *testing.T) {
	for _, count := range []seats.ActiveCount{seats.CountAtClose, seats.CountPeak, seats.CountDaily} {
		r := desk(t, count, seatstest.OnPolicies(func(p *seats.Policies) { p.MinSeats = 4 }))
		r.CloseAt(decemberFirst())
		equal(t, string(count), lastLine(t, r).AmountMinor, 8000)
		equal(t, "people", lastLine(t, r).People, 1)
		r.Clean()
	}
}

func TestASubscriptionThatBeganWithinThePeriodIsBilledForItsPart(t *testing.T) {
	for name, way := range map[string]struct {
		change func(*seats.Policies)
		want   int64
	}{
		// From the 16th on: 15 of 30 days of 3 users.
		"at the close":        {seatstest.ActiveUsers(seats.CountAtClose), 3000},
		"by the day":          {seatstest.ActiveUsers(seats.CountDaily), 3000},
		"by the second":       {func(p *seats.Policies) { seatstest.ActiveUsers(seats.CountPeak)(p); p.Proration = billing.BySecond }, 2925},
		"whole":               {func(p *seats.Policies) { seatstest.ActiveUsers(seats.CountPeak)(p); p.Proration = billing.NoProration }, 6000},
		"after ten days free": {func(p *seats.Policies) { seatstest.ActiveUsers(seats.CountDaily)(p); p.TrialDays = 10 }, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t, seatstest.OnPlan(func(p *seats.Plan) { p.Prices["EUR"] = billing.Price{Model: billing.PerSeat} }))
			r.At("2026-11-05 09:00:00")
			r.Join("ann", "bob")
			r.At("2026-11-16 08:00:00")
			plan := r.Publish("desk-plan", func(p *seats.Plan) {
				p.Product = seats.Product{ID: "desk", Name: "Desk"}
				way.change(&p.Policies)
			})
			r.Subscribe(plan.ID, 0)
			for r.CloseAt(decemberFirst()) > 0 {
				r.Clean()
			}
			equal(t, "amount", lastLine(t, r).AmountMinor, way.want)
			r.CloseAt(utc("2026-12-31 23:00:00"))
			equal(t, "the next period", lastLine(t, r).AmountMinor, 6000)
			r.Clean()
		})
	}
}

func TestTheUpcomingInvoiceIsThatOfTheUsersActiveNow(t *testing.T) {
	r := desk(t, seats.CountDaily)
	r.At("2026-11-16 08:00:00")
	r.Join("ann")
	upcoming := func() int64 {
		inv, at, err := r.Service.Upcoming(r.Ctx, r.Caller("owner"), r.Account)
		r.Must(err)
		equal(t, "issued", at, decemberFirst())
		return inv.NetMinor
	}
	// 30 days of the owner and 15 of ann.
	equal(t, "upcoming", upcoming(), 3000)
	r.At("2026-11-20 08:00:00")
	r.Deactivate("ann")
	want := upcoming()
	r.CloseAt(decemberFirst())
	equal(t, "billed", lastLine(t, r).AmountMinor, want)
	equal(t, "for five days of ann", want, 2333)
	r.Clean()
}

// A change that is decided before a period's end and written after the close has read
// who was active takes place in the next period, whichever step of the close it meets.
func TestWhatTheCloseDidNotSeeHappensInTheNextPeriod(t *testing.T) {
	changes := map[string]struct {
		do     func(r *seatstest.Rig, s *seats.Service) error
		billed int64 // of December, at its end
	}{
		"deactivated": {func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.DeactivateUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("ann"), none[*seats.User]())
			return err
		}, 2},
		"removed": {func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.RemoveUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("ann"), none[*seats.User]())
			return err
		}, 2},
		"activated": {func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.ActivateUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("off"), none[*seats.User]())
			return err
		}, 4},
		"created": {func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.CreateUser(r.Ctx, r.Caller("owner"), r.Account, newUser("made", ""), seats.Purchase{}, none[*seats.User]())
			return err
		}, 4},
		"joined": {func(r *seatstest.Rig, s *seats.Service) error {
			_, err := s.Accept(r.Ctx, r.Identity("invited"), r.Link("invited"), none[*seats.User]())
			return err
		}, 4},
	}
	for name, change := range changes {
		for _, count := range []seats.ActiveCount{seats.CountAtClose, seats.CountPeak, seats.CountDaily} {
			t.Run(name+" "+string(count), func(t *testing.T) {
				r := desk(t, count)
				r.Join("ann", "bob", "off")
				r.Deactivate("off")
				r.At("2026-11-29 08:00:00")
				r.Invite(seatstest.Invitee("invited", ""))
				r.Wall.Set(decemberFirst().Add(-time.Millisecond))
				racing := &seatstest.Racing{Store: r.Store, Before: func(n int, _ *seats.Change) {
					if n == 1 {
						r.Wall.Set(decemberFirst())
						r.CloseAt(decemberFirst())
						// The clock of the machine that is late is behind, too.
						r.Wall.Set(decemberFirst().Add(-time.Millisecond))
					}
				}}
				r.Must(change.do(r, r.On(racing)))
				equal(t, "invoices", len(r.Invoices()), 1)
				equal(t, "people billed", lastLine(t, r).People, 3)
				r.Clean()
				r.CloseAt(utc("2026-12-31 23:00:00"))
				equal(t, "people billed next", lastLine(t, r).People, change.billed)
				r.Clean()
			})
		}
	}
}

// What is decided before the period's end while its close is under way, between its
// steps, is billed in neither or in one of the two periods, as the ledger says.
func TestAChangeBesideACloseIsCountedByTheLedger(t *testing.T) {
	for _, count := range []seats.ActiveCount{seats.CountAtClose, seats.CountPeak, seats.CountDaily} {
		for step := 1; step <= 2; step++ {
			r := desk(t, count)
			r.Join("ann", "bob")
			r.Wall.Set(decemberFirst())
			racing := &seatstest.Racing{Store: r.Store, Before: func(n int, _ *seats.Change) {
				if n == step {
					r.Wall.Set(decemberFirst().Add(-time.Millisecond))
					r.Deactivate("ann")
					r.Wall.Set(decemberFirst().Add(time.Second))
				}
			}}
			_, err := r.On(racing).Close(r.Ctx, r.Account)
			r.Must(err)
			r.Clean()
			r.CloseAt(utc("2026-12-31 23:00:00"))
			equal(t, "billed next, at the least", lastLine(t, r).People >= 2, true)
			r.Clean()
		}
	}
}

func TestACloseThatDiesBesideItsListOfPeopleIsDoneAgain(t *testing.T) {
	for _, after := range []bool{false, true} {
		for at := 1; ; at++ {
			r := desk(t, seats.CountPeak)
			r.Join("ann", "bob")
			r.Wall.Set(decemberFirst())
			dying := seatstest.Crash(r.Store, at, after)
			_, err := r.On(dying).Close(r.Ctx, r.Account)
			if !dying.Died() {
				r.Must(err)
				equal(t, "calls at least", at > 5, true)
				break
			}
			if !errors.Is(err, seatstest.ErrDied) {
				t.Fatal(err)
			}
			// Somebody comes between: the list that is billed is another.
			r.Wall.Advance(-time.Second)
			if r.Stored().Due.Equal(decemberFirst()) {
				r.Join("cid")
			}
			r.CloseAt(decemberFirst().Add(time.Minute))
			equal(t, "invoices", len(r.Invoices()), 1)
			equal(t, "people", int64(len(r.Billed(lastLine(t, r)))), lastLine(t, r).People)
			r.Clean()
		}
	}
}

func TestPlansOfSeatsAndOfActiveUsersFollowOnOneAnother(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann")
	r.Wall.Set(utc("2026-11-26 09:00:00"))
	r.Invite(seatstest.Invitee("bob", r.Sub))
	users := r.Publish("users", func(p *seats.Plan) { p.Rank = 5; seatstest.ActiveUsers(seats.CountAtClose)(&p.Policies) })
	r.ChangePlan(users.ID, 0)
	r.CloseAt(decemberFirst())
	equal(t, "seats", r.Pool().Seats, 0)
	equal(t, "free seats", r.Pool().Free, 0)
	equal(t, "licenses", len(r.User("ann").Licenses), 0)
	equal(t, "why", r.Events(seats.LicenseRevoked)[0].Data.Reason, seats.ReasonPlan)
	equal(t, "invoices", len(r.Invoices()), 1)
	r.Clean()
	r.At("2026-12-10 09:00:00")
	r.ChangePlan(r.Plan.ID, 3)
	r.CloseAt(utc("2026-12-31 23:00:00"))
	equalSlices(t, "billed", amounts(&r.Invoices()[1]), []int64{4000, 6000})
	equal(t, "seats", r.Pool().Seats, 3)
	equal(t, "free seats", r.Pool().Free, 3)
	r.Clean()
}

// The seats that a plan begins with after one of active users are no decrease: they are
// not reminded of or taken back as one.
func TestSeatsAfterActiveUsersBeginAsTheyWereAskedFor(t *testing.T) {
	for name, rules := range map[string]func(*seats.Policies){
		"seats that are bought":               func(*seats.Policies) {},
		"seats that come and go with people":  func(p *seats.Policies) { p.AutoSeats = true },
		"seats that are taken and come alone": func(p *seats.Policies) { p.AutoSeats, p.OverAssigned = true, seats.ReleaseNewest },
	} {
		t.Run(name, func(t *testing.T) {
			r := desk(t, seats.CountAtClose)
			r.Join("ann")
			r.Publish("pool", func(p *seats.Plan) { rules(&p.Policies) })
			r.ChangePlan("pool", 3)
			_, err := cancelPending(r, "owner")
			wantCode(t, err, "state_conflict")
			_, pools, err := r.Service.Pools(r.Ctx, r.Caller("owner"), r.Account, r.Sub)
			r.Must(err)
			equal(t, "ahead", pools[0].Timeline()[0].Text, "The plan changes from Team to pool, which begins with 3 seats.")
			equal(t, "reminders", remindAt(r, r.Pool().Period.End.Add(-seats.ReminderAhead)), 1)
			equal(t, "reminded of", reminders(r)[0].Type, seats.ReminderPlanChange)
			r.CloseAt(decemberFirst())
			equal(t, "seats", r.Pool().Seats, 3)
			equal(t, "free seats", r.Pool().Free, 3)
			equalSlices(t, "billed", amounts(&r.Invoices()[0]), []int64{4000, 6000})
			r.Clean()
		})
	}
}

// They go with that plan where another of active users is to follow instead.
func TestSeatsAfterActiveUsersGoWithTheirPlan(t *testing.T) {
	r := desk(t, seats.CountAtClose)
	r.Publish("pool", func(*seats.Plan) {})
	r.Publish("dearer", func(p *seats.Plan) { seatstest.ActiveUsers(seats.CountAtClose)(&p.Policies) })
	r.ChangePlan("pool", 3)
	equal(t, "at renewal", r.ChangePlan("dearer", 0).AtRenewal, 0)
	equal(t, "pending", r.Pool().Pending, nil)
	r.Clean()
	r.CloseAt(decemberFirst())
	equal(t, "plan", r.Pool().Plan.ID, "dearer")
	equal(t, "seats", r.Pool().Seats, 0)
	r.Clean()
}

func TestACancelledSubscriptionOfActiveUsersIsBilledForItsLastPeriod(t *testing.T) {
	r := desk(t, seats.CountAtClose)
	r.Join("ann")
	r.Cancel()
	r.CloseAt(utc("2027-03-01 00:00:00"))
	equal(t, "invoices", len(r.Invoices()), 1)
	equal(t, "billed", lastLine(t, r).AmountMinor, 4000)
	equal(t, "status", r.Pool().Status, seats.SubscriptionEnded)
	r.Clean()
}

func TestAPeriodOfTenThousandUsersIsBilled(t *testing.T) {
	const people = seats.MaxUsersPerAccount
	r := desk(t, seats.CountDaily, seatstest.OnPlan(func(p *seats.Plan) {
		p.Prices = map[money.Currency]billing.Price{"EUR": {Model: billing.PerSeat, UnitMinor: 3000}}
	}))
	// Everybody joined on the 16th, and every tenth went on the 21st.
	r.Store.Tamper(func(d *seatstest.Data) {
		mint := &seats.Minter{At: utc("2026-11-16 08:00:00"), Wall: utc("2026-11-16 08:00:00")}
		event := func(u *seats.User, kind string, at time.Time, rev int64) {
			e := &seats.Event{
				ID: mint.Event(), Account: r.Account, Type: kind, At: at, RecordedAt: at, Actor: seats.Actor{Kind: seats.ActorUser, ID: string(r.Owner)},
				Revs: []seats.Rev{{ID: string(u.ID), Rev: rev}}, Data: seats.EventData{UserID: u.ID, Active: true, Role: seats.Member},
			}
			d.Events[r.Account][e.ID] = e
		}
		for i := range people - 1 {
			u := &seats.User{
				ID: mint.User(), Account: r.Account, Rev: 1, Email: fmt.Sprintf("p%d@example.com", i), Role: seats.Member, Status: seats.UserActive,
				AddedAt: utc("2026-11-16 08:00:00"), Licenses: map[string]seats.License{},
			}
			event(u, seats.UserCreated, u.AddedAt, 1)
			if i%10 == 0 {
				u.Rev, u.Status = 2, seats.UserDeactivated
				event(u, seats.UserDeactivatedEvent, utc("2026-11-20 08:00:00"), 2)
			}
			d.Users[r.Account][u.ID] = u
			d.Emails[u.Email] = map[seats.AccountID]seats.UserID{r.Account: u.ID}
		}
	})
	r.CloseAt(decemberFirst())
	l := lastLine(t, r)
	equal(t, "people", l.People, people)
	gone := int64(1000)
	days := int64(30) + (people-1-gone)*15 + gone*5
	equal(t, "user-days", l.QuantityNum, days)
	equal(t, "amount", l.AmountMinor, days*100)
	equal(t, "listed", len(r.Billed(l)), people)
	r.Clean()
}
