package main

import (
	"context"
	netmail "net/mail"

	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/seats"
)

// requestOpened confirms a request to who asked, and tells the vendor's sales contact
// where that is an email address.
func (w writer) requestOpened(ctx context.Context, s *scene) ([]letter, error) {
	asked, err := w.asked(ctx, s)
	if err != nil || asked == nil {
		return nil, err
	}
	var letters []letter
	if u := s.user(s.event.Data.UserID); u != nil {
		letters = append(letters, userLetter(u, mail.RequestOpened{Frame: s.to(u), Asked: *asked, Link: w.link(s, "/requests")}))
	}
	if s.plan == nil {
		return letters, nil
	}
	if sales := s.plan.Vendor.SalesContact; isAddress(sales) {
		letters = append(letters, letter{recipient: mail.SalesRecipient, to: sales, mail: mail.RequestOpened{Frame: s.frame, Asked: *asked, ToVendor: true}})
	}
	return letters, nil
}

// isAddress reports whether a contact is one bare email address: it may as well be a
// web address or words.
func isAddress(contact string) bool {
	parsed, err := netmail.ParseAddress(contact)
	return err == nil && parsed.Address == contact
}

// requestAnswered tells who asked what the vendor answered, or the owner where that
// person sees the account no more.
func (w writer) requestAnswered(ctx context.Context, s *scene) ([]letter, error) {
	told, by := s.answerable(s.event.Data.UserID)
	asked, err := w.asked(ctx, s)
	if err != nil || asked == nil || told == nil {
		return nil, err
	}
	return []letter{userLetter(told, mail.RequestAnswered{
		Frame: s.to(told), Asked: *asked, AskerName: by, Approved: s.event.Data.Approved, Answer: s.Request.Answer, AnsweredAt: s.event.At, Link: w.link(s, "/requests"),
	})}, nil
}

// asked are the particulars of the request of the event; nil where it is gone.
func (w writer) asked(ctx context.Context, s *scene) (*mail.Asked, error) {
	r := s.Request
	if r == nil {
		return nil, nil
	}
	a := &mail.Asked{
		RequestID: string(r.ID), ByName: s.name(r.By), SeatsFrom: r.From, SeatsTo: r.Seats, Ends: r.Kind == seats.RequestCancel, Message: r.Message, AskedAt: r.At,
	}
	if r.Kind == seats.RequestOther {
		return a, nil
	}
	a.DueNow, a.NextInvoice = amount(r.DueNowMinor, s.Account.Currency), amount(r.NextMinor, s.Account.Currency)
	if s.plan != nil {
		a.ProductName = s.plan.Product.Name
	}
	if r.PlanID != "" {
		a.PlanName = r.PlanID
		plans, err := w.store.Plans(ctx)
		if err != nil {
			return nil, err
		}
		for _, plan := range plans {
			if plan.ID == r.PlanID {
				a.PlanName = plan.Name
			}
		}
	}
	return a, nil
}
