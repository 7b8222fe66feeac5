package seats_test

import (
	"testing"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// Fault 32: what no honest close comes to is stopped, and an honest one never.
func TestNoHonestCloseIsStopped(t *testing.T) {
	for name, do := range map[string]func(*seatstest.Rig){
		"automatic seats that were all given": func(r *seatstest.Rig) {
			auto := r.Publish("auto", func(p *seats.Plan) { p.Rank, p.Policies.AutoSeats = 0, true })
			r.ChangePlan(auto.ID, 0)
			r.CloseAt(decemberFirst())
			equal(t, "seats", r.Pool().Seats, 0)
			ids := many(r, 50)
			r.Change(50)
			_, err := assign(r, "owner", ids, none[[]seats.AssignResult]())
			r.Must(err)
		},
		"a plan by the year": func(r *seatstest.Rig) {
			r.ChangePlan(r.Publish("year", func(p *seats.Plan) { p.Interval, p.Prices = billing.Year, priced(30_000) }).ID, 0)
		},
		"a dearer plan at the boundary": func(r *seatstest.Rig) {
			r.ChangePlan(r.Publish("enterprise", func(p *seats.Plan) { p.Rank, p.Prices = 0, priced(900_000) }).ID, 0)
		},
		"a dearer plan at once": func(r *seatstest.Rig) {
			r.ChangePlan(r.Publish("enterprise", func(p *seats.Plan) { p.Rank, p.Prices = 9, priced(900_000) }).ID, 0)
		},
		"many more users than before": func(r *seatstest.Rig) {
			users := r.Publish("users", func(p *seats.Plan) { p.Rank = 0; seatstest.ActiveUsers(seats.CountDaily)(&p.Policies) })
			r.ChangePlan(users.ID, 0)
			r.CloseAt(decemberFirst())
			many(r, 60)
		},
		"a trial with many seats": func(r *seatstest.Rig) {
			trial := r.Publish("trial", func(p *seats.Plan) {
				p.Product, p.Policies.TrialDays = seats.Product{ID: "trial", Name: "Trial"}, 20
			})
			id := r.Subscribe(trial.ID, 1).ID
			q, _, err := r.Service.QuoteSeats(r.Ctx, r.Caller("owner"), r.Account, id, 400)
			r.Must(err)
			_, err = r.Service.ConfirmSeats(r.Ctx, r.Caller("owner"), r.Account, id, q.ID, true, seatstest.Once[seats.SeatChangeResult](r.Key(), ""))
			r.Must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t)
			do(r)
			r.CloseAt(utc("2027-03-15 00:00:00"))
			equal(t, "parked for", r.Stored().ParkedFor, "")
			r.Clean()
		})
	}
}

func TestAProductThatCannotBeClosedHidesNoPriceOfAnother(t *testing.T) {
	for name, change := range map[string]func(*seats.Plan){
		"a price that went up a hundredfold": func(p *seats.Plan) { p.Prices["EUR"] = billing.Price{Model: billing.PerSeat, UnitMinor: 200_000} },
		"a price beyond all amounts":         func(p *seats.Plan) { p.Prices["EUR"] = billing.Price{Model: billing.PerSeat, UnitMinor: 1 << 62} },
		"no price":                           func(p *seats.Plan) { p.Prices = priced(0); delete(p.Prices, "EUR") },
	} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t)
			bad := r.Publish("bad", func(p *seats.Plan) { p.Product, p.Prices = seats.Product{ID: "bad", Name: "Bad"}, priced(2000) })
			r.Subscribe(bad.ID, 2)
			r.Store.Tamper(func(d *seatstest.Data) { change(d.Plans["bad"][1]) })
			q := r.Quote(7)
			equal(t, "due now", q.DueNow.NetMinor, 4000)
			mine := q.Next.Lines[len(q.Next.Lines)-1]
			equal(t, "the product of the last line", mine.ProductID, r.Product)
			equal(t, "the next invoice", mine.AmountMinor, 14000)
			_, err := r.Confirm(q)
			r.Must(err)
			inv, _, err := r.Service.Upcoming(r.Ctx, r.Caller("owner"), r.Account)
			r.Must(err)
			equal(t, "upcoming", inv.Lines[len(inv.Lines)-1].AmountMinor, 14000)
			// The close itself is stopped.
			r.CloseAt(decemberFirst())
			equal(t, "status", r.Stored().Status, seats.AccountParked)
		})
	}
}
