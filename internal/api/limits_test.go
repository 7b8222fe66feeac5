package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/catalog"
	"github.com/usher-seats/usher/internal/seats"
)

// limit is a request at a limit or one past it, and the status that it is answered with.
type limit struct {
	name    string
	request apitest.Request
	status  int
}

const (
	fits    = http.StatusOK
	tooMuch = http.StatusUnprocessableEntity
	nothing = http.StatusNotFound
)

// Each limit is reached, and not passed.
func TestEveryLimitHoldsAtItAndOnePast(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	rows := textLimits(x)
	rows = append(rows, listLimits(t, x)...)
	rows = append(rows, requestLimits(t, x)...)
	rows = append(rows, operatorLimits(t, x)...)
	for _, row := range rows {
		op, _, found := s.Document.Find(row.request.Method, row.request.Path)
		if !found {
			t.Fatalf("%s: there is no such operation", row.name)
		}
		if op.Keyed() && row.request.Key == "" {
			row.request.Key = s.Key()
		}
		before := s.Writes()
		got := sender(x, op).Send(row.request)
		if got.Status != row.status {
			t.Errorf("%s: %d %.300s, want %d", row.name, got.Status, got.Body, row.status)
		}
		if got.Status != http.StatusOK && s.Writes() != before {
			t.Errorf("%s: refused, and something has changed", row.name)
		}
	}
	t.Logf("%d requests", len(rows))
}

// textLimits are those of texts, which are counted in characters and in bytes.
func textLimits(x *tenant) []limit {
	var rows []limit
	user := x.Path + "/users/" + x.ids[member]
	text := func(path, field string, runes, bytes int) {
		body := func(value string) apitest.Request {
			return request("PATCH", path, putIn(object{}, strings.Split(strings.ReplaceAll(field, "[", ".["), "."), value))
		}
		rows = append(rows,
			limit{field + " of the most characters", body(strings.Repeat("é", runes)), fits},
			limit{field + " of a character too many", body(strings.Repeat("é", runes+1)), tooMuch},
			limit{field + " of the most bytes", body(strings.Repeat("€", bytes/3) + strings.Repeat("a", bytes%3)), fits},
			limit{field + " of a byte too many", body(strings.Repeat("€", bytes/3) + strings.Repeat("a", bytes%3+1)), tooMuch},
			limit{field + " with a line break", body("a\nb"), tooMuch},
			limit{field + " with a NUL", body("a\x00b"), tooMuch},
			limit{field + " with a line separator", body("a\u2028b"), tooMuch},
			limit{field + " of another alphabet", body("Ελένη 李 עדה 👩‍💻"), fits},
		)
	}
	text(user, "first_name", seats.MaxNameRunes, seats.MaxNameBytes)
	text(user, "last_name", seats.MaxNameRunes, seats.MaxNameBytes)
	text(user, "qualification", seats.MaxQualificationRunes, seats.MaxQualificationBytes)
	text(x.Path, "name", seats.MaxAccountNameRunes, 2*seats.MaxAccountNameRunes)
	text(x.Path, "invoice_address.name", seats.MaxAccountNameRunes, 2*seats.MaxAccountNameRunes)
	text(x.Path, "invoice_address.tax_id", seats.MaxTaxIDBytes, 2*seats.MaxTaxIDBytes)
	text(x.Path, "invoice_address.lines[0]", seats.MaxAddressLineRunes, 2*seats.MaxAddressLineRunes)
	for _, blank := range []string{"", "  ", "\u00a0", "\u2003"} {
		rows = append(rows,
			limit{fmt.Sprintf("first_name %q", blank), request("PATCH", user, object{"first_name": blank}), tooMuch},
			limit{fmt.Sprintf("name %q", blank), request("PATCH", x.Path, object{"name": blank}), tooMuch},
			limit{fmt.Sprintf("qualification %q", blank), request("PATCH", user, object{"qualification": blank}), fits})
	}
	for value, status := range map[string]int{
		longEmail(64, seats.MaxEmailBytes): fits, longEmail(65, 100): tooMuch, longEmail(64, seats.MaxEmailBytes+1): tooMuch, "": fits, "x": tooMuch,
	} {
		rows = append(rows, limit{fmt.Sprintf("an email of %d bytes", len(value)), request("PATCH", x.Path, object{"billing_contact": value}), status})
	}
	for value, status := range map[string]int{"": fits, "DE": fits, "de": tooMuch, "D": tooMuch, "D1": tooMuch, "DEU": tooMuch} {
		rows = append(rows, limit{"the country " + value, request("PATCH", x.Path, object{"invoice_address": object{"country": value}}), status})
	}
	for value, status := range map[string]int{
		"UTC": fits, "Pacific/Apia": fits, "Europe/Berlin": fits, "": tooMuch, "Local": tooMuch, "Europe/Atlantis": tooMuch, "../UTC": tooMuch,
		"/etc/passwd": tooMuch, "europe/berlin": tooMuch, "+01:00": tooMuch,
	} {
		rows = append(rows, limit{"the zone " + value, request("PATCH", x.Path, object{"time_zone": value}), status})
	}
	return rows
}

