package document_test

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/document"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/hostiletest"
	"github.com/usher-seats/usher/internal/words"
)

// says checks that a page draws each text, as one piece.
func says(t *testing.T, p page, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains("\n"+p.text()+"\n", "\n"+w+"\n") {
			t.Errorf("no %q in\n%s", w, p.text())
		}
	}
}

func silent(t *testing.T, p page, unwanted ...string) {
	t.Helper()
	for _, w := range unwanted {
		if strings.Contains(p.text(), w) {
			t.Errorf("%q in\n%s", w, p.text())
		}
	}
}

func TestAnInvoiceSaysAllThatItMust(t *testing.T) {
	file, all := render(t, invoice(t, "EUR", 2500, changeLine(t), seatsLine(t), usageLine(t)), nil)
	if len(all) != 1 {
		t.Fatalf("%d pages", len(all))
	}
	says(t, all[0],
		"Invoice 12", "Northwind Software GmbH", "Northwind Software GmbH · Hafenstraße 1 · 20457 Hamburg",
		"Żółw & Søn Nguyễn GmbH", "Müllerstraße 12a", "13353 Berlin", "DE", "Tax ID DE123456789",
		"Date", "1 December 2026", "Period", "1 Nov – 31 Dec 2026", "Currency", "EUR", "Account", "acc_01kb0mz7q5vqk8k3yd1s4w2n6x",
		"Description", "Quantity", "Unit price", "Amount",
		"Meetings, Team: 5 to 8 seats, 9 of 30 days", "1 – 30 Nov 2026", "5 → 8 seats", "€20.00", "€18.00", "Tax 19%",
		"Meetings, Team: 8 seats", "1 – 31 Dec 2026", "8 seats", "€160.00",
		"12 7/30 users", "14 people, listed in the CSV file", "€183.50", "Tax 7%",
		"Net", "€361.50", "Tax 7% on €183.50", "€12.85", "Tax 19% on €178.00", "€33.82", "Total", "€408.17",
		"Paid from credit", "-€25.00", "Amount due", "€383.17",
		"Tax ID DE987654321", "IBAN DE02 1203 0000 0000 2020 51 · BIC BYLADEM1001", "Payable within 14 days without deduction.", "Page 1 of 1",
	)
	silent(t, all[0], "Reverse charge", "□", "2026-12-01 to")
	for _, want := range []string{"/Lang (en)", "/CreationDate (D:20261130230000"} {
		if !bytes.Contains(file, []byte(want)) {
			t.Errorf("the file has no %s", want)
		}
	}
}

func TestReverseChargeIsSaid(t *testing.T) {
	inv := invoice(t, "EUR", 0, seatsLine(t))
	inv.ReverseCharge = true
	if err := inv.Total(0); err != nil {
		t.Fatal(err)
	}
	_, all := render(t, inv, nil)
	says(t, all[0], "Reverse charge: the customer is liable for the tax.", "Total", "€160.00", "Amount due")
	silent(t, all[0], "Tax 0%", "Paid from credit")
}

func TestACreditNoteNamesTheInvoiceThatItTakesBack(t *testing.T) {
	inv := invoice(t, "EUR", 2500, seatsLine(t))
	note, err := inv.Void(13, inv.IssuedAt.AddDate(0, 0, 2))
	if err != nil {
		t.Fatal(err)
	}
	_, all := render(t, &note, nil)
	says(t, all[0], "Credit note 13", "3 December 2026", "Corrects invoice", "12", "This credit note takes back invoice 12.", "Amount credited", "€190.40")
	silent(t, all[0], "Amount due", "Paid from credit")
}

func TestAmountsHaveThePlacesOfTheirCurrency(t *testing.T) {
	for currency, want := range map[string]string{"JPY": "¥16,000", "EUR": "€160.00", "KWD": "KWD 16.000", "CLF": "CLF 1.6000", "CHF": "CHF 160.00"} {
		_, all := render(t, invoice(t, currency, 0, seatsLine(t)), nil)
		says(t, all[0], want)
	}
	huge := seatsLine(t)
	huge.AmountMinor, huge.TaxPPM = math.MaxInt64, 0
	_, all := render(t, invoice(t, "EUR", 0, huge), nil)
	says(t, all[0], "€92,233,720,368,547,758.07")
	back := changeLine(t)
	back.AmountMinor = -1799
	_, all = render(t, invoice(t, "EUR", 0, back, seatsLine(t)), nil)
	says(t, all[0], "-€17.99")
}

