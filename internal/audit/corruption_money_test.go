package audit_test

import (
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/audit"
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// product makes a plan one of another product.
func product(id string) func(*seats.Plan) {
	return func(p *seats.Plan) { p.Product = seats.Product{ID: id, Name: id} }
}

// moneyed is an account with every way of buying: days settled, seats given back for
// credit, an upgrade, a plan and an end scheduled, a trial that ended and one that
// runs, active users, an invoice paid and one voided, a cap, a product ended and
// subscribed to again, and changes that wait.
func moneyed(tb testing.TB) *seatstest.Rig {
	r := seatstest.Open(tb, seatstest.Seats(8), seatstest.OnAccount(func(a *seats.OpenAccount) { a.TaxPPM = 190_000 }),
		seatstest.OnPolicies(func(p *seats.Policies) {
			p.Settle, p.Decrease = seats.SettleDaily, seats.DecreaseImmediateCredit
			p.AdminMonthlyCap = map[money.Currency]int64{"EUR": 100_000}
		}))
	pro := r.Publish("pro", func(p *seats.Plan) {
		p.Rank, p.Prices["EUR"], p.Policies = 2, billing.Price{Model: billing.PerSeat, UnitMinor: 3000}, r.Plan.Policies
	})
	low := r.Publish("low", func(p *seats.Plan) { p.Rank, p.Policies = 0, r.Plan.Policies })
	desk := r.Publish("desk", func(p *seats.Plan) { product("desk")(p); seatstest.ActiveUsers(seats.CountDaily)(&p.Policies) })
	tried := r.Publish("tried", func(p *seats.Plan) { product("tried")(p); p.Policies.TrialDays = 10 })
	trying := r.Publish("trying", func(p *seats.Plan) { product("trying")(p); p.Policies.TrialDays = 60 })
	over := r.Publish("over", func(p *seats.Plan) { product("over")(p) })
	r.At("2026-11-05 09:00:00")
	r.Join("ann", "bob", "cid")
	r.JoinAs(seats.Admin, "adm")
	r.Subscribe(desk.ID, 0)
	r.Subscribe(tried.ID, 2)
	again := r.Subscribe(over.ID, 1).ID
	_, err := r.Service.Cancel(r.Ctx, r.Caller("owner"), r.Account, again, seats.Once[*seats.Subscription]{})
	r.Must(err)
	r.At("2026-11-10 09:00:00")
	r.Change(10)
	r.Close()
	r.At("2026-11-12 09:00:00")
	r.Change(6)
	r.Deactivate("cid")
	r.At("2026-11-20 09:00:00")
	r.Close()
	_, err = r.Service.MarkPaid(r.Ctx, seatstest.Operator(), r.Account, 1, seats.Once[*seats.IssuedInvoice]{})
	r.Must(err)
	_, err = r.Service.VoidInvoice(r.Ctx, seatstest.Operator(), r.Account, 1, "billed twice", seats.Once[*seats.IssuedInvoice]{})
	r.Must(err)
	_, err = r.Service.MarkPaid(r.Ctx, seatstest.Operator(), r.Account, 2, seats.Once[*seats.IssuedInvoice]{})
	r.Must(err)
	r.ChangePlan(pro.ID, 0)
	r.CloseAt(at("2026-12-05 09:00:00"))
	r.Subscribe(over.ID, 2)
	r.Subscribe(trying.ID, 3)
	q, _, err := r.Service.QuoteSeats(r.Ctx, r.Caller("adm"), r.Account, r.Sub, 9)
	r.Must(err)
	_, err = r.Service.ConfirmSeats(r.Ctx, r.Caller("adm"), r.Account, r.Sub, q.ID, true, seatstest.Once[seats.SeatChangeResult](r.Key(), ""))
	r.Must(err)
	r.ChangePlan(low.ID, 0)
	r.Cancel()
	r.Clean()
	return r
}

func (c *corrupt) sub(product string) *seats.Subscription {
	return c.Subscriptions[c.r.Account][product]
}

// note is the first credit note that takes no invoice back, or the first that does.
func (c *corrupt) note(voids bool) int64 {
	for n := int64(1); ; n++ {
		inv, err := billing.ParseInvoice(c.invoice(n).Canonical)
		if err != nil {
			panic(err)
		}
		if inv.Kind == billing.KindCreditNote && (inv.Corrects != 0) == voids {
			return n
		}
	}
}

// list is the only list of billed people.
func (c *corrupt) list() (string, *seats.Billed) {
	for key, list := range c.Billed[c.r.Account] {
		return key, list
	}
	panic("nobody is billed")
}

// ended is the cycle's end that billed active users.
func (c *corrupt) usage() *seats.Event {
	for n := 1; ; n++ {
		if e := c.event(seats.CycleClosed, n); e.Data.QuantityDen != 0 {
			return e
		}
	}
}

func TestEveryCorruptionOfCreditAndItsDocumentsIsFound(t *testing.T) {
	find(t, moneyed(t), []corruption{
		{"credit given", audit.Credit, func(c *corrupt) { c.account().CreditMinor++ }},
		{"credit taken", audit.Credit, func(c *corrupt) { c.account().CreditMinor-- }},
		{"a credit note dropped", audit.InvoiceNumbers, func(c *corrupt) { delete(c.Invoices[c.r.Account], c.note(false)) }},
		{"a credit note that takes an invoice back dropped", audit.InvoiceNumbers, func(c *corrupt) { delete(c.Invoices[c.r.Account], c.note(true)) }},
		{"a credit note that gives more", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(c.note(false), retotal(func(inv *billing.Invoice) { inv.Lines[0].AmountMinor += 100 }))
		}},
		{"a credit note that is an invoice", audit.InvoiceBytes, func(c *corrupt) {
			c.rewrite(c.note(false), func(inv *billing.Invoice) { inv.Kind = billing.KindInvoice })
		}},
		{"a credit note that takes another invoice back", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(c.note(true), func(inv *billing.Invoice) { inv.Corrects = 2 })
		}},
		{"a credit note that takes less back", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(c.note(true), retotal(func(inv *billing.Invoice) { inv.Lines[0].AmountMinor-- }))
		}},
		{"a voided invoice revived", audit.InvoiceBytes, func(c *corrupt) { c.invoice(1).Status = seats.InvoiceOpen }},
		{"an invoice voided by nobody", audit.InvoiceBytes, func(c *corrupt) { c.invoice(2).Status = seats.InvoiceVoid }},
		{"an invoice paid that was not", audit.InvoiceBytes, func(c *corrupt) {
			c.invoice(3).Status, c.invoice(3).PaidAt = seats.InvoicePaid, c.r.Wall.Now()
		}},
		{"a payment forgotten", audit.InvoiceBytes, func(c *corrupt) { c.invoice(2).Status, c.invoice(2).PaidAt = seats.InvoiceOpen, time.Time{} }},
		{"a payment's event dropped", audit.InvoiceBytes, func(c *corrupt) { c.dropEvent(seats.InvoicePaidEvent, 2) }},
		{"a void's event dropped", audit.InvoiceBytes, func(c *corrupt) { c.dropEvent(seats.InvoiceVoided, 1) }},
		{"a voided invoice that was never paid", audit.Credit, func(c *corrupt) {
			c.invoice(1).PaidAt = time.Time{}
			c.dropEvent(seats.InvoicePaidEvent, 1)
		}},
		{"more spent than bought", audit.Spending, func(c *corrupt) { c.user("adm").Spent.Minor++ }},
		{"less spent than bought", audit.Spending, func(c *corrupt) { c.user("adm").Spent.Minor-- }},
		{"spent in another month", audit.Spending, func(c *corrupt) { c.user("adm").Spent.Month = "2026-11" }},
		{"spent by who bought nothing", audit.Spending, func(c *corrupt) { c.user("bob").Spent = &seats.Spending{Month: "2026-12", Minor: 1} }},
	})
}

