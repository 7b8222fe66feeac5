package bus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/usher-seats/usher/infra/local/sam"
)

// transformer makes a target's input from an event: the event itself, a constant, a part, or a template with parts.
type transformer struct {
	constant string
	path     []string // of InputPath; nil without one
	template string
	paths    map[string][]string
}

var placeholder = regexp.MustCompile(`<([A-Za-z0-9_.-]+)>`)

func compileTransformer(t sam.Target) (*transformer, error) {
	out := &transformer{constant: t.Input, template: t.InputTemplate, paths: map[string][]string{}}
	if t.InputPath != "" {
		p, err := compilePath(t.InputPath)
		if err != nil {
			return nil, err
		}
		out.path = p
	}
	for name, source := range t.InputPaths {
		p, err := compilePath(source)
		if err != nil {
			return nil, err
		}
		out.paths[name] = p
	}
	for _, m := range placeholder.FindAllStringSubmatch(t.InputTemplate, -1) {
		if _, ok := out.paths[m[1]]; !ok {
			return nil, fmt.Errorf("the InputTemplate has <%s>, which InputPathsMap does not", m[1])
		}
	}
	return out, nil
}

// compilePath reads a JSON path of names and numbers: $.detail.list[0].x
func compilePath(s string) ([]string, error) {
	rest, ok := strings.CutPrefix(s, "$")
	if !ok {
		return nil, fmt.Errorf("the path %q does not start with $", s)
	}
	out := []string{}
	for part := range strings.SplitSeq(strings.NewReplacer("[", ".", "]", "").Replace(rest), ".") {
		if part = strings.Trim(part, `'"`); part != "" {
			out = append(out, part)
		}
	}
	return out, nil
}

// apply returns the input of a target.
func (t *transformer) apply(event []byte) ([]byte, error) {
	if t.constant != "" {
		return []byte(t.constant), nil
	}
	if t.path == nil && t.template == "" {
		return event, nil
	}
	d := json.NewDecoder(bytes.NewReader(event))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if t.template == "" {
		return json.Marshal(follow(v, t.path))
	}
	return t.fill(v)
}

// fill replaces the placeholders. Inside quotes a text stands for itself, elsewhere every value is JSON.
func (t *transformer) fill(event any) ([]byte, error) {
	var out bytes.Buffer
	quoted := false
	rest := t.template
	for rest != "" {
		if m := placeholder.FindStringSubmatchIndex(rest); m != nil && m[0] == 0 {
			b, err := json.Marshal(follow(event, t.paths[rest[m[2]:m[3]]]))
			if err != nil {
				return nil, err
			}
			if quoted {
				b = bare(b)
			}
			out.Write(b)
			rest = rest[m[1]:]
			continue
		}
		switch {
		case rest[0] == '\\' && len(rest) > 1:
			out.WriteString(rest[:2])
			rest = rest[2:]
			continue
		case rest[0] == '"':
			quoted = !quoted
		}
		out.WriteByte(rest[0])
		rest = rest[1:]
	}
	return out.Bytes(), nil
}

// bare is JSON to stand inside quotes: a text without its own, anything else escaped.
func bare(b []byte) []byte {
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	if len(b) > 1 && b[0] == '"' {
		return b[1 : len(b)-1]
	}
	escaped, _ := json.Marshal(string(b)) // a string cannot fail
	return escaped[1 : len(escaped)-1]
}

func follow(v any, path []string) any {
	for _, step := range path {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}
