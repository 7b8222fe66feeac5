package seats

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// Verification is an issued document held against what it rests on.
type Verification struct {
	Number int64
	// Hash is the stored document's, Recomputed that of the one computed anew.
	Hash, Recomputed string
	// Differences are what the two do not agree on, and what the ledger lacks. There
	// are none exactly where the bytes are the same.
	Differences []Difference
}

// OK reports whether the document was computed anew to the same bytes.
func (v *Verification) OK() bool { return len(v.Differences) == 0 && v.Hash == v.Recomputed }

// Difference is one thing that the issued document says and the recomputed one does
// not. Field is its place, such as "lines[0].amount_minor".
type Difference struct {
	Field, Issued, Recomputed string
}

// VerifyInvoice computes an issued invoice or credit note anew, from the ledger, the
// plan versions and the calendar, and compares the bytes. What nothing else holds is
// taken from the document itself: the customer's address, tax rate and zone on the day
// of issue, and the instants at which a running period began and ends.
func (s *Service) VerifyInvoice(ctx context.Context, caller Caller, account AccountID, number int64) (*Verification, error) {
	access, err := s.enterMoney(ctx, caller, account)
	if err != nil {
		return nil, err
	}
	return s.Verify(ctx, access.Account, number)
}

// Verify is VerifyInvoice for the vendor's own checks, of an account that was read.
func (s *Service) Verify(ctx context.Context, a *Account, number int64) (*Verification, error) {
	stored, err := s.Store.Invoice(ctx, a.ID, number)
	if err != nil {
		return nil, err
	}
	v := &Verification{Number: number, Hash: stored.Hash}
	if hash := billing.Hash(stored.Canonical); hash != stored.Hash {
		v.Differences = append(v.Differences, Difference{"hash", stored.Hash, hash})
		return v, nil
	}
	inv, err := billing.ParseInvoice(stored.Canonical)
	if err != nil {
		v.Differences = append(v.Differences, Difference{"canonical", "not an invoice that this version can read: " + err.Error(), ""})
		return v, nil
	}
	if inv.Number != number {
		v.Differences = append(v.Differences, Difference{"number", itoa(inv.Number), itoa(number)})
		return v, nil
	}
	e, err := s.evidence(ctx, a, &inv)
	if err != nil {
		return nil, err
	}
	again := e.recompute()
	v.Recomputed = billing.Hash(again.Canonical())
	v.Differences = append(v.Differences, invoiceDifferences(&inv, again)...)
	v.Differences = append(v.Differences, e.lacks...)
	if len(v.Differences) == 0 && v.Recomputed != v.Hash {
		v.Differences = append(v.Differences, Difference{"canonical", v.Hash, v.Recomputed})
	}
	return v, nil
}

// evidence is what a document is computed anew from.
type evidence struct {
	account *Account
	issued  *billing.Invoice
	// events are those of the months that matter; named those that say that they
	// issued the document.
	events map[EventID]*Event
	named  []*Event
	all    []Event
	users  []*User
	plans  map[PlanRef]*Plan
	zones  []*time.Location
	// creditMinor is what the account had to use up, original the document that a
	// credit note takes back.
	creditMinor int64
	original    *billing.Invoice
	lacks       []Difference
}

func (e *evidence) lack(field, issued, format string, args ...any) {
	e.lacks = append(e.lacks, Difference{field, issued, fmt.Sprintf(format, args...)})
}

// evidence reads everything that the document rests on.
func (s *Service) evidence(ctx context.Context, a *Account, inv *billing.Invoice) (*evidence, error) {
	e := &evidence{account: a, issued: inv, events: map[EventID]*Event{}, plans: map[PlanRef]*Plan{}}
	if err := e.readDocuments(ctx, s); err != nil {
		return nil, err
	}
	from, to, usage := e.span()
	if usage {
		// Who was active then is worked out from what they are now, backwards.
		to = a.Now(s.Wall())
		var err error
		if e.users, err = s.Store.Users(ctx, a.ID); err != nil {
			return nil, err
		}
	}
	var err error
	if e.all, err = s.ledger(ctx, a.ID, from, to.Add(maxClockSkew)); err != nil {
		return nil, err
	}
	for i := range e.all {
		event := &e.all[i]
		e.events[event.ID] = event
		if event.Data.InvoiceNumber == inv.Number && event.Type != InvoicePaidEvent && event.Type != InvoiceVoided || event.Data.CreditNote == inv.Number {
			e.named = append(e.named, event)
		}
	}
	slices.SortFunc(e.named, func(x, y *Event) int { return cmp.Compare(x.ID, y.ID) })
	return e, e.readPlans(ctx, s)
}

