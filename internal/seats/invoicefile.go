package seats

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// InvoiceFile is what an invoice is drawn from: the document, and the vendor's logo as
// it was in the plan version that the last line is of.
type InvoiceFile struct {
	Invoice billing.Invoice
	LogoPNG []byte
}

// File gives what an invoice or credit note is drawn from, to who may see money.
func (s *Service) File(ctx context.Context, caller Caller, account AccountID, number int64) (*InvoiceFile, error) {
	stored, err := s.GetInvoice(ctx, caller, account, number)
	if err != nil {
		return nil, err
	}
	return ReadInvoiceFile(ctx, s.Store, stored)
}

// ReadInvoiceFile is File for who has the stored invoice already.
func ReadInvoiceFile(ctx context.Context, plans interface {
	Plan(context.Context, PlanRef) (*Plan, error)
}, stored *IssuedInvoice,
) (*InvoiceFile, error) {
	inv, err := billing.ParseInvoice(stored.Canonical)
	if err != nil {
		return nil, err
	}
	f := &InvoiceFile{Invoice: inv}
	if len(inv.Lines) == 0 {
		return f, nil
	}
	last := inv.Lines[len(inv.Lines)-1]
	plan, err := plans.Plan(ctx, PlanRef{last.PlanID, last.PlanVersion})
	switch {
	case ErrNotFound.Is(err):
		return f, nil
	case err != nil:
		return nil, err
	}
	f.LogoPNG = plan.Vendor.LogoPNG
	return f, nil
}

// BilledUser is a person that a line of an invoice bills: an active user of the period,
// or who held a license, where the line bills seats.
type BilledUser struct {
	// Line is the index of the line.
	Line int
	// First and Last are the first and the last local day of the line's period.
	First, Last billing.Date
	ID          UserID
	// User is as of today: removed users and erased ones have their record still. It
	// is nil where there is none.
	User *User
	// Licensed is set where the line bills seats, and the person held a license of its
	// product at the instant when the invoice was issued.
	Licensed bool
	// Days is on how many local days of the period the user was active, where the line
	// bills active users.
	Days int64
}

// BilledPeople lists whom an invoice bills, by line and then by id. Of seats, for which
// it is the same who holds them, those are listed who held a license when the invoice
// was issued, at the last line of each product. ErrNotFound says why nobody is listed.
func (s *Service) BilledPeople(ctx context.Context, caller Caller, account AccountID, number int64) (*billing.Invoice, []BilledUser, error) {
	access, err := s.enterMoney(ctx, caller, account)
	if err != nil {
		return nil, nil, err
	}
	stored, err := s.Store.Invoice(ctx, account, number)
	if err != nil {
		return nil, nil, err
	}
	inv, err := billing.ParseInvoice(stored.Canonical)
	if err != nil {
		return nil, nil, err
	}
	zone, err := time.LoadLocation(inv.Zone)
	if err != nil {
		return nil, nil, err
	}
	// Before the ledger: what changes after they were read has an event that is read.
	users, err := s.Store.Users(ctx, account)
	if err != nil {
		return nil, nil, err
	}
	var people []BilledUser
	add := func(line int, p BilledUser) {
		l := &inv.Lines[line]
		p.Line, p.First, p.Last = line, billing.DateOf(l.PeriodStart, zone), billing.DateOf(l.PeriodEnd.Add(-1), zone)
		people = append(people, p)
	}
	for i := range inv.Lines {
		l := &inv.Lines[i]
		if l.PeopleSHA256 == "" {
			continue
		}
		list, err := s.Store.Billed(ctx, account, l.ProductID, l.PeriodStart, l.PeopleSHA256)
		if err != nil {
			return nil, nil, err
		}
		for _, p := range list.People {
			add(i, BilledUser{ID: p.User, Days: p.Days})
		}
	}
	if lines := seatLines(&inv); len(lines) > 0 && inv.Kind == billing.KindInvoice {
		events, err := s.ledger(ctx, account, inv.IssuedAt, access.Now.Add(maxClockSkew))
		if err != nil {
			return nil, nil, err
		}
		for _, i := range lines {
			for _, id := range holdersAt(users, events, inv.Lines[i].ProductID, inv.IssuedAt) {
				add(i, BilledUser{ID: id, Licensed: true})
			}
		}
	}
	if len(people) == 0 {
		return nil, nil, listsNobody(&inv)
	}
	slices.SortStableFunc(people, func(a, b BilledUser) int { return cmp.Compare(a.Line, b.Line) })
	byID := make(map[UserID]*User, len(users))
	for _, u := range users {
		byID[u.ID] = u
	}
	for i := range people {
		people[i].User = byID[people[i].ID]
	}
	return &inv, people, nil
}

// listsNobody says why there is no list of the people of a document.
func listsNobody(inv *billing.Invoice) error {
	switch {
	case inv.Kind == billing.KindCreditNote:
		return ErrNotFound.With("Credit note %d has no list of people: it is about seats. Ask for the list of the invoice.", inv.Number)
	case len(seatLines(inv)) > 0:
		return ErrNotFound.With("Invoice %d has no list of people: nobody held a license when it was issued, and its seats are billed whoever holds them. Look at the subscription's licenses for who holds them now.", inv.Number)
	}
	return ErrNotFound.With("Invoice %d has no list of people: nobody was active in its period. Look at the invoice for what it bills.", inv.Number)
}
