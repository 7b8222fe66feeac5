package seats_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func assign(r *seatstest.Rig, by string, ids []seats.UserID, once seats.Once[[]seats.AssignResult]) (seats.Reply[[]seats.AssignResult], error) {
	return r.Service.Assign(r.Ctx, r.Caller(by), r.Account, r.Sub, ids, once)
}

func revoke(r *seatstest.Rig, by, who string) error {
	_, err := r.Service.Revoke(r.Ctx, r.Caller(by), r.Account, r.Sub, r.ID(who), none[struct{}]())
	return err
}

func codesOfAssign(results []seats.AssignResult) []string {
	var codes []string
	for _, result := range results {
		code := refused(result.Refused)
		if result.Already {
			code = "already"
		}
		codes = append(codes, code)
	}
	return codes
}

// many puts active users into the account by binding them directly, which a
// hundred invitations would take too long for.
func many(r *seatstest.Rig, n int) []seats.UserID {
	r.Helper()
	ids := make([]seats.UserID, 0, n)
	for from := 0; from < n; from += seats.MaxInvitePeople {
		size := min(seats.MaxInvitePeople, n-from)
		for _, result := range r.Invite(crowd(fmt.Sprintf("m%d-", from), size, "")...) {
			_, err := r.Accept(strings.TrimSuffix(result.Email, "@example.com"))
			r.Must(err)
			ids = append(ids, result.User)
		}
	}
	return ids
}

func TestAssigningGivesALicenseFromThePool(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinAs(seats.Admin, "adm")
	r.Join("ann")
	rev := r.Pool().Rev
	reply, err := assign(r, "adm", []seats.UserID{r.ID("ann")}, none[[]seats.AssignResult]())
	r.Must(err)
	want := seats.License{Subscription: r.Sub, Since: r.Wall.Now(), By: r.ID("adm")}
	equal(t, "result", reply.Result[0].License, want)
	equal(t, "license", r.User("ann").Licenses[r.Product], want)
	equal(t, "free seats", r.Pool().Free, 4)
	equal(t, "the pool's revision, which quotes rest on", r.Pool().Rev, rev)
	equal(t, "events", len(r.Events(seats.LicenseAssigned)), 1)
	r.Clean()
}

func TestEachUserOfAListIsTold(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(4))
	other := seatstest.Open(t, seatstest.In(r))
	other.Join("eve")
	r.JoinLicensed("has")
	r.Join("ann", "bob", "cid", "off", "gone")
	r.Invite(seatstest.Invitee("new", ""))
	gone := r.ID("gone")
	_, err := r.Service.DeactivateUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("off"), none[*seats.User]())
	r.Must(err)
	_, err = r.Service.RemoveUser(r.Ctx, r.Caller("owner"), r.Account, gone, none[*seats.User]())
	r.Must(err)
	ids := []seats.UserID{
		r.ID("has"), r.ID("ann"), r.ID("ann"), r.ID("new"), r.ID("off"), gone, other.ID("eve"), "usr_nonsense", "", r.Owner, r.ID("bob"), r.ID("cid"),
	}
	reply, err := assign(r, "owner", ids, none[[]seats.AssignResult]())
	r.Must(err)
	equalSlices(t, "results", codesOfAssign(reply.Result), []string{
		"already", "", "already", "state_conflict", "state_conflict", "not_found", "not_found", "not_found", "not_found", "", "", "no_free_seats",
	})
	equal(t, "the second time's license", reply.Result[2].License, reply.Result[1].License)
	equal(t, "free seats", r.Pool().Free, 0)
	equal(t, "events", len(r.Events(seats.LicenseAssigned)), 1)
	r.Clean()
}

func TestAssigningWhatIsHeldWritesNothing(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann")
	before := r.Store.Snapshot()
	equalSlices(t, "results", codesOfAssign(r.Assign("ann")), []string{"already"})
	nothingChanged(t, r, before)
}

func TestTheLastSeatGoesToOneOfTwoWhoWantItAtOnce(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(1))
	r.Join("ann", "bob")
	racing := &seatstest.Racing{Store: r.Store, Before: func(n int, _ *seats.Change) {
		if n == 1 {
			r.Assign("bob")
		}
	}}
	reply, err := r.On(racing).Assign(r.Ctx, r.Caller("owner"), r.Account, r.Sub, []seats.UserID{r.ID("ann")}, none[[]seats.AssignResult]())
	r.Must(err)
	equalSlices(t, "results", codesOfAssign(reply.Result), []string{"no_free_seats"})
	r.Clean()
}

