package seats_test

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// anyPolicies draws every combination of the policies that move money.
func anyPolicies(t *rapid.T, p *seats.Policies) {
	p.Proration = rapid.SampledFrom([]billing.Proration{billing.ByDay, billing.BySecond, billing.NoProration}).Draw(t, "proration")
	p.Settle = rapid.SampledFrom([]seats.Settle{seats.SettleNow, seats.SettleDaily, seats.SettleNextInvoice}).Draw(t, "settle")
	p.Decrease = rapid.SampledFrom([]seats.Decrease{seats.DecreaseEndOfCycle, seats.DecreaseImmediateCredit, seats.DecreaseOnRequest}).Draw(t, "decrease")
	p.OverAssigned = rapid.SampledFrom([]seats.OverAssigned{seats.KeepAssigned, seats.ReleaseNewest, seats.RefuseBelow}).Draw(t, "over_assigned")
	p.AutoSeats = rapid.IntRange(0, 4).Draw(t, "auto_seats") == 0
	p.TrialDays = rapid.SampledFrom([]int{0, 0, 0, 5, 40}).Draw(t, "trial_days")
}

func anyPlanPrice(t *rapid.T) billing.Price {
	unit := rapid.Int64Range(0, 5000)
	p := billing.Price{
		Model:     rapid.SampledFrom([]billing.PriceModel{billing.PerSeat, billing.Graduated, billing.Volume}).Draw(t, "model"),
		BaseMinor: rapid.SampledFrom([]int64{0, 0, 4900}).Draw(t, "base"),
	}
	if p.Model == billing.PerSeat {
		p.UnitMinor, p.IncludedSeats = unit.Draw(t, "unit"), rapid.Int64Range(0, 3).Draw(t, "included")
		return p
	}
	p.Tiers = []billing.Tier{
		{UpTo: rapid.Int64Range(1, 4).Draw(t, "first tier"), UnitMinor: unit.Draw(t, "unit")},
		{UpTo: rapid.Int64Range(5, 9).Draw(t, "second tier"), UnitMinor: unit.Draw(t, "unit")},
		{UnitMinor: unit.Draw(t, "unit")},
	}
	return p
}

// twice is an account and the books that are kept of it a second time.
type twice struct {
	*seatstest.Rig
	t     *rapid.T
	books *books
	plans []*seats.Plan
	// previewed counts closes that came to what was foreseen, quoted the quotes that
	// charged what they had said.
	previewed, quoted, refused int
}

func openTwice(t *rapid.T) *twice {
	zone := rapid.SampledFrom([]string{"Europe/Berlin", "America/Sao_Paulo", "Asia/Tokyo", "America/New_York"}).Draw(t, "zone")
	tax := rapid.SampledFrom([]int64{0, 190_000, 77_777}).Draw(t, "tax")
	day := rapid.SampledFrom([]string{"2025-12-31", "2026-01-30", "2026-02-28", "2026-03-15", "2028-02-29"}).Draw(t, "day")
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	anchor, err := billing.ParseDate(day)
	if err != nil {
		t.Fatal(err)
	}
	at := anchor.StartIn(loc).Add(time.Duration(rapid.Int64Range(0, int64(23*time.Hour)).Draw(t, "hour"))).Truncate(time.Second)
	n := rapid.Int64Range(3, 8).Draw(t, "seats")
	r := seatstest.Open(t, seatstest.At(at), seatstest.Seats(n), seatstest.OnAccount(func(in *seats.OpenAccount) { in.Zone, in.TaxPPM = zone, tax }),
		seatstest.OnPlan(func(p *seats.Plan) {
			anyPolicies(t, &p.Policies)
			p.Prices = map[money.Currency]billing.Price{"EUR": anyPlanPrice(t)}
		}))
	x := &twice{Rig: r, t: t, plans: []*seats.Plan{r.Plan}}
	for i, interval := range []billing.Interval{billing.Month, billing.Year} {
		x.plans = append(x.plans, r.Publish(fmt.Sprintf("plan-%d", i), func(p *seats.Plan) {
			p.Interval, p.Rank = interval, 2-i
			anyPolicies(t, &p.Policies)
			p.Policies.TrialDays = 0
			p.Prices = map[money.Currency]billing.Price{"EUR": anyPlanPrice(t)}
		}))
	}
	x.books = &books{anchor: anchor, loc: loc, taxPPM: tax, plan: x.plans[0], seats: n, worst: new(big.Rat)}
	x.books.open(at)
	r.Join("ann", "bob", "cem")
	return x
}

