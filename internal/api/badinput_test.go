package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/faulttest"
)

// wrong is a request with one mistake, and how it must be answered.
type wrong struct {
	name    string
	request apitest.Request
	// status and code, where there is one right answer; else any of the refusals
	// that a mistake in a path may have.
	status int
	code   string
	// at is the place that errors[] must name, or "".
	at string
}

// Every operation × every way to get its request wrong that the document tells of:
// a problem that names the place, never a 5xx, and nothing is changed.
func TestEveryMistakeIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	x.prepareLists(t)
	requests, rows, extras, accepted := valid(), 0, 0, 0
	all := map[string][]wrong{}
	for _, op := range s.Document.Operations() {
		if requests[op.ID()] == nil {
			t.Fatalf("%s has no valid request", op.ID())
		}
		all[op.ID()] = mistakes(t, s.Document, op, requests[op.ID()](t, x, sender(x, op)))
	}
	before := s.Dump()
	for _, op := range s.Document.Operations() {
		if n := len(all[op.ID()]); n < 10 {
			t.Errorf("%s has only %d mistakes", op.ID(), n)
		}
		for _, w := range all[op.ID()] {
			got := refuse(t, x, op, w, rows)
			if strings.HasPrefix(w.name, extraField) {
				extras++
				if got.Status < http.StatusBadRequest {
					accepted++
				}
			}
			rows++
		}
	}
	for _, change := range apitest.Changes(before, s.Dump()) {
		t.Errorf("changed: %s", change)
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 36, Did: fmt.Sprintf("fields of all schemas, and those of others, put into every object of every body, among %d mistakes", rows),
		Bad: accepted, Of: extras, What: "extra fields accepted",
	})
}

// forVendors is the one operation of the vendor's servers, to everybody else forbidden.
const forVendors = "get-entitlement"

// sender is who may send an operation.
func sender(x *tenant, op apitest.Operation) *apitest.Person {
	switch {
	case strings.HasPrefix(op.Path, "/v1/operator/"):
		return x.people[operator]
	case op.ID() == forVendors:
		return x.people[vendor]
	}
	return x.Owner
}

func refuse(t *testing.T, x *tenant, op apitest.Operation, w wrong, row int) apitest.Response {
	t.Helper()
	w.request.SourceIP = fmt.Sprintf("198.51.%d.%d", row/250%250, row%250) // look-ups are limited for each
	before := x.s.Writes()
	got := sender(x, op).Send(w.request)
	name := fmt.Sprintf("%s: %s", op.ID(), w.name)
	switch {
	case w.status != 0 && (got.Status != w.status || got.Code() != w.code):
		t.Errorf("%s: %d %.300s, want %d %s", name, got.Status, got.Body, w.status, w.code)
	case !slices.Contains([]int{400, 404, 405, 413, 415, 422}, got.Status):
		t.Errorf("%s: %d %.300s", name, got.Status, got.Body)
	case w.at != "" && !names(got, w.at):
		t.Errorf("%s: errors do not name %s: %.300s", name, w.at, got.Body)
	}
	if strings.Contains(w.at, "token") && strings.Contains(string(got.Body), "ü") {
		t.Errorf("%s shows a secret: %.300s", name, got.Body)
	}
	if x.s.Writes() != before {
		t.Errorf("%s has changed something", name)
	}
	return got
}

// names reports whether a problem's errors name a place.
func names(r apitest.Response, at string) bool {
	var p struct {
		Errors []struct{ Location, Message string }
	}
	if json.Unmarshal(r.Body, &p) != nil {
		return false
	}
	for _, e := range p.Errors {
		if e.Location == at && e.Message != "" {
			return true
		}
	}
	return false
}

func mistakes(t *testing.T, d *apitest.Document, op apitest.Operation, r apitest.Request) []wrong {
	t.Helper()
	m := &mistakeMaker{t: t, d: d, op: op, r: r}
	if op.Keyed() {
		m.r.Key = "key-of-a-mistake"
		m.keys()
	}
	m.routes()
	for _, name := range op.Names(openapi3.ParameterInPath) {
		m.pathParameter(name)
	}
	for _, p := range op.Parameters {
		if p.Value.In == openapi3.ParameterInQuery {
			m.queryParameter(p.Value.Name, p.Value.Schema.Value)
		}
	}
	if op.Body() == nil {
		m.add("a body where none belongs", m.withBody(`{"force":true}`), 422, "invalid", "")
		return m.found
	}
	m.wholeBody()
	m.object("", op.Body())
	return m.found
}

