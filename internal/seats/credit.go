package seats

import (
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// creditNote gives lines back to the account, tax included: a document of the
// invoices' series, whose total later invoices use up. The caller writes the account
// in the same transaction.
func creditNote(a *Account, vendor Vendor, at time.Time, lines ...billing.Line) (*billing.Invoice, *IssuedInvoice, error) {
	note := draft(a, vendor, at)
	note.Kind, note.Lines = billing.KindCreditNote, lines
	if err := note.Total(0); err != nil {
		return nil, nil, err
	}
	issued := issue(a, note)
	a.CreditMinor += note.TotalMinor
	return note, issued, nil
}

// giveBack takes seats away at once, and credits the rest of the period. Seats in use
// are given back only where the plan releases the newest licenses; then the pool is
// short of seats until that is done, and the account stays due.
func (c *moneyChange) giveBack(t *turn, sub *Subscription, plan *Plan, n int64, at time.Time) error {
	next := c.write.Subscription
	next.Pending = nil
	c.resize(sub, n)
	// Whether licenses must be released is certain only if nobody moved meanwhile.
	c.write.FreeIs = true
	if c.releases() {
		if plan.Policies.OverAssigned != ReleaseNewest {
			return seatsInUse(sub, n)
		}
		c.due(t, t.Now)
	}
	part, err := c.part(t, sub, plan, n, at)
	if err != nil {
		return err
	}
	if part.Num > 0 && plan.Policies.Settle != SettleNow {
		return c.wait(t, sub, plan, part)
	}
	a := c.changed(t)
	l, err := creditLine(a, sub, plan, []Unbilled{part})
	if err != nil || l.AmountMinor == 0 {
		return err
	}
	if c.dueNow, c.note, err = creditNote(a, plan.Vendor, at, l); err != nil {
		return err
	}
	c.event.Data.AmountMinor, c.event.Data.CreditNote = c.dueNow.TotalMinor, c.dueNow.Number
	return nil
}

// creditLine gives back what changes of seats come to, if it is below zero.
func creditLine(a *Account, sub *Subscription, plan *Plan, parts []Unbilled) (billing.Line, error) {
	l, err := netLine(a, sub, plan, parts)
	l.Kind, l.AmountMinor = billing.LineCredit, max(-l.AmountMinor, 0)
	return l, err
}
