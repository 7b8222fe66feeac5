// Package oidc is the OpenID Connect issuer of the local stack: it stands where
// a vendor's own identity provider, or Cognito, stands on AWS. It asks for no
// password: whoever opens its sign-in page chooses one of the demo people or
// types any email. It belongs on a loopback address and nowhere else.
//
// It does what the standards ask of a provider whose clients are real:
// authorization code flow with PKCE S256 and nothing else (RFC 6749, 7636,
// OpenID Connect Core 1.0), discovery, JWKS with one RS256 key of 2,048 bits,
// userinfo, RP-initiated logout, refresh tokens with rotation for the scope
// offline_access, and client credentials for the vendor's servers.
//
// Below the issuer's URL:
//
//	GET      /.well-known/openid-configuration   discovery
//	GET      /jwks                               the public key
//	GET      /authorize                          sign-in page, or a code at once where the browser is signed in
//	POST     /sign-in                            the sign-in page's form
//	POST     /token                              authorization_code, refresh_token, client_credentials
//	GET,POST /userinfo                           who an access token is about
//	GET,POST /logout                             end the browser's session
//
// An access token (typ at+jwt) says who, not what they are called: iss, sub,
// client_id, aud, scope, auth_time, iat, exp, jti, and the groups of an
// operator. The id_token (typ JWT) carries email, email_verified, names and
// nonce for aud = client id. A client-credentials token has sub = client_id,
// no auth_time and no groups. Its aud is the public client's id as well, since
// the API's gateway checks one audience.
//
// `sub` is a function of the email alone, in whatever case it was typed, so a
// person is the same after a restart and after `make reset`.
package oidc

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Lives of what the issuer hands out. They are those of an ordinary provider,
// so that a client that forgets to look at them is found out here.
const (
	AccessTokenLife  = time.Hour
	RefreshTokenLife = 30 * 24 * time.Hour
	// CodeLife is far below the 10 minutes that RFC 6749, 4.1.2 allows.
	CodeLife = time.Minute
	// SessionLife is how long the browser stays signed in at the issuer.
	SessionLife = 12 * time.Hour
	// signInLife is how long a sign-in page may stand open.
	signInLife = 30 * time.Minute
)

// DefaultGroupsClaim names the claim of a person's groups where the options do
// not.
const DefaultGroupsClaim = "groups"

// ScopeEntitlementsRead is the scope with which a vendor's server asks for
// entitlements.
const ScopeEntitlementsRead = "entitlements:read"

// Options describe the issuer. IssuerURL and ClientID are required.
type Options struct {
	// IssuerURL is the `iss` of every token and the base of every endpoint,
	// without a trailing slash, such as http://127.0.0.1:8081/issuer. Its path
	// is where the handler expects to be mounted (without StripPrefix).
	IssuerURL string
	// ClientID is the one public client: console, pages, demo.
	ClientID string
	// RedirectPrefixes are where codes may be sent and people may be sent
	// after signing out: origin and path prefix.
	RedirectPrefixes []string
	// VendorServers may get client-credentials tokens.
	VendorServers []VendorServer
	// People are offered on the sign-in page; any other email can be typed. It
	// is called for each page and each sign-in, and must not sign in itself.
	People func() []Person
	// GroupsClaim is the claim that lists a person's groups; empty means
	// DefaultGroupsClaim.
	GroupsClaim string
	// Now is the wall clock; nil means time.Now.
	Now func() time.Time
	// Key signs the tokens; nil makes a new one, which takes a moment.
	Key *rsa.PrivateKey
}

// Person is somebody whom the sign-in page offers.
type Person struct {
	Email     string
	FirstName string
	LastName  string
	// Role and Account say, on the page only, who this is.
	Role    string
	Account string
	// Groups are the groups of the person's tokens: the operator group for the
	// vendor's staff, else none.
	Groups []string
	// EmailUnverified makes the id_token say email_verified: false.
	EmailUnverified bool
}

// VendorServer is a confidential client of the vendor that asks with client
// credentials.
type VendorServer struct {
	ClientID string
	Secret   string
	// Scopes it may ask for; empty means ScopeEntitlementsRead.
	Scopes []string
}

