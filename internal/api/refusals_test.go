package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
)

// refusal is a well-formed request that the state does not allow.
type refusal struct {
	name   string
	by     string // a role
	method string
	path   string
	body   any
	status int
	code   string
}

// refused sends each request: it must be refused with its status and code, and
// nothing may change.
func refused(t *testing.T, x *tenant, rows []refusal) {
	t.Helper()
	before := x.s.Dump()
	for _, row := range rows {
		r := request(row.method, row.path, row.body)
		if op, _, found := x.s.Document.Find(row.method, row.path); !found {
			t.Errorf("%s: there is no such operation", row.name)
		} else if op.Keyed() {
			r.Key = x.s.Key()
		}
		writes := x.s.Writes()
		got := x.people[row.by].Send(r)
		if got.Status != row.status || got.Code() != row.code {
			t.Errorf("%s: %d %.400s, want %d %s", row.name, got.Status, got.Body, row.status, row.code)
		}
		if x.s.Writes() != writes {
			t.Errorf("%s has changed something", row.name)
		}
	}
	for _, change := range apitest.Changes(before, x.s.Dump()) {
		t.Errorf("changed: %s", change)
	}
	t.Logf("%d refusals", len(rows))
}

func TestQuotesAreConfirmedOnceInTimeAndAsTheyWere(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x, y := newTenant(t, s, nil), newTenant(t, s, nil)
	confirm := func(quote string) object { return object{"quote_id": quote, "agreement_accepted": true} }
	changes := x.SubPath() + "/seat-changes"

	stale := x.Quote(x.Pool().Seats + 3).ID
	used := x.Quote(x.Pool().Seats + 2).ID
	x.Confirm(used).OK(t, nil)
	decided := x.Quote(x.Pool().Seats + 1)
	// Giving and taking licenses makes no quote stale.
	x.Owner.Post(x.SubPath()+"/licenses", object{"user_ids": []string{x.OwnerID}}).OK(t, nil)
	x.Owner.Delete(x.SubPath()+"/licenses/"+x.OwnerID).OK(t, nil)
	foreign := y.Quote(y.Pool().Seats + 1).ID
	refused(t, x, []refusal{
		{"a used quote", owner, "POST", changes, confirm(used), 409, "quote_stale"},
		{"a quote of before a change", owner, "POST", changes, confirm(stale), 409, "quote_stale"},
		{"a quote of another account", owner, "POST", changes, confirm(foreign), 404, "not_found"},
		{"a quote that nobody asked for", owner, "POST", changes, confirm(other(used)), 404, "not_found"},
		{"an id of another kind", owner, "POST", changes, confirm(x.OwnerID), 404, "not_found"},
		{"an empty id", owner, "POST", changes, confirm(""), 404, "not_found"},
		{"an agreement that is not accepted", owner, "POST", changes, object{"quote_id": decided.ID, "agreement_accepted": false}, 422, "agreement_required"},
		{"somebody without the right", member, "POST", changes, confirm(decided.ID), 403, "forbidden"},
		{"the seats that there are", owner, "POST", x.SubPath() + "/quotes", object{"seats": x.Pool().Seats}, 409, "state_conflict"},
		{"nothing scheduled", owner, "DELETE", changes + "/pending", nil, 409, "state_conflict"},
	})
	unkeyed := request("POST", changes, confirm(decided.ID))
	x.Owner.Send(unkeyed).Refused(t, 422, "idempotency_key_required")
	s.Pass(15 * time.Minute)
	refused(t, x, []refusal{{"an expired quote", owner, "POST", changes, confirm(decided.ID), 409, "quote_expired"}})

	fresh := x.Quote(x.Pool().Seats + 1)
	var done api.SeatChangeDone
	x.Confirm(fresh.ID).OK(t, &done)
	if done.Invoice == nil || done.Invoice.AmountDue != fresh.DueNow {
		t.Errorf("shown %+v, charged %+v", fresh.DueNow, done.Invoice)
	}
}

