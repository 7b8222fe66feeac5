package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/seats"
)

// statuses are what the owner's list of invitations says of mails, by the local part;
// "none" where it says nothing.
func (r *rig) statuses(a *apitest.Account) (by map[string]string, reasons []string) {
	r.t.Helper()
	var list struct {
		Items []api.Invitation `json:"items"`
	}
	a.Owner.Get(a.Path+"/invitations?limit=100").OK(r.t, &list)
	by = map[string]string{}
	for _, i := range list.Items {
		name, _, _ := strings.Cut(i.Email, "@")
		if by[name] = "none"; i.Mail != nil {
			by[name] = i.Mail.Status
			if (i.Mail.Reason != "") != (i.Mail.Status == "refused") {
				r.t.Errorf("%s: %s, reason %q", name, i.Mail.Status, i.Mail.Reason)
			}
			if i.Mail.Reason != "" {
				reasons = append(reasons, i.Mail.Reason)
			}
		}
	}
	return by, reasons
}

// invited are the messages that carry links.
func (r *rig) invited(a *apitest.Account) []entry {
	return of(r.ledger(a), seats.UserInvitedEvent, seats.InvitationResent)
}

func invitationPath(a *apitest.Account, user string) string {
	return a.Path + "/invitations/" + strings.Replace(user, "usr_", "inv_", 1)
}

// Fault 12, for who invites: whatever SES does, the list of invitations says whether
// the mail waits, went out or was refused for good, and what to do then; and the link
// is good all the while.
func TestTheListOfInvitationsSaysWhatBecameOfEachMail(t *testing.T) {
	r := newRig(t, apitest.SampleCatalog(t))
	wrong, looked := 0, 0
	expect := func(when string, a *apitest.Account, name, want string) []string {
		t.Helper()
		looked++
		got, reasons := r.statuses(a)
		if got[name] != want {
			wrong++
			t.Errorf("%s: %s is %q, want %q (all: %v)", when, name, got[name], want, got)
		}
		return reasons
	}
	for _, mode := range ses.Modes() {
		a := r.Open(5)
		invited := a.Invite(a.Invitee("ann", "member", true), a.Invitee("bob", "member", false))
		expect("not tried yet", a, "ann", "pending")
		r.mode(mode)
		left := r.deliver(t.Context(), r.invited(a)...)
		switch mode {
		case ses.ModeOK:
			expect("SES works", a, "ann", "sent")
		case ses.ModeReject:
			for _, reason := range expect("SES refuses", a, "ann", "refused") {
				if !strings.Contains(reason, "content") || !strings.Contains(reason, "cancel the invitation and invite") || strings.Contains(reason, "@") {
					wrong++
					t.Errorf("the reason is %q", reason)
				}
			}
		default:
			expect(fmt.Sprintf("SES is in the mode %s", mode), a, "ann", "pending")
		}
		if transient := mode != ses.ModeOK && mode != ses.ModeReject; transient != (len(left) > 0) {
			t.Errorf("%s: %d messages come again", mode, len(left))
		}
		bob := r.As(a.Email("bob"))
		bob.Post("/v1/invitations/accept", map[string]string{"token": a.Link(invited[1].UserID, 1), "id_token": bob.IDToken}).OK(t, nil)
		r.mode(ses.ModeOK)
		r.all(left...)
		if mode != ses.ModeReject {
			expect("SES is back", a, "ann", "sent")
		}
		if got, _ := r.statuses(a); len(got) != 1 {
			t.Errorf("%s: who has accepted is in the list still: %v", mode, got)
		}
	}
	aRefusedAddressIsMended(t, r, expect)
	anAccountWithoutThatMail(t, r, expect)
	faulttest.Report(t, faulttest.Figure{
		Fault: 12, Did: fmt.Sprintf("the list of invitations while SES is in %d modes", len(ses.Modes())),
		Bad: wrong, Of: looked, What: "looks that told something else of a mail",
	})
}

// aRefusedAddressIsMended does what the reason says, and sends one again.
func aRefusedAddressIsMended(t *testing.T, r *rig, expect func(when string, a *apitest.Account, name, want string) []string) {
	a := r.Open(5)
	invited := a.Invite(a.Invitee("wrnog", "member", true), a.Invitee("ann", "member", false))
	r.mode(ses.ModeReject)
	r.all(r.invited(a)...)
	expect("refused", a, "wrnog", "refused")
	r.mode(ses.ModeOK)
	r.all(r.invited(a)...)
	expect("told again", a, "wrnog", "refused")

	a.Owner.Post(invitationPath(a, invited[1].UserID)+"/resend", nil).OK(t, nil)
	expect("sent again, not told yet", a, "ann", "pending")
	r.all(r.invited(a)...)
	expect("sent again", a, "ann", "sent")
	expect("another is sent again", a, "wrnog", "refused")

	a.Owner.Delete(invitationPath(a, invited[0].UserID)).OK(t, nil)
	a.Invite(a.Invitee("wrong", "member", true))
	r.all(r.invited(a)...)
	expect("invited with the right address", a, "wrong", "sent")

	a.Advance(apitest.Start.Add(seats.InvitationTTL))
	expect("lapsed", a, "wrong", "none")
}

func anAccountWithoutThatMail(t *testing.T, r *rig, expect func(when string, a *apitest.Account, name, want string) []string) {
	a := r.Open(5)
	a.Owner.Patch(a.Path, map[string]any{"mails_off": []string{"invitation"}}).OK(t, nil)
	a.Invite(a.Invitee("ann", "member", true))
	r.all(r.invited(a)...)
	expect("no such mails are wanted", a, "ann", "off")
}
