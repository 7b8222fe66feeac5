package browser_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/console/browsertest"
)

// A customer of 1 November 2026 in Berlin on the 22nd, when nine days of thirty are left, as in the worked case of the
// arithmetic.
var (
	firstOfNovember = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	midNovember     = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
)

// customer opens a test account on a plan and moves its clock to midNovember.
func customer(t *testing.T, rig *browsertest.Rig, plan string, seats int) browsertest.Account {
	t.Helper()
	a := browsertest.Account{Name: "Borrow & Lend", Domain: strings.ToLower(rand.Text()[:8]) + ".example"}
	a.Owner = "olive@" + a.Domain
	body := map[string]any{
		"name": a.Name, "currency": "EUR", "time_zone": "Europe/Berlin", "plan_id": plan, "tax_rate_ppm": 190000, "test": true, "clock": firstOfNovember.Format(time.RFC3339),
		"owner": map[string]string{"email": a.Owner, "first_name": "Olive", "last_name": "Owens"},
	}
	if seats > 0 {
		body["seats"] = seats
	}
	var opened struct {
		Account struct {
			ID string `json:"id"`
		} `json:"account"`
		SubscriptionID string `json:"subscription_id"`
	}
	rig.Operator(t).Post("/v1/operator/accounts", body, &opened)
	a.ID, a.SubscriptionID = opened.Account.ID, opened.SubscriptionID
	rig.API(t, a.Owner).Bind()
	rig.Move(t, a, midNovember)
	return a
}

// colleague adds an active member and gives them a license where they should have one.
func colleague(t *testing.T, c *browsertest.Client, a browsertest.Account, first, last string, licensed bool) {
	t.Helper()
	body := map[string]any{"email": strings.ToLower(first) + "@" + a.Domain, "first_name": first, "last_name": last}
	if licensed {
		body["subscription_id"] = a.SubscriptionID
	}
	c.Post(a.API("/users"), body, nil)
}

// seatsOf are the numbers of the account's pool, as the API tells them.
func seatsOf(c *browsertest.Client, a browsertest.Account) (seats, inUse int) {
	var s struct {
		Seats int `json:"seats"`
		InUse int `json:"in_use"`
	}
	c.Get(a.Subscription(""), &s)
	return s.Seats, s.InUse
}

// totals are what the account's invoices come to, the oldest first.
func totals(c *browsertest.Client, a browsertest.Account) []int {
	var list struct {
		Items []struct {
			Number int
			Total  struct {
				Minor int `json:"amount_minor"`
			} `json:"total"`
		}
	}
	c.Get(a.API("/invoices"), &list)
	sums := make([]int, len(list.Items))
	for _, i := range list.Items {
		sums[i.Number-1] = i.Total.Minor
	}
	return sums
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// change confirms another number of seats at once, by the API.
func change(c *browsertest.Client, a browsertest.Account, seats int) {
	var quote struct {
		ID string `json:"quote_id"`
	}
	c.Post(a.Subscription("/quotes"), map[string]int{"seats": seats}, &quote)
	c.Post(a.Subscription("/seat-changes"), map[string]any{"quote_id": quote.ID, "agreement_accepted": true}, nil)
}

// What the dialog shows is what the invoice says: three licenses for nine days of thirty.
func TestMoreLicensesCostWhatWasShown(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "valuation-monthly", 5)
	c := rig.API(t, a.Owner)
	page := rig.SignIn(t, a.Owner)
	page.Open(a.Path("/licenses"))
	page.Has("heading", "Surveyline Valuation licenses")
	page.See("€36.00 per license and month")
	page.See("0 of 5")
	both(page)
	page.Click("button", "Edit number of licenses")
	dialog := page.In("dialog", "Edit number of licenses")
	dialog.See("You have 5 licenses now.")
	dialog.Fill("Total licenses", "8")
	dialog.See("3 × €36.00 × 9 of 30 days = €32.40")
	dialog.See("Tax 19% of €32.40 €6.16")
	dialog.See("Total due today €38.56")
	dialog.See("8 now, 8 after renewal")
	dialog.See("At once")
	dialog.See("€342.72 on 1 December 2026")
	page.Reload()
	equal(t, "the number after a reload", dialog.Value("Total licenses"), "8")
	dialog.See("Total due today €38.56")
	both(page)
	dialog.Click("button", "Complete change")
	dialog.See("Accept the license agreement to go on.")
	equal(t, "invoices before it was agreed to", len(totals(c, a)), 1)
	dialog.Click("checkbox", "I accept the license agreement")
	dialog.Click("button", "Complete change")
	page.In("dialog", "You now have 8 licenses").See("€38.56 was charged")
	page.Axe()
	page.Click("link", "Invoice 2")
	page.At(a.Path("/invoices/2"))
	equal(t, "the invoice's total", totals(c, a)[1], 3856)
	page.Open(a.Path("/licenses"))
	page.See("0 of 8")
}

