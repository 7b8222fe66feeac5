package bench

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/license"
)

type memoryKey struct{ ed25519.PrivateKey }

func (k memoryKey) Public(context.Context) (ed25519.PublicKey, error) {
	return k.PrivateKey.Public().(ed25519.PublicKey), nil
}

func (k memoryKey) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(k.PrivateKey, message), nil
}

// licensed is a token with its verifiers, one of which remembers.
func licensed(b *testing.B) (token string, key ed25519.PublicKey, plain, remembering *license.Verifier) {
	b.Helper()
	signer := memoryKey{ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
	issuer, err := license.NewIssuer("https://seats.northwind.example", signer)
	if err != nil {
		b.Fatal(err)
	}
	set, err := issuer.JWKS(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	token, err = issuer.Sign(b.Context(), license.Claims{
		Subject: "usr_06dn3b5r7p1q2s3t4v5w6x7y8z", Account: "acc_06dn3b5q2c8v4w1x9y7z0m5k3t", Product: "meetings",
		Entitlements: []string{"schedule-meetings", "download-reports", "share-recordings"}, Epoch: 3,
	}, now, now.Add(license.MaxLifetime))
	if err != nil {
		b.Fatal(err)
	}
	verifier := func(cached int) *license.Verifier {
		v, err := license.NewVerifier(license.Options{
			Issuer: "https://seats.northwind.example", Audience: "meetings", Keys: set, Now: time.Now, CacheTokens: cached,
		})
		if err != nil {
			b.Fatal(err)
		}
		return v
	}
	return token, signer.PrivateKey.Public().(ed25519.PublicKey), verifier(0), verifier(license.DefaultCacheTokens)
}

// BenchmarkLicense checks a license token whole and against the signature alone, in
// turns, and from the cache.
func BenchmarkLicense(b *testing.B) {
	token, key, plain, remembering := licensed(b)
	cut := strings.LastIndexByte(token, '.')
	signed := []byte(token[:cut])
	signature, err := base64.RawURLEncoding.DecodeString(token[cut+1:])
	if err != nil {
		b.Fatal(err)
	}
	b.Run("verify", func(b *testing.B) {
		var bare, whole stopwatch
		for b.Loop() {
			bare.time(func() {
				if !ed25519.Verify(key, signed, signature) {
					b.Fatal("the signature does not hold")
				}
			})
			whole.time(func() { _, err = plain.Verify(token) })
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(bare.median().Nanoseconds()), "bare-ns")
		b.ReportMetric(float64(whole.median().Nanoseconds()), "verify-ns")
		b.ReportMetric(float64(whole.median())/float64(bare.median()), "verify/bare")
	})
	b.Run("cached", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := remembering.Verify(token); err != nil {
				b.Fatal(err)
			}
		}
	})
}
