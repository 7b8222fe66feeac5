package seats_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// midNovember is the instant of the worked example: nine days of thirty are left.
func midNovember() time.Time { return utc("2026-11-22 09:00:00") }

func quote(r *seatstest.Rig, by string, n int64) (*seats.Quote, error) {
	q, _, err := r.Service.QuoteSeats(r.Ctx, r.Caller(by), r.Account, r.Sub, n)
	return q, err
}

func confirm(r *seatstest.Rig, by string, id seats.QuoteID, agreed bool, key string) (seats.Reply[seats.SeatChangeResult], error) {
	return r.Service.ConfirmSeats(r.Ctx, r.Caller(by), r.Account, r.Sub, id, agreed, seatstest.Once[seats.SeatChangeResult](key, string(id)))
}

func cancelPending(r *seatstest.Rig, by string) (*seats.Subscription, error) {
	reply, err := r.Service.CancelPending(r.Ctx, r.Caller(by), r.Account, r.Sub, none[*seats.Subscription]())
	return reply.Result, err
}

func TestFiveToEightSeatsOnTheTwentySecondOwesEighteenEurosNow(t *testing.T) {
	r := seatstest.Open(t)
	r.Wall.Set(midNovember())
	before := r.Pool()
	q := r.Quote(8)
	equalSlices(t, "due now", amounts(q.DueNow), []int64{1800})
	equalSlices(t, "next invoice", amounts(q.Next), []int64{16000})
	equal(t, "from", q.From, 5)
	equal(t, "seats", q.Seats, 8)
	equal(t, "seats at renewal", q.AtRenewal, 8)
	equal(t, "effective", q.EffectiveAt, midNovember())
	equal(t, "expires", q.ExpiresAt, midNovember().Add(15*time.Minute))
	equal(t, "seats after a mere quote", r.Pool().Seats, before.Seats)
	equal(t, "invoices after a mere quote", len(r.Invoices()), 1)

	result, err := r.Confirm(q)
	r.Must(err)
	equal(t, "seats", result.Subscription.Seats, 8)
	equal(t, "free seats", r.Pool().Free, 8)
	equalSlices(t, "charged", amounts(result.Invoice), []int64{1800})
	equal(t, "number", result.Invoice.Number, 2)
	e := result.Event
	equal(t, "event", e.Type, seats.SeatsIncreased)
	equal(t, "amount", e.Data.AmountMinor, 1800)
	equal(t, "invoice", e.Data.InvoiceNumber, 2)
	inv := r.Invoices()[1]
	equal(t, "the line's events", inv.Lines[0].EventIDs[0], string(e.ID))
	r.Clean()
}

func TestAQuoteIsGoodForFifteenMinutesByTheWallClock(t *testing.T) {
	for _, c := range []struct {
		after time.Duration
		want  string
	}{
		{0, ""}, {14*time.Minute + 59*time.Second, ""}, {seats.QuoteTTL - 1, ""}, {seats.QuoteTTL, "quote_expired"}, {time.Hour, "quote_expired"},
	} {
		for _, test := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s later, test account %t", c.after, test), func(t *testing.T) {
				options := []seatstest.Option{}
				if test {
					options = append(options, seatstest.TestClock())
				}
				r := seatstest.Open(t, options...)
				q := r.Quote(8)
				r.Wall.Advance(c.after)
				before := r.Store.Snapshot()
				_, err := confirm(r, "owner", q.ID, true, "key")
				wantCode(t, err, c.want)
				if c.want != "" {
					nothingChanged(t, r, before)
				}
				r.Clean()
			})
		}
	}
}

func TestAQuoteIsChargedAsShownThoughTimeHasPassed(t *testing.T) {
	r := seatstest.Open(t)
	// The last minute of a day: ten minutes later a day less would be left.
	r.Wall.Set(utc("2026-11-22 22:55:00"))
	q := r.Quote(8)
	equalSlices(t, "due now", amounts(q.DueNow), []int64{1800})
	r.Wall.Advance(10 * time.Minute)
	equalSlices(t, "a new quote", amounts(r.Quote(8).DueNow), []int64{1600})
	result, err := r.Confirm(q)
	r.Must(err)
	equalSlices(t, "charged", amounts(result.Invoice), []int64{1800})
	equal(t, "dated", result.Invoice.IssuedAt, q.At)
	r.Clean()
}

