package mail

import (
	"fmt"
	"time"

	"github.com/usher-seats/usher/internal/words"
)

// InvitationReminder goes to an invited person whose link ends soon.
type InvitationReminder struct {
	Frame
	// InviterName is who invited; empty reads "Somebody".
	InviterName string
	// ProductName is what a license is kept for; it may be empty.
	ProductName string
	// ExpiresAt is when the link ends.
	ExpiresAt time.Time
	// Link is that of the invitation's own mail.
	Link Link
}

// Kind is KindInvitationReminder.
func (InvitationReminder) Kind() Kind { return KindInvitationReminder }

func (m InvitationReminder) prepare(p *proof) content {
	p.instant("ExpiresAt", m.ExpiresAt)
	p.link("Link", m.Link)
	return content{Facts: rows(
		row{Label: "Product", Value: m.ProductName},
		row{Label: "Company", Value: m.AccountName},
		row{Label: "Invited by", Value: m.InviterName},
		row{Label: "Valid until", Value: words.Moment(m.ExpiresAt, zoneOf(m.Frame))},
	)}
}

// What takes effect at the end of a period.
const (
	ChangeDecrease     = "decrease"
	ChangeCancellation = "cancellation"
	ChangePlan         = "plan"
)

// ChangeReminder goes to the owner and the billing admins some days before
// something scheduled takes effect.
type ChangeReminder struct {
	Frame
	// Change is one of the constants above.
	Change      string
	ProductName string
	// EffectiveAt is the end of the running period: until then it can be taken back.
	EffectiveAt time.Time
	// SeatsFrom and SeatsTo are the seats before and after; both 0 leave them out, and
	// a cancellation has none after.
	SeatsFrom, SeatsTo int64
	// PlanFrom and PlanTo are the plans' names, for ChangePlan.
	PlanFrom, PlanTo string
	// People are the names of those who lose their license by it, as of now; the mail
	// lists the first of them. PeopleCount is how many there are.
	People      []string
	PeopleCount int64
	// Link leads to the page where it is taken back.
	Link Link
}

// Kind is KindChangeReminder.
func (ChangeReminder) Kind() Kind { return KindChangeReminder }

func (m ChangeReminder) prepare(p *proof) content {
	p.text("ProductName", m.ProductName)
	p.instant("EffectiveAt", m.EffectiveAt)
	p.link("Link", m.Link)
	p.oneOf("Change", m.Change, map[string]string{ChangeDecrease: "", ChangeCancellation: "", ChangePlan: ""})
	switch {
	case m.SeatsFrom < 0 || m.SeatsTo < 0:
		p.fault("SeatsFrom is %d and SeatsTo %d: neither may be negative", m.SeatsFrom, m.SeatsTo)
	case m.Change == ChangeDecrease && m.SeatsTo >= m.SeatsFrom:
		p.fault("SeatsTo is %d and SeatsFrom %d: a decrease keeps fewer seats than before", m.SeatsTo, m.SeatsFrom)
	}
	if int64(len(m.People)) > m.PeopleCount {
		p.fault("PeopleCount is %d, but %d are named", m.PeopleCount, len(m.People))
	}
	if m.Change == ChangePlan {
		p.text("PlanFrom", m.PlanFrom)
		p.text("PlanTo", m.PlanTo)
	}
	facts := []row{{Label: "Product", Value: m.ProductName}}
	if m.Change == ChangePlan {
		facts = append(facts, row{Label: "Plan", Value: m.PlanFrom + " → " + m.PlanTo, Strong: true})
	}
	if m.SeatsFrom != m.SeatsTo && m.Change != ChangeCancellation {
		facts = append(facts, row{Label: "Seats", Value: words.Count(m.SeatsFrom) + " → " + words.Count(m.SeatsTo), Strong: true})
	}
	facts = append(facts, row{Label: "Effective", Value: words.Date(m.EffectiveAt, zoneOf(m.Frame))})
	c := content{Facts: rows(facts...)}
	for _, name := range m.People[:min(len(m.People), maxListed)] {
		c.Words = append(c.Words, orElse(name, "Somebody"))
	}
	if len(c.Words) > 0 {
		c.More = int(m.PeopleCount) - len(c.Words)
	}
	return c
}

// Concerned says how many people lose their license, for the templates.
func (m ChangeReminder) Concerned() string {
	if m.PeopleCount == 1 {
		return "1 person loses"
	}
	return fmt.Sprintf("%s people lose", words.Count(m.PeopleCount))
}
