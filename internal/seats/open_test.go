package seats_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// form is what an operator opens an account with.
func form() seats.OpenAccount {
	return seats.OpenAccount{
		Name: "Beispiel AG", Currency: "EUR", Zone: "Europe/Berlin", PlanID: "valuation-team", Seats: 5,
		Owner: seats.Person{Email: "olga@example.com", FirstName: "Olga", LastName: "Owner"},
	}
}

func open(r *seatstest.Rig, in seats.OpenAccount, key string) (seats.Reply[seats.Opened], error) {
	return r.Service.Open(r.Ctx, seatstest.Operator(), in, seatstest.Once[seats.Opened](key, in.Name))
}

func TestOpeningBillsTheFirstPeriodToTheNextBoundary(t *testing.T) {
	r := seatstest.Open(t)
	r.Wall.Set(midNovember())
	in := form()
	in.TaxPPM = 190_000
	reply, err := open(r, in, r.Key())
	r.Must(err)
	opened := reply.Result
	equal(t, "anchor", opened.Account.Anchor, billing.Date{Year: 2026, Month: 11, Day: 22})
	equal(t, "due", opened.Account.Due, utc("2026-12-21 23:00:00"))
	equal(t, "owner", opened.Account.Owner, opened.Owner.ID)
	equal(t, "seats", opened.Subscription.Seats, 5)
	// The anchor is the day of the opening, so the first period is whole by the day.
	equalSlices(t, "billed", amounts(opened.Invoice), []int64{10000})
	equal(t, "tax", opened.Invoice.TaxMinor, 1900)
	equal(t, "number", opened.Invoice.Number, 1)
	r.Clean()
}

func TestTheFirstPeriodIsProratedAsThePlanSays(t *testing.T) {
	for proration, want := range map[billing.Proration]int64{billing.ByDay: 10000, billing.BySecond: 9792, billing.NoProration: 10000} {
		r := seatstest.Open(t, seatstest.At(utc("2026-11-01 14:00:00")), seatstest.OnPolicies(func(p *seats.Policies) { p.Proration = proration }))
		equalSlices(t, string(proration), amounts(&r.Invoices()[0]), []int64{want})
		r.Clean()
	}
}

func TestTheSameKeyOpensOneAccount(t *testing.T) {
	r := seatstest.Open(t)
	first, err := open(r, form(), "key")
	r.Must(err)
	again, err := open(r, form(), "key")
	r.Must(err)
	want, err := seatstest.Once[seats.Opened]("", "").Encode(first.Result)
	r.Must(err)
	equal(t, "the replay", string(again.Replayed), string(want))
	other := form()
	other.Name = "Another AG"
	_, err = open(r, other, "key")
	wantCode(t, err, "idempotency_key_reused")
	_, err = open(r, form(), "")
	wantCode(t, err, "idempotency_key_required")
	equal(t, "accounts", len(r.Store.Snapshot().Accounts), 2)
}

