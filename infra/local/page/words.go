package page

import (
	"encoding/json"
	"fmt"
	"html/template"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// functions are what the templates call.
func (p *pages) functions() template.FuncMap {
	return template.FuncMap{
		"visible":  visible,
		"sentence": sentence,
		"shorten":  shorten,
		"time":     formatTime,
		"iso":      func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"local":    func(t time.Time, zone *time.Location) time.Time { return t.In(zone) },
		"input":    func(t time.Time) string { return t.Format("2006-01-02T15:04") },
		"zone":     func(t time.Time) string { return t.Format("MST") },
		"ago":      func(t time.Time) string { return relative(t.Sub(p.now())) },
		"between":  func(from, to time.Time) string { return relative(to.Sub(from)) },
		"words":    func(s string) string { return strings.ReplaceAll(s, "_", " ") },
		"millis":   formatMillis,
		"size":     formatSize,
		"plural":   plural,
		"linkify":  linkify,
		"console":  p.consoleAs,
		"tint":     func(email string) int { return viewPerson(email, "", "", "").Tint },
		"initials": func(email string) string { return viewPerson(email, "", "", "").Initials },
		"json":     func(data json.RawMessage) []token { return tokens(data) },
		"jsontext": func(text string) []token { return tokens(json.RawMessage(text)) },
		"mailURL":  mailURL,
	}
}

// visible replaces what would reorder or hide the text around it, so that a name
// is seen for what it is.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) || (unicode.IsControl(r) && r != '\n' && r != '\t') {
			return utf8.RuneError
		}
		return r
	}, s)
}

// sentence makes an error readable as one: a capital and a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(visible(s))
	first, size := utf8.DecodeRuneInString(s)
	if s == "" || size == 0 {
		return s
	}
	s = string(unicode.ToUpper(first)) + s[size:]
	if last, _ := utf8.DecodeLastRuneInString(s); !strings.ContainsRune(".!?)", last) {
		s += "."
	}
	return s
}

// shorten keeps the first runes of a text.
func shorten(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}

// initials are the first letters of the first and the last word.
func initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
	if len(words) == 0 {
		return "?"
	}
	first, _ := utf8.DecodeRuneInString(words[0])
	letters := string(unicode.ToUpper(first))
	if len(words) > 1 {
		last, _ := utf8.DecodeRuneInString(words[len(words)-1])
		letters += string(unicode.ToUpper(last))
	}
	return letters
}

// formatTime writes a moment as people read it, in the zone that it carries.
func formatTime(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	if t.Second() != 0 {
		return t.Format("Mon 2 Jan 2006, 15:04:05")
	}
	return t.Format("Mon 2 Jan 2006, 15:04")
}

// relative writes a distance from now by its two largest units.
func relative(d time.Duration) string {
	ahead := d > 0
	if !ahead {
		d = -d
	}
	if d < 2*time.Second {
		return "now"
	}
	var text string
	switch days := int(d.Hours()) / 24; {
	case days >= 60:
		text = plural(days/30, "month")
	case days >= 14:
		text = plural(days, "day")
	case days >= 1:
		text = plural(days, "day")
		if hours := int(d.Hours()) % 24; hours > 0 {
			text += fmt.Sprintf(" %d h", hours)
		}
	case d >= time.Hour:
		text = fmt.Sprintf("%d h", int(d.Hours()))
		if minutes := int(d.Minutes()) % 60; minutes > 0 {
			text += fmt.Sprintf(" %d min", minutes)
		}
	case d >= time.Minute:
		text = fmt.Sprintf("%d min", int(d.Minutes()))
	default:
		text = fmt.Sprintf("%d s", int(d.Seconds()))
	}
	if ahead {
		return "in " + text
	}
	return text + " ago"
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func formatMillis(ms float64) string {
	switch {
	case ms >= 1000:
		return fmt.Sprintf("%.1f s", ms/1000)
	case ms >= 10:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.1f ms", ms)
}

func formatSize(bytes int) string {
	switch {
	case bytes >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20))
	case bytes >= 1<<10:
		return fmt.Sprintf("%.0f KB", float64(bytes)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", bytes)
}

// segment is a piece of a text: a link where Href is set.
type segment struct{ Text, Href string }

// linkify finds the web addresses of a text. What ends a sentence is not part
// of an address.
func linkify(text string) []segment {
	address := regexp.MustCompile(`https?://[^\s<>"]+`)
	var segments []segment
	rest := text
	for {
		at := address.FindStringIndex(rest)
		if at == nil {
			return append(segments, segment{Text: rest})
		}
		link := strings.TrimRight(rest[at[0]:at[1]], ".,;:!?)]}'")
		segments = append(segments, segment{Text: rest[:at[0]]}, segment{Text: link, Href: link})
		rest = rest[at[0]+len(link):]
	}
}
