package tree

import (
	"slices"
	"strings"
	"testing"
)

// row says what one package may import beside the standard library. An entry that
// ends in /... allows what is below too.
type row struct {
	path    string
	reason  string
	imports []string
}

const (
	huma   = "github.com/danielgtaylor/huma/v2/..."
	lambda = "github.com/aws/aws-lambda-go/..."
	sdk    = "github.com/aws/aws-sdk-go-v2/aws/..."
	smithy = "github.com/aws/smithy-go/..."
	yaml   = "go.yaml.in/yaml/v4"

	dynamodb    = "github.com/aws/aws-sdk-go-v2/service/dynamodb/..."
	eventbridge = "github.com/aws/aws-sdk-go-v2/service/eventbridge/..."
	kms         = "github.com/aws/aws-sdk-go-v2/service/kms/..."
	sesv2       = "github.com/aws/aws-sdk-go-v2/service/sesv2/..."
)

// allowed are the arrows: money ← billing ← seats ← store, events, mail ← api,
// apigw, boot ← functions. A package without a row fails.
func allowed() []row {
	return []row{
		{"internal/money", "amounts rest on nothing", nil},
		{"internal/billing", "arithmetic without accounts", []string{"internal/money"}},
		{"internal/seats", "the domain; idna is the standard's table of domain names", []string{"internal/billing", "internal/money", "internal/words", "golang.org/x/net/idna"}},
		{"internal/catalog", "plans are written in YAML", []string{"internal/seats", "internal/billing", "internal/money", yaml}},
		{"internal/audit", "holds an account against the domain's rules, from any store", []string{"internal/seats", "internal/billing", "internal/money"}},
		{"internal/logsafe", "what every package may log with, so it knows none", nil},
		{"internal/events", "the contract of the bus, and no way to it", []string{"internal/seats"}},
		{"internal/events/relay", "the one way to the bus", []string{"internal/events", "internal/logsafe", lambda, sdk, smithy, eventbridge}},
		{"internal/store", "the domain in DynamoDB", []string{"internal/seats", "internal/billing", "internal/money", "internal/events", "internal/logsafe", sdk, smithy, dynamodb}},
		{"internal/store/capacity", "counts what DynamoDB says it charged", []string{"internal/store", sdk, dynamodb}},
		{"internal/store/budget", "measures the use cases over the store", []string{"internal/store/...", "internal/seats", "internal/billing", "internal/money"}},
		{"internal/store/cost", "prints what the use cases cost on a database of its own", []string{"internal/store/...", "infra/local/...", sdk, dynamodb}},
		{"internal/words", "how people read amounts, dates and names", []string{"internal/money"}},
		{"internal/document", "files of invoices; pure, with the typeface that it embeds", []string{"internal/billing", "internal/money", "internal/words", "codeberg.org/go-pdf/fpdf", "github.com/go-fonts/liberation/...", "golang.org/x/image/font/sfnt", "golang.org/x/text/unicode/norm"}},
		{"internal/document/files", "draws what the API gives to download", []string{"internal/document", "internal/billing", "internal/seats"}},
		{"internal/mail", "rendering and SES, with a marker per recipient in DynamoDB", []string{"internal/seats", "internal/billing", "internal/money", "internal/words", "internal/events", "internal/logsafe", sdk, smithy, sesv2, dynamodb}},
		{"internal/apigw", "HTTP and the gateway; of the domain only its refusals and ids", []string{"internal/seats", "internal/logsafe", lambda, huma}},
		{"internal/api", "operations: decode, one use case, encode", []string{"internal/apigw", "internal/license", "internal/seats", "internal/billing", "internal/money", "internal/events", "internal/audit", "internal/logsafe", huma}},
		{"internal/api/openapi", "writes the API's document", []string{"internal/api", "internal/apigw"}},
		{"internal/license", "license tokens, which whoever checks them needs alone", nil},
		{"internal/wire", "requests in one piece, of any client", nil},
		{"internal/boot", "configuration and start, with no client of any service", []string{"internal/logsafe", "internal/wire", lambda, sdk, "github.com/caarlos0/env/v11"}},
		{"internal/boot/dynamo", "one client a package, so that a function links what it uses", []string{sdk, dynamodb}},
		{"internal/boot/bus", "one client a package", []string{sdk, eventbridge}},
		{"internal/boot/mailer", "one client a package", []string{sdk, sesv2}},
		{"internal/boot/signing", "one client a package; keys that KMS keeps", []string{"internal/license", sdk, kms}},
		{"internal/boot/identity", "verifies id_tokens", []string{"internal/boot", "internal/seats", "github.com/coreos/go-oidc/v3/oidc"}},
		{"internal/boot/service", "the use cases over the tables", []string{"internal/boot", "internal/boot/dynamo", "internal/seats", "internal/store"}},
		{"internal/mail/samples", "mails to look at and to test with", []string{"internal/mail", "internal/seats", "internal/billing", "internal/money", "internal/events"}},
		{"internal/mail/preview", "shows mails to those who write them", []string{"internal/mail/...", "internal/money"}},
		{"internal/bench", "benchmarks, which its tests are", nil},
		{"internal/bench/table", "writes figures down", nil},
		{"internal/tree", "rules about the tree", nil},
		{"internal/bench", "measures the use cases against bare DynamoDB; its benchmarks import what they need", nil},
		{"infra/torture", "runs the tests of faults by their names, and imports none of what they test", nil},
		{"infra/console", "makes the console's files of its sources", []string{"github.com/evanw/esbuild/pkg/api"}},
		{"infra/console/bundle", "writes them", []string{"infra/console", "infra/local/checkout"}},
		{"infra/console/browser", "tries the pages; its tests import what they need", nil},
		{"infra/console/types", "checks the sources", []string{"infra/console", "infra/local/checkout"}},
		{"infra/template", "holds template.yaml against the code; its tests import what they need", []string{"infra/local/sam", yaml}},
	}
}

