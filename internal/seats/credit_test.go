package seats_test

import (
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// credits is a plan that credits decreases at once, settled in one of the ways.
func credits(settle seats.Settle) seatstest.Option {
	return seatstest.OnPolicies(func(p *seats.Policies) { p.Decrease, p.Settle = seats.DecreaseImmediateCredit, settle })
}

func taxedAt(ppm int64) seatstest.Option {
	return seatstest.OnAccount(func(o *seats.OpenAccount) { o.TaxPPM = ppm })
}

func TestSeatsGivenBackAreCreditedAtOnceWithTheirTax(t *testing.T) {
	r := seatstest.Open(t, credits(seats.SettleNow), taxedAt(190_000))
	r.Wall.Set(midNovember())
	q := r.Quote(3)
	equal(t, "kind", q.DueNow.Kind, billing.KindCreditNote)
	equalSlices(t, "credited", amounts(q.DueNow), []int64{1200})
	equal(t, "with tax", q.DueNow.TotalMinor, 1428)
	// 3 × 20.00 and tax, less what was credited.
	equal(t, "next", q.Next.AmountDueMinor, 7140-1428)
	result, err := r.Confirm(q)
	r.Must(err)
	equal(t, "event", result.Event.Type, seats.SeatsDecreased)
	equal(t, "credit note", result.Event.Data.CreditNote, 2)
	equal(t, "amount", result.Event.Data.AmountMinor, 1428)
	equal(t, "seats", r.Pool().Seats, 3)
	equal(t, "free", r.Pool().Free, 3)
	equal(t, "credit", r.Stored().CreditMinor, 1428)
	equal(t, "number", r.Invoices()[1].Number, 2)
	r.Clean()
	r.CloseAt(utc("2026-11-30 23:00:00"))
	equal(t, "used up", r.Invoices()[2].CreditAppliedMinor, 1428)
	equal(t, "credit left", r.Stored().CreditMinor, 0)
	r.Clean()
}

func TestOnlyFreeSeatsAreGivenBackAtOnce(t *testing.T) {
	r := seatstest.Open(t, credits(seats.SettleNow))
	r.JoinLicensed("ann", "bob", "cid")
	r.Invite(seatstest.Invitee("dan", r.Sub))
	_, err := quote(r, "owner", 3)
	wantCode(t, err, "seats_in_use")
	q := r.Quote(4)
	r.Join("eve")
	r.Assign("eve")
	before := r.Store.Snapshot()
	_, err = confirm(r, "owner", q.ID, true, "key")
	wantCode(t, err, "seats_in_use")
	nothingChanged(t, r, before)
	r.Revoke("eve")
	_, err = r.Confirm(q)
	r.Must(err)
	equal(t, "free", r.Pool().Free, 0)
	r.Clean()
}

func TestAnImmediateDecreaseReleasesTheNewestLicenses(t *testing.T) {
	newest := seatstest.OnPolicies(func(p *seats.Policies) { p.OverAssigned = seats.ReleaseNewest })
	open := func(t *testing.T) (*seatstest.Rig, *seats.Quote) {
		r := seatstest.Open(t, credits(seats.SettleNow), newest)
		for _, who := range []string{"ann", "bob", "cid"} {
			r.JoinLicensed(who)
			r.Wall.Advance(time.Hour)
		}
		r.Invite(seatstest.Invitee("dan", r.Sub))
		return r, r.Quote(2)
	}
	check := func(t *testing.T, r *seatstest.Rig) {
		t.Helper()
		equal(t, "free", r.Pool().Free, 0)
		for who, held := range map[string]bool{"ann": true, "bob": true, "cid": false} {
			_, holds := r.User(who).Licenses[r.Product]
			equal(t, who, holds, held)
		}
		equal(t, "reserved", r.User("dan").HoldsSeat(), "")
		equal(t, "due", r.Stored().Due, utc("2026-11-30 23:00:00"))
		r.Clean()
	}
	t.Run("at once", func(t *testing.T) {
		r, q := open(t)
		_, err := r.Confirm(q)
		r.Must(err)
		check(t, r)
	})
	t.Run("whatever call it dies at", func(t *testing.T) {
		for call := 1; ; call++ {
			died := false
			for _, after := range []bool{false, true} {
				r, q := open(t)
				dying := seatstest.Crash(r.Store, call, after)
				once := seatstest.Once[seats.SeatChangeResult]("key", "confirm")
				_, _ = r.On(dying).ConfirmSeats(r.Ctx, r.Caller("owner"), r.Account, r.Sub, q.ID, true, once)
				died = died || dying.Died()
				if r.Pool().Seats == 2 {
					// The change was made: time alone finishes it.
					r.Close()
				}
				_, err := r.Service.ConfirmSeats(r.Ctx, r.Caller("owner"), r.Account, r.Sub, q.ID, true, once)
				r.Must(err)
				check(t, r)
			}
			if !died {
				t.Logf("dies at any of %d calls", call-1)
				return
			}
		}
	})
}

func TestChangesOfOneSettlementNet(t *testing.T) {
	for _, settle := range []seats.Settle{seats.SettleDaily, seats.SettleNextInvoice} {
		t.Run(string(settle), func(t *testing.T) {
			t.Run("added and given back is nothing", func(t *testing.T) {
				r := seatstest.Open(t, credits(settle))
				r.Wall.Set(midNovember())
				r.Change(8)
				r.Change(5)
				r.CloseAt(utc("2026-11-30 23:00:00"))
				invoices := r.Invoices()
				equalSlices(t, "the next period alone", amounts(&invoices[len(invoices)-1]), []int64{10000})
				equal(t, "credit", r.Stored().CreditMinor, 0)
				r.Clean()
			})
			t.Run("more given back than added is credited", func(t *testing.T) {
				r := seatstest.Open(t, credits(settle))
				r.Wall.Set(midNovember())
				r.Change(6)
				r.Change(2)
				if len(r.Invoices()) != 1 {
					t.Error("something was issued at once")
				}
				r.CloseAt(utc("2026-11-30 23:00:00"))
				var credited, applied int64
				for _, inv := range r.Invoices() {
					if inv.Kind == billing.KindCreditNote {
						credited += inv.TotalMinor
					}
					applied += inv.CreditAppliedMinor
				}
				equal(t, "credited", credited, 1800)
				equal(t, "used by the next period", applied, 1800)
				r.Clean()
			})
		})
	}
}

func TestADaysChangesAreInvoicedWhenItEnds(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.Settle = seats.SettleDaily }))
	r.Wall.Set(midNovember())
	q := r.Quote(8)
	equal(t, "due now", q.DueNow, nil)
	_, err := r.Confirm(q)
	r.Must(err)
	equal(t, "settled", r.Pool().SettleAt, utc("2026-11-22 23:00:00"))
	equal(t, "the account is due then", r.Stored().Due, utc("2026-11-22 23:00:00"))
	r.Wall.Advance(2 * time.Hour)
	r.Change(9)
	r.CloseAt(utc("2026-11-22 23:00:00"))
	equalSlices(t, "one line for both", amounts(&r.Invoices()[1]), []int64{2400})
	equal(t, "due next", r.Stored().Due, utc("2026-11-30 23:00:00"))
	r.Change(10)
	equal(t, "the next day is another", r.Pool().SettleAt, utc("2026-11-23 23:00:00"))
	r.Clean()
}

// Fewer seats may cost more where their number sets the price of all: then giving
// them back earns nothing, and charges nothing.
func TestGivingBackSeatsThatMadeAllCheaperEarnsNothing(t *testing.T) {
	r := seatstest.Open(t, credits(seats.SettleNow), seatstest.Seats(10), seatstest.OnPlan(func(p *seats.Plan) {
		p.Prices["EUR"] = billing.Price{Model: billing.Volume, Tiers: []billing.Tier{{UpTo: 9, UnitMinor: 2000}, {UnitMinor: 1000}}}
	}))
	q := r.Quote(9)
	equal(t, "due now", q.DueNow, nil)
	_, err := r.Confirm(q)
	r.Must(err)
	equal(t, "credit", r.Stored().CreditMinor, 0)
	r.Clean()
}

func TestADecreaseOnRequestAsksForARequest(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.Decrease = seats.DecreaseOnRequest }))
	_, err := quote(r, "owner", 3)
	wantCode(t, err, "contact_sales")
	_, err = quote(r, "owner", 6)
	wantCode(t, err, "")
}
