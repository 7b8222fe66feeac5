package sam

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// resolver turns nodes into values.
type resolver struct {
	file       string
	options    Options
	params     map[string]string
	lists      map[string]bool // parameters that are lists
	conditions map[string]*yaml.Node
	deciding   map[string]bool // conditions being decided, to find circles
	mappings   *Value
	resources  map[string]*Resource // active ones
	inactive   map[string]*Resource
	errs       []error
}

func newResolver(file string, o Options) *resolver {
	o.StackName = cmp.Or(o.StackName, DefaultStackName)
	o.Region = cmp.Or(o.Region, DefaultRegion)
	o.AccountID = cmp.Or(o.AccountID, DefaultAccountID)
	return &resolver{
		file: file, options: o,
		params: map[string]string{}, lists: map[string]bool{}, conditions: map[string]*yaml.Node{}, deciding: map[string]bool{},
		resources: map[string]*Resource{}, inactive: map[string]*Resource{},
	}
}

func (r *resolver) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", r.file, line, fmt.Errorf(format, args...))
}

// fail records an error of the template.
func (r *resolver) fail(line int, format string, args ...any) {
	r.errs = append(r.errs, r.errorf(line, format, args...))
}

// longForms are the spellings of intrinsic functions as a map with one key.
var longForms = []string{
	"Ref", "Fn::GetAtt", "Fn::Sub", "Fn::If", "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not", "Fn::Join", "Fn::Select", "Fn::Split",
	"Fn::FindInMap", "Fn::Base64", "Fn::ImportValue", "Fn::Cidr", "Fn::GetAZs", "Fn::Transform", "Fn::ForEach", "Fn::Length", "Fn::ToJsonString",
}

// value resolves a node.
func (r *resolver) value(n *yaml.Node) *Value {
	if n == nil {
		return nil
	}
	if n.Kind == yaml.AliasNode {
		return r.value(n.Alias)
	}
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		return r.call(strings.TrimPrefix(n.Tag, "!"), n, n)
	}
	switch n.Kind {
	case yaml.ScalarNode:
		return &Value{Line: n.Line, tag: n.Tag, text: n.Value}
	case yaml.SequenceNode:
		return r.sequence(n)
	case yaml.MappingNode:
		if len(n.Content) == 2 && slices.Contains(longForms, n.Content[0].Value) {
			return r.call(strings.TrimPrefix(n.Content[0].Value, "Fn::"), n.Content[1], n)
		}
		return r.mapping(n)
	}
	return unknown(n.Line, r.errorf(n.Line, "cannot read this kind of YAML"))
}

func (r *resolver) sequence(n *yaml.Node) *Value {
	v := &Value{Line: n.Line, kind: listKind}
	for _, item := range n.Content {
		if e := r.value(item); e.kind != noValue {
			v.list = append(v.list, e)
		}
	}
	return v
}

func (r *resolver) mapping(n *yaml.Node) *Value {
	v := &Value{Line: n.Line, kind: mapKind, fields: map[string]*Value{}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Tag == "!!merge" {
			return unknown(key.Line, r.errorf(key.Line, "merge keys (<<) are not supported; write the properties out"))
		}
		e := r.value(n.Content[i+1])
		if e.kind == noValue {
			continue
		}
		v.keys = append(v.keys, key.Value)
		v.fields[key.Value] = e
	}
	return v
}

// call resolves an intrinsic function. In the short form the argument carries the function's tag and must not be resolved as
// a call again.
func (r *resolver) call(name string, arg, at *yaml.Node) *Value {
	plain := *arg
	if arg == at {
		plain.Tag = ""
	}
	switch name {
	case "Ref":
		return r.ref(plain.Value, at.Line)
	case "GetAtt":
		return r.getAttCall(&plain, at.Line)
	case "Sub":
		return r.sub(&plain, at.Line)
	case "If":
		return r.ifCall(&plain, at.Line)
	case "Equals", "And", "Or", "Not", "Condition":
		ok, err := r.decide(name, &plain, at.Line)
		if err != nil {
			return unknown(at.Line, err)
		}
		return &Value{Line: at.Line, tag: "!!bool", text: strconv.FormatBool(ok)}
	case "Join", "Select", "Split", "FindInMap", "Base64":
		return r.stringCall(name, &plain, at.Line)
	}
	return unknown(at.Line, r.errorf(at.Line, "the function %s is not supported here", name))
}

// ifCall resolves only the branch that is taken, since the other may name what does not exist.
func (r *resolver) ifCall(arg *yaml.Node, line int) *Value {
	if arg.Kind != yaml.SequenceNode || len(arg.Content) != 3 {
		return unknown(line, r.errorf(line, "If takes a condition and two values"))
	}
	ok, err := r.condition(arg.Content[0].Value, line)
	if err != nil {
		return unknown(line, err)
	}
	if ok {
		return r.value(arg.Content[1])
	}
	return r.value(arg.Content[2])
}