func (x *twice) compare(after string) {
	x.t.Helper()
	invoices := x.Invoices()
	for i := range max(len(invoices), len(x.books.documents)) {
		switch {
		case i >= len(invoices):
			x.t.Fatalf("after %s: document %d is missing: %+v", after, i+1, x.books.documents[i])
		case i >= len(x.books.documents):
			x.t.Fatalf("after %s: document %d is one too many: %+v", after, i+1, documentOf(&invoices[i]))
		case !documentOf(&invoices[i]).equal(x.books.documents[i]):
			x.t.Fatalf("after %s: document %d is\n%+v, want\n%+v", after, i+1, documentOf(&invoices[i]), x.books.documents[i])
		case invoices[i].Number != int64(i+1):
			x.t.Fatalf("document %d has the number %d", i+1, invoices[i].Number)
		}
	}
	pool, b := x.Pool(), x.books
	if pool.Seats != b.seats || pool.Used() != b.used || (pool.Status == seats.SubscriptionEnded) != b.ended {
		x.t.Fatalf("after %s: %d seats, %d in use, %s, want %d, %d, ended %t", after, pool.Seats, pool.Used(), pool.Status, b.seats, b.used, b.ended)
	}
	if !b.ended && (pool.Plan != b.plan.Ref() || !pool.Period.End.Equal(b.end) || (pool.Pending != nil) != (b.pending > 0)) {
		x.t.Fatalf("after %s: the subscription is %+v, want %+v", after, pool, b)
	}
	if credit := x.Stored().CreditMinor; credit != b.credit {
		x.t.Fatalf("after %s: the credit is %d, want %d", after, credit, b.credit)
	}
}

// settle brings both sides up to the clock.
func (x *twice) settle(after string) {
	x.t.Helper()
	x.Close()
	x.books.until(x.Wall.Now())
	x.compare(after)
}

// wait moves the clock, if need be to and over what is due, which must come to what
// was foreseen.
func (x *twice) wait() {
	x.t.Helper()
	unit := rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 12 * time.Hour, 5 * 24 * time.Hour}).Draw(x.t, "unit")
	now := x.Wall.Now().Add(unit * time.Duration(rapid.IntRange(1, 12).Draw(x.t, "units"))).Add(time.Duration(rapid.IntRange(0, 59).Draw(x.t, "seconds")) * time.Second)
	if b := x.books; !b.ended && !b.end.After(now) && rapid.Bool().Draw(x.t, "look ahead") {
		x.lookAhead(b.end)
	}
	if now.After(x.Wall.Now()) {
		x.Wall.Set(now)
	}
	x.settle("waiting")
}

// lookAhead compares the first invoice until the end of the period, that of a day
// whose changes are settled or the end's own, with what was foreseen of it.
func (x *twice) lookAhead(end time.Time) {
	x.t.Helper()
	foreseen, at, err := x.Service.Upcoming(x.Ctx, x.Caller("owner"), x.Account)
	x.Must(err)
	before := len(x.Invoices())
	x.Wall.Set(end)
	x.settle("the close that was foreseen")
	all := x.Invoices()
	i := slices.IndexFunc(all[before:], func(inv billing.Invoice) bool { return inv.Kind == billing.KindInvoice })
	switch {
	case foreseen == nil && i >= 0:
		x.t.Fatalf("nothing was foreseen, and %+v issued", all[before+i])
	case foreseen != nil && (i < 0 || !at.Equal(all[before+i].IssuedAt) || !documentOf(foreseen).equal(documentOf(&all[before+i]))):
		x.t.Fatalf("foreseen for %s was\n%+v, issued\n%+v", at, documentOf(foreseen), x.books.documents)
	}
	x.previewed++
}

// change asks for seats and confirms, and must be charged what the quote said.
func (x *twice) change() {
	x.t.Helper()
	n := rapid.Int64Range(1, 12).Draw(x.t, "n")
	q, _, err := x.Service.QuoteSeats(x.Ctx, x.Caller("owner"), x.Account, x.Sub, n)
	x.confirm(q, err, fmt.Sprintf("%d seats", n), func(at, now time.Time) string { return x.books.change(n, at, now) },
		func(q *seats.Quote) (seats.SeatChangeResult, error) { return x.Confirm(q) })
}

func (x *twice) changePlan() {
	x.t.Helper()
	plan := rapid.SampledFrom(x.plans).Draw(x.t, "plan")
	q, _, err := x.Service.QuotePlan(x.Ctx, x.Caller("owner"), x.Account, x.Sub, plan.ID, 0)
	x.confirm(q, err, "the plan "+plan.ID, func(at, _ time.Time) string { return x.books.changePlan(plan, at) },
		func(q *seats.Quote) (seats.SeatChangeResult, error) {
			reply, err := x.Service.ConfirmPlan(x.Ctx, x.Caller("owner"), x.Account, x.Sub, q.ID, true, seatstest.Once[seats.SeatChangeResult](x.Key(), "plan"))
			return reply.Result, err
		})
}

