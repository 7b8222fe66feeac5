package page_test

import (
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/local/page"
)

func TestEveryPageShowsHostileNamesAsTextUnderAStrictPolicy(t *testing.T) {
	r := start(t, nil)
	r.api.pages = []string{strings.NewReplacer("Northwind", `<script>alert(1)</script>\u202Egnp.exe`, `"Ada"`, `"<script>\u202E"`, "valuation", "<script>").Replace(`{"items":[` + northwind + `]}`)}
	id := r.send(hostile, hostile+" https://example.com/a?b=<script>", "<p>ok</p>")
	inline := regexp.MustCompile(`(?i)<script(?:>|[^>]*>[^<])|<style|\sstyle=|\son[a-z]+=|javascript:`)
	for _, path := range []string{
		"/", "/parts/accounts", "/parts/machine", "/parts/banner", "/mailbox", "/mailbox?q=" + url.QueryEscape(hostile), "/parts/mails",
		"/mailbox/" + id, "/mailbox/" + id + "?view=text", "/mailbox/" + id + "?view=headers", "/mailbox/" + id + "?view=source",
		"/events", "/events?type=" + url.QueryEscape(hostile) + "&account=" + url.QueryEscape(hostile), "/parts/events", "/signed-in", "/parts/demos",
	} {
		got := r.get(path)
		if found := inline.FindString(got.body); found != "" {
			t.Errorf("%s has %q", path, found)
		}
		if strings.Contains(got.body, "\u202E") {
			t.Errorf("%s has a control that reverses text", path)
		}
		policy := got.header.Get("Content-Security-Policy")
		if strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none';") || !strings.HasSuffix(policy, "connect-src 'self' http://127.0.0.1:7999") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", path, got.header)
		}
	}
}

func TestThePagesNeedNothing(t *testing.T) {
	r := start(t, func(d *page.Deps) { *d = page.Deps{} })
	if got := r.get("/"); !strings.Contains(got.body, "The stack has no API yet.") {
		t.Error("the start page does not say what is missing")
	}
	for _, path := range []string{"/mailbox", "/events", "/mailbox/x", "/nowhere", "/parts/mails", "/parts/events"} {
		if got := r.do(http.MethodGet, path, "", nil); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	for _, path := range []string{"/queues/x/redrive", "/schedules/x/run", "/mailbox/mode", "/mailbox/clear"} {
		if status, said := r.act(path, nil); status != http.StatusUnprocessableEntity || said == "" {
			t.Errorf("%s: %d %q", path, status, said)
		}
	}
}

func TestOnlyLoopbackNamesAreAnswered(t *testing.T) {
	r := start(t, func(d *page.Deps) { d.AllowedHosts = []string{"stack.test"} })
	for host, want := range map[string]int{
		"localhost:8080": 200, "127.0.0.1": 200, "[::1]:80": 200, "app.localhost": 200, "127.9.9.9:1": 200, "stack.test:80": 200,
		"evil.example": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example": 421, "192.168.0.7": 421,
	} {
		if got := r.do(http.MethodGet, "/events", "", map[string]string{"Host": host}); got.status != want {
			t.Errorf("%s: %d, want %d", host, got.status, want)
		}
	}
}

func TestNoPostIsTakenFromElsewhere(t *testing.T) {
	r := start(t, nil)
	id := r.send("kept", "text", "")
	for _, path := range []string{
		"/accounts/acc_1/clock", "/queues/MailDeadLetters/redrive", "/schedules/CloseDue/run", "/mailbox/mode", "/mailbox/clear",
	} {
		for _, header := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}} {
			if got := r.do(http.MethodPost, path, "mode=down&step=day", header); got.status != http.StatusForbidden {
				t.Errorf("%s with %v: %d", path, header, got.status)
			}
		}
	}
	if len(r.redriven)+len(r.ran)+len(r.api.seen) != 0 || r.mails.Mode() != "ok" || r.mails.Mails()[0].ID != id {
		t.Error("a foreign POST did something")
	}
}

func TestQueuesAndSchedules(t *testing.T) {
	r := start(t, nil)
	if status, said := r.act("/queues/MailDeadLetters/redrive", nil); status != 200 || !strings.Contains(said, "MailDeadLetters") {
		t.Errorf("redrive: %d %q", status, said)
	}
	if status, said := r.act("/queues/Nothing/redrive", nil); status != http.StatusBadGateway || said != "There is no queue Nothing." {
		t.Errorf("redrive of nothing: %d %q", status, said)
	}
	if status, _ := r.act("/schedules/CloseDue/run", nil); status != 200 || !reflect.DeepEqual(r.ran, []string{"CloseDue"}) || !reflect.DeepEqual(r.redriven, []string{"MailDeadLetters"}) {
		t.Errorf("run: %d, ran %v, redriven %v", status, r.ran, r.redriven)
	}
	body := r.get("/parts/machine").body
	if strings.Count(body, "/redrive") != 1 || !strings.Contains(body, `data-version="evt_2"`) {
		t.Errorf("only a dead-letter queue with messages can be sent back:\n%s", body)
	}
}

