// Package audit reads everything that is stored of an account and says what
// breaks the rules of the domain. It decides nothing and writes nothing; it has no
// part in how a use case works, so that it finds what a use case does wrong.
//
// # What is held against what
//
//   - The pool's counter against the users: free is seats less licenses in use and
//     seats reserved, and never below zero once a close has released what it must.
//   - Users against email guards and sign-ins, both ways.
//   - The account against its one owner, who is active.
//   - Items against the ledger: each user and subscription has one event for every
//     revision from 1 on, and following its events from the first leads to what is
//     stored: status, role, licenses, invitation, seats, pending change, period.
//   - Periods against each other: each starts where the one before it ended, every
//     boundary is the anchor's, and each period is closed once.
//   - Invoices and credit notes against the ledger and the plan versions: numbers
//     without a gap, bytes that have their hash, and lines, taxes and sums that come
//     out the same when they are worked out again. Each event that charges stands in
//     one line, a void invoice in the credit note that takes it back.
//   - Usage lines against the lists of the people billed, and those against the ledger.
//   - The account's credit against its documents: what credit notes gave back less what
//     invoices used.
//   - Indexes against items, for all accounts together ([Indexes]).
//
// # How to read a finding
//
// A [Finding] names the rule, the item and what was found instead of what. One
// cause often breaks several rules; the first finding of an item is the best
// place to begin. An account that is at work while it is read is read again; if it
// does not come to rest, that is said as [Busy] and the rest may be passing.
//
// What an audit cannot know is not held against anything: names and emails are in
// no ledger, nor is the tax rate that an account had in the past.
package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// Rule names what a finding breaks.
type Rule string

// Rules.
const (
	// AccountItem: the account's own fields are in order, and its due instant is the
	// earliest at which something of its subscriptions must be closed.
	AccountItem Rule = "account"
	// OneOwner: exactly one owner, active, whom the account names.
	OneOwner Rule = "one_owner"
	// UserItem: a user's fields fit together.
	UserItem Rule = "user"
	// Guards: email guards and sign-ins lead to users and back.
	Guards Rule = "guards"
	// PoolItem: a subscription's fields are in order.
	PoolItem Rule = "pool"
	// PoolCount: free is seats less licenses and reservations.
	PoolCount Rule = "pool_count"
	// LedgerEntry: an event is whole and speaks of this account alone.
	LedgerEntry Rule = "ledger_entry"
	// Revisions: one event for each revision of an item.
	Revisions Rule = "revisions"
	// UserHistory: the ledger leads to the stored user.
	UserHistory Rule = "user_history"
	// PoolHistory: the ledger leads to the stored subscription.
	PoolHistory Rule = "pool_history"
	// Cycles: periods tile time and each is closed once.
	Cycles Rule = "cycles"
	// InvoiceNumbers: 1, 2, 3 and so on to the account's last.
	InvoiceNumbers Rule = "invoice_numbers"
	// InvoiceBytes: the canonical bytes have their hash, their form and their sums.
	InvoiceBytes Rule = "invoice_bytes"
	// InvoiceLines: the lines are what ledger and plan come to.
	InvoiceLines Rule = "invoice_lines"
	// BilledPeople: usage is billed for the people whom the ledger says, and they are
	// listed.
	BilledPeople Rule = "billed_people"
	// Credit: the account's credit is what its documents leave of it.
	Credit Rule = "credit"
	// Spending: what counts against an admin's cap is what the admin bought.
	Spending Rule = "spending"
	// Index: what the indexes find is what the items say.
	Index Rule = "index"
	// Busy: the account changed while it was read.
	Busy Rule = "busy"
)

// Finding is one broken rule.
type Finding struct {
	Rule    Rule
	Account seats.AccountID
	// Item is the id of what is wrong: a user, a subscription, an event, an invoice's
	// number.
	Item string
	// Detail says what was found and what was expected, with ids and numbers only.
	Detail string
}

func (f Finding) String() string {
	return fmt.Sprintf("%s %s %s: %s", f.Rule, f.Account, f.Item, f.Detail)
}

