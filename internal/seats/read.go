package seats

import (
	"context"
	"errors"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// Access is a caller in an account: what reads need to know of both.
type Access struct {
	Account *Account
	Me      *User
	Now     time.Time
}

// Enter admits a caller to an account for reading. Whoever has no active user in
// it gets ErrNotFound, whether the account exists or not.
func (s *Service) Enter(ctx context.Context, caller Caller, account AccountID) (*Access, error) {
	t, err := s.read(ctx, command{caller: caller, account: account})
	if err != nil {
		return nil, err
	}
	return &Access{Account: t.Account, Me: t.Me, Now: t.Now}, nil
}

// MyAccount is one account of a person, with the person's user there.
type MyAccount struct {
	Account *Account
	Me      *User
	// Products are what the account is subscribed to now, in the order of their ids:
	// what the person's entitlements can be asked about.
	Products []Product
}

// MyAccounts lists where a person is an active user. A sign-in from before the person
// was signed out of one of the accounts is refused, so that none is missed in silence.
func (s *Service) MyAccounts(ctx context.Context, caller Caller) ([]MyAccount, error) {
	found, err := s.Store.AccountsBySignIn(ctx, caller.Subject)
	if err != nil {
		return nil, err
	}
	var mine []MyAccount
	for _, m := range found {
		view, err := s.Store.Load(ctx, Want{Account: m.Account, Users: []UserID{m.User}})
		if err != nil {
			return nil, err
		}
		me := view.Users[m.User]
		err = admit(me, caller)
		switch {
		case errors.Is(err, ErrSignedOut):
			return nil, err
		case err != nil || view.Account == nil:
			continue
		}
		products, err := s.products(ctx, m.Account)
		if err != nil {
			return nil, err
		}
		mine = append(mine, MyAccount{view.Account, me, products})
	}
	return mine, nil
}

// products are those that an account is subscribed to now, in the order of their ids.
func (s *Service) products(ctx context.Context, account AccountID) ([]Product, error) {
	subs, err := s.Store.Subscriptions(ctx, account)
	if err != nil {
		return nil, err
	}
	plans, err := s.plansOf(ctx, subs)
	if err != nil {
		return nil, err
	}
	var products []Product
	for _, sub := range subs {
		if sub.Status == SubscriptionActive {
			products = append(products, plans[sub.Plan].Product)
		}
	}
	slices.SortFunc(products, func(a, b Product) int { return strings.Compare(a.ID, b.ID) })
	return products, nil
}

// GetUser gives one user; members see only themselves.
func (s *Service) GetUser(ctx context.Context, caller Caller, account AccountID, id UserID) (*User, error) {
	if !id.Valid() {
		return nil, ErrNotFound
	}
	cmd := command{caller: caller, account: account}
	cmd.want.Users = []UserID{id}
	t, err := s.read(ctx, cmd)
	if err != nil {
		return nil, err
	}
	u := t.Users[id]
	if u == nil || u.ID != t.Me.ID && !Can(t.Me.Role, SeeAccount, nil) {
		return nil, ErrNotFound
	}
	return u, nil
}

// Pool is a subscription with its plan and who uses it.
type Pool struct {
	*Subscription
	Plan *Plan
	// Renewal is the plan of the next period: the present one, or the one that follows.
	Renewal *Plan
	// InUse are licenses, or on a plan that bills active users the users who are
	// active now.
	InUse    int64
	Reserved int64
	// Next is the account's next invoice if nothing else happens; nil where it
	// bills nothing, or for who may not see money.
	Next *billing.Invoice
}

// Pools lists the subscriptions of an account, or the one with the id.
func (s *Service) Pools(ctx context.Context, caller Caller, account AccountID, id SubscriptionID) (*Access, []*Pool, error) {
	access, err := s.Enter(ctx, caller, account)
	if err != nil {
		return nil, nil, err
	}
	if !Can(access.Me.Role, SeeAccount, nil) {
		return nil, nil, ErrForbidden
	}
	pools, err := s.pools(ctx, access.Account, nil, access.Me.Role, id)
	return access, pools, err
}

// pools are an account's subscriptions, with its users where they were read before.
func (s *Service) pools(ctx context.Context, a *Account, users []*User, role Role, id SubscriptionID) ([]*Pool, error) {
	subs, err := s.Store.Subscriptions(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	if users == nil {
		if users, err = s.users(ctx, a.ID); err != nil {
			return nil, err
		}
	}
	next, err := s.preview(ctx, a, subs)
	if err != nil {
		// An account that cannot be closed can still be looked at.
		s.Log.WarnContext(ctx, "no preview", "account", a.ID, "error", err)
	}
	var pools []*Pool
	for _, sub := range subs {
		if id != "" && sub.ID != id {
			continue
		}
		plan, err := s.Store.Plan(ctx, sub.Plan)
		if err != nil {
			return nil, err
		}
		p := &Pool{Subscription: sub, Plan: plan, Renewal: plan}
		if sub.PendingPlan != nil {
			if p.Renewal, err = s.Store.Plan(ctx, sub.PendingPlan.Plan); err != nil {
				return nil, err
			}
		}
		p.count(users)
		if Can(role, SpendMoney, plan) {
			p.Next = next
		}
		pools = append(pools, p)
	}
	if id != "" && len(pools) == 0 {
		return nil, ErrNotFound
	}
	return pools, nil
}

// count counts who uses the pool. The people and the pool are not read at one instant,
// and seats change hands in between: the pool's counter says how many are used, the
// people only which of them wait for somebody. So what is shown always adds up, and is
// never more than there are. Active users are billed by what the people say.
func (p *Pool) count(users []*User) {
	billsActive := p.Plan.Policies.ActiveUsers() && p.Status == SubscriptionActive
	for _, u := range users {
		switch {
		case billsActive && u.Status == UserActive:
			p.InUse++
		case !billsActive && u.HoldsSeat() == p.Product:
			p.Reserved++
		}
	}
	if !billsActive {
		p.Reserved = max(0, min(p.Reserved, p.Used()))
		p.InUse = p.Used() - p.Reserved
	}
}

// Holder is a user with a license of a product.
type Holder struct {
	User    *User
	License License
}

// Holders lists who holds a license of a subscription, the longest first. On a plan
// that bills active users that is every active user, since they were added.
func (s *Service) Holders(ctx context.Context, caller Caller, account AccountID, id SubscriptionID) ([]Holder, error) {
	product, err := id.Product()
	if err != nil {
		return nil, err
	}
	cmd := command{caller: caller, account: account}
	cmd.want.Products = []string{product}
	t, err := s.read(ctx, cmd)
	if err != nil {
		return nil, err
	}
	sub, plan, err := t.subscription(id)
	if err != nil {
		return nil, err
	}
	users := []*User{t.Me}
	if Can(t.Me.Role, SeeAccount, nil) {
		if users, err = s.users(ctx, account); err != nil {
			return nil, err
		}
	}
	billsActive := plan.Policies.ActiveUsers() && sub.Status == SubscriptionActive
	var found []Holder
	for _, u := range users {
		l, ok := u.Licenses[product]
		if billsActive && u.Status == UserActive {
			l, ok = License{Subscription: id, Since: u.AddedAt}, true
		}
		if ok {
			found = append(found, Holder{u, l})
		}
	}
	sort.Slice(found, func(i, j int) bool {
		if a, b := found[i].License.Since, found[j].License.Since; !a.Equal(b) {
			return a.Before(b)
		}
		return found[i].User.ID < found[j].User.ID
	})
	return found, nil
}

// ListInvoices gives the account's invoices, newest first, to who may see money.
func (s *Service) ListInvoices(ctx context.Context, caller Caller, account AccountID, page Page) ([]*IssuedInvoice, string, error) {
	if _, err := s.enterMoney(ctx, caller, account); err != nil {
		return nil, "", err
	}
	return s.Store.Invoices(ctx, account, page)
}

// InvoicesOf lists an account's invoices, newest first, for the vendor's staff; the caller checks that.
func (s *Service) InvoicesOf(ctx context.Context, account AccountID, page Page) ([]*IssuedInvoice, string, error) {
	if !account.Valid() {
		return nil, "", ErrNotFound
	}
	view, err := s.Store.Load(ctx, Want{Account: account})
	if err == nil && view.Account == nil {
		err = ErrNotFound
	}
	if err != nil {
		return nil, "", err
	}
	return s.Store.Invoices(ctx, account, page)
}

// GetInvoice gives one invoice, to who may see money.
func (s *Service) GetInvoice(ctx context.Context, caller Caller, account AccountID, number int64) (*IssuedInvoice, error) {
	if _, err := s.enterMoney(ctx, caller, account); err != nil {
		return nil, err
	}
	return s.Store.Invoice(ctx, account, number)
}

// enterMoney admits who may move money of some subscription of the account.
func (s *Service) enterMoney(ctx context.Context, caller Caller, account AccountID) (*Access, error) {
	access, spends, err := s.EnterSpending(ctx, caller, account)
	if err == nil && !spends {
		err = ErrForbidden
	}
	return access, err
}

// EnterSpending is Enter, and tells whether the caller may move money of some
// subscription of the account, and so see what concerns money.
func (s *Service) EnterSpending(ctx context.Context, caller Caller, account AccountID) (access *Access, spends bool, err error) {
	access, err = s.Enter(ctx, caller, account)
	if err != nil || access.Me.Role != Admin {
		return access, err == nil && Can(access.Me.Role, SpendMoney, nil), err
	}
	// For admins it depends on the plan.
	subs, err := s.Store.Subscriptions(ctx, account)
	if err != nil {
		return nil, false, err
	}
	plans, err := s.plansOf(ctx, subs)
	if err != nil {
		return nil, false, err
	}
	for _, plan := range plans {
		spends = spends || Can(Admin, SpendMoney, plan)
	}
	return access, spends, nil
}

// EventFilter picks ledger events.
type EventFilter struct {
	User     UserID
	Type     string
	From, To time.Time
}

func (f EventFilter) matches(e *Event) bool {
	if f.Type != "" && e.Type != f.Type || !f.From.IsZero() && e.At.Before(f.From) || !f.To.IsZero() && !e.At.Before(f.To) {
		return false
	}
	return f.User == "" || e.concerns(f.User)
}

// concerns reports whether an event is about a user, or done by it.
func (e *Event) concerns(id UserID) bool {
	d := &e.Data
	if id == UserID(e.Actor.ID) || id == d.UserID || id == d.OwnerID || id == d.FromUserID || id == d.ToUserID {
		return true
	}
	for _, u := range d.UserIDs {
		if u == id {
			return true
		}
	}
	return false
}

// asSeenBy is an event that concerns a member, without the other users that it
// happened to. Who did it stays: a license says as much. What members did themselves,
// with a role that they had then, they know.
func (e Event) asSeenBy(id UserID) Event {
	if e.Actor.ID == string(id) {
		return e
	}
	if len(e.Data.UserIDs) > 0 {
		e.Data.UserIDs = []UserID{id}
	}
	var own []Rev
	for _, rev := range e.Revs {
		if rev.ID == string(id) {
			own = append(own, rev)
		}
	}
	e.Revs = own
	return e
}

// maxMonthsPerPage bounds how many months one page of the ledger looks through;
// a shorter page with a cursor is given where they hold little.
const maxMonthsPerPage = 24

// ListEvents reads the ledger, newest first. The cursor is the month and the
// store's cursor in it. Members see what concerns them.
func (s *Service) ListEvents(ctx context.Context, caller Caller, account AccountID, f EventFilter, page Page) ([]Event, string, error) {
	access, err := s.Enter(ctx, caller, account)
	if err != nil {
		return nil, "", err
	}
	seesAll := Can(access.Me.Role, SeeAccount, nil)
	if !seesAll {
		if f.User != "" && f.User != access.Me.ID {
			return nil, "", ErrForbidden
		}
		f.User = access.Me.ID
	}
	oldest := month(access.Account.OpenedAt)
	at, cursor, _ := strings.Cut(page.Cursor, "/")
	if at == "" {
		at = month(access.Now)
	}
	var found []Event
	for range maxMonthsPerPage {
		events, next, err := s.Store.Events(ctx, account, at, Page{Limit: page.Limit - len(found), Cursor: cursor})
		if err != nil {
			return nil, "", err
		}
		for i := range events {
			if !f.matches(&events[i]) {
				continue
			}
			if seesAll {
				found = append(found, events[i])
			} else {
				found = append(found, events[i].asSeenBy(access.Me.ID))
			}
		}
		cursor = next
		if cursor == "" {
			if at <= oldest {
				return found, "", nil
			}
			if at, err = monthBefore(at); err != nil {
				return nil, "", err
			}
		}
		if len(found) >= page.Limit {
			break
		}
	}
	return found, at + "/" + cursor, nil
}

func month(at time.Time) string { return at.UTC().Format("2006-01") }

func monthBefore(m string) (string, error) {
	t, err := time.Parse("2006-01", m)
	if err != nil {
		return "", ErrInvalid.With("This cursor is not one of this list. Start without a cursor.")
	}
	return month(t.AddDate(0, -1, 0)), nil
}
