// Package catalog reads a vendor's catalog: a YAML text of the vendor, products
// and plans. A plan's price and policies are data; what is not said has the
// default of the table in fields.go.
//
// Parse lists every mistake at once, each with its line and column and what would
// be right. A policy that this version of Usher does not have yet is a mistake,
// not something to ignore.
package catalog

import (
	"fmt"
	"sort"

	"go.yaml.in/yaml/v4"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

// Limits of a catalog.
const (
	// MaxBytes bounds the text: some hundred plans.
	MaxBytes = 200_000
	// MaxPlans and MaxProducts keep a publication within one request.
	MaxPlans    = 200
	MaxProducts = seats.MaxProductsPerAccount
	// MaxTextRunes bounds names, which stand on invoice lines.
	MaxTextRunes = 80
	// MaxEntitlements bounds what a product gives.
	MaxEntitlements = 50
)

// Parse reads a catalog into plans without versions, in the order of the text.
// The error is a *seats.Error with a field for each mistake.
func Parse(text []byte) ([]*seats.Plan, error) {
	p := &parser{products: map[string]seats.Product{}}
	if len(text) > MaxBytes {
		return nil, seats.ErrInvalid.With("The catalog is larger than %d bytes. Split it by product.", MaxBytes)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		e := *seats.ErrInvalid
		e.Fields = []seats.Field{{Location: "catalog", Message: "is not YAML: " + err.Error()}}
		return nil, &e
	}
	if len(doc.Content) == 0 {
		return nil, seats.ErrInvalid.With("The catalog is empty. Write a vendor, products and plans.")
	}
	plans := p.catalog(doc.Content[0])
	if len(p.mistakes) > 0 {
		e := seats.ErrInvalid.With("Nothing was published: the catalog has %d mistakes. Mend them and send it again.", len(p.mistakes))
		e.Fields = p.mistakes
		return nil, e
	}
	return plans, nil
}

type parser struct {
	vendor   seats.Vendor
	products map[string]seats.Product
	mistakes []seats.Field
}

// wrong notes a mistake at a node.
func (p *parser) wrong(n *yaml.Node, path, format string, args ...any) {
	value := n.Value
	if len(value) > 80 {
		value = value[:80]
	}
	p.mistakes = append(p.mistakes, seats.Field{
		Location: fmt.Sprintf("line %d, column %d: %s", n.Line, n.Column, path),
		Message:  fmt.Sprintf(format, args...),
		Value:    value,
	})
}

func (p *parser) catalog(root *yaml.Node) []*seats.Plan {
	m := p.mapping(root, "catalog", "vendor", "products", "plans")
	if m == nil {
		return nil
	}
	p.readVendor(m.need("vendor"))
	p.list(m.need("products"), "products", MaxProducts, func(n *yaml.Node, path string) { p.readProduct(n, path) })
	var plans []*seats.Plan
	seen := map[string]bool{}
	p.list(m.need("plans"), "plans", MaxPlans, func(n *yaml.Node, path string) {
		plan := p.readPlan(n, path)
		if plan == nil {
			return
		}
		if seen[plan.ID] {
			p.wrong(n, path+".id", "stands twice; each plan needs an id of its own")
		}
		seen[plan.ID] = true
		plan.Vendor = p.vendor
		plans = append(plans, plan)
	})
	return plans
}

func (p *parser) readVendor(n *yaml.Node) {
	m := p.mapping(n, "vendor", "name", "address", "tax_id", "country", "support_email", "sales_contact", "sign_in_url")
	if m == nil {
		return
	}
	p.vendor = seats.Vendor{
		Name: m.text("name", true), TaxID: m.text("tax_id", false), Country: m.text("country", false),
		SupportEmail: m.text("support_email", true), SalesContact: m.text("sales_contact", true), SignInURL: m.url("sign_in_url", true),
	}
	if a := m.get("address"); a != nil {
		p.list(a, "vendor.address", seats.MaxAddressLines, func(n *yaml.Node, path string) {
			p.vendor.AddressLines = append(p.vendor.AddressLines, p.str(n, path, seats.MaxAddressLineRunes))
		})
	}
	if email := m.get("support_email"); email != nil {
		if _, err := seats.NormalizeEmail(email.Value); err != nil {
			p.wrong(email, "vendor.support_email", "must be an email address like help@example.com")
		}
	}
}

func (p *parser) readProduct(n *yaml.Node, path string) {
	m := p.mapping(n, path, "id", "name", "entitlements")
	if m == nil {
		return
	}
	product := seats.Product{ID: m.slug("id"), Name: m.text("name", true)}
	if e := m.get("entitlements"); e != nil {
		p.list(e, path+".entitlements", MaxEntitlements, func(n *yaml.Node, path string) {
			if em := p.mapping(n, path, "id", "name"); em != nil {
				product.Entitlements = append(product.Entitlements, seats.Entitlement{ID: em.slug("id"), Name: em.text("name", true)})
			}
		})
	}
	if _, twice := p.products[product.ID]; twice {
		p.wrong(n, path+".id", "stands twice; each product needs an id of its own")
	}
	p.products[product.ID] = product
}

func (p *parser) readPlan(n *yaml.Node, path string) *seats.Plan {
	m := p.mapping(n, path, "id", "name", "product", "interval", "rank", "price", "policies", "agreement_url")
	if m == nil {
		return nil
	}
	plan := &seats.Plan{
		ID: m.slug("id"), Name: m.text("name", true), AgreementURL: m.url("agreement_url", false), Rank: int(m.number("rank", 0, 1000, 0)),
		Interval: billing.Interval(m.choice("interval", "month", "year")), Prices: map[money.Currency]billing.Price{},
	}
	if product := m.need("product"); product != nil {
		found, ok := p.products[product.Value]
		if !ok {
			p.wrong(product, path+".product", "is no product of this catalog; there are %v", p.productIDs())
		}
		plan.Product = found
	}
	p.readPrices(m.need("price"), path+".price", plan)
	plan.Policies = p.readPolicies(m.get("policies"), path+".policies")
	return plan
}

func (p *parser) productIDs() []string {
	ids := make([]string, 0, len(p.products))
	for id := range p.products {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return ids
}

// readPrices reads a price for each currency, in its smallest unit.
func (p *parser) readPrices(n *yaml.Node, path string, plan *seats.Plan) {
	if n == nil {
		return
	}
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		p.wrong(n, path, "must be a mapping of currencies, such as EUR: {unit: 2000}")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := path + "." + key.Value
		currency, err := money.ParseCurrency(key.Value)
		if err != nil {
			p.wrong(key, at, "must be an ISO 4217 code like EUR")
			continue
		}
		if _, twice := plan.Prices[currency]; twice {
			p.wrong(key, at, "stands twice")
		}
		if price, ok := p.readPrice(value, at); ok {
			plan.Prices[currency] = price
		}
	}
}

func (p *parser) readPrice(n *yaml.Node, path string) (billing.Price, bool) {
	m := p.mapping(n, path, "pricing", "unit", "base", "included_seats", "tiers")
	if m == nil {
		return billing.Price{}, false
	}
	price := billing.Price{
		Model:     billing.PriceModel(m.choice("pricing", string(billing.PerSeat), string(billing.Graduated), string(billing.Volume))),
		BaseMinor: m.number("base", 0, billing.MaxBaseMinor, 0), IncludedSeats: m.number("included_seats", 0, billing.MaxSeats, 0),
	}
	if price.Model == billing.PerSeat {
		if m.need("unit") == nil {
			return price, false
		}
	}
	price.UnitMinor = m.number("unit", 0, billing.MaxUnitMinor, 0)
	if t := m.get("tiers"); t != nil {
		p.list(t, path+".tiers", billing.MaxTiers, func(n *yaml.Node, path string) {
			if tm := p.mapping(n, path, "up_to", "unit"); tm != nil {
				tier := billing.Tier{UnitMinor: tm.number("unit", 0, billing.MaxUnitMinor, 0)}
				if up := tm.get("up_to"); up != nil && up.Tag != "!!null" {
					tier.UpTo = tm.number("up_to", 1, billing.MaxSeats, 0)
				}
				price.Tiers = append(price.Tiers, tier)
			}
		})
	}
	if err := price.Validate(); err != nil {
		p.wrong(n, path, "%s", err)
		return price, false
	}
	return price, true
}

func (p *parser) readPolicies(n *yaml.Node, path string) seats.Policies {
	if n == nil {
		n = &yaml.Node{Kind: yaml.MappingNode}
	}
	m := p.mapping(n, path, "billing", "proration", "settle", "decrease", "over_assigned", "auto_seats", "invitation_reserves_seat",
		"min_seats", "max_self_serve_seats", "self_serve", "admins_may_spend")
	if m == nil {
		return seats.Policies{}
	}
	m.only("billing", "seats")
	m.only("auto_seats", "false")
	m.only("invitation_reserves_seat", "true")
	policies := seats.Policies{
		Proration:         billing.Proration(m.choice("proration", string(billing.ByDay), string(billing.BySecond), string(billing.NoProration))),
		Settle:            seats.Settle(m.choice("settle", string(seats.SettleNow), string(seats.SettleNextInvoice))),
		Decrease:          seats.Decrease(m.choice("decrease", string(seats.DecreaseEndOfCycle))),
		OverAssigned:      seats.OverAssigned(m.choice("over_assigned", string(seats.KeepAssigned), string(seats.ReleaseNewest), string(seats.RefuseBelow))),
		SelfServe:         seats.SelfServe(m.choice("self_serve", string(seats.SelfServeAll), string(seats.SelfServeAddOnly), string(seats.SelfServeNone))),
		MinSeats:          m.number("min_seats", 0, billing.MaxSeats, 0),
		MaxSelfServeSeats: m.number("max_self_serve_seats", 0, billing.MaxSeats, 0),
		AdminsMaySpend:    m.flag("admins_may_spend", true),
	}
	if policies.MaxSelfServeSeats > 0 && policies.MinSeats > policies.MaxSelfServeSeats {
		p.wrong(m.get("min_seats"), path+".min_seats", "must not be above max_self_serve_seats")
	}
	return policies
}
