package mail

import (
	"time"

	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/words"
)

// Terms are what a subscription is on and costs.
type Terms struct {
	PlanName string
	// Seats are those of the pool; 0 where ByUse is set.
	Seats int64
	// Interval is "month" or "year".
	Interval string
	// Price is that of a whole interval with these seats, before tax.
	Price money.Amount
	// ByUse says that active users are billed when an interval has ended. Price is
	// then that of one of them, without a currency where no single price can be named.
	ByUse bool
}

// check faults what is missing of terms that a mail cannot do without.
func (t Terms) check(p *proof, field string) {
	p.text(field+".PlanName", t.PlanName)
	p.oneOf(field+".Interval", t.Interval, map[string]string{"month": "", "year": ""})
	switch {
	case t.Seats < 0 || t.ByUse && t.Seats != 0:
		p.fault("%s.Seats is %d, which no such plan has", field, t.Seats)
	case t.Price.Currency == "" && !t.ByUse:
		p.fault("%s.Price has no currency", field)
	case t.Price.Minor < 0:
		p.fault("%s.Price is negative", field)
	}
}

// cost is the price in words.
func (t Terms) cost() string {
	switch {
	case t.ByUse && t.Price.Currency == "":
		return "By active users, every " + t.Interval
	case t.ByUse:
		return words.Money(t.Price) + " for each active user a " + t.Interval
	}
	return words.Money(t.Price) + " a " + t.Interval
}

// billed is what the price is for.
func (t Terms) billed() string {
	if t.ByUse {
		return "active users"
	}
	return words.Seats(t.Seats)
}

// rows are terms at a glance; those of none are left out.
func (t Terms) rows(price string) []row {
	if t.PlanName == "" {
		return nil
	}
	rows := []row{{Label: "Plan", Value: t.PlanName}}
	if !t.ByUse {
		rows = append(rows, row{Label: "Seats", Value: words.Count(t.Seats)})
	}
	return append(rows, row{Label: price, Value: t.cost(), Strong: true})
}

// changeRows show what a change of plan changes.
func changeRows(before, after Terms, until, from string) []row {
	rows := []row{{Label: "Plan", Value: before.PlanName + " → " + after.PlanName, Strong: true}}
	switch {
	case before.ByUse != after.ByUse:
		rows = append(rows, row{Label: "Billed", Value: before.billed() + " → " + after.billed(), Strong: true})
	case before.Seats != after.Seats:
		rows = append(rows, row{Label: "Seats", Value: words.Count(before.Seats) + " → " + words.Count(after.Seats), Strong: true})
	case !after.ByUse:
		rows = append(rows, row{Label: "Seats", Value: words.Count(after.Seats)})
	}
	return append(rows, row{Label: until, Value: before.cost()}, row{Label: from, Value: after.cost(), Strong: true})
}

// PlanChanged goes to the owner and the billing admins when a plan was changed at once.
type PlanChanged struct {
	Frame
	// ByName is who changed it; empty where nobody in particular did.
	ByName        string
	ProductName   string
	Before, After Terms
	ChangedAt     time.Time
	// InvoiceNumber and DueNow are those of the invoice for the rest of the period,
	// tax included; empty and without currency where none was issued.
	InvoiceNumber string
	DueNow        money.Amount
	// TrialUntil is when the running trial ends; zero where there is none.
	TrialUntil time.Time
	// Link leads to the page of the plan.
	Link Link
}

// Kind is KindPlanChanged.
func (PlanChanged) Kind() Kind { return KindPlanChanged }

func (m PlanChanged) prepare(p *proof) content {
	zone := zoneOf(m.Frame)
	p.text("ProductName", m.ProductName)
	p.instant("ChangedAt", m.ChangedAt)
	p.link("Link", m.Link)
	m.Before.check(p, "Before")
	m.After.check(p, "After")
	if m.InvoiceNumber == "" && m.DueNow.Currency != "" {
		p.fault("DueNow is given without InvoiceNumber")
	}
	facts := append([]row{{Label: "Product", Value: m.ProductName}},
		changeRows(m.Before, m.After, "Price until now, before tax", "Price from now on, before tax")...)
	facts = append(facts, row{Label: "Invoice", Value: m.InvoiceNumber})
	c := content{}
	switch {
	case !m.TrialUntil.IsZero():
		c.Words = []string{"The trial goes on until the end of " + words.LastDay(m.TrialUntil, zone) + ". Nothing is charged before that."}
	case m.DueNow.Currency != "":
		facts = append(facts, row{Label: "Due now", Value: words.Money(m.DueNow), Strong: true})
		c.Words = []string{"The amount due now is for the rest of the running period, tax included. The invoice says how it is computed."}
	default:
		c.Words = []string{"Nothing is charged for the rest of the running period."}
	}
	c.Facts = rows(append(facts, row{Label: "Changed by", Value: m.ByName}, row{Label: "Changed", Value: words.Moment(m.ChangedAt, zone)})...)
	return c
}

