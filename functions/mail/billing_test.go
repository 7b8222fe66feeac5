package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/seats"
)

// plans is a catalog with a plan for each way in which an increase can be billed.
const plans = `vendor:
  {name: Northwind, support_email: help@northwind.example, sales_contact: sales, sign_in_url: "https://app.northwind.example"}
products:
  - {id: meetings, name: Meetings}
plans:
  - {id: later, name: Later, product: meetings, price: {EUR: {unit: 2000}}, policies: {settle: next_invoice}}
  - {id: second, name: Second, product: meetings, price: {EUR: {unit: 2000}, JPY: {unit: 1000}}, policies: {proration: second}}
  - {id: whole, name: Whole, product: meetings, price: {EUR: {unit: 2000}}, policies: {proration: none}}
  - id: volume
    name: Volume
    product: meetings
    price: {EUR: {pricing: volume, base: 500, tiers: [{up_to: 10, unit: 1000}, {unit: 500}]}}
    policies: {over_assigned: release_newest}
  - {id: free, name: Free, product: meetings, price: {EUR: {unit: 0}}, policies: {over_assigned: refuse}}
`

func TestTheBillingContactGetsWhatConcernsMoney(t *testing.T) {
	r := newRig(t, apitest.SampleCatalog(t))
	a := r.Open(5)
	a.Owner.Patch(a.Path, map[string]string{"billing_contact": a.Email("accounts")}).OK(t, nil)
	a.Confirm(a.Quote(8).ID).OK(t, nil)
	a.Confirm(a.Quote(6).ID).OK(t, nil)
	told := r.news(a)
	a.Advance(monthEnd())
	told = append(told, r.news(a)...)
	same(t, "money with a billing contact", told,
		"accounts: Invoice 1 of Northwind Meetings: €100.00", // the opening's, written now
		"accounts: Receipt: Northwind Meetings, 5 → 8 seats", "olga: Receipt: Northwind Meetings, 5 → 8 seats",
		"accounts: Invoice 2 of Northwind Meetings: €18.00",
		"accounts: Northwind Meetings: 6 seats from 1 December 2026", "olga: Northwind Meetings: 6 seats from 1 December 2026",
		"accounts: Invoice 3 of Northwind Meetings: €120.00",
	)
	for _, m := range told {
		if strings.HasPrefix(m.To[0], "accounts@") && strings.Contains(m.Text, "Hello") {
			t.Errorf("the billing contact, who need not be a person, is greeted: %s", m.Text)
		}
	}

	a.Owner.Patch(a.Path, map[string]string{"billing_contact": a.Email("olga")}).OK(t, nil)
	a.Confirm(a.Quote(7).ID).OK(t, nil)
	same(t, "who buys and is the billing contact", r.news(a),
		"olga: Receipt: Northwind Meetings, 6 → 7 seats", "olga: Invoice 4 of Northwind Meetings: €20.00")
}

