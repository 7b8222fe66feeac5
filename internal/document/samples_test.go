package document_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

func berlin(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// invoice is a month's invoice as a close makes it, totalled.
func invoice(t testing.TB, currency string, credit int64, lines ...billing.Line) *billing.Invoice {
	t.Helper()
	inv := &billing.Invoice{
		Kind: billing.KindInvoice, Number: 12, AccountID: "acc_01kb0mz7q5vqk8k3yd1s4w2n6x", Currency: currency, Zone: "Europe/Berlin",
		IssuedAt: time.Date(2026, time.November, 30, 23, 0, 0, 0, time.UTC),
		Customer: billing.Party{Name: "Żółw & Søn Nguyễn GmbH", AddressLines: []string{"Müllerstraße 12a", "13353 Berlin"}, Country: "DE", TaxID: "DE123456789"},
		Vendor: billing.Party{
			Name: "Northwind Software GmbH", AddressLines: []string{"Hafenstraße 1", "20457 Hamburg"}, Country: "DE", TaxID: "DE987654321",
			LegalLines: []string{"Amtsgericht Hamburg HRB 123456 · Managing director: Ada Lindqvist", "IBAN DE02 1203 0000 0000 2020 51 · BIC BYLADEM1001", "Payable within 14 days without deduction."},
		},
		Lines: lines,
	}
	if err := inv.Total(credit); err != nil {
		t.Fatal(err)
	}
	return inv
}

func month(t testing.TB, m time.Month) (start, end time.Time) {
	loc := berlin(t)
	return time.Date(2026, m, 1, 0, 0, 0, 0, loc).UTC(), time.Date(2026, m+1, 1, 0, 0, 0, 0, loc).UTC()
}

func seatsLine(t testing.TB) billing.Line {
	start, end := month(t, time.December)
	return billing.Line{
		Kind: billing.LineSeats, SubscriptionID: "sub_meetings", ProductID: "meetings", PlanID: "team", PlanVersion: 3,
		Description: "Meetings, Team: 8 seats, 2026-12-01 to 2026-12-31", Seats: 8, UnitMinor: 2000, FactorNum: 1, FactorDen: 1,
		PeriodStart: start, PeriodEnd: end, AmountMinor: 16000, TaxPPM: 190_000, EventIDs: []string{"evt_1"},
	}
}

func changeLine(t testing.TB) billing.Line {
	start, end := month(t, time.November)
	return billing.Line{
		Kind: billing.LineSeatChange, SubscriptionID: "sub_meetings", ProductID: "meetings", PlanID: "team", PlanVersion: 3,
		Description: "Meetings, Team: 5 to 8 seats, 9 of 30 days", FromSeats: 5, Seats: 8, UnitMinor: 2000, FactorNum: 9, FactorDen: 30,
		PeriodStart: start, PeriodEnd: end, AmountMinor: 1800, TaxPPM: 190_000, EventIDs: []string{"evt_2"},
	}
}

func usageLine(t testing.TB) billing.Line {
	start, end := month(t, time.November)
	return billing.Line{
		Kind: billing.LineUsage, SubscriptionID: "sub_desk", ProductID: "desk", PlanID: "agents", PlanVersion: 1,
		Description: "Service Desk, Agents: active users, 2026-11-01 to 2026-11-30", UnitMinor: 1500, QuantityNum: 367, QuantityDen: 30, People: 14,
		PeopleSHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		FactorNum:    1, FactorDen: 1, PeriodStart: start, PeriodEnd: end, AmountMinor: 18350, TaxPPM: 70_000, EventIDs: []string{"evt_3"},
	}
}

// logo is a picture as a vendor would give.
func logo(t testing.TB, width, height int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			d := (x-height/2)*(x-height/2) + (y-height/2)*(y-height/2)
			switch {
			case d < height*height/5:
				m.Set(x, y, color.NRGBA{24, 94, 180, 255})
			case x > height+10 && y > height/3 && y < 2*height/3 && (x/14)%3 != 0:
				m.Set(x, y, color.NRGBA{24, 32, 46, 255})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
