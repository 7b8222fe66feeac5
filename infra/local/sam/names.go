package sam

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// nameProperty is the property that names a resource of a type; without it a name is made up.
func nameProperty(resourceType string) string {
	switch resourceType {
	case typeFunction:
		return "FunctionName"
	case typeTable:
		return "TableName"
	case typeQueue:
		return "QueueName"
	case typeTopic:
		return "TopicName"
	case typeLogGroup:
		return "LogGroupName"
	case typeRole:
		return "RoleName"
	case typeBus, typeRule, typeSchedule:
		return "Name"
	case typeConfigurationSet:
		return "Name"
	case typeEmailIdentity:
		return "EmailIdentity"
	}
	return ""
}

// name is the physical name of a resource.
func (r *resolver) name(res *Resource) *Value {
	if property := nameProperty(res.Type); property != "" {
		if n := child(res.node, property); n != nil {
			return r.value(n)
		}
	}
	return text(res.Line, r.options.StackName+"-"+res.ID)
}

// ref resolves a parameter, a pseudo parameter or a resource.
func (r *resolver) ref(id string, line int) *Value {
	if v, ok := r.params[id]; ok {
		if r.lists[id] {
			list := &Value{Line: line, kind: listKind}
			for item := range strings.SplitSeq(v, ",") {
				list.list = append(list.list, text(line, strings.TrimSpace(item)))
			}
			return list
		}
		return text(line, v)
	}
	if strings.HasPrefix(id, "AWS::") {
		return r.pseudo(id, line)
	}
	res, err := r.resource(id, line)
	if err != nil {
		return unknown(line, err)
	}
	name := r.name(res)
	if name.Err() != nil {
		return name
	}
	switch res.Type {
	case typeQueue:
		return text(line, "https://sqs."+r.options.Region+".amazonaws.com/"+r.options.AccountID+"/"+name.Text())
	case typeTopic:
		return text(line, r.arn("sns", name.Text()))
	case typeRule:
		return r.getAtt(id, "Arn", line)
	}
	return text(line, name.Text())
}

func (r *resolver) pseudo(id string, line int) *Value {
	switch id {
	case "AWS::Region":
		return text(line, r.options.Region)
	case "AWS::AccountId":
		return text(line, r.options.AccountID)
	case "AWS::StackName":
		return text(line, r.options.StackName)
	case "AWS::StackId":
		return text(line, r.arn("cloudformation", "stack/"+r.options.StackName+"/00000000-0000-0000-0000-000000000000"))
	case "AWS::Partition":
		return text(line, "aws")
	case "AWS::URLSuffix":
		return text(line, "amazonaws.com")
	case "AWS::NoValue":
		return &Value{Line: line, kind: noValue}
	}
	return unknown(line, r.errorf(line, "there is no pseudo parameter %s", id))
}

// resource finds an active resource.
func (r *resolver) resource(id string, line int) (*Resource, error) {
	if res, ok := r.resources[id]; ok {
		return res, nil
	}
	if res, ok := r.inactive[id]; ok {
		return nil, r.errorf(line, "%s does not exist here, since its condition %s does not hold", id, res.Condition)
	}
	return nil, r.errorf(line, "there is no parameter or resource %q", id)
}

func (r *resolver) getAttCall(arg *yaml.Node, line int) *Value {
	if arg.Kind == yaml.SequenceNode {
		var parts []string
		for _, n := range arg.Content {
			parts = append(parts, n.Value)
		}
		if len(parts) < 2 {
			return unknown(line, r.errorf(line, "GetAtt takes a resource and an attribute"))
		}
		return r.getAtt(parts[0], strings.Join(parts[1:], "."), line)
	}
	id, attribute, ok := strings.Cut(arg.Value, ".")
	if !ok {
		return unknown(line, r.errorf(line, "GetAtt takes Resource.Attribute, not %q", arg.Value))
	}
	return r.getAtt(id, attribute, line)
}

// getAtt resolves the attributes that are known without AWS.
func (r *resolver) getAtt(id, attribute string, line int) *Value {
	res, err := r.resource(id, line)
	if err != nil {
		return unknown(line, err)
	}
	nameValue := r.name(res)
	if err := nameValue.Err(); err != nil {
		return unknown(line, err)
	}
	name := nameValue.Text()
	switch res.Type + " " + attribute {
	case typeQueue + " QueueName", typeTopic + " TopicName", typeBus + " Name":
		return text(line, name)
	case typeQueue + " QueueUrl":
		return r.ref(id, line)
	case typeTopic + " TopicArn":
		return text(line, r.arn("sns", name))
	case typeTable + " StreamArn":
		return text(line, r.arn("dynamodb", "table/"+name+"/stream/local"))
	case typeRule + " Arn":
		if bus := r.busName(res); bus != defaultBus {
			name = bus + "/" + name
		}
		return text(line, r.arn("events", "rule/"+name))
	case typeRole + " Arn":
		return text(line, "arn:aws:iam::"+r.options.AccountID+":role/"+name)
	case typeLogGroup + " Arn":
		return text(line, r.arn("logs", "log-group:"+name+":*"))
	}
	if form, ok := arnForms[res.Type]; ok && attribute == "Arn" {
		return text(line, r.arn(form.service, form.prefix+name))
	}
	return unknown(line, r.errorf(line, "%s.%s is made by AWS (%s) and has no value on one machine", id, attribute, res.Type))
}

type arnForm struct{ service, prefix string }

// arnForms are the ARNs of the types that need nothing but a name.
var arnForms = map[string]arnForm{
	typeFunction: {"lambda", "function:"},
	typeTable:    {"dynamodb", "table/"},
	typeQueue:    {"sqs", ""},
	typeBus:      {"events", "event-bus/"},
	typeSchedule: {"scheduler", "schedule/default/"},
	typeKey:      {"kms", "key/"},
}

func (r *resolver) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + r.options.Region + ":" + r.options.AccountID + ":" + resource
}

// defaultBus is the bus of rules that name none.
const defaultBus = "default"

// busName is the bus of a rule. EventBusName may be a name or an ARN.
func (r *resolver) busName(rule *Resource) string {
	n := child(rule.node, "EventBusName")
	if n == nil {
		return defaultBus
	}
	return nameOfBus(r.value(n).Text())
}

func nameOfBus(s string) string {
	if i := strings.Index(s, ":event-bus/"); i >= 0 {
		return s[i+len(":event-bus/"):]
	}
	return s
}

// child is a key's value in a mapping node.
func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
