package page_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/local/page"
)

func TestAccountsAreReadPageByPageAndShown(t *testing.T) {
	r := start(t, nil)
	r.api.pages = []string{
		`{"items":[` + northwind + `],"next_cursor":"x"}`,
		`{"items":[{"id":"acc_2","name":"Bare"}],"next_cursor":"xx"}`,
		`{"items":[{"id":"acc_3","name":"Desk","time_zone":"No/Where","owner":{"email":"own@desk.example"},"subscriptions":[{"product_id":"desk","in_use":17}]}]}`,
	}
	body := r.get("/").body
	for _, want := range []string{
		"Northwind", "Sat 31 Jan 2026, 10:00", "Sun 1 Feb 2026, 00:00", "in 14 h", "5 in use", "1 reserved", "2 free", "8 seats",
		`data-sign-in="ada@example.com"`, "Ada Lovelace", `data-sign-in="grace@example.com"`, "chip invited",
		"Bare", "the wall clock", "by active users", "17 in use", `data-sign-in="own@desk.example"`, `data-sign-in="olga@vendor.example"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the start page lacks %q", want)
		}
	}
	for _, wrong := range []string{"gone@example.com", "17 over", `action="/accounts/acc_2/clock"`} {
		if strings.Contains(body, wrong) {
			t.Errorf("the start page has %q", wrong)
		}
	}
	if got := r.api.seen[0]; got != "GET /v1/operator/accounts Bearer operator-token " {
		t.Errorf("asked %q", got)
	}
}

func TestAnAPIThatRefusesShowsOnThePage(t *testing.T) {
	r := start(t, nil)
	r.api.status = http.StatusServiceUnavailable
	if body := r.get("/").body; !strings.Contains(body, "The account is parked. Retry it first. (503 account_parked)") || !strings.Contains(body, "data-retry") {
		t.Error("the refusal is not shown")
	}
	r = start(t, func(d *page.Deps) {
		d.OperatorToken = func(context.Context) (string, error) { return "", errors.New("the issuer sleeps") }
	})
	if body := r.get("/").body; !strings.Contains(body, "Sign the operator in: the issuer sleeps.") {
		t.Error("the missing token is not shown")
	}
	r = start(t, nil)
	r.api.pages = []string{"<html>"}
	if body := r.get("/").body; !strings.Contains(body, "is not what belongs there") {
		t.Error("a strange answer is not shown")
	}
}

func TestAnEmptyStackSaysHowToFillIt(t *testing.T) {
	if body := start(t, nil).get("/").body; !strings.Contains(body, "No accounts yet.") {
		t.Error("an empty stack says nothing")
	}
}

func TestTheClockMovesByTheAccountsOwnCalendar(t *testing.T) {
	for name, c := range map[string]struct {
		form url.Values
		want string
	}{
		"a day":                   {url.Values{"step": {"day"}}, "2026-02-01T09:00:00Z"},
		"a month is clamped":      {url.Values{"step": {"month"}}, "2026-02-28T09:00:00Z"},
		"the nearest period ends": {url.Values{"step": {"boundary"}}, "2026-01-31T23:00:00Z"},
		"a summer's local time":   {url.Values{"step": {"to"}, "to": {"2026-07-01T08:30"}}, "2026-07-01T06:30:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, nil)
			r.api.pages = []string{`{"items":[` + northwind + `]}`}
			r.api.answers = []string{`{"clock":"2026-02-10T00:00:00Z","done":true}`}
			status, said := r.act("/accounts/acc_1/clock", c.form)
			if status != http.StatusOK || said != "The clock of Northwind stands at Tue 10 Feb 2026, 01:00." {
				t.Errorf("%d %q", status, said)
			}
			if !reflect.DeepEqual(r.api.moves, []string{c.want}) {
				t.Errorf("moved to %v, want %s", r.api.moves, c.want)
			}
		})
	}
}

func TestALongMoveIsAskedUntilItIsDone(t *testing.T) {
	r := start(t, nil)
	r.api.pages = []string{`{"items":[` + northwind + `]}`}
	r.api.answers = []string{`{"clock":"2026-02-01T00:00:00Z","done":false}`, `{"clock":"2026-02-20T00:00:00Z","done":false}`, `{"clock":"2026-02-28T09:00:00Z","done":true}`}
	if status, said := r.act("/accounts/acc_1/clock", url.Values{"step": {"month"}}); status != http.StatusOK || !strings.Contains(said, "28 Feb") {
		t.Errorf("%d %q", status, said)
	}
	if len(r.api.moves) != 3 {
		t.Errorf("asked %d times", len(r.api.moves))
	}
}

func TestAMoveThatMakesNoWayEnds(t *testing.T) {
	r := start(t, nil)
	r.api.pages = []string{`{"items":[` + northwind + `]}`}
	for range 50 {
		r.api.answers = append(r.api.answers, `{"clock":"2026-02-01T00:00:00Z","done":false}`)
	}
	if status, said := r.act("/accounts/acc_1/clock", url.Values{"step": {"month"}}); status != http.StatusBadGateway || !strings.Contains(said, "has work left") {
		t.Errorf("%d %q", status, said)
	}
}

func TestAClockIsNotMovedBackOrWithoutAClock(t *testing.T) {
	r := start(t, nil)
	r.api.pages = []string{`{"items":[` + northwind + `,{"id":"acc_2","name":"Real","clock":"2026-01-31T09:00:00Z"},{"id":"acc_3","name":"New","test":true,"clock":"2026-01-31T09:00:00Z"}]}`}
	for name, c := range map[string]struct {
		account string
		form    url.Values
		says    string
	}{
		"backwards":        {"acc_1", url.Values{"step": {"to"}, "to": {"2026-01-31T10:00"}}, "moves forward only"},
		"to nowhere":       {"acc_1", url.Values{"step": {"to"}}, "Choose a date"},
		"no step":          {"acc_1", nil, "Choose where"},
		"a real account":   {"acc_2", url.Values{"step": {"day"}}, "no test account"},
		"no boundary":      {"acc_3", url.Values{"step": {"boundary"}}, "no boundary ahead"},
		"nobody's account": {"acc_9", url.Values{"step": {"day"}}, "no account acc_9"},
	} {
		if status, said := r.act("/accounts/"+c.account+"/clock", c.form); status != http.StatusUnprocessableEntity || !strings.Contains(said, c.says) {
			t.Errorf("%s: %d %q", name, status, said)
		}
	}
	if len(r.api.moves) != 0 {
		t.Errorf("moved to %v", r.api.moves)
	}
}
