package seats

import (
	"context"

	"github.com/usher-seats/usher/internal/billing"
)

// MaxReasonRunes bounds why an invoice was voided: a sentence.
const MaxReasonRunes = 200

// VoidInvoice takes an invoice back by a credit note with the same lines, under the
// next number of the series, and gives the credit note. An invoice is never changed
// or deleted. What the account had paid for it becomes credit: all of a paid invoice,
// and of an open one what credit had paid. Seats and periods stay as they are: who
// wants those back, too, changes them.
//
// reason is for the vendor's books. It stays in the ledger for ever, so it must name
// no person.
func (s *Service) VoidInvoice(ctx context.Context, operator Actor, account AccountID, number int64, reason string, once Once[*IssuedInvoice]) (Reply[*IssuedInvoice], error) {
	reason, bad := cleanText("body.reason", reason, MaxReasonRunes, 2*MaxReasonRunes)
	if bad == nil && reason == "" {
		bad = &Field{Location: "body.reason", Message: "must say why"}
	}
	if bad != nil {
		e := *ErrInvalid
		e.Fields = []Field{*bad}
		return Reply[*IssuedInvoice]{}, &e
	}
	return settleInvoice(ctx, s, operator, account, number, once, func(t *turn, d *document) (*Change, *IssuedInvoice, error) {
		return decideVoid(t, d, reason)
	})
}

func decideVoid(t *turn, d *document, reason string) (*Change, *IssuedInvoice, error) {
	switch {
	case d.inv.Kind != billing.KindInvoice:
		return nil, nil, ErrStateConflict.With("Number %d is a credit note, which stands. Choose an invoice.", d.Number)
	case d.Status == InvoiceVoid:
		return nil, nil, ErrStateConflict.With("Invoice %d was voided by credit note %d already. Choose another invoice.", d.Number, d.VoidedBy)
	}
	a := *t.Account
	a.Rev++
	a.Invoices++
	note, err := d.inv.Void(a.Invoices, t.Now.UTC())
	if err != nil {
		return nil, nil, err
	}
	back := d.inv.CreditAppliedMinor
	if d.Status == InvoicePaid {
		back = d.inv.TotalMinor
	}
	a.CreditMinor += back
	canonical := note.Canonical()
	issued := &IssuedInvoice{Number: note.Number, Canonical: canonical, Hash: billing.Hash(canonical), IssuedAt: note.IssuedAt, Status: InvoiceOpen}
	return &Change{
		Account:       &AccountWrite{Account: &a, From: t.Account.Rev},
		CreditNote:    issued,
		InvoiceStatus: &InvoiceUpdate{Number: d.Number, From: d.Status, Status: InvoiceVoid, PaidAt: d.PaidAt, VoidedBy: note.Number},
		Events: []Event{t.event(InvoiceVoided, EventData{InvoiceNumber: d.Number, CreditNote: note.Number, Reason: reason},
			Rev{string(a.ID), a.Rev})},
	}, issued, nil
}