type mistakeMaker struct {
	t     *testing.T
	d     *apitest.Document
	op    apitest.Operation
	r     apitest.Request
	found []wrong
}

func (m *mistakeMaker) add(name string, r apitest.Request, status int, code, at string) {
	m.found = append(m.found, wrong{name, r, status, code, at})
}

func (m *mistakeMaker) withPath(path string) apitest.Request {
	r := m.r
	r.Path = path
	return r
}

// withQuery adds to the query that the request has.
func (m *mistakeMaker) withQuery(query string) apitest.Request { return withQuery(m.r, query) }

func withQuery(r apitest.Request, query string) apitest.Request {
	separator := "?"
	if strings.Contains(r.Path, "?") {
		separator = "&"
	}
	r.Path += separator + query
	return r
}

func (m *mistakeMaker) withBody(body string) apitest.Request {
	r := m.r
	r.Body = body
	return r
}

func (m *mistakeMaker) keys() {
	for name, key := range map[string]string{"of blanks": "a b", "beyond ASCII": "schlüssel", "of 256 characters": strings.Repeat("k", 256), "with a line break": "a\nb"} {
		r := m.r
		r.Key = key
		m.add("an Idempotency-Key "+name, r, 422, "invalid", "header.Idempotency-Key")
	}
	r := m.r
	r.Key, r.Headers = "", map[string]string{"Idempotency-Key": ""}
	m.add("an empty Idempotency-Key", r, 422, "invalid", "header.Idempotency-Key")
}

// elsewhere reports whether another operation's address with a parameter answers the
// method at this one, as that of one user does at users/import.
func (m *mistakeMaker) elsewhere(method string) bool {
	here := strings.Split(m.op.Path, "/")
	return slices.ContainsFunc(m.d.Operations(), func(o apitest.Operation) bool {
		there := strings.Split(o.Path, "/")
		if o.Method != method || o.Path == m.op.Path || len(there) != len(here) {
			return false
		}
		for i := range there {
			if there[i] != here[i] && !strings.HasPrefix(there[i], "{") {
				return false
			}
		}
		return true
	})
}

func (m *mistakeMaker) routes() {
	m.add("an unknown parameter", m.withQuery("colour=red"), 422, "invalid", "query.colour")
	m.add("a query that is not encoded", m.withQuery("limit=%zz"), 400, "malformed", "")
	m.add("a query with a semicolon", m.withQuery("a;b"), 400, "malformed", "")
	path, _, _ := strings.Cut(m.r.Path, "?")
	paths := map[string]string{"a slash at the end": path + "/", "two slashes": "/" + path, "dots": path + "/../x", "capitals": strings.ToUpper(path)}
	if short, versioned := strings.CutPrefix(path, "/v1"); versioned {
		paths["no version"] = short
	}
	for name, p := range paths {
		m.add("a path with "+name, m.withPath(p), 404, "not_found", "")
	}
	item := m.d.Spec.Paths.Find(m.op.Path)
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"} {
		// A GET serves HEAD too; a body is no matter where the method is none.
		if item.Operations()[method] == nil && !m.elsewhere(method) {
			r := m.r
			r.Method = method
			m.add("the method "+method, r, 405, "method_not_allowed", "")
		}
	}
}

func (m *mistakeMaker) pathParameter(name string) {
	at := "path." + name
	p := m.op.Parameters.GetByInAndName(openapi3.ParameterInPath, name).Schema.Value
	set := func(what, value string, status int, code, place string) {
		m.add(at+" "+what, put(m.t, m.op, m.r, at, value), status, code, place)
	}
	if p.Type.Is("integer") {
		for _, value := range []string{"x", "1.5", "1e3", "0", "-1", "10000000000", "99999999999999999999"} {
			set(value, value, 422, "invalid", at)
		}
		set("of nothing", "999", 404, "not_found", "")
		return
	}
	if p.Pattern != "" {
		m.patterned(set, at, name, p)
		return
	}
	set("that is no id", "x", 404, "not_found", "")
	set("of another kind", "evt_"+strings.Repeat("0", 26), 404, "not_found", "")
	set("in capitals", strings.ToUpper(pathValue(m.op, m.r, name)), 404, "not_found", "")
	set("with something behind", pathValue(m.op, m.r, name)+"0", 404, "not_found", "")
	set("too long", strings.Repeat("x", int(*p.MaxLength)+1), 422, "invalid", at)
	for _, value := range []string{"%20", "%00", "%zz", "%2F", "%2e%2e", "%ff", "%E2%80%AE", "'%22%3Cscript%3E", "$%7Bjndi%7D", "A%23acc"} {
		set("with "+value, value, 0, "", "")
	}
}

