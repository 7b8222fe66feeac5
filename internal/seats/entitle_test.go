package seats_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// asked is a store that notes what is loaded.
type asked struct {
	seats.Store
	mu    sync.Mutex
	wants []seats.Want
}

func (a *asked) Load(ctx context.Context, want seats.Want) (seats.View, error) {
	a.mu.Lock()
	a.wants = append(a.wants, want)
	a.mu.Unlock()
	return a.Store.Load(ctx, want)
}

// denial asks as the vendor's server.
func denial(r *seatstest.Rig, who string) seats.Denial {
	r.Helper()
	e, err := r.Service.CheckEntitlement(r.Ctx, r.Account, r.ID(who), r.Product)
	r.Must(err)
	return e.Denied
}

func changePool(r *seatstest.Rig, change func(*seats.Subscription)) {
	r.Store.Tamper(func(d *seatstest.Data) { change(d.Subscriptions[r.Account][r.Product]) })
}

func TestWhoIsEntitled(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann", "off")
	r.Join("bob")
	r.Invite(seatstest.Invitee("new", r.Sub))
	r.Must(deactivate(r, "owner", "off"))
	for who, want := range map[string]seats.Denial{"ann": "", "bob": seats.DeniedLicense, "new": seats.DeniedUser, "off": seats.DeniedUser} {
		equal(t, who, denial(r, who), want)
	}
	e, err := r.Service.CheckEntitlement(r.Ctx, r.Account, r.ID("ann"), r.Product)
	r.Must(err)
	if e.Subscription.ID != r.Sub || len(e.Plan.Product.Entitlements) != 1 || e.Plan.Product.Entitlements[0].ID != "reports" {
		t.Errorf("got %+v", e)
	}
	for _, product := range []string{"meetings", "", "../x", strings.Repeat("x", 500)} {
		e, err := r.Service.CheckEntitlement(r.Ctx, r.Account, r.ID("ann"), product)
		r.Must(err)
		equal(t, "product "+product, e.Denied, seats.DeniedSubscription)
	}
	ann := r.ID("ann")
	_, err = r.Service.RemoveUser(r.Ctx, r.Caller("owner"), r.Account, ann, none[*seats.User]())
	r.Must(err)
	e, err = r.Service.CheckEntitlement(r.Ctx, r.Account, ann, r.Product)
	r.Must(err)
	equal(t, "removed", e.Denied, seats.DeniedUser)
	for _, user := range []seats.UserID{"", "usr_x", "usr_" + seats.UserID(strings.Repeat("0", 26))} {
		_, err := r.Service.CheckEntitlement(r.Ctx, r.Account, user, r.Product)
		wantCode(t, err, "not_found")
	}
	_, err = r.Service.CheckEntitlement(r.Ctx, "acc_x", ann, r.Product)
	wantCode(t, err, "not_found")
}

func TestOnAPlanByActiveUsersEverybodyActiveIsEntitled(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("ann", "off")
	r.Invite(seatstest.Invitee("new", ""))
	r.Must(deactivate(r, "owner", "off"))
	r.Store.Tamper(func(d *seatstest.Data) {
		for _, plan := range d.Plans[r.Plan.ID] {
			plan.Policies.Billing = seats.BillingActiveUsers
		}
	})
	r.Service = r.On(r.Store)
	for who, want := range map[string]seats.Denial{"ann": "", "owner": "", "new": seats.DeniedUser, "off": seats.DeniedUser} {
		equal(t, who, denial(r, who), want)
	}
}

// A subscription that was cancelled entitles until its instant, whether the job that
// closes it has come by or not; a trial entitles.
func TestACancelledSubscriptionEntitlesUntilItsEnd(t *testing.T) {
	for _, remembered := range []bool{false, true} {
		r := seatstest.Open(t)
		r.JoinLicensed("ann")
		changePool(r, func(s *seats.Subscription) { s.Trial = true })
		equal(t, "in a trial", denial(r, "ann"), "")
		changePool(r, func(s *seats.Subscription) { s.Cancel = &seats.PendingCancel{By: r.Owner} })
		end := r.Pool().Period.End
		r.Wall.Advance(end.Add(-time.Second).Sub(r.Wall.Now()))
		equal(t, "a second before", denial(r, "ann"), "")
		if !remembered {
			r.Service = r.On(r.Store)
		}
		r.Wall.Advance(time.Second)
		equal(t, "at its end", denial(r, "ann"), seats.DeniedEnded)
		changePool(r, func(s *seats.Subscription) { s.Status, s.Cancel = seats.SubscriptionEnded, nil })
		equal(t, "closed", denial(r, "ann"), seats.DeniedEnded)
	}
}

