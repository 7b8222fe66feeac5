package license_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/license"
)

func TestATokenSaysWhoMayDoWhatUntilWhen(t *testing.T) {
	for _, cached := range []int{0, 10} {
		r := newRig(t, cached)
		token := r.token(r.issuer, nil)
		for range 2 { // the second time from the cache
			got, err := r.verifier.Verify(token)
			if err != nil {
				t.Fatal(err)
			}
			want := claims()
			want.Issuer, want.Audience, want.IssuedAt, want.Expires = issuer, product, noon.Unix(), noon.Add(time.Hour).Unix()
			if !reflect.DeepEqual(*got, want) {
				t.Errorf("got %+v, want %+v", *got, want)
			}
			if !got.Allows("download-reports") || got.Allows("download") {
				t.Error("the entitlements are others")
			}
		}
	}
}

func TestATokenIsGoodWithinItsTimeAlone(t *testing.T) {
	for _, cached := range []int{0, 10} {
		r := newRig(t, cached)
		token := r.token(r.issuer, nil)
		for _, c := range []struct {
			name string
			at   time.Time
			want error
		}{
			{"issued by a clock that is ahead by what clocks may be", noon.Add(-license.Leeway), nil},
			{"and by a second more", noon.Add(-license.Leeway - time.Second), license.ErrNotYet},
			{"at its end", noon.Add(license.MaxLifetime), nil},
			{"in the last second of the leeway", noon.Add(license.MaxLifetime + license.Leeway - time.Second), nil},
			{"after the leeway", noon.Add(license.MaxLifetime + license.Leeway), license.ErrExpired},
		} {
			r.now = c.at
			if got, err := r.verifier.Verify(token); !errors.Is(err, c.want) || (got == nil) != (err != nil) {
				t.Errorf("%s, %d cached: %v, want %v", c.name, cached, err, c.want)
			}
		}
	}
}

// The issuer refuses what a verifier would refuse.
func TestAnIssuerSignsForASecondToAnHour(t *testing.T) {
	r := newRig(t, 0)
	for lifetime, ok := range map[time.Duration]bool{
		time.Second: true, license.MaxLifetime: true, 0: false, -time.Second: false, license.MaxLifetime + time.Second: false,
	} {
		if _, err := r.issuer.Sign(t.Context(), claims(), noon, noon.Add(lifetime)); (err == nil) != ok {
			t.Errorf("%s: %v", lifetime, err)
		}
	}
}

func TestATokenIsAsLargeAsKMSSigns(t *testing.T) {
	r := newRig(t, 0)
	with := func(bytes int) license.Claims {
		c := claims()
		c.Entitlements = []string{strings.Repeat("x", bytes)}
		return c
	}
	least := -1
	for n := 2000; n < 3500 && least < 0; n++ {
		token, err := r.issuer.Sign(t.Context(), with(n), noon, noon.Add(time.Hour))
		switch {
		case err != nil:
			least = n
		case len(token) > license.MaxTokenBytes:
			t.Fatalf("a token of %d bytes", len(token))
		default:
			if _, err := r.verifier.Verify(token); err != nil {
				t.Fatal(err)
			}
		}
	}
	if least < 0 {
		t.Fatal("any size is signed")
	}
	if token, err := r.issuer.Sign(t.Context(), with(least-1), noon, noon.Add(time.Hour)); err != nil || len(token) < license.MaxTokenBytes-2 {
		t.Errorf("the largest token has %d bytes (%v), far from %d", len(token), err, license.MaxTokenBytes)
	}
	if _, err := r.issuer.Sign(t.Context(), with(least), noon, noon.Add(time.Hour)); err == nil || !strings.Contains(err.Error(), "fewer or shorter entitlements") {
		t.Errorf("one more: %v", err)
	}
}

