package audit

import (
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

func (b *books) checkAccount() {
	a, item := b.account, string(b.id)
	b.expect(a.ID == b.id && a.ID.Valid(), AccountItem, item, "is stored with the id %s", a.ID)
	b.expect(a.Rev >= 1, AccountItem, item, "has revision %d", a.Rev)
	_, err := money.ParseCurrency(string(a.Currency))
	b.expect(err == nil, AccountItem, item, "has the currency %q", a.Currency)
	_, err = time.LoadLocation(a.Zone)
	b.expect(err == nil && a.Zone != "" && a.Zone != "Local", AccountItem, item, "has the time zone %q", a.Zone)
	b.expect(a.CreditMinor >= 0, AccountItem, item, "has a credit of %d", a.CreditMinor)
	b.expect(a.Status == seats.AccountOpen && a.ParkedFor == "" || a.Status == seats.AccountParked && a.ParkedFor != "",
		AccountItem, item, "is %q for the reason %q", a.Status, a.ParkedFor)
	b.expect(a.Test != a.Clock.IsZero(), AccountItem, item, "test is %t and the clock stands at %s", a.Test, a.Clock)
	b.expect(!a.OpenedAt.IsZero(), AccountItem, item, "has no instant of opening")
	b.expect(a.TaxPPM >= 0 && a.TaxPPM <= billing.MaxTaxPPM, AccountItem, item, "has a tax rate of %d ppm", a.TaxPPM)
	b.expect(a.Anchor.Valid() || len(b.subs) == 0, AccountItem, item, "has the anchor %s", a.Anchor)
	b.checkDue()
}

// checkDue compares the due instant with the earliest of the subscriptions. While
// licenses are released, the instant at which their seats were given back stays due.
func (b *books) checkDue() {
	var due time.Time
	for _, sub := range b.subs {
		if at := sub.DueAt(); !at.IsZero() && (due.IsZero() || at.Before(due)) {
			due = at
		}
	}
	releasing := slices.ContainsFunc(b.subs, func(s *seats.Subscription) bool {
		return s.Free < 0 && !b.account.Due.Before(s.Period.Start) && !b.account.Due.After(s.Period.End)
	})
	b.expect(b.account.Due.Equal(due) || releasing, AccountItem, string(b.id), "is due at %s, its subscriptions at %s first", stamp(b.account.Due), stamp(due))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func (b *books) checkOwner() {
	owners := 0
	for _, u := range b.users {
		if u.Role != seats.Owner {
			continue
		}
		owners++
		b.expect(u.Status == seats.UserActive, OneOwner, string(u.ID), "is the owner and %s", u.Status)
		b.expect(u.ID == b.account.Owner, OneOwner, string(u.ID), "is an owner, the account names %s", b.account.Owner)
	}
	b.expect(owners == 1, OneOwner, string(b.account.Owner), "there are %d owners", owners)
}

func (b *books) checkUser(u *seats.User) {
	item := string(u.ID)
	b.expect(u.ID.Valid(), UserItem, item, "is no user id")
	b.expect(u.Account == b.id, UserItem, item, "is stored here and belongs to %s", u.Account)
	b.expect(u.Test == b.account.Test, UserItem, item, "test is %t, the account's is %t", u.Test, b.account.Test)
	b.expect(u.Rev >= 1, UserItem, item, "has revision %d", u.Rev)
	b.expect(!u.AddedAt.IsZero(), UserItem, item, "has no instant of adding")
	_, known := seats.ParseRole(string(u.Role))
	b.expect(known, UserItem, item, "has the role %q", u.Role)
	email, err := seats.NormalizeEmail(u.Email)
	b.expect(err == nil && email == u.Email, UserItem, item, "has an email that is not in its one form")
	b.expect(u.Status == seats.UserActive || len(u.Licenses) == 0, UserItem, item, "is %s and holds %d licenses", u.Status, len(u.Licenses))
	b.expect(u.Status != seats.UserInvited || u.Subject == "", UserItem, item, "is invited and bound to an identity already")
	for product, l := range u.Licenses {
		sub := b.bySub[string(l.Subscription)]
		b.expect(sub != nil && sub.Product == product, UserItem, item, "holds a license of %s by %s, which is no such subscription", product, l.Subscription)
		b.expect(!l.Since.IsZero(), UserItem, item, "holds a license of %s since never", product)
		b.expect(b.byUser[l.By] != nil, UserItem, item, "holds a license of %s given by %s, who is no user here", product, l.By)
	}
	b.checkInvitation(u)
}

// invitationFits reports whether an invitation may be so beside a user's status.
func invitationFits(status seats.UserStatus, i *seats.Invitation) bool {
	switch status {
	case seats.UserInvited:
		return i != nil && (i.State == seats.InvitationOpen || i.State == seats.InvitationExpired)
	case seats.UserActive, seats.UserDeactivated:
		return i == nil || i.State == seats.InvitationAccepted
	case seats.UserRemoved:
		return i == nil || i.State == seats.InvitationAccepted || i.State == seats.InvitationCancelled
	}
	return false
}

func (b *books) checkInvitation(u *seats.User) {
	i, item := u.Invitation, string(u.ID)
	state := seats.InvitationState("none")
	if i != nil {
		state = i.State
	}
	b.expect(invitationFits(u.Status, i), UserItem, item, "is %q and the invitation is %s", u.Status, state)
	if i == nil {
		return
	}
	b.expect(i.Generation >= 1, UserItem, item, "has an invitation of generation %d", i.Generation)
	b.expect(i.ExpiresAt.Equal(i.SentAt.Add(seats.InvitationTTL)), UserItem, item, "has an invitation sent at %s that expires at %s", stamp(i.SentAt), stamp(i.ExpiresAt))
	b.expect(b.byUser[i.Inviter] != nil, UserItem, item, "was invited by %s, who is no user here", i.Inviter)
	b.expect(!i.Reserved || i.State == seats.InvitationOpen, UserItem, item, "keeps a seat for an invitation that is %s", i.State)
	b.expect(i.Subscription == "" && !i.Reserved || i.Subscription != "" && b.subscription(i.Subscription) != nil,
		UserItem, item, "was invited with a license of %q, reserved %t", i.Subscription, i.Reserved)
}

// checkGuards holds users and guards against each other, both ways.
func (b *books) checkGuards() {
	wanted := map[Guard]bool{}
	for _, u := range b.users {
		if u.Status == seats.UserRemoved {
			continue
		}
		wanted[Guard{EmailGuard, u.Email, u.ID}] = true
		if u.Subject != "" {
			wanted[Guard{SignInGuard, u.Subject, u.ID}] = true
		}
	}
	for _, u := range b.users {
		for _, kind := range []GuardKind{EmailGuard, SignInGuard} {
			value := u.Email
			if kind == SignInGuard {
				value = u.Subject
			}
			g := Guard{kind, value, u.ID}
			b.expect(!wanted[g] || b.guards[g], Guards, string(u.ID), "has no %s guard that leads here", kind)
		}
	}
	for g := range b.guards {
		if !wanted[g] && b.listed {
			b.found(Guards, string(g.User), "has an %s guard that no user of the account needs", g.Kind)
		}
	}
}

func (b *books) checkPool(sub *seats.Subscription) {
	item := string(sub.ID)
	product, err := sub.ID.Product()
	b.expect(err == nil && product == sub.Product, PoolItem, item, "is stored under the product %s", sub.Product)
	b.expect(sub.Account == b.id, PoolItem, item, "is stored here and belongs to %s", sub.Account)
	b.expect(sub.Rev >= 1, PoolItem, item, "has revision %d", sub.Rev)
	b.expect(sub.Status == seats.SubscriptionActive || sub.Status == seats.SubscriptionEnded, PoolItem, item, "has the status %q", sub.Status)
	plan := b.plans[sub.Plan]
	ended := sub.Status == seats.SubscriptionEnded
	// Nobody has seats where all users are billed, nor once it is over. A plan of
	// automatic seats may leave none, also to the plan that follows it.
	most := int64(billing.MaxSeats)
	if ended || plan != nil && plan.Policies.ActiveUsers() {
		most = 0
	}
	b.expect(sub.Seats >= 0 && sub.Seats <= most, PoolItem, item, "has %d seats", sub.Seats)
	b.expect(sub.ForecastMinor >= 0, PoolItem, item, "has a forecast of %d", sub.ForecastMinor)
	b.expect(!ended || sub.Pending == nil && sub.PendingPlan == nil && sub.Cancel == nil && len(sub.Unbilled) == 0 && !sub.Trial, PoolItem, item, "has ended and something is pending")
	b.expect(sub.SettleAt.IsZero() || len(sub.Unbilled) > 0, PoolItem, item, "is settled at %s, and nothing waits", stamp(sub.SettleAt))
	if p := sub.Pending; p != nil {
		// Seats for a plan of seats that follows on one of active users are no decrease.
		begins := plan != nil && plan.Policies.ActiveUsers() && sub.PendingPlan != nil
		b.expect(p.Seats >= 1 && (p.Seats < sub.Seats || begins), PoolItem, item, "has %d seats and %d pending", sub.Seats, p.Seats)
		b.expectBy(item, "a decrease", p.By, p.Event)
	}
	if p := sub.PendingPlan; p != nil {
		next := b.plans[p.Plan]
		b.expect(next != nil && next.Product.ID == sub.Product && p.Plan != sub.Plan, PoolItem, item, "has the plan %s version %d scheduled", p.Plan.ID, p.Plan.Version)
		b.expectBy(item, "a change of the plan", p.By, p.Event)
	}
	if p := sub.Cancel; p != nil {
		b.expectBy(item, "a cancellation", p.By, p.Event)
	}
	var inUse, reserved int64
	for _, u := range b.users {
		if _, ok := u.Licenses[sub.Product]; ok {
			inUse++
		}
		if u.HoldsSeat() == sub.Product {
			reserved++
		}
	}
	b.expect(sub.Free == sub.Seats-inUse-reserved, PoolCount, item, "has %d seats, %d licenses and %d reservations, and counts %d free", sub.Seats, inUse, reserved, sub.Free)
	b.expect(sub.Free >= 0, PoolCount, item, "is short of %d seats: a close has not released them yet", -sub.Free)
	b.checkPeriod(sub)
}

// expectBy demands that somebody scheduled something: a user, or an operator, who is
// none.
func (b *books) expectBy(item, what string, by seats.UserID, event seats.EventID) {
	e := b.byEvent[event]
	b.expect(b.byUser[by] != nil || by == "" && e != nil && e.Actor.Kind == seats.ActorOperator, PoolItem, item, "has %s by %q, who is no user here", what, by)
}

// checkPeriod compares the stored period with the anchor's boundaries.
func (b *books) checkPeriod(sub *seats.Subscription) {
	p, item := sub.Period, string(sub.ID)
	b.expect(p.Start.Before(p.End), Cycles, item, "has a period from %s to %s", stamp(p.Start), stamp(p.End))
	plan := b.plans[sub.Plan]
	if !b.expect(plan != nil, PoolItem, item, "is on the plan %s version %d, which does not exist", sub.Plan.ID, sub.Plan.Version) {
		return
	}
	b.expect(plan.Product.ID == sub.Product, PoolItem, item, "is on a plan of the product %s", plan.Product.ID)
	if !b.account.Anchor.Valid() {
		return
	}
	if sub.Trial {
		b.expect(p.Start.Equal(sub.StartedAt) && p.StartDate.DaysUntil(p.EndDate) > 0 && b.boundary(p.EndDate, p.End), Cycles, item,
			"has a trial from %s to %s", stamp(p.Start), stamp(p.End))
		return
	}
	if sub.Status == seats.SubscriptionEnded && p.Start.Equal(sub.StartedAt) && b.boundary(p.EndDate, p.End) {
		return // it may have ended with its trial
	}
	b.expect(p.StartDate == billing.Boundary(b.account.Anchor, p.Index), Cycles, item, "period %d starts on %s", p.Index, p.StartDate)
	b.expect(p.EndDate == billing.Boundary(b.account.Anchor, p.Index+steps(plan.Interval)), Cycles, item, "period %d ends on %s", p.Index, p.EndDate)
	b.expect(b.boundary(p.EndDate, p.End), Cycles, item, "the period's end %s is no start of %s", stamp(p.End), p.EndDate)
	b.expect(b.boundary(p.StartDate, p.Start), Cycles, item, "the period's start %s is no start of %s", stamp(p.Start), p.StartDate)
}

func steps(interval billing.Interval) int {
	const monthsPerYear = 12
	if interval == billing.Year {
		return monthsPerYear
	}
	return 1
}

// boundary reports whether a date began at an instant in a zone of the account. An
// account whose settings changed may have lived in a zone that nothing names any
// more; then any zone of the world will do.
func (b *books) boundary(d billing.Date, at time.Time) bool {
	for _, loc := range b.zones {
		if d.StartIn(loc).Equal(at) {
			return true
		}
	}
	const mostFromUTC = 16 * time.Hour
	return b.moved && d.StartIn(time.UTC).Sub(at).Abs() <= mostFromUTC
}
