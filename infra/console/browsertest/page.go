package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/usher-seats/usher/infra/console"
)

const (
	// pollEvery is how often a page is looked at.
	pollEvery = 50 * time.Millisecond
	// callTimeout bounds one command of the browser.
	callTimeout = 30 * time.Second
)

// Page is a tab in a browser session of its own: nothing is shared with other pages, and nobody is signed in.
type Page struct {
	t     testing.TB
	rig   *Rig
	ctx   context.Context
	watch *watch
	// within are the parts of the page that it is about, the outermost first.
	within []part
}

// Page opens a tab of 1280 by 800 that shows nothing yet.
func (r *Rig) Page(t testing.TB) *Page {
	t.Helper()
	p := &Page{t: t, rig: r, watch: &watch{origins: []string{r.Stack.ConsoleURL(), r.Stack.URL()}}}
	ctx, cancel := chromedp.NewContext(r.browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.watch.see))
	p.ctx = ctx
	t.Cleanup(func() {
		for _, fault := range p.watch.left() {
			t.Errorf("browsertest: %s", fault)
		}
		cancel()
	})
	p.must("open a tab", chromedp.Do(ctx))
	p.command("prepare a tab", func(ctx context.Context, s cdp.Session) error {
		if _, err := cdp.Call(ctx, s, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: reportViolations}); err != nil {
			return err
		}
		// A tab of somebody else that opens or closes takes no focus from this one.
		if _, err := cdp.Call(ctx, s, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, s, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: zone})
		return err
	})
	p.Dark(false)
	p.Size(1280, 800)
	return p
}

// SignIn opens the console in a new tab and signs a person in on the issuer's page.
func (r *Rig) SignIn(t testing.TB, email string) *Page {
	t.Helper()
	p := r.Page(t)
	p.SignIn(email)
	return p
}

// SignIn signs a person in on the issuer's page, to which it gets by the console.
func (p *Page) SignIn(email string) {
	p.t.Helper()
	p.Open("/?login_hint=" + strings.ReplaceAll(email, "+", "%2B"))
	p.awaitAddress("the sign-in page", func(at string) bool { return strings.HasPrefix(at, p.rig.Stack.IssuerURL()) })
	p.Fill("Email", email)
	p.Click("button", "Continue")
	p.awaitAddress("the console after the sign-in", func(at string) bool {
		return strings.HasPrefix(at, p.rig.Stack.ConsoleURL()) && !strings.Contains(at, "/signed-in")
	})
}

// NextSecond waits until it begins. Issuers tell the time of a sign-in in seconds, and one from the second in which a hand-over
// signed everybody out counts as one from before it.
func (p *Page) NextSecond() {
	p.t.Helper()
	p.Eval(`new Promise((done) => setTimeout(done, 1001 - Date.now() % 1000))`)
}

// Open goes to a path of the console, or to a whole address.
func (p *Page) Open(path string) {
	p.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = p.rig.Stack.ConsoleURL() + path
	}
	ctx, cancel := context.WithTimeout(p.ctx, callTimeout)
	defer cancel()
	p.must("open "+path, chromedp.Do(ctx, chromedp.Navigate(path)))
}

// Reload loads the page again.
func (p *Page) Reload() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, callTimeout)
	defer cancel()
	p.must("reload", chromedp.Do(ctx, chromedp.Reload()))
}

// Address is what stands in the address bar, without the console's origin.
func (p *Page) Address() string {
	p.t.Helper()
	return strings.TrimPrefix(p.Eval(`location.href`).(string), p.rig.Stack.ConsoleURL())
}

// At waits until the address, without the console's origin, begins with a path.
func (p *Page) At(path string) {
	p.t.Helper()
	p.awaitAddress("the address "+path, func(at string) bool { return strings.HasPrefix(at, p.rig.Stack.ConsoleURL()+path) })
}

func (p *Page) awaitAddress(what string, right func(string) bool) {
	p.t.Helper()
	p.await(what, func(ctx context.Context, s cdp.Session) (string, error) {
		var at string
		if err := evaluate(ctx, s, `location.href`, &at); err != nil {
			return "", err
		}
		if !right(at) {
			return "it is at " + at, nil
		}
		return "", nil
	})
}

