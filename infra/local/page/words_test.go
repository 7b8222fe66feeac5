package page

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestRelativeTimes(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Second:           "now",
		-30 * time.Second:     "30 s ago",
		90 * time.Second:      "in 1 min",
		-3 * time.Hour:        "3 h ago",
		205 * time.Minute:     "in 3 h 25 min",
		24 * time.Hour:        "in 1 day",
		-(49 * time.Hour):     "2 days 1 h ago",
		20*24*time.Hour + 1:   "in 20 days",
		-100 * 24 * time.Hour: "3 months ago",
	} {
		if got := relative(d); got != want {
			t.Errorf("relative(%s) = %q, want %q", d, got, want)
		}
	}
}

func TestSentences(t *testing.T) {
	for from, want := range map[string]string{"": "", "oops": "Oops.", "Done!": "Done!", "élan (5)": "Élan (5)", "\u202Ex": "\uFFFDx."} {
		if got := sentence(from); got != want {
			t.Errorf("sentence(%q) = %q, want %q", from, got, want)
		}
	}
}

// Whatever a document is, colouring it loses and adds nothing.
func TestTokensJoinToTheText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([{}\[\],:"\\ \n]|"[a-z\\"]{0,5}"|-?[0-9]{1,3}(\.[0-9]e?)?|true|nul|é|<)*`).Draw(t, "text")
		var joined strings.Builder
		for _, piece := range tokens(json.RawMessage(text)) {
			joined.WriteString(piece.Text)
		}
		if want := visible(prettyText([]byte(text))); joined.String() != want {
			t.Fatalf("%q became %q", want, joined.String())
		}
	})
}

func TestLinksJoinToTheTextAndLeadToTheWebOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`(https?://|[a-z<>"'.,) \n]|javascript:|#|é)*`).Draw(t, "text")
		var joined strings.Builder
		for _, piece := range linkify(text) {
			joined.WriteString(piece.Text)
			if piece.Href != "" && (piece.Href != piece.Text || !strings.HasPrefix(piece.Href, "http")) {
				t.Fatalf("the link %q leads to %q", piece.Text, piece.Href)
			}
		}
		if joined.String() != text {
			t.Fatalf("%q became %q", text, joined.String())
		}
	})
}