// The end of a test account's subscription is on its own clock.
func TestATestAccountEndsByItsOwnClock(t *testing.T) {
	r := seatstest.Open(t, seatstest.TestClock())
	r.JoinLicensed("ann")
	changePool(r, func(s *seats.Subscription) { s.Cancel = &seats.PendingCancel{By: r.Owner} })
	r.Wall.Advance(100 * 24 * time.Hour)
	equal(t, "the wall clock past its end", denial(r, "ann"), "")
	r.Store.Tamper(func(d *seatstest.Data) {
		d.Accounts[r.Account].Clock = d.Subscriptions[r.Account][r.Product].Period.End
	})
	equal(t, "its own at its end", denial(r, "ann"), seats.DeniedEnded)
}

// A check is one read of the user, once the subscription is remembered; and what
// concerns people holds from the same commit on.
func TestACheckReadsTheUserAlone(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann")
	r.Join("bob")
	ann, bob := r.ID("ann"), r.ID("bob")
	store := &asked{Store: r.Store}
	svc := r.On(store)
	check := func(id seats.UserID) seats.Denial {
		e, err := svc.CheckEntitlement(r.Ctx, r.Account, id, r.Product)
		r.Must(err)
		return e.Denied
	}
	equal(t, "ann", check(ann), "")
	store.wants = nil
	equal(t, "ann again", check(ann), "")
	equal(t, "bob", check(bob), seats.DeniedLicense)
	if len(store.wants) != 2 {
		t.Fatalf("two checks read %d times", len(store.wants))
	}
	for _, w := range store.wants {
		if !w.UsersOnly || len(w.Users) != 1 || len(w.Products) != 0 {
			t.Errorf("a check reads %+v", w)
		}
	}
	_, err := assign(r, "owner", []seats.UserID{bob}, none[[]seats.AssignResult]())
	r.Must(err)
	equal(t, "bob, assigned", check(bob), "")
	r.Must(revokeID(r, bob))
	equal(t, "bob, revoked", check(bob), seats.DeniedLicense)
	r.Must(deactivate(r, "owner", "ann"))
	equal(t, "ann, deactivated", check(ann), seats.DeniedUser)
}

// What is remembered of a subscription is forgotten when somebody holds a license of
// a newer one, and after seconds.
func TestARememberedSubscriptionGivesWayToANewerOne(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann")
	equal(t, "before", denial(r, "ann"), "")
	last := len(r.Sub) - len("_valuation") - 1
	newer := r.Sub[:last] + map[bool]seats.SubscriptionID{true: "4", false: "0"}[r.Sub[last] == '0'] + "_valuation"
	r.Store.Tamper(func(d *seatstest.Data) {
		d.Subscriptions[r.Account][r.Product].ID = newer
		for _, u := range d.Users[r.Account] {
			if l, ok := u.Licenses[r.Product]; ok {
				l.Subscription = newer
				u.Licenses[r.Product] = l
			}
		}
	})
	e, err := r.Service.CheckEntitlement(r.Ctx, r.Account, r.ID("ann"), r.Product)
	r.Must(err)
	if e.Denied != "" || e.Subscription.ID != newer {
		t.Errorf("got %+v", e)
	}
	// A license of a subscription that there is no more is none.
	changePool(r, func(s *seats.Subscription) { s.ID = r.Sub })
	r.Wall.Advance(time.Minute)
	equal(t, "of another subscription", denial(r, "ann"), seats.DeniedLicense)
}

