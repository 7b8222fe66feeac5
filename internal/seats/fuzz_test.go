package seats_test

import (
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// FuzzLookUp sends any bytes as a link: none but those that were signed open
// anything, and nothing panics.
func FuzzLookUp(f *testing.F) {
	r := seatstest.Open(f)
	r.Invite(seatstest.Invitee("ann", r.Sub))
	link := r.Link("ann")
	for _, seed := range []string{link, "", ".", link[:len(link)-1], link + "\n", strings.Replace(link, ".1.", ".2.", 1)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, err := r.Service.LookUpInvitation(r.Ctx, token)
		if token == link {
			wantCode(t, err, "")
			return
		}
		wantCode(t, err, "not_found")
	})
}

// FuzzNormalizeEmail: what is taken is its own normal form and has one @ that mail
// servers split at.
func FuzzNormalizeEmail(f *testing.F) {
	for _, seed := range []string{"ann@example.com", "ÄNN@BÜCHER.example", "a@b@c.d", "İ@ﬁ.example", "a@xn--a.example", "a@\u00df.example", "a@.com"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		email, err := seats.NormalizeEmail(raw)
		if err != nil {
			wantCode(t, err, "invalid")
			return
		}
		again, err := seats.NormalizeEmail(email)
		if err != nil || again != email {
			t.Fatalf("%q became %q and then %q, %v", raw, email, again, err)
		}
		if len(email) > seats.MaxEmailBytes || strings.Count(email, "@") != 1 || strings.ContainsAny(email, " \r\n\t<>,;\"") {
			t.Fatalf("%q became %q", raw, email)
		}
	})
}

// FuzzIDs: an id is taken in the one form in which it is written.
func FuzzIDs(f *testing.F) {
	r := seatstest.Open(f)
	for _, seed := range []string{string(r.Sub), string(r.Owner), string(r.Account), "sub__x", "usr_", "inv_" + strings.Repeat("z", 26)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if product, err := seats.SubscriptionID(id).Product(); err == nil && !strings.HasSuffix(id, "_"+product) {
			t.Errorf("%q is of %q", id, product)
		}
		if user, err := seats.InvitationID(id).User(); err == nil && seats.InvitationOf(user) != seats.InvitationID(id) {
			t.Errorf("%q is of %q, whose invitation is %q", id, user, seats.InvitationOf(user))
		}
		if raw, ok := seats.UserID(id).Raw(); ok && raw.User() != seats.UserID(id) {
			t.Errorf("%q is written again as %q", id, raw.User())
		}
	})
}
