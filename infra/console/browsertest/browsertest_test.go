package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/local/stack"
)

// The rig is tried on the console itself, and where that has nothing to try it on, on elements that the test puts there.
func TestTheRig(t *testing.T) {
	rig := StartCommitted(t, stack.Options{})
	rig.Catalog(t, "teams")
	account := rig.Account(t, "teams")
	ann := Invitee{Email: "ann@" + account.Domain, First: "Ann", Last: "Bee"}
	rig.Join(t, account, ann)

	t.Run("an owner signs in and sees the account", func(t *testing.T) {
		page := rig.SignIn(t, account.Owner)
		page.See(account.Name)
		page.Open(account.Path("/users"))
		page.At(account.Path("/users"))
		page.In("row", ann.Email).See("Ann Bee")
		page.Gone("Nobody of this name")
	})
	t.Run("somebody else's session is not shared", func(t *testing.T) {
		page := rig.Page(t)
		page.Open(account.Path("/users"))
		page.Has("button", "Sign in")
		page.Gone(account.Name)
	})
	t.Run("a failure shows the page", func(t *testing.T) { failures(t, rig) })
	t.Run("what no page may do is noted", func(t *testing.T) { forbidden(t, rig) })
	t.Run("things are found and used as people do", func(t *testing.T) { uses(t, rig) })
	t.Run("axe-core finds what is amiss", func(t *testing.T) {
		page := rig.Page(t)
		page.Open("/")
		page.Has("button", "Sign in")
		seen := &recorder{TB: t}
		page.t = seen
		page.Eval(`{const b = document.createElement("button"); document.body.append(b); 1}`)
		page.Axe()
		if !strings.Contains(strings.Join(seen.errors, "\n"), "button-name") {
			t.Errorf("a button without a name is no fault: %q", seen.errors)
		}
	})
}

// recorder is a test whose failures are expected.
type recorder struct {
	testing.TB
	errors []string
}

type ended struct{}

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...); panic(ended{}) }

// failing returns what a step fails with.
func failing(t *testing.T, page *Page, step func(*Page)) (why string) {
	t.Helper()
	seen := &recorder{TB: t}
	try := *page
	try.t = seen
	defer func() {
		if _, ok := recover().(ended); !ok {
			t.Error("the step does not fail")
		}
		why = strings.Join(seen.errors, "\n")
	}()
	step(&try)
	return ""
}

func failures(t *testing.T, rig *Rig) {
	page := rig.Page(t)
	page.Open("/")
	page.Has("button", "Sign in")
	page.Eval(`{const d = document.createElement("div"); d.innerHTML; d.append(...["Twin", "Twin"].map((n) => { const b = document.createElement("button"); b.textContent = n; return b })); document.body.append(d); 1}`)
	why := failing(t, page, func(p *Page) { p.Click("button", "Twin") })
	for _, want := range []string{"there are 2 of the role button", "picture: ", "Sign in"} {
		if !strings.Contains(why, want) {
			t.Errorf("the failure does not say %q: %s", want, why)
		}
	}
	_, picture, _ := strings.Cut(why, "picture: ")
	picture, _, _ = strings.Cut(picture, "\n")
	if is, err := os.Stat(picture); err != nil || is.Size() == 0 || filepath.Base(filepath.Dir(picture)) != "browser" {
		t.Errorf("the picture %s: %v", picture, err)
	}
}

func forbidden(t *testing.T, rig *Rig) {
	page := rig.Page(t)
	page.Open("/")
	page.Has("button", "Sign in")
	if left := page.watch.left(); len(left) > 0 {
		t.Errorf("before anything is done: %q", left)
	}
	page.Eval(`fetch("https://example.com/x").catch(() => 0)`)
	page.Eval(`{const s = document.createElement("style"); s.textContent = "a{}"; document.head.append(s); 1}`)
	page.Eval(`console.error("on the console", 3)`)
	page.Eval(`new Promise((done) => { setTimeout(() => { setTimeout(done, 0); throw new Error("thrown late") }, 0) })`)
	page.Eval(`new Promise((done) => { addEventListener("securitypolicyviolation", () => setTimeout(done, 0), {once: true}); const f = document.createElement("iframe"); f.src = "https://example.com/framed"; document.body.append(f) })`)
	page.watch.see(answered(rig.Stack.ConsoleURL()+"/v1/me", 503))
	page.watch.see(answered(rig.Stack.ConsoleURL()+"/v1/me", 404))
	all := strings.Join(page.watch.left(), "\n")
	for _, want := range []string{"connect-src holds up https://example.com/x", "style-src", "console.error: on the console 3", "thrown late", "frame", "/v1/me answers 503"} {
		if !strings.Contains(all, want) {
			t.Errorf("it is not noted that %q:\n%s", want, all)
		}
	}
	if strings.Contains(all, "answers 404") {
		t.Error("a refusal is a fault")
	}
	page.watch.see(asked("https://fonts.example.com/a.woff2"))
	page.watch.see(asked(rig.Stack.IssuerURL() + "/authorize"))
	page.watch.see(asked("data:text/plain,x"))
	all = strings.Join(page.watch.left(), "\n")
	if !strings.Contains(all, "third party: https://fonts.example.com/a.woff2") || strings.Contains(all, "third party: data") || strings.Contains(all, "third party: "+rig.Stack.IssuerURL()) {
		t.Errorf("third parties:\n%s", all)
	}
	page.Tolerate("") // all of it, since this test is about it
}

