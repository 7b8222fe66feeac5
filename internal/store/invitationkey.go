package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"

	"github.com/usher-seats/usher/internal/seats"
)

// invitationKeyBytes is the strength of the key that signs links of invitations.
const invitationKeyBytes = seats.MinInvitationKeyBytes

// keyName is the attribute that holds the key.
const keyName = "k"

type keyCache struct {
	mu  sync.Mutex
	key []byte
}

// InvitationKey is the key that signs the links of invitations: made at random when
// it is first asked for, kept in the keys table, and remembered.
func (s *Store) InvitationKey(ctx context.Context) ([]byte, error) {
	s.invitation.mu.Lock()
	defer s.invitation.mu.Unlock()
	if s.invitation.key != nil {
		return s.invitation.key, nil
	}
	use := &Usage{Operation: "invitation key"}
	defer s.report(ctx, use)
	it, err := s.get(ctx, use, invitationKeyKey())
	if err != nil {
		return nil, err
	}
	if it == nil {
		if it, err = s.makeInvitationKey(ctx, use); err != nil {
			return nil, err
		}
	}
	r := read(it)
	k := r.binary(keyName)
	if err := r.failure(); err != nil {
		return nil, err
	}
	if len(k) != invitationKeyBytes {
		return nil, fmt.Errorf("store: the invitation key has %d bytes, must be %d", len(k), invitationKeyBytes)
	}
	s.invitation.key = k
	return k, nil
}

// makeInvitationKey puts a new key, or gives the one that somebody put first.
func (s *Store) makeInvitationKey(ctx context.Context, use *Usage) (item, error) {
	fresh := make([]byte, invitationKeyBytes)
	if _, err := rand.Read(fresh); err != nil {
		return nil, fmt.Errorf("store: invitation key: %w", err)
	}
	it := newItem(invitationKeyKey())
	it.binary(keyName, fresh)
	first, err := s.putNew(ctx, use, invitationKeyKey(), it, "", nil)
	if first != nil {
		return first, err
	}
	return it, err
}