func TestFiftyAtOnceWithOneKeyOpenOneAccount(t *testing.T) {
	r := seatstest.Open(t)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := open(r, form(), "key"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	equal(t, "accounts", len(r.Store.Snapshot().Accounts), 2)
	r.Clean()
}

func TestEveryMistakeOfTheFormIsToldAtOnce(t *testing.T) {
	r := seatstest.Open(t)
	before := r.Store.Snapshot()
	in := seats.OpenAccount{
		Name: strings.Repeat("x", seats.MaxAccountNameRunes+1), Currency: "eur", Zone: "Berlin", PlanID: "valuation-team", Seats: 0,
		Owner: seats.Person{Email: "x", FirstName: "", LastName: "a\nb"}, TaxPPM: billing.MaxTaxPPM + 1, Clock: utc("2026-01-01 00:00:00"),
		Customer: billing.Party{Name: strings.Repeat("x", seats.MaxAccountNameRunes+1), TaxID: strings.Repeat("x", seats.MaxTaxIDBytes+1),
			AddressLines: []string{"1", "2", "3", "4", "5", strings.Repeat("x", seats.MaxAddressLineRunes+1)}, Country: "Germany"},
	}
	_, err := open(r, in, "key")
	wantCode(t, err, "invalid")
	var places []string
	for _, f := range err.(*seats.Error).Fields {
		places = append(places, strings.TrimPrefix(f.Location, "body."))
	}
	equalSlices(t, "places", places, []string{
		"name", "owner.first_name", "owner.last_name", "owner.email", "currency", "time_zone",
		"invoice_address.name", "invoice_address.tax_id", "invoice_address.lines", "invoice_address.lines[5]", "invoice_address.country",
		"tax_rate_ppm", "seats", "clock",
	})
	nothingChanged(t, r, before)
}

func TestTheFormIsTakenAtItsLimitsAndRefusedOnePast(t *testing.T) {
	cases := []struct {
		name   string
		change func(*seats.OpenAccount)
		want   string
	}{
		{"as it is", func(*seats.OpenAccount) {}, ""},
		{"the longest name", func(in *seats.OpenAccount) { in.Name = strings.Repeat("x", seats.MaxAccountNameRunes) }, ""},
		{"the most seats", func(in *seats.OpenAccount) { in.Seats = billing.MaxSeats }, ""},
		{"one seat more", func(in *seats.OpenAccount) { in.Seats = billing.MaxSeats + 1 }, "invalid"},
		{"fewer seats than the plan has", func(in *seats.OpenAccount) { in.Seats = 2 }, "invalid"},
		{"as few seats as the plan has", func(in *seats.OpenAccount) { in.Seats = 3 }, ""},
		{"the highest tax", func(in *seats.OpenAccount) { in.TaxPPM = billing.MaxTaxPPM }, ""},
		{"a negative tax", func(in *seats.OpenAccount) { in.TaxPPM = -1 }, "invalid"},
		{"the most address lines", func(in *seats.OpenAccount) { in.Customer.AddressLines = []string{"1", "2", "3", "4", "5"} }, ""},
		{"a zone of this machine", func(in *seats.OpenAccount) { in.Zone = "Local" }, "invalid"},
		{"no zone", func(in *seats.OpenAccount) { in.Zone = "" }, "invalid"},
		{"a zone outside the zones", func(in *seats.OpenAccount) { in.Zone = "../../etc/passwd" }, "invalid"},
		{"a metal for a currency", func(in *seats.OpenAccount) { in.Currency = "XAU" }, "invalid"},
		{"a currency that the plan has no price in", func(in *seats.OpenAccount) { in.Currency = "GBP" }, "invalid"},
		{"a plan that is none", func(in *seats.OpenAccount) { in.PlanID = "nothing" }, "not_found"},
		{"a clock before the calendar", func(in *seats.OpenAccount) { in.Test, in.Clock = true, utc("1969-12-31 00:00:00") }, "invalid"},
		{"a clock at its beginning", func(in *seats.OpenAccount) { in.Test, in.Clock = true, utc("1970-01-01 00:00:00") }, ""},
		{"a clock at its end", func(in *seats.OpenAccount) { in.Test, in.Clock = true, utc("2100-12-01 00:00:00") }, ""},
		{"a clock after the calendar", func(in *seats.OpenAccount) { in.Test, in.Clock = true, utc("2101-01-01 00:00:00") }, "invalid"},
		{"a clock before the calendar by UTC alone", func(in *seats.OpenAccount) {
			in.Test, in.Clock = true, utc("1969-12-31 20:00:00").In(time.FixedZone("east", 14*3600))
		}, "invalid"},
		{"a clock after the calendar by UTC alone", func(in *seats.OpenAccount) {
			in.Test, in.Clock = true, utc("2101-01-01 02:00:00").In(time.FixedZone("west", -12*3600))
		}, "invalid"},
		{"a clock without a test account", func(in *seats.OpenAccount) { in.Clock = utc("2026-01-01 00:00:00") }, "invalid"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.MinSeats = 3 }))
			in := form()
			c.change(&in)
			_, err := open(r, in, "key")
			wantCode(t, err, c.want)
			r.Clean()
		})
	}
}

