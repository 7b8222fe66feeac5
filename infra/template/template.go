// Package template reads template.yaml and tells what it says of each function:
// its environment, routes, triggers and permissions.
//
// The tests of this package hold the template against the rest of the repository,
// both ways, and catch what a linter of templates cannot know:
//
//   - functions: a folder under functions/ for every function, and the other way
//     round; runtime, architecture and build as they should be;
//   - configuration: what a function's configuration struct reads is set, and
//     nothing else is;
//   - routes: those of infra/openapi.yaml, with the same one public;
//   - policies: a role of its own for each function, that allows exactly the calls
//     listed in the tests, on named resources;
//   - schedules: expressions parse, zones load;
//   - rules: every pattern matches the events that it is for and no others;
//   - what is asynchronous has its dead letters; what is a queue is encrypted;
//   - log groups have a retention, functions and dead letters their alarms, alarms
//     an entry in infra/runbook.md;
//   - tables are protected, the origin of CORS is exact, no secret is in an
//     environment.
//
// Every check is itself held by a test that puts one fault into the template and
// expects that check to name it.
//
// Actions and Needs let a test that records a function's real calls compare them
// with what its role allows.
package template

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// FunctionType is the type of the resources that are functions.
const FunctionType = "AWS::Serverless::Function"

// Map is a YAML mapping. Intrinsic functions in their short form are mappings
// with one key too: !Ref X is {"Ref": "X"}, !GetAtt X.Arn is
// {"Fn::GetAtt": ["X", "Arn"]}, and every other !F is {"Fn::F": …}.
type Map = map[string]any

// Template is a parsed template.
type Template struct {
	// Tree is the whole document.
	Tree Map
}

// Resource is one of the template's resources.
type Resource struct {
	ID         string
	Type       string
	Properties Map
	// Attributes are the resource's other keys: Metadata, DeletionPolicy, Condition.
	Attributes Map
}

// Function is a function with the defaults of Globals filled in.
type Function struct {
	Resource
	// Name is the folder's name, from CodeUri.
	Name string
	// Environment is the function's variables, those of Globals included.
	Environment Map
	Routes      []Route
	// Events are the triggers that are no routes, by their type: Schedule, SQS…
	Events []Event
}

// Route is a method and a path of the HTTP API.
type Route struct {
	Method, Path string
	// Public is set where the route asks for no token.
	Public bool
}

func (r Route) String() string { return r.Method + " " + r.Path }

// Event is a trigger of a function.
type Event struct {
	Name, Type string
	Properties Map
}

// ReadFile reads the template at a path.
func ReadFile(name string) (*Template, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	defer f.Close()
	return Read(f)
}

// Read reads a template. It fails on YAML that does not parse and on a key that
// occurs twice in a mapping, of which CloudFormation would silently keep one.
func Read(r io.Reader) (*Template, error) {
	var doc yaml.Node
	if err := yaml.NewDecoder(r).Decode(&doc); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	value, err := decode(&doc)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	tree, ok := value.(Map)
	if !ok {
		return nil, errors.New("template: it is not a mapping")
	}
	return &Template{Tree: tree}, nil
}

func decode(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.DocumentNode:
		return decode(n.Content[0])
	case yaml.AliasNode:
		return nil, fmt.Errorf("line %d: CloudFormation knows no aliases", n.Line)
	}
	if name, short := strings.CutPrefix(n.Tag, "!"); short && !strings.HasPrefix(name, "!") && name != "" {
		return intrinsic(n, name)
	}
	switch n.Kind {
	case yaml.MappingNode:
		return mapping(n)
	case yaml.SequenceNode:
		return sequence(n)
	default:
		var v any
		err := n.Decode(&v)
		return v, err
	}
}

func intrinsic(n *yaml.Node, name string) (any, error) {
	plain := *n
	plain.Tag = ""
	if n.Kind == yaml.ScalarNode {
		switch name {
		case "Ref", "Condition":
			return Map{name: n.Value}, nil
		case "GetAtt":
			id, attribute, _ := strings.Cut(n.Value, ".")
			return Map{"Fn::GetAtt": []any{id, attribute}}, nil
		}
		return Map{"Fn::" + name: n.Value}, nil
	}
	v, err := decode(&plain)
	return Map{"Fn::" + name: v}, err
}

