// Package catalog reads a vendor's catalog: a YAML text of the vendor, products
// and plans. A plan's price and policies are data; what is not said has the
// default that policies.go names.
//
// Parse lists every mistake at once, each with its line and column and what would
// be right. A policy that another one takes the sense from is a mistake, not
// something to ignore, and so is everything else that would be published other than
// it looks: a second document, a field that stands twice, an alias.
package catalog

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

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
	// MaxRank bounds a plan's place among the plans of its product.
	MaxRank = 1000
	// MaxLegalLines and MaxLegalLineRunes bound the foot of invoices to what fits below
	// a page.
	MaxLegalLines     = 5
	MaxLegalLineRunes = 100
	// MaxURLBytes bounds addresses, which stand in every version of every plan.
	MaxURLBytes = 300
	// MaxMistakes bounds the list of mistakes, so that an answer stays far below the
	// 6 MB of a Lambda's, whatever was sent; nobody mends more at a time.
	MaxMistakes = 200
)

// Parse reads a catalog into plans without versions, in the order of the text.
// The error is a *seats.Error with a field for each mistake, the first MaxMistakes
// of them.
func Parse(text []byte) ([]*seats.Plan, error) {
	if len(text) > MaxBytes {
		return nil, seats.ErrInvalid.With("The catalog is larger than %d bytes. Split it by product.", MaxBytes)
	}
	p := &parser{products: map[string]seats.Product{}}
	root := p.document(text)
	var plans []*seats.Plan
	if root != nil {
		plans = p.catalog(root)
	}
	if p.count == 0 && root == nil {
		return nil, seats.ErrInvalid.With("The catalog is empty. Write a vendor, products and plans.")
	}
	if p.count > 0 {
		e := seats.ErrInvalid.With("Nothing was published: the catalog has %s. Mend what errors lists and send it again.", p.mistakesFound())
		e.Fields = p.fields()
		return nil, e
	}
	return plans, nil
}

// document reads the one YAML document of a text; nil where there is none.
func (p *parser) document(text []byte) *yaml.Node {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	if err := decoder.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		p.notYAML(err)
		return nil
	}
	if len(doc.Content) == 0 {
		return nil
	}
	switch err := decoder.Decode(&more); {
	case errors.Is(err, io.EOF):
	case err != nil:
		p.notYAML(err)
	case len(more.Content) > 0:
		p.wrong(more.Content[0], "catalog", "must be one YAML document; remove the line --- and what it parts")
	}
	return doc.Content[0]
}

// notYAML notes where the text stops being YAML.
func (p *parser) notYAML(err error) {
	var at *yaml.LoadError
	if !errors.As(err, &at) {
		at = &yaml.LoadError{Message: err.Error()}
	}
	p.wrong(&yaml.Node{Line: max(at.Mark.Line, 1), Column: max(at.Mark.Column, 1)}, "catalog", "is not YAML: %s", at.Message)
}

type parser struct {
	vendor   seats.Vendor
	products map[string]seats.Product
	mistakes []mistake
	count    int // of mistakes, those that are not kept too
}

type mistake struct {
	line, column int
	seats.Field
}

// wrong notes a mistake at a node.
func (p *parser) wrong(n *yaml.Node, path, format string, args ...any) {
	p.count++
	if len(p.mistakes) == MaxMistakes {
		return
	}
	p.mistakes = append(p.mistakes, mistake{n.Line, n.Column, seats.Field{
		Location: fmt.Sprintf("line %d, column %d: %s", n.Line, n.Column, shorten(path)),
		Message:  fmt.Sprintf(format, args...),
		Value:    shorten(n.Value),
	}})
}

// fields are the mistakes in the order of the text.
func (p *parser) fields() []seats.Field {
	slices.SortStableFunc(p.mistakes, func(a, b mistake) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	all := make([]seats.Field, len(p.mistakes))
	for i, m := range p.mistakes {
		all[i] = m.Field
	}
	return all
}

func (p *parser) mistakesFound() string {
	switch {
	case p.count == 1:
		return "a mistake"
	case p.count > len(p.mistakes):
		return fmt.Sprintf("%d mistakes, of which %d are listed", p.count, len(p.mistakes))
	}
	return fmt.Sprintf("%d mistakes", p.count)
}

// shorten cuts what is quoted from the text to what can be read in a list.
func shorten(s string) string {
	const most = 80
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most]) + "…"
}

