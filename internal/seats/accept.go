package seats

import (
	"context"
	"time"
)

// Offer is what a link of an invitation offers.
type Offer struct {
	AccountName string
	Email       string
	InviterName string
	ProductName string
	VendorName  string
	ExpiresAt   time.Time
}

// Identity is a signed-in person: the identity's hash and its verified email.
type Identity struct {
	Subject string
	Email   string
}

// LookUpInvitation says what a link offers, or why it no longer does.
func (s *Service) LookUpInvitation(ctx context.Context, token string) (Offer, error) {
	m, generation, err := s.openLink(ctx, token)
	if err != nil {
		return Offer{}, err
	}
	t, err := s.invitationTurn(ctx, m, "")
	if err != nil {
		return Offer{}, err
	}
	u, err := t.openInvitation(m.User, generation)
	if err != nil {
		return Offer{}, err
	}
	offer := Offer{AccountName: t.Account.Name, Email: u.Email, ExpiresAt: u.Invitation.ExpiresAt}
	inviter, err := s.Store.Load(ctx, Want{Account: m.Account, Users: []UserID{u.Invitation.Inviter}})
	if err != nil {
		return Offer{}, err
	}
	if by := inviter.Users[u.Invitation.Inviter]; by != nil {
		offer.InviterName = by.FirstName + " " + by.LastName
	}
	for product, plan := range t.Plans {
		offer.VendorName = plan.Vendor.Name
		// A decrease may have taken the seat that was kept, or others the free ones; and a
		// subscription may have ended since.
		active := t.Subscriptions[product].Status == SubscriptionActive
		if u.HoldsSeat() != "" || active && plan.Policies.ActiveUsers() || t.givesOnAccept(product) {
			offer.ProductName = plan.Product.Name
		}
	}
	return offer, nil
}

func (s *Service) openLink(ctx context.Context, token string) (Membership, int, error) {
	key, err := s.InvitationKey(ctx)
	if err != nil {
		return Membership{}, 0, err
	}
	return openToken(key, token)
}

// openInvitation is the user whose invitation the link of that generation opens,
// or the reason why it does not.
func (t *turn) openInvitation(id UserID, generation int) (*User, error) {
	u := t.Users[id]
	if u == nil || u.Invitation == nil {
		return nil, ErrNotFound
	}
	i := u.Invitation
	switch {
	case i.State == InvitationCancelled || u.Status == UserRemoved:
		return nil, ErrInvitationCancelled
	case i.State == InvitationAccepted:
		return nil, ErrInvitationUsed
	case generation != i.Generation:
		return nil, ErrInvitationSuperseded
	case i.State == InvitationExpired || i.Lapsed(t.Now):
		return nil, ErrInvitationExpired
	}
	return u, nil
}

// invitationTurn reads the account, the invited user and the subscription that
// the invitation names, for someone who is no user yet.
func (s *Service) invitationTurn(ctx context.Context, m Membership, receipt string) (*turn, error) {
	view, err := s.Store.Load(ctx, Want{Account: m.Account, Users: []UserID{m.User}, Receipt: receipt})
	if err != nil {
		return nil, err
	}
	if u := view.Users[m.User]; u != nil && u.Invitation != nil {
		if product, err := u.Invitation.Subscription.Product(); err == nil {
			with, err := s.Store.Load(ctx, Want{Account: m.Account, Products: []string{product}})
			if err != nil {
				return nil, err
			}
			view.Subscriptions = with.Subscriptions
		}
	}
	return s.turn(ctx, command{account: m.Account, operator: &Actor{Kind: ActorUser, ID: string(m.User)}}, view, "")
}

// givesOnAccept reports whether somebody for whom no seat is kept would be given one of
// the free ones, accepting now.
func (t *turn) givesOnAccept(product string) bool {
	sub := t.Subscriptions[product]
	return !t.Plans[product].Policies.ActiveUsers() && sub.Status == SubscriptionActive && sub.Free > 0
}

