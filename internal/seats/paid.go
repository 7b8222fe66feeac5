package seats

import (
	"context"

	"github.com/usher-seats/usher/internal/billing"
)

// document is an issued invoice or credit note, read for an operator's command.
type document struct {
	*IssuedInvoice
	inv billing.Invoice
}

func (s *Service) document(ctx context.Context, account AccountID, number int64) (*document, error) {
	if !account.Valid() {
		return nil, ErrNotFound
	}
	stored, err := s.Store.Invoice(ctx, account, number)
	if err != nil {
		return nil, err
	}
	inv, err := billing.ParseInvoice(stored.Canonical)
	return &document{stored, inv}, err
}

// settleInvoice runs an operator's command on an invoice. The invoice is no part of a
// View, so it is read here, and again where somebody else changed what became of it.
// products are those of the subscriptions that it writes.
func settleInvoice(ctx context.Context, s *Service, operator Actor, account AccountID, number int64, products []string, once Once[*IssuedInvoice],
	decide func(*turn, *document) (*Change, *IssuedInvoice, error),
) (Reply[*IssuedInvoice], error) {
	var none Reply[*IssuedInvoice]
	d, err := s.document(ctx, account, number)
	if err != nil {
		return none, err
	}
	var again error
	cmd := command{operator: &operator, account: account}
	cmd.want.Products = products
	return run(ctx, s, cmd, once, func(t *turn) (*Change, *IssuedInvoice, error) {
		if again != nil {
			return nil, nil, again
		}
		return decide(t, d)
	}, func(lost *ConditionError) {
		if lost.Has(ItemInvoiceStatus) {
			d, again = s.document(ctx, account, number)
		}
	})
}

// MarkPaid notes that the money of an invoice has come in. Doing it again changes
// nothing; a voided invoice or a credit note is nothing that is paid.
func (s *Service) MarkPaid(ctx context.Context, operator Actor, account AccountID, number int64, once Once[*IssuedInvoice]) (Reply[*IssuedInvoice], error) {
	return settleInvoice(ctx, s, operator, account, number, nil, once, func(t *turn, d *document) (*Change, *IssuedInvoice, error) {
		paid := *d.IssuedInvoice
		switch {
		case d.inv.Kind != billing.KindInvoice:
			return nil, nil, ErrStateConflict.With("Number %d is a credit note, which nobody pays. Choose an invoice.", number)
		case d.Status == InvoiceVoid:
			return nil, nil, ErrStateConflict.With("Invoice %d was voided by credit note %d, so nobody pays it. Choose another invoice.", number, d.VoidedBy)
		case d.Status == InvoicePaid:
			return &Change{}, &paid, nil
		}
		paid.Status, paid.PaidAt = InvoicePaid, t.Now
		return &Change{
			InvoiceStatus: &InvoiceUpdate{Number: number, From: d.Status, Status: paid.Status, PaidAt: paid.PaidAt},
			Events:        []Event{t.event(InvoicePaidEvent, EventData{InvoiceNumber: number})},
		}, &paid, nil
	})
}