func TestReceiptsSayWhatIsOwedAndWhen(t *testing.T) {
	r := newRig(t, plans)
	open := func(plan string, seats int64, change map[string]any) *apitest.Account {
		body := map[string]any{"plan_id": plan, "seats": seats}
		for k, v := range change {
			body[k] = v
		}
		a := r.OpenWith(body)
		r.news(a)
		return a
	}

	a := open("later", 5, map[string]any{"tax_rate_ppm": 190_000})
	a.Confirm(a.Quote(8).ID).OK(t, nil)
	same(t, "settled with the next invoice", r.news(a), "olga: Receipt: Meetings, 5 → 8 seats")
	says(t, to(t, r.mails(), "olga", "seat_change_receipt"), "Due now: €0.00", "On a later invoice, before tax: €18.00", "€60.00 × 9 ÷ 30 = €18.00")
	a.Advance(monthEnd())
	same(t, "the next invoice", r.news(a), "olga: Invoice 2 of Northwind: €211.82")
	says(t, to(t, r.mails(), "olga", "invoice"), "5 to 8 seats, 9 of 30 days: €18.00", "Net: €178.00", "Tax 19%: €33.82",
		"Period: 1 November 2026 to 31 December 2026")

	a = open("volume", 10, nil)
	a.Confirm(a.Quote(15).ID).OK(t, nil)
	same(t, "growth that costs nothing", r.news(a), "olga: Receipt: Meetings, 10 → 15 seats")
	says(t, to(t, r.mails(), "olga", "seat_change_receipt"), "Amount due: €0.00", "The price of a month does not rise with the seats added, so they cost nothing.")
	a.Confirm(a.Quote(12).ID).OK(t, nil)
	r.news(a)
	says(t, to(t, r.mails(), "olga", "decrease_scheduled"), "open invitations lose their seat first, and then the licenses given last end")

	a = open("whole", 5, nil)
	a.Confirm(a.Quote(6).ID).OK(t, nil)
	same(t, "nothing is prorated", r.news(a), "olga: Receipt: Meetings, 5 → 6 seats")
	says(t, to(t, r.mails(), "olga", "seat_change_receipt"), "Amount due: €0.00", "Seats added during a period cost nothing until the next one begins.")

	a = open("second", 5, map[string]any{"currency": "JPY", "tax_rate_ppm": 100_000})
	a.Confirm(a.Quote(6).ID).OK(t, nil)
	same(t, "yen", r.news(a), "olga: Receipt: Meetings, 5 → 6 seats", "olga: Invoice 2 of Northwind: ¥315")
	says(t, to(t, r.mails(), "olga", "seat_change_receipt"), "Seats added: ¥286", "Tax 10%: ¥29", "Amount due: ¥315",
		"¥1,000 × 741,600 ÷ 2,592,000 = ¥286, rounded")

	a = open("free", 5, nil)
	a.Confirm(a.Quote(6).ID).OK(t, nil)
	a.Advance(monthEnd())
	same(t, "a free plan", r.news(a), "olga: Receipt: Meetings, 5 → 6 seats")
}

// A second account of the same month has its own numbers and its own zone.
func TestDatesAreTheAccounts(t *testing.T) {
	r := newRig(t, plans)
	a := r.OpenWith(map[string]any{"plan_id": "second", "time_zone": "Pacific/Auckland", "clock": time.Date(2026, time.November, 30, 12, 0, 0, 0, time.UTC)})
	a.Confirm(a.Quote(4).ID).OK(t, nil)
	r.news(a)
	says(t, to(t, r.mails(), "olga", "decrease_scheduled"), "from 5 seats of Meetings to 4 on 1 January 2027", "until the end of 31 December 2026")
	says(t, to(t, r.mails(), "olga", "invoice"), "Issued on: 1 December 2026", "Period: 1 December 2026 to 31 December 2026")
}

// What is attached is the file that the account downloads.
func TestInvoicesAndCreditNotesAreAttached(t *testing.T) {
	r := newRig(t, plans)
	a := r.OpenWith(map[string]any{"plan_id": "second", "tax_rate_ppm": 190_000})
	attached := func(m ses.Mail, name string, number string) {
		t.Helper()
		file := a.Owner.Get(a.Path+"/invoices/"+number+".pdf").OK(t, nil)
		if len(m.Attachments) != 1 || m.Attachments[0].FileName != name || m.Attachments[0].ContentType != "application/pdf" || !bytes.Equal(m.Attachments[0].Data, file.Body) {
			t.Errorf("%q carries %d files", m.Subject, len(m.Attachments))
		}
		says(t, m, "The document is attached as a PDF.")
	}
	same(t, "the opening", r.news(a), "olga: Invoice 1 of Northwind: €118.92")
	attached(to(t, r.mails(), "olga", "invoice"), "invoice-1.pdf", "1")
	a.Void(1)
	same(t, "a voided invoice", r.news(a), "olga: Credit note 2 of Northwind: €118.92")
	note := to(t, r.mails(), "olga", "credit_note")
	attached(note, "credit-note-2.pdf", "2")
	says(t, note, "It takes back invoice 1.", "Amount credited: €118.92")
	a.Confirm(a.Quote(6).ID).OK(t, nil)
	r.news(a)
	if receipt := to(t, r.mails(), "olga", "seat_change_receipt"); len(receipt.Attachments) != 0 {
		t.Errorf("the receipt carries %d files", len(receipt.Attachments))
	}
	attached(to(t, r.mails(), "olga", "invoice"), "invoice-3.pdf", "3")
}

