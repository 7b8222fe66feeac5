package seats_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// holding are who hold a license now, by what is stored of the users.
func holding(r *seatstest.Rig) (ids []seats.UserID) {
	for id, u := range r.Store.Snapshot().Users[r.Account] {
		if _, ok := u.Licenses[r.Product]; ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// listed are the people whom an invoice lists for its seats.
func listed(t testing.TB, r *seatstest.Rig, number int64) (ids []seats.UserID) {
	t.Helper()
	inv, people, err := r.Service.BilledPeople(r.Ctx, r.Caller("owner"), r.Account, number)
	if seats.ErrNotFound.Is(err) && strings.Contains(err.Error(), "nobody held a license") {
		return nil
	}
	r.Must(err)
	for _, p := range people {
		if !p.Licensed || p.Line != len(inv.Lines)-1 || p.User == nil {
			t.Fatalf("listed is %+v", p)
		}
		ids = append(ids, p.ID)
	}
	return ids
}

// Whatever becomes of people and licenses, the list of an invoice names who held a
// license when it was issued, at the time and ever after.
func TestAnInvoiceOfSeatsListsWhoHeldALicenseThen(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := seatstest.Open(t, seatstest.Seats(4), seatstest.OnPolicies(releaseNewest))
		want := map[int64][]seats.UserID{}
		note := func() {
			n := int64(len(r.Invoices()))
			want[n] = holding(r)
			sameHolders(rt, "at once", listed(t, r, n), want[n])
		}
		people := []string{"ann", "bob", "cid", "dan", "eve"}
		r.Join(people...)
		r.Wall.Advance(time.Minute) // so that nobody does anything at the very instant of a close
		for range rapid.IntRange(3, 12).Draw(rt, "steps") {
			r.Wall.Advance(time.Duration(rapid.IntRange(1, 12*24).Draw(rt, "hours")) * time.Hour)
			if r.Close() > 0 {
				note()
			}
			moveLicense(rt, r, rapid.SampledFrom(people).Draw(rt, "who"))
			if rapid.Bool().Draw(rt, "buys") {
				r.Change(r.Pool().Seats + 1)
				note()
			}
		}
		for number, ids := range want {
			sameHolders(rt, "afterwards", listed(t, r, number), ids)
		}
		r.Clean()
	})
}

func sameHolders(rt *rapid.T, when string, got, want []seats.UserID) {
	if !slices.Equal(got, want) {
		rt.Fatalf("listed %s are %v, holders were %v", when, got, want)
	}
}

// moveLicense does something to somebody's license, or to how many seats there will be.
func moveLicense(rt *rapid.T, r *seatstest.Rig, who string) {
	u := r.User(who)
	switch action := rapid.SampledFrom([]string{"assign", "revoke", "deactivate", "activate", "replace", "shrink"}).Draw(rt, "action"); {
	case u == nil, action == "replace":
		if u != nil {
			r.Remove(who)
		}
		invitee := seatstest.Invitee(who, "")
		if r.Pool().Free > 0 {
			invitee.Subscription = r.Sub
		}
		r.Invite(invitee)
		_, err := r.Accept(who)
		r.Must(err)
	case action == "assign" && u.Status == seats.UserActive:
		_, err := assign(r, "owner", []seats.UserID{u.ID}, none[[]seats.AssignResult]())
		r.Must(err)
	case action == "revoke":
		r.Revoke(who)
	case action == "deactivate":
		r.Deactivate(who)
	case action == "activate":
		r.Activate(who)
	case action == "shrink" && r.Pool().Seats > 2:
		r.Change(2)
	}
}

// A list is of one product, and says why there is none.
func TestAListOfPeopleSaysWhyItIsEmpty(t *testing.T) {
	r := seatstest.Open(t)
	says := func(number int64, want string) {
		t.Helper()
		_, _, err := r.Service.BilledPeople(r.Ctx, r.Caller("owner"), r.Account, number)
		wantCode(t, err, "not_found")
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	says(1, "nobody held a license when it was issued")
	r.JoinLicensed("ann")
	r.AddProduct("appraisal", "month", 2, 100)
	equalSlices(t, "of the other product", listed(t, r, 2), nil)
	_, err := void(r, 1)
	r.Must(err)
	says(3, "Credit note 3 has no list of people")
	r.CloseAt(decemberFirst())
	inv, people, err := r.Service.BilledPeople(r.Ctx, r.Caller("owner"), r.Account, 4)
	r.Must(err)
	equal(t, "listed", len(people), 1)
	equal(t, "of", inv.Lines[people[0].Line].ProductID, r.Product)
}