func TestPeopleAreRefusedWhatTheirStateDoesNotAllow(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	users, invitations := x.Path+"/users/", x.Path+"/invitations/"
	cancelled := x.Invite(x.Invitee("cancelled", member, false))[0]
	x.Owner.Delete(invitations+cancelled.InvitationID).OK(t, nil)
	unseen := x.Invite(x.Invitee("unseen", member, false))[0].UserID
	// Who was invited before, has accepted, and was then deactivated.
	used, off := invitationOf(x.ids[member]), x.ids[deactivated]
	refused(t, x, []refusal{
		{"sending an accepted invitation again", owner, "POST", invitations + used + "/resend", nil, 410, "invitation_used"},
		{"cancelling an accepted invitation", owner, "DELETE", invitations + used, nil, 410, "invitation_used"},
		{"sending a cancelled invitation again", owner, "POST", invitations + cancelled.InvitationID + "/resend", nil, 410, "invitation_cancelled"},
		{"cancelling it again", owner, "DELETE", invitations + cancelled.InvitationID, nil, 410, "invitation_cancelled"},
		{"an invitation of the owner, who had none", owner, "DELETE", invitations + invitationOf(x.OwnerID), nil, 404, "not_found"},
		{"activating who has not accepted", owner, "POST", users + unseen + "/activate", nil, 409, "state_conflict"},
		{"deactivating who has not accepted", owner, "POST", users + unseen + "/deactivate", nil, 409, "state_conflict"},
		{"deactivating an admin", owner, "POST", users + x.ids[admin] + "/deactivate", nil, 409, "role_must_be_removed_first"},
		{"deactivating the owner", admin, "POST", users + x.OwnerID + "/deactivate", nil, 409, "owner_required"},
		{"removing the owner", admin, "DELETE", users + x.OwnerID, nil, 409, "owner_required"},
		{"demoting the owner", admin, "PATCH", users + x.OwnerID, object{"role": member}, 409, "owner_required"},
		{"making an owner by editing", owner, "PATCH", users + x.ids[admin], object{"role": owner}, 409, "owner_required"},
		{"one's own role", admin, "PATCH", users + x.ids[admin], object{"role": member}, 403, "forbidden"},
		{"one's own access", admin, "POST", users + x.ids[admin] + "/deactivate", nil, 403, "forbidden"},
		{"removing oneself", admin, "DELETE", users + x.ids[admin], nil, 403, "forbidden"},
		{"a removed user", owner, "PATCH", users + x.ids[removed], object{"first_name": "Back"}, 404, "not_found"},
		{"activating a removed user", owner, "POST", users + x.ids[removed] + "/activate", nil, 404, "not_found"},
		{"handing over to oneself", owner, "PUT", x.Path + "/owner", object{"user_id": x.OwnerID}, 409, "state_conflict"},
		{"handing over to the deactivated", owner, "PUT", x.Path + "/owner", object{"user_id": off}, 409, "state_conflict"},
		{"handing over to who has not accepted", owner, "PUT", x.Path + "/owner", object{"user_id": unseen}, 409, "state_conflict"},
		{"handing over to the removed", owner, "PUT", x.Path + "/owner", object{"user_id": x.ids[removed]}, 404, "not_found"},
		{"handing over to no id", owner, "PUT", x.Path + "/owner", object{"user_id": "olga"}, 404, "not_found"},
		{"taking a license from the removed", owner, "DELETE", x.SubPath() + "/licenses/" + x.ids[removed], nil, 404, "not_found"},
	})
	s.Pass(5*time.Minute + time.Second)
	refused(t, x, []refusal{{"handing over after a sign-in of long ago", owner, "PUT", x.Path + "/owner", object{"user_id": x.ids[member]}, 403, "sign_in_again"}})
}

// Rows of a bulk request are refused one by one, and the request is answered.
func TestEachRowOfABulkRequestHasItsReason(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x, y := newTenant(t, s, nil), newTenant(t, s, nil)
	full := newTenant(t, s, object{"seats": 2})
	want := func(name string, got *api.Refusal, code string) {
		t.Helper()
		if got == nil || got.Code != code || !strings.HasSuffix(got.Detail, ".") {
			t.Errorf("%s: %+v, want %s", name, got, code)
		}
	}
	for _, row := range []struct {
		name string
		user string
		code string
	}{
		{"deactivated", x.ids[deactivated], "state_conflict"}, {"removed", x.ids[removed], "not_found"}, {"invited", x.invited, "state_conflict"},
		{"of another account", y.ids[member], "not_found"}, {"that is none", "olga", "not_found"}, {"of another kind", x.ID, "not_found"}, {"empty", "", "not_found"},
	} {
		var got api.AssignResults
		x.Owner.Post(x.SubPath()+"/licenses", object{"user_ids": []string{row.user}}).OK(t, &got)
		want("assigning to a user "+row.name, got.Results[0].Error, row.code)
	}
	var lacking api.AssignResults
	full.Owner.Post(full.SubPath()+"/licenses", object{"user_ids": []string{full.OwnerID}}).OK(t, &lacking)
	want("assigning where no seat is free", lacking.Results[0].Error, "no_free_seats")

	invite := func(x *tenant, name string, change map[string]string) *api.Refusal {
		p := x.Invitee(name, member, false)
		for k, v := range change {
			p[k] = v
		}
		return x.Invite(p)[0].Error
	}
	want("inviting where no seat is free", invite(full, "late", map[string]string{"subscription_id": full.Sub}), "no_free_seats")
	want("inviting to another account's seats", invite(x, "far", map[string]string{"subscription_id": y.Sub}), "not_found")
	want("inviting a user", invite(x, "again", map[string]string{"email": x.people[member].Email}), "email_taken")
	want("inviting the deactivated", invite(x, "again", map[string]string{"email": x.people[deactivated].Email}), "email_taken")
	twice := x.Invite(x.Invitee("twin", member, false), x.Invitee("Twin", member, false))
	if twice[0].Error != nil {
		t.Errorf("the first of two: %+v", twice[0].Error)
	}
	want("inviting one person twice", twice[1].Error, "email_taken")
	if again := invite(x, "again", map[string]string{"email": x.people[removed].Email}); again != nil {
		t.Errorf("inviting the removed: %+v", again)
	}
}

