package seatstest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/usher-seats/usher/internal/audit"
	"github.com/usher-seats/usher/internal/seats"
)

// candidates is how many candidates an index read hands over at once: few, so
// that tests meet more than one page.
const candidates = 3

// paged cuts one page out of items that stand in their order, each with a cursor
// that is unique in the list.
func paged[T any](s *Store, all []T, cursorOf func(T) string, page seats.Page) ([]T, string, error) {
	if page.Limit < 1 {
		return nil, "", fmt.Errorf("seatstest: a page of %d items was asked for", page.Limit)
	}
	from := 0
	if page.Cursor != "" {
		from = len(all)
		for i, item := range all {
			if cursorOf(item) == page.Cursor {
				from = i + 1
				break
			}
		}
	}
	to := min(from+page.Limit, len(all))
	next := ""
	if to < len(all) && to > 0 {
		next = cursorOf(all[to-1])
	}
	return deepCopy(&s.copies, all[from:to]), next, nil
}

// Invoice reads one invoice.
func (s *Store) Invoice(ctx context.Context, account seats.AccountID, number int64) (*seats.IssuedInvoice, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	inv := s.data.Invoices[account][number]
	if inv == nil {
		return nil, seats.ErrNotFound.With("There is no invoice %d.", number)
	}
	return deepCopy(&s.copies, inv), nil
}

// Invoices reads invoices, the newest first.
func (s *Store) Invoices(ctx context.Context, account seats.AccountID, page seats.Page) ([]*seats.IssuedInvoice, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	numbers := slices.Sorted(maps.Keys(s.data.Invoices[account]))
	slices.Reverse(numbers)
	numbers, next, err := paged(s, numbers, func(n int64) string { return strconv.FormatInt(n, 10) }, page)
	var found []*seats.IssuedInvoice
	for _, n := range numbers {
		found = append(found, deepCopy(&s.copies, s.data.Invoices[account][n]))
	}
	return found, next, err
}

// Events reads the ledger of one month, newest first.
func (s *Store) Events(ctx context.Context, account seats.AccountID, month string, page seats.Page) ([]seats.Event, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// Pointers are sorted faster than events.
	var all []*seats.Event
	for _, e := range s.data.Events[account] {
		if e.At.UTC().Format("2006-01") == month {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *seats.Event) int { return cmp.Compare(b.ID, a.ID) })
	found, next, err := paged(s, all, func(e *seats.Event) string { return string(e.ID) }, page)
	var events []seats.Event
	for _, e := range found {
		events = append(events, *e)
	}
	return events, next, err
}

// Accounts lists account ids in the order of their opening.
func (s *Store) Accounts(ctx context.Context, page seats.Page) ([]seats.AccountID, string, error) {
	byID := func(a, b *seats.Account) int { return cmp.Compare(a.ID, b.ID) }
	return s.accounts(ctx, page, func(*seats.Account) bool { return true }, byID)
}

// ParkedAccounts lists parked accounts, the longest waiting first.
func (s *Store) ParkedAccounts(ctx context.Context, page seats.Page) ([]seats.AccountID, string, error) {
	byDue := func(a, b *seats.Account) int { return a.Due.Compare(b.Due) }
	return s.accounts(ctx, page, func(a *seats.Account) bool { return a.Status == seats.AccountParked }, byDue)
}

func (s *Store) accounts(ctx context.Context, page seats.Page, keep func(*seats.Account) bool, order func(a, b *seats.Account) int) ([]seats.AccountID, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := slices.DeleteFunc(sortedValues(s.data.Accounts), func(a *seats.Account) bool { return !keep(a) })
	slices.SortStableFunc(kept, order)
	var all []seats.AccountID
	for _, a := range kept {
		all = append(all, a.ID)
	}
	return paged(s, all, func(id seats.AccountID) string { return string(id) }, page)
}

// inPages hands candidates over a few at a time.
func inPages[T any](ctx context.Context, all []T, each func([]T) error) error {
	for chunk := range slices.Chunk(all, candidates) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := each(chunk); err != nil {
			return err
		}
	}
	return nil
}

// DueAccounts finds ordinary open accounts with something due by then, the
// longest due first.
func (s *Store) DueAccounts(ctx context.Context, by time.Time, each func([]seats.AccountID) error) error {
	s.mu.Lock()
	var due []*seats.Account
	for _, a := range sortedValues(s.data.Accounts) {
		if !a.Test && a.Status == seats.AccountOpen && !a.Due.IsZero() && !a.Due.After(by) {
			due = append(due, deepCopy(&s.copies, a))
		}
	}
	s.mu.Unlock()
	slices.SortStableFunc(due, func(a, b *seats.Account) int { return a.Due.Compare(b.Due) })
	ids := make([]seats.AccountID, len(due))
	for i, a := range due {
		ids[i] = a.ID
	}
	return inPages(ctx, ids, each)
}

// LapsedInvitations finds users of ordinary accounts whose open invitation
// expired by then, the longest expired first.
func (s *Store) LapsedInvitations(ctx context.Context, by time.Time, each func([]seats.Membership) error) error {
	s.mu.Lock()
	var lapsed []*seats.User
	for _, users := range sortedValues(s.data.Users) {
		for _, u := range sortedValues(users) {
			if !u.Test && u.Invitation != nil && u.Invitation.Lapsed(by) {
				lapsed = append(lapsed, deepCopy(&s.copies, u))
			}
		}
	}
	s.mu.Unlock()
	slices.SortStableFunc(lapsed, func(a, b *seats.User) int { return a.Invitation.ExpiresAt.Compare(b.Invitation.ExpiresAt) })
	found := make([]seats.Membership, len(lapsed))
	for i, u := range lapsed {
		found[i] = seats.Membership{Account: u.Account, User: u.ID}
	}
	return inPages(ctx, found, each)
}

// InvitationMails reads what a test has put of mails with the newest links.
func (s *Store) InvitationMails(ctx context.Context, users []*seats.User) (map[seats.UserID]seats.InvitationMail, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	mails := map[seats.UserID]seats.InvitationMail{}
	for _, u := range users {
		if mail, ok := s.data.Mails[seats.InvitationMailID(u.ID, u.Invitation.Generation)]; ok {
			mails[u.ID] = mail
		}
	}
	return mails, nil
}

// Guards lists the email guards and sign-ins that stand in the account's name.
func (s *Store) Guards(ctx context.Context, account seats.AccountID) ([]audit.Guard, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []audit.Guard
	for _, email := range slices.Sorted(maps.Keys(s.data.Emails)) {
		if id, ok := s.data.Emails[email][account]; ok {
			found = append(found, audit.Guard{Kind: audit.EmailGuard, Value: email, User: id})
		}
	}
	for _, subject := range slices.Sorted(maps.Keys(s.data.SignIns)) {
		if id, ok := s.data.SignIns[subject][account]; ok {
			found = append(found, audit.Guard{Kind: audit.SignInGuard, Value: subject, User: id})
		}
	}
	return found, nil
}
