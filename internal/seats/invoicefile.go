package seats

import (
	"context"
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

// BilledUser is a person that a line of an invoice bills.
type BilledUser struct {
	// Line is the index of the line.
	Line int
	// First and Last are the first and the last local day of the line's period.
	First, Last billing.Date
	ID          UserID
	// User is as of today: removed users and erased ones have their record still. It
	// is nil where there is none.
	User *User
	// Days is on how many local days of the period the user was active.
	Days int64
}

// BilledPeople lists whom an invoice bills, by line and then by id. Lines of plans that
// are sold by the seat bill seats and list nobody.
func (s *Service) BilledPeople(ctx context.Context, caller Caller, account AccountID, number int64) (*billing.Invoice, []BilledUser, error) {
	stored, err := s.GetInvoice(ctx, caller, account, number)
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
	var people []BilledUser
	for i := range inv.Lines {
		l := &inv.Lines[i]
		if l.PeopleSHA256 == "" {
			continue
		}
		list, err := s.Store.Billed(ctx, account, l.ProductID, l.PeriodStart, l.PeopleSHA256)
		if err != nil {
			return nil, nil, err
		}
		first, last := billing.DateOf(l.PeriodStart, zone), billing.DateOf(l.PeriodEnd.Add(-1), zone)
		for _, p := range list.People {
			people = append(people, BilledUser{Line: i, First: first, Last: last, ID: p.User, Days: p.Days})
		}
	}
	if len(people) == 0 {
		return &inv, nil, nil
	}
	users, err := s.Store.Users(ctx, account)
	if err != nil {
		return nil, nil, err
	}
	byID := make(map[UserID]*User, len(users))
	for _, u := range users {
		byID[u.ID] = u
	}
	for i := range people {
		people[i].User = byID[people[i].ID]
	}
	return &inv, people, nil
}
