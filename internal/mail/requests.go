package mail

import (
	"time"

	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/words"
)

// Asked are the particulars of a request to the vendor.
type Asked struct {
	// RequestID names the request to both sides.
	RequestID string
	// ByName is who asked; empty reads "Somebody".
	ByName string
	// ProductName is what it is about; it may be empty.
	ProductName string
	// SeatsFrom and SeatsTo are the seats then and those asked for; a SeatsTo of 0
	// leaves them out. PlanName is the plan asked for, or empty.
	SeatsFrom, SeatsTo int64
	PlanName           string
	// Ends says that the end of the subscription is asked for, with all of its seats.
	Ends bool
	// Message is what was written, on one line; it may be empty.
	Message string
	AskedAt time.Time
	// DueNow and NextInvoice are what it would have cost when it was asked for; no
	// currency leaves them out.
	DueNow, NextInvoice money.Amount
}

func (a Asked) facts(p *proof, f Frame) []row {
	p.text("RequestID", a.RequestID)
	p.instant("AskedAt", a.AskedAt)
	if a.SeatsFrom < 0 || a.SeatsTo < 0 {
		p.fault("SeatsFrom is %d and SeatsTo %d: neither may be negative", a.SeatsFrom, a.SeatsTo)
	}
	facts := []row{
		{Label: "Request", Value: a.RequestID}, {Label: "Company", Value: f.AccountName}, {Label: "Asked by", Value: a.ByName},
		{Label: "Product", Value: a.ProductName}, {Label: "Plan", Value: a.PlanName},
	}
	if a.Ends {
		facts = append(facts, row{Label: "Asked for", Value: "The end of the subscription with its cycle", Strong: true})
	}
	if a.SeatsTo > 0 || a.Ends && a.SeatsFrom > 0 {
		facts = append(facts, row{Label: "Seats", Value: words.Count(a.SeatsFrom) + " → " + words.Count(a.SeatsTo), Strong: true})
	}
	if a.DueNow.Currency != "" {
		facts = append(facts, row{Label: "Due now, as priced then", Value: words.Money(a.DueNow)}, row{Label: "Next invoice, as priced then", Value: words.Money(a.NextInvoice)})
	}
	return append(facts, row{Label: "Asked", Value: words.Moment(a.AskedAt, zoneOf(f))})
}

// RequestOpened goes to who asked the vendor for something, as a confirmation, and to
// the vendor's sales contact.
type RequestOpened struct {
	Frame
	Asked
	// ToVendor chooses the variant for the sales contact.
	ToVendor bool
	// Link leads to the requests of the account; the vendor's variant has none.
	Link Link
}

// Kind is KindRequestOpened.
func (RequestOpened) Kind() Kind { return KindRequestOpened }

func (m RequestOpened) prepare(p *proof) content {
	if !m.ToVendor {
		p.link("Link", m.Link)
	}
	return content{Facts: rows(m.facts(p, m.Frame)...)}
}

// RequestAnswered goes to who asked, or to the owner where that person sees the account
// no more, once the vendor has answered.
type RequestAnswered struct {
	Frame
	Asked
	// AskerName is who asked, in the owner's mail; empty says that the recipient did.
	AskerName string
	Approved  bool
	// Answer is what the vendor wrote, on one line; it may be empty.
	Answer     string
	AnsweredAt time.Time
	Link       Link
}

// Kind is KindRequestAnswered.
func (RequestAnswered) Kind() Kind { return KindRequestAnswered }

func (m RequestAnswered) prepare(p *proof) content {
	p.instant("AnsweredAt", m.AnsweredAt)
	p.link("Link", m.Link)
	return content{Facts: rows(append(m.facts(p, m.Frame), row{Label: "Answered", Value: words.Moment(m.AnsweredAt, zoneOf(m.Frame))})...)}
}
