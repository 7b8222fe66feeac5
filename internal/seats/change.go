package seats

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// View is what a decision is made from: items read together, consistently. An
// item that does not exist is absent.
type View struct {
	Account       *Account
	Users         map[UserID]*User
	Subscriptions map[string]*Subscription // by product
	Quote         *Quote
	Receipt       *Receipt
	Request       *Request
}

// Want names the items to read. Receipt is the full receipt key.
type Want struct {
	Account  AccountID
	Users    []UserID
	Products []string
	Quote    QuoteID
	Receipt  string
	Request  RequestID
	// UsersOnly reads what is named and not the account itself.
	UsersOnly bool
}

// Change is what a decision wants written, all of it or nothing. Every write is
// conditioned on what the decision read.
type Change struct {
	Account *AccountWrite
	// Uncounted, where it is set and Account is not, requires that the account's
	// CountedTo is not after it.
	Uncounted     time.Time
	Users         []UserWrite
	Subscriptions []SubscriptionWrite
	Free          []FreeMove
	Invoice       *IssuedInvoice
	// CreditNote is issued beside or without an invoice, under a number of the same
	// series.
	CreditNote    *IssuedInvoice
	InvoiceStatus *InvoiceUpdate
	Request       *RequestWrite
	QuoteUse      *QuoteUse
	Receipt       *Receipt
	Events        []Event
}

// Empty reports whether there is nothing to write.
func (c *Change) Empty() bool {
	return c.Account == nil && len(c.Users) == 0 && len(c.Subscriptions) == 0 && len(c.Free) == 0 &&
		c.Invoice == nil && c.CreditNote == nil && c.InvoiceStatus == nil && c.Request == nil && c.QuoteUse == nil && len(c.Events) == 0
}

// AccountWrite replaces the account if its revision is still From; 0 creates it.
type AccountWrite struct {
	Account *Account
	From    int64
}

// UserWrite replaces the user if the revision is still From; 0 creates it.
type UserWrite struct {
	User *User
	From int64
	// TakeEmail claims the email for this user; FreeEmail gives it up.
	TakeEmail, FreeEmail bool
	// Bind claims the sign-in identity for this user; Unbind gives it up.
	Bind, Unbind bool
}

// SubscriptionWrite replaces what Rev covers if the revision is still From; 0
// creates it. Free moves by FreeDelta, whatever it is by then.
type SubscriptionWrite struct {
	Subscription *Subscription
	From         int64
	FreeDelta    int64
	// FreeIs additionally requires that Free is still Subscription.Free - FreeDelta.
	FreeIs bool
	// Replaces is the subscription that has ended and whose place, of the same product,
	// a new one takes; From is its revision then.
	Replaces SubscriptionID
}

// FreeMove moves the free counter of a pool. A negative delta requires that as
// many seats are free.
type FreeMove struct {
	Product string
	Delta   int64
	// Short requires that the pool is short of at least Delta seats: a release takes
	// no license more than it must, though somebody else gives one up meanwhile.
	Short bool
}

// IssuedInvoice is an invoice under its number, which must not exist yet.
type IssuedInvoice struct {
	Number    int64
	Canonical []byte
	Hash      string
	IssuedAt  time.Time
	Status    InvoiceStatus
	// PaidAt is when it was marked as paid; VoidedBy the number of the credit note
	// that took it back.
	PaidAt   time.Time
	VoidedBy int64
}

// InvoiceUpdate changes what became of an issued invoice, if its status is still
// From. The document itself never changes.
type InvoiceUpdate struct {
	Number   int64
	From     InvoiceStatus
	Status   InvoiceStatus
	PaidAt   time.Time
	VoidedBy int64
}

// InvoiceStatus is what became of an invoice.
type InvoiceStatus string

// Invoice statuses.
const (
	InvoiceOpen InvoiceStatus = "open"
	InvoicePaid InvoiceStatus = "paid"
	// InvoiceVoid was taken back by a credit note.
	InvoiceVoid InvoiceStatus = "void"
)

// QuoteUse marks a quote as confirmed; a quote is confirmed at most once.
type QuoteUse struct {
	ID    QuoteID
	Event EventID
}

