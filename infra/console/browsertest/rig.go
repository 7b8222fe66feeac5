// Package browsertest drives the console's pages in a real browser, over a stack of the test's own: the functions as they are
// deployed, the real issuer, DynamoDB Local. The console is bundled anew from its sources, so no make console is needed
// between a change and its test.
//
//	func TestAnOwnerSeesWhoIsThere(t *testing.T) {
//		rig := browsertest.Start(t, stack.Options{})
//		rig.Catalog(t, "teams")
//		account := rig.Account(t, "teams")
//		page := rig.SignIn(t, account.Owner)
//		page.Open(account.Path("/users"))
//		page.Click("button", "Add users")
//		page.Fill("Email", "ada@example.com")
//		page.See("1 person")
//		page.Axe()
//	}
//
// Things are found as people find them, by role and accessible name or by the text that shows, never by how they are made.
// Whatever a method wants, it waits for up to Patience; then the test fails with the page's text and a picture in
// build/browser. Every page also fails its test for what no page may do: a report of the Content-Security-Policy, an
// exception, a console.error, a request to a third party, an answer of 500 or more.
package browsertest

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/console"
	"github.com/usher-seats/usher/infra/local/build"
	"github.com/usher-seats/usher/infra/local/checkout"
	"github.com/usher-seats/usher/infra/local/stack"
	"github.com/usher-seats/usher/infra/local/stack/stacktest"
)

const (
	// Patience is how long a page may take to show what a test wants. It is for busy machines; how quick the console is
	// has tests of its own.
	Patience = 10 * time.Second
	// language is the reader's, where a test does not say otherwise.
	language = "en-GB"
	// zone is where the reader is.
	zone = "Europe/Berlin"

	folder = "functions/console"
)

// Rig is a stack with a browser in front of it.
type Rig struct {
	Stack *stack.Stack

	root    string
	browser context.Context
}

// Start bundles the console, starts a stack with it and makes the browser ready. All ends with the test.
func Start(t testing.TB, o stack.Options) *Rig {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	files, err := console.Bundle(filepath.Join(root, console.AppDir))
	if err != nil {
		t.Fatal(err)
	}
	overlay := map[string][]byte{}
	for name, text := range files {
		overlay[console.DistDir+"/"+name] = text
	}
	// Browsers are sent the packed script, which has to be this one too.
	if overlay[console.DistDir+"/"+console.Packed], err = zipped(files["app.js"]); err != nil {
		t.Fatal(err)
	}
	binary, err := build.Overlaid(t.Context(), root, t.TempDir(), folder, overlay)
	if err != nil {
		t.Fatal(err)
	}
	if o.Binaries == nil {
		o.Binaries = map[string]string{}
	}
	o.Binaries[folder] = binary
	return begin(t, root, o)
}

// StartCommitted is Start with the console as it is committed and deployed, smaller and packed, whatever its sources say by now.
func StartCommitted(t testing.TB, o stack.Options) *Rig {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	return begin(t, root, o)
}

func begin(t testing.TB, root string, o stack.Options) *Rig {
	t.Helper()
	r := &Rig{root: root, browser: theBrowser.use(t)}
	r.Stack = stacktest.Start(t, o)
	return r
}

func zipped(text []byte) ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// shots is the folder of the pictures; it is not committed.
func (r *Rig) shots(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(r.root, "build", "browser")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
