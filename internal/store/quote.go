package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

// quoteKept is how long a quote is kept after its expiry, so that a confirmation
// that comes late is told quote_expired and not that there was no such quote.
const quoteKept = 24 * time.Hour

const (
	// usedName is the attribute that a confirmation sets, once.
	usedName         = "us"
	quoteAccountName = "ac"
)

// quoteDictionary is what two invoices in a quote have in common with any others. It
// keeps a quote in one write unit, so that confirming it costs two; another text
// needs another name of the attribute, as long as quotes of the old one are kept.
const quoteDictionary = `"customer":{"name":"","address_lines":["","tax_id":"","country":""},"vendor":{"name":" GmbH","address_lines":["",""],` +
	`"tax_id":"DE","country":"DE"},"reverse_charge":true,"lines":[{"kind":"seat_change","subscription_id":"sub_",` +
	`"product_id":"","plan_id":"","plan_version":1,"description":" to 0 seats, 10 of 31 days",` +
	`"from_seats":1,"unit_minor":1000,"factor_num":1,"factor_den":30,"period_start":"2026-12-01T00:00:00Z","period_end":"2027-01-01T00:00:00Z",` +
	`"amount_minor":1000,"tax_ppm":190000,"event_ids":["evt_"]}],"tax_lines":[{"rate_ppm":190000,"net_minor":1000,"tax_minor":190}],` +
	`"net_minor":1000,"tax_minor":190,"total_minor":1190,"credit_applied_minor":100,"amount_due_minor":1190}` + "\n" +
	`{"format":1,"kind":"invoice","number":0,"account_id":"acc_","currency":"EUR","zone":"Europe/Berlin","issued_at":"2026-12-01T00:00:00Z",`

// Attributes of a quote: ac account, su subscription, by user, at priced at, x
// expires, f from, s seats, ar seats at renewal, ef effective at, z the canonical
// bytes of what is due now and of the next invoice (one line each, deflated), rv
// revision of the subscription, cr credit, tx tax rate, rc reverse charge, us the
// event of its confirmation, rq request, p and pv plan, fp and fv the plan before.
func (s *Store) quoteItem(q *seats.Quote) (item, error) {
	it := newItem(quoteKey(q.ID))
	it.text(quoteAccountName, string(q.Account))
	it.text("su", string(q.Subscription))
	it.text("by", string(q.By))
	it.instant("at", q.At)
	it.instant("x", q.ExpiresAt)
	it.number("f", q.From)
	it.number("s", q.Seats)
	it.number("ar", q.AtRenewal)
	it.instant("ef", q.EffectiveAt)
	it.number("rv", q.SubscriptionRev)
	it.number("cr", q.CreditMinor)
	it.number("tx", q.TaxPPM)
	it.flag("rc", q.ReverseCharge)
	it.text(usedName, string(q.UsedBy))
	it.text("rq", string(q.Request))
	it.text("p", q.Plan.ID)
	it.number("pv", int64(q.Plan.Version))
	if q.FromPlan != q.Plan {
		it.text("fp", q.FromPlan.ID)
		it["fv"] = number(int64(q.FromPlan.Version))
	}
	it[ttlName] = number(q.ExpiresAt.Add(quoteKept).Unix())
	if q.DueNow == nil && q.Next == nil {
		return it, nil
	}
	z, err := s.deflateWith(quoteDictionary, append(append(canonical(q.DueNow), '\n'), canonical(q.Next)...))
	it.binary("z", z)
	return it, err
}

func canonical(inv *billing.Invoice) []byte {
	if inv == nil {
		return nil
	}
	return inv.Canonical()
}

func readQuote(it item) (*seats.Quote, error) {
	r := read(it)
	q := &seats.Quote{
		ID: seats.QuoteID(r.keyed(pkName, "Q#")), Account: seats.AccountID(r.text(quoteAccountName)),
		Subscription: seats.SubscriptionID(r.text("su")), By: seats.UserID(r.text("by")),
		At: r.instant("at"), ExpiresAt: r.instant("x"), From: r.number("f"), Seats: r.number("s"),
		AtRenewal: r.number("ar"), EffectiveAt: r.instant("ef"), SubscriptionRev: r.number("rv"),
		CreditMinor: r.number("cr"), TaxPPM: r.number("tx"), ReverseCharge: r.flag("rc"), UsedBy: seats.EventID(r.text(usedName)),
	}
	q.Request, q.Plan = seats.RequestID(r.text("rq")), seats.PlanRef{ID: r.text("p"), Version: int(r.number("pv"))}
	if q.FromPlan = q.Plan; it["fv"] != nil {
		q.FromPlan = seats.PlanRef{ID: r.text("fp"), Version: int(r.number("fv"))}
	}
	z := r.binary("z")
	if err := r.failure(); err != nil || z == nil {
		return q, err
	}
	both, err := inflateWith(quoteDictionary, z)
	if err != nil {
		return nil, err
	}
	due, next, ok := bytes.Cut(both, []byte{'\n'})
	if !ok {
		r.fail("z")
	}
	if q.DueNow, err = parseInvoice(due); err == nil {
		q.Next, err = parseInvoice(next)
	}
	return q, errors.Join(err, r.failure())
}

func parseInvoice(b []byte) (*billing.Invoice, error) {
	if len(b) == 0 {
		return nil, nil
	}
	inv, err := billing.ParseInvoice(b)
	if err != nil {
		return nil, fmt.Errorf("store: quote: %w", err)
	}
	return &inv, nil
}

// PutQuote keeps a quote until a day after its expiry. Its id is new; where an item
// has it already, it is the same one, written by a try whose answer was lost.
func (s *Store) PutQuote(ctx context.Context, q *seats.Quote) error {
	it, err := s.quoteItem(q)
	if err != nil {
		return err
	}
	use := &Usage{Operation: "put quote"}
	defer s.report(ctx, use)
	was, err := s.putNew(ctx, use, quoteKey(q.ID), it, "", nil)
	if err == nil && was != nil && !same(was, it) {
		return &seats.ConditionError{Failed: []seats.Failed{{Kind: seats.ItemQuote}}}
	}
	return err
}

// useQuote marks the account's quote as confirmed if it is there and was not.
func (t *transaction) useQuote(account seats.AccountID, u *seats.QuoteUse) {
	t.update(quoteKey(u.ID), expression{
		update: "SET #us = :us", condition: "#ac = :ac AND attribute_not_exists(#us)",
		names:  map[string]string{"#ac": quoteAccountName, "#us": usedName},
		values: item{":us": text(string(u.Event)), ":ac": text(string(account))},
	}, seats.Failed{Kind: seats.ItemQuote})
}
