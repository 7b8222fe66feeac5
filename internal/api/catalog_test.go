package api_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
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
