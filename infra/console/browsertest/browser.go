package browsertest

import (
	"context"
	"fmt"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// shared is the one browser of a test binary: it starts with the first test that needs it and ends with the last.
type shared struct {
	mu     sync.Mutex
	users  int
	ctx    context.Context
	cancel context.CancelFunc
}

var theBrowser shared

// names of the program, in the order of preference.
func names() []string {
	return []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}
}

func program() (string, error) {
	for _, name := range names() {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("none of the browsers %v is installed; run make deps, which installs Chromium", names())
}

// use returns the browser's context and starts it where it does not run; the test's end gives it back.
func (b *shared) use(t testing.TB) context.Context {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.users == 0 {
		if err := b.start(); err != nil {
			t.Fatalf("browsertest: %v", err)
		}
	}
	b.users++
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.users--; b.users == 0 {
			b.cancel()
		}
	})
	return b.ctx
}

func (b *shared) start() error {
	path, err := program()
	if err != nil {
		return err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // which root cannot have; the pages are our own
		chromedp.DisableGPU,
		chromedp.Flag("lang", language),
		chromedp.Flag("accept-lang", language),
		chromedp.Flag("font-render-hinting", "none"),
		chromedp.Flag("hide-scrollbars", true),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		stop()
		return fmt.Errorf("start %s: %w", path, err)
	}
	b.ctx, b.cancel = ctx, func() { cancel(); stop() }
	return nil
}
