package api_test

import (
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
)

// The main job from end to end: invite, accept, resend, revoke, assign, buy,
// drop, close, hand over.
func TestACustomersMonthGoesThroughEveryLayer(t *testing.T) {
	s := apitest.New(t)
	s.Publish(apitest.SampleCatalog(t))
	a := s.Open(5)

	people := []map[string]string{}
	for _, name := range []string{"ann", "ben", "cy", "dee", "eve", "fay"} {
		people = append(people, a.Invitee(name, "member", true))
	}
	results := a.Invite(people...)
	for i, r := range results[:5] {
		if r.Error != nil {
			t.Fatalf("person %d: %+v", i, r.Error)
		}
	}
	if results[5].Error == nil || results[5].Error.Code != "no_free_seats" {
		t.Fatalf("the sixth: %+v", results[5])
	}
	for i, name := range []string{"ann", "ben", "cy", "dee"} {
		p := s.As(a.Email(name))
		p.Post("/v1/invitations/accept", map[string]string{"token": a.Link(results[i].UserID, 1), "id_token": p.IDToken}).OK(t, nil)
	}
	a.Owner.Post(a.Path+"/invitations/"+results[4].InvitationID+"/resend", nil).OK(t, nil)
	eve := s.As(a.Email("eve"))
	eve.Post("/v1/invitations/accept", map[string]string{"token": a.Link(results[4].UserID, 1), "id_token": eve.IDToken}).Refused(t, 410, "invitation_superseded")
	eve.Post("/v1/invitations/accept", map[string]string{"token": a.Link(results[4].UserID, 2), "id_token": eve.IDToken}).OK(t, nil)
	if pool := a.Pool(); pool.InUse != 5 || pool.Reserved != 0 || pool.Available != 0 {
		t.Fatalf("pool: %+v", pool)
	}

	a.Owner.Delete(a.SubPath()+"/licenses/"+results[0].UserID).OK(t, nil)
	var given api.AssignResults
	a.Owner.Post(a.SubPath()+"/licenses", map[string]any{"user_ids": []string{a.OwnerID}}).OK(t, &given)
	if given.Results[0].Status != "assigned" {
		t.Fatalf("assign: %+v", given)
	}

	q := a.Quote(8)
	if q.DueNow.AmountMinor != 1800 || q.NextInvoice.Total.AmountMinor != 16000 {
		t.Fatalf("quote: due %d, next %d", q.DueNow.AmountMinor, q.NextInvoice.Total.AmountMinor)
	}
	var bought api.SeatChangeDone
	a.Confirm(q.ID).OK(t, &bought)
	if bought.Invoice.AmountDue.AmountMinor != 1800 || bought.Invoice.Number != 2 || bought.Seats != 8 {
		t.Fatalf("bought: %+v", bought)
	}
	a.Confirm(a.Quote(4).ID).OK(t, nil)

	a.Advance(time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC))
	pool := a.Pool()
	if pool.Seats != 5 || pool.Pending != nil || pool.InUse != 5 {
		t.Fatalf("after the close, with five seats in use: %+v", pool)
	}
	var inv api.Invoice
	a.Owner.Get(a.Path+"/invoices/3").OK(t, &inv)
	if inv.Total.AmountMinor != 10000 {
		t.Fatalf("invoice: %+v", inv)
	}
	s.Operator().Post("/v1/operator/accounts/"+a.ID+"/close", nil).OK(t, nil)
	a.Owner.Get(a.Path+"/invoices/4").Refused(t, 404, "not_found")

	a.Owner.Put(a.Path+"/owner", map[string]string{"user_id": results[1].UserID}).OK(t, nil)
	a.Owner.Get(a.Path).Refused(t, 401, "signed_out")
}
