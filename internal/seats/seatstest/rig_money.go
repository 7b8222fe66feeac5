package seatstest

import (
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
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
	for _, e := range sortedValues(r.Store.Snapshot().Events[r.Account]) {
		if len(types) == 0 || slices.Contains(types, e.Type) {
			found = append(found, *e)
		}
	}
	return found
}

// Invoices are the account's invoices in the order of their numbers.
func (r *Rig) Invoices() []billing.Invoice {
	r.Helper()
	var found []billing.Invoice
	for _, issued := range sortedValues(r.Store.Snapshot().Invoices[r.Account]) {
		inv, err := billing.ParseInvoice(issued.Canonical)
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

// Clean fails the test where the auditor finds something in any account.
func (r *Rig) Clean() {
	r.Helper()
	for _, line := range AuditAll(r.Ctx, r.Store, r.Wall.Now()) {
		r.Error(line)
	}
}
