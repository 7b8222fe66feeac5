package billing

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/money"
)

// FormatCurrent is the format that new invoices are written in. A format's renderer
// never changes: another layout gets another number beside it.
const FormatCurrent = 1

// What a document is.
const (
	// KindInvoice asks for money.
	KindInvoice = "invoice"
	// KindCreditNote takes back what an invoice asked for; its amounts are positive too.
	KindCreditNote = "credit_note"
)

const (
	// MaxLines is the most lines of one invoice: at some 350 bytes a line it keeps the
	// canonical document within one DynamoDB item of 400 KB.
	MaxLines = 1000
	// MaxTaxPPM is 100 %; above it stands a mistake of units.
	MaxTaxPPM = ppm
	// ppm is one whole in millionths, the unit of tax rates: 19 % is 190000.
	ppm = 1_000_000
)

var (
	// ErrNegativeTotal reports an invoice whose lines and tax come to less than zero.
	ErrNegativeTotal = errors.New("billing: the total of an invoice must not be negative")
	// ErrTaxRate reports a rate below 0 or above MaxTaxPPM.
	ErrTaxRate = fmt.Errorf("billing: a tax rate must be from 0 to %d millionths", MaxTaxPPM)
	// ErrTooManyLines reports more than MaxLines lines.
	ErrTooManyLines = fmt.Errorf("billing: an invoice has at most %d lines", MaxLines)
	// ErrNegativeCredit reports an account credit below zero.
	ErrNegativeCredit = errors.New("billing: the available credit must not be negative")
	// ErrCreditNote reports credit applied to a credit note, which gives credit itself,
	// or a credit note for what is no invoice.
	ErrCreditNote = errors.New("billing: a credit note takes back an invoice and uses no credit")
	// ErrCorrected reports an invoice whose sums are not those of its lines, so that no
	// credit note can take back just what it asked for.
	ErrCorrected = errors.New("billing: the invoice's sums are not those of its lines")
)

// LineKind is what a line charges for.
type LineKind string

const (
	// LineSeats is the next period in advance, or the rest of the first one.
	LineSeats LineKind = "seats"
	// LineSeatChange is what a change of seats owes for the rest of its period.
	LineSeatChange LineKind = "seat_change"
	// LinePlanChange is one side of an upgrade: the old plan's rest, negative, or the
	// new plan's.
	LinePlanChange LineKind = "plan_change"
	// LineUsage is a period in arrears, by the users that were active in it.
	LineUsage LineKind = "usage"
	// LineCredit gives money back.
	LineCredit LineKind = "credit"
)

// Line is one charge. It holds all that its amount was computed from, and the ids of
// the ledger events that it rests on; no names of people, no email addresses.
type Line struct {
	Kind           LineKind
	SubscriptionID string
	ProductID      string
	PlanID         string
	PlanVersion    int
	Description    string
	// Seats are the seats that the line pays for; FromSeats, on a change, what they
	// were before.
	Seats     int64
	FromSeats int64
	// UnitMinor is the price of a seat where there is one for all of them.
	UnitMinor int64
	// QuantityNum ÷ QuantityDen is the number of active users that a LineUsage pays for.
	QuantityNum, QuantityDen int64
	// People is how many users are listed as billed, and PeopleSHA256 the SHA-256 of
	// that list in lower-case hex.
	People       int64
	PeopleSHA256 string
	// FactorNum ÷ FactorDen is the part of the period that is charged.
	FactorNum, FactorDen   int64
	PeriodStart, PeriodEnd time.Time
	// AmountMinor is the net amount, negative where the line gives money back.
	AmountMinor int64
	// TaxPPM is the tax rate in millionths.
	TaxPPM   int64
	EventIDs []string
}

// TaxLine is the tax on all lines of one rate.
type TaxLine struct {
	// RatePPM is the rate in millionths.
	RatePPM  int64
	NetMinor int64
	TaxMinor int64
}

// Party is a company as it stood on the day of issue.
type Party struct {
	// Name is the company's legal name.
	Name         string
	AddressLines []string
	TaxID        string
	// Country is an ISO 3166-1 alpha-2 code.
	Country string
	// LegalLines stand at the foot, such as the register and the bank account.
	LegalLines []string
}

// Invoice is an issued document. All amounts are minor units of Currency.
type Invoice struct {
	// Format is the number of its canonical form, FormatCurrent for a new one.
	Format int
	// Kind is KindInvoice or KindCreditNote.
	Kind string
	// Number is its place in the account's gapless series, which credit notes share.
	Number    int64
	AccountID string
	Currency  string
	// Zone is the account's IANA time zone on the day of issue.
	Zone             string
	IssuedAt         time.Time
	Customer, Vendor Party
	// ReverseCharge moves the tax to the customer, so there is none here.
	ReverseCharge bool
	Lines         []Line
	// The fields from here to AmountDueMinor are computed by Total.
	TaxLines           []TaxLine
	NetMinor           int64
	TaxMinor           int64
	TotalMinor         int64
	CreditAppliedMinor int64
	AmountDueMinor     int64
	// Corrects is the number of the invoice that a credit note corrects, or 0.
	Corrects int64
}

