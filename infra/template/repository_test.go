package template_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/usher-seats/usher/infra/template"
	"github.com/usher-seats/usher/internal/boot"
)

const root = "../.."

// repository is what the template is held against.
type repository struct {
	// folders are the functions' folders with what is in them.
	folders map[string]source
	// mailed are the types of the events that mail writes about.
	mailed map[string]bool
	// routes are those of the OpenAPI document.
	routes map[template.Route]bool
	// entries are the headings of the runbook, as anchors.
	entries map[string]bool
	samples []sample
}

// configurations are the structs of package boot that a function may load.
func configurations() map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for _, v := range []any{
		boot.Invite{}, boot.Accept{}, boot.Users{}, boot.Owner{}, boot.Assign{}, boot.Revoke{},
		boot.SeatChange{}, boot.Plan{}, boot.Read{}, boot.Operator{}, boot.CloseDue{}, boot.Close{}, boot.Expire{},
		boot.Mail{}, boot.Publish{}, boot.Entitle{}, boot.Remind{}, boot.Request{}, boot.Invoice{}, boot.Console{},
	} {
		out[reflect.TypeOf(v).Name()] = reflect.TypeOf(v)
	}
	return out
}

func readRepository(t *testing.T) repository {
	t.Helper()
	return repository{
		folders: readFolders(t),
		mailed:  readMailed(t),
		routes:  readRoutes(t),
		entries: readRunbook(t),
		samples: samples(t),
	}
}

func readFolders(t *testing.T) map[string]source {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, "functions"))
	if err != nil {
		t.Errorf("the functions' folders: %v", err)
	}
	out := map[string]source{}
	for _, e := range entries {
		if !e.IsDir() {
			t.Errorf("functions/%s is no folder", e.Name())
			continue
		}
		out[e.Name()] = readSource(t, filepath.Join(root, "functions", e.Name()))
	}
	return out
}

func readRoutes(t *testing.T) map[template.Route]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "infra", "openapi.yaml"))
	if err != nil {
		t.Errorf("the OpenAPI document: %v", err)
		return nil
	}
	var doc struct {
		Paths map[string]map[string]struct {
			Security *[]map[string][]string `yaml:"security"`
		} `yaml:"paths"`
	}
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	out := map[template.Route]bool{}
	for path, operations := range doc.Paths {
		for method, op := range operations {
			out[template.Route{Method: strings.ToUpper(method), Path: path, Public: isPublic(op.Security)}] = true
		}
	}
	return out
}

// isPublic: an empty requirement, or an empty list of them, asks for nothing; none
// at all means that of the whole document.
func isPublic(security *[]map[string][]string) bool {
	if security == nil {
		return false
	}
	for _, requirement := range *security {
		if len(requirement) > 0 {
			return false
		}
	}
	return true
}

var notInAnchor = regexp.MustCompile(`[^a-z0-9 -]`)

// readRunbook makes anchors of the headings as GitHub does.
func readRunbook(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "infra", "runbook.md"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		heading, ok := strings.CutPrefix(strings.TrimSpace(line), "### ")
		if !ok {
			continue
		}
		anchor := notInAnchor.ReplaceAllString(strings.ToLower(heading), "")
		anchor = strings.ReplaceAll(anchor, " ", "-")
		if out[anchor] {
			t.Errorf("the runbook has two entries %q", anchor)
		}
		out[anchor] = true
	}
	return out
}

// variables are the environment variables of a configuration struct, and whether
// each must be set.
func variables(t reflect.Type) map[string]bool {
	out := map[string]bool{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("env"), ",")
		switch {
		case name != "":
			out[name] = strings.Contains(options, "required")
		case f.Type.Kind() == reflect.Struct:
			for k, v := range variables(f.Type) {
				out[k] = v
			}
		}
	}
	return out
}
