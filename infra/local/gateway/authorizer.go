package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/usher-seats/usher/infra/local/sam"
)

const (
	// keysTimeout bounds a fetch of the issuer's keys.
	keysTimeout = 5 * time.Second
	// keysAge is how long keys are kept, as API Gateway does.
	keysAge = 2 * time.Hour
	// keysPause is how long an unknown key waits for the next fetch, so that forged tokens cannot make us ask for each.
	keysPause = time.Second
	// maxKeysBytes bounds what an issuer may send.
	maxKeysBytes = 1 << 20
)

// identity is what a function learns about a token.
type identity struct {
	Claims map[string]string `json:"claims"`
	Scopes []string          `json:"scopes"`
}

// authorizer checks tokens of one issuer.
type authorizer struct {
	config *sam.Authorizer
	http   *http.Client
	now    func() time.Time

	mu      sync.Mutex
	keys    []jose.JSONWebKey
	fetched time.Time
}

// refusal is why a token is not taken, in API Gateway's words.
type refusal string

func (r refusal) Error() string { return string(r) }

// check answers 401 or 403 where a token is missing, not valid or lacks every one of the scopes.
func (a *authorizer) check(w http.ResponseWriter, r *http.Request, scopes []string) (*identity, bool) {
	header := r.Header.Get(a.config.Header)
	if header == "" {
		w.Header().Set("Www-Authenticate", "Bearer")
		refuse(w, http.StatusUnauthorized, "Unauthorized")
		return nil, false
	}
	token := header
	if scheme, rest, ok := strings.Cut(header, " "); ok && strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(rest)
	}
	claims, err := a.verify(r.Context(), token)
	if err != nil {
		var known refusal
		if !errors.As(err, &known) {
			slog.Error("gateway: the issuer's keys", "issuer", a.config.Issuer, "err", err)
			known = "OIDC discovery endpoint communication error"
		}
		w.Header().Set("Www-Authenticate", fmt.Sprintf("Bearer scope=%q error=\"invalid_token\" error_description=%q", strings.Join(scopes, " "), string(known)))
		refuse(w, http.StatusUnauthorized, "Unauthorized")
		return nil, false
	}
	held := scopesOf(claims)
	if len(scopes) > 0 && !slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(held, s) }) {
		w.Header().Set("Www-Authenticate", fmt.Sprintf("Bearer scope=%q error=\"insufficient_scope\"", strings.Join(scopes, " ")))
		refuse(w, http.StatusForbidden, "Forbidden")
		return nil, false
	}
	id := &identity{Claims: map[string]string{}}
	for name, value := range claims {
		id.Claims[name] = render(value)
	}
	if len(scopes) > 0 {
		id.Scopes = held
	}
	return id, true
}

// verify checks the signature first, and then the claims.
func (a *authorizer) verify(ctx context.Context, token string) (map[string]any, error) {
	// API Gateway takes RSA alone. The list is what a token can choose from: no "none", no HMAC with a public key.
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, refusal("the token is malformed or not signed with RS256")
	}
	key, err := a.key(ctx, jws.Signatures[0].Protected.KeyID)
	if err != nil {
		return nil, err
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return nil, refusal("signature verification failed")
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	var claims map[string]any
	if err := d.Decode(&claims); err != nil {
		return nil, refusal("the token is malformed")
	}
	return claims, a.checkClaims(claims)
}

func (a *authorizer) checkClaims(claims map[string]any) error {
	if iss, _ := claims["iss"].(string); iss != a.config.Issuer {
		return refusal("the token has an invalid issuer")
	}
	now := a.now()
	exp, ok := instant(claims["exp"])
	if !ok {
		return refusal("the token has no expiry")
	}
	if !now.Before(exp) {
		return refusal("the token has expired")
	}
	for _, name := range []string{"nbf", "iat"} {
		if claims[name] == nil {
			continue
		}
		if at, ok := instant(claims[name]); !ok || now.Before(at) {
			return refusal("the token is not valid yet")
		}
	}
	audience := texts(claims["aud"])
	if claims["aud"] == nil { // Cognito's access tokens have a client_id instead
		audience = texts(claims["client_id"])
	}
	if !slices.ContainsFunc(audience, func(s string) bool { return slices.Contains(a.config.Audience, s) }) {
		return refusal("the token does not have a valid audience")
	}
	return nil
}

// instant reads a NumericDate; a fraction of a second is dropped.
func instant(v any) (time.Time, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	whole, _, _ := strings.Cut(n.String(), ".")
	seconds, err := json.Number(whole).Int64()
	return time.Unix(seconds, 0), err == nil
}

// texts reads a claim that is a text or a list of texts.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, item := range v {
			if s, ok := item.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// scopesOf reads "scope", a text with spaces, or else "scp".
func scopesOf(claims map[string]any) []string {
	for _, name := range []string{"scope", "scp"} {
		if claims[name] != nil {
			return strings.Fields(strings.Join(texts(claims[name]), " "))
		}
	}
	return nil
}

// render writes a claim as API Gateway hands it on: a list as "[a b]", without a sign of where one element ends.
func render(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = render(item)
		}
		return "[" + strings.Join(parts, " ") + "]"
	}
	return fmt.Sprint(v)
}

// key finds a key of the issuer, fetching the keys where they are old or the key is unknown.
func (a *authorizer) key(ctx context.Context, id string) (*jose.JSONWebKey, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	find := func() *jose.JSONWebKey {
		for i := range a.keys {
			if a.keys[i].KeyID == id && id != "" {
				return &a.keys[i]
			}
		}
		return nil
	}
	age := a.now().Sub(a.fetched)
	if k := find(); k != nil && age < keysAge {
		return k, nil
	}
	if age >= keysPause || a.keys == nil {
		keys, err := a.fetch(context.WithoutCancel(ctx))
		if err != nil {
			return nil, err
		}
		a.keys, a.fetched = keys, a.now()
	}
	if k := find(); k != nil {
		return k, nil
	}
	return nil, refusal("the token is signed with an unknown key")
}

// fetch finds the keys by the issuer's discovery document.
func (a *authorizer) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	ctx, cancel := context.WithTimeout(ctx, keysTimeout)
	defer cancel()
	var discovery struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := a.get(ctx, strings.TrimSuffix(a.config.Issuer, "/")+"/.well-known/openid-configuration", &discovery); err != nil {
		return nil, err
	}
	if discovery.Issuer != a.config.Issuer {
		return nil, fmt.Errorf("the discovery document of %s names the issuer %q", a.config.Issuer, discovery.Issuer)
	}
	var set jose.JSONWebKeySet
	if err := a.get(ctx, discovery.JWKSURI, &set); err != nil {
		return nil, err
	}
	return set.Keys, nil
}

func (a *authorizer) get(ctx context.Context, url string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := a.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, res.Status)
	}
	return json.NewDecoder(io.LimitReader(res.Body, maxKeysBytes)).Decode(out)
}
