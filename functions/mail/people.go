package main

import (
	"context"
	"slices"
	"strings"

	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/seats"
)

// invitation writes to the invited person, and reminds them later. An invitation that was sent again,
// cancelled or accepted in the meantime, or has lapsed, gets no mail with a dead
// link.
func (w writer) invitation(ctx context.Context, s *scene) ([]letter, error) {
	d := s.event.Data
	u := s.user(d.UserID)
	if u == nil || u.Invitation == nil || u.Invitation.State != seats.InvitationOpen || u.Invitation.Generation != d.Generation ||
		u.Invitation.Lapsed(s.Account.Now(w.now())) {
		return nil, nil
	}
	key, err := w.key(ctx)
	if err != nil {
		return nil, err
	}
	link := mail.Link(w.console + "/accept#" + seats.InvitationToken(key, s.Account.ID, u.ID, u.Invitation.Generation))
	product := ""
	if u.Invitation.Reserved && s.plan != nil {
		product = s.plan.Product.Name
	}
	inviter := s.name(u.Invitation.Inviter)
	if s.event.Type == seats.ReminderInvitation {
		return []letter{userLetter(u, mail.InvitationReminder{
			Frame: s.to(u), InviterName: inviter, ProductName: product, ExpiresAt: u.Invitation.ExpiresAt, Link: link,
		})}, nil
	}
	// One event a link: marked by the link, so that the list of invitations finds what
	// became of the mail.
	l := userLetter(u, mail.Invitation{
		Frame: s.to(u), InviterName: inviter, ProductName: product, Role: string(u.Role), ExpiresAt: u.Invitation.ExpiresAt,
		Link: link, Resent: s.event.Type == seats.InvitationResent,
	})
	l.about = seats.InvitationMailID(u.ID, u.Invitation.Generation)
	return []letter{l}, nil
}

// invitationExpired writes to who invited, or to the owner where that person sees the
// account's people no more, unless the invitation was sent again or cancelled in the
// meantime.
func (w writer) invitationExpired(_ context.Context, s *scene) ([]letter, error) {
	d := s.event.Data
	invitee := s.user(d.UserID)
	if invitee == nil || invitee.Invitation == nil || invitee.Invitation.State != seats.InvitationExpired {
		return nil, nil
	}
	told, by := s.inviter()
	if told == nil {
		return nil, nil
	}
	m := mail.InvitationExpired{
		Frame: s.to(told), InviterName: by, InviteeName: s.name(invitee.ID), InviteeEmail: invitee.Email,
		ExpiredAt: s.event.At, PeopleLink: w.link(s, "/users"),
	}
	if d.Product != "" && s.plan != nil {
		m.ProductName, m.SeatFreed = s.plan.Product.Name, true
	}
	return []letter{userLetter(told, m)}, nil
}

// inviter is who is told of an invitation: who invited, or the owner, and then by whose
// name it was.
func (s *scene) inviter() (told *seats.User, by string) { return s.answerable(s.event.Data.InviterID) }

// answerable is who is told of what a user began: that user, or the owner where they are
// gone or see the account no more, and then by whose name it was.
func (s *scene) answerable(id seats.UserID) (told *seats.User, by string) {
	if u := s.user(id); u != nil && u.Status == seats.UserActive && seats.Can(u.Role, seats.SeeAccount, nil) {
		return u, ""
	}
	if by = s.name(id); by == "" {
		by = "Somebody"
	}
	return s.user(s.Account.Owner), by
}

// licenseGiven writes to everybody who still holds the license.
func (w writer) licenseGiven(_ context.Context, s *scene) ([]letter, error) {
	var letters []letter
	for _, id := range s.event.Data.UserIDs {
		u := s.user(id)
		if u == nil || s.plan == nil {
			continue
		}
		if _, holds := u.Licenses[s.event.Data.Product]; !holds {
			continue
		}
		m := mail.LicenseGiven{
			Frame: s.to(u), GiverName: s.actor(), ProductName: s.plan.Product.Name, SignInLink: mail.Link(s.plan.Vendor.SignInURL),
		}
		for _, e := range s.plan.Product.Entitlements {
			m.Entitlements = append(m.Entitlements, e.Name)
		}
		letters = append(letters, userLetter(u, m))
	}
	return letters, nil
}

