package billing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrInvoiceFormat reports bytes that are not the canonical form of an invoice in a
// format that this version knows.
var ErrInvoiceFormat = errors.New("billing: not a canonical invoice")

// MaxCanonicalBytes is the largest canonical invoice: what a DynamoDB item holds.
const MaxCanonicalBytes = 400 * 1024

// ParseInvoice reads a canonical invoice. It is strict: unknown fields and formats,
// and any bytes that Canonical would not write again exactly so, are
// ErrInvoiceFormat. It checks form only; whether the sums are right is for whoever
// recomputes them.
func ParseInvoice(canonical []byte) (Invoice, error) {
	if len(canonical) > MaxCanonicalBytes {
		return Invoice{}, fmt.Errorf("%w: %d bytes, more than %d", ErrInvoiceFormat, len(canonical), MaxCanonicalBytes)
	}
	// Unmarshal refuses whatever stands after the document; the decoder below would not.
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(canonical, &head); err != nil {
		return Invoice{}, fmt.Errorf("%w: %w", ErrInvoiceFormat, err)
	}
	if head.Format != 1 {
		return Invoice{}, fmt.Errorf("%w: format %d is unknown to this version; use one that knows it", ErrInvoiceFormat, head.Format)
	}
	var wire invoiceWire1
	decoder := json.NewDecoder(bytes.NewReader(canonical))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&wire); err != nil {
		return Invoice{}, fmt.Errorf("%w: %w", ErrInvoiceFormat, err)
	}
	inv := wire.invoice()
	if !bytes.Equal(inv.Canonical(), canonical) {
		return Invoice{}, fmt.Errorf("%w: written again, the bytes differ", ErrInvoiceFormat)
	}
	return inv, nil
}

// The wire structs name the fields of format 1 for reading; writing is invoice1's,
// and ParseInvoice holds the two against each other on every document.
type invoiceWire1 struct {
	Format             int         `json:"format"`
	Kind               string      `json:"kind"`
	Number             int64       `json:"number"`
	Corrects           int64       `json:"corrects"`
	AccountID          string      `json:"account_id"`
	Currency           string      `json:"currency"`
	Zone               string      `json:"zone"`
	IssuedAt           time.Time   `json:"issued_at"`
	Customer           partyWire1  `json:"customer"`
	Vendor             partyWire1  `json:"vendor"`
	ReverseCharge      bool        `json:"reverse_charge"`
	Lines              []lineWire1 `json:"lines"`
	TaxLines           []taxWire1  `json:"tax_lines"`
	NetMinor           int64       `json:"net_minor"`
	TaxMinor           int64       `json:"tax_minor"`
	TotalMinor         int64       `json:"total_minor"`
	CreditAppliedMinor int64       `json:"credit_applied_minor"`
	AmountDueMinor     int64       `json:"amount_due_minor"`
}

type partyWire1 struct {
	Name         string   `json:"name"`
	AddressLines []string `json:"address_lines"`
	TaxID        string   `json:"tax_id"`
	Country      string   `json:"country"`
	LegalLines   []string `json:"legal_lines"`
}

type taxWire1 struct {
	RatePPM  int64 `json:"rate_ppm"`
	NetMinor int64 `json:"net_minor"`
	TaxMinor int64 `json:"tax_minor"`
}

type lineWire1 struct {
	Kind           string    `json:"kind"`
	SubscriptionID string    `json:"subscription_id"`
	ProductID      string    `json:"product_id"`
	PlanID         string    `json:"plan_id"`
	PlanVersion    int       `json:"plan_version"`
	Description    string    `json:"description"`
	Seats          int64     `json:"seats"`
	FromSeats      int64     `json:"from_seats"`
	UnitMinor      int64     `json:"unit_minor"`
	QuantityNum    int64     `json:"quantity_num"`
	QuantityDen    int64     `json:"quantity_den"`
	People         int64     `json:"people"`
	PeopleSHA256   string    `json:"people_sha256"`
	FactorNum      int64     `json:"factor_num"`
	FactorDen      int64     `json:"factor_den"`
	PeriodStart    time.Time `json:"period_start"`
	PeriodEnd      time.Time `json:"period_end"`
	AmountMinor    int64     `json:"amount_minor"`
	TaxPPM         int64     `json:"tax_ppm"`
	EventIDs       []string  `json:"event_ids"`
}

func (w *invoiceWire1) invoice() Invoice {
	inv := Invoice{
		Format: w.Format, Kind: w.Kind, Number: w.Number, Corrects: w.Corrects,
		AccountID: w.AccountID, Currency: w.Currency, Zone: w.Zone, IssuedAt: w.IssuedAt.UTC(),
		Customer: Party(w.Customer), Vendor: Party(w.Vendor), ReverseCharge: w.ReverseCharge,
		NetMinor: w.NetMinor, TaxMinor: w.TaxMinor, TotalMinor: w.TotalMinor,
		CreditAppliedMinor: w.CreditAppliedMinor, AmountDueMinor: w.AmountDueMinor,
	}
	for i := range w.Lines {
		inv.Lines = append(inv.Lines, w.Lines[i].line())
	}
	for _, t := range w.TaxLines {
		inv.TaxLines = append(inv.TaxLines, TaxLine(t))
	}
	return inv
}

func (w *lineWire1) line() Line {
	return Line{
		Kind: LineKind(w.Kind), SubscriptionID: w.SubscriptionID, ProductID: w.ProductID,
		PlanID: w.PlanID, PlanVersion: w.PlanVersion, Description: w.Description,
		Seats: w.Seats, FromSeats: w.FromSeats, UnitMinor: w.UnitMinor,
		QuantityNum: w.QuantityNum, QuantityDen: w.QuantityDen, People: w.People, PeopleSHA256: w.PeopleSHA256,
		FactorNum: w.FactorNum, FactorDen: w.FactorDen,
		PeriodStart: w.PeriodStart.UTC(), PeriodEnd: w.PeriodEnd.UTC(),
		AmountMinor: w.AmountMinor, TaxPPM: w.TaxPPM, EventIDs: w.EventIDs,
	}
}
