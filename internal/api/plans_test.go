package api

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/catalog"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

const offersCatalog = `
vendor: {name: V, support_email: help@v.example, sales_contact: sales@v.example, sign_in_url: "https://v.example"}
products: [{id: p, name: P, entitlements: [{id: e, name: Export}, {id: s, name: See}]}]
plans:
  - {id: pool, name: Pool, product: p, rank: 2, interval: year, agreement_url: "https://v.example/a",
     price: {EUR: {base: 4900, included_seats: 3, unit: 1500}, JPY: {pricing: volume, tiers: [{up_to: 10, unit: 900}, {unit: 800}]}},
     policies: {self_serve: add_only, min_seats: 2, max_self_serve_seats: 5, admin_monthly_cap: {EUR: 5000, JPY: 700}, trial_days: 14}}
  - {id: active, name: Active, product: p, price: {EUR: {pricing: graduated, tiers: [{up_to: 1, unit: 0}, {unit: 700}]}}, policies: {billing: active_users, agreement_required: false}}
`

func TestAnOfferSaysWhatTheConsoleShows(t *testing.T) {
	plans, err := catalog.Parse([]byte(offersCatalog))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, c := range []struct {
		plan     int
		currency money.Currency
	}{{0, "EUR"}, {0, "JPY"}, {1, "EUR"}} {
		offer, err := json.MarshalIndent(planOffer(plans[c.plan], c.currency), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got.Write(offer)
		got.WriteString("\n")
	}
	path := filepath.Join("testdata", "offers.txt")
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

func TestRulesAreThePoliciesThatClientsDecideBy(t *testing.T) {
	plans, err := catalog.Parse([]byte(offersCatalog))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []PlanRules{
		{Settle: "now", Decrease: "end_of_cycle", OverAssigned: "keep_assigned", SelfServe: "add_only", MinSeats: 2, MaxSelfServeSeats: 5, AdminsMaySpend: true, ReservesSeat: true, Agreement: true, ActiveCount: "at_close"},
		{Settle: "now", Decrease: "end_of_cycle", OverAssigned: "keep_assigned", SelfServe: "all", AdminsMaySpend: true, ActiveCount: "at_close"},
	} {
		if got := planRules(&plans[i].Policies); got != want {
			t.Errorf("%s: got %+v, want %+v", plans[i].ID, got, want)
		}
	}
}

// A decrease is told as one, and the seats that a plan begins with after one of active
// users with the plan.
func TestAPlanThatFollowsHasItsRulesAndTheSeatsItBeginsWith(t *testing.T) {
	plans, err := catalog.Parse([]byte(offersCatalog))
	if err != nil {
		t.Fatal(err)
	}
	rules := planRules(&plans[0].Policies)
	for name, c := range map[string]struct {
		now, pending         int64
		wantSeats, wantBegin int64
	}{
		"no seats asked for": {5, 0, 0, 0},
		"a decrease":         {5, 3, 3, 0},
		"after active users": {0, 3, 0, 3},
	} {
		sub := &seats.Subscription{Seats: c.now, PendingPlan: &seats.PendingPlan{Plan: plans[0].Ref()}}
		if c.pending > 0 {
			sub.Pending = &seats.Pending{Seats: c.pending}
		}
		got, decrease := pendingPlanBody(sub, plans[0]), pendingSeatsBody(sub)
		if got.PlanID != "pool" || got.PlanName != "Pool" || got.Rules == nil || *got.Rules != rules || got.Seats != c.wantBegin {
			t.Errorf("%s: got %+v", name, got)
		}
		if (decrease != nil) != (c.wantSeats > 0) || decrease != nil && decrease.Seats != c.wantSeats {
			t.Errorf("%s: got the decrease %+v", name, decrease)
		}
	}
}
