package mail_test

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/usher-seats/usher/internal/mail"
)

// aa is the least contrast of text in WCAG 2.2, 1.4.3.
const aa = 4.5

func TestEveryPageIsAccessible(t *testing.T) {
	renderer := mail.NewRenderer()
	for _, sample := range all(t) {
		t.Run(sample.Name, func(t *testing.T) {
			message, err := renderer.Render(sample.Mail)
			if err != nil {
				t.Fatal(err)
			}
			document, err := html.Parse(strings.NewReader(message.HTML))
			if err != nil {
				t.Fatal(err)
			}
			checkStructure(t, document, message)
			checkContrast(t, document, "light", nil)
			checkContrast(t, document, "dark", darkRules(t, message.HTML))
		})
	}
}

func checkStructure(t *testing.T, document *html.Node, message mail.Message) {
	t.Helper()
	count := map[string]int{}
	var preheader string
	for n := range document.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		count[n.Data]++
		switch n.Data {
		case "html":
			if attribute(n, "lang") != "en" || attribute(n, "dir") != "ltr" {
				t.Error("html has no lang and dir")
			}
		case "title":
			if text(n) != message.Subject {
				t.Errorf("title %q, want the subject", text(n))
			}
		case "meta":
			count["meta "+attribute(n, "name")+"="+attribute(n, "content")]++
		case "img", "script", "link", "iframe", "form", "object", "video", "audio", "svg":
			t.Errorf("there is a <%s>: nothing may be fetched or run", n.Data)
		case "table":
			if heads := find(n, "th"); heads == 0 && attribute(n, "role") != "presentation" {
				t.Error("a table for layout must say so")
			}
		case "th":
			if attribute(n, "scope") == "" {
				t.Error("a th without scope")
			}
		case "a":
			if text(n) == "" || attribute(n, "href") == "" {
				t.Error("a link without text or target")
			}
		case "div":
			preheader = text(n)
		}
		if strings.Contains(attribute(n, "style"), "url(") {
			t.Error("a style fetches something")
		}
	}
	for name, want := range map[string]int{
		"h1": 1, "title": 1, "style": 1, "meta color-scheme=light dark": 1, "meta supported-color-schemes=light dark": 1,
		"meta viewport=width=device-width,initial-scale=1": 1,
	} {
		if count[name] != want {
			t.Errorf("%d × %s, want %d", count[name], name, want)
		}
	}
	if n := len([]rune(preheader)); n < 30 || n > 140 {
		t.Errorf("preheader %q has %d characters; mail programs show 30 to 140", preheader, n)
	}
	if strings.Contains(message.HTML, "ZgotmplZ") || strings.Contains(message.HTML, "<no value>") || strings.Contains(message.Text, "<no value>") {
		t.Error("a template printed something that is not there")
	}
}

// colours are what a text node inherits: its own colour and the background behind.
type colours struct{ ink, behind string }

// checkContrast walks the page with the colours of the inline styles, and of the
// rules on top of them, and measures every text.
func checkContrast(t *testing.T, document *html.Node, scheme string, rules map[string]map[string]string) {
	t.Helper()
	measured := 0
	var walk func(n *html.Node, c colours)
	walk = func(n *html.Node, c colours) {
		switch n.Type {
		case html.ElementNode:
			if n.Data == "head" || attribute(n, "aria-hidden") == "true" {
				return
			}
			style := declarations(attribute(n, "style"))
			for _, class := range strings.Fields(attribute(n, "class")) {
				for property, value := range rules["."+class] {
					style[property] = strings.TrimSuffix(value, "!important")
				}
			}
			if v := style["color"]; v != "" {
				c.ink = v
			}
			if v := style["background-color"]; v != "" {
				c.behind = v
			}
		case html.TextNode:
			if strings.TrimSpace(n.Data) == "" {
				return
			}
			measured++
			if ratio := contrast(t, c.ink, c.behind); ratio < aa {
				t.Errorf("%s: %q has %s on %s, a contrast of %.2f; at least %.1f is readable", scheme, n.Data, c.ink, c.behind, ratio, aa)
			}
		}
		for child := range n.ChildNodes() {
			walk(child, c)
		}
	}
	walk(document, colours{})
	if measured < 8 {
		t.Errorf("%s: only %d texts were measured", scheme, measured)
	}
}

// darkRules reads the class rules of the dark scheme.
func darkRules(t *testing.T, page string) map[string]map[string]string {
	t.Helper()
	_, dark, found := strings.Cut(page, "@media (prefers-color-scheme:dark){")
	if !found {
		t.Fatal("no rules for the dark scheme")
	}
	dark, _, _ = strings.Cut(dark, "\n}\n")
	rules := map[string]map[string]string{}
	for _, match := range regexp.MustCompile(`(\.[a-z]+)\{([^}]*)\}`).FindAllStringSubmatch(dark, -1) {
		rules[match[1]] = declarations(match[2])
	}
	if len(rules) < 8 {
		t.Fatalf("only %d rules for the dark scheme", len(rules))
	}
	return rules
}

func declarations(style string) map[string]string {
	list := map[string]string{}
	for declaration := range strings.SplitSeq(style, ";") {
		if property, value, found := strings.Cut(declaration, ":"); found {
			list[strings.TrimSpace(property)] = strings.TrimSpace(value)
		}
	}
	return list
}

// contrast is the ratio of WCAG 2.2 between two colours written #rrggbb.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	lights := []float64{luminance(t, a), luminance(t, b)}
	slices.Sort(lights)
	return (lights[1] + 0.05) / (lights[0] + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil || len(colour) != len("#rrggbb") {
		t.Fatalf("the colour %q is not written #rrggbb", colour)
	}
	part := func(shift uint) float64 {
		v := float64(n>>shift&0xff) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

func find(n *html.Node, element string) int {
	found := 0
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == element {
			found++
		}
	}
	return found
}
