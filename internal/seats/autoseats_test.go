package seats_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// selling is a plan that buys seats on the way, changed further.
func selling(changes ...func(*seats.Policies)) seatstest.Option {
	return seatstest.OnPolicies(func(p *seats.Policies) {
		p.AutoSeats = true
		for _, change := range changes {
			change(p)
		}
	})
}

// tryInvite is what inviting would come to.
func tryInvite(r *seatstest.Rig, by string, people []seats.Invitee) seats.Trial[seats.InviteResult] {
	trial, err := r.Service.TryInvite(r.Ctx, r.Caller(by), r.Account, people)
	r.Must(err)
	return trial
}

// agreed is the agreement to a trial's quote.
func agreed[R any](trial seats.Trial[R]) seats.Purchase {
	if trial.Quote == nil {
		return seats.Purchase{Agreed: true}
	}
	return seats.Purchase{Quote: trial.Quote.ID, Agreed: true}
}

func inviteBuying(r *seatstest.Rig, by string, people []seats.Invitee, buy seats.Purchase, key string) ([]seats.InviteResult, error) {
	reply, err := r.Service.InviteBuying(r.Ctx, r.Caller(by), r.Account, people, buy, seatstest.Once[[]seats.InviteResult](key, "invite"))
	return reply.Result, err
}

func TestInvitingBuysTheSeatsOfTheDryRunInOneStep(t *testing.T) {
	r := seatstest.Open(t, selling(), seatstest.Seats(2))
	r.Wall.Set(midNovember())
	people := crowd("p", 5, r.Sub)
	before := r.Store.Snapshot()
	trial := tryInvite(r, "owner", people)
	equalSlices(t, "would become", codesOf(trial.Results), []string{"", "", "", "", ""})
	equal(t, "an id in a dry run", trial.Results[0].User, "")
	equal(t, "seats", trial.Quote.Seats, int64(5))
	equal(t, "seats from", trial.Quote.From, int64(2))
	equal(t, "due now", trial.Quote.DueNow.AmountDueMinor, r.Quote(5).DueNow.AmountDueMinor)
	after := r.Store.Snapshot()
	after.Quotes = before.Quotes
	equal(t, "users of a dry run", len(after.Users[r.Account]), len(before.Users[r.Account]))
	equal(t, "events of a dry run", len(after.Events[r.Account]), len(before.Events[r.Account]))

	results, err := inviteBuying(r, "owner", people, agreed(trial), r.Key())
	r.Must(err)
	equalSlices(t, "became", codesOf(results), []string{"", "", "", "", ""})
	pool := r.Pool()
	equal(t, "seats", pool.Seats, int64(5))
	equal(t, "free", pool.Free, int64(0))
	invoices := r.Invoices()
	equal(t, "invoices", len(invoices), 2)
	equal(t, "charged", invoices[1].AmountDueMinor, trial.Quote.DueNow.AmountDueMinor)
	equal(t, "increases", len(r.Events(seats.SeatsIncreased)), 1)
	equal(t, "the quote", r.Events(seats.SeatsIncreased)[0].Data.QuoteID, trial.Quote.ID)
	r.Clean()

	_, err = inviteBuying(r, "owner", crowd("q", 3, r.Sub), agreed(trial), r.Key())
	wantCode(t, err, "quote_stale")
}

func TestNothingIsBoughtWithoutAQuote(t *testing.T) {
	for _, n := range []int{1, 40} {
		r := seatstest.Open(t, selling(), seatstest.Seats(1))
		r.Join("ann", "bob")
		before := r.Store.Snapshot()
		_, err := inviteBuying(r, "owner", crowd("p", n+1, r.Sub), seats.Purchase{}, r.Key())
		wantCode(t, err, "quote_required")
		if !strings.Contains(err.Error(), fmt.Sprintf("%s of Team", map[int]string{1: "One more seat", 40: "40 more seats"}[n])) {
			t.Errorf("got %v", err)
		}
		_, err = r.Service.Assign(r.Ctx, r.Caller("owner"), r.Account, r.Sub, []seats.UserID{r.ID("ann"), r.ID("bob")}, none[[]seats.AssignResult]())
		wantCode(t, err, "quote_required")
		nothingChanged(t, r, before)
		person := seats.NewUser{Invitee: seatstest.Invitee("cy", r.Sub)}
		r.Assign("ann")
		before = r.Store.Snapshot()
		_, err = r.Service.CreateUser(r.Ctx, r.Caller("owner"), r.Account, person, seats.Purchase{}, none[*seats.User]())
		wantCode(t, err, "quote_required")
		nothingChanged(t, r, before)
	}
}

