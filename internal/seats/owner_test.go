package seats_test

import (
	"sync"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func transfer(r *seatstest.Rig, caller seats.Caller, to string) error {
	_, err := r.Service.TransferOwnership(r.Ctx, caller, r.Account, r.ID(to), none[*seats.User]())
	return err
}

func TestATransferMakesOneOwnerAndSignsBothOut(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann")
	r.Join("bob")
	old, next := r.Caller("owner"), r.Caller("ann")
	r.Wall.Advance(time.Minute)
	r.Must(transfer(r, old, "ann"))
	equal(t, "the account's owner", r.Stored().Owner, r.ID("ann"))
	equal(t, "the new owner's role", r.User("ann").Role, seats.Owner)
	equal(t, "the old owner's role", r.User("owner").Role, seats.Admin)
	equal(t, "the new owner's licenses", len(r.User("ann").Licenses), 1)
	// Tokens from before, and those of the very instant, are refused from the same
	// commit on.
	for name, caller := range map[string]seats.Caller{"old owner": old, "new owner": next, "at that instant": r.Caller("ann")} {
		_, err := r.Service.Enter(r.Ctx, caller, r.Account)
		if got := codeOf(err); got != "signed_out" {
			t.Errorf("%s: got %q", name, got)
		}
		wantCode(t, transfer(r, caller, "bob"), "signed_out")
		_, err = r.Service.MyAccounts(r.Ctx, caller)
		wantCode(t, err, "signed_out")
	}
	r.Wall.Advance(time.Second)
	wantCode(t, transfer(r, r.Caller("owner"), "bob"), "forbidden")
	r.Must(transfer(r, r.Caller("ann"), "bob"))
	r.Clean()
}

func TestATransferNeedsARecentSignInWhereTheIssuerTells(t *testing.T) {
	cases := []struct {
		name  string
		age   time.Duration
		known bool
		want  string
	}{
		{"just signed in", 0, true, ""},
		{"five minutes ago", seats.RecentSignIn, true, ""},
		{"a little longer ago", seats.RecentSignIn + time.Millisecond, true, "sign_in_again"},
		{"long ago, as far as is known", 10 * time.Hour, false, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := seatstest.Open(t)
			r.Join("ann")
			caller := r.Caller("owner")
			caller.AuthTimeKnown = c.known
			r.Wall.Advance(c.age)
			wantCode(t, transfer(r, caller, "ann"), c.want)
			r.Clean()
		})
	}
}

func TestWhoCannotBecomeTheOwner(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("off", "unbound")
	r.Invite(seatstest.Invitee("new", ""))
	r.Must(deactivate(r, "owner", "off"))
	// Users created without an invitation have no identity before they sign in.
	r.Store.Tamper(func(d *seatstest.Data) { d.Users[r.Account][r.IDIn(d, "unbound")].Subject = "" })
	before := r.Store.Snapshot()
	for who, want := range map[string]string{"off": "state_conflict", "new": "state_conflict", "unbound": "state_conflict", "owner": "state_conflict"} {
		if got := codeOf(transfer(r, r.Caller("owner"), who)); got != want {
			t.Errorf("%s: got %q, want %q", who, got, want)
		}
	}
	nothingChanged(t, r, before)
}

func TestALostAnswerOfATransferIsGivenAgainAfterSigningIn(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("ann")
	once := seatstest.Once[*seats.User]("key", "body")
	send := func() (seats.Reply[*seats.User], error) {
		return r.Service.TransferOwnership(r.Ctx, r.Caller("owner"), r.Account, r.ID("ann"), once)
	}
	first, err := send()
	r.Must(err)
	_, err = send()
	wantCode(t, err, "signed_out")
	r.Wall.Advance(time.Second)
	again, err := send()
	r.Must(err)
	want, err := once.Encode(first.Result)
	r.Must(err)
	equal(t, "the replay", string(again.Replayed), string(want))
	equal(t, "events", len(r.Events(seats.OwnershipTransferred)), 1)
	r.Clean()
}

func TestOneOfManyTransfersAtOnceWins(t *testing.T) {
	const racers = 20
	r := seatstest.Open(t)
	heirs := make([]string, racers)
	for i := range heirs {
		heirs[i] = string(rune('a'+i)) + "-heir"
	}
	r.Join(heirs...)
	r.Wall.Advance(time.Second)
	caller := r.Caller("owner")
	codes := make([]string, racers)
	ids := make([]seats.UserID, racers)
	for i, heir := range heirs {
		ids[i] = r.ID(heir)
	}
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			_, err := r.Service.TransferOwnership(r.Ctx, caller, r.Account, ids[i], none[*seats.User]())
			codes[i] = codeOf(err)
		})
	}
	wg.Wait()
	count := tally(codes)
	t.Logf("%d transfers at once: %v", racers, count)
	equal(t, "won", count[""], 1)
	equal(t, "refused", count["signed_out"]+count["forbidden"], racers-1)
	r.Clean()
}

