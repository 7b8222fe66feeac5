package seats

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// PlanDifference is one thing that two versions of a plan say differently, in words
// that people can read. Empty is what one of them does not have.
type PlanDifference struct {
	PlanID string
	// Field is where it stands in a catalog, such as "price.EUR" or "policies.settle".
	Field    string
	From, To string
}

// PlanChanges tells how plans that are about to be published differ from their newest
// versions. A plan that has none yet is one difference, in the field "plan".
func (s *Service) PlanChanges(ctx context.Context, plans []*Plan) ([]PlanDifference, error) {
	changes := []PlanDifference{}
	for _, plan := range plans {
		newest, err := s.Store.Plan(ctx, PlanRef{ID: plan.ID})
		switch {
		case errors.Is(err, ErrNotFound):
			changes = append(changes, PlanDifference{PlanID: plan.ID, Field: "plan", To: "new: " + plan.Name})
		case err != nil:
			return nil, err
		default:
			changes = append(changes, PlanDiff(newest, plan)...)
		}
	}
	return changes, nil
}

// PlanDiff lists what another version of a plan says differently, in the order of a
// catalog. It is empty where publishing would make no new version.
func PlanDiff(from, to *Plan) []PlanDifference {
	d := differences{plan: to.ID}
	d.add("name", from.Name, to.Name)
	d.add("product", from.Product.ID, to.Product.ID)
	d.add("product.name", from.Product.Name, to.Product.Name)
	d.entitlements(from.Product.Entitlements, to.Product.Entitlements)
	d.add("interval", string(from.Interval), string(to.Interval))
	d.add("rank", strconv.Itoa(from.Rank), strconv.Itoa(to.Rank))
	d.add("agreement_url", from.AgreementURL, to.AgreementURL)
	d.prices(from.Prices, to.Prices)
	d.policies(from.Policies, to.Policies)
	d.vendor(&from.Vendor, &to.Vendor)
	if len(d.found) == 0 && !from.sameOffer(to) {
		// What the words do not tell apart is a new version all the same.
		d.found = append(d.found, PlanDifference{PlanID: d.plan, Field: "plan", From: "version " + strconv.Itoa(from.Version), To: "the same in other terms"})
	}
	return d.found
}

type differences struct {
	plan  string
	found []PlanDifference
}

func (d *differences) add(field, from, to string) {
	if from != to {
		d.found = append(d.found, PlanDifference{PlanID: d.plan, Field: field, From: from, To: to})
	}
}

// entitlements compares them by id; their order alone is one difference.
func (d *differences) entitlements(from, to []Entitlement) {
	before, after := entitlementNames(from), entitlementNames(to)
	count := len(d.found)
	for _, id := range unionKeys(before, after) {
		d.add("product.entitlements."+id, before[id], after[id])
	}
	if len(d.found) == count && !slices.Equal(from, to) {
		d.add("product.entitlements", joinEntitlements(from), joinEntitlements(to))
	}
}

func entitlementNames(all []Entitlement) map[string]string {
	names := map[string]string{}
	for _, e := range all {
		names[e.ID] = e.Name
	}
	return names
}

func joinEntitlements(all []Entitlement) string {
	names := make([]string, len(all))
	for i, e := range all {
		names[i] = e.Name
	}
	return strings.Join(names, ", ")
}

func (d *differences) prices(from, to map[money.Currency]billing.Price) {
	before, after := pricesInWords(from), pricesInWords(to)
	for _, currency := range unionKeys(before, after) {
		d.add("price."+currency, before[currency], after[currency])
	}
}

func pricesInWords(prices map[money.Currency]billing.Price) map[string]string {
	words := map[string]string{}
	for currency, price := range prices {
		words[string(currency)] = PriceInWords(&price, currency)
	}
	return words
}

// policies compares them policy by policy, as sentences.
func (d *differences) policies(from, to Policies) {
	before, after := sentencesByPolicy(from), sentencesByPolicy(to)
	for _, s := range append(from.said(), to.said()...) {
		d.add("policies."+s.policy, before[s.policy], after[s.policy])
		delete(before, s.policy)
		delete(after, s.policy)
	}
}

