package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/words"
)

// seatsIncreased writes the receipt, and the invoice where one was issued.
func (w writer) seatsIncreased(ctx context.Context, s *scene) ([]letter, error) {
	if s.plan == nil {
		return nil, nil
	}
	receipt, err := s.receipt()
	if err != nil {
		return nil, err
	}
	invoices, inv, err := w.issued(ctx, s)
	if err != nil {
		return nil, err
	}
	if inv != nil {
		receipt.Bill = bill(inv)
		receipt.InvoiceNumber, receipt.InvoiceLink = strconv.FormatInt(inv.Number, 10), w.invoiceLink(s, inv.Number)
	}
	return append(s.receipts(receipt), invoices...), nil
}

// seatsDecreased writes the receipt of seats given back at once, and the credit note
// where one was issued.
func (w writer) seatsDecreased(ctx context.Context, s *scene) ([]letter, error) {
	notes, err := w.documents(ctx, s)
	if err != nil || s.plan == nil {
		return notes, err
	}
	receipt, err := s.receipt()
	if err != nil {
		return nil, err
	}
	if number := s.event.Data.CreditNote; number != 0 {
		receipt.InvoiceNumber, receipt.InvoiceLink = strconv.FormatInt(number, 10), w.invoiceLink(s, number)
	}
	return append(s.receipts(receipt), notes...), nil
}

// receipt says what a change of seats at once costs or gives back, before tax. Nothing
// is prorated of a trial.
func (s *scene) receipt() (mail.SeatChangeReceipt, error) {
	d := s.event.Data
	currency := s.Account.Currency
	before, err := s.terms(s.plan, d.From)
	if err != nil {
		return mail.SeatChangeReceipt{}, err
	}
	after, err := s.terms(s.plan, d.To)
	if err != nil {
		return mail.SeatChangeReceipt{}, err
	}
	delta := d.DeltaMinor
	if d.To < d.From {
		delta = -delta
	}
	net, err := billing.SettleIncrease(money.NewExact(delta, d.FactorNum, max(d.FactorDen, 1)))
	if err != nil {
		return mail.SeatChangeReceipt{}, err
	}
	receipt := mail.SeatChangeReceipt{
		ByName: s.actor(), ProductName: s.plan.Product.Name, SeatsFrom: d.From, SeatsTo: d.To, ChangedAt: s.event.At,
		Interval: after.Interval, PriceBefore: before.Price, PriceAfter: after.Price,
		Proration: string(s.plan.Policies.Proration), Left: d.FactorNum, Whole: d.FactorDen,
		Settle: string(s.plan.Policies.Settle), Bill: netBill(net, currency),
	}
	if s.plan.Policies.Proration == billing.NoProration || d.FactorNum == 0 {
		receipt.Proration, receipt.Left, receipt.Whole = mail.ProrationNone, 0, 0
	}
	if s.concerned() && s.sub.Trial && d.FactorNum == 0 {
		receipt.TrialUntil = s.sub.Period.End
	}
	return receipt, nil
}

func (s *scene) receipts(receipt mail.SeatChangeReceipt) []letter {
	return s.payers(func(f mail.Frame) mail.Mail {
		m := receipt
		m.Frame = f
		return m
	})
}

// decreaseScheduled writes to who did it and to the billing contact, unless the decrease
// was taken back, replaced or took effect in the meantime. What becomes of licenses in
// use is for the plan of the next period to say; one of active users has no seats that
// are fewer.
func (w writer) decreaseScheduled(ctx context.Context, s *scene) ([]letter, error) {
	if s.plan == nil || !s.concerned() || s.sub.Pending == nil || s.sub.Pending.Event != s.event.ID {
		return nil, nil
	}
	d := s.event.Data
	renewal, err := w.follows(ctx, s)
	if err != nil || renewal.Policies.ActiveUsers() {
		return nil, err
	}
	return s.payers(func(f mail.Frame) mail.Mail {
		return mail.DecreaseScheduled{
			Frame: f, ByName: s.actor(), ProductName: s.plan.Product.Name, SeatsFrom: d.From, SeatsTo: d.To,
			EffectiveAt: d.EffectiveAt, OverAssigned: string(renewal.Policies.OverAssigned), SeatsLink: w.link(s, "/licenses"),
		}
	}), nil
}

// follows is the plan that the next period of the scene's subscription begins with,
// where the event names no plan of its own.
func (w writer) follows(ctx context.Context, s *scene) (*seats.Plan, error) {
	if s.sub.PendingPlan == nil {
		return s.plan, nil
	}
	return w.store.Plan(ctx, s.sub.PendingPlan.Plan)
}

