package seats_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func decemberFirst() time.Time { return utc("2026-11-30 23:00:00") }

func releaseNewest(p *seats.Policies) { p.OverAssigned = seats.ReleaseNewest }

func TestACloseBillsTheNextPeriodAndRollsOnce(t *testing.T) {
	r := seatstest.Open(t)
	equal(t, "closed one instant before", r.CloseAt(decemberFirst().Add(-1)), 0)
	equal(t, "closed", r.CloseAt(decemberFirst()), 1)
	pool := r.Pool()
	equal(t, "start", pool.Period.Start, decemberFirst())
	equal(t, "end", pool.Period.End, utc("2026-12-31 23:00:00"))
	equal(t, "due next", r.Stored().Due, pool.Period.End)
	inv := r.Invoices()
	equal(t, "invoices", len(inv), 2)
	equalSlices(t, "billed", amounts(&inv[1]), []int64{10000})
	equal(t, "issued", inv[1].IssuedAt, decemberFirst())
	e := r.Events(seats.CycleClosed)
	equal(t, "events", len(e), 1)
	equal(t, "number", e[0].Data.InvoiceNumber, 2)
	equal(t, "first", e[0].Data.InvoiceFirst, true)
	equal(t, "actor", e[0].Actor, seats.System)
	before := r.Store.Snapshot()
	equal(t, "closed again", r.Close(), 0)
	nothingChanged(t, r, before)
	r.Clean()
}

func TestMissedPeriodsAreClosedInTheirOrder(t *testing.T) {
	r := seatstest.Open(t)
	r.Change(3)
	equal(t, "closed", r.CloseAt(utc("2027-03-15 12:00:00")), 4)
	inv := r.Invoices()
	equal(t, "invoices", len(inv), 5)
	for i := range inv[1:] {
		equalSlices(t, fmt.Sprintf("invoice %d", i+2), amounts(&inv[i+1]), []int64{6000})
		equal(t, "number", inv[i+1].Number, int64(i+2))
	}
	equal(t, "the last one is of March", inv[4].IssuedAt, utc("2027-02-28 23:00:00"))
	equal(t, "events", len(r.Events(seats.CycleClosed)), 4)
	r.Clean()
}

func TestMonthsEndComesBackToTheAnchorDay(t *testing.T) {
	r := seatstest.Open(t, seatstest.At(utc("2027-12-31 11:00:00")))
	r.CloseAt(utc("2028-05-01 00:00:00"))
	var ends []string
	for _, e := range r.Events(seats.CycleClosed) {
		ends = append(ends, e.Data.PeriodEnd.Format(time.DateTime))
	}
	equalSlices(t, "boundaries", ends, []string{
		"2028-01-30 23:00:00", "2028-02-28 23:00:00", "2028-03-30 22:00:00", "2028-04-29 22:00:00",
	})
	r.Clean()
}

func TestManyClosersAtOnceCloseEachPeriodOnce(t *testing.T) {
	const closers = 16
	r := seatstest.Open(t, seatstest.OnPolicies(releaseNewest))
	r.JoinLicensed("ann", "bob", "cid")
	r.Change(1)
	r.Wall.Set(utc("2027-02-01 12:00:00"))
	closed := make([]int, closers)
	codes := make([]string, closers)
	var wg sync.WaitGroup
	for i := range closers {
		wg.Go(func() {
			n, err := r.On(r.Store).Close(r.Ctx, r.Account)
			closed[i], codes[i] = n, codeOf(err)
		})
	}
	wg.Wait()
	sum := 0
	for _, n := range closed {
		sum += n
	}
	t.Logf("%d closers of 3 periods: %d closed, %v", closers, sum, tally(codes))
	equal(t, "closed", sum, 3)
	equal(t, "invoices", len(r.Invoices()), 4)
	equal(t, "licenses taken", len(r.Events(seats.LicenseRevoked)[0].Data.UserIDs), 2)
	r.Clean()
}