// Dark chooses the theme that the reader's system asks for. Motion is always asked to be little.
func (p *Page) Dark(on bool) {
	p.t.Helper()
	scheme := "light"
	if on {
		scheme = "dark"
	}
	p.command("set the theme", func(ctx context.Context, s cdp.Session) error {
		_, err := cdp.Call(ctx, s, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return err
	})
}

// Size sets the size of what shows, in CSS pixels.
func (p *Page) Size(width, height int) {
	p.t.Helper()
	p.command("set the size", func(ctx context.Context, s cdp.Session) error {
		_, err := cdp.Call(ctx, s, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: int64(width), Height: int64(height), DeviceScaleFactor: 1,
		})
		return err
	})
}

// Locale makes the reader one of another language, such as de-DE, for pages that are opened after it.
func (p *Page) Locale(tag string) {
	p.t.Helper()
	p.command("set the language", func(ctx context.Context, s cdp.Session) error {
		agent, err := userAgent(ctx, s)
		if err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, s, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: tag}); err != nil {
			return err
		}
		_, err = cdp.Call(ctx, s, emulation.SetLocaleOverride, emulation.SetLocaleOverrideParams{Locale: strings.ReplaceAll(tag, "-", "_")})
		return err
	})
}

func userAgent(ctx context.Context, s cdp.Session) (string, error) {
	var agent string
	err := evaluate(ctx, s, `navigator.userAgent`, &agent)
	return agent, err
}

// Offline takes the network away, or gives it back.
func (p *Page) Offline(on bool) {
	p.t.Helper()
	p.command("switch the network", func(ctx context.Context, s cdp.Session) error {
		_, err := cdp.Call(ctx, s, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: on, DownloadThroughput: -1, UploadThroughput: -1})
		if err != nil {
			return err
		}
		_, err = cdp.Call(ctx, s, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{URLPattern: "", Offline: on, DownloadThroughput: -1, UploadThroughput: -1}},
		})
		return err
	})
}

// Tolerate says that a fault whose description has these words is what the test is about.
func (p *Page) Tolerate(words string) { p.watch.tolerate(words) }

// Eval returns the value of an expression of JavaScript as encoding/json decodes it, a promise's when it is there. It is for
// measurements and for what no person sees.
func (p *Page) Eval(expression string) any {
	p.t.Helper()
	var out any
	p.command("evaluate "+expression, func(ctx context.Context, s cdp.Session) error { return evaluate(ctx, s, expression, &out) })
	return out
}

// Shot writes a picture of the whole page to a file; a bare name goes to build/browser.
func (p *Page) Shot(file string) {
	p.t.Helper()
	if !strings.ContainsRune(file, filepath.Separator) {
		file = filepath.Join(p.rig.shots(p.t), file)
	}
	p.must("take a picture", p.shoot(file, true))
}

func (p *Page) shoot(file string, whole bool) error {
	ctx, cancel := context.WithTimeout(p.ctx, callTimeout)
	defer cancel()
	return chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		params := page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng}
		if whole {
			metrics, err := cdp.Call(ctx, t, page.GetLayoutMetrics, cdp.Empty{})
			if err != nil {
				return err
			}
			size := metrics.CSSContentSize
			params.CaptureBeyondViewport = new(true)
			params.Clip = &page.Viewport{Width: size.Width, Height: size.Height, Scale: 1}
		}
		shot, err := cdp.Call(ctx, t, page.CaptureScreenshot, params)
		if err != nil {
			return err
		}
		return os.WriteFile(file, shot.Data, 0o644)
	}))
}

// Axe holds the page as it is against the rules of axe-core: WCAG 2.2 at AA, and best practice. Each rule that is broken
// fails the test, with the places.
func (p *Page) Axe() {
	p.t.Helper()
	p.axe(`["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`)
}

// AxeColors is Axe for the rules that colors can break, which is all that differs
// between the themes.
func (p *Page) AxeColors() {
	p.t.Helper()
	p.axe(`{type: "rule", values: ["color-contrast", "link-in-text-block"]}`)
}