func TestWhatMakesAQuoteStale(t *testing.T) {
	tamper := func(change func(*seats.Account)) func(*seatstest.Rig) {
		return func(r *seatstest.Rig) {
			r.Store.Tamper(func(d *seatstest.Data) { change(d.Accounts[r.Account]) })
		}
	}
	cases := []struct {
		name string
		do   func(*seatstest.Rig)
		want string
	}{
		{"nothing", func(*seatstest.Rig) {}, ""},
		{"assigning", func(r *seatstest.Rig) { r.Assign("ann") }, ""},
		{"revoking", func(r *seatstest.Rig) { r.Revoke("bob") }, ""},
		{"inviting", func(r *seatstest.Rig) { r.Invite(seatstest.Invitee("cid", r.Sub)) }, ""},
		{"removing somebody", func(r *seatstest.Rig) { r.Must(remove(r, "owner", "bob")) }, ""},
		{"another quote", func(r *seatstest.Rig) { r.Quote(9) }, ""},
		{"renaming the account", func(r *seatstest.Rig) {
			_, err := r.Service.EditAccount(r.Ctx, r.Caller("owner"), r.Account, seats.AccountPatch{Name: ptr("New AG")}, none[seats.EditedAccount]())
			r.Must(err)
		}, ""},
		{"more seats", func(r *seatstest.Rig) { r.Change(7) }, "quote_stale"},
		{"a decrease scheduled", func(r *seatstest.Rig) { r.Change(4) }, "quote_stale"},
		{"a decrease scheduled and cancelled", func(r *seatstest.Rig) {
			r.Change(4)
			_, err := cancelPending(r, "owner")
			r.Must(err)
		}, "quote_stale"},
		{"another tax rate", tamper(func(a *seats.Account) { a.TaxPPM++ }), "quote_stale"},
		{"reverse charge", tamper(func(a *seats.Account) { a.ReverseCharge = true }), "quote_stale"},
		{"more credit", tamper(func(a *seats.Account) { a.CreditMinor++ }), "quote_stale"},
		{"another plan", func(r *seatstest.Rig) {
			r.Store.Tamper(func(d *seatstest.Data) { d.Subscriptions[r.Account][r.Product].Rev++ })
		}, "quote_stale"},
		{"another period", func(r *seatstest.Rig) { r.Wall.Set(utc("2026-11-30 23:00:00")) }, "quote_stale"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := seatstest.Open(t)
			r.Join("ann")
			r.JoinLicensed("bob")
			r.Wall.Set(utc("2026-11-30 22:50:00"))
			q := r.Quote(8)
			c.do(r)
			before, invoices := r.Pool(), len(r.Invoices())
			_, err := confirm(r, "owner", q.ID, true, "key")
			wantCode(t, err, c.want)
			if c.want != "" {
				equal(t, "seats", r.Pool().Seats, before.Seats)
				if c.name != "another period" {
					equal(t, "invoices", len(r.Invoices()), invoices)
				}
			}
		})
	}
}

// A quote that charges nothing now shows the next invoice all the same.
func TestADecreasesQuoteIsStaleWhereTheNextInvoiceIsAnother(t *testing.T) {
	for name, change := range map[string]func(*seats.Account){
		"credit":         func(a *seats.Account) { a.CreditMinor++ },
		"tax":            func(a *seats.Account) { a.TaxPPM++ },
		"reverse charge": func(a *seats.Account) { a.ReverseCharge = true },
	} {
		r := seatstest.Open(t)
		q := r.Quote(3)
		r.Store.Tamper(func(d *seatstest.Data) { change(d.Accounts[r.Account]) })
		before := r.Store.Snapshot()
		_, err := confirm(r, "owner", q.ID, true, "key")
		if got := codeOf(err); got != "quote_stale" {
			t.Errorf("%s: got %q", name, got)
		}
		nothingChanged(t, r, before)
	}
}

