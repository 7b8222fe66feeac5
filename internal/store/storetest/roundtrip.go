package storetest

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/seats"
)

func roundTrips(t *testing.T, store seats.Store) {
	ctx := context.Background()
	t.Run("an account with every field", func(t *testing.T) {
		a := filled[seats.Account](newMinter(t))
		commitNew(t, store, a.ID, &seats.Change{Account: &seats.AccountWrite{Account: a}})
		view, err := store.Load(ctx, seats.Want{Account: a.ID})
		same(t, "account", view.Account, a)
		same(t, "error", err, nil)
	})
	t.Run("an account with hardly a field", func(t *testing.T) {
		mint := newMinter(t)
		a := &seats.Account{ID: mint.Account(), Rev: 1}
		commitNew(t, store, a.ID, &seats.Change{Account: &seats.AccountWrite{Account: a}})
		view, err := store.Load(ctx, seats.Want{Account: a.ID})
		same(t, "account", view.Account, a)
		same(t, "error", err, nil)
	})
	t.Run("a user with every field", func(t *testing.T) {
		f := open(t, store)
		u := filled[seats.User](f.mint)
		u.Account = f.account.ID
		for product, l := range u.Licenses {
			l.Subscription = f.mint.Subscription(product)
			u.Licenses[product] = l
		}
		f.commit(&seats.Change{Users: []seats.UserWrite{{User: u}}})
		same(t, "user", loadUser(f, u.ID), u)
	})
	t.Run("a user with hardly a field", func(t *testing.T) {
		f := open(t, store)
		u := &seats.User{ID: f.mint.User(), Account: f.account.ID, Rev: 1}
		f.commit(&seats.Change{Users: []seats.UserWrite{{User: u}}})
		got := loadUser(f, u.ID)
		if len(got.Licenses) == 0 {
			got.Licenses = nil // none and no map are one
		}
		same(t, "user", got, u)
	})
	t.Run("an invitation without a license", func(t *testing.T) {
		f := open(t, store)
		u := f.user("plain@example.com")
		f.commit(&seats.Change{Users: []seats.UserWrite{{User: u}}})
		same(t, "user", loadUser(f, u.ID), u)
	})
	t.Run("a subscription with every field, new and replaced", func(t *testing.T) { subscriptionRoundTrip(open(t, store)) })
	t.Run("every type of event", func(t *testing.T) { eventRoundTrips(open(t, store)) })
	t.Run("an invoice", func(t *testing.T) {
		f := open(t, store)
		want := f.invoice(1)
		f.commit(&seats.Change{Invoice: want})
		got, err := store.Invoice(ctx, f.account.ID, 1)
		same(t, "invoice", got, want)
		same(t, "error", err, nil)
		_, err = store.Invoice(ctx, f.account.ID, 2)
		refused(t, err, seats.ErrNotFound)
	})
	t.Run("a credit note, and what became of an invoice", func(t *testing.T) {
		f := open(t, store)
		want, note := f.invoice(1), f.invoice(2)
		f.commit(&seats.Change{Invoice: want})
		want.Status, want.PaidAt, want.VoidedBy = seats.InvoiceVoid, day(), 2
		update := &seats.InvoiceUpdate{Number: 1, From: seats.InvoiceOpen, Status: seats.InvoiceVoid, PaidAt: day(), VoidedBy: 2}
		f.commit(&seats.Change{CreditNote: note, InvoiceStatus: update})
		for n, inv := range map[int64]*seats.IssuedInvoice{1: want, 2: note} {
			got, err := store.Invoice(ctx, f.account.ID, n)
			same(t, "invoice", got, inv)
			same(t, "error", err, nil)
		}
		lost := store.Commit(ctx, f.account.ID, &seats.Change{CreditNote: f.invoice(2), InvoiceStatus: update})
		same(t, "a second time", lost, error(&seats.ConditionError{Failed: []seats.Failed{{Kind: seats.ItemCreditNote}, {Kind: seats.ItemInvoiceStatus}}}))
	})
	t.Run("a request with every field", func(t *testing.T) { requestRoundTrips(open(t, store)) })
	t.Run("a quote with every field", func(t *testing.T) { quoteRoundTrips(open(t, store)) })
	t.Run("a receipt with every field", func(t *testing.T) {
		f := open(t, store)
		r := filled[seats.Receipt](f.mint)
		r.ClaimedAt = time.Now().UTC()
		r.ExpiresAt = r.ClaimedAt.Add(time.Hour)
		f.commit(&seats.Change{Receipt: r, Events: []seats.Event{f.event(day())}})
		view, err := store.Load(ctx, seats.Want{Receipt: r.Key})
		same(t, "receipt", view.Receipt, r)
		same(t, "error", err, nil)
	})
}

// commitNew commits to an account that is no fixture's.
func commitNew(t testing.TB, store seats.Store, account seats.AccountID, c *seats.Change) {
	t.Helper()
	if err := store.Commit(context.Background(), account, c); err != nil {
		t.Fatal(err)
	}
}

func loadUser(f *fixture, id seats.UserID) *seats.User {
	f.Helper()
	view, err := f.store.Load(context.Background(), seats.Want{Account: f.account.ID, Users: []seats.UserID{id}})
	f.must(err)
	if view.Users[id] == nil {
		f.Fatalf("there is no user %s", id)
	}
	return view.Users[id]
}

