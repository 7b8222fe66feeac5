// Package faulttest is what the tests of faults and attacks have in common: a size
// that the build tag torture makes the full one, and one form in which a test says
// what it did and what came of it.
//
// The faults are numbered, and so are the lines: `make torture` runs every test that
// has one at its full size and prints the lines in the order of their numbers. A
// figure is always "bad of all", with the seed of what was random, so that a run can
// be had again.
package faulttest

import (
	"fmt"
	"strings"
	"testing"
)

// Prefix begins each line of a figure; the fault's number and a bar follow.
const Prefix = "fault "

// Size is how much a test does: the first number in every run of the tests, where
// each has a second or two, the second under the build tag torture.
func Size(short, full int) int {
	if Full {
		return full
	}
	return short
}

// Figure is what came of a fault.
type Figure struct {
	// Fault is its number.
	Fault int
	// Did says what was done, as the beginning of a sentence.
	Did string
	// Bad of Of times it went wrong; What says what is counted, such as "seats oversold".
	Bad, Of int
	What    string
	// Seed of what was random, or 0 where nothing was.
	Seed uint64
	// More is anything else that is worth knowing.
	More string
}

func (f Figure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%02d | %s: %d of %d %s", Prefix, f.Fault, f.Did, f.Bad, f.Of, f.What)
	if f.Seed != 0 {
		fmt.Fprintf(&b, ", seed %d", f.Seed)
	}
	if f.More != "" {
		fmt.Fprintf(&b, " (%s)", f.More)
	}
	return b.String()
}

// Report writes a figure down. It fails the test where anything went wrong, and where
// nothing was tried at all, which proves nothing.
func Report(t testing.TB, f Figure) {
	t.Helper()
	t.Log(f.String())
	if f.Bad != 0 || f.Of <= 0 {
		t.Errorf("fault %d: %d of %d %s, want 0 of some", f.Fault, f.Bad, f.Of, f.What)
	}
}
