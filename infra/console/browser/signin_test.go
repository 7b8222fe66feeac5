package browser_test

import (
	"testing"

	"github.com/usher-seats/usher/infra/console/browsertest"
)

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

// A person of two accounts chooses one, changes to the other, with the other's rights, and leaves both by signing out.
func TestOnePersonHasTwoAccountsAndSignsOut(t *testing.T) {
	rig := shared(t)
	kiln, loom := customer(t, rig, "teams-monthly", 1), customer(t, rig, "valuation-monthly", 2)
	for name, a := range map[string]*browsertest.Account{"Kiln Works": &kiln, "Loom Works": &loom} {
		rig.API(t, a.Owner).Do("PATCH", a.API(""), map[string]any{"name": name}, nil)
		a.Name = name
	}
	email := "sam@" + kiln.Domain
	for role, a := range map[string]browsertest.Account{"admin": kiln, "member": loom} {
		rig.API(t, a.Owner).Post(a.API("/users"), map[string]any{"email": email, "first_name": "Sam", "last_name": "Tusk", "role": role}, nil)
	}
	page := rig.SignIn(t, email)
	page.See("Kiln Works")
	page.See("Loom Works")
	both(page)
	page.Click("link", "Kiln Works Admin")
	page.At(kiln.Path("/users"))
	page.Has("link", "Add users")

	page.Click("button", "Switch account")
	page.Click("menuitem", "Loom Works")
	page.At(loom.Path(""))
	page.Has("heading", "My licenses")
	page.Lacks("link", "Invoices")
	page.Open("/users") // the account that was on screen last
	page.At(loom.Path("/users"))

	page.Click("button", "Your menu")
	page.Click("menuitem", "Sign out")
	page.Has("button", "Sign in")
	page.Open(kiln.Path("/users"))
	page.Click("button", "Sign in")
	page.Has("button", "Continue") // the issuer has forgotten the person too
}
