package browser_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/console/browsertest"
	"github.com/usher-seats/usher/infra/local/stack"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/hostiletest"
)

// unseen are characters that turn, hide or end what stands around them.
var unseen = regexp.MustCompile(`[\x{ad}\x{61c}\x{180e}\x{e0000}-\x{e007f}\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{2069}\x{feff}]`)

// made is what no page of the console has of its own, and payloads would make: it lists what it finds.
const made = `[...document.querySelectorAll("script:not([src^='/assets/']), img, iframe, object, embed, base, plaintext, marquee, main b, main style, link[rel=stylesheet]:not([href^='/assets/']), meta[http-equiv], form[action], a[href^='javascript:' i], a[href*='evil.example'], [onerror], [onload], [onmouseover]")]
	.map((e) => e.outerHTML.slice(0, 120))`

// harmless holds a page against all that a hostile text could have done to it. Dialogs and violations of the policy fail
// every page anyway.
func harmless(t *testing.T, page *browsertest.Page, where string) string {
	t.Helper()
	settled(page)
	if found := page.Eval(made).([]any); len(found) > 0 {
		t.Errorf("%s has elements of somebody else's making: %q", where, found)
	}
	text, title := page.Eval(`document.body.innerText`).(string), page.Eval(`document.title`).(string)
	for _, shown := range []string{text, title} {
		if at := unseen.FindString(shown); at != "" {
			t.Errorf("%s shows the character %+q", where, at)
		}
	}
	return strings.Join(strings.Fields(text), " ")
}

// hostile fills an account with the corpus: what the API takes of it is stored as typed. It returns the texts that are there.
func hostile(t *testing.T, rig *browsertest.Rig, account browsertest.Account) (names, messages []string) {
	t.Helper()
	api := rig.API(t, account.Owner)
	refused := 0
	try := func(method, path string, body any) bool {
		switch status, answer := api.Try(method, path, body); {
		case status < http.StatusMultipleChoices:
			return true
		case status == http.StatusUnprocessableEntity:
			refused++
			return false
		default:
			t.Fatalf("%s %s answers %d %s", method, path, status, answer)
			return false
		}
	}
	for i, payload := range hostiletest.Payloads() {
		email := fmt.Sprintf("h%03d@%s", i, account.Domain)
		if try(http.MethodPost, account.API("/users"), map[string]any{"email": email, "first_name": payload, "last_name": payload, "qualification": payload}) {
			names = append(names, payload)
		}
		if i%4 == 0 && try(http.MethodPost, account.API("/requests"), map[string]any{"kind": "other", "message": payload}) {
			messages = append(messages, payload)
		}
	}
	if len(names) < 40 || len(messages) < 8 || refused == 0 {
		t.Fatalf("%d names and %d messages are stored and %d refused: the corpus does not reach the pages", len(names), len(messages), refused)
	}
	return names, messages
}

// plainly tells whether a payload is shown letter by letter: no blanks to be squeezed, nothing that is not seen.
func plainly(payload string) bool {
	return payload == strings.Join(strings.Fields(payload), " ") && !unseen.MatchString(payload) && strings.IndexFunc(payload, func(r rune) bool { return r > 0x2fff }) < 0
}

// Faults 40 and 43: what people type is text on every page that shows it, to everybody who reads it.
func TestHostileTextsAreTextOnEveryPage(t *testing.T) {
	rig := shared(t)
	account := rig.Account(t, "prospecting")
	names, messages := hostile(t, rig, account)
	api := rig.API(t, account.Owner)
	worst := []string{`<script>alert(1)</script>`, `"><svg/onload=alert(1)>`, `</title><script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `{{template "layout" .}}`}
	page := rig.SignIn(t, account.Owner)
	for i, payload := range worst {
		api.Do(http.MethodPatch, account.API(""), map[string]any{"name": payload, "invoice_address": map[string]any{
			"name": payload, "lines": worst, "tax_id": "<i>" + fmt.Sprint(i), "country": "XX",
		}}, nil)
		page.Open(account.Path("/settings"))
		page.Has("heading", "Settings")
		page.In("banner", "").See(payload)
		harmless(t, page, "settings")
		if got := page.Value("Address"); got != strings.Join(worst, "\n") {
			t.Errorf("the address is %q", got)
		}
	}
	rig.Move(t, account, time.Date(2027, time.February, 2, 9, 0, 0, 0, time.UTC)) // issues invoices to the hostile customer

	seen := ""
	page.Open(account.Path("/users?sort=email"))
	for n := 1; ; n++ {
		page.See(fmt.Sprintf("Page %d", n))
		seen += harmless(t, page, "users") + "\n"
		if n*25 >= len(names)+1 { // and the owner
			break
		}
		page.Click("button", "Next")
	}
	page.Open(account.Path("/requests"))
	page.Has("heading", "Requests")
	seen += harmless(t, page, "requests") + "\n"
	shown := 0
	for _, payload := range append(names, messages...) {
		if plainly(payload) && !strings.Contains(seen, payload) {
			t.Errorf("%q does not show as it was typed", payload)
		} else if plainly(payload) {
			shown++
		}
	}

	for _, path := range []string{"/licenses", "/plan", "/users/invitations", "/activity", "/activity?kind=user.created", "/invoices", "/invoices/1", "/invoices/2", "/users/add"} {
		page.Open(account.Path(path))
		page.In("banner", "").See(worst[len(worst)-1])
		harmless(t, page, path)
	}
	staff := rig.SignIn(t, stack.Operator)
	for _, path := range []string{"/operator", "/operator/requests", "/operator/accounts/" + account.ID, "/operator/parked"} {
		staff.Open(path)
		staff.In("banner", "").See("Operator")
		harmless(t, staff, path)
	}
	bad := 0
	if t.Failed() {
		bad = 1
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 43, Did: "the corpus of hostile texts as names, messages and addresses, on all pages that show them, under a policy that reports",
		Bad: bad, Of: len(names) + len(messages) + len(worst), What: "texts that did anything but show", More: fmt.Sprintf("%d of them letter by letter", shown),
	})
}
