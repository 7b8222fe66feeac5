package browsertest

import (
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// reportViolations makes a line of the console of everything that a Content-Security-Policy holds up.
const reportViolations = `addEventListener("securitypolicyviolation", (e) =>
	console.error("Content-Security-Policy: " + e.effectiveDirective + " holds up " + (e.blockedURI || "something inline") + " " + e.sourceFile + ":" + e.lineNumber));`

// watch notes what no page may do, whatever its test is about.
type watch struct {
	origins []string

	mu        sync.Mutex
	tolerated []string
	faults    []string
}

// see is given every event of the page. It runs on the goroutine that reads them, so it must be quick.
func (w *watch) see(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			text += " " + x.Description + string(x.Value)
		}
		w.note("an exception that nobody caught: " + text)
	case *runtime.EventConsoleAPICalled:
		if e.Type != runtime.ConsoleAPICalledTypeError && e.Type != runtime.ConsoleAPICalledTypeAssert {
			return
		}
		var words []string
		for _, a := range e.Args {
			word := a.Description // of an object or a number; a text has a value alone
			if word == "" {
				word = strings.Trim(string(a.Value), `"`)
			}
			words = append(words, word)
		}
		w.note("console.error: " + strings.Join(words, " "))
	case *log.EventEntryAdded:
		// Refusals of the API are lines of the network, which are no faults.
		if e.Entry.Source == log.EntrySourceSecurity || strings.Contains(e.Entry.Text, "Content Security Policy") {
			w.note("the browser warns: " + e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		if !w.home(e.Request.URL) {
			w.note("a request to a third party: " + e.Request.URL)
		}
	case *network.EventResponseReceived:
		if e.Response.Status >= 500 {
			w.note(fmt.Sprintf("%s answers %d", e.Response.URL, e.Response.Status))
		}
	}
}

// home tells whether an address is the console's or the issuer's, or none of the network.
func (w *watch) home(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "data", "blob", "about":
		return true
	}
	for _, origin := range w.origins {
		if u.Scheme+"://"+u.Host == origin {
			return true
		}
	}
	return false
}

func (w *watch) note(fault string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, fault)
}

func (w *watch) tolerate(part string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tolerated = append(w.tolerated, part)
}

// left are the faults that the test has not said to be right.
func (w *watch) left() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
faults:
	for _, f := range w.faults {
		for _, part := range w.tolerated {
			if strings.Contains(f, part) {
				continue faults
			}
		}
		out = append(out, f)
	}
	return out
}
