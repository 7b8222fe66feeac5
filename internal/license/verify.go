package license

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"sync"
	"time"
)

const (
	// Leeway is how far apart the clocks of issuer and verifier may be.
	Leeway = 30 * time.Second
	// DefaultCacheTokens is how many tokens a verifier remembers: at MaxTokenBytes each
	// they are 8 MB, and a server rarely sees more people in an hour.
	DefaultCacheTokens = 2000
	// MaxEpochs bounds how many accounts' epochs are kept. An epoch matters only while
	// tokens from before it live, so that it is an hour's revocations.
	MaxEpochs = 10_000
)

// Options say which tokens a verifier takes.
type Options struct {
	// Issuer and Audience (the product) are compared as they are.
	Issuer, Audience string
	// Keys are the only keys there are: nothing in a token leads to another.
	Keys JWKS
	// Now is the wall clock.
	Now func() time.Time
	// CacheTokens is how many checked tokens are remembered; 0 remembers none.
	CacheTokens int
}

// Verifier checks license tokens. It may be used by many goroutines.
type Verifier struct {
	issuer, audience string
	now              func() time.Time
	limit            int

	mu     sync.RWMutex
	keys   map[string]ed25519.PublicKey // by the header of their tokens
	cache  map[string]*Claims
	epochs map[string]epoch // by account
	since  int64            // older tokens are refused whatever their account; see Revoke
}

// epoch is the oldest that is taken of an account, until no older token lives.
type epoch struct {
	least int64
	until time.Time
}

// NewVerifier returns a verifier. It fails on options that would let everything or
// nothing through.
func NewVerifier(o Options) (*Verifier, error) {
	if o.Issuer == "" || o.Audience == "" || o.Now == nil || o.CacheTokens < 0 {
		return nil, errors.New("license: a verifier needs an issuer, an audience and a clock")
	}
	v := &Verifier{issuer: o.Issuer, audience: o.Audience, now: o.Now, limit: o.CacheTokens, epochs: map[string]epoch{}}
	return v, v.Use(o.Keys)
}

// Use replaces the keys, as after a rotation. Tokens of keys that are gone are
// refused from then on.
func (v *Verifier) Use(set JWKS) error {
	if len(set.Keys) == 0 {
		return errors.New("license: the key set is empty")
	}
	keys := make(map[string]ed25519.PublicKey, len(set.Keys))
	for _, k := range set.Keys {
		key, err := k.public()
		if err != nil {
			return err
		}
		keys[header(k.KeyID)] = key
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keys, v.cache = keys, map[string]*Claims{}
	return nil
}

// Revoke refuses the account's tokens of epochs before least, as the events
// tokens.revoked and ownership.transferred tell it. Beyond MaxEpochs at once it
// refuses every token issued until now instead: people fetch new ones, and nobody
// whose token was revoked gets by.
func (v *Verifier) Revoke(account string, least int64) {
	now := v.now()
	v.mu.Lock()
	defer v.mu.Unlock()
	old, known := v.epochs[account]
	if known && old.least > least {
		return
	}
	if !known && len(v.epochs) >= MaxEpochs {
		for a, e := range v.epochs {
			if now.After(e.until) {
				delete(v.epochs, a)
			}
		}
	}
	if !known && len(v.epochs) >= MaxEpochs {
		v.epochs, v.since = map[string]epoch{}, now.Add(Leeway).Unix()
	}
	v.epochs[account] = epoch{least, now.Add(MaxLifetime + 2*Leeway)}
}

// Verify gives the claims of a good token, or one of the errors of this package. The
// claims are shared: do not change them.
func (v *Verifier) Verify(token string) (*Claims, error) {
	v.mu.RLock()
	claims := v.cache[token]
	v.mu.RUnlock()
	known := claims != nil
	if !known {
		var err error
		if claims, err = v.open(token); err != nil {
			return nil, err
		}
		if claims.Issuer != v.issuer {
			return nil, ErrIssuer
		}
		if claims.Audience != v.audience || claims.Product != v.audience {
			return nil, ErrAudience
		}
	}
	if err := v.current(claims); err != nil {
		return nil, err
	}
	if !known {
		v.remember(token, claims)
	}
	return claims, nil
}

// open checks form and signature and reads the payload, in this order: nothing of a
// token is parsed before its signature holds. The header is compared whole, so that
// there is none but ours: no other algorithm or type, and no jku, x5u, jwk or crit.
func (v *Verifier) open(token string) (*Claims, error) {
	if len(token) > MaxTokenBytes {
		return nil, ErrMalformed
	}
	head, rest, ok := strings.Cut(token, ".")
	if !ok {
		return nil, ErrMalformed
	}
	payload, encoded, ok := strings.Cut(rest, ".")
	if !ok || len(encoded) != signatureChars {
		return nil, ErrMalformed
	}
	v.mu.RLock()
	key := v.keys[head]
	v.mu.RUnlock()
	if key == nil {
		return nil, ErrUnknownKey
	}
	var signature [ed25519.SignatureSize]byte
	if n, err := encoding().Decode(signature[:], []byte(encoded)); err != nil || n != len(signature) {
		return nil, ErrMalformed
	}
	if !ed25519.Verify(key, []byte(token[:len(head)+1+len(payload)]), signature[:]) {
		return nil, ErrSignature
	}
	text, err := encoding().DecodeString(payload)
	if err != nil {
		return nil, ErrMalformed
	}
	claims, err := readClaims(text)
	if err != nil || claims.Subject == "" || claims.Account == "" {
		return nil, ErrMalformed
	}
	return claims, nil
}

// current checks what time and revocations change.
func (v *Verifier) current(c *Claims) error {
	now := v.now()
	leeway := int64(Leeway / time.Second)
	switch unix := now.Unix(); {
	case c.IssuedAt < 0 || unix < c.IssuedAt-leeway || unix < c.NotBefore-leeway:
		return ErrNotYet
	case c.Expires <= c.IssuedAt || c.Expires-c.IssuedAt > int64(MaxLifetime/time.Second):
		return ErrLifetime
	case unix >= c.Expires+leeway:
		return ErrExpired
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	if e, known := v.epochs[c.Account]; known && c.Epoch < e.least || c.IssuedAt < v.since {
		return ErrEpoch
	}
	return nil
}

// remember keeps a token. A full cache is emptied: what is in use comes back with its
// next check, and an attacker cannot fill it, since only good tokens get in.
func (v *Verifier) remember(token string, claims *Claims) {
	if v.limit == 0 {
		return
	}
	head, _, _ := strings.Cut(token, ".")
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.keys[head] == nil {
		return // the keys were replaced while it was checked
	}
	if len(v.cache) >= v.limit {
		v.cache = make(map[string]*Claims, v.limit)
	}
	v.cache[token] = claims
}
