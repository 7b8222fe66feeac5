package story

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Script is a story as it is written down.
type Script struct {
	// File is its file's name, ID what it is called by.
	File, ID, Title string
	// Catalog is the file of infra/catalog that the vendor publishes first.
	Catalog string
	// Domain is that of everybody's email.
	Domain string
	// Open is the body with which the operator opens the account, as YAML, without
	// owner and clock; Owner is whom it is opened for and Starts the local time then.
	Open   string
	Owner  Owner
	Starts string
	// Try says what somebody may try in the account after the story.
	Try   []string
	Steps []Step

	openLine int
}

// Owner is the account's first owner; Name is what the steps call them.
type Owner struct{ Name, First, Last string }

// Kind is what a step does.
type Kind int

// Kinds of steps.
const (
	// Chapter and Say tell the reader something.
	Chapter Kind = iota + 1
	Say
	// Call is a request to the API, Mail waits for a mail, Clock moves the account's
	// clock, SignIn signs a person in anew.
	Call
	Mail
	Clock
	SignIn
)

// Step is one step of a script.
type Step struct {
	Line int
	Kind Kind
	// Who acts or gets the mail.
	Who string
	// Method, Path and Body are a call's; Body is YAML.
	Method, Path, Body string
	// Text is what is told, what the mail has to contain, or the local time.
	Text   string
	Covers []Cover
	Checks []Check
}

// Cover names a statement that a step shows to be true.
type Cover struct {
	Line     int
	ID, Text string
}

// Check is what has to hold after a step.
type Check struct {
	Line int
	// Verb is one of the words that checks knows.
	Verb string
	// Path leads to a value of the answer, Value is what it is held against; with
	// keep, the name to keep it under.
	Path, Value string
}

// The verbs of checks.
const (
	verbStatus  = "status"
	verbRefused = "refused"
	verbType    = "type"
	verbEqual   = "="
	verbHas     = "has"
	verbLacks   = "lacks"
	verbCount   = "count"
	verbAt      = "at"
	verbAbsent  = "absent"
	verbKeep    = "keep"
)

//go:embed scripts/*.story
var scripts embed.FS

// systems are the ids of the five systems whose stories make the demo accounts.
func systems() []string {
	return []string{"teams", "prospecting", "service-desk", "valuation", "meetings"}
}

// Scripts are all scripts, those of the five systems first.
func Scripts() ([]*Script, error) {
	files, err := fs.Glob(scripts, "scripts/*.story")
	if err != nil {
		return nil, err
	}
	var all []*Script
	for _, file := range files {
		text, err := scripts.ReadFile(file)
		if err != nil {
			return nil, err
		}
		script, err := Parse(path.Base(file), string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, script)
	}
	rank := func(s *Script) int {
		if i := slices.Index(systems(), s.ID); i >= 0 {
			return i
		}
		return len(systems())
	}
	slices.SortStableFunc(all, func(a, b *Script) int { return rank(a) - rank(b) })
	return all, nil
}

// Find is the script with the id; the error names those that there are.
func Find(id string) (*Script, error) {
	all, err := Scripts()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range all {
		if s.ID == id {
			return s, nil
		}
		names = append(names, s.ID)
	}
	return nil, fmt.Errorf("there is no story %q; there are %s", id, strings.Join(names, ", "))
}

// Systems are the scripts of the five systems.
func Systems() ([]*Script, error) {
	var five []*Script
	for _, id := range systems() {
		s, err := Find(id)
		if err != nil {
			return nil, err
		}
		five = append(five, s)
	}
	return five, nil
}
