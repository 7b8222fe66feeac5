package audit_test

import (
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/audit"
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

func TestEveryCorruptionOfPoolsIsFound(t *testing.T) {
	find(t, lived(t), []corruption{
		{"a seat too many counted free", audit.PoolCount, func(c *corrupt) { c.pool().Free++ }},
		{"a seat too few counted free", audit.PoolCount, func(c *corrupt) { c.pool().Free-- }},
		{"seats given", audit.PoolHistory, func(c *corrupt) { c.pool().Seats++; c.pool().Free++ }},
		{"seats taken", audit.PoolHistory, func(c *corrupt) { c.pool().Seats--; c.pool().Free-- }},
		{"a pool dropped", audit.LedgerEntry, func(c *corrupt) { delete(c.Subscriptions[c.r.Account], c.r.Product) }},
		{"a pool that belongs elsewhere", audit.PoolItem, func(c *corrupt) { c.pool().Account = "acc_00000000000000000000000000" }},
		{"a pool under another product", audit.PoolItem, func(c *corrupt) { c.pool().Product = "meetings" }},
		{"a plan swapped", audit.PoolHistory, func(c *corrupt) { c.pool().Plan = c.Subscriptions[c.r.Account]["meetings"].Plan }},
		{"a plan that does not exist", audit.PoolItem, func(c *corrupt) { c.pool().Plan.Version = 99 }},
		{"a status that is none", audit.PoolItem, func(c *corrupt) { c.pool().Status = "paused" }},
		{"a decrease dropped", audit.PoolHistory, func(c *corrupt) { c.pool().Pending = nil }},
		{"a decrease to another number", audit.PoolHistory, func(c *corrupt) { c.pool().Pending.Seats-- }},
		{"a decrease that is none", audit.PoolItem, func(c *corrupt) { c.pool().Pending.Seats = c.pool().Seats }},
		{"a decrease by another event", audit.PoolHistory, func(c *corrupt) { c.pool().Pending.Event = c.event(seats.DecreaseScheduled, 1).ID }},
		{"an increase waiting that never was", audit.PoolHistory, func(c *corrupt) {
			c.pool().Unbilled = []seats.Unbilled{{Event: c.event(seats.SeatsIncreased, 1).ID, Plan: c.pool().Plan, FromSeats: 8, ToSeats: 10, DeltaMinor: 4000, Num: 1, Den: 1}}
		}},
		{"a period prolonged", audit.Cycles, func(c *corrupt) { c.pool().Period.End = c.pool().Period.End.Add(time.Hour) }},
		{"a period that starts late", audit.Cycles, func(c *corrupt) { c.pool().Period.Start = c.pool().Period.Start.Add(time.Hour) }},
		{"a period skipped", audit.Cycles, func(c *corrupt) {
			p := &c.pool().Period
			loc, _ := c.account().Location()
			*p = p.Next(c.account().Anchor, billing.Month, loc)
		}},
		{"a period's date changed", audit.Cycles, func(c *corrupt) { c.pool().Period.EndDate = c.pool().Period.EndDate.AddDays(1) }},
		{"a period's number changed", audit.Cycles, func(c *corrupt) { c.pool().Period.Index++ }},
		{"a pool's revision raised", audit.Revisions, func(c *corrupt) { c.pool().Rev++ }},
		{"a forecast below zero", audit.PoolItem, func(c *corrupt) { c.pool().ForecastMinor = -1 }},
		{"an account's revision raised", audit.Revisions, func(c *corrupt) { c.account().Rev += 5 }},
		{"an account's revision lowered", audit.Revisions, func(c *corrupt) { c.account().Rev-- }},
		{"a close put off", audit.AccountItem, func(c *corrupt) { c.account().Due = c.account().Due.AddDate(0, 1, 0) }},
		{"no close due", audit.AccountItem, func(c *corrupt) { c.account().Due = time.Time{} }},
		{"an anchor moved", audit.Cycles, func(c *corrupt) { c.account().Anchor = c.account().Anchor.AddDays(1) }},
		{"a zone that is none", audit.AccountItem, func(c *corrupt) { c.account().Zone = "Mars/Base" }},
		{"a currency that is none", audit.AccountItem, func(c *corrupt) { c.account().Currency = "XXX" }},
		{"another currency", audit.InvoiceBytes, func(c *corrupt) { c.account().Currency = "USD" }},
		{"a negative credit", audit.AccountItem, func(c *corrupt) { c.account().CreditMinor = -1 }},
		{"parked without a reason", audit.AccountItem, func(c *corrupt) { c.account().Status = seats.AccountParked }},
		{"a clock of an ordinary account", audit.AccountItem, func(c *corrupt) { c.account().Clock = c.r.Wall.Now() }},
		{"another account's id", audit.AccountItem, func(c *corrupt) { c.account().ID = "acc_00000000000000000000000000" }},
	})
}
