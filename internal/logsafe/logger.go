package logsafe

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// NewLogger writes JSON lines to w, one per record, masked as the package
// comment says.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: mask}))
}

func mask(_ []string, a slog.Attr) slog.Attr {
	a.Value = a.Value.Resolve()
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(Scrub(a.Value.String()))
	case slog.KindAny:
		switch v := a.Value.Any().(type) {
		case error:
			a.Value = slog.StringValue(Scrub(v.Error()))
		case *slog.Source, slog.Level, time.Time, nil:
		case []string:
			words := make([]string, len(v))
			for i, s := range v {
				words[i] = Scrub(s)
			}
			a.Value = slog.AnyValue(words)
		default:
			a.Value = slog.StringValue(fmt.Sprintf("[%T]", v))
		}
	}
	return a
}

// Scrub masks each word of a text that holds an @ or begins like a token.
// Words end at white space, quotes, commas and brackets.
func Scrub(text string) string {
	if !strings.ContainsRune(text, '@') && !strings.Contains(text, tokenStart) {
		return text
	}
	var b strings.Builder
	for text != "" {
		end := strings.IndexFunc(text, endsWord)
		if end < 0 {
			b.WriteString(maskWord(text))
			break
		}
		b.WriteString(maskWord(text[:end]))
		b.WriteByte(text[end])
		text = text[end+1:]
	}
	return b.String()
}

// tokenStart is how the base64 of a JSON object begins: every JWT.
const tokenStart = "eyJ"

func maskWord(word string) string {
	switch {
	case strings.ContainsRune(word, '@'):
		return maskedEmail
	case strings.Contains(word, tokenStart):
		return maskedToken
	}
	return word
}

func endsWord(r rune) bool {
	return strings.ContainsRune(" \t\r\n\"'`,;<>()[]{}", r)
}
