// Package pattern matches events against event patterns, as EventBridge's rules and Lambda's event filters do.
//
// A pattern is a JSON object that has the event's shape. Where the event has a value, the pattern has a list of what it may
// be: a text, number, true, false or null, or one of the operators prefix, suffix, equals-ignore-case, wildcard, numeric,
// exists and anything-but. An event's list matches if one of its elements does. "$or" holds alternatives. The operator cidr is
// not supported and, like everything unknown, an error of Compile.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
package pattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// Pattern is a compiled pattern. It is safe for concurrent use.
type Pattern struct{ root *object }

// object is a pattern's map: all fields have to match, and one alternative of each $or.
type object struct {
	fields []field
	or     [][]*object
}

type field struct {
	name   string
	nested *object
	leaf   []matcher // any of
}

// matcher decides about a value; present is false where the event has none.
type matcher func(value any, present bool) bool

// Compile reads a pattern.
func Compile(source string) (*Pattern, error) {
	v, err := decode([]byte(source))
	if err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("pattern: a pattern is a JSON object")
	}
	root, err := compileObject(m, "")
	if err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	return &Pattern{root}, nil
}

// Match tells whether an event, a JSON object, matches. What is no JSON object matches nothing.
func (p *Pattern) Match(event []byte) bool {
	v, err := decode(event)
	if err != nil {
		return false
	}
	m, ok := v.(map[string]any)
	return ok && p.root.match(m)
}

func decode(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("there is something after the JSON object")
	}
	return v, nil
}

func compileObject(m map[string]any, path string) (*object, error) {
	if len(m) == 0 {
		return nil, fmt.Errorf("%s: an empty object matches nothing", orTop(path))
	}
	o := &object{}
	for name, v := range m {
		at := strings.TrimPrefix(path+"."+name, ".")
		switch v := v.(type) {
		case map[string]any:
			nested, err := compileObject(v, at)
			if err != nil {
				return nil, err
			}
			o.fields = append(o.fields, field{name: name, nested: nested})
		case []any:
			if name == "$or" {
				alternatives, err := compileOr(v, at, path)
				if err != nil {
					return nil, err
				}
				o.or = append(o.or, alternatives)
				continue
			}
			leaf, err := compileLeaf(v, at)
			if err != nil {
				return nil, err
			}
			o.fields = append(o.fields, field{name: name, leaf: leaf})
		default:
			return nil, fmt.Errorf("%s: a value stands in a list, as in [%v]", at, v)
		}
	}
	return o, nil
}

func orTop(path string) string {
	if path == "" {
		return "the pattern"
	}
	return path
}

func compileOr(list []any, at, path string) ([]*object, error) {
	if len(list) < 2 {
		return nil, fmt.Errorf("%s takes at least two patterns", at)
	}
	var out []*object
	for _, v := range list {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s takes patterns", at)
		}
		o, err := compileObject(m, path)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func compileLeaf(list []any, at string) ([]matcher, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: an empty list matches nothing", at)
	}
	var out []matcher
	for _, v := range list {
		m, err := compileMatcher(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		out = append(out, m)
	}
	return out, nil
}

func (o *object) match(event map[string]any) bool {
	for _, f := range o.fields {
		if !f.match(event) {
			return false
		}
	}
	for _, alternatives := range o.or {
		if !slices.ContainsFunc(alternatives, func(a *object) bool { return a.match(event) }) {
			return false
		}
	}
	return true
}

func (f *field) match(event map[string]any) bool {
	value, present := event[f.name]
	if f.nested != nil {
		return f.nested.matchAny(value)
	}
	if _, isObject := value.(map[string]any); isObject {
		present = false // operators look at values, and an object is none
	}
	return slices.ContainsFunc(f.leaf, func(m matcher) bool { return matchValue(m, value, present) })
}

// matchAny matches an object, one of a list of objects, or nothing, which only "exists: false" can match.
func (o *object) matchAny(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		return o.match(v)
	case []any:
		return slices.ContainsFunc(v, o.matchAny)
	}
	return o.match(nil)
}

func matchValue(m matcher, value any, present bool) bool {
	if list, ok := value.([]any); ok {
		if len(list) == 0 {
			return m(nil, false)
		}
		return slices.ContainsFunc(list, func(v any) bool { return matchValue(m, v, true) })
	}
	return m(value, present)
}

// equal compares two scalars; numbers by value, so that 1 and 1.0 are one.
func equal(a, b any) bool {
	x, xNumber := number(a)
	y, yNumber := number(b)
	if xNumber || yNumber {
		return xNumber && yNumber && x.Cmp(y) == 0
	}
	return a == b
}

func number(v any) (*big.Rat, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return nil, false
	}
	// An exponent of a million digits must not be written out.
	if i := strings.IndexAny(n.String(), "eE"); i >= 0 && len(n.String())-i > 5 {
		return nil, false
	}
	return new(big.Rat).SetString(n.String())
}