func TestAQuoteNeedsAKeyAndHasToBeOfTheAccount(t *testing.T) {
	r := seatstest.Open(t, selling(), seatstest.Seats(1))
	people := crowd("p", 2, r.Sub)
	trial := tryInvite(r, "owner", people)
	before := r.Store.Snapshot()
	_, err := r.Service.InviteBuying(r.Ctx, r.Caller("owner"), r.Account, people, agreed(trial), none[[]seats.InviteResult]())
	wantCode(t, err, "idempotency_key_required")
	_, err = inviteBuying(r, "owner", people, seats.Purchase{Quote: "quo_x", Agreed: true}, r.Key())
	wantCode(t, err, "not_found")
	_, err = inviteBuying(r, "owner", people, seats.Purchase{Quote: trial.Quote.ID}, r.Key())
	wantCode(t, err, "agreement_required")
	other := seatstest.Open(t, selling(), seatstest.In(r))
	_, err = inviteBuying(other, "owner", crowd("o", 9, other.Sub), agreed(trial), r.Key())
	wantCode(t, err, "not_found")
	r.Wall.Advance(seats.QuoteTTL)
	_, err = inviteBuying(r, "owner", people, agreed(trial), r.Key())
	wantCode(t, err, "quote_expired")
	equal(t, "seats", r.Pool().Seats, before.Subscriptions[r.Account][r.Product].Seats)
}

func TestAQuoteOfFewerSeatsBuysNothingOnTheWay(t *testing.T) {
	r := seatstest.Open(t, selling(), seatstest.Seats(2))
	less := r.Quote(1)
	_, err := inviteBuying(r, "owner", crowd("p", 3, r.Sub), seats.Purchase{Quote: less.ID, Agreed: true}, r.Key())
	wantCode(t, err, "invalid")
	equal(t, "users", len(r.Store.Snapshot().Users[r.Account]), 1)
}

func TestWhatNobodyLacksIsNotBought(t *testing.T) {
	r := seatstest.Open(t, selling(), seatstest.Seats(1))
	r.JoinLicensed("ann")
	r.Join("bob")
	ids := []seats.UserID{r.ID("bob")}
	trial, err := r.Service.TryAssign(r.Ctx, r.Caller("owner"), r.Account, r.Sub, ids)
	r.Must(err)
	equal(t, "seats", trial.Quote.Seats, int64(2))
	r.Revoke("ann")
	reply, err := r.Service.AssignBuying(r.Ctx, r.Caller("owner"), r.Account, r.Sub, ids, agreed(trial), seatstest.Once[[]seats.AssignResult](r.Key(), "assign"))
	r.Must(err)
	equalSlices(t, "became", codesOfAssign(reply.Result), []string{""})
	equal(t, "seats", r.Pool().Seats, int64(1))
	equal(t, "invoices", len(r.Invoices()), 1)
}

func TestRowsBeyondWhatTheQuoteBoughtFindNoSeat(t *testing.T) {
	r := seatstest.Open(t, selling(), seatstest.Seats(2))
	people := crowd("p", 3, r.Sub)
	trial := tryInvite(r, "owner", people)
	equal(t, "seats", trial.Quote.Seats, int64(3))
	// Somebody else takes what was free meanwhile; the quote holds all the same.
	r.Invite(crowd("other", 2, r.Sub)...)
	results, err := inviteBuying(r, "owner", people, agreed(trial), r.Key())
	r.Must(err)
	equalSlices(t, "became", codesOf(results), []string{"", "no_free_seats", "no_free_seats"})
	equal(t, "seats", r.Pool().Seats, int64(3))
	r.Clean()
}