func (x *twice) confirm(q *seats.Quote, err error, what string, books func(at, now time.Time) string, confirm func(*seats.Quote) (seats.SeatChangeResult, error)) {
	x.t.Helper()
	at := x.Wall.Now()
	if err == nil && rapid.Bool().Draw(x.t, "think about it") {
		if later := at.Add(10 * time.Minute); later.Before(x.books.due()) {
			x.Wall.Set(later)
		}
	}
	if want := books(at, x.Wall.Now()); codeOf(err) != want {
		x.t.Fatalf("%s: %v, want %q", what, err, want)
	}
	if err != nil {
		x.refused++
		x.compare("a refusal")
		return
	}
	before := len(x.Invoices())
	result, err := confirm(q)
	x.Must(err)
	x.compare(what)
	issued := x.Invoices()[before:]
	switch {
	case q.DueNow == nil && (len(issued) > 0 || result.Invoice != nil):
		x.t.Fatalf("%s was quoted as nothing, and %+v issued", what, issued)
	case q.DueNow != nil && (len(issued) != 1 || !documentOf(q.DueNow).equal(documentOf(&issued[0])) || !documentOf(result.Invoice).equal(documentOf(&issued[0]))):
		x.t.Fatalf("%s was quoted as\n%+v, issued\n%+v", what, q.DueNow, issued)
	}
	x.quoted++
}

func (x *twice) cancelOrResume() {
	x.t.Helper()
	b := x.books
	once := seats.Once[*seats.Subscription]{}
	if b.cancelled {
		_, err := x.Service.Resume(x.Ctx, x.Caller("owner"), x.Account, x.Sub, once)
		x.Must(err)
		b.cancelled = false
		return
	}
	_, err := x.Service.Cancel(x.Ctx, x.Caller("owner"), x.Account, x.Sub, once)
	if b.plan.Policies.Decrease == seats.DecreaseOnRequest {
		if !errors.Is(err, seats.ErrContactSales) {
			x.t.Fatalf("cancelling gives %v", err)
		}
		return
	}
	x.Must(err)
	b.cancelled = true
}

// giveOrTake moves a license, which moves no money.
func (x *twice) giveOrTake() {
	x.t.Helper()
	who := rapid.SampledFrom([]string{"ann", "bob", "cem"}).Draw(x.t, "who")
	if _, holds := x.User(who).Licenses[x.Product]; holds {
		x.Revoke(who)
		x.books.used--
	} else if x.books.used < x.books.seats {
		if result := x.Assign(who); result[0].Refused != nil {
			x.t.Fatalf("assigning with %d of %d in use: %v", x.books.used, x.books.seats, result[0].Refused)
		}
		x.books.used++
	}
	x.compare("a license")
}

// Whatever the plan's prices and policies and whatever happens, each document is what
// books that are kept a second time say, a quote charges what it showed, and a close
// comes to what was foreseen.
func TestEveryPolicyChargesWhatItsWordsSay(t *testing.T) {
	sequences, documents, quoted, previewed, refused := 0, 0, 0, 0, 0
	worst := new(big.Rat)
	combinations := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		x := openTwice(t)
		x.compare("opening")
		for range rapid.IntRange(8, 24).Draw(t, "steps") {
			if x.books.ended {
				break
			}
			switch rapid.SampledFrom([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}).Draw(t, "step") {
			case 0, 1, 2:
				x.wait()
			case 3, 4, 5:
				x.change()
			case 6:
				x.changePlan()
			case 7, 8:
				x.giveOrTake()
			case 9:
				x.cancelOrResume()
			}
		}
		x.wait()
		x.Clean()
		for _, p := range x.plans {
			combinations[fmt.Sprint(p.Prices["EUR"].Model, p.Policies.Proration, p.Policies.Settle, p.Policies.Decrease, p.Policies.OverAssigned)] = true
		}
		if x.books.worst.Cmp(worst) > 0 {
			worst.Set(x.books.worst)
		}
		sequences, documents, quoted, previewed, refused = sequences+1, documents+len(x.books.documents), quoted+x.quoted, previewed+x.previewed, refused+x.refused
	})
	t.Logf("sequences %d over %d of 243 combinations, documents %d, quotes kept %d, refused %d, closes foreseen %d, max error of a line %s minor units",
		sequences, len(combinations), documents, quoted, refused, previewed, worst.FloatString(6))
}
