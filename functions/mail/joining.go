package main

import (
	"context"

	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/seats"
)

// invitationCancelled writes to who invited, where somebody else took the invitation
// back while its link was good: that it has expired was told already.
func (w writer) invitationCancelled(_ context.Context, s *scene) ([]letter, error) {
	d := s.event.Data
	invitee := s.Users[d.UserID]
	if invitee == nil || invitee.Erased || invitee.Invitation == nil || !s.event.At.Before(invitee.Invitation.ExpiresAt) {
		return nil, nil
	}
	told, by := s.inviter()
	if told == nil || by != "" || s.event.Actor.Kind == seats.ActorUser && s.event.Actor.ID == string(told.ID) {
		return nil, nil
	}
	return []letter{userLetter(told, mail.InvitationCancelled{
		Frame: s.to(told), CancellerName: s.actor(), InviteeName: s.name(invitee.ID), InviteeEmail: invitee.Email,
		CancelledAt: s.event.At, PeopleLink: w.link(s, "/users"),
	})}, nil
}

// joinedWithoutLicense writes to who invited, or to the owner where that person sees
// the account's people no more, that there was no seat for the license that was to come
// with the invitation; unless it was given since, or nobody can give it any more.
func (w writer) joinedWithoutLicense(_ context.Context, s *scene) ([]letter, error) {
	d := s.event.Data
	joined := s.user(d.UserID)
	if d.Licensed || joined == nil || joined.Status != seats.UserActive || s.plan == nil || s.plan.Policies.ActiveUsers() ||
		!s.concerned() || s.sub.Status != seats.SubscriptionActive {
		return nil, nil
	}
	if _, holds := joined.Licenses[d.Product]; holds {
		return nil, nil
	}
	told, by := s.inviter()
	if told == nil {
		return nil, nil
	}
	return []letter{userLetter(told, mail.JoinedWithoutLicense{
		Frame: s.to(told), InviterName: by, PersonName: s.name(joined.ID), PersonEmail: joined.Email, ProductName: s.plan.Product.Name,
		SeatsFree: max(0, s.sub.Free), JoinedAt: s.event.At, LicensesLink: w.link(s, "/licenses"),
	})}, nil
}
