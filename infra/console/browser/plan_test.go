package browser_test

import (
	"testing"
	"time"
)

// An upgrade is charged at once by two lines of one invoice; a cheaper plan waits for the end of the cycle and can be
// cancelled until then.
func TestAPlanIsUpgradedAtOnceAndLoweredLater(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "meetings-basic-monthly", 5)
	c := rig.API(t, a.Owner)
	page := rig.SignIn(t, a.Owner)
	page.Open(a.Path("/plan"))
	page.Has("heading", "Roundhall Meetings")
	page.See("€12.00 per license and month")
	both(page)
	page.Click("button", "Upgrade to Meetings Pro, monthly")
	dialog := page.In("dialog", "Upgrade to Meetings Pro, monthly")
	dialog.See("-€18.00")
	dialog.See("€28.50")
	dialog.See("Total due today €12.50")
	dialog.See("The plan changes at once.")
	both(page)
	page.Reload()
	dialog.See("Total due today €12.50")
	dialog.Click("checkbox", "I accept the license agreement")
	dialog.Click("button", "Upgrade now")
	page.In("dialog", "You are on Meetings Pro, monthly now").See("€12.50 was charged")
	page.Click("button", "Done")
	page.See("€19.00 per license and month")
	equal(t, "the invoice's total", totals(c, a)[1], 1250)

	page.Click("button", "Change to Meetings Basic, monthly")
	dialog = page.In("dialog", "Change to Meetings Basic, monthly")
	dialog.See("Nothing changes before 1 December 2026, and nothing is due today.")
	dialog.See("€71.40 on 1 December 2026")
	dialog.Click("checkbox", "I accept the license agreement")
	dialog.Click("button", "Schedule the change")
	page.In("dialog", "The plan changes to Meetings Basic, monthly on 1 December 2026").Click("button", "Done")
	page.See("Changes to Meetings Basic, monthly on 1 December 2026")
	page.Click("link", "What comes next")
	page.See("The plan changes from Meetings Pro, monthly to Meetings Basic, monthly.")
	page.Click("button", "Cancel this change")
	page.In("dialog", "Cancel the scheduled change of plan").Click("button", "Cancel the change")
	page.Gone("The plan changes from Meetings Pro")
	equal(t, "invoices", len(totals(c, a)), 2)
}

// Switching to a year waits for the boundary; its price stands beside the month's.
func TestMonthlyAndYearlyStandBesideEachOther(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "meetings-basic-monthly", 2)
	page := rig.SignIn(t, a.Owner)
	page.Open(a.Path("/plan"))
	page.Click("button", "Yearly")
	page.See("€120.00 per license and year")
	page.Click("button", "Change to Meetings Basic, yearly")
	dialog := page.In("dialog", "Change to Meetings Basic, yearly")
	dialog.See("From then on the bill follows Meetings Basic, yearly, a year at a time.")
	dialog.See("€285.60 on 1 December 2026")
	dialog.See("Total due today €0.00")
	dialog.Click("button", "Cancel")
	page.Lacks("dialog", "Change to Meetings Basic, yearly")
}

// A subscription is cancelled for the end of its cycle, and resumed before.
func TestASubscriptionIsCancelledAndResumed(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "valuation-monthly", 3)
	colleague(t, rig.API(t, a.Owner), a, "Ann", "Adler", true)
	page := rig.SignIn(t, a.Owner)
	page.Open(a.Path("/plan"))
	page.Click("button", "Cancel Surveyline Valuation")
	dialog := page.In("dialog", "Cancel Surveyline Valuation")
	dialog.See("Everything stays usable until 1 December 2026, and until then you can resume it.")
	dialog.See("Then 1 license ends: nobody can use Surveyline Valuation any more.")
	both(page)
	dialog.Click("button", "Keep it")
	page.Lacks("dialog", "Cancel Surveyline Valuation")
	page.Click("button", "Cancel Surveyline Valuation")
	dialog.Click("button", "Cancel Surveyline Valuation")
	page.See("Surveyline Valuation ends on 1 December 2026")
	page.Click("button", "Resume")
	page.In("dialog", "Resume Surveyline Valuation").Click("button", "Resume Surveyline Valuation")
	page.Gone("Surveyline Valuation ends on")
	page.Has("button", "Cancel Surveyline Valuation")
}

