package story

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// localTime is how scripts write a time of the account's zone.
const localTime = "2006-01-02 15:04"

// Parse reads a script. The error lists every mistake with its line.
func Parse(file, text string) (*Script, error) {
	p := &parser{script: &Script{File: file}, lines: strings.Split(text, "\n")}
	for p.at < len(p.lines) {
		p.line()
	}
	p.complete()
	if len(p.wrong) > 0 {
		return nil, errors.Join(p.wrong...)
	}
	return p.script, nil
}

type parser struct {
	script *Script
	lines  []string
	at     int // index of the next line
	wrong  []error
}

func (p *parser) fail(line int, format string, args ...any) {
	p.wrong = append(p.wrong, fmt.Errorf("%s:%d: "+format, append([]any{p.script.File, line}, args...)...))
}

// next takes a line, and those after it while a bracket of its body is open.
func (p *parser) next() (number int, text string) {
	number = p.at + 1
	text = p.lines[p.at]
	p.at++
	for open(text) && p.at < len(p.lines) && strings.HasPrefix(p.lines[p.at], "    ") {
		text += " " + strings.TrimSpace(p.lines[p.at])
		p.at++
	}
	return number, strings.TrimRight(text, " \t")
}

// open reports whether a bracket outside of quotes is not closed.
func open(text string) bool {
	depth, quoted := 0, false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' && (i == 0 || text[i-1] != '\\'):
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
	}
	return depth > 0
}

func (p *parser) line() {
	number, text := p.next()
	trimmed := strings.TrimSpace(text)
	switch {
	case trimmed == "" || strings.HasPrefix(trimmed, "#"):
	case strings.HasPrefix(text, "=="):
		p.add(Step{Line: number, Kind: Chapter, Text: strings.TrimSpace(strings.Trim(text, "="))})
	case strings.HasPrefix(text, ">"):
		p.add(Step{Line: number, Kind: Say, Text: strings.TrimSpace(text[1:])})
	case strings.HasPrefix(text, "  "):
		p.detail(number, trimmed)
	case len(p.script.Steps) == 0:
		p.header(number, text)
	default:
		p.step(number, text)
	}
}

func (p *parser) add(s Step) { p.script.Steps = append(p.script.Steps, s) }

func (p *parser) header(number int, text string) {
	key, value, _ := strings.Cut(text, " ")
	s := p.script
	field := map[string]*string{"story": &s.ID, "title": &s.Title, "catalog": &s.Catalog, "domain": &s.Domain, "open": &s.Open, "clock": &s.Starts}[key]
	switch {
	case value == "":
		p.fail(number, "%s needs a value", key)
	case key == "try":
		s.Try = append(s.Try, value)
	case key == "owner":
		if _, err := fmt.Sscanf(value, "%s %s %s", &s.Owner.Name, &s.Owner.First, &s.Owner.Last); err != nil {
			p.fail(number, "write: owner olga Olga Berger")
		}
	case field == nil:
		p.fail(number, "before the first chapter come story, title, catalog, domain, open, owner, clock and try, not %q; a chapter begins with ==", key)
	case *field != "":
		p.fail(number, "%s is given twice", key)
	default:
		*field = value
		if key == "clock" {
			p.checkTime(number, value)
		}
		if key == "open" {
			s.openLine = number
		}
	}
}

func (p *parser) complete() {
	s := p.script
	for key, value := range map[string]string{"story": s.ID, "title": s.Title, "catalog": s.Catalog, "domain": s.Domain, "open": s.Open, "owner": s.Owner.Name, "clock": s.Starts} {
		if value == "" {
			p.fail(1, "%s is missing", key)
		}
	}
	if s.ID != strings.TrimSuffix(s.File, ".story") {
		p.fail(1, "the story %s must lie in %s.story", s.ID, s.ID)
	}
}

var (
	callForm   = regexp.MustCompile(`^([a-z][a-z0-9]*) (GET|POST|PUT|PATCH|DELETE) (\S+)(?: (.+))?$`)
	mailForm   = regexp.MustCompile(`^mail ([a-z][a-z0-9]*) "(.+)"$`)
	clockForm  = regexp.MustCompile(`^clock (.+)$`)
	signInForm = regexp.MustCompile(`^([a-z][a-z0-9]*) signs in$`)
)

func (p *parser) step(number int, text string) {
	if m := mailForm.FindStringSubmatch(text); m != nil {
		p.add(Step{Line: number, Kind: Mail, Who: m[1], Text: m[2]})
	} else if m := clockForm.FindStringSubmatch(text); m != nil {
		p.checkTime(number, m[1])
		p.add(Step{Line: number, Kind: Clock, Text: m[1]})
	} else if m := signInForm.FindStringSubmatch(text); m != nil {
		p.add(Step{Line: number, Kind: SignIn, Who: m[1]})
	} else if m := callForm.FindStringSubmatch(text); m != nil {
		p.add(Step{Line: number, Kind: Call, Who: m[1], Method: m[2], Path: m[3], Body: m[4]})
	} else {
		p.fail(number, `no step: %q. A step is "ann GET users", "mail ann \"words\"", "clock 2026-01-31 09:00" or "ann signs in"`, text)
		p.add(Step{Line: number, Kind: Say}) // what is indented below it belongs to it
	}
}

func (p *parser) checkTime(number int, text string) {
	if _, err := time.Parse(localTime, text); err != nil {
		p.fail(number, "write times like %s, not %q", localTime, text)
	}
}

var (
	coverForm = regexp.MustCompile(`^covers ([A-Z][0-9]+)(?: (.+))?$`)
	keepForm  = regexp.MustCompile(`^keep (\S+) as ([a-z][a-z0-9_]*)$`)
	wholeForm = regexp.MustCompile(`^(status|refused|type) ([0-9]{3}.*|[a-z]+/[a-z0-9.+-]+)$`) // a field may be called so too
	checkForm = regexp.MustCompile(`^(\S+) (=|has|lacks|count|at) (.+)$`)
	noneForm  = regexp.MustCompile(`^(\S+) absent$`)
)

// detail is a line below a step.
func (p *parser) detail(number int, text string) {
	if len(p.script.Steps) == 0 {
		p.fail(number, "nothing stands above %q that it could belong to", text)
		return
	}
	step := &p.script.Steps[len(p.script.Steps)-1]
	if !slices.Contains([]Kind{Call, Mail, Clock, SignIn}, step.Kind) {
		p.fail(number, "%q has to stand below a step", text)
		return
	}
	check := func(verb, path, value string) {
		step.Checks = append(step.Checks, Check{Line: number, Verb: verb, Path: path, Value: value})
	}
	if m := coverForm.FindStringSubmatch(text); m != nil {
		step.Covers = append(step.Covers, Cover{Line: number, ID: m[1], Text: m[2]})
	} else if m := keepForm.FindStringSubmatch(text); m != nil {
		check(verbKeep, m[1], m[2])
	} else if m := wholeForm.FindStringSubmatch(text); m != nil {
		check(m[1], "", m[2])
	} else if m := noneForm.FindStringSubmatch(text); m != nil {
		check(verbAbsent, m[1], "")
	} else if m := checkForm.FindStringSubmatch(text); m != nil {
		check(m[2], m[1], m[3])
	} else {
		p.fail(number, `no expectation: %q. Write "covers T1 …", "keep path as name", "status 201", "refused 409 code", "type application/pdf", "path = value", "path has …", "path lacks …", "path count 3", "path at 2026-03-01 00:00" or "path absent"`, text)
	}
}
