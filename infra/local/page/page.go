// Package page is the web page of the local stack: what runs, who there is,
// what was mailed, what happened, and the levers that only a stack on one
// machine has.
//
//	/                 accounts with their clocks, people to sign in as, functions, queues, schedules
//	/mailbox          the mails that the local SES accepted, and its fault mode
//	/mailbox/{id}     one mail: HTML in a sandbox, text, headers, source, files
//	/events           the last events of the bus
//	/signed-in        where a sign-in from the start page ends: what /v1/me answers, and the token
//
// What a customer's people use is the console, which has an address of its own;
// these pages link to it.
//
// They are a client like any other: accounts are read and clocks moved over the
// HTTP API with an operator's token, people sign in with the issuer by the code
// flow with PKCE in the browser. What belongs to the machine (mails, events,
// functions, queues, schedules) comes from Deps.
//
// Every page is rendered on the server and readable without scripts; only
// signing in needs them. The policy of every page allows its own files, the
// issuer's token endpoint, and no inline script or style. A mail's HTML is the
// exception, and is therefore shown in a sandboxed frame, without scripts,
// forms or anything from the network.
//
// The pages can act as the vendor's operator, so they answer only under a
// loopback name (or one of Deps.AllowedHosts), and take a POST only from
// themselves.
package page

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed files
var files embed.FS

// Limits of the pages.
const (
	// apiTimeout outlasts one call that moves a clock, which may work for 25 s.
	apiTimeout = 60 * time.Second
	// maxBodyBytes is ample for a form, and for a sign-in's tokens.
	maxBodyBytes = 256 << 10
)

type pages struct {
	deps      Deps
	client    *http.Client
	now       func() time.Time
	templates *template.Template
	policy    string

	mu sync.Mutex
	// said is shown once, on the next page, where the browser has no scripts.
	said string
}

// New returns the pages as a handler for the root of a server. What is wrong
// with deps shows on the pages, so that a stack half up can still be looked at.
func New(deps Deps) http.Handler {
	p := &pages{deps: deps, client: deps.HTTP, now: deps.Now}
	if p.client == nil {
		p.client = &http.Client{Timeout: apiTimeout}
	}
	if p.now == nil {
		p.now = time.Now
	}
	// The templates are part of the program: one that does not parse is a
	// mistake that every test of this package finds.
	p.templates = template.Must(template.New("").Funcs(p.functions()).ParseFS(files, "files/*.html"))
	p.policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; connect-src 'self'"
	if issuer, err := url.Parse(deps.IssuerURL); err == nil && issuer.Host != "" {
		p.policy += " " + issuer.Scheme + "://" + issuer.Host
	}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.start)
	mux.HandleFunc("GET /parts/banner", p.partBanner)
	mux.HandleFunc("GET /parts/accounts", p.partAccounts)
	mux.HandleFunc("GET /parts/demos", p.partDemos)
	mux.HandleFunc("GET /parts/machine", p.partMachine)
	mux.HandleFunc("POST /accounts/{account}/clock", p.moveClock)
	mux.HandleFunc("POST /queues/{queue}/redrive", p.redrive)
	mux.HandleFunc("POST /schedules/{schedule}/run", p.runSchedule)
	mux.HandleFunc("GET /mailbox", p.mailbox)
	mux.HandleFunc("GET /parts/mails", p.partMails)
	mux.HandleFunc("POST /mailbox/mode", p.setMode)
	mux.HandleFunc("POST /mailbox/clear", p.clearMails)
	mux.HandleFunc("GET /mailbox/{id}", p.mail)
	mux.HandleFunc("GET /mailbox/{id}/html", p.mailHTML)
	mux.HandleFunc("GET /mailbox/{id}/source", p.mailSource)
	mux.HandleFunc("GET /mailbox/{id}/files/{number}", p.mailFile)
	mux.HandleFunc("GET /events", p.events)
	mux.HandleFunc("GET /parts/events", p.partEvents)
	mux.HandleFunc("GET /signed-in", p.signedIn)
	mux.HandleFunc("GET /through/v1/me", p.through)
	mux.Handle("GET /files/", http.HandlerFunc(p.file))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		p.problem(w, http.StatusNotFound, "Nothing is here", "There is no page "+r.URL.Path+". The start page knows all of them.")
	})
	return p.guard(http.NewCrossOriginProtection().Handler(mux))
}

// guard sets what every answer carries, and keeps the pages from being opened
// under a name that somebody else's DNS server gave to this machine.
func (p *pages) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", p.policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		if !p.allowedHost(r.Host) {
			http.Error(w, "These pages answer under 127.0.0.1 and localhost only, not under "+shorten(r.Host, 80)+".", http.StatusMisdirectedRequest)
			return
		}
		if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, maxBodyBytes)
		}
		next.ServeHTTP(w, r)
	})
}

func (p *pages) allowedHost(host string) bool {
	name := host
	if bare, _, err := net.SplitHostPort(host); err == nil {
		name = bare
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	if name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.Contains(p.deps.AllowedHosts, name) {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}

// frame is what the layout of every page needs.
type frame struct {
	Title string
	// Here is the navigation's entry of this page.
	Here       string
	Deps       Deps
	MailCount  int
	MailMode   string
	Said       string
	HasMailbox bool
	HasEvents  bool
	Body       any
}

// show renders a page whole before it answers.
func (p *pages) show(w http.ResponseWriter, status int, name, title, here string, body any) {
	f := frame{Title: title, Here: here, Deps: p.deps, HasMailbox: p.deps.Mailbox != nil, HasEvents: p.deps.Events != nil, Body: body}
	if f.HasMailbox {
		f.MailCount = len(p.deps.Mailbox.Mails())
		f.MailMode = string(p.deps.Mailbox.Mode())
	}
	p.mu.Lock()
	f.Said, p.said = p.said, ""
	p.mu.Unlock()
	p.render(w, status, name, f)
}

func (p *pages) partBanner(w http.ResponseWriter, _ *http.Request) {
	mode := ""
	if p.deps.Mailbox != nil {
		mode = string(p.deps.Mailbox.Mode())
	}
	p.part(w, "banner", mode)
}

// part renders a piece of a page, for its refreshing.
func (p *pages) part(w http.ResponseWriter, name string, body any) {
	p.render(w, http.StatusOK, name, body)
}

func (p *pages) render(w http.ResponseWriter, status int, name string, data any) {
	out := &bytes.Buffer{}
	if err := p.templates.ExecuteTemplate(out, name, data); err != nil {
		slog.Error("page of the local stack", "page", name, "error", err)
		http.Error(w, "The page could not be made. The log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

type problemBody struct{ Heading, Text string }

func (p *pages) problem(w http.ResponseWriter, status int, heading, text string) {
	p.show(w, status, "problem.html", heading, "", problemBody{heading, text})
}

func (p *pages) file(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeFileFS(w, r, files, strings.TrimPrefix(r.URL.Path, "/"))
}

// done answers an action: a script gets JSON, a form is sent back to its page,
// where the sentence is shown.
func (p *pages) done(w http.ResponseWriter, r *http.Request, back, said string, err error) {
	status := http.StatusOK
	if err != nil {
		status, said = http.StatusBadGateway, sentence(err.Error())
		var wrong *inputError
		if errors.As(err, &wrong) {
			status = http.StatusUnprocessableEntity
		}
	}
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": err == nil, "said": said})
		return
	}
	p.mu.Lock()
	p.said = said
	p.mu.Unlock()
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// inputError is a mistake in a form, and says what to do.
type inputError struct{ text string }

func (e *inputError) Error() string { return e.text }
