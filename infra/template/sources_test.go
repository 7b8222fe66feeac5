package template_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// source is what a function's code says of it.
type source struct {
	// config is X of boot.Load[boot.X].
	config string
	// imports are the packages of this repository that it imports, from internal/ on.
	imports map[string]bool
}

// parseFolder parses the files of a folder that are no tests.
func parseFolder(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var out []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

func readSource(t *testing.T, dir string) source {
	t.Helper()
	s := source{imports: map[string]bool{}}
	for _, f := range parseFolder(t, dir) {
		for _, i := range f.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			s.imports[strings.TrimPrefix(path, "github.com/usher-seats/usher/")] = true
		}
		ast.Inspect(f, func(n ast.Node) bool {
			index, ok := n.(*ast.IndexExpr)
			if !ok || selected(index.X, "boot") != "Load" {
				return true
			}
			if name := selected(index.Index, "boot"); name != "" {
				s.config = name
			}
			return true
		})
	}
	return s
}

// selected is X of pkg.X.
func selected(e ast.Expr, pkg string) string {
	s, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if id, ok := s.X.(*ast.Ident); !ok || id.Name != pkg {
		return ""
	}
	return s.Sel.Name
}

// readMailed finds the types of the events that mail writes about: the keys, of
// package seats, of its map from types to the methods that write.
func readMailed(t *testing.T) map[string]bool {
	t.Helper()
	values := map[string]string{}
	for _, f := range parseFolder(t, filepath.Join(root, "internal", "seats")) {
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 {
				return true
			}
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil {
					values[spec.Names[0].Name] = text
				}
			}
			return true
		})
	}
	out := map[string]bool{}
	for _, f := range parseFolder(t, filepath.Join(root, "functions", "mail")) {
		ast.Inspect(f, func(n ast.Node) bool {
			pair, ok := n.(*ast.KeyValueExpr)
			if !ok || selected(pair.Value, "w") == "" {
				return true
			}
			if name := selected(pair.Key, "seats"); name != "" {
				if values[name] == "" {
					t.Errorf("mail writes about seats.%s, whose text was not found", name)
				}
				out[values[name]] = true
			}
			return true
		})
	}
	if len(out) == 0 {
		t.Error("mail writes about nothing: its map of letters was not found")
	}
	return out
}
