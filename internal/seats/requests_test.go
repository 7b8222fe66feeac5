package seats_test

import (
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func ask(r *seatstest.Rig, who string, asking seats.Asking) (*seats.Request, error) {
	reply, err := r.Service.OpenRequest(r.Ctx, r.Caller(who), r.Account, asking, none[*seats.Request]())
	return reply.Result, err
}

func approve(r *seatstest.Rig, id seats.RequestID, quote seats.QuoteID) (seats.AnsweredRequest, error) {
	reply, err := r.Service.ApproveRequest(r.Ctx, seatstest.Operator(), r.Account, id, quote, "Done.", none[seats.AnsweredRequest]())
	return reply.Result, err
}

func price(r *seatstest.Rig, id seats.RequestID) *seats.Quote {
	r.Helper()
	q, _, err := r.Service.QuoteRequest(r.Ctx, seatstest.Operator(), r.Account, id)
	r.Must(err)
	return q
}

func onRequest(p *seats.Policies) { p.Decrease, p.MaxSelfServeSeats = seats.DecreaseOnRequest, 6 }

// A decrease that the vendor's staff has approved and a switch of the interval compose in
// either order; giving back more with the switch is asked for as ever.
func TestAnApprovedDecreaseAndASwitchComposeInEitherOrder(t *testing.T) {
	approved := func(r *seatstest.Rig) {
		opened, err := ask(r, "owner", seats.Asking{Kind: seats.RequestSeats, Subscription: r.Sub, Seats: 3})
		r.Must(err)
		r.Wall.Advance(time.Second)
		_, err = approve(r, opened.ID, price(r, opened.ID).ID)
		r.Must(err)
	}
	switched := func(r *seatstest.Rig) { r.ChangePlan("yearly", 0) }
	for name, steps := range map[string][]func(*seatstest.Rig){"decrease first": {approved, switched}, "switch first": {switched, approved}} {
		for policy, rules := range map[string]func(*seats.Policies){
			"on request": onRequest, "add only": func(p *seats.Policies) { p.SelfServe = seats.SelfServeAddOnly },
		} {
			t.Run(name+" "+policy, func(t *testing.T) {
				r := seatstest.Open(t, seatstest.OnPolicies(rules))
				offer(r, "yearly", 1, 20000, func(p *seats.Plan) { p.Interval = billing.Year })
				for _, step := range steps {
					step(r)
				}
				equal(t, "plan to come", r.Pool().PendingPlan.Plan.ID, "yearly")
				equal(t, "at renewal", r.Pool().AtRenewal(), 3)
				offer(r, "other", 1, 30000, func(p *seats.Plan) { p.Interval = billing.Year })
				_, err := quotePlan(r, "owner", "other", 2)
				wantCode(t, err, "contact_sales")
				r.CloseAt(decemberFirst())
				equal(t, "seats", r.Pool().Seats, 3)
				r.Clean()
			})
		}
	}
}

// What customers may not do themselves they ask for, with its price; approving does
// exactly what the quote says, through the same decision, and the limits on customers
// do not hold for the staff.
func TestARequestIsApprovedAsItWasQuoted(t *testing.T) {
	for name, n := range map[string]int64{"more than customers may buy": 8, "fewer, on request": 3} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t, seatstest.OnPolicies(onRequest))
			r.Wall.Advance(15 * 24 * time.Hour)
			_, _, err := r.Service.QuoteSeats(r.Ctx, r.Caller("owner"), r.Account, r.Sub, n)
			wantCode(t, err, "contact_sales")
			opened, err := ask(r, "owner", seats.Asking{Kind: seats.RequestSeats, Subscription: r.Sub, Seats: n, Message: "  For the new office. "})
			r.Must(err)
			if opened.From != 5 || opened.Seats != n || opened.Message != "For the new office." || opened.Status != seats.RequestOpen || opened.By != r.Owner || opened.NextMinor != n*2000 {
				t.Errorf("got %+v", opened)
			}
			open, _, err := r.Service.OpenRequests(r.Ctx, seats.Page{Limit: 10})
			r.Must(err)
			if len(open) != 1 || open[0].Request.ID != opened.ID || open[0].Account.ID != r.Account {
				t.Fatalf("open are %+v", open)
			}
			r.Wall.Advance(time.Second) // events of one instant stand in no order
			q := price(r, opened.ID)
			_, err = r.Service.ConfirmSeats(r.Ctx, r.Caller("owner"), r.Account, r.Sub, q.ID, true, seatstest.Once[seats.SeatChangeResult](r.Key(), "confirm"))
			wantCode(t, err, "contact_sales") // the staff's price is no way around
			done, err := approve(r, opened.ID, q.ID)
			r.Must(err)
			if done.Request.Status != seats.RequestApproved || done.Request.AnsweredBy != seatstest.Operator().ID || done.Done.Event.Actor != seatstest.Operator() {
				t.Errorf("got %+v", done)
			}
			var due int64
			if done.Done.Invoice != nil {
				due = done.Done.Invoice.AmountDueMinor
			}
			equal(t, "due now", due, opened.DueNowMinor)
			equal(t, "at renewal", r.Pool().AtRenewal(), n)
			_, err = approve(r, opened.ID, q.ID)
			wantCode(t, err, "state_conflict")
			open, _, err = r.Service.OpenRequests(r.Ctx, seats.Page{Limit: 10})
			r.Must(err)
			equal(t, "still open", len(open), 0)
			told := r.Events(seats.RequestOpenedEvent, seats.RequestAnswered)
			if len(told) != 2 || !told[1].Data.Approved || told[1].Data.RequestID != opened.ID || told[1].Data.To != n {
				t.Errorf("told %+v", told)
			}
			r.Clean()
		})
	}
}

