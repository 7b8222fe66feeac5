package seatstest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// ErrDied is what every call of a process answers once it has died.
var ErrDied = errors.New("seatstest: the process died")

// Crashing is a store as a process sees it that dies at one of its calls: before
// the call reached the store, or after its effect and before its answer.
type Crashing struct {
	inner seats.Store

	mu    sync.Mutex
	at    int
	after bool
	calls int
	died  bool
}

var _ seats.Store = (*Crashing)(nil)

// Crash wraps a store so that the process dies at its call number at, counted
// from 1; 0 never dies and only counts.
func Crash(inner seats.Store, at int, after bool) *Crashing {
	return &Crashing{inner: inner, at: at, after: after}
}

// DieAt lets the process die at its k-th call from now on.
func (c *Crashing) DieAt(k int, after bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.after = c.calls+k, after
}

// Calls is how many calls were made.
func (c *Crashing) Calls() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}

// Died reports whether the process reached the call at which it dies.
func (c *Crashing) Died() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.died
}

// enter counts a call. It reports whether the store is to be called, and whether
// the answer comes through.
func (c *Crashing) enter() (call, answer bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	if c.died {
		return false, false
	}
	if c.calls == c.at {
		c.died = true
		return c.after, false
	}
	return true, true
}

func through[T any](c *Crashing, do func() (T, error)) (T, error) {
	var none T
	call, answer := c.enter()
	if !call {
		return none, ErrDied
	}
	result, err := do()
	if !answer {
		return none, ErrDied
	}
	return result, err
}

