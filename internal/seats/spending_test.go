package seats_test

import (
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// capped lets admins spend so many minor units of EUR a month.
func capped(minor int64) seatstest.Option {
	return seatstest.OnPolicies(func(p *seats.Policies) { p.AdminMonthlyCap = map[money.Currency]int64{"EUR": minor} })
}

func changeAs(r *seatstest.Rig, by string, n int64) error {
	q, err := quote(r, by, n)
	if err != nil {
		return err
	}
	_, err = confirm(r, by, q.ID, true, r.Key())
	return err
}

func TestAnAdminSpendsUpToTheCapOfALocalMonth(t *testing.T) {
	r := seatstest.Open(t, capped(1200))
	r.JoinAs(seats.Admin, "adam", "eve")
	r.Wall.Set(midNovember())
	// Nine of thirty days: 6.00 a seat.
	r.Must(changeAs(r, "adam", 6))
	equal(t, "spent", *r.User("adam").Spent, seats.Spending{Month: "2026-11", Minor: 600})
	_, err := quote(r, "adam", 8)
	wantCode(t, err, "forbidden")
	for _, says := range []string{"EUR 12.00 a month", "EUR 6.00 in 2026-11", "EUR 12.00 more"} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%q does not say %q", err, says)
		}
	}
	r.Must(changeAs(r, "adam", 7))
	equal(t, "at the cap", r.User("adam").Spent.Minor, 1200)
	wantCode(t, changeAs(r, "adam", 8), "forbidden")
	r.Must(changeAs(r, "eve", 8))
	r.Must(changeAs(r, "owner", 20))
	equal(t, "the owner is not counted", r.User("owner").Spent, nil)

	// Giving back makes no room; the next local month does, which has begun in Berlin.
	r.Must(changeAs(r, "adam", 19))
	wantCode(t, changeAs(r, "adam", 21), "forbidden")
	r.Wall.Set(utc("2026-11-30 23:30:00"))
	wantCode(t, changeAs(r, "adam", 21), "forbidden")
	r.Wall.Set(utc("2026-12-31 12:00:00"))
	r.Must(changeAs(r, "adam", 20))
	equal(t, "spent in December", r.User("adam").Spent.Month, "2026-12")
	r.Clean()
}

// planAs lets adam change to a plan of 30.00 a seat, with a cap that he does not reach.
func planAs(r *seatstest.Rig, id string, rank int, change ...func(*seats.Plan)) {
	r.Helper()
	high := func(p *seats.Plan) { p.Policies.AdminMonthlyCap = map[money.Currency]int64{"EUR": 100000} }
	offer(r, id, rank, 3000, append(change, high)...)
	q, err := quotePlan(r, "adam", id, 0)
	r.Must(err)
	_, err = r.Service.ConfirmPlan(r.Ctx, r.Caller("adam"), r.Account, r.Sub, q.ID, true, seatstest.Once[seats.SeatChangeResult]("up", ""))
	r.Must(err)
}

func TestWhatTheCapCounts(t *testing.T) {
	settle := func(settle seats.Settle) seatstest.Option {
		return seatstest.OnPolicies(func(p *seats.Policies) { p.Settle = settle })
	}
	for name, c := range map[string]struct {
		options []seatstest.Option
		do      func(*seatstest.Rig)
		want    int64
	}{
		"an increase before tax":                      {[]seatstest.Option{seatstest.OnAccount(func(o *seats.OpenAccount) { o.TaxPPM = 190_000 })}, func(r *seatstest.Rig) { r.Must(changeAs(r, "adam", 6)) }, 600},
		"an increase that is invoiced in the evening": {[]seatstest.Option{settle(seats.SettleDaily)}, func(r *seatstest.Rig) { r.Must(changeAs(r, "adam", 6)) }, 600},
		"an increase on the next invoice":             {[]seatstest.Option{settle(seats.SettleNextInvoice)}, func(r *seatstest.Rig) { r.Must(changeAs(r, "adam", 6)) }, 600},
		"an increase before credit": {[]seatstest.Option{credits(seats.SettleNow)}, func(r *seatstest.Rig) {
			r.Change(4)
			r.Must(changeAs(r, "adam", 5))
		}, 600},
		"an upgrade": {nil, func(r *seatstest.Rig) {
			planAs(r, "pro", 2)
		}, 1500},
		"a subscription": {nil, func(r *seatstest.Rig) {
			offer(r, "meet", 1, 1000, product("meetings"), func(p *seats.Plan) { p.Policies.AdminMonthlyCap = map[money.Currency]int64{"EUR": 100000} })
			q, err := quoteNew(r, "adam", "meet", 4)
			r.Must(err)
			_, err = r.Service.Subscribe(r.Ctx, r.Caller("adam"), r.Account, q.ID, true, seatstest.Once[seats.SeatChangeResult]("new", ""))
			r.Must(err)
		}, 1200},
		"the period to come of a trial": {nil, func(r *seatstest.Rig) {
			offer(r, "meet", 1, 1000, product("meetings"), func(p *seats.Plan) {
				p.Policies.TrialDays, p.Policies.AdminMonthlyCap = 14, map[money.Currency]int64{"EUR": 100000}
			})
			q, err := quoteNew(r, "adam", "meet", 4)
			r.Must(err)
			_, err = r.Service.Subscribe(r.Ctx, r.Caller("adam"), r.Account, q.ID, true, seatstest.Once[seats.SeatChangeResult]("new", ""))
			r.Must(err)
		}, 4000},
		"an increase that costs nothing before the next cycle, by what it costs then": {
			[]seatstest.Option{seatstest.OnPolicies(func(p *seats.Policies) { p.Proration = billing.NoProration })},
			func(r *seatstest.Rig) { r.Must(changeAs(r, "adam", 6)) }, 2000,
		},
		"an upgrade that costs nothing before the next cycle, by what it costs then": {nil, func(r *seatstest.Rig) {
			planAs(r, "pro", 2, func(p *seats.Plan) { p.Policies.Proration = billing.NoProration })
		}, 5000},
		"no change of plan that waits": {nil, func(r *seatstest.Rig) { planAs(r, "pro", 1) }, 0},
		"no decrease":                  {nil, func(r *seatstest.Rig) { r.Must(changeAs(r, "adam", 4)) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t, append(c.options, capped(100000))...)
			r.JoinAs(seats.Admin, "adam")
			r.Wall.Set(midNovember())
			c.do(r)
			spent := r.User("adam").Spent
			if spent == nil {
				spent = &seats.Spending{}
			}
			equal(t, "spent", spent.Minor, c.want)
			r.Clean()
		})
	}
}

// Two increases at once must not pass a cap that has room for one.
func TestACapHoldsForTwoConfirmationsAtOnce(t *testing.T) {
	r := seatstest.Open(t, capped(700))
	r.AddProduct("meetings", billing.Month, 1, 1000)
	r.JoinAs(seats.Admin, "adam")
	r.Wall.Set(midNovember())
	one, err := quote(r, "adam", 6)
	r.Must(err)
	two, err := quote(r, "adam", 6)
	r.Must(err)
	_, err = confirm(r, "adam", one.ID, true, "one")
	r.Must(err)
	_, err = confirm(r, "adam", two.ID, true, "two")
	wantCode(t, err, "quote_stale")
	equal(t, "spent", r.User("adam").Spent.Minor, 600)
	wantCode(t, changeAs(r, "adam", 7), "forbidden")
}
