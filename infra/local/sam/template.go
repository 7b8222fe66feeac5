package sam

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

const (
	typeFunction         = "AWS::Serverless::Function"
	typeAPI              = "AWS::Serverless::HttpApi"
	typeSimpleTable      = "AWS::Serverless::SimpleTable"
	typeTable            = "AWS::DynamoDB::Table"
	typeQueue            = "AWS::SQS::Queue"
	typeBus              = "AWS::Events::EventBus"
	typeRule             = "AWS::Events::Rule"
	typeSchedule         = "AWS::Scheduler::Schedule"
	typeKey              = "AWS::KMS::Key"
	typeTopic            = "AWS::SNS::Topic"
	typeRole             = "AWS::IAM::Role"
	typeLogGroup         = "AWS::Logs::LogGroup"
	typeConfigurationSet = "AWS::SES::ConfigurationSet"
	typeEmailIdentity    = "AWS::SES::EmailIdentity"
	typeMapping          = "AWS::Lambda::EventSourceMapping"
)

// sections are the known parts of a template.
var sections = []string{
	"AWSTemplateFormatVersion", "Transform", "Description", "Metadata", "Parameters", "Mappings", "Conditions", "Globals",
	"Resources", "Outputs", "Rules",
}

// template resolves the document.
func (r *resolver) template(root *yaml.Node) *Template {
	t := &Template{Parameters: r.params, Resources: r.resources, Inactive: r.inactive, Outputs: map[string]*Value{}}
	if root.Kind != yaml.MappingNode {
		r.fail(root.Line, "a template is a map")
		return t
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if key := root.Content[i]; !slices.Contains(sections, key.Value) {
			r.fail(key.Line, "unknown section %q", key.Value)
		}
	}
	r.parameters(child(root, "Parameters"))
	r.mappings = r.value(child(root, "Mappings"))
	each(child(root, "Conditions"), func(key, n *yaml.Node) { r.conditions[key.Value] = n })
	order := r.collect(child(root, "Resources"))
	globals := r.globals(child(root, "Globals"))
	for _, res := range order {
		r.model(t, res, globals)
	}
	r.attachRoutes(t)
	each(child(root, "Outputs"), func(key, n *yaml.Node) {
		if r.active(n) {
			t.Outputs[key.Value] = r.value(child(n, "Value"))
		}
	})
	return t
}

func each(n *yaml.Node, f func(key, value *yaml.Node)) {
	if n == nil {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		f(n.Content[i], n.Content[i+1])
	}
}

// parameters settles the value of each parameter and checks it as CloudFormation does.
func (r *resolver) parameters(n *yaml.Node) {
	declared := map[string]bool{}
	each(n, func(key, def *yaml.Node) {
		name := key.Value
		declared[name] = true
		v := r.value(def)
		value, given := r.options.Parameters[name]
		if !given {
			value, given = r.options.Defaults[name]
		}
		if !given {
			if v.Get("Default") == nil {
				r.fail(key.Line, "the parameter %s has no default and no value was given", name)
				return
			}
			value = v.Get("Default").Text()
		}
		r.params[name] = value
		kind := v.Get("Type").Text()
		r.lists[name] = kind == "CommaDelimitedList" || strings.HasPrefix(kind, "List<")
		if _, err := strconv.ParseFloat(value, 64); kind == "Number" && err != nil {
			r.fail(key.Line, "the parameter %s is %q and must be a number", name, value)
		}
		if allowed := v.Get("AllowedValues"); allowed != nil && !slices.Contains(allowed.Texts(), value) {
			r.fail(key.Line, "the parameter %s is %q and must be one of %s", name, value, strings.Join(allowed.Texts(), ", "))
		}
		if pattern := v.Get("AllowedPattern").Text(); pattern != "" {
			ok, err := regexp.MatchString("^(?:"+pattern+")$", value)
			if err != nil {
				r.fail(key.Line, "the AllowedPattern of %s: %w", name, err)
			} else if !ok {
				r.fail(key.Line, "the parameter %s is %q; %s", name, value,
					cmp.Or(v.Get("ConstraintDescription").Text(), "it must match "+pattern))
			}
		}
	})
	for name := range r.options.Parameters {
		if !declared[name] {
			r.errs = append(r.errs, r.errorf(1, "there is no parameter %s", name))
		}
	}
}

