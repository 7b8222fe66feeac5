package audit

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// past is what the ledger says of a user, up to some event.
type past struct {
	status   seats.UserStatus
	role     seats.Role
	bound    bool
	licenses map[string]seats.License
	// The invitation, if generation is above 0.
	state      seats.InvitationState
	generation int
	expires    time.Time
	inviter    seats.UserID
	reserved   bool
	signedOut  time.Time
	joined     int
}

// replayUser follows a user's events from the first and compares the end with
// what is stored.
func (b *books) replayUser(u *seats.User) {
	p := &past{licenses: map[string]seats.License{}}
	for _, r := range b.histories[string(u.ID)] {
		if r.rev > u.Rev {
			break
		}
		for _, e := range r.events {
			if why := p.apply(u.ID, e); why != "" {
				b.found(UserHistory, string(u.ID), "revision %d, %s: %s", r.rev, e.Type, why)
			}
		}
	}
	item := string(u.ID)
	b.expect(p.status == u.Status, UserHistory, item, "is %q, by the ledger %q", u.Status, p.status)
	b.expect(p.role == u.Role, UserHistory, item, "is %q, by the ledger %q", u.Role, p.role)
	b.expect(p.bound == (u.Subject != ""), UserHistory, item, "is bound %t, by the ledger %t", u.Subject != "", p.bound)
	b.expect(p.joined <= 1, UserHistory, item, "accepted an invitation %d times", p.joined)
	b.expect(p.signedOut.Equal(u.SignedOutAt), UserHistory, item, "was signed out at %s, by the ledger at %s", stamp(u.SignedOutAt), stamp(p.signedOut))
	b.compareLicenses(u, p.licenses)
	b.expect((u.Invitation != nil) == (p.generation > 0), UserHistory, item, "has an invitation %t, by the ledger of generation %d", u.Invitation != nil, p.generation)
	if i := u.Invitation; i != nil && p.generation > 0 {
		b.expect(i.State == p.state && i.Generation == p.generation, UserHistory, item, "has an invitation that is %s in generation %d, by the ledger %s in %d", i.State, i.Generation, p.state, p.generation)
		b.expect(i.ExpiresAt.Equal(p.expires) && i.Inviter == p.inviter, UserHistory, item, "was invited by %s until %s, by the ledger by %s until %s", i.Inviter, stamp(i.ExpiresAt), p.inviter, stamp(p.expires))
		b.expect(!i.Reserved || p.reserved, UserHistory, item, "keeps a seat that the ledger does not know of")
	}
}

func (b *books) compareLicenses(u *seats.User, want map[string]seats.License) {
	item := string(u.ID)
	for _, product := range slices.Sorted(maps.Keys(want)) {
		l, held := u.Licenses[product]
		w := want[product]
		b.expect(held, UserHistory, item, "holds no license of %s, by the ledger since %s", product, stamp(w.Since))
		b.expect(!held || l.By == w.By && l.Since.Equal(w.Since) && l.Subscription == w.Subscription,
			UserHistory, item, "has a license of %s by %s since %s, by the ledger by %s since %s", product, l.By, stamp(l.Since), w.By, stamp(w.Since))
	}
	for product := range u.Licenses {
		_, known := want[product]
		b.expect(known, UserHistory, item, "holds a license of %s that the ledger does not know of", product)
	}
}

// apply takes one event into account. It says why the event could not follow on
// what was before, or nothing.
func (p *past) apply(id seats.UserID, e *seats.Event) string {
	d := &e.Data
	switch e.Type {
	case seats.AccountOpened:
		p.status, p.role = seats.UserActive, seats.Owner
		return unless(d.OwnerID == id, "the account was opened for somebody else")
	case seats.UserInvitedEvent, seats.InvitationResent:
		return p.invited(e)
	case seats.InvitationCancelledEv, seats.InvitationExpiredEv:
		return p.lapsed(e)
	case seats.ReminderInvitation:
		open := p.status == seats.UserInvited && p.state == seats.InvitationOpen && e.At.Before(p.expires)
		return unless(open && d.UserID == id && d.Generation == p.generation, "reminds of no open invitation")
	case seats.UserJoined:
		return p.join(e)
	case seats.UserCreated:
		return p.created(e)
	case seats.UserErased:
		p.bound = false
		return unless(p.status == seats.UserRemoved, "was not removed")
	case seats.UserBound:
		was := p.bound
		p.bound = true
		return unless(!was && p.status == seats.UserActive, "was bound already, or not active")
	case seats.UserUpdated, seats.AccountUpdated:
		return unless(p.status != seats.UserRemoved, "was removed before")
	case seats.RoleChanged:
		was := p.role
		p.role = d.Role
		return unless(was == d.FromRole && was != seats.Owner && d.Role != seats.Owner, "was not so before")
	case seats.UserActivated:
		was := p.status
		p.status = seats.UserActive
		return unless(was == seats.UserDeactivated, "was not deactivated")
	case seats.UserDeactivatedEvent, seats.UserRemovedEvent:
		return p.end(e)
	case seats.LicenseAssigned:
		return p.assigned(id, e)
	case seats.LicenseRevoked:
		return p.revoked(id, e)
	case seats.OwnershipTransferred:
		return p.transferred(id, e)
	case seats.SeatsIncreased, seats.PlanUpgraded, seats.SubscriptionStarted:
		// What an admin buys counts against a cap.
		return unless(e.Actor.Kind == seats.ActorUser && e.Actor.ID == string(id) && p.role == seats.Admin, "was bought by somebody else")
	}
	return "is not about users"
}

