package apigw_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/usher-seats/usher/internal/apigw"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	invitePath = "/v1/accounts/" + account + "/invitations"
	peoplePath = "/v1/accounts/" + account + "/people"
	goodBody   = `{"people":[{"email":"ada@example.com"}]}`
)

func post(body string) events.APIGatewayV2HTTPRequest {
	return event("POST", invitePath, "", body, map[string]string{"content-type": "application/json"})
}

func with(e events.APIGatewayV2HTTPRequest, name, value string) events.APIGatewayV2HTTPRequest {
	headers := map[string]string{name: value}
	for n, v := range e.Headers {
		if n != name {
			headers[n] = v
		}
	}
	e.Headers = headers
	return e
}

// badInput is every way of getting a request wrong, each with its answer.
func badInput() []struct {
	name   string
	event  events.APIGatewayV2HTTPRequest
	status int
	code   string
} {
	type row = struct {
		name   string
		event  events.APIGatewayV2HTTPRequest
		status int
		code   string
	}
	var rows []row
	add := func(status int, code, name string, e events.APIGatewayV2HTTPRequest) {
		rows = append(rows, row{name, e, status, code})
	}
	invalid := func(name, body string) { add(422, "invalid", name, post(body)) }
	malformed := func(name, body string) { add(400, "malformed", name, post(body)) }
	get := func(path, query string) events.APIGatewayV2HTTPRequest { return event("GET", path, query, "", nil) }

	malformed("no body", ``)
	malformed("half a body", `{"people":[`)
	malformed("something behind the body", goodBody+`{}`)
	malformed("not JSON at all", `hello`)
	invalid("a number beyond all numbers", `{"people":[{"email":"ada"}],"seats":1e999}`)
	malformed("not UTF-8", "{\"people\":[{\"email\":\"\xff\"}]}")
	malformed("nested too deeply", `{"extra":{"a":`+strings.Repeat("[", 31)+strings.Repeat("]", 31)+`}}`)
	malformed("nested a hundred thousand deep", strings.Repeat("[", 100_000))
	invalid("a body that is null", `null`)
	invalid("a body that is a list", `[]`)
	invalid("a field that is null", `{"people":[{"email":"ada","role":null}]}`)
	invalid("a field missing", `{}`)
	invalid("a field missing in a list", `{"people":[{"email":"ada"},{"role":"admin"}]}`)
	invalid("an unknown field", `{"people":[{"email":"ada"}],"price":0}`)
	invalid("an unknown field within", `{"people":[{"email":"ada","owner":true}]}`)
	invalid("a field in another case", `{"people":[{"email":"ada"}],"Seats":5}`)
	invalid("a field twice", `{"people":[{"email":"ada","role":"member","role":"admin"}]}`)
	invalid("a field twice in a free object", `{"people":[{"email":"ada"}],"extra":{"a":{"b":1,"b":2}}}`)
	invalid("a list that is null", `{"people":null}`)
	invalid("a list that is empty", `{"people":[]}`)
	invalid("a list that is too long", `{"people":[{"email":"ada"},{"email":"bob"},{"email":"cyd"},{"email":"dan"}]}`)
	invalid("text that is too short", `{"people":[{"email":"a"}]}`)
	invalid("text that is too long", `{"people":[{"email":"`+strings.Repeat("a", 255)+`"}]}`)
	invalid("a word that is none of the choices", `{"people":[{"email":"ada","role":"owner"}]}`)
	invalid("a number for a text", `{"people":[{"email":5}]}`)
	invalid("a text for a number", `{"people":[{"email":"ada"}],"seats":"5"}`)
	invalid("a number too large", `{"people":[{"email":"ada"}],"seats":11}`)
	invalid("a number below zero", `{"people":[{"email":"ada"}],"seats":-1}`)
	invalid("a fraction", `{"people":[{"email":"ada"}],"seats":1.5}`)
	invalid("a whole number written as a fraction", `{"people":[{"email":"ada"}],"seats":5.0}`)
	invalid("a number of nineteen digits", `{"people":[{"email":"ada"}],"seats":9223372036854775808}`)
	invalid("a time that is none", `{"people":[{"email":"ada"}],"until":"tomorrow"}`)
	invalid("a map's value of the wrong type", `{"people":[{"email":"ada"}],"labels":{"a":5}}`)
	invalid("a secret that is too long", `{"people":[{"email":"ada"}],"token":"canary-of-a-token"}`)
	invalid("a name that breaks lines", `{"people":[{"email":"ada"}],"a\nb":1}`)
	invalid("many mistakes at once", `{"people":[{"email":"","x":1},{}],"seats":99,"y":2}`)
	invalid("more mistakes than anybody mends", `{`+manyUnknown(80)+`"people":[{"email":"ada"}]}`)

	add(415, "unsupported_media_type", "a form", with(post(`people=ada`), "content-type", "application/x-www-form-urlencoded"))
	add(415, "unsupported_media_type", "text", with(post(goodBody), "content-type", "text/plain"))
	add(415, "unsupported_media_type", "a patch", with(post(goodBody), "content-type", "application/merge-patch+json"))
	add(415, "unsupported_media_type", "another encoding", with(post(goodBody), "content-type", "application/json; charset=latin1"))
	add(415, "unsupported_media_type", "a media type that is none", with(post(goodBody), "content-type", ";;"))
	add(413, "too_large", "a body that is too large", post(`{"people":"`+strings.Repeat("a", apigw.MaxBodyBytes)+`"}`))
	add(422, "invalid", "a body where none belongs", event("DELETE", "/v1/thing", "", `{"force":true}`, nil))

	add(422, "invalid", "an unknown parameter", get(peoplePath, "colour=red"))
	add(422, "invalid", "a parameter twice", get(peoplePath, "limit=1&limit=2"))
	add(422, "invalid", "a limit of zero", get(peoplePath, "limit=0"))
	add(422, "invalid", "a limit beyond the largest", get(peoplePath, "limit=101"))
	add(422, "invalid", "a limit that is no number", get(peoplePath, "limit=many"))
	add(422, "invalid", "a limit of twenty digits", get(peoplePath, "limit=99999999999999999999"))
	add(422, "invalid", "a sort that is none of the choices", get(peoplePath, "sort=colour"))
	add(422, "invalid", "a cursor that is none", get(peoplePath, "cursor=abc"))
	add(422, "invalid", "a cursor that is too long", get(peoplePath, "cursor="+strings.Repeat("a", 3000)))
	add(400, "malformed", "a query that is not encoded", get(peoplePath, "sort=%zz"))
	add(400, "malformed", "a query with a semicolon", get(peoplePath, "a;b"))

	for name, key := range map[string]string{"with a blank": "a b", "beyond ASCII": "schlüssel", "too long": strings.Repeat("k", 256), "empty": ""} {
		add(422, "invalid", "an Idempotency-Key "+name, with(post(goodBody), "idempotency-key", key))
	}
	add(404, "not_found", "an unknown path", get("/v1/nothing", ""))
	add(404, "not_found", "a path with a slash behind", get("/v1/fail/x/", ""))
	add(404, "not_found", "a path with two slashes", get("/v1//me", ""))
	add(404, "not_found", "a path with dots", get("/v1/accounts/../thing", ""))
	add(404, "not_found", "documentation", get("/docs", ""))
	add(404, "not_found", "the document", get("/openapi.json", ""))
	add(404, "not_found", "a schema", get("/schemas/Problem.json", ""))
	add(405, "method_not_allowed", "another method", event("PUT", invitePath, "", "", nil))
	add(405, "method_not_allowed", "a method that is none", event("BREW", invitePath, "", "", nil))
	return rows
}