func TestWhoMayNotSpendIsToldWhoMay(t *testing.T) {
	r := seatstest.Open(t, selling(func(p *seats.Policies) { p.AdminsMaySpend = false }), seatstest.Seats(1))
	r.JoinAs(seats.Admin, "adam")
	r.JoinAs(seats.BillingAdmin, "bill")
	people := crowd("p", 2, r.Sub)
	trial := tryInvite(r, "adam", people)
	equalSlices(t, "would become", codesOf(trial.Results), []string{"", "forbidden"})
	if trial.Quote != nil || !strings.Contains(trial.Results[1].Refused.Detail, "Ask the owner or a billing admin") {
		t.Errorf("got %+v, %v", trial.Quote, trial.Results[1].Refused)
	}
	quote := tryInvite(r, "bill", people)
	results, err := inviteBuying(r, "adam", people, agreed(quote), r.Key())
	wantCode(t, err, "forbidden")
	equal(t, "results", len(results), 0)
	results, err = inviteBuying(r, "bill", people, agreed(quote), r.Key())
	r.Must(err)
	equalSlices(t, "became", codesOf(results), []string{"", ""})
	equal(t, "seats", r.Pool().Seats, int64(2))
}

func TestAnAdminBuysWithinTheCapAlone(t *testing.T) {
	r := seatstest.Open(t, selling(func(p *seats.Policies) { p.AdminMonthlyCap = map[money.Currency]int64{"EUR": 4000} }), seatstest.Seats(1))
	r.JoinAs(seats.Admin, "adam")
	r.JoinLicensed("ann")
	trial, err := r.Service.TryAssign(r.Ctx, r.Caller("adam"), r.Account, r.Sub, []seats.UserID{r.ID("adam")})
	r.Must(err)
	// The admin takes the license that is bought: one write says both.
	_, err = r.Service.AssignBuying(r.Ctx, r.Caller("adam"), r.Account, r.Sub, []seats.UserID{r.ID("adam")}, agreed(trial), seatstest.Once[[]seats.AssignResult](r.Key(), "assign"))
	r.Must(err)
	adam := r.User("adam")
	equal(t, "licenses", len(adam.Licenses), 1)
	equal(t, "spent", adam.Spent.Minor, int64(2000))
	beyond := tryInvite(r, "adam", crowd("p", 2, r.Sub))
	equalSlices(t, "would become", codesOf(beyond.Results), []string{"forbidden", "forbidden"})
	if beyond.Quote != nil || !strings.Contains(beyond.Results[0].Refused.Detail, "EUR 40.00") {
		t.Errorf("got %+v, %v", beyond.Quote, beyond.Results[0].Refused)
	}
	within := tryInvite(r, "adam", crowd("p", 1, r.Sub))
	results, err := inviteBuying(r, "adam", crowd("p", 1, r.Sub), agreed(within), r.Key())
	r.Must(err)
	equalSlices(t, "became", codesOf(results), []string{""})
	equal(t, "spent", r.User("adam").Spent.Minor, int64(4000))
	r.Clean()
}

func TestBeyondWhatIsSoldHereTheRestIsToldToContactSales(t *testing.T) {
	r := seatstest.Open(t, selling(func(p *seats.Policies) { p.MaxSelfServeSeats = 3 }), seatstest.Seats(2))
	people := crowd("p", 5, r.Sub)
	trial := tryInvite(r, "owner", people)
	equalSlices(t, "would become", codesOf(trial.Results), []string{"", "", "", "contact_sales", "contact_sales"})
	equal(t, "seats", trial.Quote.Seats, int64(3))
	results, err := inviteBuying(r, "owner", people, agreed(trial), r.Key())
	r.Must(err)
	equal(t, "invited", len(slices.DeleteFunc(codesOf(results), func(code string) bool { return code != "" })), 3)
	trial = tryInvite(r, "owner", crowd("q", 1, r.Sub))
	equalSlices(t, "would become", codesOf(trial.Results), []string{"contact_sales"})
	if trial.Quote != nil {
		t.Errorf("got the quote %+v", trial.Quote)
	}
}

