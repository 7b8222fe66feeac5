// Package identity verifies id_tokens with the keys that their issuer publishes.
package identity

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/seats"
)

// discoveryTimeout bounds the two calls to the issuer, which are made once.
const discoveryTimeout = 5 * time.Second

// Verifier verifies id_tokens of one issuer and client. The issuer is asked for
// its keys when the first token comes.
type Verifier struct {
	issuer boot.Issuer
	client *http.Client

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier
}

// New returns a verifier of the issuer's tokens.
func New(issuer boot.Issuer) *Verifier {
	return &Verifier{issuer: issuer, client: &http.Client{Timeout: discoveryTimeout}}
}

// Verify returns issuer, subject and verified email of a token. A token that is
// not good is refused as invalid; an issuer that does not answer as unavailable.
func (v *Verifier) Verify(ctx context.Context, raw string) (issuer, subject, email string, err error) {
	verifier, err := v.discover(ctx)
	if err != nil {
		return "", "", "", unavailable(ctx, err)
	}
	token, err := verifier.Verify(ctx, raw)
	if err != nil {
		// The library has no error of its own for keys that could not be fetched.
		if ctx.Err() != nil || strings.Contains(err.Error(), "fetching keys") {
			return "", "", "", unavailable(ctx, err)
		}
		return "", "", "", bad("is not a valid id_token of this issuer and client, or has expired: sign in again")
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}
	if err := token.Claims(&claims); err != nil {
		return "", "", "", bad("has claims that cannot be read")
	}
	if claims.Email == "" || !claims.Verified {
		return "", "", "", seats.ErrEmailMismatch.With("Your sign-in has no verified email. Verify your email with the sign-in provider and try again.")
	}
	return token.Issuer, token.Subject, claims.Email, nil
}

// discover finds the issuer's keys once. The key set outlives the request, so it
// gets a context of its own.
func (v *Verifier) discover(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.verifier != nil {
		return v.verifier, nil
	}
	own := oidc.ClientContext(context.WithoutCancel(ctx), v.client)
	provider, err := oidc.NewProvider(own, v.issuer.URL)
	if err != nil {
		return nil, err
	}
	// RS256 alone: what the gateway's authorizer takes too.
	v.verifier = provider.VerifierContext(own, &oidc.Config{ClientID: v.issuer.ClientID, SupportedSigningAlgs: []string{oidc.RS256}})
	return v.verifier, nil
}

// unavailable is for an issuer that does not answer: nobody's mistake, and soon over.
func unavailable(ctx context.Context, err error) error {
	slog.WarnContext(ctx, "the issuer does not answer", "err", err)
	return seats.ErrBusy.With("The sign-in provider does not answer. Nothing was changed; try again in a moment.")
}

func bad(message string) error {
	e := *seats.ErrInvalid
	e.Fields = []seats.Field{{Location: "body.id_token", Message: message}}
	return &e
}
