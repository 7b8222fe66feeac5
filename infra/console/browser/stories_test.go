package browser_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/console/browsertest"
	"github.com/usher-seats/usher/infra/local/stack"
)

// The stories of the five systems, told through the pages alone: what the tests do by other means is to open the account and
// to move its clock. Every amount is computed in a comment, by hand from the prices of infra/catalog. The accounts begin on
// 31 January 2026, so their first period has the 28 days to 27 February.

// accepted is the license agreement of a purchase's dialog.
const accepted = "I accept the license agreement"

// local is an instant as the clocks of an account's place show it.
func local(t *testing.T, place, at string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation(place)
	if err != nil {
		t.Fatal(err)
	}
	instant, err := time.ParseInLocation("2006-01-02 15:04", at, zone)
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

// inOrder ends a story: nothing that is stored of the account contradicts anything else.
func inOrder(t *testing.T, rig *browsertest.Rig, a browsertest.Account) {
	t.Helper()
	var audit struct {
		Findings []struct{ Rule, Item, Detail string }
	}
	rig.Operator(t).Get("/v1/operator/accounts/"+a.ID+"/audit", &audit)
	for _, f := range audit.Findings {
		t.Errorf("the audit finds %s %s: %s", f.Rule, f.Item, f.Detail)
	}
}

// billed looks up an invoice in the list of them.
func billed(page *browsertest.Page, a browsertest.Account, number int, total string) {
	page.Open(a.Path("/invoices"))
	page.In("row", fmt.Sprintf("Invoice %d", number)).See(total)
}

// edit opens the dialog of the number of licenses and enters another one.
func edit(page *browsertest.Page, a browsertest.Account, seats string) *browsertest.Page {
	page.Open(a.Path("/licenses"))
	page.Click("button", "Edit number of licenses")
	dialog := page.In("dialog", "Edit number of licenses")
	dialog.Fill("Total licenses", seats)
	return dialog
}

// order agrees to what a dialog of a purchase shows and confirms it.
func order(page, dialog *browsertest.Page, confirm, done string) {
	dialog.Click("checkbox", accepted)
	dialog.Click("button", confirm)
	receipt := page.In("dialog", done)
	receipt.Click("button", "Done")
	page.Lacks("dialog", done)
}

// act opens the menu of somebody's row and takes one of its ways.
func act(page *browsertest.Page, name, deed string) {
	page.Click("button", "Actions for "+name)
	page.Click("menuitem", deed)
}

// A film studio pays for the people it adds: billing admins add them and see the price before, admins may not, and who is
// removed is no longer paid for.
func TestTheStoryOfTeams(t *testing.T) {
	rig := shared(t)
	a := rig.Account(t, "teams") // three seats at €12.00, no tax
	at := func(name string) string { return name + "@" + a.Domain }
	olga := rig.SignIn(t, a.Owner)
	olga.Open(a.Path("/users"))
	olga.See("Papercrane Teams licenses 0 of 3 3 available")
	olga.Click("link", "Add users")
	person(olga, 1, at("bea"), "Bea", "Lang")
	olga.Choose("Role, row 1", "Billing admin")
	olga.Choose("License, row 1", "No license")
	olga.Click("button", "Add a row")
	olga.Paste("Email, row 2", at("adam")+"\tAdam\tRoth\tDirector\tAdmin\tyes\n"+at("mia")+"\tMia\tVogt\t\tMember\tyes")
	olga.See("2 of the free seats are kept until the invitation is accepted, cancelled or expires; 1 stays free")
	olga.See("Nothing is bought, and nothing is due now.")
	olga.Click("button", "Send 3 invitations")
	olga.See("3 people were invited")
	bea := join(t, rig, rig.Link(t, at("bea")), at("bea"))
	bea.See("None yet") // a role alone takes no license
	adam := join(t, rig, rig.Link(t, at("adam")), at("adam"))
	adam.See("Papercrane Teams")
	join(t, rig, rig.Link(t, at("mia")), at("mia"))

	// On 6 February 22 of the 28 days are left: two seats more are 2 × €12.00 × 22/28 = €18.857…, and five a month €60.00.
	rig.Move(t, a, local(t, "Europe/Berlin", "2026-02-06 10:00"))
	adam.Open(a.Path("/users/add"))
	adam.Paste("Email, row 1", at("nina")+"\tNina\tFalk\n"+at("omar")+"\tOmar\tSaid\n"+at("max")+"\tMax\tKern")
	adam.See("people have no seat of Papercrane Teams")
	adam.Has("button", "Add them without a license")
	adam.Open(a.Path("/invoices"))
	adam.See("You may not see invoices")

	bea.Open(a.Path("/users/add"))
	bea.Click("radio", "Create, active No mail; they can sign in at once.")
	bea.Paste("Email, row 1", at("nina")+"\tNina\tFalk\n"+at("omar")+"\tOmar\tSaid\n"+at("max")+"\tMax\tKern")
	bea.See("Sending buys 2 seats of Papercrane Teams and charges €18.86 today")
	bea.See("€60.00 on 28 February 2026")
	bea.Click("checkbox", agreement)
	bea.Click("button", "Add 3 people")
	bea.See("3 people were added")
	billed(bea, a, 2, "€18.86")

	// Adam becomes a billing admin too, and may see what is paid.
	olga.Open(a.Path("/users?q=adam"))
	act(olga, "Adam Roth", "Change role")
	olga.Click("radio", "Billing admin")
	olga.Click("button", "Make Adam Roth billing admin")
	olga.In("row", "Adam Roth").See("Billing admin")
	olga.In("row", "Adam Roth").See("Papercrane Teams")
	billed(adam, a, 2, "€18.86")

	// Who is removed frees a license at once. Four of the five are used then: 4 × €12.00 from the next period on.
	bea.Open(a.Path("/users?q=kern"))
	bea.See("Papercrane Teams licenses 5 of 5 0 available")
	act(bea, "Max Kern", "Remove")
	bea.See("If nobody is given it by then, it goes, and the next invoice is for one less.")
	bea.Click("button", "Remove Max Kern")
	bea.See("Papercrane Teams licenses 4 of 5 1 available")
	bea.Open(a.Path("/invoices"))
	bea.See("€48.00 on 28 February 2026")
	rig.Move(t, a, local(t, "Europe/Berlin", "2026-02-28 09:00"))
	billed(bea, a, 3, "€48.00")
	bea.Open(a.Path("/users"))
	bea.See("Papercrane Teams licenses 4 of 4 0 available")
	inOrder(t, rig, a)
}

// answered lets the vendor's staff find what an account has asked for in the inbox, and approve it at a price.
func answered(t *testing.T, rig *browsertest.Rig, a browsertest.Account, wish, price, next string) {
	t.Helper()
	staff := rig.SignIn(t, stack.Operator)
	staff.Open("/operator/requests")
	staff.Has("heading", "Requests")
	settled(staff)
	for n := 2; !strings.Contains(staff.Text(), a.Domain); n++ { // other tests have asked before, and the oldest come first
		staff.Click("button", "Next")
		staff.See(fmt.Sprintf("Page %d", n))
		settled(staff)
	}
	staff.In("article", wish).Click("button", "Approve…")
	dialog := staff.In("dialog", "Approve for "+a.Name)
	dialog.See("Total due today " + price)
	dialog.See(next)
	dialog.Fill("Message to the customer (optional)", "Gladly.")
	dialog.Click("button", "Approve")
	staff.Gone(a.Domain)
}

// ask sends the request that a dialog leads to, with a message by which the vendor's staff finds it.
func ask(page *browsertest.Page, a browsertest.Account) {
	dialog := page.In("dialog", "Ask the vendor")
	dialog.Fill("A message to the vendor (optional)", "We are "+a.Domain)
	dialog.Click("button", "Send the request")
	page.See("There is none yet. It comes here and by mail.")
}

// A sales team buys on the pages of its plan, by the month: licenses, a dearer plan, and back through the vendor.
func TestTheStoryOfProspectingByTheMonth(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "prospecting-essential-monthly", 2) // 22 November: 9 of the 30 days are left; 19 % of tax
	page := rig.SignIn(t, a.Owner)
	page.Open(a.Path("/plan"))
	page.See("Essential, monthly €36.00 per license and month")
	page.See("0 of 2 in use")
	page.Click("link", "0 of 2 in use")

	// 2 × €36.00 × 9/30 = €21.60 and €4.104 of tax; then 4 × €36.00 = €144.00 and €27.36.
	dialog := edit(page, a, "4")
	dialog.See("2 more than now.")
	dialog.See("Total due today €25.70")
	dialog.See("€171.36 on 1 December 2026")
	order(page, dialog, "Complete change", "You now have 4 licenses")
	page.See("0 of 4")
	billed(page, a, 2, "€25.70")

	// By the year it would be 4 × €360.00 = €1,440.00 and €273.60 from the next cycle on.
	page.Open(a.Path("/plan"))
	page.Click("button", "Yearly")
	page.Click("button", "Change to Essential, yearly")
	dialog = page.In("dialog", "Change to Essential, yearly")
	dialog.See("€1,713.60 on 1 December 2026")
	dialog.Click("button", "Cancel")
	page.Lacks("dialog", "Change to Essential, yearly")

	// Up: 4 × €75.00 × 9/30 = €90.00 less the rest of Essential, €43.20: €46.80 and €8.892.
	page.Click("button", "Monthly")
	page.Click("button", "Upgrade to Pro, monthly")
	dialog = page.In("dialog", "Upgrade to Pro, monthly")
	dialog.See("-€43.20")
	dialog.See("Total due today €55.69")
	order(page, dialog, "Upgrade now", "You are on Pro, monthly now")

	// The sixth license is cheaper: 5 × €75.00 + €65.00 = €440.00 a month, €140.00 more than four: × 9/30 = €42.00 and €7.98.
	dialog = edit(page, a, "6")
	dialog.See("Total due today €49.98")
	dialog.See("€523.60 on 1 December 2026")
	order(page, dialog, "Complete change", "You now have 6 licenses")

	// Licenses go back through the vendor, for the next cycle: 5 × €75.00 = €375.00 and €71.25.
	dialog = edit(page, a, "5")
	dialog.See("Seats of this plan are given back on request")
	dialog.Click("link", "Ask for 5 licenses")
	ask(page, a)
	answered(t, rig, a, "5 seats instead of 6", "€0.00", "€446.25")
	page.Reload()
	page.See("Approved and done")
	page.Click("link", "To the licenses")
	page.See("The number of licenses goes from 6 to 5.")
	rig.Move(t, a, local(t, "Europe/Berlin", "2026-12-01 09:00"))
	billed(page, a, 5, "€446.25")
	page.Open(a.Path("/licenses"))
	page.See("0 of 5")
	inOrder(t, rig, a)
}

