package main

import (
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/seats"
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

// Who is the owner is told as it is when the mail is written.
func TestAnOwnershipThatWasHandedBackIsNotTold(t *testing.T) {
	r := newRig(t, apitest.SampleCatalog(t))
	a := r.Open(5)
	_, id := joins(t, r, a, "ann", "admin", nothing)
	r.news(a)
	a.Owner.Put(a.Path+"/owner", map[string]string{"user_id": id}).OK(t, nil)
	first := of(r.ledger(a), seats.OwnershipTransferred)
	r.ses.Clear()
	r.all(first...)
	if got := r.mails(); len(got) != 2 {
		t.Errorf("handed over: %q, want a mail to the new owner and one to the old", heads(got))
	}
	r.Pass(time.Minute)
	r.SignIn(a.Email("ann")).Put(a.Path+"/owner", map[string]string{"user_id": a.OwnerID}).OK(t, nil)
	r.forget()
	r.all(first...)
	same(t, "handed back", r.mails())
}

func TestALicenseThatWasGivenAgainHasNotEnded(t *testing.T) {
	r := newRig(t, apitest.SampleCatalog(t))
	a := r.Open(5)
	_, ann := joins(t, r, a, "ann", "member", nothing)
	_, ben := joins(t, r, a, "ben", "member", nothing)
	r.news(a)
	for _, id := range []string{ann, ben} {
		a.Owner.Delete(a.SubPath()+"/licenses/"+id).OK(t, nil)
	}
	a.Owner.Post(a.SubPath()+"/licenses", map[string]any{"user_ids": []string{ann}}).OK(t, nil)
	same(t, "taken, and one given again", r.news(a), "ann: You have a license of Northwind Meetings", "ben: Your license of Northwind Meetings has ended")
}
