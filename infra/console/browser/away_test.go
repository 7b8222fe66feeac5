package browser_test

import "testing"

// failing makes the API answer every read with a 500 until backAgain.
const failing = `(() => {
	const real = window.fetch;
	window.backAgain = () => { window.fetch = real };
	window.fetch = (at, init) => String(at).startsWith("/v1/") && (init?.method ?? "GET") === "GET"
		? Promise.resolve(new Response('{"title":"Internal Server Error","status":500,"request_id":"req-for-support"}', {status: 500, headers: {"Content-Type": "application/problem+json"}}))
		: real(at, init);
	return true;
})()`

// Whoever opens a page while there is no network, or while the server fails, is told so in the place of what does not come,
// and presses one button when it is back.
func TestPagesSayWhatDoesNotComeAndTryAgain(t *testing.T) {
	rig := shared(t)
	pages := []struct{ link, shows string }{
		{"Users", "olive@"}, {"Licenses", "Who holds a license"}, {"Plan", "Compare"}, {"Invoices", "Invoices and credit notes"},
		{"Requests", "Nothing has been asked yet"}, {"Activity", "The account was opened"}, {"Settings", "Primary contact"},
	}
	for _, way := range []struct {
		name, lose, says string
		offline          bool
	}{
		{"offline", "", "You are offline. Try again.", true},
		{"the server fails", failing, "The server had a problem. Try again in a moment.", false},
	} {
		t.Run(way.name, func(t *testing.T) {
			a := customer(t, rig, "teams-monthly", 1)
			page := rig.SignIn(t, a.Owner)
			page.Tolerate("ERR_INTERNET_DISCONNECTED")
			page.Tolerate("404") // of the request that there is not
			for _, p := range pages {
				page.Open(a.Path("/requests/none")) // what was read before is forgotten; the next page is opened without loading the console
				page.Has("link", p.link)
				page.See("There is no such request")
				if way.offline {
					page.Offline(true)
				} else {
					page.Eval(way.lose)
				}
				page.In("navigation", "Settings").Click("link", p.link)
				page.See(way.says)
				page.Gone("Loading…")
				if !way.offline && p.link == "Invoices" {
					page.See("tell support this number: req-for-support")
				}
				page.Axe()
				if way.offline {
					page.Offline(false)
				} else {
					page.Eval(`backAgain()`)
				}
				page.Eval(`[...document.querySelectorAll("main button")].filter((b) => b.innerText === "Try again").map((b) => b.click()).length`)
				page.Gone("Try again")
				page.See(p.shows)
			}
		})
	}
}
