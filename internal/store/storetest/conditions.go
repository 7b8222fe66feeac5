package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// everything is a change with a write of each kind whose conditions all hold, in an
// account made for it.
type everything struct {
	*fixture
	change *seats.Change
	// leaver is removed by the change, other stays out of it.
	leaver, other *seats.User
	quote         *seats.Quote
}

const (
	otherSubject  = "subject-of-another"
	leaverSubject = "subject-of-the-leaver"
	newEmail      = "new@example.com"
	otherEmail    = "other@example.com"
	leaverEmail   = "leaver@example.com"
)

func prepare(t testing.TB, store seats.Store) *everything {
	t.Helper()
	f := open(t, store)
	e := &everything{fixture: f, quote: f.quote()}
	e.leaver, e.other = f.user(leaverEmail), f.user(otherEmail)
	e.leaver.Subject, e.other.Subject = leaverSubject, otherSubject
	f.commit(&seats.Change{Users: []seats.UserWrite{
		{User: e.leaver, TakeEmail: true, Bind: true}, {User: e.other, TakeEmail: true, Bind: true},
	}})
	f.must(store.PutQuote(context.Background(), e.quote))

	account, owner, leaver, reports := *f.account, *f.owner, *e.leaver, *f.reports
	account.Rev, account.Name = 2, "Beispiel SE"
	owner.Rev, owner.FirstName = 2, "Olga"
	leaver.Rev, leaver.Status = 2, seats.UserRemoved
	reports.Rev, reports.Seats, reports.Free = 2, 12, 6
	joiner := f.user(newEmail)
	joiner.Subject = "subject-of-the-new"
	first, second := f.event(day()), f.event(day())
	e.change = &seats.Change{
		Account: &seats.AccountWrite{Account: &account, From: 1},
		Users: []seats.UserWrite{
			{User: &owner, From: 1}, {User: joiner, TakeEmail: true, Bind: true}, {User: &leaver, From: 1, FreeEmail: true, Unbind: true},
		},
		Subscriptions: []seats.SubscriptionWrite{{Subscription: &reports, From: 1, FreeDelta: 2, FreeIs: true}},
		Free:          []seats.FreeMove{{Product: "meetings", Delta: -1}},
		Invoice:       f.invoice(1),
		QuoteUse:      &seats.QuoteUse{ID: e.quote.ID, Event: first.ID},
		Receipt:       f.receipt("everything"),
		Events:        []seats.Event{first, second},
	}
	return e
}

func (e *everything) state() state {
	e.Helper()
	return e.look(e.quote.ID, e.change.Receipt.Key, []string{newEmail, otherEmail, leaverEmail},
		[]string{otherSubject, leaverSubject, "subject-of-the-new"})
}

// conditions lets each condition of a change that writes everything fail alone, by
// what somebody else did before or by what the change asks, and sees that it is
// named by its place and that nothing was written.
func conditions(t *testing.T, store seats.Store) {
	for _, tt := range broken() {
		t.Run(tt.name, func(t *testing.T) {
			e := prepare(t, store)
			tt.breaks(e)
			before := e.state()
			e.refuses(e.change, tt.want...)
			same(t, "after a change that was refused", e.state(), before)
		})
	}
	t.Run("none", func(t *testing.T) {
		e := prepare(t, store)
		e.commit(e.change)
		wrote(e)
	})
}

// wrote sees that all of the change is there.
func wrote(e *everything) {
	e.Helper()
	got, c := e.state(), e.change
	same(e, "account", got.View.Account, c.Account.Account)
	for i, w := range c.Users {
		same(e, "user "+string(rune('0'+i)), loadUser(e.fixture, w.User.ID), w.User)
	}
	same(e, "subscription", e.pool("reports"), c.Subscriptions[0].Subscription)
	same(e, "free seats of the other", e.pool("meetings").Free, int64(1))
	same(e, "invoices", got.Invoices, []*seats.IssuedInvoice{c.Invoice})
	same(e, "event of the quote", got.View.Quote.UsedBy, c.QuoteUse.Event)
	same(e, "receipt", got.View.Receipt, c.Receipt)
	same(e, "events", got.Events, []seats.Event{c.Events[1], c.Events[0]})
	for _, m := range got.ByEmail[leaverEmail] {
		if m.Account == e.account.ID {
			e.Errorf("the email of who left is still taken: %v", m)
		}
	}
	same(e, "identities", got.BySubject, map[string]seats.UserID{
		otherSubject: e.other.ID, leaverSubject: "", "subject-of-the-new": c.Users[1].User.ID,
	})
}

type brokenCondition struct {
	name   string
	breaks func(*everything)
	want   []seats.Failed
}

func failed(kind seats.ItemKind, index int) []seats.Failed {
	return []seats.Failed{{Kind: kind, Index: index}}
}

func broken() []brokenCondition {
	all := append(brokenPeople(), brokenPools()...)
	return append(append(all, brokenPapers()...), brokenCondition{"several at once, in their order", func(e *everything) {
		e.change.Users[1].User.Email = otherEmail
		e.change.Users[2].From = 7
		e.change.Free[0].Delta = -3
		e.commit(&seats.Change{Events: []seats.Event{e.change.Events[1]}})
	}, []seats.Failed{{Kind: seats.ItemEmail, Index: 1}, {Kind: seats.ItemUser, Index: 2}, {Kind: seats.ItemFree}, {Kind: seats.ItemEvent, Index: 1}}})
}