func TestAParkedAccountBuysNothingAndGivesWhatIsFree(t *testing.T) {
	r := seatstest.Open(t, selling(), seatstest.Seats(1))
	people := crowd("p", 2, r.Sub)
	trial := tryInvite(r, "owner", people)
	r.Store.Tamper(func(d *seatstest.Data) {
		d.Accounts[r.Account].Status, d.Accounts[r.Account].ParkedFor = seats.AccountParked, "a test"
	})
	_, err := inviteBuying(r, "owner", people, agreed(trial), r.Key())
	wantCode(t, err, "account_parked")
	equalSlices(t, "would become", codesOf(tryInvite(r, "owner", people).Results), []string{"", "account_parked"})
	results, err := inviteBuying(r, "owner", people, seats.Purchase{}, r.Key())
	r.Must(err)
	equalSlices(t, "became", codesOf(results), []string{"", "account_parked"})
}

func TestADryRunKnowsWhoseEmailIsTaken(t *testing.T) {
	r := seatstest.Open(t, selling(), seatstest.Seats(1))
	r.Join("ann", "bob")
	trial := tryInvite(r, "owner", []seats.Invitee{seatstest.Invitee("ann", r.Sub), seatstest.Invitee("new", r.Sub), seatstest.Invitee("new", r.Sub)})
	equalSlices(t, "would become", codesOf(trial.Results), []string{"email_taken", "", "email_taken"})
	if trial.Quote != nil {
		t.Errorf("a seat is bought for nobody: %+v", trial.Quote)
	}
}

// A list that lapsed invitations keep from its seats needs no money.
func TestLapsedInvitationsAreEndedBeforeAnythingIsBought(t *testing.T) {
	r := seatstest.Open(t, selling(), seatstest.Seats(2))
	r.Invite(crowd("old", 2, r.Sub)...)
	r.Wall.Advance(seats.InvitationTTL + time.Hour)
	trial := tryInvite(r, "owner", crowd("p", 2, r.Sub))
	if trial.Quote != nil {
		t.Errorf("got the quote %+v", trial.Quote)
	}
	results, err := inviteBuying(r, "owner", crowd("p", 2, r.Sub), seats.Purchase{}, r.Key())
	r.Must(err)
	equalSlices(t, "became", codesOf(results), []string{"", ""})
}

// bought is an account that is about to buy 80 seats with a long list.
func bought(t testing.TB) *seatstest.Rig {
	r := seatstest.Open(t, selling(), seatstest.Seats(5))
	tryInvite(r, "owner", crowd("p", 80, r.Sub))
	return r
}

// sendBuying invites the 80 with the quote of their dry run.
func sendBuying(r *seatstest.Rig, s *seats.Service) error {
	for id := range r.Store.Snapshot().Quotes {
		_, err := s.InviteBuying(r.Ctx, r.Caller("owner"), r.Account, crowd("p", 80, r.Sub), seats.Purchase{Quote: id, Agreed: true}, seatstest.Once[[]seats.InviteResult]("key", "body"))
		return err
	}
	return errors.New("there is no quote")
}

func TestALongListBuysOnceWhereverItDies(t *testing.T) {
	whole := bought(t)
	count := seatstest.Crash(whole.Store, 0, false)
	whole.Must(sendBuying(whole, whole.On(count)))
	equal(t, "seats", whole.Pool().Seats, int64(80))
	equal(t, "invoices", len(whole.Invoices()), 2)
	for k := 1; k <= count.Calls(); k++ {
		for _, after := range []bool{false, true} {
			r := bought(t)
			crash := seatstest.Crash(r.Store, k, after)
			if err := sendBuying(r, r.On(crash)); err == nil && crash.Died() {
				t.Fatalf("call %d: no error though the process died", k)
			}
			// The lease of the dead command ends, and the quote's 15 minutes do not.
			r.Wall.Advance(time.Minute)
			r.Must(sendBuying(r, r.On(r.Store)))
			pool := r.Pool()
			if pool.Seats != 80 || pool.Free != 0 || len(r.Invoices()) != 2 || len(r.Events(seats.SeatsIncreased)) != 1 {
				t.Errorf("call %d, after %t: %d seats, %d free, %d invoices", k, after, pool.Seats, pool.Free, len(r.Invoices()))
			}
			r.Clean()
		}
	}
	t.Logf("%d crash points", 2*count.Calls())
}

