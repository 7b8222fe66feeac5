package store

import (
	"context"

	"github.com/usher-seats/usher/internal/seats"
)

// Attributes of a request: v revision, k kind, b by, t at, st status, s subscription, f
// from, n seats, p plan, d due now, x next invoice, m message, a answer, at answered
// at, ab answered by.
func requestItem(account seats.AccountID, r *seats.Request) item {
	it := newItem(requestKey(account, r.ID))
	it.number(revName, r.Rev)
	it.text("k", string(r.Kind))
	it.id("b", "usr_", string(r.By))
	it.instant("t", r.At)
	it.text("st", string(r.Status))
	it.text("s", string(r.Subscription))
	it.number("f", r.From)
	it.number("n", r.Seats)
	it.text("p", r.PlanID)
	it.number("d", r.DueNowMinor)
	it.number("x", r.NextMinor)
	it.text("m", r.Message)
	it.text("a", r.Answer)
	it.instant("at", r.AnsweredAt)
	it.text("ab", r.AnsweredBy)
	if r.Status == seats.RequestOpen {
		it.indexed(requestsPK, indexSK(r.At, string(r.ID)))
	}
	return it
}

func readRequest(it item) (*seats.Request, error) {
	r := read(it)
	req := &seats.Request{
		Account: seats.AccountID(r.keyed(pkName, "RQ#")), ID: seats.RequestID(r.text(skName)), Rev: r.number(revName),
		Kind: seats.RequestKind(r.text("k")), By: r.by(), At: r.instant("t"), Status: seats.RequestStatus(r.text("st")),
		Subscription: seats.SubscriptionID(r.text("s")), From: r.number("f"), Seats: r.number("n"), PlanID: r.text("p"),
		DueNowMinor: r.number("d"), NextMinor: r.number("x"), Message: r.text("m"),
		Answer: r.text("a"), AnsweredAt: r.instant("at"), AnsweredBy: r.text("ab"),
	}
	return req, r.failure()
}

// request replaces a request whose revision is still the one that was read.
func (t *transaction) request(account seats.AccountID, w *seats.RequestWrite) {
	t.replace(requestKey(account, w.Request.ID), requestItem(account, w.Request), w.From, seats.Failed{Kind: seats.ItemRequest})
}

// GetRequest reads one request; ErrNotFound if absent.
func (s *Store) GetRequest(ctx context.Context, account seats.AccountID, id seats.RequestID) (*seats.Request, error) {
	use := &Usage{Operation: "request"}
	defer s.report(ctx, use)
	it, err := s.get(ctx, use, requestKey(account, id))
	switch {
	case err != nil:
		return nil, err
	case it == nil:
		return nil, seats.ErrNotFound
	}
	return readRequest(it)
}

// Requests reads an account's requests, the newest first. The cursor is the id of
// the last one given.
func (s *Store) Requests(ctx context.Context, account seats.AccountID, page seats.Page) ([]*seats.Request, string, error) {
	if page.Cursor != "" && !seats.RequestID(page.Cursor).Valid() {
		return nil, "", badCursor()
	}
	q := query{pk: requestedPK(account), below: page.Cursor, descending: true}
	var all []*seats.Request
	more, err := s.page(ctx, q, page.Limit, func(it item) error {
		r, err := readRequest(it)
		all = append(all, r)
		return err
	})
	if err != nil || !more {
		return all, "", err
	}
	return all, string(all[len(all)-1].ID), nil
}

// OpenRequests lists the open requests of all accounts, the oldest first. The index
// may lag by a moment. The cursor is the place of the last one in it.
func (s *Store) OpenRequests(ctx context.Context, page seats.Page) ([]seats.RequestRef, string, error) {
	if len(page.Cursor) > maxCursorBytes {
		return nil, "", badCursor()
	}
	var all []seats.RequestRef
	var last string
	more, err := s.page(ctx, query{index: true, pk: requestsPK, above: page.Cursor}, page.Limit, func(it item) error {
		r := read(it)
		all = append(all, seats.RequestRef{Account: seats.AccountID(r.keyed(pkName, "RQ#")), Request: seats.RequestID(r.text(skName))})
		last = r.text(gskName)
		return r.failure()
	})
	if err != nil || !more {
		return all, "", err
	}
	return all, last, nil
}