func manyUnknown(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"x%02d":1,`, i)
	}
	return b.String()
}

func TestBadInputIsAnsweredWithWhatToDo(t *testing.T) {
	s := newService()
	g := newGateway(t, s)
	var got bytes.Buffer
	rows := badInput()
	for _, row := range rows {
		out := g.send(row.event)
		p := problem(t, out)
		if out.StatusCode != row.status || p.Code != row.code {
			t.Errorf("%s: %d %s, want %d %s: %s", row.name, out.StatusCode, p.Code, row.status, row.code, p.Detail)
		}
		for _, word := range []string{"canary", "json:", "Go ", "struct", "apigw", "unmarshal", "\\n"} {
			if strings.Contains(p.Detail, word) || strings.Contains(fmt.Sprint(p.Errors), word) {
				t.Errorf("%s: the answer shows %q: %s", row.name, word, out.Body)
			}
		}
		if len(p.Errors) > 50 {
			t.Errorf("%s: %d errors", row.name, len(p.Errors))
		}
		if !strings.HasPrefix(row.name, "an Idempotency-Key") { // their order is a map's
			fmt.Fprintf(&got, "%s\n  %s", row.name, out.Body)
		}
	}
	if s.calls != 0 {
		t.Errorf("%d of %d got through", s.calls, len(rows))
	}
	compare(t, "problems.txt", got.Bytes())
}

func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	golden := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s has changed; now:\n%s", golden, got)
	}
}

func TestWhatIsRightGetsThrough(t *testing.T) {
	deep := `{"people":[{"email":"ada"}],"extra":{"a":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + `}}`
	exact := `{"people":[{"email":"ada"}],"extra":{"a":"` + strings.Repeat("x", apigw.MaxBodyBytes-45) + `"}}`
	if len(exact) != apigw.MaxBodyBytes {
		t.Fatalf("the case has %d bytes", len(exact))
	}
	for name, e := range map[string]events.APIGatewayV2HTTPRequest{
		"plain":                             post(goodBody),
		"no media type":                     event("POST", invitePath, "", goodBody, nil),
		"a charset":                         with(post(goodBody), "content-type", "application/json; charset=UTF-8"),
		"a key of 255 bytes":                with(post(goodBody), "idempotency-key", strings.Repeat("~", 255)),
		"as deep as allowed":                post(deep),
		"as large as allowed":               post(exact),
		"free names in a map and free JSON": post(`{"people":[{"email":"ada"}],"labels":{"People":"x"},"extra":{"Seats":[1.5,{"Email":null}]}}`),
		"blanks around":                     post(" \n" + goodBody + "\n "),
	} {
		if out := newGateway(t, newService()).send(e); out.StatusCode != 201 {
			t.Errorf("%s: %d %s", name, out.StatusCode, out.Body)
		}
	}
	for name, e := range map[string]events.APIGatewayV2HTTPRequest{
		"an empty object where no body belongs": event("DELETE", "/v1/thing", "", "{}", nil),
		"nothing where no body belongs":         event("DELETE", "/v1/thing", "", "", nil),
	} {
		if out := newGateway(t, newService()).send(e); out.StatusCode != 204 || out.Body != "" {
			t.Errorf("%s: %d %s", name, out.StatusCode, out.Body)
		}
	}
}

func TestA405SaysWhichMethodsThereAre(t *testing.T) {
	out := newGateway(t, newService()).send(event("PUT", invitePath, "", "", nil))
	if out.Headers["Allow"] != "POST" || !strings.Contains(out.Body, "It knows POST.") {
		t.Errorf("got %v %s", out.Headers, out.Body)
	}
}

func TestAnswersAreJSONWhateverIsAskedFor(t *testing.T) {
	for _, accept := range []string{"text/html", "json", "application/problem+json", "application/cbor, */*;q=0.1", "*/*", ";;;"} {
		out := newGateway(t, newService()).send(with(post(goodBody), "accept", accept))
		if out.StatusCode != 201 || out.Headers["Content-Type"] != "application/json" {
			t.Errorf("Accept %q: %d %s", accept, out.StatusCode, out.Headers["Content-Type"])
		}
	}
}

func TestEveryAnswerForbidsStoringAndSniffing(t *testing.T) {
	g := newGateway(t, newService())
	for _, out := range []events.APIGatewayV2HTTPResponse{g.post(goodBody), g.post(`{`), g.send(event("GET", "/nothing", "", "", nil))} {
		if out.Headers["Cache-Control"] != "no-store" || out.Headers["X-Content-Type-Options"] != "nosniff" {
			t.Errorf("got %v", out.Headers)
		}
	}
}

func FuzzABodyIsNeverAnInternalError(f *testing.F) {
	for _, row := range badInput() {
		if row.event.RequestContext.HTTP.Method == "POST" && len(row.event.Body) < 1000 {
			f.Add(row.event.Body, "limit=1", "key")
		}
	}
	f.Add(goodBody, "cursor=AQ&sort=name", "")
	s := newService()
	mux, _ := sampleAPI(s)
	handle := apigw.Adapt(apigw.Handler(mux), rights())
	f.Fuzz(func(t *testing.T, body, query, key string) {
		for _, e := range []events.APIGatewayV2HTTPRequest{
			with(post(body), "idempotency-key", key),
			event("GET", peoplePath, query, "", nil),
			event("GET", "/v1/fail/"+key, query, "", nil),
			event("DELETE", "/v1/"+key, query, body, nil),
		} {
			if strings.Contains(key, "panic") {
				continue
			}
			out, err := handle(context.Background(), e)
			if err != nil || out.StatusCode >= 500 || out.StatusCode < 200 || (out.StatusCode >= 300 && out.StatusCode < 400) {
				t.Fatalf("%s %s?%s %q: %d %s %v", e.RequestContext.HTTP.Method, e.RawPath, e.RawQueryString, e.Body, out.StatusCode, out.Body, err)
			}
			if out.StatusCode >= 400 {
				problem(t, out)
			}
		}
	})
}
