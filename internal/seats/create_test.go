package seats_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func create(r *seatstest.Rig, by string, person seats.NewUser) (*seats.User, error) {
	reply, err := r.Service.CreateUser(r.Ctx, r.Caller(by), r.Account, person, seats.Purchase{}, none[*seats.User]())
	return reply.Result, err
}

func newUser(who string, sub seats.SubscriptionID) seats.NewUser {
	return seats.NewUser{Invitee: seatstest.Invitee(who, sub)}
}

func TestACreatedUserIsActiveAndBoundOnceByTheirVerifiedEmail(t *testing.T) {
	r := seatstest.Open(t)
	u, err := create(r, "owner", newUser("ann", r.Sub))
	r.Must(err)
	equal(t, "status", u.Status, seats.UserActive)
	equal(t, "licensed", len(r.User("ann").Licenses), 1)
	equal(t, "free", r.Pool().Free, int64(4))
	created := r.Events(seats.UserCreated)
	equal(t, "events", len(created), 1)
	equal(t, "licensed by the event", created[0].Data.Licensed && created[0].Data.Active, true)
	_, err = r.Service.Enter(r.Ctx, r.Caller("ann"), r.Account)
	wantCode(t, err, "not_found")
	for i, want := range []int{1, 0} {
		bound, err := r.Service.Bind(r.Ctx, r.Identity("ann"))
		r.Must(err)
		equal(t, fmt.Sprintf("bound the time %d", i+1), bound, want)
	}
	// Another identity with the same email does not take it over.
	bound, err := r.Service.Bind(r.Ctx, seats.Identity{Subject: "another", Email: seatstest.Email("ann")})
	r.Must(err)
	equal(t, "bound to another", bound, 0)
	_, err = r.Service.Enter(r.Ctx, r.Caller("ann"), r.Account)
	r.Must(err)
	r.Clean()
}

func TestWhoIsCreatedInactiveCountsNowhereUntilActivated(t *testing.T) {
	r := seatstest.Open(t)
	person := newUser("ann", "")
	person.Inactive = true
	u, err := create(r, "owner", person)
	r.Must(err)
	equal(t, "status", u.Status, seats.UserDeactivated)
	equal(t, "active by the event", r.Events(seats.UserCreated)[0].Data.Active, false)
	bound, err := r.Service.Bind(r.Ctx, r.Identity("ann"))
	r.Must(err)
	equal(t, "bound before", bound, 0)
	r.Must(activate(r, "owner", "ann"))
	bound, err = r.Service.Bind(r.Ctx, r.Identity("ann"))
	r.Must(err)
	equal(t, "bound after", bound, 1)
	equal(t, "free", r.Pool().Free, int64(5))

	for _, change := range []func(*seats.NewUser){
		func(p *seats.NewUser) { p.Subscription = r.Sub },
		func(p *seats.NewUser) { p.Role = "admin" },
	} {
		person := newUser("bob", "")
		person.Inactive = true
		change(&person)
		_, err := create(r, "owner", person)
		wantCode(t, err, "invalid")
	}
	r.Clean()
}

func TestCreatingIsRefusedWhole(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(1))
	r.JoinLicensed("ann")
	r.JoinAs(seats.Admin, "adam")
	before := r.Store.Snapshot()
	for name, c := range map[string]struct {
		by     string
		person seats.NewUser
		code   string
	}{
		"an email of somebody":       {"owner", newUser("ann", ""), "email_taken"},
		"no seat":                    {"owner", newUser("bob", r.Sub), "no_free_seats"},
		"a role out of reach":        {"adam", seats.NewUser{Invitee: seats.Invitee{Email: "b@example.com", FirstName: "B", LastName: "B", Role: "billing_admin"}}, "forbidden"},
		"the owner's role":           {"owner", seats.NewUser{Invitee: seats.Invitee{Email: "b@example.com", FirstName: "B", LastName: "B", Role: "owner"}}, "invalid"},
		"no email":                   {"owner", seats.NewUser{Invitee: seats.Invitee{Email: "b", FirstName: "B", LastName: "B"}}, "invalid"},
		"a subscription of nobody":   {"owner", newUser("bob", "sub_00000000000000000000000000_valuation"), "not_found"},
		"by a member":                {"ann", newUser("bob", ""), "forbidden"},
		"by nobody":                  {"nobody", newUser("bob", ""), "not_found"},
		"what is no subscription id": {"owner", newUser("bob", "sub"), "invalid"},
	} {
		_, err := create(r, c.by, c.person)
		if codeOf(err) != c.code {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
		_, err = r.Service.TryCreateUser(r.Ctx, r.Caller(c.by), r.Account, c.person)
		if codeOf(err) != c.code {
			t.Errorf("%s, tried: got %v, want %s", name, err, c.code)
		}
	}
	nothingChanged(t, r, before)
}

