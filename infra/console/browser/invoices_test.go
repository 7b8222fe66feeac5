package browser_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/console/browsertest"
)

// both holds a page, with what is open on it, against axe-core in both themes. It leaves the page light.
func both(page *browsertest.Page) {
	page.Dark(true)
	page.AxeColors()
	page.Dark(false)
	page.Axe()
}

type paper struct {
	Hash  string
	Lines []struct{ Description string }
}

// A mail leads to an invoice: it is read, explained line by line, computed anew, and kept as PDF and CSV.
func TestAnInvoiceIsExplainedComparedAndDownloaded(t *testing.T) {
	rig, ids := shared(t), histories()
	var invoice paper
	rig.API(t, nora).Get("/v1/accounts/"+ids[harbour]+"/invoices/1", &invoice)
	page := rig.SignIn(t, nora)
	page.Open("/invoices/1")
	page.At("/accounts/" + ids[harbour] + "/invoices/1")
	page.Has("heading", "Invoice 1")
	page.See("Issued on 28 February 2026")
	page.See("Harbour Managed IT")
	page.See("Galway H91 X2Y3 Ireland Tax id IE9900022T")
	page.See("4 active users are listed as billed")
	page.Click("button", "Why? "+invoice.Lines[0].Description)
	page.See("4 active users by the price of a month come to")
	page.See("The period from 31 January 2026 to 27 February 2026 ended with 4 active users billed for it.")
	page.Click("button", "Recompute and compare")
	page.See("It is right: computed anew, the invoice comes out the same")
	page.See(invoice.Hash)
	both(page)

	name, pdf := page.Download(func() { page.Click("button", "Download PDF") })
	if name != "invoice-1.pdf" || !bytes.HasPrefix(pdf, []byte("%PDF-")) || !bytes.Contains(pdf, []byte("%%EOF")) {
		t.Errorf("the PDF is %s of %d bytes", name, len(pdf))
	}
	name, csv := page.Download(func() { page.Click("button", "People as CSV") })
	if name != "invoice-1.csv" || !strings.Contains(string(csv), "nora@harbour.example") {
		t.Errorf("the CSV is %s:\n%s", name, csv)
	}

	// What does not come out the same is said as loudly. No invoice of a sound account is so, so the answer is another one.
	page.Eval(`{ const real = window.fetch; window.fetch = (at, how) => String(at).endsWith("/verify") ? Promise.resolve(new Response(JSON.stringify({
		number: 1, verified: false, hash: "aa", differences: [{field: "lines[0].amount_minor", issued: "11600", recomputed: "8700"}],
	}))) : real(at, how); 1 }`)
	page.Click("button", "Recompute and compare")
	page.See("It is not what comes out today: ask the vendor about this invoice")
	page.See("lines[0].amount_minor 11600 8700")
	page.Axe()

	page.Open("/invoices/999")
	page.See("There is no invoice 999")
	page.Open("/invoices/x")
	page.See("There is no invoice x")
}

// An account over two years: what comes next, pages of papers, one that is paid and one that is taken back.
func TestInvoicesAreListedWithWhatBecameOfThem(t *testing.T) {
	rig := shared(t)
	account := rig.Account(t, "teams")
	page := rig.SignIn(t, account.Owner)
	page.Open(account.Path("/invoices"))
	page.See("on 28 February 2026 (in 27 days)")
	rig.Move(t, account, time.Date(2028, time.March, 15, 9, 0, 0, 0, time.UTC))
	operator, invoices := rig.Operator(t), "/v1/operator/accounts/"+account.ID+"/invoices"
	operator.Post(invoices+"/25/paid", nil, nil)
	operator.Post(invoices+"/26/void", map[string]string{"reason": "billed twice"}, nil)

	page.Open(account.Path("/invoices"))
	page.Has("link", "Credit note 27")
	page.In("row", "Invoice 26").See("Void")
	page.In("row", "Invoice 25").See("Paid")
	page.In("row", "Invoice 24").See("Open")
	page.Lacks("link", "Invoice 2")
	both(page)
	page.Click("button", "Next")
	page.Has("link", "Invoice 2")
	page.Lacks("link", "Invoice 25")
	page.Click("button", "Previous")
	name, pdf := page.Download(func() { page.Click("button", "Download credit note 27 as PDF") })
	if name != "credit-note-27.pdf" || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Errorf("the PDF is %s of %d bytes", name, len(pdf))
	}
	page.Click("link", "Invoice 26")
	page.See("This invoice was taken back")
	both(page)
	page.Click("link", "Credit note 27")
	page.Has("heading", "Credit note 27")
	page.Has("link", "invoice 26")
	page.Lacks("button", "People as CSV") // seats are billed, nobody is counted
	page.Click("button", "Recompute and compare")
	page.See("It is right: computed anew, the credit note comes out the same")
	page.Click("link", "invoice 26")
	page.Has("heading", "Invoice 26")

	rig.Join(t, account, browsertest.Invitee{Email: "adam@" + account.Domain, First: "Adam", Last: "Roth", Role: "admin"})
	admin := rig.SignIn(t, "adam@"+account.Domain)
	for _, at := range []string{"/invoices", "/invoices/1"} {
		admin.Open(account.Path(at))
		admin.See("You may not see invoices")
	}
	admin.Axe()
}

// Every line of a document of many can be explained at once, and none of it is left to the imagination.
func TestEveryPaperOfTheDemoAccountsIsExplained(t *testing.T) {
	rig, ids := shared(t), histories()
	for _, who := range []struct{ email, account string }{{olga, reel}, {mika, kotoba}, {petra, kestrel}} {
		page := rig.SignIn(t, who.email)
		api := rig.API(t, who.email)
		var list struct {
			Items []struct {
				Number int
				Lines  []struct{ Description string }
			}
		}
		api.Get("/v1/accounts/"+ids[who.account]+"/invoices?limit=100", &list)
		if len(list.Items) == 0 {
			t.Fatalf("%s has no invoices", who.account)
		}
		for _, invoice := range list.Items {
			page.Open(fmt.Sprintf("/accounts/%s/invoices/%d", ids[who.account], invoice.Number))
			for _, line := range invoice.Lines {
				page.See(line.Description)
			}
			if len(invoice.Lines) > 1 {
				page.Click("button", "Explain every line")
			} else {
				page.Click("button", "Why? "+invoice.Lines[0].Description)
			}
			page.See("What led to it")
			for _, bad := range []string{"undefined", "NaN", "[object", "Nothing more is known"} {
				if strings.Contains(page.Text(), bad) {
					t.Errorf("invoice %d of %s shows %q", invoice.Number, who.account, bad)
				}
			}
		}
	}
}