// The largest plan, by the year: up to five licenses by oneself, more by a request.
func TestTheStoryOfProspectingByTheYear(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "prospecting-enterprise-yearly", 4) // 344 of the 365 days are left
	page := rig.SignIn(t, a.Owner)

	// €1,190.00 × 344/365 = €1,121.534… and €213.0907 of tax; then 5 × €1,190.00 = €5,950.00 and €1,130.50.
	dialog := edit(page, a, "5")
	dialog.See("Total due today €1,334.62")
	dialog.See("€7,080.50 on 1 November 2027")
	order(page, dialog, "Complete change", "You now have 5 licenses")
	billed(page, a, 2, "€1,334.62")

	// With six each costs €1,090.00: €6,540.00 a year, €590.00 more: × 344/365 = €556.054… and €105.6495.
	dialog = edit(page, a, "6")
	dialog.See("Open a request, or write to sales@leadfinch.example.")
	dialog.Click("link", "Ask for 6 licenses")
	ask(page, a)
	page.See("€661.70")
	answered(t, rig, a, "6 seats instead of 5", "€661.70", "€7,782.60")
	page.Reload()
	page.See("Gladly.")
	page.Click("link", "To the licenses")
	page.See("0 of 6")
	billed(page, a, 3, "€661.70")
	inOrder(t, rig, a)
}

