package catalog_test

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/local/dynamo/dynamotest"
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/catalog"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

const catalogs = "../../infra/catalog"

// systems are the plans of every catalog that the repository ships, by file.
func systems(t *testing.T) map[string][]*seats.Plan {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(catalogs, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]*seats.Plan{}
	for _, file := range files {
		text := read(t, file)
		plans, err := catalog.Parse(text)
		if err != nil {
			t.Fatalf("%s: %s", file, mistakes(t, string(text)))
		}
		all[strings.TrimSuffix(filepath.Base(file), ".yaml")] = plans
	}
	for _, system := range []string{"teams", "prospecting", "service-desk", "valuation", "meetings"} {
		if all[system] == nil {
			t.Fatalf("there is no catalog of %s", system)
		}
	}
	return all
}

// What a vendor's staff reads of each plan before publishing it.
func TestTheCatalogsReadAsTheirSystemsAre(t *testing.T) {
	all := systems(t)
	for system, plans := range all {
		var b strings.Builder
		for _, p := range plans {
			fmt.Fprintf(&b, "%s: %s, %s, by the %s, rank %d\n", p.ID, p.Name, p.Product.Name, p.Interval, p.Rank)
			for _, currency := range []money.Currency{"EUR", "USD", "JPY"} {
				price, err := p.Price(currency)
				if err != nil {
					t.Errorf("%s: %v", p.ID, err)
					continue
				}
				fmt.Fprintf(&b, "  %s\n", seats.PriceInWords(price, currency))
			}
			for _, sentence := range p.Policies.Sentences() {
				fmt.Fprintf(&b, "  - %s\n", sentence)
			}
		}
		golden(t, "system-"+system+".txt", b.String())
	}
}

// Each catalog is published twice, through the store that vendors have: the plans come
// back as they were read, the second time nothing is new, and the list has all of them.
func TestEveryCatalogIsPublishedAndComesBackAsItWasRead(t *testing.T) {
	cfg, tables := dynamotest.NewWithTables(t)
	options := store.Options{SeatsTable: tables["SeatsTable"], KeysTable: tables["KeysTable"]}
	open := func() *seats.Service {
		st := store.New(dynamodb.NewFromConfig(cfg), options)
		return seats.New(st, st.InvitationKey)
	}
	svc, want := open(), map[string]*seats.Plan{}
	for file, plans := range systems(t) {
		for _, p := range plans {
			if want[p.ID] != nil {
				t.Errorf("%s: the plan %s is another catalog's too", file, p.ID)
			}
			want[p.ID] = p
		}
		changes, err := svc.PlanChanges(t.Context(), plans)
		if err != nil || len(changes) != len(plans) {
			t.Errorf("%s: before publishing %d plans %d are new, %v", file, len(plans), len(changes), err)
		}
		for range 2 {
			refs, err := svc.PublishPlans(t.Context(), plans)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for _, ref := range refs {
				if ref.Version != 1 {
					t.Errorf("%s: %s is version %d", file, ref.ID, ref.Version)
				}
			}
		}
	}
	listed, err := open().Store.Plans(t.Context())
	if err != nil || len(listed) != len(want) {
		t.Fatalf("%d plans are listed of %d, %v", len(listed), len(want), err)
	}
	for _, p := range listed {
		got, read := *p, *want[p.ID]
		if got.PublishedAt.IsZero() {
			t.Errorf("%s has no instant of publication", p.ID)
		}
		got.PublishedAt, got.Version = read.PublishedAt, 0
		if !reflect.DeepEqual(got, read) {
			t.Errorf("%s came back as\n%+v\nwant\n%+v", p.ID, got, read)
		}
	}
}

// What makes each of the five the system that it is, in data.
func TestEachSystemHasWhatIsSpecialAboutIt(t *testing.T) {
	all := systems(t)
	plan := func(system, id string) *seats.Plan {
		t.Helper()
		i := slices.IndexFunc(all[system], func(p *seats.Plan) bool { return p.ID == id })
		if i < 0 {
			t.Fatalf("%s has no plan %s", system, id)
		}
		return all[system][i]
	}
	models := map[billing.PriceModel]bool{}
	withBase := false
	for system, plans := range all {
		intervals := map[billing.Interval]bool{}
		for _, p := range plans {
			intervals[p.Interval] = true
			for _, price := range p.Prices {
				models[price.Model] = true
				withBase = withBase || price.BaseMinor > 0 && price.IncludedSeats > 0
			}
			if system != "sample" && (len(p.Vendor.LogoPNG) == 0 || len(p.Vendor.LegalLines) == 0 || p.Vendor.Country == "") {
				t.Errorf("%s: the vendor of %s lacks a logo, legal lines or a country", system, p.ID)
			}
		}
		if !intervals[billing.Month] || !intervals[billing.Year] {
			t.Errorf("%s is not sold by the month and by the year", system)
		}
	}
	if !models[billing.PerSeat] || !models[billing.Graduated] || !models[billing.Volume] || !withBase {
		t.Errorf("the price models are %v, a base with included seats: %t", models, withBase)
	}
	for what, ok := range map[string]bool{
		"teams buys seats as users are added":        plan("teams", "teams-monthly").Policies.AutoSeats,
		"in teams admins may not spend":              !plan("teams", "teams-monthly").Policies.AdminsMaySpend,
		"five licenses of Enterprise are self-serve": plan("prospecting", "prospecting-enterprise-yearly").Policies.MaxSelfServeSeats == 5,
		"the partner edition is not self-serve":      plan("prospecting", "prospecting-partner-monthly").Policies.SelfServe == seats.SelfServeNone,
		"removal in prospecting is on request":       plan("prospecting", "prospecting-pro-yearly").Policies.Decrease == seats.DecreaseOnRequest,
		"the service desk bills active users":        plan("service-desk", "service-desk-monthly").Policies.ActiveUsers(),
		"a decrease in valuation waits for the end":  plan("valuation", "valuation-monthly").Policies.Decrease == seats.DecreaseEndOfCycle,
		"valuation asks for an agreement":            plan("valuation", "valuation-monthly").Policies.AgreementRequired && plan("valuation", "valuation-monthly").AgreementURL != "",
		"meetings has two products":                  plan("meetings", "webinars-monthly").Product.ID != plan("meetings", "meetings-pro-monthly").Product.ID,
	} {
		if !ok {
			t.Errorf("it is not so that %s", what)
		}
	}
	upgrades := []string{"freemium", "essential", "pro", "enterprise"}
	for i := range upgrades[1:] {
		lower, higher := plan("prospecting", "prospecting-"+upgrades[i]+"-monthly"), plan("prospecting", "prospecting-"+upgrades[i+1]+"-monthly")
		if lower.Rank >= higher.Rank {
			t.Errorf("%s is not an upgrade of %s", higher.ID, lower.ID)
		}
	}
}
