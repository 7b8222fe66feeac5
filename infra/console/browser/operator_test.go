package browser_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/usher-seats/usher/infra/console/browsertest"
	"github.com/usher-seats/usher/infra/local/stack"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/store"
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
	both(page)

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
	page.See("Published 1 difference")

	page.Fill("Catalog in YAML", strings.Replace(lines, "unit: 900", "unit: 1000", 1))
	page.Click("button", "Check")
	page.In("row", "price.EUR").See("EUR 9.00 a seat EUR 10.00 a seat")

	page.Open("/operator/accounts/open")
	page.Fill("Company", "Birch & Söhne")
	page.Fill("Email", "wanda@birch.example")
	page.Fill("First name", "Wanda")
	page.Fill("Last name", "Birch")
	page.Choose("Plan", "Linden Desk: Linden, monthly")
	page.Choose("Currency", "EUR")
	page.Fill("Tax rate in percent", "190")
	page.See("0 to 100, such as 7.7")
	page.Fill("Tax rate in percent", "19")
	page.Axe()
	page.Click("button", "Open the account")
	page.See("Birch & Söhne is open")
	page.See("0 of 5 seats")
	page.See("€53.55") // 5 × €9.00 and 19 %: the next invoice, and the first where today is its first day
	page.Click("button", "Check everything stored")
	page.See("All in order")
	both(page)
}

// The inbox of requests: one is approved at the price shown, one is declined with a reason.
func TestTheStaffAnswersRequests(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "prospecting-enterprise-monthly", 5)
	c := rig.API(t, a.Owner)
	ask := func(body map[string]any) { c.Post(a.API("/requests"), body, nil) }
	ask(map[string]any{"kind": "seats", "subscription_id": a.SubscriptionID, "seats": 8, "message": "A new office in Lyon."})
	ask(map[string]any{"kind": "other", "message": "Do you sell <b>bold</b> text?"})
	page := rig.SignIn(t, stack.Operator)
	page.Click("link", "Requests")
	page.See("A new office in Lyon.")
	page.See("Do you sell <b>bold</b> text?")
	both(page)
	page.In("article", "A new office in Lyon.").Click("button", "Approve…")
	approve := page.In("dialog", "Approve for "+a.Name+"?")
	// 9 of 30 days are left: 8 × €109.00 − 5 × €119.00 = €277.00, of which 9/30 are €83.10, with 19 % €98.89.
	approve.See("€98.89")
	both(page)
	approve.Fill("Message to the customer (optional)", "Welcome to Lyon.")
	approve.Click("button", "Approve")
	page.Gone("A new office in Lyon.")
	page.In("article", "Do you sell <b>bold</b> text?").Click("button", "Decline…")
	decline := page.In("dialog", "Decline for "+a.Name+"?")
	both(page)
	decline.Fill("Why, in one line", "We sell seats only.")
	decline.Click("button", "Decline")
	page.Gone("Do you sell")

	page.Open("/operator/accounts/" + a.ID)
	page.See("0 of 8 seats")
	page.In("row", "Invoice 2").See("€98.89")
	page.In("row", "Invoice 2").Click("button", "Invoice 2")
	page.Click("menuitem", "Mark as paid")
	page.In("dialog", "Mark invoice 2 as paid?").Click("button", "Mark as paid")
	page.In("row", "Invoice 2").See("Paid")
	page.In("row", "Invoice 2").Click("button", "Invoice 2")
	page.Click("menuitem", "Take back by credit note")
	back := page.In("dialog", "Take back invoice 2?")
	back.Fill("Reason, for the books", "Sold twice.")
	both(page)
	back.Click("button", "Take back €98.89")
	page.In("row", "Credit note 3").See("Takes back invoice 2")
	page.Click("button", "To the next boundary")
	page.See("The clock stands at 1 Dec 2026, 00:00")
	page.Has("rowheader", "Invoice 4")
}

// An account that could not be closed says why, and is tried again from here.
func TestTheStaffTriesAParkedAccountAgain(t *testing.T) {
	rig := shared(t)
	a := customer(t, rig, "valuation-monthly", 2)
	park(t, rig, a)
	page := rig.SignIn(t, stack.Operator)
	page.Click("link", "Parked")
	parked := page.In("article", a.Name)
	parked.See("the books do not add up")
	both(page)
	owner := rig.SignIn(t, a.Owner)
	owner.Open(a.Path("/users"))
	owner.See("Billing of " + a.Name + " is on hold")
	both(owner)
	parked.Click("button", "Try again")
	page.See(a.Name + " is open again")
	owner.Reload()
	owner.Has("heading", "Users")
	owner.Gone("is on hold")
}

// park puts an account on hold as a close does that finds something wrong.
func park(t *testing.T, rig *browsertest.Rig, a browsertest.Account) {
	t.Helper()
	at, names := rig.Stack.Database(), map[string]string{}
	for _, table := range rig.Stack.Template().Tables {
		names[table.ID] = table.Name
	}
	client := dynamodb.New(dynamodb.Options{Region: at.Region, BaseEndpoint: aws.String(at.Endpoint), Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: at.AccessKey, SecretAccessKey: "local"}, nil
	})})
	s := store.New(client, store.Options{SeatsTable: names["SeatsTable"], KeysTable: names["KeysTable"]})
	id := seats.AccountID(a.ID)
	view, err := s.Load(t.Context(), seats.Want{Account: id})
	if err != nil {
		t.Fatal(err)
	}
	parked := *view.Account
	parked.Rev++
	parked.Status, parked.ParkedFor = seats.AccountParked, "the books do not add up"
	if err := s.Commit(t.Context(), id, &seats.Change{Account: &seats.AccountWrite{Account: &parked, From: view.Account.Rev}}); err != nil {
		t.Fatal(err)
	}
}
