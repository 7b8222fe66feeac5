package catalog

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/usher-seats/usher/internal/seats"
)

// fields are the entries of one mapping, read by name.
type fields struct {
	p    *parser
	node *yaml.Node
	path string
	by   map[string]*yaml.Node
	// reported are fields that were taken out with a mistake noted.
	reported map[string]bool
}

// mapping reads a mapping that may hold the named fields alone.
func (p *parser) mapping(n *yaml.Node, path string, names ...string) *fields {
	if n == nil {
		return nil
	}
	if alias(n) {
		p.alias(n, path)
		return nil
	}
	if n.Kind != yaml.MappingNode {
		p.wrong(n, path, "must be a mapping with the fields %s", strings.Join(names, ", "))
		return nil
	}
	m := &fields{p: p, node: n, path: path, by: map[string]*yaml.Node{}, reported: map[string]bool{}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case merge(key):
			p.merge(key, path+"."+key.Value)
		case key.Kind != yaml.ScalarNode || !slices.Contains(names, key.Value):
			p.wrong(key, path+"."+key.Value, "is not known; the fields are %s", strings.Join(names, ", "))
		case m.by[key.Value] != nil || m.reported[key.Value]:
			p.wrong(key, path+"."+key.Value, "stands twice")
		case alias(n.Content[i+1]):
			p.alias(n.Content[i+1], path+"."+key.Value)
			m.gone(key.Value)
		default:
			m.by[key.Value] = n.Content[i+1]
		}
	}
	return m
}

// gone takes a field out of the mapping whose mistake is noted already.
func (m *fields) gone(name string) {
	m.by[name] = nil
	m.reported[name] = true
}

func alias(n *yaml.Node) bool { return n.Kind == yaml.AliasNode }

// alias refuses an alias: a price or a policy must stand where it is looked for,
// and a text of aliases to aliases could stand for millions of them.
func (p *parser) alias(n *yaml.Node, path string) {
	p.wrong(n, path, "is an alias, which is not read here; write the value out")
}

// list reads each entry of a sequence.
func (p *parser) list(n *yaml.Node, path string, most int, each func(*yaml.Node, string)) {
	if n == nil {
		return
	}
	if alias(n) {
		p.alias(n, path)
		return
	}
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		p.wrong(n, path, "must be a list with at least one entry")
		return
	}
	if len(n.Content) > most {
		p.wrong(n, path, "has %d entries; at most %d fit", len(n.Content), most)
	}
	for i, entry := range n.Content[:min(len(n.Content), most)] {
		each(entry, path+"["+strconv.Itoa(i)+"]")
	}
}

func merge(key *yaml.Node) bool { return key.Tag == "!!merge" }

func (p *parser) merge(key *yaml.Node, path string) {
	p.wrong(key, path, "is a merge, which is not read here; write the fields out")
}

func (m *fields) get(name string) *yaml.Node { return m.by[name] }

func (m *fields) need(name string) *yaml.Node {
	n := m.by[name]
	if n == nil && !m.reported[name] {
		m.p.wrong(m.node, m.path+"."+name, "is missing")
	}
	return n
}

// str reads a line of text that shows something.
func (p *parser) str(n *yaml.Node, path string, maxRunes int) string {
	s := strings.TrimSpace(n.Value)
	switch {
	case alias(n):
		p.alias(n, path)
		return ""
	case n.Kind != yaml.ScalarNode || n.Tag == "!!null" || !strings.ContainsFunc(s, visible):
		p.wrong(n, path, "must be text")
	case utf8.RuneCountInString(s) > maxRunes:
		p.wrong(n, path, "has %d characters; at most %d fit", utf8.RuneCountInString(s), maxRunes)
	case strings.ContainsFunc(s, breaksLine):
		p.wrong(n, path, "must be one line without control characters")
	}
	return s
}