// What the policies of a plan do not let customers do themselves.
func TestPoliciesAreKeptAndSayWhomToAsk(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	quotes := func(x *tenant) string { return x.SubPath() + "/quotes" }
	strict := newTenant(t, s, object{"plan_id": "rooms-strict", "seats": 10})
	addOnly := newTenant(t, s, object{"plan_id": "rooms-add-only", "seats": 10})
	none := newTenant(t, s, object{"plan_id": "rooms-vendor", "seats": 10})
	parked := newTenant(t, s, object{"seats": 10})
	ready := parked.Quote(11).ID
	parked.park(t)
	refused(t, strict, []refusal{
		{"more than is sold here", owner, "POST", quotes(strict), object{"seats": 51}, 409, "contact_sales"},
		{"fewer than the plan has", owner, "POST", quotes(strict), object{"seats": 1}, 409, "contact_sales"},
	})
	for range 3 {
		strict.newcomer(t, true)
	}
	refused(t, strict, []refusal{{"fewer than are in use", owner, "POST", quotes(strict), object{"seats": 4}, 409, "seats_in_use"}})
	refused(t, addOnly, []refusal{{"giving seats back", owner, "POST", quotes(addOnly), object{"seats": 9}, 409, "contact_sales"}})
	refused(t, none, []refusal{{"buying seats", owner, "POST", quotes(none), object{"seats": 11}, 409, "contact_sales"}})
	got := none.Owner.Post(quotes(none), object{"seats": 11})
	if !strings.Contains(string(got.Body), "sales@contoso.example") {
		t.Errorf("it does not say whom to write to: %s", got.Body)
	}
	refused(t, parked, []refusal{
		{"a quote while parked", owner, "POST", quotes(parked), object{"seats": 11}, 409, "account_parked"},
		{"a confirmation while parked", owner, "POST", parked.SubPath() + "/seat-changes", object{"quote_id": ready, "agreement_accepted": true}, 409, "account_parked"},
		{"a cancellation while parked", owner, "DELETE", parked.SubPath() + "/seat-changes/pending", nil, 409, "account_parked"},
	})
	// People, licenses and free seats go on.
	parked.Owner.Post(parked.SubPath()+"/licenses", object{"user_ids": []string{parked.newcomer(t, false)}}).OK(t, nil)
}

func TestOperatorsAreRefusedWhatTheStateDoesNotAllow(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	ordinary := s.OpenWith(object{"test": false})
	refused(t, x, []refusal{
		{"a clock of an ordinary account", operator, "POST", "/v1/operator/accounts/" + ordinary.ID + "/clock", object{"to": "2027-01-01T00:00:00Z"}, 409, "state_conflict"},
		{"retrying what is not parked", operator, "POST", "/v1/operator/parked-accounts/" + x.ID + "/retry", nil, 409, "state_conflict"},
		{"a catalog of nothing", operator, "POST", "/v1/operator/catalog/publish", object{"catalog": ""}, 422, "invalid"},
		{"a catalog that is no YAML", operator, "POST", "/v1/operator/catalog/publish", object{"catalog": "a: [b"}, 422, "invalid"},
		{"a catalog of mistakes", operator, "POST", "/v1/operator/catalog/publish", object{"catalog": strings.Repeat("colour: red\n", 16_000)}, 422, "invalid"},
		{"a catalog of one long name", operator, "POST", "/v1/operator/catalog/publish", object{"catalog": strings.Repeat("\u2028", 60_000) + ": x\n"}, 422, "invalid"},
		{"a catalog nested deep", operator, "POST", "/v1/operator/catalog/publish", object{"catalog": strings.Repeat("[", 100_000)}, 422, "invalid"},
		{"a catalog of aliases", operator, "POST", "/v1/operator/catalog/publish", object{"catalog": aliases()}, 422, "invalid"},
	})
	unkeyed := valid()["open-account"](t, x, nil)
	x.people[operator].Send(unkeyed).Refused(t, http.StatusUnprocessableEntity, "idempotency_key_required")
}

// aliases is a text that would be very long if its aliases were written out.
func aliases() string {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		a, b := string(rune('0'+i)), string(rune('1'+i))
		text += "a" + b + ": &a" + b + " [" + strings.TrimSuffix(strings.Repeat("*a"+a+", ", 10), ", ") + "]\n"
	}
	return text
}