// active tells whether the condition of a resource or output holds.
func (r *resolver) active(n *yaml.Node) bool {
	c := child(n, "Condition")
	if c == nil {
		return true
	}
	ok, err := r.condition(c.Value, c.Line)
	if err != nil {
		r.errs = append(r.errs, err)
	}
	return ok
}

// collect sorts the resources into active and inactive ones and resolves their properties.
func (r *resolver) collect(n *yaml.Node) []*Resource {
	var order []*Resource
	each(n, func(key, def *yaml.Node) {
		res := &Resource{ID: key.Value, Line: key.Line, node: child(def, "Properties")}
		if kind := child(def, "Type"); kind != nil {
			res.Type = kind.Value
		}
		if c := child(def, "Condition"); c != nil {
			res.Condition = c.Value
		}
		if !r.active(def) {
			r.inactive[res.ID] = res
			return
		}
		r.resources[res.ID] = res
		order = append(order, res)
	})
	if len(order) == 0 {
		r.fail(1, "the template has no resources")
	}
	for _, res := range order { // after all are known, since they name each other
		if res.node != nil {
			res.Properties = r.value(res.node)
		}
	}
	each(n, func(key, def *yaml.Node) {
		if res, ok := r.resources[key.Value]; ok && child(def, "Metadata") != nil {
			res.Metadata = r.value(child(def, "Metadata"))
		}
	})
	return order
}

// globals are the defaults of the functions.
func (r *resolver) globals(n *yaml.Node) *Value {
	each(n, func(key, _ *yaml.Node) {
		if key.Value != "Function" && key.Value != "HttpApi" {
			r.fail(key.Line, "Globals of %s are not supported", key.Value)
		}
	})
	if h := child(n, "HttpApi"); h != nil {
		r.fail(h.Line, "Globals of HttpApi are not supported; set the properties on the API")
	}
	v := r.value(child(n, "Function"))
	r.only(v, "Globals of functions", slices.Concat(functionProperties, ignoredFunctionProperties))
	return v
}

// model adds what a resource means to the template.
func (r *resolver) model(t *Template, res *Resource, globals *Value) {
	switch res.Type {
	case typeFunction:
		f := r.function(res, globals)
		t.Functions = append(t.Functions, f)
		t.Schedules = append(t.Schedules, f.Schedules...)
		t.Rules = append(t.Rules, f.Rules...)
	case typeAPI:
		if t.API != nil {
			r.fail(res.Line, "a second HTTP API, %s beside %s, is not supported", res.ID, t.API.ID)
			return
		}
		t.API = r.api(res)
	case typeTable:
		t.Tables = append(t.Tables, r.table(res))
	case typeQueue:
		t.Queues = append(t.Queues, r.queue(res))
	case typeBus:
		t.Buses = append(t.Buses, &Bus{ID: res.ID, Name: r.text(r.name(res)), ARN: r.text(r.getAtt(res.ID, "Arn", res.Line)), Line: res.Line})
	case typeTopic:
		t.Topics = append(t.Topics, &Topic{ID: res.ID, Name: r.text(r.name(res)), ARN: r.text(r.ref(res.ID, res.Line)), Line: res.Line})
	case typeRule:
		t.Rules = append(t.Rules, r.rule(res))
	case typeSchedule:
		t.Schedules = append(t.Schedules, r.schedule(res))
	case typeMapping, typeSimpleTable, "AWS::Serverless::Api", "AWS::Serverless::StateMachine", "AWS::ApiGatewayV2::Api",
		"AWS::Lambda::Function", "AWS::Pipes::Pipe":
		r.fail(res.Line, "the resource type %s of %s is not supported; describe it the way the other resources are", res.Type, res.ID)
	}
}
