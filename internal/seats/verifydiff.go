package seats

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// comparison collects what two documents do not agree on.
type comparison []Difference

func (c *comparison) text(field, issued, again string) {
	if issued != again {
		*c = append(*c, Difference{field, issued, again})
	}
}

func (c *comparison) number(field string, issued, again int64) {
	c.text(field, strconv.FormatInt(issued, 10), strconv.FormatInt(again, 10))
}

func (c *comparison) instant(field string, issued, again time.Time) {
	c.text(field, issued.UTC().Format(time.RFC3339Nano), again.UTC().Format(time.RFC3339Nano))
}

func (c *comparison) party(field string, issued, again *billing.Party) {
	c.text(field+".name", issued.Name, again.Name)
	c.text(field+".address_lines", strings.Join(issued.AddressLines, "; "), strings.Join(again.AddressLines, "; "))
	c.text(field+".tax_id", issued.TaxID, again.TaxID)
	c.text(field+".country", issued.Country, again.Country)
	c.text(field+".legal_lines", strings.Join(issued.LegalLines, "; "), strings.Join(again.LegalLines, "; "))
}

// invoiceDifferences are what an issued document and the recomputed one do not agree on.
func invoiceDifferences(issued, again *billing.Invoice) []Difference {
	var c comparison
	c.text("kind", issued.Kind, again.Kind)
	c.number("number", issued.Number, again.Number)
	c.number("corrects", issued.Corrects, again.Corrects)
	c.text("account_id", issued.AccountID, again.AccountID)
	c.text("currency", issued.Currency, again.Currency)
	c.text("zone", issued.Zone, again.Zone)
	c.instant("issued_at", issued.IssuedAt, again.IssuedAt)
	c.party("customer", &issued.Customer, &again.Customer)
	c.party("vendor", &issued.Vendor, &again.Vendor)
	c.text("reverse_charge", strconv.FormatBool(issued.ReverseCharge), strconv.FormatBool(again.ReverseCharge))
	c.number("lines", int64(len(issued.Lines)), int64(len(again.Lines)))
	for i := range min(len(issued.Lines), len(again.Lines)) {
		c = append(c, lineDifferences(fmt.Sprintf("lines[%d].", i), &issued.Lines[i], &again.Lines[i])...)
	}
	c.number("tax_lines", int64(len(issued.TaxLines)), int64(len(again.TaxLines)))
	for i := range min(len(issued.TaxLines), len(again.TaxLines)) {
		x, y, at := issued.TaxLines[i], again.TaxLines[i], fmt.Sprintf("tax_lines[%d].", i)
		c.number(at+"rate_ppm", x.RatePPM, y.RatePPM)
		c.number(at+"net_minor", x.NetMinor, y.NetMinor)
		c.number(at+"tax_minor", x.TaxMinor, y.TaxMinor)
	}
	c.number("net_minor", issued.NetMinor, again.NetMinor)
	c.number("tax_minor", issued.TaxMinor, again.TaxMinor)
	c.number("total_minor", issued.TotalMinor, again.TotalMinor)
	c.number("credit_applied_minor", issued.CreditAppliedMinor, again.CreditAppliedMinor)
	c.number("amount_due_minor", issued.AmountDueMinor, again.AmountDueMinor)
	return c
}

func lineDifferences(at string, issued, again *billing.Line) []Difference {
	var c comparison
	c.text(at+"kind", string(issued.Kind), string(again.Kind))
	c.text(at+"subscription_id", issued.SubscriptionID, again.SubscriptionID)
	c.text(at+"product_id", issued.ProductID, again.ProductID)
	c.text(at+"plan_id", issued.PlanID, again.PlanID)
	c.number(at+"plan_version", int64(issued.PlanVersion), int64(again.PlanVersion))
	c.text(at+"description", issued.Description, again.Description)
	c.number(at+"seats", issued.Seats, again.Seats)
	c.number(at+"from_seats", issued.FromSeats, again.FromSeats)
	c.number(at+"unit_minor", issued.UnitMinor, again.UnitMinor)
	c.number(at+"quantity_num", issued.QuantityNum, again.QuantityNum)
	c.number(at+"quantity_den", issued.QuantityDen, again.QuantityDen)
	c.number(at+"people", issued.People, again.People)
	c.text(at+"people_sha256", issued.PeopleSHA256, again.PeopleSHA256)
	c.number(at+"factor_num", issued.FactorNum, again.FactorNum)
	c.number(at+"factor_den", issued.FactorDen, again.FactorDen)
	c.instant(at+"period_start", issued.PeriodStart, again.PeriodStart)
	c.instant(at+"period_end", issued.PeriodEnd, again.PeriodEnd)
	c.number(at+"amount_minor", issued.AmountMinor, again.AmountMinor)
	c.number(at+"tax_ppm", issued.TaxPPM, again.TaxPPM)
	c.text(at+"event_ids", strings.Join(issued.EventIDs, " "), strings.Join(again.EventIDs, " "))
	return c
}