func TestACloseWithNothingToBillTakesNoNumber(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPlan(func(p *seats.Plan) {
		p.Prices["EUR"] = billing.Price{Model: billing.PerSeat, UnitMinor: 2000, IncludedSeats: 5}
	}))
	equal(t, "invoices after opening", len(r.Invoices()), 0)
	r.CloseAt(utc("2027-01-15 00:00:00"))
	equal(t, "invoices", len(r.Invoices()), 0)
	equal(t, "numbers", r.Stored().Invoices, 0)
	for _, e := range r.Events(seats.CycleClosed) {
		equal(t, "number", e.Data.InvoiceNumber, 0)
		equal(t, "first", e.Data.InvoiceFirst, false)
	}
	r.Change(6)
	equal(t, "the first number", r.Invoices()[0].Number, 1)
	r.Clean()
}

func TestADecreaseTakesEffectAtTheEndOfTheCycleAndNotBefore(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann")
	r.Change(2)
	r.Wall.Set(decemberFirst().Add(-time.Second))
	equal(t, "closed", r.Close(), 0)
	r.Invite(seatstest.Invitee("bob", r.Sub))
	equal(t, "seats until then", r.Pool().Seats, 5)
	r.CloseAt(decemberFirst())
	equal(t, "seats", r.Pool().Seats, 2)
	equal(t, "free seats", r.Pool().Free, 0)
	equalSlices(t, "billed", amounts(&r.Invoices()[1]), []int64{4000})
	e := r.Events(seats.CycleClosed)[0]
	equal(t, "before", e.Data.From, 5)
	equal(t, "after", e.Data.To, 2)
	equal(t, "events of the line", len(r.Invoices()[1].Lines[0].EventIDs), 2)
	r.Clean()
}

func TestKeepAssignedTrimsOnlyToWhatIsInUse(t *testing.T) {
	for _, policy := range []seats.OverAssigned{seats.KeepAssigned, seats.RefuseBelow} {
		r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.OverAssigned = policy }))
		r.Change(2)
		r.JoinLicensed("ann", "bob")
		r.Wall.Set(utc("2026-11-26 09:00:00"))
		r.Invite(seatstest.Invitee("cid", r.Sub))
		r.CloseAt(decemberFirst())
		equal(t, "seats", r.Pool().Seats, 3)
		equal(t, "free seats", r.Pool().Free, 0)
		equal(t, "licenses taken", len(r.Events(seats.LicenseRevoked)), 0)
		equalSlices(t, "billed", amounts(&r.Invoices()[1]), []int64{6000})
		if r.Pool().Pending != nil {
			t.Error("the decrease is still pending")
		}
		r.Clean()
	}
}

// Automatic seats come down to what is used, or further where a decrease takes licenses.
func TestAutomaticSeatsComeDownAtTheEndOfTheCycle(t *testing.T) {
	const none = 0
	for name, c := range map[string]struct {
		over       seats.OverAssigned
		least      int64
		pending    int64
		want, lost int64
	}{
		"nothing scheduled":                   {seats.KeepAssigned, 0, none, 2, 0},
		"nothing scheduled, and more kept":    {seats.KeepAssigned, 3, none, 3, 0},
		"a decrease below use that keeps":     {seats.KeepAssigned, 0, 1, 2, 0},
		"a decrease below use that takes":     {seats.ReleaseNewest, 0, 1, 1, 1},
		"a decrease above use":                {seats.ReleaseNewest, 0, 4, 2, 0},
		"no decrease where one would take":    {seats.ReleaseNewest, 0, none, 2, 0},
		"a decrease to use, refused below it": {seats.RefuseBelow, 0, 2, 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.AutoSeats, p.OverAssigned, p.MinSeats = true, c.over, c.least }))
			r.JoinLicensed("ann")
			r.Wall.Advance(time.Hour)
			r.JoinLicensed("bob")
			if c.pending != none {
				equal(t, "shown", r.Quote(c.pending).AtRenewal, c.want)
				equal(t, "done", r.Change(c.pending).AtRenewal, c.want)
			}
			next, _, err := r.Service.Upcoming(r.Ctx, r.Caller("owner"), r.Account)
			r.Must(err)
			r.CloseAt(decemberFirst())
			equal(t, "seats", r.Pool().Seats, c.want)
			equal(t, "free seats", r.Pool().Free, max(0, c.want-2))
			equalSlices(t, "billed", amounts(&r.Invoices()[1]), []int64{2000 * c.want})
			equalSlices(t, "foreseen", amounts(next), []int64{2000 * c.want})
			equal(t, "bob's license", len(r.User("bob").Licenses), int(1-c.lost))
			equal(t, "ann's license", len(r.User("ann").Licenses), 1)
			r.Clean()
		})
	}
}