// documents writes the invoice and the credit note of an event to the billing contact.
// A close of several subscriptions has one invoice and tells it once.
func (w writer) documents(ctx context.Context, s *scene) ([]letter, error) {
	d := s.event.Data
	var letters []letter
	if first := s.event.Type != seats.CycleClosed && s.event.Type != seats.DaySettled || d.InvoiceFirst; first && s.event.Type != seats.InvoiceVoided {
		var err error
		if letters, _, err = w.issued(ctx, s); err != nil {
			return nil, err
		}
	}
	if d.CreditNote == 0 {
		return letters, nil
	}
	file, attached, err := w.document(ctx, s, d.CreditNote)
	if err != nil {
		return nil, err
	}
	inv := &file.Invoice
	m := mail.CreditNote{
		Number: strconv.FormatInt(inv.Number, 10), IssuedAt: inv.IssuedAt, Lines: lines(inv), Bill: bill(inv), Link: w.invoiceLink(s, inv.Number),
		PDFAttached: true,
	}
	if inv.Corrects != 0 {
		m.Corrects = strconv.FormatInt(inv.Corrects, 10)
	}
	notes := attach(attached, s.billing(func(f mail.Frame) mail.Mail {
		own := m
		own.Frame = f
		return own
	}))
	for i := range notes {
		// A close of several subscriptions may have one note, which each of its events names.
		notes[i].about = string(s.Account.ID) + "." + m.Number
	}
	return append(letters, notes...), nil
}

func (w writer) issued(ctx context.Context, s *scene) ([]letter, *billing.Invoice, error) {
	number := s.event.Data.InvoiceNumber
	if number == 0 {
		return nil, nil, nil
	}
	file, attached, err := w.document(ctx, s, number)
	if err != nil {
		return nil, nil, err
	}
	inv := &file.Invoice
	m := mail.Invoice{
		Number: strconv.FormatInt(inv.Number, 10), IssuedAt: inv.IssuedAt, Lines: lines(inv), Bill: bill(inv), Link: w.invoiceLink(s, inv.Number),
		PDFAttached: true,
	}
	for _, l := range inv.Lines {
		if m.PeriodStart.IsZero() || l.PeriodStart.Before(m.PeriodStart) {
			m.PeriodStart = l.PeriodStart
		}
		if l.PeriodEnd.After(m.PeriodEnd) {
			m.PeriodEnd = l.PeriodEnd
		}
	}
	return attach(attached, s.billing(func(f mail.Frame) mail.Mail {
		own := m
		own.Frame = f
		return own
	})), inv, nil
}

func lines(inv *billing.Invoice) []mail.InvoiceLine {
	var all []mail.InvoiceLine
	for _, l := range inv.Lines {
		all = append(all, mail.InvoiceLine{Text: l.Description, Amount: amount(l.AmountMinor, money.Currency(inv.Currency))})
	}
	return all
}

// document reads an issued document and draws its file.
func (w writer) document(ctx context.Context, s *scene, number int64) (*seats.InvoiceFile, mail.Attachment, error) {
	var none mail.Attachment
	stored, err := w.store.Invoice(ctx, s.Account.ID, number)
	if err != nil {
		return nil, none, err
	}
	file, err := seats.ReadInvoiceFile(ctx, w.store, stored)
	if err != nil {
		return nil, none, err
	}
	// The same document is the same file, so that a mail that goes out twice carries
	// the same.
	pdf, err := w.pdf(&file.Invoice, file.LogoPNG)
	if err != nil {
		return nil, none, err
	}
	name := strings.ReplaceAll(file.Invoice.Kind, "_", "-") + "-" + strconv.FormatInt(number, 10) + ".pdf"
	return file, mail.Attachment{FileName: name, ContentType: "application/pdf", Data: pdf}, nil
}

func attach(file mail.Attachment, letters []letter) []letter {
	for i := range letters {
		letters[i].files = []mail.Attachment{file}
	}
	return letters
}

func (w writer) invoiceLink(s *scene, number int64) mail.Link {
	return w.link(s, "/invoices/"+strconv.FormatInt(number, 10))
}

func amount(minor int64, c money.Currency) money.Amount {
	return money.Amount{Minor: minor, Currency: c}
}

func netBill(minor int64, c money.Currency) mail.Bill {
	zero := amount(0, c)
	return mail.Bill{Net: amount(minor, c), Total: zero, CreditUsed: zero, AmountDue: zero}
}

func bill(inv *billing.Invoice) mail.Bill {
	c := money.Currency(inv.Currency)
	b := mail.Bill{
		Net: amount(inv.NetMinor, c), Total: amount(inv.TotalMinor, c),
		CreditUsed: amount(inv.CreditAppliedMinor, c), AmountDue: amount(inv.AmountDueMinor, c),
	}
	for _, t := range inv.TaxLines {
		if t.RatePPM != 0 {
			b.Taxes = append(b.Taxes, mail.TaxLine{Label: "Tax " + words.Percent(t.RatePPM), Amount: amount(t.TaxMinor, c)})
		}
	}
	return b
}
