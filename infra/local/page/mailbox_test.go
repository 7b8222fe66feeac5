package page_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/local/ses"
)

func TestTheMailboxListsAndFindsMails(t *testing.T) {
	r := start(t, nil)
	if body := r.get("/mailbox").body; !strings.Contains(body, "No mail yet.") {
		t.Error("an empty mailbox says nothing")
	}
	r.send("Your invitation", "a", "")
	r.send("Your invoice", "b", "")
	if body := r.get("/mailbox").body; strings.Index(body, "Your invoice") > strings.Index(body, "Your invitation") || !strings.Contains(body, "2 mails.") {
		t.Error("the newest mail is not first")
	}
	body := r.get("/parts/mails?q=" + url.QueryEscape("INVOICE ada@")).body
	if !strings.Contains(body, "Your invoice") || strings.Contains(body, "Your invitation") {
		t.Errorf("the search found:\n%s", body)
	}
	if body := r.get("/mailbox?q=nobody").body; !strings.Contains(body, "No mail has “nobody”.") {
		t.Error("a search without a find says nothing")
	}
}

func TestAMailsHTMLRunsNothingAndItsLinksOpen(t *testing.T) {
	r := start(t, nil)
	png := base64.StdEncoding.EncodeToString([]byte("png"))
	id := r.send("s", "text", `<script>alert(1)</script><a href="http://x/accept#t" target=_top>go</a><A TARGET="_self" HREF="#">b</A><img src="cid:logo"><abbr>x</abbr>`,
		map[string]any{"FileName": "logo.png", "RawContent": png, "ContentDisposition": "INLINE", "ContentId": "logo", "ContentType": "image/png"})
	frame := r.get("/mailbox/" + id).body
	if !strings.Contains(frame, `sandbox="allow-popups allow-popups-to-escape-sandbox" src="/mailbox/`+id+`/html"`) {
		t.Errorf("the frame is not sandboxed:\n%s", frame)
	}
	got := r.get("/mailbox/" + id + "/html")
	policy := got.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "form-action 'none'", "frame-ancestors 'self'", "sandbox allow-popups allow-popups-to-escape-sandbox"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q lacks %q", policy, want)
		}
	}
	if strings.Contains(policy, "script-src") || strings.Contains(policy, "allow-scripts") || strings.Contains(policy, "allow-same-origin") {
		t.Errorf("policy %q lets something run", policy)
	}
	for _, want := range []string{
		`<a target="_blank" rel="noopener" href="http://x/accept#t">`, `<A target="_blank" rel="noopener" HREF="#">`, `<img src="data:image/png;base64,` + png + `">`, "<abbr>x</abbr>",
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the HTML lacks %s:\n%s", want, got.body)
		}
	}
}

func TestAMailsTextLinksAreLinksAndNothingElseIs(t *testing.T) {
	r := start(t, nil)
	id := r.send("s", "Go to https://x.example/accept#acc.usr.1.mac. Not javascript:alert(1), <b>not</b> this.", "")
	body := r.get("/mailbox/" + id).body // no HTML, so the text shows
	if !strings.Contains(body, `<a href="https://x.example/accept#acc.usr.1.mac" target="_blank" rel="noopener">https://x.example/accept#acc.usr.1.mac</a>. Not javascript:alert(1), &lt;b&gt;not`) {
		t.Errorf("the text shows as:\n%s", body)
	}
}

