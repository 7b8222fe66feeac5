package license_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/license"
)

type object = map[string]any

// forgery is a token that must be refused, and why it might not be.
type forgery struct{ name, token string }

// good are the header and payload of a good token, to be spoiled.
func (r *rig) good() (head, payload object) {
	kid := license.KeyID(r.key.public())
	return object{"alg": "EdDSA", "typ": license.Type, "kid": kid}, object{
		"iss": issuer, "aud": product, "sub": "usr_1", "account": "acc_1", "product": product, "entitlements": []string{"a"},
		"epoch": 1, "iat": noon.Unix(), "exp": noon.Add(license.MaxLifetime).Unix(),
	}
}

func with(o object, name string, value any) object {
	c := maps.Clone(o)
	c[name] = value
	return c
}

func without(o object, name string) object {
	c := maps.Clone(o)
	delete(c, name)
	return c
}

// forgeries are made of a good token in every way that is known to have worked
// against somebody, and in the ways of plain damage.
func forgeries(t testing.TB, r *rig) []forgery {
	t.Helper()
	token := r.token(r.issuer, nil)
	part := strings.Split(token, ".")
	all := append(forgedHeaders(t, r, part), forgedClaims(r)...)
	all = append(all, damaged(token, part)...)
	return append(all, foreignTokens(t, r)...)
}

// forgedHeaders let the token choose how it is checked.
func forgedHeaders(t testing.TB, r *rig, part []string) []forgery {
	t.Helper()
	head, payload := r.good()
	public := r.key.public()
	hs256 := func(secret []byte) string {
		signed := b64(inOrder(with(head, "alg", "HS256"))) + "." + part[1]
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(signed))
		return signed + "." + b64(mac.Sum(nil))
	}
	attacker := newKey(66)
	jwk := license.NewJWK(attacker.public())
	none := func(alg string) string { return b64(inOrder(with(head, "alg", alg))) + "." + part[1] + "." }
	signed := func(h any) string { return forged(r.key, h, payload) }
	return []forgery{
		{"alg none without a signature", none("none")},
		{"alg nOnE without a signature", none("nOnE")},
		{"alg none with the old signature", none("none") + part[2]},
		{"HS256 with the public key for a secret", hs256(public)},
		{"HS256 with the key of the set for a secret", hs256(encode(license.NewJWK(public)))},
		{"HS256 with the PEM of the key for a secret", hs256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))},
		{"HS256 with an empty secret", hs256(nil)},
		{"alg Ed25519, signed", signed(with(head, "alg", "Ed25519"))},
		{"no alg, signed", signed(without(head, "alg"))},
		{"another's key under our kid", forged(attacker, head, payload)},
		{"another's key under its own kid", forged(attacker, with(head, "kid", jwk.KeyID), payload)},
		{"another's key in jwk", forged(attacker, with(with(head, "jwk", jwk), "kid", jwk.KeyID), payload)},
		{"another's key in jwk under our kid", forged(attacker, with(head, "jwk", jwk), payload)},
		{"another's key at jku", forged(attacker, with(head, "jku", "https://attacker.example/jwks.json"), payload)},
		{"another's key at x5u", forged(attacker, with(head, "x5u", "https://attacker.example/x5"), payload)},
		{"another's key in x5c", forged(attacker, with(head, "x5c", []string{b64(attacker.public())}), payload)},
		{"a kid that is a path", forged(attacker, with(head, "kid", "../../dev/null"), payload)},
		{"a kid that is a query", forged(attacker, with(head, "kid", "x' UNION SELECT 'key"), payload)},
		{"no kid, signed", signed(without(head, "kid"))},
		{"an empty kid, signed", signed(with(head, "kid", ""))},
		{"a critical extension, signed", signed(with(with(head, "crit", []string{"b64"}), "b64", false))},
		{"typ JWT, signed", signed(with(head, "typ", "JWT"))},
		{"typ of an access token, signed", signed(with(head, "typ", "at+jwt"))},
		{"no typ, signed", signed(without(head, "typ"))},
		{"alg given twice", forged(attacker, fmt.Sprintf(`{"alg":"none","alg":"EdDSA","typ":%q,"kid":%q}`, license.Type, head["kid"]), payload)},
		{"the header's members in another order, signed", signed(fmt.Sprintf(`{"kid":%q,"alg":"EdDSA","typ":%q}`, head["kid"], license.Type))},
	}
}

// forgedClaims are signed by the right key and say the wrong thing, as tokens of
// another use of the key would.
func forgedClaims(r *rig) []forgery {
	head, payload := r.good()
	signed := func(p any) string { return forged(r.key, head, p) }
	iat := noon.Unix()
	const hour, leeway = int64(3600), int64(30)
	return []forgery{
		{"another issuer", signed(with(payload, "iss", "https://attacker.example"))},
		{"an issuer with a slash more", signed(with(payload, "iss", issuer+"/"))},
		{"no issuer", signed(without(payload, "iss"))},
		{"another product", signed(with(with(payload, "aud", "valuation"), "product", "valuation"))},
		{"our product in a list of audiences", signed(with(payload, "aud", []string{product, "valuation"}))},
		{"no audience", signed(without(payload, "aud"))},
		{"expired by more than the leeway", signed(with(with(payload, "iat", iat-hour), "exp", iat-leeway))},
		{"no exp", signed(without(payload, "exp"))},
		{"exp as text", signed(with(payload, "exp", fmt.Sprint(iat+hour)))},
		{"a fraction for exp", signed(with(payload, "exp", 1e300))},
		{"good for an hour and a second", signed(with(payload, "exp", iat+hour+1))},
		{"good for ever", signed(with(payload, "exp", int64(1)<<62))},
		{"no iat", signed(without(payload, "iat"))},
		{"an iat before 1970", signed(with(payload, "iat", int64(-1)<<63))},
		{"issued in the future", signed(with(with(payload, "iat", iat+leeway+1), "exp", iat+hour))},
		{"not good before the future", signed(with(payload, "nbf", iat+leeway+1))},
		{"nobody's", signed(without(payload, "sub"))},
		{"no account", signed(without(payload, "account"))},
		{"a list for a payload", signed([]int{1})},
		{"null for a payload", signed("null")},
		{"two payloads", signed(string(encode(payload)) + string(encode(payload)))},
		{"an empty payload", signed("")},
	}
}

