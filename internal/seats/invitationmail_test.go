package seats_test

import (
	"context"
	"testing"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// mailReads counts how often mails are looked up.
type mailReads struct {
	seats.Store
	calls int
}

func (s *mailReads) InvitationMails(ctx context.Context, users []*seats.User) (map[seats.UserID]seats.InvitationMail, error) {
	s.calls++
	return s.Store.InvitationMails(ctx, users)
}

// Only open invitations are looked up; what was tried outweighs that the mails are off
// by now; and a mail of an older link says nothing of the newest.
func TestMailsOfOpenInvitations(t *testing.T) {
	store := seatstest.NewStore()
	refused := seats.InvitationMail{Status: seats.MailRefused, Reason: "no such mailbox"}
	store.Tamper(func(d *seatstest.Data) {
		d.Mails[seats.InvitationMailID("usr_tried", 2)] = refused
		d.Mails[seats.InvitationMailID("usr_resent", 1)] = refused
	})
	invited := func(id seats.UserID, state seats.InvitationState, generation int) *seats.User {
		return &seats.User{ID: id, Invitation: &seats.Invitation{State: state, Generation: generation}}
	}
	users := []*seats.User{
		invited("usr_tried", seats.InvitationOpen, 2), invited("usr_resent", seats.InvitationOpen, 2),
		invited("usr_expired", seats.InvitationExpired, 1), {ID: "usr_created"},
	}
	counted := &mailReads{Store: store}
	svc := seats.New(counted, nil)
	for off, waiting := range map[string]seats.MailStatus{"": seats.MailPending, "invoice": seats.MailPending, "invitation": seats.MailOff} {
		got, err := svc.InvitationMails(t.Context(), &seats.Account{MailsOff: []string{off}}, users)
		if err != nil || len(got) != 2 || got["usr_tried"] != refused || got["usr_resent"] != (seats.InvitationMail{Status: waiting}) {
			t.Errorf("mails off: %q: %+v, %v", off, got, err)
		}
	}
	counted.calls = 0
	if got, err := svc.InvitationMails(t.Context(), &seats.Account{}, users[2:]); err != nil || len(got) != 0 || counted.calls != 0 {
		t.Errorf("none is open: %v, %v after %d reads", got, err, counted.calls)
	}
}
