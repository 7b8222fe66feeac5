package audit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/audit"
	"github.com/usher-seats/usher/internal/seats"
)

func TestEveryCorruptionOfTheLedgerIsFound(t *testing.T) {
	var cases []corruption
	// Each event dropped, whatever its type.
	r := lived(t)
	kinds := map[string]int{}
	for _, e := range r.Events() {
		kinds[e.Type]++
		kind, n := e.Type, kinds[e.Type]
		rule := audit.Revisions
		if kind == seats.AccountOpened {
			rule = audit.LedgerEntry
		}
		cases = append(cases, corruption{fmt.Sprintf("%s number %d dropped", kind, n), rule, func(c *corrupt) { c.dropEvent(kind, n) }})
	}
	cases = append(cases, []corruption{
		{"a type that is none", audit.LedgerEntry, func(c *corrupt) { c.event(seats.UserJoined, 1).Type = "user.vanished" }},
		{"an event that belongs elsewhere", audit.LedgerEntry, func(c *corrupt) { c.event(seats.UserJoined, 1).Account = "acc_00000000000000000000000000" }},
		{"an event before the opening", audit.Revisions, func(c *corrupt) { c.event(seats.UserJoined, 1).At = at("2026-01-01 00:00:00") }},
		{"an event that was never recorded", audit.LedgerEntry, func(c *corrupt) { c.event(seats.UserJoined, 1).RecordedAt = time.Time{} }},
		{"an event by nobody", audit.LedgerEntry, func(c *corrupt) { c.event(seats.LicenseAssigned, 1).Actor.ID = "usr_00000000000000000000000000" }},
		{"an event by a robot", audit.LedgerEntry, func(c *corrupt) { c.event(seats.LicenseAssigned, 1).Actor.Kind = "robot" }},
		{"an event by somebody else", audit.UserHistory, func(c *corrupt) { c.event(seats.LicenseAssigned, -1).Actor.ID = string(c.user("bob").ID) }},
		{"an event about somebody of elsewhere", audit.LedgerEntry, func(c *corrupt) { c.event(seats.UserJoined, 1).Data.UserID = "usr_00000000000000000000000000" }},
		{"an event without revisions", audit.LedgerEntry, func(c *corrupt) { c.event(seats.UserJoined, 1).Revs = nil }},
		{"a revision of an item of elsewhere", audit.LedgerEntry, func(c *corrupt) { c.event(seats.UserJoined, 1).Revs[0].ID = "usr_00000000000000000000000000" }},
		{"a revision to come", audit.LedgerEntry, func(c *corrupt) { c.event(seats.UserJoined, 1).Revs[0].Rev = 99 }},
		{"the same revision twice", audit.Revisions, func(c *corrupt) {
			e := *c.event(seats.UserJoined, 1)
			e.ID, e.RecordedAt = "evt_00000000000000000000000000", e.RecordedAt.Add(time.Second)
			c.Events[c.r.Account][e.ID] = &e
		}},
		{"an event under an id that is none", audit.LedgerEntry, func(c *corrupt) {
			e := *c.event(seats.UserJoined, 1)
			c.dropEvent(seats.UserJoined, 1)
			e.ID = "evt_x"
			c.Events[c.r.Account][e.ID] = &e
		}},
		{"another invitation in an event", audit.LedgerEntry, func(c *corrupt) {
			c.event(seats.UserInvitedEvent, 1).Data.InvitationID = seats.InvitationOf(c.r.Owner)
		}},
		{"a role in an event changed", audit.UserHistory, func(c *corrupt) { c.event(seats.UserInvitedEvent, -1).Data.Role = seats.Admin }},
		{"a license in an event untold", audit.UserHistory, func(c *corrupt) {
			for _, e := range c.Events[c.r.Account] {
				e.Data.Licensed = e.Data.Licensed && e.Data.UserID != c.user("ann").ID
			}
		}},
		{"an ended license in an event untold", audit.UserHistory, func(c *corrupt) { c.event(seats.UserDeactivatedEvent, 1).Data.Ended = []string{"valuation"} }},
		{"seats in an increase changed", audit.PoolHistory, func(c *corrupt) { c.event(seats.SeatsIncreased, 1).Data.To++ }},
		{"the price in an increase changed", audit.PoolHistory, func(c *corrupt) { c.event(seats.SeatsIncreased, 1).Data.DeltaMinor++ }},
		{"the factor in an increase changed", audit.PoolHistory, func(c *corrupt) { c.event(seats.SeatsIncreased, 1).Data.FactorNum-- }},
		{"the amount in an increase changed", audit.InvoiceLines, func(c *corrupt) { c.event(seats.SeatsIncreased, 1).Data.AmountMinor++ }},
		{"the invoice in an increase changed", audit.InvoiceLines, func(c *corrupt) { c.event(seats.SeatsIncreased, 1).Data.InvoiceNumber = 1 }},
		{"the invoice in an increase forgotten", audit.InvoiceLines, func(c *corrupt) { c.event(seats.SeatsIncreased, 1).Data.InvoiceNumber = 0 }},
		{"the target of a decrease changed", audit.PoolHistory, func(c *corrupt) { c.event(seats.DecreaseScheduled, 1).Data.To++ }},
		{"a close of another period", audit.PoolHistory, func(c *corrupt) { c.event(seats.CycleClosed, 1).Data.PeriodStart = at("2026-11-02 00:00:00") }},
		{"a close of other seats", audit.PoolHistory, func(c *corrupt) { c.event(seats.CycleClosed, 1).Data.To++ }},
		{"a close twice", audit.PoolHistory, func(c *corrupt) {
			e := *c.event(seats.CycleClosed, 1)
			e.ID = "evt_00000000000000000000000000"
			e.Revs = []seats.Rev{{ID: e.Revs[0].ID, Rev: e.Revs[0].Rev + 1}}
			c.Events[c.r.Account][e.ID] = &e
		}},
		{"an invoice mailed twice", audit.InvoiceLines, func(c *corrupt) {
			c.event(seats.CycleClosed, -1).Data.InvoiceFirst = true
			c.event(seats.CycleClosed, -2).Data.InvoiceFirst = true
		}},
		{"an invoice mailed never", audit.InvoiceLines, func(c *corrupt) { c.event(seats.CycleClosed, 1).Data.InvoiceFirst = false }},
	}...)
	find(t, r, cases)
}
