package api_test

import (
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
)

// otherPlan is a plan of the tenant's product that it is not on.
func (x *tenant) otherPlan() string {
	if x.product() == "rooms" {
		return "rooms-later"
	}
	return "meetings-yearly"
}

func (x *tenant) quotePlan(t testing.TB) api.Quote {
	var q api.Quote
	x.Owner.Post(x.SubPath()+"/quotes", object{"plan_id": x.otherPlan()}).OK(t, &q)
	return q
}

// newPlan publishes a plan of a product that nobody has, with the policy that the
// tenant's own plan has of admins who spend, and gives its id.
func (x *tenant) newPlan() string {
	id := "p-" + strings.ToLower(x.s.Key())
	adminsMaySpend := "true"
	if x.product() == "rooms" {
		adminsMaySpend = "false"
	}
	x.s.Publish(strings.NewReplacer("ID", id, "MAY", adminsMaySpend).Replace(`
vendor: {name: Contoso, support_email: help@contoso.example, sales_contact: sales@contoso.example, sign_in_url: "https://app.contoso.example"}
products: [{id: ID, name: A product, entitlements: [{id: use, name: Use it}]}]
plans:
  - {id: ID, name: A plan, product: ID, price: {EUR: {unit: 100}}, policies: {admins_may_spend: MAY}}
`))
	return id
}

// addPlans are the requests about plans and subscriptions.
func addPlans(all map[string]func(testing.TB, *tenant, *apitest.Person) apitest.Request) {
	get := func(path string) func(testing.TB, *tenant, *apitest.Person) apitest.Request {
		return func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
			return request("GET", strings.NewReplacer("{account}", x.Path, "{subscription}", x.SubPath()).Replace(path), nil)
		}
	}
	all["list-plans"] = get("{account}/plans")
	all["get-forecast"] = get("{subscription}/forecast")
	all["suppose"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", x.SubPath()+"/forecast", object{"changes": []any{object{"seats": x.Pool().Seats + 1}}})
	}
	all["quote-subscription"] = func(_ testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		return request("POST", x.Path+"/quotes", object{"plan_id": x.newPlan(), "seats": 2})
	}
	all["subscribe"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		var q api.Quote
		x.Owner.Post(x.Path+"/quotes", object{"plan_id": x.newPlan(), "seats": 2}).OK(t, &q)
		return request("POST", x.Path+"/subscriptions", object{"quote_id": q.ID, "agreement_accepted": true})
	}
	pending := func(t testing.TB, x *tenant, want bool) {
		switch is := x.Pool().PendingPlan != nil; {
		case is && !want:
			x.Owner.Delete(x.SubPath()+"/plan-changes/pending").OK(t, nil)
		case !is && want:
			x.Owner.Post(x.SubPath()+"/plan-changes", object{"quote_id": x.quotePlan(t).ID, "agreement_accepted": true}).OK(t, nil)
		}
	}
	all["confirm-plan"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		pending(t, x, false)
		return request("POST", x.SubPath()+"/plan-changes", object{"quote_id": x.quotePlan(t).ID, "agreement_accepted": true})
	}
	all["cancel-pending-plan"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		pending(t, x, true)
		return request("DELETE", x.SubPath()+"/plan-changes/pending", nil)
	}
	all["cancel-subscription"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		if x.Pool().CancelAt != nil {
			x.Owner.Post(x.SubPath()+"/resume", nil).OK(t, nil)
		}
		return request("POST", x.SubPath()+"/cancel", nil)
	}
	all["resume-subscription"] = func(t testing.TB, x *tenant, _ *apitest.Person) apitest.Request {
		if x.Pool().CancelAt == nil {
			x.Owner.Post(x.SubPath()+"/cancel", nil).OK(t, nil)
		}
		return request("POST", x.SubPath()+"/resume", nil)
	}
}