// What a quote says of the next period holds also where it takes licenses at once, and
// where no next period comes.
func TestAQuoteSaysWhatTheNextPeriodStartsWith(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) {
		p.Decrease, p.OverAssigned = seats.DecreaseImmediateCredit, seats.ReleaseNewest
	}))
	offer(r, "basic", 0, 1000, func(p *seats.Plan) { p.Policies.AutoSeats = true })
	r.JoinLicensed("ann", "bob", "cid", "dan")
	r.ChangePlan("basic", 0)
	q := r.Quote(2)
	equal(t, "at renewal", q.AtRenewal, 2)
	equalSlices(t, "next", amounts(q.Next), []int64{2000})
	equal(t, "done", r.Change(2).AtRenewal, 2)
	r.Cancel()
	equal(t, "at the end", r.Quote(3).AtRenewal, 0)
	r.Resume()
	r.CloseAt(decemberFirst())
	equal(t, "seats", r.Pool().Seats, 2)
	r.Clean()
}

func TestKeptSeatsAreNotTakenForAnAbsurdInvoice(t *testing.T) {
	for name, price := range map[string]billing.Price{
		"per seat":       {Model: billing.PerSeat, UnitMinor: 2000},
		"the first free": {Model: billing.PerSeat, UnitMinor: 2000, IncludedSeats: 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t, seatstest.Seats(20), seatstest.OnPlan(func(p *seats.Plan) { p.Prices["EUR"] = price }))
			ids := many(r, 20)
			r.Change(1)
			_, err := assign(r, "owner", ids, none[[]seats.AssignResult]())
			r.Must(err)
			equal(t, "closed", r.CloseAt(decemberFirst()), 1)
			equal(t, "status", r.Stored().Status, seats.AccountOpen)
			equal(t, "seats", r.Pool().Seats, 20)
			r.Clean()
		})
	}
}

func TestALapsedInvitationKeepsNoSeatFromBeingTrimmed(t *testing.T) {
	r := seatstest.Open(t)
	r.Invite(crowd("p", 4, r.Sub)...)
	r.Change(1)
	// Everything has lapsed when December begins, and no job has come by.
	r.CloseAt(decemberFirst().Add(time.Hour))
	equal(t, "seats", r.Pool().Seats, 1)
	equal(t, "free seats", r.Pool().Free, 1)
	equal(t, "expired", len(r.Events(seats.InvitationExpiredEv)), 4)
	r.Clean()
}

func TestKeptSeatsAreExactThoughSomebodyIsAssignedAtTheSameInstant(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("ann", "bob")
	r.Change(1)
	r.Wall.Set(decemberFirst().Add(-time.Second))
	racing := &seatstest.Racing{Store: r.Store, Before: func(n int, _ *seats.Change) {
		if n == 1 {
			r.Wall.Advance(-2 * time.Second)
			r.Assign("ann", "bob")
			r.Wall.Advance(2 * time.Second)
		}
	}}
	r.Wall.Set(decemberFirst())
	n, err := r.On(racing).Close(r.Ctx, r.Account)
	r.Must(err)
	equal(t, "closed", n, 1)
	equal(t, "seats", r.Pool().Seats, 2)
	equal(t, "free seats", r.Pool().Free, 0)
	r.Clean()
}