func TestTheHeirRemovedMeanwhileDoesNotBecomeTheOwner(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("ann")
	racing := &seatstest.Racing{Store: r.Store, Before: func(n int, _ *seats.Change) {
		if n == 1 {
			r.Must(remove(r, "owner", "ann"))
		}
	}}
	id := r.ID("ann")
	_, err := r.On(racing).TransferOwnership(r.Ctx, r.Caller("owner"), r.Account, id, none[*seats.User]())
	wantCode(t, err, "not_found")
	equal(t, "the owner", r.Stored().Owner, r.Owner)
	r.Clean()
}

func TestAccountsKeepOneActiveOwnerWhateverRacesForIt(t *testing.T) {
	const races = 200
	ownerless := 0
	for i := range races {
		r := seatstest.Open(t)
		r.JoinAs(seats.Admin, "ann", "bob")
		r.Wall.Advance(time.Second)
		owner, ann, bob := r.Caller("owner"), r.Caller("ann"), r.Caller("bob")
		idOwner, idAnn, idBob := r.Owner, r.ID("ann"), r.ID("bob")
		role := func(by seats.Caller, id seats.UserID) {
			_, _ = r.Service.EditUser(r.Ctx, by, r.Account, id, seats.UserPatch{Role: ptr("member")}, none[*seats.User]())
		}
		end := func(by seats.Caller, id seats.UserID) {
			_, _ = r.Service.RemoveUser(r.Ctx, by, r.Account, id, none[*seats.User]())
		}
		give := func(to seats.UserID) {
			_, _ = r.Service.TransferOwnership(r.Ctx, owner, r.Account, to, none[*seats.User]())
		}
		moves := []func(){
			func() { role(ann, idBob) }, func() { role(bob, idAnn) }, func() { give(idAnn) }, func() { give(idBob) },
			func() { end(ann, idBob) }, func() { end(bob, idAnn) }, func() { role(ann, idOwner) }, func() { end(bob, idOwner) },
		}
		var wg sync.WaitGroup
		for j := range moves {
			wg.Go(moves[(i+j)%len(moves)])
		}
		wg.Wait()
		r.Clean()
		if u := r.UserByID(r.Stored().Owner); u == nil || u.Role != seats.Owner || u.Status != seats.UserActive {
			ownerless++
		}
	}
	t.Logf("%d races, %d accounts without an owner", races, ownerless)
	equal(t, "accounts without an owner", ownerless, 0)
}

func TestBindingTiesAnIdentityToUsersOfItsVerifiedEmail(t *testing.T) {
	r := seatstest.Open(t)
	other := seatstest.Open(t, seatstest.In(r))
	r.Invite(seatstest.Invitee("ann", ""))
	other.Join("ann")
	n, err := r.Service.Bind(r.Ctx, r.Identity("ann"))
	r.Must(err)
	equal(t, "bound though invited, or bound already", n, 0)
	// Both accounts were opened for the same owner, one after the other.
	n, err = r.Service.Bind(r.Ctx, r.Identity("owner"))
	r.Must(err)
	equal(t, "bound again", n, 0)
	mine, err := r.Service.MyAccounts(r.Ctx, r.Caller("owner"))
	r.Must(err)
	equal(t, "accounts", len(mine), 2)
	for _, identity := range []seats.Identity{{Subject: "x"}, {Subject: "x", Email: "no address"}, {Email: "owner@example.com"}} {
		if _, err := r.Service.Bind(r.Ctx, identity); err == nil {
			t.Errorf("%+v was bound", identity)
		}
	}
	n, err = r.Service.Bind(r.Ctx, seats.Identity{Subject: "somebody else", Email: "owner@example.com"})
	r.Must(err)
	equal(t, "bound over another identity", n, 0)
	r.Clean()
}

func TestAnIdentityThatIsAUserAlreadyIsNotBoundToASecondOne(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("ann", "bob")
	r.Store.Tamper(func(d *seatstest.Data) {
		d.Users[r.Account][r.IDIn(d, "bob")].Subject = ""
		delete(d.SignIns[seatstest.Subject("bob")], r.Account)
	})
	n, err := r.Service.Bind(r.Ctx, seats.Identity{Subject: seatstest.Subject("ann"), Email: seatstest.Email("bob")})
	r.Must(err)
	equal(t, "bound", n, 0)
	equal(t, "bob's subject", r.User("bob").Subject, "")
}

func TestOneOfManyBindsAtOnceWins(t *testing.T) {
	const racers = 50
	r := seatstest.Open(t)
	r.Store.Tamper(func(d *seatstest.Data) {
		d.Users[r.Account][r.Owner].Subject = ""
		delete(d.SignIns[seatstest.Subject("owner")], r.Account)
	})
	bound := make([]int, racers)
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			n, err := r.Service.Bind(r.Ctx, seats.Identity{Subject: "person" + string(rune('A'+i)), Email: "owner@example.com"})
			if err == nil {
				bound[i] = n
			}
		})
	}
	wg.Wait()
	sum := 0
	for _, n := range bound {
		sum += n
	}
	equal(t, "bound", sum, 1)
}
