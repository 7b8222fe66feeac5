package api_test

import (
	"bytes"
	"maps"
	"net/http"
	"os"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/apigw"
)

func TestTheDocumentIsTheOneOfTheCode(t *testing.T) {
	generated := apigw.NewAPI(http.NewServeMux(), api.Options)
	api.All(generated, nil, nil, nil, nil, nil)
	want, err := apigw.Document(generated)
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile(apitest.DocumentPath())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, want) {
		t.Error("infra/openapi.yaml is not what the code says. Write it anew: go run ./internal/api/openapi")
	}
}

func TestEveryOperationIsDocumentedWhole(t *testing.T) {
	d := apitest.LoadDocument(t)
	seen := map[string]bool{}
	for _, op := range d.Operations() {
		at := op.Method + " " + op.Path
		if op.ID() == "" || seen[op.ID()] {
			t.Errorf("%s: the id %q is empty or another operation's", at, op.ID())
		}
		seen[op.ID()] = true
		if op.Summary == "" || len(op.Tags) != 1 {
			t.Errorf("%s has the summary %q and the tags %v", at, op.Summary, op.Tags)
		}
		if public := op.ID() == "look-up-invitation" || op.ID() == "get-license-keys"; op.Public() != public || !public && op.Security != nil {
			t.Errorf("%s has the security %v: the look-up and the keys alone are public, all else has the document's", at, op.Security)
		}
		if problem := op.Responses.Default(); problem == nil || problem.Value.Content["application/problem+json"] == nil {
			t.Errorf("%s does not document its problems", at)
		}
		if op.Responses.Status(http.StatusOK) == nil && op.Responses.Status(http.StatusNoContent) == nil {
			t.Errorf("%s does not document its success", at)
		}
	}
	if len(d.Spec.Security) != 1 || d.Spec.Security[0]["bearer"] == nil {
		t.Errorf("the document's security is %v", d.Spec.Security)
	}
}

// What comes in has its bounds in the document, so that a client knows them and
// nothing without a bound gets through.
func TestEveryFieldThatIsSentIsBounded(t *testing.T) {
	d := apitest.LoadDocument(t)
	fields := 0
	for _, op := range d.Operations() {
		for _, p := range op.Parameters {
			bounded(t, &fields, op.ID()+" "+p.Value.In+"."+p.Value.Name, p.Value.Schema.Value)
		}
		if body := op.Body(); body != nil {
			bounded(t, &fields, op.ID()+" body", body)
		}
	}
	t.Logf("%d fields and parameters", fields)
}

func bounded(t *testing.T, fields *int, at string, s *openapi3.Schema) {
	*fields++
	switch {
	case s.Type.Is("object"):
		if s.AdditionalProperties.Has == nil || *s.AdditionalProperties.Has {
			t.Errorf("%s takes fields that are not documented", at)
		}
		for name, p := range s.Properties {
			bounded(t, fields, at+"."+name, p.Value)
		}
	case s.Type.Is("array"):
		if s.MaxItems == nil {
			t.Errorf("%s has no largest number of entries", at)
		}
		bounded(t, fields, at+"[]", s.Items.Value)
	case s.Type.Is("string"):
		if s.MaxLength == nil && len(s.Enum) == 0 && s.Format != "date-time" {
			t.Errorf("%s has no longest text", at)
		}
	case s.Type.Is("integer"):
		if s.Min == nil || s.Max == nil {
			t.Errorf("%s has no smallest and largest number", at)
		}
	case !s.Type.Is("boolean"):
		t.Errorf("%s has the type %v", at, s.Type)
	}
}

// What goes out has no fields beside the documented ones. An event's data are the
// one exception: they are documented by the event contract.
func TestEveryObjectThatIsAnsweredIsClosed(t *testing.T) {
	for name, s := range apitest.LoadDocument(t).Spec.Components.Schemas {
		if !s.Value.Type.Is("object") {
			continue
		}
		if s.Value.AdditionalProperties.Has == nil || *s.Value.AdditionalProperties.Has {
			t.Errorf("%s has fields that are not documented", name)
		}
		for field, p := range s.Value.Properties {
			open := p.Value.Type.Is("object") && p.Ref == ""
			if open != (name == "Event" && field == "data") {
				t.Errorf("%s.%s is an object that nobody has documented", name, field)
			}
		}
	}
}

// unkeyed are the writes without an Idempotency-Key, each with what makes it
// harmless to send twice.
func unkeyed() map[string]string {
	return map[string]string{
		"bind-me":              "binds what is not bound yet",
		"look-up-invitation":   "writes nothing",
		"create-license-token": "changes nothing; a second token is as good as the first",
		"quote-seats":          "a second quote is one more offer, and nothing else",
		"quote-subscription":   "a second quote is one more offer, and nothing else",
		"suppose":              "it looks ahead and writes nothing",
		"quote-request":        "a second price is one more offer, and nothing else",
		"validate-catalog":     "writes nothing",
		"publish-catalog":      "publishes what has changed",
		"advance-clock":        "moves to an instant, forward only",
		"close-account-cycle":  "closes what is due, each period once",
		"retry-parked-account": "an open account has nothing to retry",
	}
}

func TestEveryWriteTakesAnIdempotencyKeyOrSaysWhyNot(t *testing.T) {
	excused := unkeyed()
	for _, op := range apitest.LoadDocument(t).Operations() {
		_, ok := excused[op.ID()]
		delete(excused, op.ID())
		if op.Writes() && op.Keyed() == ok || !op.Writes() && (op.Keyed() || ok) {
			t.Errorf("%s %s: takes a key: %v, is excused: %v", op.Method, op.ID(), op.Keyed(), ok)
		}
	}
	if len(excused) > 0 {
		t.Errorf("excused and not there: %v", slices.Sorted(maps.Keys(excused)))
	}
}
