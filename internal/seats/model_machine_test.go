package seats_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// machine plays random commands on an account and on its model, and compares them
// after each.
type machine struct {
	r *seatstest.Rig
	m *model
}

// modelZones are zones whose days are of every kind: clocks that change at midnight,
// by half an hour, or over a whole day.
func modelZones() []string {
	return []string{
		"UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo", "America/Havana",
		"Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Pacific/Kiritimati", "Asia/Tehran",
	}
}

func drawPrice(t *rapid.T) billing.Price {
	unit := rapid.SampledFrom([]int64{0, 1, 333, 1999, 2000}).Draw(t, "unit")
	switch rapid.SampledFrom([]billing.PriceModel{billing.PerSeat, billing.Graduated, billing.Volume}).Draw(t, "pricing") {
	case billing.Graduated:
		return billing.Price{Model: billing.Graduated, Tiers: []billing.Tier{{UpTo: 3, UnitMinor: unit + 700}, {UpTo: 6, UnitMinor: unit + 1}, {UnitMinor: unit}}}
	case billing.Volume:
		return billing.Price{Model: billing.Volume, BaseMinor: 50, Tiers: []billing.Tier{{UpTo: 4, UnitMinor: unit + 900}, {UnitMinor: unit}}}
	}
	return billing.Price{
		Model: billing.PerSeat, UnitMinor: unit, BaseMinor: rapid.SampledFrom([]int64{0, 0, 499}).Draw(t, "base"),
		IncludedSeats: rapid.SampledFrom([]int64{0, 0, 2, 5}).Draw(t, "included"),
	}
}

func drawPolicies(t *rapid.T) func(*seats.Policies) {
	return func(p *seats.Policies) {
		p.Proration = rapid.SampledFrom([]billing.Proration{billing.ByDay, billing.BySecond, billing.NoProration}).Draw(t, "proration")
		p.Settle = rapid.SampledFrom([]seats.Settle{seats.SettleNow, seats.SettleNextInvoice}).Draw(t, "settle")
		p.OverAssigned = rapid.SampledFrom([]seats.OverAssigned{seats.KeepAssigned, seats.ReleaseNewest, seats.RefuseBelow}).Draw(t, "over-assigned")
		p.SelfServe = rapid.SampledFrom([]seats.SelfServe{seats.SelfServeAll, seats.SelfServeAll, seats.SelfServeAll, seats.SelfServeAddOnly}).Draw(t, "self-serve")
		p.AdminsMaySpend = rapid.Bool().Draw(t, "admins may spend")
		p.MinSeats = rapid.SampledFrom([]int64{0, 0, 2}).Draw(t, "min seats")
		p.MaxSelfServeSeats = rapid.SampledFrom([]int64{0, 0, 9}).Draw(t, "max seats")
	}
}

// drawOpening is an instant at which accounts open: month's ends above all, and the
// years in which the sampled zones changed their clocks in odd ways.
func drawOpening(t *rapid.T, loc *time.Location) time.Time {
	year := rapid.SampledFrom([]int{2010, 2011, 2017, 2018, 2023, 2024, 2026, 2028}).Draw(t, "year")
	first := time.Date(year, time.Month(rapid.IntRange(1, 12).Draw(t, "month")), 1, 0, 0, 0, 0, loc)
	last := first.AddDate(0, 1, -1).Day()
	day := rapid.OneOf(rapid.IntRange(1, last), rapid.Just(last), rapid.Just(min(29, last))).Draw(t, "day")
	second := rapid.OneOf(rapid.IntRange(0, 86_399), rapid.SampledFrom([]int{0, 86_399})).Draw(t, "second")
	return first.AddDate(0, 0, day-1).Add(time.Duration(second) * time.Second).UTC()
}

func newMachine(t *rapid.T) *machine {
	zone := rapid.SampledFrom(modelZones()).Draw(t, "zone")
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	opening := drawOpening(t, loc)
	price, policies := drawPrice(t), drawPolicies(t)
	interval := rapid.SampledFrom([]billing.Interval{billing.Month, billing.Month, billing.Month, billing.Year}).Draw(t, "interval")
	m := &model{
		loc: loc, anchor: naiveDateOf(opening, loc), months: map[billing.Interval]int{billing.Month: 1, billing.Year: 12}[interval], price: price,
		test: rapid.Bool().Draw(t, "test account"), clock: opening, wall: opening, people: map[string]*person{},
		seats: rapid.Int64Range(2, 6).Draw(t, "seats"),
	}
	options := []seatstest.Option{
		seatstest.At(opening), seatstest.Seats(m.seats), seatstest.OnPolicies(policies),
		seatstest.OnPlan(func(p *seats.Plan) {
			p.Interval, p.Prices = interval, map[money.Currency]billing.Price{"EUR": price}
			m.policies = p.Policies
		}),
		seatstest.OnAccount(func(a *seats.OpenAccount) { a.Zone, a.TaxPPM = zone, 190_000 }),
	}
	if m.test {
		options = append(options, seatstest.TestClock())
	}
	r := seatstest.Open(t, options...)
	m.period = m.periodAt(0, naiveStart(m.anchor, loc))
	factor := naiveFactor(m.period, m.policies.Proration, opening, loc)
	if m.policies.Proration == billing.NoProration {
		factor.SetInt64(1)
	}
	if amount := naiveRound(factor.Mul(factor, ratOf(naivePrice(&price, m.seats)))); amount != 0 {
		m.bill([]int64{amount})
	}
	m.people["owner"] = &person{id: r.Owner, role: seats.Owner, status: seats.UserActive}
	return &machine{r: r, m: m}
}