func TestReleaseNewestTakesReservationsThenTheNewestLicensesThenByID(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(10), seatstest.OnPolicies(releaseNewest))
	r.Wall.Set(utc("2026-11-25 09:00:00"))
	r.JoinLicensed("oldest")
	r.Wall.Advance(time.Minute)
	r.JoinLicensed("tie1", "tie2", "tie3")
	r.Wall.Advance(time.Minute)
	r.JoinLicensed("newest")
	// Older than every license, reservations go first all the same.
	r.Wall.Set(utc("2026-11-26 09:00:00"))
	r.Invite(seatstest.Invitee("invited1", r.Sub))
	r.Wall.Advance(time.Minute)
	r.Invite(seatstest.Invitee("invited2", r.Sub))
	r.Wall.Advance(time.Minute)
	r.JoinLicensed("last")
	ties := []string{"tie1", "tie2", "tie3"}
	slices.SortFunc(ties, func(a, b string) int { return strings.Compare(string(r.ID(b)), string(r.ID(a))) })
	order := append([]string{"invited2", "invited1", "last", "newest"}, ties...)
	order = append(order, "oldest")
	start := r.Store.Snapshot()
	for keep := int64(1); keep <= 8; keep++ {
		r.Store.Restore(start)
		r.Wall.Set(utc("2026-11-26 10:00:00"))
		r.Change(keep)
		equal(t, "closed", r.CloseAt(decemberFirst()), 1)
		for i, who := range order {
			u := r.User(who)
			_, holds := u.Licenses[r.Product]
			seated := holds || u.HoldsSeat() == r.Product
			if want := i >= len(order)-int(keep); seated != want {
				t.Errorf("%d seats kept: %s has one: %t", keep, who, seated)
			}
		}
		equal(t, "seats", r.Pool().Seats, keep)
		equal(t, "free seats", r.Pool().Free, 0)
		for _, e := range r.Events(seats.LicenseRevoked) {
			equal(t, "reason", e.Data.Reason, seats.ReasonDecrease)
			equal(t, "instant", e.At, decemberFirst())
		}
		r.Clean()
	}
}

func TestWhoseReservationWasReleasedJoinsWithoutALicense(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(releaseNewest))
	r.Wall.Set(utc("2026-11-25 09:00:00"))
	r.JoinLicensed("ann")
	r.Invite(seatstest.Invitee("bob", r.Sub))
	r.Change(1)
	r.CloseAt(decemberFirst())
	equal(t, "reserved", r.User("bob").Invitation.Reserved, false)
	offer, err := r.Service.LookUpInvitation(r.Ctx, r.Link("bob"))
	r.Must(err)
	equal(t, "the product that the link offers", offer.ProductName, "")
	u, err := r.Accept("bob")
	r.Must(err)
	equal(t, "status", u.Status, seats.UserActive)
	equal(t, "licenses", len(u.Licenses), 0)
	joined := r.Events(seats.UserJoined)
	last := joined[slices.IndexFunc(joined, func(e seats.Event) bool { return e.Data.UserID == u.ID })].Data
	equal(t, "of the subscription, which the inviter is told", last.Subscription, r.Sub)
	equal(t, "licensed", last.Licensed, false)
	r.Clean()
}

func TestALargeReleaseTakesSeveralTransactions(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(200), seatstest.OnPolicies(releaseNewest))
	ids := many(r, 200)
	for from := 0; from < 200; from += 100 {
		_, err := assign(r, "owner", ids[from:from+100], none[[]seats.AssignResult]())
		r.Must(err)
	}
	r.Change(1)
	r.CloseAt(decemberFirst())
	equal(t, "free seats", r.Pool().Free, 0)
	var sizes []int
	for _, e := range r.Events(seats.LicenseRevoked) {
		sizes = append(sizes, len(e.Data.UserIDs))
	}
	slices.Sort(sizes)
	equalSlices(t, "users of each transaction", sizes, []int{5, 97, 97})
	r.Clean()
}

