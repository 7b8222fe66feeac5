package build_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/local/build"
)

// module is a small module of its own, with a program that compiles and one that does not.
func module(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                  "module example.com/m\n\ngo 1.26\n",
		"functions/good/main.go":  "package main\n\nfunc main() {}\n",
		"functions/wrong/main.go": "package main\n\nfunc main() { undefined() }\n",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestFoldersThatExistAreBuiltAndWhatIsUpToDateIsLeftAlone(t *testing.T) {
	root := module(t)
	out := filepath.Join(root, "build")
	folders := []string{"functions/good", "functions/missing", "functions/good"}
	built, err := build.Functions(t.Context(), root, out, folders)
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(out, "good")
	if len(built) != 1 || built["functions/good"] != binary {
		t.Fatalf("built %v", built)
	}
	before, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := build.Functions(t.Context(), root, out, folders); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) { // go install only moves its time
		t.Error("a second build has written the binary again, and would restart every process")
	}
	if built, err := build.Functions(t.Context(), root, out, []string{"functions/missing"}); err != nil || len(built) != 0 {
		t.Errorf("nothing to build: %v, %v", built, err)
	}
}

func TestTheCompilersMessagesAreInTheError(t *testing.T) {
	root := module(t)
	_, err := build.Functions(t.Context(), root, filepath.Join(root, "build"), []string{"functions/wrong"})
	if err == nil || !strings.Contains(err.Error(), "undefined") {
		t.Errorf("error %v", err)
	}
}
