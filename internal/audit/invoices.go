package audit

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

// checkInvoices looks at the series and at each invoice.
func (b *books) checkInvoices() {
	next := int64(1)
	for _, issued := range b.invoices {
		for ; next < issued.Number; next++ {
			b.found(InvoiceNumbers, itoa(next), "there is no invoice of this number")
		}
		b.expect(issued.Number == next || issued.Number < 1, InvoiceNumbers, itoa(issued.Number), "stands twice")
		next = issued.Number + 1
		b.checkInvoice(issued)
	}
	b.expect(next == b.account.Invoices+1, InvoiceNumbers, string(b.id), "the last invoice is %d, the account counts %d", next-1, b.account.Invoices)
	for number, lines := range b.charges {
		b.expect(b.parsed[number] != nil, InvoiceLines, itoa(number), "the ledger calls for %d lines on an invoice that is not there", len(lines))
	}
	b.checkFirsts()
}

func itoa(n int64) string { return fmt.Sprint(n) }

func (b *books) checkInvoice(issued *seats.IssuedInvoice) {
	item := itoa(issued.Number)
	b.expect(billing.Hash(issued.Canonical) == issued.Hash, InvoiceBytes, item, "the bytes have another hash than the stored one")
	inv := b.parsed[issued.Number]
	if !b.expect(inv != nil, InvoiceBytes, item, "the bytes are no canonical invoice") {
		return
	}
	b.expect(inv.Number == issued.Number, InvoiceBytes, item, "the document says number %d", inv.Number)
	b.expect(inv.AccountID == string(b.id), InvoiceBytes, item, "the document is of %s", inv.AccountID)
	b.expect(inv.Currency == string(b.account.Currency), InvoiceBytes, item, "the document is in %s", inv.Currency)
	b.expect(inv.IssuedAt.Equal(issued.IssuedAt), InvoiceBytes, item, "the document was issued at %s, stored is %s", stamp(inv.IssuedAt), stamp(issued.IssuedAt))
	b.expect(inv.Kind == billing.KindInvoice && inv.Corrects == 0 || inv.Kind == billing.KindCreditNote, InvoiceBytes, item, "the document is a %q", inv.Kind)
	b.checkSums(inv, item)
	b.checkStatus(issued, inv, item)
	if inv.Corrects != 0 {
		b.checkVoid(inv, item)
		return
	}
	b.expect((inv.Kind == billing.KindCreditNote) == b.notes[inv.Number], InvoiceBytes, item, "the document is a %q, the ledger gives something back %t", inv.Kind, b.notes[inv.Number])
	b.checkLines(inv, item)
}

// checkSums totals the lines again.
func (b *books) checkSums(inv *billing.Invoice, item string) {
	again := *inv
	again.Lines, again.TaxLines = slices.Clone(inv.Lines), nil
	if err := again.Total(inv.CreditAppliedMinor); !b.expect(err == nil, InvoiceBytes, item, "cannot be totalled: %v", err) {
		return
	}
	same := slices.Equal(again.TaxLines, inv.TaxLines) && again.NetMinor == inv.NetMinor && again.TaxMinor == inv.TaxMinor &&
		again.TotalMinor == inv.TotalMinor && again.CreditAppliedMinor == inv.CreditAppliedMinor && again.AmountDueMinor == inv.AmountDueMinor
	b.expect(same, InvoiceBytes, item, "states %d net, %d tax, %d total, %d due; its lines come to %d, %d, %d, %d",
		inv.NetMinor, inv.TaxMinor, inv.TotalMinor, inv.AmountDueMinor, again.NetMinor, again.TaxMinor, again.TotalMinor, again.AmountDueMinor)
	// One rate for the whole account, none under reverse charge.
	b.expect(len(inv.TaxLines) == 1 && (!inv.ReverseCharge || inv.TaxLines[0].RatePPM == 0), InvoiceBytes, item, "has %d tax lines, reverse charge %t", len(inv.TaxLines), inv.ReverseCharge)
}