// overAssigned is an account whose close has to take three licenses.
func overAssigned(t testing.TB) *seatstest.Rig {
	r := seatstest.Open(t, seatstest.OnPolicies(releaseNewest))
	r.JoinLicensed("ann", "bob", "cid", "dan", "eve")
	r.Change(2)
	r.Wall.Set(decemberFirst())
	return r
}

func TestAReleaseThatDiedIsTakenUpByWhateverComesNext(t *testing.T) {
	next := map[string]func(*seatstest.Rig){
		"the close": func(r *seatstest.Rig) { r.Close() },
		"the schedule": func(r *seatstest.Rig) {
			r.Must(r.Store.DueAccounts(r.Ctx, r.Wall.Now(), func(ids []seats.AccountID) error {
				for _, id := range ids {
					if _, err := r.Service.Close(r.Ctx, id); err != nil {
						return err
					}
				}
				return nil
			}))
		},
		"a command": func(r *seatstest.Rig) {
			_, err := edit(r, "owner", "ann", seats.UserPatch{FirstName: ptr("Anna")})
			r.Must(err)
		},
	}
	for name, do := range next {
		t.Run(name, func(t *testing.T) {
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
			equal(t, "free seats after the crash", r.Pool().Free, -3)
			r.Wall.Advance(time.Hour)
			do(r)
			equal(t, "free seats", r.Pool().Free, 0)
			equal(t, "due next", r.Stored().Due, r.Pool().Period.End)
			equal(t, "invoices", len(r.Invoices()), 2)
			r.Clean()
		})
	}
}

func TestARevokeDuringAReleaseSavesSomebodyElsesLicense(t *testing.T) {
	r := overAssigned(t)
	racing := &seatstest.Racing{Store: r.Store, Before: func(n int, c *seats.Change) {
		if n == 2 {
			// Of the two that stay, one is revoked while three are being released.
			kept := []string{"ann", "bob", "cid", "dan", "eve"}
			kept = slices.DeleteFunc(kept, func(who string) bool {
				return slices.ContainsFunc(c.Users, func(w seats.UserWrite) bool { return w.User.ID == r.ID(who) })
			})
			r.Must(revokeWithoutClose(r, r.ID(kept[0])))
		}
	}}
	_, err := r.On(racing).Close(r.Ctx, r.Account)
	r.Must(err)
	equal(t, "free seats", r.Pool().Free, 0)
	r.Clean()
}

// revokeWithoutClose takes a license as a command does that was decided before the
// period's end.
func revokeWithoutClose(r *seatstest.Rig, id seats.UserID) error {
	r.Helper()
	now := r.Wall.Now()
	r.Wall.Set(now.Add(-time.Second))
	defer r.Wall.Set(now)
	due := r.Stored().Due
	r.Store.Tamper(func(d *seatstest.Data) { d.Accounts[r.Account].Due = due.Add(time.Hour) })
	err := revokeID(r, id)
	r.Store.Tamper(func(d *seatstest.Data) { d.Accounts[r.Account].Due = due })
	return err
}

func TestAPoolThatIsShortThoughNobodyHoldsASeatIsParkedAndNotLoopedOver(t *testing.T) {
	r := overAssigned(t)
	r.Store.Tamper(func(d *seatstest.Data) { d.Subscriptions[r.Account][r.Product].Free = -9 })
	r.Close()
	equal(t, "status", r.Stored().Status, seats.AccountParked)
	if !strings.Contains(r.Stored().ParkedFor, "short of 4 seats") {
		t.Errorf("parked for %q", r.Stored().ParkedFor)
	}
	// People go on.
	_, err := edit(r, "owner", "ann", seats.UserPatch{FirstName: ptr("Anna")})
	r.Must(err)
}