func TestDatesAreThoseOfTheAccountsZone(t *testing.T) {
	line := seatsLine(t)
	inv := invoice(t, "EUR", 0, line)
	inv.Zone = "America/New_York"
	_, all := render(t, inv, nil)
	says(t, all[0], "30 November 2026", "30 Nov – 31 Dec 2026")

	line.PeriodEnd = line.PeriodStart.AddDate(1, 0, 0)
	_, all = render(t, invoice(t, "EUR", 0, line), nil)
	says(t, all[0], "1 Dec 2026 – 30 Nov 2027")

	line.PeriodEnd = line.PeriodStart.Add(24 * time.Hour)
	_, all = render(t, invoice(t, "EUR", 0, line), nil)
	says(t, all[0], "1 Dec 2026")

	inv.Zone = "Atlantis/Main"
	if _, err := document.PDF(inv, nil); err == nil {
		t.Error("a zone that does not exist")
	}
}

func TestTheSameInvoiceIsTheSameFile(t *testing.T) {
	inv := invoice(t, "EUR", 2500, changeLine(t), seatsLine(t), usageLine(t))
	inv.Customer.Name = "Ω\u2126 ½ \u00a0\u00adﬁ Å\u212b é e\u0301 " + strings.Join(hostiletest.Payloads()[:9], " ")
	picture := logo(t, 480, 120)
	want, _ := render(t, inv, picture)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range faulttest.Size(1, 5) {
				got, err := document.PDF(inv, picture)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("another file: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

// The files of issued invoices must stay as they are. Where this fails after an
// upgrade of the toolchain or of a library, look at the pages before taking the new
// hash.
func TestTheFileIsPinned(t *testing.T) {
	file, _ := render(t, invoice(t, "EUR", 2500, changeLine(t), seatsLine(t), usageLine(t)), logo(t, 480, 120))
	const want = "05fb252b78de307f670b13706f58562e6a15e8cce9d6d6ee10c1ab460b41bca7"
	if got := billing.Hash(file); got != want {
		t.Errorf("the file's SHA-256 is %s, want %s", got, want)
	}
}

func TestPagesRepeatTheirHeadings(t *testing.T) {
	for _, n := range []int{1, 12, 13, 14, 15, 16, 40, billing.MaxLines} {
		var lines []billing.Line
		for i := range n {
			l := changeLine(t)
			l.Description = "Line " + strconv.Itoa(i+1) + " of many"
			lines = append(lines, l)
		}
		_, all := render(t, invoice(t, "EUR", 0, lines...), nil)
		if n == 1 && len(all) != 1 || n == billing.MaxLines && len(all) < 20 {
			t.Errorf("%d lines have %d pages", n, len(all))
		}
		seen := 0
		for i, p := range all {
			says(t, p, "Description", "Amount", "Northwind Software GmbH", "Page "+strconv.Itoa(i+1)+" of "+strconv.Itoa(len(all)))
			if i > 0 {
				says(t, p, "Invoice 12 · 1 December 2026 · continued")
			}
			if last := i == len(all)-1; strings.Contains(p.text(), "Amount due") != last {
				t.Errorf("%d lines: the sums stand on page %d of %d", n, i+1, len(all))
			}
			if rows := strings.Count(p.text(), " of many"); rows == 0 {
				t.Errorf("%d lines: page %d of %d has no line", n, i+1, len(all))
			} else {
				seen += rows
			}
			inside(t, p)
		}
		if seen != n {
			t.Errorf("%d of %d lines are drawn", seen, n)
		}
	}
}

// inside checks that what a page draws begins within its margins, and that nothing
// is drawn over the foot.
func inside(t *testing.T, p page) {
	t.Helper()
	const left, right, bottom, top = 56.0, 540.0, 36.0, 800.0
	foot := bottom
	for _, piece := range p {
		if strings.HasPrefix(piece.text, "Page ") {
			foot = piece.y
		}
	}
	for _, piece := range p {
		if piece.x < left || piece.x > right || piece.y < bottom || piece.y > top {
			t.Errorf("%q stands at %.0f, %.0f", piece.text, piece.x, piece.y)
		}
		if strings.Contains(piece.text, "of many") && piece.y < foot+8 {
			t.Errorf("%q stands in the foot", piece.text)
		}
	}
}

func TestWhatTheTypefaceLacksIsABox(t *testing.T) {
	for _, c := range []struct {
		boxed bool
		names map[string]string
	}{
		{true, map[string]string{
			"中文有限公司":           "□□□□□□",
			"Acme 👩\u200d💻 Co": "Acme □□ Co",
		}},
		{false, map[string]string{
			"ＡＣＭＥ ﬁne №":               "ACME ﬁne №",
			"Ha\u0300\u200bnoi Nguyễn": "Hànoi Nguyễn",
			"Ελλάς Київ İstanbul":      "Ελλάς Київ İstanbul",
			"שלום עולם":                "םלוע םולש",
			"Acme (שלום 12) Ltd":       "Acme (12 םולש) Ltd",
			"a\u202eb\u2066c":          "abc",
		}},
	} {
		var lines []billing.Line
		for name := range c.names {
			l := seatsLine(t)
			l.Description = name
			lines = append(lines, l)
		}
		inv := invoice(t, "EUR", 0, lines...)
		inv.Customer.Name = lines[0].Description
		_, all := render(t, inv, nil)
		for name, want := range c.names {
			says(t, all[0], want)
			if boxed := strings.Contains(want, "□"); boxed != c.boxed {
				t.Errorf("%q stands in the wrong list", name)
			}
		}
		if n := strings.Count(all[0].text(), c.names[lines[0].Description]); n != 2 {
			t.Errorf("%q is drawn %d times, want as a customer and in a line", lines[0].Description, n)
		}
		note := "A □ stands for a character"
		if strings.Contains(all[0].text(), note) != c.boxed {
			t.Errorf("%v: the note on boxes: want %t", c.names, c.boxed)
		}
	}
}

// Each payload stands in a line and, with the others in turn, in every place of the
// parties. Several share a file, and at full size each has one of its own besides.
func TestNothingTypedIsPartOfTheFile(t *testing.T) {
	payloads := hostiletest.Payloads()
	for together := range slices.Chunk(payloads, faulttest.Size(8, 1)) {
		hostile(t, together)
	}
}

// hostile makes a document of the payloads and reads it.
func hostile(t *testing.T, payloads []string) {
	t.Helper()
	var lines []billing.Line
	for _, payload := range payloads {
		line := seatsLine(t)
		line.Description = payload
		lines = append(lines, line)
	}
	next := 0
	turn := func() string { next++; return payloads[next%len(payloads)] }
	inv := invoice(t, "EUR", 0, lines...)
	inv.Customer = billing.Party{Name: turn(), AddressLines: []string{turn(), turn()}, TaxID: turn(), Country: turn()}
	inv.Vendor = billing.Party{Name: turn(), AddressLines: []string{turn()}, TaxID: turn(), LegalLines: []string{turn()}}
	file, all := render(t, inv, nil)
	var drawn []string
	for _, p := range all {
		inside(t, p)
		drawn = append(drawn, p.text())
	}
	says(t, all[0], "Invoice 12", "€160.00")
	for _, active := range []string{"/JavaScript", "/Action", "/URI", "/Launch", "/AA", "/EF ", "/Annots"} {
		if bytes.Contains(file, []byte(active)) {
			t.Errorf("%q: the file holds %s", payloads, active)
		}
	}
	text := strings.Join(drawn, "\n")
	for _, payload := range payloads {
		if first := strings.Fields(words.Clean(payload)); len(first) > 0 && len(first[0]) < 30 && first[0] == strings.Map(ascii, first[0]) {
			if !strings.Contains(text, first[0]) {
				t.Errorf("%q is not shown as it was typed", payload)
			}
		}
	}
}

func ascii(r rune) rune {
	if r > '~' {
		return -1
	}
	return r
}

func TestPartiesHaveALimit(t *testing.T) {
	inv := invoice(t, "EUR", 0, seatsLine(t))
	eight := []string{"1", "2", "3", "4", "5", "6", "7", "8"}
	inv.Customer.AddressLines, inv.Vendor.LegalLines = eight, eight
	_, all := render(t, inv, nil)
	inside(t, all[0])
	inv.Customer.AddressLines = append(eight, "9")
	if _, err := document.PDF(inv, nil); err == nil {
		t.Error("nine lines of address")
	}
	inv.Customer.AddressLines, inv.Vendor.LegalLines = nil, append(eight, "9")
	if _, err := document.PDF(inv, nil); err == nil {
		t.Error("nine legal lines")
	}
	inv.Vendor.LegalLines, inv.Format = nil, billing.FormatCurrent+1
	if _, err := document.PDF(inv, nil); err == nil {
		t.Error("a format of the future")
	}
}

func FuzzPDF(f *testing.F) {
	// The other payloads are drawn in TestNothingTypedIsPartOfTheFile.
	for together := range slices.Chunk(hostiletest.Payloads(), faulttest.Size(12, 1)) {
		f.Add(together[0], int64(100), int64(3))
	}
	f.Fuzz(func(t *testing.T, text string, minor, count int64) {
		line := seatsLine(t)
		line.Description, line.UnitMinor, line.AmountMinor, line.Seats, line.TaxPPM = text, minor, max(minor, 0), count, 0
		line.QuantityNum, line.QuantityDen = count, max(0, count%400)
		inv := invoice(t, "EUR", 0, line)
		inv.Customer.Name, inv.Vendor.Name, inv.Customer.AddressLines = text, text, []string{text}
		file, all := render(t, inv, []byte(text))
		if len(file) == 0 || len(all) != 1 {
			t.Fatalf("%d pages", len(all))
		}
	})
}
