package story_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/local/story"
)

func loaded(t *testing.T) ([]*story.Script, []story.Statement) {
	t.Helper()
	scripts, err := story.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	statements, err := story.Statements()
	if err != nil {
		t.Fatal(err)
	}
	return scripts, statements
}

func TestEveryStatementIsShownByAStoryOrOutOfScope(t *testing.T) {
	scripts, statements := loaded(t)
	where := story.Where(scripts)
	for _, s := range statements {
		switch shown := where[s.ID]; {
		case s.OutOfScope != "" && len(shown) > 0:
			t.Errorf("%s is out of scope and shown by %v", s.ID, shown)
		case s.OutOfScope == "" && len(shown) == 0:
			t.Errorf("no story shows %s: %s", s.ID, s.Text)
		}
		for _, at := range where[s.ID] {
			if !strings.HasPrefix(at, s.System+".story:") {
				t.Errorf("%s belongs to %s and is shown by %s", s.ID, s.System, at)
			}
		}
	}
}

func TestEveryCoverNamesAStatementInItsWordsAndStandsBelowACheck(t *testing.T) {
	scripts, statements := loaded(t)
	for _, script := range scripts {
		for _, step := range script.Steps {
			for _, c := range step.Covers {
				i := slices.IndexFunc(statements, func(s story.Statement) bool { return s.ID == c.ID })
				if i < 0 || statements[i].Text != c.Text {
					t.Errorf("%s:%d: covers %s %q is none of statements.txt; go run ./infra/local/story/table puts the words in", script.File, c.Line, c.ID, c.Text)
				}
				if len(step.Checks) == 0 && step.Kind != story.Mail {
					t.Errorf("%s:%d: the step shows %s and expects nothing", script.File, c.Line, c.ID)
				}
			}
		}
	}
}

func TestTheTablesOfTheCatalogsReadmeAreThoseOfTheStories(t *testing.T) {
	scripts, statements := loaded(t)
	text, err := os.ReadFile(filepath.Join("..", "..", "catalog", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if story.WithTables(string(text), statements, story.Where(scripts), "../local/story/scripts") != string(text) {
		t.Error("infra/catalog/README.md is not what the stories show: go run ./infra/local/story/table")
	}
	systems, err := story.Systems()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range systems {
		if !strings.Contains(string(text), "<!-- statements "+s.ID+" -->") {
			t.Errorf("infra/catalog/README.md has no table of %s", s.ID)
		}
		if len(s.Try) == 0 {
			t.Errorf("%s says nothing to try", s.File)
		}
	}
	for _, s := range statements {
		if !slices.ContainsFunc(systems, func(script *story.Script) bool { return script.ID == s.System }) {
			t.Errorf("%s is of no system: %q", s.ID, s.System)
		}
	}
}