// span is from when to when the ledger is read, and whether usage is billed.
func (e *evidence) span() (from, to time.Time, usage bool) {
	from, to = e.issued.IssuedAt, e.issued.IssuedAt
	see := func(at time.Time) {
		if !at.IsZero() && at.Before(from) {
			from = at
		}
		if at.After(to) {
			to = at
		}
	}
	for i := range e.issued.Lines {
		l := &e.issued.Lines[i]
		for _, id := range l.EventIDs {
			if at, ok := EventID(id).At(); ok {
				see(at)
			}
		}
		if l.Kind == billing.LineUsage {
			// A trial that ended, or a subscription that began, within the period.
			see(l.PeriodStart.AddDate(0, 0, -31))
			usage = true
		}
	}
	return from, to, usage
}

// ledger reads the events of all months from one instant to another.
func (s *Service) ledger(ctx context.Context, account AccountID, from, to time.Time) ([]Event, error) {
	var all []Event
	from = from.UTC()
	for m := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC); !m.After(to); m = m.AddDate(0, 1, 0) {
		page := Page{Limit: eventsPerRead}
		for {
			found, next, err := s.Store.Events(ctx, account, month(m), page)
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
			if next == "" {
				break
			}
			page.Cursor = next
		}
	}
	return all, nil
}

// readPlans reads the plan versions that lines and events name.
func (e *evidence) readPlans(ctx context.Context, s *Service) error {
	refs := map[PlanRef]bool{}
	for i := range e.issued.Lines {
		refs[PlanRef{e.issued.Lines[i].PlanID, e.issued.Lines[i].PlanVersion}] = true
		for _, id := range e.issued.Lines[i].EventIDs {
			if event := e.events[EventID(id)]; event != nil {
				refs[event.Data.Plan], refs[event.Data.FromPlan] = true, true
			}
		}
	}
	for _, event := range e.named {
		refs[event.Data.Plan], refs[event.Data.FromPlan] = true, true
	}
	subs, err := s.Store.Subscriptions(ctx, e.account.ID)
	if err != nil {
		return err
	}
	for _, sub := range subs {
		refs[sub.Plan] = true
		e.zone(sub.Zone)
	}
	delete(refs, PlanRef{})
	for ref := range refs {
		plan, err := s.Store.Plan(ctx, ref)
		switch {
		case ErrNotFound.Is(err):
			e.lack("plan", ref.ID+" version "+itoa(int64(ref.Version)), "there is no such plan version")
		case err != nil:
			return err
		default:
			e.plans[ref] = plan
		}
	}
	return nil
}

// zone notes a zone that the account may have lived in, the document's own first.
func (e *evidence) zone(name string) {
	for _, z := range e.zones {
		if z.String() == name {
			return
		}
	}
	if z, err := time.LoadLocation(name); err == nil && name != "" {
		e.zones = append(e.zones, z)
	}
}

var errTooManyDocuments = errors.New("seats: more documents than an account can have")

// readDocuments works out the credit that the account had when the document was
// issued: what credit notes gave, less what invoices used.
func (e *evidence) readDocuments(ctx context.Context, s *Service) error {
	e.zone(e.issued.Zone)
	page := Page{Limit: documentsPerRead}
	before := map[int64]*document{}
	for {
		found, next, err := s.Store.Invoices(ctx, e.account.ID, page)
		if err != nil {
			return err
		}
		for _, stored := range found {
			if stored.Number >= e.issued.Number {
				continue
			}
			inv, err := billing.ParseInvoice(stored.Canonical)
			if err != nil {
				return err
			}
			before[stored.Number] = &document{stored, inv}
			e.zone(inv.Zone)
		}
		if next == "" {
			break
		}
		if page.Cursor = next; len(before) > maxDocuments {
			return errTooManyDocuments
		}
	}
	if d := before[e.issued.Corrects]; d != nil {
		e.original = &d.inv
	}
	for _, d := range before {
		e.creditMinor += d.gave(before) - d.inv.CreditAppliedMinor
	}
	return nil
}

const (
	documentsPerRead = 200
	// maxDocuments keeps a request within its time: a document a day for 27 years.
	maxDocuments = 10_000
)

// gave is the credit that a document gave the account.
func (d *document) gave(all map[int64]*document) int64 {
	switch {
	case d.inv.Kind != billing.KindCreditNote:
		return 0
	case d.inv.Corrects == 0:
		return d.inv.TotalMinor
	}
	voided := all[d.inv.Corrects]
	switch {
	case voided == nil:
		return 0
	case voided.PaidAt.IsZero():
		return voided.inv.CreditAppliedMinor
	}
	return d.inv.TotalMinor
}
