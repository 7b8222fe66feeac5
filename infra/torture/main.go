// Command torture runs the tests of faults and attacks at their full size, one package
// after the other, and prints one line for each fault: its number, what was done, how
// often it went wrong of how many tries, and the seed. `make torture` runs all of them;
// -fault 16 one; -short all at the size that every run of the tests has, which shows in
// minutes that the table is whole.
//
// A fault that has no line has not been tried, which counts as failed.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// timeout bounds the tests of one package, which take minutes, and several times as long
// on a machine that does something else too.
const timeout = time.Hour

func main() {
	only := flag.Int("fault", 0, "run the tests of this fault alone")
	verbose := flag.Bool("v", false, "show everything that the tests say")
	short := flag.Bool("short", false, "run the tests at the size that every run of the tests has")
	flag.Parse()
	if err := run(*only, runner{short: *short, verbose: *verbose, out: os.Stdout}); err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

// runner says how tests are run.
type runner struct {
	short, verbose bool
	out            io.Writer
}

func run(only int, how runner) error {
	began, out := time.Now(), how.out
	wanted := map[int]bool{}
	byPackage := map[string][]string{}
	for _, r := range rows() {
		if only != 0 && r.fault != only {
			continue
		}
		wanted[r.fault] = true
		if !slices.Contains(byPackage[r.pkg], r.test) {
			byPackage[r.pkg] = append(byPackage[r.pkg], r.test)
		}
	}
	if len(wanted) == 0 {
		return fmt.Errorf("no test says that it is of fault %d: choose one of infra/torture/rows.go", only)
	}
	lines := map[int][]string{}
	var failed []error
	for _, pkg := range slices.Sorted(maps.Keys(byPackage)) {
		since := time.Now()
		found, err := how.test(pkg, byPackage[pkg])
		for fault, all := range found {
			lines[fault] = append(lines[fault], all...)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", pkg, err))
		}
		fmt.Fprintf(out, "%s: %d tests in %s\n", pkg, len(byPackage[pkg]), time.Since(since).Round(time.Second))
	}
	fmt.Fprintln(out)
	for _, fault := range slices.Sorted(maps.Keys(wanted)) {
		if len(lines[fault]) == 0 {
			failed = append(failed, fmt.Errorf("fault %d has no figure", fault))
			continue
		}
		fmt.Fprintf(out, "%2d  %s\n", fault, strings.Join(lines[fault], "; "))
	}
	fmt.Fprintf(out, "\n%d faults in %s\n", len(wanted), time.Since(began).Round(time.Second))
	return errors.Join(failed...)
}

// test runs tests of a package and gives the figures that they write down, by fault.
func (how runner) test(pkg string, tests []string) (map[int][]string, error) {
	args := []string{"test", "-count=1", "-v", "-timeout", timeout.String(), "-run", "^(" + strings.Join(tests, "|") + ")$"}
	if !how.short {
		args = append(args, "-tags", "torture")
	}
	cmd := exec.Command("go", append(args, "./"+pkg)...)
	said, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	found, mistakes, tail := map[int][]string{}, []string{}, []string{}
	scanner := bufio.NewScanner(said)
	const longestLine = 1 << 20
	scanner.Buffer(nil, longestLine)
	for scanner.Scan() {
		line := scanner.Text()
		if how.verbose {
			fmt.Fprintln(how.out, line)
		}
		fault, figure, ok := read(line)
		switch {
		case ok && !slices.Contains(found[fault], figure):
			found[fault] = append(found[fault], figure)
		case !ok && mistake.MatchString(line) && len(mistakes) < maxMistakes:
			mistakes = append(mistakes, line)
		}
		if tail = append(tail, line); len(tail) > 20 {
			tail = tail[1:]
		}
	}
	// What is too long for a line is still to be taken off the test's hands.
	_, _ = io.Copy(io.Discard, said)
	if err := errors.Join(scanner.Err(), cmd.Wait()); err != nil {
		if !how.verbose {
			// What other tests said at the end may be all that the end holds.
			fmt.Fprintln(how.out, strings.Join(slices.Concat(mistakes, []string{"the end of it all:"}, tail), "\n"))
		}
		return found, err
	}
	return found, nil
}

// mistake is a line of a test that failed: its name, or what it says and where.
var mistake = regexp.MustCompile(`--- FAIL: |^panic: |^\s+\w+_test\.go:\d+: `)

// maxMistakes is more than anybody reads.
const maxMistakes = 200

// figure is how package faulttest writes a figure down.
var figure = regexp.MustCompile(`\bfault (\d\d) \| (.+)$`)

// read reads a figure from a line of a test.
func read(line string) (fault int, what string, ok bool) {
	m := figure.FindStringSubmatch(line)
	if m == nil {
		return 0, "", false
	}
	fault, err := strconv.Atoi(m[1])
	return fault, m[2], err == nil
}
