package page_test

import (
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/local/page"
)

func TestTheStartPageTellsHowFarTheDemoAccountsAre(t *testing.T) {
	demos := []page.Demo{
		{System: "teams", Title: "A film studio", Account: "Northwind", State: "there", Try: []string{"Invite <b>somebody</b>."}},
		{System: "meetings", Title: "A school", Account: "School", State: "playing", Done: 3, Steps: 12, Chapter: "They buy <b>more</b>"},
		{System: "valuation", Title: "Engineers", Account: "Engineers", State: "waiting"},
	}
	r := start(t, func(d *page.Deps) { d.Demos = func() []page.Demo { return demos } })
	r.api.pages = []string{`{"items":[` + northwind + `]}`}
	body := r.get("/").body
	for _, want := range []string{"1 of 3 demo accounts are ready", "step 3 of 12", "They buy &lt;b&gt;more&lt;/b&gt;", "A film studio.", "Invite &lt;b&gt;somebody&lt;/b&gt;."} {
		if !strings.Contains(body, want) {
			t.Errorf("the start page lacks %q", want)
		}
	}
	if part := r.get("/parts/demos").body; !strings.Contains(part, "step 3 of 12") {
		t.Errorf("the part that is refreshed lacks the progress:\n%s", part)
	}
	demos[1].State, demos[2].State, demos[2].Problem = "there", "failed", "valuation.story:7: it is refused"
	body = r.get("/parts/demos").body
	if strings.Contains(body, "demo accounts are ready") || !strings.Contains(body, "The story valuation ended early") || !strings.Contains(body, "valuation.story:7") {
		t.Errorf("at the end the page says:\n%s", body)
	}
}
