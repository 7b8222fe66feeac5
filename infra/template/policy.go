package template

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Grant is one action on one resource that a policy allows, or that a call needs.
type Grant struct {
	// Action is IAM's name, such as dynamodb:PutItem.
	Action string
	// Resource is a logical id ("SeatsTable"), an id and what follows its ARN
	// ("SeatsTable/index/due"), or an ARN pattern whose variables are in braces.
	Resource string
}

func (g Grant) String() string { return g.Action + " on " + g.Resource }

func compareGrants(a, b Grant) int {
	return cmp.Or(cmp.Compare(a.Action, b.Action), cmp.Compare(a.Resource, b.Resource))
}

// Actions are the grants of the role of the function in folder name, sorted.
func (t *Template) Actions(name string) ([]Grant, error) {
	f, ok := t.Function(name)
	if !ok {
		return nil, fmt.Errorf("template: no function %q", name)
	}
	role, ok := t.Resource(Target(f.Properties["Role"]))
	if !ok {
		return nil, fmt.Errorf("template: function %q has no role of this template", name)
	}
	var out []Grant
	for _, s := range Statements(role) {
		for _, action := range ListAt(s, "Action") {
			for _, resource := range ListAt(s, "Resource") {
				out = append(out, Grant{Action: fmt.Sprint(action), Resource: ResourceName(resource)})
			}
		}
	}
	slices.SortFunc(out, compareGrants)
	return out, nil
}

// Statements are all statements of a role's own policies.
func Statements(role Resource) []Map {
	var out []Map
	for _, p := range ListAt(role.Properties, "Policies") {
		policy, _ := p.(Map)
		for _, s := range ListAt(policy, "PolicyDocument", "Statement") {
			if m, ok := s.(Map); ok {
				out = append(out, m)
			}
		}
	}
	return out
}

// ResourceName writes a policy's resource as Grant.Resource does.
func ResourceName(v any) string {
	if id := Target(v); id != "" {
		return streamName(id, v)
	}
	m, ok := v.(Map)
	if !ok {
		return fmt.Sprint(v)
	}
	// A choice is named by what is chosen where no parameter says otherwise.
	if choice, ok := m["Fn::If"].([]any); ok && len(choice) == 3 {
		return ResourceName(choice[1])
	}
	text, ok := m["Fn::Sub"].(string)
	if !ok {
		return fmt.Sprint(v)
	}
	if id, rest, found := strings.Cut(strings.TrimPrefix(text, "${"), ".Arn}"); found && !strings.ContainsAny(id, "${}") {
		return id + rest
	}
	return strings.ReplaceAll(text, "${", "{")
}

// streamName tells a table's stream from the table.
func streamName(id string, v any) string {
	m, _ := v.(Map)
	if list, ok := m["Fn::GetAtt"].([]any); ok && len(list) == 2 && list[1] == "StreamArn" {
		return id + "/stream"
	}
	return id
}

// transactionItem is one entry of a TransactWriteItems or TransactGetItems call.
type transactionItem map[string]struct {
	TableName string
}

type dynamoCall struct {
	TableName     string
	IndexName     string
	TransactItems []transactionItem
	RequestItems  map[string]json.RawMessage
}

type putEventsCall struct {
	Entries []struct{ EventBusName string }
}

type sendEmailCall struct {
	FromEmailAddress, ConfigurationSetName string
}

// Needs are the grants that one recorded call of a function needs, sorted and each
// once. target is the header X-Amz-Target, empty for SES, whose calls are told by
// path. The names of tables, buses, identities and configuration sets are
// translated to logical ids by names; one that is missing there stays as it is.
//
// A transaction needs the permission of each of its items; dynamodb has none for
// the transaction as a whole. It fails on a call that it does not know, so that a
// new kind of call is not taken for one that needs nothing.
func Needs(target, path string, body []byte, names map[string]string) ([]Grant, error) {
	name := func(s string) string { return cmp.Or(names[s], s) }
	service, operation, _ := strings.Cut(target, ".")
	var out []Grant
	var err error
	switch {
	case strings.HasPrefix(service, "DynamoDB_"):
		out, err = dynamoNeeds(operation, body, name)
	case target == "AWSEvents.PutEvents":
		var call putEventsCall
		err = json.Unmarshal(body, &call)
		for _, e := range call.Entries {
			out = append(out, Grant{"events:PutEvents", name(e.EventBusName)})
		}
	case service == "TrentService":
		var call struct {
			KeyID string `json:"KeyId"`
		}
		err = json.Unmarshal(body, &call)
		out = append(out, Grant{"kms:" + operation, name(call.KeyID)})
	case target == "" && path == "/v2/email/outbound-emails":
		var call sendEmailCall
		err = json.Unmarshal(body, &call)
		out = append(out, Grant{"ses:SendEmail", name(call.FromEmailAddress)})
		if call.ConfigurationSetName != "" {
			out = append(out, Grant{"ses:SendEmail", name(call.ConfigurationSetName)})
		}
	default:
		return nil, fmt.Errorf("template: no permission is known for the call %q %q", target, path)
	}
	if err != nil {
		return nil, fmt.Errorf("template: the call %q %q: %w", target, path, err)
	}
	slices.SortFunc(out, compareGrants)
	return slices.Compact(out), nil
}

func dynamoNeeds(operation string, body []byte, name func(string) string) ([]Grant, error) {
	var call dynamoCall
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, err
	}
	var out []Grant
	switch operation {
	case "TransactWriteItems", "TransactGetItems":
		for _, item := range call.TransactItems {
			for kind, on := range item {
				out = append(out, Grant{"dynamodb:" + kind + "Item", name(on.TableName)})
			}
		}
	case "BatchGetItem", "BatchWriteItem":
		for table := range call.RequestItems {
			out = append(out, Grant{"dynamodb:" + operation, name(table)})
		}
	case "Query", "GetItem", "PutItem", "UpdateItem", "DeleteItem", "Scan":
		resource := name(call.TableName)
		if call.IndexName != "" {
			resource += "/index/" + call.IndexName
		}
		out = append(out, Grant{"dynamodb:" + operation, resource})
	default:
		return nil, fmt.Errorf("no permission is known for %s", operation)
	}
	return out, nil
}
