package story

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/usher-seats/usher/internal/money"
)

// decode reads an answer; what is no JSON is a text.
func decode(body []byte) any {
	if len(body) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return string(body)
	}
	return v
}

// find follows a path: names with dots between, [0] or [-1] for an entry of a
// list, [email=…] for the first entry that has it, [*] for all. The path . is the
// whole answer. found is false where something on the way is missing.
func find(v any, path string) (got any, found bool, err error) {
	if path == "." {
		return v, v != nil, nil
	}
	return follow(v, path)
}

func follow(v any, path string) (any, bool, error) {
	if path == "" {
		return v, v != nil, nil
	}
	if selector, rest, ok := bracket(path); ok {
		return enter(v, selector, rest)
	}
	end := strings.IndexAny(path, ".[")
	name, rest := path, ""
	if end >= 0 {
		name, rest = path[:end], strings.TrimPrefix(path[end:], ".")
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, false, nil
	}
	inner, ok := object[name]
	if !ok {
		return nil, false, nil
	}
	return follow(inner, rest)
}

// bracket cuts a selector off the front of a path.
func bracket(path string) (selector, rest string, ok bool) {
	if !strings.HasPrefix(path, "[") {
		return "", "", false
	}
	selector, rest, ok = strings.Cut(path[1:], "]")
	return selector, strings.TrimPrefix(rest, "."), ok
}

func enter(v any, selector, rest string) (any, bool, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, false, nil
	}
	if selector == "*" {
		all := []any{}
		for _, entry := range list {
			inner, found, err := follow(entry, rest)
			if err != nil {
				return nil, false, err
			}
			if found {
				all = append(all, inner)
			}
		}
		return all, true, nil
	}
	if key, want, ok := strings.Cut(selector, "="); ok {
		for _, entry := range list {
			if inner, found, err := follow(entry, key); err == nil && found && text(inner) == want {
				return follow(entry, rest)
			}
		}
		return nil, false, nil
	}
	i, err := strconv.Atoi(selector)
	if err != nil {
		return nil, false, fmt.Errorf("[%s] selects nothing: write [0], [-1], [name=value] or [*]", selector)
	}
	if i < 0 {
		i += len(list)
	}
	if i < 0 || i >= len(list) {
		return nil, false, nil
	}
	return follow(list[i], rest)
}

// text is a value as scripts write it: an amount as its minor units and currency,
// a list in brackets.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i, entry := range v {
			parts[i] = text(entry)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		if minor, currency, ok := amountOf(v); ok {
			return minor + " " + currency
		}
		whole, err := json.Marshal(v)
		if err != nil {
			return err.Error()
		}
		return string(whole)
	default:
		return fmt.Sprint(v)
	}
}

// told is a value as people read it.
func told(v any) string {
	if minor, currency, ok := amountOf(v); ok {
		if n, err := strconv.ParseInt(minor, 10, 64); err == nil {
			return money.Amount{Minor: n, Currency: money.Currency(currency)}.String()
		}
	}
	return text(v)
}

func amountOf(v any) (minor, currency string, ok bool) {
	object, isObject := v.(map[string]any)
	if !isObject || len(object) != 2 {
		return "", "", false
	}
	currency, ok = object["currency"].(string)
	return text(object["amount_minor"]), currency, ok
}

// contains reports whether a text has a piece, or a list an entry.
func contains(v any, piece string) bool {
	list, ok := v.([]any)
	if !ok {
		return strings.Contains(text(v), piece)
	}
	for _, entry := range list {
		if text(entry) == piece {
			return true
		}
	}
	return false
}

// unquoted takes the quotes off a value that has them.
func unquoted(value string) string {
	if len(value) > 1 && strings.HasPrefix(value, `"`) && strings.HasSuffix(value, `"`) {
		return value[1 : len(value)-1]
	}
	return value
}