func brokenPeople() []brokenCondition {
	return []brokenCondition{
		{"an account that was changed", func(e *everything) { e.change.Account.From = 7 }, failed(seats.ItemAccount, 0)},
		{"a new account that is there", func(e *everything) { e.change.Account.From = 0 }, failed(seats.ItemAccount, 0)},
		{"a user that was changed", func(e *everything) { e.change.Users[2].From = 7 }, failed(seats.ItemUser, 2)},
		{"a new user that is there", func(e *everything) { e.change.Users[0].From = 0 }, failed(seats.ItemUser, 0)},
		{"a user that is not there", func(e *everything) { e.change.Users[1].From = 1 }, failed(seats.ItemUser, 1)},
		{"an email that somebody has", func(e *everything) { e.change.Users[1].User.Email = otherEmail }, failed(seats.ItemEmail, 1)},
		{"giving up somebody else's email", func(e *everything) { e.change.Users[2].User.Email = otherEmail }, failed(seats.ItemEmail, 2)},
		{"giving up an email that nobody has", func(e *everything) { e.change.Users[2].User.Email = "nobody@example.com" }, failed(seats.ItemEmail, 2)},
		{"an identity that is somebody's", func(e *everything) { e.change.Users[1].User.Subject = otherSubject }, failed(seats.ItemSignIn, 1)},
		{"giving up somebody else's identity", func(e *everything) { e.change.Users[2].User.Subject = otherSubject }, failed(seats.ItemSignIn, 2)},
	}
}

func brokenPools() []brokenCondition {
	sub := func(e *everything) *seats.SubscriptionWrite { return &e.change.Subscriptions[0] }
	return []brokenCondition{
		{"a subscription that was changed", func(e *everything) { sub(e).From = 7 }, failed(seats.ItemSubscription, 0)},
		{"a new subscription that is there", func(e *everything) {
			sub(e).From, sub(e).FreeIs = 0, false
			sub(e).FreeDelta = sub(e).Subscription.Free
		}, failed(seats.ItemSubscription, 0)},
		{"a subscription that is not there", func(e *everything) {
			sub(e).Subscription.Product = "scheduler"
			sub(e).Subscription.ID = e.mint.Subscription("scheduler")
		}, failed(seats.ItemSubscription, 0)},
		{"another subscription to the product", func(e *everything) { sub(e).Subscription.ID = e.mint.Subscription("reports") }, failed(seats.ItemSubscription, 0)},
		{"free seats that moved where they must not have", func(e *everything) {
			e.commit(&seats.Change{Free: []seats.FreeMove{{Product: "reports", Delta: -1}}})
		}, failed(seats.ItemSubscription, 0)},
		{"more seats than are free", func(e *everything) { e.change.Free[0].Delta = -3 }, failed(seats.ItemFree, 0)},
		{"seats of a product without a subscription", func(e *everything) { e.change.Free[0].Product = "scheduler" }, failed(seats.ItemFree, 0)},
		{"seats given back to a product without a subscription", func(e *everything) {
			e.change.Free[0] = seats.FreeMove{Product: "scheduler", Delta: 1}
		}, failed(seats.ItemFree, 0)},
		{"seats given back to a product that is not short of them", func(e *everything) {
			e.change.Free[0] = seats.FreeMove{Product: e.meeting.Product, Delta: 1, Short: true}
		}, failed(seats.ItemFree, 0)},
		{"seats of a subscription that has ended", func(e *everything) {
			ended := *e.meeting
			ended.Rev, ended.Status = 2, seats.SubscriptionEnded
			e.commit(&seats.Change{Subscriptions: []seats.SubscriptionWrite{{Subscription: &ended, From: 1}}})
		}, failed(seats.ItemFree, 0)},
	}
}

func brokenPapers() []brokenCondition {
	return []brokenCondition{
		{"an invoice number that is taken", func(e *everything) { e.commit(&seats.Change{Invoice: e.invoice(1)}) }, failed(seats.ItemInvoice, 0)},
		{"a quote that was used", func(e *everything) {
			e.commit(&seats.Change{QuoteUse: &seats.QuoteUse{ID: e.quote.ID, Event: e.mint.Event()}})
		}, failed(seats.ItemQuote, 0)},
		{"a quote that is not there", func(e *everything) { e.change.QuoteUse.ID = e.mint.Quote() }, failed(seats.ItemQuote, 0)},
		{"a quote of another account", func(e *everything) {
			other := open(e, e.store).quote()
			e.must(e.store.PutQuote(context.Background(), other))
			e.change.QuoteUse.ID = other.ID
		}, failed(seats.ItemQuote, 0)},
		{"a receipt that is there", func(e *everything) {
			other := *e.change.Receipt
			other.Answer, other.ExpiresAt = []byte("first"), other.ClaimedAt.Add(time.Hour)
			e.commit(&seats.Change{Receipt: &other, Events: []seats.Event{e.event(day())}})
		}, failed(seats.ItemReceipt, 0)},
		{"an event that is there", func(e *everything) {
			e.commit(&seats.Change{Events: []seats.Event{e.change.Events[1]}})
		}, failed(seats.ItemEvent, 1)},
	}
}