// A close that gives back seats of two subscriptions makes one credit note, which two
// events name: it is told once.
func TestACreditNoteOfTwoSubscriptionsIsToldOnce(t *testing.T) {
	r := newRig(t, `vendor: {name: Northwind, support_email: help@northwind.example, sales_contact: sales, sign_in_url: "https://app.northwind.example"}
products:
  - {id: meetings, name: Meetings}
  - {id: rooms, name: Rooms}
plans:
  - {id: meetings-back, name: Meetings back, product: meetings, price: {EUR: {unit: 2000}}, policies: {settle: next_invoice, decrease: immediate_credit}}
  - {id: rooms-back, name: Rooms back, product: rooms, price: {EUR: {unit: 1000}}, policies: {settle: next_invoice, decrease: immediate_credit}}
`)
	a := r.OpenWith(map[string]any{"plan_id": "meetings-back"})
	rooms, _ := subscribe(t, a.Owner, a, "rooms-back", 5)
	setSeats(t, a.Owner, a, 3)
	quoted(t, a.Owner, rooms+"/quotes", map[string]any{"seats": 3}, rooms+"/seat-changes", nil)
	r.news(a)
	says(t, to(t, r.mails(), "olga", "seat_change_receipt"), "Credited with a later invoice, before tax: €")
	a.Advance(monthEnd())
	same(t, "one close of two subscriptions", r.news(a), "olga: Credit note 3 of Northwind: €18.00", "olga: Invoice 4 of Northwind: €72.00")
	named := 0
	for _, e := range of(r.ledger(a), seats.CycleClosed) {
		if strings.Contains(e.body, `"credit_note"`) {
			named++
		}
	}
	if named != 2 {
		t.Errorf("the note is named by %d events, want 2", named)
	}
}

// Seats that are given back at once have a receipt as those that are bought.
func TestSeatsGivenBackAtOnceHaveAReceipt(t *testing.T) {
	r := newRig(t, strings.Replace(apitest.SampleCatalog(t), "decrease: end_of_cycle", "decrease: immediate_credit", 1))
	a := r.OpenWith(map[string]any{"seats": 8, "tax_rate_ppm": 190_000})
	clerk, _ := joins(t, r, a, "clerk", "billing_admin", nothing)
	r.news(a)
	setSeats(t, clerk, a, 5)
	same(t, "seats given back", r.news(a), "clerk: Receipt: Northwind Meetings, 8 → 5 seats", "olga: Receipt: Northwind Meetings, 8 → 5 seats",
		"olga: Credit note 2 of Northwind Meetings: €21.42")
	says(t, to(t, r.mails(), "clerk", "seat_change_receipt"), "Given back by: clerk Guest", "Seats: 8 → 5", "Credit note: 2", "Credited now, before tax: €18.00",
		"5 seats instead of 8 cost €100.00 a month instead of €160.00: €60.00 less. 9 of the 30 days", "€60.00 × 9 ÷ 30 = €18.00", console+"/accounts/"+a.ID+"/invoices/2")
}

// In a trial a receipt says that nothing is charged yet, and until when.
func TestSeatsBoughtInATrialCostNothingYet(t *testing.T) {
	r := newRig(t, largeCatalog(t))
	a := r.OpenWith(map[string]any{"plan_id": "rooms-monthly", "clock": apitest.Start})
	a.Confirm(a.Quote(8).ID).OK(t, nil)
	same(t, "more seats in a trial", r.news(a), "olga: Receipt: Rooms, 5 → 8 seats")
	says(t, to(t, r.mails(), "olga", "seat_change_receipt"), "Amount due: €0.00", "8 seats instead of 5 cost €8.00 a month instead of €5.00: €3.00 more. Nothing is charged before the trial ends on 28 November 2026.")
}
