package catalog_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/catalog"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

var update = flag.Bool("update", false, "write the golden files of testdata instead of comparing them")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not as expected; got\n%s\nwant\n%s", path, got, want)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTheSampleSaysExactlyThis(t *testing.T) {
	got, err := catalog.Parse(read(t, "../../infra/catalog/sample.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	vendor := seats.Vendor{
		Name: "Northwind Meetings", AddressLines: []string{"Hafenstraße 12", "20457 Hamburg"}, TaxID: "DE123456789", Country: "DE",
		SupportEmail: "help@northwind.example", SalesContact: "sales@northwind.example", SignInURL: "https://app.northwind.example",
	}
	product := seats.Product{ID: "meetings", Name: "Northwind Meetings", Entitlements: []seats.Entitlement{
		{ID: "schedule-meetings", Name: "Schedule meetings"}, {ID: "download-reports", Name: "Download reports and recordings"},
	}}
	prices := func(eur, usd, jpy int64) map[money.Currency]billing.Price {
		perSeat := func(minor int64) billing.Price { return billing.Price{Model: billing.PerSeat, UnitMinor: minor} }
		return map[money.Currency]billing.Price{"EUR": perSeat(eur), "USD": perSeat(usd), "JPY": perSeat(jpy)}
	}
	policies := func(over seats.OverAssigned) seats.Policies {
		return seats.Policies{
			Proration: billing.ByDay, Settle: seats.SettleNow, Decrease: seats.DecreaseEndOfCycle, OverAssigned: over,
			InvitationReservesSeat: true, SelfServe: seats.SelfServeAll, AdminsMaySpend: true, AgreementRequired: true,
		}
	}
	want := []*seats.Plan{
		{
			ID: "meetings-monthly", Name: "Team, monthly", Rank: 1, Product: product, Vendor: vendor, Interval: billing.Month,
			Prices: prices(2000, 2200, 3000), Policies: policies(seats.KeepAssigned), AgreementURL: "https://northwind.example/license-agreement",
		},
		{
			ID: "meetings-yearly", Name: "Team, yearly", Rank: 1, Product: product, Vendor: vendor, Interval: billing.Year,
			Prices: prices(20000, 22000, 30000), Policies: policies(seats.ReleaseNewest), AgreementURL: "https://northwind.example/license-agreement",
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", show(got), show(want))
	}
}

func show(plans []*seats.Plan) string {
	var b strings.Builder
	for _, p := range plans {
		fmt.Fprintf(&b, "%+v\n", *p)
	}
	return b.String()
}

// mistakes are those of a text, one a line.
func mistakes(t testing.TB, text string) string {
	t.Helper()
	plans, err := catalog.Parse([]byte(text))
	var refused *seats.Error
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &refused) || !errors.Is(err, seats.ErrInvalid):
		t.Fatalf("the error is %v (%T), want a refusal of the kind invalid", err, err)
	case plans != nil:
		t.Errorf("plans came with the error")
	}
	var b strings.Builder
	b.WriteString(refused.Detail + "\n")
	for _, f := range refused.Fields {
		fmt.Fprintf(&b, "%s %s %q\n", f.Location, f.Message, f.Value)
	}
	return b.String()
}

func TestEveryMistakeIsListedAtOnce(t *testing.T) {
	golden(t, "mistakes.txt", mistakes(t, string(read(t, "testdata/mistakes.yaml"))))
}

// part replaces what a whole catalog says of one thing.
type part struct{ from, to string }

const whole = `vendor: {name: V, support_email: help@v.example, sales_contact: sales, sign_in_url: "https://v.example"}
products:
  - {id: p, name: P, entitlements: [{id: e, name: E}]}
plans:
  - {id: a, name: A, product: p, rank: 1, price: {EUR: {unit: 1}}, policies: {}}
`

func with(t testing.TB, parts ...part) string {
	t.Helper()
	text := whole
	for _, p := range parts {
		if strings.Count(text, p.from) != 1 {
			t.Fatalf("%q stands %d times in\n%s", p.from, strings.Count(text, p.from), text)
		}
		text = strings.Replace(text, p.from, p.to, 1)
	}
	return text
}