// PlanChangeScheduled goes to the owner and the billing admins when a change of plan
// was scheduled.
type PlanChangeScheduled struct {
	Frame
	// ByName is who scheduled it; empty where nobody in particular did.
	ByName        string
	ProductName   string
	Before, After Terms
	// EffectiveAt is the end of the running period: until then nothing changes and the
	// change can be taken back.
	EffectiveAt time.Time
	// OverAssigned is the new plan's policy, told where seats are given back; empty says
	// nothing about it.
	OverAssigned string
	Link         Link
}

// Kind is KindPlanChangeScheduled.
func (PlanChangeScheduled) Kind() Kind { return KindPlanChangeScheduled }

func (m PlanChangeScheduled) prepare(p *proof) content {
	p.text("ProductName", m.ProductName)
	p.instant("EffectiveAt", m.EffectiveAt)
	p.link("Link", m.Link)
	m.Before.check(p, "Before")
	m.After.check(p, "After")
	facts := append([]row{{Label: "Product", Value: m.ProductName}},
		changeRows(m.Before, m.After, "Price now, before tax", "Price then, before tax")...)
	c := content{Facts: rows(append(facts,
		row{Label: "Effective", Value: words.Date(m.EffectiveAt, zoneOf(m.Frame))}, row{Label: "Scheduled by", Value: m.ByName})...)}
	switch rule := overAssigned(p, m.OverAssigned, m.After.Seats, "change"); {
	case m.Before.ByUse && !m.After.ByUse:
		c.Words = []string{"From then on a license gives access, and nobody has one yet: give them that day."}
	case rule != "" && !m.After.ByUse && m.After.Seats < m.Before.Seats:
		c.Words = []string{rule}
	}
	return c
}

// CancellationScheduled goes to the owner and the billing admins when a subscription
// was cancelled.
type CancellationScheduled struct {
	Frame
	// ByName is who cancelled it; empty where nobody in particular did.
	ByName      string
	ProductName string
	Terms       Terms
	// EffectiveAt is the end of the running period: until then nothing changes and the
	// subscription can be resumed.
	EffectiveAt time.Time
	Link        Link
}

// Kind is KindCancellationScheduled.
func (CancellationScheduled) Kind() Kind { return KindCancellationScheduled }

func (m CancellationScheduled) prepare(p *proof) content {
	zone := zoneOf(m.Frame)
	p.text("ProductName", m.ProductName)
	p.instant("EffectiveAt", m.EffectiveAt)
	p.link("Link", m.Link)
	m.Terms.check(p, "Terms")
	facts := append([]row{{Label: "Product", Value: m.ProductName}}, m.Terms.rows("Price now, before tax")...)
	after := "Nothing is charged for the time after that."
	if m.Terms.ByUse {
		after += " A last invoice is for the users who are active until then."
	}
	return content{
		Facts: rows(append(facts, row{Label: "Last day", Value: words.LastDay(m.EffectiveAt, zone), Strong: true}, row{Label: "Cancelled by", Value: m.ByName})...),
		Words: []string{after},
	}
}

// SubscriptionEnded goes to the owner and the billing admins when a subscription has
// ended.
type SubscriptionEnded struct {
	Frame
	ProductName string
	// Terms are those until the end; none where the product was subscribed to again.
	Terms   Terms
	EndedAt time.Time
	Link    Link
}

// Kind is KindSubscriptionEnded.
func (SubscriptionEnded) Kind() Kind { return KindSubscriptionEnded }

func (m SubscriptionEnded) prepare(p *proof) content {
	p.text("ProductName", m.ProductName)
	p.instant("EndedAt", m.EndedAt)
	p.link("Link", m.Link)
	if m.Terms.PlanName != "" {
		m.Terms.check(p, "Terms")
	}
	facts := append([]row{{Label: "Product", Value: m.ProductName}, {Label: "Company", Value: m.AccountName}}, m.Terms.rows("Price until then, before tax")...)
	return content{Facts: rows(append(facts, row{Label: "Ended", Value: words.Moment(m.EndedAt, zoneOf(m.Frame))})...)}
}

// TrialEnded goes to the owner and the billing admins when a trial has ended and the
// subscription goes on.
type TrialEnded struct {
	Frame
	ProductName string
	// Terms are those from now on.
	Terms   Terms
	EndedAt time.Time
	// InvoiceNumber is that of the first invoice; empty where none was issued.
	InvoiceNumber string
	Link          Link
}

// Kind is KindTrialEnded.
func (TrialEnded) Kind() Kind { return KindTrialEnded }

func (m TrialEnded) prepare(p *proof) content {
	p.text("ProductName", m.ProductName)
	p.instant("EndedAt", m.EndedAt)
	p.link("Link", m.Link)
	m.Terms.check(p, "Terms")
	facts := append([]row{{Label: "Product", Value: m.ProductName}}, m.Terms.rows("Price from now on, before tax")...)
	c := content{Facts: rows(append(facts,
		row{Label: "Trial ended", Value: words.Moment(m.EndedAt, zoneOf(m.Frame))}, row{Label: "First invoice", Value: m.InvoiceNumber})...)}
	switch {
	case m.Terms.ByUse:
		c.Words = []string{"The users who are active are billed when each period has ended."}
	case m.InvoiceNumber != "":
		c.Words = []string{"The first invoice is for the time until the next period begins."}
	}
	return c
}