// testSupport are packages that only tests import; they may import anything, and
// nothing else may import them.
func testSupport(path string) bool {
	return strings.HasSuffix(path, "test") && !strings.HasPrefix(path, "functions/")
}

func TestPackagesImportOnlyWhatTheirRowAllows(t *testing.T) {
	rows := map[string]row{}
	for _, r := range allowed() {
		if r.reason == "" {
			t.Errorf("the row of %s has no reason", r.path)
		}
		rows[r.path] = r
	}
	seen := map[string]bool{}
	for _, p := range packages(t) {
		path := p.path()
		seen[path] = true
		switch {
		case testSupport(path):
			continue
		case strings.HasPrefix(path, "functions/"):
			checkRow(t, p, functionRow(path))
		case strings.HasPrefix(path, "infra/local"):
			checkLocal(t, p)
		default:
			r, ok := rows[path]
			if !ok {
				t.Errorf("%s has no row: say what it may import, and why", path)
				continue
			}
			checkRow(t, p, r)
		}
	}
	for path := range rows {
		if !seen[path] {
			t.Errorf("the row of %s is for no package", path)
		}
	}
}

func functionRow(path string) row {
	return row{path, "a main is wiring", []string{
		"internal/api", "internal/apigw", "internal/boot/...", "internal/events/...", "internal/logsafe", "internal/mail",
		"internal/seats", "internal/store", "internal/billing", "internal/money", "internal/words", "internal/document/...", "internal/catalog", huma, lambda,
	}}
}

func checkRow(t *testing.T, p pkg, r row) {
	t.Helper()
	for _, i := range p.Imports {
		if standard(i) || slices.ContainsFunc(r.imports, func(entry string) bool { return covers(entry, i) }) {
			continue
		}
		t.Errorf("%s imports %s, which its row does not allow (%s)", r.path, strings.TrimPrefix(i, module), r.reason)
	}
}

