package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/faulttest"
)

// A test that was renamed must not fall out of the table unseen, and one that writes
// no figure down is not of a fault.
func TestEveryTestOfTheTableIsThere(t *testing.T) {
	seen := map[row]bool{}
	for _, r := range rows() {
		if seen[r] {
			t.Errorf("%+v stands twice", r)
		}
		seen[r] = true
		files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(r.pkg), "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		tests, figures := false, false
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tests = tests || strings.Contains(string(text), "\nfunc "+r.test+"(")
			figures = figures || strings.Contains(string(text), "faulttest.Report(")
		}
		if !tests || !figures {
			t.Errorf("fault %d: %s has %s: %t, and writes figures down: %t", r.fault, r.pkg, r.test, tests, figures)
		}
	}
}

func TestFiguresAreReadAsTheyAreWritten(t *testing.T) {
	written := faulttest.Figure{Fault: 7, Did: "each event 5 times", Of: 30, What: "mails doubled", Seed: 3}.String()
	fault, what, ok := read("    delivery_test.go:88: " + written)
	if !ok || fault != 7 || what != "each event 5 times: 0 of 30 mails doubled, seed 3" {
		t.Errorf("%q is read as %d, %q, %t", written, fault, what, ok)
	}
	for _, line := range []string{"", "--- PASS: TestDelivery (1.00s)", "    x_test.go:1: fault 7: 1 of 3 mails doubled, want 0 of some", "default 07 | x"} {
		if _, _, ok := read(line); ok {
			t.Errorf("%q is taken for a figure", line)
		}
	}
}

func TestWhatFailedIsShownAmongAllThatIsSaid(t *testing.T) {
	for line, want := range map[string]bool{
		"--- FAIL: TestDelivery (1.00s)":             true,
		"    --- FAIL: TestDelivery/a_part (1.00s)":  true,
		"    delivery_test.go:88: 3 mails, want 2":   true,
		"panic: test timed out after 1h0m0s":         true,
		"--- PASS: TestDelivery (1.00s)":             false,
		"2026/11/22 10:33:19 ERROR internal error":   false,
		"=== NAME  TestDelivery":                     false,
		"FAIL\tgithub.com/usher-seats/usher/x\t0.1s": false,
	} {
		if mistake.MatchString(line) != want {
			t.Errorf("%q is shown: %t, want %t", line, !want, want)
		}
	}
}
