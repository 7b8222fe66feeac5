package template_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/template"
)

// uses are the calls that each function makes, as grants; a test records the real
// ones. A function of the API that runs a command on an account writes the account's
// items whatever its command is, since a command that comes after a cycle's end
// closes the cycle first. Who changes whether somebody is active checks a condition on the
// account, which it does not write; nobody else does such a thing.
func uses() map[string][]template.Grant {
	seats := func(actions ...string) []template.Grant { return dynamodbGrants("SeatsTable", actions) }
	keys := func(actions ...string) []template.Grant { return dynamodbGrants("KeysTable", actions) }
	due := dynamodbGrants("SeatsTable/index/due", []string{"Query"})
	put := []template.Grant{{Action: "events:PutEvents", Resource: "Bus"}}
	command := seats("BatchGetItem", "GetItem", "Query", "PutItem", "UpdateItem")
	counted := seats("ConditionCheckItem")
	guards := seats("DeleteItem") // an email or identity that is given up
	// A refused command looks for its receipt alone once more: it may have been itself.
	receipt := keys("BatchGetItem", "GetItem", "PutItem")             // of a command of one transaction
	claim := keys("BatchGetItem", "GetItem", "PutItem", "UpdateItem") // of a command of several
	quote := claim                                                    // made, read, and used once
	link := keys("GetItem", "PutItem")                                // the key that signs links
	return map[string][]template.Grant{
		"invite":     slices.Concat(command, guards, claim),
		"accept":     slices.Concat(command, counted, link, keys("BatchGetItem", "UpdateItem")),
		"users":      slices.Concat(command, counted, guards, claim),
		"owner":      slices.Concat(command, receipt),
		"assign":     slices.Concat(command, keys("BatchGetItem", "PutItem", "UpdateItem")),
		"revoke":     slices.Concat(command, receipt),
		"seatchange": slices.Concat(command, quote),
		"plan":       slices.Concat(command, quote),
		"read":       slices.Concat(command, receipt),
		pages:        nil,
		"invoice":    command,
		"operator":   slices.Concat(command, due, keys("BatchGetItem", "GetItem", "PutItem", "UpdateItem")),
		"request":    slices.Concat(command, keys("BatchGetItem", "PutItem", "UpdateItem")),
		"entitle": slices.Concat(seats("BatchGetItem", "GetItem", "Query"), keys("UpdateItem"), []template.Grant{
			{Action: "kms:Sign", Resource: "SigningKey"}, {Action: "kms:GetPublicKey", Resource: "SigningKey"},
		}),
		"closedue": slices.Concat(due, put),
		"expire":   slices.Concat(due, seats("BatchGetItem", "GetItem", "PutItem", "UpdateItem")),
		"remind":   slices.Concat(due, seats("BatchGetItem", "GetItem", "Query", "PutItem", "UpdateItem")),
		"close":    command,
		"publish":  put,
		"mail": slices.Concat(seats("BatchGetItem", "GetItem", "Query"), link, keys("UpdateItem"), []template.Grant{
			{Action: "ses:SendEmail", Resource: mailIdentity}, {Action: "ses:SendEmail", Resource: mailConfigurationSet},
		}),
	}
}

func dynamodbGrants(resource string, actions []string) []template.Grant {
	var out []template.Grant
	for _, a := range actions {
		out = append(out, template.Grant{Action: "dynamodb:" + a, Resource: resource})
	}
	return out
}

const (
	sesPrefix            = "arn:{AWS::Partition}:ses:{AWS::Region}:{AWS::AccountId}:"
	mailIdentity         = sesPrefix + "identity/{MailIdentity}"
	mailConfigurationSet = sesPrefix + "configuration-set/{MailConfigurationSet}"
)

// broad are the only grants that name more than one resource.
func broad() map[template.Grant]string {
	const only = "X-Ray has no resources to name"
	return map[template.Grant]string{
		{Action: "xray:PutTraceSegments", Resource: "*"}:                  only,
		{Action: "xray:PutTelemetryRecords", Resource: "*"}:               only,
		{Action: "dynamodb:ListStreams", Resource: "SeatsTable/stream/*"}: "streams are listed by their table",
	}
}

