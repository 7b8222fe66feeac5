package browser_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/usher-seats/usher/infra/console/browsertest"
)

// rounds is of how many a median is.
const rounds = 9

// until is a promise of the milliseconds from a beginning until a condition holds, looked at before every frame is painted.
// The beginning is what the page was asked for where it is 0.
const until = `new Promise((done) => { const began = %s; const look = () => (%s) ? requestAnimationFrame(() => done(performance.now() - began)) : requestAnimationFrame(look); look(); })`

func await(page *browsertest.Page, began, condition string) float64 {
	return page.Eval(fmt.Sprintf(until, began, condition)).(float64)
}

// median is of what a measurement gives in all rounds.
func median(measure func(round int) float64) float64 {
	all := make([]float64, rounds)
	for i := range all {
		all[i] = measure(i)
	}
	slices.Sort(all)
	return all[rounds/2]
}

// BenchmarkConsole has, as medians of nine in milliseconds, how long somebody waits: for the first view of the sign-in and of
// the users, for the effect of a write to be on screen, and among ten thousand users for a search and for the next page.
func BenchmarkConsole(b *testing.B) {
	rig := shared(b)
	account := rig.Account(b, "valuation")
	fill(b, rig, account, 10_000)
	if err := rig.Stack.Settle(b.Context()); err != nil { // their mails and events are not what is measured
		b.Fatal(err)
	}
	owner := rig.API(b, account.Owner)
	var found struct{ Items []struct{ ID string } }
	owner.Get(account.API("/users?q=p01234"), &found)
	page := rig.SignIn(b, account.Owner)

	page.Open(account.Path("/users"))
	rows := `document.querySelectorAll("table.users tbody tr").length > 1`
	users := median(func(int) float64 {
		page.Reload()
		return await(page, "0", rows)
	})
	signIn := median(func(int) float64 {
		fresh := rig.Page(b) // a session of its own: nothing is in its cache
		fresh.Open("/")
		return await(fresh, "0", `document.querySelector("h1")`)
	})
	row := func(i int) string { return fmt.Sprintf("p%05d@", 1000+777*i) }
	search := median(func(i int) float64 {
		enter := fmt.Sprintf(`(() => { const f = document.querySelector("input[type=search]"); Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(f, %q); f.dispatchEvent(new Event("input", {bubbles: true})); return performance.now(); })()`, row(i))
		return await(page, enter, fmt.Sprintf(`document.querySelectorAll("table.users tbody tr").length === 1 && document.querySelector("table.users tbody").innerText.includes(%q)`, row(i)))
	})
	page.Open(account.Path("/users?sort=email"))
	page.Has("button", "Next")
	next := median(func(i int) float64 {
		press := `(() => { [...document.querySelectorAll(".pager button")].find((e) => e.innerText.trim() === "Next").click(); return performance.now(); })()`
		return await(page, press, fmt.Sprintf(`document.querySelector("table.users tbody").innerText.includes("p%05d@")`, 25*(i+1)))
	})
	page.Open(account.Path("/users/" + found.Items[0].ID))
	deed := func(open, then string) float64 {
		page.Click("button", open)
		page.Eval(`new Promise((done) => { const look = () => document.querySelector("dialog[open] button[type=submit]:not(:disabled)") ? done(1) : requestAnimationFrame(look); look(); })`)
		press := `(() => { document.querySelector("dialog[open] button[type=submit]").click(); return performance.now(); })()`
		took := await(page, press, fmt.Sprintf(`!document.querySelector("dialog[open]") && document.querySelector(".license-name").innerText.includes(%q)`, then))
		return took
	}
	name := "Pat01234 Walker"
	var taken []float64
	given := median(func(int) float64 {
		took := deed("Give "+name+" a license of Surveyline Valuation", "Licensed")
		taken = append(taken, deed("Take "+name+"’s license of Surveyline Valuation", "None"))
		return took
	})
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(signIn, "first-view-ms")
	b.ReportMetric(users, "users-ms")
	b.ReportMetric(given, "give-ms")
	b.ReportMetric(median(func(i int) float64 { return taken[i] }), "take-ms")
	b.ReportMetric(search, "search-ms")
	b.ReportMetric(next, "next-page-ms")
}
