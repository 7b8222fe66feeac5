package main

import (
	"testing"

	"github.com/usher-seats/usher/internal/api/apitest"
)

func TestWhoseRoleChangesIsTold(t *testing.T) {
	r := newRig(t, apitest.SampleCatalog(t))
	a := r.Open(5)
	invited := a.Invite(a.Invitee("ann", "member", false), a.Invitee("open", "member", false))
	ann := r.As(a.Email("ann"))
	ann.Post("/v1/invitations/accept", map[string]string{"token": a.Link(invited[0].UserID, 1), "id_token": ann.IDToken}).OK(t, nil)
	become := func(user, role string) {
		a.Owner.Patch(a.Path+"/users/"+user, map[string]string{"role": role}).OK(t, nil)
	}
	r.news(a)
	become(invited[0].UserID, "admin")
	same(t, "an admin", r.news(a), "ann: You are now an administrator of Customer at customer1.example")
	says(t, to(t, r.mails(), "ann", "role_given"), "Olga Owner changed your role at Customer at customer1.example. You are now an administrator.",
		"Your role: Member → Administrator", "invite people", console+"/accounts/"+a.ID)
	become(invited[0].UserID, "member")
	same(t, "a member again", r.news(a), "ann: You are now a member of Customer at customer1.example")
	become(invited[1].UserID, "admin")
	same(t, "who has not accepted yet", r.news(a))
	become(invited[0].UserID, "admin")
	become(invited[0].UserID, "billing_admin")
	same(t, "changed twice", r.news(a), "ann: You are now a billing administrator of Customer at customer1.example")
}