func subscriptionRoundTrip(f *fixture) {
	sub := filled[seats.Subscription](f.mint)
	sub.Account, sub.Product, sub.ID = f.account.ID, "scheduler", f.mint.Subscription("scheduler")
	f.commit(&seats.Change{Subscriptions: []seats.SubscriptionWrite{{Subscription: sub, FreeDelta: sub.Free}}})
	same(f, "new subscription", f.pool("scheduler"), sub)

	bare := &seats.Subscription{ID: sub.ID, Account: sub.Account, Product: sub.Product, Rev: sub.Rev + 1, Free: sub.Free - 3}
	f.commit(&seats.Change{Subscriptions: []seats.SubscriptionWrite{{Subscription: bare, From: sub.Rev, FreeDelta: -3}}})
	same(f, "replaced by one with hardly a field", f.pool("scheduler"), bare)

	again := *sub
	again.Rev, again.Free = bare.Rev+1, bare.Free
	f.commit(&seats.Change{Subscriptions: []seats.SubscriptionWrite{{Subscription: &again, From: bare.Rev}}})
	same(f, "replaced by one with every field", f.pool("scheduler"), &again)
}

func eventRoundTrips(f *fixture) {
	for _, want := range events.Samples() {
		want.Account, want.ID = f.account.ID, f.mint.Event()
		f.commit(&seats.Change{Events: []seats.Event{want}})
		got, _, err := f.store.Events(context.Background(), f.account.ID, want.At.Format("2006-01"), seats.Page{Limit: 1})
		f.must(err)
		same(f, want.Type, got, []seats.Event{want})
	}
	bulk := f.event(day())
	bulk.Type, bulk.Revs = seats.LicenseAssigned, nil
	bulk.Data = seats.EventData{Subscription: f.reports.ID, Product: "reports"}
	for i := range 97 {
		id := f.mint.User()
		bulk.Data.UserIDs = append(bulk.Data.UserIDs, id)
		bulk.Revs = append(bulk.Revs, seats.Rev{ID: string(id), Rev: int64(i*i + 1)})
	}
	bulk.ID = f.mint.Event()
	f.commit(&seats.Change{Events: []seats.Event{bulk}})
	got, _, err := f.store.Events(context.Background(), f.account.ID, "2026-11", seats.Page{Limit: 1})
	f.must(err)
	same(f, "an event about 97 users", got, []seats.Event{bulk})
}

func quoteRoundTrips(f *fixture) {
	ctx := context.Background()
	for _, tt := range []struct {
		name      string
		due, next *billing.Invoice
	}{
		{"with both invoices", f.draft(), f.draft()}, {"with the next alone", nil, f.draft()},
		{"with what is due alone", f.draft(), nil}, {"without an invoice", nil, nil},
	} {
		q := filled[seats.Quote](f.mint, reflect.TypeFor[*billing.Invoice]())
		q.Account, q.UsedBy, q.DueNow, q.Next = f.account.ID, "", tt.due, tt.next
		q.ID = f.mint.Quote()
		f.must(f.store.PutQuote(ctx, q))
		view, err := f.store.Load(ctx, seats.Want{Account: f.account.ID, Quote: q.ID})
		f.must(err)
		same(f, tt.name, view.Quote, q)

		event := f.event(day())
		f.commit(&seats.Change{QuoteUse: &seats.QuoteUse{ID: q.ID, Event: event.ID}, Events: []seats.Event{event}})
		q.UsedBy = event.ID
		view, err = f.store.Load(ctx, seats.Want{Account: f.account.ID, Quote: q.ID})
		f.must(err)
		same(f, tt.name+", used", view.Quote, q)
	}
}

func requestRoundTrips(f *fixture) {
	f.Helper()
	ctx := context.Background()
	r := filled[seats.Request](f.mint)
	r.ID, r.Account, r.Rev, r.Status = f.mint.Request(), f.account.ID, 1, seats.RequestOpen
	f.commit(&seats.Change{Request: &seats.RequestWrite{Request: r}})
	isOpen := func() bool {
		refs, _, err := f.store.OpenRequests(ctx, seats.Page{Limit: 1_000})
		f.must(err)
		return slices.Contains(refs, seats.RequestRef{Account: f.account.ID, Request: r.ID})
	}
	if !isOpen() {
		f.Error("an open request is not among the open ones")
	}
	answered := *r
	answered.Rev, answered.Status = 2, seats.RequestApproved
	f.commit(&seats.Change{Request: &seats.RequestWrite{Request: &answered, From: 1}})
	if isOpen() {
		f.Error("an answered request is among the open ones")
	}
	got, err := f.store.GetRequest(ctx, f.account.ID, r.ID)
	f.must(err)
	same(f, "request", got, &answered)
	view, err := f.store.Load(ctx, seats.Want{Account: f.account.ID, Request: r.ID})
	f.must(err)
	same(f, "loaded", view.Request, &answered)
	lost := f.store.Commit(ctx, f.account.ID, &seats.Change{Request: &seats.RequestWrite{Request: r, From: 1}})
	same(f, "an old revision", lost, error(&seats.ConditionError{Failed: []seats.Failed{{Kind: seats.ItemRequest}}}))
	want := []*seats.Request{&answered}
	for i := range int64(6) {
		next := *r
		next.ID, next.Seats = f.mint.Request(), i
		f.commit(&seats.Change{Request: &seats.RequestWrite{Request: &next}})
		want = append([]*seats.Request{&next}, want...)
	}
	all := walk(f, func(p seats.Page) ([]*seats.Request, string, error) { return f.store.Requests(ctx, f.account.ID, p) })
	same(f, "all requests", all, want)
	_, err = f.store.GetRequest(ctx, f.account.ID, f.mint.Request())
	refused(f, err, seats.ErrNotFound)
}
