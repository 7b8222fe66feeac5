package audit

import (
	"slices"
	"strconv"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

// checkCredit follows the account's credit through its documents in the order of their
// numbers: a credit note adds what it gives back, an invoice uses as much as there is.
func (b *books) checkCredit() {
	balance := int64(0)
	for _, issued := range b.invoices {
		inv := b.parsed[issued.Number]
		if inv == nil {
			return // told already
		}
		item := itoa(issued.Number)
		switch {
		case inv.Kind == billing.KindCreditNote && inv.Corrects != 0:
			balance += b.voided(inv.Corrects)
		case inv.Kind == billing.KindCreditNote:
			balance += inv.TotalMinor
		default:
			applied := min(balance, inv.TotalMinor)
			b.expect(inv.CreditAppliedMinor == applied, Credit, item, "uses a credit of %d, of %d there was %d to be used", inv.CreditAppliedMinor, balance, applied)
			balance -= inv.CreditAppliedMinor
		}
	}
	b.expect(balance == b.account.CreditMinor, Credit, string(b.id), "has a credit of %d, by its documents %d", b.account.CreditMinor, balance)
}

// voided is what voiding an invoice gave back: what had been paid for it.
func (b *books) voided(number int64) int64 {
	at := slices.IndexFunc(b.invoices, func(i *seats.IssuedInvoice) bool { return i.Number == number })
	inv := b.parsed[number]
	switch {
	case at < 0 || inv == nil:
		return 0
	case b.invoices[at].PaidAt.IsZero():
		return inv.CreditAppliedMinor
	}
	return inv.TotalMinor
}

// checkStatus looks at what became of a document: paid and voided invoices have an
// event that says so, and a void one the credit note that took it back.
func (b *books) checkStatus(issued *seats.IssuedInvoice, inv *billing.Invoice, item string) {
	paid, voided := 0, 0
	for i := range b.events {
		switch e := &b.events[i]; {
		case e.Data.InvoiceNumber != issued.Number:
		case e.Type == seats.InvoicePaidEvent:
			paid++
		case e.Type == seats.InvoiceVoided:
			voided++
			b.expect(e.Data.CreditNote == issued.VoidedBy, InvoiceBytes, item, "was voided by %d, its event %s names %d", issued.VoidedBy, e.ID, e.Data.CreditNote)
		}
	}
	b.expect(paid <= 1 && (paid == 1) == !issued.PaidAt.IsZero(), InvoiceBytes, item, "was paid at %s, by the ledger %d times", stamp(issued.PaidAt), paid)
	b.expect(voided <= 1 && (voided == 1) == (issued.Status == seats.InvoiceVoid), InvoiceBytes, item, "is %s, by the ledger voided %d times", issued.Status, voided)
	fits := false
	switch issued.Status {
	case seats.InvoiceOpen:
		fits = issued.PaidAt.IsZero() && issued.VoidedBy == 0
	case seats.InvoicePaid:
		fits = !issued.PaidAt.IsZero() && issued.VoidedBy == 0
	case seats.InvoiceVoid:
		note := b.parsed[issued.VoidedBy]
		fits = note != nil && note.Corrects == issued.Number
	}
	b.expect(fits, InvoiceBytes, item, "has the status %q, paid at %s, voided by %d", issued.Status, stamp(issued.PaidAt), issued.VoidedBy)
	b.expect(inv.Kind == billing.KindInvoice || issued.Status == seats.InvoiceOpen, InvoiceBytes, item, "is a credit note that is %s", issued.Status)
}

// checkVoid holds a credit note that takes an invoice back against the invoice.
func (b *books) checkVoid(note *billing.Invoice, item string) {
	original := b.parsed[note.Corrects]
	if !b.expect(original != nil && note.Corrects < note.Number, InvoiceLines, item, "takes back %d, which is no earlier invoice", note.Corrects) {
		return
	}
	want, err := original.Void(note.Number, note.IssuedAt)
	b.expect(err == nil && string(want.Canonical()) == string(note.Canonical()), InvoiceLines, item, "is not what takes invoice %d back", note.Corrects)
	said := slices.ContainsFunc(b.events, func(e seats.Event) bool {
		return e.Type == seats.InvoiceVoided && e.Data.CreditNote == note.Number && e.Data.InvoiceNumber == note.Corrects && e.At.Equal(note.IssuedAt)
	})
	b.expect(said, InvoiceLines, item, "no event says that it takes invoice %d back", note.Corrects)
}

// checkSpending adds up what each admin has bought in the month that is counted.
func (b *books) checkSpending() {
	for _, u := range b.users {
		if u.Spent == nil {
			continue
		}
		sum := int64(0)
		for _, r := range b.histories[string(u.ID)] {
			for _, e := range r.events {
				if e.Actor.Kind == seats.ActorUser && e.Actor.ID == string(u.ID) && b.monthOf(e, u.Spent.Month) {
					sum += b.committed(e)
				}
			}
		}
		b.expect(sum == u.Spent.Minor || b.moved, Spending, string(u.ID), "has spent %d in %s, by the ledger %d", u.Spent.Minor, u.Spent.Month, sum)
		b.expect(sum > 0 || b.moved, Spending, string(u.ID), "has spent %d in %s, by the ledger nothing", u.Spent.Minor, u.Spent.Month)
		_, err := strconv.Atoi(u.Spent.Month[:min(4, len(u.Spent.Month))])
		b.expect(err == nil && len(u.Spent.Month) == len("2026-11"), Spending, string(u.ID), "has spent in the month %q", u.Spent.Month)
	}
}

func (b *books) monthOf(e *seats.Event, month string) bool {
	return len(b.zones) > 0 && effective(e).In(b.zones[0]).Format("2006-01") == month
}

// committed is the net amount that a purchase commits the account to for the running
// period, or for a whole one where nothing of it is owed: in a trial, or by the plan.
func (b *books) committed(e *seats.Event) int64 {
	d := &e.Data
	switch e.Type {
	case seats.SeatsIncreased, seats.PlanUpgraded:
		if e.Type == seats.PlanUpgraded && d.InvoiceNumber != 0 {
			if inv := b.parsed[d.InvoiceNumber]; inv != nil {
				return inv.NetMinor
			}
		}
		num, den := d.FactorNum, max(d.FactorDen, 1)
		plan := b.plans[d.Plan]
		if b.onTrial(e) || plan != nil && plan.Policies.Proration == billing.NoProration {
			num, den = 1, 1
		}
		minor, err := billing.SettleIncrease(money.NewExact(d.DeltaMinor, num, den))
		b.expect(err == nil, Spending, string(e.ID), "cannot be priced: %v", err)
		return minor
	case seats.SubscriptionStarted:
		if inv := b.parsed[d.InvoiceNumber]; inv != nil {
			return inv.NetMinor
		}
		if plan := b.plans[d.Plan]; plan != nil && d.Trial {
			if price, err := plan.Price(b.account.Currency); err == nil {
				minor, _ := price.For(d.Seats)
				return minor
			}
		}
	}
	return 0
}

// onTrial reports whether something happened while its subscription was on trial.
func (b *books) onTrial(e *seats.Event) bool {
	for i := range b.events {
		if s := &b.events[i]; s.Type == seats.SubscriptionStarted && s.Data.Trial && s.Data.Subscription == e.Data.Subscription {
			return effective(e).Before(s.Data.PeriodEnd)
		}
	}
	return false
}
