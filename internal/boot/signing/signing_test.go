package signing_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/usher-seats/usher/infra/local/kms"
	"github.com/usher-seats/usher/internal/boot/signing"
	"github.com/usher-seats/usher/internal/license"
)

const name = "https://seats.example"

func service(t *testing.T, keys ...string) (*kms.Server, aws.Config, string) {
	t.Helper()
	server, err := kms.New(kms.Options{Region: "eu-west-1", AccountID: "000000000000", Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	return server, aws.Config{
		Region: "eu-west-1", RetryMaxAttempts: 1, HTTPClient: listener.Client(),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	}, listener.URL
}

func token(t *testing.T, i *license.Issuer) string {
	t.Helper()
	text, err := i.Sign(t.Context(), license.Claims{Subject: "usr_1", Account: "acc_1", Product: "meetings"}, time.Now(), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A key of KMS signs what its public key verifies; a second key is published and
// takes over by standing first.
func TestTokensOfKMSKeysRotate(t *testing.T) {
	server, cfg, url := service(t, "first")
	second, err := server.Create()
	if err != nil {
		t.Fatal(err)
	}
	var verifier *license.Verifier
	for n, keys := range [][]string{{"first"}, {"first", second}, {second, "first"}, {second}} {
		issuer, err := signing.New(cfg, url, name, keys)
		if err != nil {
			t.Fatal(err)
		}
		set, err := issuer.JWKS(t.Context())
		if err != nil || len(set.Keys) != len(keys) {
			t.Fatalf("stage %d: %+v, %v", n, set, err)
		}
		if verifier == nil {
			if verifier, err = license.NewVerifier(license.Options{Issuer: name, Audience: "meetings", Keys: set, Now: time.Now}); err != nil {
				t.Fatal(err)
			}
		}
		// Who holds the set of the stage before takes the new token too.
		if _, err := verifier.Verify(token(t, issuer)); err != nil {
			t.Errorf("stage %d: %v", n, err)
		}
		if err := verifier.Use(set); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAKeyThatThereIsNotSignsNothing(t *testing.T) {
	_, cfg, url := service(t, "first")
	issuer, err := signing.New(cfg, url, name, []string{"gone"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := issuer.JWKS(t.Context()); err == nil || !strings.Contains(err.Error(), "NotFoundException") {
		t.Errorf("got %v", err)
	}
	if _, err := signing.New(cfg, url, name, nil); err == nil {
		t.Error("an issuer without keys is made")
	}
}
