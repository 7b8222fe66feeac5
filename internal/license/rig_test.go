package license_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/license"
)

const (
	issuer  = "https://seats.northwind.example"
	product = "meetings"
)

var noon = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

// local is a key in memory.
type local struct{ key ed25519.PrivateKey }

// newKey makes the same key for the same number.
func newKey(n byte) local {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	return local{ed25519.NewKeyFromSeed(seed)}
}

func (l local) Public(context.Context) (ed25519.PublicKey, error) {
	return l.key.Public().(ed25519.PublicKey), nil
}

func (l local) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(l.key, message), nil
}

func (l local) public() ed25519.PublicKey { return l.key.Public().(ed25519.PublicKey) }

// rig is an issuer, and a verifier of its tokens with a clock to move.
type rig struct {
	t        testing.TB
	key      local
	issuer   *license.Issuer
	verifier *license.Verifier
	now      time.Time
}

func newRig(t testing.TB, cached int) *rig {
	t.Helper()
	r := &rig{t: t, key: newKey(1), now: noon}
	r.issuer = r.issuerOf(r.key)
	var err error
	r.verifier, err = license.NewVerifier(license.Options{
		Issuer: issuer, Audience: product, Keys: r.set(r.issuer), Now: func() time.Time { return r.now }, CacheTokens: cached,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) issuerOf(keys ...license.Signer) *license.Issuer {
	r.t.Helper()
	i, err := license.NewIssuer(issuer, keys...)
	if err != nil {
		r.t.Fatal(err)
	}
	return i
}

func (r *rig) set(i *license.Issuer) license.JWKS {
	r.t.Helper()
	set, err := i.JWKS(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return set
}

func claims() license.Claims {
	return license.Claims{
		Subject: "usr_06dn3b5r7p1q2s3t4v5w6x7y8z", Account: "acc_06dn3b5q2c8v4w1x9y7z0m5k3t", Product: product,
		Entitlements: []string{"schedule-meetings", "download-reports"}, Epoch: 3,
	}
}

// token is a good one of the issuer, of now.
func (r *rig) token(i *license.Issuer, change func(*license.Claims)) string {
	r.t.Helper()
	c := claims()
	if change != nil {
		change(&c)
	}
	token, err := i.Sign(r.t.Context(), c, r.now, r.now.Add(license.MaxLifetime))
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}

func b64(text []byte) string { return base64.RawURLEncoding.EncodeToString(text) }

// forged is a token of any header and payload, signed by a key.
func forged(key local, header, payload any) string {
	signed := b64(inOrder(header)) + "." + b64(encode(payload))
	return signed + "." + b64(ed25519.Sign(key.key, []byte(signed)))
}

// inOrder writes a header's members as the issuer does, and what it does not have
// behind them.
func inOrder(v any) []byte {
	head, ok := v.(object)
	if !ok {
		return encode(v)
	}
	var members []string
	rest := maps.Clone(head)
	for _, name := range []string{"alg", "typ", "kid"} {
		if value, ok := head[name]; ok {
			members = append(members, `"`+name+`":`+string(jsonOf(value)))
			delete(rest, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		members = append(members, `"`+name+`":`+string(jsonOf(rest[name])))
	}
	return []byte("{" + strings.Join(members, ",") + "}")
}

func encode(v any) []byte {
	if text, ok := v.(string); ok {
		return []byte(text)
	}
	return jsonOf(v)
}

func jsonOf(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

func decode(text string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}
