package browser_test

import (
	"testing"

	"github.com/usher-seats/usher/infra/local/stack"
)

// What cannot be bought is asked for with the numbers filled in; the vendor's approval changes them on screen.
func TestWhatIsNotSelfServeIsAskedOfTheVendor(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "prospecting-enterprise-monthly", 5)
	c := rig.API(t, a.Owner)
	page := rig.SignIn(t, a.Owner)
	page.Open(a.Path("/licenses"))
	page.See("€119.00 each with up to 5, €109.00 each with 6 or more, per license and month")
	page.Click("button", "Edit number of licenses")
	dialog := page.In("dialog", "Edit number of licenses")
	dialog.Fill("Total licenses", "8")
	dialog.See("More than 5 seats are sold by the vendor in person. Open a request, or write to sales@leadfinch.example.")
	both(page)
	dialog.Click("link", "Ask for 8 licenses")
	ask := page.In("dialog", "Ask the vendor")
	equal(t, "the number that is filled in", ask.Value("Total licenses"), "8")
	ask.Fill("A message to the vendor (optional)", "A new office opens.")
	page.Reload()
	equal(t, "the message after a reload", ask.Value("A message to the vendor (optional)"), "A new office opens.")
	both(page)
	ask.Click("button", "Send the request")
	page.Has("heading", "From 5 to 8 licenses of Leadfinch Prospecting")
	page.See("There is none yet. It comes here and by mail.")
	page.See("A new office opens.")
	both(page)

	var list struct{ Items []struct{ ID string } }
	c.Get(a.API("/requests"), &list)
	at := "/v1/operator/accounts/" + a.ID + "/requests/" + list.Items[0].ID
	operator := rig.Operator(t)
	var quote struct {
		ID string `json:"quote_id"`
	}
	operator.Post(at+"/quote", nil, &quote)
	operator.Post(at+"/approve", map[string]string{"quote_id": quote.ID, "message": "With eight each costs less."}, nil)
	page.Reload()
	page.See("Approved and done")
	page.See("With eight each costs less.")
	page.Click("link", "To the licenses")
	page.See("0 of 8")
	page.Open(a.Path("/requests"))
	page.In("row", "From 5 to 8 licenses").See("Approved")
	both(page)
}

// Fewer licenses go by request where the plan says so, another plan does, and a question goes without numbers.
func TestRequestsOfOtherKinds(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "prospecting-partner-monthly", 2)
	page := rig.SignIn(t, a.Owner)
	page.Open(a.Path("/plan"))
	page.See("This plan is changed by the vendor")
	page.Click("button", "Ask the vendor for Pro, monthly")
	ask := page.In("dialog", "Ask the vendor")
	equal(t, "the plan that is filled in", ask.Value("Which plan?"), "prospecting-pro-monthly")
	ask.Click("button", "Send the request")
	page.Has("heading", "Change to Pro, monthly")
	page.Open(a.Path("/requests"))
	page.Click("button", "New request")
	ask.Fill("Your question or wish", "May we pay by card?")
	ask.Click("button", "Send the request")
	page.Has("heading", "Something in words")

	b := customer(t, rig, "prospecting-essential-monthly", 4)
	page = rig.SignIn(t, b.Owner)
	page.Open(b.Path("/requests"))
	page.See("Nothing has been asked yet")
	page.Open(b.Path("/licenses?edit=number"))
	dialog := page.In("dialog", "Edit number of licenses")
	dialog.Fill("Total licenses", "3")
	dialog.See("Seats of this plan are given back on request")
	dialog.Has("link", "Ask for 3 licenses")

	page.Open(b.Path("/plan"))
	page.Click("link", "Ask to cancel Leadfinch Prospecting")
	ask = page.In("dialog", "Ask the vendor")
	equal(t, "what is asked for", ask.Value("What do you want?"), "cancel")
	ask.Fill("A message to the vendor (optional)", "Birch merges with Oak.")
	both(page)
	ask.Click("button", "Send the request")
	page.Has("heading", "End of Leadfinch Prospecting")
	page.See("There is none yet. It comes here and by mail.")
	staff := rig.SignIn(t, stack.Operator)
	staff.Click("link", "Requests")
	staff.In("article", "Birch merges with Oak.").Click("button", "Approve…")
	approve := staff.In("dialog", "Approve for "+b.Name+"?")
	approve.See("The end of a subscription with its cycle.")
	approve.See("1 December 2026")
	approve.See("None: nothing will be billed")
	both(staff)
	approve.Click("button", "Approve")
	staff.Gone("Birch merges with Oak.")
	page.Reload()
	page.See("Approved and done")
	page.Open(b.Path("/plan"))
	page.See("Leadfinch Prospecting ends on 1 December 2026")
	page.Click("button", "Resume")
	both(page)
}
