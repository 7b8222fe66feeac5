package seatstest

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/usher-seats/usher/internal/seats"
)

// GetRequest reads one request.
func (s *Store) GetRequest(ctx context.Context, account seats.AccountID, id seats.RequestID) (*seats.Request, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.data.Requests[account][id]
	if r == nil {
		return nil, seats.ErrNotFound
	}
	return deepCopy(&s.copies, r), nil
}

// Requests reads an account's requests, the newest first.
func (s *Store) Requests(ctx context.Context, account seats.AccountID, page seats.Page) ([]*seats.Request, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := sortedValues(s.data.Requests[account])
	slices.Reverse(all)
	return paged(s, all, func(r *seats.Request) string { return string(r.ID) }, page)
}

// OpenRequests lists the open requests of all accounts, the oldest first.
func (s *Store) OpenRequests(ctx context.Context, page seats.Page) ([]seats.RequestRef, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []*seats.Request
	for _, account := range slices.Sorted(maps.Keys(s.data.Requests)) {
		for _, r := range s.data.Requests[account] {
			if r.Status == seats.RequestOpen {
				open = append(open, r)
			}
		}
	}
	slices.SortFunc(open, func(a, b *seats.Request) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
	})
	refs := make([]seats.RequestRef, len(open))
	for i, r := range open {
		refs[i] = seats.RequestRef{Account: r.Account, Request: r.ID}
	}
	return paged(s, refs, func(r seats.RequestRef) string { return string(r.Request) }, page)
}
