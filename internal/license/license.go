// Package license makes and checks license tokens: short-lived proofs, signed by
// the vendor's key, that a user is entitled to a product. Whoever has the public
// keys can check one without asking anybody.
//
// # The token
//
// A JWS in compact form (RFC 7515) over a JWT (RFC 7519), signed with Ed25519 (RFC
// 8037):
//
//	header   {"alg":"EdDSA","typ":"usher-license+jwt","kid":"…"}
//	payload  iss  the deployment that issued it
//	         aud  the product, as a program that runs it expects it
//	         sub  the user's id
//	         account, product, entitlements
//	         epoch  of the account; see below
//	         iat, exp  seconds since 1970, at most MaxLifetime apart
//
// The typ keeps a license token from being taken for a login and an id_token or
// access token from being taken for a license. The kid is the key's thumbprint (RFC
// 7638), so that one name never means two keys.
//
// # Epochs
//
// A token is good until it expires, at most an hour, whatever happens meanwhile.
// An account's epoch rises when its ownership is handed over and when an operator
// says so; the events ownership.transferred and tokens.revoked tell it. A Verifier
// that is told refuses the older tokens of that account at once.
//
// # Rotation
//
// An Issuer has a list of keys: the first signs, all are published. A new key is
// published as the second for as long as verifiers keep their key sets, then becomes
// the first, and the old one goes when its last token has expired.
package license

import (
	"encoding/base64"
	"errors"
	"time"
)

const (
	// Type is the typ of license tokens.
	Type = "usher-license+jwt"
	// algorithm is the only one there is: a verifier that let the token choose could
	// be made to take a public key for a shared secret.
	algorithm = "EdDSA"
	// MaxLifetime is the longest that a token is good for: how long somebody may go on
	// offline after a license was taken.
	MaxLifetime = time.Hour
	// MaxSignedBytes is the most that KMS signs without hashing it first, which Ed25519
	// does not let it do.
	MaxSignedBytes = 4096
	// MaxTokenBytes is a token of that size, with its signature.
	MaxTokenBytes = MaxSignedBytes + 1 + signatureChars
	// signatureChars are the 64 bytes of a signature in base64.
	signatureChars = 86
)

// Claims say who may do what until when.
type Claims struct {
	Issuer       string   `json:"iss"`
	Audience     string   `json:"aud"`
	Subject      string   `json:"sub"`
	Account      string   `json:"account"`
	Product      string   `json:"product"`
	Entitlements []string `json:"entitlements"`
	Epoch        int64    `json:"epoch"`
	IssuedAt     int64    `json:"iat"`
	NotBefore    int64    `json:"nbf,omitempty"`
	Expires      int64    `json:"exp"`
}

// Allows reports whether the token gives an entitlement.
func (c *Claims) Allows(entitlement string) bool {
	for _, e := range c.Entitlements {
		if e == entitlement {
			return true
		}
	}
	return false
}

// Why a token is refused. All of them mean the same to a caller; they are told apart
// for logs and tests. ErrUnknownKey may mean that the key set is older than the token.
var (
	ErrMalformed  = errors.New("license: this is not a license token")
	ErrUnknownKey = errors.New("license: the token names no key of the set: fetch the key set again, at most once a minute")
	ErrSignature  = errors.New("license: the signature is not of the key that the token names")
	ErrIssuer     = errors.New("license: the token is of another issuer")
	ErrAudience   = errors.New("license: the token is for another product")
	ErrLifetime   = errors.New("license: the token would be good for longer than an hour")
	ErrNotYet     = errors.New("license: the token is of the future")
	ErrExpired    = errors.New("license: the token has expired: fetch a new one")
	ErrEpoch      = errors.New("license: the tokens of this account's epoch were revoked: fetch a new one")
)

// encoding refuses bits behind the last byte, so that a signature has one spelling.
func encoding() *base64.Encoding { return base64.RawURLEncoding.Strict() }
