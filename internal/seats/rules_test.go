package seats_test

import (
	"fmt"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// counted is how many seats of the pool are in use or reserved, by counting people
// at one instant, and the pool at that instant.
func counted(r *seatstest.Rig) (used int64, pool seats.Subscription) {
	r.Store.Tamper(func(d *seatstest.Data) {
		for _, u := range d.Users[r.Account] {
			if _, ok := u.Licenses[r.Product]; ok {
				used++
			}
			if u.HoldsSeat() == r.Product {
				used++
			}
		}
		pool = *d.Subscriptions[r.Account][r.Product]
	})
	return used, pool
}

// Rule 1: at every instant, under any concurrency, no more seats are used than there
// are.
func TestRule1SeatsAreNeverOversoldWhateverRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := seatstest.Open(t, seatstest.Seats(rapid.Int64Range(1, 4).Draw(t, "seats")))
		r.Join("a", "b", "c")
		r.Invite(seatstest.Invitee("d", r.Sub))
		link := r.Link("d")
		ids := []seats.UserID{r.ID("a"), r.ID("b"), r.ID("c"), r.ID("d")}
		target := func(label string) seats.UserID { return rapid.SampledFrom(ids).Draw(t, label) }
		var moves []func()
		for i := range rapid.IntRange(2, 12).Draw(t, "moves") {
			switch rapid.IntRange(0, 7).Draw(t, "move") {
			case 0, 1, 2:
				id := target("assign")
				moves = append(moves, func() { _, _ = assign(r, "owner", []seats.UserID{id}, none[[]seats.AssignResult]()) })
			case 3:
				id := target("revoke")
				moves = append(moves, func() { _ = revokeID(r, id) })
			case 4:
				person := seatstest.Invitee(fmt.Sprintf("n%d", i), r.Sub)
				moves = append(moves, func() {
					_, _ = r.Service.Invite(r.Ctx, r.Caller("owner"), r.Account, []seats.Invitee{person}, none[[]seats.InviteResult]())
				})
			case 5:
				moves = append(moves, func() { _, _ = accept(r, r.Identity("d"), link) })
			case 6:
				moves = append(moves, func() {
					_, _ = r.Service.CancelInvitation(r.Ctx, r.Caller("owner"), r.Account, seats.InvitationOf(ids[3]), none[*seats.User]())
				})
			case 7:
				id := target("remove")
				moves = append(moves, func() { _, _ = r.Service.RemoveUser(r.Ctx, r.Caller("owner"), r.Account, id, none[*seats.User]()) })
			}
		}
		var wg sync.WaitGroup
		stop := make(chan struct{})
		watched := make(chan string, 1)
		go func() {
			for {
				used, pool := counted(r)
				if used > pool.Seats || pool.Free != pool.Seats-used {
					watched <- fmt.Sprintf("%d of %d seats are used, %d counted free", used, pool.Seats, pool.Free)
					return
				}
				select {
				case <-stop:
					watched <- ""
					return
				default:
				}
			}
		}()
		for _, move := range moves {
			wg.Go(move)
		}
		wg.Wait()
		close(stop)
		if seen := <-watched; seen != "" {
			t.Fatal(seen)
		}
		r.Clean()
	})
}

