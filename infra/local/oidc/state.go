package oidc

import (
	"crypto/rand"
	"encoding/base64"
	"maps"
	"sync"
	"time"
)

// maxKept bounds each kind of short-lived thing; a machine's demo has a handful.
// At the limit everything expired goes, and then whatever comes first.
const maxKept = 10_000

// request is one authorization request that waits for somebody to sign in, and
// then the grant that its code stands for.
type request struct {
	clientID    string
	redirectURI string
	state       string
	nonce       string
	scope       string
	challenge   string
	loginHint   string
	// person and authTime are set once somebody has signed in.
	person   Person
	authTime time.Time
	// spent marks a code that was presented once.
	spent bool
	// family ties together the refresh tokens that came of one code.
	family string
}

type session struct {
	person   Person
	authTime time.Time
}

// state is what the issuer remembers between requests.
type state struct {
	mu       sync.Mutex
	pending  expiring[request]
	codes    expiring[request]
	refresh  expiring[request]
	sessions expiring[session]
	// known are the people who ever signed in, by subject, for userinfo.
	known map[string]Person
}

type expiring[T any] map[string]entry[T]

type entry[T any] struct {
	value T
	until time.Time
}

func (e expiring[T]) put(key string, value T, now time.Time, life time.Duration) {
	if len(e) >= maxKept {
		maps.DeleteFunc(e, func(_ string, old entry[T]) bool { return !now.Before(old.until) })
	}
	for old := range e {
		if len(e) < maxKept {
			break
		}
		delete(e, old)
	}
	e[key] = entry[T]{value, now.Add(life)}
}

func (e expiring[T]) get(key string, now time.Time) (T, bool) {
	found, ok := e[key]
	if !ok || !now.Before(found.until) {
		var none T
		return none, false
	}
	return found.value, true
}

func (s *state) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending, s.codes, s.refresh = expiring[request]{}, expiring[request]{}, expiring[request]{}
	s.sessions = expiring[session]{}
	s.known = map[string]Person{}
}

func (s *state) remember(subject string, person Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[subject] = person
}

func (s *state) everybody() map[string]Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.known)
}

func (s *state) who(subject string) (Person, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	person, ok := s.known[subject]
	return person, ok
}

// wait keeps a request while its sign-in page stands open.
func (s *state) wait(r request, now time.Time) string {
	id := random()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending.put(id, r, now, signInLife)
	return id
}

// waiting returns a request by its page. It stays, so that the browser's back
// button leads to a page that still works.
func (s *state) waiting(id string, now time.Time) (request, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending.get(id, now)
}

func (s *state) issueCode(r request, now time.Time) string {
	code := random()
	r.family = random()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes.put(code, r, now, CodeLife)
	return code
}

// spendCode returns the grant of a code and uses it up. A code that comes a
// second time revokes the refresh tokens of the first (RFC 6749, 4.1.2).
func (s *state) spendCode(code string, now time.Time) (request, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	grant, ok := s.codes.get(code, now)
	if !ok {
		return request{}, false
	}
	if grant.spent {
		maps.DeleteFunc(s.refresh, func(_ string, r entry[request]) bool { return r.value.family == grant.family })
		return request{}, false
	}
	kept := s.codes[code]
	kept.value.spent = true
	s.codes[code] = kept
	return grant, true
}

func (s *state) issueRefresh(r request, now time.Time) string {
	token := random()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refresh.put(token, r, now, RefreshTokenLife)
	return token
}

// spendRefresh takes a refresh token out: each is for one use.
func (s *state) spendRefresh(token string, now time.Time) (request, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	grant, ok := s.refresh.get(token, now)
	delete(s.refresh, token)
	return grant, ok
}

func (s *state) openSession(person Person, now time.Time) string {
	id := random()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions.put(id, session{person, now}, now, SessionLife)
	return id
}

func (s *state) session(id string, now time.Time) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions.get(id, now)
}

func (s *state) closeSession(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, id)
}

// random returns 256 bits that fit into a URL.
func random() string {
	bits := make([]byte, 32)
	_, _ = rand.Read(bits) // never fails, by its documentation
	return base64.RawURLEncoding.EncodeToString(bits)
}