func TestEveryCorruptionOfUsageIsFound(t *testing.T) {
	find(t, moneyed(t), []corruption{
		{"a list dropped", audit.BilledPeople, func(c *corrupt) {
			key, _ := c.list()
			delete(c.Billed[c.r.Account], key)
		}},
		{"somebody left out of the list", audit.BilledPeople, func(c *corrupt) { _, l := c.list(); l.People = l.People[1:] }},
		{"a day more in the list", audit.BilledPeople, func(c *corrupt) { _, l := c.list(); l.People[0].Days++ }},
		{"another hash", audit.BilledPeople, func(c *corrupt) { c.usage().Data.PeopleSHA256 = seats.HashBilled(nil) }},
		{"another number of people", audit.BilledPeople, func(c *corrupt) { c.usage().Data.People++ }},
		{"more user-days", audit.BilledPeople, func(c *corrupt) { c.usage().Data.QuantityNum++ }},
		{"another number of days", audit.BilledPeople, func(c *corrupt) { c.usage().Data.QuantityDen++ }},
		{"somebody deactivated later", audit.BilledPeople, func(c *corrupt) {
			e := c.event(seats.UserDeactivatedEvent, 1)
			e.At = e.At.AddDate(0, 0, 1)
		}},
		{"somebody who joined earlier", audit.BilledPeople, func(c *corrupt) {
			e := c.event(seats.UserJoined, 1)
			e.At = e.At.Add(-time.Hour).AddDate(0, 0, 1)
		}},
		{"a line of other people", audit.InvoiceLines, func(c *corrupt) {
			c.rewrite(c.usage().Data.InvoiceNumber, func(inv *billing.Invoice) {
				for i := range inv.Lines {
					if inv.Lines[i].Kind == billing.LineUsage {
						inv.Lines[i].People++
					}
				}
			})
		}},
	})
}

