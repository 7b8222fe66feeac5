package story

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

type quote struct {
	ID          string    `json:"quote_id"`
	Seats       int64     `json:"seats"`
	DueNow      amount    `json:"amount_due_now"`
	InvoiceNow  *invoice  `json:"invoice_now"`
	NextInvoice *invoice  `json:"next_invoice"`
	EffectiveAt time.Time `json:"effective_at"`
}

func (p *player) quote(ctx context.Context, seats int64) (quote, error) {
	var q quote
	err := p.owner.call(ctx, http.MethodPost, p.subPath("/quotes"), map[string]int64{"seats": seats}, &q)
	return q, err
}

func (p *player) confirm(ctx context.Context, q quote) (*invoice, error) {
	var change struct {
		Invoice *invoice `json:"invoice"`
	}
	err := p.owner.call(ctx, http.MethodPost, p.subPath("/seat-changes"), map[string]any{"quote_id": q.ID, "agreement_accepted": true}, &change)
	return change.Invoice, err
}

func (p *player) invoices(ctx context.Context) ([]invoice, error) {
	var list struct {
		Items []invoice `json:"items"`
	}
	err := p.owner.call(ctx, http.MethodGet, p.path("/invoices"), nil, &list)
	return list.Items, err
}

func (p *player) buy(ctx context.Context) error {
	p.chapter("Olga buys three seats, knowing the price before she agrees")
	q, err := p.quote(ctx, 8)
	if err != nil {
		return err
	}
	p.say("The quote: 8 seats, %s due now (%s), next invoice %s.", q.DueNow, q.InvoiceNow.Lines[0].Description, q.NextInvoice.Total)
	if err := expect("due now", q.DueNow.AmountMinor, 1800); err != nil {
		return err
	}
	if err := expect("next invoice", q.NextInvoice.Total.AmountMinor, 16000); err != nil {
		return err
	}
	charged, err := p.confirm(ctx, q)
	if err != nil {
		return err
	}
	p.say("She agrees and is charged exactly that: invoice %d, %s.", charged.Number, charged.AmountDue)
	if err := expect("charged", charged.AmountDue, q.DueNow); err != nil {
		return err
	}
	if _, err := p.confirm(ctx, q); refused(err, "quote_stale") != nil {
		return refused(err, "quote_stale")
	}
	p.say("The same quote again answers quote_stale and charges nothing.")
	m, err := p.stack.mailTo(ctx, p.email("olga"), "8 seats", p.seen)
	if err != nil {
		return err
	}
	p.say("olga gets a mail: %q.", m.Subject)
	return nil
}

func (p *player) drop(ctx context.Context) error {
	p.chapter("Next month four seats are enough")
	q, err := p.quote(ctx, 4)
	if err != nil {
		return err
	}
	p.say("The quote: nothing due now; 4 seats from %s; until then all 8 stay usable.", q.EffectiveAt.Format("2 January 2006, 15:04 UTC"))
	if err := expect("due now", q.DueNow.AmountMinor, 0); err != nil {
		return err
	}
	if _, err := p.confirm(ctx, q); err != nil {
		return err
	}
	p.say("Five seats are in use, so the next invoice is foreseen with five: %s.", q.NextInvoice.Total)
	return expect("next invoice", q.NextInvoice.Total.AmountMinor, 10000)
}

func (p *player) close(ctx context.Context) error {
	p.chapter("The month ends")
	if err := p.clock(ctx, closesAt); err != nil {
		return err
	}
	invoices, err := p.invoices(ctx)
	if err != nil {
		return err
	}
	if err := expect("invoices", len(invoices), 3); err != nil {
		return err
	}
	last := invoices[0]
	for _, l := range last.Lines {
		p.say("Invoice %d: %s: %s.", last.Number, l.Description, l.Amount)
	}
	if err := expect("invoice", fmt.Sprint(last.Number, last.Total.AmountMinor), fmt.Sprint(3, 10000)); err != nil {
		return err
	}
	m, err := p.stack.mailTo(ctx, p.email("olga"), "nvoice 3", p.seen)
	if err != nil {
		return err
	}
	p.say("olga gets a mail: %q.", m.Subject)
	at, err := p.pool(ctx, p.owner)
	if err != nil {
		return err
	}
	p.say("The decrease to 4 took effect as its policy says: five seats are in use, so five stay and nobody lost a license.")
	return expect("pool", at, pool{Seats: 5, InUse: 5})
}

func (p *player) closeAgain(ctx context.Context) error {
	p.chapter("The close runs a second time")
	var again struct {
		Closed int `json:"closed"`
	}
	if err := p.operator.call(ctx, http.MethodPost, "/v1/operator/accounts/"+p.account+"/close", nil, &again); err != nil {
		return err
	}
	invoices, err := p.invoices(ctx)
	if err != nil {
		return err
	}
	p.say("It closes %d cycles; there are still %d invoices, numbered 1 to %d.", again.Closed, len(invoices), invoices[0].Number)
	if err := expect("closed", again.Closed, 0); err != nil {
		return err
	}
	return expect("invoices", len(invoices), 3)
}
