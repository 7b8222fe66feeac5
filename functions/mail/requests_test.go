package main

import (
	"strings"
	"testing"
)

func TestRequestsAreConfirmedAndTheirAnswersTold(t *testing.T) {
	r := newRig(t, largeCatalog(t))
	a := r.Open(5)
	r.news(a)
	ask := func(body map[string]any) string {
		var asked struct {
			ID string `json:"id"`
		}
		a.Owner.Post(a.Path+"/requests", body).OK(t, &asked)
		return "/v1/operator/accounts/" + a.ID + "/requests/" + asked.ID
	}
	path := ask(map[string]any{"kind": "plan", "subscription_id": a.Sub, "plan_id": "meetings-pro", "seats": 8, "message": "For Lyon."})
	same(t, "asked", r.news(a), "olga: Your request to Northwind Meetings: Northwind Meetings", "sales: Request of Customer at customer1.example: Northwind Meetings")
	for _, name := range []string{"olga", "sales"} {
		says(t, to(t, r.mails(), name, "request_opened"), "Plan: Pro", "Seats: 5 → 8", "For Lyon.", "Asked by: Olga Owner", "Due now, as priced then: €42.00", "Next invoice, as priced then: €240.00")
	}
	if m := to(t, r.mails(), "sales", "request_opened"); strings.Contains(m.Text, console) || strings.Contains(m.Text, "Hello") {
		t.Errorf("the vendor is led to the customer's page or greeted:\n%s", m.Text)
	}
	r.Operator().Post(path+"/decline", map[string]string{"message": "Not in winter."}).OK(t, nil)
	same(t, "declined", r.news(a), "olga: Your request was declined: Northwind Meetings")
	says(t, to(t, r.mails(), "olga", "request_answered"), "Not in winter.", "Plan: Pro", "Seats: 5 → 8", "For Lyon.", console+"/accounts/"+a.ID+"/requests")
	ask(map[string]any{"kind": "cancel", "subscription_id": a.Sub})
	same(t, "asked to end it", r.news(a), "olga: Your request to Northwind Meetings: Northwind Meetings", "sales: Request of Customer at customer1.example: Northwind Meetings")
	says(t, to(t, r.mails(), "sales", "request_opened"), "Asked for: The end of the subscription with its cycle", "Seats: 5 → 0", "Due now, as priced then: €0.00", "Next invoice, as priced then: €0.00")
	path = ask(map[string]any{"kind": "other", "message": "Shells?"})
	same(t, "asked in words", r.news(a), "olga: Your request to Northwind Meetings", "sales: Request of Customer at customer1.example")
	r.Operator().Post(path+"/approve", map[string]string{"message": "Fine."}).OK(t, nil)
	same(t, "approved", r.news(a), "olga: Your request was approved")

	r.Publish(strings.Replace(largeCatalog(t), "sales_contact: sales@northwind.example", "sales_contact: https://northwind.example/sales", 1))
	b := r.Open(5)
	r.news(b)
	b.Owner.Post(b.Path+"/requests", map[string]any{"kind": "other", "message": "Hello?"}).OK(t, nil)
	same(t, "a sales contact that is a page", r.news(b), "olga: Your request to Northwind Meetings")
}

// An answer, with what it costs, goes to who may still see it.
func TestAnAnswerIsToldToWhoSeesTheAccount(t *testing.T) {
	r := newRig(t, largeCatalog(t))
	a := r.Open(5)
	become := func(role string) func(string) {
		return func(path string) { a.Owner.Patch(path, map[string]string{"role": role}).OK(t, nil) }
	}
	for _, c := range []struct {
		name string
		do   func(path string)
		told string
	}{
		{"an admin now", become("admin"), ""},
		{"a member now", become("member"), "olga"},
		{"deactivated", func(path string) {
			become("member")(path)
			a.Owner.Post(path+"/deactivate", nil).OK(t, nil)
		}, "olga"},
		{"removed", func(path string) { a.Owner.Delete(path).OK(t, nil) }, "olga"},
	} {
		name := strings.ReplaceAll(c.name, " ", "-")
		clerk, id := joins(t, r, a, name, "billing_admin", nothing)
		var asked struct {
			ID string `json:"id"`
		}
		clerk.Post(a.Path+"/requests", map[string]any{"kind": "plan", "subscription_id": a.Sub, "plan_id": "meetings-pro", "seats": 8, "message": "For Lyon."}).OK(t, &asked)
		c.do(a.Path + "/users/" + id)
		r.news(a)
		r.Operator().Post("/v1/operator/accounts/"+a.ID+"/requests/"+asked.ID+"/decline", map[string]string{"message": "No."}).OK(t, nil)
		if c.told == "" {
			same(t, c.name, r.news(a), name+": Your request was declined: Northwind Meetings")
			continue
		}
		same(t, c.name, r.news(a), c.told+": The request of "+name+" Guest was declined: Northwind Meetings")
		says(t, to(t, r.mails(), c.told, "request_answered"), "declined what "+name+" Guest had asked for.", name+" Guest had written", "For Lyon.", "Asked by: "+name+" Guest")
	}
}