func TestEveryCorruptionOfPlansAndPeriodsIsFound(t *testing.T) {
	find(t, moneyed(t), []corruption{
		{"a scheduled plan dropped", audit.PoolHistory, func(c *corrupt) { c.pool().PendingPlan = nil }},
		{"another plan scheduled", audit.PoolHistory, func(c *corrupt) { c.pool().PendingPlan.Plan = c.r.Plan.Ref() }},
		{"a plan scheduled that does not exist", audit.PoolItem, func(c *corrupt) { c.pool().PendingPlan.Plan.Version = 9 }},
		{"a plan scheduled by nobody", audit.PoolItem, func(c *corrupt) { c.pool().PendingPlan.By = "" }},
		{"a cancellation dropped", audit.PoolHistory, func(c *corrupt) { c.pool().Cancel = nil }},
		{"a cancellation that never was", audit.PoolHistory, func(c *corrupt) { c.sub("desk").Cancel = &seats.PendingCancel{By: c.account().Owner} }},
		{"a cancellation by somebody else", audit.PoolHistory, func(c *corrupt) { c.pool().Cancel.By = c.user("adm").ID }},
		{"back on the plan before the upgrade", audit.PoolHistory, func(c *corrupt) { c.pool().Plan = c.r.Plan.Ref() }},
		{"an upgrade of another part", audit.PoolHistory, func(c *corrupt) { c.event(seats.PlanUpgraded, 1).Data.FactorNum-- }},
		{"an upgrade from another plan", audit.PoolHistory, func(c *corrupt) { c.event(seats.PlanUpgraded, 1).Data.FromPlan.ID = "low" }},
		{"an upgrade that is not there", audit.Revisions, func(c *corrupt) { c.dropEvent(seats.PlanUpgraded, 1) }},
		{"a trial that ended early", audit.Cycles, func(c *corrupt) { c.sub("trying").Trial = false }},
		{"a trial that never was", audit.Cycles, func(c *corrupt) { c.sub("tried").Trial = true }},
		{"a trial's end moved", audit.Cycles, func(c *corrupt) { c.sub("tried").TrialEnded = c.sub("tried").TrialEnded.Add(time.Hour) }},
		{"a trial prolonged", audit.Cycles, func(c *corrupt) {
			p := &c.sub("trying").Period
			p.End, p.EndDate = p.End.AddDate(0, 0, 1), p.EndDate.AddDays(1)
		}},
		{"a start moved", audit.Cycles, func(c *corrupt) { c.sub("desk").StartedAt = c.sub("desk").StartedAt.Add(time.Hour) }},
		{"a trial's close that says it was none", audit.PoolHistory, func(c *corrupt) {
			for n := 1; ; n++ {
				if e := c.event(seats.CycleClosed, n); e.Data.Trial {
					e.Data.Trial = false
					return
				}
			}
		}},
		{"a day put off", audit.PoolHistory, func(c *corrupt) { c.pool().SettleAt = c.pool().SettleAt.AddDate(0, 0, 1) }},
		{"a day forgotten", audit.AccountItem, func(c *corrupt) { c.pool().SettleAt = time.Time{} }},
		{"a change that waits dropped", audit.PoolHistory, func(c *corrupt) { c.pool().Unbilled = nil }},
		{"a change that waits made cheaper", audit.PoolHistory, func(c *corrupt) { c.pool().Unbilled[0].DeltaMinor-- }},
		{"a day to settle with nothing waiting", audit.PoolItem, func(c *corrupt) { c.sub("over").SettleAt = c.r.Wall.Now() }},
		{"a settled day dropped", audit.Revisions, func(c *corrupt) { c.dropEvent(seats.DaySettled, 1) }},
		{"a settled day of other seats", audit.PoolHistory, func(c *corrupt) { c.event(seats.DaySettled, 1).Data.To++ }},
		{"a settled day at another hour", audit.PoolHistory, func(c *corrupt) { e := c.event(seats.DaySettled, 1); e.At = e.At.Add(time.Hour) }},
		{"a credit note that an event does not name", audit.InvoiceLines, func(c *corrupt) { c.event(seats.DaySettled, 2).Data.CreditNote = 0 }},
		{"an end that is not told", audit.LedgerEntry, func(c *corrupt) { c.dropEvent(seats.SubscriptionEndedEv, 1) }},
		{"an end with other seats", audit.PoolHistory, func(c *corrupt) { c.event(seats.SubscriptionEndedEv, 1).Data.From++ }},
		{"a subscription ended by nobody", audit.PoolHistory, func(c *corrupt) { c.sub("desk").Status = seats.SubscriptionEnded }},
		{"seats where all users are billed", audit.PoolItem, func(c *corrupt) { c.sub("desk").Seats, c.sub("desk").Free = 1, 1 }},
		{"a resubscription's start dropped", audit.PoolHistory, func(c *corrupt) { c.dropEvent(seats.SubscriptionStarted, -2) }},
	})
}
