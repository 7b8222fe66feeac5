package browser_test

import "testing"

// Whoever was added by an admin is let in by the first sign-in, whichever page a link has led to.
func TestWhoWasAddedComesInByAnyLink(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "valuation-monthly", 2)
	email := "nils@" + a.Domain
	rig.API(t, a.Owner).Post(a.API("/users"), map[string]any{"email": email, "first_name": "Nils", "last_name": "Berg", "subscription_id": a.SubscriptionID}, nil)
	page := rig.Page(t)
	page.Open(a.Path("/users"))
	page.Click("button", "Sign in")
	page.Fill("Email", email)
	page.Click("button", "Continue")
	page.Has("heading", "My licenses")
	page.See("Surveyline Valuation")
	page.At(a.Path("/users"))
}
