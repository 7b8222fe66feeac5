package seats

import (
	"context"
	"strings"
	"sync"
	"time"
)

// Denial says why somebody is not entitled; empty where they are.
type Denial string

// Denials, in the order in which they are looked for.
const (
	// DeniedUser: the user is invited, deactivated or removed.
	DeniedUser Denial = "user_not_active"
	// DeniedSubscription: the account has never subscribed to the product.
	DeniedSubscription Denial = "no_subscription"
	// DeniedEnded: the subscription has ended.
	DeniedEnded Denial = "subscription_ended"
	// DeniedLicense: the user holds no license.
	DeniedLicense Denial = "no_license"
)

// Entitled is what a user may do with a product now.
type Entitled struct {
	Account AccountID
	User    UserID
	Product string
	Denied  Denial
	// Subscription and Plan are nil where there is no subscription.
	Subscription *Subscription
	Plan         *Plan
}

// entitled decides. On a plan by active users every active user is entitled; on
// another one who holds a license. A trial entitles like what follows it. A
// subscription that was cancelled ends at its instant, not when it is closed.
func entitled(u *User, sub *Subscription, plan *Plan, now time.Time) Denial {
	switch {
	case u == nil || u.Status != UserActive:
		return DeniedUser
	case sub == nil:
		return DeniedSubscription
	case sub.Status != SubscriptionActive || sub.Cancel != nil && !now.Before(sub.Period.End):
		return DeniedEnded
	case plan.Policies.ActiveUsers():
		return ""
	}
	if l, holds := u.Licenses[sub.Product]; !holds || l.Subscription != sub.ID {
		return DeniedLicense
	}
	return ""
}

// CheckEntitlement tells the vendor's server what a user may do with a product. It
// is one consistent read of the user, with account and subscription where they are
// not remembered. ErrNotFound where the account never had the user.
func (s *Service) CheckEntitlement(ctx context.Context, account AccountID, user UserID, product string) (Entitled, error) {
	if !account.Valid() || !user.Valid() {
		return Entitled{}, ErrNotFound
	}
	e, u, err := s.entitlement(ctx, account, user, product)
	if err == nil && u == nil {
		return Entitled{}, ErrNotFound
	}
	return e, err
}

// MyEntitlement tells a person what they may do with a product; account may be empty
// for who has one alone. ErrInvalid where it is empty and there are several.
func (s *Service) MyEntitlement(ctx context.Context, caller Caller, account AccountID, product string) (Entitled, error) {
	account, err := s.myAccount(ctx, caller, account)
	if err != nil {
		return Entitled{}, err
	}
	me, remembered, err := s.signIns.find(ctx, s, caller.Subject, account)
	if err != nil {
		return Entitled{}, err
	}
	for {
		e, u, err := s.entitlement(ctx, account, me, product)
		if err != nil {
			return Entitled{}, err
		}
		if err = admit(u, caller); err == nil {
			return e, nil
		}
		s.signIns.forget(caller.Subject, account)
		if !remembered {
			return Entitled{}, err
		}
		// Who was removed and invited again is another user than the one remembered.
		if me, remembered, err = s.signIns.find(ctx, s, caller.Subject, account); err != nil {
			return Entitled{}, err
		}
	}
}

// myAccount is the account that a person means.
func (s *Service) myAccount(ctx context.Context, caller Caller, account AccountID) (AccountID, error) {
	if account != "" {
		if !account.Valid() {
			return "", ErrNotFound
		}
		return account, nil
	}
	found, err := s.Store.AccountsBySignIn(ctx, caller.Subject)
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		return "", ErrNotFound
	case len(found) > 1:
		e := *ErrInvalid
		var ids []string
		for _, m := range found {
			ids = append(ids, string(m.Account))
		}
		e.Fields = []Field{{Location: "account", Message: "must say which account is meant, since you are in several: " + strings.Join(ids, ", ")}}
		return "", &e
	}
	return found[0].Account, nil
}

// entitlement reads and decides. The user is nil where there is none.
func (s *Service) entitlement(ctx context.Context, account AccountID, user UserID, product string) (Entitled, *User, error) {
	e := Entitled{Account: account, User: user, Product: product}
	if !ValidSlug(product) {
		product = "" // there is none of that name
	}
	wall := s.Wall()
	if sub := s.offers.find(account, product, wall); sub != nil {
		view, err := s.Store.Load(ctx, Want{Account: account, Users: []UserID{user}, UsersOnly: true})
		if err != nil {
			return e, nil, err
		}
		u := view.Users[user]
		if u == nil || u.Licenses[product].Subscription == "" || u.Licenses[product].Subscription == sub.ID {
			return s.entitle(ctx, e, u, sub, wall)
		}
		// The license is of a newer subscription than the one remembered.
	}
	want := Want{Account: account, Users: []UserID{user}}
	if product != "" {
		want.Products = []string{product}
	}
	view, err := s.Store.Load(ctx, want)
	if err != nil {
		return e, nil, err
	}
	if view.Account == nil {
		return e, nil, nil
	}
	sub := view.Subscriptions[product]
	if !view.Account.Test {
		s.offers.remember(sub, wall)
	}
	return s.entitle(ctx, e, view.Users[user], sub, view.Account.Now(wall))
}