// A product at every limit of a catalog fits: 50 entitlements of 32 bytes.
func TestEveryProductOfACatalogFits(t *testing.T) {
	r := newRig(t, 0)
	c := claims()
	c.Product, c.Entitlements = strings.Repeat("p", 32), nil
	for i := range 50 {
		c.Entitlements = append(c.Entitlements, fmt.Sprintf("%032d", i))
	}
	long, err := license.NewIssuer("https://"+strings.Repeat("h", 300), r.key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := long.Sign(t.Context(), c, noon, noon.Add(time.Hour)); err != nil {
		t.Error(err)
	}
}

// A new key is published, then signs, then the old one goes; at no moment is a good
// token refused by somebody who keeps key sets, and when the old key is gone so are
// its tokens.
func TestKeysRotateWithoutRefusingAGoodToken(t *testing.T) {
	r := newRig(t, 10)
	before, after := newKey(1), newKey(2)
	stages := []*license.Issuer{r.issuerOf(before), r.issuerOf(before, after), r.issuerOf(after, before), r.issuerOf(after)}
	held := r.set(stages[0])
	var tokens []string
	for n, stage := range stages {
		fresh := r.set(stage)
		tokens = append(tokens, r.token(stage, nil))
		// Who holds the set of the stage before, and who has fetched the new one.
		for _, set := range []license.JWKS{held, fresh} {
			if err := r.verifier.Use(set); err != nil {
				t.Fatal(err)
			}
			if _, err := r.verifier.Verify(tokens[n]); err != nil {
				t.Errorf("stage %d: %v", n, err)
			}
		}
		held = fresh
	}
	if _, err := r.verifier.Verify(tokens[1]); !errors.Is(err, license.ErrUnknownKey) {
		t.Errorf("a token of a key that is gone: %v", err)
	}
	kids := []string{}
	for _, k := range r.set(stages[1]).Keys {
		kids = append(kids, k.KeyID)
	}
	if want := []string{license.KeyID(before.public()), license.KeyID(after.public())}; !reflect.DeepEqual(kids, want) {
		t.Errorf("published %v, want %v", kids, want)
	}
}

// A token that was checked with a key must not come back from the cache when the key
// has gone meanwhile.
func TestTokensOfAKeyThatIsGoneAreForgotten(t *testing.T) {
	r := newRig(t, 10)
	token := r.token(r.issuer, nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				if _, err := r.verifier.Verify(token); err != nil && !errors.Is(err, license.ErrUnknownKey) {
					t.Error(err)
				}
			}
		})
	}
	if err := r.verifier.Use(r.set(r.issuerOf(newKey(2)))); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if _, err := r.verifier.Verify(token); !errors.Is(err, license.ErrUnknownKey) {
		t.Errorf("got %v", err)
	}
}

