package seats_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func pay(r *seatstest.Rig, number int64) (*seats.IssuedInvoice, error) {
	reply, err := r.Service.MarkPaid(r.Ctx, seatstest.Operator(), r.Account, number, seats.Once[*seats.IssuedInvoice]{})
	return reply.Result, err
}

func void(r *seatstest.Rig, number int64) (*seats.IssuedInvoice, error) {
	reply, err := r.Service.VoidInvoice(r.Ctx, seatstest.Operator(), r.Account, number, "billed twice", seats.Once[*seats.IssuedInvoice]{})
	return reply.Result, err
}

func stored(r *seatstest.Rig, number int64) *seats.IssuedInvoice {
	r.Helper()
	inv, err := r.Store.Invoice(r.Ctx, r.Account, number)
	r.Must(err)
	return inv
}

func TestAnInvoiceIsMarkedAsPaidOnce(t *testing.T) {
	r := seatstest.Open(t)
	before := stored(r, 1)
	r.Wall.Advance(50 * time.Hour)
	paid, err := pay(r, 1)
	r.Must(err)
	equal(t, "status", paid.Status, seats.InvoicePaid)
	equal(t, "at", stored(r, 1).PaidAt, r.Wall.Now())
	equal(t, "the document", string(stored(r, 1).Canonical), string(before.Canonical))
	r.Wall.Advance(time.Hour)
	again, err := pay(r, 1)
	r.Must(err)
	equal(t, "at, marked again", again.PaidAt, paid.PaidAt)
	events := r.Events(seats.InvoicePaidEvent)
	equal(t, "events", len(events), 1)
	equal(t, "number", events[0].Data.InvoiceNumber, 1)
	equal(t, "actor", events[0].Actor, seatstest.Operator())
	_, err = pay(r, 2)
	wantCode(t, err, "not_found")
	_, err = r.Service.MarkPaid(r.Ctx, seatstest.Operator(), "acc_x", 1, seats.Once[*seats.IssuedInvoice]{})
	wantCode(t, err, "not_found")
}

func TestAVoidedInvoiceBecomesCredit(t *testing.T) {
	for name, c := range map[string]struct {
		paid bool
		back int64
	}{"an open one gives nothing back": {false, 0}, "a paid one gives all of it back": {true, 11900}} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t, seatstest.OnAccount(func(a *seats.OpenAccount) { a.TaxPPM = 190_000 }))
			if c.paid {
				_, err := pay(r, 1)
				r.Must(err)
			}
			r.Wall.Advance(time.Hour)
			note, err := void(r, 1)
			r.Must(err)
			equal(t, "number", note.Number, 2)
			inv := r.Invoices()[1]
			equal(t, "kind", inv.Kind, billing.KindCreditNote)
			equal(t, "corrects", inv.Corrects, 1)
			equal(t, "total", inv.TotalMinor, 11900)
			equal(t, "issued", inv.IssuedAt, r.Wall.Now())
			was := stored(r, 1)
			equal(t, "status", was.Status, seats.InvoiceVoid)
			equal(t, "voided by", was.VoidedBy, 2)
			equal(t, "still says when it was paid", was.PaidAt.IsZero(), !c.paid)
			equal(t, "credit", r.Stored().CreditMinor, c.back)
			equal(t, "the account's count", r.Stored().Invoices, 2)
			events := r.Events(seats.InvoiceVoided)
			equal(t, "events", len(events), 1)
			equal(t, "reason", events[0].Data.Reason, "billed twice")
			equal(t, "credit note", events[0].Data.CreditNote, 2)
			_, err = void(r, 1)
			wantCode(t, err, "state_conflict")
			_, err = void(r, 2)
			wantCode(t, err, "state_conflict")
			_, err = pay(r, 1)
			wantCode(t, err, "state_conflict")
			_, err = pay(r, 2)
			wantCode(t, err, "state_conflict")
			r.CloseAt(decemberFirst())
			equal(t, "the next invoice uses it", r.Invoices()[2].CreditAppliedMinor, c.back)
			verified(t, r)
		})
	}
}

func TestVoidingNeedsAReason(t *testing.T) {
	r := seatstest.Open(t)
	void := func(reason string) error {
		_, err := r.Service.VoidInvoice(r.Ctx, seatstest.Operator(), r.Account, 1, reason, seats.Once[*seats.IssuedInvoice]{})
		return err
	}
	before := r.Store.Snapshot()
	for _, reason := range []string{"", "  ", "two\nlines", strings.Repeat("x", seats.MaxReasonRunes+1)} {
		wantCode(t, void(reason), "invalid")
	}
	nothingChanged(t, r, before)
	r.Must(void(strings.Repeat("x", seats.MaxReasonRunes)))
}

// An invoice is voided by one of many who try, while others mark it as paid: its
// money comes back once.
func TestOneOfManyVoidsAnInvoice(t *testing.T) {
	for range 10 {
		r := seatstest.Open(t)
		var wg sync.WaitGroup
		results := make([]error, 6)
		for i := range results {
			wg.Go(func() {
				if i%2 == 0 {
					_, results[i] = void(r, 1)
				} else {
					_, results[i] = pay(r, 1)
				}
			})
		}
		wg.Wait()
		voided := 0
		for i, err := range results {
			if err == nil && i%2 == 0 {
				voided++
			} else if err != nil {
				wantCode(t, err, "state_conflict")
			}
		}
		equal(t, "voided", voided, 1)
		equal(t, "documents", len(r.Invoices()), 2)
		want := int64(0)
		if !stored(r, 1).PaidAt.IsZero() {
			want = 10000
		}
		equal(t, "credit", r.Stored().CreditMinor, want)
		verified(t, r)
	}
}

