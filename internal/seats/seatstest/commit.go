package seatstest

import (
	"cmp"
	"context"
	"fmt"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/seats"
)

// MaxItems is how many items one transaction of the database holds.
const MaxItems = 100

// commit is one change on its way into the store: first its conditions are
// checked, then it is written.
type commit struct {
	data    *Data
	account seats.AccountID
	change  *seats.Change
	failed  []seats.Failed
	touched map[string]int
}

// Commit writes all of the change or nothing.
func (s *Store) Commit(ctx context.Context, account seats.AccountID, change *seats.Change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	own := deepCopy(&s.copies, change)
	c := commit{data: &s.data, account: account, change: own, touched: map[string]int{}}
	if err := c.possible(); err != nil {
		return err
	}
	c.check()
	if len(c.failed) > 0 {
		return &seats.ConditionError{Failed: c.failed}
	}
	c.write()
	return nil
}

// possible refuses what no transaction of the database could hold, and items of
// another account.
func (c *commit) possible() error {
	if !c.account.Valid() {
		return fmt.Errorf("seatstest: %q is no account", c.account)
	}
	c.touch()
	items := 0
	for item, times := range c.touched {
		items += times
		if times > 1 {
			return fmt.Errorf("seatstest: a transaction writes %s %d times", item, times)
		}
	}
	if items > MaxItems {
		return fmt.Errorf("seatstest: a transaction of %d items, more than %d", items, MaxItems)
	}
	if a := c.change.Account; a != nil && a.Account.ID != c.account {
		return fmt.Errorf("seatstest: account %s in a change of %s", a.Account.ID, c.account)
	}
	for _, w := range c.change.Users {
		if w.User.Account != c.account {
			return fmt.Errorf("seatstest: user %s of %s in a change of %s", w.User.ID, w.User.Account, c.account)
		}
	}
	for _, w := range c.change.Subscriptions {
		if w.From == 0 && w.Subscription.Free != w.FreeDelta {
			return fmt.Errorf("seatstest: a new subscription begins with %d free seats, not %d", w.FreeDelta, w.Subscription.Free)
		}
		if w.Subscription.Account != c.account {
			return fmt.Errorf("seatstest: subscription %s of %s in a change of %s", w.Subscription.ID, w.Subscription.Account, c.account)
		}
	}
	for _, inv := range []*seats.IssuedInvoice{c.change.Invoice, c.change.CreditNote} {
		if inv != nil && billing.Hash(inv.Canonical) != inv.Hash {
			return fmt.Errorf("seatstest: invoice %d of %s: the hash is not that of its bytes", inv.Number, c.account)
		}
	}
	return c.contract()
}

// contract takes each event through the form in which it is stored and published,
// which keeps what its type has and nothing else.
func (c *commit) contract() error {
	for i := range c.change.Events {
		e := &c.change.Events[i]
		if e.Account != c.account {
			return fmt.Errorf("seatstest: event %s of %s in a change of %s", e.ID, e.Account, c.account)
		}
		detail, err := events.Encode(*e)
		if err != nil {
			return fmt.Errorf("seatstest: event %s: %w", e.ID, err)
		}
		if *e, err = events.Decode(detail); err != nil {
			return fmt.Errorf("seatstest: event %s: %w", e.ID, err)
		}
	}
	return nil
}

// touch counts the items that the change writes.
func (c *commit) touch() {
	n := func(item string, id any) { c.touched[fmt.Sprintf("%s %v", item, id)]++ }
	if w := c.change.Account; w != nil {
		n("account", c.account)
		if w.From == 0 {
			n("directory", c.account)
		}
	} else if !c.change.Uncounted.IsZero() {
		n("account", c.account)
	}
	for _, w := range c.change.Users {
		n("user", w.User.ID)
		if w.TakeEmail || w.FreeEmail {
			n("email", w.User.Email)
		}
		if w.Bind || w.Unbind {
			n("sign-in", w.User.Subject)
		}
	}
	for _, w := range c.change.Subscriptions {
		n("subscription", w.Subscription.Product)
	}
	for _, m := range c.change.Free {
		n("subscription", m.Product)
	}
	if c.change.Invoice != nil {
		n("invoice", c.change.Invoice.Number)
	}
	if c.change.CreditNote != nil {
		n("invoice", c.change.CreditNote.Number)
	}
	if c.change.InvoiceStatus != nil {
		n("invoice", c.change.InvoiceStatus.Number)
	}
	if c.change.Request != nil {
		n("request", c.change.Request.Request.ID)
	}
	if c.change.QuoteUse != nil {
		n("quote", c.change.QuoteUse.ID)
	}
	if c.change.Receipt != nil {
		n("receipt", c.change.Receipt.Key)
	}
	for i := range c.change.Events {
		n("event", c.change.Events[i].ID)
	}
}

func (c *commit) fail(kind seats.ItemKind, index int, when bool) {
	if when {
		c.failed = append(c.failed, seats.Failed{Kind: kind, Index: index})
	}
}