// axe runs axe-core with the rules or the groups of them that are chosen.
func (p *Page) axe(only string) {
	p.t.Helper()
	source, err := os.ReadFile(filepath.Join(p.rig.root, console.AppDir, "node_modules", "axe-core", "axe.min.js"))
	p.must("read axe-core, which make deps installs", err)
	p.command("run axe-core", func(ctx context.Context, s cdp.Session) error {
		var there bool
		if err := evaluate(ctx, s, `typeof axe === "object"`, &there); err != nil || there {
			return err
		}
		return evaluate(ctx, s, string(source)+";true", &there)
	})
	var found []struct {
		ID, Help string
		Nodes    []struct{ Target, HTML, Why string }
	}
	p.command("run axe-core", func(ctx context.Context, s cdp.Session) error {
		// After two frames, so that what was just opened or coloured anew is drawn.
		return evaluate(ctx, s, `new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))
			.then(() => axe.run(document, {runOnly: `+only+`, resultTypes: ["violations"]}))
			.then((r) => r.violations.map((v) => ({id: v.id, help: v.help, nodes: v.nodes.map((n) => ({target: n.target.join(" "), html: n.html.slice(0, 200), why: n.failureSummary}))})))`, &found)
	})
	for _, v := range found {
		for _, n := range v.Nodes {
			p.t.Errorf("axe-core at %s: %s: %s\n\t%s\n\t%s\n\t%s", p.Address(), v.ID, v.Help, n.Target, n.HTML, n.Why)
		}
	}
}

// await looks until try finds nothing amiss any more. What it says is the reason where that never comes.
func (p *Page) await(what string, try func(ctx context.Context, s cdp.Session) (amiss string, err error)) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, Patience)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	amiss := ""
	for {
		var found string
		err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			var err error
			found, err = try(ctx, t)
			return err
		}))
		switch {
		case err == nil && found == "":
			return
		case err == nil:
			amiss = found
		case ctx.Err() == nil:
			amiss = err.Error() // the page may be on its way to another one
		}
		select {
		case <-ctx.Done():
			p.fail(fmt.Sprintf("%s: not within %s: %s", what, Patience, amiss))
		case <-tick.C:
		}
	}
}

// command does something that needs no waiting.
func (p *Page) command(what string, do func(ctx context.Context, s cdp.Session) error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, callTimeout)
	defer cancel()
	p.must(what, chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error { return do(ctx, t) })))
}

func (p *Page) must(what string, err error) {
	p.t.Helper()
	if err != nil {
		p.fail(what + ": " + err.Error())
	}
}

var notInFileName = regexp.MustCompile(`[^A-Za-z0-9]+`)

// fail ends the test with what the page shows.
func (p *Page) fail(why string) {
	p.t.Helper()
	file := filepath.Join(p.rig.shots(p.t), notInFileName.ReplaceAllString(p.t.Name(), "-")+".png")
	picture := file
	if err := p.shoot(file, false); err != nil {
		picture = "none: " + err.Error()
	}
	var at, text string
	ctx, cancel := context.WithTimeout(p.ctx, callTimeout)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if err := evaluate(ctx, t, `location.href`, &at); err != nil {
			return err
		}
		return evaluate(ctx, t, `document.body?.innerText ?? ""`, &text)
	}))
	if err != nil {
		text = "(it cannot be read: " + err.Error() + ")"
	}
	p.t.Fatalf("browsertest: %s\npicture: %s\nat %s the page says:\n%s", why, picture, at, text)
}

// evaluate gives out the value of an expression, a promise's when it is there.
func evaluate(ctx context.Context, s cdp.Session, expression string, out any) error {
	result, err := cdp.Call(ctx, s, runtime.Evaluate, runtime.EvaluateParams{Expression: expression, ReturnByValue: new(true), AwaitPromise: new(true)})
	if err != nil {
		return err
	}
	return valueOf(result.Result, result.ExceptionDetails, out)
}

func valueOf(value *runtime.RemoteObject, thrown *runtime.ExceptionDetails, out any) error {
	if thrown != nil {
		text := thrown.Text
		if thrown.Exception != nil {
			text += " " + thrown.Exception.Description
		}
		return fmt.Errorf("in the page: %s", text)
	}
	if out == nil || len(value.Value) == 0 {
		return nil
	}
	return json.Unmarshal(value.Value, out)
}
