package api_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/usher-seats/usher/internal/api/apitest"
)

// place is one place of an operation's request at which an id stands, such as
// path.user, query.cursor or body.people[0].subscription_id.
type place struct {
	at   string
	kind string
}

// idPlaces are all places of an operation's requests at which ids stand, by the names
// of the document: path parameters, and query parameters and fields that are named
// for what they refer to.
func idPlaces(op apitest.Operation) []place {
	var found []place
	for _, name := range op.Names(openapi3.ParameterInPath) {
		found = append(found, place{"path." + name, name})
	}
	for _, name := range op.Names(openapi3.ParameterInQuery) {
		if kind, ok := kindOf(name); ok {
			found = append(found, place{"query." + name, kind})
		}
	}
	if op.Body() != nil {
		found = append(found, bodyPlaces(op.Body(), "body")...)
	}
	return found
}

func bodyPlaces(s *openapi3.Schema, at string) []place {
	var found []place
	for name, p := range s.Properties {
		here := at + "." + name
		kind, isID := kindOf(name)
		switch {
		case isID && p.Value.Type.Is("array"):
			found = append(found, place{here + "[0]", kind})
		case isID:
			found = append(found, place{here, kind})
		case p.Value.Type.Is("object"):
			found = append(found, bodyPlaces(p.Value, here)...)
		case p.Value.Type.Is("array"):
			found = append(found, bodyPlaces(p.Value.Items.Value, here+"[0]")...)
		}
	}
	return found
}

// kindOf says what a field or a query parameter refers to by its name.
func kindOf(name string) (string, bool) {
	switch name {
	case "account", "user", "cursor", "token", "id_token":
		return name, true
	case "account_id", "subscription_id", "user_id", "quote_id", "plan_id", "invitation_id":
		return strings.TrimSuffix(name, "_id"), true
	case "user_ids":
		return "user", true
	}
	return name, strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_ids")
}

// put is the request with another value at a place.
func put(t testing.TB, op apitest.Operation, r apitest.Request, at, value string) apitest.Request {
	t.Helper()
	in, name, _ := strings.Cut(at, ".")
	switch in {
	case "path":
		path, query, hasQuery := strings.Cut(r.Path, "?")
		segments := strings.Split(path, "/")
		for i, s := range strings.Split(op.Path, "/") {
			if s == "{"+name+"}" {
				segments[i] = value
			}
		}
		r.Path = strings.Join(segments, "/")
		if hasQuery {
			r.Path += "?" + query
		}
	case "query":
		path, query, _ := strings.Cut(r.Path, "?")
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		values.Set(name, value)
		r.Path = path + "?" + values.Encode()
	default:
		r.Body = putField(t, r.Body, name, value)
	}
	return r
}

// putField is a body with another value of a field, such as people[0].email.
func putField(t testing.TB, body, field string, value any) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return encoded(putIn(v, strings.Split(strings.ReplaceAll(field, "[", ".["), "."), value))
}

func putIn(v any, field []string, value any) any {
	if len(field) == 0 {
		return value
	}
	if field[0] == "[0]" {
		list, _ := v.([]any)
		if len(list) == 0 {
			list = []any{nil}
		}
		list[0] = putIn(list[0], field[1:], value)
		return list
	}
	fields, ok := v.(map[string]any)
	if !ok {
		fields = map[string]any{}
	}
	fields[field[0]] = putIn(fields[field[0]], field[1:], value)
	return fields
}

// other is a well-formed id of the same kind that nothing has.
func other(id string) string {
	prefix, rest, found := strings.Cut(id, "_")
	if !found || len(rest) < 26 {
		return id
	}
	return fmt.Sprintf("%s_%s%c%s", prefix, rest[:10], differing(rest[10]), rest[11:])
}

// differing is another character than this one, which ids and links may have.
func differing(c byte) byte {
	if c == 'z' {
		return 'y'
	}
	return 'z'
}
