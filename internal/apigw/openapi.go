package apigw

import (
	"maps"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// Document returns the API's OpenAPI 3.1 document as YAML. Call it on an API that
// serves nothing: it takes unused schemas out.
func Document(api huma.API) ([]byte, error) {
	schemas := api.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel")
	delete(schemas, "ErrorDetail")
	return api.OpenAPI().YAML()
}

func withProblems(registry huma.Registry, responses map[string]*huma.Response) map[string]*huma.Response {
	out := maps.Clone(responses)
	if out == nil {
		out = map[string]*huma.Response{}
	}
	out["default"] = &huma.Response{
		Description: "A problem: what went wrong and what to do next",
		Content: map[string]*huma.MediaType{problemType: {
			Schema: registry.Schema(reflect.TypeFor[ProblemBody](), true, "Problem"),
		}},
	}
	return out
}

// denullArrays takes null from the types of arrays, which huma gives to every
// slice: an array that may be null would pass its own minItems.
func denullArrays(doc *huma.OpenAPI, op *huma.Operation) {
	for _, s := range doc.Components.Schemas.Map() {
		denull(s)
	}
	if op.RequestBody != nil {
		for _, m := range op.RequestBody.Content {
			denull(m.Schema)
		}
	}
	for _, r := range op.Responses {
		for _, m := range r.Content {
			denull(m.Schema)
		}
	}
}

func denull(s *huma.Schema) {
	if s == nil {
		return
	}
	if s.Type == huma.TypeArray {
		s.Nullable = false
		denull(s.Items)
	}
	for _, p := range s.Properties {
		denull(p)
	}
	if inner, ok := s.AdditionalProperties.(*huma.Schema); ok {
		denull(inner)
	}
}
