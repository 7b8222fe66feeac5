package template_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/usher-seats/usher/infra/template"
	"github.com/usher-seats/usher/internal/events"
)

// TestEventFiles holds infra/events against the template and the event contract.
func TestEventFiles(t *testing.T) {
	tpl := parse(t, templateText(t))
	names, err := filepath.Glob(filepath.Join(root, "infra", "events", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, name := range names {
		files[strings.TrimSuffix(filepath.Base(name), ".json")] = name
	}
	for _, f := range tpl.Functions() {
		if files[f.Name] == "" {
			t.Errorf("infra/events has no event for %s", f.Name)
		}
	}
	for _, function := range slices.Sorted(maps.Keys(files)) {
		t.Run(function, func(t *testing.T) {
			f, ok := tpl.Function(function)
			if !ok {
				t.Fatalf("there is no function %s", function)
			}
			text, err := os.ReadFile(files[function])
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case len(f.Routes) > 0:
				checkHTTPEvent(t, f, text)
			case f.Events[0].Type == "SQS":
				checkQueueEvent(t, tpl, f, text)
			case f.Events[0].Type == "DynamoDB":
				checkStreamEvent(t, f, text)
			default:
				checkScheduleEvent(t, f, text)
			}
		})
	}
}

// decodeStrictly refuses fields that AWS does not send.
func decodeStrictly(t *testing.T, text []byte, into any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		t.Fatal(err)
	}
}

func checkHTTPEvent(t *testing.T, f template.Function, text []byte) {
	var e lambdaevents.APIGatewayV2HTTPRequest
	decodeStrictly(t, text, &e)
	rc := e.RequestContext
	at := slices.IndexFunc(f.Routes, func(r template.Route) bool { return r.String() == e.RouteKey })
	if at < 0 {
		t.Fatalf("%s does not answer %s", f.Name, e.RouteKey)
	}
	path := f.Routes[at].Path
	for name, value := range e.PathParameters {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	if e.Version != "2.0" || rc.RouteKey != e.RouteKey || e.RawPath != path || rc.HTTP.Path != path || rc.HTTP.Method != f.Routes[at].Method {
		t.Errorf("version, route and path do not agree: %s %s %s", e.Version, e.RawPath, rc.HTTP.Path)
	}
	if signedIn := rc.Authorizer != nil && rc.Authorizer.JWT != nil; signedIn == f.Routes[at].Public {
		t.Errorf("claims: %v, public: %v", signedIn, f.Routes[at].Public)
	}
	if !f.Routes[at].Public && (rc.Authorizer.JWT.Claims["sub"] == "" || rc.Authorizer.JWT.Claims["iss"] == "") {
		t.Error("the claims do not say who")
	}
	for name := range e.Headers {
		if name != strings.ToLower(name) {
			t.Errorf("the gateway writes the header %s in lower case", name)
		}
	}
	if e.Body != "" && (!json.Valid([]byte(e.Body)) || e.Headers["content-length"] != fmt.Sprint(len(e.Body))) {
		t.Error("the body is not JSON of the length that the header says")
	}
}

func checkScheduleEvent(t *testing.T, f template.Function, text []byte) {
	var e struct {
		Version, ID, Source, Account, Region, Detail string
		Time                                         string
		DetailType                                   string `json:"detail-type"`
		Resources                                    []string
	}
	decodeStrictly(t, text, &e)
	if e.Source != "aws.scheduler" || e.DetailType != "Scheduled Event" || e.Detail != "{}" {
		t.Errorf("the Scheduler does not send this: %+v", e)
	}
	if len(e.Resources) != 1 || !strings.HasSuffix(e.Resources[0], "-"+f.Name) {
		t.Errorf("it comes from another schedule: %v", e.Resources)
	}
}

func checkQueueEvent(t *testing.T, tpl *template.Template, f template.Function, text []byte) {
	var e lambdaevents.SQSEvent
	decodeStrictly(t, text, &e)
	if len(e.Records) == 0 {
		t.Fatal("no messages")
	}
	queue := template.Target(f.Events[0].Properties["Queue"])
	for _, m := range e.Records {
		if !strings.Contains(m.EventSourceARN, "-"+queue+"-") {
			t.Errorf("%s is not %s", m.EventSourceARN, queue)
		}
		if sum := md5.Sum([]byte(m.Body)); hex.EncodeToString(sum[:]) != m.Md5OfBody {
			t.Error("md5OfBody is of another body")
		}
		checkEnvelope(t, m.Body)
		checkDelivered(t, tpl, queue, m.Body)
	}
}

func checkEnvelope(t *testing.T, body string) {
	env, err := events.DecodeEnvelope([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if env.DetailType == events.TypeAccountsDue {
		_, err = events.DecodeAccountsDue(env.Detail)
	} else {
		_, err = env.Event()
	}
	if err != nil {
		t.Error(err)
	}
}

// checkDelivered wants a rule that puts the event into the queue.
func checkDelivered(t *testing.T, tpl *template.Template, queue, body string) {
	var event map[string]any
	if err := json.Unmarshal([]byte(body), &event); err != nil {
		t.Fatal(err)
	}
	for _, rule := range tpl.Resources("AWS::Events::Rule") {
		for _, target := range template.ListAt(rule.Properties, "Targets") {
			m, _ := target.(template.Map)
			ok, err := matches(template.MapAt(rule.Properties, "EventPattern"), event)
			if err != nil {
				t.Fatal(err)
			}
			if ok && template.Target(m["Arn"]) == queue {
				return
			}
		}
	}
	t.Errorf("no rule puts %s into %s", event["detail-type"], queue)
}

func checkStreamEvent(t *testing.T, f template.Function, text []byte) {
	var e lambdaevents.DynamoDBEvent
	decodeStrictly(t, text, &e)
	var raw struct{ Records []map[string]any }
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	filter, _ := template.ListAt(f.Events[0].Properties, "FilterCriteria", "Filters")[0].(template.Map)
	var pattern map[string]any
	if err := json.Unmarshal([]byte(template.StringAt(filter, "Pattern")), &pattern); err != nil {
		t.Fatal(err)
	}
	if len(e.Records) == 0 {
		t.Fatal("no records")
	}
	for i, r := range e.Records {
		if ok, err := matches(pattern, raw.Records[i]); err != nil || !ok {
			t.Errorf("the stream's filter does not let it through: %v", err)
		}
		ev, err := events.Decode([]byte(r.Change.NewImage[events.DetailAttribute].String()))
		if err != nil {
			t.Fatal(err)
		}
		if r.Change.Keys["sk"].String() != string(ev.ID) || !strings.HasPrefix(r.Change.Keys["pk"].String(), "E#"+string(ev.Account)+"#") {
			t.Error("the item's key is not that of its event")
		}
	}
}
