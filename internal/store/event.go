package store

import (
	"context"
	"fmt"
	"time"

	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/seats"
)

// Attributes of a ledger event: those of package events, which the stream carries
// to the bus. Nothing else is kept.
func eventItem(e *seats.Event) (item, error) {
	detail, packed, err := events.Pack(*e)
	if err != nil {
		return nil, fmt.Errorf("store: event: %w", err)
	}
	it := newItem(eventKey(e))
	it.text(events.DetailAttribute, string(detail))
	it.binary(events.PackedAttribute, packed)
	return it, nil
}

func readEvent(it item) (seats.Event, error) {
	r := read(it)
	detail, packed := r.text(events.DetailAttribute), r.binary(events.PackedAttribute)
	if err := r.failure(); err != nil {
		return seats.Event{}, err
	}
	whole, err := events.Unpack([]byte(detail), packed)
	if err != nil {
		return seats.Event{}, fmt.Errorf("store: event %s/%s: %w", keyText(it, pkName), keyText(it, skName), err)
	}
	e, err := events.Decode(whole)
	if err != nil {
		return seats.Event{}, fmt.Errorf("store: event %s/%s: %w", keyText(it, pkName), keyText(it, skName), err)
	}
	return e, nil
}

// maxCursorBytes bounds a cursor that is an id or a key.
const maxCursorBytes = 128

// Events reads the ledger of one month ("2026-11", UTC), newest first. The cursor
// is the id of the last event given.
func (s *Store) Events(ctx context.Context, account seats.AccountID, month string, page seats.Page) ([]seats.Event, string, error) {
	if _, err := time.Parse("2006-01", month); err != nil || len(page.Cursor) > maxCursorBytes {
		return nil, "", badCursor()
	}
	q := query{pk: eventsPK(account, month), below: page.Cursor, descending: true}
	var all []seats.Event
	more, err := s.page(ctx, q, page.Limit, func(it item) error {
		e, err := readEvent(it)
		all = append(all, e)
		return err
	})
	if err != nil || !more {
		return all, "", err
	}
	return all, string(all[len(all)-1].ID), nil
}
