package api_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/apigw"
)

const smallCatalog = `
vendor: {name: V, support_email: help@v.example, sales_contact: sales@v.example, sign_in_url: "https://v.example"}
products: [{id: small, name: Small}]
plans:
  - {id: small-team, name: Team, product: small, price: {EUR: {unit: 1500}}}
  - {id: small-crew, name: Crew, product: small, price: {EUR: {unit: 2500}}}
`

func TestACatalogsChangesAreShownBeforeItIsPublished(t *testing.T) {
	s := apitest.New(t)
	send := func(verb, text string) api.CatalogChecked {
		t.Helper()
		var answer api.CatalogChecked
		s.Operator().Post("/v1/operator/catalog/"+verb, map[string]any{"catalog": text}).OK(t, &answer)
		return answer
	}
	expect := func(what string, got api.CatalogChecked, want ...api.PlanDifference) {
		t.Helper()
		if !slices.Equal(got.Changes, want) {
			t.Errorf("%s: %+v, want %+v", what, got.Changes, want)
		}
	}
	both := []api.PlanDifference{{PlanID: "small-team", Field: "plan", To: "new: Team"}, {PlanID: "small-crew", Field: "plan", To: "new: Crew"}}
	expect("before it is published", send("validate", smallCatalog), both...)
	expect("asked again, nothing was published", send("validate", smallCatalog), both...)
	if published := send("publish", smallCatalog); published.Plans[0].Version != 1 || len(published.Changes) != 2 {
		t.Errorf("published is %+v", published)
	}
	expect("published already", send("validate", smallCatalog))
	dearer := strings.Replace(smallCatalog, "unit: 1500", "unit: 1700", 1)
	expect("dearer", send("validate", dearer), api.PlanDifference{PlanID: "small-team", Field: "price.EUR", From: "EUR 15.00 a seat", To: "EUR 17.00 a seat"})
	if published := send("publish", dearer); published.Plans[0].Version != 2 || published.Plans[1].Version != 1 {
		t.Errorf("published is %+v", published)
	}
	expect("published, dearer", send("validate", dearer))
}

func TestCustomersChooseFromTheNewestPlansInTheirCurrency(t *testing.T) {
	s := apitest.New(t)
	s.Publish(apitest.SampleCatalog(t))
	files, err := filepath.Glob(filepath.Join("..", "..", "infra", "catalog", "*.yaml"))
	if err != nil || len(files) < 6 {
		t.Fatalf("%d catalogs, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s.Publish(string(text))
	}
	s.Publish(smallCatalog)
	s.Publish(strings.Replace(smallCatalog, "unit: 1500", "unit: 1700", 1))
	for _, currency := range []string{"EUR", "JPY"} {
		x := s.OpenWith(map[string]any{"currency": currency, "seats": 1})
		var page apigw.Page[api.PlanOffer]
		x.Owner.Get(x.Path+"/plans").OK(t, &page)
		offers := map[string]api.PlanOffer{}
		for _, offer := range page.Items {
			offers[offer.PlanID] = offer
			if offer.Price.Base.Currency != currency {
				t.Errorf("%s is offered in %s to who pays in %s", offer.PlanID, offer.Price.Base.Currency, currency)
			}
		}
		small, sold := offers["small-team"]
		switch {
		case sold != (currency == "EUR"):
			t.Errorf("in %s small-team is sold: %t", currency, sold)
		case sold && (small.Version != 2 || small.Price.Unit.AmountMinor != 1700):
			t.Errorf("small-team is offered as %+v", small)
		}
		if desk := offers["service-desk-daily-monthly"]; desk.Billing != "active_users" || len(desk.Price.Tiers) != 3 || desk.Price.Tiers[2].UpTo != 0 {
			t.Errorf("the service desk is offered as %+v", desk)
		}
		if partner := offers["prospecting-partner-yearly"]; partner.SelfServe != "none" || partner.SalesContact != "sales@leadfinch.example" {
			t.Errorf("the partner edition is offered as %+v", partner)
		}
		if enterprise := offers["prospecting-enterprise-yearly"]; enterprise.MaxSelfServeSeats != 5 || enterprise.Interval != "year" {
			t.Errorf("Enterprise is offered as %+v", enterprise)
		}
	}
}