func TestOnePersonIsAUserOfSeveralAccounts(t *testing.T) {
	r := seatstest.Open(t)
	other := seatstest.Open(t, seatstest.In(r))
	for _, each := range []*seatstest.Rig{r, other} {
		_, err := create(each, "owner", newUser("ann", ""))
		r.Must(err)
	}
	bound, err := r.Service.Bind(r.Ctx, r.Identity("ann"))
	r.Must(err)
	equal(t, "bound", bound, 2)
	mine, err := r.Service.MyAccounts(r.Ctx, r.Caller("ann"))
	r.Must(err)
	equal(t, "accounts", len(mine), 2)
	r.Must(remove(r, "owner", "ann"))
	mine, err = r.Service.MyAccounts(r.Ctx, r.Caller("ann"))
	r.Must(err)
	equal(t, "accounts after one removed her", len(mine), 1)
	equal(t, "which", mine[0].Account.ID, other.Account)
}

func erase(r *seatstest.Rig, by string, id seats.UserID) (*seats.User, error) {
	reply, err := r.Service.EraseUser(r.Ctx, r.Caller(by), r.Account, id, none[*seats.User]())
	return reply.Result, err
}

func TestErasingReplacesPersonalDataAndBreaksNothing(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann")
	qualification := "Notary of Nowhere"
	_, err := edit(r, "owner", "ann", seats.UserPatch{Qualification: &qualification})
	r.Must(err)
	id := r.ID("ann")
	_, err = erase(r, "owner", id)
	wantCode(t, err, "state_conflict")
	r.Must(remove(r, "owner", "ann"))
	u, err := erase(r, "owner", id)
	r.Must(err)
	equal(t, "names", u.FirstName+" "+u.LastName, "Erased user")
	after := r.Store.Snapshot()
	if text := fmt.Sprintf("%+v", *after.Users[r.Account][id]); strings.Contains(text, "ann") || strings.Contains(text, "Notary") {
		t.Errorf("something is left: %s", text)
	}
	equal(t, "bound", after.Users[r.Account][id].Subject, "")
	again, err := erase(r, "owner", id)
	r.Must(err)
	equal(t, "revision of another time", again.Rev, u.Rev)
	equal(t, "events", len(r.Events(seats.UserErased)), 1)
	users, err := r.Service.ListUsers(r.Ctx, r.Caller("owner"), r.Account, seats.UserFilter{Status: seats.UserRemoved})
	r.Must(err)
	equal(t, "listed", users[0].LastName, "user")
	r.Wall.Set(utc("2026-12-02 09:00:00"))
	r.Close()
	r.Clean()
	// The email is free, and whoever has it now is somebody else.
	r.Join("ann")
	if r.ID("ann") == id {
		t.Error("who was erased came back")
	}
	_, err = erase(r, "owner", "usr_00000000000000000000000000")
	wantCode(t, err, "not_found")
	_, err = erase(r, "owner", "x")
	wantCode(t, err, "not_found")
}

func TestWhoseInviterWasRemovedStillJoins(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinAs(seats.Admin, "adam")
	_, err := r.Service.Invite(r.Ctx, r.Caller("adam"), r.Account, []seats.Invitee{seatstest.Invitee("ann", r.Sub)}, none[[]seats.InviteResult]())
	r.Must(err)
	adam := r.ID("adam")
	r.Must(remove(r, "owner", "adam"))
	_, err = erase(r, "owner", adam)
	r.Must(err)
	u, err := r.Accept("ann")
	r.Must(err)
	equal(t, "given by", u.Licenses[r.Product].By, adam)
	r.Clean()
}

// full fills an account up to a number of users.
func full(r *seatstest.Rig, users int) {
	mint := seats.Minter{At: r.Wall.Now(), Wall: r.Wall.Now(), Seed: [16]byte{9}}
	r.Store.Tamper(func(d *seatstest.Data) {
		for n := len(d.Users[r.Account]); n < users; n++ {
			id, email := mint.User(), fmt.Sprintf("full%05d@example.com", n)
			d.Users[r.Account][id] = &seats.User{
				ID: id, Account: r.Account, Rev: 1, Email: email, FirstName: fmt.Sprintf("First%d", n%97), LastName: fmt.Sprintf("Last%d", n%1009),
				Role: seats.Member, Status: seats.UserDeactivated, AddedAt: r.Wall.Now(), Licenses: map[string]seats.License{},
			}
			d.Emails[email] = map[seats.AccountID]seats.UserID{r.Account: id}
		}
	})
}

