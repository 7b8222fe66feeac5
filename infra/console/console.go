// Package console makes the web console's files of its sources: functions/console/app becomes functions/console/dist, which
// the console function embeds. What it makes is committed, so that go build and sam build need no npm; a test holds it
// against the sources.
//
// The same sources and packages make the same bytes on every machine: nothing of the place or the time goes in.
package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

const (
	// AppDir holds the sources, below the root of the checkout.
	AppDir = "functions/console/app"
	// DistDir holds what is embedded, below the root of the checkout.
	DistDir = "functions/console/dist"
	// VersionMark stands in index.html where the function puts the name of the set of files.
	VersionMark = "{{version}}"

	modules = "node_modules/"
)

// static are the files of the sources that are taken as they are.
var static = [...]string{"index.html", "icon.svg"}

// Bundle makes the files of the sources in a folder, by their names: index.html, app.js, app.css, icon.svg and licenses.txt.
// The folder must hold its node_modules, as npm ci leaves them.
func Bundle(app string) (map[string][]byte, error) {
	app, err := filepath.Abs(app)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	if _, err := os.Stat(filepath.Join(app, modules)); err != nil {
		return nil, fmt.Errorf("bundle: the packages of the console are missing; run make console, which installs them: %w", err)
	}
	files, inputs, err := compile(app)
	if err != nil {
		return nil, err
	}
	for _, name := range static {
		if files[name], err = os.ReadFile(filepath.Join(app, name)); err != nil {
			return nil, fmt.Errorf("bundle: %w", err)
		}
	}
	for _, name := range []string{"app.js", "app.css"} {
		if want := "/assets/" + VersionMark + "/" + name; !bytes.Contains(files["index.html"], []byte(want)) {
			return nil, fmt.Errorf("bundle: index.html does not load %s", want)
		}
	}
	if files["licenses.txt"], err = licenses(app, inputs); err != nil {
		return nil, err
	}
	return files, nil
}

// compile returns app.js and app.css, and the files that they are made of, relative to the folder of the sources.
func compile(app string) (map[string][]byte, []string, error) {
	out := filepath.Join(app, "out") // names the results; nothing is written
	result := api.Build(api.BuildOptions{
		EntryPointsAdvanced: []api.EntryPoint{{InputPath: "src/main.tsx", OutputPath: "app"}},
		AbsWorkingDir:       app,
		PreserveSymlinks:    true, // wherever node_modules lies, packages are told by it
		Outdir:              out,
		Bundle:              true,
		Format:              api.FormatESModule,
		Platform:            api.PlatformBrowser,
		Target:              api.ES2022,
		// The classic transform: children as arguments take less room than as a property. tsconfig.json, which is for the
		// types, would say otherwise.
		TsconfigRaw:       `{}`,
		JSX:               api.JSXTransform,
		JSXFactory:        "jsxElement",
		JSXFragment:       "jsxFragment",
		Inject:            []string{"src/jsx.ts"},
		Charset:           api.CharsetUTF8,
		LegalComments:     api.LegalCommentsNone, // licenses.txt has them whole
		Define:            map[string]string{"process.env.NODE_ENV": `"production"`},
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		Metafile:          true,
		LogLevel:          api.LogLevelSilent,
	})
	if len(result.Errors)+len(result.Warnings) > 0 {
		return nil, nil, fmt.Errorf("bundle:\n%s", messages(append(result.Errors, result.Warnings...)))
	}
	files := map[string][]byte{}
	for _, f := range result.OutputFiles {
		files[filepath.Base(f.Path)] = f.Contents
	}
	for _, name := range []string{"app.js", "app.css"} {
		if files[name] == nil {
			return nil, nil, fmt.Errorf("bundle: src/main.tsx makes no %s; it must import the styles too", name)
		}
	}
	if len(files) > 2 {
		return nil, nil, fmt.Errorf("bundle: the sources make %v, where app.js and app.css are expected alone", slices.Sorted(maps.Keys(files)))
	}
	var meta struct {
		Inputs map[string]json.RawMessage `json:"inputs"`
	}
	if err := json.Unmarshal([]byte(result.Metafile), &meta); err != nil {
		return nil, nil, fmt.Errorf("bundle: what esbuild says of its work: %w", err)
	}
	return files, slices.Sorted(maps.Keys(meta.Inputs)), nil
}

func messages(all []api.Message) string {
	text := api.FormatMessages(all, api.FormatMessagesOptions{Kind: api.ErrorMessage})
	return strings.TrimSpace(strings.Join(text, ""))
}

// licenses are the licences of all packages that something is taken from, as they ask for.
func licenses(app string, inputs []string) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("The console contains parts of these packages.\n")
	for _, name := range packages(inputs) {
		text, err := os.ReadFile(filepath.Join(app, modules, name, "LICENSE"))
		if err != nil {
			return nil, fmt.Errorf("bundle: the licence of %s: %w", name, err)
		}
		b, err := os.ReadFile(filepath.Join(app, modules, name, "package.json"))
		if err != nil {
			return nil, fmt.Errorf("bundle: %w", err)
		}
		var is struct{ Version string }
		if err := json.Unmarshal(b, &is); err != nil {
			return nil, fmt.Errorf("bundle: package.json of %s: %w", name, err)
		}
		if is.Version == "" {
			return nil, errors.New("bundle: package.json of " + name + " names no version")
		}
		fmt.Fprintf(&out, "\n%s %s\n\n%s\n", name, is.Version, strings.TrimSpace(string(text)))
	}
	return out.Bytes(), nil
}

// packages are the names of the packages that the files belong to.
func packages(inputs []string) []string {
	names := map[string]bool{}
	for _, path := range inputs {
		rest, ok := strings.CutPrefix(path, modules)
		if !ok {
			continue
		}
		name, rest, _ := strings.Cut(rest, "/")
		if strings.HasPrefix(name, "@") {
			second, _, _ := strings.Cut(rest, "/")
			name += "/" + second
		}
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// Write puts the files into a folder and removes what else is in it.
func Write(files map[string][]byte, dir string) error {
	const readable, enterable = 0o644, 0o755
	if err := os.MkdirAll(dir, enterable); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	there, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	for _, f := range there {
		if _, ok := files[f.Name()]; ok {
			continue
		}
		if err := os.Remove(filepath.Join(dir, f.Name())); err != nil {
			return fmt.Errorf("bundle: %w", err)
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, readable); err != nil {
			return fmt.Errorf("bundle: %w", err)
		}
	}
	return nil
}
