package mail_test

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/usher-seats/usher/internal/hostiletest"
	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/words"
)

// TestNothingTypedBreaksOut renders every sample twice: once with a harmless
// marker in every text, once with a hostile value there. The second must be the
// first with each marker replaced by the cleaned value, and nothing else: same
// elements, same attributes, same lines.
func TestNothingTypedBreaksOut(t *testing.T) {
	renderer := mail.NewRenderer()
	marker := func(i int) string { return fmt.Sprintf("Qz%dzQ", i) }
	for _, sample := range all(t) {
		t.Run(sample.Name, func(t *testing.T) {
			marked, fields := fill(sample.Mail, marker)
			if fields < 4 {
				t.Fatalf("only %d texts to fill", fields)
			}
			benign, err := renderer.Render(marked)
			if err != nil {
				t.Fatal(err)
			}
			parsed := nodes(t, benign.HTML)
			for _, payload := range hostiletest.Payloads() {
				if words.Clean(payload) == "" {
					payload = "A" + payload + "B"
				}
				hostile, _ := fill(sample.Mail, func(int) string { return payload })
				got, err := renderer.Render(hostile)
				if err != nil {
					t.Fatalf("%q: %v", payload, err)
				}
				var typed []string
				for i := range fields {
					typed = append(typed, marker(i), words.Clean(payload))
				}
				compare(t, strings.NewReplacer(typed...).Replace, payload, benign, parsed, got)
			}
		})
	}
}

// compare holds a mail against the one with markers, whose elements and texts are
// given, and in which typed puts the payload in the place of each.
func compare(t *testing.T, typed func(string) string, payload string, benign mail.Message, want []string, got mail.Message) {
	t.Helper()
	subject := strings.ReplaceAll(typed(benign.Subject), "=?", "= ?") // no encoded words
	if r := []rune(subject); len(r) > mail.MaxSubjectRunes {
		subject = string(r[:mail.MaxSubjectRunes-1]) + "…"
	}
	if strings.TrimSuffix(got.Subject, "…") != strings.TrimRight(strings.TrimSuffix(subject, "…"), " \u200c\u200d") {
		t.Errorf("%q: subject %q, want %q", payload, got.Subject, subject)
	}
	if n := utf8.RuneCountInString(got.Subject); n > mail.MaxSubjectRunes || strings.ContainsFunc(got.Subject, unicode.IsControl) {
		t.Errorf("%q: subject %q is not one line of %d characters", payload, got.Subject, mail.MaxSubjectRunes)
	}
	if want := typed(benign.Text); got.Text != want {
		t.Errorf("%q: text is\n%s\nwant\n%s", payload, got.Text, want)
	}
	have := nodes(t, got.HTML)
	if len(want) != len(have) {
		t.Errorf("%q: the HTML has %d nodes, want %d", payload, len(have), len(want))
		return
	}
	for i := range want {
		expected := typed(want[i])
		if want[i] == "text in title: "+benign.Subject {
			expected = "text in title: " + got.Subject
		}
		expected = strings.ReplaceAll(expected, `aria-label="`+typed(benign.Subject)+`"`, `aria-label="`+got.Subject+`"`)
		if have[i] != expected {
			t.Errorf("%q: node %d is\n%s\nwant\n%s", payload, i, have[i], expected)
			return
		}
	}
}

// nodes parses HTML and lists its elements with their attributes, its texts and
// its comments, in document order.
func nodes(t *testing.T, source string) []string {
	t.Helper()
	document, err := html.Parse(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for n := range document.Descendants() {
		switch n.Type {
		case html.TextNode:
			list = append(list, "text in "+n.Parent.Data+": "+n.Data)
		case html.ElementNode:
			element := n.Data
			for _, a := range n.Attr {
				element += fmt.Sprintf(` %s="%s"`, a.Key, a.Val)
			}
			list = append(list, element)
		default:
			list = append(list, strconv.Itoa(int(n.Type))+" "+n.Data)
		}
	}
	return list
}

// chosen are fields with a fixed set of values, and addresses, which are checked
// rather than shown.
func chosen() []string {
	return []string{"Role", "RoleFrom", "Reason", "Interval", "Proration", "Settle", "OverAssigned", "Change", "SupportEmail"}
}

// fill returns a copy of the mail with every text that somebody may type
// replaced, and how many there are.
func fill(m mail.Mail, value func(i int) string) (mail.Mail, int) {
	source := reflect.ValueOf(m)
	target := reflect.New(source.Type()).Elem()
	target.Set(source)
	n := 0
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			if v.Type() == reflect.TypeFor[string]() {
				v.SetString(value(n))
				n++
			}
		case reflect.Slice:
			fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(fresh, v)
			v.Set(fresh)
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[time.Time]() {
				return
			}
			for i := range v.NumField() {
				if !slices.Contains(chosen(), v.Type().Field(i).Name) {
					walk(v.Field(i))
				}
			}
		}
	}
	walk(target)
	return target.Interface().(mail.Mail), n
}

func TestNamesThatAreInvisibleDoNotHoldAMailBack(t *testing.T) {
	m := sampleOf[mail.Invitation](t, "invitation")
	m.InviterName, m.AccountName, m.RecipientName = "\u200b", "\u202e\u202c", "\ufeff"
	message, err := mail.NewRenderer().Render(m)
	if err != nil {
		t.Fatal(err)
	}
	if want := "Somebody invites you to Northwind Valuation"; message.Subject != want {
		t.Errorf("subject %q, want %q", message.Subject, want)
	}
	if !strings.Contains(message.Text, "Somebody of your company invites you") || strings.Contains(message.Text, "Hello") {
		t.Errorf("text reads\n%s", message.Text)
	}
}