func TestAKeyMarksOnce(t *testing.T) {
	r := seatstest.Open(t)
	once := seatstest.Once[*seats.IssuedInvoice](r.Key(), "void")
	first, err := r.Service.VoidInvoice(r.Ctx, seatstest.Operator(), r.Account, 1, "billed twice", once)
	r.Must(err)
	again, err := r.Service.VoidInvoice(r.Ctx, seatstest.Operator(), r.Account, 1, "billed twice", once)
	r.Must(err)
	equal(t, "answered again", len(again.Replayed) > 0 && first.Replayed == nil, true)
	equal(t, "documents", len(r.Invoices()), 2)
}

func TestTheUpcomingInvoiceIsWhatTheCloseWillBill(t *testing.T) {
	r := seatstest.Open(t)
	r.Change(3)
	inv, at, err := r.Service.Upcoming(r.Ctx, r.Caller("owner"), r.Account)
	r.Must(err)
	equal(t, "at", at, decemberFirst())
	equal(t, "number", inv.Number, 0)
	r.CloseAt(decemberFirst())
	got := r.Invoices()[1]
	equal(t, "total", got.TotalMinor, inv.TotalMinor)
	equalSlices(t, "amounts", amounts(&got), amounts(inv))
	r.JoinAs(seats.Member, "mia")
	_, _, err = r.Service.Upcoming(r.Ctx, r.Caller("mia"), r.Account)
	wantCode(t, err, "forbidden")
	_, err = r.Service.VerifyInvoice(r.Ctx, r.Caller("mia"), r.Account, 1)
	wantCode(t, err, "forbidden")
	_, err = r.Service.ExplainInvoice(r.Ctx, r.Caller("mia"), r.Account, 1)
	wantCode(t, err, "forbidden")

	free := seatstest.Open(t, seatstest.OnPlan(func(p *seats.Plan) { p.Prices["EUR"] = billing.Price{Model: billing.PerSeat} }))
	inv, at, err = free.Service.Upcoming(free.Ctx, free.Caller("owner"), free.Account)
	if err != nil || inv != nil || !at.IsZero() {
		t.Errorf("nothing to bill: %v at %v, %v", inv, at, err)
	}
}

// A day whose changes are settled is invoiced before the period ends, and comes first.
func TestTheUpcomingInvoiceIsTheEarliest(t *testing.T) {
	r := seatstest.Open(t, seatstest.OnPolicies(func(p *seats.Policies) { p.Settle = seats.SettleDaily }))
	r.Wall.Set(midNovember())
	r.Change(8)
	midnight := r.Pool().SettleAt
	inv, at, err := r.Service.Upcoming(r.Ctx, r.Caller("owner"), r.Account)
	r.Must(err)
	equal(t, "at", at, midnight)
	r.CloseAt(midnight)
	got := r.Invoices()[1]
	equal(t, "issued", got.IssuedAt, midnight)
	equalSlices(t, "amounts", amounts(&got), amounts(inv))
	_, at, err = r.Service.Upcoming(r.Ctx, r.Caller("owner"), r.Account)
	r.Must(err)
	equal(t, "then", at, decemberFirst())
	// A quote tells what the next cycle costs all the same.
	r.Change(9)
	equal(t, "a quote's", r.Quote(20).Next.IssuedAt, decemberFirst())
}

func TestALineIsExplained(t *testing.T) {
	r := seatstest.Open(t)
	r.Wall.Advance(21 * 24 * time.Hour)
	r.Change(8)
	r.Change(6)
	r.CloseAt(decemberFirst())
	sentences := func(number int64) string {
		x, err := r.Service.ExplainInvoice(r.Ctx, r.Caller("owner"), r.Account, number)
		r.Must(err)
		var all []string
		for _, l := range x.Lines {
			all = append(all, l.Arithmetic)
			for _, e := range l.Events {
				all = append(all, e.Text)
			}
		}
		for _, e := range x.Issued {
			all = append(all, "issued: "+e.Text)
		}
		return strings.Join(all, "\n")
	}
	equal(t, "the opening", sentences(1), `5 seats cost €100.00 a month: €100.00.
The vendor's staff subscribed to Valuation, Team with 5 seats on 1 November 2026 at 00:00 (Europe/Berlin).
issued: The vendor's staff subscribed to Valuation, Team with 5 seats on 1 November 2026 at 00:00 (Europe/Berlin).`)
	equal(t, "the increase", sentences(2), `From 5 to 8 seats is a difference of €60.00 a month, of which 9 of 30 days are charged: €18.00.
Olga Owner raised the seats from 5 to 8 on 22 November 2026 at 00:00 (Europe/Berlin).
issued: Olga Owner raised the seats from 5 to 8 on 22 November 2026 at 00:00 (Europe/Berlin).`)
	equal(t, "the close", sentences(3), `6 seats cost €120.00 a month: €120.00.
The period from 1 November 2026 to 30 November 2026 ended; the seats went from 8 to 6.
Olga Owner scheduled a decrease from 8 to 6 for 1 December 2026 on 22 November 2026 at 00:00 (Europe/Berlin).
issued: The period from 1 November 2026 to 30 November 2026 ended; the seats went from 8 to 6.`)
	_, err := void(r, 2)
	r.Must(err)
	if got := sentences(4); !strings.Contains(got, "issued: The vendor's staff voided invoice 2 on 1 December 2026 at 00:00 (Europe/Berlin): billed twice") {
		t.Errorf("the credit note: %s", got)
	}
}
