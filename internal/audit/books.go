package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

// books is everything that is stored of one account, and what was found wrong.
type books struct {
	id      seats.AccountID
	account *seats.Account
	users   []*seats.User
	byUser  map[seats.UserID]*seats.User
	subs    []*seats.Subscription
	bySub   map[string]*seats.Subscription // by subscription id
	// past are subscriptions that ended and whose place a newer one took, by id, as far
	// as the ledger tells of them.
	past    map[string]*seats.Subscription
	events  []seats.Event // by id, ascending
	byEvent map[seats.EventID]*seats.Event
	// histories are the revisions of each item, ascending, with their events.
	histories map[string][]revision
	invoices  []*seats.IssuedInvoice // by number, ascending
	parsed    map[int64]*billing.Invoice
	plans     map[seats.PlanRef]*seats.Plan
	// billed are the lists of people that closes name, by event.
	billed map[seats.EventID]*seats.Billed
	guards map[Guard]bool
	listed bool // whether guards are all there are
	// zones are those that the account may have lived in.
	zones []*time.Location
	// moved is whether the account's settings ever changed, and with them maybe the
	// zone.
	moved bool
	// charges are the lines that the ledger calls for, by invoice number.
	charges map[int64][]billing.Line
	// notes are the numbers under which the ledger calls for a credit note.
	notes    map[int64]bool
	findings []Finding
}

func (b *books) found(rule Rule, item, format string, args ...any) {
	b.findings = append(b.findings, Finding{Rule: rule, Account: b.id, Item: item, Detail: fmt.Sprintf(format, args...)})
}

// expect is found where the condition does not hold.
func (b *books) expect(ok bool, rule Rule, item, format string, args ...any) bool {
	if !ok {
		b.found(rule, item, format, args...)
	}
	return ok
}

