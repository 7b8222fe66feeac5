package browsertest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// Download does what makes the page hand a file to the browser, and returns the file's name and what is in it.
func (p *Page) Download(do func()) (name string, content []byte) {
	p.t.Helper()
	dir := p.t.TempDir()
	session := chromedp.FromContext(p.ctx)
	ctx, cancel := context.WithTimeout(p.ctx, callTimeout)
	defer cancel()
	_, err := cdp.Call(ctx, session.Browser, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: session.BrowserContextID, DownloadPath: dir,
	})
	p.must("allow downloads", err)
	do()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	limit := time.NewTimer(Patience)
	defer limit.Stop()
	for {
		files, err := os.ReadDir(dir)
		p.must("look for the download", err)
		for _, f := range files {
			if strings.HasSuffix(f.Name(), ".crdownload") || strings.HasPrefix(f.Name(), ".") {
				continue // on its way
			}
			content, err := os.ReadFile(filepath.Join(dir, f.Name()))
			p.must("read the download", err)
			return f.Name(), content
		}
		select {
		case <-limit.C:
			p.fail("no file was downloaded within " + Patience.String())
		case <-tick.C:
		}
	}
}