// breaksLine reports control characters and the line ends of Unicode.
func breaksLine(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// visible reports characters that show something by themselves; mails drop the
// others.
func visible(r rune) bool {
	const emptyBraille = '\u2800' // a blank that is no space
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && r != emptyBraille && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

func (m *fields) text(name string, required bool) string {
	if required && m.need(name) == nil {
		return ""
	}
	return m.optional(name, MaxTextRunes)
}

func (m *fields) optional(name string, maxRunes int) string {
	n := m.by[name]
	if n == nil {
		return ""
	}
	return m.p.str(n, m.path+"."+name, maxRunes)
}

// email reads an address that mails show to people.
func (m *fields) email(name string) string {
	n := m.need(name)
	if n == nil {
		return ""
	}
	email, err := seats.NormalizeEmail(n.Value)
	if err != nil || n.Kind != yaml.ScalarNode {
		m.p.wrong(n, m.path+"."+name, "must be an email address like help@example.com")
	}
	return email
}

// country reads an ISO 3166 code, or "".
func (m *fields) country(name string) string {
	n := m.by[name]
	if n == nil {
		return ""
	}
	c := n.Value
	if n.Tag != "!!str" || len(c) != 2 || c[0] < 'A' || c[0] > 'Z' || c[1] < 'A' || c[1] > 'Z' {
		m.p.wrong(n, m.path+"."+name, "must be a two-letter ISO 3166 code like DE")
	}
	return c
}

// slug reads an id: a part of keys and of other ids. It is "" where there is none.
func (m *fields) slug(name string) string {
	n := m.need(name)
	if n == nil {
		return ""
	}
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || !seats.ValidSlug(n.Value) {
		m.p.wrong(n, m.path+"."+name, "must be 1 to %d of the characters a-z, 0-9 and -, with no - at the ends", seats.MaxSlugBytes)
		return ""
	}
	return n.Value
}

func (m *fields) url(name string, required bool) string {
	if required && m.need(name) == nil {
		return ""
	}
	n := m.by[name]
	if n == nil {
		return ""
	}
	s := strings.TrimSpace(n.Value)
	switch wrong := seats.CheckWebAddress(s); {
	case len(s) > MaxURLBytes:
		m.p.wrong(n, m.path+"."+name, "has %d bytes; at most %d fit", len(s), MaxURLBytes)
	case n.Kind != yaml.ScalarNode || wrong != "":
		m.p.wrong(n, m.path+"."+name, "must be an address like https://app.example.com, with plain characters and https")
	}
	return s
}

// minor reads an amount.
func (m *fields) minor(name string, most int64) int64 {
	return m.whole(name, 0, most, 0, ", in the currency's smallest unit: 2000 stands for 20.00 euros")
}

func (m *fields) number(name string, least, most, absent int64) int64 {
	return m.whole(name, least, most, absent, "")
}

func (m *fields) whole(name string, least, most, absent int64, hint string) int64 {
	n := m.by[name]
	if n == nil {
		return absent
	}
	return m.p.whole(n, m.path+"."+name, least, most, absent, hint)
}

// whole reads a whole number; absent where it is none.
func (p *parser) whole(n *yaml.Node, path string, least, most, absent int64, hint string) int64 {
	v, err := strconv.ParseInt(n.Value, 10, 64)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || v < least || v > most {
		p.wrong(n, path, "must be a whole number from %d to %d%s", least, most, hint)
		return absent
	}
	return v
}

func (m *fields) flag(name string, absent bool) bool {
	n := m.by[name]
	if n == nil {
		return absent
	}
	v, err := strconv.ParseBool(n.Value)
	if n.Tag != "!!bool" || err != nil {
		m.p.wrong(n, m.path+"."+name, "must be true or false")
		return absent
	}
	return v
}

// choice reads one of the values; the first is the default.
func (m *fields) choice(name string, values ...string) string {
	n := m.by[name]
	if n == nil {
		return values[0]
	}
	if n.Kind != yaml.ScalarNode || !slices.Contains(values, n.Value) {
		m.p.wrong(n, m.path+"."+name, "must be %s", oneOf(values))
		return values[0]
	}
	return n.Value
}

func oneOf(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return "one of " + strings.Join(values, ", ")
}

// orEmpty is a mapping without entries where there is none.
func orEmpty(n *yaml.Node) *yaml.Node {
	if n == nil {
		return &yaml.Node{Kind: yaml.MappingNode}
	}
	return n
}

// misplaced notes that a field makes no sense where it stands, if it is there.
func (m *fields) misplaced(name, why string, args ...any) {
	if n := m.by[name]; n != nil {
		m.p.wrong(n, m.path+"."+name, why, args...)
	}
}