func TestTheTenThousandthUserIsTheLastWhoeverComesAtOnce(t *testing.T) {
	r := seatstest.Open(t)
	full(r, seats.MaxUsersPerAccount-3)
	var wg sync.WaitGroup
	codes := make([]string, 12)
	for i := range codes {
		s := r.On(r.Store)
		wg.Go(func() {
			_, err := s.CreateUser(r.Ctx, r.Caller("owner"), r.Account, newUser(fmt.Sprintf("n%d", i), ""), seats.Purchase{}, none[*seats.User]())
			codes[i] = codeOf(err)
		})
	}
	wg.Wait()
	got := tally(codes)
	if got[""]+got["busy"]+got["contact_sales"] != len(codes) || got[""] > 3 {
		t.Errorf("got %v", got)
	}
	for range 4 {
		_, _ = create(r, "owner", newUser(fmt.Sprint("m", r.Key()), ""))
	}
	equal(t, "users", len(r.Store.Snapshot().Users[r.Account]), seats.MaxUsersPerAccount)
	_, err := create(r, "owner", newUser("late", ""))
	wantCode(t, err, "contact_sales")
	results := r.Invite(crowd("p", 2, "")...)
	equalSlices(t, "invited", codesOf(results), []string{"contact_sales", "contact_sales"})
	// Who is removed makes room.
	r.Store.Tamper(func(d *seatstest.Data) {
		for _, u := range d.Users[r.Account] {
			if u.Status == seats.UserDeactivated && strings.HasPrefix(u.Email, "full") {
				u.Status = seats.UserRemoved
				delete(d.Emails[u.Email], r.Account)
				return
			}
		}
	})
	equalSlices(t, "invited then", codesOf(r.Invite(crowd("p", 2, "")...)), []string{"", "contact_sales"})
}

func TestFarFromTheLimitUsersAreCountedOnceInAWhile(t *testing.T) {
	r := seatstest.Open(t)
	reads := &counting{Store: r.Store}
	s := r.On(reads)
	for n := range 5 {
		_, err := s.CreateUser(r.Ctx, r.Caller("owner"), r.Account, newUser(fmt.Sprint("n", n), ""), seats.Purchase{}, none[*seats.User]())
		r.Must(err)
	}
	equal(t, "counted", reads.users, 1)
	r.Wall.Advance(6 * time.Minute)
	_, err := s.CreateUser(r.Ctx, r.Caller("owner"), r.Account, newUser("later", ""), seats.Purchase{}, none[*seats.User]())
	r.Must(err)
	equal(t, "counted after a while", reads.users, 2)
}

// withoutReserve is a plan whose invitations keep no seat.
func withoutReserve(p *seats.Policies) { p.InvitationReservesSeat = false }

func TestWhereInvitationsKeepNoSeatWhoAcceptsGetsOneIfOneIsFree(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(1), seatstest.OnPolicies(withoutReserve))
	results := r.Invite(crowd("p", 2, r.Sub)...)
	equalSlices(t, "invited", codesOf(results), []string{"", ""})
	equal(t, "free", r.Pool().Free, int64(1))
	equal(t, "reserved", r.User("p000").Invitation.Reserved, false)
	offer, err := r.Service.LookUpInvitation(r.Ctx, r.Link("p001"))
	r.Must(err)
	equal(t, "offered", offer.ProductName, "Valuation")
	first, err := r.Accept("p000")
	r.Must(err)
	equal(t, "licensed", len(first.Licenses), 1)
	offer, err = r.Service.LookUpInvitation(r.Ctx, r.Link("p001"))
	r.Must(err)
	equal(t, "offered then", offer.ProductName, "")
	second, err := r.Accept("p001")
	r.Must(err)
	equal(t, "status", second.Status, seats.UserActive)
	equal(t, "licensed without a seat", len(second.Licenses), 0)
	for _, e := range r.Events(seats.UserJoined) {
		equal(t, "licensed by the event", e.Data.Licensed, e.Data.UserID == first.ID)
		equal(t, "what was wanted", e.Data.Subscription, r.Sub)
	}
	// Sending an invitation again keeps none either.
	r.Invite(seatstest.Invitee("cy", r.Sub))
	_, err = r.Service.ResendInvitation(r.Ctx, r.Caller("owner"), r.Account, seats.InvitationOf(r.ID("cy")), none[*seats.User]())
	r.Must(err)
	r.Clean()
}

