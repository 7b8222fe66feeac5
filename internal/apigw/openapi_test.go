package apigw_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/getkin/kin-openapi/openapi3"

	"github.com/usher-seats/usher/internal/apigw"
)

func document(t *testing.T) (string, *openapi3.T) {
	t.Helper()
	_, api := sampleAPI(newService())
	b, err := apigw.Document(api)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(b)
	if err != nil {
		t.Fatalf("%v in\n%s", err, b)
	}
	return string(b), doc
}

func TestTheDocumentSaysWhatAnOperationAnswers(t *testing.T) {
	text, doc := document(t)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("version %s", doc.OpenAPI)
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			r := op.Responses.Default()
			if r == nil || r.Value.Content["application/problem+json"].Schema.Ref != "#/components/schemas/ProblemBody" {
				t.Errorf("%s %s does not document its problems", method, path)
			}
		}
	}
	invite := doc.Paths.Find("/v1/accounts/{account}/invitations").Post
	created := invite.Responses.Status(http.StatusCreated).Value
	if ref := created.Content["application/json"].Schema.Ref; ref != "#/components/schemas/InviteResult" {
		t.Errorf("the answer is %q", ref)
	}
	if created.Headers["Idempotent-Replayed"] == nil {
		t.Error("the replay's header is not documented")
	}
	if len(invite.RequestBody.Value.Content) != 1 {
		t.Errorf("the body may be %v", invite.RequestBody.Value.Content)
	}
	if doc.Components.SecuritySchemes["bearer"] == nil || len(doc.Security) != 1 {
		t.Error("the token is not documented")
	}
	if s := doc.Paths.Find("/v1/fail/{why}").Get.Security; s == nil || len(*s) != 1 || len((*s)[0]) != 0 {
		t.Errorf("the public operation needs %v", s)
	}
	for _, word := range []string{"ErrorModel", "ErrorDetail", "$schema", "octet-stream", "- \"null\"", "- 'null'"} {
		if strings.Contains(text, word) {
			t.Errorf("the document has %s", word)
		}
	}
}

// registerTen is what a function with many operations does at start.
func registerTen() *http.ServeMux {
	mux := http.NewServeMux()
	api := apigw.NewAPI(mux, apigw.Options{Title: "Usher", Version: "1"})
	s := newService()
	for _, prefix := range []string{"a", "b", "c", "d", "e"} {
		apigw.Register(api, huma.Operation{OperationID: prefix + "-invite", Method: http.MethodPost, Path: "/v1/accounts/{account}/" + prefix}, s.invite)
		apigw.Register(api, huma.Operation{OperationID: prefix + "-list", Method: http.MethodGet, Path: "/v1/accounts/{account}/" + prefix}, s.list)
	}
	return mux
}

func BenchmarkRegisterTenOperations(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		registerTen()
	}
}

// TestStartingIsCheap guards against work that grows with the square of the
// operations, by allocations, since time on a shared machine says little.
func TestStartingIsCheap(t *testing.T) {
	const most = 5_000 // measured: about 2,700
	if got := testing.AllocsPerRun(5, func() { registerTen() }); got > most {
		t.Errorf("ten operations register with %.0f allocations, at most %d", got, most)
	}
}