// longEmail is an address whose local part and whole have these many bytes.
func longEmail(local, all int) string {
	domain := strings.Repeat(strings.Repeat("d", 62)+".", 10)[:all-local-1-len(".example")]
	return strings.Repeat("l", local) + "@" + strings.Trim(domain, ".") + strings.Repeat("x", len(domain)-len(strings.Trim(domain, "."))) + ".example"
}

// listLimits are those of lists, in requests and answers.
func listLimits(t *testing.T, x *tenant) []limit {
	people := func(n int) apitest.Request {
		list := make([]any, n)
		for i := range list {
			list[i] = x.Invitee(fmt.Sprintf("limit-%d", i), member, false)
		}
		return request("POST", x.Path+"/invitations", object{"people": list})
	}
	assign := func(n int, id string) apitest.Request {
		ids := make([]string, n)
		for i := range ids {
			ids[i] = id
		}
		return request("POST", x.SubPath()+"/licenses", object{"user_ids": ids})
	}
	lines := func(n int) apitest.Request {
		return request("PATCH", x.Path, object{"invoice_address": object{"lines": strings.Split(strings.Repeat("x", n), "")}})
	}
	rows := []limit{
		{"100 people", people(seats.MaxInvitePeople), fits},
		{"101 people", people(seats.MaxInvitePeople + 1), tooMuch},
		{"100 user ids", assign(seats.MaxAssignUsers, x.ids[member]), fits},
		{"101 user ids", assign(seats.MaxAssignUsers+1, x.ids[member]), tooMuch},
		{"a user id of 40 characters", assign(1, strings.Repeat("\u2028", 40)), fits}, // and its row is refused
		{"a user id of 41 characters", assign(1, strings.Repeat("x", 41)), tooMuch},
		{"5 lines", lines(seats.MaxAddressLines), fits},
		{"6 lines", lines(seats.MaxAddressLines + 1), tooMuch},
		{"every kind of mail off", request("PATCH", x.Path, object{"mails_off": seats.MailKinds()}), fits},
		{"one more kind of mail", request("PATCH", x.Path, object{"mails_off": append(seats.MailKinds(), "invoice")}), tooMuch},
	}
	for _, op := range x.s.Document.Operations() {
		if op.Parameters.GetByInAndName("query", "limit") == nil {
			continue
		}
		list := valid()[op.ID()](t, x, x.Owner)
		for n, status := range map[int]int{0: tooMuch, 1: fits, 100: fits, 101: tooMuch} {
			rows = append(rows, limit{fmt.Sprintf("%s, %d to a page", op.ID(), n), withQuery(list, fmt.Sprint("limit=", n)), status})
		}
		rows = append(rows,
			limit{op.ID() + ", a cursor of 2,048 characters", withQuery(list, "cursor="+strings.Repeat("A", 2048)), tooMuch},
			limit{op.ID() + ", a cursor of 2,049 characters", withQuery(list, "cursor="+strings.Repeat("A", 2049)), tooMuch})
	}
	return append(rows,
		limit{"a query of 100 characters", request("GET", x.Path+"/users?q="+strings.Repeat("x", 100), nil), fits},
		limit{"a query of 101 characters", request("GET", x.Path+"/users?q="+strings.Repeat("x", 101), nil), tooMuch})
}