func TestPublishingTheSamePlanAgainMakesNoVersion(t *testing.T) {
	r := seatstest.Open(t)
	publish := func(change func(*seats.Plan)) int {
		plan := seatstest.Plan()
		change(plan)
		refs, err := r.Service.PublishPlans(r.Ctx, []*seats.Plan{plan})
		r.Must(err)
		return refs[0].Version
	}
	equal(t, "the same", publish(func(*seats.Plan) {}), 1)
	equal(t, "another price", publish(func(p *seats.Plan) {
		p.Prices = map[money.Currency]billing.Price{"EUR": {Model: billing.PerSeat, UnitMinor: 2500}}
	}), 2)
	equal(t, "the first again", publish(func(*seats.Plan) {}), 3)
	// The subscription keeps its version.
	equal(t, "the subscription's version", r.Pool().Plan.Version, 1)
	r.CloseAt(decemberFirst())
	equalSlices(t, "billed", amounts(&r.Invoices()[1]), []int64{10000})
	r.Clean()
}

func TestPlansPublishedAtOnceGetVersionsOfTheirOwn(t *testing.T) {
	const racers = 5
	r := seatstest.Open(t)
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			plan := seatstest.Plan()
			plan.Rank = 10 + i
			if _, err := r.Service.PublishPlans(r.Ctx, []*seats.Plan{plan}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	equal(t, "versions", len(r.Store.Snapshot().Plans["valuation-team"]), 1+racers)
}

func TestAdminsChangeSettingsWhereTheyMaySpend(t *testing.T) {
	for may, want := range map[bool]string{true: "", false: "forbidden"} {
		r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.AdminsMaySpend = may }))
		r.JoinAs(seats.Admin, "adm")
		_, err := r.Service.EditAccount(r.Ctx, r.Caller("adm"), r.Account, seats.AccountPatch{Name: ptr("Neu AG")}, none[seats.EditedAccount]())
		wantCode(t, err, want)
		r.Clean()
	}
}

func TestSettingsAreChangedByWhoMaySpend(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.AdminsMaySpend = false }))
	for _, role := range roles()[1:] {
		r.JoinAs(role, string(role))
	}
	patch := seats.AccountPatch{
		Name: ptr("Neu AG"), Zone: ptr("America/New_York"), BillingContact: ptr("Rechnung@Example.com"), MailsOff: ptr([]string{"invoice", "license_given", "invoice"}),
		Customer: &billing.Party{AddressLines: []string{" Nebenstrasse 2 "}, Country: "AT", TaxID: "ATU1"},
	}
	for role, want := range map[seats.Role]string{seats.Member: "forbidden", seats.Admin: "forbidden", seats.BillingAdmin: ""} {
		_, err := r.Service.EditAccount(r.Ctx, r.Caller(string(role)), r.Account, patch, none[seats.EditedAccount]())
		wantCode(t, err, want)
	}
	a := r.Stored()
	equal(t, "name", a.Name, "Neu AG")
	equal(t, "contact", a.BillingContact, "rechnung@example.com")
	equal(t, "customer", a.Customer.Name, "Neu AG")
	equal(t, "address", a.Customer.AddressLines[0], "Nebenstrasse 2")
	equalSlices(t, "mails off", a.MailsOff, []string{"invoice", "license_given"})
	equal(t, "events", len(r.Events(seats.AccountUpdated)), 1)
	before := r.Store.Snapshot()
	_, err := r.Service.EditAccount(r.Ctx, r.Caller("owner"), r.Account, patch, none[seats.EditedAccount]())
	r.Must(err)
	nothingChanged(t, r, before)
	_, err = r.Service.EditAccount(r.Ctx, r.Caller("owner"), r.Account, seats.AccountPatch{
		Name: ptr(" "), Zone: ptr("Nowhere"), BillingContact: ptr("x"), Customer: &billing.Party{Country: "xx"}, MailsOff: ptr([]string{"everything"}),
	}, none[seats.EditedAccount]())
	wantCode(t, err, "invalid")
	equal(t, "mistakes", len(err.(*seats.Error).Fields), 5)
	nothingChanged(t, r, before)
	r.Clean()
}

func TestAChangedZoneAppliesFromTheNextBoundary(t *testing.T) {
	r := seatstest.Open(t)
	end := r.Pool().Period.End
	_, err := r.Service.EditAccount(r.Ctx, r.Caller("owner"), r.Account, seats.AccountPatch{Zone: ptr("America/New_York")}, none[seats.EditedAccount]())
	r.Must(err)
	equal(t, "the open period's end", r.Pool().Period.End, end)
	// Still the 22nd in New York, but the 23rd in Berlin, where the period was opened.
	r.Wall.Set(utc("2026-11-22 23:30:00"))
	equalSlices(t, "due now", amounts(r.Change(8).Invoice), []int64{1600})
	r.CloseAt(end)
	p := r.Pool().Period
	equal(t, "the next start", p.Start, end)
	equal(t, "the next end", p.End, utc("2027-01-01 05:00:00"))
	r.CloseAt(p.End)
	equal(t, "the one after", r.Pool().Period.Start, p.End)
	r.Clean()
}

