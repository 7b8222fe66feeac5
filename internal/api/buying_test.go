package api_test

import (
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/api"
)

// Seats are bought on the way with the quote of a dry run: by inviting, by giving a
// license, by creating a user and by importing.
func TestSeatsAreBoughtOnTheWayOverHTTP(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := &tenant{Account: s.OpenWith(object{"plan_id": "rooms-auto", "seats": 1}), s: s}
	person := func(who string) object {
		return object{"email": x.Email(who), "first_name": "Ann", "last_name": "Other", "subscription_id": x.Sub}
	}
	with := func(body object, more object) object {
		all := object{}
		for _, part := range []object{body, more} {
			for k, v := range part {
				all[k] = v
			}
		}
		return all
	}
	// ann and bob are there without licenses; the one seat is given away.
	var ann, bob api.CreatedUser
	x.Owner.Post(x.Path+"/users", with(person("ann"), object{"subscription_id": ""})).OK(t, &ann)
	x.Owner.Post(x.Path+"/users", with(person("bob"), object{"subscription_id": ""})).OK(t, &bob)
	x.Owner.Post(x.SubPath()+"/licenses", object{"user_ids": []string{ann.User.ID}}).OK(t, nil)

	file := "email,first_name,last_name,product\r\n" + x.Email("cy") + ",Cy,Ant," + x.product() + "\r\nbad,,,\r\n"
	for name, c := range map[string]struct {
		path string
		body object
	}{
		"invite": {x.Path + "/invitations", object{"people": []any{person("dee")}}},
		"assign": {x.SubPath() + "/licenses", object{"user_ids": []string{bob.User.ID}}},
		"create": {x.Path + "/users", person("eve")},
		"import": {x.Path + "/users/import", object{"csv": file}},
	} {
		x.Owner.Post(c.path, c.body).Refused(t, 409, "quote_required")
		before := x.Pool().Seats
		var tried struct {
			Quote *api.Quote `json:"quote"`
		}
		x.Owner.Post(c.path, with(c.body, object{"dry_run": true})).OK(t, &tried)
		if tried.Quote == nil || tried.Quote.Seats != before+1 || tried.Quote.DueNow.AmountMinor <= 0 {
			t.Fatalf("%s: the dry run says %+v", name, tried.Quote)
		}
		if n := x.Pool().Seats; n != before {
			t.Errorf("%s: the dry run has left %d seats", name, n)
		}
		r := request("POST", c.path, with(c.body, object{"quote_id": tried.Quote.ID, "agreement_accepted": true}))
		x.Owner.Send(r).Refused(t, 422, "idempotency_key_required")
		r.Key = s.Key()
		x.Owner.Send(r).OK(t, nil)
		pool := x.Pool()
		if pool.Seats != before+1 || pool.Available != 0 {
			t.Errorf("%s: %d seats, %d available", name, pool.Seats, pool.Available)
		}
		again := x.Owner.Send(r)
		again.OK(t, nil)
		if !again.Replayed() || x.Pool().Seats != before+1 {
			t.Errorf("%s: sent again it is not the same answer", name)
		}
	}
}

func TestAFileIsImportedOverHTTP(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	file := "email,first_name,last_name,active\r\n" + x.Email("one") + ",On,E,\r\nnobody,,,perhaps\r\n" + x.Email("off") + ",Of,F,no\r\n"
	var got api.ImportResults
	x.Owner.Post(x.Path+"/users/import", object{"csv": file}).OK(t, &got)
	if len(got.Results) != 3 || got.Results[0].UserID == "" || got.Results[1].Refused == nil || got.Results[1].Line != 3 || got.Results[2].Line != 4 {
		t.Fatalf("got %+v", got.Results)
	}
	if said := got.Results[1].Refused.Detail; !strings.Contains(said, "Line 3:") || !strings.Contains(said, "active must be true or false") {
		t.Errorf("got %q", said)
	}
	var off api.User
	x.Owner.Get(x.Path+"/users/"+got.Results[2].UserID).OK(t, &off)
	if off.Status != "deactivated" {
		t.Errorf("created %+v", off)
	}
	refused := x.Owner.Post(x.Path+"/users/import", object{"csv": "email;first_name\n"})
	refused.Refused(t, 422, "invalid")
	if !strings.Contains(string(refused.Body), "body.csv:1") {
		t.Errorf("got %s", refused.Body)
	}
	x.Owner.Delete(x.Path+"/users/"+off.ID).OK(t, nil)
	var erased api.User
	x.Owner.Post(x.Path+"/users/"+off.ID+"/erase", nil).OK(t, &erased)
	if !erased.Erased || erased.FirstName+" "+erased.LastName != "Erased user" || strings.Contains(erased.Email, "off") {
		t.Errorf("erased %+v", erased)
	}
	// Who was created signs in and is bound to the user by the verified email.
	one := s.As(x.Email("one"))
	var me api.Me
	one.Post("/v1/me", object{"id_token": one.IDToken}).OK(t, &me)
	if me.Bound != 1 || len(me.Accounts) != 1 {
		t.Errorf("bound %+v", me)
	}
}
