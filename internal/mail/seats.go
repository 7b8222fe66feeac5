package mail

import (
	"fmt"
	"strings"
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

// SeatChangeReceipt goes to whoever bought seats or gave them back at once, and to the
// billing contact.
type SeatChangeReceipt struct {
	Frame
	// ByName is who did it; empty where nobody in particular did.
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
	// TrialUntil is when the running trial ends, for which nothing is charged; zero
	// where there is none.
	TrialUntil time.Time

	// Settle is the plan's policy. With SettleNow all amounts of Bill are those of
	// the invoice; else only its Net is set, which a later invoice bears. Of seats
	// given back Net is what is credited, and the others are not set.
	Settle string
	Bill   Bill
	// InvoiceNumber and InvoiceLink are those of the invoice, or of the credit note
	// for seats given back; empty where none was issued.
	InvoiceNumber string
	InvoiceLink   Link

	// NextInvoiceAt and NextInvoiceTotal say what comes next; a zero time leaves
	// it out.
	NextInvoiceAt    time.Time
	NextInvoiceTotal money.Amount
}

// Kind is KindSeatChangeReceipt.
func (SeatChangeReceipt) Kind() Kind { return KindSeatChangeReceipt }

// GivesBack reports whether there are fewer seats now, for the templates.
func (m SeatChangeReceipt) GivesBack() bool { return m.SeatsTo < m.SeatsFrom }

func (m SeatChangeReceipt) prepare(p *proof) content {
	zone := zoneOf(m.Frame)
	p.text("ProductName", m.ProductName)
	p.instant("ChangedAt", m.ChangedAt)
	if m.SeatsFrom < 0 || m.SeatsTo < 0 || m.SeatsTo == m.SeatsFrom {
		p.fault("SeatsTo is %d and SeatsFrom %d: a receipt is for another number of seats than before", m.SeatsTo, m.SeatsFrom)
	}
	by, since, document := "Bought by", "Usable from", "Invoice"
	if m.GivesBack() {
		by, since, document = "Given back by", "Given back", "Credit note"
	}
	c := content{
		Facts: rows(
			row{Label: "Product", Value: m.ProductName},
			row{Label: "Seats", Value: words.Count(m.SeatsFrom) + " → " + words.Count(m.SeatsTo), Strong: true},
			row{Label: by, Value: m.ByName},
			row{Label: since, Value: words.Moment(m.ChangedAt, zone)},
			row{Label: document, Value: m.InvoiceNumber},
		),
		Words: []string{m.computation(p)},
		Bill:  m.bill(p),
	}
	if m.InvoiceLink != "" {
		p.link("InvoiceLink", m.InvoiceLink)
	}
	return c
}

func (m SeatChangeReceipt) bill(p *proof) []row {
	p.oneOf("Settle", m.Settle, map[string]string{SettleNow: "", SettleDaily: "", SettleNextInvoice: ""})
	later := m.Settle != SettleNow
	switch {
	case m.GivesBack() && later:
		return rows(row{Label: "Credited with a later invoice, before tax", Value: words.Money(m.Bill.Net), Strong: true})
	case m.GivesBack():
		return rows(row{Label: "Credited now, before tax", Value: words.Money(m.Bill.Net), Strong: true})
	case later:
		return rows(row{Label: "Due now", Value: words.Money(money.Amount{Currency: m.Bill.Net.Currency})},
			row{Label: "On a later invoice, before tax", Value: words.Money(m.Bill.Net), Strong: true})
	}
	return m.Bill.rows(p, "Seats added")
}

// computation says in words how the amount came about, and proves it.
func (m SeatChangeReceipt) computation(p *proof) string {
	difference, err := m.PriceAfter.Sub(m.PriceBefore)
	if err != nil || difference.Currency != m.Bill.Net.Currency {
		p.fault("PriceBefore, PriceAfter and Bill.Net must be of one currency")
		return ""
	}
	p.oneOf("Interval", m.Interval, map[string]string{"month": "", "year": ""})
	more, instead := "more", "does not rise with the seats added, so they cost nothing"
	if m.GivesBack() {
		difference.Minor = -difference.Minor
		more, instead = "less", "does not fall with the seats given back, so nothing is credited"
	}
	if difference.Minor <= 0 {
		p.equal("Bill.Net", m.Bill.Net.Minor, 0)
		return fmt.Sprintf("The price of a %s %s.", m.Interval, instead)
	}
	rise := fmt.Sprintf("%s instead of %s cost %s a %s instead of %s: %s %s.",
		words.Seats(m.SeatsTo), words.Count(m.SeatsFrom), words.Money(m.PriceAfter), m.Interval,
		words.Money(m.PriceBefore), words.Money(difference), more)
	if m.SeatsTo == 1 {
		rise = strings.Replace(rise, " cost ", " costs ", 1)
	}
	return rise + " " + m.share(p, difference)
}

// share says what part of the difference is charged or credited.
func (m SeatChangeReceipt) share(p *proof, difference money.Amount) string {
	unit, included := "seconds", ""
	switch {
	case !m.TrialUntil.IsZero():
		p.equal("Bill.Net", m.Bill.Net.Minor, 0)
		return "Nothing is charged before the trial ends on " + words.LastDay(m.TrialUntil, zoneOf(m.Frame)) + "."
	case m.Proration == ProrationNone && m.GivesBack():
		p.equal("Bill.Net", m.Bill.Net.Minor, 0)
		return "Seats given back during a period are paid for until it ends, so nothing is credited."
	case m.Proration == ProrationNone:
		p.equal("Bill.Net", m.Bill.Net.Minor, 0)
		return "Seats added during a period cost nothing until the next one begins."
	case m.Proration == ProrationDay:
		unit, included = "days", ", the day of the change included"
	case m.Proration != ProrationSecond:
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
		charged := "charged"
		if m.GivesBack() {
			charged = "credited"
		}
		return "The whole period is still ahead, so the whole difference is " + charged + "."
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
