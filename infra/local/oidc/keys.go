package oidc

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// keyBits is the size that every verifier takes.
const keyBits = 2048

// The `typ` headers tell an access token (RFC 9068) from an id_token.
const (
	typAccess = "at+jwt"
	typID     = "JWT"
)

// signer holds the key; a lock, since Restore replaces it.
type signer struct {
	mu  sync.RWMutex
	key *rsa.PrivateKey
	id  string
}

// use takes a key, or makes one if it is nil.
func (s *signer) use(key *rsa.PrivateKey) error {
	if key == nil {
		var err error
		if key, err = rsa.GenerateKey(rand.Reader, keyBits); err != nil {
			return fmt.Errorf("make the issuer's key: %w", err)
		}
	}
	if key.N.BitLen() < keyBits {
		return fmt.Errorf("the issuer's key has %d bits; it needs %d", key.N.BitLen(), keyBits)
	}
	thumbprint, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return fmt.Errorf("name the issuer's key: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key, s.id = key, base64.RawURLEncoding.EncodeToString(thumbprint)
	return nil
}

func (s *signer) current() (*rsa.PrivateKey, string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.key, s.id
}

func (s *signer) sign(typ string, claims map[string]any) (string, error) {
	key, id := s.current()
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader(jose.HeaderKey("kid"), id)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, options)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return token, nil
}

// accessClaims is what the issuer itself reads of its access tokens.
type accessClaims struct {
	jwt.Claims
	Scope string `json:"scope"`
}

// verifyAccess reads an access token of this issuer.
func (s *Server) verifyAccess(token string) (accessClaims, error) {
	var claims accessClaims
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return claims, err
	}
	if typ, _ := parsed.Headers[0].ExtraHeaders[jose.HeaderType].(string); typ != typAccess {
		return claims, errors.New("this is no access token")
	}
	key, _ := s.signer.current()
	if err := parsed.Claims(key.Public(), &claims); err != nil {
		return claims, err
	}
	err = claims.ValidateWithLeeway(jwt.Expected{Issuer: s.options.IssuerURL, Time: s.options.Now()}, time.Second)
	return claims, err
}

func (s *Server) jwks(w http.ResponseWriter, _ *http.Request) {
	key, id := s.signer.current()
	writeJSON(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: id, Algorithm: string(jose.RS256), Use: "sig"}}})
}

func (s *Server) discovery(w http.ResponseWriter, _ *http.Request) {
	issuer := s.options.IssuerURL
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                issuer,
		"authorization_endpoint":                issuer + "/authorize",
		"token_endpoint":                        issuer + "/token",
		"userinfo_endpoint":                     issuer + "/userinfo",
		"end_session_endpoint":                  issuer + "/logout",
		"jwks_uri":                              issuer + "/jwks",
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token", "client_credentials"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported":                      []string{"openid", "email", "profile", "offline_access", ScopeEntitlementsRead},
		"token_endpoint_auth_methods_supported": []string{"none", "client_secret_basic", "client_secret_post"},
		"code_challenge_methods_supported":      []string{"S256"},
		"prompt_values_supported":               []string{"none", "login", "select_account"},
		"claims_supported":                      []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "email", "email_verified", "name", "given_name", "family_name"},
		"request_parameter_supported":           false,
		"request_uri_parameter_supported":       false,
	})
}

// Subject is the `sub` of an email: a digest in the shape of a UUID, so that
// nothing of the email can be read from it.
func Subject(email string) string {
	sum := sha256.Sum256([]byte("usher local issuer\x00" + strings.ToLower(strings.TrimSpace(email))))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

type snapshot struct {
	// KeyPEM is the private key, PKCS #8. It guards demo people on one machine.
	KeyPEM string            `json:"key_pem"`
	Known  map[string]Person `json:"known"`
}

// Snapshot returns the signing key and who has signed in, for Restore after a
// restart, so that tokens stay valid. It is to be kept like any private key.
func (s *Server) Snapshot() ([]byte, error) {
	key, _ := s.signer.current()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("snapshot of the issuer: %w", err)
	}
	data, err := json.Marshal(snapshot{
		KeyPEM: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		Known:  s.state.everybody(),
	})
	if err != nil {
		return nil, fmt.Errorf("snapshot of the issuer: %w", err)
	}
	return data, nil
}

// Restore replaces the signing key and who is known by those of the snapshot.
// Codes, sessions and refresh tokens from before are void.
func (s *Server) Restore(data []byte) error {
	var saved snapshot
	if err := json.Unmarshal(data, &saved); err != nil {
		return fmt.Errorf("restore the issuer: %w", err)
	}
	block, _ := pem.Decode([]byte(saved.KeyPEM))
	if block == nil {
		return errors.New("restore the issuer: the snapshot has no key")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return fmt.Errorf("restore the issuer: %w", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return errors.New("restore the issuer: the key is not RSA")
	}
	if err := s.signer.use(key); err != nil {
		return fmt.Errorf("restore the issuer: %w", err)
	}
	s.state.reset()
	for subject, person := range saved.Known {
		s.state.remember(subject, person)
	}
	return nil
}
