package sam

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// Value is one resolved value of a template. A nil Value is an absent one, and every method works on it, so that a path of
// properties can be followed without a check at each step.
type Value struct {
	// Line is where the value stands in the template.
	Line int

	kind   kind
	tag    string // of a scalar: !!str, !!int, !!bool, !!float
	text   string
	list   []*Value
	keys   []string
	fields map[string]*Value
	err    error // why the value cannot be known
}

type kind int

const (
	scalarKind kind = iota
	listKind
	mapKind
	noValue // !Ref AWS::NoValue: whoever holds it drops it
)

// Get follows a path of keys; it is nil where a step is absent.
func (v *Value) Get(path ...string) *Value {
	for _, key := range path {
		if v == nil {
			return nil
		}
		v = v.fields[key]
	}
	return v
}

// Text is a scalar's text, empty for everything else and for what cannot be known; see Err.
func (v *Value) Text() string {
	if v == nil {
		return ""
	}
	return v.text
}

// Items are a list's elements, or a scalar as the one element, as CloudFormation and IAM read a list.
func (v *Value) Items() []*Value {
	switch {
	case v == nil:
		return nil
	case v.kind == listKind:
		return v.list
	}
	return []*Value{v}
}

// Texts are the texts of Items.
func (v *Value) Texts() []string {
	var out []string
	for _, item := range v.Items() {
		out = append(out, item.Text())
	}
	return out
}

// Keys are a map's keys in the order of the template.
func (v *Value) Keys() []string {
	if v == nil {
		return nil
	}
	return slices.Clone(v.keys)
}

// IsMap tells whether the value is a map.
func (v *Value) IsMap() bool { return v != nil && v.kind == mapKind }

// Err says why this value, or one inside it, cannot be known; nil for a known one.
func (v *Value) Err() error {
	if v == nil {
		return nil
	}
	if v.err != nil {
		return v.err
	}
	for _, item := range v.list {
		if err := item.Err(); err != nil {
			return err
		}
	}
	for _, key := range v.keys {
		if err := v.fields[key].Err(); err != nil {
			return err
		}
	}
	return nil
}

// MarshalJSON writes the value as JSON: scalars by their YAML type, maps in the order of the template.
func (v *Value) MarshalJSON() ([]byte, error) {
	if v == nil {
		return []byte("null"), nil
	}
	if v.err != nil {
		return nil, v.err
	}
	switch v.kind {
	case listKind:
		out := []byte{'['}
		for i, item := range v.list {
			b, err := item.MarshalJSON()
			if err != nil {
				return nil, err
			}
			out = append(separated(out, i), b...)
		}
		return append(out, ']'), nil
	case mapKind:
		out := []byte{'{'}
		for i, key := range v.keys {
			b, err := v.fields[key].MarshalJSON()
			if err != nil {
				return nil, err
			}
			out = append(append(append(separated(out, i), quote(key)...), ':'), b...)
		}
		return append(out, '}'), nil
	}
	return v.scalarJSON()
}

func separated(out []byte, i int) []byte {
	if i > 0 {
		return append(out, ',')
	}
	return out
}

// quote writes a JSON text and leaves < and > as they are, since people read patterns.
func quote(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string and a buffer cannot fail
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}

func (v *Value) scalarJSON() ([]byte, error) {
	switch v.tag {
	case "!!null":
		return []byte("null"), nil
	case "!!bool":
		b, err := strconv.ParseBool(v.text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %q is no boolean", v.Line, v.text)
		}
		return strconv.AppendBool(nil, b), nil
	case "!!int", "!!float":
		if json.Valid([]byte(v.text)) {
			return []byte(v.text), nil
		}
	}
	return quote(v.text), nil
}

func text(line int, s string) *Value { return &Value{Line: line, tag: "!!str", text: s} }

func unknown(line int, err error) *Value { return &Value{Line: line, err: err} }
