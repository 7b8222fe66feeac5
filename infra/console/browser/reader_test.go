package browser_test

import "testing"

// Amounts and dates are written as the reader's language writes them, whatever the account's currency and zone are.
func TestAmountsAndDatesAreTheReaders(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "valuation-monthly", 2)
	for _, c := range []struct{ language, amount, date string }{
		{"en-GB", "€85.68", "1 Nov 2026"}, // 2 × €36.00 and 19 %
		{"en-US", "€85.68", "Nov 1, 2026"},
		{"de-DE", "85,68 €", "01.11.2026"},
		{"ja-JP", "€85.68", "2026/11/01"},
	} {
		page := rig.Page(t)
		page.Locale(c.language)
		page.SignIn(a.Owner)
		page.Open(a.Path("/invoices"))
		row := page.In("row", "Invoice 1")
		row.See(c.amount)
		row.See(c.date)
	}
}