func TestTheLedgerIsReadPageByPageAndMonthByMonth(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("ann")
	r.Wall.Set(utc("2026-12-24 12:00:00"))
	r.Join("bob")
	r.Wall.Set(utc("2027-03-03 12:00:00"))
	r.Join("cid")
	all := r.Events()
	for _, size := range []int{1, 3, 100} {
		var ids []seats.EventID
		page := seats.Page{Limit: size}
		for {
			events, cursor, err := r.Service.ListEvents(r.Ctx, r.Caller("owner"), r.Account, seats.EventFilter{}, page)
			r.Must(err)
			if len(events) > size {
				t.Fatalf("a page of %d holds %d", size, len(events))
			}
			for _, e := range events {
				ids = append(ids, e.ID)
			}
			if cursor == "" {
				break
			}
			page.Cursor = cursor
		}
		equal(t, "events", len(ids), len(all))
		for i, id := range ids {
			if id != all[len(all)-1-i].ID {
				t.Fatalf("pages of %d: event %d is %s", size, i, id)
			}
		}
	}
	count := func(f seats.EventFilter) int {
		events, _, err := r.Service.ListEvents(r.Ctx, r.Caller("owner"), r.Account, f, seats.Page{Limit: 100})
		r.Must(err)
		return len(events)
	}
	equal(t, "about ann", count(seats.EventFilter{User: r.ID("ann")}), 2)
	equal(t, "joined", count(seats.EventFilter{Type: seats.UserJoined}), 3)
	equal(t, "since December", count(seats.EventFilter{Type: seats.UserJoined, From: utc("2026-12-01 00:00:00")}), 2)
	equal(t, "until December", count(seats.EventFilter{Type: seats.UserJoined, To: utc("2026-12-24 12:00:00")}), 1)
	for _, cursor := range []string{"x/", "2026-13/", "/", "2026-1"} {
		_, _, err := r.Service.ListEvents(r.Ctx, r.Caller("owner"), r.Account, seats.EventFilter{}, seats.Page{Limit: 3, Cursor: cursor})
		if err != nil && codeOf(err) != "invalid" {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

func TestPoolsHoldersAndAccountsAreReadAsTheyStand(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann")
	r.Wall.Advance(1)
	r.JoinLicensed("bob")
	r.Invite(seatstest.Invitee("cid", r.Sub))
	r.JoinAs(seats.Admin, "adm")
	r.JoinAs(seats.BillingAdmin, "bill")
	_, pools, err := r.Service.Pools(r.Ctx, r.Caller("bill"), r.Account, r.Sub)
	r.Must(err)
	equal(t, "in use", pools[0].InUse, 2)
	equal(t, "reserved", pools[0].Reserved, 1)
	equal(t, "free", pools[0].Free, 2)
	equalSlices(t, "next invoice", amounts(pools[0].Next), []int64{10000})
	_, _, err = r.Service.Pools(r.Ctx, r.Caller("bill"), r.Account, "sub_x")
	wantCode(t, err, "not_found")
	holders, err := r.Service.Holders(r.Ctx, r.Caller("adm"), r.Account, r.Sub)
	r.Must(err)
	equal(t, "holders", len(holders), 2)
	equal(t, "the longest first", holders[0].User.ID, r.ID("ann"))
	mine, err := r.Service.MyAccounts(r.Ctx, r.Caller("ann"))
	r.Must(err)
	equal(t, "accounts", len(mine), 1)
	equal(t, "products", len(mine[0].Products), 1)
	equal(t, "product", mine[0].Products[0].ID, pools[0].Product)
	equal(t, "product's name", mine[0].Products[0].Name, pools[0].Plan.Product.Name)
	nobody, err := r.Service.MyAccounts(r.Ctx, r.Caller("nobody"))
	r.Must(err)
	equal(t, "accounts of nobody", len(nobody), 0)
}