// A price that no longer holds is never charged: it is fetched again, with a word about it.
func TestAPriceThatHasChangedIsShownAgain(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "valuation-monthly", 5)
	c := rig.API(t, a.Owner)
	page := rig.SignIn(t, a.Owner)
	page.Open(a.Path("/licenses?edit=number"))
	dialog := page.In("dialog", "Edit number of licenses")
	dialog.Fill("Total licenses", "8")
	dialog.See("Total due today €38.56")
	dialog.Click("checkbox", "I accept the license agreement")
	change(c, a, 6)
	dialog.Click("button", "Complete change")
	dialog.See("The price has changed in between. Nothing was charged; this is the price now.")
	dialog.See("2 × €36.00 × 9 of 30 days = €21.60")
	dialog.See("2 more than now.")
	equal(t, "invoices", len(totals(c, a)), 2)
	dialog.Click("button", "Complete change")
	page.See("You now have 8 licenses")
	equal(t, "the invoice's total", totals(c, a)[2], 2570)
}

// Fewer licenses than are in use: the dialog says what becomes of whom, and the decrease is cancelled where it is shown.
func TestFewerLicensesThanAreInUse(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "valuation-monthly", 5)
	c := rig.API(t, a.Owner)
	for _, name := range []string{"Ann", "Bob", "Cleo", "Dora"} {
		colleague(t, c, a, name, "Holder", true)
	}
	page := rig.SignIn(t, a.Owner)
	page.Open(a.Path("/licenses?edit=number"))
	dialog := page.In("dialog", "Edit number of licenses")
	dialog.Fill("Total licenses", "2")
	dialog.See("All 5 licenses stay usable until the cycle ends on 1 December 2026; from then on there will be 2.")
	dialog.See("4 licenses are in use, which is 2 more than you keep.")
	dialog.See("Nobody loses a license: if that is still so on 1 December 2026, as many licenses stay as are in use, and are billed.")
	dialog.See("Total due today €0.00")
	dialog.Click("checkbox", "I accept the license agreement")
	dialog.Click("button", "Complete change")
	page.In("dialog", "From 1 December 2026 on there will be 2 licenses").Click("button", "Done")
	page.See("The number of licenses is set to go from 5 to 2; as of now it goes to 4, by what is in use.")
	page.Click("button", "Cancel this decrease")
	undo := page.In("dialog", "Cancel the scheduled decrease")
	undo.See("Nobody loses a license by it, and the bill goes on as if it had not been asked for.")
	both(page)
	undo.Click("button", "Cancel the decrease")
	page.Gone("The number of licenses is set to go")
	seats, inUse := seatsOf(c, a)
	equal(t, "seats and licenses", []int{seats, inUse}, []int{5, 4})

	b := customer(t, rig, "valuation-yearly", 5)
	c = rig.API(t, b.Owner)
	for _, name := range []string{"Ann", "Bob", "Cleo"} {
		colleague(t, c, b, name, "Holder", true)
		rig.Move(t, b, midNovember.Add(time.Duration(len(name))*time.Hour))
	}
	page = rig.SignIn(t, b.Owner)
	page.Open(b.Path("/licenses?edit=number"))
	dialog = page.In("dialog", "Edit number of licenses")
	dialog.Fill("Total licenses", "1")
	dialog.See("3 licenses are in use, which is 2 more than you keep.")
	dialog.See("Cleo Holder loses the license.")
	dialog.See("Bob Holder loses the license.")
	dialog.Gone("Ann Holder")
}

