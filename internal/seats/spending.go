package seats

import (
	"context"
	"time"

	"github.com/usher-seats/usher/internal/money"
)

// maySpend is the running subscription whose money the caller may move. Operators
// may move all.
func (t *turn) maySpend(id SubscriptionID) (*Subscription, *Plan, error) {
	sub, plan, err := t.subscription(id)
	switch {
	case err != nil:
		return nil, nil, err
	case !t.spends(plan):
		return nil, nil, ErrForbidden.With("Your role may not change what is bought. Ask the owner or a billing admin.")
	case sub.Status != SubscriptionActive:
		return nil, nil, ErrStateConflict.With("This subscription has ended. Subscribe again.")
	}
	return sub, plan, nil
}

// readSpending reads a subscription whose money the caller may move.
func (s *Service) readSpending(ctx context.Context, cmd command, id SubscriptionID) (*turn, *Subscription, *Plan, error) {
	product, err := id.Product()
	if err != nil {
		return nil, nil, nil, err
	}
	cmd.want.Products = []string{product}
	t, err := s.read(ctx, cmd)
	if err != nil {
		return nil, nil, nil, err
	}
	sub, plan, err := t.maySpend(id)
	return t, sub, plan, err
}

// maySpendOf is maySpend of a subscription, for a command that needs no more.
func maySpendOf(id SubscriptionID) func(*turn) error {
	return func(t *turn) error {
		_, _, err := t.maySpend(id)
		return err
	}
}

// spends reports whether who acts may move the money of a plan's subscriptions.
func (t *turn) spends(plan *Plan) bool {
	return t.Me == nil && t.Actor.Kind == ActorOperator || t.Me != nil && Can(t.Me.Role, SpendMoney, plan)
}

// mayBuy checks that who acts may move the account to a plan.
func (t *turn) mayBuy(plan *Plan) error {
	if !t.spends(plan) {
		return ErrForbidden.With("Your role may not buy the plan %s. Ask the owner or a billing admin.", plan.Name)
	}
	return nil
}

// by is the user who acts, or nobody where the vendor's staff does.
func (t *turn) by() UserID {
	if t.Me == nil {
		return ""
	}
	return t.Me.ID
}

// spend counts a net amount that is committed at an instant against the monthly cap
// of an admin, and gives the user as it is then: nil where nothing is counted. What
// counts is what increases, upgrades and subscriptions owe for the running period, or
// for a whole one where nothing of it is owed, before credit and tax; giving seats back
// makes no room, so that a cap cannot be passed by turns. A change of plan that waits
// for the end of the cycle spends nothing in it.
func (t *turn) spend(plan *Plan, netMinor int64, at time.Time) (*User, error) {
	if t.Me == nil || t.Me.Role != Admin || netMinor <= 0 {
		return nil, nil
	}
	limit, capped := plan.Policies.AdminMonthlyCap[t.Account.Currency]
	if !capped {
		return nil, nil
	}
	loc, err := t.Account.Location()
	if err != nil {
		return nil, err
	}
	me := t.Me.clone()
	me.Rev++
	month := at.In(loc).Format("2006-01")
	if me.Spent == nil || me.Spent.Month != month {
		me.Spent = &Spending{Month: month}
	}
	spent := me.Spent.Minor
	if me.Spent.Minor, err = money.AddInt(spent, netMinor); err != nil {
		return nil, err
	}
	if me.Spent.Minor > limit {
		c := t.Account.Currency
		return nil, ErrForbidden.With("An admin may spend %s a month on this plan. You have spent %s in %s, and this is %s more. Ask the owner or a billing admin.",
			priceText(limit, c), priceText(spent, c), month, priceText(netMinor, c))
	}
	return me, nil
}

// priceText is an amount in plain figures.
func priceText(minor int64, c money.Currency) string {
	return money.Amount{Minor: minor, Currency: c}.String()
}
