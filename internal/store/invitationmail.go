package store

import (
	"context"
	"errors"

	"github.com/usher-seats/usher/internal/seats"
)

// Attributes and states of a send marker, which package mail writes. A claimed or
// released one is a mail that is still to go out.
const (
	markerStateName  = "state"
	markerReasonName = "reason"
	markerSent       = "sent"
	markerRejected   = "rejected"
)

// InvitationMails reads the send markers of the newest links, consistently, in one
// call for up to 100 users.
func (s *Store) InvitationMails(ctx context.Context, users []*seats.User) (map[seats.UserID]seats.InvitationMail, error) {
	use := &Usage{Operation: "invitation mails"}
	defer s.report(ctx, use)
	keys, of := make([]key, len(users)), map[key]seats.UserID{}
	for i, u := range users {
		keys[i] = invitationMailKey(u)
		of[keys[i]] = u.ID
	}
	found, err := s.getAll(ctx, use, keys)
	if err != nil {
		return nil, err
	}
	mails := map[seats.UserID]seats.InvitationMail{}
	var failures []error
	for k, it := range found {
		r := read(it)
		mail := seats.InvitationMail{Status: seats.MailPending}
		switch r.text(markerStateName) {
		case markerSent:
			mail.Status = seats.MailSent
		case markerRejected:
			mail.Status, mail.Reason = seats.MailRefused, r.text(markerReasonName)
		}
		failures = append(failures, r.failure())
		mails[of[k]] = mail
	}
	return mails, errors.Join(failures...)
}