// requestLimits are those of requests as a whole, and of numbers.
func requestLimits(t *testing.T, x *tenant) []limit {
	quote := func(n int64) apitest.Request {
		return request("POST", x.SubPath()+"/quotes", object{"seats": n})
	}
	padded := quote(50)
	padded.Body += strings.Repeat(" ", apigw.MaxBodyBytes-len(padded.Body))
	over := padded
	over.Body += " "
	deep := func(levels int) apitest.Request {
		return apitest.Request{Method: "POST", Path: x.SubPath() + "/quotes", Body: `{"seats":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + "}"}
	}
	keyed := func(n int) apitest.Request {
		r := request("PATCH", x.Path, object{"name": fmt.Sprint("Of a key of ", n)})
		r.Key = strings.Repeat("k", n)
		return r
	}
	lookUp := func(n int) apitest.Request {
		return request("POST", "/v1/invitations/lookup", object{"token": strings.Repeat("x", n)})
	}
	bind := func(n int) apitest.Request {
		return request("POST", "/v1/me", object{"id_token": strings.Repeat("x", n)})
	}
	return []limit{
		{"a body of a megabyte", padded, fits},
		{"a body of a megabyte and a byte", over, http.StatusRequestEntityTooLarge},
		{"a body of 32 levels", deep(apigw.MaxBodyDepth), tooMuch},
		{"a body of 33 levels", deep(apigw.MaxBodyDepth + 1), http.StatusBadRequest},
		{"a key of one character", keyed(1), fits},
		{"a key of 255 characters", keyed(255), fits},
		{"a key of 256 characters", keyed(256), tooMuch},
		{"one seat", quote(1), fits},
		{"no seat", quote(0), tooMuch},
		{"a million seats", quote(1_000_000), fits},
		{"a million and one seats", quote(1_000_001), tooMuch},
		{"a link of 500 characters", lookUp(500), nothing},
		{"a link of 501 characters", lookUp(501), tooMuch},
		{"an id_token of 16,384 characters", bind(16_384), tooMuch}, // it is none
		{"an id_token of 16,385 characters", bind(16_385), tooMuch},
		{"the first invoice", request("GET", x.Path+"/invoices/1", nil), fits},
		{"the last number of an invoice", request("GET", x.Path+"/invoices/9999999999", nil), nothing},
	}
}

func operatorLimits(t *testing.T, x *tenant) []limit {
	open := func(change object) apitest.Request {
		r := valid()["open-account"](t, x, nil)
		for field, value := range change {
			r.Body = putField(t, r.Body, field, value)
		}
		return r
	}
	clock := func(at string) apitest.Request { return open(object{"test": true, "clock": at}) }
	var a api.Account
	x.Owner.Get(x.Path).OK(t, &a)
	move := func(to string) apitest.Request {
		return request("POST", "/v1/operator/accounts/"+x.ID+"/clock", object{"to": to})
	}
	check := func(size int) apitest.Request {
		text := testCatalog(t)
		return request("POST", "/v1/operator/catalog/validate", object{"catalog": text + "# " + strings.Repeat("x", size-len(text)-2)})
	}
	wide := request("POST", "/v1/operator/catalog/validate", object{"catalog": testCatalog(t) + "# " + strings.Repeat("ü", catalog.MaxBytes/2)})
	return []limit{
		{"a catalog of the most bytes", check(catalog.MaxBytes), fits},
		{"a catalog of a byte too many", check(catalog.MaxBytes + 1), tooMuch},
		{"a catalog of too many bytes in fewer characters", wide, tooMuch},
		{"an account of a seat", open(object{"seats": 1}), fits},
		{"an account of no seat", open(object{"seats": 0}), tooMuch},
		{"an account of a million seats, as dear as can be", open(object{"seats": 1_000_000, "plan_id": "rooms-dearest", "tax_rate_ppm": 1_000_000}), fits},
		{"the same in dinars", open(object{"seats": 1_000_000, "plan_id": "rooms-dearest", "currency": "KWD", "tax_rate_ppm": 1_000_000}), fits},
		{"a million and one seats", open(object{"seats": 1_000_001}), tooMuch},
		{"fewer seats than the plan has", open(object{"seats": 1, "plan_id": "rooms-strict"}), tooMuch},
		{"a rate of 100 %", open(object{"tax_rate_ppm": 1_000_000}), fits},
		{"a rate above 100 %", open(object{"tax_rate_ppm": 1_000_001}), tooMuch},
		{"a rate below zero", open(object{"tax_rate_ppm": -1}), tooMuch},
		{"a currency in small letters", open(object{"currency": "eur"}), tooMuch},
		{"a currency that the plan has no price in", open(object{"currency": "GBP"}), tooMuch},
		{"a plan that there is none of", open(object{"plan_id": "no-such-plan"}), nothing},
		{"a clock without a test account", open(object{"clock": "2026-11-22T09:00:00Z"}), tooMuch},
		{"the first instant of the calendar", clock("1970-01-01T00:00:00Z"), fits},
		{"the instant before it", clock("1969-12-31T23:59:59Z"), tooMuch},
		{"the instant before it, seen from Samoa", clock("1970-01-01T00:00:00+14:00"), tooMuch},
		{"the last instant of the calendar", clock("2100-12-31T23:59:59Z"), fits},
		{"the instant behind it", clock("2101-01-01T00:00:00Z"), tooMuch},
		{"the instant behind it, seen from Hawaii", clock("2100-12-31T23:59:59-10:00"), tooMuch},
		{"the year 9999", clock("9999-12-31T23:59:59Z"), tooMuch},
		{"the clock where it stands", move(a.Now.Format("2006-01-02T15:04:05Z")), fits},
		{"the clock a second back", move(a.Now.Add(-1e9).Format("2006-01-02T15:04:05Z")), tooMuch},
		{"the clock behind the calendar", move("2101-01-01T00:00:00Z"), tooMuch},
		{"the clock behind the calendar, seen from Hawaii", move("2100-12-31T23:59:59-10:00"), tooMuch},
	}
}