func TestSourceAndFilesAreDownloads(t *testing.T) {
	r := start(t, nil)
	id := r.send("Größe", "t", "", map[string]any{"FileName": "Rechnung Nº 7.html", "RawContent": base64.StdEncoding.EncodeToString([]byte("<script>")), "ContentType": "text/html"})
	file := r.get("/mailbox/" + id + "/files/0")
	if file.body != "<script>" || file.header.Get("Content-Disposition") != "attachment; filename*=utf-8''Rechnung%20N%C2%BA%207.html" || !strings.Contains(file.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("file: %v %q", file.header, file.body)
	}
	if source := r.get("/mailbox/" + id + "/source"); source.body != string(r.mails.Mails()[0].Source) || !strings.HasPrefix(source.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("source: %v", source.header)
	}
	if body := r.get("/mailbox/" + id + "?view=headers").body; !strings.Contains(body, "Message-ID") || !strings.Contains(body, "Größe") {
		t.Error("the header's fields are not shown decoded")
	}
	if body := r.get("/mailbox/" + id + "?view=source").body; !strings.Contains(body, "Subject: =?UTF-8?q?Gr=C3=B6=C3=9Fe?=") {
		t.Error("the source is not shown as it is")
	}
	for _, path := range []string{"/files/1", "/files/-1", "/files/x"} {
		if got := r.do(http.MethodGet, "/mailbox/"+id+path, "", nil); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

func TestALongSourceIsCut(t *testing.T) {
	r := start(t, nil)
	id := r.send("s", strings.Repeat("a line of text\n", 20_000), "")
	if body := r.get("/mailbox/" + id + "?view=source").body; len(body) > 230<<10 || !strings.Contains(body, "Only the beginning is shown") {
		t.Errorf("%d bytes", len(body))
	}
}

func TestTheModeOfTheMailIsSwitchedAndSaidOnEveryPage(t *testing.T) {
	r := start(t, nil)
	if strings.Contains(r.get("/").body, "SES is set to fail") {
		t.Error("a healthy SES is said to fail")
	}
	if status, said := r.act("/mailbox/mode", url.Values{"mode": {"accept_then_drop"}}); status != http.StatusOK || said != "From now on SES: accept then drop." {
		t.Errorf("%d %q", status, said)
	}
	if r.mails.Mode() != ses.ModeAcceptThenDrop {
		t.Errorf("the mode is %s", r.mails.Mode())
	}
	for _, path := range []string{"/", "/mailbox", "/events", "/signed-in", "/parts/banner"} {
		if !strings.Contains(r.get(path).body, "SES is set to fail: <strong>accept then drop") {
			t.Errorf("%s does not say it", path)
		}
	}
	if !strings.Contains(r.get("/mailbox").body, `value="accept_then_drop" checked`) {
		t.Error("the switch does not show it")
	}
	if status, said := r.act("/mailbox/mode", url.Values{"mode": {"nonsense"}}); status != http.StatusUnprocessableEntity || !strings.Contains(said, "throttle") {
		t.Errorf("an unknown mode: %d %q", status, said)
	}
}

func TestTheSwitchOffersEveryMode(t *testing.T) {
	body := start(t, nil).get("/mailbox").body
	for _, mode := range ses.Modes() {
		if !strings.Contains(body, `value="`+string(mode)+`"`) {
			t.Errorf("there is no switch to %s", mode)
		}
	}
}

func TestTheMailboxIsEmptied(t *testing.T) {
	r := start(t, nil)
	id := r.send("s", "t", "")
	if status, _ := r.act("/mailbox/clear", nil); status != http.StatusOK || len(r.mails.Mails()) != 0 {
		t.Errorf("%d, %d mails left", status, len(r.mails.Mails()))
	}
	if got := r.do(http.MethodGet, "/mailbox/"+id, "", nil); got.status != http.StatusNotFound || !strings.Contains(got.body, "This mail is gone") {
		t.Errorf("%d", got.status)
	}
}

func TestEventsAreFilteredAndShownAsJSON(t *testing.T) {
	r := start(t, nil)
	body := r.get("/events").body
	for _, want := range []string{
		"license.assigned (1)", "by user usr_1", "delivered to MailRule", "no rule wanted it", "2 events.",
		`<span class="j-key">&#34;seats&#34;</span>: <span class="j-number">8</span>`, "not json &lt;script&gt;",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the events lack %s", want)
		}
	}
	body = r.get("/parts/events?type=license.assigned&account=acc_1").body
	if !strings.Contains(body, "license.assigned") || !strings.Contains(body, "1 event.") {
		t.Errorf("filtered:\n%s", body)
	}
	if body := r.get("/parts/events?account=acc_2").body; !strings.Contains(body, "No such event among the last ones.") {
		t.Errorf("filtered by another account:\n%s", body)
	}
}
