package browser_test

import (
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/console/browsertest"
)

// amissWithFocus says why somebody who sees could not tell what the next key is for, or nothing.
const amissWithFocus = `(() => {
	const e = document.activeElement;
	if (!e || e === document.body) return "nothing has the focus";
	if (!e.matches(":focus-visible")) return "it does not show that it has the focus";
	const s = getComputedStyle(e);
	if (s.outlineStyle === "none" && s.boxShadow === "none") return "it has neither outline nor ring";
	const r = e.getBoundingClientRect(), x = r.x + r.width / 2, y = r.y + r.height / 2;
	if (r.width < 1 || r.height < 1) return "it has no size";
	if (x < 0 || y < 0 || x > innerWidth || y > innerHeight) return "it is off the screen";
	const top = document.elementFromPoint(x, y);
	return top && (e.contains(top) || top.contains(e)) ? "" : "it is behind " + (top ? top.outerHTML.slice(0, 120) : "something");
})()`

// keys walks a page by the keyboard alone, and holds every place where it stops against amissWithFocus.
type keys struct {
	*browsertest.Page
	t *testing.T
}

func (k keys) at(role, name string) {
	k.t.Helper()
	if amiss := k.Eval(amissWithFocus); amiss != "" {
		k.t.Errorf("the %s %q: %s", role, name, amiss)
	}
}

func (k keys) to(role, name string) {
	k.t.Helper()
	k.TabTo(role, name)
	k.at(role, name)
}

func (k keys) back(role, name string) {
	k.t.Helper()
	k.TabBackTo(role, name)
	k.at(role, name)
}

// given waits until the focus has been put somewhere.
func (k keys) given(role, name string) {
	k.t.Helper()
	for limit := time.Now().Add(browsertest.Patience); ; {
		r, n := k.Focused()
		if r == role && n == name {
			return
		}
		if time.Now().After(limit) {
			k.t.Fatalf("the focus is at the %s %q, not at the %s %q", r, n, role, name)
		}
		k.Eval(`new Promise((done) => requestAnimationFrame(() => done(1)))`)
	}
}

// Somebody who has no pointer invites a colleague, gives and keeps licenses, and buys more: the focus shows wherever it
// stops, and every dialog takes it and gives it back.
func TestInviteAssignAndEditNumberByKeyboardAlone(t *testing.T) {
	rig := shared(t)
	a := rig.Account(t, "valuation") // five licenses at €36.00 and 19 % of tax, on the first of the cycle's days
	page := rig.SignIn(t, a.Owner)
	page.Open(a.Path("/users"))
	page.Has("link", "Otto Hadley "+a.Owner)
	k := keys{page, t}

	k.to("link", "Add users")
	k.Press("Enter")
	k.given("heading", "Add users")
	k.to("textbox", "Email, row 1")
	k.Type("ann@" + a.Domain)
	k.to("textbox", "First name, row 1")
	k.Type("Ann")
	k.to("textbox", "Last name, row 1")
	k.Type("Adler")
	k.Has("button", "Send 1 invitation")
	k.to("button", "Send 1 invitation")
	k.Press("Enter")
	k.See("1 person was invited")
	k.to("link", "See the open invitations")
	k.Press("Enter")
	k.given("heading", "Open invitations")
	k.See("Ann Adler")

	k.back("link", "Licenses")
	k.Press("Enter")
	k.See("0 of 5")
	k.to("combobox", "Give a license to")
	k.Type("otto")
	k.Has("option", "Otto Hadley "+a.Owner)
	k.Press("Enter")
	k.See("1 of 5")
	k.given("combobox", "Give a license to")
	k.to("button", "Take the license from Otto Hadley")
	k.Press("Enter")
	k.Has("dialog", "Take the license from Otto Hadley?")
	k.to("button", "Take it from Otto Hadley")
	k.Press("Escape")
	k.Lacks("dialog", "Take the license from Otto Hadley?")
	k.given("button", "Take the license from Otto Hadley")
	k.See("1 of 5")

	k.back("button", "Edit number of licenses")
	k.Press("Enter")
	k.given("textbox", "Total licenses")
	k.at("textbox", "Total licenses")
	k.Press("ArrowUp", "ArrowUp", "ArrowUp")
	k.See("Total due today €128.52") // 3 × €36.00 = €108.00 and €20.52
	k.Press("Escape")
	k.Lacks("dialog", "Edit number of licenses")
	k.given("button", "Edit number of licenses")
	k.Press("Enter")
	k.given("textbox", "Total licenses")
	k.Press("ArrowUp", "ArrowUp")
	k.See("Total due today €85.68") // 2 × €36.00 = €72.00 and €13.68
	k.to("checkbox", accepted)
	k.Press("Space")
	k.to("button", "Complete change")
	k.Press("Enter")
	k.Has("dialog", "You now have 7 licenses")
	k.given("button", "Done")
	k.at("button", "Done")
	k.Press("Enter")
	k.Lacks("dialog", "You now have 7 licenses")
	k.See("1 of 7")
	k.given("button", "Edit number of licenses")
	inOrder(t, rig, a)
}
