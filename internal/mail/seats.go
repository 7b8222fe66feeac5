package mail

import (
	"fmt"
	"time"

	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/words"
)

// How a plan prorates and settles, as its policies name it.
const (
	ProrationDay    = "day"
	ProrationSecond = "second"
	ProrationNone   = "none"

	SettleNow         = "now"
	SettleDaily       = "daily"
	SettleNextInvoice = "next_invoice"
)

// SeatChangeReceipt goes to whoever bought seats, and to the billing contact.
type SeatChangeReceipt struct {
	Frame
	// ByName is who bought them; empty where nobody in particular did.
	ByName             string
	ProductName        string
	SeatsFrom, SeatsTo int64
	ChangedAt          time.Time

	// Interval is "month" or "year". PriceBefore and PriceAfter are the prices of
	// a whole interval with the seats before and after.
	Interval                string
	PriceBefore, PriceAfter money.Amount
	// Proration is the plan's policy. Left of Whole days or seconds of the period
	// are paid for; with ProrationNone both are 0.
	Proration   string
	Left, Whole int64

	// Settle is the plan's policy. With SettleNow all amounts of Bill are those of
	// the invoice; else only its Net is set, which a later invoice bears.
	Settle string
	Bill   Bill
	// InvoiceNumber and InvoiceLink are empty where no invoice was issued.
	InvoiceNumber string
	InvoiceLink   Link

	// NextInvoiceAt and NextInvoiceTotal say what comes next; a zero time leaves
	// it out.
	NextInvoiceAt    time.Time
	NextInvoiceTotal money.Amount
}

// Kind is KindSeatChangeReceipt.
func (SeatChangeReceipt) Kind() Kind { return KindSeatChangeReceipt }

func (m SeatChangeReceipt) prepare(p *proof) content {
	zone := zoneOf(m.Frame)
	p.text("ProductName", m.ProductName)
	p.instant("ChangedAt", m.ChangedAt)
	if m.SeatsFrom < 0 || m.SeatsTo <= m.SeatsFrom {
		p.fault("SeatsTo is %d and SeatsFrom %d: a receipt is for more seats than before", m.SeatsTo, m.SeatsFrom)
	}
	c := content{
		Facts: rows(
			row{Label: "Product", Value: m.ProductName},
			row{Label: "Seats", Value: words.Count(m.SeatsFrom) + " → " + words.Count(m.SeatsTo), Strong: true},
			row{Label: "Bought by", Value: m.ByName},
			row{Label: "Usable from", Value: words.Moment(m.ChangedAt, zone)},
			row{Label: "Invoice", Value: m.InvoiceNumber},
		),
		Words: []string{m.computation(p)},
	}
	if m.InvoiceLink != "" {
		p.link("InvoiceLink", m.InvoiceLink)
	}
	switch m.Settle {
	case SettleNow:
		c.Bill = m.Bill.rows(p, "Seats added")
	case SettleDaily, SettleNextInvoice:
		c.Bill = rows(row{Label: "Due now", Value: words.Money(money.Amount{Currency: m.Bill.Net.Currency})},
			row{Label: "On a later invoice, before tax", Value: words.Money(m.Bill.Net), Strong: true})
	default:
		p.fault("Settle is %q: give one of now, daily, next_invoice", m.Settle)
	}
	return c
}

// computation says in words how the amount came about, and proves it.
func (m SeatChangeReceipt) computation(p *proof) string {
	difference, err := m.PriceAfter.Sub(m.PriceBefore)
	if err != nil || difference.Currency != m.Bill.Net.Currency {
		p.fault("PriceBefore, PriceAfter and Bill.Net must be of one currency")
		return ""
	}
	if m.Interval != "month" && m.Interval != "year" {
		p.fault("Interval is %q: give month or year", m.Interval)
	}
	if difference.Minor <= 0 {
		p.equal("Bill.Net", m.Bill.Net.Minor, 0)
		return fmt.Sprintf("The price of a %s does not rise with the seats added, so they cost nothing.", m.Interval)
	}
	rise := fmt.Sprintf("%s instead of %s cost %s a %s instead of %s: %s more.",
		words.Seats(m.SeatsTo), words.Count(m.SeatsFrom), words.Money(m.PriceAfter), m.Interval,
		words.Money(m.PriceBefore), words.Money(difference))
	return rise + " " + m.share(p, difference)
}

