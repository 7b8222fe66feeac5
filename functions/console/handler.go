package main

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/seats"
)

const (
	// scope is what the console asks the issuer for.
	scope = "openid email profile"
	// signedInPath is where the issuer sends people back to.
	signedInPath = "/signed-in"
	// forGood: an address under /assets names what it holds.
	forGood = "public, max-age=31536000, immutable"
	// permissions switches off what a console of numbers and names has no use for.
	permissions = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
)

// errSignInUnreachable is said where the issuer's document cannot be had.
var errSignInUnreachable = seats.Error{
	Kind: seats.Unavailable, Code: "sign_in_unreachable", RetryAfterSeconds: int(discoveryPause.Seconds()),
	Detail: "The sign-in provider does not answer. Try again in a moment; if it stays, tell the vendor.",
}

// handler serves the console.
type handler struct {
	config    boot.Console
	files     files
	discovery *discovery
	// pages routes what is the console's, api refuses what is not, as the API does.
	pages, api http.Handler
}

// newHandler returns what answers every GET that no other function does.
func newHandler(config boot.Console, f files, d *discovery) http.Handler {
	h := &handler{config: config, files: f, discovery: d, api: apigw.Handler(http.NewServeMux())}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.page)
	mux.HandleFunc("GET /config.json", h.signIn)
	mux.HandleFunc("GET /assets/{version}/{file}", h.asset)
	h.pages = apigw.Handler(mux)
	return h
}

// ServeHTTP sends every path to the one page but those of the API, whose clients want to be told that they are wrong, and
// the console's own files.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.protect(w, r)
	switch p := r.URL.Path; {
	case under(p, "/v1"), under(p, "/.well-known"):
		h.api.ServeHTTP(w, r)
	case under(p, "/assets"), p == "/config.json":
		h.pages.ServeHTTP(w, r)
	default:
		page := r.Clone(r.Context())
		page.URL.Path, page.URL.RawPath, page.URL.RawQuery = "/", "", "" // whatever stands there is the script's to read
		h.pages.ServeHTTP(w, page)
	}
}

// under tells whether a path is a folder or in it.
func under(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

// protect says to the browser what the page may do: run its own script, show its own files, talk to the API and to the
// issuer's token endpoint. It is on every answer, since any of them can be opened as a page.
func (h *handler) protect(w http.ResponseWriter, r *http.Request) {
	issuer := originOf(h.config.Issuer.URL)
	if found, err := h.discovery.endpoints(r.Context()); err == nil {
		issuer = originOf(found.Token)
	} else {
		slog.WarnContext(r.Context(), "the issuer does not answer", "err", err)
	}
	for name, value := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
			"connect-src 'self' " + issuer + "; manifest-src 'self'; form-action 'none'; base-uri 'none'; object-src 'none'; " +
			"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           permissions,
		"Referrer-Policy":              "no-referrer",
		"Strict-Transport-Security":    "max-age=31536000",
		"X-Content-Type-Options":       "nosniff",
	} {
		w.Header().Set(name, value)
	}
}

// page answers with the one page. Its tag is weak, since it stands for the bytes with and without compression.
func (h *handler) page(w http.ResponseWriter, r *http.Request) {
	tag := `W/"` + h.files.version + `"`
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", tag)
	for known := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if known = strings.TrimSpace(known); known == tag || known == "*" {
			w.Header().Set("Vary", "Accept-Encoding")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	send(w, r, h.files.index)
}

func (h *handler) asset(w http.ResponseWriter, r *http.Request) {
	f, ok := h.files.assets[r.PathValue("file")]
	if !ok || r.PathValue("version") != h.files.version {
		h.api.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Cache-Control", forGood)
	send(w, r, f)
}

// signInConfig is how the console signs people in.
type signInConfig struct {
	Issuer                string `json:"issuer"`
	ClientID              string `json:"client_id"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	// EndSessionEndpoint is left out where the issuer has none.
	EndSessionEndpoint string `json:"end_session_endpoint,omitempty"`
	RedirectURI        string `json:"redirect_uri"`
	ConsoleURL         string `json:"console_url"`
	Scope              string `json:"scope"`
	OperatorGroup      string `json:"operator_group"`
	GroupsClaim        string `json:"groups_claim"`
}

func (h *handler) signIn(w http.ResponseWriter, r *http.Request) {
	found, err := h.discovery.endpoints(r.Context())
	if err != nil {
		apigw.Refuse(r.Context(), w, &errSignInUnreachable)
		return
	}
	body, err := json.Marshal(signInConfig{
		Issuer: found.Issuer, ClientID: h.config.ClientID, AuthorizationEndpoint: found.Authorization, TokenEndpoint: found.Token,
		EndSessionEndpoint: found.EndSession, RedirectURI: h.config.ConsoleURL + signedInPath, ConsoleURL: h.config.ConsoleURL,
		Scope: scope, OperatorGroup: h.config.Operators.Group, GroupsClaim: h.config.GroupsClaim,
	})
	if err != nil {
		apigw.Refuse(r.Context(), w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // it is held in memory until it is whole
}

// send writes a file, compressed for who can read that.
func send(w http.ResponseWriter, r *http.Request, f file) {
	w.Header().Set("Content-Type", f.contentType)
	w.Header().Set("Vary", "Accept-Encoding")
	body := f.plain
	if takesGzip(r.Header.Get("Accept-Encoding")) {
		if zipped := f.zipped(); zipped != nil {
			w.Header().Set("Content-Encoding", "gzip")
			body = zipped
		}
	}
	_, _ = w.Write(body) // it is held in memory until it is whole
}

// takesGzip reads Accept-Encoding as RFC 9110, 12.5.3 has it.
func takesGzip(accept string) bool {
	takes := false
	for one := range strings.SplitSeq(accept, ",") {
		coding, parameters, _ := strings.Cut(strings.ToLower(one), ";")
		coding = strings.TrimSpace(coding)
		if coding != "gzip" && coding != "*" {
			continue
		}
		wanted := true
		if q, ok := strings.CutPrefix(strings.TrimSpace(parameters), "q="); ok {
			weight, err := strconv.ParseFloat(q, 64)
			wanted = err == nil && weight > 0
		}
		if coding == "gzip" {
			return wanted
		}
		takes = wanted
	}
	return takes
}
