package seats_test

import (
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// What was changed behind the domain's back is found, and named.
func TestVerifySaysWhatDiffers(t *testing.T) {
	reissue := func(number int64, change func(*billing.Invoice)) func(*seatstest.Rig, *seatstest.Data) {
		return func(r *seatstest.Rig, d *seatstest.Data) {
			stored := d.Invoices[r.Account][number]
			inv, err := billing.ParseInvoice(stored.Canonical)
			r.Must(err)
			change(&inv)
			stored.Canonical = inv.Canonical()
			stored.Hash = billing.Hash(stored.Canonical)
		}
	}
	event := func(kind string, change func(*seats.Event)) func(*seatstest.Rig, *seatstest.Data) {
		return func(r *seatstest.Rig, d *seatstest.Data) {
			for _, e := range d.Events[r.Account] {
				if e.Type == kind {
					change(e)
				}
			}
		}
	}
	for name, c := range map[string]struct {
		number int64
		tamper func(*seatstest.Rig, *seatstest.Data)
		field  string
	}{
		"an amount": {2, reissue(2, func(inv *billing.Invoice) {
			inv.Lines[0].AmountMinor++
			_ = inv.Total(0)
		}), "lines[0].amount_minor"},
		"a sum":             {2, reissue(2, func(inv *billing.Invoice) { inv.TotalMinor-- }), "total_minor"},
		"tax":               {2, reissue(2, func(inv *billing.Invoice) { inv.TaxLines[0].TaxMinor++ }), "tax_lines[0].tax_minor"},
		"credit":            {3, reissue(3, func(inv *billing.Invoice) { inv.CreditAppliedMinor, inv.AmountDueMinor = 1, inv.TotalMinor-1 }), "credit_applied_minor"},
		"the seats":         {2, reissue(2, func(inv *billing.Invoice) { inv.Lines[0].Seats = 9 }), "lines[0].seats"},
		"words":             {2, reissue(2, func(inv *billing.Invoice) { inv.Lines[0].Description = "Gold" }), "lines[0].description"},
		"the date":          {3, reissue(3, func(inv *billing.Invoice) { inv.IssuedAt = inv.IssuedAt.Add(time.Hour) }), "issued_at"},
		"the period":        {3, reissue(3, func(inv *billing.Invoice) { inv.Lines[0].PeriodEnd = inv.Lines[0].PeriodEnd.AddDate(0, 0, 1) }), "lines[0].period_end"},
		"a long period":     {2, reissue(2, func(inv *billing.Invoice) { inv.Lines[0].PeriodEnd = inv.Lines[0].PeriodEnd.AddDate(0, 2, 0) }), "lines[0]"},
		"the vendor":        {1, reissue(1, func(inv *billing.Invoice) { inv.Vendor.Name = "Somebody Else" }), "vendor.name"},
		"the legal lines":   {1, reissue(1, func(inv *billing.Invoice) { inv.Vendor.LegalLines = []string{"IBAN of somebody else"} }), "vendor.legal_lines"},
		"the currency":      {1, reissue(1, func(inv *billing.Invoice) { inv.Currency = "USD" }), "currency"},
		"the number":        {2, reissue(2, func(inv *billing.Invoice) { inv.Number = 3 }), "number"},
		"a line more":       {2, reissue(2, func(inv *billing.Invoice) { inv.Lines = append(inv.Lines, billing.Line{Kind: billing.LineCredit}) }), "lines[1]"},
		"a line less":       {3, reissue(3, func(inv *billing.Invoice) { inv.Lines = nil; _ = inv.Total(0) }), "lines"},
		"other events":      {3, reissue(3, func(inv *billing.Invoice) { inv.Lines[0].EventIDs = append(inv.Lines[0].EventIDs, "evt_none") }), "lines[0].event_ids"},
		"no event":          {2, reissue(2, func(inv *billing.Invoice) { inv.Lines[0].EventIDs = nil }), "lines[0]"},
		"the voided number": {4, reissue(4, func(inv *billing.Invoice) { inv.Corrects = 1 }), "corrects"},
		"the voided amount": {4, reissue(4, func(inv *billing.Invoice) { inv.Lines[0].AmountMinor = 1 }), "lines[0].amount_minor"},
		"the bytes alone":   {2, func(r *seatstest.Rig, d *seatstest.Data) { d.Invoices[r.Account][2].Canonical[9] ^= 1 }, "hash"},
		"bytes that are no invoice": {2, func(r *seatstest.Rig, d *seatstest.Data) {
			d.Invoices[r.Account][2].Canonical, d.Invoices[r.Account][2].Hash = []byte("{}"), billing.Hash([]byte("{}"))
		}, "canonical"},
		"an event's seats":  {2, event(seats.SeatsIncreased, func(e *seats.Event) { e.Data.To = 7 }), "lines[0]"},
		"an event's factor": {2, event(seats.SeatsIncreased, func(e *seats.Event) { e.Data.FactorNum++ }), "lines[0]"},
		"an event's number": {2, event(seats.SeatsIncreased, func(e *seats.Event) { e.Data.InvoiceNumber = 7 }), "number"},
		"a close's seats":   {3, event(seats.CycleClosed, func(e *seats.Event) { e.Data.To = 7 }), "lines[0].seats"},
		"an event that is gone": {2, func(r *seatstest.Rig, d *seatstest.Data) {
			for id, e := range d.Events[r.Account] {
				if e.Type == seats.SeatsIncreased {
					delete(d.Events[r.Account], id)
				}
			}
		}, "lines[0]"},
		"the plan's price": {3, func(r *seatstest.Rig, d *seatstest.Data) {
			d.Plans[r.Plan.ID][1].Prices["EUR"] = billing.Price{Model: billing.PerSeat, UnitMinor: 2001}
		}, "lines[0].unit_minor"},
		"a plan that is gone": {3, func(r *seatstest.Rig, d *seatstest.Data) { delete(d.Plans[r.Plan.ID], 1) }, "plan"},
	} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t, seatstest.OnAccount(func(a *seats.OpenAccount) { a.TaxPPM = 190_000 }),
				seatstest.OnPlan(func(p *seats.Plan) { p.Vendor.LegalLines = []string{"HRB 1", "IBAN 2"} }))
			r.Wall.Advance(9 * 24 * time.Hour)
			r.Change(8)
			r.CloseAt(decemberFirst())
			_, err := void(r, 2)
			r.Must(err)
			verified(t, r)
			r.Store.Tamper(func(d *seatstest.Data) { c.tamper(r, d) })
			v, err := r.Service.VerifyInvoice(r.Ctx, r.Caller("owner"), r.Account, c.number)
			r.Must(err)
			var fields []string
			for _, d := range v.Differences {
				fields = append(fields, d.Field)
			}
			if v.OK() || !strings.Contains(" "+strings.Join(fields, " ")+" ", " "+c.field+" ") {
				t.Errorf("found %v, want %s", v.Differences, c.field)
			}
		})
	}
}