// furniture is a page of everything that can be used.
const furniture = `{
	document.getElementById("app").remove();
	const make = (name, set = {}, ...inside) => { const e = Object.assign(document.createElement(name), set); e.append(...inside); return e };
	const labelled = (words, field) => make("label", {}, words, field);
	const out = make("p", {id: "out"});
	const say = (words) => () => { out.textContent += " " + words };
	const pasted = make("textarea", {onpaste: (e) => { e.preventDefault(); out.textContent += " pasted:" + e.clipboardData.getData("text/plain") }});
	document.body.append(out,
		make("button", {onclick: say("clicked")}, "Press me"), make("button", {disabled: true}, "Never"),
		make("button", {onclick: say("caught"), onmousemove: (e) => { e.target.onmousemove = null; e.target.before(make("button", {onclick: say("slipped")}, "In the way of it")) }}, "Runs away"),
		labelled("Name", make("input", {value: "old", oninput: (e) => { out.textContent = "name:" + e.target.value }})),
		labelled("Day", make("input", {type: "date", onchange: (e) => { out.textContent += " day:" + e.target.value }})),
		labelled("Fruit", make("select", {onchange: (e) => { out.textContent += " fruit:" + e.target.value }}, make("option", {value: "a"}, "Apple"), make("option", {value: "p"}, "Pear"))),
		labelled("Agree", make("input", {type: "checkbox", onchange: say("agreed")})),
		labelled("Many", pasted), labelled("File", make("input", {type: "file", onchange: (e) => { out.textContent += " file:" + e.target.files[0].name }})),
		make("a", {href: URL.createObjectURL(new Blob(["a,b"])), download: "list.csv"}, "Take the list"),
		make("table", {}, make("tr", {}, make("td", {}, "Ada"), make("td", {}, make("button", {onclick: say("ada")}, "Edit"))), make("tr", {}, make("td", {}, "Bob"), make("td", {}, make("button", {onclick: say("bob")}, "Edit")))));
	1}`

func uses(t *testing.T, rig *Rig) {
	page := rig.Page(t)
	page.Open("/")
	page.Has("button", "Sign in")
	page.Eval(furniture)
	page.Click("button", "Press me")
	page.See("clicked")
	if why := failing(t, page, func(p *Page) { p.Click("button", "Never") }); !strings.Contains(why, "it is disabled") {
		t.Errorf("a button that is off: %s", why)
	}
	page.Click("button", "Runs away")
	page.See("caught")
	page.Gone("slipped")
	page.Fill("Name", "Åsa 2")
	page.See("name:Åsa 2")
	if got := page.Value("Name"); got != "Åsa 2" {
		t.Errorf("the field holds %q", got)
	}
	page.Fill("Name", "")
	page.Gone("Åsa")
	page.Fill("Day", "2026-12-31")
	page.Choose("Fruit", "Pear")
	page.Click("checkbox", "Agree")
	page.Paste("Many", "one\ttwo")
	page.In("row", "Bob").Click("button", "Edit")
	file := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	page.Upload("File", file)
	page.See("name: day:2026-12-31 fruit:p agreed pasted:one two bob file:people.csv")
	if n := page.Count("row"); n != 2 {
		t.Errorf("%d rows", n)
	}
	if name, content := page.Download(func() { page.Click("link", "Take the list") }); name != "list.csv" || string(content) != "a,b" {
		t.Errorf("downloaded %s: %q", name, content)
	}
	keyboard(t, page)
	page.Locale("de-DE")
	page.Dark(true)
	page.Size(360, 640)
	page.Reload()
	if got := fmt.Sprint(page.Eval(`[navigator.language, new Intl.NumberFormat().format(1234.5), innerWidth, matchMedia("(prefers-color-scheme: dark)").matches]`)); got != "[de-DE 1.234,5 360 true]" {
		t.Errorf("the reader is %s", got)
	}
	page.Offline(true)
	if got := page.Eval(`fetch("/config.json").then((r) => r.status, () => "no answer")`); got != "no answer" {
		t.Errorf("without a network: %v", got)
	}
	page.Offline(false)
	if got := page.Eval(`fetch("/config.json").then((r) => r.status)`); got != 200.0 {
		t.Errorf("with the network back: %v", got)
	}
}

func keyboard(t *testing.T, page *Page) {
	page.TabBackTo("button", "Press me")
	page.Eval(`document.getElementById("out").textContent = ""`)
	page.Press("Enter")
	page.See("clicked")
	page.TabTo("textbox", "Name")
	page.Type("Bo")
	page.Press("Home", "Shift+End", "x")
	if got := page.Value("Name"); got != "x" {
		t.Errorf("typed %q", got)
	}
	page.TabTo("checkbox", "Agree")
	page.Press("Space")
	page.See("agreed")
	if role, name := page.Focused(); role != "checkbox" || name != "Agree" {
		t.Errorf("the focus is on %s %s", role, name)
	}
}