func TestADefaultStandsForEveryPolicy(t *testing.T) {
	plans, err := catalog.Parse([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	want := seats.Policies{
		Proration: billing.ByDay, Settle: seats.SettleNow, Decrease: seats.DecreaseEndOfCycle, OverAssigned: seats.KeepAssigned,
		InvitationReservesSeat: true, SelfServe: seats.SelfServeAll, AdminsMaySpend: true, AgreementRequired: true,
	}
	if got := plans[0].Policies; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if plans[0].Interval != billing.Month {
		t.Errorf("the interval is %q", plans[0].Interval)
	}
}

// Each value of each policy, and what it changes in the sentences of a plan that has
// all defaults.
func TestEveryPolicyReadsAsASentence(t *testing.T) {
	sentences := func(policies string) []string {
		t.Helper()
		plans, err := catalog.Parse([]byte(with(t, part{"policies: {}", "policies: {" + policies + "}"}, part{"{EUR: {unit: 1}}", "{EUR: {unit: 1}, JPY: {unit: 1}, KWD: {unit: 1}}"})))
		if err != nil {
			t.Fatalf("%s: %s", policies, mistakes(t, with(t, part{"policies: {}", "policies: {" + policies + "}"})))
		}
		return plans[0].Policies.Sentences()
	}
	var b strings.Builder
	write := func(policies string, beside []string) {
		fmt.Fprintf(&b, "{%s}\n", policies)
		for _, sentence := range sentences(policies) {
			if !slices.Contains(beside, sentence) {
				fmt.Fprintf(&b, "  %s\n", sentence)
			}
		}
	}
	write("", nil)
	for _, policies := range []string{
		"billing: seats, proration: day, settle: now, decrease: end_of_cycle, over_assigned: keep_assigned, auto_seats: false, invitation_reserves_seat: true, " +
			"min_seats: 0, max_self_serve_seats: 0, self_serve: all, admins_may_spend: true, trial_days: 0, agreement_required: true",
		"proration: second", "proration: none",
		"settle: daily", "settle: next_invoice",
		"decrease: on_request", "decrease: immediate_credit",
		"over_assigned: release_newest", "over_assigned: refuse",
		"decrease: immediate_credit, over_assigned: release_newest",
		"auto_seats: true", "invitation_reserves_seat: false",
		"min_seats: 1", "min_seats: 5",
		"max_self_serve_seats: 1", "min_seats: 5, max_self_serve_seats: 500",
		"self_serve: add_only", "self_serve: none", "self_serve: add_only, decrease: on_request",
		"admins_may_spend: false",
		"admin_monthly_cap: {EUR: 50000}", "admin_monthly_cap: {KWD: 1, JPY: 1000, EUR: 50000}",
		"trial_days: 1", "trial_days: 14", "agreement_required: false",
	} {
		write(policies, sentences(""))
	}
	write("billing: active_users", nil)
	for _, policies := range []string{
		"active_count: at_close, proration: day", "active_count: peak", "active_count: daily", "proration: second", "proration: none",
		"min_seats: 1", "min_seats: 5", "admins_may_spend: false", "trial_days: 30", "agreement_required: false",
	} {
		write("billing: active_users, "+policies, sentences("billing: active_users"))
	}
	golden(t, "sentences.txt", b.String())
}

// What another policy takes the sense from is refused where it stands, with what to
// write instead; a default never is.
func TestPoliciesThatMakeNoSenseTogetherAreMistakes(t *testing.T) {
	golden(t, "nonsense.txt", mistakes(t, string(read(t, "testdata/nonsense.yaml"))))
}

func TestActiveUsersHaveNoneOfAPoolsPolicies(t *testing.T) {
	plans, err := catalog.Parse([]byte(with(t, part{"policies: {}", "policies: {billing: active_users, active_count: daily, min_seats: 3, trial_days: 14, agreement_required: false, admins_may_spend: false}"})))
	if err != nil {
		t.Fatal(err)
	}
	want := seats.Policies{
		Billing: seats.BillingActiveUsers, ActiveCount: seats.CountDaily, Proration: billing.ByDay, Settle: seats.SettleNow,
		Decrease: seats.DecreaseEndOfCycle, OverAssigned: seats.KeepAssigned, SelfServe: seats.SelfServeAll, MinSeats: 3, TrialDays: 14,
	}
	if got := plans[0].Policies; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWhatNoPolicyCanBeIsTold(t *testing.T) {
	for policy, want := range map[string]string{
		"billing: seat":                       "policies.billing must be one of seats, active_users \"seat\"",
		"active_count: mean":                  "policies.active_count must be one of at_close, peak, daily \"mean\"",
		"settle: later":                       "policies.settle must be one of now, daily, next_invoice \"later\"",
		"decrease: now":                       "policies.decrease must be one of end_of_cycle, on_request, immediate_credit \"now\"",
		"auto_seats: 1":                       "policies.auto_seats must be true or false \"1\"",
		"admins_may_spend: yes":               "policies.admins_may_spend must be true or false \"yes\"",
		"self_serve: [all]":                   "policies.self_serve must be one of all, add_only, none \"\"",
		"proration: ~":                        "policies.proration must be one of day, second, none \"~\"",
		"admin_monthly_cap: 50000":            "policies.admin_monthly_cap must be a mapping of currencies, such as {EUR: 50000} for 500.00 euros \"50000\"",
		"admin_monthly_cap: {}":               "policies.admin_monthly_cap must be a mapping of currencies, such as {EUR: 50000} for 500.00 euros \"\"",
		"admin_monthly_cap: {Euro: 5}":        "policies.admin_monthly_cap.Euro must be an ISO 4217 code like EUR \"Euro\"",
		"admin_monthly_cap: {EUR: -1}":        "policies.admin_monthly_cap.EUR must be a whole number from 1 to 1000000000000, in the currency's smallest unit: 50000 stands for 500.00 euros \"-1\"",
		"admin_monthly_cap: {EUR: [1]}":       "policies.admin_monthly_cap.EUR must be a whole number from 1 to 1000000000000, in the currency's smallest unit: 50000 stands for 500.00 euros \"\"",
		"admin_monthly_cap: {EUR: 1, EUR: 2}": "policies.admin_monthly_cap.EUR stands twice \"EUR\"",
		"admin_monthly_cap: {<<: {EUR: 1}}":   "policies.admin_monthly_cap.<< is a merge, which is not read here; write the fields out \"<<\"",
		"min_seats: &n 1, trial_days: *n":     "policies.trial_days is an alias, which is not read here; write the value out \"n\"",
	} {
		got := mistakes(t, with(t, part{"policies: {}", "policies: {" + policy + "}"}))
		if lines := strings.Split(strings.TrimSpace(got), "\n"); len(lines) != 2 || !strings.HasSuffix(lines[1], want) {
			t.Errorf("%s: got\n%swant one mistake that ends %q", policy, got, want)
		}
	}
}

// A text must be published as it reads. What YAML would read otherwise, or not
// at all, is refused.
func TestTextsThatReadOtherThanTheyLook(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'i'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nothing":           {"", []string{"The catalog is empty."}},
		"comments alone":    {"# soon\n", []string{"The catalog is empty."}},
		"null":              {"null", []string{"line 1, column 1: catalog must be a mapping with the fields vendor, products, plans"}},
		"a list":            {"[]", []string{"line 1, column 1: catalog must be a mapping with the fields vendor, products, plans"}},
		"an open bracket":   {"vendor: [\nproducts: 1", []string{"Nothing was published: the catalog has a mistake.", "catalog is not YAML: "}},
		"a second document": {whole + "---\n" + whole, []string{"line 7, column 1: catalog must be one YAML document"}},
		"a broken second":   {whole + "---\n[", []string{"catalog is not YAML: "}},
		"a field twice":     {with(t, part{"rank: 1", "rank: 1, rank: 2"}), []string{"plans[0].rank stands twice"}},
		"an alias for text": {with(t, part{"{id: p, name: P", "{id: &x p, name: *x"}), []string{"products[0].name is an alias, which is not read here"}},
		"an alias whose anchor is a value": {
			with(t, part{"rank: 1", "rank: 1, agreement_url: &none \"https://v.example\""}, part{"policies: {}", "policies: {proration: *none}"}),
			[]string{"policies.proration is an alias"},
		},
		"an alias for a product":    {with(t, part{"{id: p, ", "{id: &p p, "}, part{"product: p", "product: *p"}), []string{"plans[0].product is an alias"}},
		"an alias for a price":      {with(t, part{"EUR: {unit: 1}", "EUR: &e {unit: 1}, USD: *e"}), []string{"plans[0].price.USD is an alias"}},
		"an alias for all prices":   {with(t, part{"name: P", "name: &x P"}, part{"price: {EUR: {unit: 1}}", "price: *x"}), []string{"plans[0].price is an alias"}},
		"an alias in a list":        {with(t, part{"{id: e, name: E}", "&e {id: e, name: E}, *e"}), []string{"entitlements[1] is an alias"}},
		"an alias as a key":         {with(t, part{"name: P", "name: &rank P"}, part{"rank: 1", "*rank : 1"}), []string{"is not known; the fields are"}},
		"a merge":                   {with(t, part{"rank: 1", "<<: {rank: 1}"}), []string{"plans[0].<< is a merge, which is not read here"}},
		"a bomb of aliases":         {bomb, []string{"catalog.a is not known", "catalog.i is not known"}},
		"a key that is a list":      {"? [vendor]\n: {}\n" + whole, []string{"catalog. is not known"}},
		"brackets without end":      {strings.Repeat("[", 100_000), []string{"catalog is not YAML: exceeded max depth"}},
		"a plan that is a list":     {with(t, part{"{id: a, name: A, product: p, rank: 1, price: {EUR: {unit: 1}}, policies: {}}", "[]"}), []string{"plans[0] must be a mapping"}},
		"null for an id":            {with(t, part{"{id: a, ", "{id: null, "}), []string{"plans[0].id must be 1 to 32 of the characters"}},
		"null for a name":           {with(t, part{"name: A", "name: ~"}), []string{"plans[0].name must be text"}},
		"a name that shows nothing": {with(t, part{"name: A", "name: \"\\u200b\\u2800\""}), []string{"plans[0].name must be text"}},
		"a name of two lines":       {with(t, part{"name: A", "name: \"A\\u2028B\""}), []string{"plans[0].name must be one line"}},
		"a price with a fraction":   {with(t, part{"unit: 1", "unit: 20.00"}), []string{"price.EUR.unit must be a whole number from 0 to 1000000000000, in the currency's smallest unit"}},
		"a price in text":           {with(t, part{"unit: 1", "unit: \"1\""}), []string{"price.EUR.unit must be a whole number"}},
		"a price in hexadecimal":    {with(t, part{"unit: 1", "unit: 0x10"}), []string{"price.EUR.unit must be a whole number"}},
		"a price with underscores":  {with(t, part{"unit: 1", "unit: 2_000"}), []string{"price.EUR.unit must be a whole number"}},
		"a currency in small":       {with(t, part{"EUR: {unit: 1}", "eur: {unit: 1}"}), []string{"price.eur must be an ISO 4217 code like EUR"}},
		"a currency twice":          {with(t, part{"EUR: {unit: 1}", "EUR: {unit: 1}, EUR: {unit: 2}"}), []string{"price.EUR stands twice"}},
		"no price":                  {with(t, part{"price: {EUR: {unit: 1}}", "price: {}"}), []string{"plans[0].price must be a mapping of currencies"}},
		"tiers in per_seat pricing": {with(t, part{"{unit: 1}", "{unit: 1, tiers: [{unit: 1}]}"}), []string{"price.EUR.tiers have no place in per_seat pricing"}},
		"a tier without a unit":     {with(t, part{"{unit: 1}", "{pricing: volume, tiers: [{up_to: 5}, {unit: 1}]}"}), []string{"price.EUR.tiers[0].unit is missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := mistakes(t, c.text)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("got\n%swant %q in it", got, want)
				}
			}
		})
	}
}

func TestAnAddressThatNoMailCouldLeadToIsRefused(t *testing.T) {
	for _, address := range []string{
		"v.example", "//v.example", "ftp://v.example", "http://v.example", "https://", "https://user@v.example", "https://bücher.example",
		"https://v.example/a b", "https://v.example/\"", "https://v.example/%zz", "javascript:alert(1)", "",
	} {
		got := mistakes(t, with(t, part{`"https://v.example"`, fmt.Sprintf("%q", address)}))
		if !strings.Contains(got, "vendor.sign_in_url must be an address like https://app.example.com") {
			t.Errorf("%q: %s", address, got)
		}
	}
	for _, address := range []string{"https://v.example/a?b=c#d", "https://v.example:8443", "http://localhost:3000/", "http://127.0.0.1:8080", "https://xn--bcher-kva.example/%C3%BC"} {
		if got := mistakes(t, with(t, part{`"https://v.example"`, fmt.Sprintf("%q", address)})); got != "" {
			t.Errorf("%q: %s", address, got)
		}
	}
}
