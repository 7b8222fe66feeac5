package license

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Signer is a private key that stays where it is.
type Signer interface {
	// Public gives the public key, which never changes.
	Public(ctx context.Context) (ed25519.PublicKey, error)
	// Sign signs at most MaxSignedBytes with Ed25519 (not the pre-hashed form).
	Sign(ctx context.Context, message []byte) ([]byte, error)
}

// Issuer signs tokens with the first of its keys and publishes all of them.
type Issuer struct {
	name    string
	signers []Signer

	mu     sync.Mutex
	public []ed25519.PublicKey // of the signers, nil where not asked for yet
}

// NewIssuer returns an issuer whose tokens carry the name as iss. It fails without a
// key.
func NewIssuer(name string, signers ...Signer) (*Issuer, error) {
	if name == "" || len(signers) == 0 {
		return nil, errors.New("license: an issuer needs a name and at least one key")
	}
	return &Issuer{name: name, signers: signers, public: make([]ed25519.PublicKey, len(signers))}, nil
}

// Sign makes a token of the claims, good from issuedAt until expires; iss, aud, iat
// and exp are set here. It fails where the lifetime is not within (0, MaxLifetime],
// or the claims are larger than what can be signed.
func (i *Issuer) Sign(ctx context.Context, c Claims, issuedAt, expires time.Time) (string, error) {
	c.Issuer, c.Audience, c.NotBefore = i.name, c.Product, 0
	c.IssuedAt, c.Expires = issuedAt.Unix(), expires.Unix()
	if c.Expires <= c.IssuedAt || c.Expires-c.IssuedAt > int64(MaxLifetime/time.Second) {
		return "", fmt.Errorf("license: a token from %s to %s: it must be good for a second to an hour", issuedAt, expires)
	}
	if c.Entitlements == nil {
		c.Entitlements = []string{}
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("license: %w", err)
	}
	key, err := i.key(ctx, 0)
	if err != nil {
		return "", err
	}
	signed := header(KeyID(key)) + "." + encoding().EncodeToString(payload)
	if len(signed) > MaxSignedBytes {
		return "", fmt.Errorf("license: the token of product %s has %d bytes to sign and may have %d: give the product fewer or shorter entitlements", c.Product, len(signed), MaxSignedBytes)
	}
	signature, err := i.signers[0].Sign(ctx, []byte(signed))
	if err != nil {
		return "", fmt.Errorf("license: %w", err)
	}
	if len(signature) != ed25519.SignatureSize {
		return "", fmt.Errorf("license: the signature has %d bytes, not %d", len(signature), ed25519.SignatureSize)
	}
	return signed + "." + encoding().EncodeToString(signature), nil
}

// JWKS is the set of all public keys, the signing one first. It fails where one of
// them cannot be had: who cached a set that lacks a key would refuse good tokens.
func (i *Issuer) JWKS(ctx context.Context) (JWKS, error) {
	set := JWKS{Keys: make([]JWK, len(i.signers))}
	for n := range i.signers {
		key, err := i.key(ctx, n)
		if err != nil {
			return JWKS{}, err
		}
		set.Keys[n] = NewJWK(key)
	}
	return set, nil
}

// key is the public key of a signer, asked for once.
func (i *Issuer) key(ctx context.Context, n int) (ed25519.PublicKey, error) {
	i.mu.Lock()
	known := i.public[n]
	i.mu.Unlock()
	if known != nil {
		return known, nil
	}
	key, err := i.signers[n].Public(ctx)
	if err != nil {
		return nil, fmt.Errorf("license: %w", err)
	}
	if len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("license: key %d is not an Ed25519 key", n+1)
	}
	i.mu.Lock()
	i.public[n] = key
	i.mu.Unlock()
	return key, nil
}
