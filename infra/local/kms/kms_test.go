package kms_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"github.com/usher-seats/usher/infra/local/kms"
)

// start gives a service with the key "first", and Amazon's own client for it.
func start(t *testing.T) (*kms.Server, *sdk.Client, string) {
	t.Helper()
	server, err := kms.New(kms.Options{Region: "eu-west-1", AccountID: "000000000000", Keys: []string{"first"}})
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	return server, sdk.New(sdk.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(listener.URL), HTTPClient: listener.Client(), Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	}), listener.URL
}

func public(t *testing.T, client *sdk.Client, id string) ed25519.PublicKey {
	t.Helper()
	out, err := client.GetPublicKey(t.Context(), &sdk.GetPublicKeyInput{KeyId: aws.String(id)})
	if err != nil {
		t.Fatal(err)
	}
	if out.KeySpec != types.KeySpecEccNistEdwards25519 || out.KeyUsage != types.KeyUsageTypeSignVerify {
		t.Errorf("got %+v", out)
	}
	key, err := x509.ParsePKIXPublicKey(out.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return key.(ed25519.PublicKey)
}

func input(id string, message []byte) *sdk.SignInput {
	return &sdk.SignInput{KeyId: aws.String(id), Message: message, MessageType: types.MessageTypeRaw, SigningAlgorithm: types.SigningAlgorithmSpecEd25519Sha512}
}

func TestAKeySignsWhatItsPublicKeyVerifies(t *testing.T) {
	_, client, _ := start(t)
	made, err := client.CreateKey(t.Context(), &sdk.CreateKeyInput{KeySpec: types.KeySpecEccNistEdwards25519, KeyUsage: types.KeyUsageTypeSignVerify})
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]ed25519.PublicKey{}
	for _, id := range []string{"first", "arn:aws:kms:eu-west-1:000000000000:key/first", *made.KeyMetadata.KeyId, *made.KeyMetadata.Arn} {
		described, err := client.DescribeKey(t.Context(), &sdk.DescribeKeyInput{KeyId: aws.String(id)})
		if err != nil || described.KeyMetadata.KeyState != types.KeyStateEnabled {
			t.Errorf("%s: %+v, %v", id, described, err)
		}
		keys[id] = public(t, client, id)
		for _, message := range [][]byte{{0}, bytes.Repeat([]byte("x"), kms.MaxMessageBytes)} {
			out, err := client.Sign(t.Context(), input(id, message))
			if err != nil || !ed25519.Verify(keys[id], message, out.Signature) {
				t.Errorf("%s: a message of %d bytes: %v", id, len(message), err)
			}
		}
	}
	if !keys["first"].Equal(keys["arn:aws:kms:eu-west-1:000000000000:key/first"]) || keys["first"].Equal(keys[*made.KeyMetadata.KeyId]) {
		t.Error("keys and names do not belong together")
	}
}

func TestWhatKMSRefusesIsRefusedInItsWords(t *testing.T) {
	_, client, url := start(t)
	spoiled := func(spoil func(*sdk.SignInput)) error {
		in := input("first", []byte("message"))
		spoil(in)
		_, err := client.Sign(t.Context(), in)
		return err
	}
	_, foreign := client.GetPublicKey(t.Context(), &sdk.GetPublicKeyInput{KeyId: aws.String("arn:aws:kms:eu-west-1:111111111111:key/first")})
	_, other := client.CreateKey(t.Context(), &sdk.CreateKeyInput{KeySpec: types.KeySpecRsa2048, KeyUsage: types.KeyUsageTypeSignVerify})
	_, unknown := client.ListKeys(t.Context(), &sdk.ListKeysInput{})
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"no such key":         {spoiled(func(in *sdk.SignInput) { in.KeyId = aws.String("second") }), "NotFoundException"},
		"another account":     {foreign, "NotFoundException"},
		"another algorithm":   {spoiled(func(in *sdk.SignInput) { in.SigningAlgorithm = types.SigningAlgorithmSpecEcdsaSha256 }), "ValidationException"},
		"a digest":            {spoiled(func(in *sdk.SignInput) { in.MessageType = types.MessageTypeDigest }), "ValidationException"},
		"a byte too many":     {spoiled(func(in *sdk.SignInput) { in.Message = make([]byte, kms.MaxMessageBytes+1) }), "ValidationException"},
		"another kind of key": {other, "UnsupportedOperationException"},
		"another operation":   {unknown, "UnknownOperationException"},
	} {
		var refused smithy.APIError
		if !errors.As(c.err, &refused) || refused.ErrorCode() != c.want {
			t.Errorf("%s: %v, want %s", name, c.err, c.want)
		}
	}
	unsigned, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(`{"KeyId":"first"}`))
	if err != nil {
		t.Fatal(err)
	}
	unsigned.Header.Set("X-Amz-Target", "TrentService.GetPublicKey")
	answer, err := http.DefaultClient.Do(unsigned)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if got := answer.Header.Get("X-Amzn-Errortype"); got != "MissingAuthenticationTokenException" {
		t.Errorf("an unsigned request: %s", got)
	}
}

func TestKeysSurviveARestart(t *testing.T) {
	before, client, _ := start(t)
	arn, err := before.Create()
	if err != nil {
		t.Fatal(err)
	}
	saved, err := before.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	after, again, _ := start(t)
	if err := after.Restore(saved); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"first", arn} {
		if !public(t, client, id).Equal(public(t, again, id)) {
			t.Errorf("%s is another key after the restart", id)
		}
	}
	for _, bad := range []string{"", "[]", `{"first":"AAAA"}`} {
		if err := after.Restore([]byte(bad)); err == nil {
			t.Errorf("%q is restored", bad)
		}
	}
	if !public(t, client, "first").Equal(public(t, again, "first")) {
		t.Error("a snapshot that is refused changes keys")
	}
}
