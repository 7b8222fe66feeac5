package apitest

import (
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// Document is the committed OpenAPI document. Tests that must hold for every route
// go through its operations, so that a new route cannot be forgotten.
type Document struct {
	Spec       *openapi3.T
	operations []Operation
}

// Operation is one operation of the document.
type Operation struct {
	*openapi3.Operation
	Method, Path string
}

// ID is the operation's id.
func (o Operation) ID() string { return o.OperationID }

// Keyed reports whether the operation takes an Idempotency-Key.
func (o Operation) Keyed() bool {
	return o.Parameters.GetByInAndName(openapi3.ParameterInHeader, "Idempotency-Key") != nil
}

// Writes reports whether the operation is no plain reading.
func (o Operation) Writes() bool { return o.Method != "GET" }

// Public reports whether the operation needs no token.
func (o Operation) Public() bool {
	return o.Security != nil && len(*o.Security) == 1 && len((*o.Security)[0]) == 0
}

// Names are the operation's parameters in a place ("path", "query", "header"), in order.
func (o Operation) Names(in string) []string {
	var names []string
	for _, p := range o.Parameters {
		if p.Value.In == in {
			names = append(names, p.Value.Name)
		}
	}
	return names
}

// Body is the schema of the request's body, or nil.
func (o Operation) Body() *openapi3.Schema {
	if o.RequestBody == nil {
		return nil
	}
	return o.RequestBody.Value.Content["application/json"].Schema.Value
}

// DocumentPath is where the committed document lies.
func DocumentPath() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..", "infra", "openapi.yaml")
}

// LoadDocument reads the committed document.
func LoadDocument(t testing.TB) *Document {
	t.Helper()
	d, err := loadOnce()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// loadOnce remembers the document, which nobody changes: reading it takes longer than
// many a test.
var loadOnce = sync.OnceValues(func() (*Document, error) {
	spec, err := openapi3.NewLoader().LoadFromFile(DocumentPath())
	if err != nil {
		return nil, err
	}
	d := &Document{Spec: spec}
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			d.operations = append(d.operations, Operation{Operation: op, Method: method, Path: path})
		}
	}
	slices.SortFunc(d.operations, func(a, b Operation) int { return strings.Compare(a.ID(), b.ID()) })
	return d, nil
})

// Operations are all operations, in the order of their ids.
func (d *Document) Operations() []Operation { return slices.Clone(d.operations) }

// Operation is the one with the id.
func (d *Document) Operation(t testing.TB, id string) Operation {
	t.Helper()
	for _, op := range d.operations {
		if op.ID() == id {
			return op
		}
	}
	t.Fatalf("the document has no operation %q", id)
	return Operation{}
}

// Find is the operation that a request goes to, with its path parameters. A literal
// segment wins over a parameter, as it does in the router.
func (d *Document) Find(method, path string) (Operation, map[string]string, bool) {
	path, _, _ = strings.Cut(path, "?")
	sent := strings.Split(path, "/")
	var found Operation
	var params map[string]string
	for _, op := range d.operations {
		if op.Method != method {
			continue
		}
		got, ok := match(strings.Split(op.Path, "/"), sent)
		if ok && (params == nil || len(got) < len(params)) {
			found, params = op, got
		}
	}
	return found, params, params != nil
}

func match(template, sent []string) (map[string]string, bool) {
	if len(template) != len(sent) {
		return nil, false
	}
	params := map[string]string{}
	for i, segment := range template {
		name, isParameter := strings.CutPrefix(segment, "{")
		switch {
		case isParameter && sent[i] != "":
			params[strings.TrimSuffix(name, "}")] = unescaped(sent[i])
		case segment != sent[i]:
			return nil, false
		}
	}
	return params, true
}

// FieldNames are the names of all fields of all schemas, in order.
func (d *Document) FieldNames() []string {
	names := map[string]bool{}
	for _, s := range d.Spec.Components.Schemas {
		for name := range s.Value.Properties {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
