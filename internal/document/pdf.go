package document

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/words"
)

// maxPartyLines bounds an address and the legal lines, so that a page has place for
// what it is about; accounts and catalogs hold fewer.
const maxPartyLines = 8

var errParty = errors.New("document: a party has more lines than a page has place for")

// PDF renders an issued invoice or credit note. logo is a PNG of the vendor's, or
// nil; one that cannot be read is left out, since an invoice must not wait for a
// picture.
//
// Errors: a zone that this build does not know, a party of more lines than an
// account can have, or an invoice of another format.
func PDF(inv *billing.Invoice, logo []byte) ([]byte, error) {
	if inv.Format != billing.FormatCurrent {
		return nil, fmt.Errorf("document: format %d is unknown", inv.Format)
	}
	for _, party := range []*billing.Party{&inv.Customer, &inv.Vendor} {
		if len(party.AddressLines) > maxPartyLines || len(party.LegalLines) > maxPartyLines {
			return nil, errParty
		}
	}
	zone, err := time.LoadLocation(inv.Zone)
	if err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	p, err := newPen()
	if err != nil {
		return nil, err
	}
	s := &sheet{pen: p, inv: inv, zone: zone, logoFile: logo}
	s.describe()
	s.compose()
	return p.bytes()
}

// sheet lays one document out.
type sheet struct {
	*pen
	inv      *billing.Invoice
	zone     *time.Location
	logoFile []byte
	foot     foot
}

func (s *sheet) title() string {
	if s.inv.Kind == billing.KindCreditNote {
		return "Credit note"
	}
	return "Invoice"
}

func (s *sheet) number() string { return strconv.FormatInt(s.inv.Number, 10) }

func (s *sheet) date(t time.Time) string { return words.Date(t, s.zone) }

func (s *sheet) money(minor int64) string {
	return words.Money(money.Amount{Minor: minor, Currency: money.Currency(s.inv.Currency)})
}

// describe fills the file's own particulars. Its keywords name the document that it
// is a rendering of.
func (s *sheet) describe() {
	s.SetTitle(s.title()+" "+s.number(), true)
	s.SetAuthor(words.Clean(s.inv.Vendor.Name), true)
	s.SetSubject(words.Clean(s.inv.Customer.Name), true)
	s.SetKeywords("sha256:"+billing.Hash(s.inv.Canonical()), true)
	s.SetCreator("Usher", true)
	s.SetProducer("Usher", true)
	s.SetCreationDate(s.inv.IssuedAt.UTC())
	s.SetModificationDate(s.inv.IssuedAt.UTC())
	s.SetLang("en")
}

// period writes the local days of [start, end) as shortly as they can be.
func (s *sheet) period(start, end time.Time) string {
	if start.IsZero() || end.IsZero() {
		return ""
	}
	first, last := start.In(s.zone), end.In(s.zone).Add(-1)
	whole := "2 Jan 2006"
	switch {
	case first.Format(whole) == last.Format(whole):
		return first.Format(whole)
	case first.Year() != last.Year():
		return first.Format(whole) + " – " + last.Format(whole)
	case first.Month() != last.Month():
		return first.Format("2 Jan") + " – " + last.Format(whole)
	}
	return first.Format("2") + " – " + last.Format(whole)
}

// span is the period from the first line's start to the last one's end.
func (s *sheet) span() string {
	var start, end time.Time
	for i := range s.inv.Lines {
		l := &s.inv.Lines[i]
		if l.PeriodStart.IsZero() {
			continue
		}
		if start.IsZero() || l.PeriodStart.Before(start) {
			start = l.PeriodStart
		}
		if l.PeriodEnd.After(end) {
			end = l.PeriodEnd
		}
	}
	return s.period(start, end)
}

// quantity is how much a line pays for.
func quantity(l *billing.Line) string {
	switch {
	case l.QuantityDen != 0:
		return fraction(l.QuantityNum, l.QuantityDen) + " users"
	case l.Kind == billing.LineSeatChange || l.Kind == billing.LineCredit && l.FromSeats != 0:
		return words.Count(l.FromSeats) + " → " + words.Seats(l.Seats)
	case l.Seats == 0:
		return ""
	}
	return words.Seats(l.Seats)
}

// fraction writes num ÷ den exactly: "12", "12 7/30", "7/30".
func fraction(num, den int64) string {
	whole, rest := num/den, num%den
	switch {
	case rest == 0:
		return words.Count(whole)
	case whole == 0:
		return words.Count(rest) + "/" + words.Count(den)
	}
	return words.Count(whole) + " " + words.Count(rest) + "/" + words.Count(den)
}