// A service provider pays for its active users, after the month: $29.00 for each.
func TestTheStoryOfServiceDesk(t *testing.T) {
	rig := shared(t)
	a := rig.Account(t, "service-desk")
	at := func(name string) string { return name + "@" + a.Domain }
	nora := rig.SignIn(t, a.Owner)
	nora.Open(a.Path("/users/add"))
	nora.Click("radio", "Create, active No mail; they can sign in at once.")
	nora.Paste("Email, row 1", at("paul")+"\tPaul\tReyes\t\tAdmin\n"+at("ida")+"\tIda\tMoss\n"+at("jon")+"\tJon\tPark")
	nora.See("everybody here counts from now on (US$29.00 a month each). Nothing is due today.")
	nora.Click("button", "Add 3 people")
	nora.See("3 people were added")
	nora.Click("button", "Begin a new list")
	nora.Click("radio", "Create, not active Prepared for later; no access, no cost.")
	person(nora, 1, at("kim"), "Kim", "Doe")
	nora.Click("button", "Add 1 person")
	nora.See("1 person was added")
	nora.Click("link", "See the users")
	nora.See("Active users 4")
	nora.See("4 users, US$116.00")
	nora.In("row", "Jon Park").See("Active")
	nora.In("row", "Kim Doe").See("Deactivated")

	// Who was created inactive gets in once an administrator has activated them.
	kim := rig.SignIn(t, at("kim"))
	kim.See("You are in no account yet")
	act(nora, "Kim Doe", "Activate")
	nora.Click("button", "Activate Kim Doe")
	nora.See("Active users 5")
	nora.See("5 users, US$145.00")
	kim.Open("/")
	kim.See("Work on tickets")

	act(nora, "Jon Park", "Deactivate")
	nora.Click("button", "Deactivate Jon Park")
	nora.See("Active users 4")
	nora.In("row", "Jon Park").See("Deactivated")
	act(nora, "Paul Reyes", "Deactivate")
	nora.Click("button", "Change the role")
	nora.Click("button", "Make Paul Reyes member")
	nora.Click("button", "Deactivate Paul Reyes")
	nora.See("3 users, US$87.00")
	act(nora, "Ida Moss", "Remove")
	nora.Click("button", "Remove Ida Moss")
	nora.See("2 users, US$58.00")
	nora.Click("button", "Actions for Nora Quill") // the administrator who stays
	nora.Has("menuitem", "Edit")
	nora.Lacks("menuitem", "Deactivate")
	nora.Press("Escape")

	// Nora and Kim are billed. Whoever is active when the month ends is: Jon comes back, so it will be three.
	act(nora, "Jon Park", "Activate")
	nora.Click("button", "Activate Jon Park")
	nora.See("3 users, US$87.00")
	nora.Open(a.Path("/invoices"))
	nora.See("US$87.00 on 28 February 2026")
	rig.Move(t, a, local(t, "America/New_York", "2026-02-28 09:00"))
	billed(nora, a, 1, "US$87.00")
	nora.Click("link", "Invoice 1")
	nora.See("3 active users are listed as billed")
	_, csv := nora.Download(func() { nora.Click("button", "People as CSV") })
	for name, want := range map[string]bool{"nora": true, "kim": true, "jon": true, "paul": false, "ida": false} {
		equal(t, name+" is billed", strings.Contains(string(csv), at(name)), want)
	}
	inOrder(t, rig, a)
}

