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
	a := customer(t, rig, "teams-monthly", 1)
	page := rig.SignIn(t, a.Owner)
	page.Tolerate("ERR_INTERNET_DISCONNECTED")
	page.Tolerate("404") // of the request that there is not
	try := func(link, says, shows string, lose, regain func()) {
		page.Open(a.Path("/requests/none")) // what was read before is forgotten; the next page is opened without loading the console
		page.See("There is no such request")
		lose()
		page.In("navigation", "Settings").Click("link", link)
		page.See(says)
		page.Gone("Loading…")
		page.Axe()
		regain()
		page.Eval(`[...document.querySelectorAll("main button")].filter((b) => b.innerText === "Try again").map((b) => b.click()).length`)
		page.Gone("Try again")
		page.See(shows)
	}
	try("Users", "You are offline. Try again.", "olive@", func() { page.Offline(true) }, func() { page.Offline(false) })
	for _, p := range []struct{ link, shows string }{
		{"Users", "olive@"}, {"Licenses", "Who holds a license"}, {"Plan", "Compare"}, {"Invoices", "Invoices and credit notes"},
		{"Requests", "Nothing has been asked yet"}, {"Activity", "The account was opened"}, {"Settings", "Primary contact"},
	} {
		says := "The server had a problem. Try again in a moment."
		if p.link == "Invoices" {
			says = "tell support this number: req-for-support"
		}
		try(p.link, says, p.shows, func() { page.Eval(failing) }, func() { page.Eval(`backAgain()`) })
	}
}
