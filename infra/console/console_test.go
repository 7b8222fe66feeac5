package console_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/console"
)

const root = "../.."

func bundle(t *testing.T, app string) map[string][]byte {
	t.Helper()
	files, err := console.Bundle(app)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func read(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, e := range entries {
		if out[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestWhatIsCommittedIsMadeOfTheSources: the functions are built from dist, which nobody may edit or forget.
func TestWhatIsCommittedIsMadeOfTheSources(t *testing.T) {
	dir, app := filepath.Join(t.TempDir(), "dist"), filepath.Join(root, console.AppDir)
	files := bundle(t, app)
	if err := console.Pack(t.Context(), app, files); err != nil {
		t.Fatal(err)
	}
	if err := console.Write(files, dir); err != nil {
		t.Fatal(err)
	}
	made, there := read(t, dir), read(t, filepath.Join(root, console.DistDir))
	for name, text := range made {
		if !bytes.Equal(text, there[name]) {
			t.Errorf("%s/%s is not what the sources make: run make console", console.DistDir, name)
		}
	}
	for name := range there {
		if made[name] == nil {
			t.Errorf("%s/%s is made of nothing: run make console", console.DistDir, name)
		}
	}
}

func TestTheScriptIsSmall(t *testing.T) {
	size := len(read(t, filepath.Join(root, console.DistDir))[console.Packed])
	t.Logf("%s has %d bytes, of %d", console.Packed, size, console.MaxScriptBytes)
	if size == 0 || size > console.MaxScriptBytes {
		t.Errorf("%s has %d bytes, %d too many", console.Packed, size, size-console.MaxScriptBytes)
	}
}

func TestTheSourcesHaveTheRightTypes(t *testing.T) {
	if err := console.CheckTypes(t.Context(), root); err != nil {
		t.Error(err)
	}
}

// sample writes the sources of a small console, with the packages of the real one.
func sample(t *testing.T, edit map[string]string) string {
	t.Helper()
	app := t.TempDir()
	packages, err := filepath.Abs(filepath.Join(root, console.AppDir, "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(app, "node_modules", "preact"), os.DirFS(filepath.Join(packages, "preact"))); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"index.html":     `<link href="/assets/{{version}}/app.css"><script src="/assets/{{version}}/app.js"></script>`,
		"icon.svg":       `<svg/>`,
		"src/jsx.ts":     "export { Fragment, h } from \"preact\";",
		"src/main.tsx":   `import { render } from "preact"; import "./styles.css"; render(<p>{"Grüße"}</p>, document.body);`,
		"src/styles.css": `p { color: red }`,
	}
	for name, text := range edit {
		files[name] = text
	}
	for name, text := range files {
		path := filepath.Join(app, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return app
}

func TestTheSameSourcesMakeTheSameBytesAnywhere(t *testing.T) {
	one, other := bundle(t, sample(t, nil)), bundle(t, sample(t, nil))
	if len(one) != 5 {
		t.Errorf("it makes %d files", len(one))
	}
	for name, text := range one {
		if !bytes.Equal(text, other[name]) {
			t.Errorf("%s differs from folder to folder", name)
		}
	}
	if script := string(one["app.js"]); !strings.Contains(script, "Grüße") || strings.Contains(script, "sourceMappingURL") || strings.Contains(script, "\n\n") {
		t.Errorf("app.js is not as it should be: %.200s", script)
	}
	if text := string(one["licenses.txt"]); !strings.Contains(text, "\npreact ") || !strings.Contains(text, "MIT") || strings.Contains(text, "axe-core") {
		t.Errorf("licenses.txt is %.300s", text)
	}
}

func TestSourcesThatCannotBeRightAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ file, text, says string }{
		"a mistake":                {"src/main.tsx", `import "./styles.css"; const = 1`, "main.tsx:1"},
		"a file that is not there": {"src/main.tsx", `import "./styles.css"; import "./nowhere"`, "./nowhere"},
		"no styles":                {"src/main.tsx", `console.log(1)`, "makes no app.css"},
		"a page without script":    {"index.html", `<link href="/assets/{{version}}/app.css">`, "does not load"},
		"a script without version": {"index.html", `<link href="/assets/{{version}}/app.css"><script src="/app.js"></script>`, "does not load"},
	} {
		if _, err := console.Bundle(sample(t, map[string]string{c.file: c.text})); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := console.Bundle(t.TempDir()); err == nil || !strings.Contains(err.Error(), "make console") {
		t.Errorf("without packages: %v", err)
	}
}

func TestWritingLeavesNothingElse(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "old.js"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := console.Write(map[string][]byte{"app.js": []byte("y")}, dir); err != nil {
		t.Fatal(err)
	}
	if got := read(t, dir); len(got) != 1 || string(got["app.js"]) != "y" {
		t.Errorf("there is %q", got)
	}
}
