package audit_test

import (
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/audit"
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

func TestEveryCorruptionOfInvoicesIsFound(t *testing.T) {
	find(t, lived(t), []corruption{
		{"an invoice dropped", audit.InvoiceNumbers, func(c *corrupt) { delete(c.Invoices[c.r.Account], 2) }},
		{"the last invoice dropped", audit.InvoiceNumbers, func(c *corrupt) { delete(c.Invoices[c.r.Account], c.account().Invoices) }},
		{"an invoice too many", audit.InvoiceNumbers, func(c *corrupt) {
			inv := *c.invoice(2)
			inv.Number = c.account().Invoices + 1
			c.Invoices[c.r.Account][inv.Number] = &inv
		}},
		{"a number skipped", audit.InvoiceNumbers, func(c *corrupt) { c.account().Invoices++ }},
		{"two invoices exchanged", audit.InvoiceBytes, func(c *corrupt) {
			all := c.Invoices[c.r.Account]
			all[1].Canonical, all[2].Canonical = all[2].Canonical, all[1].Canonical
			all[1].Hash, all[2].Hash = all[2].Hash, all[1].Hash
		}},
		{"one byte of an invoice altered", audit.InvoiceBytes, func(c *corrupt) { c.invoice(2).Canonical[200] ^= 1 }},
		{"a hash altered", audit.InvoiceBytes, func(c *corrupt) { c.invoice(2).Hash = c.invoice(1).Hash }},
		{"an invoice emptied", audit.InvoiceBytes, func(c *corrupt) { c.invoice(2).Canonical = nil; c.invoice(2).Hash = billing.Hash(nil) }},
		{"a status that is none", audit.InvoiceBytes, func(c *corrupt) { c.invoice(2).Status = "shredded" }},
		{"another date of issue", audit.InvoiceBytes, func(c *corrupt) { c.invoice(2).IssuedAt = c.r.Wall.Now() }},
		{"a sum altered, hash and all", audit.InvoiceBytes, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.TotalMinor-- }) }},
		{"the tax altered, hash and all", audit.InvoiceBytes, func(c *corrupt) {
			c.rewrite(2, func(inv *billing.Invoice) { inv.TaxMinor, inv.TotalMinor = 0, inv.NetMinor })
		}},
		{"the tax lines altered, hash and all", audit.InvoiceBytes, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.TaxLines[0].RatePPM = 70_000 }) }},
		{"the amount due altered, hash and all", audit.InvoiceBytes, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.AmountDueMinor = 0 }) }},
		{"a line's amount altered and all totalled again", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(2, retotal(func(inv *billing.Invoice) { inv.Lines[0].AmountMinor -= 100 }))
		}},
		{"a line's seats altered", audit.InvoiceLines, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.Lines[0].Seats++ }) }},
		{"a line's factor altered", audit.InvoiceLines, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.Lines[0].FactorNum++ }) }},
		{"a line's period altered", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(3, func(inv *billing.Invoice) { inv.Lines[0].PeriodEnd = inv.Lines[0].PeriodEnd.Add(time.Hour) })
		}},
		{"a line's plan altered", audit.InvoiceLines, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.Lines[0].PlanVersion = 9 }) }},
		{"a line that rests on another event", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(2, func(inv *billing.Invoice) { inv.Lines[0].EventIDs[0] = string(c.event(seats.UserJoined, 1).ID) })
		}},
		{"a line that rests on no event", audit.InvoiceLines, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.Lines[0].EventIDs = nil }) }},
		{"a line that rests on what never was", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(2, func(inv *billing.Invoice) { inv.Lines[0].EventIDs[0] = "evt_00000000000000000000000000" })
		}},
		{"a line twice", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(2, retotal(func(inv *billing.Invoice) { inv.Lines = append(inv.Lines, inv.Lines[0]) }))
		}},
		{"a line dropped", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(c.account().Invoices, retotal(func(inv *billing.Invoice) { inv.Lines = inv.Lines[1:] }))
		}},
		{"an invoice of another account", audit.InvoiceBytes, func(c *corrupt) {
			c.rewrite(2, func(inv *billing.Invoice) { inv.AccountID = "acc_00000000000000000000000000" })
		}},
		{"an invoice in another currency", audit.InvoiceBytes, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.Currency = "USD" }) }},
		{"an invoice by another vendor", audit.InvoiceLines, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.Vendor.Name = "Evil Ltd" }) }},
		{"an invoice that is a credit note", audit.InvoiceBytes, func(c *corrupt) { c.rewrite(2, func(inv *billing.Invoice) { inv.Kind = billing.KindCreditNote }) }},
		{"an invoice issued on another day, hash and all", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(2, func(inv *billing.Invoice) { inv.IssuedAt = inv.IssuedAt.Add(time.Hour) })
			c.invoice(2).IssuedAt = c.invoice(2).IssuedAt.Add(time.Hour)
		}},
	})
}

func TestEveryCorruptionOfWhatWaitsForTheNextInvoiceIsFound(t *testing.T) {
	find(t, waiting(t), []corruption{
		{"an increase forgotten", audit.PoolHistory, func(c *corrupt) { c.pool().Unbilled = c.pool().Unbilled[1:] }},
		{"an increase twice", audit.PoolHistory, func(c *corrupt) { c.pool().Unbilled = append(c.pool().Unbilled, c.pool().Unbilled[0]) }},
		{"a price altered", audit.PoolHistory, func(c *corrupt) { c.pool().Unbilled[0].DeltaMinor-- }},
		{"a factor altered", audit.PoolHistory, func(c *corrupt) { c.pool().Unbilled[1].Num-- }},
		{"an increase billed at once too", audit.PoolHistory, func(c *corrupt) { c.event(seats.SeatsIncreased, 1).Data.InvoiceNumber = 1 }},
		{"a settled line altered and all totalled again", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(2, retotal(func(inv *billing.Invoice) { inv.Lines[0].AmountMinor++ }))
		}},
	})
}