func TestAssigningOneToAHundredUsersAtOnce(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(100))
	ids := many(r, 100)
	for n, want := range map[int]string{0: "invalid", 101: "invalid"} {
		_, err := assign(r, "owner", append([]seats.UserID{r.Owner}, ids...)[:n], none[[]seats.AssignResult]())
		wantCode(t, err, want)
	}
	var sizes []int
	counting := &seatstest.Racing{Store: r.Store, Before: func(_ int, c *seats.Change) { sizes = append(sizes, len(c.Users)) }}
	once := seatstest.Once[[]seats.AssignResult]("key", "body")
	reply, err := r.On(counting).Assign(r.Ctx, r.Caller("owner"), r.Account, r.Sub, ids, once)
	r.Must(err)
	equalSlices(t, "users of each transaction", sizes, []int{97, 3})
	equal(t, "results", len(reply.Result), 100)
	equal(t, "free seats", r.Pool().Free, 0)
	again, err := assign(r, "owner", ids, once)
	r.Must(err)
	want, err := once.Encode(reply.Result)
	r.Must(err)
	equal(t, "the replay", string(again.Replayed), string(want))
	_, err = assign(r, "owner", ids[:99], seatstest.Once[[]seats.AssignResult]("key", "another body"))
	wantCode(t, err, "idempotency_key_reused")
	equal(t, "events", len(r.Events(seats.LicenseAssigned)), 2)
	r.Clean()
}

func TestALongAssignThatDiedGivesWhoFoundNoSeatOneWhenItIsResumed(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(50))
	ids := many(r, 100)
	dying := seatstest.Crash(r.Store, 0, false)
	racing := &seatstest.Racing{Store: dying, Before: func(n int, _ *seats.Change) { dying.DieAt(1, true) }}
	once := seatstest.Once[[]seats.AssignResult]("key", "body")
	_, err := r.On(racing).Assign(r.Ctx, r.Caller("owner"), r.Account, r.Sub, ids, once)
	if !errors.Is(err, seatstest.ErrDied) {
		t.Fatalf("the process did not die: %v", err)
	}
	equal(t, "free seats after the crash", r.Pool().Free, 0)
	r.Must(revokeID(r, ids[0]))
	r.Wall.Advance(time.Minute)
	reply, err := assign(r, "owner", ids, once)
	r.Must(err)
	count := tally(codesOfAssign(reply.Result))
	equal(t, "licensed before", count["already"], 49)
	equal(t, "licensed now", count[""], 1)
	equal(t, "without a seat", count["no_free_seats"], 50)
	r.Clean()
}

func revokeID(r *seatstest.Rig, id seats.UserID) error {
	_, err := r.Service.Revoke(r.Ctx, r.Caller("owner"), r.Account, r.Sub, id, none[struct{}]())
	return err
}

func TestRevokingFreesTheSeatAtOnceForSomebodyElseAtNoCharge(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(1))
	r.JoinLicensed("ann")
	r.Join("bob")
	rev, invoices := r.Pool().Rev, len(r.Invoices())
	r.Must(revoke(r, "owner", "ann"))
	equal(t, "free seats", r.Pool().Free, 1)
	equal(t, "ann's licenses", len(r.User("ann").Licenses), 0)
	equal(t, "reason", r.Events(seats.LicenseRevoked)[0].Data.Reason, seats.ReasonRevoked)
	equalSlices(t, "bob", codesOfAssign(r.Assign("bob")), []string{""})
	equal(t, "the pool's revision", r.Pool().Rev, rev)
	equal(t, "invoices", len(r.Invoices()), invoices)
	r.Clean()
}

func TestRevokingWhatIsNotHeldIsSuccessAndWritesNothing(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("ann")
	r.Invite(seatstest.Invitee("new", r.Sub))
	before := r.Store.Snapshot()
	r.Must(revoke(r, "owner", "ann"))
	// A reservation is no license: it goes with its invitation.
	r.Must(revoke(r, "owner", "new"))
	nothingChanged(t, r, before)
}

