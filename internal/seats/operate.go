package seats

import (
	"context"
	"errors"
)

// AccountOverview is an account as the vendor's staff sees it.
type AccountOverview struct {
	Account *Account
	Users   []*User
	Pools   []*Pool
}

// ListAccounts gives accounts in the order of their opening.
func (s *Service) ListAccounts(ctx context.Context, page Page) ([]AccountOverview, string, error) {
	ids, cursor, err := s.Store.Accounts(ctx, page)
	if err != nil {
		return nil, "", err
	}
	all, err := s.overviews(ctx, ids)
	return all, cursor, err
}

// ListParked gives the parked accounts, the longest waiting first.
func (s *Service) ListParked(ctx context.Context, page Page) ([]AccountOverview, string, error) {
	ids, cursor, err := s.Store.ParkedAccounts(ctx, page)
	if err != nil {
		return nil, "", err
	}
	all, err := s.overviews(ctx, ids)
	return all, cursor, err
}

// Overview gives one account.
func (s *Service) Overview(ctx context.Context, id AccountID) (AccountOverview, error) {
	if !id.Valid() {
		return AccountOverview{}, ErrNotFound
	}
	all, err := s.overviews(ctx, []AccountID{id})
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return AccountOverview{}, err
	}
	return all[0], nil
}

func (s *Service) overviews(ctx context.Context, ids []AccountID) ([]AccountOverview, error) {
	var all []AccountOverview
	for _, id := range ids {
		view, err := s.Store.Load(ctx, Want{Account: id})
		if err != nil {
			return nil, err
		}
		if view.Account == nil {
			continue
		}
		o := AccountOverview{Account: view.Account}
		if o.Users, err = s.users(ctx, id); err != nil {
			return nil, err
		}
		if o.Pools, err = s.pools(ctx, view.Account, o.Users, Owner, ""); err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

// CloseNow closes what is due in an account at once, for an operator who does not
// want to wait for the hour. It returns how many boundaries were closed.
func (s *Service) CloseNow(ctx context.Context, account AccountID) (int, error) {
	if !account.Valid() {
		return 0, ErrNotFound
	}
	return s.Close(ctx, account)
}

// PublishPlans writes each plan as a new version of its id, unless its newest
// version says the same already. It returns the versions that stand now.
func (s *Service) PublishPlans(ctx context.Context, plans []*Plan) ([]PlanRef, error) {
	refs := make([]PlanRef, len(plans))
	for i, plan := range plans {
		ref, err := s.publishPlan(ctx, plan)
		if err != nil {
			return nil, err
		}
		refs[i] = ref
	}
	return refs, nil
}

func (s *Service) publishPlan(ctx context.Context, plan *Plan) (PlanRef, error) {
	for range maxDecisions {
		newest, err := s.Store.Plan(ctx, PlanRef{ID: plan.ID})
		version := *plan
		switch {
		case err == nil && newest.sameOffer(plan):
			// It is listed as well, should it be from before plans were.
			return newest.Ref(), s.Store.PutPlan(ctx, newest)
		case err == nil:
			version.Version = newest.Version + 1
		case errors.Is(err, ErrNotFound):
			version.Version = 1
		default:
			return PlanRef{}, err
		}
		version.PublishedAt = s.Wall()
		err = s.Store.PutPlan(ctx, &version)
		if _, lost := conditionError(err); !lost {
			return version.Ref(), err
		}
	}
	return PlanRef{}, ErrBusy
}