func (p *parser) catalog(root *yaml.Node) []*seats.Plan {
	m := p.mapping(root, "catalog", "vendor", "products", "plans")
	if m == nil {
		return nil
	}
	p.readVendor(m.need("vendor"))
	p.list(m.need("products"), "products", MaxProducts, p.readProduct)
	var plans []*seats.Plan
	seen := map[string]bool{}
	p.list(m.need("plans"), "plans", MaxPlans, func(n *yaml.Node, path string) {
		if plan := p.readPlan(n, path, seen); plan != nil {
			plan.Vendor = p.vendor
			plans = append(plans, plan)
		}
	})
	return plans
}

func (p *parser) readVendor(n *yaml.Node) {
	m := p.mapping(n, "vendor", "name", "address", "tax_id", "country", "support_email", "sales_contact", "sign_in_url", "legal_lines", "logo")
	if m == nil {
		return
	}
	p.vendor = seats.Vendor{
		Name: m.text("name", true), TaxID: m.optional("tax_id", seats.MaxTaxIDBytes), Country: m.country("country"),
		SupportEmail: m.email("support_email"), SalesContact: m.text("sales_contact", true), SignInURL: m.url("sign_in_url", true),
	}
	if a := m.get("address"); a != nil {
		p.list(a, "vendor.address", seats.MaxAddressLines, func(n *yaml.Node, path string) {
			p.vendor.AddressLines = append(p.vendor.AddressLines, p.str(n, path, seats.MaxAddressLineRunes))
		})
	}
	if l := m.get("legal_lines"); l != nil {
		p.list(l, "vendor.legal_lines", MaxLegalLines, func(n *yaml.Node, path string) {
			p.vendor.LegalLines = append(p.vendor.LegalLines, p.str(n, path, MaxLegalLineRunes))
		})
	}
	p.vendor.LogoPNG = p.logo(m.get("logo"), "vendor.logo")
}

func (p *parser) readProduct(n *yaml.Node, path string) {
	m := p.mapping(n, path, "id", "name", "entitlements")
	if m == nil {
		return
	}
	product := seats.Product{ID: p.id(m, p.knownProduct, "product"), Name: m.text("name", true)}
	if e := m.get("entitlements"); e != nil {
		p.list(e, path+".entitlements", MaxEntitlements, func(n *yaml.Node, path string) {
			if em := p.mapping(n, path, "id", "name"); em != nil {
				id := p.id(em, func(id string) bool { return hasEntitlement(&product, id) }, "entitlement")
				product.Entitlements = append(product.Entitlements, seats.Entitlement{ID: id, Name: em.text("name", true)})
			}
		})
	}
	if product.ID != "" {
		p.products[product.ID] = product
	}
}

func (p *parser) knownProduct(id string) bool {
	_, ok := p.products[id]
	return ok
}

func hasEntitlement(product *seats.Product, id string) bool {
	return slices.ContainsFunc(product.Entitlements, func(e seats.Entitlement) bool { return e.ID == id })
}

// id reads an id of its own; "" where it is none.
func (p *parser) id(m *fields, known func(string) bool, what string) string {
	id := m.slug("id")
	if id != "" && known(id) {
		p.wrong(m.get("id"), m.path+".id", "stands twice; each %s needs an id of its own", what)
		return ""
	}
	return id
}

func (p *parser) readPlan(n *yaml.Node, path string, seen map[string]bool) *seats.Plan {
	m := p.mapping(n, path, "id", "name", "product", "interval", "rank", "price", "policies", "agreement_url")
	if m == nil {
		return nil
	}
	plan := &seats.Plan{
		ID: p.id(m, func(id string) bool { return seen[id] }, "plan"), Name: m.text("name", true),
		AgreementURL: m.url("agreement_url", false), Rank: int(m.number("rank", 0, MaxRank, 0)),
		Interval: billing.Interval(m.choice("interval", string(billing.Month), string(billing.Year))), Prices: map[money.Currency]billing.Price{},
	}
	seen[plan.ID] = true
	if product := m.need("product"); product != nil {
		found, ok := p.products[product.Value]
		if !ok || product.Kind != yaml.ScalarNode {
			p.wrong(product, path+".product", "is no product of this catalog; %s", p.productIDs())
		}
		plan.Product = found
	}
	before := p.count
	p.readPrices(m.need("price"), path+".price", plan)
	policies := p.mapping(orEmpty(m.get("policies")), path+".policies", policyNames()...)
	if policies == nil {
		return plan
	}
	plan.Policies = policies.read()
	if p.count == before {
		// What was not understood would be found to make no sense as well.
		policies.makeNoSense(plan)
	}
	return plan
}