// Tokens is the answer of the token endpoint.
type Tokens struct {
	AccessToken  string `json:"access_token"`
	IDToken      string `json:"id_token,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
	TokenType    string `json:"token_type"`
	// ExpiresIn is the access token's life in seconds.
	ExpiresIn int    `json:"expires_in"`
	Scope     string `json:"scope,omitempty"`
}

// Server is the issuer, an http.Handler. It is safe for concurrent use.
type Server struct {
	options   Options
	base      string // path of IssuerURL
	redirects []*url.URL
	mux       *http.ServeMux
	signer    signer
	state     state
}

// New returns an issuer. It fails, naming everything that is wrong, if an
// option is missing or is no URL.
func New(options Options) (*Server, error) {
	if options.GroupsClaim == "" {
		options.GroupsClaim = DefaultGroupsClaim
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.People == nil {
		options.People = func() []Person { return nil }
	}
	s := &Server{options: options, mux: http.NewServeMux()}
	s.state.reset()
	var problems []error
	issuer, err := httpURL(options.IssuerURL)
	switch {
	case err != nil:
		problems = append(problems, fmt.Errorf("IssuerURL: %w", err))
	case strings.HasSuffix(options.IssuerURL, "/") || issuer.RawQuery != "":
		problems = append(problems, errors.New("IssuerURL must have no trailing slash and no query"))
	default:
		s.base = issuer.Path
	}
	if options.ClientID == "" {
		problems = append(problems, errors.New("ClientID is missing"))
	}
	for _, prefix := range options.RedirectPrefixes {
		parsed, err := httpURL(prefix)
		if err != nil {
			problems = append(problems, fmt.Errorf("RedirectPrefixes: %w", err))
			continue
		}
		s.redirects = append(s.redirects, parsed)
	}
	for _, server := range options.VendorServers {
		if server.ClientID == "" || server.ClientID == options.ClientID || server.Secret == "" {
			problems = append(problems, fmt.Errorf("VendorServers: %q needs an id of its own and a secret", server.ClientID))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("options of the issuer: %w", err)
	}
	if err := s.signer.use(options.Key); err != nil {
		return nil, err
	}
	s.route()
	return s, nil
}

func httpURL(value string) (*url.URL, error) {
	parsed, err := url.Parse(value)
	if err != nil {
		return nil, err
	}
	if (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Host == "" || parsed.Fragment != "" || parsed.User != nil {
		return nil, fmt.Errorf("%q is no http or https URL with a host", value)
	}
	return parsed, nil
}

func (s *Server) route() {
	// The form is the issuer's own and only its own page may post it; the other
	// endpoints are made to be called from the clients' origins.
	sameOrigin := http.NewCrossOriginProtection()
	handle := func(pattern string, handler http.HandlerFunc) {
		method, path, _ := strings.Cut(pattern, " ")
		s.mux.HandleFunc(method+" "+s.base+path, handler)
	}
	handle("GET /.well-known/openid-configuration", s.open(s.discovery))
	handle("GET /jwks", s.open(s.jwks))
	handle("GET /authorize", s.authorize)
	handle("GET /sign-in.css", s.stylesheet)
	s.mux.Handle("POST "+s.base+"/sign-in", sameOrigin.Handler(http.HandlerFunc(s.postSignIn)))
	handle("POST /token", s.open(s.token))
	handle("OPTIONS /token", s.open(preflight))
	handle("GET /userinfo", s.open(s.userinfo))
	handle("POST /userinfo", s.open(s.userinfo))
	handle("OPTIONS /userinfo", s.open(preflight))
	handle("GET /logout", s.logout)
	handle("POST /logout", s.logout)
}

// ServeHTTP answers the issuer's endpoints.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// open lets pages of the clients' origins read the answer.
func (s *Server) open(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		for _, prefix := range s.redirects {
			if origin := prefix.Scheme + "://" + prefix.Host; r.Header.Get("Origin") == origin {
				w.Header().Set("Access-Control-Allow-Origin", origin)
			}
		}
		next(w, r)
	}
}

func preflight(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	w.WriteHeader(http.StatusNoContent)
}

// mayRedirect reports whether a code or a signed-out person may be sent to
// target: same origin as a prefix, and a path below it.
func (s *Server) mayRedirect(target string) bool {
	parsed, err := httpURL(target)
	if err != nil || strings.Contains(parsed.Path, "/../") || strings.HasSuffix(parsed.Path, "/..") || strings.ContainsAny(target, "\\\r\n") {
		return false
	}
	for _, prefix := range s.redirects {
		below := strings.TrimSuffix(prefix.Path, "/")
		if parsed.Scheme == prefix.Scheme && parsed.Host == prefix.Host && (parsed.Path == below || strings.HasPrefix(parsed.Path, below+"/")) {
			return true
		}
	}
	return false
}
