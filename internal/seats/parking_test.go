package seats_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// broken are ways in which an account cannot be closed, and how they are mended.
func broken() map[string]struct{ do, mend func(*seatstest.Rig) } {
	plan := func(change func(*seats.Plan)) func(*seatstest.Rig) {
		return func(r *seatstest.Rig) {
			r.Store.Tamper(func(d *seatstest.Data) { change(d.Plans[r.Plan.ID][r.Plan.Version]) })
		}
	}
	price := func(unit int64) func(*seatstest.Rig) {
		return plan(func(p *seats.Plan) {
			p.Prices = map[money.Currency]billing.Price{"EUR": {Model: billing.PerSeat, UnitMinor: unit}}
		})
	}
	return map[string]struct{ do, mend func(*seatstest.Rig) }{
		"the price went up a hundredfold": {price(200_000), price(2000)},
		"the price is beyond all amounts": {price(1 << 62), price(2000)},
		"the plan has no such currency": {
			plan(func(p *seats.Plan) {
				p.Prices = map[money.Currency]billing.Price{"USD": {Model: billing.PerSeat, UnitMinor: 2000}}
			}), price(2000),
		},
		"the plan is missing": {
			func(r *seatstest.Rig) { r.Store.Tamper(func(d *seatstest.Data) { delete(d.Plans, r.Plan.ID) }) },
			func(r *seatstest.Rig) {
				r.Store.Tamper(func(d *seatstest.Data) { d.Plans[r.Plan.ID] = map[int]*seats.Plan{r.Plan.Version: r.Plan} })
			},
		},
		"the time zone is none": {
			func(r *seatstest.Rig) {
				r.Store.Tamper(func(d *seatstest.Data) { d.Accounts[r.Account].Zone = "Mars/Base" })
			},
			func(r *seatstest.Rig) {
				r.Store.Tamper(func(d *seatstest.Data) { d.Accounts[r.Account].Zone = "Europe/Berlin" })
			},
		},
		"the tax rate is above all": {
			func(r *seatstest.Rig) {
				r.Store.Tamper(func(d *seatstest.Data) { d.Accounts[r.Account].TaxPPM = billing.MaxTaxPPM + 1 })
			},
			func(r *seatstest.Rig) { r.Store.Tamper(func(d *seatstest.Data) { d.Accounts[r.Account].TaxPPM = 0 }) },
		},
		"the credit is negative": {
			func(r *seatstest.Rig) {
				r.Store.Tamper(func(d *seatstest.Data) { d.Accounts[r.Account].CreditMinor = -1 })
			},
			func(r *seatstest.Rig) {
				r.Store.Tamper(func(d *seatstest.Data) { d.Accounts[r.Account].CreditMinor = 0 })
			},
		},
	}
}

func TestAnAccountThatCannotBeClosedIsParkedAndTakenUpAgainWhenMended(t *testing.T) {
	for name, way := range broken() {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t)
			healthy := seatstest.Open(t, seatstest.In(r), seatstest.OnPlan(func(p *seats.Plan) { p.ID = "another-plan" }))
			way.do(r)
			r.Wall.Set(utc("2027-01-15 00:00:00"))
			equal(t, "closed", r.Close(), 0)
			a := r.Stored()
			equal(t, "status", a.Status, seats.AccountParked)
			if a.ParkedFor == "" || len(a.ParkedFor) > 160 {
				t.Errorf("parked for %q", a.ParkedFor)
			}
			equal(t, "the boundary that stays due", a.Due, decemberFirst())
			equal(t, "events", len(r.Events(seats.AccountParkedEvent)), 1)
			equal(t, "invoices", len(r.Invoices()), 1)
			equal(t, "closed again", r.Close(), 0)
			equal(t, "the other account's closes", healthy.Close(), 2)

			still, err := r.Service.RetryParked(r.Ctx, seatstest.Operator(), r.Account)
			r.Must(err)
			equal(t, "status after a retry that mended nothing", still.Status, seats.AccountParked)
			way.mend(r)
			open, err := r.Service.RetryParked(r.Ctx, seatstest.Operator(), r.Account)
			r.Must(err)
			equal(t, "status", open.Status, seats.AccountOpen)
			equal(t, "closes", len(r.Events(seats.CycleClosed)), 2)
			equal(t, "invoices", len(r.Invoices()), 3)
			_, err = r.Service.RetryParked(r.Ctx, seatstest.Operator(), r.Account)
			wantCode(t, err, "state_conflict")
			r.Clean()
		})
	}
}

