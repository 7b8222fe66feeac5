// Command table writes down which line of the stories shows which statement of the
// five help pages: it puts the statements' words behind every covers of the
// scripts, and the tables into infra/catalog/README.md. Run it after a change of a
// script or of statements.txt: go run ./infra/local/story/table
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/usher-seats/usher/infra/local/checkout"
	"github.com/usher-seats/usher/infra/local/story"
)

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func write() error {
	root, err := checkout.Root()
	if err != nil {
		return err
	}
	statements, err := story.Statements()
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(root, "infra", "local", "story", "scripts", "*.story"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := rewrite(file, func(text string) string { return story.WithWords(text, statements) }); err != nil {
			return err
		}
	}
	// The words go behind what stands there, so no line moves.
	scripts, err := story.Scripts()
	if err != nil {
		return err
	}
	return rewrite(filepath.Join(root, "infra", "catalog", "README.md"), func(text string) string {
		return story.WithTables(text, statements, story.Where(scripts), "../local/story/scripts")
	})
}

func rewrite(file string, change func(string) string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	changed := change(string(text))
	if changed == string(text) {
		return nil
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(changed), info.Mode())
}
