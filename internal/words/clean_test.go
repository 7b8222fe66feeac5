package words_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/usher-seats/usher/internal/hostiletest"
	"github.com/usher-seats/usher/internal/words"
)

func TestClean(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"plain names stay", "Zoë O’Hara-Łukasz Jr.", "Zoë O’Hara-Łukasz Jr."},
		{"markup stays as typed", `<b>"A" & 'B'</b>`, `<b>"A" & 'B'</b>`},
		{"line ends become one space", "Ann\r\nBcc: x", "Ann Bcc: x"},
		{"separators of lines and paragraphs", "a\u2028b\u2029c\u0085d", "a b c d"},
		{"wide and unbreakable spaces", "a\u00a0\u3000 b", "a b"},
		{"ends are trimmed", " \t a \n ", "a"},
		{"controls are dropped", "a\x00b\x1b[31mc\x7f\u009b", "ab[31mc"},
		{"bidirectional overrides are dropped", "exe.\u202egpj\u202c\u2066x\u2069\u200f\u061c", "exe.gpjx"},
		{"zero-width characters are dropped", "pay\u200bpal\ufeff\u2060\u00ad\u180e\u034f", "paypal"},
		{"tags are dropped", "a\U000e0041\U000e007f", "a"},
		{"fillers are dropped", "\u3164\u115f\uffa0\u2800", ""},
		{"joiners do not split Latin words", "pay\u200dpal\u200c", "paypal"},
		{"joiners stay in Persian", "علی\u200cرضا", "علی\u200cرضا"},
		{"joiners stay in Sinhala", "ක්\u200dෂ", "ක්\u200dෂ"},
		{"joiners stay within emoji", "👩\u200d💻", "👩\u200d💻"},
		{"a joiner before a space goes", "علی\u200c رضا", "علی رضا"},
		{"skin tones and variation selectors stay", "👍🏽 ❤\ufe0f", "👍🏽 ❤\ufe0f"},
		{"marks of scripts stay", "ที่นี่ Việt नमस्ते", "ที่นี่ Việt नमस्ते"},
		{"towers of marks are cut down", "Z" + strings.Repeat("\u0301", 50) + "o", "Z" + strings.Repeat("\u0301", 6) + "o"},
		{"broken UTF-8 is replaced", "a\xff\xfeb", "a\ufffdb"},
		{"noncharacters are dropped", "a\ufffeb\U0001ffff", "ab"},
		{"200 characters stay", strings.Repeat("é", 200), strings.Repeat("é", 200)},
		{"201 are cut", strings.Repeat("é", 201), strings.Repeat("é", 199) + "…"},
		{"nothing stays nothing", "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := words.Clean(c.in); got != c.want {
				t.Errorf("Clean(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	for _, p := range hostiletest.Payloads() {
		f.Add(p)
	}
	f.Add("क\u200d" + strings.Repeat("\u0301", 9) + "\u200d")
	f.Fuzz(func(t *testing.T, s string) {
		got := words.Clean(s)
		if !utf8.ValidString(got) {
			t.Fatalf("Clean(%q) = %q is not UTF-8", s, got)
		}
		if n := utf8.RuneCountInString(got); n > 200 {
			t.Fatalf("Clean(%q) has %d characters", s, n)
		}
		if again := words.Clean(got); again != got {
			t.Fatalf("Clean(%q) = %q, cleaned again %q", s, got, again)
		}
		if strings.TrimSpace(got) != got || strings.Contains(got, "  ") {
			t.Fatalf("Clean(%q) = %q has loose spaces", s, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
				t.Fatalf("Clean(%q) = %q keeps %U", s, got, r)
			}
		}
	})
}
