package seats

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// MaxReasonRunes bounds why an invoice was voided: a sentence.
const MaxReasonRunes = 200

// VoidInvoice takes an invoice back by a credit note with the same lines, under the
// next number of the series, and gives the credit note. An invoice is never changed
// or deleted. What the account had paid for it becomes credit: all of a paid invoice,
// and of an open one what credit had paid. Seats and periods stay as they are: who
// wants those back, too, changes them, and earns nothing by it a second time.
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
	d, err := s.document(ctx, account, number)
	if err != nil {
		return Reply[*IssuedInvoice]{}, err
	}
	billed, err := s.billedFor(ctx, account, &d.inv)
	if err != nil {
		return Reply[*IssuedInvoice]{}, err
	}
	return settleInvoice(ctx, s, operator, account, number, slices.Collect(maps.Keys(billed)), once, func(t *turn, d *document) (*Change, *IssuedInvoice, error) {
		return decideVoid(t, d, reason, billed)
	})
}

// billedPeriod is what an invoice bills of a subscription's period: the price of the
// whole of it, however much of that was due.
type billedPeriod struct {
	subscription SubscriptionID
	start        time.Time
	minor        int64
}

// billedFor is what an invoice bills in advance, by product.
func (s *Service) billedFor(ctx context.Context, account AccountID, inv *billing.Invoice) (map[string]*billedPeriod, error) {
	changes, err := s.differences(ctx, account, inv)
	if err != nil {
		return nil, err
	}
	all := map[string]*billedPeriod{}
	for i := range inv.Lines {
		l := &inv.Lines[i]
		p := &billedPeriod{subscription: SubscriptionID(l.SubscriptionID), start: l.PeriodStart}
		switch l.Kind {
		case billing.LineSeats:
			plan, err := s.Store.Plan(ctx, PlanRef{ID: l.PlanID, Version: l.PlanVersion})
			if err != nil {
				return nil, err
			}
			if p.minor, err = wholePeriod(plan, money.Currency(inv.Currency), l.Seats); err != nil {
				return nil, err
			}
		case billing.LineSeatChange, billing.LinePlanChange:
			for _, id := range l.EventIDs {
				// Both lines of an upgrade rest on one event.
				p.minor += changes[EventID(id)]
				delete(changes, EventID(id))
			}
		case billing.LineUsage, billing.LineCredit:
			continue
		}
		// Of changes that waited for the next period's invoice the period is over.
		switch same := all[l.ProductID]; {
		case same == nil || same.start.Before(p.start):
			all[l.ProductID] = p
		case same.start.Equal(p.start):
			same.minor += p.minor
		}
	}
	return all, nil
}

// differences are those in the price of a whole period that the changes on an invoice
// made.
func (s *Service) differences(ctx context.Context, account AccountID, inv *billing.Invoice) (map[EventID]int64, error) {
	all := map[EventID]int64{}
	from, to := inv.IssuedAt, inv.IssuedAt
	for i := range inv.Lines {
		l := &inv.Lines[i]
		if l.Kind != billing.LineSeatChange && l.Kind != billing.LinePlanChange {
			continue
		}
		for _, id := range l.EventIDs {
			all[EventID(id)] = 0
			if at, ok := EventID(id).At(); ok && at.Before(from) {
				from = at
			}
		}
	}
	if len(all) == 0 {
		return all, nil
	}
	ledger, err := s.ledger(ctx, account, from, to.Add(maxClockSkew))
	for i := range ledger {
		if _, named := all[ledger[i].ID]; named {
			all[ledger[i].ID] = ledger[i].Data.DeltaMinor
		}
	}
	return all, err
}

// takeBack notes that the running periods which an invoice billed are billed no more,
// so that nothing of them is given back a second time with the seats.
func (c *Change) takeBack(t *turn, billed map[string]*billedPeriod) (revs []Rev) {
	for _, product := range slices.Sorted(maps.Keys(billed)) {
		sub, p := t.Subscriptions[product], billed[product]
		if sub == nil || sub.ID != p.subscription || !sub.Period.Start.Equal(p.start) || sub.Status != SubscriptionActive {
			continue
		}
		next := sub.clone()
		next.Rev++
		next.NotBilledMinor += p.minor
		c.Subscriptions = append(c.Subscriptions, SubscriptionWrite{Subscription: next, From: sub.Rev})
		revs = append(revs, Rev{string(sub.ID), next.Rev})
	}
	return revs
}

func decideVoid(t *turn, d *document, reason string, billed map[string]*billedPeriod) (*Change, *IssuedInvoice, error) {
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
	change := &Change{
		Account:       &AccountWrite{Account: &a, From: t.Account.Rev},
		CreditNote:    issued,
		InvoiceStatus: &InvoiceUpdate{Number: d.Number, From: d.Status, Status: InvoiceVoid, PaidAt: d.PaidAt, VoidedBy: note.Number},
	}
	revs := append([]Rev{{string(a.ID), a.Rev}}, change.takeBack(t, billed)...)
	change.Events = []Event{t.event(InvoiceVoided, EventData{InvoiceNumber: d.Number, CreditNote: note.Number, Reason: reason}, revs...)}
	return change, issued, nil
}