// Rule 2: one license for each user and product; giving a seat to somebody else
// moves no money.
func TestRule2LicensesGoRoundAtNoCharge(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(2))
	r.Join("a", "b", "c", "d")
	start := r.Store.Snapshot()
	rapid.Check(t, func(t *rapid.T) {
		r.Store.Restore(start)
		rev, forecast := r.Pool().Rev, amounts(r.Quote(3).Next)
		for range rapid.IntRange(1, 15).Draw(t, "moves") {
			who := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "who")
			free := r.Pool().Free
			if rapid.Bool().Draw(t, "take") {
				held := len(r.User(who).Licenses)
				r.Revoke(who)
				if got := r.Pool().Free; got != free+int64(held) || len(r.User(who).Licenses) != 0 {
					t.Fatalf("revoking %d licenses left %d of %d seats free", held, got, free)
				}
			} else {
				before := len(r.User(who).Licenses)
				code := codesOfAssign(r.Assign(who))[0]
				if want := map[bool]string{true: "already", false: map[bool]string{true: "", false: "no_free_seats"}[free > 0]}[before == 1]; code != want {
					t.Fatalf("assigning with %d free and %d held: got %q, want %q", free, before, code, want)
				}
			}
			if len(r.User(who).Licenses) > 1 {
				t.Fatal("two licenses of one product")
			}
		}
		if r.Pool().Rev != rev || len(r.Invoices()) != 1 || !slices.Equal(amounts(r.Quote(3).Next), forecast) {
			t.Fatal("money moved")
		}
		r.Clean()
	})
}

// Rule 3: exactly one owner, always active, whoever tries what on whom; and nobody
// comes to a role that nobody could grant.
func TestRule3AnAccountHasOneActiveOwner(t *testing.T) {
	r := cast(t)
	start := r.Store.Snapshot()
	people := []string{"owner", "admin", "admin2", "billing_admin", "billing_admin2", "member", "member2"}
	rapid.Check(t, func(t *rapid.T) {
		r.Store.Restore(start)
		for range rapid.IntRange(1, 20).Draw(t, "moves") {
			r.Wall.Advance(time.Second)
			by := rapid.SampledFrom(people).Draw(t, "by")
			who := rapid.SampledFrom(people).Draw(t, "who")
			me, was := r.User(by), r.User(who)
			if me == nil || was == nil {
				continue
			}
			before := len(r.Events())
			var err error
			switch rapid.IntRange(0, 4).Draw(t, "move") {
			case 0:
				to := rapid.SampledFrom(roles()).Draw(t, "role")
				if err = setRole(r, by, who, to); err == nil && to != was.Role && (!contains(grants()[me.Role], to) || !contains(grants()[me.Role], was.Role) || by == who) {
					t.Fatalf("%s made %s, a %s, a %s", me.Role, who, was.Role, to)
				}
			case 1:
				err = deactivate(r, by, who)
			case 2:
				err = activate(r, by, who)
			case 3:
				err = remove(r, by, who)
			case 4:
				if err = transfer(r, r.Caller(by), who); err == nil && me.Role != seats.Owner {
					t.Fatalf("%s handed over the ownership", me.Role)
				}
			}
			// Every change writes an event.
			if got := len(r.Events()); err != nil && got != before {
				t.Fatalf("a refused command wrote %d events", got-before)
			}
			owners := 0
			users, failed := r.Store.Users(r.Ctx, r.Account)
			r.Must(failed)
			for _, u := range users {
				if u.Role == seats.Owner {
					owners++
					if u.Status != seats.UserActive || u.ID != r.Stored().Owner {
						t.Fatalf("the owner is %s", u.Status)
					}
				}
			}
			if owners != 1 {
				t.Fatalf("%d owners", owners)
			}
		}
		r.Clean()
	})
}

