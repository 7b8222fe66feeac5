package seats_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// edited is the rig's plan with changes of its own; nothing of it is shared.
func edited(change func(*seats.Plan)) *seats.Plan {
	p := seatstest.Plan()
	p.Prices = maps.Clone(p.Prices)
	p.Product.Entitlements = slices.Clone(p.Product.Entitlements)
	change(p)
	return p
}

func TestTheDifferenceOfTwoVersionsReadsAsWords(t *testing.T) {
	from := edited(func(p *seats.Plan) {
		p.Version, p.Name, p.Rank, p.AgreementURL = 3, "Team", 1, ""
		p.Product = seats.Product{ID: "rooms", Name: "Rooms", Entitlements: []seats.Entitlement{{ID: "a", Name: "See"}, {ID: "b", Name: "Book"}}}
		p.Prices = map[money.Currency]billing.Price{
			"EUR": {Model: billing.PerSeat, UnitMinor: 2000}, "JPY": {Model: billing.PerSeat, UnitMinor: 300}, "KWD": {Model: billing.PerSeat, UnitMinor: 1500},
		}
		p.Vendor = seats.Vendor{Name: "Old", AddressLines: []string{"One", "Two"}, LogoPNG: []byte{1, 2, 3}}
	})
	to := edited(func(p *seats.Plan) {
		*p = *from
		p.Version, p.Name, p.Rank, p.AgreementURL, p.Interval = 0, "Crew", 2, "https://v.example/agreement", billing.Year
		p.Product = seats.Product{ID: "rooms", Name: "Halls", Entitlements: []seats.Entitlement{{ID: "b", Name: "Book rooms"}, {ID: "c", Name: "Clean"}}}
		p.Prices = map[money.Currency]billing.Price{
			"EUR": {Model: billing.PerSeat, UnitMinor: 1500, BaseMinor: 4900, IncludedSeats: 3}, "KWD": {Model: billing.PerSeat, UnitMinor: 1500},
			"USD": {Model: billing.Graduated, Tiers: []billing.Tier{{UpTo: 1, UnitMinor: 0}, {UpTo: 10, UnitMinor: 900}, {UnitMinor: 800}}},
		}
		p.Policies.Settle, p.Policies.Proration, p.Policies.MinSeats = seats.SettleDaily, billing.BySecond, 5
		p.Policies.AdminMonthlyCap = map[money.Currency]int64{"EUR": 50_000}
		p.Vendor = seats.Vendor{Name: "New", AddressLines: []string{"Two"}, TaxID: "T", Country: "DE", SupportEmail: "a@b", SalesContact: "c", SignInURL: "https://d", LegalLines: []string{"HRB 1"}}
	})
	var got strings.Builder
	for _, d := range seats.PlanDiff(from, to) {
		if d.PlanID != to.ID {
			t.Errorf("a difference of the plan %q", d.PlanID)
		}
		fmt.Fprintf(&got, "%s: %q -> %q\n", d.Field, d.From, d.To)
	}
	const want = `name: "Team" -> "Crew"
product.name: "Rooms" -> "Halls"
product.entitlements.a: "See" -> ""
product.entitlements.b: "Book" -> "Book rooms"
product.entitlements.c: "" -> "Clean"
interval: "month" -> "year"
rank: "1" -> "2"
agreement_url: "" -> "https://v.example/agreement"
price.EUR: "EUR 20.00 a seat" -> "EUR 49.00, 3 seats included, then EUR 15.00 a seat"
price.JPY: "JPY 300 a seat" -> ""
price.USD: "" -> "USD 0.00 for seat 1, USD 9.00 each for seats 2 to 10, USD 8.00 each above seat 10"
policies.proration: "Seats added during a billing cycle are charged by the day: for the days that are left, the day of the change included." -> "Seats added during a billing cycle are charged by the second, for the time that is left."
policies.settle: "What is owed for added seats is invoiced at once." -> "What is owed for the changes of one day is added up and invoiced when the day is over."
policies.min_seats: "There is no minimum number of seats." -> "The number of seats is never below 5."
policies.admin_monthly_cap: "What an admin spends in a month has no limit of its own." -> "An admin may spend at most EUR 500.00 in a calendar month, before tax."
vendor.name: "Old" -> "New"
vendor.address: "One, Two" -> "Two"
vendor.tax_id: "" -> "T"
vendor.country: "" -> "DE"
vendor.support_email: "" -> "a@b"
vendor.sales_contact: "" -> "c"
vendor.sign_in_url: "" -> "https://d"
vendor.legal_lines: "" -> "HRB 1"
vendor.logo: "a picture of 3 bytes" -> ""
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
	if found := seats.PlanDiff(from, from); len(found) != 0 {
		t.Errorf("a plan differs from itself: %+v", found)
	}
}

func TestPricesReadAsWords(t *testing.T) {
	for _, c := range []struct {
		price billing.Price
		want  string
	}{
		{billing.Price{Model: billing.PerSeat, UnitMinor: 2000}, "EUR 20.00 a seat"},
		{billing.Price{Model: billing.PerSeat}, "EUR 0.00 a seat"},
		{billing.Price{Model: billing.PerSeat, UnitMinor: 2000, BaseMinor: 100}, "EUR 1.00, EUR 20.00 a seat"},
		{billing.Price{Model: billing.PerSeat, UnitMinor: 2000, BaseMinor: 100, IncludedSeats: 1}, "EUR 1.00, 1 seat included, then EUR 20.00 a seat"},
		{billing.Price{Model: billing.Graduated, Tiers: []billing.Tier{{UnitMinor: 5}}}, "EUR 0.05 a seat"},
		{billing.Price{Model: billing.Graduated, BaseMinor: 100, Tiers: []billing.Tier{{UpTo: 2, UnitMinor: 5}, {UpTo: 3, UnitMinor: 4}, {UnitMinor: 3}}}, "EUR 1.00, EUR 0.05 each for seats 1 to 2, EUR 0.04 for seat 3, EUR 0.03 each above seat 3"},
		{billing.Price{Model: billing.Volume, Tiers: []billing.Tier{{UnitMinor: 5}}}, "EUR 0.05 a seat"},
		{billing.Price{Model: billing.Volume, Tiers: []billing.Tier{{UpTo: 1, UnitMinor: 6}, {UpTo: 10, UnitMinor: 5}, {UnitMinor: 4}}}, "EUR 0.06 a seat with 1 seat, EUR 0.05 a seat with 2 to 10 seats, EUR 0.04 a seat with 11 seats or more"},
	} {
		if got := seats.PriceInWords(&c.price, "EUR"); got != c.want {
			t.Errorf("%+v reads %q, want %q", c.price, got, c.want)
		}
	}
}

// Whatever is changed of a plan, publishing it makes a new version exactly where the
// difference says so. A field that comes to plans and not to their difference fails
// here.
func TestEveryChangeOfAPlanIsADifference(t *testing.T) {
	r := seatstest.Open(t)
	plan := r.Plan
	check := func(where string, other *seats.Plan) {
		t.Helper()
		found := seats.PlanDiff(plan, other)
		if len(found) == 0 {
			t.Errorf("%s: no difference", where)
		}
		for _, d := range found {
			if d.From == d.To || d.Field == "" || d.Field == "plan" && !strings.HasPrefix(where, "Policies.") {
				t.Errorf("%s: the difference %+v", where, d)
			}
		}
	}
	eachChange(reflect.ValueOf(*plan), "", func(where string, change func(reflect.Value)) {
		other := *plan
		v := reflect.ValueOf(&other).Elem()
		switch where {
		case "ID", "Version", "PublishedAt":
			return // they name the version
		}
		change(v)
		check(where, &other)
	})
}

// eachChange gives, for every plain field of a struct and of the structs within it, a
// function that changes it in a value of the same type.
func eachChange(v reflect.Value, path string, give func(string, func(reflect.Value))) {
	for i := range v.NumField() {
		field, name := v.Field(i), path+v.Type().Field(i).Name
		within := func(change func(reflect.Value)) func(reflect.Value) {
			return func(root reflect.Value) { change(root.Field(i)) }
		}
		switch {
		case field.Type() == reflect.TypeFor[time.Time]():
			give(name, within(func(f reflect.Value) { f.Set(reflect.ValueOf(time.Unix(1, 0))) }))
		case field.Kind() == reflect.Struct:
			eachChange(field, name+".", func(where string, change func(reflect.Value)) { give(where, within(change)) })
		default:
			give(name, within(changePlain))
		}
	}
}

func changePlain(f reflect.Value) {
	switch f.Kind() {
	case reflect.String:
		other := f.String() + "x"
		if values, ok := otherValues()[f.Type()]; ok {
			other = values
		}
		f.SetString(other)
	case reflect.Bool:
		f.SetBool(!f.Bool())
	case reflect.Int, reflect.Int64:
		f.SetInt(f.Int() + 7)
	case reflect.Slice:
		f.Set(reflect.Append(reflect.MakeSlice(f.Type(), 0, 9), reflect.Zero(f.Type().Elem())))
		if f.Type().Elem().Kind() == reflect.String {
			f.Index(0).SetString("x")
		}
		if f.Type().Elem().Kind() == reflect.Struct {
			f.Index(0).Field(0).SetString("x")
			f.Index(0).Field(1).SetString("x")
		}
	case reflect.Map:
		m := reflect.MakeMap(f.Type())
		value := reflect.New(f.Type().Elem()).Elem()
		if value.Kind() == reflect.Int64 {
			value.SetInt(5)
		}
		m.SetMapIndex(reflect.ValueOf(money.Currency("XAF")), value)
		f.Set(m)
	default:
		panic("a field of kind " + f.Kind().String())
	}
}

// otherValues are values that are no default, for fields that have a few only.
func otherValues() map[reflect.Type]string {
	return map[reflect.Type]string{
		reflect.TypeFor[seats.Billing]():      string(seats.BillingActiveUsers),
		reflect.TypeFor[billing.Proration]():  string(billing.BySecond),
		reflect.TypeFor[seats.Settle]():       string(seats.SettleDaily),
		reflect.TypeFor[seats.Decrease]():     string(seats.DecreaseOnRequest),
		reflect.TypeFor[seats.OverAssigned](): string(seats.ReleaseNewest),
		reflect.TypeFor[seats.SelfServe]():    string(seats.SelfServeAddOnly),
		reflect.TypeFor[billing.Interval]():   string(billing.Year),
	}
}

func TestWhatPublishingWouldChangeIsToldBefore(t *testing.T) {
	r := seatstest.Open(t)
	published, err := r.Store.Plan(r.Ctx, seats.PlanRef{ID: r.Plan.ID})
	r.Must(err)
	unchanged, dearer, other := *published, *published, *published
	unchanged.Version, dearer.Version = 0, 0
	dearer.Prices = maps.Clone(dearer.Prices)
	for currency := range dearer.Prices {
		dearer.Prices[currency] = billing.Price{Model: billing.PerSeat, UnitMinor: 9_900}
	}
	other.ID, other.Name = "another", "Another"
	for _, c := range []struct {
		name  string
		plans []*seats.Plan
		want  int
	}{{"the same again", []*seats.Plan{&unchanged}, 0}, {"dearer", []*seats.Plan{&dearer}, len(dearer.Prices)}, {"one more", []*seats.Plan{&unchanged, &other}, 1}} {
		changes, err := r.Service.PlanChanges(r.Ctx, c.plans)
		r.Must(err)
		if len(changes) != c.want || changes == nil {
			t.Errorf("%s: %+v", c.name, changes)
		}
		before, err := r.Store.Plan(r.Ctx, seats.PlanRef{ID: r.Plan.ID})
		r.Must(err)
		if before.Version != published.Version {
			t.Fatalf("asking has published version %d", before.Version)
		}
	}
	changes, err := r.Service.PlanChanges(r.Ctx, []*seats.Plan{&other})
	r.Must(err)
	if want := (seats.PlanDifference{PlanID: "another", Field: "plan", To: "new: Another"}); changes[0] != want {
		t.Errorf("a new plan is %+v, want %+v", changes[0], want)
	}
}
