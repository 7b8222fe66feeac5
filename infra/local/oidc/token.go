package oidc

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// oauthError is the error answer of RFC 6749, 5.2.
type oauthError struct {
	status      int
	code        string
	description string
}

func refusal(code, description string) *oauthError {
	return &oauthError{http.StatusBadRequest, code, description}
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	if err := r.ParseForm(); err != nil || len(r.PostForm) == 0 {
		refuse(w, refusal("invalid_request", "Send the parameters as application/x-www-form-urlencoded."))
		return
	}
	var tokens Tokens
	var failure *oauthError
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		tokens, failure = s.exchangeCode(r)
	case "refresh_token":
		tokens, failure = s.exchangeRefresh(r)
	case "client_credentials":
		tokens, failure = s.clientCredentials(r)
	default:
		failure = refusal("unsupported_grant_type", "grant_type must be authorization_code, refresh_token or client_credentials.")
	}
	if failure != nil {
		refuse(w, failure)
		return
	}
	writeJSON(w, http.StatusOK, tokens)
}

func refuse(w http.ResponseWriter, failure *oauthError) {
	if failure.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="issuer"`)
	}
	writeJSON(w, failure.status, map[string]string{"error": failure.code, "error_description": failure.description})
}

// publicClient names the client of a code or refresh grant. It has no secret.
func (s *Server) publicClient(r *http.Request) *oauthError {
	if _, _, basic := r.BasicAuth(); basic || r.PostForm.Get("client_id") != s.options.ClientID {
		return &oauthError{http.StatusUnauthorized, "invalid_client", "Send client_id of the public client, and no secret."}
	}
	return nil
}

func (s *Server) exchangeCode(r *http.Request) (Tokens, *oauthError) {
	if failure := s.publicClient(r); failure != nil {
		return Tokens{}, failure
	}
	now := s.options.Now()
	// Whatever else is wrong, a code that was shown is spent.
	grant, ok := s.state.spendCode(r.PostForm.Get("code"), now)
	switch {
	case !ok:
		return Tokens{}, refusal("invalid_grant", "The code is unknown, was used already, or is older than "+CodeLife.String()+". Start again at /authorize.")
	case grant.redirectURI != r.PostForm.Get("redirect_uri"):
		return Tokens{}, refusal("invalid_grant", "redirect_uri is not the one of the authorization request.")
	case !verifierMatches(r.PostForm.Get("code_verifier"), grant.challenge):
		return Tokens{}, refusal("invalid_grant", "code_verifier does not belong to the code_challenge of the authorization request.")
	}
	return s.userTokens(grant, now)
}

// verifierMatches is RFC 7636, 4.6.
func verifierMatches(verifier, challenge string) bool {
	if !regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`).MatchString(verifier) {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

func (s *Server) exchangeRefresh(r *http.Request) (Tokens, *oauthError) {
	if failure := s.publicClient(r); failure != nil {
		return Tokens{}, failure
	}
	now := s.options.Now()
	grant, ok := s.state.spendRefresh(r.PostForm.Get("refresh_token"), now)
	if !ok {
		return Tokens{}, refusal("invalid_grant", "The refresh token is unknown, was used already, or has expired. Sign in again.")
	}
	grant.nonce = "" // belongs to the sign-in (OpenID Connect Core, 12.2)
	return s.userTokens(grant, now)
}

// userTokens makes the tokens of a person.
func (s *Server) userTokens(grant request, now time.Time) (Tokens, *oauthError) {
	person, scopes := grant.person, strings.Fields(grant.scope)
	subject := Subject(person.Email)
	access := s.claims(subject, grant.clientID, grant.scope, now)
	access["auth_time"] = grant.authTime.Unix()
	if len(person.Groups) > 0 {
		access[s.options.GroupsClaim] = person.Groups
	}
	identity := map[string]any{
		"iss": s.options.IssuerURL, "sub": subject, "aud": grant.clientID,
		"auth_time": grant.authTime.Unix(), "iat": now.Unix(), "exp": now.Add(AccessTokenLife).Unix(),
	}
	if grant.nonce != "" {
		identity["nonce"] = grant.nonce
	}
	for name, value := range personClaims(person, scopes) {
		identity[name] = value
	}
	tokens, failure := s.accessToken(access, grant.scope)
	if failure != nil {
		return Tokens{}, failure
	}
	sum := sha256.Sum256([]byte(tokens.AccessToken))
	identity["at_hash"] = base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	var err error
	if tokens.IDToken, err = s.signer.sign(typID, identity); err != nil {
		return Tokens{}, serverError(err)
	}
	if slices.Contains(scopes, "offline_access") {
		tokens.RefreshToken = s.state.issueRefresh(grant, now)
	}
	return tokens, nil
}

// personClaims are the claims of the scopes email and profile.
func personClaims(person Person, scopes []string) map[string]any {
	claims := map[string]any{}
	if slices.Contains(scopes, "email") {
		claims["email"] = person.Email
		claims["email_verified"] = !person.EmailUnverified
	}
	if slices.Contains(scopes, "profile") {
		claims["name"] = person.name()
		if person.FirstName != "" {
			claims["given_name"] = person.FirstName
		}
		if person.LastName != "" {
			claims["family_name"] = person.LastName
		}
	}
	return claims
}

// name is what to call a person: the names, or what stands before the @.
func (p Person) name() string {
	if full := strings.TrimSpace(p.FirstName + " " + p.LastName); full != "" {
		return full
	}
	local, _, _ := strings.Cut(p.Email, "@")
	return local
}

func (s *Server) clientCredentials(r *http.Request) (Tokens, *oauthError) {
	id, secret, basic := r.BasicAuth()
	if basic {
		// RFC 6749, 2.3.1: both are form-encoded inside the header.
		id, secret = unescape(id), unescape(secret)
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	i := slices.IndexFunc(s.options.VendorServers, func(v VendorServer) bool { return v.ClientID == id })
	if i < 0 || subtle.ConstantTimeCompare([]byte(s.options.VendorServers[i].Secret), []byte(secret)) != 1 {
		return Tokens{}, &oauthError{http.StatusUnauthorized, "invalid_client", "The client is unknown or its secret is wrong."}
	}
	allowed := s.options.VendorServers[i].Scopes
	if len(allowed) == 0 {
		allowed = []string{ScopeEntitlementsRead}
	}
	scopes := strings.Fields(r.PostForm.Get("scope"))
	if len(scopes) == 0 {
		scopes = allowed
	}
	for _, scope := range scopes {
		if !slices.Contains(allowed, scope) {
			return Tokens{}, refusal("invalid_scope", "This client may ask for: "+strings.Join(allowed, " ")+".")
		}
	}
	scope := strings.Join(scopes, " ")
	return s.accessToken(s.claims(id, id, scope, s.options.Now()), scope)
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// claims are those of every access token.
func (s *Server) claims(subject, clientID, scope string, now time.Time) map[string]any {
	return map[string]any{
		"iss": s.options.IssuerURL, "sub": subject, "client_id": clientID, "aud": s.options.ClientID, "scope": scope,
		"iat": now.Unix(), "exp": now.Add(AccessTokenLife).Unix(), "jti": random(),
	}
}

func (s *Server) accessToken(claims map[string]any, scope string) (Tokens, *oauthError) {
	token, err := s.signer.sign(typAccess, claims)
	if err != nil {
		return Tokens{}, serverError(err)
	}
	return Tokens{AccessToken: token, TokenType: "Bearer", ExpiresIn: int(AccessTokenLife.Seconds()), Scope: scope}, nil
}

func serverError(err error) *oauthError {
	slog.Error("issuer", "error", err)
	return &oauthError{http.StatusInternalServerError, "server_error", "The issuer could not make the token."}
}

// userinfo answers with the claims of the access token's person, as far as its
// scopes go.
func (s *Server) userinfo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	claims, err := s.verifyAccess(token)
	person, known := s.state.who(claims.Subject)
	if !bearer || err != nil || !known {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token", "error_description": "Send a valid access token of a person as Authorization: Bearer."})
		return
	}
	answer := personClaims(person, strings.Fields(claims.Scope))
	answer["sub"] = claims.Subject
	writeJSON(w, http.StatusOK, answer)
}

// writeJSON writes an answer. A failure to write means that the client has
// gone, and there is nobody to tell.
func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