// Store is what an audit reads of a seats.Store.
type Store interface {
	Load(ctx context.Context, want seats.Want) (seats.View, error)
	Subscriptions(ctx context.Context, account seats.AccountID) ([]*seats.Subscription, error)
	Users(ctx context.Context, account seats.AccountID) ([]*seats.User, error)
	UserBySignIn(ctx context.Context, subject string, account seats.AccountID) (seats.UserID, error)
	UsersByEmail(ctx context.Context, email string) ([]seats.Membership, error)
	Plan(ctx context.Context, ref seats.PlanRef) (*seats.Plan, error)
	Invoices(ctx context.Context, account seats.AccountID, page seats.Page) ([]*seats.IssuedInvoice, string, error)
	Events(ctx context.Context, account seats.AccountID, month string, page seats.Page) ([]seats.Event, string, error)
	Billed(ctx context.Context, account seats.AccountID, product string, periodStart time.Time, sha256 string) (*seats.Billed, error)
	Accounts(ctx context.Context, page seats.Page) ([]seats.AccountID, string, error)
	DueAccounts(ctx context.Context, by time.Time, each func([]seats.AccountID) error) error
	LapsedInvitations(ctx context.Context, by time.Time, each func([]seats.Membership) error) error
	ParkedAccounts(ctx context.Context, page seats.Page) ([]seats.AccountID, string, error)
}

// GuardKind says what a guard keeps unique in an account.
type GuardKind string

// Guard kinds.
const (
	EmailGuard  GuardKind = "email"
	SignInGuard GuardKind = "sign_in"
)

// Guard is an item that makes an email or an identity unique in an account.
type Guard struct {
	Kind GuardKind
	// Value is the normalized email, or the hash of the identity.
	Value string
	User  seats.UserID
}

// GuardLister is what a Store may offer besides: it finds guards that lead to no
// user. Without it only the way from users to guards is checked.
type GuardLister interface {
	// Guards lists every guard in the account's name. It may have to scan.
	Guards(ctx context.Context, account seats.AccountID) ([]Guard, error)
}

// maxReads is how often an account that changes meanwhile is read.
const maxReads = 5

// Account audits one account at the wall clock's now. It gives nil where
// everything is in order; an error says that it could not be read, not that
// something is wrong.
func Account(ctx context.Context, store Store, id seats.AccountID, now time.Time) ([]Finding, error) {
	for reads := 1; ; reads++ {
		b, err := gather(ctx, store, id, now)
		if err != nil {
			return nil, fmt.Errorf("audit of %s: %w", id, err)
		}
		b.checkAll()
		if len(b.findings) == 0 {
			return nil, nil
		}
		still, err := b.unchanged(ctx, store)
		if err != nil {
			return nil, fmt.Errorf("audit of %s: %w", id, err)
		}
		if still {
			return b.findings, nil
		}
		if reads == maxReads {
			b.found(Busy, string(id), "changed %d times while it was read; audit it again when it is quiet", reads)
			return b.findings, nil
		}
	}
}

// All audits every account, in the order of their opening, and gives those with
// findings to each.
func All(ctx context.Context, store Store, now time.Time, each func(seats.AccountID, []Finding) error) (audited int, err error) {
	const accountsPerPage = 100
	page := seats.Page{Limit: accountsPerPage}
	for {
		ids, next, err := store.Accounts(ctx, page)
		if err != nil {
			return audited, err
		}
		for _, id := range ids {
			findings, err := Account(ctx, store, id, now)
			if err != nil {
				return audited, err
			}
			audited++
			if len(findings) == 0 {
				continue
			}
			if err := each(id, findings); err != nil {
				return audited, err
			}
		}
		if next == "" {
			return audited, nil
		}
		page.Cursor = next
	}
}

func (b *books) checkAll() {
	if b.account == nil {
		b.found(AccountItem, string(b.id), "there is no such account")
		return
	}
	b.checkAccount()
	b.checkOwner()
	for _, u := range b.users {
		b.checkUser(u)
	}
	b.checkGuards()
	for _, sub := range b.subs {
		b.checkPool(sub)
	}
	b.checkLedger()
	b.checkRevisions()
	for _, u := range b.users {
		b.replayUser(u)
	}
	for _, sub := range b.subs {
		b.replayPool(sub, true)
	}
	for _, sub := range b.past {
		b.replayPool(sub, false)
	}
	b.checkInvoices()
	b.checkCredit()
	b.checkSpending()
}
