package store

import (
	"context"
	"errors"

	"github.com/usher-seats/usher/internal/seats"
)

// Load reads the wanted items, each consistently, in one call for up to 100. They
// are not one snapshot: a commit that decides from them conditions on each of
// them. A receipt is given even where it has expired, since the caller knows the
// time.
func (s *Store) Load(ctx context.Context, want seats.Want) (seats.View, error) {
	view := seats.View{Users: map[seats.UserID]*seats.User{}, Subscriptions: map[string]*seats.Subscription{}}
	if want.Account == "" && len(want.Users)+len(want.Products) > 0 {
		return view, errors.New("store: load: users and products belong to an account, and none was named")
	}
	use := &Usage{Operation: "load"}
	defer s.report(ctx, use)
	found, err := s.getAll(ctx, use, wantedKeys(want))
	if err != nil {
		return view, err
	}
	var failures []error
	for k, it := range found {
		failures = append(failures, s.addTo(&view, want, k, it))
	}
	return view, errors.Join(failures...)
}

func wantedKeys(want seats.Want) []key {
	var all []key
	seen := map[key]bool{}
	add := func(k key) {
		if !seen[k] {
			seen[k] = true
			all = append(all, k)
		}
	}
	if want.Account != "" && !want.UsersOnly {
		add(accountKey(want.Account))
	}
	for _, u := range want.Users {
		add(userKey(want.Account, u))
	}
	for _, p := range want.Products {
		add(subscriptionKey(want.Account, p))
	}
	if want.Quote != "" {
		add(quoteKey(want.Quote))
	}
	if want.Receipt != "" {
		add(receiptKey(want.Receipt))
	}
	if want.Request != "" {
		add(requestKey(want.Account, want.Request))
	}
	return all
}

func (s *Store) addTo(view *seats.View, want seats.Want, k key, it item) (err error) {
	switch {
	case k == accountKey(want.Account):
		view.Account, err = readAccount(it)
	case k == quoteKey(want.Quote):
		view.Quote, err = readQuote(it)
		if err == nil && view.Quote.Account != want.Account {
			view.Quote = nil // to this account it does not exist
		}
	case k == receiptKey(want.Receipt):
		view.Receipt, err = readReceipt(it)
	case k == requestKey(want.Account, want.Request):
		view.Request, err = readRequest(it)
	case k.sk[:2] == userPrefix:
		var u *seats.User
		if u, err = readUser(it); err == nil {
			view.Users[u.ID] = u
		}
	case k.sk[:2] == subPrefix:
		var sub *seats.Subscription
		if sub, err = readSubscription(it); err == nil {
			view.Subscriptions[sub.Product] = sub
		}
	}
	return err
}