// checkLocal keeps the local stack to wire protocols: it must be able to run
// functions of any version, and must not make them work by knowing them.
func checkLocal(t *testing.T, p pkg) {
	t.Helper()
	for _, i := range p.Imports {
		own, ok := strings.CutPrefix(i, module)
		if ok && !strings.HasPrefix(own, "infra/local/") && own != "internal/money" {
			t.Errorf("%s imports %s: the local stack speaks wire protocols only (money writes amounts)", p.path(), own)
		}
	}
}

// covers reports whether an entry of a row allows an import.
func covers(entry, path string) bool {
	path = strings.TrimPrefix(path, module)
	if tree, ok := strings.CutSuffix(entry, "/..."); ok {
		return path == tree || strings.HasPrefix(path, tree+"/")
	}
	return path == entry
}

// standard reports whether the path is of the standard library: its first part
// has no dot.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func TestTheDomainKnowsNeitherAWSNorHTTPNorAnyFormat(t *testing.T) {
	domain := []string{"internal/money", "internal/billing", "internal/seats"}
	for _, p := range packages(t) {
		if !slices.Contains(domain, p.path()) {
			continue
		}
		for _, d := range p.Deps {
			if d == "net/http" || d == "net/http/httptest" || d == "database/sql" || strings.HasPrefix(d, "github.com/aws/") || strings.HasPrefix(d, "github.com/danielgtaylor/") {
				t.Errorf("%s depends on %s", p.path(), d)
			}
		}
		if p.path() == "internal/seats" && slices.Contains(p.Imports, "encoding/json") {
			t.Errorf("%s imports encoding/json: documents belong to store, events and api", p.path())
		}
	}
}

func TestOnlyTestsImportTestSupport(t *testing.T) {
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			path, own := strings.CutPrefix(i, module)
			if (own && testSupport(path) || i == "testing") && !testSupport(p.path()) {
				t.Errorf("%s imports %s", p.path(), i)
			}
		}
	}
}

// TestAFunctionLinksOnlyTheServicesItUses holds what its start costs: each client
// of the SDK is about a megabyte and a millisecond, templates are thirteen.
func TestAFunctionLinksOnlyTheServicesItUses(t *testing.T) {
	services := map[string][]string{
		"functions/publish":  {"eventbridge"},
		"functions/closedue": {"dynamodb", "eventbridge"},
		"functions/mail":     {"dynamodb", "sesv2"},
		"functions/entitle":  {"dynamodb", "kms"},
		"functions/console":  nil,
	}
	for _, p := range packages(t) {
		path := p.path()
		if !strings.HasPrefix(path, "functions/") {
			continue
		}
		want, ok := services[path]
		if !ok {
			want = []string{"dynamodb"}
		}
		var got []string
		for _, d := range p.Deps {
			const prefix = "github.com/aws/aws-sdk-go-v2/service/"
			if name, ok := strings.CutPrefix(d, prefix); ok && !strings.Contains(name, "/") {
				got = append(got, name)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s links the clients of %v, want %v", path, got, want)
		}
		for dep, owner := range map[string][]string{
			"html/template":                          {"functions/mail"},
			"github.com/aws/aws-sdk-go-v2/config":    nil,
			"github.com/getkin/kin-openapi":          nil,
			"github.com/coreos/go-oidc/v3/oidc":      {"functions/accept", "functions/read"},
			"codeberg.org/go-pdf/fpdf":               {"functions/invoice", "functions/mail"},
			"github.com/danielgtaylor/huma/v2":       httpFunctions(),
			"github.com/aws/aws-lambda-go/lambda":    {path},
			"github.com/getkin/kin-openapi/openapi3": nil,
		} {
			if slices.Contains(p.Deps, dep) && !slices.Contains(owner, path) {
				t.Errorf("%s links %s", path, dep)
			}
		}
	}
}

func httpFunctions() []string {
	return []string{
		"functions/invite", "functions/accept", "functions/users", "functions/owner", "functions/assign",
		"functions/revoke", "functions/seatchange", "functions/plan", "functions/read", "functions/invoice", "functions/operator",
		"functions/entitle", "functions/request", "functions/console",
	}
}