func throughPlain(c *Crashing, do func() error) error {
	_, err := through(c, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

type pageOf[T any] struct {
	items []T
	next  string
}

func throughPage[T any](c *Crashing, do func() ([]T, string, error)) ([]T, string, error) {
	p, err := through(c, func() (pageOf[T], error) {
		items, next, err := do()
		return pageOf[T]{items, next}, err
	})
	return p.items, p.next, err
}

// Load is the store's, unless the process died.
func (c *Crashing) Load(ctx context.Context, want seats.Want) (seats.View, error) {
	return through(c, func() (seats.View, error) { return c.inner.Load(ctx, want) })
}

// Commit is the store's, unless the process died.
func (c *Crashing) Commit(ctx context.Context, account seats.AccountID, change *seats.Change) error {
	return throughPlain(c, func() error { return c.inner.Commit(ctx, account, change) })
}

// Subscriptions is the store's, unless the process died.
func (c *Crashing) Subscriptions(ctx context.Context, account seats.AccountID) ([]*seats.Subscription, error) {
	return through(c, func() ([]*seats.Subscription, error) { return c.inner.Subscriptions(ctx, account) })
}

// Users is the store's, unless the process died.
func (c *Crashing) Users(ctx context.Context, account seats.AccountID) ([]*seats.User, error) {
	return through(c, func() ([]*seats.User, error) { return c.inner.Users(ctx, account) })
}

// UserBySignIn is the store's, unless the process died.
func (c *Crashing) UserBySignIn(ctx context.Context, subject string, account seats.AccountID) (seats.UserID, error) {
	return through(c, func() (seats.UserID, error) { return c.inner.UserBySignIn(ctx, subject, account) })
}

// AccountsBySignIn is the store's, unless the process died.
func (c *Crashing) AccountsBySignIn(ctx context.Context, subject string) ([]seats.Membership, error) {
	return through(c, func() ([]seats.Membership, error) { return c.inner.AccountsBySignIn(ctx, subject) })
}

// UsersByEmail is the store's, unless the process died.
func (c *Crashing) UsersByEmail(ctx context.Context, email string) ([]seats.Membership, error) {
	return through(c, func() ([]seats.Membership, error) { return c.inner.UsersByEmail(ctx, email) })
}

// Plan is the store's, unless the process died.
func (c *Crashing) Plan(ctx context.Context, ref seats.PlanRef) (*seats.Plan, error) {
	return through(c, func() (*seats.Plan, error) { return c.inner.Plan(ctx, ref) })
}

// Plans is the store's, unless the process died.
func (c *Crashing) Plans(ctx context.Context) ([]*seats.Plan, error) {
	return through(c, func() ([]*seats.Plan, error) { return c.inner.Plans(ctx) })
}

// PutPlan is the store's, unless the process died.
func (c *Crashing) PutPlan(ctx context.Context, plan *seats.Plan) error {
	return throughPlain(c, func() error { return c.inner.PutPlan(ctx, plan) })
}

// PutQuote is the store's, unless the process died.
func (c *Crashing) PutQuote(ctx context.Context, quote *seats.Quote) error {
	return throughPlain(c, func() error { return c.inner.PutQuote(ctx, quote) })
}

// ClaimReceipt is the store's, unless the process died.
func (c *Crashing) ClaimReceipt(ctx context.Context, receipt *seats.Receipt) (*seats.Receipt, error) {
	return through(c, func() (*seats.Receipt, error) { return c.inner.ClaimReceipt(ctx, receipt) })
}

// FinishReceipt is the store's, unless the process died.
func (c *Crashing) FinishReceipt(ctx context.Context, receipt *seats.Receipt) error {
	return throughPlain(c, func() error { return c.inner.FinishReceipt(ctx, receipt) })
}

// Invoice is the store's, unless the process died.
func (c *Crashing) Invoice(ctx context.Context, account seats.AccountID, number int64) (*seats.IssuedInvoice, error) {
	return through(c, func() (*seats.IssuedInvoice, error) { return c.inner.Invoice(ctx, account, number) })
}

// Invoices is the store's, unless the process died.
func (c *Crashing) Invoices(ctx context.Context, account seats.AccountID, page seats.Page) ([]*seats.IssuedInvoice, string, error) {
	return throughPage(c, func() ([]*seats.IssuedInvoice, string, error) { return c.inner.Invoices(ctx, account, page) })
}

// Events is the store's, unless the process died.
func (c *Crashing) Events(ctx context.Context, account seats.AccountID, month string, page seats.Page) ([]seats.Event, string, error) {
	return throughPage(c, func() ([]seats.Event, string, error) { return c.inner.Events(ctx, account, month, page) })
}

// Accounts is the store's, unless the process died.
func (c *Crashing) Accounts(ctx context.Context, page seats.Page) ([]seats.AccountID, string, error) {
	return throughPage(c, func() ([]seats.AccountID, string, error) { return c.inner.Accounts(ctx, page) })
}

// DueAccounts is the store's, unless the process died.
func (c *Crashing) DueAccounts(ctx context.Context, by time.Time, each func([]seats.AccountID) error) error {
	return throughPlain(c, func() error { return c.inner.DueAccounts(ctx, by, each) })
}

// LapsedInvitations is the store's, unless the process died.
func (c *Crashing) LapsedInvitations(ctx context.Context, by time.Time, each func([]seats.Membership) error) error {
	return throughPlain(c, func() error { return c.inner.LapsedInvitations(ctx, by, each) })
}

// ParkedAccounts is the store's, unless the process died.
func (c *Crashing) ParkedAccounts(ctx context.Context, page seats.Page) ([]seats.AccountID, string, error) {
	return throughPage(c, func() ([]seats.AccountID, string, error) { return c.inner.ParkedAccounts(ctx, page) })
}

// GetRequest is the store's, unless the process died.
func (c *Crashing) GetRequest(ctx context.Context, account seats.AccountID, id seats.RequestID) (*seats.Request, error) {
	return through(c, func() (*seats.Request, error) { return c.inner.GetRequest(ctx, account, id) })
}

// Requests is the store's, unless the process died.
func (c *Crashing) Requests(ctx context.Context, account seats.AccountID, page seats.Page) ([]*seats.Request, string, error) {
	return throughPage(c, func() ([]*seats.Request, string, error) { return c.inner.Requests(ctx, account, page) })
}

// OpenRequests is the store's, unless the process died.
func (c *Crashing) OpenRequests(ctx context.Context, page seats.Page) ([]seats.RequestRef, string, error) {
	return throughPage(c, func() ([]seats.RequestRef, string, error) { return c.inner.OpenRequests(ctx, page) })
}

// InvitationMails is the store's, unless the process died.
func (c *Crashing) InvitationMails(ctx context.Context, users []*seats.User) (map[seats.UserID]seats.InvitationMail, error) {
	return through(c, func() (map[seats.UserID]seats.InvitationMail, error) { return c.inner.InvitationMails(ctx, users) })
}

// PutBilled is the store's, unless the process died.
func (c *Crashing) PutBilled(ctx context.Context, account seats.AccountID, billed *seats.Billed) error {
	return throughPlain(c, func() error { return c.inner.PutBilled(ctx, account, billed) })
}

// Billed is the store's, unless the process died.
func (c *Crashing) Billed(ctx context.Context, account seats.AccountID, product string, periodStart time.Time, sha256 string) (*seats.Billed, error) {
	return through(c, func() (*seats.Billed, error) { return c.inner.Billed(ctx, account, product, periodStart, sha256) })
}

// Count is the store's, unless the process died.
func (c *Crashing) Count(ctx context.Context, key string, window time.Duration, now time.Time) (int, error) {
	return through(c, func() (int, error) { return c.inner.Count(ctx, key, window, now) })
}

// Racing is a store in which somebody else is first: Before runs just before each
// commit, with its number from 1. Commits that Refuse picks fail with ErrDied.
type Racing struct {
	seats.Store
	Before func(n int, change *seats.Change)
	Refuse func(change *seats.Change) bool

	mu sync.Mutex
	n  int
}

// Commit lets the other one be first.
func (r *Racing) Commit(ctx context.Context, account seats.AccountID, change *seats.Change) error {
	r.mu.Lock()
	r.n++
	n := r.n
	r.mu.Unlock()
	if r.Before != nil {
		r.Before(n, change)
	}
	if r.Refuse != nil && r.Refuse(change) {
		return ErrDied
	}
	return r.Store.Commit(ctx, account, change)
}