// A trial says until when it costs nothing. Cancelled, it ends without an invoice, and the pages say what is left: the people,
// and a new subscription of the same product, which has no second trial.
func TestATrialThatIsCancelledEndsAndLeavesTheWayBack(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "valuation-yearly", 3) // a trial of 30 days from the first of November
	c := rig.API(t, a.Owner)
	colleague(t, c, a, "Ann", "Adler", true)
	page := rig.SignIn(t, a.Owner)
	page.Open(a.Path("/plan"))
	page.See("The trial runs until 1 December 2026")
	page.See("Nothing is charged before. Cancel until then and it never is.")
	page.Click("button", "Cancel Surveyline Valuation")
	dialog := page.In("dialog", "Cancel Surveyline Valuation")
	dialog.See("The trial ends without any charge.")
	dialog.Click("button", "Cancel Surveyline Valuation")
	page.See("Surveyline Valuation ends on 1 December 2026")

	rig.Move(t, a, time.Date(2026, 12, 2, 9, 0, 0, 0, time.UTC))
	page.Open(a.Path("/licenses"))
	page.See("This subscription ended on 1 December 2026")
	page.See("Its licenses ended with it. The people are still in your account.")
	both(page)
	page.Click("link", "To its invoices")
	page.See("There is no invoice yet")
	equal(t, "the invoices", len(totals(c, a)), 0)
	page.Open(a.Path("/users"))
	page.In("row", "Ann Adler").See("None")
	page.Open(a.Path("/licenses"))
	page.Click("link", "Subscribe again")
	page.See("your subscription has ended")
	both(page)
	page.Click("button", "Yearly")
	page.Click("button", "Subscribe to Valuation, yearly")
	dialog = page.In("dialog", "Subscribe to Valuation, yearly")
	dialog.Click("checkbox", "I accept the license agreement")
	dialog.Click("button", "Subscribe")
	page.Has("dialog", "You are subscribed to Surveyline Valuation")
	equal(t, "the invoices", len(totals(c, a)), 1)
}

// The second product of a vendor: subscribed to on the page of the plan, and its licenses have a page of their own.
func TestASecondProductIsSubscribedTo(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "meetings-pro-monthly", 2)
	c := rig.API(t, a.Owner)
	page := rig.SignIn(t, a.Owner)
	page.Open(a.Path("/plan?product=webinars"))
	page.See("€39.00 a month with 1 license included, then €25.00 per license")
	page.Click("button", "Subscribe to Webinars, monthly")
	dialog := page.In("dialog", "Subscribe to Webinars, monthly")
	dialog.Fill("Total licenses", "2")
	dialog.See("€64.00 for 2 × 9 of 30 days = €19.20")
	dialog.See("Total due today €22.85")
	both(page)
	dialog.Click("checkbox", "I accept the license agreement")
	dialog.Click("button", "Subscribe")
	done := page.In("dialog", "You are subscribed to Roundhall Webinars")
	done.See("€22.85 was charged")
	equal(t, "the invoice's total", totals(c, a)[1], 2285)
	done.Click("link", "Give the licenses to your people")
	page.Has("heading", "Roundhall Webinars licenses")
	page.See("0 of 2")
	page.Click("link", "Roundhall Meetings")
	page.Has("heading", "Roundhall Meetings licenses")
}

// A member sees none of it.
func TestMembersSeeNeitherPlansNorRequests(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "valuation-monthly", 1)
	colleague(t, rig.API(t, a.Owner), a, "Mia", "Member", false)
	rig.API(t, "mia@"+a.Domain).Bind()
	page := rig.SignIn(t, "mia@"+a.Domain)
	for path, words := range map[string]string{"/plan": "the plan of this account", "/licenses": "the licenses of this account", "/requests": "the requests of this account"} {
		page.Open(a.Path(path))
		page.See("You may not see " + words)
	}
	page.Axe()
}