func (p *parser) productIDs() string {
	if len(p.products) == 0 {
		return "it has none"
	}
	return "its products are " + strings.Join(slices.Sorted(maps.Keys(p.products)), ", ")
}

// readPrices reads a price for each currency, in its smallest unit.
func (p *parser) readPrices(n *yaml.Node, path string, plan *seats.Plan) {
	p.byCurrency(n, path, "EUR: {unit: 2000}", func(currency money.Currency, value *yaml.Node, at string) {
		if price, ok := p.readPrice(value, at); ok {
			plan.Prices[currency] = price
		}
	})
}

// byCurrency reads a mapping of currencies.
func (p *parser) byCurrency(n *yaml.Node, path, example string, each func(money.Currency, *yaml.Node, string)) {
	if n == nil {
		return
	}
	if alias(n) {
		p.alias(n, path)
		return
	}
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		p.wrong(n, path, "must be a mapping of currencies, such as %s", example)
		return
	}
	seen := map[money.Currency]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := path + "." + key.Value
		if merge(key) {
			p.merge(key, at)
			continue
		}
		currency, err := money.ParseCurrency(key.Value)
		if err != nil || key.Kind != yaml.ScalarNode {
			p.wrong(key, at, "must be an ISO 4217 code like EUR")
			continue
		}
		if seen[currency] {
			p.wrong(key, at, "stands twice")
		}
		seen[currency] = true
		each(currency, value, at)
	}
}

func (p *parser) readPrice(n *yaml.Node, path string) (billing.Price, bool) {
	before := p.count
	m := p.mapping(n, path, "pricing", "unit", "base", "included_seats", "tiers")
	if m == nil {
		return billing.Price{}, false
	}
	price := billing.Price{
		Model:     billing.PriceModel(m.choice("pricing", string(billing.PerSeat), string(billing.Graduated), string(billing.Volume))),
		BaseMinor: m.minor("base", billing.MaxBaseMinor), IncludedSeats: m.number("included_seats", 0, billing.MaxSeats, 0),
	}
	if price.Model == billing.PerSeat {
		m.need("unit")
	}
	price.UnitMinor = m.minor("unit", billing.MaxUnitMinor)
	if t := m.get("tiers"); t != nil {
		p.list(t, path+".tiers", billing.MaxTiers, func(n *yaml.Node, path string) {
			if tm := p.mapping(n, path, "up_to", "unit"); tm != nil {
				tier := billing.Tier{UnitMinor: tm.minor("unit", billing.MaxUnitMinor)}
				tm.need("unit")
				if up := tm.get("up_to"); up != nil && up.Tag != "!!null" {
					tier.UpTo = tm.number("up_to", 1, billing.MaxSeats, 0)
				}
				price.Tiers = append(price.Tiers, tier)
			}
		})
	}
	if p.count > before {
		// What was not understood would be found missing as well.
		return price, false
	}
	for _, mistake := range priceMistakes(&price) {
		p.wrong(n, path+"."+mistake.Location, "%s", mistake.Message)
	}
	return price, p.count == before
}

// priceMistakes takes the joined mistakes of a price apart.
func priceMistakes(price *billing.Price) []*billing.PriceMistake {
	var joined interface{ Unwrap() []error }
	if !errors.As(price.Validate(), &joined) {
		return nil
	}
	var all []*billing.PriceMistake
	for _, err := range joined.Unwrap() {
		var mistake *billing.PriceMistake
		if errors.As(err, &mistake) {
			all = append(all, mistake)
		}
	}
	return all
}