func TestAQuoteIsConfirmedOnce(t *testing.T) {
	r := seatstest.Open(t)
	q := r.Quote(8)
	first, err := confirm(r, "owner", q.ID, true, "key")
	r.Must(err)
	before := r.Store.Snapshot()
	again, err := confirm(r, "owner", q.ID, true, "key")
	r.Must(err)
	want, err := seatstest.Once[seats.SeatChangeResult]("", "").Encode(first.Result)
	r.Must(err)
	equal(t, "the replay", string(again.Replayed), string(want))
	_, err = confirm(r, "owner", q.ID, true, "another key")
	wantCode(t, err, "quote_stale")
	_, err = confirm(r, "owner", r.Quote(9).ID, true, "key")
	wantCode(t, err, "idempotency_key_reused")
	before.Quotes = r.Store.Snapshot().Quotes
	nothingChanged(t, r, before)
	r.Clean()
}

func TestConfirmingTellsWhatIsMissing(t *testing.T) {
	r := seatstest.Open(t)
	other := seatstest.Open(t, seatstest.In(r))
	q, foreign := r.Quote(8), other.Quote(8)
	before := r.Store.Snapshot()
	cases := []struct {
		name   string
		id     seats.QuoteID
		agreed bool
		key    string
		want   string
	}{
		{"no agreement", q.ID, false, "k", "agreement_required"},
		{"no key", q.ID, true, "", "idempotency_key_required"},
		{"no quote", "", true, "k", "not_found"},
		{"a malformed quote", "quo_x", true, "k", "not_found"},
		{"a quote of another account", foreign.ID, true, "k", "not_found"},
		{"a quote that never was", "quo_" + seats.QuoteID("00000000000000000000000000"), true, "k", "not_found"},
	}
	for _, c := range cases {
		_, err := confirm(r, "owner", c.id, c.agreed, c.key)
		if got := codeOf(err); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	nothingChanged(t, r, before)
}

func TestAnIncreaseKeepsThePendingDecreasesDistance(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(8))
	r.Wall.Set(midNovember())
	r.Change(4)
	q := r.Quote(10)
	equal(t, "at renewal", q.AtRenewal, 6)
	equalSlices(t, "due now", amounts(q.DueNow), []int64{1200})
	equalSlices(t, "next invoice", amounts(q.Next), []int64{12000})
	_, err := r.Confirm(q)
	r.Must(err)
	equal(t, "seats", r.Pool().Seats, 10)
	equal(t, "pending", r.Pool().Pending.Seats, 6)
	r.Clean()
	r.CloseAt(utc("2026-12-01 00:00:00"))
	equal(t, "seats after the close", r.Pool().Seats, 6)
	equalSlices(t, "billed", amounts(&r.Invoices()[2]), []int64{12000})
	r.Clean()
}

func TestAskingForTodaysSeatsCancelsAPendingDecrease(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(8))
	_, err := quote(r, "owner", 8)
	wantCode(t, err, "state_conflict")
	r.Change(4)
	q := r.Quote(8)
	if q.DueNow != nil {
		t.Errorf("cancelling costs %v", amounts(q.DueNow))
	}
	equal(t, "at renewal", q.AtRenewal, 8)
	result, err := r.Confirm(q)
	r.Must(err)
	equal(t, "event", result.Event.Type, seats.DecreaseCancelled)
	if r.Pool().Pending != nil {
		t.Error("the decrease is still pending")
	}
	r.Clean()
}

func TestAskingForFewerReplacesThePendingTarget(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(8))
	r.Change(4)
	for _, n := range []int64{6, 2, 7} {
		q := r.Quote(n)
		equal(t, "effective", q.EffectiveAt, r.Pool().Period.End)
		result, err := r.Confirm(q)
		r.Must(err)
		equal(t, "event", result.Event.Type, seats.DecreaseScheduled)
		equal(t, "pending", r.Pool().Pending.Seats, n)
		equal(t, "seats until then", r.Pool().Seats, 8)
		equal(t, "free seats until then", r.Pool().Free, 8)
	}
	equal(t, "invoices", len(r.Invoices()), 1)
	r.Clean()
}

func TestAPendingDecreaseIsCancelledByCommand(t *testing.T) {
	r := seatstest.Open(t)
	_, err := cancelPending(r, "owner")
	wantCode(t, err, "state_conflict")
	r.Change(2)
	sub, err := cancelPending(r, "owner")
	r.Must(err)
	if sub.Pending != nil || r.Pool().Pending != nil {
		t.Error("the decrease is still pending")
	}
	equalSlices(t, "next invoice", amounts(r.Quote(6).Next), []int64{12000})
	r.CloseAt(utc("2026-12-01 00:00:00"))
	equal(t, "seats", r.Pool().Seats, 5)
	r.Clean()
}

