package template_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/template"
)

func TestNeedsNamesThePermissionsOfACall(t *testing.T) {
	names := map[string]string{"t-1": "SeatsTable", "t-2": "KeysTable", "b": "Bus", "usher@example.com": "MailFrom"}
	for _, c := range []struct {
		name, target, path, body, want string
	}{
		{
			"a transaction needs what its items need", "DynamoDB_20120810.TransactWriteItems", "/",
			`{"TransactItems":[{"Update":{"TableName":"t-1"}},{"ConditionCheck":{"TableName":"t-1"}},{"Put":{"TableName":"t-2"}},{"Put":{"TableName":"t-2"}},{"Delete":{"TableName":"t-1"}}]}`,
			"dynamodb:ConditionCheckItem on SeatsTable, dynamodb:DeleteItem on SeatsTable, dynamodb:PutItem on KeysTable, dynamodb:UpdateItem on SeatsTable",
		},
		{"a batch", "DynamoDB_20120810.BatchGetItem", "/", `{"RequestItems":{"t-1":{},"t-2":{}}}`, "dynamodb:BatchGetItem on KeysTable, dynamodb:BatchGetItem on SeatsTable"},
		{"a query of an index", "DynamoDB_20120810.Query", "/", `{"TableName":"t-1","IndexName":"due"}`, "dynamodb:Query on SeatsTable/index/due"},
		{"a read of a transaction", "DynamoDB_20120810.TransactGetItems", "/", `{"TransactItems":[{"Get":{"TableName":"t-1"}}]}`, "dynamodb:GetItem on SeatsTable"},
		{"events", "AWSEvents.PutEvents", "/", `{"Entries":[{"EventBusName":"b"},{"EventBusName":"b"}]}`, "events:PutEvents on Bus"},
		{"a mail", "", "/v2/email/outbound-emails", `{"FromEmailAddress":"usher@example.com","ConfigurationSetName":"c"}`, "ses:SendEmail on MailFrom, ses:SendEmail on c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			grants, err := template.Needs(c.target, c.path, []byte(c.body), names)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, g := range grants {
				got = append(got, g.String())
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestNeedsRefusesACallThatItDoesNotKnow(t *testing.T) {
	for _, c := range [][3]string{
		{"DynamoDB_20120810.DeleteTable", "/", `{}`},
		{"AWSEvents.PutRule", "/", `{}`},
		{"", "/v2/email/identities", `{}`},
		{"DynamoDB_20120810.Query", "/", `{`},
	} {
		if grants, err := template.Needs(c[0], c[1], []byte(c[2]), nil); err == nil {
			t.Errorf("%v needs %v", c, grants)
		}
	}
}

func TestActionsAreThoseOfTheRole(t *testing.T) {
	tpl := parse(t, templateText(t))
	grants, err := tpl.Actions("publish")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []template.Grant{
		{Action: "events:PutEvents", Resource: "Bus"},
		{Action: "dynamodb:GetRecords", Resource: "SeatsTable/stream"},
		{Action: "dynamodb:ListStreams", Resource: "SeatsTable/stream/*"},
		{Action: "sqs:SendMessage", Resource: "PublishDeadLetters"},
	} {
		if !slices.Contains(grants, want) {
			t.Errorf("publish may not %s: %v", want, grants)
		}
	}
	if _, err := tpl.Actions("nobody"); err == nil {
		t.Error("a function that there is not has actions")
	}
}

var buildSection = regexp.MustCompile(`(?m)^\[([a-z]+)\.build\.parameters\]\n((?:[^\[\n].*\n)*)`)

// TestBuildsAreNotCached: SAM hashes the folder of a function alone, and would
// deploy an old binary after a change elsewhere in the module.
func TestBuildsAreNotCached(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "samconfig.toml"))
	if err != nil {
		t.Fatal(err)
	}
	cached := map[string]bool{}
	for _, m := range buildSection.FindAllStringSubmatch(string(text), -1) {
		cached[m[1]] = !strings.Contains(m[2], "cached = false\n")
	}
	for _, name := range []string{"default", "dev", "prod"} {
		if isCached, present := cached[name]; !present || isCached {
			t.Errorf("builds for %s are cached", name)
		}
	}
}