// Receipt makes a command's effect happen once for its key: it is written in the
// transaction of the effect, with the answer.
type Receipt struct {
	// Key is the full key: the tenant and the caller's Idempotency-Key.
	Key     string
	Request [32]byte
	// Done is false while a command of several transactions is under way.
	Done      bool
	ClaimedAt time.Time
	Seed      [16]byte
	At        time.Time
	Answer    []byte
	ExpiresAt time.Time
}

// ReceiptTTL is how long a key answers with its first answer.
const ReceiptTTL = 24 * time.Hour

// ItemKind names the part of a Change that a condition belongs to.
type ItemKind string

// Item kinds.
const (
	ItemAccount       ItemKind = "account"
	ItemUser          ItemKind = "user"
	ItemEmail         ItemKind = "email"
	ItemSignIn        ItemKind = "sign_in"
	ItemSubscription  ItemKind = "subscription"
	ItemFree          ItemKind = "free"
	ItemInvoice       ItemKind = "invoice"
	ItemQuote         ItemKind = "quote"
	ItemReceipt       ItemKind = "receipt"
	ItemEvent         ItemKind = "event"
	ItemCreditNote    ItemKind = "credit_note"
	ItemInvoiceStatus ItemKind = "invoice_status"
	ItemRequest       ItemKind = "request"
)

// Failed is one condition that did not hold: which part of the change, and its
// index there.
type Failed struct {
	Kind  ItemKind
	Index int
}

// ConditionError says that nothing was written, and which conditions failed.
type ConditionError struct{ Failed []Failed }

func (e *ConditionError) Error() string { return fmt.Sprintf("conditions failed: %v", e.Failed) }

// Has reports whether a condition of the kind failed.
func (e *ConditionError) Has(kind ItemKind) bool {
	for _, f := range e.Failed {
		if f.Kind == kind {
			return true
		}
	}
	return false
}

func conditionError(err error) (*ConditionError, bool) {
	var c *ConditionError
	ok := errors.As(err, &c)
	return c, ok
}

