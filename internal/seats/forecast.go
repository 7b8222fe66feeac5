package seats

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// Limits of a forecast: further ahead prices will have changed, and more changes are
// no question that a person asks.
const (
	MaxForecastMonths = 36
	MaxWhatIfs        = 12
)

// WhatIf is a change that nobody has made, to see what would become of it.
type WhatIf struct {
	// At is when it would be made; zero for now.
	At time.Time
	// PlanID is the plan asked for, or "" to keep the plan; Seats the seats, or 0 to
	// keep them.
	PlanID string
	Seats  int64
	// Cancel ends the subscription with the cycle that runs then.
	Cancel bool
}

// Forecast is what an account's documents will be if nothing happens but what is
// supposed.
type Forecast struct {
	Account     *Account
	From, Until time.Time
	Documents   []Foreseen
	// DueMinor is what all invoices leave to be paid.
	DueMinor int64
	// Subscription is how the subscription stands at the end.
	Subscription *Subscription
}

// Foreseen is one invoice or credit note to come, without a number of its own.
type Foreseen struct {
	At       time.Time
	Document *billing.Invoice
}

// Forecast computes the documents of the months to come, by the closes themselves and
// the changes as they would be confirmed, and writes nothing. Changes that would be
// refused are refused. Active users are taken to stay as they are.
func (s *Service) Forecast(ctx context.Context, caller Caller, account AccountID, id SubscriptionID, months int, changes []WhatIf) (*Forecast, error) {
	t, sub, _, err := s.readSpending(ctx, command{caller: caller, account: account}, id)
	if err != nil {
		return nil, err
	}
	if months < 1 || months > MaxForecastMonths || len(changes) > MaxWhatIfs {
		return nil, ErrInvalid.With("Ask for a forecast of 1 to %d months, with at most %d changes.", MaxForecastMonths, MaxWhatIfs)
	}
	subs, err := s.Store.Subscriptions(ctx, account)
	if err != nil {
		return nil, err
	}
	p := &prophet{Service: s, turn: t, id: id, product: sub.Product}
	p.out = &Forecast{Account: t.Account, From: t.Now, Until: t.Now.AddDate(0, months, 0)}
	if p.closing, err = s.ahead(ctx, t.Account, subs); err != nil {
		return nil, err
	}
	changes = slices.Clone(changes)
	slices.SortStableFunc(changes, func(a, b WhatIf) int { return a.At.Compare(b.At) })
	for i := range changes {
		if err := p.suppose(ctx, &changes[i]); err != nil {
			return nil, err
		}
	}
	if err := p.until(p.out.Until); err != nil {
		return nil, err
	}
	p.out.Subscription = p.find()
	return p.out, nil
}

// prophet goes through the future of an account.
type prophet struct {
	*Service
	*closing
	turn    *turn
	id      SubscriptionID
	product string
	out     *Forecast
}

func (p *prophet) find() *Subscription {
	i := slices.IndexFunc(p.subs, func(sub *Subscription) bool { return sub.ID == p.id })
	if i < 0 {
		return nil
	}
	return p.subs[i]
}

// until goes on to an instant, through everything that is due before it or at it.
func (p *prophet) until(at time.Time) error {
	for !p.account.Due.IsZero() && !p.account.Due.After(at) {
		f, err := p.next()
		if err != nil || f == nil {
			return err
		}
		if err := p.issue(f.at, f.note, f.invoice); err != nil {
			return err
		}
	}
	return nil
}

func (p *prophet) issue(at time.Time, documents ...*billing.Invoice) (err error) {
	for _, document := range documents {
		if document == nil || err != nil {
			continue
		}
		p.out.Documents = append(p.out.Documents, Foreseen{At: at, Document: document})
		if document.Kind == billing.KindInvoice {
			p.out.DueMinor, err = money.AddInt(p.out.DueMinor, document.AmountDueMinor)
		}
	}
	return err
}

// suppose makes one change at its instant.
func (p *prophet) suppose(ctx context.Context, w *WhatIf) error {
	at := w.At
	if at.IsZero() {
		at = p.out.From
	}
	if at.Before(p.out.From) || !at.Before(p.out.Until) {
		return ErrInvalid.With("Suppose changes from now on and before %s, the end of the forecast.", p.out.Until.Format(time.RFC3339))
	}
	if err := p.until(at); err != nil {
		return err
	}
	sub := p.find()
	if sub == nil || sub.Status != SubscriptionActive {
		return ErrStateConflict.With("By %s the subscription has ended. Suppose no change after that.", at.Format(time.RFC3339))
	}
	t, plan := p.then(sub, at)
	change, err := p.decide(ctx, t, sub, plan, w)
	if err != nil {
		return err
	}
	p.adopt(sub, change)
	return p.issue(at, change.dueNow)
}

// then is a turn of a change that is made at an instant of the future.
func (p *prophet) then(sub *Subscription, at time.Time) (*turn, *Plan) {
	t := *p.turn
	t.Account, t.Now, t.Mint = p.account, at, &Minter{At: at, Wall: t.Wall}
	plan := p.plans[sub.Plan]
	t.Plans, t.Renewals = map[string]*Plan{p.product: plan}, map[string]*Plan{}
	if sub.PendingPlan != nil {
		t.Renewals[p.product] = p.plans[sub.PendingPlan.Plan]
	}
	return &t, plan
}

func (p *prophet) decide(ctx context.Context, t *turn, sub *Subscription, plan *Plan, w *WhatIf) (*moneyChange, error) {
	if w.Cancel {
		if w.PlanID != "" || w.Seats != 0 {
			return nil, ErrInvalid.With("A supposed change is either a cancellation or one of plan and seats. Send two.")
		}
		return decideCancel(t, sub, plan, moneyWant{cancel: true})
	}
	want, target := moneyWant{seats: w.Seats}, plan
	if w.PlanID != "" {
		var err error
		if target, err = p.offered(ctx, w.PlanID); err != nil {
			return nil, err
		}
		want.plan, p.plans[target.Ref()] = target, target
		if target.Policies.ActiveUsers() && p.active == nil {
			if p.active, err = p.readActivity(ctx, p.turn.Account, p.out.From, p.closing.wall); err != nil {
				return nil, err
			}
		}
	}
	return decideMoneyChange(t, sub, plan, want, t.newQuote(sub, target, w.Seats))
}

// adopt goes on from a change: what it takes is released at once.
func (p *prophet) adopt(was *Subscription, change *moneyChange) {
	next := change.write.Subscription
	next.Free = max(next.Free, 0)
	p.subs[slices.Index(p.subs, was)] = next
	a := *cmp.Or(change.account, p.account)
	a.Due = time.Time{}
	for _, sub := range p.subs {
		if due := sub.DueAt(); !due.IsZero() {
			a.Due = earlier(a.Due, due)
		}
	}
	p.account = &a
	p.turn.Me = cmp.Or(change.me, p.turn.Me)
}
