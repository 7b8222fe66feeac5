package seatstest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/audit"
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

// Pool is the account's subscription.
func (r *Rig) Pool() *seats.Subscription {
	r.Helper()
	view, err := r.Store.Load(r.Ctx, seats.Want{Account: r.Account, Products: []string{r.Product}})
	r.Must(err)
	return view.Subscriptions[r.Product]
}

// Stored is the account itself.
func (r *Rig) Stored() *seats.Account {
	r.Helper()
	view, err := r.Store.Load(r.Ctx, seats.Want{Account: r.Account})
	r.Must(err)
	return view.Account
}

// Events are the ledger's events of the types, or all of them, oldest first.
func (r *Rig) Events(types ...string) []seats.Event {
	r.Helper()
	var found []seats.Event
	r.Store.Tamper(func(d *Data) {
		for _, e := range sortedValues(d.Events[r.Account]) {
			if len(types) == 0 || slices.Contains(types, e.Type) {
				found = append(found, deepCopy(&r.Store.copies, *e))
			}
		}
	})
	return found
}

// Invoices are the account's invoices in the order of their numbers.
func (r *Rig) Invoices() []billing.Invoice {
	r.Helper()
	var issued []*seats.IssuedInvoice
	r.Store.Tamper(func(d *Data) { issued = deepCopy(&r.Store.copies, sortedValues(d.Invoices[r.Account])) })
	var found []billing.Invoice
	for _, each := range issued {
		inv, err := billing.ParseInvoice(each.Canonical)
		r.Must(err)
		found = append(found, inv)
	}
	return found
}

// Quote lets the owner ask for the price of a number of seats.
func (r *Rig) Quote(n int64) *seats.Quote {
	r.Helper()
	q, _, err := r.Service.QuoteSeats(r.Ctx, r.Caller("owner"), r.Account, r.Sub, n)
	r.Must(err)
	return q
}

// Confirm lets the owner agree to a quote.
func (r *Rig) Confirm(q *seats.Quote) (seats.SeatChangeResult, error) {
	r.Helper()
	reply, err := r.Service.ConfirmSeats(r.Ctx, r.Caller("owner"), r.Account, r.Sub, q.ID, true, Once[seats.SeatChangeResult](r.Key(), "confirm"))
	return reply.Result, err
}

// Change quotes and confirms a number of seats.
func (r *Rig) Change(n int64) seats.SeatChangeResult {
	r.Helper()
	result, err := r.Confirm(r.Quote(n))
	r.Must(err)
	return result
}

// Assign lets the owner give a license to somebody.
func (r *Rig) Assign(people ...string) []seats.AssignResult {
	r.Helper()
	var ids []seats.UserID
	for _, who := range people {
		ids = append(ids, r.ID(who))
	}
	reply, err := r.Service.Assign(r.Ctx, r.Caller("owner"), r.Account, r.Sub, ids, seats.Once[[]seats.AssignResult]{})
	r.Must(err)
	return reply.Result
}

// Revoke lets the owner take somebody's license.
func (r *Rig) Revoke(who string) {
	r.Helper()
	_, err := r.Service.Revoke(r.Ctx, r.Caller("owner"), r.Account, r.Sub, r.ID(who), seats.Once[struct{}]{})
	r.Must(err)
}

// Close closes what is due and gives the number of boundaries.
func (r *Rig) Close() int {
	r.Helper()
	n, err := r.Service.Close(r.Ctx, r.Account)
	r.Must(err)
	return n
}

// CloseAt moves the wall clock to an instant and closes what is due then.
func (r *Rig) CloseAt(at time.Time) int {
	r.Helper()
	r.Wall.Set(at)
	return r.Close()
}

