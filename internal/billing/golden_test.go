package billing_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

type goldenCase struct {
	Name     string `json:"name"`
	Currency string `json:"currency"`
	Plan     struct {
		Pricing       billing.PriceModel `json:"pricing"`
		Unit          int64              `json:"unit"`
		Base          int64              `json:"base"`
		IncludedSeats int64              `json:"included_seats"`
		Tiers         []struct {
			UpTo *int64 `json:"up_to"`
			Unit int64  `json:"unit"`
		} `json:"tiers"`
	} `json:"plan"`
	Anchor    string            `json:"anchor"`
	Interval  billing.Interval  `json:"interval"`
	TimeZone  string            `json:"time_zone"`
	At        string            `json:"at"`
	Proration billing.Proration `json:"proration"`
	FromSeats int64             `json:"from_seats"`
	ToSeats   int64             `json:"to_seats"`
	Expect    expectation       `json:"expect"`
}

type expectation struct {
	PeriodStart       string `json:"period_start"`
	PeriodEnd         string `json:"period_end"`
	Remaining         int64  `json:"remaining"`
	Whole             int64  `json:"whole"`
	AmountDueNowMinor int64  `json:"amount_due_now_minor"`
	NextInvoiceMinor  int64  `json:"next_invoice_minor"`
}

func (c *goldenCase) price() billing.Price {
	p := billing.Price{
		Model: c.Plan.Pricing, UnitMinor: c.Plan.Unit, BaseMinor: c.Plan.Base, IncludedSeats: c.Plan.IncludedSeats,
	}
	for _, tier := range c.Plan.Tiers {
		t := billing.Tier{UnitMinor: tier.Unit}
		if tier.UpTo != nil {
			t.UpTo = *tier.UpTo
		}
		p.Tiers = append(p.Tiers, t)
	}
	return p
}

// The worked cases that the product promises, computed the way the product does.
func TestWorkedCases(t *testing.T) {
	text, err := os.ReadFile("testdata/proration.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != 13 {
		t.Fatalf("%d cases, want 13", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if _, err := money.ParseCurrency(c.Currency); err != nil {
				t.Error(err)
			}
			price := c.price()
			if err := price.Validate(); err != nil {
				t.Errorf("the price: %v", err)
			}
			loc, anchor, at := zone(t, c.TimeZone), date(t, c.Anchor), instant(t, c.At)
			period := billing.CycleAt(anchor, c.Interval, loc, at)
			factor := period.Factor(c.Proration, at, loc)
			part, err := billing.IncreaseDue(&price, c.FromSeats, c.ToSeats, factor)
			if err != nil {
				t.Fatal(err)
			}
			due, err := billing.SettleIncrease(part)
			if err != nil {
				t.Fatal(err)
			}
			next, err := price.For(c.ToSeats)
			if err != nil {
				t.Fatal(err)
			}
			got := expectation{
				PeriodStart: period.StartDate.String(), PeriodEnd: period.EndDate.String(),
				Remaining: factor.Num, Whole: factor.Den, AmountDueNowMinor: due, NextInvoiceMinor: next,
			}
			if got != c.Expect {
				t.Errorf("got %+v\nwant %+v", got, c.Expect)
			}
		})
	}
}