// check tells every condition that does not hold.
func (c *commit) check() {
	d, a := c.data, c.account
	if w := c.change.Account; w != nil {
		was := d.Accounts[a]
		c.fail(seats.ItemAccount, 0, (was == nil) != (w.From == 0) || was != nil && was.Rev != w.From)
	} else if at := c.change.Uncounted; !at.IsZero() {
		was := d.Accounts[a]
		c.fail(seats.ItemAccount, 0, was != nil && was.CountedTo.After(at))
	}
	for i, w := range c.change.Users {
		was := d.Users[a][w.User.ID]
		c.fail(seats.ItemUser, i, (was == nil) != (w.From == 0) || was != nil && was.Rev != w.From)
		c.fail(seats.ItemEmail, i, w.TakeEmail && d.Emails[w.User.Email][a] != "" && d.Emails[w.User.Email][a] != w.User.ID)
		c.fail(seats.ItemEmail, i, w.FreeEmail && d.Emails[w.User.Email][a] != w.User.ID)
		c.fail(seats.ItemSignIn, i, w.Bind && d.SignIns[w.User.Subject][a] != "" && d.SignIns[w.User.Subject][a] != w.User.ID)
		c.fail(seats.ItemSignIn, i, w.Unbind && d.SignIns[w.User.Subject][a] != w.User.ID)
	}
	for i, w := range c.change.Subscriptions {
		was := d.Subscriptions[a][w.Subscription.Product]
		wrong := (was == nil) != (w.From == 0)
		if was != nil {
			wrong = wrong || was.Rev != w.From || was.ID != cmp.Or(w.Replaces, w.Subscription.ID) || w.FreeIs && was.Free != w.Subscription.Free-w.FreeDelta
		}
		c.fail(seats.ItemSubscription, i, wrong)
	}
	for i, m := range c.change.Free {
		was := d.Subscriptions[a][m.Product]
		c.fail(seats.ItemFree, i, was == nil || m.Delta < 0 && (was.Free < -m.Delta || was.Status != seats.SubscriptionActive) || m.Short && was.Free > -m.Delta)
	}
	if inv := c.change.Invoice; inv != nil {
		c.fail(seats.ItemInvoice, 0, d.Invoices[a][inv.Number] != nil)
	}
	if note := c.change.CreditNote; note != nil {
		c.fail(seats.ItemCreditNote, 0, d.Invoices[a][note.Number] != nil)
	}
	if u := c.change.InvoiceStatus; u != nil {
		was := d.Invoices[a][u.Number]
		c.fail(seats.ItemInvoiceStatus, 0, was == nil || was.Status != u.From)
	}
	if w := c.change.Request; w != nil {
		was := d.Requests[a][w.Request.ID]
		c.fail(seats.ItemRequest, 0, (was == nil) != (w.From == 0) || was != nil && was.Rev != w.From)
	}
	if use := c.change.QuoteUse; use != nil {
		q := d.Quotes[use.ID]
		c.fail(seats.ItemQuote, 0, q == nil || q.Account != a || q.UsedBy != "")
	}
	if r := c.change.Receipt; r != nil {
		c.fail(seats.ItemReceipt, 0, d.live(r.Key, r.ClaimedAt))
	}
	for i := range c.change.Events {
		c.fail(seats.ItemEvent, i, d.Events[a][c.change.Events[i].ID] != nil)
	}
}

// write applies a change whose conditions hold.
func (c *commit) write() {
	d, a := c.data, c.account
	if w := c.change.Account; w != nil {
		d.Accounts[a] = w.Account
	}
	for _, w := range c.change.Users {
		c.writeUser(w)
	}
	for _, w := range c.change.Subscriptions {
		free := w.FreeDelta
		if was := d.Subscriptions[a][w.Subscription.Product]; was != nil {
			free += was.Free
		}
		w.Subscription.Free = free
		put(d.Subscriptions, a, w.Subscription.Product, w.Subscription)
	}
	for _, m := range c.change.Free {
		d.Subscriptions[a][m.Product].Free += m.Delta
	}
	if inv := c.change.Invoice; inv != nil {
		put(d.Invoices, a, inv.Number, inv)
	}
	if note := c.change.CreditNote; note != nil {
		put(d.Invoices, a, note.Number, note)
	}
	if u := c.change.InvoiceStatus; u != nil {
		inv := d.Invoices[a][u.Number]
		inv.Status = u.Status
		if !u.PaidAt.IsZero() {
			inv.PaidAt = u.PaidAt
		}
		if u.VoidedBy != 0 {
			inv.VoidedBy = u.VoidedBy
		}
	}
	if w := c.change.Request; w != nil {
		put(d.Requests, a, w.Request.ID, w.Request)
	}
	if use := c.change.QuoteUse; use != nil {
		d.Quotes[use.ID].UsedBy = use.Event
	}
	if r := c.change.Receipt; r != nil {
		d.Receipts[r.Key] = r
	}
	for i := range c.change.Events {
		put(d.Events, a, c.change.Events[i].ID, &c.change.Events[i])
	}
}

func (c *commit) writeUser(w seats.UserWrite) {
	d, a := c.data, c.account
	put(d.Users, a, w.User.ID, w.User)
	if w.TakeEmail {
		put(d.Emails, w.User.Email, a, w.User.ID)
	}
	if w.FreeEmail {
		delete(d.Emails[w.User.Email], a)
	}
	if w.Bind {
		put(d.SignIns, w.User.Subject, a, w.User.ID)
	}
	if w.Unbind {
		delete(d.SignIns[w.User.Subject], a)
	}
}
