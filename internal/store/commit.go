package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/seats"
)

// Commit writes all of the change or nothing, in one transaction whose items stand
// in this order: account (a new one with its entry in the directory; or a check of it), users with
// their guards, subscriptions, moves of free seats, invoice, credit note, status of an
// invoice, request, use of the quote, receipt, events.
//
// A *seats.ConditionError names every condition that did not hold. Contention is
// tried again, always as the same request with the same client token, so that a
// try whose answer was lost has its effect once; after [MaxTries] or at the
// caller's deadline it is seats.ErrBusy and nothing was written. Where the last
// try was not answered at all the error says so and is not ErrBusy.
func (s *Store) Commit(ctx context.Context, account seats.AccountID, change *seats.Change) error {
	t, err := s.transaction(account, change)
	if err != nil || len(t.writes) == 0 {
		return err
	}
	use := &Usage{Operation: "commit"}
	defer s.report(ctx, use)
	return s.write(ctx, use, t)
}

// write sends a transaction. Its errors are those of Commit.
func (s *Store) write(ctx context.Context, use *Usage, t *transaction) error {
	input := &dynamodb.TransactWriteItemsInput{
		TransactItems: t.writes, ClientRequestToken: aws.String(rand.Text()), ReturnConsumedCapacity: s.metered(),
	}
	err := s.attempt(ctx, use, true, func(tries func(*dynamodb.Options)) error {
		out, err := s.api.TransactWriteItems(ctx, input, tries)
		if err == nil {
			use.wrote(out.ConsumedCapacity...)
		}
		return err
	})
	if err == nil {
		return nil
	}
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) && !errors.Is(err, seats.ErrBusy) {
		return t.conditions(cancelled)
	}
	return fmt.Errorf("store: commit: %w", err)
}

func (s *Store) transaction(account seats.AccountID, c *seats.Change) (*transaction, error) {
	if !account.Valid() {
		return nil, fmt.Errorf("store: %q is no account", account)
	}
	t := &transaction{store: s, seen: map[key]bool{}}
	t.account(account, c.Account)
	if c.Account == nil && !c.Uncounted.IsZero() {
		t.uncounted(account, c.Uncounted)
	}
	for i := range c.Users {
		t.user(account, i, &c.Users[i])
	}
	t.pools(account, c)
	t.document(account, c.Invoice, seats.ItemInvoice)
	t.document(account, c.CreditNote, seats.ItemCreditNote)
	if c.InvoiceStatus != nil {
		t.invoiceStatus(account, c.InvoiceStatus)
	}
	if c.Request != nil {
		t.request(account, c.Request)
	}
	if c.QuoteUse != nil {
		t.useQuote(account, c.QuoteUse)
	}
	if c.Receipt != nil {
		t.receipt(c.Receipt)
	}
	for i := range c.Events {
		t.event(account, i, &c.Events[i])
	}
	if len(t.writes) > maxItems {
		t.fail(fmt.Errorf("store: a change of %d items, a transaction has at most %d", len(t.writes), maxItems))
	}
	return t, t.err
}

// document puts an invoice or a credit note under its number.
func (t *transaction) document(account seats.AccountID, inv *seats.IssuedInvoice, kind seats.ItemKind) {
	if inv == nil {
		return
	}
	it, err := t.store.invoiceItem(account, inv)
	if err != nil {
		t.fail(err)
		return
	}
	t.putNew(invoiceKey(account, inv.Number), it, seats.Failed{Kind: kind})
}

func (t *transaction) account(id seats.AccountID, w *seats.AccountWrite) {
	if w == nil {
		return
	}
	if w.Account.ID != id {
		t.fail(fmt.Errorf("store: a change of %s writes the account %s", id, w.Account.ID))
	}
	failed := seats.Failed{Kind: seats.ItemAccount}
	t.replace(accountKey(id), accountItem(w.Account), w.From, failed)
	if w.From == 0 {
		t.putNew(directoryKey(id), newItem(directoryKey(id)), failed)
	}
}

// uncounted demands that nobody was counted beyond an instant.
func (t *transaction) uncounted(id seats.AccountID, at time.Time) {
	t.check(accountKey(id), expression{
		condition: "attribute_not_exists(#ct) OR #ct <= :at",
		names:     map[string]string{"#ct": countedName}, values: item{":at": instant(at)},
	}, seats.Failed{Kind: seats.ItemAccount})
}

func (t *transaction) user(account seats.AccountID, i int, w *seats.UserWrite) {
	u := w.User
	if u.Account != account {
		t.fail(fmt.Errorf("store: a change of %s writes a user of %s", account, u.Account))
	}
	t.replace(userKey(account, u.ID), userItem(account, u), w.From, seats.Failed{Kind: seats.ItemUser, Index: i})
	email, signIn := seats.Failed{Kind: seats.ItemEmail, Index: i}, seats.Failed{Kind: seats.ItemSignIn, Index: i}
	switch {
	case w.TakeEmail:
		t.take(emailKey(u.Email, account), u.ID, email)
	case w.FreeEmail:
		t.release(emailKey(u.Email, account), u.ID, email)
	}
	switch {
	case w.Bind:
		t.take(signInKey(u.Subject, account), u.ID, signIn)
	case w.Unbind:
		t.release(signInKey(u.Subject, account), u.ID, signIn)
	}
}

func (t *transaction) receipt(r *seats.Receipt) {
	it, err := t.store.receiptItem(r)
	if err != nil {
		t.fail(err)
	}
	t.put(receiptKey(r.Key), it, expression{
		condition: "attribute_not_exists(#pk) OR #x <= :x",
		names:     map[string]string{"#pk": pkName, "#x": expiresName}, values: item{":x": instant(r.ClaimedAt)},
	}, seats.Failed{Kind: seats.ItemReceipt})
}

func (t *transaction) event(account seats.AccountID, i int, e *seats.Event) {
	if e.Account != account {
		t.fail(fmt.Errorf("store: a change of %s holds an event of %s", account, e.Account))
	}
	it, err := eventItem(e)
	if err != nil {
		t.fail(err)
	}
	t.putNew(eventKey(e), it, seats.Failed{Kind: seats.ItemEvent, Index: i})
}

// conditions names what failed, by the positions of the reasons. A reason that is
// no condition is a fault of the program or of the table, such as an item that is
// too large.
func (t *transaction) conditions(cancelled *types.TransactionCanceledException) error {
	if len(cancelled.CancellationReasons) != len(t.failed) {
		return fmt.Errorf("store: commit: %d reasons for %d items: %w", len(cancelled.CancellationReasons), len(t.failed), cancelled)
	}
	found := &seats.ConditionError{}
	named := map[seats.Failed]bool{}
	for i, r := range cancelled.CancellationReasons {
		switch code := aws.ToString(r.Code); code {
		case reasonNone, "":
		case reasonCondition:
			for _, f := range t.failed[i] {
				if !named[f] {
					named[f] = true
					found.Failed = append(found.Failed, f)
				}
			}
		default:
			return fmt.Errorf("store: commit: %v: %s: %s", t.failed[i], code, aws.ToString(r.Message))
		}
	}
	if len(found.Failed) == 0 {
		return fmt.Errorf("store: commit: cancelled without a reason: %w", cancelled)
	}
	return found
}