func TestAParkedAccountRefusesMoneyMovementsOnly(t *testing.T) {
	r := stage(t, seats.Policies{AutoSeats: true, AdminsMaySpend: true})
	park(r)
	before := r.Store.Snapshot()
	for _, u := range uses() {
		want := ""
		switch u.name {
		case "quote", "confirm a quote", "cancel a decrease":
			want = "account_parked"
		}
		// Long overdue, too: nothing is closed on the way.
		r.Wall.Set(utc("2027-06-01 00:00:00"))
		err := u.do(r, r.Caller("owner"))
		if got := codeOf(err); got != want && u.name != "send an invitation again" {
			t.Errorf("%s: got %q, want %q", u.name, got, want)
		}
		equal(t, "closes", len(r.Events(seats.CycleClosed)), 0)
		r.Store.Restore(before)
	}
}

func TestALostAnswerIsGivenAgainThoughTheAccountIsParkedSince(t *testing.T) {
	r := seatstest.Open(t)
	q := r.Quote(8)
	confirm := func(key string) (seats.Reply[seats.SeatChangeResult], error) {
		return r.Service.ConfirmSeats(r.Ctx, r.Caller("owner"), r.Account, r.Sub, q.ID, true, seatstest.Once[seats.SeatChangeResult](key, "confirm"))
	}
	_, err := confirm("key")
	r.Must(err)
	park(r)
	before := r.Store.Snapshot()
	again, err := confirm("key")
	r.Must(err)
	if again.Replayed == nil {
		t.Error("the answer is not the kept one")
	}
	_, err = confirm("another key")
	wantCode(t, err, "account_parked")
	nothingChanged(t, r, before)
	r.Wall.Advance(seats.ReceiptTTL)
	_, err = confirm("key")
	wantCode(t, err, "account_parked")
}

func TestACloseThatFailsForAnOutageParksNobody(t *testing.T) {
	r := seatstest.Open(t)
	r.Wall.Set(utc("2026-12-01 00:00:00"))
	count := seatstest.Crash(r.Store, 0, false)
	before := r.Store.Snapshot()
	_, err := r.On(count).Close(r.Ctx, r.Account)
	r.Must(err)
	for k := 1; k <= count.Calls(); k++ {
		r.Store.Restore(before)
		_, err := r.On(seatstest.Crash(r.Store, k, false)).Close(r.Ctx, r.Account)
		if !errors.Is(err, seatstest.ErrDied) {
			t.Errorf("call %d: %v", k, err)
		}
		equal(t, "status", r.Stored().Status, seats.AccountOpen)
	}
}

func TestParkingThatSomebodyWasFasterThanLooksAgain(t *testing.T) {
	r := seatstest.Open(t)
	way := broken()["the price went up a hundredfold"]
	way.do(r)
	r.Wall.Set(utc("2026-12-01 00:00:00"))
	racing := &seatstest.Racing{Store: r.Store, Before: func(n int, _ *seats.Change) {
		if n == 1 {
			way.mend(r)
			r.Close()
		}
	}}
	_, err := r.On(racing).Close(r.Ctx, r.Account)
	r.Must(err)
	equal(t, "status", r.Stored().Status, seats.AccountOpen)
	equal(t, "invoices", len(r.Invoices()), 2)
	r.Clean()
}

func TestParkedAccountsAreListedForTheVendorsStaff(t *testing.T) {
	r := seatstest.Open(t)
	other := seatstest.Open(t, seatstest.In(r))
	park(other)
	all, _, err := r.Service.ListParked(r.Ctx, seats.Page{Limit: 10})
	r.Must(err)
	equal(t, "parked", len(all), 1)
	equal(t, "account", all[0].Account.ID, other.Account)
	everybody, cursor, err := r.Service.ListAccounts(r.Ctx, seats.Page{Limit: 1})
	r.Must(err)
	equal(t, "a page", len(everybody), 1)
	rest, cursor, err := r.Service.ListAccounts(r.Ctx, seats.Page{Limit: 1, Cursor: cursor})
	r.Must(err)
	equal(t, "the next page", len(rest), 1)
	equal(t, "the end", cursor, "")
	_, err = r.Service.Overview(r.Ctx, "acc_"+seats.AccountID(strings.Repeat("0", 26)))
	wantCode(t, err, "not_found")
	_, err = r.Service.CloseNow(r.Ctx, "acc_x")
	wantCode(t, err, "not_found")
}
