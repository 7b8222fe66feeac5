package store

import (
	"context"

	"github.com/usher-seats/usher/internal/seats"
)

// userName is the attribute of an email guard and of a sign-in: the user.
const userName = "u"

func guardItem(k key, user seats.UserID) item {
	it := newItem(k)
	it.text(userName, string(user))
	return it
}

// UserBySignIn finds the user that the identity is bound to, or "".
func (s *Store) UserBySignIn(ctx context.Context, subject string, account seats.AccountID) (seats.UserID, error) {
	use := &Usage{Operation: "user by sign-in"}
	defer s.report(ctx, use)
	it, err := s.get(ctx, use, signInKey(subject, account))
	if err != nil || it == nil {
		return "", err
	}
	r := read(it)
	return seats.UserID(r.text(userName)), r.failure()
}

// AccountsBySignIn finds all accounts of an identity, with its user there.
func (s *Store) AccountsBySignIn(ctx context.Context, subject string) ([]seats.Membership, error) {
	return s.memberships(ctx, signInKey(subject, "").pk)
}

// UsersByEmail finds the users with a normalized email across accounts.
func (s *Store) UsersByEmail(ctx context.Context, email string) ([]seats.Membership, error) {
	return s.memberships(ctx, emailKey(email, "").pk)
}

func (s *Store) memberships(ctx context.Context, pk string) ([]seats.Membership, error) {
	var all []seats.Membership
	err := s.each(ctx, query{pk: pk}, func(it item) error {
		r := read(it)
		all = append(all, seats.Membership{Account: seats.AccountID(r.keyed(skName, "A#")), User: seats.UserID(r.text(userName))})
		return r.failure()
	})
	return all, err
}
