package page

import (
	"net/http"
	"strings"
)

// place is a page of the console that a mail links to. There is none behind these
// addresses here, so the page says where to find the same over the API.
type place struct {
	path    string // as a pattern
	heading string
	text    string
	// call is the operation below an account that answers what the page would show.
	call string
}

// places are the addresses that mails lead to, beside the start page and /accept.
func places() []place {
	return []place{
		{"/licenses", "Seats and licenses", "The console will show here how many seats are bought, in use, reserved and free, who holds a license, and what comes next.", "/subscriptions"},
		{"/users", "People", "The console will show here everybody of the account with role and status, to invite, edit and remove.", "/users"},
		{"/invoices", "Invoices", "The console will list the account’s invoices here.", "/invoices"},
		{"/invoices/{number}", "Invoice {number}", "The console will show the invoice here, with every line explained and the PDF.", "/invoices/{number}"},
		{"/plan", "Plan", "The console will show here the plan, what it costs, and what else there is.", "/plans"},
		{"/requests", "Requests", "The console will list here what the vendor was asked for and what was answered.", "/requests"},
		{"/requests/{number}", "A request", "The console will show the request here, with its numbers and the answer.", "/requests/{number}"},
	}
}

type placeBody struct {
	Heading, Text string
	Rows          []placeRow
	Problem       string
}

// placeRow is the same page's operation in one account, and who may call it.
type placeRow struct {
	Account string
	Call    string
	Owner   personView
}

func (p *pages) place(place place) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		number := strings.NewReplacer("{number}", shorten(visible(r.PathValue("number")), 60))
		body := placeBody{Heading: number.Replace(place.heading), Text: place.text}
		accounts, err := p.accounts(r.Context())
		if err != nil {
			body.Problem = err.Error()
		}
		for _, one := range accounts {
			view := viewAccount(one)
			row := placeRow{Account: one.Name, Call: number.Replace("GET /v1/accounts/" + one.ID + place.call)}
			for _, person := range view.People {
				if person.Role == "owner" {
					row.Owner = person
				}
			}
			body.Rows = append(body.Rows, row)
		}
		p.show(w, http.StatusOK, "place.html", body.Heading, "", body)
	}
}