func TestAStaleOrForeignQuoteApprovesNothing(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(onRequest))
	first, err := ask(r, "owner", seats.Asking{Kind: seats.RequestSeats, Subscription: r.Sub, Seats: 8})
	r.Must(err)
	second, err := ask(r, "owner", seats.Asking{Kind: seats.RequestSeats, Subscription: r.Sub, Seats: 9})
	r.Must(err)
	q := price(r, first.ID)
	_, err = approve(r, second.ID, q.ID)
	wantCode(t, err, "not_found")
	_, err = approve(r, first.ID, "")
	wantCode(t, err, "quote_required")
	own := r.Quote(6)
	_, err = approve(r, first.ID, own.ID)
	wantCode(t, err, "not_found")
	r.Change(6)
	_, err = approve(r, first.ID, q.ID)
	wantCode(t, err, "quote_stale")
	fresh := price(r, first.ID)
	r.Wall.Advance(seats.QuoteTTL)
	_, err = approve(r, first.ID, fresh.ID)
	wantCode(t, err, "quote_expired")
	equal(t, "seats", r.Pool().Seats, 6)
	r.Clean()
}

func TestARequestIsDeclinedOrAnsweredInWords(t *testing.T) {
	r := seatstest.Open(t)
	words, err := ask(r, "owner", seats.Asking{Kind: seats.RequestOther, Message: "May we pay by bank transfer?"})
	r.Must(err)
	_, _, err = r.Service.QuoteRequest(r.Ctx, seatstest.Operator(), r.Account, words.ID)
	wantCode(t, err, "state_conflict")
	done, err := approve(r, words.ID, "")
	r.Must(err)
	if done.Done != nil || done.Request.Answer != "Done." {
		t.Errorf("got %+v", done)
	}
	r.Wall.Advance(time.Minute)
	other, err := ask(r, "owner", seats.Asking{Kind: seats.RequestSeats, Subscription: r.Sub, Seats: 500})
	r.Must(err)
	once := seatstest.Once[seats.AnsweredRequest](r.Key(), "decline")
	for range 2 {
		_, err = r.Service.DeclineRequest(r.Ctx, seatstest.Operator(), r.Account, other.ID, "We have no such offer.", once)
		r.Must(err)
	}
	_, got, err := r.Service.GetRequest(r.Ctx, r.Caller("owner"), r.Account, other.ID)
	r.Must(err)
	if got.Status != seats.RequestDeclined || got.Answer != "We have no such offer." || got.Rev != 2 {
		t.Errorf("got %+v", got)
	}
	_, all, _, err := r.Service.ListRequests(r.Ctx, r.Caller("owner"), r.Account, seats.Page{Limit: 10})
	r.Must(err)
	if len(all) != 2 || all[0].ID != other.ID {
		t.Errorf("got %+v", all)
	}
	equal(t, "seats", r.Pool().Seats, 5)
	r.Clean()
}

