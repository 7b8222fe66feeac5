package mail_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/money"
)

func TestAMailThatIsNotWholeIsRefused(t *testing.T) {
	invitation := sampleOf[mail.Invitation](t, "invitation")
	expired := sampleOf[mail.InvitationExpired](t, "invitation_expired")
	taken := sampleOf[mail.LicenseTaken](t, "license_taken")
	receipt := sampleOf[mail.SeatChangeReceipt](t, "seat_change_receipt")
	back := sampleOf[mail.SeatChangeReceipt](t, "seat_change_receipt_back")
	changed := sampleOf[mail.PlanChanged](t, "plan_changed")
	joined := sampleOf[mail.JoinedWithoutLicense](t, "joined_without_license")
	decrease := sampleOf[mail.DecreaseScheduled](t, "decrease_scheduled")
	invoice := sampleOf[mail.Invoice](t, "invoice")
	cases := []struct {
		name string
		mail func() mail.Mail
		want string
	}{
		{"no mail", func() mail.Mail { return nil }, "nothing to render"},
		{"a pointer to nothing", func() mail.Mail { return (*mail.Invoice)(nil) }, "nothing to render"},
		{"no vendor", func() mail.Mail { m := invitation; m.Vendor.Name = "\u200b"; return m }, "Vendor.Name is missing"},
		{"no support address", func() mail.Mail { m := invitation; m.Vendor.SupportEmail = "desk"; return m }, "Vendor.SupportEmail"},
		{"no expiry", func() mail.Mail { m := invitation; m.ExpiresAt = time.Time{}; return m }, "ExpiresAt is missing"},
		{"no link", func() mail.Mail { m := invitation; m.Link = ""; return m }, "Link is missing"},
		{"a role without words", func() mail.Mail { m := invitation; m.Role = "owner"; return m }, "Role"},
		{"nobody invited", func() mail.Mail { m := expired; m.InviteeEmail = ""; return m }, "InviteeEmail is missing"},
		{"no product", func() mail.Mail { m := taken; m.ProductName = ""; return m }, "ProductName is missing"},
		{"a reason without words", func() mail.Mail { m := taken; m.Reason = "boredom"; return m }, "Reason"},
		{"as many seats on a receipt", func() mail.Mail { m := receipt; m.SeatsTo = 5; return m }, "SeatsTo is 5"},
		{"fewer than no seats", func() mail.Mail { m := receipt; m.SeatsTo = -1; return m }, "SeatsTo is -1"},
		{"seats given back for another credit", func() mail.Mail { m := back; m.Bill.Net.Minor++; return m }, "its computation gives 1800"},
		{"a charge within a trial", func() mail.Mail { m := receipt; m.TrialUntil = m.ChangedAt; return m }, "its computation gives 0"},
		{"a plan without a name", func() mail.Mail { m := changed; m.After.PlanName = ""; return m }, "After.PlanName is missing"},
		{"an amount due without an invoice", func() mail.Mail { m := changed; m.InvoiceNumber = ""; return m }, "DueNow is given without"},
		{"terms without a price", func() mail.Mail { m := changed; m.Before.Price = money.Amount{}; return m }, "Before.Price has no currency"},
		{"terms below nothing", func() mail.Mail { m := changed; m.Before.Price.Minor = -1; return m }, "Before.Price is negative"},
		{"seats of active users", func() mail.Mail { m := changed; m.After.ByUse = true; return m }, "After.Seats is 10"},
		{"an interval of terms without words", func() mail.Mail { m := changed; m.Before.Interval = "week"; return m }, "Before.Interval"},
		{"fewer than no free seats", func() mail.Mail { m := joined; m.SeatsFree = -1; return m }, "SeatsFree is -1"},
		{"an interval without words", func() mail.Mail { m := receipt; m.Interval = "week"; return m }, "Interval"},
		{"a proration without words", func() mail.Mail { m := receipt; m.Proration = "hour"; return m }, "Proration"},
		{"a settlement without words", func() mail.Mail { m := receipt; m.Settle = "later"; return m }, "Settle"},
		{"a part above the whole", func() mail.Mail { m := receipt; m.Left = 31; return m }, "Left is 31"},
		{"a computation that gives another amount", func() mail.Mail { m := receipt; m.Left = 10; return m }, "its computation gives 2000"},
		{"an amount though nothing is prorated", func() mail.Mail { m := receipt; m.Proration = mail.ProrationNone; return m }, "its computation gives 0"},
		{"prices of two currencies", func() mail.Mail { m := receipt; m.PriceAfter.Currency = "USD"; return m }, "one currency"},
		{"a bill that does not add up", func() mail.Mail { m := receipt; m.Bill.Total.Minor++; return m }, "Bill.Total is 2143"},
		{"a decrease to more seats", func() mail.Mail { m := decrease; m.SeatsTo = 8; return m }, "SeatsTo is 8"},
		{"a policy without words", func() mail.Mail { m := decrease; m.OverAssigned = "panic"; return m }, "OverAssigned"},
		{"lines that do not add up", func() mail.Mail { m := invoice; m.Lines = m.Lines[:1]; return m }, "Bill.Net is 19200"},
		{"a line of another currency", func() mail.Mail {
			m := invoice
			m.Lines = append([]mail.InvoiceLine{{Text: "x", Amount: money.Amount{Minor: 1, Currency: "USD"}}}, m.Lines...)
			return m
		}, "cannot be added"},
		{"more credit than the total", func() mail.Mail {
			m := invoice
			m.Bill.CreditUsed.Minor, m.Bill.AmountDue.Minor = 22849, -1
			return m
		}, "may be negative"},
		{"a period that ends before it begins", func() mail.Mail { m := invoice; m.PeriodEnd = m.PeriodStart; return m }, "PeriodStart"},
		{"several faults are told at once", func() mail.Mail { return mail.Invoice{} }, "Number is missing\nIssuedAt is missing\nLink is missing"},
	}
	renderer := mail.NewRenderer()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := renderer.Render(c.mail())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestLinksAreSafeAndStayAsTheyAre(t *testing.T) {
	renderer := mail.NewRenderer()
	m := sampleOf[mail.Invitation](t, "invitation")
	good := []string{
		"https://seats.northwind.example/accept#acc_1.usr_2.1.abc-_",
		"https://seats.northwind.example:8443/a/b?x=1&y=%2F~#z",
		"http://127.0.0.1:8080/accept#a", "http://localhost:8080/", "http://seats.localhost/",
		"https://x.example/" + strings.Repeat("a", 2000-len("https://x.example/")),
	}
	for _, link := range good {
		m.Link = mail.Link(link)
		message, err := renderer.Render(m)
		if err != nil {
			t.Errorf("%s: %v", link, err)
			continue
		}
		if !strings.Contains(message.Text, "\n"+link+"\n") {
			t.Errorf("%s: the text does not hold it on a line of its own", link)
		}
		found := 0
		for _, node := range nodes(t, message.HTML) {
			if strings.Contains(node, ` href="`+link+`"`) || node == "text in a: "+link {
				found++
			}
		}
		if found != 3 {
			t.Errorf("%s: found %d times in the HTML, want as two targets and one text", link, found)
		}
	}
	bad := []string{
		"javascript:alert(1)", "data:text/html,x", "//evil.example", "/accept", "accept", "http://seats.northwind.example/", "ftp://x.example/",
		"https://user:pass@x.example/", "https:///accept", "https://x.example/ a", "https://x.example/\r\nBcc: x", "https://x.example/\"onclick=",
		"https://x.example/<b>", "https://x.example/'", "https://x.example/%zz", "https://x.example/\u202e", "https://x.example/" + strings.Repeat("a", 2000),
		"http://localhost.evil.example/", "http://127.0.0.1.evil.example/",
	}
	for _, link := range bad {
		m.Link = mail.Link(link)
		if _, err := renderer.Render(m); err == nil || !strings.Contains(err.Error(), "Link") {
			t.Errorf("%q: error %v, want a refusal", link, err)
		}
	}
}

func TestASubjectEndsAfter200Characters(t *testing.T) {
	renderer := mail.NewRenderer()
	m := sampleOf[mail.Invitation](t, "invitation")
	fixed := utf8.RuneCountInString(" invites you to ")
	for _, c := range []struct {
		length int
		cut    bool
	}{{mail.MaxSubjectRunes - fixed - 100, false}, {mail.MaxSubjectRunes - fixed - 99, true}} {
		m.InviterName, m.ProductName = strings.Repeat("é", c.length), strings.Repeat("x", 100)
		message, err := renderer.Render(m)
		if err != nil {
			t.Fatal(err)
		}
		if n := utf8.RuneCountInString(message.Subject); n != mail.MaxSubjectRunes || strings.HasSuffix(message.Subject, "…") != c.cut {
			t.Errorf("subject of %d characters, cut %v, want %d and %v", n, !c.cut, mail.MaxSubjectRunes, c.cut)
		}
	}
}

func TestTheReceiptComputesInWords(t *testing.T) {
	euros := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }
	cases := []struct {
		name  string
		spoil func(*mail.SeatChangeReceipt)
		net   int64
		want  string
	}{
		{"by day", func(*mail.SeatChangeReceipt) {}, 1800, "8 seats instead of 5 cost €160.00 a month instead of €100.00: €60.00 more. 9 of the 30 days of this period are left, the day of the change included: €60.00 × 9 ÷ 30 = €18.00."},
		{"rounded", func(m *mail.SeatChangeReceipt) { m.Left, m.Whole = 10, 31 }, 1935, "€60.00 × 10 ÷ 31 = €19.35, rounded."},
		{"by second", func(m *mail.SeatChangeReceipt) {
			m.Proration, m.Left, m.Whole = mail.ProrationSecond, 777600, 2592000
		}, 1800, "777,600 of the 2,592,000 seconds of this period are left: €60.00 × 777,600 ÷ 2,592,000 = €18.00."},
		{"of a whole period", func(m *mail.SeatChangeReceipt) { m.Left = 30 }, 6000, "The whole period is still ahead, so the whole difference is charged."},
		{"not at all", func(m *mail.SeatChangeReceipt) { m.Proration, m.Left, m.Whole = mail.ProrationNone, 0, 0 }, 0, "cost nothing until the next one begins."},
		{"of a year", func(m *mail.SeatChangeReceipt) { m.Interval, m.Left, m.Whole = "year", 73, 365 }, 1200, "€160.00 a year instead of €100.00"},
		{"given back", func(m *mail.SeatChangeReceipt) {
			m.SeatsFrom, m.SeatsTo, m.PriceBefore, m.PriceAfter = 8, 1, m.PriceAfter, m.PriceBefore
		}, 1800, "1 seat instead of 8 costs €100.00 a month instead of €160.00: €60.00 less. 9 of the 30 days of this period are left, the day of the change included: €60.00 × 9 ÷ 30 = €18.00."},
		{"given back where nothing is", func(m *mail.SeatChangeReceipt) {
			m.SeatsFrom, m.SeatsTo, m.PriceBefore, m.PriceAfter = 8, 5, m.PriceAfter, m.PriceBefore
			m.Proration, m.Left, m.Whole = mail.ProrationNone, 0, 0
		}, 0, "are paid for until it ends, so nothing is credited."},
		{"given back for a price that does not fall", func(m *mail.SeatChangeReceipt) { m.SeatsFrom, m.SeatsTo = 8, 5 }, 0, "The price of a month does not fall with the seats given back, so nothing is credited."},
		{"given back at a period's beginning", func(m *mail.SeatChangeReceipt) {
			m.SeatsFrom, m.SeatsTo, m.PriceBefore, m.PriceAfter, m.Left = 8, 5, m.PriceAfter, m.PriceBefore, 30
		}, 6000, "so the whole difference is credited."},
		{"in a trial", func(m *mail.SeatChangeReceipt) { m.TrialUntil = m.ChangedAt.AddDate(0, 0, 1) }, 0, "Nothing is charged before the trial ends on 23 November 2026."},
		{"of a price that does not rise", func(m *mail.SeatChangeReceipt) { m.PriceAfter = m.PriceBefore }, 0, "does not rise with the seats added, so they cost nothing."},
	}
	renderer := mail.NewRenderer()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := sampleOf[mail.SeatChangeReceipt](t, "seat_change_receipt")
			c.spoil(&m)
			m.Bill = mail.Bill{Net: euros(c.net), Total: euros(c.net), AmountDue: euros(c.net)}
			message, err := renderer.Render(m)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(message.Text, c.want) {
				t.Errorf("no %q in\n%s", c.want, message.Text)
			}
		})
	}
}