// gather reads everything of an account.
func gather(ctx context.Context, store Store, id seats.AccountID, now time.Time) (*books, error) {
	b := &books{
		id: id, byUser: map[seats.UserID]*seats.User{}, bySub: map[string]*seats.Subscription{},
		byEvent: map[seats.EventID]*seats.Event{}, parsed: map[int64]*billing.Invoice{},
		histories: map[string][]revision{},
		plans:     map[seats.PlanRef]*seats.Plan{}, guards: map[Guard]bool{}, charges: map[int64][]billing.Line{},
		past: map[string]*seats.Subscription{}, billed: map[seats.EventID]*seats.Billed{}, notes: map[int64]bool{},
	}
	view, err := store.Load(ctx, seats.Want{Account: id})
	if err != nil {
		return nil, err
	}
	if b.account = view.Account; b.account == nil {
		return b, nil
	}
	if b.users, err = store.Users(ctx, id); err != nil {
		return nil, err
	}
	if b.subs, err = store.Subscriptions(ctx, id); err != nil {
		return nil, err
	}
	for _, u := range b.users {
		b.byUser[u.ID] = u
	}
	for _, sub := range b.subs {
		b.bySub[string(sub.ID)] = sub
	}
	steps := []func() error{
		func() error { return b.gatherEvents(ctx, store, now) },
		func() error { return b.gatherInvoices(ctx, store) },
		func() error { return b.gatherPlans(ctx, store) },
		func() error { return b.gatherGuards(ctx, store) },
		func() error { return b.gatherBilled(ctx, store) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	b.gatherZones()
	b.index()
	b.gatherPast()
	return b, nil
}

const itemsPerPage = 1000

// gatherEvents reads the ledger of every month from the opening to the next due
// instant, before which nothing later can have been dated.
func (b *books) gatherEvents(ctx context.Context, store Store, now time.Time) error {
	last := b.account.Now(now)
	for _, sub := range b.subs {
		for _, at := range []time.Time{sub.Period.Start, sub.Period.End} {
			if at.After(last) && (at.Equal(sub.Period.Start) || sub.Status == seats.SubscriptionEnded) {
				last = at
			}
		}
	}
	if b.account.Due.After(last) {
		last = b.account.Due
	}
	// From the first of the month, since adding months to a 31st skips one.
	at := b.account.OpenedAt.UTC()
	month := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
	for ; !month.After(last); month = month.AddDate(0, 1, 0) {
		page := seats.Page{Limit: itemsPerPage}
		for {
			events, next, err := store.Events(ctx, b.id, month.Format("2006-01"), page)
			if err != nil {
				return err
			}
			b.events = append(b.events, events...)
			if next == "" {
				break
			}
			page.Cursor = next
		}
	}
	slices.SortStableFunc(b.events, func(x, y seats.Event) int { return cmp.Compare(x.ID, y.ID) })
	for i := range b.events {
		b.byEvent[b.events[i].ID] = &b.events[i]
	}
	return nil
}

func (b *books) gatherInvoices(ctx context.Context, store Store) error {
	page := seats.Page{Limit: itemsPerPage}
	for {
		invoices, next, err := store.Invoices(ctx, b.id, page)
		if err != nil {
			return err
		}
		b.invoices = append(b.invoices, invoices...)
		if next == "" {
			break
		}
		page.Cursor = next
	}
	slices.SortStableFunc(b.invoices, func(x, y *seats.IssuedInvoice) int { return cmp.Compare(x.Number, y.Number) })
	for _, issued := range b.invoices {
		if inv, err := billing.ParseInvoice(issued.Canonical); err == nil {
			b.parsed[issued.Number] = &inv
		}
	}
	return nil
}

// gatherPlans reads the plan versions that subscriptions and the ledger name. One
// that is missing is told where it is needed.
func (b *books) gatherPlans(ctx context.Context, store Store) error {
	refs := map[seats.PlanRef]bool{}
	for _, sub := range b.subs {
		refs[sub.Plan] = true
		if sub.PendingPlan != nil {
			refs[sub.PendingPlan.Plan] = true
		}
		for _, part := range sub.Unbilled {
			refs[part.Plan] = true
		}
	}
	for i := range b.events {
		// A request names a plan without its version.
		if ref := b.events[i].Data.Plan; ref.Version != 0 {
			refs[ref] = true
		}
		refs[b.events[i].Data.FromPlan] = true
	}
	delete(refs, seats.PlanRef{})
	for ref := range refs {
		plan, err := store.Plan(ctx, ref)
		switch {
		case errors.Is(err, seats.ErrNotFound):
		case err != nil:
			return err
		default:
			b.plans[ref] = plan
		}
	}
	return nil
}

// gatherPast finds the subscriptions that are stored no more because the account has
// subscribed to their product again.
func (b *books) gatherPast() {
	products := map[string]bool{}
	for _, sub := range b.subs {
		products[sub.Product] = true
	}
	for i := range b.events {
		e := &b.events[i]
		id := string(e.Data.Subscription)
		if e.Type != seats.SubscriptionEndedEv || b.bySub[id] != nil || !products[e.Data.Product] {
			continue
		}
		history := b.histories[id]
		b.past[id] = &seats.Subscription{
			ID: e.Data.Subscription, Account: b.id, Product: e.Data.Product, Status: seats.SubscriptionEnded, Rev: history[len(history)-1].rev,
		}
	}
}

// subscription is one of the account's, also one that has ended and made room.
func (b *books) subscription(id seats.SubscriptionID) *seats.Subscription {
	if sub := b.bySub[string(id)]; sub != nil {
		return sub
	}
	return b.past[string(id)]
}

// gatherGuards lists the guards, or looks up those that the users should have.
func (b *books) gatherGuards(ctx context.Context, store Store) error {
	if lister, ok := store.(GuardLister); ok {
		guards, err := lister.Guards(ctx, b.id)
		if err != nil {
			return err
		}
		b.listed = true
		for _, g := range guards {
			b.guards[g] = true
		}
		return nil
	}
	for _, u := range b.users {
		found, err := store.UsersByEmail(ctx, u.Email)
		if err != nil {
			return err
		}
		for _, m := range found {
			if m.Account == b.id {
				b.guards[Guard{EmailGuard, u.Email, m.User}] = true
			}
		}
		if u.Subject == "" {
			continue
		}
		id, err := store.UserBySignIn(ctx, u.Subject, b.id)
		if err != nil {
			return err
		}
		if id != "" {
			b.guards[Guard{SignInGuard, u.Subject, id}] = true
		}
	}
	return nil
}

// gatherZones collects the zones that the account lived in, as far as they are
// known: a changed zone applies from the next boundary, and the ledger does not
// say from which to which.
func (b *books) gatherZones() {
	b.moved = slices.ContainsFunc(b.events, func(e seats.Event) bool { return e.Type == seats.AccountUpdated })
	names := []string{b.account.Zone}
	for _, sub := range b.subs {
		names = append(names, sub.Zone)
	}
	for _, inv := range b.parsed {
		names = append(names, inv.Zone)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if loc, err := time.LoadLocation(name); err == nil && name != "" {
			b.zones = append(b.zones, loc)
		}
	}
}

// unchanged reports whether nothing of the account moved since it was gathered.
func (b *books) unchanged(ctx context.Context, store Store) (bool, error) {
	view, err := store.Load(ctx, seats.Want{Account: b.id})
	if err != nil {
		return false, err
	}
	users, err := store.Users(ctx, b.id)
	if err != nil {
		return false, err
	}
	subs, err := store.Subscriptions(ctx, b.id)
	if err != nil {
		return false, err
	}
	if (view.Account == nil) != (b.account == nil) || view.Account != nil && view.Account.Rev != b.account.Rev ||
		len(users) != len(b.users) || len(subs) != len(b.subs) {
		return false, nil
	}
	for i, u := range users {
		if u.ID != b.users[i].ID || u.Rev != b.users[i].Rev {
			return false, nil
		}
	}
	for i, sub := range subs {
		if sub.ID != b.subs[i].ID || sub.Rev != b.subs[i].Rev || sub.Free != b.subs[i].Free {
			return false, nil
		}
	}
	return true, nil
}
