package catalog_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/catalog"
	"github.com/usher-seats/usher/internal/seats"
)

// entries writes n entries of a list.
func entries(n int, between string, entry func(i int) string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = entry(i)
	}
	return strings.Join(all, between)
}

func TestEveryLimitHoldsAtTheLimitAndOnePast(t *testing.T) {
	list := func(from, to string, entry func(i int) string) func(int) part {
		between := ", "
		if strings.HasSuffix(to, "\n  - %s") {
			between = "\n  - "
		}
		return func(n int) part { return part{from, fmt.Sprintf(to, entries(n, between, entry))} }
	}
	number := func(from, to string) func(int) part {
		return func(n int) part { return part{from, fmt.Sprintf(to, n)} }
	}
	text := func(from, to string) func(int) part {
		return func(n int) part { return part{from, fmt.Sprintf(to, strings.Repeat("ä", n))} }
	}
	const longest = "https://v.example/"
	for name, c := range map[string]struct {
		limit int
		part  func(int) part
		want  string
	}{
		"a name's length":       {catalog.MaxTextRunes, text("name: A", "name: %q"), "plans[0].name has 81 characters; at most 80 fit"},
		"an id's length":        {seats.MaxSlugBytes, func(n int) part { return part{"id: a", "id: " + strings.Repeat("a", n)} }, "plans[0].id must be 1 to 32"},
		"an address's lines":    {seats.MaxAddressLines, list("name: V", "name: V, address: [%s]", func(int) string { return "line" }), "vendor.address has 6 entries; at most 5 fit"},
		"a line's length":       {seats.MaxAddressLineRunes, text("name: V", "name: V, address: [%q]"), "vendor.address[0] has 61 characters; at most 60 fit"},
		"a tax id's length":     {seats.MaxTaxIDBytes, func(n int) part { return part{"name: V", "name: V, tax_id: " + strings.Repeat("x", n)} }, "vendor.tax_id has 33 characters; at most 32 fit"},
		"a URL's length":        {catalog.MaxURLBytes, func(n int) part { return part{"https://v.example", longest + strings.Repeat("a", n-len(longest))} }, "vendor.sign_in_url has 301 bytes; at most 300 fit"},
		"the entitlements":      {catalog.MaxEntitlements, list("entitlements: [{id: e, name: E}]", "entitlements: [%s]", func(i int) string { return fmt.Sprintf("{id: e%d, name: E}", i) }), "products[0].entitlements has 51 entries; at most 50 fit"},
		"the products":          {catalog.MaxProducts - 1, list("entitlements: [{id: e, name: E}]}", "entitlements: [{id: e, name: E}]}\n  - %s", func(i int) string { return fmt.Sprintf("{id: p%d, name: P}", i) }), "products has 21 entries; at most 20 fit"},
		"the plans":             {catalog.MaxPlans - 1, list("policies: {}}", "policies: {}}\n  - %s", func(i int) string { return fmt.Sprintf("{id: a%d, name: A, product: p, price: {EUR: {unit: 1}}}", i) }), "plans has 201 entries; at most 200 fit"},
		"a rank":                {catalog.MaxRank, number("rank: 1", "rank: %d"), "plans[0].rank must be a whole number from 0 to 1000"},
		"a unit":                {billing.MaxUnitMinor, number("unit: 1", "unit: %d"), "price.EUR.unit must be a whole number from 0 to 1000000000000"},
		"a base fee":            {billing.MaxBaseMinor, number("unit: 1", "unit: 1, base: %d"), "price.EUR.base must be a whole number from 0 to 1000000000000"},
		"included seats":        {billing.MaxSeats, number("unit: 1", "unit: 1, included_seats: %d"), "price.EUR.included_seats must be a whole number from 0 to 1000000"},
		"the end of a tier":     {billing.MaxSeats, number("{unit: 1}", "{pricing: volume, tiers: [{up_to: %d, unit: 1}, {unit: 1}]}"), "price.EUR.tiers[0].up_to must be a whole number from 1 to 1000000"},
		"the tiers":             {billing.MaxTiers - 1, list("{unit: 1}", "{pricing: graduated, tiers: [%s, {unit: 1}]}", func(i int) string { return fmt.Sprintf("{up_to: %d, unit: 1}", i+1) }), "price.EUR.tiers has 51 entries; at most 50 fit"},
		"min_seats":             {billing.MaxSeats, number("policies: {}", "policies: {min_seats: %d}"), "policies.min_seats must be a whole number from 0 to 1000000"},
		"max_self_serve_seats":  {billing.MaxSeats, number("policies: {}", "policies: {max_self_serve_seats: %d}"), "policies.max_self_serve_seats must be a whole number from 0 to 1000000"},
		"trial_days":            {catalog.MaxTrialDays, number("policies: {}", "policies: {trial_days: %d}"), "policies.trial_days must be a whole number from 0 to 366"},
		"a monthly cap":         {catalog.MaxCapMinor, number("policies: {}", "policies: {admin_monthly_cap: {EUR: %d}}"), "policies.admin_monthly_cap.EUR must be a whole number from 1 to 1000000000000"},
		"the legal lines":       {catalog.MaxLegalLines, list("name: V", "name: V, legal_lines: [%s]", func(int) string { return "line" }), "vendor.legal_lines has 6 entries; at most 5 fit"},
		"a legal line's length": {catalog.MaxLegalLineRunes, text("name: V", "name: V, legal_lines: [%q]"), "vendor.legal_lines[0] has 101 characters; at most 100 fit"},
		"min below max":         {5, number("policies: {}", "policies: {min_seats: %d, max_self_serve_seats: 5}"), "policies.min_seats must not be above max_self_serve_seats"},
		"the whole text":        {catalog.MaxBytes - len(whole) - 2, func(n int) part { return part{"policies: {}}\n", "policies: {}}\n# " + strings.Repeat("x", n)} }, "The catalog is larger than 200000 bytes."},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mistakes(t, with(t, c.part(c.limit))); got != "" {
				t.Errorf("at the limit:\n%s", got)
			}
			got := mistakes(t, with(t, c.part(c.limit+1)))
			if !strings.Contains(got, c.want) || strings.Count(got, "\n") > 2 {
				t.Errorf("one past the limit: got\n%swant %q alone", got, c.want)
			}
		})
	}
}

func TestAHopelessTextGetsAShortAnswer(t *testing.T) {
	var b strings.Builder
	for i := 0; b.Len() < catalog.MaxBytes-20; i++ {
		fmt.Fprintf(&b, "%d:\n", i)
	}
	for name, text := range map[string]string{
		"many mistakes":     b.String(),
		"a long key":        strings.Repeat("k", catalog.MaxBytes-10) + ": 1",
		"a long value":      "vendor: " + strings.Repeat("ä", catalog.MaxBytes/2-10),
		"a name of letters": with(t, part{"name: A", "name: " + strings.Repeat("A", 100_000)}),
	} {
		_, err := catalog.Parse([]byte(text))
		answer, marshalled := json.Marshal(err)
		if err == nil || marshalled != nil || len(answer) > 100_000 {
			t.Errorf("%s: %d bytes of answer (%v)", name, len(answer), marshalled)
		}
	}
	got := mistakes(t, b.String())
	if !strings.HasPrefix(got, "Nothing was published: the catalog has ") || !strings.Contains(got, " mistakes, of which 200 are listed.") {
		t.Errorf("the list begins %.120q", got)
	}
	if n := strings.Count(got, "\n"); n != 1+catalog.MaxMistakes {
		t.Errorf("%d mistakes are listed, want %d", n-1, catalog.MaxMistakes)
	}
}
