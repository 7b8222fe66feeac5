package api_test

import (
	"net/http"
	"testing"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
)

// asked is an open request of the tenant's owner for more seats.
func (x *tenant) asked(t testing.TB) api.Request {
	t.Helper()
	var all struct{ Items []api.Request }
	x.Owner.Get(x.Path+"/requests?limit=100").OK(t, &all)
	for _, r := range all.Items {
		if r.Status == "open" && r.Kind == "seats" && r.Seats > x.Pool().Seats {
			return r
		}
	}
	return x.ask(t)
}

// ask opens a request for more seats.
func (x *tenant) ask(t testing.TB) (r api.Request) {
	t.Helper()
	x.Owner.Post(x.Path+"/requests", object{"kind": "seats", "subscription_id": x.Sub, "seats": x.Pool().Seats + 10, "message": "For Lyon."}).OK(t, &r)
	return r
}

// priced is a request with the staff's quote of it.
func (x *tenant) priced(t testing.TB) (path, quote string) {
	t.Helper()
	path = "/v1/operator/accounts/" + x.ID + "/requests/" + x.asked(t).ID
	var q api.Quote
	x.s.Operator().Post(path+"/quote", nil).OK(t, &q)
	return path, q.ID
}

func addRequests(all map[string]func(testing.TB, *tenant, *apitest.Person) apitest.Request) {
	all["open-request"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", x.Path+"/requests", object{"kind": "seats", "subscription_id": x.Sub, "seats": x.Pool().Seats + 10})
	}
	all["list-requests"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("GET", x.Path+"/requests", nil)
	}
	all["get-request"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("GET", x.Path+"/requests/"+x.asked(t).ID, nil)
	}
	all["list-open-requests"] = func(testing.TB, *tenant, *apitest.Person) apitest.Request {
		return request("GET", "/v1/operator/requests?status=open", nil)
	}
	all["quote-request"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", "/v1/operator/accounts/"+x.ID+"/requests/"+x.asked(t).ID+"/quote", nil)
	}
	all["approve-request"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		path, quote := x.priced(t)
		return request("POST", path+"/approve", object{"quote_id": quote})
	}
	all["decline-request"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", "/v1/operator/accounts/"+x.ID+"/requests/"+x.asked(t).ID+"/decline", object{"message": "Not at this price."})
	}
}

// What is not self-service is asked for, priced and approved over HTTP, and both
// sides see the same.
func TestARequestGoesToTheStaffAndBack(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	before := x.Pool().Seats
	asked := x.asked(t)
	var open struct{ Items []api.AskedRequest }
	s.Operator().Get("/v1/operator/requests?status=open&limit=100").OK(t, &open)
	if len(open.Items) != 1 || open.Items[0].AccountID != x.ID || open.Items[0].Request.ID != asked.ID || open.Items[0].Request.Message != "For Lyon." {
		t.Fatalf("open are %+v", open.Items)
	}
	path := "/v1/operator/accounts/" + x.ID + "/requests/" + asked.ID
	s.Operator().Post(path+"/approve", object{}).Refused(t, http.StatusConflict, "quote_required")
	var q api.Quote
	s.Operator().Post(path+"/quote", nil).OK(t, &q)
	var done api.AnsweredRequest
	s.Operator().Post(path+"/approve", object{"quote_id": q.ID, "message": "Welcome to Lyon."}).OK(t, &done)
	if done.Seats != before+10 || done.Request.Status != "approved" || done.Invoice == nil || done.Invoice.AmountDue != q.DueNow || asked.DueNow != q.DueNow {
		t.Errorf("got %+v", done)
	}
	var seen api.Request
	x.Owner.Get(x.Path+"/requests/"+asked.ID).OK(t, &seen)
	if seen.Status != "approved" || seen.Answer != "Welcome to Lyon." || seen.AnsweredAt == nil {
		t.Errorf("the customer sees %+v", seen)
	}
	if x.Pool().Seats != before+10 {
		t.Error("the seats are not there")
	}
	s.Operator().Post(path+"/decline", object{"message": "No."}).Refused(t, http.StatusConflict, "state_conflict")
}
