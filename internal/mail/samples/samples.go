// Package samples holds one realistic mail of every kind and variant, for golden
// files and for people who want to look at the mails.
package samples

import (
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/money"
)

// Sample is a mail with the name of its golden files.
type Sample struct {
	Name string
	Mail mail.Mail
}

// All returns the samples, in the order of mail.Kinds. They tell one story: a
// company in Berlin grows from five seats to eight and then lets four go.
func All() ([]Sample, error) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return nil, err
	}
	return slices.Concat(people(zone), receipts(zone), seats(zone), reminders(zone), requests(zone), joining(zone), plans(zone)), nil
}

func frame(zone *time.Location, recipient string) mail.Frame {
	return mail.Frame{
		Vendor: mail.Vendor{
			Name:         "Northwind Software",
			SupportEmail: "support@northwind.example",
			AddressLines: []string{"Northwind Software GmbH", "Hafenstraße 12", "20457 Hamburg", "Germany"},
		},
		AccountName:   "Brandt & Töchter GmbH",
		RecipientName: recipient,
		Zone:          zone,
	}
}

const (
	product = "Northwind Valuation"
	owner   = "Greta Brandt"
	admin   = "José Álvarez"
	console = "https://seats.northwind.example/"
)

func euros(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

func utc(month time.Month, day, hour, minute int) time.Time {
	return time.Date(2026, month, day, hour, minute, 0, 0, time.UTC)
}

func people(zone *time.Location) []Sample {
	invitation := mail.Invitation{
		Frame:          frame(zone, "Amélie"),
		InviterName:    owner,
		ProductName:    product,
		ProductSummary: "Northwind Valuation prices companies and portfolios from their own figures.",
		ExpiresAt:      utc(time.November, 29, 9, 0),
		Link:           console + "accept#acc_06dn3b5q2c8v4w1x9y7z0m5k3t.usr_06dn3b5r7p1q2s3t4v5w6x7y8z.1.Q2FuIHlvdSBrZWVwIGEgc2VjcmV0Pw",
	}
	again := invitation
	again.Frame = frame(zone, "")
	again.ProductName, again.ProductSummary, again.Role, again.Resent = "", "", "billing_admin", true
	newOwner := mail.OwnershipTransferred{
		Frame:         frame(zone, admin),
		ToNewOwner:    true,
		OldOwnerName:  owner,
		NewOwnerName:  admin,
		TransferredAt: utc(time.December, 2, 15, 12),
		SignInLink:    console,
	}
	oldOwner := newOwner
	oldOwner.Frame, oldOwner.ToNewOwner = frame(zone, owner), false
	taken := mail.LicenseTaken{
		Frame:       frame(zone, "Jörg Weiß"),
		TakerName:   admin,
		ProductName: product,
		TakenAt:     utc(time.November, 22, 10, 30),
		Reason:      mail.TakenRevoked,
	}
	trimmed := taken
	trimmed.TakerName, trimmed.Reason, trimmed.TakenAt = "", mail.TakenDecrease, utc(time.November, 30, 23, 4)
	return []Sample{
		{"invitation", invitation},
		{"invitation_resent", again},
		{"invitation_expired", mail.InvitationExpired{
			Frame:        frame(zone, owner),
			InviteeName:  "Amélie Dubois",
			InviteeEmail: "amelie.dubois@brandt.example",
			ProductName:  product,
			ExpiredAt:    utc(time.November, 29, 9, 0),
			SeatFreed:    true,
			PeopleLink:   console + "people",
		}},
		{"invitation_expired_owner", mail.InvitationExpired{
			Frame:        frame(zone, owner),
			InviterName:  admin,
			InviteeName:  "Amélie Dubois",
			InviteeEmail: "amelie.dubois@brandt.example",
			ProductName:  product,
			ExpiredAt:    utc(time.November, 29, 9, 0),
			SeatFreed:    true,
			PeopleLink:   console + "people",
		}},
		{"license_given", mail.LicenseGiven{
			Frame:        frame(zone, "Jörg Weiß"),
			GiverName:    admin,
			ProductName:  product,
			Entitlements: []string{"Value companies", "Download reports", "Share a valuation with your clients"},
			SignInLink:   "https://app.northwind.example/",
		}},
		{"license_taken", taken},
		{"license_taken_decrease", trimmed},
		{"ownership_transferred_new", newOwner},
		{"ownership_transferred_old", oldOwner},
	}
}

func receipts(zone *time.Location) []Sample {
	receipt := mail.SeatChangeReceipt{
		Frame:       frame(zone, owner),
		ByName:      owner,
		ProductName: product,
		SeatsFrom:   5,
		SeatsTo:     8,
		ChangedAt:   utc(time.November, 22, 9, 0),
		Interval:    "month",
		PriceBefore: euros(10000),
		PriceAfter:  euros(16000),
		Proration:   mail.ProrationDay,
		Left:        9,
		Whole:       30,
		Settle:      mail.SettleNow,
		Bill: mail.Bill{
			Net:       euros(1800),
			Taxes:     []mail.TaxLine{{Label: "VAT 19%", Amount: euros(342)}},
			Total:     euros(2142),
			AmountDue: euros(2142),
		},
		InvoiceNumber:    "2",
		InvoiceLink:      console + "invoices/2",
		NextInvoiceAt:    utc(time.November, 30, 23, 0),
		NextInvoiceTotal: euros(19040),
	}
	later := receipt
	later.Settle, later.InvoiceNumber, later.InvoiceLink = mail.SettleNextInvoice, "", ""
	later.ChangedAt, later.Left, later.Whole = utc(time.December, 22, 9, 0), 10, 31
	later.NextInvoiceAt, later.NextInvoiceTotal = utc(time.December, 31, 23, 0), euros(21343)
	later.Bill = mail.Bill{Net: euros(1935)}
	back := receipt
	back.SeatsFrom, back.SeatsTo, back.PriceBefore, back.PriceAfter = 8, 5, receipt.PriceAfter, receipt.PriceBefore
	back.Bill, back.InvoiceNumber, back.InvoiceLink = mail.Bill{Net: euros(1800)}, "5", console+"invoices/5"
	back.NextInvoiceTotal = euros(11900)
	trial := later
	trial.TrialUntil, trial.Bill.Net = utc(time.December, 31, 23, 0), euros(0)
	trial.NextInvoiceAt, trial.NextInvoiceTotal = time.Time{}, money.Amount{}
	return []Sample{
		{"seat_change_receipt", receipt},
		{"seat_change_receipt_later", later},
		{"seat_change_receipt_back", back},
		{"seat_change_receipt_trial", trial},
	}
}

func seats(zone *time.Location) []Sample {
	return []Sample{
		{"decrease_scheduled", mail.DecreaseScheduled{
			Frame:        frame(zone, owner),
			ByName:       owner,
			ProductName:  product,
			SeatsFrom:    8,
			SeatsTo:      4,
			EffectiveAt:  utc(time.November, 30, 23, 0),
			OverAssigned: mail.ReleaseNewest,
			SeatsLink:    console + "seats",
		}},
		{"invoice", mail.Invoice{
			Frame:       frame(zone, ""),
			Number:      "3",
			IssuedAt:    utc(time.November, 30, 23, 4),
			PeriodStart: utc(time.November, 30, 23, 0),
			PeriodEnd:   utc(time.December, 31, 23, 0),
			Lines: []mail.InvoiceLine{
				{Text: "Northwind Valuation Pro, 4 seats at €20.00", Amount: euros(8000)},
				{Text: "Northwind Meetings Essential, 12 seats at €8.50, base fee included", Amount: euros(11200)},
			},
			Bill: mail.Bill{
				Net:        euros(19200),
				Taxes:      []mail.TaxLine{{Label: "VAT 19%", Amount: euros(3648)}},
				Total:      euros(22848),
				CreditUsed: euros(1500),
				AmountDue:  euros(21348),
			},
			Link:        console + "invoices/3",
			PDFAttached: true,
		}},
		{"credit_note", mail.CreditNote{
			Frame: frame(zone, ""), Number: "4", IssuedAt: utc(time.December, 3, 10, 0), Corrects: "3",
			Lines:       []mail.InvoiceLine{{Text: "Northwind Valuation Pro, 4 seats at €20.00", Amount: euros(8000)}},
			Bill:        mail.Bill{Net: euros(8000), Taxes: []mail.TaxLine{{Label: "VAT 19%", Amount: euros(1520)}}, Total: euros(9520), CreditUsed: euros(0), AmountDue: euros(9520)},
			Link:        console + "invoices/4",
			PDFAttached: true,
		}},
		{"credit_note_of_seats", mail.CreditNote{
			Frame: frame(zone, "Olga"), Number: "5", IssuedAt: utc(time.December, 3, 10, 0),
			Lines: []mail.InvoiceLine{{Text: "Northwind Valuation Pro: 4 to 2 seats, 28 of 31 days", Amount: euros(3613)}},
			Bill:  mail.Bill{Net: euros(3613), Total: euros(3613), CreditUsed: euros(0), AmountDue: euros(3613)},
			Link:  console + "invoices/5",
		}},
	}
}
