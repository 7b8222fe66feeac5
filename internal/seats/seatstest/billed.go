package seatstest

import (
	"context"
	"fmt"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// billedKey is what a list of billed people is found by.
func billedKey(product string, start time.Time, sha256 string) string {
	return product + "#" + start.UTC().Format(time.RFC3339Nano) + "#" + sha256
}

// PutBilled keeps a list of billed people.
func (s *Store) PutBilled(ctx context.Context, account seats.AccountID, billed *seats.Billed) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if billed.SHA256 != seats.HashBilled(billed.People) {
		return fmt.Errorf("seatstest: billed people of %s: the hash is not that of the list", billed.Product)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	put(s.data.Billed, account, billedKey(billed.Product, billed.PeriodStart, billed.SHA256), deepCopy(&s.copies, billed))
	return nil
}

// Billed reads a list of billed people.
func (s *Store) Billed(ctx context.Context, account seats.AccountID, product string, periodStart time.Time, sha256 string) (*seats.Billed, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	billed := s.data.Billed[account][billedKey(product, periodStart, sha256)]
	if billed == nil || seats.HashBilled(billed.People) != sha256 {
		return nil, seats.ErrNotFound.With("There is no list of the people billed for %s.", product)
	}
	return deepCopy(&s.copies, billed), nil
}