// triggers are the grants that Lambda needs to run a function and to read its
// source on its behalf, beside the calls that the function itself makes.
func triggers(tpl *template.Template, f template.Function) []template.Grant {
	group := template.Target(template.At(f.Properties, "LoggingConfig", "LogGroup"))
	out := []template.Grant{
		{Action: "logs:CreateLogStream", Resource: group}, {Action: "logs:PutLogEvents", Resource: group},
		{Action: "xray:PutTraceSegments", Resource: "*"}, {Action: "xray:PutTelemetryRecords", Resource: "*"},
	}
	for _, e := range f.Events {
		switch e.Type {
		case "SQS":
			queue := template.Target(e.Properties["Queue"])
			for _, a := range []string{"ReceiveMessage", "DeleteMessage", "GetQueueAttributes"} {
				out = append(out, template.Grant{Action: "sqs:" + a, Resource: queue})
			}
		case "DynamoDB":
			table := template.Target(e.Properties["Stream"])
			for _, a := range []string{"DescribeStream", "GetRecords", "GetShardIterator"} {
				out = append(out, template.Grant{Action: "dynamodb:" + a, Resource: table + "/stream"})
			}
			out = append(out, template.Grant{Action: "dynamodb:ListStreams", Resource: table + "/stream/*"})
		}
	}
	for _, queue := range onFailure(f) {
		out = append(out, template.Grant{Action: "sqs:SendMessage", Resource: queue})
	}
	return out
}

// clients are the packages that make clients of AWS's services, and the prefix of
// the actions that a function may then take.
func clients() map[string]string {
	return map[string]string{
		"internal/boot/dynamo":  "dynamodb:",
		"internal/boot/service": "dynamodb:",
		"internal/boot/bus":     "events:",
		"internal/boot/mailer":  "ses:",
		"internal/boot/signing": "kms:",
	}
}

// checkClients wants a function to use the services that it has clients of, and
// to make no client by itself, of which this package would know nothing.
func checkClients(p *problems, name string, code source, used []template.Grant) {
	made := map[string]bool{}
	for path := range code.imports {
		if strings.Contains(path, "aws-sdk-go-v2/service/") {
			p.add(name, "makes a client by itself, of", path)
		}
		if prefix, ok := clients()[path]; ok {
			made[prefix] = true
		}
	}
	for _, g := range used {
		service, _, _ := strings.Cut(g.Action, ":")
		if !made[service+":"] {
			p.add(name, "has no client to", g.String())
		}
	}
	for prefix := range made {
		if !slices.ContainsFunc(used, func(g template.Grant) bool { return strings.HasPrefix(g.Action, prefix) }) {
			p.add(name, "has a client but no action of", prefix)
		}
	}
}

func checkPolicies(p *problems, tpl *template.Template, repo repository) {
	roles := map[string]string{}
	for _, f := range tpl.Functions() {
		role := template.Target(f.Properties["Role"])
		if other, shared := roles[role]; shared {
			p.add(f.ID, "shares a role with", other)
		}
		roles[role] = f.ID
		if f.Properties["Policies"] != nil {
			p.add(f.ID, "has policies beside its role's")
		}
		granted, err := tpl.Actions(f.Name)
		if err != nil {
			p.add(err.Error())
			continue
		}
		want, known := uses()[f.Name]
		if !known {
			p.add("the tests do not say what", f.Name, "uses")
		}
		compare(p, f.Name, granted, slices.Concat(want, triggers(tpl, f)))
		checkClients(p, f.Name, repo.folders[f.Name], want)
	}
	for _, role := range tpl.Resources("AWS::IAM::Role") {
		if roles[role.ID] == "" {
			p.add(role.ID, "belongs to no function")
		}
		checkRole(p, role)
	}
}

func compare(p *problems, name string, granted, want []template.Grant) {
	for _, g := range want {
		if !slices.Contains(granted, g) {
			p.add(name, "may not", g.String())
		}
	}
	for i, g := range granted {
		if !slices.Contains(want, g) {
			p.add(name, "does not need", g.String())
		}
		if slices.Contains(granted[:i], g) {
			p.add(name, "is allowed twice", g.String())
		}
		if strings.Contains(g.Action, "*") || !strings.Contains(g.Action, ":") {
			p.add(name, "may do any of", g.String())
		}
		if strings.Contains(g.Resource, "*") && broad()[g] == "" {
			p.add(name, "is not held to one resource by", g.String())
		}
	}
}

