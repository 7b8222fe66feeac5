package browser_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/console/browsertest"
	"github.com/usher-seats/usher/internal/events"
)

// muddles are what shows where a program shows what it does not have.
var muddles = []string{"undefined", "NaN", "null", "[object", "Invalid Date", "no words for"}

func clear(t *testing.T, text string) {
	t.Helper()
	for _, bad := range muddles {
		if i := strings.Index(text, bad); i >= 0 {
			t.Errorf("the page shows %q", text[max(0, i-80):min(len(text), i+80)])
		}
	}
}

// settled waits until a list shows what was asked of it last.
func settled(page *browsertest.Page) {
	page.Eval(`new Promise((done) => { const look = () => document.querySelector("main [aria-busy='true'], .skeleton") ? setTimeout(look, 20) : done(1); look(); })`)
}

// What happened is found by person, by kind and by the account's own days, and a filter is an address.
func TestActivityIsFilteredByPersonKindAndDay(t *testing.T) {
	rig, ids := shared(t), histories()
	page := rig.SignIn(t, olga)
	page.Open("/activity")
	page.See("Today, Thursday, 30 April 2026")
	page.See("The billing period of Papercrane Teams, 31 Mar 2026 – 29 Apr 2026, ended (invoice 6). 00:00 · automatically")
	page.See("The test clock was moved to 30 Apr 2026, 09:00. 09:00 · by the vendor’s staff")
	both(page)

	page.Fill("Person", "om")
	page.See("Removed · omar@reel.example")
	page.Press("Enter")
	page.Gone("The test clock was moved")
	page.See("Omar Said was removed and lost the license of Papercrane Teams.")
	page.See("16:00 · by Adam Roth")
	page.At("/accounts/" + ids[reel] + "/activity?person=usr_")
	page.Choose("What", "Invitation accepted")
	page.Gone("was removed")
	page.See("Omar Said accepted the invitation and got a license of Papercrane Teams.")
	page.Reload()
	page.See("Omar Said accepted the invitation and got a license of Papercrane Teams.")
	if got := page.Value("Person"); got != "Omar Said" {
		t.Errorf("after a reload the person is %q", got)
	}
	page.Click("button", "Clear person")
	page.See("Bea Lang accepted the invitation.")
	page.Click("button", "Clear filters")
	page.See("The test clock was moved")

	page.Fill("From", "2026-02-20")
	page.Fill("To", "2026-02-19")
	page.See("This day is before the first one.")
	page.Fill("To", "2026-02-20")
	page.Has("heading", "Friday, 20 February 2026")
	page.Gone("Saturday,")
	if n := page.Count("heading"); n != 2 {
		t.Errorf("%d headings for one day, want that of the page and the day", n)
	}
	page.In("listitem", "Omar Said was removed").Click("link", "Omar Said")
	page.At("/accounts/" + ids[reel] + "/users/usr_")

	page.Open("/activity?from=2026-02-21&to=2026-02-22")
	page.See("Nothing like that happened")
	page.Axe()
	page.Open("/activity?kind=cycle.closed&from=2026-04-30")
	page.Click("link", "invoice 6")
	page.At("/accounts/" + ids[reel] + "/invoices/6")
}

// Days are those of the account's zone, wherever the reader is: midnight in Tokyo is the evening before in Berlin.
func TestDaysAreThoseOfTheAccount(t *testing.T) {
	rig, _ := shared(t), histories()
	page := rig.SignIn(t, mika)
	page.Open("/activity?kind=cycle.closed&from=2026-03-31&to=2026-03-31")
	page.Has("heading", "Tuesday, 31 March 2026")
	page.See("The billing period of Roundhall Meetings, 28 Feb 2026 – 30 Mar 2026, ended")
	page.See("00:00 · automatically")
	page.Open("/activity?kind=cycle.closed&from=2026-03-30&to=2026-03-30")
	page.See("Nothing like that happened")
}

// Every page of every demo account's ledger reads as sentences.
func TestTheLedgersOfTheDemoAccountsRead(t *testing.T) {
	rig, ids := shared(t), histories()
	for email, account := range map[string]string{olga: reel, vera: hadley, nora: harbour, petra: kestrel, mika: kotoba} {
		page := rig.SignIn(t, email)
		page.Open("/accounts/" + ids[account] + "/activity")
		for n := 1; ; n++ {
			page.See(fmt.Sprintf("Page %d", n))
			settled(page)
			page.Gone("…")
			text := page.Text()
			clear(t, text)
			if strings.Contains(text, "The account was opened for tests") {
				break
			}
			page.Click("button", "Next")
		}
	}
}

// Every type of event shows as a sentence, with what the page looks up of it, also those that no demo account has.
func TestEveryTypeOfEventShows(t *testing.T) {
	rig, ids := shared(t), histories()
	var items []json.RawMessage
	for _, e := range events.Samples() {
		detail, err := events.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, detail)
	}
	answer, err := json.Marshal(map[string]any{"items": items})
	if err != nil {
		t.Fatal(err)
	}
	page := rig.SignIn(t, olga)
	page.Open("/accounts/" + ids[reel] + "/settings")
	page.Has("heading", "Settings")
	page.Eval(fmt.Sprintf(`{ const real = window.fetch; window.fetch = (at, how) => String(at).includes("/events?") ? Promise.resolve(new Response(%q)) : real(at, how); 1 }`, answer))
	page.Click("link", "Activity")
	page.See("The account was opened for tests")
	page.See("Reminder: ")
	page.Gone("…")
	if n := page.In("main", "").Count("listitem"); n != len(items) {
		t.Errorf("%d entries show, want %d", n, len(items))
	}
	clear(t, page.Text())
	both(page)
}