func TestWhoMayAskForWhat(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.AdminsMaySpend = false }))
	r.JoinAs(seats.Admin, "ada")
	r.JoinAs(seats.BillingAdmin, "bill")
	r.Join("mem")
	more := seats.Asking{Kind: seats.RequestSeats, Subscription: r.Sub, Seats: 8}
	words := seats.Asking{Kind: seats.RequestOther, Message: "Hello"}
	for who, want := range map[string][2]string{"owner": {"", ""}, "bill": {"", ""}, "ada": {"forbidden", ""}, "mem": {"forbidden", "forbidden"}, "nobody": {"not_found", "not_found"}} {
		for i, asking := range []seats.Asking{more, words} {
			if _, err := ask(r, who, asking); codeOf(err) != want[i] {
				t.Errorf("%s asks for %s: %v, want %q", who, asking.Kind, err, want[i])
			}
		}
	}
	for name, bad := range map[string]seats.Asking{
		"no kind": {}, "no seats": {Kind: seats.RequestSeats, Subscription: r.Sub}, "no subscription": {Kind: seats.RequestSeats, Seats: 8},
		"no plan": {Kind: seats.RequestPlan, Subscription: r.Sub}, "an end of nothing": {Kind: seats.RequestCancel}, "an end and seats": {Kind: seats.RequestCancel, Subscription: r.Sub, Seats: 3},
		"no words":        {Kind: seats.RequestOther},
		"words and seats": {Kind: seats.RequestOther, Message: "x", Seats: 3}, "seats and a plan": {Kind: seats.RequestSeats, Subscription: r.Sub, Seats: 8, PlanID: "x"},
		"too many words": {Kind: seats.RequestOther, Message: strings.Repeat("x", seats.MaxRequestRunes+1)}, "too many seats": {Kind: seats.RequestSeats, Subscription: r.Sub, Seats: 1_000_001},
	} {
		if _, err := ask(r, "owner", bad); codeOf(err) != "invalid" {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := ask(r, "owner", seats.Asking{Kind: seats.RequestOther, Message: strings.Repeat("x", seats.MaxRequestRunes)})
	r.Must(err)
	_, err = ask(r, "owner", seats.Asking{Kind: seats.RequestSeats, Subscription: r.Sub, Seats: 5})
	wantCode(t, err, "state_conflict")
}

func TestRequestsOfAUserAreLimited(t *testing.T) {
	r := seatstest.Open(t)
	words := seats.Asking{Kind: seats.RequestOther, Message: "Hello"}
	for range seats.MaxRequestsPerHour {
		_, err := ask(r, "owner", words)
		r.Must(err)
	}
	_, err := ask(r, "owner", words)
	wantCode(t, err, "too_many_requests")
	r.Wall.Advance(time.Hour)
	_, err = ask(r, "owner", words)
	wantCode(t, err, "")
}

// Sent twice it is opened once, though the price has changed.
func TestARequestIsOpenedOnceForItsKey(t *testing.T) {
	r := seatstest.Open(t)
	once := seatstest.Once[*seats.Request](r.Key(), "ask")
	more := seats.Asking{Kind: seats.RequestSeats, Subscription: r.Sub, Seats: 8}
	_, err := r.Service.OpenRequest(r.Ctx, r.Caller("owner"), r.Account, more, once)
	r.Must(err)
	r.Change(8)
	reply, err := r.Service.OpenRequest(r.Ctx, r.Caller("owner"), r.Account, more, once)
	r.Must(err)
	if reply.Replayed == nil {
		t.Error("it was not answered as before")
	}
	equal(t, "opened", len(r.Events(seats.RequestOpenedEvent)), 1)
	r.Clean()
}

// Who may not give back some seats may not give back all of them alone: the end of a
// subscription is asked for, and approved as it was quoted.
func TestTheEndOfASubscriptionIsAskedFor(t *testing.T) {
	for name, rules := range map[string]func(*seats.Policies){
		"on request": onRequest,
		"add only":   func(p *seats.Policies) { p.SelfServe = seats.SelfServeAddOnly },
		"none":       func(p *seats.Policies) { p.SelfServe = seats.SelfServeNone },
		"users":      func(p *seats.Policies) { p.Billing, p.SelfServe = seats.BillingActiveUsers, seats.SelfServeNone },
	} {
		t.Run(name, func(t *testing.T) {
			var more []seatstest.Option
			if name == "users" {
				more = append(more, seatstest.Seats(0))
			}
			r := seatstest.Open(t, append(more, seatstest.OnPolicies(rules))...)
			r.Wall.Advance(15 * 24 * time.Hour)
			_, err := r.Service.Cancel(r.Ctx, r.Caller("owner"), r.Account, r.Sub, none[*seats.Subscription]())
			wantCode(t, err, "contact_sales")
			before := r.Pool()
			opened, err := ask(r, "owner", seats.Asking{Kind: seats.RequestCancel, Subscription: r.Sub})
			r.Must(err)
			equal(t, "seats then", opened.From, before.Seats)
			equal(t, "seats asked for", opened.Seats, 0)
			equal(t, "due now", opened.DueNowMinor, 0)
			r.Wall.Advance(time.Second)
			_, err = approve(r, opened.ID, "")
			wantCode(t, err, "quote_required")
			q := price(r, opened.ID)
			equal(t, "due now", q.DueNow, nil)
			equal(t, "at renewal", q.AtRenewal, 0)
			equal(t, "takes effect", q.EffectiveAt, before.Period.End)
			if (q.Next == nil) != (name != "users") {
				t.Errorf("the next invoice is %+v", q.Next)
			}
			done, err := approve(r, opened.ID, q.ID)
			r.Must(err)
			equal(t, "event", done.Done.Event.Type, seats.CancelScheduled)
			equal(t, "by the staff", done.Done.Event.Actor, seatstest.Operator())
			_, err = ask(r, "owner", seats.Asking{Kind: seats.RequestCancel, Subscription: r.Sub})
			wantCode(t, err, "state_conflict")
			r.Clean()
			r.CloseAt(before.Period.End)
			equal(t, "status", r.Pool().Status, seats.SubscriptionEnded)
			r.Clean()
		})
	}
	t.Run("and kept after all", func(t *testing.T) {
		r := seatstest.Open(t, seatstest.OnPolicies(onRequest))
		opened, err := ask(r, "owner", seats.Asking{Kind: seats.RequestCancel, Subscription: r.Sub})
		r.Must(err)
		r.Wall.Advance(time.Second)
		q := price(r, opened.ID)
		_, err = r.Service.ConfirmSeats(r.Ctx, r.Caller("owner"), r.Account, r.Sub, q.ID, true, seatstest.Once[seats.SeatChangeResult](r.Key(), "confirm"))
		wantCode(t, err, "invalid") // the staff's price is no way around
		_, err = approve(r, opened.ID, q.ID)
		r.Must(err)
		_, err = r.Service.Resume(r.Ctx, r.Caller("owner"), r.Account, r.Sub, none[*seats.Subscription]())
		r.Must(err)
		r.CloseAt(decemberFirst())
		equal(t, "seats", r.Pool().Seats, 5)
		r.Clean()
	})
}
