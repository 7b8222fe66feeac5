package pattern

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// compileMatcher reads one element of a list.
func compileMatcher(v any) (matcher, error) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) != 1 {
			return nil, errors.New("an operator is an object with one key")
		}
		for name, operand := range v {
			return compileOperator(name, operand)
		}
	case []any:
		return nil, errors.New("a list inside a list is not allowed")
	}
	return func(value any, present bool) bool { return present && equal(value, v) }, nil
}

func compileOperator(name string, operand any) (matcher, error) {
	switch name {
	case "exists":
		want, ok := operand.(bool)
		if !ok {
			return nil, errors.New("exists takes true or false")
		}
		return func(_ any, present bool) bool { return present == want }, nil
	case "numeric":
		return compileNumeric(operand)
	case "anything-but":
		return compileAnythingBut(operand)
	case "prefix", "suffix":
		if m, ok := operand.(map[string]any); ok {
			s, ok := m["equals-ignore-case"].(string)
			if !ok || len(m) != 1 {
				return nil, fmt.Errorf("%s takes a text, or equals-ignore-case with a text", name)
			}
			return compileText(name+"-ignore-case", s)
		}
	}
	s, ok := operand.(string)
	if !ok {
		return nil, fmt.Errorf("%s takes a text", name)
	}
	return compileText(name, s)
}

// compileText reads the operators that compare texts.
func compileText(name, s string) (matcher, error) {
	var test func(string) bool
	switch name {
	case "prefix":
		test = func(v string) bool { return strings.HasPrefix(v, s) }
	case "suffix":
		test = func(v string) bool { return strings.HasSuffix(v, s) }
	case "prefix-ignore-case":
		test = func(v string) bool { return len(v) >= len(s) && strings.EqualFold(v[:len(s)], s) }
	case "suffix-ignore-case":
		test = func(v string) bool { return len(v) >= len(s) && strings.EqualFold(v[len(v)-len(s):], s) }
	case "equals-ignore-case":
		test = func(v string) bool { return strings.EqualFold(v, s) }
	case "wildcard":
		if strings.Contains(s, "**") {
			return nil, errors.New("wildcard takes single asterisks")
		}
		parts := wildcardParts(s)
		test = func(v string) bool { return wildcard(parts, v) }
	default:
		return nil, fmt.Errorf("the operator %q is not supported", name)
	}
	return func(value any, present bool) bool {
		v, ok := value.(string)
		return present && ok && test(v)
	}, nil
}

// wildcardParts cuts a pattern at its asterisks. A backslash takes the meaning from an asterisk or backslash.
func wildcardParts(s string) []string {
	parts := []string{""}
	for i := 0; i < len(s); i++ {
		last := &parts[len(parts)-1]
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '*' || s[i+1] == '\\'):
			i++
			*last += string(s[i])
		case s[i] == '*':
			parts = append(parts, "")
		default:
			*last += string(s[i])
		}
	}
	return parts
}

func wildcard(parts []string, v string) bool {
	if len(parts) == 1 {
		return v == parts[0]
	}
	v, ok := strings.CutPrefix(v, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		i := strings.Index(v, part)
		if i < 0 {
			return false
		}
		v = v[i+len(part):]
	}
	return strings.HasSuffix(v, parts[last])
}

// compileNumeric reads [">", 0, "<=", 5].
func compileNumeric(operand any) (matcher, error) {
	list, ok := operand.([]any)
	if !ok || (len(list) != 2 && len(list) != 4) {
		return nil, errors.New(`numeric takes a list such as [">", 0, "<=", 5]`)
	}
	var tests []func(*big.Rat) bool
	for i := 0; i < len(list); i += 2 {
		bound, ok := number(list[i+1])
		if !ok {
			return nil, fmt.Errorf("numeric: %v is no number", list[i+1])
		}
		holds, ok := comparisons(list[i])
		if !ok {
			return nil, fmt.Errorf("numeric: %v is no comparison", list[i])
		}
		tests = append(tests, func(n *big.Rat) bool { return holds(n.Cmp(bound)) })
	}
	return func(value any, present bool) bool {
		n, ok := number(value)
		return present && ok && !slices.ContainsFunc(tests, func(t func(*big.Rat) bool) bool { return !t(n) })
	}, nil
}

func comparisons(sign any) (func(int) bool, bool) {
	switch sign {
	case "=":
		return func(c int) bool { return c == 0 }, true
	case "<":
		return func(c int) bool { return c < 0 }, true
	case "<=":
		return func(c int) bool { return c <= 0 }, true
	case ">":
		return func(c int) bool { return c > 0 }, true
	case ">=":
		return func(c int) bool { return c >= 0 }, true
	}
	return nil, false
}

// compileAnythingBut negates a value, a list of values, or one operator on texts with one or several operands. An absent value
// does not match: there has to be something.
func compileAnythingBut(operand any) (matcher, error) {
	var refused []matcher
	add := func(m matcher, err error) error {
		refused = append(refused, m)
		return err
	}
	switch v := operand.(type) {
	case []any:
		if len(v) == 0 {
			return nil, errors.New("anything-but takes at least one value")
		}
		for _, item := range v {
			if _, ok := item.(map[string]any); ok {
				return nil, errors.New("anything-but takes a list of values or one operator")
			}
			if err := add(compileMatcher(item)); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		if len(v) != 1 {
			return nil, errors.New("anything-but takes one operator")
		}
		for name, inner := range v {
			list, ok := inner.([]any)
			if !ok {
				list = []any{inner}
			}
			for _, item := range list {
				s, ok := item.(string)
				if !ok {
					return nil, fmt.Errorf("anything-but: %s takes texts", name)
				}
				if err := add(compileText(name, s)); err != nil {
					return nil, fmt.Errorf("anything-but: %w", err)
				}
			}
		}
	default:
		if err := add(compileMatcher(v)); err != nil {
			return nil, err
		}
	}
	return func(value any, present bool) bool {
		return present && !slices.ContainsFunc(refused, func(m matcher) bool { return m(value, true) })
	}, nil
}
