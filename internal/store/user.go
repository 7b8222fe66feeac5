package store

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/seats"
)

// Attributes of a user: v revision, e email, f first name, l last name, q
// qualification, r role, st status, su subject, so signed out at, ad added at, te
// test, li licenses by product (s subscription, t since, b by), iv invitation (st
// state, g generation, se sent, ex expires, b inviter, s subscription, p product, r reserved,
// rm reminded), sp spent (m month, n minor units), er erased.
func userItem(account seats.AccountID, u *seats.User) item {
	it := newItem(userKey(account, u.ID))
	it.number("v", u.Rev)
	it.text("e", u.Email)
	it.text("f", u.FirstName)
	it.text("l", u.LastName)
	it.text("q", u.Qualification)
	it.text("r", string(u.Role))
	it.text("st", string(u.Status))
	it.text("su", u.Subject)
	it.instant("so", u.SignedOutAt)
	it.instant("ad", u.AddedAt)
	it.flag("te", u.Test)
	licenses := item{}
	for product, l := range u.Licenses {
		m := item{}
		m.text("s", shortSubscription(l.Subscription, product))
		m.instant("t", l.Since)
		m.id("b", "usr_", string(l.By))
		licenses[product] = &types.AttributeValueMemberM{Value: m}
	}
	it.nested("li", licenses)
	if s := u.Spent; s != nil {
		m := item{}
		m.text("m", s.Month)
		m.number("n", s.Minor)
		it.nested("sp", m)
	}
	it.flag("er", u.Erased)
	if i := u.Invitation; i != nil {
		it.nested("iv", invitationItem(i))
		if i.State == seats.InvitationOpen && !u.Test {
			it.indexed(expiryPK(u.ID), indexSK(i.ExpiresAt, string(u.ID)))
		}
	}
	return it
}

func invitationItem(i *seats.Invitation) item {
	m := item{}
	m.text("st", string(i.State))
	m.number("g", int64(i.Generation))
	m.instant("se", i.SentAt)
	m.instant("ex", i.ExpiresAt)
	m.id("b", "usr_", string(i.Inviter))
	product, _ := i.Subscription.Product() // "" where no license comes with it
	m.text("p", product)
	m.text("s", shortSubscription(i.Subscription, product))
	m.flag("r", i.Reserved)
	m.flag("rm", i.Reminded)
	return m
}

func readUser(it item) (*seats.User, error) {
	r := read(it)
	u := &seats.User{
		Account: seats.AccountID(r.keyed(pkName, "A#")), ID: seats.UserID(r.keyed(skName, userPrefix)), Rev: r.number("v"),
		Email: r.text("e"), FirstName: r.text("f"), LastName: r.text("l"), Qualification: r.text("q"),
		Role: seats.Role(r.text("r")), Status: seats.UserStatus(r.text("st")), Subject: r.text("su"),
		SignedOutAt: r.instant("so"), AddedAt: r.instant("ad"), Test: r.flag("te"), Erased: r.flag("er"), Licenses: map[string]seats.License{},
	}
	if licenses, ok := r.nested("li"); ok {
		for product := range licenses.item {
			l, _ := licenses.nested(product)
			u.Licenses[product] = seats.License{
				Subscription: longSubscription(l.text("s"), product), Since: l.instant("t"), By: seats.UserID(l.id("b", "usr_")),
			}
		}
	}
	if i, ok := r.nested("iv"); ok {
		u.Invitation = &seats.Invitation{
			State: seats.InvitationState(i.text("st")), Generation: int(i.number("g")), SentAt: i.instant("se"),
			ExpiresAt: i.instant("ex"), Inviter: seats.UserID(i.id("b", "usr_")), Reserved: i.flag("r"),
			Subscription: longSubscription(i.text("s"), i.text("p")), Reminded: i.flag("rm"),
		}
	}
	if s, ok := r.nested("sp"); ok {
		u.Spent = &seats.Spending{Month: s.text("m"), Minor: s.number("n")}
	}
	return u, r.failure()
}

// Users reads every user of the account, the removed ones too, consistently.
func (s *Store) Users(ctx context.Context, account seats.AccountID) ([]*seats.User, error) {
	var all []*seats.User
	err := s.each(ctx, prefixQuery(accountPK(account), userPrefix), func(it item) error {
		u, err := readUser(it)
		all = append(all, u)
		return err
	})
	return all, err
}