// names are those whom the machine plays with.
func names() []string { return []string{"owner", "a", "b", "c", "d", "e"} }

// anybody is somebody in the account.
func (x *machine) anybody(t *rapid.T, label string) string {
	return rapid.SampledFrom(slices.Sorted(maps.Keys(x.m.people))).Draw(t, label)
}

// actor is who does something: mostly the owner, else anybody or a stranger.
func (x *machine) actor(t *rapid.T) string {
	switch rapid.IntRange(0, 9).Draw(t, "kind of actor") {
	case 0:
		return "stranger"
	case 1, 2, 3:
		return x.anybody(t, "actor")
	}
	for who, p := range x.m.people {
		if p.role == seats.Owner {
			return who
		}
	}
	return "owner"
}

// tick lets a second of the wall clock pass before a command, so that nobody acts in
// the very second in which they were signed out.
func (x *machine) tick() {
	x.m.wall = x.r.Wall.Advance(time.Second)
}

// same compares the codes of a command.
func (x *machine) same(t *rapid.T, err error, want string) {
	t.Helper()
	if got := codeOf(err); got != want {
		t.Fatalf("got %q (%v), the model says %q", got, err, want)
	}
}

func (x *machine) sameAmounts(t *rapid.T, what string, got *billing.Invoice, want []int64) {
	t.Helper()
	if a := amounts(got); !slices.Equal(a, want) {
		t.Fatalf("%s: %v, the model says %v", what, a, want)
	}
}

// check compares everything after each step and lets the auditor look.
func (x *machine) check(t *rapid.T) {
	pool, a, m := x.r.Pool(), x.r.Stored(), x.m
	if pool.Seats != m.seats || pool.Free != m.free() || (pool.Pending == nil) != (m.pending == nil) || m.pending != nil && pool.Pending.Seats != *m.pending {
		t.Fatalf("%d seats, %d free, pending %v; the model has %d, %d, %v", pool.Seats, pool.Free, pool.Pending, m.seats, m.free(), m.pending)
	}
	if !pool.Period.Start.Equal(m.period.start) || !pool.Period.End.Equal(m.period.end) || !a.Due.Equal(m.period.end) {
		t.Fatalf("the period is %s to %s, due %s; the model has %s to %s", pool.Period.Start, pool.Period.End, a.Due, m.period.start, m.period.end)
	}
	if a.Status != seats.AccountOpen {
		t.Fatalf("parked for %q", a.ParkedFor)
	}
	if m.test && !a.Clock.Equal(m.clock) {
		t.Fatalf("the clock stands at %s, the model's at %s", a.Clock, m.clock)
	}
	invoices := x.r.Invoices()
	if len(invoices) != len(m.billed) {
		t.Fatalf("%d invoices, the model has %v", len(invoices), m.billed)
	}
	for i := range invoices {
		x.sameAmounts(t, "an invoice", &invoices[i], m.billed[i])
	}
	for _, who := range names() {
		x.checkPerson(t, who)
	}
	x.r.Clean()
}

func (x *machine) checkPerson(t *rapid.T, who string) {
	u, p := x.r.User(who), x.m.people[who]
	if (u == nil) != (p == nil) {
		t.Fatalf("%s is there %t, in the model %t", who, u != nil, p != nil)
	}
	if u == nil {
		return
	}
	_, licensed := u.Licenses[x.r.Product]
	if u.Role != p.role || u.Status != p.status || licensed != p.licensed || licensed && !u.Licenses[x.r.Product].Since.Equal(p.since) {
		t.Fatalf("%s is %s, %s, licensed %t; the model says %+v", who, u.Role, u.Status, licensed, *p)
	}
	if i := u.Invitation; (i != nil) != p.invited || i != nil && (i.State != p.state || i.Generation != p.generation || i.Reserved != p.reserved || !i.ExpiresAt.Equal(p.expires)) {
		t.Fatalf("%s has the invitation %+v; the model says %+v", who, i, *p)
	}
}

func TestRandomCommandsDoWhatTheModelSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := newMachine(t)
		x.check(t)
		t.Repeat(map[string]func(*rapid.T){
			"":               x.check,
			"invite":         x.invite,
			"accept":         x.accept,
			"resend":         x.resend,
			"cancel":         x.cancel,
			"expire":         x.expire,
			"assign":         x.assign,
			"revoke":         x.revoke,
			"role":           x.role,
			"deactivate":     x.deactivate,
			"activate":       x.activate,
			"remove":         x.remove,
			"transfer":       x.transfer,
			"quote":          x.quote,
			"buy":            x.buy,
			"confirm":        x.confirm,
			"cancel pending": x.cancelPending,
			"close":          x.close,
			"time":           x.time,
		})
	})
}
