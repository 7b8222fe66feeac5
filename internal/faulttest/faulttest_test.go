package faulttest_test

import (
	"testing"

	"github.com/usher-seats/usher/internal/faulttest"
)

// spy is a test that only keeps what it is told.
type spy struct {
	testing.TB
	logged, failed int
}

func (*spy) Helper()                 {}
func (s *spy) Log(...any)            { s.logged++ }
func (s *spy) Errorf(string, ...any) { s.failed++ }

func TestAFigureFailsItsTestUnlessNothingOfSomeWentWrong(t *testing.T) {
	for _, c := range []struct{ bad, of, failures int }{{0, 1, 0}, {1, 2, 1}, {0, 0, 1}} {
		s := &spy{TB: t}
		faulttest.Report(s, faulttest.Figure{Fault: 7, Bad: c.bad, Of: c.of})
		if s.logged != 1 || s.failed != c.failures {
			t.Errorf("%d of %d: %d lines, %d failures, want %d", c.bad, c.of, s.logged, s.failed, c.failures)
		}
	}
}

func TestALineHasNumberDeedFigureAndSeed(t *testing.T) {
	got := faulttest.Figure{Fault: 7, Did: "each event 5 times", Of: 30, What: "mails doubled", Seed: 3, More: "150 deliveries"}.String()
	if want := "fault 07 | each event 5 times: 0 of 30 mails doubled, seed 3 (150 deliveries)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if faulttest.Size(1, 2) != map[bool]int{false: 1, true: 2}[faulttest.Full] {
		t.Error("the size is not that of the build")
	}
}