// Rule 4: an invitation is accepted at most once, by its newest link, in its time;
// its seat is counted once.
func TestRule4AnInvitationIsAcceptedOnceByItsNewestLink(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := seatstest.Open(t, seatstest.Seats(1))
		r.Invite(seatstest.Invitee("ann", r.Sub))
		links := []string{r.Link("ann")}
		expires := r.Wall.Now().Add(seats.InvitationTTL)
		accepted, ended := 0, false
		for range rapid.IntRange(1, 12).Draw(t, "moves") {
			switch rapid.IntRange(0, 4).Draw(t, "move") {
			case 0:
				r.Wall.Advance(time.Duration(rapid.Int64Range(1, 100).Draw(t, "hours")) * time.Hour)
			case 1:
				expire(r)
			case 2:
				if !ended {
					if _, err := resend(r, "owner", "ann"); err == nil {
						links = append(links, r.Link("ann"))
						expires = r.Wall.Now().Add(seats.InvitationTTL)
					}
				}
			case 3:
				if !ended && rapid.Bool().Draw(t, "really cancel") {
					if _, err := cancel(r, "owner", "ann"); err == nil {
						ended = true
					}
				}
			case 4:
				n := rapid.IntRange(0, len(links)-1).Draw(t, "link")
				should := accepted == 0 && !ended && n == len(links)-1 && r.Wall.Now().Before(expires)
				_, err := accept(r, r.Identity("ann"), links[n])
				if (err == nil) != should {
					t.Fatalf("link %d of %d: %v", n+1, len(links), err)
				}
				if err == nil {
					accepted++
					ended = true
				}
			}
			used, pool := counted(r)
			if used > 1 || pool.Free != 1-used || len(r.Events(seats.UserJoined)) != accepted {
				t.Fatalf("%d seats used, %d free, accepted %d times", used, pool.Free, accepted)
			}
		}
		r.Clean()
	})
}

// Rule 6: exact until one rounding a line, half away from zero; one tax line; credit
// lowers what is due and nothing else.
func TestRule6AmountsAreExactUntilTheyAreRoundedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit := rapid.Int64Range(0, 1_000_000).Draw(t, "unit")
		rate := rapid.Int64Range(0, billing.MaxTaxPPM).Draw(t, "tax")
		credit := rapid.Int64Range(0, 5_000_000).Draw(t, "credit")
		proration := rapid.SampledFrom([]billing.Proration{billing.ByDay, billing.BySecond}).Draw(t, "proration")
		r := seatstest.Open(t, seatstest.OnAccount(func(a *seats.OpenAccount) { a.TaxPPM = rate }), seatstest.OnPlan(func(p *seats.Plan) {
			p.Prices = map[money.Currency]billing.Price{"EUR": {Model: billing.PerSeat, UnitMinor: unit}}
			p.Policies.Proration = proration
		}))
		r.GiveCredit(credit)
		r.Wall.Advance(time.Duration(rapid.Int64Range(0, 29*86_400).Draw(t, "seconds into the month")) * time.Second)
		n := rapid.Int64Range(6, 400).Draw(t, "seats")
		q := r.Quote(n)
		loc, err := r.Stored().Location()
		r.Must(err)
		p := r.Pool().Period
		naive := naivePeriod{startDay: naiveDateOf(p.Start, loc), endDay: naiveDateOf(p.End, loc), start: p.Start, end: p.End}
		exact := naiveFactor(naive, proration, r.Wall.Now(), loc)
		exact.Mul(exact, ratOf((n-5)*unit))
		net := naiveRound(exact)
		if q.DueNow == nil {
			if net != 0 {
				t.Fatalf("nothing is due, %d should be", net)
			}
			return
		}
		tax := naiveRound(new(big.Rat).Mul(ratOf(net), big.NewRat(rate, 1_000_000)))
		inv := q.DueNow
		applied := min(credit, net+tax)
		if inv.NetMinor != net || inv.TaxMinor != tax || inv.TotalMinor != net+tax || inv.CreditAppliedMinor != applied || inv.AmountDueMinor != net+tax-applied || len(inv.TaxLines) != 1 {
			t.Fatalf("%+v; want %d net, %d tax, %d of the credit", inv, net, tax, applied)
		}
		if _, err := r.Confirm(q); err != nil {
			t.Fatal(err)
		}
		if got := r.Stored().CreditMinor; got != credit-applied {
			t.Fatalf("%d of the credit are left, want %d", got, credit-applied)
		}
		r.Clean()
	})
}