func TestACommandThatComesLateClosesFirst(t *testing.T) {
	commands := map[string]func(*seatstest.Rig) error{
		"invite": func(r *seatstest.Rig) error {
			_, err := r.Service.Invite(r.Ctx, r.Caller("owner"), r.Account, crowd("p", 1, r.Sub), none[[]seats.InviteResult]())
			return err
		},
		"assign": func(r *seatstest.Rig) error {
			_, err := assign(r, "owner", []seats.UserID{r.ID("cid")}, none[[]seats.AssignResult]())
			return err
		},
		"revoke": func(r *seatstest.Rig) error { return revoke(r, "owner", "ann") },
		"edit": func(r *seatstest.Rig) error {
			_, err := edit(r, "owner", "ann", seats.UserPatch{FirstName: ptr("New")})
			return err
		},
		"remove":   func(r *seatstest.Rig) error { return remove(r, "owner", "ann") },
		"transfer": func(r *seatstest.Rig) error { return transfer(r, r.Caller("owner"), "ann") },
		"quote":    func(r *seatstest.Rig) error { _, err := quote(r, "owner", 7); return err },
		"read pools": func(r *seatstest.Rig) error {
			_, _, err := r.Service.Pools(r.Ctx, r.Caller("owner"), r.Account, "")
			return err
		},
		"accept": func(r *seatstest.Rig) error { _, err := r.Accept("new"); return err },
	}
	for name, do := range commands {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t, seatstest.OnPolicies(releaseNewest))
			r.JoinLicensed("ann", "bob")
			r.Join("cid")
			r.Change(4)
			r.Wall.Set(utc("2026-11-26 09:00:00"))
			r.Invite(seatstest.Invitee("new", r.Sub))
			r.Wall.Set(utc("2026-12-01 09:00:00"))
			r.Must(do(r))
			equal(t, "closes", len(r.Events(seats.CycleClosed)), 1)
			equal(t, "seats", r.Pool().Seats, 4)
			r.Clean()
		})
	}
}

func TestTwoProductsWhoseCyclesEndTogetherAreOnOneInvoice(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnAccount(func(a *seats.OpenAccount) { a.TaxPPM = 190_000 }))
	second := r.AddProduct("appraisal", billing.Month, 3, 333)
	yearly := r.AddProduct("zoning", billing.Year, 2, 9999)
	r.Clean()
	bought := len(r.Invoices())
	equal(t, "closed", r.CloseAt(decemberFirst()), 1)
	inv := r.Invoices()
	equal(t, "invoices", len(inv), bought+1)
	equalSlices(t, "lines, by product", amounts(&inv[bought]), []int64{999, 10000})
	equal(t, "tax, once for the rate", inv[bought].TaxMinor, 2090)
	events := r.Events(seats.CycleClosed)
	equal(t, "events", len(events), 2)
	firsts := 0
	for _, e := range events {
		equal(t, "number", e.Data.InvoiceNumber, int64(bought+1))
		if e.Data.InvoiceFirst {
			firsts++
		}
	}
	equal(t, "marked as the first", firsts, 1)
	r.Clean()
	// A year on, all three meet.
	r.CloseAt(utc("2027-10-31 23:00:00"))
	inv = r.Invoices()
	last := inv[len(inv)-1]
	equalSlices(t, "lines of the year's end", amounts(&last), []int64{999, 10000, 19998})
	equal(t, "invoices", len(inv), bought+12)
	equal(t, "the second product's closes", closesOf(r, second), 12)
	equal(t, "the yearly product's closes", closesOf(r, yearly), 1)
	r.Clean()
}

func closesOf(r *seatstest.Rig, sub seats.SubscriptionID) int {
	n := 0
	for _, e := range r.Events(seats.CycleClosed) {
		if e.Data.Subscription == sub {
			n++
		}
	}
	return n
}