func checkRole(p *problems, role template.Resource) {
	if role.Properties["ManagedPolicyArns"] != nil {
		p.add(role.ID, "has policies that are not written out here")
	}
	trust := template.ListAt(role.Properties, "AssumeRolePolicyDocument", "Statement")
	const want = "[map[Action:sts:AssumeRole Effect:Allow Principal:map[Service:lambda.amazonaws.com]]]"
	if got := fmt.Sprint(trust); got != want {
		p.add(role.ID, "can be taken by", got)
	}
	for _, s := range template.Statements(role) {
		for _, key := range []string{"NotAction", "NotResource"} {
			if s[key] != nil {
				p.add(role.ID, "allows by", key)
			}
		}
		if s["Effect"] != "Allow" {
			p.add(role.ID, "has the effect", fmt.Sprint(s["Effect"]))
		}
		for _, action := range template.ListAt(s, "Action") {
			if action == "ses:SendEmail" && template.Target(template.At(s, "Condition", "StringEquals", "ses:FromAddress")) != "MailFrom" {
				p.add(role.ID, "may send mail as anybody")
			}
		}
	}
}

// checkResourcePolicies wants what queues and topics let in to be what a rule, SES
// or CloudWatch of this stack sends.
func checkResourcePolicies(p *problems, tpl *template.Template, _ repository) {
	allowed := map[string]bool{}
	for _, kind := range []string{"AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"} {
		for _, policy := range tpl.Resources(kind) {
			attached := targets(slices.Concat(template.ListAt(policy.Properties, "Queues"), template.ListAt(policy.Properties, "Topics")))
			for _, s := range template.ListAt(policy.Properties, "PolicyDocument", "Statement") {
				m, _ := s.(template.Map)
				checkResourceStatement(p, policy.ID, m, attached)
				source := template.Target(template.At(m, "Condition", "ArnEquals", "aws:SourceArn"))
				for _, r := range targets(template.ListAt(m, "Resource")) {
					allowed[source+" to "+r] = true
				}
			}
		}
	}
	for _, rule := range tpl.Resources("AWS::Events::Rule") {
		for _, target := range template.ListAt(rule.Properties, "Targets") {
			m, _ := target.(template.Map)
			for _, v := range []any{m["Arn"], template.At(m, "DeadLetterConfig", "Arn")} {
				way := rule.ID + " to " + template.Target(v)
				if !allowed[way] {
					p.add("no policy lets", way)
				}
				delete(allowed, way)
			}
		}
	}
	for way := range allowed {
		if !strings.HasPrefix(way, " to ") {
			p.add("a policy lets", way, "which nothing sends")
		}
	}
}

func checkResourceStatement(p *problems, id string, s template.Map, attached []string) {
	if s["Effect"] != "Allow" || template.StringAt(s, "Principal", "Service") == "" {
		p.add(id, "lets in others than a service of AWS")
	}
	if len(template.MapAt(s, "Condition")) == 0 {
		p.add(id, "lets in that service on behalf of any account")
	}
	for _, action := range template.ListAt(s, "Action") {
		if action != "sqs:SendMessage" && action != "sns:Publish" {
			p.add(id, "lets in more than messages:", fmt.Sprint(action))
		}
	}
	for _, r := range targets(template.ListAt(s, "Resource")) {
		if !slices.Contains(attached, r) {
			p.add(id, "speaks of", r, "but is not attached to it")
		}
	}
}

func targets(list []any) []string {
	var out []string
	for _, v := range list {
		out = append(out, template.Target(v))
	}
	return out
}

func TestCheckClientsNamesWhatDoesNotFit(t *testing.T) {
	grants := dynamodbGrants("SeatsTable", []string{"GetItem"})
	for _, c := range []struct {
		name, imported string
		used           []template.Grant
		want           string
	}{
		{"a client and its actions", "internal/boot/dynamo", grants, ""},
		{"a client without actions", "internal/boot/dynamo", nil, "has a client but no action of dynamodb:"},
		{"actions without a client", "internal/boot/bus", grants, "has no client to dynamodb:GetItem on SeatsTable"},
		{"a client of its own", "github.com/aws/aws-sdk-go-v2/service/s3", nil, "makes a client by itself"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p problems
			checkClients(&p, "f", source{imports: map[string]bool{c.imported: true}}, c.used)
			if got := strings.Join(p.list, "; "); (c.want == "" && got != "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}
