package seats

import (
	"fmt"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// draft starts an invoice of the account, without number and lines.
func draft(a *Account, vendor Vendor, at time.Time) *billing.Invoice {
	return &billing.Invoice{
		Format: billing.FormatCurrent, Kind: billing.KindInvoice, AccountID: string(a.ID), Currency: string(a.Currency),
		Zone: a.Zone, IssuedAt: at.UTC(), Customer: a.Customer,
		Vendor:        billing.Party{Name: vendor.Name, AddressLines: vendor.AddressLines, TaxID: vendor.TaxID, Country: vendor.Country, LegalLines: vendor.LegalLines},
		ReverseCharge: a.ReverseCharge,
	}
}

// issue gives a draft the account's next number and takes the credit that it uses
// from the account, which the caller writes in the same transaction.
func issue(a *Account, inv *billing.Invoice) *IssuedInvoice {
	a.Invoices++
	a.CreditMinor -= inv.CreditAppliedMinor
	inv.Number = a.Invoices
	canonical := inv.Canonical()
	return &IssuedInvoice{Number: inv.Number, Canonical: canonical, Hash: billing.Hash(canonical), IssuedAt: inv.IssuedAt, Status: InvoiceOpen}
}

// line starts a line of a subscription. It names the price of a seat where that
// explains the amount: where there is no base fee and every seat costs the same.
func line(kind billing.LineKind, a *Account, sub *Subscription, plan *Plan, price *billing.Price) billing.Line {
	l := billing.Line{
		Kind: kind, SubscriptionID: string(sub.ID), ProductID: sub.Product, PlanID: plan.ID, PlanVersion: plan.Version, TaxPPM: a.TaxPPM,
	}
	if plain(price) {
		l.UnitMinor = price.UnitMinor
	}
	return l
}

func plain(price *billing.Price) bool {
	return price.Model == billing.PerSeat && price.BaseMinor == 0 && price.IncludedSeats == 0
}

// maxTiersExplained is how many tiers a line spells out; more stand in the plan.
const maxTiersExplained = 3

// explainPrice tells in a line's description how a price comes about that is no
// number of seats times a unit.
func explainPrice(l *billing.Line, price *billing.Price, currency money.Currency) {
	switch {
	case plain(price):
	case len(price.Tiers) > maxTiersExplained:
		l.Description += " (by the plan's " + itoa(int64(len(price.Tiers))) + " tiers)"
	default:
		l.Description += " (" + PriceInWords(price, currency) + ")"
	}
}

// seatsLine charges a whole or partial period in advance.
func seatsLine(a *Account, sub *Subscription, plan *Plan, period billing.Period, factor billing.Factor, event EventID) (billing.Line, error) {
	price, err := plan.Price(a.Currency)
	if err != nil {
		return billing.Line{}, err
	}
	due, err := billing.SubscribeDue(price, sub.Seats, factor)
	if err != nil {
		return billing.Line{}, err
	}
	l := line(billing.LineSeats, a, sub, plan, price)
	l.Seats, l.FactorNum, l.FactorDen = sub.Seats, factor.Num, factor.Den
	l.PeriodStart, l.PeriodEnd = period.Start, period.End
	l.Description = fmt.Sprintf("%s, %s: %s, %s to %s", plan.Product.Name, plan.Name, countSeats(sub.Seats), period.StartDate, period.EndDate.AddDays(-1))
	explainPrice(&l, price, a.Currency)
	l.EventIDs = []string{string(event)}
	l.AmountMinor, err = billing.SettleIncrease(due)
	return l, err
}

// increaseLine charges seats added in a running period, and nothing where they come
// to less than nothing.
func increaseLine(a *Account, sub *Subscription, plan *Plan, parts []Unbilled) (billing.Line, error) {
	l, err := netLine(a, sub, plan, parts)
	l.AmountMinor = max(l.AmountMinor, 0)
	return l, err
}

// netLine is what changes of seats in a running period come to; several that are
// settled together are one line, rounded once. It may be below zero.
func netLine(a *Account, sub *Subscription, plan *Plan, parts []Unbilled) (billing.Line, error) {
	price, err := plan.Price(a.Currency)
	if err != nil {
		return billing.Line{}, err
	}
	first, last := parts[0], parts[len(parts)-1]
	l := line(billing.LineSeatChange, a, sub, plan, price)
	l.FromSeats, l.Seats = first.FromSeats, last.ToSeats
	l.PeriodStart, l.PeriodEnd = sub.Period.Start, sub.Period.End
	due := make([]money.Exact, len(parts))
	priced := true
	for i, p := range parts {
		due[i] = money.NewExact(p.DeltaMinor, p.Num, p.Den)
		l.EventIDs = append(l.EventIDs, string(p.Event))
		whole, err := difference(price, p.FromSeats, p.ToSeats)
		if err != nil {
			return billing.Line{}, err
		}
		priced = priced && p.DeltaMinor == whole
	}
	l.Description = fmt.Sprintf("%s, %s: %d to %s", plan.Product.Name, plan.Name, first.FromSeats, countSeats(last.ToSeats))
	if len(parts) == 1 {
		l.FactorNum, l.FactorDen = first.Num, first.Den
		l.Description += ", " + share(first.Num, first.Den, plan.Policies.Proration)
	} else {
		l.Description += fmt.Sprintf(", %d changes", len(parts))
	}
	if priced {
		explainPrice(&l, price, a.Currency)
	} else {
		// The price of a seat does not explain what earned no more than was billed.
		l.UnitMinor = 0
		l.Description += ", no more than was billed"
	}
	l.AmountMinor, err = billing.SettleNet(due...)
	return l, err
}

func countSeats(n int64) string {
	if n == 1 {
		return "1 seat"
	}
	return itoa(n) + " seats"
}

func share(num, den int64, proration billing.Proration) string {
	switch proration {
	case billing.ByDay:
		return fmt.Sprintf("%d of %d days", num, den)
	case billing.BySecond:
		return fmt.Sprintf("%d of %d seconds", num, den)
	case billing.NoProration:
	}
	return "nothing for the running period"
}