func (s *Service) entitle(ctx context.Context, e Entitled, u *User, sub *Subscription, now time.Time) (Entitled, *User, error) {
	if sub != nil {
		plan, err := s.Store.Plan(ctx, sub.Plan)
		if err != nil {
			return e, nil, err
		}
		e.Subscription, e.Plan = sub, plan
	}
	e.Denied = entitled(u, sub, e.Plan, now)
	return e, u, nil
}

const (
	// LicenseTokenTTL is how long a license token is good, and so how long somebody
	// may go on offline after a license was taken.
	LicenseTokenTTL = time.Hour
	// MaxLicenseTokensPerHour bounds what one user can have signed: a token lasts an
	// hour, and people have some devices.
	MaxLicenseTokensPerHour = 60
)

// Grant is what a license token says.
type Grant struct {
	Account      AccountID
	User         UserID
	Product      string
	Entitlements []Entitlement
	Epoch        int64
	// IssuedAt and ExpiresAt are wall clock, in whole seconds.
	IssuedAt, ExpiresAt time.Time
}

// GrantLicense decides what a license token for the caller says: good for
// LicenseTokenTTL, or until a cancelled subscription ends. Nothing remembered is used.
// ErrForbidden where the caller is not entitled.
func (s *Service) GrantLicense(ctx context.Context, caller Caller, account AccountID, product string) (Grant, error) {
	account, err := s.myAccount(ctx, caller, account)
	if err != nil {
		return Grant{}, err
	}
	cmd := command{caller: caller, account: account, noCatchUp: true}
	if ValidSlug(product) {
		cmd.want.Products = []string{product}
	}
	t, err := s.read(ctx, cmd)
	if err != nil {
		return Grant{}, err
	}
	g, err := decideGrant(t, product)
	if err != nil {
		return Grant{}, err
	}
	return g, s.Limit(ctx, "license-token#"+string(t.Me.ID), MaxLicenseTokensPerHour, time.Hour)
}

func decideGrant(t *turn, product string) (Grant, error) {
	sub, plan := t.Subscriptions[product], t.Plans[product]
	now := t.Account.Now(t.Wall)
	if denied := entitled(t.Me, sub, plan, now); denied != "" {
		return Grant{}, ErrForbidden.With("%s Ask your administrator.", map[Denial]string{
			DeniedSubscription: "Your company has not subscribed to this product.",
			DeniedEnded:        "Your company's subscription to this product has ended.",
			DeniedLicense:      "You have no license of this product.",
		}[denied])
	}
	g := Grant{
		Account: t.Account.ID, User: t.Me.ID, Product: product, Entitlements: plan.Product.Entitlements, Epoch: t.Account.Epoch,
		IssuedAt: t.Wall.Truncate(time.Second),
	}
	g.ExpiresAt = g.IssuedAt.Add(LicenseTokenTTL)
	// A test account's end is on a clock that tokens do not go by.
	if end := sub.Period.End; sub.Cancel != nil && !t.Account.Test && end.Before(g.ExpiresAt) {
		g.ExpiresAt = end
	}
	return g, nil
}

// RevokeTokens moves the account's epoch, so that license tokens from before it are
// refused by who follows the account's events. It returns the new epoch.
func (s *Service) RevokeTokens(ctx context.Context, operator Actor, account AccountID, once Once[int64]) (Reply[int64], error) {
	cmd := command{operator: &operator, account: account, noCatchUp: true}
	return run(ctx, s, cmd, once, func(t *turn) (*Change, int64, error) {
		a := *t.Account
		a.Rev++
		a.Epoch++
		return &Change{
			Account: &AccountWrite{Account: &a, From: t.Account.Rev},
			Events:  []Event{t.event(TokensRevoked, EventData{Epoch: a.Epoch}, Rev{string(a.ID), a.Rev})},
		}, a.Epoch, nil
	})
}

const (
	// poolCacheTTL is how late a check sees another plan's entitlements.
	poolCacheTTL = 10 * time.Second
	// poolCacheSize bounds the memory of one function instance.
	poolCacheSize = 10_000
)

// poolCache remembers the running subscriptions of ordinary accounts for checks of
// entitlements. It never outlives a period, at whose end a subscription may end, and
// knows nothing of people, who are read every time.
type poolCache struct {
	mu    sync.Mutex
	pools map[string]cachedPool
}

type cachedPool struct {
	sub   *Subscription
	until time.Time
}

func (c *poolCache) find(account AccountID, product string, now time.Time) *Subscription {
	c.mu.Lock()
	defer c.mu.Unlock()
	if hit, ok := c.pools[string(account)+"#"+product]; ok && now.Before(hit.until) {
		return hit.sub
	}
	return nil
}

func (c *poolCache) remember(sub *Subscription, now time.Time) {
	if sub == nil || sub.Status != SubscriptionActive {
		return
	}
	until := now.Add(poolCacheTTL)
	if sub.Period.End.Before(until) {
		until = sub.Period.End
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pools == nil || len(c.pools) >= poolCacheSize {
		c.pools = map[string]cachedPool{}
	}
	c.pools[string(sub.Account)+"#"+sub.Product] = cachedPool{sub.clone(), until}
}
