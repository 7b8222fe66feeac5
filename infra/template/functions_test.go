package template_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usher-seats/usher/infra/template"
)

// maxHTTPTimeoutSeconds: the API answers for a function that has not by 30 s.
const maxHTTPTimeoutSeconds = 29

func checkFunctions(p *problems, tpl *template.Template, repo repository) {
	seen := map[string]bool{}
	for _, f := range tpl.Functions() {
		if _, ok := repo.folders[f.Name]; !ok {
			p.add(f.ID, "has no folder functions/"+f.Name)
		}
		if seen[f.Name] {
			p.add("two functions are built from functions/" + f.Name)
		}
		seen[f.Name] = true
		checkBuild(p, f)
		if timeout, _ := f.Properties["Timeout"].(int); len(f.Routes) > 0 && timeout > maxHTTPTimeoutSeconds {
			p.add(f.ID, "works longer than the API waits")
		}
		if len(f.Routes) == 0 && len(f.Events) == 0 {
			p.add(f.ID, "has no trigger")
		}
	}
	for name := range repo.folders {
		if !seen[name] {
			p.add("functions/"+name, "has no function")
		}
	}
}

func checkBuild(p *problems, f template.Function) {
	want := map[string]any{
		"Runtime":       "provided.al2023",
		"Handler":       "bootstrap",
		"Architectures": []any{"arm64"},
		"Tracing":       "Active",
		"CodeUri":       "functions/" + f.Name,
		"FunctionName":  template.Map{"Fn::Sub": "${AWS::StackName}-" + f.Name},
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got := fmt.Sprint(f.Properties[key]); got != fmt.Sprint(want[key]) {
			p.add(f.ID, "has", key, got)
		}
	}
	if template.StringAt(f.Attributes, "Metadata", "BuildMethod") != "go1.x" {
		p.add(f.ID, "is not built with go1.x")
	}
	if template.At(f.Attributes, "Metadata", "BuildProperties", "TrimGoPath") != true {
		p.add(f.ID, "keeps the builder's paths")
	}
}

// setByLambda are variables that Lambda sets and refuses to have set.
func setByLambda(name string) bool {
	return slices.Contains([]string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}, name)
}

func checkEnvironments(p *problems, tpl *template.Template, repo repository) {
	types := configurations()
	for _, f := range tpl.Functions() {
		loaded := repo.folders[f.Name].config
		if !strings.EqualFold(loaded, f.Name) {
			p.add(f.ID, "loads boot."+loaded)
		}
		config, ok := types[loaded]
		if !ok {
			p.add(f.ID, "has no configuration struct")
			continue
		}
		reads := variables(config)
		for name := range reads {
			if _, set := f.Environment[name]; !set && !setByLambda(name) {
				p.add(f.ID, "reads", name, "which is not set")
			}
		}
		for name, value := range f.Environment {
			required, read := reads[name]
			if !read {
				p.add(f.ID, "sets", name, "which is not read")
			}
			if required && value == "" {
				p.add(f.ID, "sets", name, "to nothing")
			}
			checkValue(p, f.ID, name, value)
		}
	}
}

// checkValue refuses secrets, and values written out where the name of a resource
// belongs.
func checkValue(p *problems, function, name string, value any) {
	for _, word := range []string{"SECRET", "PASSWORD", "TOKEN", "PRIVATE", "CREDENTIAL"} {
		if strings.Contains(name, word) {
			p.add(function, "has a secret in its environment:", name)
		}
	}
	text, literal := value.(string)
	if literal && text != "" {
		p.add(function, "sets", name, "to the literal", text)
	}
	want := map[string]string{"SEATS_TABLE": "SeatsTable", "KEYS_TABLE": "KeysTable", "EVENT_BUS": "Bus"}[name]
	if want != "" && template.Target(value) != want {
		p.add(function, "sets", name, "to something else than", want)
	}
}

func checkLogs(p *problems, tpl *template.Template, _ repository) {
	used := map[string]bool{}
	for _, f := range tpl.Functions() {
		id := template.Target(template.At(f.Properties, "LoggingConfig", "LogGroup"))
		if used[id] {
			p.add(f.ID, "shares its log group")
		}
		used[id] = true
		group, ok := tpl.Resource(id)
		if !ok || group.Type != "AWS::Logs::LogGroup" {
			p.add(f.ID, "has no log group")
			continue
		}
		want := template.Map{"Fn::Sub": "/aws/lambda/${AWS::StackName}-" + f.Name}
		if fmt.Sprint(group.Properties["LogGroupName"]) != fmt.Sprint(want) {
			p.add(group.ID, "is not named after its function")
		}
	}
	for _, group := range tpl.Resources("AWS::Logs::LogGroup") {
		if group.Properties["RetentionInDays"] == nil {
			p.add(group.ID, "keeps its lines for ever")
		}
	}
}

func checkTables(p *problems, tpl *template.Template, _ repository) {
	for _, table := range tpl.Resources("AWS::DynamoDB::Table") {
		must := func(ok bool, what string) {
			if !ok {
				p.add(table.ID, what)
			}
		}
		props := table.Properties
		must(props["BillingMode"] == "PAY_PER_REQUEST", "is not billed on demand")
		must(template.At(props, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") == true, "has no point-in-time recovery")
		must(template.At(props, "SSESpecification", "SSEEnabled") == true, "is not encrypted with a key that can be audited")
		must(props["DeletionProtectionEnabled"] == true, "can be deleted")
		must(table.Attributes["DeletionPolicy"] == "Retain", "goes with its stack")
		must(table.Attributes["UpdateReplacePolicy"] == "Retain", "goes when it is replaced")
		must(props["TableName"] == nil, "has a fixed name, which forbids a second stack")
		checkKeys(p, table)
	}
	seats, _ := tpl.Resource("SeatsTable")
	if template.StringAt(seats.Properties, "StreamSpecification", "StreamViewType") != "NEW_IMAGE" {
		p.add("SeatsTable has no stream of new images")
	}
	keys, _ := tpl.Resource("KeysTable")
	if template.StringAt(keys.Properties, "TimeToLiveSpecification", "AttributeName") != "ttl" ||
		template.At(keys.Properties, "TimeToLiveSpecification", "Enabled") != true {
		p.add("KeysTable lets nothing expire")
	}
	if keys.Properties["StreamSpecification"] != nil {
		p.add("KeysTable has a stream that nobody reads")
	}
}

// checkKeys wants the attributes that are declared to be those of the keys.
func checkKeys(p *problems, table template.Resource) {
	keys := map[string]bool{}
	schemas := [][]any{template.ListAt(table.Properties, "KeySchema")}
	for _, index := range template.ListAt(table.Properties, "GlobalSecondaryIndexes") {
		m, _ := index.(template.Map)
		schemas = append(schemas, template.ListAt(m, "KeySchema"))
		if template.StringAt(m, "Projection", "ProjectionType") != "KEYS_ONLY" {
			p.add(table.ID, "copies more than keys into", template.StringAt(m, "IndexName"))
		}
	}
	for _, schema := range schemas {
		for _, k := range schema {
			m, _ := k.(template.Map)
			keys[template.StringAt(m, "AttributeName")] = true
		}
	}
	declared := map[string]bool{}
	for _, a := range template.ListAt(table.Properties, "AttributeDefinitions") {
		m, _ := a.(template.Map)
		declared[template.StringAt(m, "AttributeName")] = true
	}
	if !maps.Equal(keys, declared) {
		p.add(table.ID, "declares other attributes than those of its keys")
	}
}