func TestEveryVariantHasItsWords(t *testing.T) {
	renderer := mail.NewRenderer()
	render := func(m mail.Mail) string {
		t.Helper()
		message, err := renderer.Render(m)
		if err != nil {
			t.Fatal(err)
		}
		return message.Text
	}
	taken := sampleOf[mail.LicenseTaken](t, "license_taken")
	decrease := sampleOf[mail.DecreaseScheduled](t, "decrease_scheduled")
	given := sampleOf[mail.LicenseGiven](t, "license_given")
	invoice := sampleOf[mail.Invoice](t, "invoice")
	for _, c := range []struct {
		name string
		text func() string
		want string
	}{
		{"taken by somebody", func() string { return render(taken) }, "José Álvarez took back your license"},
		{"taken by nobody in particular", func() string { m := taken; m.TakerName = ""; return render(m) }, "Your license of Northwind Valuation was taken back at"},
		{"deactivated", func() string { m := taken; m.Reason = mail.TakenDeactivated; return render(m) }, "José Álvarez deactivated your user"},
		{"removed", func() string { m := taken; m.Reason, m.TakerName = mail.TakenRemoved, ""; return render(m) }, "You were removed from Brandt & Töchter GmbH"},
		{"ended", func() string { m := taken; m.Reason, m.TakerName = mail.TakenEnded, ""; return render(m) }, "has ended, and your license with it."},
		{"keep assigned", func() string { m := decrease; m.OverAssigned = mail.KeepAssigned; return render(m) }, "everybody keeps their license"},
		{"no policy", func() string { m := decrease; m.OverAssigned = ""; return render(m) }, "changes before.\n\nTo cancel"},
		{"one seat", func() string { m := decrease; m.SeatsTo = 1; return render(m) }, "If more than 1 seat is in use"},
		{"given by nobody in particular", func() string { m := given; m.GiverName = ""; return render(m) }, "You were given a license of Northwind Valuation at"},
		{"a license without capabilities", func() string { m := given; m.Entitlements = nil; return render(m) }, "from now on.\n\nSign in"},
		{"a license with very many", func() string {
			m := given
			m.Entitlements = make([]string, 53)
			for i := range m.Entitlements {
				m.Entitlements[i] = fmt.Sprintf("Do thing %d", i)
			}
			return render(m)
		}, "- Do thing 49\n- and 3 more\n"},
		{"nothing to pay", func() string {
			m := invoice
			m.Bill.CreditUsed, m.Bill.AmountDue.Minor = m.Bill.Total, 0
			return render(m)
		}, "There is nothing to pay."},
		{"no zone is UTC", func() string { m := taken; m.Zone = nil; return render(m) }, "22 November 2026 at 10:30 (UTC)"},
		{"by pointer", func() string { return render(&taken) }, "José Álvarez took back your license"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if text := c.text(); !strings.Contains(text, c.want) {
				t.Errorf("no %q in\n%s", c.want, text)
			}
		})
	}
}