// licenseTaken writes to everybody whose license ended and who was given none since. Who
// answers for the money is told of the end of a subscription by that mail, its licenses
// included.
func (w writer) licenseTaken(_ context.Context, s *scene) ([]letter, error) {
	var letters []letter
	if s.event.Data.Reason == seats.ReasonPlan {
		// The plan has become one of active users: they lose nothing.
		return nil, nil
	}
	endTold := s.event.Data.Reason == seats.ReasonEnded && !slices.Contains(s.Account.MailsOff, string(mail.KindSubscriptionEnded))
	for _, id := range s.event.Data.UserIDs {
		u := s.user(id)
		if u == nil || s.plan == nil || endTold && s.manages(u) {
			continue
		}
		if _, again := u.Licenses[s.event.Data.Product]; again {
			continue
		}
		letters = append(letters, userLetter(u, mail.LicenseTaken{
			Frame: s.to(u), TakerName: s.actor(), ProductName: s.plan.Product.Name, TakenAt: s.event.At, Reason: s.event.Data.Reason,
		}))
	}
	return letters, nil
}

// licensesEnded writes to who was deactivated or removed which licenses ended with it,
// all of them in one mail. Who was removed is told this last thing, unless their data
// was erased in the meantime.
func (w writer) licensesEnded(ctx context.Context, s *scene) ([]letter, error) {
	d := s.event.Data
	u := s.Users[d.UserID]
	if u == nil || u.Erased {
		return nil, nil
	}
	var names []string
	for _, product := range d.Ended {
		sub := s.Subscriptions[product]
		if sub == nil {
			continue
		}
		plan, err := w.store.Plan(ctx, sub.Plan)
		if err != nil {
			return nil, err
		}
		names = append(names, plan.Product.Name)
	}
	if len(names) == 0 {
		return nil, nil
	}
	m := mail.LicenseTaken{
		Frame: s.to(u), TakerName: s.actor(), ProductName: listed(names), TakenAt: s.event.At, Reason: mail.TakenDeactivated,
	}
	if s.event.Type == seats.UserRemovedEvent {
		m.Reason = mail.TakenRemoved
	}
	return []letter{userLetter(u, m)}, nil
}

// listed writes names as a list in words: "A, B and C".
func listed(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// roleGiven writes to whose role was changed, unless it was changed again since: that
// has a mail of its own.
func (w writer) roleGiven(_ context.Context, s *scene) ([]letter, error) {
	d := s.event.Data
	u := s.user(d.UserID)
	if u == nil || u.Role != d.Role || u.Status != seats.UserActive {
		return nil, nil
	}
	return []letter{userLetter(u, mail.RoleGiven{
		Frame: s.to(u), GiverName: s.actor(), RoleFrom: string(d.FromRole), Role: string(d.Role), GivenAt: s.event.At, SignInLink: w.link(s, ""),
	})}, nil
}

// ownershipTransferred writes to the new owner, unless the account was handed on since,
// and to the old one, unless it was handed back.
func (w writer) ownershipTransferred(_ context.Context, s *scene) ([]letter, error) {
	d := s.event.Data
	var letters []letter
	for _, id := range []seats.UserID{d.ToUserID, d.FromUserID} {
		if u := s.user(id); u != nil && (id == s.Account.Owner) == (id == d.ToUserID) {
			letters = append(letters, userLetter(u, mail.OwnershipTransferred{
				Frame: s.to(u), ToNewOwner: id == d.ToUserID, OldOwnerName: s.name(d.FromUserID), NewOwnerName: s.name(d.ToUserID),
				TransferredAt: s.event.At, SignInLink: w.link(s, ""),
			}))
		}
	}
	return letters, nil
}

// link leads to a page of the account: who is in several must not come to another's.
func (w writer) link(s *scene, path string) mail.Link {
	return mail.Link(w.console + "/accounts/" + string(s.Account.ID) + path)
}