// patterned makes the mistakes of a parameter whose form the document gives: a name,
// which nothing need have, or a number.
func (m *mistakeMaker) patterned(set func(what, value string, status int, code, place string), at, name string, p *openapi3.Schema) {
	if pathValue(m.op, m.r, name) == "1" {
		for _, value := range []string{"x", "0", "01", "-1", "1.5", "1e3", "1.doc", "10000000000", ".pdf"} {
			set(value, value, 422, "invalid", at)
		}
		for _, value := range []string{"999", "999.pdf", "999.csv"} {
			set("of nothing, "+value, value, 404, "not_found", "")
		}
	}
	set("of another kind", "evt_"+strings.Repeat("0", 10), 422, "invalid", at)
	set("in capitals", "X"+strings.ToUpper(pathValue(m.op, m.r, name)), 422, "invalid", at)
	set("too long", strings.Repeat("1", int(*p.MaxLength)+1), 422, "invalid", at)
	for _, value := range []string{"%20", "%00", "%zz", "%ff", "%E2%80%AE", "'%22%3Cscript%3E", "$%7Bjndi%7D", "A%23acc"} {
		set("with "+value, value, 422, "invalid", at)
	}
}

func pathValue(op apitest.Operation, r apitest.Request, name string) string {
	path, _, _ := strings.Cut(r.Path, "?")
	for i, segment := range strings.Split(op.Path, "/") {
		if segment == "{"+name+"}" {
			return strings.Split(path, "/")[i]
		}
	}
	return ""
}

func (m *mistakeMaker) queryParameter(name string, p *openapi3.Schema) {
	at := "query." + name
	set := func(value string) {
		m.add(fmt.Sprintf("%s is %.40q", at, value), put(m.t, m.op, m.r, at, value), 422, "invalid", at)
	}
	m.add(at+" twice", m.withQuery(name+"=1&"+name+"=1"), 422, "invalid", at)
	switch {
	case p.Type.Is("integer"):
		for _, value := range []string{"x", "1.5", "-1", "0", fmt.Sprint(int(*p.Max) + 1), "99999999999999999999"} {
			set(value)
		}
	case p.Format == "date-time":
		for _, value := range []string{"tomorrow", "2026-13-01T00:00:00Z", "2026-11-22", "2026-11-22T09:00:00"} {
			set(value)
		}
	case len(p.Enum) > 0:
		set("colour")
		set(fmt.Sprint(p.Enum[0]) + " ")
	default:
		set(strings.Repeat("x", int(*p.MaxLength)+1))
	}
	if name == "cursor" {
		scope := apigw.CursorScope{List: "another list"}
		for _, value := range []string{"x", "====", "AQ", "\x00", scope.Encode("x"), scope.Encode("x", "y")} {
			set(value)
		}
	}
}

