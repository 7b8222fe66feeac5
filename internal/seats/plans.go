package seats

import (
	"cmp"
	"context"
	"slices"

	"github.com/usher-seats/usher/internal/billing"
)

// ListPlans gives the newest version of every plan that has a price in the account's
// currency, by product, interval and rank: what the account could subscribe to, without
// a trial where it has had the product. It is for who sees the whole account.
func (s *Service) ListPlans(ctx context.Context, caller Caller, account AccountID) (*Access, []*Plan, error) {
	access, err := s.Enter(ctx, caller, account)
	if err != nil {
		return nil, nil, err
	}
	if !Can(access.Me.Role, SeeAccount, nil) {
		return nil, nil, ErrForbidden
	}
	all, err := s.PublishedPlans(ctx)
	if err != nil {
		return nil, nil, err
	}
	subs, err := s.Store.Subscriptions(ctx, account)
	if err != nil {
		return nil, nil, err
	}
	var plans []*Plan
	for _, p := range all {
		if _, priced := p.Prices[access.Account.Currency]; !priced {
			continue
		}
		if slices.ContainsFunc(subs, func(sub *Subscription) bool { return sub.Product == p.Product.ID }) {
			again := *p
			again.Policies.TrialDays = 0
			p = &again
		}
		plans = append(plans, p)
	}
	return access, plans, nil
}

// PublishedPlans gives the newest version of every plan, by product, interval and rank.
// It is for the vendor's staff, which may see it all; the caller checks that.
func (s *Service) PublishedPlans(ctx context.Context) ([]*Plan, error) {
	all, err := s.Store.Plans(ctx)
	if err != nil {
		return nil, err
	}
	plans := slices.Clone(all)
	slices.SortFunc(plans, func(a, b *Plan) int {
		return cmp.Or(
			cmp.Compare(a.Product.ID, b.Product.ID), cmp.Compare(lengthOf(a.Interval), lengthOf(b.Interval)),
			cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.ID, b.ID),
		)
	})
	return plans, nil
}

// lengthOf orders intervals, the shorter first.
func lengthOf(interval billing.Interval) int {
	if interval == billing.Year {
		return 1
	}
	return 0
}