var subVariable = regexp.MustCompile(`\$\{(!?)([^}]*)\}`)

// sub resolves Fn::Sub with a text, or with a list of a text and a map of variables.
func (r *resolver) sub(arg *yaml.Node, line int) *Value {
	own := &Value{}
	source := arg
	if arg.Kind == yaml.SequenceNode {
		if len(arg.Content) != 2 {
			return unknown(line, r.errorf(line, "Sub takes a text, or a text and a map"))
		}
		source, own = arg.Content[0], r.value(arg.Content[1])
	}
	var failed error
	out := subVariable.ReplaceAllStringFunc(source.Value, func(m string) string {
		parts := subVariable.FindStringSubmatch(m)
		if parts[1] == "!" {
			return "${" + parts[2] + "}"
		}
		v := own.Get(parts[2])
		if v == nil {
			if id, attribute, ok := strings.Cut(parts[2], "."); ok {
				v = r.getAtt(id, attribute, line)
			} else {
				v = r.ref(parts[2], line)
			}
		}
		if err := v.Err(); err != nil && failed == nil {
			failed = err
		}
		return v.Text()
	})
	if failed != nil {
		return unknown(line, failed)
	}
	return text(line, out)
}

// stringCall resolves the functions that compute with texts and lists.
func (r *resolver) stringCall(name string, arg *yaml.Node, line int) *Value {
	v := r.value(arg)
	if err := v.Err(); err != nil {
		return unknown(line, err)
	}
	items := v.Items()
	if want := map[string]int{"Join": 2, "Select": 2, "Split": 2, "FindInMap": 3, "Base64": 1}[name]; len(items) != want {
		return unknown(line, r.errorf(line, "%s takes %d arguments and has %d", name, want, len(items)))
	}
	switch name {
	case "Join":
		return text(line, strings.Join(items[1].Texts(), items[0].Text()))
	case "Split":
		out := &Value{Line: line, kind: listKind}
		for part := range strings.SplitSeq(items[1].Text(), items[0].Text()) {
			out.list = append(out.list, text(line, part))
		}
		return out
	case "Select":
		i, err := strconv.Atoi(items[0].Text())
		if list := items[1].Items(); err == nil && i >= 0 && i < len(list) {
			return list[i]
		}
		return unknown(line, r.errorf(line, "Select has no element %q", items[0].Text()))
	case "FindInMap":
		if found := r.mappings.Get(items[0].Text(), items[1].Text(), items[2].Text()); found != nil {
			return found
		}
		return unknown(line, r.errorf(line, "Mappings have no %s.%s.%s", items[0].Text(), items[1].Text(), items[2].Text()))
	}
	return text(line, base64.StdEncoding.EncodeToString([]byte(items[0].Text())))
}

// condition decides a named condition.
func (r *resolver) condition(name string, line int) (bool, error) {
	n, ok := r.conditions[name]
	if !ok {
		return false, r.errorf(line, "there is no condition %q", name)
	}
	if r.deciding[name] {
		return false, r.errorf(line, "the condition %q depends on itself", name)
	}
	r.deciding[name] = true
	defer delete(r.deciding, name)
	return r.boolean(n)
}

func (r *resolver) boolean(n *yaml.Node) (bool, error) {
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == "Condition" {
		return r.condition(n.Content[1].Value, n.Line)
	}
	v := r.value(n)
	if err := v.Err(); err != nil {
		return false, err
	}
	ok, err := strconv.ParseBool(v.Text())
	if err != nil {
		return false, r.errorf(n.Line, "%q is no condition", v.Text())
	}
	return ok, nil
}

// decide resolves a function of conditions.
func (r *resolver) decide(name string, arg *yaml.Node, line int) (bool, error) {
	if name == "Condition" {
		return r.condition(arg.Value, line)
	}
	if arg.Kind != yaml.SequenceNode {
		return false, r.errorf(line, "%s takes a list", name)
	}
	if name == "Equals" {
		v := r.sequence(arg)
		if err := v.Err(); err != nil {
			return false, err
		}
		if len(v.list) != 2 {
			return false, r.errorf(line, "Equals takes two values")
		}
		return v.list[0].Text() == v.list[1].Text(), nil
	}
	var all []bool
	for _, n := range arg.Content {
		ok, err := r.boolean(n)
		if err != nil {
			return false, err
		}
		all = append(all, ok)
	}
	switch {
	case name == "And":
		return !slices.Contains(all, false), nil
	case name == "Or":
		return slices.Contains(all, true), nil
	case len(all) == 1:
		return !all[0], nil
	}
	return false, r.errorf(line, "Not takes one condition")
}