// damaged are the good token with something off.
func damaged(token string, part []string) []forgery {
	flip := func(i int) string {
		b := []byte(token)
		if b[i] == 'A' {
			b[i] = 'B'
		} else {
			b[i] = 'A'
		}
		return string(b)
	}
	h, p := len(part[0]), len(part[1])
	last := part[2][len(part[2])-1:]
	// The last character of a signature has four bits that mean nothing.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	spelling := alphabet[strings.Index(alphabet, last)^1]
	return []forgery{
		{"nothing", ""},
		{"dots", ".."},
		{"only the header", part[0]},
		{"no signature", part[0] + "." + part[1]},
		{"an empty signature", part[0] + "." + part[1] + "."},
		{"half a signature", token[:len(token)-43]},
		{"a part more", token + "." + part[2]},
		{"something behind it", token + "A"},
		{"padding behind it", token + "="},
		{"a line break behind it", token + "\n"},
		{"a line break in the signature", token[:len(token)-5] + "\n" + token[len(token)-5:]},
		{"a blank before it", " " + token},
		{"Bearer before it", "Bearer " + token},
		{"the signature spelt another way", token[:len(token)-1] + string(spelling)},
		{"another header", flip(2)},
		{"another payload", flip(h + 1 + p/2)},
		{"another signature", flip(len(token) - 40)},
		{"the parts in another order", part[1] + "." + part[0] + "." + part[2]},
		{"standard base64", strings.NewReplacer("-", "+", "_", "/").Replace(part[0]) + "==." + part[1] + "." + part[2]},
		{"a signature of zeros", part[0] + "." + part[1] + "." + strings.Repeat("A", len(part[2]))},
		{"a token longer than any", token + strings.Repeat("A", license.MaxTokenBytes)},
		{"the JSON form of a JWS", fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, part[0], part[1], part[2])},
	}
}

// foreignTokens are good tokens of other makes.
func foreignTokens(t testing.TB, r *rig) []forgery {
	t.Helper()
	_, payload := r.good()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(alg jose.SignatureAlgorithm, key any) string {
		options := (&jose.SignerOptions{}).WithType(license.Type).WithHeader("kid", license.KeyID(r.key.public()))
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
		if err != nil {
			t.Fatal(err)
		}
		object, err := signer.Sign(encode(payload))
		if err != nil {
			t.Fatal(err)
		}
		token, err := object.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	// The signature's other half plus the group's order passes a check that is too
	// lax (RFC 8032, 5.1.7).
	token := r.token(r.issuer, nil)
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	return []forgery{
		{"an id_token of RSA", sign(jose.RS256, rsaKey)},
		{"a token of an elliptic curve", sign(jose.ES256, ecKey)},
		{"another issuer's license", r.token(r.issuerOf(newKey(9)), nil)},
		{"a signature that is too large", malleable(token, order)},
	}
}

// malleable adds the order of the group to the scalar of a signature.
func malleable(token string, order *big.Int) string {
	cut := strings.LastIndexByte(token, '.')
	signature := decode(token[cut+1:])
	scalar := signature[32:]
	reversed := make([]byte, len(scalar))
	for i, b := range scalar {
		reversed[len(scalar)-1-i] = b
	}
	sum := new(big.Int).Add(new(big.Int).SetBytes(reversed), order).FillBytes(make([]byte, len(scalar)))
	for i, b := range sum {
		scalar[len(scalar)-1-i] = b
	}
	return token[:cut+1] + b64(signature)
}

func TestNoForgeryIsAccepted(t *testing.T) {
	accepted, tried := 0, 0
	for _, cached := range []int{0, 100} {
		r := newRig(t, cached)
		if _, err := r.verifier.Verify(r.token(r.issuer, nil)); err != nil {
			t.Fatalf("the good token: %v", err)
		}
		all := forgeries(t, r)
		for _, f := range all {
			if c, err := r.verifier.Verify(f.token); err == nil || c != nil {
				accepted++
				t.Errorf("%s is accepted: %s", f.name, f.token)
			}
		}
		tried += len(all)
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 41, Did: "license tokens forged in algorithm, key, header, claims and signature, with a cache and without", Bad: accepted, Of: tried, What: "forgeries accepted",
	})
}

// The forgeries of claims are refused for what is forged and not for something else.
func TestAForgedTokenWithoutItsForgeryIsGood(t *testing.T) {
	r := newRig(t, 0)
	head, payload := r.good()
	for name, p := range map[string]object{
		"as it is": payload, "with nbf": with(payload, "nbf", noon.Unix()), "with a claim of a later version": with(payload, "plan", "team"),
	} {
		if _, err := r.verifier.Verify(forged(r.key, head, p)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	r := newRig(f, 0)
	token := r.token(r.issuer, nil)
	f.Add(token)
	for _, forgery := range forgeries(f, r) {
		f.Add(forgery.token)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := r.verifier.Verify(text); (err == nil) != (text == token) || (c == nil) != (err != nil) {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	})
}
