package license

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
)

// JWK is a public key in the form of RFC 8037.
type JWK struct {
	KeyType   string `json:"kty"`
	Curve     string `json:"crv"`
	Algorithm string `json:"alg"`
	Use       string `json:"use"`
	KeyID     string `json:"kid"`
	X         string `json:"x"`
}

// JWKS is a set of public keys, as /.well-known/jwks.json publishes it.
type JWKS struct {
	Keys []JWK `json:"keys"`
}

// NewJWK names a public key.
func NewJWK(key ed25519.PublicKey) JWK {
	return JWK{KeyType: "OKP", Curve: "Ed25519", Algorithm: algorithm, Use: "sig", KeyID: KeyID(key), X: encoding().EncodeToString(key)}
}

// KeyID is the thumbprint of a public key by RFC 7638: the SHA-256 of its required
// members in the order of their names.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + encoding().EncodeToString(key) + `"}`))
	return encoding().EncodeToString(sum[:])
}

// ParseJWKS reads a key set. It fails where a key cannot be one of ours, since a set
// that is not what it should be is best not used at all.
func ParseJWKS(text []byte) (JWKS, error) {
	var set JWKS
	if err := json.Unmarshal(text, &set); err != nil {
		return JWKS{}, fmt.Errorf("license: the key set is not JSON: %w", err)
	}
	for i, k := range set.Keys {
		if _, err := k.public(); err != nil {
			return JWKS{}, fmt.Errorf("license: key %d of the set: %w", i+1, err)
		}
	}
	return set, nil
}

// public is the key itself. The kid is held against the key, so that a mistake in a
// set cannot give one key the name of another.
func (k JWK) public() (ed25519.PublicKey, error) {
	if k.KeyType != "OKP" || k.Curve != "Ed25519" || k.Algorithm != algorithm || k.Use != "sig" {
		return nil, errors.New("it is not an Ed25519 key for EdDSA signatures")
	}
	x, err := encoding().DecodeString(k.X)
	if err != nil || len(x) != ed25519.PublicKeySize {
		return nil, errors.New("x is not the 32 bytes of an Ed25519 key")
	}
	if k.KeyID != KeyID(x) {
		return nil, errors.New("kid is not the thumbprint of the key")
	}
	return x, nil
}

// header is the one header that tokens of a key have, encoded.
func header(keyID string) string {
	return encoding().EncodeToString([]byte(`{"alg":"` + algorithm + `","typ":"` + Type + `","kid":"` + keyID + `"}`))
}
