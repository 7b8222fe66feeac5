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
	switch {
	case err != nil:
		return err
	case part.Num == 0:
		c.notBilled(sub, part.DeltaMinor)
		return nil
	case plan.Policies.Settle != SettleNow:
		return c.wait(t, sub, plan, part)
	}
	// Fewer seats that cost more are not charged.
	c.notBilled(sub, max(part.DeltaMinor, 0))
	part = c.earned(sub, part)
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

// notBilled notes a difference of the price of the whole period that is neither billed
// nor given back.
func (c *moneyChange) notBilled(sub *Subscription, deltaMinor int64) {
	if !sub.Trial { // all of what follows a trial is billed when it ends
		c.write.Subscription.NotBilledMinor += deltaMinor
	}
}

// earned is a change of seats that earns nothing which was not billed. Seats may have
// cost nothing, where a larger number made all of them cheaper or an earlier plan did
// not prorate, and what they cost may have been taken back with a voided invoice.
func (c *moneyChange) earned(sub *Subscription, part Unbilled) Unbilled {
	bounded := billedOf(part.DeltaMinor, sub.NotBilledMinor)
	if bounded != part.DeltaMinor {
		c.event.Data.DeltaMinor, c.event.Data.NotBilledMinor = bounded, sub.NotBilledMinor
		c.notBilled(sub, part.DeltaMinor-bounded)
		part.DeltaMinor = bounded
	}
	return part
}

// billedOf is a difference in price, or where it is below zero as much of it as was
// billed.
func billedOf(deltaMinor, notBilledMinor int64) int64 {
	if deltaMinor >= 0 || notBilledMinor <= 0 {
		return deltaMinor
	}
	return min(deltaMinor+notBilledMinor, 0)
}

// creditLine gives back what changes of seats come to, if it is below zero.
func creditLine(a *Account, sub *Subscription, plan *Plan, parts []Unbilled) (billing.Line, error) {
	l, err := netLine(a, sub, plan, parts)
	l.Kind, l.AmountMinor = billing.LineCredit, max(-l.AmountMinor, 0)
	return l, err
}
