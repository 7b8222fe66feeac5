package mail

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"reflect"
	"strings"
	"sync"
	texttemplate "text/template"
	"time"

	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/words"
)

// MaxSubjectRunes bounds a subject. Mail programs show the first 40 to 80
// characters; a longer header line helps nobody and some servers refuse it.
const MaxSubjectRunes = 200

//go:embed templates/*.txt templates/*.html
var templateFiles embed.FS

// Renderer turns mails into messages. It parses the templates of a kind when that
// kind is first rendered. Make one with NewRenderer and keep it; it is safe for
// concurrent use.
type Renderer struct {
	mu     sync.Mutex
	parsed map[Kind]templates
}

type templates struct {
	text *texttemplate.Template
	html *htmltemplate.Template
}

// NewRenderer returns a renderer that has parsed nothing yet.
func NewRenderer() *Renderer { return &Renderer{parsed: make(map[Kind]templates)} }

// Render makes the message of a mail. It cleans every text of the mail first.
// The error names every field that is missing or contradicts another; such a mail
// must be mended by the caller and will never render as it is.
func (r *Renderer) Render(m Mail) (Message, error) {
	if v := reflect.ValueOf(m); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return Message{}, errors.New("mail: nothing to render")
	}
	m = cleaned(m)
	kind := m.Kind()
	p := &proof{}
	frame := m.common()
	p.text("Vendor.Name", frame.Vendor.Name)
	p.address("Vendor.SupportEmail", frame.Vendor.SupportEmail)
	c := m.prepare(p)
	if err := p.err(); err != nil {
		return Message{}, fmt.Errorf("mail: render %s: %w", kind, err)
	}
	t, err := r.templates(kind)
	if err != nil {
		return Message{}, fmt.Errorf("mail: render %s: %w", kind, err)
	}
	message, err := t.execute(view{M: m, Frame: frame, content: c})
	if err != nil {
		return Message{}, fmt.Errorf("mail: render %s: %w", kind, err)
	}
	message.Kind = kind
	return message, nil
}

func (r *Renderer) templates(kind Kind) (templates, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t, ok := r.parsed[kind]; ok {
		return t, nil
	}
	name := "templates/" + string(kind)
	text, err := texttemplate.ParseFS(templateFiles, "templates/layout.txt", name+".txt")
	if err != nil {
		return templates{}, err
	}
	html, err := htmltemplate.New("").Funcs(htmltemplate.FuncMap{"outlook": outlook}).
		ParseFS(templateFiles, "templates/layout.html", name+".html")
	if err != nil {
		return templates{}, err
	}
	t := templates{text: text.Option("missingkey=error"), html: html.Option("missingkey=error")}
	r.parsed[kind] = t
	return t, nil
}

// outlook returns markup that only Outlook's Word engine reads, which knows no
// max-width. Templates cannot hold it themselves: html/template drops comments.
func outlook(part string) (htmltemplate.HTML, error) {
	switch part {
	case "open":
		return `<!--[if mso]><table role="presentation" align="center" width="560" cellpadding="0" cellspacing="0"><tr><td><![endif]-->`, nil
	case "close":
		return `<!--[if mso]></td></tr></table><![endif]-->`, nil
	}
	return "", fmt.Errorf("no Outlook markup is named %q", part)
}

func (t templates) execute(v view) (Message, error) {
	var message Message
	parts := []struct {
		into *string
		name string
	}{{&message.Subject, "subject"}, {&v.Preheader, "preheader"}, {&message.Text, "layout"}}
	for _, part := range parts {
		var b strings.Builder
		if err := t.text.ExecuteTemplate(&b, part.name, v); err != nil {
			return Message{}, err
		}
		*part.into = b.String()
	}
	message.Subject = words.Cut(plainHeader(oneLine(message.Subject)), MaxSubjectRunes)
	message.Text = paragraphs(message.Text)
	v.Subject, v.Preheader = message.Subject, oneLine(v.Preheader)
	var b strings.Builder
	if err := t.html.ExecuteTemplate(&b, "layout", v); err != nil {
		return Message{}, err
	}
	message.HTML = b.String()
	return message, nil
}

// oneLine undoes the line breaks of a template's own layout.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// plainHeader parts what would begin an encoded word of RFC 2047: a name that holds
// one would be shown decoded, as something else than was typed.
func plainHeader(s string) string { return strings.ReplaceAll(s, "=?", "= ?") }

// paragraphs leaves at most one empty line between two others and ends the text
// with a line end. Lines keep their words: values hold no line ends.
func paragraphs(s string) string {
	var b strings.Builder
	empty := true
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, " \n")
		if line == "" && empty {
			continue
		}
		empty = line == ""
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// cleaned returns a copy of the mail with every text in it cleaned, so that no
// field can be forgotten.
func cleaned(m Mail) Mail {
	source := reflect.Indirect(reflect.ValueOf(m))
	target := reflect.New(source.Type()).Elem()
	copyCleaned(target, source)
	return target.Interface().(Mail)
}

func copyCleaned(target, source reflect.Value) {
	switch source.Kind() {
	case reflect.String:
		if source.Type() == reflect.TypeFor[Link]() {
			target.Set(source) // checked instead: an altered address leads elsewhere
			return
		}
		target.SetString(words.Clean(source.String()))
	case reflect.Slice:
		if source.IsNil() {
			return
		}
		target.Set(reflect.MakeSlice(source.Type(), source.Len(), source.Len()))
		for i := range source.Len() {
			copyCleaned(target.Index(i), source.Index(i))
		}
	case reflect.Struct:
		target.Set(source)
		if source.Type() == reflect.TypeFor[time.Time]() {
			return // its fields are its own
		}
		for i := range source.NumField() {
			copyCleaned(target.Field(i), source.Field(i))
		}
	default:
		target.Set(source)
	}
}

// view is what the templates read.
type view struct {
	// M is the mail, cleaned.
	M any
	Frame
	content
	Subject, Preheader string
}

// Person is a name, or "Somebody" where it is empty: a name of invisible
// characters alone is empty after cleaning, and must not hold a mail back.
func (view) Person(name string) string { return orElse(name, "Somebody") }

// Company is the account's name, or "your company" where it is empty.
func (v view) Company() string { return orElse(v.AccountName, "your company") }

// Address is the vendor's postal address on one line.
func (v view) Address() string { return strings.Join(v.Vendor.AddressLines, ", ") }

// Date is the local date.
func (v view) Date(t time.Time) string { return words.Date(t, zoneOf(v.Frame)) }

// LastDay is the last local date before t.
func (v view) LastDay(t time.Time) string { return words.LastDay(t, zoneOf(v.Frame)) }

// Moment is local date, time and zone.
func (v view) Moment(t time.Time) string { return words.Moment(t, zoneOf(v.Frame)) }

// Money is an amount with its sign or code.
func (view) Money(a money.Amount) string { return words.Money(a) }

// Seats is a number of seats.
func (view) Seats(n int64) string { return words.Seats(n) }

// Count is a whole number.
func (view) Count(n int64) string { return words.Count(n) }

func orElse(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}