func TestAPersonAsksForThemselves(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann")
	mine := func(who string, account seats.AccountID) (seats.Entitled, error) {
		return r.Service.MyEntitlement(r.Ctx, r.Caller(who), account, r.Product)
	}
	for _, account := range []seats.AccountID{"", r.Account} {
		e, err := mine("ann", account)
		r.Must(err)
		if e.Denied != "" || e.User != r.ID("ann") || e.Account != r.Account {
			t.Errorf("got %+v", e)
		}
	}
	e, err := mine("owner", "")
	r.Must(err)
	equal(t, "the owner", e.Denied, seats.DeniedLicense)
	_, err = mine("nobody", "")
	wantCode(t, err, "not_found")
	_, err = mine("nobody", r.Account)
	wantCode(t, err, "not_found")
	_, err = mine("ann", "acc_x")
	wantCode(t, err, "not_found")

	second := seatstest.Open(t, seatstest.In(r))
	second.JoinLicensed("ann")
	_, err = mine("ann", "")
	wantCode(t, err, "invalid")
	if _, err := mine("ann", second.Account); err != nil {
		t.Error(err)
	}
	r.Must(deactivate(r, "owner", "ann"))
	_, err = mine("ann", r.Account)
	wantCode(t, err, "not_found")
	// A new user of the same person is found, though another is remembered.
	if _, err := mine("ann", second.Account); err != nil {
		t.Error(err)
	}
	_, err = second.Service.RemoveUser(r.Ctx, second.Caller("owner"), second.Account, second.ID("ann"), none[*seats.User]())
	r.Must(err)
	second.JoinLicensed("ann")
	e, err = mine("ann", second.Account)
	r.Must(err)
	equal(t, "invited again", e.User, second.ID("ann"))
}

func grant(r *seatstest.Rig, who string) (seats.Grant, error) {
	return r.Service.GrantLicense(r.Ctx, r.Caller(who), r.Account, r.Product)
}

func TestALicenseIsGrantedForAnHourToWhoIsEntitled(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann")
	r.Join("bob")
	r.Wall.Advance(1500 * time.Millisecond)
	g, err := grant(r, "ann")
	r.Must(err)
	at := r.Wall.Now().Truncate(time.Second)
	if g.Account != r.Account || g.User != r.ID("ann") || g.Product != r.Product || len(g.Entitlements) != 1 || !g.IssuedAt.Equal(at) || !g.ExpiresAt.Equal(at.Add(time.Hour)) {
		t.Errorf("got %+v", g)
	}
	_, err = grant(r, "bob")
	wantCode(t, err, "forbidden")
	_, err = grant(r, "nobody")
	wantCode(t, err, "not_found")
	_, err = r.Service.GrantLicense(r.Ctx, r.Caller("ann"), r.Account, "meetings")
	wantCode(t, err, "forbidden")
	_, err = r.Service.GrantLicense(r.Ctx, r.Caller("ann"), r.Account, "no slug")
	wantCode(t, err, "forbidden")

	// A token does not outlive a cancelled subscription.
	end := r.Pool().Period.End
	changePool(r, func(s *seats.Subscription) { s.Cancel = &seats.PendingCancel{By: r.Owner} })
	r.Wall.Advance(end.Add(-10 * time.Minute).Sub(r.Wall.Now()))
	g, err = grant(r, "ann")
	r.Must(err)
	equal(t, "near the end", g.ExpiresAt, end)
	r.Wall.Advance(10*time.Minute - time.Millisecond)
	g, err = grant(r, "ann")
	r.Must(err)
	equal(t, "in the last second", g.ExpiresAt.Sub(g.IssuedAt), time.Second)
	r.Wall.Advance(time.Millisecond)
	_, err = grant(r, "ann")
	wantCode(t, err, "forbidden")
}

func TestTokensOfAUserAreLimited(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann", "bob")
	for i := range seats.MaxLicenseTokensPerHour {
		if _, err := grant(r, "ann"); err != nil {
			t.Fatalf("token %d: %v", i+1, err)
		}
	}
	_, err := grant(r, "ann")
	wantCode(t, err, "too_many_requests")
	_, err = grant(r, "bob")
	wantCode(t, err, "")
	r.Wall.Advance(time.Hour)
	_, err = grant(r, "ann")
	wantCode(t, err, "")
}

// Epochs only rise: by a transfer, and by the vendor's staff.
func TestTheEpochRises(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann")
	epoch := func() int64 {
		g, err := grant(r, "ann")
		r.Must(err)
		return g.Epoch
	}
	equal(t, "at first", epoch(), 0)
	r.Must(transfer(r, r.Caller("owner"), "ann"))
	r.Wall.Advance(time.Second)
	equal(t, "after a transfer", epoch(), 1)
	once := seatstest.Once[int64](r.Key(), "revoke")
	for range 2 {
		_, err := r.Service.RevokeTokens(r.Ctx, seatstest.Operator(), r.Account, once)
		r.Must(err)
		equal(t, "after the staff revoked", epoch(), 2)
	}
	var told []int64
	for _, e := range r.Events(seats.TokensRevoked, seats.OwnershipTransferred) {
		told = append(told, e.Data.Epoch)
	}
	equalSlices(t, "told", told, []int64{1, 2})
	r.Clean()
}
