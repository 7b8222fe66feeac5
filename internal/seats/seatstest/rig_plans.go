package seatstest

import (
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

// Publish publishes a plan that is like the rig's but for its id and what change does
// to it.
func (r *Rig) Publish(id string, change func(*seats.Plan)) *seats.Plan {
	r.Helper()
	plan := Plan()
	plan.ID, plan.Name, plan.Product = id, id, r.Plan.Product
	change(plan)
	refs, err := r.Service.PublishPlans(r.Ctx, []*seats.Plan{plan})
	r.Must(err)
	plan.Version = refs[0].Version
	return plan
}

// ActiveUsers makes a plan one of active users.
func ActiveUsers(count seats.ActiveCount) func(*seats.Policies) {
	return func(p *seats.Policies) { p.Billing, p.ActiveCount = seats.BillingActiveUsers, count }
}

// QuotePlan lets the owner ask for the price of another plan; 0 leaves the seats.
func (r *Rig) QuotePlan(plan string, n int64) *seats.Quote {
	r.Helper()
	q, _, err := r.Service.QuotePlan(r.Ctx, r.Caller("owner"), r.Account, r.Sub, plan, n)
	r.Must(err)
	return q
}

// ChangePlan quotes and confirms another plan.
func (r *Rig) ChangePlan(plan string, n int64) seats.SeatChangeResult {
	r.Helper()
	q := r.QuotePlan(plan, n)
	reply, err := r.Service.ConfirmPlan(r.Ctx, r.Caller("owner"), r.Account, r.Sub, q.ID, true, Once[seats.SeatChangeResult](r.Key(), "plan"))
	r.Must(err)
	return reply.Result
}

// Cancel lets the owner cancel the subscription at the end of its cycle.
func (r *Rig) Cancel() {
	r.Helper()
	_, err := r.Service.Cancel(r.Ctx, r.Caller("owner"), r.Account, r.Sub, seats.Once[*seats.Subscription]{})
	r.Must(err)
}

// Resume lets the owner take a cancellation back.
func (r *Rig) Resume() {
	r.Helper()
	_, err := r.Service.Resume(r.Ctx, r.Caller("owner"), r.Account, r.Sub, seats.Once[*seats.Subscription]{})
	r.Must(err)
}

// Subscribe lets the owner buy a subscription to a plan, after its quote.
func (r *Rig) Subscribe(plan string, n int64) *seats.Subscription {
	r.Helper()
	q, _, err := r.Service.QuoteSubscription(r.Ctx, r.Caller("owner"), r.Account, plan, n)
	r.Must(err)
	reply, err := r.Service.Subscribe(r.Ctx, r.Caller("owner"), r.Account, q.ID, true, Once[seats.SeatChangeResult](r.Key(), "subscribe"))
	r.Must(err)
	return reply.Result.Subscription
}

// Deactivate lets the owner deactivate somebody.
func (r *Rig) Deactivate(who string) {
	r.Helper()
	_, err := r.Service.DeactivateUser(r.Ctx, r.Caller("owner"), r.Account, r.ID(who), seats.Once[*seats.User]{})
	r.Must(err)
}

// Activate lets the owner activate somebody.
func (r *Rig) Activate(who string) {
	r.Helper()
	_, err := r.Service.ActivateUser(r.Ctx, r.Caller("owner"), r.Account, r.ID(who), seats.Once[*seats.User]{})
	r.Must(err)
}

// Remove lets the owner remove somebody.
func (r *Rig) Remove(who string) {
	r.Helper()
	_, err := r.Service.RemoveUser(r.Ctx, r.Caller("owner"), r.Account, r.ID(who), seats.Once[*seats.User]{})
	r.Must(err)
}

// Billed are the people that a usage line names.
func (r *Rig) Billed(line *billing.Line) []seats.BilledPerson {
	r.Helper()
	b, err := r.Store.Billed(r.Ctx, r.Account, line.ProductID, line.PeriodStart, line.PeopleSHA256)
	r.Must(err)
	return b.People
}

// SubscriptionOf is the account's subscription to a product, or nil.
func (r *Rig) SubscriptionOf(product string) *seats.Subscription {
	r.Helper()
	view, err := r.Store.Load(r.Ctx, seats.Want{Account: r.Account, Products: []string{product}})
	r.Must(err)
	return view.Subscriptions[product]
}

// At moves the wall clock to an instant such as "2026-11-22 09:00:00" in UTC.
func (r *Rig) At(text string) time.Time {
	r.Helper()
	at, err := time.Parse(time.DateTime, text)
	r.Must(err)
	r.Wall.Set(at)
	return at
}
