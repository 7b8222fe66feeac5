package story

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

//go:embed statements.txt
var statements string

// Statement is something that a system's help page says the system does.
type Statement struct {
	// System is the system's id, ID the statement's, Lines where on the page.
	System, ID, Lines string
	Text              string
	// OutOfScope is why no story shows it, or "".
	OutOfScope string
}

// Statements are those of all five pages, in their order.
func Statements() ([]Statement, error) {
	var all []Statement
	var wrong []error
	system := ""
	seen := map[string]bool{}
	for i, line := range strings.Split(statements, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if name, ok := strings.CutPrefix(line, "== "); ok {
			system = name
			continue
		}
		cells := strings.Split(line, " | ")
		s := Statement{System: system}
		if len(cells) == 4 {
			s.OutOfScope = strings.TrimPrefix(cells[3], "out of scope: ")
		}
		if len(cells) < 3 || len(cells) > 4 || len(cells) == 4 && s.OutOfScope == cells[3] || seen[cells[0]] {
			wrong = append(wrong, fmt.Errorf("statements.txt:%d: write: id | line | statement, with an id of its own, and maybe | out of scope: reason", i+1))
			continue
		}
		s.ID, s.Lines, s.Text = cells[0], cells[1], cells[2]
		seen[s.ID] = true
		all = append(all, s)
	}
	return all, errors.Join(wrong...)
}

// Where says which lines of the scripts show a statement.
func Where(scripts []*Script) map[string][]string {
	where := map[string][]string{}
	for _, script := range scripts {
		for i := range script.Steps {
			for _, c := range script.Steps[i].Covers {
				where[c.ID] = append(where[c.ID], fmt.Sprintf("%s:%d", script.File, c.Line))
			}
		}
	}
	return where
}

// Table writes, for a system, each statement with the lines that show it, as
// Markdown. scripts is the way to the scripts' folder.
func Table(system string, all []Statement, where map[string][]string, scripts string) string {
	var out strings.Builder
	out.WriteString("| | page line | what the system does | shown by |\n|---|---|---|---|\n")
	for _, s := range all {
		if s.System != system {
			continue
		}
		var shown []string
		for _, place := range where[s.ID] {
			file, line, _ := strings.Cut(place, ":")
			shown = append(shown, fmt.Sprintf("[%s](%s/%s#L%s)", place, scripts, file, line))
		}
		by := strings.Join(shown, ", ")
		if s.OutOfScope != "" {
			by = "out of scope: " + s.OutOfScope
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", s.ID, s.Lines, s.Text, by)
	}
	return out.String()
}

var tableMark = regexp.MustCompile(`(?s)(<!-- statements ([a-z-]+) -->\n).*?(<!-- end -->)`)

// WithTables puts the tables anew into a document that has marks for them.
func WithTables(document string, all []Statement, where map[string][]string, scripts string) string {
	return tableMark.ReplaceAllStringFunc(document, func(found string) string {
		m := tableMark.FindStringSubmatch(found)
		return m[1] + Table(m[2], all, where, scripts) + m[3]
	})
}

var coverLine = regexp.MustCompile(`(?m)^(\s+covers )([A-Z][0-9]+).*$`)

// WithWords puts the words of its statement behind each covers of a script's text.
func WithWords(script string, all []Statement) string {
	words := map[string]string{}
	for _, s := range all {
		words[s.ID] = s.Text
	}
	return coverLine.ReplaceAllStringFunc(script, func(found string) string {
		m := coverLine.FindStringSubmatch(found)
		return strings.TrimRight(m[1]+m[2]+" "+words[m[2]], " ")
	})
}
