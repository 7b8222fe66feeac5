package seats_test

import (
	"fmt"
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

// till plays random purchases on an account and in the clerk's book, and compares them
// after each.
type till struct {
	r     *seatstest.Rig
	c     *clerk
	plans []*clerkPlan
	test  bool
	steps int
}

func drawRules(t *rapid.T, name string) seats.Policies {
	p := seatstest.Plan().Policies
	p.Proration = rapid.SampledFrom([]billing.Proration{billing.ByDay, billing.BySecond, billing.NoProration}).Draw(t, name+": proration")
	p.Settle = rapid.SampledFrom([]seats.Settle{seats.SettleNow, seats.SettleDaily, seats.SettleNextInvoice}).Draw(t, name+": settle")
	p.Decrease = rapid.SampledFrom([]seats.Decrease{seats.DecreaseEndOfCycle, seats.DecreaseImmediateCredit}).Draw(t, name+": decrease")
	p.OverAssigned = rapid.SampledFrom([]seats.OverAssigned{seats.KeepAssigned, seats.RefuseBelow}).Draw(t, name+": over-assigned")
	p.MinSeats = rapid.SampledFrom([]int64{0, 0, 2}).Draw(t, name+": least")
	p.AutoSeats = rapid.IntRange(0, 3).Draw(t, name+": automatic seats") == 0
	p.TrialDays = rapid.SampledFrom([]int{0, 0, 5, 31, 40}).Draw(t, name+": trial")
	return p
}

// newTill opens an account on the first of three plans of a product, with a plan of
// another product and one of active users to subscribe to.
func newTill(t *rapid.T) *till {
	zone := rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kathmandu"}).Draw(t, "zone")
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	opening := drawOpening(t, loc)
	x := &till{test: rapid.Bool().Draw(t, "test account")}
	x.c = &clerk{loc: loc, anchor: naiveDateOf(opening, loc), subs: map[string]*clerkSub{}, people: map[string][]clerkSpan{"owner": {{from: opening}}}, starts: map[naiveDate]time.Time{}}
	add := func(id, product string, rank, months int) *clerkPlan {
		p := &clerkPlan{id: id, product: product, rank: rank, months: months, price: drawPrice(t), rules: drawRules(t, id)}
		x.plans = append(x.plans, p)
		return p
	}
	year := rapid.SampledFrom([]int{1, 12}).Draw(t, "months of the other interval")
	first := add("first", "valuation", 1, 1)
	add("dearer", "valuation", 2, 1)
	add("other", "valuation", 1, year)
	add("meetings", "meetings", 1, rapid.SampledFrom([]int{1, 12}).Draw(t, "months of meetings"))
	desk := add("desk", "desk", 1, 1)
	desk.price = billing.Price{Model: billing.PerSeat, UnitMinor: 1999, BaseMinor: rapid.SampledFrom([]int64{0, 500}).Draw(t, "desk: base")}
	desk.rules = seats.Policies{
		Billing: seats.BillingActiveUsers, Proration: desk.rules.Proration, Settle: seats.SettleNow, Decrease: seats.DecreaseEndOfCycle, MinSeats: desk.rules.MinSeats,
		ActiveCount: rapid.SampledFrom([]seats.ActiveCount{seats.CountAtClose, seats.CountPeak, seats.CountDaily}).Draw(t, "desk: count"),
		SelfServe:   seats.SelfServeAll, TrialDays: desk.rules.TrialDays,
	}
	n := rapid.Int64Range(2, 6).Draw(t, "seats")
	options := []seatstest.Option{
		seatstest.At(opening), seatstest.Seats(n), seatstest.OnPlan(first.into),
		seatstest.OnAccount(func(a *seats.OpenAccount) { a.Zone, a.TaxPPM = zone, 190_000 }),
	}
	if x.test {
		options = append(options, seatstest.TestClock())
	}
	x.r = seatstest.Open(t, options...)
	x.c.subscribe(first, n, opening)
	for _, p := range x.plans[1:] {
		x.r.Publish(p.id, p.into)
	}
	return x
}

// into makes a plan what the price list says.
func (p *clerkPlan) into(plan *seats.Plan) {
	plan.ID, plan.Name, plan.Rank = p.id, p.id, p.rank
	plan.Product = seats.Product{ID: p.product, Name: p.product}
	plan.Interval = map[int]billing.Interval{1: billing.Month, 12: billing.Year}[p.months]
	plan.Prices, plan.Policies = map[money.Currency]billing.Price{"EUR": p.price}, p.rules
}

// now lets a second of the wall clock pass, catches up with what is due, and gives the
// account's instant.
func (x *till) now() time.Time {
	at := x.r.Wall.Advance(time.Second)
	if x.test {
		at = x.r.Stored().Clock
	}
	x.c.catchUp(at)
	return at
}

func (x *till) same(t *rapid.T, what string, err error, want string) {
	t.Helper()
	if got := codeOf(err); got != want {
		t.Fatalf("%s: got %q (%v), the clerk says %q", what, got, err, want)
	}
}

// next compares what a quote says of the next invoice.
func (x *till) next(t *rapid.T, inv *billing.Invoice) {
	t.Helper()
	if got, want := amounts(inv), x.c.upcoming(); !slices.Equal(got, want) {
		t.Fatalf("the next invoice: %v, the clerk says %v", got, want)
	}
}

func (x *till) product(t *rapid.T) string {
	return rapid.SampledFrom(slices.Sorted(maps.Keys(x.c.subs))).Draw(t, "product")
}

func (x *till) sub(product string) *seats.Subscription { return x.r.SubscriptionOf(product) }

func (x *till) seats(t *rapid.T) {
	at, product := x.now(), x.product(t)
	n := max(0, x.c.subs[product].seats+rapid.Int64Range(-3, 4).Draw(t, "more seats"))
	want := x.c.seats(product, n, at)
	id := x.sub(product).ID
	q, _, err := x.r.Service.QuoteSeats(x.r.Ctx, x.r.Caller("owner"), x.r.Account, id, n)
	x.same(t, fmt.Sprintf("%d seats of %s", n, product), err, want)
	if err != nil {
		return
	}
	x.next(t, q.Next)
	_, err = x.r.Service.ConfirmSeats(x.r.Ctx, x.r.Caller("owner"), x.r.Account, id, q.ID, true, seatstest.Once[seats.SeatChangeResult](x.r.Key(), ""))
	x.same(t, "confirmed", err, "")
}

func (x *till) plan(t *rapid.T) {
	at := x.now()
	to := rapid.SampledFrom(x.plans[:3]).Draw(t, "plan")
	want := x.c.change(to, at)
	id := x.sub(to.product).ID
	q, _, err := x.r.Service.QuotePlan(x.r.Ctx, x.r.Caller("owner"), x.r.Account, id, to.id, 0)
	x.same(t, "to the plan "+to.id, err, want)
	if err != nil {
		return
	}
	x.next(t, q.Next)
	_, err = x.r.Service.ConfirmPlan(x.r.Ctx, x.r.Caller("owner"), x.r.Account, id, q.ID, true, seatstest.Once[seats.SeatChangeResult](x.r.Key(), ""))
	x.same(t, "confirmed", err, "")
}

func (x *till) subscribe(t *rapid.T) {
	at := x.now()
	plan := rapid.SampledFrom(x.plans).Draw(t, "plan")
	n := int64(0)
	if !plan.rules.ActiveUsers() {
		n = rapid.Int64Range(2, 5).Draw(t, "seats")
	}
	want := x.c.subscribe(plan, n, at)
	q, _, err := x.r.Service.QuoteSubscription(x.r.Ctx, x.r.Caller("owner"), x.r.Account, plan.id, n)
	x.same(t, "subscribe to "+plan.id, err, want)
	if err != nil {
		return
	}
	x.next(t, q.Next)
	_, err = x.r.Service.Subscribe(x.r.Ctx, x.r.Caller("owner"), x.r.Account, q.ID, true, seatstest.Once[seats.SeatChangeResult](x.r.Key(), ""))
	x.same(t, "subscribed", err, "")
}

func (x *till) cancel(t *rapid.T) {
	x.now()
	product := x.product(t)
	want := x.c.cancel(product)
	_, err := x.r.Service.Cancel(x.r.Ctx, x.r.Caller("owner"), x.r.Account, x.sub(product).ID, none[*seats.Subscription]())
	x.same(t, "cancel "+product, err, want)
}

func (x *till) resume(t *rapid.T) {
	x.now()
	product := x.product(t)
	want := x.c.resume(product)
	_, err := x.r.Service.Resume(x.r.Ctx, x.r.Caller("owner"), x.r.Account, x.sub(product).ID, none[*seats.Subscription]())
	x.same(t, "resume "+product, err, want)
}

// person comes, goes, or comes back.
func (x *till) person(t *rapid.T) {
	at := x.now()
	who := rapid.SampledFrom([]string{"ann", "bob", "cid"}).Draw(t, "who")
	spans := x.c.people[who]
	switch u := x.r.User(who); {
	case u == nil:
		x.r.Join(who)
		x.c.people[who] = append(spans, clerkSpan{from: at})
	case u.Status == seats.UserDeactivated:
		x.r.Activate(who)
		x.c.people[who] = append(spans, clerkSpan{from: at})
	default:
		spans[len(spans)-1].to = at
		if rapid.Bool().Draw(t, "for good") {
			x.r.Remove(who)
			// Who is invited again is another user.
			delete(x.c.people, who)
			x.c.people[string(u.ID)] = spans
		} else {
			x.r.Deactivate(who)
		}
		for _, s := range x.c.subs {
			delete(s.holders, who)
		}
	}
}

// license gives somebody a license as far as seats are free, or takes it.
func (x *till) license(t *rapid.T) {
	x.now()
	product := rapid.SampledFrom([]string{"valuation", "meetings"}).Draw(t, "product")
	s, who := x.c.subs[product], rapid.SampledFrom([]string{"owner", "ann", "bob", "cid"}).Draw(t, "who")
	u := x.r.User(who)
	if s == nil || s.ended || u == nil || u.Status != seats.UserActive {
		return
	}
	caller, id := x.r.Caller("owner"), x.sub(product).ID
	if s.holders[who] {
		_, err := x.r.Service.Revoke(x.r.Ctx, caller, x.r.Account, id, u.ID, none[struct{}]())
		x.same(t, "revoke", err, "")
		delete(s.holders, who)
		return
	}
	_, err := x.r.Service.Assign(x.r.Ctx, caller, x.r.Account, id, []seats.UserID{u.ID}, none[[]seats.AssignResult]())
	switch free := s.seats - int64(len(s.holders)); {
	case free > 0:
		s.holders[who] = true
		x.same(t, "assign", err, "")
	case s.plan.rules.AutoSeats:
		x.same(t, "assign without a seat", err, "quote_required")
	}
}

// time passes, to the edges of days and periods above all.
func (x *till) time(t *rapid.T) {
	at := x.now()
	to := at
	switch rapid.IntRange(0, 3).Draw(t, "how far") {
	case 0:
		to = at.Add(time.Duration(rapid.Int64Range(1, 72).Draw(t, "hours")) * time.Hour)
	case 1:
		if due := x.c.due(); !due.IsZero() {
			to = due.Add(time.Duration(rapid.SampledFrom([]int64{-1000, -1, 0, 1, 1000}).Draw(t, "ms from what is due")) * time.Millisecond)
		}
	case 2:
		to = at.Add(time.Duration(rapid.Int64Range(3, 40).Draw(t, "days")) * 24 * time.Hour)
	case 3:
		_, err := x.r.Service.Close(x.r.Ctx, x.r.Account)
		x.same(t, "close", err, "")
		return
	}
	if !to.After(at) || to.Year() > 2099 {
		return
	}
	if !x.test {
		x.r.Wall.Set(to)
		return
	}
	result, err := advance(x.r, to)
	x.same(t, "the clock", err, "")
	if !result.Done {
		t.Fatal("the clock did not move")
	}
}

// check compares everything, and lets the auditor look now and then.
func (x *till) check(t *rapid.T) {
	x.now()
	x.r.Close()
	a := x.r.Stored()
	if a.Status != seats.AccountOpen {
		t.Fatalf("parked for %q", a.ParkedFor)
	}
	if !a.Due.Equal(x.c.due()) || a.CreditMinor != x.c.credit {
		t.Fatalf("due %s with a credit of %d; the clerk says %s and %d", a.Due, a.CreditMinor, x.c.due(), x.c.credit)
	}
	documents := x.r.Invoices()
	if len(documents) != len(x.c.documents) {
		t.Fatalf("%d documents, the clerk has %v", len(documents), x.c.documents)
	}
	for i, want := range x.c.documents {
		if got := amounts(&documents[i]); !slices.Equal(got, want.lines) || (documents[i].Kind == billing.KindCreditNote) != want.credit {
			t.Fatalf("document %d is a %s of %v, the clerk says %+v", i+1, documents[i].Kind, got, want)
		}
	}
	for product, want := range x.c.subs {
		x.checkSub(t, product, want)
	}
	if x.steps++; x.steps%8 == 0 {
		x.r.Clean()
	}
}

func (x *till) checkSub(t *rapid.T, product string, want *clerkSub) {
	s := x.sub(product)
	if (s.Status == seats.SubscriptionEnded) != want.ended || s.Seats != want.seats || s.Free != want.seats-int64(len(want.holders)) || s.Plan.ID != want.plan.id ||
		s.Trial != want.trial || (s.Cancel != nil) != want.cancelled {
		t.Fatalf("%s: %+v; the clerk says %+v", product, s, *want)
	}
	if (s.Pending == nil) != (want.pending == nil) || s.Pending != nil && s.Pending.Seats != *want.pending {
		t.Fatalf("%s: pending %+v; the clerk says %v", product, s.Pending, want.pending)
	}
	if (s.PendingPlan == nil) != (want.pendingPlan == nil) || s.PendingPlan != nil && s.PendingPlan.Plan.ID != want.pendingPlan.id {
		t.Fatalf("%s: the plan to come is %+v; the clerk says %+v", product, s.PendingPlan, want.pendingPlan)
	}
	if want.ended {
		return
	}
	if !s.Period.Start.Equal(want.period.start) || !s.Period.End.Equal(want.period.end) || !s.SettleAt.Equal(want.settleAt) || len(s.Unbilled) != len(want.waiting) {
		t.Fatalf("%s: from %s to %s, settled at %s with %d changes; the clerk says from %s to %s, at %s with %d", product, s.Period.Start, s.Period.End, s.SettleAt, len(s.Unbilled),
			want.period.start, want.period.end, want.settleAt, len(want.waiting))
	}
}

func TestRandomPurchasesDoWhatTheClerkSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := newTill(t)
		x.check(t)
		t.Repeat(map[string]func(*rapid.T){
			"":          x.check,
			"seats":     x.seats,
			"plan":      x.plan,
			"subscribe": x.subscribe,
			"cancel":    x.cancel,
			"resume":    x.resume,
			"person":    x.person,
			"license":   x.license,
			"time":      x.time,
		})
		x.r.Clean()
	})
}
