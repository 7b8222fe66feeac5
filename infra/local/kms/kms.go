// Package kms is Amazon KMS on one machine, as far as signing goes: it keeps Ed25519
// keys (ECC_NIST_EDWARDS25519) and answers CreateKey, DescribeKey, GetPublicKey and
// Sign in KMS's wire protocol.
//
// Keys survive a restart by Snapshot and Restore. They guard demo licenses and no
// more: whoever reads the snapshot has them.
//
// Checked as KMS does: a key that there is, its one algorithm ED25519_SHA_512 with a
// RAW message of 1 to 4,096 bytes, the signed request.
package kms

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/google/uuid"
)

// MaxMessageBytes is KMS's limit of a message that it does not get as a digest.
const MaxMessageBytes = 4096

const (
	keySpec   = "ECC_NIST_EDWARDS25519"
	keyUsage  = "SIGN_VERIFY"
	algorithm = "ED25519_SHA_512"
)

// Options say whose keys they are.
type Options struct {
	Region, AccountID string
	// Keys are the ids of keys that there are from the start.
	Keys []string
}

// Server is the service.
type Server struct {
	options Options

	mu   sync.RWMutex
	keys map[string]ed25519.PrivateKey // by id
}

// New returns a service with the keys of its options, made anew.
func New(o Options) (*Server, error) {
	s := &Server{options: o, keys: map[string]ed25519.PrivateKey{}}
	for _, id := range o.Keys {
		if err := s.create(id); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Create makes a key and returns its ARN.
func (s *Server) Create() (arn string, err error) {
	id := uuid.NewString()
	return s.arn(id), s.create(id)
}

func (s *Server) create(id string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("kms: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[id] = key
	return nil
}

func (s *Server) arn(id string) string {
	return "arn:aws:kms:" + s.options.Region + ":" + s.options.AccountID + ":key/" + id
}

// find takes a key's id or ARN.
func (s *Server) find(name string) (id string, key ed25519.PrivateKey) {
	if i := strings.LastIndex(name, ":key/"); i >= 0 {
		if id = name[i+len(":key/"):]; s.arn(id) != name {
			return "", nil
		}
	} else {
		id = name
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return id, s.keys[id]
}

// Snapshot writes the keys down.
func (s *Server) Snapshot() ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	seeds := map[string][]byte{}
	for id, key := range s.keys {
		seeds[id] = key.Seed()
	}
	return json.Marshal(seeds)
}

// Restore takes a snapshot's keys over. Keys of the options that it lacks stay as
// they are.
func (s *Server) Restore(data []byte) error {
	var seeds map[string][]byte
	if err := json.Unmarshal(data, &seeds); err != nil {
		return fmt.Errorf("restore the signing keys: %w", err)
	}
	for id, seed := range seeds {
		if len(seed) != ed25519.SeedSize {
			return errors.New("restore the signing keys: " + id + " is not an Ed25519 key")
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, seed := range seeds {
		s.keys[id] = ed25519.NewKeyFromSeed(seed)
	}
	return nil
}

// subjectPublicKeyInfo is how GetPublicKey gives a key (RFC 8410).
func subjectPublicKeyInfo(key ed25519.PrivateKey) ([]byte, error) {
	return x509.MarshalPKIXPublicKey(key.Public())
}
