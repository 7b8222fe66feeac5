package store

import (
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

// countedName is the attribute of an account that changes of who is active stand under.
const countedName = "ct"

// Attributes of an account: v revision, n name, c currency, z zone, an anchor, o
// owner, in number of the last invoice, cr credit, st status, pf parked for, du
// due, te test, cl clock, op opened at, bc billing contact, cu customer, tx tax
// rate, rc reverse charge, mo mails off, pl and pv plan, ep epoch, ct counted to, er
// erased at.
func accountItem(a *seats.Account) item {
	it := newItem(accountKey(a.ID))
	it.number("v", a.Rev)
	it.text("n", a.Name)
	it.text("c", string(a.Currency))
	it.text("z", a.Zone)
	if !a.Anchor.IsZero() {
		it.text("an", a.Anchor.String())
	}
	it.id("o", "usr_", string(a.Owner))
	it.number("in", a.Invoices)
	it.number("cr", a.CreditMinor)
	it.text("st", string(a.Status))
	it.text("pf", a.ParkedFor)
	it.instant("du", a.Due)
	it.flag("te", a.Test)
	it.instant("cl", a.Clock)
	it.instant("op", a.OpenedAt)
	it.text("bc", a.BillingContact)
	it.nested("cu", partyItem(a.Customer))
	it.number("tx", a.TaxPPM)
	it.flag("rc", a.ReverseCharge)
	it.texts("mo", a.MailsOff)
	it.text("pl", a.Plan.ID)
	it.number("pv", int64(a.Plan.Version))
	it.number("ep", a.Epoch)
	it.instant(countedName, a.CountedTo)
	it.instant("er", a.ErasedAt)
	switch {
	case a.Status == seats.AccountParked:
		since := a.Due
		if since.IsZero() {
			since = a.OpenedAt
		}
		it.indexed(parkedPK, indexSK(since, string(a.ID)))
	case !a.Test && a.Status == seats.AccountOpen && !a.Due.IsZero():
		it.indexed(duePK(a.ID), indexSK(a.Due, string(a.ID)))
	}
	return it
}

func (it item) indexed(gpk, gsk string) {
	it.text(gpkName, gpk)
	it.text(gskName, gsk)
}

func readAccount(it item) (*seats.Account, error) {
	r := read(it)
	a := &seats.Account{
		ID: seats.AccountID(r.keyed(pkName, "A#")), Rev: r.number("v"), Name: r.text("n"),
		Currency: money.Currency(r.text("c")), Zone: r.text("z"), Anchor: r.date("an"),
		Owner: seats.UserID(r.id("o", "usr_")), Invoices: r.number("in"), CreditMinor: r.number("cr"),
		Status: seats.AccountStatus(r.text("st")), ParkedFor: r.text("pf"), Due: r.instant("du"),
		Test: r.flag("te"), Clock: r.instant("cl"), OpenedAt: r.instant("op"),
		BillingContact: r.text("bc"), TaxPPM: r.number("tx"), ReverseCharge: r.flag("rc"), MailsOff: r.texts("mo"),
		Plan: seats.PlanRef{ID: r.text("pl"), Version: int(r.number("pv"))}, Epoch: r.number("ep"), CountedTo: r.instant(countedName), ErasedAt: r.instant("er"),
	}
	if p, ok := r.nested("cu"); ok {
		a.Customer = p.party()
	}
	return a, r.failure()
}

func (r reader) date(name string) billing.Date {
	s := r.text(name)
	if s == "" {
		return billing.Date{}
	}
	d, err := billing.ParseDate(s)
	if err != nil {
		r.fail(name)
	}
	return d
}

// Attributes of a party: n name, l address lines, t tax id, c country, ll legal lines.
func partyItem(p billing.Party) item {
	it := item{}
	it.text("n", p.Name)
	it.texts("l", p.AddressLines)
	it.text("t", p.TaxID)
	it.text("c", p.Country)
	it.texts("ll", p.LegalLines)
	return it
}

func (r reader) party() billing.Party {
	return billing.Party{Name: r.text("n"), AddressLines: r.texts("l"), TaxID: r.text("t"), Country: r.text("c"), LegalLines: r.texts("ll")}
}