func TestTheRangeOfSeatsAndTheLimitsOfSelfService(t *testing.T) {
	limited := func(p *seats.Policies) { p.MinSeats, p.MaxSelfServeSeats = 3, 10 }
	addOnly := func(p *seats.Policies) { p.SelfServe = seats.SelfServeAddOnly }
	nothing := func(p *seats.Policies) { p.SelfServe = seats.SelfServeNone }
	refuse := func(p *seats.Policies) { p.OverAssigned = seats.RefuseBelow }
	cases := []struct {
		name     string
		policies func(*seats.Policies)
		n        int64
		want     string
	}{
		{"no seats", nil, 0, "invalid"},
		{"minus one", nil, -1, "invalid"},
		{"one", nil, 1, ""},
		{"as many as there can be", nil, billing.MaxSeats, ""},
		{"one more", nil, billing.MaxSeats + 1, "invalid"},
		{"the least the plan has", limited, 3, ""},
		{"one fewer", limited, 2, "contact_sales"},
		{"the most that are self-serve", limited, 10, ""},
		{"one more than is self-serve", limited, 11, "contact_sales"},
		{"more where adding is allowed", addOnly, 6, ""},
		{"fewer where only adding is allowed", addOnly, 4, "contact_sales"},
		{"more where nothing is self-serve", nothing, 6, "contact_sales"},
		{"fewer where nothing is self-serve", nothing, 4, "contact_sales"},
		{"as many as are used, where below is refused", refuse, 2, ""},
		{"below what is used, where that is refused", refuse, 1, "seats_in_use"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) {
				if c.policies != nil {
					c.policies(p)
				}
			}))
			r.JoinLicensed("ann")
			r.Invite(seatstest.Invitee("bob", r.Sub))
			before := r.Store.Snapshot()
			_, err := quote(r, "owner", c.n)
			wantCode(t, err, c.want)
			if c.want != "" {
				nothingChanged(t, r, before)
			}
		})
	}
}

func TestADecreaseRefusedBelowUseIsCheckedAgainWhenConfirmed(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.OverAssigned = seats.RefuseBelow }))
	r.JoinLicensed("ann", "bob")
	q := r.Quote(2)
	r.JoinLicensed("cid")
	_, err := confirm(r, "owner", q.ID, true, "key")
	wantCode(t, err, "seats_in_use")
	r.Clean()
}

func TestIncreasesWaitForTheNextInvoiceWhereThePlanSaysSo(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.Settle = seats.SettleNextInvoice }))
	r.Wall.Set(midNovember())
	q := r.Quote(8)
	if q.DueNow != nil {
		t.Errorf("due now: %v", amounts(q.DueNow))
	}
	equalSlices(t, "next invoice", amounts(q.Next), []int64{1800, 16000})
	result, err := r.Confirm(q)
	r.Must(err)
	if result.Invoice != nil {
		t.Error("it was billed at once")
	}
	equal(t, "seats at once", r.Pool().Seats, 8)
	r.Wall.Set(utc("2026-11-29 12:00:00"))
	q = r.Quote(9)
	// Two changes of one settlement are one line, rounded once: 1800 + 2/30 × 2000.
	equalSlices(t, "next invoice", amounts(q.Next), []int64{1933, 18000})
	_, err = r.Confirm(q)
	r.Must(err)
	r.Clean()
	r.CloseAt(utc("2026-12-01 00:00:00"))
	invoices := r.Invoices()
	equal(t, "invoices", len(invoices), 2)
	equalSlices(t, "billed", amounts(&invoices[1]), []int64{1933, 18000})
	equal(t, "events of the first line", len(invoices[1].Lines[0].EventIDs), 2)
	equal(t, "unbilled", len(r.Pool().Unbilled), 0)
	r.Clean()
}

func TestFiftyIncreasesWaitForOneInvoiceAndNotOneMore(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.Settle = seats.SettleNextInvoice }))
	for i := range int64(seats.MaxUnbilled) {
		r.Change(6 + i)
	}
	before := r.Store.Snapshot()
	_, err := quote(r, "owner", 100)
	wantCode(t, err, "contact_sales")
	nothingChanged(t, r, before)
	r.Clean()
	r.CloseAt(utc("2026-12-01 00:00:00"))
	r.Change(100)
	r.Clean()
}

