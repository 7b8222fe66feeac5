package api_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	usher "github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/billing"
)

// The life of an invoice over HTTP: foreseen, issued, downloaded, explained, verified,
// paid, voided.
func TestTheLifeOfAnInvoice(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	a := s.OpenWith(object{"tax_rate_ppm": 190_000})
	var upcoming usher.Upcoming
	a.Owner.Get(a.Path+"/invoices/upcoming").OK(t, &upcoming)
	if upcoming.Invoice == nil || upcoming.Invoice.Number != 0 || upcoming.Invoice.Total.AmountMinor != 11900 || upcoming.IssuedAt.Format("2006-01-02") != "2026-11-30" {
		t.Errorf("the upcoming invoice: %+v", upcoming.Invoice)
	}
	a.Confirm(a.Quote(8).ID).OK(t, nil)
	invoice := a.Path + "/invoices/2"

	pdf := a.Owner.Get(invoice+".pdf").OK(t, nil)
	header := func(name string) string {
		for k, v := range pdf.Headers {
			if strings.EqualFold(k, name) {
				return v
			}
		}
		return ""
	}
	if header("content-type") != "application/pdf" || header("content-disposition") != `attachment; filename="invoice-2.pdf"` || header("cache-control") != "no-store" {
		t.Errorf("the PDF's headers: %v", pdf.Headers)
	}
	api.DisableConfigDir()
	if err := api.Validate(bytes.NewReader(pdf.Body), model.NewDefaultConfiguration()); err != nil {
		t.Errorf("the PDF: %v", err)
	}
	if again := a.Owner.Get(invoice+".pdf").OK(t, nil); !bytes.Equal(again.Body, pdf.Body) {
		t.Error("downloaded again it is another file")
	}
	nobody := a.Owner.Get(invoice + ".csv")
	nobody.Refused(t, 404, "not_found")
	if !strings.Contains(string(nobody.Body), "nobody held a license when it was issued") {
		t.Errorf("the people of an invoice of seats that nobody held: %s", nobody.Body)
	}

	var why usher.Explanation
	a.Owner.Get(invoice+"/explain").OK(t, &why)
	if len(why.Lines) != 1 || !strings.HasPrefix(why.Lines[0].Arithmetic, "From 5 to 8 seats is a difference of €60.00 a month, of which 9 of 30 days are charged") ||
		len(why.Lines[0].Events) != 1 || !strings.HasPrefix(why.Lines[0].Events[0].Text, "Olga Owner raised the seats from 5 to 8 on 22 November 2026") {
		t.Errorf("explained as %+v", why)
	}
	verified := func(number int64) {
		t.Helper()
		var v usher.Verification
		a.Owner.Get(fmt.Sprintf("%s/invoices/%d/verify", a.Path, number)).OK(t, &v)
		if !v.Verified || v.Hash != v.RecomputedHash || len(v.Differences) != 0 {
			t.Errorf("invoice %d: %+v", number, v)
		}
	}
	verified(1)
	verified(2)

	operated := "/v1/operator/accounts/" + a.ID + "/invoices/2"
	var paid usher.Invoice
	s.Operator().Post(operated+"/paid", nil).OK(t, &paid)
	if paid.Status != "paid" || paid.PaidAt == nil {
		t.Errorf("marked as paid: %+v", paid)
	}
	note := a.Void(2)
	if note.Kind != billing.KindCreditNote || note.Number != 3 || note.Corrects != 2 || note.Status != "" {
		t.Errorf("the credit note: %+v", note)
	}
	a.Owner.Get(invoice).OK(t, &paid)
	if paid.Status != "void" || paid.VoidedBy != 3 {
		t.Errorf("voided: %+v", paid)
	}
	verified(2)
	verified(3)
	a.Owner.Get(a.Path+"/invoices/upcoming").OK(t, &upcoming)
	if credit := upcoming.Invoice.CreditApplied.AmountMinor; credit != 2142 {
		t.Errorf("the next invoice uses %d of the credit, want 2142", credit)
	}
	s.Operator().Post(operated+"/paid", nil).Refused(t, 409, "state_conflict")
	s.Operator().Post(operated+"/void", object{"reason": "again"}).Refused(t, 409, "state_conflict")
	s.Operator().Post("/v1/operator/accounts/"+a.ID+"/invoices/3/void", object{"reason": "a note"}).Refused(t, 409, "state_conflict")
	s.Operator().Post("/v1/operator/accounts/"+a.ID+"/invoices/1/void", object{"reason": " "}).Refused(t, 422, "invalid")
	s.Operator().Post("/v1/operator/accounts/"+a.ID+"/invoices/9/paid", nil).Refused(t, 404, "not_found")
	for _, path := range []string{"/invoices/0.pdf", "/invoices/2.exe", "/invoices/2.PDF", "/invoices/2.", "/invoices/x", "/invoices/0/verify"} {
		a.Owner.Get(a.Path+path).Refused(t, 422, "invalid")
	}
	for _, path := range []string{"/invoices/9.pdf", "/invoices/9.csv", "/invoices/9/explain", "/invoices/9/verify", "/invoices/9999999999.pdf"} {
		a.Owner.Get(a.Path+path).Refused(t, 404, "not_found")
	}
}
