package template_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/template"
)

// problems collects what a check finds.
type problems struct{ list []string }

func (p *problems) add(parts ...string) { p.list = append(p.list, strings.Join(parts, " ")) }

// check holds a template against the repository.
type check struct {
	name string
	run  func(*problems, *template.Template, repository)
}

func checks() []check {
	return []check{
		{"functions have their folders and are built alike", checkFunctions},
		{"environments are what the code reads", checkEnvironments},
		{"routes are those of the OpenAPI document", checkRoutes},
		{"the API asks for a token and names one origin", checkAPI},
		{"roles allow what is used and no more", checkPolicies},
		{"queues and topics take messages from their rules alone", checkResourcePolicies},
		{"schedules parse and have dead letters", checkSchedules},
		{"rules match their events and no others", checkRules},
		{"asynchronous functions have dead letters", checkAsync},
		{"queues are encrypted and patient", checkQueues},
		{"log groups have a retention", checkLogs},
		{"alarms exist and are explained", checkAlarms},
		{"tables are protected", checkTables},
		{"signing keys sign and nothing else", checkSigningKeys},
		{"sign-in returns to the console", checkSignIn},
		{"references lead somewhere", checkReferences},
	}
}

func templateText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func parse(t *testing.T, text string) *template.Template {
	t.Helper()
	tpl, err := template.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

func TestTemplate(t *testing.T) {
	repo := readRepository(t)
	tpl := parse(t, templateText(t))
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			var p problems
			c.run(&p, tpl, repo)
			for _, problem := range p.list {
				t.Error(problem)
			}
		})
	}
}

// TestEachFaultIsNamed puts one fault at a time into the template and wants the
// check that is for it to name it, beyond what it says of the template as it is.
func TestEachFaultIsNamed(t *testing.T) {
	repo := readRepository(t)
	text := templateText(t)
	sound := findings(parse(t, text), repo)
	seen := map[string]bool{}
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			if !strings.Contains(text, f.old) {
				t.Fatalf("the template no longer has %q", f.old)
			}
			var found problems
			named := slices.IndexFunc(checks(), func(c check) bool { return c.name == f.check })
			if named < 0 {
				t.Fatalf("there is no check %q", f.check)
			}
			checks()[named].run(&found, parse(t, strings.Replace(text, f.old, f.new, 1)), repo)
			for _, problem := range found.list {
				if !slices.Contains(sound[f.check], problem) && strings.Contains(problem, f.says) {
					seen[f.check] = true
					return
				}
			}
			t.Errorf("check %q does not say %q but %q", f.check, f.says, found.list)
		})
	}
	for _, c := range checks() {
		if !seen[c.name] {
			t.Errorf("no fault shows that the check %q can fail", c.name)
		}
	}
}

func findings(tpl *template.Template, repo repository) map[string][]string {
	out := map[string][]string{}
	for _, c := range checks() {
		var p problems
		c.run(&p, tpl, repo)
		out[c.name] = p.list
	}
	return out
}

func TestReadRefusesWhatCloudFormationWouldMisread(t *testing.T) {
	for name, text := range map[string]string{
		"a key twice":    "Resources:\n  A: {Type: x}\n  A: {Type: y}\n",
		"an alias":       "a: &x {b: c}\nd: *x\n",
		"no mapping":     "- a\n",
		"not YAML":       "a: [b\n",
		"nothing at all": "",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := template.Read(strings.NewReader(text)); err == nil {
				t.Error("it was read without an error")
			}
		})
	}
}