func TestWithoutScriptsAFormComesBackToItsPageAndIsToldThereOnce(t *testing.T) {
	r := start(t, nil)
	got := r.do(http.MethodPost, "/schedules/CloseDue/run", "", nil)
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/#schedules" {
		t.Fatalf("%d to %q", got.status, got.header.Get("Location"))
	}
	if first, second := r.get("/").body, r.get("/").body; !strings.Contains(first, "CloseDue has been set off.") || strings.Contains(second, "has been set off") {
		t.Error("the sentence was not shown exactly once")
	}
}

func TestFilesAreServedWithTheirTypes(t *testing.T) {
	r := start(t, nil)
	for name, want := range map[string]string{"base.css": "text/css", "pages.css": "text/css", "app.js": "text/javascript", "signed-in.js": "text/javascript", "icon.svg": "image/svg+xml"} {
		if got := r.get("/files/" + name); !strings.HasPrefix(got.header.Get("Content-Type"), want) {
			t.Errorf("%s is %s", name, got.header.Get("Content-Type"))
		}
	}
	script := regexp.MustCompile(`(?:src|href)="(/files/[^"]+)"|from "\./([^"]+)"`)
	for _, path := range []string{"/", "/signed-in", "/files/app.js", "/files/signed-in.js"} {
		for _, found := range script.FindAllStringSubmatch(r.get(path).body, -1) {
			file := found[1]
			if file == "" {
				file = "/files/" + found[2]
			}
			r.get(file)
		}
	}
}

func TestTheThroughRoutePassesOneReadAndNothingElse(t *testing.T) {
	r := start(t, nil)
	header := map[string]string{"Authorization": "Bearer person", "Accept": "application/json"}
	if got := r.do(http.MethodGet, "/through/v1/me", "", header); got.status != http.StatusOK || got.body != `{"asked":"/v1/me"}` {
		t.Errorf("%d %s", got.status, got.body)
	}
	if want := []string{"GET /v1/me Bearer person "}; !reflect.DeepEqual(r.api.seen, want) {
		t.Errorf("the API saw %q", r.api.seen)
	}
	for _, path := range []string{"/through/v1/operator/accounts", "/through/v1/me/../operator/accounts", "/through/v1/invitations/accept"} {
		if got := r.do(http.MethodGet, path, "", header); got.status == http.StatusOK {
			t.Errorf("GET %s: %d", path, got.status)
		}
	}
	if got := r.do(http.MethodPost, "/through/v1/me", "{}", header); got.status == http.StatusOK {
		t.Errorf("POST: %d", got.status)
	}
	r.api.status = http.StatusGone
	if got := r.do(http.MethodGet, "/through/v1/me", "", header); got.status != http.StatusGone || !strings.Contains(got.body, "account_parked") {
		t.Errorf("a refusal became %d %s", got.status, got.body)
	}
}

func TestEverybodyHasTheirWayIntoTheConsole(t *testing.T) {
	r := start(t, func(d *page.Deps) { d.ConsoleURL = "http://127.0.0.1:8081" })
	r.api.pages = []string{`{"items":[` + strings.ReplaceAll(northwind, "ada@example.com", "ada+1@example.com") + `]}`}
	body := r.get("/").body
	for _, want := range []string{
		`<a class="button primary" href="http://127.0.0.1:8081/">Open the console</a>`,
		`href="http://127.0.0.1:8081/?login_hint=ada%2B1%40example.com"`, `href="http://127.0.0.1:8081/?login_hint=olga%40vendor.example"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the start page lacks %s", want)
		}
	}
	if body := start(t, nil).get("/").body; strings.Contains(body, "Open the console") {
		t.Error("without a console there is a way into it")
	}
}

func TestTheThroughRouteSaysWhenTheStackIsGone(t *testing.T) {
	r := start(t, func(d *page.Deps) { d.APIURL = "http://127.0.0.1:1" })
	got := r.do(http.MethodGet, "/through/v1/me", "", nil)
	if got.status != http.StatusBadGateway || !strings.Contains(got.body, `"code":"stack_unreachable"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
}
