package template_test

import (
	"os"
	"strings"

	"github.com/usher-seats/usher/internal/api"
)

// driveUsage changes who is active where users are billed by that, across a cycle's end.
func (r *recording) driveUsage() {
	r.t.Helper()
	text, err := os.ReadFile("../catalog/service-desk.yaml")
	if err != nil {
		r.t.Fatal(err)
	}
	r.send(r.Operator(), "POST", "/v1/operator/catalog/publish", map[string]string{"catalog": string(text)}, nil)
	account, pool, owner := r.openWith("service-desk-monthly", 0, "olga@usage.example")
	ann := r.join(account, pool, owner, "ann@usage.example", 0)
	user := account + "/users/" + ann
	r.send(owner, "POST", user+"/deactivate", nil, nil)
	r.Pass(month)
	r.send(owner, "POST", user+"/activate", nil, nil)
	var invoices struct {
		Items []api.Invoice `json:"items"`
	}
	r.send(owner, "GET", account+"/invoices", nil, &invoices)
	r.send(owner, "GET", account+"/invoices/1.csv", nil, nil)
	if len(invoices.Items) != 1 || !strings.Contains(invoices.Items[0].Lines[0].Description, "active user") {
		r.t.Errorf("users are billed by %+v", invoices.Items)
	}
}