func TestALongInvoiceStaysReadable(t *testing.T) {
	m := sampleOf[mail.Invoice](t, "invoice")
	m.Lines = nil
	for i := range 153 {
		m.Lines = append(m.Lines, mail.InvoiceLine{Text: fmt.Sprintf("Line %d %s", i, strings.Repeat("<&>", 60)), Amount: money.Amount{Minor: 100, Currency: "EUR"}})
	}
	m.Bill = mail.Bill{
		Net: money.Amount{Minor: 15300, Currency: "EUR"}, Total: money.Amount{Minor: 15300, Currency: "EUR"}, AmountDue: money.Amount{Minor: 15300, Currency: "EUR"},
	}
	message, err := mail.NewRenderer().Render(m)
	if err != nil {
		t.Fatal(err)
	}
	if want := "\n103 more lines, see the invoice: €103.00\nNet: €153.00\n"; !strings.Contains(message.Text, want) {
		t.Errorf("no %q in\n%s", want, message.Text)
	}
	const gmailCutsAt = 102 << 10
	if len(message.HTML) > gmailCutsAt {
		t.Errorf("the HTML has %d bytes; Gmail shows %d", len(message.HTML), gmailCutsAt)
	}
}

func TestARendererServesManyAtOnce(t *testing.T) {
	renderer := mail.NewRenderer()
	list := all(t)
	var group sync.WaitGroup
	for i := range 32 {
		group.Go(func() {
			if _, err := renderer.Render(list[i%len(list)].Mail); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}
