package catalog

import (
	"net/url"
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
}

// mapping reads a mapping that may hold the named fields alone.
func (p *parser) mapping(n *yaml.Node, path string, names ...string) *fields {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		p.wrong(n, path, "must be a mapping with the fields %s", strings.Join(names, ", "))
		return nil
	}
	m := &fields{p: p, node: n, path: path, by: map[string]*yaml.Node{}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case !slices.Contains(names, key.Value):
			p.wrong(key, path+"."+key.Value, "is not known; the fields are %s", strings.Join(names, ", "))
		case m.by[key.Value] != nil:
			p.wrong(key, path+"."+key.Value, "stands twice")
		default:
			m.by[key.Value] = n.Content[i+1]
		}
	}
	return m
}

// list reads each entry of a sequence.
func (p *parser) list(n *yaml.Node, path string, most int, each func(*yaml.Node, string)) {
	if n == nil {
		return
	}
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		p.wrong(n, path, "must be a list with at least one entry")
		return
	}
	if len(n.Content) > most {
		p.wrong(n, path, "has %d entries; at most %d fit", len(n.Content), most)
		return
	}
	for i, entry := range n.Content {
		each(entry, path+"["+strconv.Itoa(i)+"]")
	}
}

func (m *fields) get(name string) *yaml.Node { return m.by[name] }

func (m *fields) need(name string) *yaml.Node {
	n := m.by[name]
	if n == nil {
		m.p.wrong(m.node, m.path+"."+name, "is missing")
	}
	return n
}

func (p *parser) str(n *yaml.Node, path string, maxRunes int) string {
	s := strings.TrimSpace(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode || n.Tag == "!!null" || s == "":
		p.wrong(n, path, "must be text")
	case utf8.RuneCountInString(s) > maxRunes:
		p.wrong(n, path, "has more than %d characters", maxRunes)
	case strings.ContainsFunc(s, unicode.IsControl):
		p.wrong(n, path, "must be one line without control characters")
	}
	return s
}

func (m *fields) text(name string, required bool) string {
	n := m.by[name]
	if n == nil {
		if required {
			m.need(name)
		}
		return ""
	}
	return m.p.str(n, m.path+"."+name, MaxTextRunes)
}

// slug reads an id: a part of keys and of other ids.
func (m *fields) slug(name string) string {
	n := m.need(name)
	if n == nil {
		return ""
	}
	if !seats.ValidSlug(n.Value) {
		m.p.wrong(n, m.path+"."+name, "must be 1 to %d of the characters a-z, 0-9 and -, with no - at the ends", seats.MaxSlugBytes)
	}
	return n.Value
}

func (m *fields) url(name string, required bool) string {
	const most = 300
	n := m.by[name]
	if n == nil {
		if required {
			m.need(name)
		}
		return ""
	}
	s := m.p.str(n, m.path+"."+name, most)
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		m.p.wrong(n, m.path+"."+name, "must be an address like https://app.example.com")
	}
	return s
}

func (m *fields) number(name string, least, most, absent int64) int64 {
	n := m.by[name]
	if n == nil {
		return absent
	}
	v, err := strconv.ParseInt(n.Value, 10, 64)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || v < least || v > most {
		m.p.wrong(n, m.path+"."+name, "must be a whole number from %d to %d; prices are in the currency's smallest unit", least, most)
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
	}
	return v
}

// choice reads one of the values; the first is the default.
func (m *fields) choice(name string, values ...string) string {
	n := m.by[name]
	if n == nil {
		return values[0]
	}
	if !slices.Contains(values, n.Value) {
		m.p.wrong(n, m.path+"."+name, "must be one of %s", strings.Join(values, ", "))
		return values[0]
	}
	return n.Value
}

// only refuses values of a policy that this version does not have.
func (m *fields) only(name, value string) {
	if n := m.by[name]; n != nil && n.Value != value {
		m.p.wrong(n, m.path+"."+name, "only %s is possible in this version", value)
	}
}
