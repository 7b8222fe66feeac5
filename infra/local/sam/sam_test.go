package sam_test

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/local/sam"
)

const file = "testdata/template.yaml"

func load(t *testing.T, parameters map[string]string) *sam.Template {
	t.Helper()
	tmpl, err := sam.Load(file, sam.Options{Parameters: parameters})
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

func TestFunctionHasItsVariablesResolved(t *testing.T) {
	f := load(t, map[string]string{"Level": "debug"}).Function("HelloFunction")
	want := map[string]string{
		"LOG_LEVEL": "debug", "SHARED": "own", "TABLE": "usher-local-Rooms",
		"QUEUE":  "https://sqs.eu-central-1.amazonaws.com/000000000000/usher-local-Work",
		"JOINED": "a-c", "SUBBED": "hello ${literal} usher-local-Work", "LONG": "x-000000000000",
	}
	if !reflect.DeepEqual(f.Env, want) {
		t.Errorf("environment\n got %v\nwant %v", f.Env, want)
	}
	if f.Name != "usher-local-hello" || f.CodeURI != "functions/hello" || f.Timeout != 29*time.Second || f.MemoryMB != 1024 {
		t.Errorf("name %q, code %q, timeout %v, memory %d", f.Name, f.CodeURI, f.Timeout, f.MemoryMB)
	}
}

func TestRoutesGoThroughTheDefaultAuthorizerUnlessTheySayNone(t *testing.T) {
	api := load(t, nil).API
	type row struct{ key, authorizer, scopes string }
	var got []row
	for _, r := range api.Routes {
		got = append(got, row{r.Key(), r.Authorizer, strings.Join(r.Scopes, " ")})
	}
	want := []row{{"GET /rooms/{room}", "Token", "read"}, {"POST /open", "", ""}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("routes %v, want %v", got, want)
	}
}

func TestIssuerFollowsTheCondition(t *testing.T) {
	for _, tt := range []struct{ given, want string }{
		{"", "https://cognito-idp.eu-central-1.amazonaws.com/usher-local-Pool"},
		{"http://127.0.0.1:1/issuer", "http://127.0.0.1:1/issuer"},
	} {
		tmpl := load(t, map[string]string{"IssuerUrl": tt.given})
		if got := tmpl.API.Authorizers["Token"].Issuer; got != tt.want {
			t.Errorf("issuer for parameter %q is %q, want %q", tt.given, got, tt.want)
		}
		own := tt.given == ""
		if _, ok := tmpl.Resources["Pool"]; ok != own {
			t.Errorf("the pool exists: %t, want %t", ok, own)
		}
		if _, ok := tmpl.Resources["Only"]; ok == own {
			t.Errorf("the other pool exists: %t, want %t", ok, !own)
		}
		if _, ok := tmpl.Outputs["PoolId"]; ok != own {
			t.Errorf("the pool's output exists: %t, want %t", ok, own)
		}
	}
}

func TestEventsOfFunctions(t *testing.T) {
	tmpl := load(t, nil)
	f := tmpl.Function("WorkFunction")
	dead := "arn:aws:sqs:eu-central-1:000000000000:usher-local-Dead"
	queue := *f.QueueSources[0]
	queue.Line = 0
	if want := (sam.QueueSource{
		Event: "Queue", FunctionID: f.ID, QueueARN: "arn:aws:sqs:eu-central-1:000000000000:usher-local-Work",
		BatchSize: 5, MaxConcurrency: 2, ReportItemFailures: true,
	}); !reflect.DeepEqual(queue, want) {
		t.Errorf("queue source\n got %+v\nwant %+v", queue, want)
	}
	stream := *f.Streams[0]
	stream.Line = 0
	if want := (sam.StreamSource{
		Event: "Stream", FunctionID: f.ID, StreamARN: tmpl.Tables[0].StreamARN, FromStart: true, BatchSize: 100, Bisect: true,
		MaxRetries: 7, OnFailureARN: dead, Filters: sam.Filters{`{"eventName":["INSERT"]}`},
	}); !reflect.DeepEqual(stream, want) {
		t.Errorf("stream source\n got %+v\nwant %+v", stream, want)
	}
	if a := f.Async; a.MaxRetries != 1 || a.MaxAge != 6*time.Hour || a.OnFailureARN != dead {
		t.Errorf("asynchronous invocations %+v", a)
	}
	s := tmpl.Schedules[0]
	if s.Expression != "cron(0 * * * ? *)" || s.TimeZone != "Europe/Berlin" || s.Retry.MaxRetries != 5 || s.TargetARN != f.ARN || !s.Enabled {
		t.Errorf("schedule %+v", s)
	}
	if got := tmpl.Rules[0]; got.Pattern != `{"source":["usher"]}` || got.Bus != "usher-local" || got.Targets[0].ARN != f.ARN {
		t.Errorf("the function's rule %+v", got)
	}
	if got := tmpl.Rules[1]; got.Pattern != `{"source":["usher"],"detail":{"n":[{"numeric":[">",1]}],"on":[true]}}` || got.Targets[0].Retry.DeadLetterARN != dead {
		t.Errorf("the rule %+v", got)
	}
}

func TestTablesAndQueues(t *testing.T) {
	tmpl := load(t, nil)
	table := tmpl.Tables[0]
	if table.Name != "usher-local-Rooms" || table.TTL != "ttl" || table.StreamView != "NEW_IMAGE" ||
		len(table.Indexes) != 1 || table.Indexes[0].Key[1] != (sam.KeyPart{Name: "at", Kind: "RANGE"}) {
		t.Errorf("table %+v", table)
	}
	if tmpl.TableByStream(table.StreamARN) != table {
		t.Error("the table is not found by its stream")
	}
	q := tmpl.QueueByARN(tmpl.Function("WorkFunction").QueueSources[0].QueueARN)
	if q == nil || q.Visibility != time.Minute || q.MaxReceives != 3 || tmpl.QueueByARN(q.DeadLetterARN) == nil {
		t.Errorf("queue %+v", q)
	}
}

func TestOtherResourcesKeepTheirPropertiesEvenIfSomeCannotBeKnown(t *testing.T) {
	alarm := load(t, nil).Resources["Alarm"]
	if err := alarm.Properties.Get("Anything").Err(); err == nil || !strings.Contains(err.Error(), "template.yaml:") {
		t.Errorf("error %v does not name the line of what cannot be known", err)
	}
	role := load(t, nil).Resources["Rule"]
	b, err := role.Properties.Get("EventPattern").MarshalJSON()
	if err != nil || string(b) != `{"source":["usher"],"detail":{"n":[{"numeric":[">",1]}],"on":[true]}}` {
		t.Errorf("JSON %s, %v", b, err)
	}
}

func TestEveryFaultIsReportedWithItsLine(t *testing.T) {
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, old, new, want string }{
		{"an unknown property of a function", "CodeUri: functions/hello/", "CodeUri: functions/hello/\n      Layers: []", "Layers is not known"},
		{"an unknown event type", "Type: SQS\n", "Type: Kinesis\n", `"Kinesis" is not supported`},
		{"a resource that is not there", "!Ref Rooms", "!Ref Room", `no parameter or resource "Room"`},
		{"an attribute that AWS makes", "!Ref Rooms", "!GetAtt Pool.ProviderURL", "has no value on one machine"},
		{"an unknown function", `{"Fn::Sub": "x-${AWS::AccountId}"}`, `!ImportValue x`, "ImportValue is not supported"},
		{"a method that is none", "Method: get", "Method: FETCH", `no method "FETCH"`},
		{"a mixed path segment", "/rooms/{room}", "/rooms/x{room}", "mixes text and a variable"},
		{"the same route twice", "Method: POST, Path: /open", `Method: GET, Path: "/rooms/{room}"`, "stands twice"},
		{"a time zone that is none", "Europe/Berlin", "Europe/Berlinn", `"Europe/Berlinn"`},
		{"a timeout beyond Lambda's", "Timeout: 29", "Timeout: 901", "is 901 and must be"},
		{"a billing mode that is none", "PAY_PER_REQUEST", "PAYG", `BillingMode is "PAYG"`},
		{"a key attribute without a definition", "AttributeName: at, AttributeType: N", "AttributeName: pk, AttributeType: S", "without an AttributeDefinition"},
		{"an undefined authorizer", "DefaultAuthorizer: Token", "DefaultAuthorizer: Tokens", `no authorizer "Tokens"`},
		{"a default that is not allowed", "AllowedValues: [debug, info], Default: info", "AllowedValues: [debug, info], Default: loud", "must be one of debug, info"},
		{"a default that does not match", `"https://console.example.com"`, `"*"`, "an origin."},
		{"a circle of conditions", "!Not [!Condition OwnPool]", "!Not [!Condition Other]", "depends on itself"},
		{"a filter that is no JSON", `'{"eventName":["INSERT"]}'`, `'{"eventName"'`, "is no JSON"},
		{"an unsupported resource type", "AWS::CloudWatch::Alarm", "AWS::Lambda::EventSourceMapping", "is not supported"},
		{"a YAML error", "Resources:", "Resources: [", "template.yaml"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(string(source), tt.old) {
				t.Fatalf("the template has no %q", tt.old)
			}
			_, err := sam.Parse("template.yaml", []byte(strings.ReplaceAll(string(source), tt.old, tt.new)), sam.Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "template.yaml:") {
				t.Errorf("error\n got %v\nwant a line number and %q", err, tt.want)
			}
		})
	}
}

func TestParametersThatTheTemplateDoesNotHaveAreRefused(t *testing.T) {
	_, err := sam.Load(file, sam.Options{Parameters: map[string]string{"Levle": "debug"}})
	if err == nil || !strings.Contains(err.Error(), "no parameter Levle") {
		t.Errorf("error %v", err)
	}
}

func TestDefaultsHoldForTheParametersThatTheTemplateHas(t *testing.T) {
	tmpl, err := sam.Load(file, sam.Options{
		Defaults:   map[string]string{"Level": "debug", "Days": "7", "Unknown": "x"},
		Parameters: map[string]string{"Days": "30"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if tmpl.Parameters["Level"] != "debug" || tmpl.Parameters["Days"] != "30" {
		t.Errorf("parameters %v", tmpl.Parameters)
	}
}
