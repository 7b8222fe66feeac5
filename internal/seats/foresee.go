package seats

import (
	"context"
	"errors"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// foreseen is what a due instant brings if nothing else happens until then.
type foreseen struct {
	at time.Time
	// invoice and note are the documents that it issues, or nil.
	invoice, note *billing.Invoice
	// ended reports whether a period ends, and not only a day whose changes are
	// settled.
	ended bool
}

// ahead starts a look into the future of an account that has these subscriptions. The
// closes to come are those that will be made, computed and thrown away, but for what
// cannot be closed: that is left out, so that it hides nothing else.
func (s *Service) ahead(ctx context.Context, a *Account, subs []*Subscription) (*closing, error) {
	c := &closing{account: a, subs: subs, wall: s.Wall(), ahead: true}
	var err error
	if c.plans, err = s.plansToClose(ctx, subs, true); err != nil {
		return nil, err
	}
	later := false // active users are billed from some later period on
	for _, sub := range subs {
		plan := c.plans[sub.Plan]
		if sub.PendingPlan != nil {
			plan = c.plans[sub.PendingPlan.Plan]
		}
		later = later || (sub.Trial || sub.PendingPlan != nil) && plan != nil && plan.Policies.ActiveUsers()
	}
	if err := s.readUsage(ctx, c, func(*Subscription) bool { return true }); err != nil {
		return nil, err
	}
	if c.active == nil && later {
		// Who is active now will be.
		c.active, err = s.readActivity(ctx, a, a.Now(c.wall), c.wall)
	}
	return c, err
}

// next computes what is due next and goes on to how things are then. It gives nil
// where nothing is due any more.
func (c *closing) next() (*foreseen, error) {
	at := c.account.Due
	if at.IsZero() {
		return nil, nil
	}
	c.mint = &Minter{At: at, Wall: at}
	out, err := decideClose(c)
	if err != nil {
		return nil, err
	}
	a := out.change.Account.Account
	for i, sub := range out.subs {
		if sub.Free < 0 {
			// What a close takes is released at once.
			released := *sub
			released.Free = 0
			out.subs[i] = &released
		}
	}
	a.Due = time.Time{}
	for _, sub := range out.subs {
		if due := sub.DueAt(); !due.IsZero() {
			a.Due = earlier(a.Due, due)
		}
	}
	if !a.Due.IsZero() && !a.Due.After(at) {
		// A Due that is no boundary was there for a release that was interrupted; one
		// boundary is never before another.
		return nil, errors.New("seats: a close leads nowhere")
	}
	c.account, c.subs = a, out.subs
	return &foreseen{at: at, invoice: out.invoice, note: out.note, ended: out.ended}, nil
}

// nextCycle goes on to the next instant at which a period ends. It gives nil where
// none does.
func (c *closing) nextCycle() (*foreseen, error) {
	for {
		f, err := c.next()
		if err != nil || f == nil || f.ended {
			return f, err
		}
	}
}

// preview is the invoice of the next period's end if nothing else happens; nil where
// it bills nothing.
func (s *Service) preview(ctx context.Context, a *Account, subs []*Subscription) (*billing.Invoice, error) {
	c, err := s.ahead(ctx, a, subs)
	if err != nil {
		return nil, err
	}
	f, err := c.nextCycle()
	if err != nil || f == nil {
		return nil, err
	}
	return f.invoice, nil
}

// plansToClose reads the plans that closes of the subscriptions are computed by: the
// present ones, those to come, and those that waiting changes were bought on. Where
// absent ones are left out, whoever needs one finds out.
func (s *Service) plansToClose(ctx context.Context, subs []*Subscription, leaveOut bool) (map[PlanRef]*Plan, error) {
	plans := map[PlanRef]*Plan{}
	read := func(ref PlanRef) error {
		if plans[ref] != nil {
			return nil
		}
		plan, err := s.Store.Plan(ctx, ref)
		if leaveOut && errors.Is(err, ErrNotFound) {
			return nil
		}
		if err == nil {
			plans[ref] = plan
		}
		return err
	}
	for _, sub := range subs {
		if sub.Status != SubscriptionActive {
			continue
		}
		refs := []PlanRef{sub.Plan}
		if sub.PendingPlan != nil {
			refs = append(refs, sub.PendingPlan.Plan)
		}
		for i := range sub.Unbilled {
			refs = append(refs, sub.Unbilled[i].Plan)
		}
		for _, ref := range refs {
			if err := read(ref); err != nil {
				return nil, err
			}
		}
	}
	return plans, nil
}