func TestALongAssignBuysWhatItLacks(t *testing.T) {
	r := seatstest.Open(t, selling(), seatstest.Seats(50))
	ids := many(r, 100)
	trial, err := r.Service.TryAssign(r.Ctx, r.Caller("owner"), r.Account, r.Sub, ids)
	r.Must(err)
	equal(t, "seats", trial.Quote.Seats, int64(100))
	_, err = r.Service.Assign(r.Ctx, r.Caller("owner"), r.Account, r.Sub, ids, none[[]seats.AssignResult]())
	wantCode(t, err, "quote_required")
	reply, err := r.Service.AssignBuying(r.Ctx, r.Caller("owner"), r.Account, r.Sub, ids, agreed(trial), seatstest.Once[[]seats.AssignResult](r.Key(), "assign"))
	r.Must(err)
	for i, code := range codesOfAssign(reply.Result) {
		if code != "" {
			t.Errorf("user %d: %s", i, code)
		}
	}
	equal(t, "free", r.Pool().Free, int64(0))
	equal(t, "invoices", len(r.Invoices()), 2)
	r.Clean()
}

// Rule 1 and the price of every seat, on plans that sell on the way: whatever is sent
// at once, no more seats are used than there are, and each increase has its quote.
func TestSeatsAreSoldOnTheWayWithTheirQuoteAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		reserves := rapid.Bool().Draw(t, "reserves")
		r := seatstest.Open(t, seatstest.Seats(rapid.Int64Range(1, 3).Draw(t, "seats")), selling(func(p *seats.Policies) {
			p.InvitationReservesSeat = reserves
			p.MaxSelfServeSeats = rapid.SampledFrom([]int64{0, 6}).Draw(t, "most")
		}))
		r.Join("a", "b", "c")
		ids := []seats.UserID{r.ID("a"), r.ID("b"), r.ID("c")}
		var moves []func()
		for i := range rapid.IntRange(2, 8).Draw(t, "moves") {
			with := rapid.Bool().Draw(t, "with its quote")
			people := crowd(fmt.Sprintf("n%d-", i), rapid.IntRange(1, 3).Draw(t, "people"), r.Sub)
			switch rapid.IntRange(0, 3).Draw(t, "move") {
			case 0:
				moves = append(moves, func() {
					var buy seats.Purchase
					if with {
						trial, err := r.Service.TryInvite(r.Ctx, r.Caller("owner"), r.Account, people)
						if err != nil {
							return
						}
						buy = agreed(trial)
					}
					_, _ = inviteBuying(r, "owner", people, buy, r.Key())
				})
			case 1:
				moves = append(moves, func() {
					var buy seats.Purchase
					if with {
						trial, err := r.Service.TryAssign(r.Ctx, r.Caller("owner"), r.Account, r.Sub, ids)
						if err != nil {
							return
						}
						buy = agreed(trial)
					}
					_, _ = r.Service.AssignBuying(r.Ctx, r.Caller("owner"), r.Account, r.Sub, ids, buy, seatstest.Once[[]seats.AssignResult](r.Key(), "a"))
				})
			case 2:
				moves = append(moves, func() {
					person := seats.NewUser{Invitee: people[0]}
					var buy seats.Purchase
					if with {
						trial, err := r.Service.TryCreateUser(r.Ctx, r.Caller("owner"), r.Account, person)
						if err != nil {
							return
						}
						buy = agreed(trial)
					}
					_, _ = r.Service.CreateUser(r.Ctx, r.Caller("owner"), r.Account, person, buy, seatstest.Once[*seats.User](r.Key(), "c"))
				})
			case 3:
				id := rapid.SampledFrom(ids).Draw(t, "revoke")
				moves = append(moves, func() { _ = revokeID(r, id) })
			}
		}
		var wg sync.WaitGroup
		for _, move := range moves {
			wg.Go(move)
		}
		wg.Wait()
		used, pool := counted(r)
		if pool.Free != pool.Seats-used || pool.Free < 0 {
			t.Fatalf("%d of %d seats are used, %d counted free", used, pool.Seats, pool.Free)
		}
		quotes := r.Store.Snapshot().Quotes
		for _, e := range r.Events(seats.SeatsIncreased) {
			q := quotes[e.Data.QuoteID]
			if q == nil || q.UsedBy != e.ID || q.Seats != e.Data.To || q.From != e.Data.From {
				t.Fatalf("%d to %d seats without their quote", e.Data.From, e.Data.To)
			}
		}
		r.Clean()
	})
}