func TestLicensesOfNobodyAndOfNothingAreNotFound(t *testing.T) {
	r := seatstest.Open(t)
	other := seatstest.Open(t, seatstest.In(r))
	other.JoinLicensed("eve")
	r.Join("ann")
	stranger := strings.Replace(string(r.Sub), r.Product, "nothing", 1)
	before := r.Store.Snapshot()
	for _, sub := range []seats.SubscriptionID{"", "sub_x", other.Sub, seats.SubscriptionID(stranger), "sub_" + seats.SubscriptionID(strings.Repeat("0", 26)) + "_Valuation"} {
		_, err := r.Service.Assign(r.Ctx, r.Caller("owner"), r.Account, sub, []seats.UserID{r.ID("ann")}, none[[]seats.AssignResult]())
		wantCode(t, err, "not_found")
		_, err = r.Service.Revoke(r.Ctx, r.Caller("owner"), r.Account, sub, r.ID("ann"), none[struct{}]())
		wantCode(t, err, "not_found")
		_, err = r.Service.Holders(r.Ctx, r.Caller("owner"), r.Account, sub)
		wantCode(t, err, "not_found")
	}
	for _, id := range []seats.UserID{"", "usr_x", other.ID("eve"), other.Owner} {
		wantCode(t, revokeID(r, id), "not_found")
	}
	_, err := r.Service.Assign(r.Ctx, r.Caller("eve"), r.Account, r.Sub, []seats.UserID{other.ID("eve")}, none[[]seats.AssignResult]())
	wantCode(t, err, "not_found")
	nothingChanged(t, r, before)
}

func TestAnEndedSubscriptionGivesNoLicensesButLetsThemBeTaken(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann")
	r.Join("bob")
	r.Store.Tamper(func(d *seatstest.Data) { d.Subscriptions[r.Account][r.Product].Status = seats.SubscriptionEnded })
	_, err := assign(r, "owner", []seats.UserID{r.ID("bob")}, none[[]seats.AssignResult]())
	wantCode(t, err, "state_conflict")
	r.Must(revoke(r, "owner", "ann"))
}

func TestTheSameKeyAssignsAndRevokesOnce(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("ann")
	give := seatstest.Once[[]seats.AssignResult]("give", "ann")
	take := seatstest.Once[struct{}]("take", "ann")
	ids := []seats.UserID{r.ID("ann")}
	first, err := assign(r, "owner", ids, give)
	r.Must(err)
	_, err = r.Service.Revoke(r.Ctx, r.Caller("owner"), r.Account, r.Sub, ids[0], take)
	r.Must(err)
	// The first request comes once more, late: it must not give the license again.
	again, err := assign(r, "owner", ids, give)
	r.Must(err)
	want, err := give.Encode(first.Result)
	r.Must(err)
	equal(t, "the replay", string(again.Replayed), string(want))
	equal(t, "free seats", r.Pool().Free, 5)
	replay, err := r.Service.Revoke(r.Ctx, r.Caller("owner"), r.Account, r.Sub, ids[0], take)
	r.Must(err)
	equal(t, "the replay of taking", string(replay.Replayed), "{}")
	r.Clean()
}

func TestTwoHundredAssignsOnAHundredSeatsGiveAHundred(t *testing.T) {
	const racers, seatCount = 200, 100
	r := seatstest.Open(t, seatstest.Seats(seatCount))
	ids := many(r, racers)
	codes := make([]string, racers)
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() {
			reply, err := assign(r, "owner", []seats.UserID{id}, none[[]seats.AssignResult]())
			if codes[i] = codeOf(err); err == nil {
				codes[i] = refused(reply.Result[0].Refused)
			}
		})
	}
	wg.Wait()
	count := tally(codes)
	t.Logf("%d assigns on %d seats: %v", racers, seatCount, count)
	equal(t, "given", count[""], seatCount)
	equal(t, "refused", count["no_free_seats"], racers-seatCount)
	equal(t, "free seats", r.Pool().Free, 0)
	r.Clean()
}

func TestOneUserAssignedByManyAtOnceHoldsOneLicense(t *testing.T) {
	const racers = 50
	r := seatstest.Open(t, seatstest.Seats(racers))
	r.Join("ann")
	ids := []seats.UserID{r.ID("ann")}
	codes := make([]string, racers)
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			reply, err := assign(r, "owner", ids, none[[]seats.AssignResult]())
			if codes[i] = codeOf(err); err == nil {
				codes[i] = codesOfAssign(reply.Result)[0]
			}
		})
	}
	wg.Wait()
	count := tally(codes)
	equal(t, "given", count[""], 1)
	equal(t, "held already", count["already"], racers-1)
	equal(t, "free seats", r.Pool().Free, racers-1)
	r.Clean()
}