func TestWhatProrationAnIncreaseIsChargedBy(t *testing.T) {
	for proration, want := range map[billing.Proration][]int64{
		billing.ByDay: {1800}, billing.BySecond: {1717}, billing.NoProration: nil,
	} {
		r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.Proration = proration }))
		r.Wall.Set(midNovember())
		q := r.Quote(8)
		equalSlices(t, string(proration), amounts(q.DueNow), want)
		_, err := r.Confirm(q)
		r.Must(err)
		r.Clean()
	}
}

func TestAnIncreaseThatCostsNothingIssuesNoInvoice(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPlan(func(p *seats.Plan) {
		p.Prices["EUR"] = billing.Price{Model: billing.PerSeat, UnitMinor: 2000, BaseMinor: 900, IncludedSeats: 10}
	}))
	r.Wall.Set(midNovember())
	result := r.Change(10)
	equal(t, "the number taken", r.Stored().Invoices, 1)
	if result.Invoice != nil {
		t.Errorf("charged %v", amounts(result.Invoice))
	}
	equalSlices(t, "one more", amounts(r.Change(11).Invoice), []int64{600})
	r.Clean()
}

func TestCreditLowersTheAmountDueAndTheRestOfItStays(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnAccount(func(a *seats.OpenAccount) { a.TaxPPM = 190_000 }))
	r.GiveCredit(2500)
	r.Wall.Set(midNovember())
	q := r.Quote(8)
	equal(t, "net", q.DueNow.NetMinor, 1800)
	equal(t, "tax", q.DueNow.TaxMinor, 342)
	equal(t, "total", q.DueNow.TotalMinor, 2142)
	equal(t, "credit used", q.DueNow.CreditAppliedMinor, 2142)
	equal(t, "due", q.DueNow.AmountDueMinor, 0)
	equal(t, "credit used by the next invoice", q.Next.CreditAppliedMinor, 358)
	_, err := r.Confirm(q)
	r.Must(err)
	equal(t, "credit left", r.Stored().CreditMinor, 358)
	r.CloseAt(utc("2026-12-01 00:00:00"))
	equal(t, "credit left after the close", r.Stored().CreditMinor, 0)
	equal(t, "due after the close", r.Invoices()[2].AmountDueMinor, 19040-358)
	r.Clean()
}

func TestACurrencyWithoutMinorUnitsRoundsToWholeUnits(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnAccount(func(a *seats.OpenAccount) { a.Currency = "JPY" }))
	r.Wall.Set(midNovember())
	// 3 × 20 × 9/30 = 18
	equalSlices(t, "due now", amounts(r.Quote(8).DueNow), []int64{18})
	// 1 × 20 × 9/30 = 6
	equalSlices(t, "due now", amounts(r.Quote(6).DueNow), []int64{6})
	equal(t, "currency", r.Quote(6).DueNow.Currency, string(money.Currency("JPY")))
}

func TestARacingIncreaseChargesOnce(t *testing.T) {
	r := seatstest.Open(t)
	q := r.Quote(8)
	other := r.Quote(6)
	racing := &seatstest.Racing{Store: r.Store, Before: func(n int, _ *seats.Change) {
		if n == 1 {
			_, err := r.Confirm(other)
			r.Must(err)
		}
	}}
	_, err := r.On(racing).ConfirmSeats(r.Ctx, r.Caller("owner"), r.Account, r.Sub, q.ID, true, seatstest.Once[seats.SeatChangeResult]("key", ""))
	wantCode(t, err, "quote_stale")
	equal(t, "seats", r.Pool().Seats, 6)
	equal(t, "invoices", len(r.Invoices()), 2)
	r.Clean()
}

func TestAdminsSpendOnlyWhereThePlanLetsThem(t *testing.T) {
	for _, may := range []bool{true, false} {
		r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.AdminsMaySpend = may }))
		r.JoinAs(seats.Admin, "adm")
		q := r.Quote(8)
		_, err := confirm(r, "adm", q.ID, true, "key")
		want := "forbidden"
		if may {
			want = ""
		}
		wantCode(t, err, want)
		r.Clean()
	}
}
