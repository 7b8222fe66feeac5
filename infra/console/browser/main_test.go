package browser_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/usher-seats/usher/infra/console/browsertest"
	"github.com/usher-seats/usher/infra/local/stack"
)

// world is the one stack that the tests of this package share, each with accounts of its own. It starts with the first test
// that wants it and ends after the last. A test that breaks or stops parts of the stack starts one for itself.
var world = &forever{ctx: context.Background()}

func TestMain(m *testing.M) {
	code := m.Run()
	world.end()
	os.Exit(code)
}

// catalogs are published once: those of the five systems.
var catalogs = []string{"teams", "prospecting", "service-desk", "valuation", "meetings"}

var start = sync.OnceValue(func() *browsertest.Rig {
	rig := browsertest.Start(world, stack.Options{})
	rig.Catalog(world, catalogs...)
	return rig
})

// shared returns the tests' common stack, with the catalogs of the five systems.
func shared(t testing.TB) *browsertest.Rig {
	t.Helper()
	rig := start()
	if rig == nil {
		t.Fatal("the common stack did not start; see the first test")
	}
	return rig
}

// forever stands for a test that lasts as long as all of them.
type forever struct {
	testing.TB // nil: what is not below must not be used
	ctx        context.Context
	mu         sync.Mutex
	cleanups   []func()
}

func (f *forever) Helper()                  {}
func (f *forever) Name() string             { return "TestConsole" }
func (f *forever) Context() context.Context { return f.ctx }
func (f *forever) Failed() bool             { return false }
func (f *forever) Log(...any)               {}
func (f *forever) Logf(string, ...any)      {}

func (f *forever) Cleanup(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cleanups = append(f.cleanups, do)
}

func (f *forever) TempDir() string {
	dir, err := os.MkdirTemp("", "console")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Fatal ends the program: without the stack no test of the package can say anything.
func (f *forever) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func (f *forever) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (f *forever) Error(args ...any) { f.Fatal(args...) }

func (f *forever) Errorf(format string, args ...any) { f.Fatalf(format, args...) }

func (f *forever) end() {
	for _, do := range slices.Backward(f.cleanups) {
		do()
	}
}