func TestTheLastSeatGoesToOneOfManyWhoAcceptAtOnce(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(3), seatstest.OnPolicies(withoutReserve))
	r.Invite(crowd("p", 12, r.Sub)...)
	var wg sync.WaitGroup
	for i := range 12 {
		who := fmt.Sprintf("p%03d", i)
		link := r.Link(who)
		wg.Go(func() {
			for {
				if _, err := accept(r, r.Identity(who), link); codeOf(err) != "busy" {
					return
				}
			}
		})
	}
	wg.Wait()
	licensed := 0
	for _, e := range r.Events(seats.UserJoined) {
		if e.Data.Licensed {
			licensed++
		}
	}
	equal(t, "joined", len(r.Events(seats.UserJoined)), 12)
	equal(t, "licensed", licensed, 3)
	equal(t, "free", r.Pool().Free, int64(0))
	r.Clean()
}

// Rule 4 with invitations that keep a seat and with ones that do not: one acceptance
// each at most, and the seats add up whatever comes in between.
func TestInvitationsCountOnceUnderEitherPolicy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reserves := rapid.Bool().Draw(t, "reserves")
		r := seatstest.Open(t, seatstest.Seats(rapid.Int64Range(1, 3).Draw(t, "seats")), seatstest.OnPolicies(func(p *seats.Policies) { p.InvitationReservesSeat = reserves }))
		people := []string{"a", "b", "c", "d"}
		for range rapid.IntRange(3, 16).Draw(t, "moves") {
			who := rapid.SampledFrom(people).Draw(t, "who")
			u := r.User(who)
			invited := u != nil && u.Status == seats.UserInvited
			switch rapid.IntRange(0, 5).Draw(t, "move") {
			case 0:
				r.Invite(seatstest.Invitee(who, r.Sub))
			case 1, 2:
				if invited {
					_, _ = r.Accept(who)
				}
			case 3:
				if invited {
					_, _ = r.Service.ResendInvitation(r.Ctx, r.Caller("owner"), r.Account, seats.InvitationOf(u.ID), none[*seats.User]())
				}
			case 4:
				if u != nil {
					r.Must(remove(r, "owner", who))
				}
			case 5:
				r.Wall.Advance(rapid.SampledFrom([]time.Duration{time.Hour, seats.InvitationTTL}).Draw(t, "passes"))
				if rapid.Bool().Draw(t, "expired") {
					_, err := r.Service.ExpireLapsed(r.Ctx)
					r.Must(err)
				}
			}
			used, pool := counted(r)
			if pool.Free != pool.Seats-used || pool.Free < 0 {
				t.Fatalf("%d of %d seats are used, %d counted free", used, pool.Seats, pool.Free)
			}
		}
		r.Clean()
	})
}

func TestWhereActiveUsersAreBilledNobodyHoldsALicense(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(0), seatstest.OnPolicies(seatstest.ActiveUsers(seats.CountAtClose)))
	results := r.Invite(seatstest.Invitee("ann", r.Sub))
	equalSlices(t, "invited", codesOf(results), []string{""})
	u, err := r.Accept("ann")
	r.Must(err)
	equal(t, "licenses", len(u.Licenses), 0)
	_, err = create(r, "owner", newUser("bob", r.Sub))
	r.Must(err)
	off := newUser("off", "")
	off.Inactive = true
	_, err = create(r, "owner", off)
	r.Must(err)

	given := r.Assign("ann", "bob", "off")
	equal(t, "ann", given[0].Already && given[0].License.Subscription == "", true)
	equal(t, "bob", given[1].Already, true)
	equal(t, "off", refused(given[2].Refused), "state_conflict")
	err = revoke(r, "owner", "ann")
	wantCode(t, err, "state_conflict")
	if !strings.Contains(err.Error(), "Deactivate") {
		t.Errorf("got %v", err)
	}
	equal(t, "events", len(r.Events(seats.LicenseAssigned, seats.LicenseRevoked)), 0)

	_, pools, err := r.Service.Pools(r.Ctx, r.Caller("owner"), r.Account, r.Sub)
	r.Must(err)
	equal(t, "in use", pools[0].InUse, int64(3))
	equal(t, "seats", pools[0].Seats, int64(0))
	holders, err := r.Service.Holders(r.Ctx, r.Caller("owner"), r.Account, r.Sub)
	r.Must(err)
	equal(t, "holders", len(holders), 3)
	for _, licensed := range []bool{true, false} {
		users, err := r.Service.ListUsers(r.Ctx, r.Caller("owner"), r.Account, seats.UserFilter{Licensed: &licensed})
		r.Must(err)
		equal(t, fmt.Sprintf("licensed %t", licensed), len(users), map[bool]int{true: 3, false: 1}[licensed])
	}
	r.Must(deactivate(r, "owner", "ann"))
	_, pools, err = r.Service.Pools(r.Ctx, r.Caller("owner"), r.Account, r.Sub)
	r.Must(err)
	equal(t, "in use then", pools[0].InUse, int64(2))
	r.Clean()
}
