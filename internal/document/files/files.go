// Package files draws the files of the API: documents as PDF, billed people as CSV.
package files

import (
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/document"
	"github.com/usher-seats/usher/internal/seats"
)

// Files draws files; it holds nothing.
type Files struct{}

// PDF is an invoice or credit note as PDF; see document.PDF.
func (Files) PDF(inv *billing.Invoice, logoPNG []byte) ([]byte, error) {
	return document.PDF(inv, logoPNG)
}

// CSV lists the people that an invoice bills; see document.PeopleCSV.
func (Files) CSV(inv *billing.Invoice, people []seats.BilledUser) []byte {
	rows := make([]document.Person, len(people))
	for i, p := range people {
		l := &inv.Lines[p.Line]
		rows[i] = document.Person{
			Line: p.Line + 1, ProductID: l.ProductID, PlanID: l.PlanID, PeriodStart: p.First.String(), PeriodEnd: p.Last.String(),
			UserID: string(p.ID), Days: p.Days, Licensed: p.Licensed,
		}
		if u := p.User; u != nil && !u.Erased {
			rows[i].Email, rows[i].FirstName, rows[i].LastName, rows[i].Qualification = u.Email, u.FirstName, u.LastName, u.Qualification
		}
	}
	return document.PeopleCSV(rows)
}