// Rule 8: a quote is charged exactly as shown, or refused with nothing changed; what
// moves no money does not make it stale.
func TestRule8WhatIsShownIsCharged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := seatstest.Open(t)
		r.Join("ann")
		r.JoinLicensed("bob")
		r.Wall.Set(utc("2026-11-30 22:30:00"))
		n := rapid.SampledFrom([]int64{1, 3, 4, 6, 8, 11}).Draw(t, "seats")
		q := r.Quote(n)
		shown := amounts(q.DueNow)
		stale := false
		for range rapid.IntRange(0, 4).Draw(t, "moves") {
			switch rapid.IntRange(0, 5).Draw(t, "move") {
			case 0:
				r.Assign("ann")
			case 1:
				r.Revoke("bob")
			case 2:
				r.Quote(9)
			case 3:
				r.Invite(seatstest.Invitee("new", ""))
			case 4:
				r.Wall.Advance(time.Duration(rapid.Int64Range(1, 11*60).Draw(t, "seconds")) * time.Second)
			case 5:
				if rapid.Bool().Draw(t, "really change") {
					r.Change(r.Pool().Seats + 1)
					stale = true
				}
			}
		}
		stale = stale || !r.Wall.Now().Before(decemberFirst())
		expired := !r.Wall.Now().Before(q.ExpiresAt)
		before, events := r.Pool().Seats, len(r.Events())
		result, err := r.Confirm(q)
		switch code := codeOf(err); {
		case expired && code != "quote_expired", !expired && stale && code != "quote_stale", !expired && !stale && code != "":
			t.Fatalf("expired %t, stale %t: got %q", expired, stale, code)
		case code == "" && !slices.Equal(amounts(result.Invoice), shown):
			t.Fatalf("charged %v, shown %v", amounts(result.Invoice), shown)
		case code != "" && r.Wall.Now().Before(decemberFirst()):
			if len(r.Events()) != events || r.Pool().Seats != before {
				t.Fatalf("refused with %q, and something changed", code)
			}
		}
		r.Clean()
	})
}

// Rule 9: numbers without a gap; where there is nothing to bill, no number is taken.
func TestRule9InvoiceNumbersHaveNoGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		included := rapid.Int64Range(0, 8).Draw(t, "included seats")
		settle := rapid.SampledFrom([]seats.Settle{seats.SettleNow, seats.SettleNextInvoice}).Draw(t, "settle")
		r := seatstest.Open(t, seatstest.OnPlan(func(p *seats.Plan) {
			p.Prices = map[money.Currency]billing.Price{"EUR": {Model: billing.PerSeat, UnitMinor: 2000, IncludedSeats: included}}
			p.Policies.Settle = settle
		}))
		for range rapid.IntRange(1, 10).Draw(t, "moves") {
			before := len(r.Invoices())
			bills := false
			switch rapid.IntRange(0, 2).Draw(t, "move") {
			case 0:
				n := r.Pool().Seats + rapid.Int64Range(1, 3).Draw(t, "more")
				result := r.Change(n)
				bills = result.Invoice != nil
				if bills != (settle == seats.SettleNow && n > included) {
					t.Fatalf("%d seats with %d included were billed at once: %t", n, included, bills)
				}
			case 1:
				if n := r.Pool().Seats - 1; n >= 1 {
					r.Change(n)
				}
			case 2:
				renewal, waiting := r.Pool().AtRenewal(), len(r.Pool().Unbilled)
				r.CloseAt(r.Pool().Period.End)
				bills = renewal > included || waiting > 0 && len(r.Invoices()) > before
			}
			if got := len(r.Invoices()) - before; got != map[bool]int{true: 1, false: 0}[bills] {
				t.Fatalf("%d invoices, billed %t", got, bills)
			}
		}
		invoices := r.Invoices()
		for i := range invoices {
			if invoices[i].Number != int64(i+1) || len(invoices[i].Lines) == 0 {
				t.Fatalf("invoice %d has number %d and %d lines", i+1, invoices[i].Number, len(invoices[i].Lines))
			}
		}
		if r.Stored().Invoices != int64(len(invoices)) {
			t.Fatalf("the account counts %d of %d invoices", r.Stored().Invoices, len(invoices))
		}
		r.Clean()
	})
}
