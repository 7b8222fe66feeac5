// Package signing makes the issuer of license tokens, whose keys stay in KMS.
package signing

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/usher-seats/usher/internal/license"
)

// New returns an issuer with keys of KMS, by their ids or ARNs: the first signs, all
// are published. An empty endpoint means AWS's own in the region. Nothing is called
// before the first token or key set is wanted.
func New(cfg aws.Config, endpoint, name string, keys []string) (*license.Issuer, error) {
	client := kms.NewFromConfig(cfg, func(o *kms.Options) {
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
	})
	signers := make([]license.Signer, len(keys))
	for i, id := range keys {
		signers[i] = key{client, id}
	}
	return license.NewIssuer(name, signers...)
}

// key is an Ed25519 key in KMS (ECC_NIST_EDWARDS25519).
type key struct {
	client *kms.Client
	id     string
}

// Public needs kms:GetPublicKey.
func (k key) Public(ctx context.Context) (ed25519.PublicKey, error) {
	out, err := k.client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: aws.String(k.id)})
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	parsed, err := x509.ParsePKIXPublicKey(out.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	public, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("signing key: it is not of the spec ECC_NIST_EDWARDS25519")
	}
	return public, nil
}

// Sign needs kms:Sign. ED25519_SHA_512 is Ed25519 itself, which hashes the message
// twice and so needs it whole.
func (k key) Sign(ctx context.Context, message []byte) ([]byte, error) {
	out, err := k.client.Sign(ctx, &kms.SignInput{
		KeyId: aws.String(k.id), Message: message, MessageType: types.MessageTypeRaw, SigningAlgorithm: types.SigningAlgorithmSpecEd25519Sha512,
	})
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	return out.Signature, nil
}
