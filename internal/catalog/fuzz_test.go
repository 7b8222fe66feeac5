package catalog_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/usher-seats/usher/internal/catalog"
	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/seats"
)

// Whatever the text, there are plans that everything behind can use, or mistakes
// that can be read.
func FuzzParse(f *testing.F) {
	f.Add(whole)
	for _, seed := range []string{
		"", "vendor: {}", "[", "- &a [*a]", "vendor: &v {name: *v}", "? {}\n: []", "<<: {}", "---\n---\n", "plans: [{price: {EUR: {tiers: [{}]}}}]",
		"plans:\n- {id: a, price: {EUR: {pricing: volume, tiers: [{up_to: ~}]}}}", "vendor: !!binary AA==", "vendor: {name: \"\\0\"}", "%YAML 1.2\n--- a",
		strings.Replace(whole, "unit: 1", "pricing: graduated, tiers: [{up_to: 5, unit: 0}, {unit: 9}]", 1),
		strings.Replace(whole, "policies: {}", "policies: {billing: active_users, active_count: daily, trial_days: 14}", 1),
		strings.Replace(whole, "policies: {}", "policies: {settle: daily, decrease: immediate_credit, admin_monthly_cap: {EUR: 5}, agreement_required: false}", 1),
		strings.Replace(whole, "name: V", "name: V, legal_lines: [a, b], logo: iVBORw0KGgo=", 1),
		strings.Replace(whole, "policies: {}", "policies: {min_seats: 3, max_self_serve_seats: 5, self_serve: none}", 1),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		plans, err := catalog.Parse([]byte(text))
		if err != nil {
			checkRefusal(t, err)
			return
		}
		for _, p := range plans {
			checkPlan(t, p)
		}
	})
}

func checkRefusal(t *testing.T, err error) {
	t.Helper()
	var refused *seats.Error
	if !errors.As(err, &refused) || refused.Kind != seats.Invalid || refused.Detail == "" {
		t.Fatalf("the refusal is %v (%T)", err, err)
	}
	for _, f := range refused.Fields {
		if f.Location == "" || f.Message == "" || len(f.Location) > 500 || len(f.Value) > 500 {
			t.Errorf("the mistake %+v cannot be read", f)
		}
	}
}

func checkPlan(t *testing.T, p *seats.Plan) {
	t.Helper()
	if !seats.ValidSlug(p.ID) || !seats.ValidSlug(p.Product.ID) || !p.Policies.Proration.Valid() || len(p.Prices) == 0 {
		t.Fatalf("the plan %+v is not whole", p)
	}
	for currency, price := range p.Prices {
		if err := price.Validate(); err != nil {
			t.Errorf("the price in %s: %v", currency, err)
		}
	}
	sentences := p.Policies.Sentences()
	for i, sentence := range sentences {
		if !utf8.ValidString(sentence) || !strings.HasSuffix(sentence, ".") || strings.Contains(sentence, ". ") {
			t.Errorf("the policy %q is not one sentence", sentence)
		}
		if slices.Contains(sentences[:i], sentence) {
			t.Errorf("%q is said twice", sentence)
		}
	}
	if p.Policies.TrialDays < 0 || p.Policies.TrialDays > catalog.MaxTrialDays || p.Policies.ActiveUsers() != (p.Policies.ActiveCount != "") {
		t.Errorf("the policies %+v do not fit together", p.Policies)
	}
	if found := seats.PlanDiff(p, p); len(found) != 0 {
		t.Errorf("the plan differs from itself: %+v", found)
	}
	// A plan that is published must not make mails that can never be sent.
	given := mail.LicenseGiven{
		Frame:       mail.Frame{Vendor: mail.Vendor{Name: p.Vendor.Name, SupportEmail: p.Vendor.SupportEmail, AddressLines: p.Vendor.AddressLines}},
		ProductName: p.Product.Name, SignInLink: mail.Link(p.Vendor.SignInURL),
	}
	if _, err := mail.NewRenderer().Render(given); err != nil {
		t.Errorf("a mail about the plan: %v", err)
	}
}
