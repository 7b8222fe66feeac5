package browser_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/console/browsertest"
)

type settings struct {
	Name           string   `json:"name"`
	TimeZone       string   `json:"time_zone"`
	OwnerID        string   `json:"owner_id"`
	BillingContact string   `json:"billing_contact"`
	MailsOff       []string `json:"mails_off"`
	InvoiceAddress struct {
		Name, Country string
		TaxID         string `json:"tax_id"`
		Lines         []string
	} `json:"invoice_address"`
}

// listen keeps what the page sends with PATCH and PUT.
const listen = `{ const real = window.fetch; window.sent = []; window.fetch = (at, how) => { if (how?.method === "PATCH" || how?.method === "PUT") window.sent.push(how.body); return real(at, how); }; 1 }`

// sent is what the page has sent since it was listened to.
func sent(t *testing.T, page *browsertest.Page) []string {
	t.Helper()
	text, err := json.Marshal(page.Eval(`window.sent`))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// What is typed outlives a reload, only what was changed is sent, and mistakes stand at their fields.
func TestSettingsAreDraftsUntilTheyAreSaved(t *testing.T) {
	rig := shared(t)
	account := rig.Account(t, "teams")
	api := rig.API(t, account.Owner)
	page := rig.SignIn(t, account.Owner)
	page.Open(account.Path("/settings"))
	page.See("Billing days count from 31 January 2026")
	page.See("Credit balance €0.00")
	page.See(account.Owner)
	both(page)

	page.Fill("Account name", "Reel & Daughters")
	page.Fill("Tax id", "DE123456789")
	page.Reload()
	if name, tax := page.Value("Account name"), page.Value("Tax id"); name != "Reel & Daughters" || tax != "DE123456789" {
		t.Errorf("after a reload the drafts are %q and %q", name, tax)
	}
	page.See("Not saved yet; it is kept in this tab.")
	page.Eval(listen)
	page.In("form", "Account").Click("button", "Save")
	page.See("The account’s settings are saved")
	if got := sent(t, page); !slices.Equal(got, []string{`{"name":"Reel & Daughters"}`}) {
		t.Errorf("sent is %q, want the name alone", got)
	}
	page.In("banner", "").See("Reel & Daughters")

	page.Fill("Time zone", "Asia/Tokyo")
	page.See("Billing days go by the new zone from the next one on; the running period keeps its end.")
	page.In("form", "Account").Click("button", "Discard changes")
	if zone := page.Value("Time zone"); zone != "Europe/Berlin" {
		t.Errorf("after discarding the zone is %s", zone)
	}

	page.Fill("Billing contact", "nobody")
	page.Fill("Country", "d1")
	page.Fill("Address", "Filmhaus 1\n10115 Berlin")
	page.In("form", "Billing").Click("button", "Save")
	page.See("The billing contact must be an email address, or empty for the owner.")
	page.See("The country must be a two-letter ISO 3166 code like DE.")
	page.See("Nothing was saved yet. See what is marked.")
	both(page)
	page.Fill("Billing contact", "Rechnung@Reel.example")
	page.Fill("Country", "de")
	page.See("Germany")
	page.In("form", "Billing").Click("button", "Save")
	page.See("What stands on invoices is saved")
	page.Gone("Not saved yet")

	page.Click("checkbox", "License taken")
	page.Click("checkbox", "Trial ended")
	page.In("form", "Trial ended").Click("button", "Save")
	page.See("The choice of mails is saved")
	var now settings
	api.Get(account.API(""), &now)
	if a := now.InvoiceAddress; now.Name != "Reel & Daughters" || now.TimeZone != "Europe/Berlin" || a.Country != "DE" || a.TaxID != "DE123456789" || !slices.Equal(a.Lines, []string{"Filmhaus 1", "10115 Berlin"}) || !strings.EqualFold(now.BillingContact, "rechnung@reel.example") || !slices.Equal(now.MailsOff, []string{"license_taken", "trial_ended"}) {
		t.Errorf("stored is %+v", now)
	}

	// A network that drops loses nothing, and the second try has its one effect.
	page.Fill("Account name", "Reel and Daughters")
	page.Offline(true)
	page.In("form", "Account").Click("button", "Save")
	page.See("send it again, it takes effect once")
	page.Offline(false)
	page.In("form", "Account").Click("button", "Send again")
	page.See("The account’s settings are saved")

	rig.Join(t, account, browsertest.Invitee{Email: "adam@" + account.Domain, First: "Adam", Last: "Roth", Role: "admin"})
	admin := rig.SignIn(t, "adam@"+account.Domain)
	admin.Open(account.Path("/settings"))
	admin.See("are for the primary contact and billing admins")
	admin.Lacks("button", "Save")
	admin.Lacks("button", "Hand over…")
	admin.Axe()
}

// The primary contact hands over: who can take it is offered, what changes is said, both are signed out, and the old one
// comes back as an admin.
func TestThePrimaryContactHandsOver(t *testing.T) {
	rig := shared(t)
	account := rig.Account(t, "teams")
	bea := "bea@" + account.Domain
	rig.Join(t, account, browsertest.Invitee{Email: bea, First: "Bea", Last: "Lang", Role: "billing_admin"})
	rig.API(t, account.Owner).Post(account.API("/users"), map[string]string{"email": "new@" + account.Domain, "first_name": "Nele", "last_name": "Neu"}, nil)
	next := rig.SignIn(t, bea)
	next.Open(account.Path("/invoices"))
	next.Has("link", "Invoice 1")

	page := rig.SignIn(t, account.Owner)
	page.Open(account.Path("/settings"))
	page.Click("button", "Hand over…")
	page.Fill("New primary contact", "Nele")
	page.See("Has never signed in: let them sign in once")
	page.Fill("New primary contact", "bea")
	page.Press("Enter")
	page.See("Bea Lang becomes the primary contact: may do everything in this account")
	page.See("You become an admin.")
	page.See("Both of you are signed out at once")
	page.See("Invoices go to " + bea + " from now on")
	both(page)

	// A sign-in of long ago is asked for again, and leads back to the same question.
	page.Eval(`{ const real = window.fetch; window.fetch = (at, how) => how?.method === "PUT" ? Promise.resolve(new Response(JSON.stringify({code: "sign_in_again", status: 403}), {status: 403})) : real(at, how); 1 }`)
	page.Click("button", "Make Bea Lang the primary contact")
	page.See("Handing over needs a sign-in of the last five minutes.")
	page.Axe()
	page.Click("button", "Sign in again")
	page.Fill("Email", account.Owner)
	page.Click("button", "Continue")
	page.See("Bea Lang becomes the primary contact")
	page.Click("button", "Make Bea Lang the primary contact")
	page.See("Bea Lang is the primary contact of " + account.Name + " now")
	page.Has("button", "Sign in")
	both(page)

	page.NextSecond()
	next.Click("link", "Settings") // the page is open, and its sign-in is worth nothing any more
	next.Fill("Email", bea)
	next.Click("button", "Continue")
	next.At(account.Path("/settings"))
	next.Has("button", "Hand over…")

	page.SignIn(account.Owner)
	page.Open(account.Path("/settings"))
	page.See("Only the primary contact can hand this over.")
	page.Lacks("button", "Hand over…")
}
