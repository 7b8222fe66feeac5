package api

import (
	"time"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

// Invoice is an invoice, issued or foreseen; a foreseen one has no number.
type Invoice struct {
	Number        int64         `json:"number,omitempty" doc:"Gapless within the account; absent on a preview"`
	Kind          string        `json:"kind" enum:"invoice,credit_note"`
	IssuedAt      time.Time     `json:"issued_at"`
	Status        string        `json:"status,omitempty" enum:"open,paid,void" doc:"What became of an invoice; credit notes have none"`
	PaidAt        *time.Time    `json:"paid_at,omitempty"`
	VoidedBy      int64         `json:"voided_by,omitempty" doc:"The credit note that took the invoice back"`
	Corrects      int64         `json:"corrects,omitempty" doc:"The invoice that a credit note takes back"`
	Customer      Party         `json:"customer"`
	Vendor        Party         `json:"vendor"`
	ReverseCharge bool          `json:"reverse_charge"`
	Lines         []InvoiceLine `json:"lines"`
	TaxLines      []TaxLine     `json:"tax_lines"`
	Net           apigw.Money   `json:"net"`
	Tax           apigw.Money   `json:"tax"`
	Total         apigw.Money   `json:"total"`
	CreditApplied apigw.Money   `json:"credit_applied"`
	AmountDue     apigw.Money   `json:"amount_due"`
	Hash          string        `json:"hash,omitempty" doc:"SHA-256 of the canonical document"`
}

// InvoiceLine is one charge.
type InvoiceLine struct {
	Kind           string      `json:"kind"`
	Description    string      `json:"description"`
	SubscriptionID string      `json:"subscription_id"`
	ProductID      string      `json:"product_id"`
	PlanID         string      `json:"plan_id"`
	PlanVersion    int         `json:"plan_version"`
	FromSeats      int64       `json:"from_seats,omitempty"`
	Seats          int64       `json:"seats"`
	Unit           apigw.Money `json:"unit_price"`
	QuantityNum    int64       `json:"quantity_numerator,omitempty" doc:"Active users that are billed: numerator ÷ denominator"`
	QuantityDen    int64       `json:"quantity_denominator,omitempty"`
	People         int64       `json:"people,omitempty" doc:"How many users are listed as billed"`
	PeopleHash     string      `json:"people_sha256,omitempty" doc:"SHA-256 of that list"`
	FactorNum      int64       `json:"factor_numerator,omitempty" doc:"The part of the period that is charged: numerator ÷ denominator"`
	FactorDen      int64       `json:"factor_denominator,omitempty"`
	Period         Period      `json:"period"`
	Amount         apigw.Money `json:"amount"`
	TaxRatePPM     int64       `json:"tax_rate_ppm" doc:"In millionths: 190000 is 19 %"`
	EventIDs       []string    `json:"event_ids,omitempty" doc:"The ledger events that the line rests on"`
}

// TaxLine is the tax of one rate.
type TaxLine struct {
	RatePPM int64       `json:"rate_ppm"`
	Net     apigw.Money `json:"net"`
	Tax     apigw.Money `json:"tax"`
}

func currencyOf(inv *billing.Invoice) money.Currency { return money.Currency(inv.Currency) }

// invoiceBody is a preview's body, without a number; nil stays nil.
func invoiceBody(inv *billing.Invoice) *Invoice {
	if inv == nil {
		return nil
	}
	c := currencyOf(inv)
	b := &Invoice{
		Kind: inv.Kind, Corrects: inv.Corrects, IssuedAt: inv.IssuedAt.UTC(), Customer: partyBody(inv.Customer), Vendor: partyBody(inv.Vendor),
		ReverseCharge: inv.ReverseCharge, Lines: []InvoiceLine{}, TaxLines: []TaxLine{},
		Net: amount(inv.NetMinor, c), Tax: amount(inv.TaxMinor, c), Total: amount(inv.TotalMinor, c),
		CreditApplied: amount(inv.CreditAppliedMinor, c), AmountDue: amount(inv.AmountDueMinor, c),
	}
	for i := range inv.Lines {
		l := &inv.Lines[i]
		b.Lines = append(b.Lines, InvoiceLine{
			Kind: string(l.Kind), Description: l.Description, SubscriptionID: l.SubscriptionID, ProductID: l.ProductID, PlanID: l.PlanID,
			PlanVersion: l.PlanVersion, FromSeats: l.FromSeats, Seats: l.Seats, Unit: amount(l.UnitMinor, c),
			QuantityNum: l.QuantityNum, QuantityDen: l.QuantityDen, People: l.People, PeopleHash: l.PeopleSHA256, FactorNum: l.FactorNum,
			FactorDen: l.FactorDen, Period: Period{l.PeriodStart.UTC(), l.PeriodEnd.UTC()}, Amount: amount(l.AmountMinor, c), TaxRatePPM: l.TaxPPM,
		})
	}
	for _, t := range inv.TaxLines {
		b.TaxLines = append(b.TaxLines, TaxLine{RatePPM: t.RatePPM, Net: amount(t.NetMinor, c), Tax: amount(t.TaxMinor, c)})
	}
	return b
}

// issuedBody is the body of an invoice with its number and its evidence.
func issuedBody(inv *billing.Invoice) *Invoice {
	b := invoiceBody(inv)
	if b == nil {
		return nil
	}
	b.Number = inv.Number
	for i := range inv.Lines {
		b.Lines[i].EventIDs = inv.Lines[i].EventIDs
	}
	return b
}

func storedInvoice(stored *seats.IssuedInvoice) (*Invoice, error) {
	inv, err := billing.ParseInvoice(stored.Canonical)
	if err != nil {
		return nil, err
	}
	b := issuedBody(&inv)
	b.Hash = stored.Hash
	if inv.Kind == billing.KindInvoice {
		b.Status, b.PaidAt, b.VoidedBy = string(stored.Status), instant(stored.PaidAt), stored.VoidedBy
	}
	return b, nil
}
