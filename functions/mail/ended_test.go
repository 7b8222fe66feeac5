package main

import (
	"testing"

	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/seats"
)

// Whose licenses end with their access is told, whether deactivated or removed.
func TestWhoLosesAccessIsToldOfTheirLicenses(t *testing.T) {
	r := newRig(t, apitest.SampleCatalog(t))
	a := r.Open(5)
	ids := map[string]string{}
	for name, licensed := range map[string]bool{"dan": true, "rea": true, "without": false, "erased": true} {
		invited := a.Invite(a.Invitee(name, "member", licensed))[0]
		p := r.As(a.Email(name))
		p.Post("/v1/invitations/accept", map[string]string{"token": a.Link(invited.UserID, 1), "id_token": p.IDToken}).OK(t, nil)
		ids[name] = invited.UserID
	}
	r.news(a)
	a.Owner.Post(a.Path+"/users/"+ids["dan"]+"/deactivate", nil).OK(t, nil)
	same(t, "deactivated", r.news(a), "dan: Your license of Northwind Meetings has ended")
	says(t, to(t, r.mails(), "dan", "license_taken"), "Olga Owner deactivated your user at Customer at customer1.example, and your license of Northwind Meetings ended with it.")
	a.Owner.Delete(a.Path+"/users/"+ids["rea"]).OK(t, nil)
	same(t, "removed", r.news(a), "rea: Your license of Northwind Meetings has ended")
	says(t, to(t, r.mails(), "rea", "license_taken"), "Olga Owner removed you from Customer at customer1.example, and your license of Northwind Meetings ended with it.")
	a.Owner.Delete(a.Path+"/users/"+ids["without"]).OK(t, nil)
	same(t, "removed without a license", r.news(a))
	a.Owner.Delete(a.Path+"/users/"+ids["erased"]).OK(t, nil)
	a.Owner.Post(a.Path+"/users/"+ids["erased"]+"/erase", nil).OK(t, nil)
	same(t, "erased", r.news(a))
	if n := len(of(r.ledger(a), seats.UserRemovedEvent)); n != 3 {
		t.Errorf("%d were removed, want 3", n)
	}
}

func TestNamesAreListedInWords(t *testing.T) {
	for want, names := range map[string][]string{"": nil, "A": {"A"}, "A and B": {"A", "B"}, "A, B and C": {"A", "B", "C"}} {
		if got := listed(names); got != want {
			t.Errorf("%q are listed as %q", names, got)
		}
	}
}