func mapping(n *yaml.Node) (any, error) {
	out := Map{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if _, twice := out[key]; twice {
			return nil, fmt.Errorf("line %d: %q occurs twice", n.Content[i].Line, key)
		}
		v, err := decode(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		out[key] = v
	}
	return out, nil
}

func sequence(n *yaml.Node) (any, error) {
	out := make([]any, 0, len(n.Content))
	for _, c := range n.Content {
		v, err := decode(c)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// At follows keys through mappings; nil where one is missing.
func At(m Map, keys ...string) any {
	var v any = m
	for _, k := range keys {
		m, ok := v.(Map)
		if !ok {
			return nil
		}
		v = m[k]
	}
	return v
}

// MapAt is At for a mapping; empty where there is none.
func MapAt(m Map, keys ...string) Map {
	v, _ := At(m, keys...).(Map)
	return v
}

// StringAt is At for a string; empty where there is none.
func StringAt(m Map, keys ...string) string {
	v, _ := At(m, keys...).(string)
	return v
}

// ListAt is At for a list. A single value counts as a list of one, as it does in
// policies.
func ListAt(m Map, keys ...string) []any {
	switch v := At(m, keys...).(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

// Target is the logical id that a value refers to by !Ref or !GetAtt.
func Target(v any) string {
	m, ok := v.(Map)
	if !ok {
		return ""
	}
	if id, ok := m["Ref"].(string); ok {
		return id
	}
	if list, ok := m["Fn::GetAtt"].([]any); ok && len(list) == 2 {
		id, _ := list[0].(string)
		return id
	}
	return ""
}

// Resources are the resources of a type, all of them for "", sorted by id.
func (t *Template) Resources(kind string) []Resource {
	var out []Resource
	all := MapAt(t.Tree, "Resources")
	for _, id := range slices.Sorted(maps.Keys(all)) {
		m, _ := all[id].(Map)
		r := Resource{ID: id, Type: StringAt(m, "Type"), Properties: MapAt(m, "Properties"), Attributes: m}
		if kind == "" || r.Type == kind {
			out = append(out, r)
		}
	}
	return out
}

// Resource is the resource with an id.
func (t *Template) Resource(id string) (Resource, bool) {
	for _, r := range t.Resources("") {
		if r.ID == id {
			return r, true
		}
	}
	return Resource{}, false
}

// Functions are all functions, sorted by id.
func (t *Template) Functions() []Function {
	globals := MapAt(t.Tree, "Globals", "Function")
	var out []Function
	for _, r := range t.Resources(FunctionType) {
		r.Properties = merge(globals, r.Properties)
		f := Function{
			Resource:    r,
			Name:        path.Base(StringAt(r.Properties, "CodeUri")),
			Environment: MapAt(r.Properties, "Environment", "Variables"),
		}
		f.readEvents()
		out = append(out, f)
	}
	return out
}

// Function is the function of a folder.
func (t *Template) Function(name string) (Function, bool) {
	for _, f := range t.Functions() {
		if f.Name == name {
			return f, true
		}
	}
	return Function{}, false
}

func (f *Function) readEvents() {
	events := MapAt(f.Properties, "Events")
	for _, name := range slices.Sorted(maps.Keys(events)) {
		m, _ := events[name].(Map)
		e := Event{Name: name, Type: StringAt(m, "Type"), Properties: MapAt(m, "Properties")}
		if e.Type != "HttpApi" {
			f.Events = append(f.Events, e)
			continue
		}
		f.Routes = append(f.Routes, Route{
			Method: StringAt(e.Properties, "Method"),
			Path:   StringAt(e.Properties, "Path"),
			Public: StringAt(e.Properties, "Auth", "Authorizer") == "NONE",
		})
	}
}

// merge lays a function's properties over the defaults, mappings key by key, as
// SAM does.
func merge(defaults, own Map) Map {
	out := maps.Clone(defaults)
	if out == nil {
		out = Map{}
	}
	for k, v := range own {
		a, aMap := out[k].(Map)
		b, bMap := v.(Map)
		if aMap && bMap {
			v = merge(a, b)
		}
		out[k] = v
	}
	return out
}