// Valuers share a pool: people are invited into it, licenses are bought, given back for the next cycle and moved, and the
// account goes to another primary contact.
func TestTheStoryOfValuation(t *testing.T) {
	rig := shared(t)
	a := rig.Account(t, "valuation") // five licenses at €36.00 and 19 % of tax
	at := func(name string) string { return name + "@" + a.Domain }
	otto := rig.SignIn(t, a.Owner)
	otto.Open(a.Path("/users/add"))
	person(otto, 1, at("vera"), "Vera", "Lindt")
	otto.Choose("Role, row 1", "Admin")
	otto.Click("button", "Send 1 invitation")
	otto.See("1 person was invited")
	otto.Open(a.Path("/users"))
	otto.See("Surveyline Valuation licenses 0 of 5 1 reserved · 4 available")
	vera := join(t, rig, rig.Link(t, at("vera")), at("vera"))
	vera.See("Write and sign valuations")
	vera.Click("button", "Open the console")
	vera.See("Surveyline Valuation licenses 1 of 5 4 available")

	// 12 February: 3 × €36.00 × 16/28 = €61.714… and €11.7249 of tax; then 8 × €36.00 = €288.00 and €54.72.
	rig.Move(t, a, local(t, "Europe/Berlin", "2026-02-12 15:00"))
	dialog := edit(otto, a, "8")
	dialog.See("Total due today €73.43")
	dialog.See("€342.72 on 28 February 2026")
	order(otto, dialog, "Complete change", "You now have 8 licenses")
	otto.See("1 of 8")
	billed(otto, a, 2, "€73.43")

	// Fewer wait for the end of the cycle and can be taken back until then: 6 × €36.00 = €216.00 and €41.04.
	dialog = edit(otto, a, "6")
	dialog.See("Total due today €0.00")
	dialog.See("€257.04 on 28 February 2026")
	order(otto, dialog, "Complete change", "From 28 February 2026 on there will be 6 licenses")
	otto.See("1 of 8")
	otto.Click("button", "Cancel this decrease")
	otto.Click("button", "Cancel the decrease")
	otto.Gone("The number of licenses goes from 8 to 6.")
	otto.Open(a.Path("/invoices"))
	otto.See("€342.72 on 28 February 2026")
	order(otto, edit(otto, a, "6"), "Complete change", "From 28 February 2026 on there will be 6 licenses")

	// A license that is taken is free at once, for somebody else.
	otto.See("7 Can be given at once")
	otto.Click("button", "Take the license from Vera Lindt")
	otto.Click("button", "Take it from Vera Lindt")
	otto.See("8 Can be given at once")
	otto.Fill("Give a license to", "otto")
	otto.Click("option", "Otto Hadley "+a.Owner)
	otto.In("row", "Otto Hadley").See("12 Feb 2026")
	vera.Open(a.Path("/users"))
	vera.In("row", "Vera Lindt").See("None")
	vera.In("row", "Otto Hadley").See("Surveyline Valuation")

	otto.Open(a.Path("/users"))
	act(otto, "Vera Lindt", "Make primary contact")
	otto.Click("button", "Make Vera Lindt the primary contact")
	otto.See("Both of you were signed out")
	vera.Reload()
	vera.Has("button", "Continue") // of the sign-in page
	vera.NextSecond()
	vera.SignIn(at("vera"))
	vera.Open(a.Path("/settings"))
	vera.Has("button", "Hand over…")

	rig.Move(t, a, local(t, "Europe/Berlin", "2026-02-28 09:00"))
	billed(vera, a, 3, "€257.04")
	vera.Open(a.Path("/licenses"))
	vera.See("1 of 6")
	a.Owner = at("vera")
	inOrder(t, rig, a)
}

