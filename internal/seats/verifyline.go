package seats

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// recompute makes the document again.
func (e *evidence) recompute() *billing.Invoice {
	if e.issued.Corrects != 0 {
		return e.recomputeVoid()
	}
	again := e.head()
	if len(e.named) == 0 {
		e.lack("number", itoa(e.issued.Number), "no event of the ledger says that it issued this document")
	}
	for i := range e.issued.Lines {
		again.Lines = append(again.Lines, e.line(i))
	}
	e.nothingLeftOut()
	available := e.creditMinor
	if again.Kind == billing.KindCreditNote {
		available = 0
	}
	if err := again.Total(max(available, 0)); err != nil {
		e.lack("total_minor", itoa(e.issued.TotalMinor), "cannot be computed: %v", err)
	}
	return again
}

// recomputeVoid takes the corrected document back again.
func (e *evidence) recomputeVoid() *billing.Invoice {
	if len(e.named) != 1 || e.named[0].Type != InvoiceVoided || e.named[0].Data.InvoiceNumber != e.issued.Corrects {
		e.lack("corrects", itoa(e.issued.Corrects), "no event of the ledger says that this credit note voided it")
		return e.head()
	}
	if e.original == nil {
		e.lack("corrects", itoa(e.issued.Corrects), "there is no such invoice")
		return e.head()
	}
	event := e.named[0]
	again, err := e.original.Void(event.Data.CreditNote, event.At.UTC())
	if err != nil {
		e.lack("lines", "", "cannot be taken back: %v", err)
		return e.head()
	}
	return &again
}

// head is the document without lines.
func (e *evidence) head() *billing.Invoice {
	a := *e.account
	a.Customer, a.ReverseCharge, a.Zone = e.issued.Customer, e.issued.ReverseCharge, e.issued.Zone
	again := draft(&a, e.vendor(), e.issuedAt())
	again.Kind = e.issued.Kind
	if len(e.named) > 0 {
		again.Number = e.named[0].Data.InvoiceNumber
		if again.Kind == billing.KindCreditNote {
			again.Number = e.named[0].Data.CreditNote
		}
	}
	return again
}

// issuedAt is the instant of what issued the document: of a quoted change its quote's.
func (e *evidence) issuedAt() time.Time {
	if len(e.named) == 0 {
		return time.Time{}
	}
	return effective(e.named[0])
}

// effective is the instant at which something took effect that was asked for before.
func effective(event *Event) time.Time {
	switch event.Type {
	case SeatsIncreased, SeatsDecreased, PlanUpgraded, SubscriptionStarted:
		if at := event.Data.EffectiveAt; !at.IsZero() {
			return at
		}
	}
	return event.At
}

// vendor is whose plans the document is about. Where they name several, it is the
// one that the document names, or that of the last line.
func (e *evidence) vendor() Vendor {
	var last Vendor
	var refs []PlanRef
	for ref := range e.plans {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, func(x, y PlanRef) int { return cmp.Or(cmp.Compare(x.ID, y.ID), cmp.Compare(x.Version, y.Version)) })
	for _, ref := range refs {
		if v := e.plans[ref].Vendor; sameParty(vendorParty(v), e.issued.Vendor) {
			return v
		}
	}
	for i := range e.issued.Lines {
		l := &e.issued.Lines[i]
		if plan := e.plans[PlanRef{l.PlanID, l.PlanVersion}]; plan != nil {
			last = plan.Vendor
		}
	}
	return last
}

func vendorParty(v Vendor) billing.Party {
	return draft(&Account{}, v, time.Time{}).Vendor
}

func sameParty(a, b billing.Party) bool {
	return a.Name == b.Name && a.TaxID == b.TaxID && a.Country == b.Country && slices.Equal(a.AddressLines, b.AddressLines) && slices.Equal(a.LegalLines, b.LegalLines)
}