func unless(ok bool, why string) string {
	if ok {
		return ""
	}
	return why
}

func (p *past) created(e *seats.Event) string {
	d, was := &e.Data, p.status
	p.status, p.role = seats.UserDeactivated, d.Role
	if d.Active {
		p.status = seats.UserActive
	}
	if d.Licensed {
		p.licenses[d.Product] = seats.License{Subscription: d.Subscription, Since: e.At, By: seats.UserID(e.Actor.ID)}
	}
	return unless(was == "" && (d.Active || !d.Licensed), "was there before, or has a license and is not active")
}

func (p *past) invited(e *seats.Event) string {
	d := &e.Data
	fits := p.status == "" && e.Type == seats.UserInvitedEvent ||
		p.status == seats.UserInvited && e.Type == seats.InvitationResent && (p.state == seats.InvitationOpen || p.state == seats.InvitationExpired)
	if p.status == "" {
		p.role = d.Role
	}
	was := p.generation
	p.status, p.state, p.generation, p.expires, p.inviter = seats.UserInvited, seats.InvitationOpen, d.Generation, d.ExpiresAt, d.InviterID
	p.reserved = d.Subscription != ""
	return unless(fits && d.Generation == was+1, "does not follow on generation "+strconv.Itoa(was))
}

func (p *past) lapsed(e *seats.Event) string {
	open := p.state == seats.InvitationOpen
	p.reserved = false
	if e.Type == seats.InvitationExpiredEv {
		p.state = seats.InvitationExpired
		return unless(open && !e.At.Before(p.expires), "was not open, or had not expired")
	}
	fits := p.status == seats.UserInvited && (open || p.state == seats.InvitationExpired)
	p.state, p.status = seats.InvitationCancelled, seats.UserRemoved
	return unless(fits, "was not open")
}

func (p *past) join(e *seats.Event) string {
	fits := p.status == seats.UserInvited && p.state == seats.InvitationOpen && e.At.Before(p.expires)
	p.joined++
	p.status, p.state, p.bound, p.reserved = seats.UserActive, seats.InvitationAccepted, true, false
	if e.Data.Licensed {
		p.licenses[e.Data.Product] = seats.License{Subscription: e.Data.Subscription, Since: e.At, By: p.inviter}
	}
	return unless(fits, "the invitation was not open")
}

func (p *past) end(e *seats.Event) string {
	held := slices.Sorted(maps.Keys(p.licenses))
	p.licenses = map[string]seats.License{}
	p.reserved = false
	was := p.status
	if e.Type == seats.UserDeactivatedEvent {
		p.status = seats.UserDeactivated
		return unless(was == seats.UserActive && slices.Equal(held, e.Data.Ended), "was not active, or other licenses ended")
	}
	p.status = seats.UserRemoved
	if p.generation > 0 && p.state != seats.InvitationAccepted {
		p.state = seats.InvitationCancelled
	}
	return unless(was != "" && was != seats.UserRemoved && slices.Equal(held, e.Data.Ended), "was removed before, or other licenses ended")
}

func (p *past) assigned(id seats.UserID, e *seats.Event) string {
	_, held := p.licenses[e.Data.Product]
	p.licenses[e.Data.Product] = seats.License{Subscription: e.Data.Subscription, Since: e.At, By: seats.UserID(e.Actor.ID)}
	return unless(slices.Contains(e.Data.UserIDs, id) && !held && p.status == seats.UserActive, "is not named, held one already, or was not active")
}

func (p *past) revoked(id seats.UserID, e *seats.Event) string {
	if !slices.Contains(e.Data.UserIDs, id) {
		was := p.reserved
		p.reserved = false
		why := e.Data.Reason
		return unless(was && (why == seats.ReasonDecrease || why == seats.ReasonEnded || why == seats.ReasonPlan), "had no seat kept")
	}
	_, held := p.licenses[e.Data.Product]
	delete(p.licenses, e.Data.Product)
	return unless(held, "held none")
}

func (p *past) transferred(id seats.UserID, e *seats.Event) string {
	was := p.role
	p.signedOut = e.RecordedAt
	if id == e.Data.FromUserID {
		p.role = seats.Admin
		return unless(was == seats.Owner, "was not the owner")
	}
	p.role = seats.Owner
	return unless(id == e.Data.ToUserID && was != seats.Owner && p.status == seats.UserActive, "was the owner, or not active")
}
