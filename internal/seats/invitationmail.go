package seats

import (
	"context"
	"slices"
	"strconv"
)

// MailStatus is what became of a mail.
type MailStatus string

// Mail statuses. MailOff is the status where the account wants no mails of the kind.
const (
	MailPending MailStatus = "pending"
	MailSent    MailStatus = "sent"
	MailRefused MailStatus = "refused"
	MailOff     MailStatus = "off"
)

// InvitationMail is what became of the mail with an invitation's newest link. While
// the mail service is away it is pending, and the link is good all the same.
type InvitationMail struct {
	Status MailStatus
	// Reason is why the mail service refused the mail for good.
	Reason string
}

// invitationMailKind is the kind of mail that carries the link.
const invitationMailKind = "invitation"

// InvitationMailID names the mail with the link of a generation. It is made of what a
// user says of its invitation, so that what became of the mail is found without an
// index and kept without another write to the user.
func InvitationMailID(user UserID, generation int) string {
	return string(InvitationOf(user)) + "." + strconv.Itoa(generation)
}

// InvitationMails says what became of the mails of the users' open invitations. Users
// without one are left out.
func (s *Service) InvitationMails(ctx context.Context, account *Account, users []*User) (map[UserID]InvitationMail, error) {
	mails := map[UserID]InvitationMail{}
	var open []*User
	for _, u := range users {
		if u.Invitation != nil && u.Invitation.State == InvitationOpen {
			open = append(open, u)
			mails[u.ID] = InvitationMail{Status: MailPending}
		}
	}
	if len(open) == 0 {
		return mails, nil
	}
	tried, err := s.Store.InvitationMails(ctx, open)
	if err != nil {
		return nil, err
	}
	off := slices.Contains(account.MailsOff, invitationMailKind)
	for id := range mails {
		if mail, ok := tried[id]; ok {
			mails[id] = mail
		} else if off {
			mails[id] = InvitationMail{Status: MailOff}
		}
	}
	return mails, nil
}
