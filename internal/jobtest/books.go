package jobtest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/usher-seats/usher/internal/audit"
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

// Invoices are an account's invoices in the order of their numbers.
func (w *World) Invoices(a *Account) []billing.Invoice {
	w.t.Helper()
	issued, _, err := w.Store().Invoices(w.t.Context(), a.ID, seats.Page{Limit: 100})
	w.must(err)
	all := make([]billing.Invoice, len(issued))
	for i, one := range issued {
		all[len(all)-1-i], err = billing.ParseInvoice(one.Canonical)
		w.must(err)
	}
	return all
}

// Books are an account's money and seats as text, with ids masked: what an account
// of another world must have in the same bytes if it lived through the same.
func (w *World) Books(a *Account) string {
	w.t.Helper()
	var b strings.Builder
	for _, inv := range w.Invoices(a) {
		b.Write(inv.Canonical())
		b.WriteByte('\n')
	}
	view := w.Load(a)
	stored := view.Account
	fmt.Fprintf(&b, "due %s, %s, invoices %d, credit %d\n", stored.Due, stored.Status, stored.Invoices, stored.CreditMinor)
	for _, sub := range view.Subscriptions {
		fmt.Fprintf(&b, "%d seats, %d free, rev %d, %s to %s, pending %v, %d unbilled, forecast %d\n", sub.Seats, sub.Free, sub.Rev,
			sub.Period.Start, sub.Period.End, sub.Pending, len(sub.Unbilled), sub.ForecastMinor)
	}
	users, err := w.Store().Users(w.t.Context(), a.ID)
	w.must(err)
	slices.SortFunc(users, func(a, b *seats.User) int { return strings.Compare(a.Email, b.Email) })
	for _, u := range users {
		fmt.Fprintf(&b, "%s %s, %d licenses, holds %q\n", u.Email, u.Status, len(u.Licenses), u.HoldsSeat())
	}
	return regexp.MustCompile(`\b(acc|sub|evt|usr)_[0-9a-z]{26}`).ReplaceAllString(b.String(), "${1}_")
}

// Load reads the account and its subscription.
func (w *World) Load(a *Account) seats.View {
	w.t.Helper()
	view, err := w.Store().Load(w.t.Context(), seats.Want{Account: a.ID, Users: []seats.UserID{a.Owner}, Products: []string{"meetings"}})
	w.must(err)
	return view
}

// Clean fails the test where the auditor finds something in the accounts.
func (w *World) Clean(accounts ...*Account) {
	w.t.Helper()
	st := w.Store()
	Each(len(accounts), func(i int) {
		findings, err := audit.Account(w.t.Context(), st, accounts[i].ID, w.Clock.Now())
		if err != nil {
			w.t.Error(err)
		}
		for _, f := range findings {
			w.t.Errorf("audit: %s", f)
		}
	})
}

// Events are an account's events of a type in the months around Opening, oldest
// first.
func (w *World) Events(a *Account, kind string) []seats.Event {
	w.t.Helper()
	var found []seats.Event
	st := w.Store()
	for month := Opening().AddDate(0, -1, 0); !month.After(w.Clock.Now().AddDate(0, 1, 0)); month = month.AddDate(0, 1, 0) {
		list, _, err := st.Events(w.t.Context(), a.ID, month.Format("2006-01"), seats.Page{Limit: 100})
		w.must(err)
		for i := len(list) - 1; i >= 0; i-- {
			if list[i].Type == kind {
				found = append(found, list[i])
			}
		}
	}
	return found
}