// Total computes the tax lines and sums from Lines, and takes from the account's
// credit (availableCreditMinor) as much as the total can use. Credit lowers the
// amount due, never the lines or the tax; what is left of it is the account's.
//
// There is one tax line per rate, in ascending order: round(rate × net at that rate),
// half away from zero. Under reverse charge every line's rate becomes 0. Format
// becomes FormatCurrent if it is 0. TaxLines reuses the slice that is there, and a
// second call gives the same.
//
// A credit note's lines and sums are positive too: its total is what the account gets
// back, tax included, and its amount due says the same. It can use no credit.
//
// Errors: ErrNegativeTotal, ErrTaxRate, ErrTooManyLines, ErrNegativeCredit,
// ErrCreditNote, money.ErrOverflow. The invoice is not usable after one.
func (inv *Invoice) Total(availableCreditMinor int64) error {
	if availableCreditMinor < 0 {
		return ErrNegativeCredit
	}
	if availableCreditMinor > 0 && inv.Kind == KindCreditNote {
		return ErrCreditNote
	}
	if len(inv.Lines) > MaxLines {
		return ErrTooManyLines
	}
	if inv.Format == 0 {
		inv.Format = FormatCurrent
	}
	if err := inv.sumByRate(); err != nil {
		return err
	}
	var net, tax int64
	for i := range inv.TaxLines {
		t := &inv.TaxLines[i]
		var err error
		if t.TaxMinor, err = money.MulDiv(t.NetMinor, t.RatePPM, ppm); err != nil {
			return err
		}
		if net, err = money.AddInt(net, t.NetMinor); err != nil {
			return err
		}
		if tax, err = money.AddInt(tax, t.TaxMinor); err != nil {
			return err
		}
	}
	total, err := money.AddInt(net, tax)
	if err != nil {
		return err
	}
	if total < 0 {
		return ErrNegativeTotal
	}
	inv.NetMinor, inv.TaxMinor, inv.TotalMinor = net, tax, total
	inv.CreditAppliedMinor = min(availableCreditMinor, total)
	inv.AmountDueMinor = total - inv.CreditAppliedMinor
	return nil
}

// Void returns the credit note that takes the invoice back whole: its lines, parties
// and taxes as they stand there, under a number of its own. What the account gets
// back of its total depends on what had been paid, which the document does not know.
//
// ErrCreditNote if inv is not an invoice, ErrCorrected if its sums are not those of
// its lines, and the errors of Total.
func (inv *Invoice) Void(number int64, issuedAt time.Time) (Invoice, error) {
	if inv.Kind != KindInvoice {
		return Invoice{}, ErrCreditNote
	}
	note := *inv
	note.Kind, note.Number, note.Corrects, note.IssuedAt = KindCreditNote, number, inv.Number, issuedAt
	note.Lines, note.TaxLines = slices.Clone(inv.Lines), nil
	if err := note.Total(0); err != nil {
		return Invoice{}, err
	}
	if note.NetMinor != inv.NetMinor || note.TaxMinor != inv.TaxMinor || note.TotalMinor != inv.TotalMinor {
		return Invoice{}, ErrCorrected
	}
	return note, nil
}

// sumByRate fills TaxLines with the net of each rate, in ascending order.
func (inv *Invoice) sumByRate() error {
	inv.TaxLines = inv.TaxLines[:0]
	for i := range inv.Lines {
		line := &inv.Lines[i]
		if inv.ReverseCharge {
			line.TaxPPM = 0
		}
		if line.TaxPPM < 0 || line.TaxPPM > MaxTaxPPM {
			return ErrTaxRate
		}
		t := inv.taxLine(line.TaxPPM)
		net, err := money.AddInt(t.NetMinor, line.AmountMinor)
		if err != nil {
			return err
		}
		t.NetMinor = net
	}
	return nil
}

// taxLine returns the tax line of a rate, put in its place if it was not there.
func (inv *Invoice) taxLine(rate int64) *TaxLine {
	at := 0
	for at < len(inv.TaxLines) && inv.TaxLines[at].RatePPM < rate {
		at++
	}
	if at == len(inv.TaxLines) || inv.TaxLines[at].RatePPM != rate {
		inv.TaxLines = append(inv.TaxLines, TaxLine{})
		copy(inv.TaxLines[at+1:], inv.TaxLines[at:])
		inv.TaxLines[at] = TaxLine{RatePPM: rate}
	}
	return &inv.TaxLines[at]
}