// Store keeps what the domain decides. Reads named consistent see every commit
// that was acknowledged before they began.
type Store interface {
	// Load reads the wanted items, consistently. Missing items are absent.
	Load(ctx context.Context, want Want) (View, error)
	// Commit writes all of the change or nothing. It returns *ConditionError where
	// a condition did not hold, and ErrBusy where contention outlasted its tries.
	Commit(ctx context.Context, account AccountID, change *Change) error

	// Subscriptions reads every subscription of the account, consistently.
	Subscriptions(ctx context.Context, account AccountID) ([]*Subscription, error)
	// Users reads every user of the account, the removed ones too, consistently.
	Users(ctx context.Context, account AccountID) ([]*User, error)
	// UserBySignIn finds the user that the identity is bound to, or "".
	UserBySignIn(ctx context.Context, subject string, account AccountID) (UserID, error)
	// AccountsBySignIn finds all accounts of an identity, with its user there.
	AccountsBySignIn(ctx context.Context, subject string) ([]Membership, error)
	// UsersByEmail finds the users with a normalized email across accounts.
	UsersByEmail(ctx context.Context, email string) ([]Membership, error)

	// Plan reads a plan version; version 0 is the newest. ErrNotFound if absent.
	Plan(ctx context.Context, ref PlanRef) (*Plan, error)
	// PutPlan writes a new version and lists it as its plan's newest; a *ConditionError
	// if it exists and says something else.
	PutPlan(ctx context.Context, plan *Plan) error
	// Plans reads the newest version of every plan, in the order of their ids.
	Plans(ctx context.Context) ([]*Plan, error)

	// PutQuote keeps a quote until some time after its expiry.
	PutQuote(ctx context.Context, quote *Quote) error
	// ClaimReceipt writes an unfinished receipt unless an unexpired one exists,
	// which it returns then.
	ClaimReceipt(ctx context.Context, receipt *Receipt) (*Receipt, error)
	// FinishReceipt stores the answer of a claimed receipt.
	FinishReceipt(ctx context.Context, receipt *Receipt) error

	// Invoice reads one invoice; ErrNotFound if absent.
	Invoice(ctx context.Context, account AccountID, number int64) (*IssuedInvoice, error)
	// Invoices reads invoices, the newest first.
	Invoices(ctx context.Context, account AccountID, page Page) ([]*IssuedInvoice, string, error)
	// Events reads the ledger of one month ("2026-11", UTC), newest first.
	Events(ctx context.Context, account AccountID, month string, page Page) ([]Event, string, error)

	// Accounts lists account ids in the order of their opening.
	Accounts(ctx context.Context, page Page) ([]AccountID, string, error)
	// DueAccounts finds ordinary accounts with something due by then. Index reads
	// may lag: they only find candidates.
	DueAccounts(ctx context.Context, by time.Time, each func([]AccountID) error) error
	// LapsedInvitations finds users of ordinary accounts whose open invitation
	// expired by then.
	LapsedInvitations(ctx context.Context, by time.Time, each func([]Membership) error) error
	ParkedAccounts(ctx context.Context, page Page) ([]AccountID, string, error)

	// GetRequest reads one request; ErrNotFound if absent.
	GetRequest(ctx context.Context, account AccountID, id RequestID) (*Request, error)
	// Requests reads an account's requests, the newest first.
	Requests(ctx context.Context, account AccountID, page Page) ([]*Request, string, error)
	// OpenRequests lists the open requests of all accounts, the oldest first. The
	// index may lag: they are candidates.
	OpenRequests(ctx context.Context, page Page) ([]RequestRef, string, error)

	// PutBilled keeps the list of people that a usage line is about to name. The same
	// list may be put again; lists with other hashes stand beside it.
	PutBilled(ctx context.Context, account AccountID, billed *Billed) error
	// Billed reads the list of a product and the start of a line's period that has the
	// hash; ErrNotFound if absent or not whole.
	Billed(ctx context.Context, account AccountID, product string, periodStart time.Time, sha256 string) (*Billed, error)

	// InvitationMails reads what became of the mails with the newest links of users who
	// have an invitation. Who had none tried yet is absent.
	InvitationMails(ctx context.Context, users []*User) (map[UserID]InvitationMail, error)

	// Count adds one to the counter of the window that now lies in, and returns it.
	// The counter is forgotten some time after its window.
	Count(ctx context.Context, key string, window time.Duration, now time.Time) (int, error)
}

// Page asks for at most Limit items after the cursor.
type Page struct {
	Limit  int
	Cursor string
}

// RequestRef names a request of an account.
type RequestRef struct {
	Account AccountID
	Request RequestID
}

// Membership is a user of an account.
type Membership struct {
	Account AccountID
	User    UserID
}

// Quote is a price that holds until it expires or what it rests on changes.
type Quote struct {
	ID      QuoteID
	Account AccountID
	// Subscription is empty for a quote of a new subscription.
	Subscription SubscriptionID
	By           UserID
	// Request is set where an operator priced a customer's request; then By is empty.
	Request RequestID
	// Plan is the plan after confirming, FromPlan the one before; they are the same
	// where only seats change, and FromPlan is empty for a new subscription.
	Plan, FromPlan PlanRef
	// At is the account's instant that it is priced at; ExpiresAt is wall clock.
	At        time.Time
	ExpiresAt time.Time
	// Seats is what was asked for; From what there were.
	From, Seats int64
	// AtRenewal is what the next period starts with after confirming if nobody moves
	// before; of a decrease, what is asked for.
	AtRenewal   int64
	EffectiveAt time.Time
	// DueNow is the invoice or credit note that confirming issues, without a number;
	// nil if none.
	DueNow *billing.Invoice
	// Next is what the next close bills if nothing else happens.
	Next *billing.Invoice
	// SubscriptionRev (see PricedRev), CreditMinor and Tax are what it rests on.
	SubscriptionRev int64
	CreditMinor     int64
	TaxPPM          int64
	ReverseCharge   bool
	// UsedBy is the event of its confirmation.
	UsedBy EventID
}

// QuoteTTL is how long a quote is good, by the wall clock.
const QuoteTTL = 15 * time.Minute