func (m *mistakeMaker) wholeBody() {
	body := m.r.Body
	for name, b := range map[string]string{
		"no body": "", "half a body": body[:len(body)-1], "text": "hello", "two values": body + "{}", "something behind": body + "x",
		"bytes that are no UTF-8": "{\"\xff\":1}", "33 levels": `{"x":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + "}",
		"a hundred thousand levels": strings.Repeat("[", 100_000), "a comma too many": body[:len(body)-1] + ",}",
	} {
		m.add("a body of "+name, m.withBody(b), 400, "malformed", "")
	}
	for _, b := range []string{"null", "[]", `"text"`, "5", "true"} {
		m.add("a body of "+b, m.withBody(b), 422, "invalid", "body")
	}
	m.add("a body of more than a megabyte", m.withBody(`{"x":"`+strings.Repeat("x", apigw.MaxBodyBytes)+`"}`), 413, "too_large", "")
	for _, media := range []string{"text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "application/merge-patch+json", ";"} {
		r := m.r
		r.Headers = map[string]string{"Content-Type": media}
		m.add("the media type "+media, r, 415, "unsupported_media_type", "")
	}
}

// object makes the mistakes of an object at a place such as people[0].
func (m *mistakeMaker) object(at string, s *openapi3.Schema) {
	prefix := at
	if at != "" {
		prefix += "."
	}
	for name, p := range s.Properties {
		field := prefix + name
		if slices.Contains(s.Required, name) {
			m.add(field+" missing", m.withBody(dropField(m.t, m.r.Body, field)), 422, "invalid", "body."+field)
		}
		m.field(field, p.Value)
		m.unknown(prefix + strings.ToUpper(name[:1]) + name[1:])
	}
	// Every field that anything of ours has, and some of other people's; in the short run
	// an eighth of them, beginning for each object elsewhere.
	stride, start := faulttest.Size(8, 1), 0
	for _, b := range []byte(m.op.ID() + at) {
		start += int(b)
	}
	for i, name := range append(m.d.FieldNames(), "tenant_id", "price", "paid", "is_admin", "__proto__", "constructor", "rev", "credit_minor", "") {
		if s.Properties[name] == nil && (start+i)%stride == 0 {
			m.unknown(prefix + name)
		}
	}
	for name := range s.Properties {
		if at == "" {
			m.add(name+" twice", m.withBody(`{"`+name+`":5,"`+name+`":5,`+m.r.Body[1:]), 422, "invalid", "body."+name)
		}
	}
}

// extraField begins the name of a mistake that adds a field.
const extraField = "the unknown field "

func (m *mistakeMaker) unknown(field string) {
	m.add(extraField+field, m.withBody(putField(m.t, m.r.Body, field, "x")), 422, "invalid", "body."+field)
}

func (m *mistakeMaker) field(field string, s *openapi3.Schema) {
	set := func(value string) {
		m.add(fmt.Sprintf("%s is %.40s", field, value), m.withBody(putField(m.t, m.r.Body, field, json.RawMessage(value))), 422, "invalid", "body."+field)
	}
	set("null")
	switch {
	case s.Type.Is("object"):
		set("[]")
		set(`"x"`)
		m.object(field, s)
	case s.Type.Is("array"):
		set(`{}`)
		set(`"x"`)
		item, err := json.Marshal("x")
		if err != nil {
			m.t.Fatal(err)
		}
		set("[" + strings.Repeat(string(item)+",", int(*s.MaxItems)) + string(item) + "]")
		if s.MinItems > 0 {
			set("[]")
		}
		if inner := s.Items.Value; inner.Type.Is("object") {
			m.object(field+"[0]", inner)
		} else {
			m.field(field+"[0]", inner)
		}
	case s.Type.Is("integer"):
		for _, value := range []string{`"5"`, "1.5", "true", "{}", "1e400", "9223372036854775808", fmt.Sprint(int64(*s.Min) - 1), fmt.Sprint(int64(*s.Max) + 1)} {
			set(value)
		}
	case s.Type.Is("boolean"):
		for _, value := range []string{`"true"`, "1", "{}"} {
			set(value)
		}
	default:
		for _, value := range []string{"5", "true", "{}", "[]"} {
			set(value)
		}
		m.text(set, s)
	}
}

func (m *mistakeMaker) text(set func(string), s *openapi3.Schema) {
	switch {
	case s.Format == "date-time":
		for _, value := range []string{`""`, `"tomorrow"`, `"2026-11-22"`, `"2026-13-01T00:00:00Z"`, `"2026-11-22T25:00:00Z"`} {
			set(value)
		}
	case len(s.Enum) > 0:
		set(`"emperor"`)
		set(`""`)
	case s.MaxLength != nil:
		set(encoded(strings.Repeat("ü", int(*s.MaxLength)+1)))
	}
}

// dropField is a body without a field.
func dropField(t testing.TB, body, field string) string {
	t.Helper()
	marked := putField(t, body, field, dropped)
	var v any
	if err := json.Unmarshal([]byte(marked), &v); err != nil {
		t.Fatal(err)
	}
	return encoded(withoutDropped(v))
}

const dropped = "\x00dropped"

func withoutDropped(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if inner == dropped {
				delete(v, name)
				continue
			}
			v[name] = withoutDropped(inner)
		}
	case []any:
		for i := range v {
			v[i] = withoutDropped(v[i])
		}
	}
	return v
}

// A 405 says which methods there are.
func TestAnAddressSaysWhichMethodsItKnows(t *testing.T) {
	t.Parallel()
	s := apitest.New(t)
	for path, item := range s.Document.Spec.Paths.Map() {
		got := s.Nobody().Send(apitest.Request{Method: "BREW", Path: strings.NewReplacer("{", "", "}", "").Replace(path)})
		got.Refused(t, http.StatusMethodNotAllowed, "method_not_allowed")
		for method := range item.Operations() {
			if !strings.Contains(got.Headers["Allow"], method) {
				t.Errorf("%s allows %q, without %s", path, got.Headers["Allow"], method)
			}
		}
	}
}
