package identity_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/local/oidc"
	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/boot/identity"
	"github.com/usher-seats/usher/internal/seats"
)

// A token is refused for what it is; an issuer that does not answer is nobody's
// mistake, and works again as soon as it answers.
func TestAnIssuerThatIsAwayIsNotTheTokensFault(t *testing.T) {
	down := ""
	var issuer http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down != "" && strings.HasSuffix(r.URL.Path, down) {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		issuer.ServeHTTP(w, r)
	}))
	defer server.Close()
	var err error
	issuer, err = oidc.New(oidc.Options{IssuerURL: server.URL, ClientID: "console", RedirectPrefixes: []string{"http://127.0.0.1/"}})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := oidc.SignIn(t.Context(), server.Client(), server.URL, "console", "http://127.0.0.1/back", "ann@customer.example")
	if err != nil {
		t.Fatal(err)
	}
	verifier := identity.New(boot.Issuer{URL: server.URL, ClientID: "console"})
	for _, part := range []string{"/openid-configuration", "/jwks"} {
		down = part
		if _, _, _, err := verifier.Verify(t.Context(), tokens.IDToken); !errors.Is(err, seats.ErrBusy) {
			t.Errorf("%s is away: %v", part, err)
		}
	}
	down = ""
	if _, _, email, err := verifier.Verify(t.Context(), tokens.IDToken); err != nil || email != "ann@customer.example" {
		t.Errorf("all is well: %q, %v", email, err)
	}
	if _, _, _, err := verifier.Verify(t.Context(), tokens.AccessToken); !errors.Is(err, seats.ErrEmailMismatch) {
		t.Errorf("an access token: %v", err)
	}
	if _, _, _, err := verifier.Verify(t.Context(), tokens.IDToken+"x"); !errors.Is(err, seats.ErrInvalid) {
		t.Errorf("a broken token: %v", err)
	}
}
