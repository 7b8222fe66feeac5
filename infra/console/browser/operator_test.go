package browser_test

import (
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/local/stack"
)

// The vendor's staff writes a catalog, mends what is wrong with it, sees what it changes and
// publishes it; then opens an account on it.
func TestTheStaffPublishesACatalogAndOpensAnAccount(t *testing.T) {
	rig := shared(t)
	page := rig.SignIn(t, stack.Operator)
	page.At("/operator")
	page.Click("link", "Catalog")
	page.Fill("Catalog in YAML", strings.Join([]string{"vendor:", "  name: Linden Tools", "products: []", "plans:", "  - id: Linden!", "    name: Linden", ""}, "\n"))
	page.Click("button", "Check")
	page.See("mistakes to mend")
	page.See("Line 5, column 9")
	page.Axe()
	page.Dark(true)
	page.Axe()
	page.Dark(false)

	const lines = `vendor:
  name: Linden Tools
  address: [Lindenallee 1, 10115 Berlin]
  country: DE
  tax_id: DE000000001
  support_email: help@linden.example
  sales_contact: sales@linden.example
  sign_in_url: https://linden.example
products:
  - id: linden
    name: Linden Desk
    entitlements:
      - {id: use, name: Use the desk}
plans:
  - id: linden-monthly
    name: Linden, monthly
    product: linden
    interval: month
    rank: 1
    price:
      EUR: {unit: 900}
      KWD: {unit: 1250}
`
	page.Fill("Catalog in YAML", lines)
	page.Reload() // a draft outlives it
	page.Click("button", "Check")
	page.See("What publishing changes")
	page.See("linden-monthly")
	page.Axe()
	page.Click("button", "Publish…")
	page.In("dialog", "Publish this catalog?").Click("button", "Publish 1 difference")
	page.See("Published: 1 difference in 1 plan")

	page.Fill("Catalog in YAML", strings.Replace(lines, "unit: 900", "unit: 1000", 1))
	page.Click("button", "Check")
	page.See("1000")
	page.See("900")

	page.Open("/operator/accounts/open")
	page.Fill("Company", "Birch & Söhne")
	page.Fill("Email", "wanda@birch.example")
	page.Fill("First name", "Wanda")
	page.Fill("Last name", "Birch")
	page.Choose("Plan", "Linden Desk: Linden, monthly")
	page.Choose("Currency", "EUR")
	page.Fill("Tax rate in percent", "190")
	page.See("A number from 0 to 100")
	page.Fill("Tax rate in percent", "19")
	page.Axe()
	page.Click("button", "Open the account")
	page.See("Birch & Söhne is open")
	page.See("0 of 5 seats")
	page.See("€53.55") // 5 × €9.00 and 19 %: the next invoice, and the first where today is its first day
	page.Click("button", "Check everything stored")
	page.See("All in order")
	page.Axe()
	page.Dark(true)
	page.Axe()
}