// What becomes of licenses beyond a decrease is for the plan that follows to say, before it is agreed to.
func TestADecreaseGoesByThePlanThatFollows(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "valuation-monthly", 3) // which lets everybody keep their license; yearly takes the newest
	c := rig.API(t, a.Owner)
	for i, name := range []string{"Ann", "Bob"} {
		colleague(t, c, a, name, "Holder", true)
		rig.Move(t, a, midNovember.Add(time.Duration(i+1)*time.Hour))
	}
	at := "/v1/accounts/" + a.ID + "/subscriptions/" + a.SubscriptionID
	var quote struct {
		ID string `json:"quote_id"`
	}
	c.Post(at+"/quotes", map[string]any{"plan_id": "valuation-yearly"}, &quote)
	c.Post(at+"/plan-changes", map[string]any{"quote_id": quote.ID, "agreement_accepted": true}, nil)
	page := rig.SignIn(t, a.Owner)
	page.Open(a.Path("/licenses?edit=number"))
	dialog := page.In("dialog", "Edit number of licenses")
	dialog.Fill("Total licenses", "1")
	dialog.See("2 licenses are in use, which is 1 more than you keep.")
	dialog.See("Bob Holder loses the license.")
	dialog.Click("checkbox", "I accept the license agreement")
	dialog.Click("button", "Complete change")
	page.In("dialog", "From 1 December 2026 on there will be 1 license").Click("button", "Done")
	rig.Move(t, a, time.Date(2026, 12, 2, 9, 0, 0, 0, time.UTC))
	seats, inUse := seatsOf(c, a)
	equal(t, "seats and licenses", []int{seats, inUse}, []int{1, 1})
	page.Open(a.Path("/users"))
	page.In("row", "Bob Holder").See("None")
}

// A plan of seats after one of active users begins with the seats that were asked for, all of them free.
func TestAPoolFollowsActiveUsers(t *testing.T) {
	rig := shared(t)
	rig.Operator(t).Post("/v1/operator/catalog/publish", map[string]string{"catalog": `
vendor: {name: Contoso, support_email: help@contoso.example, sales_contact: sales@contoso.example, sign_in_url: "https://app.contoso.example"}
products: [{id: relay, name: Relay, entitlements: [{id: send, name: Send}]}]
plans:
  - {id: relay-use, name: Relay by use, product: relay, price: {EUR: {unit: 700}}, policies: {billing: active_users, agreement_required: false}}
  - {id: relay-pool, name: Relay pool, product: relay, price: {EUR: {unit: 500}}, policies: {agreement_required: false}}
`}, nil)
	a := customer(t, rig, "relay-use", 0)
	colleague(t, rig.API(t, a.Owner), a, "Ann", "Adler", false)
	page := rig.SignIn(t, a.Owner)
	page.Open(a.Path("/plan"))
	page.Click("button", "Change to Relay pool")
	dialog := page.In("dialog", "Change to Relay pool")
	dialog.See("From then on a license gives access, and nobody has one: give them that day.")
	dialog.Fill("Total licenses", "3")
	dialog.See("€7.00 per active user and month")
	dialog.See("3 after renewal")
	both(page)
	dialog.Click("button", "Schedule the change")
	page.In("dialog", "The plan changes to Relay pool on 1 December 2026").Click("button", "Done")
	page.Click("link", "What comes next")
	page.See("The plan changes from Relay by use to Relay pool, which begins with 3 licenses.")
	page.Lacks("button", "Cancel this decrease")
	rig.Move(t, a, time.Date(2026, 12, 2, 9, 0, 0, 0, time.UTC))
	page.Open(a.Path("/licenses"))
	page.See("0 of 3")
	both(page)
}
