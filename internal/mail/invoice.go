package mail

import (
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/words"
)

// Bill is how an invoice adds up: Net and the taxes make Total; what credit pays
// is left out of AmountDue. All amounts are of one currency, none is negative.
type Bill struct {
	Net        money.Amount
	Taxes      []TaxLine
	Total      money.Amount
	CreditUsed money.Amount
	AmountDue  money.Amount
}

// TaxLine is the tax at one rate.
type TaxLine struct {
	// Label is how the invoice names it: "VAT 19%".
	Label  string
	Amount money.Amount
}

// rows proves that the bill adds up and returns its lines; net is how the net
// amount is called.
func (b Bill) rows(p *proof, net string) []row {
	taxes := make([]money.Amount, len(b.Taxes))
	for i, t := range b.Taxes {
		taxes[i] = t.Amount
	}
	p.sum("Bill.Total", b.Total, append(taxes, b.Net)...)
	p.sum("Bill.Total", b.Total, b.CreditUsed, b.AmountDue)
	for _, a := range []money.Amount{b.Net, b.Total, b.CreditUsed, b.AmountDue} {
		if a.Minor < 0 {
			p.fault("Bill holds %s: no amount of it may be negative", a)
		}
	}
	lines := []row{{Label: net, Value: words.Money(b.Net)}}
	for _, t := range b.Taxes {
		lines = append(lines, row{Label: t.Label, Value: words.Money(t.Amount)})
	}
	if b.CreditUsed.Minor > 0 {
		lines = append(lines, row{Label: "Total", Value: words.Money(b.Total)},
			row{Label: "Paid from credit", Value: words.Money(money.Amount{Minor: -b.CreditUsed.Minor, Currency: b.CreditUsed.Currency})})
	}
	return append(lines, row{Label: "Amount due", Value: words.Money(b.AmountDue), Strong: true})
}

// Invoice goes to the billing contact, or to the owner where there is none.
type Invoice struct {
	Frame
	// Number is the invoice's number as printed on it.
	Number   string
	IssuedAt time.Time
	// PeriodStart and PeriodEnd are the period billed, [start, end).
	PeriodStart, PeriodEnd time.Time
	// Lines add up to Bill.Net.
	Lines []InvoiceLine
	Bill  Bill
	// Link leads to the invoice.
	Link Link
	// PDFAttached says that the letter carries the document.
	PDFAttached bool
}

// InvoiceLine is one net line.
type InvoiceLine struct {
	Text   string
	Amount money.Amount
}

// Kind is KindInvoice.
func (Invoice) Kind() Kind { return KindInvoice }

func (m Invoice) prepare(p *proof) content {
	zone := zoneOf(m.Frame)
	p.text("Number", m.Number)
	p.instant("IssuedAt", m.IssuedAt)
	p.link("Link", m.Link)
	if m.PeriodStart.IsZero() || !m.PeriodStart.Before(m.PeriodEnd) {
		p.fault("PeriodStart and PeriodEnd must be given, in this order")
	}
	c := content{Bill: lineRows(p, m.Lines, m.Bill)}
	c.Bill = append(c.Bill, m.Bill.rows(p, "Net")...)
	c.Facts = rows(
		row{Label: "Invoice", Value: m.Number},
		row{Label: "Company", Value: m.AccountName},
		row{Label: "Issued on", Value: words.Date(m.IssuedAt, zone)},
		row{Label: "Period", Value: words.Date(m.PeriodStart, zone) + " to " + words.LastDay(m.PeriodEnd, zone)},
	)
	return c
}

// lineRows proves that the lines add up to the net amount and returns them.
func lineRows(p *proof, lines []InvoiceLine, bill Bill) []row {
	var shown []row
	amounts := make([]money.Amount, len(lines))
	rest := money.Amount{Currency: bill.Net.Currency}
	for i, line := range lines {
		amounts[i] = line.Amount
		if i < maxListed {
			shown = append(shown, row{Label: line.Text, Value: words.Money(line.Amount)})
		} else {
			rest.Minor += line.Amount.Minor
		}
	}
	p.sum("Bill.Net", bill.Net, amounts...)
	if more := len(lines) - maxListed; more > 0 {
		shown = append(shown, row{Label: words.Count(int64(more)) + " more lines, see the invoice", Value: words.Money(rest)})
	}
	return shown
}

// CreditNote goes to whom an invoice would go, where money is given back.
type CreditNote struct {
	Frame
	// Number is the credit note's number as printed on it.
	Number   string
	IssuedAt time.Time
	// Corrects is the number of the invoice that it takes back; empty where it gives
	// back a part of what was bought.
	Corrects string
	// Lines add up to Bill.Net. Nothing is due for a credit note: Bill.AmountDue is its
	// total.
	Lines []InvoiceLine
	Bill  Bill
	// Link leads to the credit note.
	Link Link
	// PDFAttached says that the letter carries the document.
	PDFAttached bool
}

// Kind is KindCreditNote.
func (CreditNote) Kind() Kind { return KindCreditNote }

func (m CreditNote) prepare(p *proof) content {
	p.text("Number", m.Number)
	p.instant("IssuedAt", m.IssuedAt)
	p.link("Link", m.Link)
	if m.Bill.CreditUsed.Minor != 0 {
		p.fault("Bill.CreditUsed is %s: a credit note uses no credit", m.Bill.CreditUsed)
	}
	c := content{Bill: lineRows(p, m.Lines, m.Bill)}
	bill := m.Bill.rows(p, "Net")
	bill[len(bill)-1].Label = "Amount credited"
	c.Bill = append(c.Bill, bill...)
	c.Facts = rows(
		row{Label: "Credit note", Value: m.Number},
		row{Label: "Takes back invoice", Value: m.Corrects},
		row{Label: "Company", Value: m.AccountName},
		row{Label: "Issued on", Value: words.Date(m.IssuedAt, zoneOf(m.Frame))},
	)
	return c
}

// rows drops the rows that have nothing to say.
func rows(all ...row) []row {
	kept := make([]row, 0, len(all))
	for _, r := range all {
		if strings.TrimSpace(r.Value) != "" {
			kept = append(kept, r)
		}
	}
	return kept
}

func zoneOf(f Frame) *time.Location {
	if f.Zone == nil {
		return time.UTC
	}
	return f.Zone
}
