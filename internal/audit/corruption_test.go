package audit_test

import (
	"testing"

	"github.com/usher-seats/usher/internal/audit"
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// corruption is one way to break what is stored, and the rule that must notice.
type corruption struct {
	name string
	rule audit.Rule
	do   func(c *corrupt)
}

// corrupt gives a corruption the account's own parts of the data.
type corrupt struct {
	*seatstest.Data
	r *seatstest.Rig
}

func (c *corrupt) account() *seats.Account { return c.Accounts[c.r.Account] }
func (c *corrupt) pool() *seats.Subscription {
	return c.Subscriptions[c.r.Account][c.r.Product]
}

// user is somebody by a word, also one who was removed.
func (c *corrupt) user(who string) *seats.User {
	for _, u := range c.Users[c.r.Account] {
		if u.Email == seatstest.Email(who) {
			return u
		}
	}
	panic("nobody is called " + who)
}

// event is the n-th event of a type, from 1, or from the end below 0.
func (c *corrupt) event(kind string, n int) *seats.Event {
	var found []*seats.Event
	for _, e := range c.Events[c.r.Account] {
		if e.Type == kind {
			found = append(found, e)
		}
	}
	for i := range found {
		for j := i + 1; j < len(found); j++ {
			if found[j].ID < found[i].ID {
				found[i], found[j] = found[j], found[i]
			}
		}
	}
	if n < 0 {
		n += len(found) + 1
	}
	return found[n-1]
}

func (c *corrupt) dropEvent(kind string, n int) { delete(c.Events[c.r.Account], c.event(kind, n).ID) }

func (c *corrupt) invoice(n int64) *seats.IssuedInvoice { return c.Invoices[c.r.Account][n] }

// rewrite changes an invoice's document and gives it the hash of its new bytes, as
// somebody would who wants to hide it.
func (c *corrupt) rewrite(n int64, change func(*billing.Invoice)) {
	issued := c.invoice(n)
	inv, err := billing.ParseInvoice(issued.Canonical)
	if err != nil {
		panic(err)
	}
	change(&inv)
	issued.Canonical = inv.Canonical()
	issued.Hash = billing.Hash(issued.Canonical)
}

func retotal(change func(*billing.Invoice)) func(*billing.Invoice) {
	return func(inv *billing.Invoice) {
		change(inv)
		inv.TaxLines = nil
		if err := inv.Total(0); err != nil {
			panic(err)
		}
	}
}

// find runs each corruption on a copy of the rig's store and checks that the rule
// noticed.
func find(t *testing.T, r *seatstest.Rig, corruptions []corruption) {
	start := r.Store.Snapshot()
	found := 0
	for _, way := range corruptions {
		t.Run(way.name, func(t *testing.T) {
			r.Store.Restore(start)
			r.Store.Tamper(func(d *seatstest.Data) { way.do(&corrupt{d, r}) })
			findings, err := audit.Account(r.Ctx, r.Store, r.Account, r.Wall.Now())
			if err != nil {
				t.Fatal(err)
			}
			rules := map[audit.Rule]bool{}
			for _, f := range findings {
				rules[f.Rule] = true
			}
			if !rules[way.rule] {
				t.Fatalf("not found by %s; found: %v", way.rule, findings)
			}
			found++
		})
	}
	r.Store.Restore(start)
	t.Logf("%d corruptions, %d found", len(corruptions), found)
	if found != len(corruptions) {
		t.Errorf("%d corruptions went unnoticed", len(corruptions)-found)
	}
}
