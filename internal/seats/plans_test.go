package seats_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func TestOnlyPlansWithAPriceInTheAccountsCurrencyAreListedInOrder(t *testing.T) {
	r := seatstest.Open(t)
	base := r.Plan
	var plans []*seats.Plan
	add := func(id, product string, interval billing.Interval, rank int, currency money.Currency) {
		p := *base
		p.ID, p.Version, p.Product.ID, p.Interval, p.Rank = id, 0, product, interval, rank
		p.Prices = map[money.Currency]billing.Price{currency: {Model: billing.PerSeat, UnitMinor: 1}}
		plans = append(plans, &p)
	}
	own := r.Stored().Currency
	add("c", "a-product", billing.Year, 1, own)
	add("b", "a-product", billing.Month, 2, own)
	add("d", "a-product", billing.Month, 1, own)
	add("a", "a-product", billing.Month, 2, own)
	add("foreign", "a-product", billing.Month, 1, "KWD")
	_, err := r.Service.PublishPlans(r.Ctx, plans)
	r.Must(err)
	_, listed, err := r.Service.ListPlans(r.Ctx, r.Caller("owner"), r.Account)
	r.Must(err)
	var ids []string
	for _, p := range listed {
		if p.Product.ID == "a-product" {
			ids = append(ids, fmt.Sprintf("%s v%d", p.ID, p.Version))
		}
	}
	if want := []string{"d v1", "a v1", "b v1", "c v1"}; !slices.Equal(ids, want) {
		t.Errorf("listed are %v, want %v", ids, want)
	}
}

func TestWhoSeesTheWholeAccountSeesThePlans(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinAs(seats.BillingAdmin, "bill")
	r.JoinAs(seats.Admin, "ada")
	r.Join("mia")
	for who, want := range map[string]error{"owner": nil, "bill": nil, "ada": nil, "mia": seats.ErrForbidden, "nobody": seats.ErrNotFound} {
		_, plans, err := r.Service.ListPlans(r.Ctx, r.Caller(who), r.Account)
		if !errors.Is(err, want) || (want == nil) != (len(plans) > 0) {
			t.Errorf("%s sees %d plans, %v, want %v", who, len(plans), err, want)
		}
	}
}

// A product has one trial, so that none is promised to who has had it.
func TestATrialIsOfferedOnce(t *testing.T) {
	trial := func(p *seats.Plan) { p.Policies.TrialDays = 14 }
	r := seatstest.Open(t)
	r.Publish("again", trial)
	r.Publish("new", func(p *seats.Plan) { trial(p); p.Product = seats.Product{ID: "meetings", Name: "Meetings"} })
	days := func() map[string]int {
		_, plans, err := r.Service.ListPlans(r.Ctx, r.Caller("owner"), r.Account)
		r.Must(err)
		all := map[string]int{}
		for _, p := range plans {
			all[p.ID] = p.Policies.TrialDays
		}
		return all
	}
	for _, when := range []string{"while it runs", "after it has ended"} {
		got := days()
		equal(t, "of a product that the account has, "+when, got["again"], 0)
		equal(t, "of another", got["new"], 14)
		if r.Pool().Status == seats.SubscriptionActive {
			r.Cancel()
			r.CloseAt(decemberFirst())
		}
	}
	q, _, err := r.Service.QuoteSubscription(r.Ctx, r.Caller("owner"), r.Account, "again", 2)
	r.Must(err)
	equal(t, "due now", len(amounts(q.DueNow)), 1)
}