// A language school gives licenses of two products to people who are there, buys more of both, and revokes.
func TestTheStoryOfMeetings(t *testing.T) {
	rig := shared(t)
	a := rig.Account(t, "meetings") // two licenses of Meetings Basic at ¥1,500
	at := func(name string) string { return name + "@" + a.Domain }
	mika := rig.SignIn(t, a.Owner)
	mika.Open(a.Path("/users/add"))
	mika.Click("radio", "Create, active No mail; they can sign in at once.")
	mika.Paste("Email, row 1", strings.Join([]string{at("aiko"), "Aiko", "Mori", "Teacher", "Admin", "no"}, "\t")+"\n"+strings.Join([]string{at("kenji"), "Kenji", "Abe", "", "Member", "no"}, "\t"))
	mika.Click("button", "Add 2 people")
	mika.See("2 people were added")
	mika.Click("link", "Licenses")
	mika.Fill("Give a license to", "abe")
	mika.Click("option", "Kenji Abe "+at("kenji"))
	mika.See("1 of 2")
	told(t, rig, at("kenji"), "You have a license", "Sign in with the email address that this mail was sent to")
	kenji := rig.SignIn(t, at("kenji"))
	for _, may := range []string{"You may use it", "Schedule meetings", "Download reports", "Download recordings"} {
		kenji.See(may)
	}
	aiko := rig.SignIn(t, at("aiko"))
	aiko.Has("heading", "Users")
	aiko.Click("link", "Licenses")
	aiko.Fill("Give a license to", "aiko")
	aiko.Click("option", "Aiko Mori "+at("aiko"))
	aiko.See("No Roundhall Meetings license is available.")

	// 10 February: 18 of the 28 days are left. One more is ¥1,500 × 18/28 = ¥964.28…, and three a month ¥4,500.
	rig.Move(t, a, local(t, "Asia/Tokyo", "2026-02-10 10:00"))
	dialog := edit(mika, a, "3")
	dialog.See("Total due today JP¥964")
	dialog.See("JP¥4,500 on 28 February 2026")
	order(mika, dialog, "Complete change", "You now have 3 licenses")

	// Two hosts of webinars: ¥5,000 with the first and ¥3,200 for the second, × 18/28 = ¥5,271.43.
	mika.Open(a.Path("/plan?product=webinars"))
	mika.Click("button", "Subscribe to Webinars, monthly")
	dialog = mika.In("dialog", "Subscribe to Webinars, monthly")
	dialog.Fill("Total licenses", "2")
	dialog.See("Total due today JP¥5,271")
	dialog.Click("checkbox", accepted)
	dialog.Click("button", "Subscribe")
	mika.Click("link", "Give the licenses to your people")
	mika.Fill("Give a license to", "kenji")
	mika.Click("option", "Kenji Abe "+at("kenji"))
	mika.See("1 of 2")

	// 20 February: 8 days are left. 3 × ¥2,400 × 8/28 = ¥2,057.14 less 3 × ¥1,500 × 8/28 = ¥1,285.71, each rounded.
	rig.Move(t, a, local(t, "Asia/Tokyo", "2026-02-20 10:00"))
	mika.Open(a.Path("/plan"))
	mika.Click("button", "Upgrade to Meetings Pro, monthly")
	dialog = mika.In("dialog", "Upgrade to Meetings Pro, monthly")
	dialog.See("-JP¥1,286")
	dialog.See("JP¥2,057")
	dialog.See("Total due today JP¥771")
	order(mika, dialog, "Upgrade now", "You are on Meetings Pro, monthly now")

	mika.Open(a.Path("/licenses"))
	mika.Click("button", "Take the license from Kenji Abe")
	mika.Click("button", "Take it from Kenji Abe")
	mika.See("1 of 3")
	told(t, rig, at("kenji"), "has ended", "")
	kenji.Reload()
	kenji.See("You hold no license.")
	kenji.See("Host webinars")
	kenji.Gone("Schedule meetings")

	// One invoice for both: 3 × ¥2,400 and ¥8,200.
	rig.Move(t, a, local(t, "Asia/Tokyo", "2026-02-28 10:00"))
	billed(mika, a, 5, "JP¥15,400")
	inOrder(t, rig, a)
}

// told waits for a mail to somebody whose subject and text have these words.
func told(t *testing.T, rig *browsertest.Rig, email, subject, text string) {
	t.Helper()
	if err := rig.Stack.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range rig.Stack.Mails().Mails() {
		if len(m.To) == 1 && strings.Contains(m.To[0], email) && strings.Contains(m.Subject, subject) && strings.Contains(m.Text, text) {
			return
		}
	}
	t.Fatalf("no mail %q to %s says %q", subject, email, text)
}