// share says what part of the difference is charged.
func (m SeatChangeReceipt) share(p *proof, difference money.Amount) string {
	unit, included := "seconds", ""
	switch m.Proration {
	case ProrationNone:
		p.equal("Bill.Net", m.Bill.Net.Minor, 0)
		return "Seats added during a period cost nothing until the next one begins."
	case ProrationDay:
		unit, included = "days", ", the day of the change included"
	case ProrationSecond:
	default:
		p.fault("Proration is %q: give one of day, second, none", m.Proration)
		return ""
	}
	if m.Left < 0 || m.Whole < 1 || m.Left > m.Whole {
		p.fault("Left is %d of Whole %d: give the part of the period that is left", m.Left, m.Whole)
		return ""
	}
	exact := money.NewExact(difference.Minor, m.Left, m.Whole)
	rounded, err := exact.Round()
	if err != nil {
		p.fault("the amount due does not fit: %w", err)
		return ""
	}
	p.equal("Bill.Net", m.Bill.Net.Minor, rounded)
	if m.Left == m.Whole {
		return "The whole period is still ahead, so the whole difference is charged."
	}
	sentence := fmt.Sprintf("%s of the %s %s of this period are left%s: %s × %s ÷ %s = %s",
		words.Count(m.Left), words.Count(m.Whole), unit, included,
		words.Money(difference), words.Count(m.Left), words.Count(m.Whole), words.Money(m.Bill.Net))
	if order, err := exact.Cmp(money.NewExact(rounded, 1, 1)); err != nil || order != 0 {
		sentence += ", rounded"
	}
	return sentence + "."
}

// What happens where more licenses are in use than are kept, as the plan's
// over_assigned policy names it.
const (
	KeepAssigned  = "keep_assigned"
	ReleaseNewest = "release_newest"
	RefuseBelow   = "refuse"
)

// DecreaseScheduled goes to whoever scheduled a decrease of seats, and to the
// billing contact.
type DecreaseScheduled struct {
	Frame
	// ByName is who scheduled it; empty where nobody in particular did.
	ByName             string
	ProductName        string
	SeatsFrom, SeatsTo int64
	// EffectiveAt is the end of the running period: until then all seats stay
	// usable and the decrease can be cancelled.
	EffectiveAt time.Time
	// OverAssigned is the plan's policy; empty says nothing about it.
	OverAssigned string
	// SeatsLink leads to the page where the decrease is cancelled.
	SeatsLink Link
}

// Kind is KindDecreaseScheduled.
func (DecreaseScheduled) Kind() Kind { return KindDecreaseScheduled }

func (m DecreaseScheduled) prepare(p *proof) content {
	zone := zoneOf(m.Frame)
	p.text("ProductName", m.ProductName)
	p.instant("EffectiveAt", m.EffectiveAt)
	p.link("SeatsLink", m.SeatsLink)
	if m.SeatsTo < 0 || m.SeatsTo >= m.SeatsFrom {
		p.fault("SeatsTo is %d and SeatsFrom %d: a decrease keeps fewer seats than before", m.SeatsTo, m.SeatsFrom)
	}
	rule := overAssigned(p, m.OverAssigned, m.SeatsTo, "decrease")
	c := content{Facts: rows(
		row{Label: "Product", Value: m.ProductName},
		row{Label: "Seats", Value: words.Count(m.SeatsFrom) + " → " + words.Count(m.SeatsTo), Strong: true},
		row{Label: "Effective", Value: words.Date(m.EffectiveAt, zone)},
		row{Label: "Scheduled by", Value: m.ByName},
	)}
	if rule != "" {
		c.Words = []string{rule}
	}
	return c
}

// overAssigned says what happens where more than the seats left are in use when a
// change takes effect; what names the change.
func overAssigned(p *proof, policy string, seats int64, what string) string {
	verb := "are"
	if seats == 1 {
		verb = "is"
	}
	ahead := fmt.Sprintf("If more than %s %s in use when the %s takes effect, ", words.Seats(seats), verb, what)
	return p.oneOf("OverAssigned", policy, map[string]string{
		"":            "",
		KeepAssigned:  ahead + "everybody keeps their license and only the unused seats are given up.",
		ReleaseNewest: ahead + "open invitations lose their seat first, and then the licenses given last end.",
		RefuseBelow:   ahead + "everybody keeps their license and only the unused seats are given up.",
	})
}