// Giving a license by keyboard alone, and taking it by its X.
func TestALicenseIsGivenByKeyboardAndTaken(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "valuation-monthly", 1)
	c := rig.API(t, a.Owner)
	colleague(t, c, a, "Ann", "Adler", false)
	colleague(t, c, a, "Anna", "\u202eBond", false)
	page := rig.SignIn(t, a.Owner)
	page.Open(a.Path("/licenses"))
	page.See("Nobody holds a license")
	page.TabTo("combobox", "Give a license to")
	page.Type("ann")
	page.Has("option", "Ann Adler ann@"+a.Domain)
	page.See("Anna \ufffdBond")
	both(page)
	page.Press("Escape")
	page.Lacks("option", "Ann Adler ann@"+a.Domain)
	page.Type("anna")
	page.Has("option", "Anna \ufffdBond anna@"+a.Domain)
	page.Press("Backspace")
	page.Has("option", "Ann Adler ann@"+a.Domain)
	page.Press("ArrowDown", "ArrowUp", "Enter")
	page.See("Ann Adler has a license")
	page.See("No Surveyline Valuation license is available.")
	page.In("row", "Ann Adler").See("Olive Owens")
	seats, inUse := seatsOf(c, a)
	equal(t, "seats and licenses", []int{seats, inUse}, []int{1, 1})

	page.Click("button", "Take the license from Ann Adler")
	dialog := page.In("dialog", "Take the license from Ann Adler?")
	dialog.See("From now on Ann Adler may not use Surveyline Valuation: write and sign valuations and download reports.")
	dialog.See("and so does the bill")
	both(page)
	dialog.Click("button", "Take it from Ann Adler")
	page.See("Nobody holds a license")
	equal(t, "invoices", len(totals(c, a)), 1)
}

// On a plan that buys licenses as people need them the price is seen before, and who may not spend is told who may.
func TestALicenseThatIsBoughtOnTheWay(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "teams-monthly", 1)
	c := rig.API(t, a.Owner)
	colleague(t, c, a, "Ann", "Adler", true)
	colleague(t, c, a, "Bob", "Brandt", false)
	c.Post(a.API("/users"), map[string]any{"email": "ada@" + a.Domain, "first_name": "Ada", "last_name": "Admin", "role": "admin"}, nil)
	rig.API(t, "ada@"+a.Domain).Bind()
	page := rig.SignIn(t, "ada@"+a.Domain)
	page.Open(a.Path("/licenses"))
	page.See("The primary contact and billing admins decide about the number of licenses")
	page.See("Olive Owens, olive@" + a.Domain)
	page.See("ask the primary contact or a billing admin to buy one")
	page.Lacks("button", "Edit number of licenses")
	both(page)

	page = rig.SignIn(t, a.Owner)
	page.Open(a.Path("/licenses"))
	page.Fill("Give a license to", "Brandt")
	page.Click("option", "Bob Brandt bob@"+a.Domain)
	dialog := page.In("dialog", "Give Bob Brandt a license")
	dialog.See("1 license is missing and is bought with it")
	dialog.Click("button", "See the price")
	dialog.See("1 × €12.00 × 9 of 30 days = €3.60")
	dialog.See("Total due today €4.28")
	dialog.See("Licenses that nobody uses go when the cycle ends")
	both(page)
	dialog.Click("checkbox", "I accept the license agreement")
	dialog.Click("button", "Buy and assign")
	page.See("Bob Brandt holds a license of")
	page.See("2 of 2")
	equal(t, "the invoice's total", totals(c, a)[1], 428)
}

// Without a pool the page says who counts and how the next invoice comes about.
func TestActiveUsersInsteadOfAPool(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "service-desk-monthly", 0)
	colleague(t, rig.API(t, a.Owner), a, "Ann", "Adler", false)
	page := rig.SignIn(t, a.Owner)
	page.Open(a.Path("/licenses"))
	page.Has("heading", "Tidedesk Service Desk: active users")
	page.See("€27.00 per active user and month")
	page.See("There are no licenses to buy. The invoice at the end of the cycle counts who is active at that moment.")
	page.In("table", "Active users of Tidedesk Service Desk").See("Ann Adler")
	page.Lacks("combobox", "Give a license to")
	page.See("€64.26")
	both(page)
}