// checkLines compares the lines with those that the ledger calls for. The rate
// and the sentence of a line are no part of it.
func (b *books) checkLines(inv *billing.Invoice, item string) {
	want := b.charges[inv.Number]
	slices.SortStableFunc(want, func(x, y billing.Line) int { return cmp.Compare(x.ProductID, y.ProductID) })
	b.expect(len(inv.Lines) == len(want), InvoiceLines, item, "has %d lines, the ledger calls for %d", len(inv.Lines), len(want))
	for i := range inv.Lines {
		l := &inv.Lines[i]
		for _, id := range l.EventIDs {
			b.expect(b.byEvent[seats.EventID(id)] != nil, InvoiceLines, item, "line %d rests on %s, which is not in the ledger", i+1, id)
		}
		b.expect(len(l.EventIDs) > 0, InvoiceLines, item, "line %d rests on nothing", i+1)
		if i >= len(want) {
			continue
		}
		if got, wanted := essence(l), essence(&want[i]); got != wanted {
			b.found(InvoiceLines, item, "line %d is %s, by ledger and plan %s", i+1, got, wanted)
		}
		if plan := b.plans[seats.PlanRef{ID: l.PlanID, Version: l.PlanVersion}]; plan != nil && len(inv.Lines) == 1 {
			b.expect(inv.Vendor.Name == plan.Vendor.Name && inv.Vendor.TaxID == plan.Vendor.TaxID, InvoiceLines, item, "names another vendor than the plan")
		}
	}
	b.checkIssue(inv, item)
}

// essence is what makes a line, as text that can be compared and read.
func essence(l *billing.Line) string {
	return fmt.Sprintf("%s %s %s@%d %d>%d or %d/%d of %d (%s) unit %d × %d/%d %s..%s = %d by %v", l.Kind, l.SubscriptionID, l.PlanID, l.PlanVersion,
		l.FromSeats, l.Seats, l.QuantityNum, l.QuantityDen, l.People, l.PeopleSHA256, l.UnitMinor, l.FactorNum, l.FactorDen, stamp(l.PeriodStart), stamp(l.PeriodEnd), l.AmountMinor, l.EventIDs)
}

// checkIssue compares the date of issue with the event that issued the invoice.
func (b *books) checkIssue(inv *billing.Invoice, item string) {
	for i := range b.events {
		e := &b.events[i]
		number := e.Data.InvoiceNumber
		if inv.Kind == billing.KindCreditNote {
			number = e.Data.CreditNote
		}
		if number != inv.Number || e.Type == seats.InvoicePaidEvent || e.Type == seats.InvoiceVoided {
			continue
		}
		at := effective(e)
		b.expect(at.Equal(inv.IssuedAt), InvoiceLines, item, "was issued at %s, its event %s is of %s", stamp(inv.IssuedAt), e.ID, stamp(at))
	}
}

// checkFirsts demands that exactly one close event of an invoice says that it is
// the first, so that it is mailed once.
func (b *books) checkFirsts() {
	closes, firsts := map[int64]int{}, map[int64]int{}
	for i := range b.events {
		e := &b.events[i]
		if e.Type != seats.CycleClosed && e.Type != seats.DaySettled {
			b.expect(!e.Data.InvoiceFirst, InvoiceLines, string(e.ID), "%s is marked as the first of an invoice", e.Type)
			continue
		}
		if e.Data.InvoiceNumber != 0 {
			closes[e.Data.InvoiceNumber]++
		}
		if e.Data.InvoiceFirst {
			firsts[e.Data.InvoiceNumber]++
		}
	}
	for number := range closes {
		b.expect(firsts[number] == 1, InvoiceLines, itoa(number), "%d of its %d closes say that they are the first", firsts[number], closes[number])
	}
	b.expect(firsts[0] == 0, InvoiceLines, string(b.id), "%d closes without invoice say that they are the first of one", firsts[0])
}
