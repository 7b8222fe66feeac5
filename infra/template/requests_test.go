package template_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/getkin/kin-openapi/openapi3"
)

// TestRequestsOfEventFilesAreGood holds parameters and bodies of infra/events
// against the OpenAPI document: an example that is refused teaches the wrong thing.
func TestRequestsOfEventFilesAreGood(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(root, "infra", "openapi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	tpl := parse(t, templateText(t))
	for _, f := range tpl.Functions() {
		if len(f.Routes) == 0 || f.Name == pages {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(root, "infra", "events", f.Name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var e lambdaevents.APIGatewayV2HTTPRequest
			if err := json.Unmarshal(text, &e); err != nil {
				t.Fatal(err)
			}
			method, path, _ := strings.Cut(e.RouteKey, " ")
			item := doc.Paths.Value(path)
			if item == nil || item.GetOperation(method) == nil {
				t.Fatalf("the OpenAPI document has no %s", e.RouteKey)
			}
			checkParameters(t, item.GetOperation(method), e)
			checkBody(t, item.GetOperation(method), e)
		})
	}
}

func checkParameters(t *testing.T, op *openapi3.Operation, e lambdaevents.APIGatewayV2HTTPRequest) {
	sent := map[string]map[string]string{"path": e.PathParameters, "query": e.QueryStringParameters, "header": e.Headers}
	var queries []string
	for _, ref := range op.Parameters {
		p := ref.Value
		name := p.Name
		if p.In == "header" {
			name = strings.ToLower(name)
		}
		if p.In == "query" {
			queries = append(queries, name)
		}
		value, present := sent[p.In][name]
		if p.Required && !present {
			t.Errorf("it lacks the %s parameter %s", p.In, name)
		}
		if !present || p.Schema == nil {
			continue
		}
		var v any = value
		if !p.Schema.Value.Type.Is("string") {
			if err := json.Unmarshal([]byte(value), &v); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := p.Schema.Value.VisitJSON(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name := range e.QueryStringParameters {
		if !slices.Contains(queries, name) {
			t.Errorf("the operation has no query parameter %s", name)
		}
	}
}

func checkBody(t *testing.T, op *openapi3.Operation, e lambdaevents.APIGatewayV2HTTPRequest) {
	if op.RequestBody == nil {
		if e.Body != "" {
			t.Error("the operation takes no body")
		}
		return
	}
	if e.Body == "" {
		if op.RequestBody.Value.Required {
			t.Error("it lacks a body")
		}
		return
	}
	var body any
	if err := json.Unmarshal([]byte(e.Body), &body); err != nil {
		t.Fatal(err)
	}
	media := op.RequestBody.Value.Content.Get("application/json")
	if media == nil {
		t.Fatal("the operation takes no JSON")
	}
	if err := media.Schema.Value.VisitJSON(body); err != nil {
		t.Error(err)
	}
}