func TestRevokedEpochsAreRefusedAtOnce(t *testing.T) {
	for _, cached := range []int{0, 10} {
		r := newRig(t, cached)
		old := r.token(r.issuer, nil)
		other := r.token(r.issuer, func(c *license.Claims) { c.Account = "acc_other" })
		fresh := r.token(r.issuer, func(c *license.Claims) { c.Epoch = 4 })
		if _, err := r.verifier.Verify(old); err != nil {
			t.Fatal(err)
		}
		r.verifier.Revoke(claims().Account, 4)
		r.verifier.Revoke(claims().Account, 2) // events come in any order
		for name, c := range map[string]struct {
			token string
			want  error
		}{"the old": {old, license.ErrEpoch}, "the new": {fresh, nil}, "another account's": {other, nil}} {
			if _, err := r.verifier.Verify(c.token); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Epochs are kept while tokens from before them live, at most MaxEpochs; beyond,
// everything issued until then is refused.
func TestEpochsAreBounded(t *testing.T) {
	r := newRig(t, 0)
	token := r.token(r.issuer, nil)
	for i := range license.MaxEpochs {
		r.verifier.Revoke(fmt.Sprint("acc_", i), 1)
	}
	r.now = noon.Add(time.Second)
	if _, err := r.verifier.Verify(token); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	r.verifier.Revoke("acc_more", 1)
	if _, err := r.verifier.Verify(token); !errors.Is(err, license.ErrEpoch) {
		t.Errorf("one past the limit an older token is taken: %v", err)
	}
	r.now = r.now.Add(license.Leeway + time.Second)
	if _, err := r.verifier.Verify(r.token(r.issuer, nil)); err != nil {
		t.Errorf("a newer token: %v", err)
	}

	// What lapsed makes room.
	r = newRig(t, 0)
	for i := range license.MaxEpochs {
		r.verifier.Revoke(fmt.Sprint("acc_", i), 1)
	}
	r.now = noon.Add(2 * time.Hour)
	token = r.token(r.issuer, nil)
	r.verifier.Revoke("acc_more", 1)
	if _, err := r.verifier.Verify(token); err != nil {
		t.Errorf("after the old epochs lapsed: %v", err)
	}
}

// A full cache is emptied and answers the same.
func TestTheCacheIsBounded(t *testing.T) {
	r := newRig(t, 3)
	var tokens []string
	for i := range 7 {
		tokens = append(tokens, r.token(r.issuer, func(c *license.Claims) { c.Subject = fmt.Sprint("usr_", i) }))
	}
	for range 3 {
		for i, token := range tokens {
			if c, err := r.verifier.Verify(token); err != nil || c.Subject != fmt.Sprint("usr_", i) {
				t.Errorf("token %d: %+v, %v", i, c, err)
			}
		}
	}
}

func TestAVerifierThatWouldTakeAnythingIsRefused(t *testing.T) {
	r := newRig(t, 0)
	good := license.Options{Issuer: issuer, Audience: product, Keys: r.set(r.issuer), Now: time.Now}
	for name, spoil := range map[string]func(*license.Options){
		"no issuer":         func(o *license.Options) { o.Issuer = "" },
		"no audience":       func(o *license.Options) { o.Audience = "" },
		"no clock":          func(o *license.Options) { o.Now = nil },
		"no keys":           func(o *license.Options) { o.Keys = license.JWKS{} },
		"a cache below 0":   func(o *license.Options) { o.CacheTokens = -1 },
		"a key of RSA":      func(o *license.Options) { o.Keys.Keys[0].KeyType = "RSA" },
		"another curve":     func(o *license.Options) { o.Keys.Keys[0].Curve = "P-256" },
		"another algorithm": func(o *license.Options) { o.Keys.Keys[0].Algorithm = "HS256" },
		"another use":       func(o *license.Options) { o.Keys.Keys[0].Use = "enc" },
		"a short key":       func(o *license.Options) { o.Keys.Keys[0].X = o.Keys.Keys[0].X[4:] },
		"another's name":    func(o *license.Options) { o.Keys.Keys[0].KeyID = license.KeyID(newKey(2).public()) },
	} {
		o := good
		o.Keys.Keys = append([]license.JWK(nil), good.Keys.Keys...)
		spoil(&o)
		if _, err := license.NewVerifier(o); err == nil {
			t.Errorf("%s: it is made", name)
		}
	}
	if _, err := license.NewVerifier(good); err != nil {
		t.Error(err)
	}
	if _, err := license.NewIssuer("", r.key); err == nil {
		t.Error("an issuer without a name is made")
	}
	if _, err := license.NewIssuer(issuer); err == nil {
		t.Error("an issuer without a key is made")
	}
}

func TestAKeySetSurvivesItsOwnText(t *testing.T) {
	r := newRig(t, 0)
	set := r.set(r.issuerOf(newKey(1), newKey(2)))
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	again, err := license.ParseJWKS(text)
	if err != nil || !reflect.DeepEqual(again, set) {
		t.Errorf("%s gives %+v, %v", text, again, err)
	}
	for _, bad := range []string{"", "[]", `{"keys":[{}]}`, strings.Replace(string(text), `"OKP"`, `"oct"`, 1)} {
		if _, err := license.ParseJWKS([]byte(bad)); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
}

// RFC 8037, appendix A.3, has the thumbprint of its example key.
func TestAKeysNameIsItsThumbprint(t *testing.T) {
	x := "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
	set, err := license.ParseJWKS([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","x":"` + x + `"}]}`))
	if err != nil || set.Keys[0].X != x {
		t.Errorf("got %+v, %v", set, err)
	}
}

// failing is a key that cannot be reached until it can.
type failing struct {
	local
	down bool
}

func (f *failing) Public(ctx context.Context) (ed25519.PublicKey, error) {
	if f.down {
		return nil, errors.New("away")
	}
	return f.local.Public(ctx)
}

// A set that lacks a key must not be published; an old key that is away does not
// keep the new one from signing.
func TestAKeyThatIsAwayIsNotLeftOutOfTheSet(t *testing.T) {
	r := newRig(t, 0)
	old := &failing{newKey(2), true}
	i := r.issuerOf(newKey(1), old)
	if _, err := i.JWKS(t.Context()); err == nil {
		t.Error("a set without the key that is away is published")
	}
	if _, err := r.verifier.Verify(r.token(i, nil)); err != nil {
		t.Errorf("the new key does not sign: %v", err)
	}
	old.down = false
	if set := r.set(i); len(set.Keys) != 2 {
		t.Errorf("%d keys", len(set.Keys))
	}
}
