package oidc

import (
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	sessionCookie = "usher_local_issuer"
	// maxFormBytes is ample for an email or a token request.
	maxFormBytes = 64 << 10
	// maxEmailBytes is the longest address that mail can be sent to (RFC 5321).
	maxEmailBytes = 254
	// maxParameterBytes bounds state and nonce, which come back in a URL.
	maxParameterBytes = 2048
)

// challengeShape is a SHA-256 in base64url (RFC 7636, 4.2).
func challengeShape(s string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(s)
}

// authorize checks an authorization request. What is wrong with client or
// redirect is shown here, everything else is sent back to the client.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if query.Get("client_id") != s.options.ClientID {
		s.showProblem(w, "Unknown client", "This issuer knows no client "+strconv.Quote(query.Get("client_id"))+". Use "+strconv.Quote(s.options.ClientID)+".")
		return
	}
	if !s.mayRedirect(query.Get("redirect_uri")) {
		s.showProblem(w, "Unknown redirect", "This issuer sends nobody to "+strconv.Quote(query.Get("redirect_uri"))+". It may send people to: "+strings.Join(s.options.RedirectPrefixes, ", ")+".")
		return
	}
	asked := request{
		clientID:    query.Get("client_id"),
		redirectURI: query.Get("redirect_uri"),
		state:       query.Get("state"),
		nonce:       query.Get("nonce"),
		scope:       query.Get("scope"),
		challenge:   query.Get("code_challenge"),
		loginHint:   query.Get("login_hint"),
	}
	if code, description := checkAuthorization(query); code != "" {
		sendBack(w, r, asked, url.Values{"error": {code}, "error_description": {description}})
		return
	}
	prompts := strings.Fields(query.Get("prompt"))
	if current, ok := s.currentSession(r, query.Get("max_age")); ok && !slices.Contains(prompts, "login") && !slices.Contains(prompts, "select_account") {
		asked.person, asked.authTime = current.person, current.authTime
		s.sendCode(w, r, asked)
		return
	}
	if slices.Contains(prompts, "none") {
		sendBack(w, r, asked, url.Values{"error": {"login_required"}, "error_description": {"Nobody is signed in at the issuer."}})
		return
	}
	s.showSignIn(w, http.StatusOK, s.state.wait(asked, s.options.Now()), asked, asked.loginHint, "")
}

// checkAuthorization returns an OAuth error code and a sentence, or "".
func checkAuthorization(query url.Values) (code, description string) {
	for name, values := range query {
		if len(values) > 1 {
			return "invalid_request", name + " is given twice."
		}
	}
	prompts := strings.Fields(query.Get("prompt"))
	switch {
	case query.Has("request"):
		return "request_not_supported", "Send plain parameters."
	case query.Has("request_uri"):
		return "request_uri_not_supported", "Send plain parameters."
	case query.Get("response_type") != "code":
		return "unsupported_response_type", "Only response_type=code is supported."
	case query.Has("response_mode") && query.Get("response_mode") != "query":
		return "invalid_request", "Only response_mode=query is supported."
	case !slices.Contains(strings.Fields(query.Get("scope")), "openid"):
		return "invalid_scope", "The scope must contain openid."
	case query.Get("code_challenge_method") != "S256" || !challengeShape(query.Get("code_challenge")):
		return "invalid_request", "PKCE is required: send code_challenge (43 characters) and code_challenge_method=S256."
	case query.Get("state") == "":
		return "invalid_request", "Send a state, and compare it when the answer comes."
	case len(query.Get("state")) > maxParameterBytes || len(query.Get("nonce")) > maxParameterBytes:
		return "invalid_request", "state or nonce is too long."
	case slices.Contains(prompts, "none") && len(prompts) > 1:
		return "invalid_request", "prompt=none stands alone."
	}
	return "", ""
}

// currentSession returns who is signed in in this browser, unless that is longer
// ago than maxAge in seconds.
func (s *Server) currentSession(r *http.Request, maxAge string) (session, bool) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return session{}, false
	}
	now := s.options.Now()
	current, ok := s.state.session(cookie.Value, now)
	if !ok {
		return session{}, false
	}
	if seconds, err := strconv.Atoi(maxAge); err == nil && int(now.Sub(current.authTime).Seconds()) > seconds {
		return session{}, false
	}
	return current, true
}

// postSignIn takes the email that was chosen or typed on the sign-in page.
func (s *Server) postSignIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	if err := r.ParseForm(); err != nil {
		s.showProblem(w, "Sign-in failed", "The form could not be read. Go back and try again.")
		return
	}
	now := s.options.Now()
	id := r.PostForm.Get("request")
	asked, ok := s.state.waiting(id, now)
	if !ok {
		s.showProblem(w, "This page is too old", "This sign-in was begun more than "+signInLife.String()+" ago, or before the stack was restarted. Go back to where you came from and sign in again.")
		return
	}
	email := strings.TrimSpace(r.PostForm.Get("email"))
	if other := strings.TrimSpace(r.PostForm.Get("other_email")); email == "" {
		email = other
	}
	person, problem := s.find(email)
	if problem != "" {
		s.showSignIn(w, http.StatusUnprocessableEntity, id, asked, email, problem)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: s.state.openSession(person, now), Path: s.base + "/",
		HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(SessionLife.Seconds()),
	})
	asked.person, asked.authTime = person, now
	s.sendCode(w, r, asked)
}

// find returns the person of an email: one of those offered, or anybody.
func (s *Server) find(email string) (Person, string) {
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > maxEmailBytes {
		return Person{}, "Type an email address, such as ada@example.com."
	}
	for _, person := range s.options.People() {
		if strings.EqualFold(person.Email, email) {
			return person, ""
		}
	}
	return Person{Email: email}, ""
}

func (s *Server) sendCode(w http.ResponseWriter, r *http.Request, grant request) {
	s.state.remember(Subject(grant.person.Email), grant.person)
	code := s.state.issueCode(grant, s.options.Now())
	sendBack(w, r, grant, url.Values{"code": {code}, "iss": {s.options.IssuerURL}})
}

// sendBack redirects to the client with its state. 303, so that the form's POST
// becomes a GET.
func sendBack(w http.ResponseWriter, r *http.Request, asked request, answer url.Values) {
	target, err := url.Parse(asked.redirectURI)
	if err != nil {
		http.Error(w, "the redirect is no URL", http.StatusBadRequest)
		return
	}
	query := target.Query()
	for name, values := range answer {
		query[name] = values
	}
	if asked.state != "" {
		query.Set("state", asked.state)
	}
	target.RawQuery = query.Encode()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, target.String(), http.StatusSeeOther)
}

// logout ends the browser's session and sends the person on, where that is
// allowed.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		s.state.closeSession(cookie.Value)
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: s.base + "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1})
	target := r.FormValue("post_logout_redirect_uri")
	switch {
	case target == "":
		s.showMessage(w, http.StatusOK, "You are signed out", "You can close this page, or go back to where you came from and sign in as somebody else.")
	case !s.mayRedirect(target):
		s.showMessage(w, http.StatusOK, "You are signed out", "You were to be sent to "+strconv.Quote(target)+", which this issuer does not know.")
	default:
		sendBack(w, r, request{redirectURI: target, state: r.FormValue("state")}, nil)
	}
}