// line computes a line anew in each zone that the account may have lived in then; in
// which it was is not in the ledger. It is the issued one if any of them gives it.
func (e *evidence) line(i int) billing.Line {
	issued := &e.issued.Lines[i]
	var first *billing.Line
	var problem error
	for _, zone := range e.zones {
		l, err := e.derive(issued, zone)
		if err != nil {
			if problem == nil {
				problem = err
			}
			continue
		}
		// What is not on the line's event but led to it.
		l.EventIDs = append(l.EventIDs, e.supporting(issued, len(l.EventIDs))...)
		if e.issued.ReverseCharge {
			l.TaxPPM = 0
		}
		if first == nil {
			first = &l
		}
		if sameLine(&l, issued) {
			return l
		}
	}
	if first == nil {
		e.lack(fmt.Sprintf("lines[%d]", i), issued.Description, "cannot be computed: %v", problem)
		return billing.Line{}
	}
	return *first
}

func sameLine(a, b *billing.Line) bool { return len(lineDifferences("", a, b)) == 0 }

// supporting are the events after those that a line is computed from: the scheduled
// changes that took effect with it.
func (e *evidence) supporting(l *billing.Line, computed int) []string {
	var ids []string
	for _, id := range l.EventIDs[min(computed, len(l.EventIDs)):] {
		event := e.events[EventID(id)]
		if event != nil && string(event.Data.Subscription) == l.SubscriptionID && (event.Type == DecreaseScheduled || event.Type == PlanChangeScheduled) {
			ids = append(ids, id)
		}
	}
	return ids
}

var errNotInLedger = errors.New("an event that it rests on is not in the ledger")

// derive computes a line by the event that it rests on.
func (e *evidence) derive(l *billing.Line, zone *time.Location) (billing.Line, error) {
	if len(l.EventIDs) == 0 {
		return billing.Line{}, errors.New("it rests on no event")
	}
	event := e.events[EventID(l.EventIDs[0])]
	if event == nil {
		return billing.Line{}, fmt.Errorf("%w: %s", errNotInLedger, l.EventIDs[0])
	}
	if string(event.Data.Subscription) != l.SubscriptionID {
		return billing.Line{}, fmt.Errorf("its event %s is of another subscription", event.ID)
	}
	d := &derivation{evidence: e, event: event, zone: zone, account: &Account{Currency: e.account.Currency, TaxPPM: l.TaxPPM}}
	switch {
	case l.Kind == billing.LineSeats && event.Type == SubscriptionStarted:
		return d.firstSeats()
	case l.Kind == billing.LineSeats && event.Type == CycleClosed:
		return d.nextSeats()
	case l.Kind == billing.LineUsage && event.Type == CycleClosed:
		return d.usage()
	case l.Kind == billing.LinePlanChange && event.Type == PlanUpgraded:
		return d.planChange(l)
	case l.Kind == billing.LineSeatChange || l.Kind == billing.LineCredit:
		return d.seatChanges(l)
	}
	return billing.Line{}, fmt.Errorf("no line of kind %s rests on %s", l.Kind, event.Type)
}

// nothingLeftOut looks for periods that the document's closes began and that it does
// not bill though they cost something.
func (e *evidence) nothingLeftOut() {
	billed := map[string]bool{}
	for i := range e.issued.Lines {
		l := &e.issued.Lines[i]
		for _, id := range l.EventIDs {
			billed[string(l.Kind)+id] = true
		}
	}
	for _, event := range e.named {
		if event.Type != CycleClosed || event.Data.InvoiceNumber != e.issued.Number || billed[string(billing.LineSeats)+string(event.ID)] || e.ends(event) {
			continue
		}
		d := &derivation{evidence: e, event: event, zone: e.zones[0], account: &Account{Currency: e.account.Currency}}
		if l, err := d.nextSeats(); err == nil && l.AmountMinor != 0 {
			e.lack("lines", "", "the period that began with %s costs %d and is not billed", event.ID, l.AmountMinor)
		}
	}
}

// ends reports whether the subscription ended with the close.
func (e *evidence) ends(closed *Event) bool {
	plan := e.plans[closed.Data.Plan]
	if plan != nil && plan.Policies.ActiveUsers() {
		return true // nothing is billed in advance
	}
	for i := range e.all {
		other := &e.all[i]
		if other.Type == SubscriptionEndedEv && other.Data.Subscription == closed.Data.Subscription && other.At.Equal(closed.At) {
			return true
		}
	}
	return false
}
