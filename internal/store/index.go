package store

import (
	"context"
	"strconv"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// maxCandidates is how many candidates a callback gets at once: those of one event
// on the bus.
const maxCandidates = 100

// Accounts lists account ids in the order of their opening. The cursor is the last
// id given.
func (s *Store) Accounts(ctx context.Context, page seats.Page) ([]seats.AccountID, string, error) {
	if page.Cursor != "" && !seats.AccountID(page.Cursor).Valid() {
		return nil, "", badCursor()
	}
	var all []seats.AccountID
	more, err := s.page(ctx, query{pk: directoryPK, above: page.Cursor}, page.Limit, func(it item) error {
		r := read(it)
		all = append(all, seats.AccountID(r.text(skName)))
		return r.failure()
	})
	if err != nil || !more {
		return all, "", err
	}
	return all, string(all[len(all)-1]), nil
}

// ParkedAccounts lists the parked accounts, the longest waiting first. The index
// may lag by a moment. The cursor is the place of the last one in it.
func (s *Store) ParkedAccounts(ctx context.Context, page seats.Page) ([]seats.AccountID, string, error) {
	if len(page.Cursor) > maxCursorBytes {
		return nil, "", badCursor()
	}
	var all []seats.AccountID
	var last string
	more, err := s.page(ctx, query{index: true, pk: parkedPK, above: page.Cursor}, page.Limit, func(it item) error {
		r := read(it)
		all = append(all, seats.AccountID(r.keyed(pkName, "A#")))
		last = r.text(gskName)
		return r.failure()
	})
	if err != nil || !more {
		return all, "", err
	}
	return all, last, nil
}

// DueAccounts finds ordinary accounts with something due by then, at most 100 for
// each call. They are candidates: the index may lag.
func (s *Store) DueAccounts(ctx context.Context, by time.Time, each func([]seats.AccountID) error) error {
	return candidates(ctx, s, "DUE#", by, each, func(r reader) seats.AccountID {
		return seats.AccountID(r.keyed(pkName, "A#"))
	})
}

// LapsedInvitations finds users of ordinary accounts whose open invitation expired
// by then, at most 100 for each call. They are candidates: the index may lag.
func (s *Store) LapsedInvitations(ctx context.Context, by time.Time, each func([]seats.Membership) error) error {
	return candidates(ctx, s, "EXP#", by, each, func(r reader) seats.Membership {
		return seats.Membership{Account: seats.AccountID(r.keyed(pkName, "A#")), User: seats.UserID(r.keyed(skName, userPrefix))}
	})
}

// candidates reads what is due in all shards. What the callbacks write leaves the
// index behind the reading, which is why pages go on by the last key read.
func candidates[T any](ctx context.Context, s *Store, prefix string, by time.Time, each func([]T) error, of func(reader) T) error {
	var batch []T
	give := func() error {
		if len(batch) == 0 {
			return nil
		}
		full := batch
		batch = nil
		return each(full)
	}
	for n := range shards {
		// '~' is above every character of an id: all of the second is found.
		q := query{index: true, pk: prefix + strconv.Itoa(n), below: indexInstant(by) + "#~"}
		err := s.each(ctx, q, func(it item) error {
			r := read(it)
			batch = append(batch, of(r))
			if len(batch) < maxCandidates || r.failure() != nil {
				return r.failure()
			}
			return give()
		})
		if err != nil {
			return err
		}
	}
	return give()
}
