package tree

import (
	"go/ast"
	"go/token"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	// maxLines bounds a file: a file is one idea.
	maxLines = 600
	// maxFunctionLines bounds a function to what can be read at once.
	maxFunctionLines = 80
)

func TestEveryPackageIsExplainedOnce(t *testing.T) {
	comments := map[string][]string{}
	packagesSeen := map[string]string{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		packagesSeen[s.dir()] = s.ast.Name.Name
		if s.ast.Doc != nil {
			comments[s.dir()] = append(comments[s.dir()], s.ast.Doc.Text())
		}
	}
	for dir, name := range packagesSeen {
		found := comments[dir]
		if len(found) != 1 {
			t.Errorf("%s has %d package comments, want one", dir, len(found))
			continue
		}
		want := "Package " + name + " "
		if name == "main" {
			want = "Command "
		}
		if !strings.HasPrefix(found[0], want) {
			t.Errorf("the comment of %s begins %.30q, want %q", dir, found[0], want)
		}
		if strings.HasPrefix(dir, "functions/") {
			for _, part := range []string{"\nTrigger: ", "\nDuplicate: ", "\nFailure: "} {
				if !strings.Contains(found[0], part) {
					t.Errorf("the comment of %s has no %q", dir, strings.TrimSpace(part))
				}
			}
		}
	}
}

func TestFilesAndFunctionsAreShort(t *testing.T) {
	for _, s := range sources(t) {
		if s.lines > maxLines {
			t.Errorf("%s has %d lines, at most %d", s.path, s.lines, maxLines)
		}
		if s.test || testSupport(s.dir()) {
			continue
		}
		for _, d := range s.ast.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			if n := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1; n > maxFunctionLines {
				t.Errorf("%s: %s has %d lines, at most %d", s.at(f), f.Name.Name, n, maxFunctionLines)
			}
		}
	}
}

func TestMoneyKnowsNoFloats(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || !s.in("internal/money", "internal/billing", "internal/seats", "internal/catalog") {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				if n.Name == "float64" || n.Name == "float32" || n.Name == "ParseFloat" {
					t.Errorf("%s: %s near money", s.at(n), n.Name)
				}
			case *ast.BasicLit:
				if n.Kind == token.FLOAT {
					t.Errorf("%s: the literal %s near money", s.at(n), n.Value)
				}
			}
			return true
		})
	}
}

func TestTheDomainGetsTimeAsAValue(t *testing.T) {
	exceptions := map[string]string{
		"internal/seats/service.go": "the default of the wall clock that a Service is made with",
	}
	used := map[string]bool{}
	for _, s := range sources(t) {
		if s.test || !slices.Contains([]string{"internal/money", "internal/billing", "internal/seats"}, s.dir()) {
			continue
		}
		for _, name := range []string{"Now", "Since", "Until", "Tick", "After", "NewTimer", "Sleep"} {
			s.uses("time", name, func(n ast.Node) {
				if exceptions[s.path] == "" {
					t.Errorf("%s: time.%s in the domain", s.at(n), name)
				}
				used[s.path] = true
			})
		}
	}
	for path := range exceptions {
		if !used[path] {
			t.Errorf("%s needs no exception", path)
		}
	}
}

// TestTheDomainHasNoTags: how a thing is written down is the business of whoever
// writes it down.
func TestTheDomainHasNoTags(t *testing.T) {
	exceptions := []string{"internal/billing/canonical.go", "internal/billing/parse.go"} // an invoice's canonical JSON is its identity
	for _, s := range sources(t) {
		if s.test || !slices.Contains([]string{"internal/money", "internal/billing", "internal/seats"}, s.dir()) || slices.Contains(exceptions, s.path) {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			f, ok := n.(*ast.Field)
			if !ok || f.Tag == nil {
				return true
			}
			text, err := strconv.Unquote(f.Tag.Value)
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"json", "dynamodbav", "yaml", "env"} {
				if _, ok := reflect.StructTag(text).Lookup(key); ok {
					t.Errorf("%s: a %s tag in the domain", s.at(f), key)
				}
			}
			return true
		})
	}
}

func TestNothingHappensWhenAPackageIsImported(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.ast.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: an init function", s.at(f))
			}
		}
	}
}

// TestPackageVariablesAreNeverWritten: what changes lives in a value that somebody
// made and passes on. It sees assignments; a map or pointer handed on and changed
// elsewhere it does not.
func TestPackageVariablesAreNeverWritten(t *testing.T) {
	all := sources(t)
	variables := map[string]map[string]bool{} // by folder
	for _, s := range all {
		if s.test {
			continue
		}
		if variables[s.dir()] == nil {
			variables[s.dir()] = map[string]bool{}
		}
		for _, d := range s.ast.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
				for _, spec := range g.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names {
						variables[s.dir()][name.Name] = true
					}
				}
			}
		}
	}
	for _, s := range all {
		if s.test {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			for _, target := range written(n) {
				if name := rootOf(target); name != nil && name.Name != "_" && variables[s.dir()][name.Name] && isPackageLevel(s, name) {
					t.Errorf("%s: the package's variable %s is written", s.at(n), name.Name)
				}
			}
			return true
		})
	}
}

// written are the expressions that a statement assigns to.
func written(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			return n.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{n.X}
	}
	return nil
}

// rootOf is the variable at the left of x.y[z].
func rootOf(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// isPackageLevel reports whether a name means the package's: it is declared in no
// scope of its file, or at the file's top.
func isPackageLevel(s source, name *ast.Ident) bool {
	if name.Obj == nil {
		return true
	}
	spec, ok := name.Obj.Decl.(*ast.ValueSpec)
	if !ok {
		return false
	}
	for _, d := range s.ast.Decls {
		if g, ok := d.(*ast.GenDecl); ok && slices.Contains(g.Specs, ast.Spec(spec)) {
			return true
		}
	}
	return false
}

// TestTestsNeitherSkipNorSleep: what is missing fails the run, and what must be
// waited for is waited for by name. Inside a bubble of testing/synctest sleeping
// costs nothing and is exact.
func TestTestsNeitherSkipNorSleep(t *testing.T) {
	for _, s := range sources(t) {
		support := testSupport(s.dir())
		if !s.test && !support {
			continue
		}
		if !s.imports("testing/synctest") {
			s.uses("time", "Sleep", func(n ast.Node) { t.Errorf("%s: a test sleeps", s.at(n)) })
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if ok && slices.Contains([]string{"t", "b", "f", "tb", "rt"}, x.Name) && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) {
				t.Errorf("%s: a test skips", s.at(n))
			}
			return true
		})
	}
}

func TestNothingIsLeftForLater(t *testing.T) {
	marks := []string{"TO" + "DO", "FIX" + "ME", "HA" + "CK"}
	for _, s := range sources(t) {
		for _, group := range s.ast.Comments {
			for _, mark := range marks {
				if slices.Contains(strings.FieldsFunc(group.Text(), func(r rune) bool { return r < 'A' || r > 'Z' }), mark) {
					t.Errorf("%s: %s", s.at(group), mark)
				}
			}
		}
	}
}
