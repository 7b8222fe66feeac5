package seats_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

const bulkSeed = 23

// Fault 23: 500 people are given licenses, 100 a request, by processes that die at any
// call, on fewer seats than people. Sent again with its key, each request goes on; no
// seat is lost and none is given twice.
func TestFiveHundredLicensesSurviveEveryCrash(t *testing.T) {
	const people, count = 500, 480
	runs := faulttest.Size(2, 60)
	random := rand.New(rand.NewPCG(bulkSeed, 0))
	r := seatstest.Open(t, seatstest.Seats(count))
	ids := many(r, people)
	start, now := r.Store.Snapshot(), r.Wall.Now()
	orphans, died := 0, 0
	for n := range runs {
		r.Store.Restore(start)
		r.Wall.Set(now)
		for i, part := range slices.Collect(slices.Chunk(ids, seats.MaxAssignUsers)) {
			once := seatstest.Once[[]seats.AssignResult](fmt.Sprintf("key %d %d", n, i), "body")
			for {
				process := seatstest.Crash(r.Store, random.IntN(2)*(1+random.IntN(9)), random.IntN(2) == 0)
				_, err := r.On(process).Assign(r.Ctx, r.Caller("owner"), r.Account, r.Sub, part, once)
				r.Wall.Advance(time.Minute) // the lease of a claim runs out
				if err == nil {
					break
				}
				if !errors.Is(err, seatstest.ErrDied) {
					t.Fatal(err)
				}
				died++
			}
		}
		used, pool := counted(r)
		if used != count || pool.Free != 0 {
			orphans++
			t.Errorf("%d licenses on %d seats, %d counted free", used, count, pool.Free)
		}
		r.Clean()
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 23, Did: fmt.Sprintf("%d people given licenses on %d seats, %d a request, by processes that die between the parts", people, count, seats.MaxAssignUsers),
		Bad: orphans, Of: runs, What: "pools with an orphan or a seat too many", Seed: bulkSeed, More: fmt.Sprintf("%d processes killed", died),
	})
}

// Fault 32: what is absurd is parked with its reason and bills nothing, and what is
// merely large or odd is not parked.
func TestAbsurdResultsAreParkedAndNothingElseIs(t *testing.T) {
	missed, falsely, tried := 0, 0, 0
	for name, way := range broken() {
		tried++
		r := seatstest.Open(t)
		way.do(r)
		r.Wall.Set(utc("2027-01-15 00:00:00"))
		_, err := r.Service.Close(r.Ctx, r.Account)
		if a := r.Stored(); err != nil || a.Status != seats.AccountParked || a.ParkedFor == "" || a.Invoices != 1 {
			missed++
			t.Errorf("%s: %v, the account is %s with %d invoices", name, err, a.Status, a.Invoices)
		}
	}
	for name, life := range map[string]func(*seatstest.Rig){
		"ten times the seats":   func(r *seatstest.Rig) { r.Change(50) },
		"a thousand times":      func(r *seatstest.Rig) { r.Change(5_000) },
		"down to one":           func(r *seatstest.Rig) { r.Change(1) },
		"up and down all month": func(r *seatstest.Rig) { r.Change(40); r.Change(2); r.Change(41); r.Change(3) },
		"nothing at all":        func(*seatstest.Rig) {},
		"another zone": func(r *seatstest.Rig) {
			_, err := r.Service.EditAccount(r.Ctx, r.Caller("owner"), r.Account, seats.AccountPatch{Zone: ptr("Pacific/Apia")}, none[seats.EditedAccount]())
			r.Must(err)
		},
		"a dearer new version": func(r *seatstest.Rig) {
			dearer := seatstest.Plan()
			dearer.Name = "Dearer"
			_, err := r.Service.PublishPlans(r.Ctx, []*seats.Plan{dearer})
			r.Must(err)
		},
		"credit beyond all invoices": func(r *seatstest.Rig) {
			r.Store.Tamper(func(d *seatstest.Data) { d.Accounts[r.Account].CreditMinor = 1 << 40 })
		},
	} {
		for _, settle := range []seats.Settle{seats.SettleNow, seats.SettleNextInvoice} {
			tried++
			r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.Settle = settle }))
			r.Wall.Advance(time.Hour)
			life(r)
			r.CloseAt(utc("2027-06-15 00:00:00"))
			if a := r.Stored(); a.Status != seats.AccountOpen {
				falsely++
				t.Errorf("%s, %s: parked for %q", name, settle, a.ParkedFor)
			}
		}
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 32, Did: "spoilt prices, taxes, credits, plans and zones closed, and large but honest changes",
		Bad: missed + falsely, Of: tried, What: "accounts parked falsely or not parked", More: fmt.Sprintf("%d falsely, %d missed", falsely, missed),
	})
}