// Accept uses a link: in one transaction the identity is bound, the user becomes
// active, and the reserved seat becomes a license. Where none is kept, by the
// plan or any more, the license is given if a seat is free then; if none is, the user
// joins without.
func (s *Service) Accept(ctx context.Context, identity Identity, token string, once Once[*User]) (Reply[*User], error) {
	var none Reply[*User]
	if identity.Subject == "" {
		return none, ErrNotFound
	}
	m, generation, err := s.openLink(ctx, token)
	if err != nil {
		return none, err
	}
	receipt := ""
	if once.Key != "" {
		receipt = string(m.Account) + "#" + once.Key
	}
	for range maxDecisions {
		t, err := s.invitationTurn(ctx, m, receipt)
		if err != nil {
			return none, err
		}
		if t.answered() {
			answer, err := t.replay(nil, t.Receipt, once.Request)
			if err != nil || t.joinedAs(m.User, identity) {
				return Reply[*User]{Replayed: answer}, err
			}
		}
		if t.overdue() {
			if _, err := s.Close(ctx, m.Account); err != nil {
				return none, err
			}
			continue
		}
		change, user, err := decideAccept(t, m.User, generation, identity)
		if err != nil {
			if !t.joinedAs(m.User, identity) {
				return none, err
			}
			own := command{want: Want{Receipt: receipt}}
			answer, err := s.ownEffect(ctx, t, own, once.Request, err)
			return Reply[*User]{Replayed: answer}, err
		}
		t.guardCount(change)
		if receipt != "" {
			answer, err := once.Encode(user)
			if err != nil {
				return none, err
			}
			change.Receipt = &Receipt{
				Key: receipt, Request: once.Request, Done: true, ClaimedAt: t.Wall,
				Answer: answer, ExpiresAt: t.Wall.Add(ReceiptTTL),
			}
		}
		err = s.commit(ctx, m.Account, change)
		lost, ok := conditionError(err)
		if !ok {
			return Reply[*User]{Result: user}, err
		}
		if lost.Has(ItemSignIn) && !lost.Has(ItemUser) {
			return none, ErrStateConflict.With("You are a user of this account already, under another email. Ask your administrator to cancel this invitation.")
		}
	}
	return none, ErrBusy
}

// joinedAs reports whether an identity is that of an active user. Who was removed since
// they joined is not given the answer of that again.
func (t *turn) joinedAs(id UserID, identity Identity) bool {
	u := t.Users[id]
	return u != nil && u.Status == UserActive && u.Subject == identity.Subject
}

func decideAccept(t *turn, id UserID, generation int, identity Identity) (*Change, *User, error) {
	was, err := t.openInvitation(id, generation)
	if err != nil {
		return nil, nil, err
	}
	if identity.Email != was.Email {
		return nil, nil, ErrEmailMismatch
	}
	u := was.clone()
	u.Rev++
	u.Status, u.Subject = UserActive, identity.Subject
	i := u.Invitation
	data := EventData{UserID: id, InvitationID: InvitationOf(id), InviterID: i.Inviter}
	change := &Change{Users: []UserWrite{{User: u, From: was.Rev, Bind: true}}}
	product, given := t.seatOnAccept(was)
	if product != "" {
		// Who asked for a license and was given none is told of by the subscription.
		// It may be another than was invited to: the product was subscribed to again.
		data.Subscription, data.Product, data.Licensed = t.Subscriptions[product].ID, product, given
	}
	if given {
		u.Licenses[product] = License{Subscription: data.Subscription, Since: t.Now, By: i.Inviter}
		if was.HoldsSeat() == "" {
			change.Free = []FreeMove{{Product: product, Delta: -1}}
		}
	}
	i.State, i.Reserved = InvitationAccepted, false
	change.Events = []Event{t.event(UserJoined, data, Rev{string(id), u.Rev})}
	return change, u, nil
}

// seatOnAccept is the product of which an invited user gets a license, and whether
// there is a seat for it: the reserved one, which is the one that the license takes,
// or where none are reserved a free one.
func (t *turn) seatOnAccept(u *User) (product string, given bool) {
	if product = u.HoldsSeat(); product != "" {
		return product, true
	}
	product, err := u.Invitation.Subscription.Product()
	if err != nil || t.Plans[product] == nil {
		return "", false
	}
	if p := t.Plans[product].Policies; p.ActiveUsers() {
		return "", false
	}
	// A reserved seat that a decrease has taken is missed like a free one, and the inviter
	// hears of it.
	return product, t.givesOnAccept(product)
}