// AddProduct subscribes the account to a second product now, at unitMinor a seat,
// as an operator would: with its invoice, in one transaction. Pools and Quote go on
// speaking of the first.
func (r *Rig) AddProduct(product string, interval billing.Interval, n, unitMinor int64) seats.SubscriptionID {
	r.Helper()
	plan := Plan()
	plan.ID, plan.Product.ID, plan.Product.Name, plan.Interval = product+"-plan", product, product, interval
	plan.Prices = map[money.Currency]billing.Price{"EUR": {Model: billing.PerSeat, UnitMinor: unitMinor}}
	refs, err := r.Service.PublishPlans(r.Ctx, []*seats.Plan{plan})
	r.Must(err)
	a, now := r.Stored(), r.Wall.Now()
	mint := &seats.Minter{At: now, Wall: now}
	copy(mint.Seed[:], product)
	loc, err := a.Location()
	r.Must(err)
	period := billing.FirstPeriod(a.Anchor, interval, loc, now)
	factor := period.Factor(plan.Policies.Proration, now, loc)
	due, err := billing.SubscribeDue(&billing.Price{Model: billing.PerSeat, UnitMinor: unitMinor}, n, factor)
	r.Must(err)
	sub := &seats.Subscription{
		ID: mint.Subscription(product), Account: r.Account, Product: product, Rev: 1, Status: seats.SubscriptionActive, Plan: refs[0],
		Seats: n, Free: n, Period: period, Zone: a.Zone, StartedAt: now, ForecastMinor: n * unitMinor,
	}
	from := a.Rev
	a.Rev++
	a.Invoices++
	if period.End.Before(a.Due) {
		a.Due = period.End
	}
	started := seats.Event{
		ID: mint.Event(), Account: r.Account, Type: seats.SubscriptionStarted, At: now, RecordedAt: now, Actor: Operator(),
		Revs: []seats.Rev{{ID: string(sub.ID), Rev: 1}},
		Data: seats.EventData{Subscription: sub.ID, Product: product, Plan: refs[0], Seats: n, InvoiceNumber: a.Invoices},
	}
	line := billing.Line{
		Kind: billing.LineSeats, SubscriptionID: string(sub.ID), ProductID: product, PlanID: plan.ID, PlanVersion: refs[0].Version,
		Description: fmt.Sprintf("%s, %s: %d seats, %s to %s", product, plan.Name, n, period.StartDate, period.EndDate.AddDays(-1)), Seats: n, UnitMinor: unitMinor, FactorNum: factor.Num, FactorDen: factor.Den,
		PeriodStart: period.Start, PeriodEnd: period.End, TaxPPM: a.TaxPPM, EventIDs: []string{string(started.ID)},
	}
	line.AmountMinor, err = billing.SettleIncrease(due)
	r.Must(err)
	v := plan.Vendor
	inv := billing.Invoice{
		Kind: billing.KindInvoice, Number: a.Invoices, AccountID: string(a.ID), Currency: string(a.Currency), Zone: a.Zone, IssuedAt: now,
		Customer: a.Customer, Vendor: billing.Party{Name: v.Name, AddressLines: v.AddressLines, TaxID: v.TaxID, Country: v.Country},
		Lines: []billing.Line{line},
	}
	r.Must(inv.Total(0))
	canonical := inv.Canonical()
	r.Must(r.Store.Commit(r.Ctx, r.Account, &seats.Change{
		Account:       &seats.AccountWrite{Account: a, From: from},
		Subscriptions: []seats.SubscriptionWrite{{Subscription: sub, FreeDelta: n}},
		Invoice:       &seats.IssuedInvoice{Number: inv.Number, Canonical: canonical, Hash: billing.Hash(canonical), IssuedAt: now, Status: seats.InvoiceOpen},
		Events:        []seats.Event{started},
	}))
	return sub.ID
}

// Clean fails the test where the auditor finds something in any account, or where an
// invoice is not computed anew to the same bytes.
func (r *Rig) Clean() {
	r.Helper()
	for _, line := range AuditAll(r.Ctx, r.Store, r.Wall.Now()) {
		if !r.Doctored || !strings.HasPrefix(line, string(audit.Credit)+" ") {
			r.Error(line)
		}
	}
	r.verify()
}

// GiveCredit gives the account credit behind the domain's back, from which on nothing
// is said of the account's credit any more.
func (r *Rig) GiveCredit(minor int64) {
	r.Store.Tamper(func(d *Data) { d.Accounts[r.Account].CreditMinor = minor })
	r.Doctored = true
}

// verify computes every document of every account anew.
func (r *Rig) verify() {
	r.Helper()
	var accounts []*seats.Account
	numbers := map[seats.AccountID][]int64{}
	r.Store.Tamper(func(d *Data) {
		accounts = deepCopy(&r.Store.copies, sortedValues(d.Accounts))
		for id, all := range d.Invoices {
			numbers[id] = slices.Sorted(maps.Keys(all))
		}
	})
	for _, a := range accounts {
		for _, number := range numbers[a.ID] {
			v, err := r.Service.Verify(r.Ctx, a, number)
			r.Must(err)
			for _, d := range v.Differences {
				// Some tests give credit behind the domain's back.
				if d.Field != "credit_applied_minor" && d.Field != "amount_due_minor" && (!r.Doctored || !strings.HasSuffix(d.Field, ".description")) {
					r.Errorf("document %d of %s is not computed anew: %+v", number, a.ID, d)
				}
			}
		}
	}
}