func sentencesByPolicy(p Policies) map[string]string {
	sentences := map[string]string{}
	for _, s := range p.said() {
		sentences[s.policy] = s.sentence
	}
	return sentences
}

func (d *differences) vendor(from, to *Vendor) {
	d.add("vendor.name", from.Name, to.Name)
	d.add("vendor.address", strings.Join(from.AddressLines, ", "), strings.Join(to.AddressLines, ", "))
	d.add("vendor.tax_id", from.TaxID, to.TaxID)
	d.add("vendor.country", from.Country, to.Country)
	d.add("vendor.support_email", from.SupportEmail, to.SupportEmail)
	d.add("vendor.sales_contact", from.SalesContact, to.SalesContact)
	d.add("vendor.sign_in_url", from.SignInURL, to.SignInURL)
	d.add("vendor.legal_lines", strings.Join(from.LegalLines, ", "), strings.Join(to.LegalLines, ", "))
	if string(from.LogoPNG) != string(to.LogoPNG) {
		d.found = append(d.found, PlanDifference{PlanID: d.plan, Field: "vendor.logo", From: pictureInWords(from.LogoPNG), To: pictureInWords(to.LogoPNG)})
	}
}

func pictureInWords(picture []byte) string {
	if len(picture) == 0 {
		return ""
	}
	return "a picture of " + strconv.Itoa(len(picture)) + " bytes"
}

func unionKeys(a, b map[string]string) []string {
	union := maps.Clone(a)
	maps.Copy(union, b)
	return slices.Sorted(maps.Keys(union))
}

// PriceInWords says what seats cost for a billing cycle, such as "EUR 49.00, 3 seats
// included, then EUR 15.00 a seat".
func PriceInWords(price *billing.Price, currency money.Currency) string {
	amount := func(minor int64) string { return money.Amount{Minor: minor, Currency: currency}.String() }
	var parts []string
	if price.BaseMinor != 0 {
		parts = append(parts, amount(price.BaseMinor))
	}
	switch price.Model {
	case billing.PerSeat:
		seat := amount(price.UnitMinor) + " a seat"
		if price.IncludedSeats > 0 {
			parts = append(parts, counted(price.IncludedSeats, "seat")+" included")
			seat = "then " + seat
		}
		parts = append(parts, seat)
	case billing.Graduated:
		for i, tier := range price.Tiers {
			parts = append(parts, amount(tier.UnitMinor)+eachOf(price.Tiers, i))
		}
	case billing.Volume:
		for i, tier := range price.Tiers {
			parts = append(parts, amount(tier.UnitMinor)+" a seat"+withSeats(price.Tiers, i))
		}
	}
	return strings.Join(parts, ", ")
}

// eachOf says which seats a graduated tier is of.
func eachOf(tiers []billing.Tier, i int) string {
	first, last := tierRange(tiers, i)
	switch {
	case first == 1 && last == 0:
		return " a seat"
	case last == 0:
		return " each above seat " + itoa(first-1)
	case first == last:
		return " for seat " + itoa(first)
	}
	return " each for seats " + itoa(first) + " to " + itoa(last)
}

// withSeats says which numbers of seats a volume tier is of.
func withSeats(tiers []billing.Tier, i int) string {
	first, last := tierRange(tiers, i)
	switch {
	case first == 1 && last == 0:
		return ""
	case last == 0:
		return " with " + itoa(first) + " seats or more"
	case first == last:
		return " with " + counted(first, "seat")
	}
	return " with " + itoa(first) + " to " + itoa(last) + " seats"
}

// tierRange is the first and the last seat of a tier; 0 is no last one.
func tierRange(tiers []billing.Tier, i int) (first, last int64) {
	first = 1
	if i > 0 {
		first = tiers[i-1].UpTo + 1
	}
	return first, tiers[i].UpTo
}

func counted(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return itoa(n) + " " + thing + "s"
}
