package seats_test

import (
	"context"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func keyFunc(key []byte) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return key, nil }
}

func resend(r *seatstest.Rig, by, who string) (*seats.User, error) {
	reply, err := r.Service.ResendInvitation(r.Ctx, r.Caller(by), r.Account, seats.InvitationOf(r.ID(who)), none[*seats.User]())
	return reply.Result, err
}

func cancel(r *seatstest.Rig, by, who string) (*seats.User, error) {
	reply, err := r.Service.CancelInvitation(r.Ctx, r.Caller(by), r.Account, seats.InvitationOf(r.ID(who)), none[*seats.User]())
	return reply.Result, err
}

func expire(r *seatstest.Rig) int {
	r.Helper()
	n, err := r.Service.ExpireLapsed(r.Ctx)
	r.Must(err)
	return n
}

func TestSendingAgainRotatesLinkAndExpiryAndKeepsTheSeat(t *testing.T) {
	r := seatstest.Open(t)
	r.Invite(seatstest.Invitee("ann", r.Sub))
	old := r.Link("ann")
	r.JoinAs(seats.Admin, "adm")
	r.Wall.Advance(24 * time.Hour)
	u, err := resend(r, "adm", "ann")
	r.Must(err)
	equal(t, "generation", u.Invitation.Generation, 2)
	equal(t, "expiry", u.Invitation.ExpiresAt, r.Wall.Now().Add(seats.InvitationTTL))
	equal(t, "inviter", u.Invitation.Inviter, r.ID("adm"))
	equal(t, "free seats", r.Pool().Free, 4)
	if r.Link("ann") == old {
		t.Error("the link stayed the same")
	}
	equal(t, "events", len(r.Events(seats.InvitationResent)), 1)
	_, err = r.Accept("ann")
	r.Must(err)
	equal(t, "free seats after accepting", r.Pool().Free, 4)
	r.Clean()
}

func TestSendingAgainAfterExpiryReservesASeatAgain(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(1))
	r.Invite(seatstest.Invitee("ann", r.Sub))
	r.Wall.Advance(seats.InvitationTTL)
	equal(t, "expired", expire(r), 1)
	equal(t, "free seats", r.Pool().Free, 1)
	_, err := resend(r, "owner", "ann")
	r.Must(err)
	equal(t, "free seats after sending again", r.Pool().Free, 0)
	_, err = r.Accept("ann")
	r.Must(err)
	equal(t, "license", len(r.User("ann").Licenses), 1)
	r.Clean()
}

func TestSendingAgainNeedsAFreeSeatOnceTheOldOneIsGone(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(1))
	r.Invite(seatstest.Invitee("ann", r.Sub))
	r.Wall.Advance(seats.InvitationTTL)
	expire(r)
	r.JoinLicensed("bob")
	before := r.Store.Snapshot()
	_, err := resend(r, "owner", "ann")
	wantCode(t, err, "no_free_seats")
	nothingChanged(t, r, before)
	r.Clean()
}

func TestALapsedInvitationThatNoJobHasSeenIsSentAgainWithItsSeat(t *testing.T) {
	r := seatstest.Open(t, seatstest.Seats(1))
	r.Invite(seatstest.Invitee("ann", r.Sub))
	r.Wall.Advance(seats.InvitationTTL + time.Hour)
	_, err := resend(r, "owner", "ann")
	r.Must(err)
	equal(t, "expired", expire(r), 0)
	equal(t, "free seats", r.Pool().Free, 0)
	r.Clean()
}

func TestCancellingFreesSeatAndEmail(t *testing.T) {
	for _, expired := range []bool{false, true} {
		r := seatstest.Open(t)
		r.Invite(seatstest.Invitee("ann", r.Sub))
		id := r.ID("ann")
		if expired {
			r.Wall.Advance(seats.InvitationTTL)
			expire(r)
		}
		u, err := cancel(r, "owner", "ann")
		r.Must(err)
		equal(t, "status", u.Status, seats.UserRemoved)
		equal(t, "free seats", r.Pool().Free, 5)
		equal(t, "events", len(r.Events(seats.InvitationCancelledEv)), 1)
		equalSlices(t, "invited again", codesOf(r.Invite(seatstest.Invitee("ann", r.Sub))), []string{""})
		if r.ID("ann") == id {
			t.Error("a new invitation made no new user")
		}
		r.Clean()
	}
}

func TestAnInvitationCommandOnWhatIsNoOpenInvitationSaysWhy(t *testing.T) {
	commands := map[string]func(*seatstest.Rig, seats.InvitationID) error{
		"resend": func(r *seatstest.Rig, id seats.InvitationID) error {
			_, err := r.Service.ResendInvitation(r.Ctx, r.Caller("owner"), r.Account, id, none[*seats.User]())
			return err
		},
		"cancel": func(r *seatstest.Rig, id seats.InvitationID) error {
			_, err := r.Service.CancelInvitation(r.Ctx, r.Caller("owner"), r.Account, id, none[*seats.User]())
			return err
		},
	}
	for name, command := range commands {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t)
			other := seatstest.Open(t, seatstest.In(r))
			other.Invite(seatstest.Invitee("eve", ""))
			r.Join("used", "removed")
			r.Invite(seatstest.Invitee("gone", r.Sub))
			gone := seats.InvitationOf(r.ID("gone"))
			_, err := cancel(r, "owner", "gone")
			r.Must(err)
			removed := seats.InvitationOf(r.ID("removed"))
			_, err = r.Service.RemoveUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("removed"), none[*seats.User]())
			r.Must(err)
			before := r.Store.Snapshot()
			for id, want := range map[seats.InvitationID]string{
				seats.InvitationOf(r.ID("used")):    "invitation_used",
				gone:                                "invitation_cancelled",
				removed:                             "not_found",
				seats.InvitationOf(r.Owner):         "not_found",
				seats.InvitationOf(other.ID("eve")): "not_found",
				"inv_nonsense":                      "not_found",
				"":                                  "not_found",
			} {
				if got := codeOf(command(r, id)); got != want {
					t.Errorf("%q: got %q, want %q", id, got, want)
				}
			}
			nothingChanged(t, r, before)
		})
	}
}

func TestWhoMayNotGrantARoleMayNotTouchItsInvitation(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinAs(seats.Admin, "adm")
	r.JoinAs(seats.BillingAdmin, "bill")
	r.Join("mem")
	for role, who := range map[seats.Role]string{seats.Admin: "newadm", seats.BillingAdmin: "newbill", seats.Member: "newmem"} {
		person := seatstest.Invitee(who, "")
		person.Role = string(role)
		r.Invite(person)
	}
	want := map[string]map[string]string{
		"adm":  {"newadm": "", "newbill": "forbidden", "newmem": ""},
		"bill": {"newadm": "forbidden", "newbill": "", "newmem": ""},
		"mem":  {"newadm": "forbidden", "newbill": "forbidden", "newmem": "forbidden"},
	}
	for by, targets := range want {
		for who, code := range targets {
			_, err := resend(r, by, who)
			if got := codeOf(err); got != code {
				t.Errorf("%s sends %s's again: got %q, want %q", by, who, got, code)
			}
		}
	}
	for by, targets := range want {
		for who, code := range targets {
			if code == "" {
				continue
			}
			_, err := cancel(r, by, who)
			if got := codeOf(err); got != code {
				t.Errorf("%s cancels %s's: got %q, want %q", by, who, got, code)
			}
		}
	}
	r.Clean()
}

func TestExpiryFreesTheSeatAndTellsTheInviterOnce(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinAs(seats.Admin, "adm")
	_, err := r.Service.Invite(r.Ctx, r.Caller("adm"), r.Account, crowd("p", 4, r.Sub), none[[]seats.InviteResult]())
	r.Must(err)
	r.Wall.Advance(seats.InvitationTTL - 1)
	equal(t, "expired one instant before", expire(r), 0)
	r.Wall.Advance(1)
	at := r.Wall.Now()
	r.Wall.Advance(90 * time.Minute)
	equal(t, "expired", expire(r), 4)
	equal(t, "free seats", r.Pool().Free, 5)
	events := r.Events(seats.InvitationExpiredEv)
	equal(t, "events", len(events), 4)
	for _, e := range events {
		equal(t, "told", e.Data.InviterID, r.ID("adm"))
		equal(t, "instant", e.At, at)
		equal(t, "recorded", e.RecordedAt, r.Wall.Now())
		equal(t, "actor", e.Actor, seats.System)
		equal(t, "seat of", e.Data.Product, r.Product)
		equal(t, "seat from", e.Data.Subscription, r.Sub)
	}
	equal(t, "status", r.User("p000").Status, seats.UserInvited)
	equal(t, "expired again", expire(r), 0)
	equal(t, "events after the second run", len(r.Events(seats.InvitationExpiredEv)), 4)
	// Told by name too, a second time does nothing.
	r.Must(r.Service.ExpireInvitation(r.Ctx, seats.Membership{Account: r.Account, User: r.ID("p000")}, r.Wall.Now()))
	equal(t, "events after naming it", len(r.Events(seats.InvitationExpiredEv)), 4)
	r.Clean()
}

// An expiry names the subscription where it gives a seat back, and only there.
func TestAnExpiryNamesNoSeatThatWasNotKept(t *testing.T) {
	for name, c := range map[string]struct {
		open []seatstest.Option
		sub  func(*seatstest.Rig) seats.SubscriptionID
		do   func(*seatstest.Rig)
	}{
		"invitations keep none": {
			[]seatstest.Option{seatstest.OnPolicies(withoutReserve)}, func(r *seatstest.Rig) seats.SubscriptionID { return r.Sub }, func(*seatstest.Rig) {},
		},
		"invited without a license": {nil, func(*seatstest.Rig) seats.SubscriptionID { return "" }, func(*seatstest.Rig) {}},
		"lost to a decrease": {
			[]seatstest.Option{seatstest.Seats(2), seatstest.OnPolicies(releasing)}, func(r *seatstest.Rig) seats.SubscriptionID { return r.Sub },
			func(r *seatstest.Rig) {
				r.JoinLicensed("bob")
				r.Change(1)
				r.CloseAt(r.Pool().Period.End)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t, c.open...)
			r.Wall.Set(utc("2026-11-29 09:00:00"))
			r.Invite(seatstest.Invitee("ann", c.sub(r)))
			c.do(r)
			r.Wall.Set(utc("2026-12-08 09:00:00"))
			equal(t, "expired", expire(r), 1)
			d := r.Events(seats.InvitationExpiredEv)[0].Data
			equal(t, "seat of", d.Product, "")
			equal(t, "seat from", d.Subscription, "")
			r.Clean()
		})
	}
}

func TestAnInvitationAcceptedBeforeTheJobCameIsNotExpired(t *testing.T) {
	r := seatstest.Open(t)
	r.Invite(seatstest.Invitee("ann", r.Sub))
	r.Wall.Advance(seats.InvitationTTL - time.Second)
	racing := &seatstest.Racing{Store: r.Store, Before: func(n int, _ *seats.Change) {
		if n == 1 {
			_, err := r.Accept("ann")
			r.Must(err)
		}
	}}
	// The job runs late and looked before the user accepted in the last second.
	m := seats.Membership{Account: r.Account, User: r.ID("ann")}
	r.Must(r.On(racing).ExpireInvitation(r.Ctx, m, r.Wall.Now().Add(time.Minute)))
	equal(t, "status", r.User("ann").Status, seats.UserActive)
	equal(t, "events", len(r.Events(seats.InvitationExpiredEv)), 0)
	equal(t, "free seats", r.Pool().Free, 4)
	r.Clean()
}

func TestOneInvitationThatCannotExpireKeepsNoOther(t *testing.T) {
	r := seatstest.Open(t)
	r.Invite(crowd("p", 5, r.Sub)...)
	r.Wall.Advance(seats.InvitationTTL)
	racing := &seatstest.Racing{Store: r.Store, Refuse: func(c *seats.Change) bool { return c.Users[0].User.Email == "p002@example.com" }}
	n, err := r.On(racing).ExpireLapsed(r.Ctx)
	if err == nil {
		t.Error("the failure was not told")
	}
	equal(t, "expired", n, 4)
	equal(t, "free seats", r.Pool().Free, 4)
	equal(t, "expired the next time", expire(r), 1)
	r.Clean()
}

func TestExpiryRefusesParkedAccountsNothing(t *testing.T) {
	r := seatstest.Open(t)
	r.Invite(seatstest.Invitee("ann", r.Sub))
	park(r)
	r.Wall.Advance(seats.InvitationTTL)
	equal(t, "expired", expire(r), 1)
	equal(t, "free seats", r.Pool().Free, 5)
}

// park parks an account behind the domain's back.
func park(r *seatstest.Rig) {
	r.Store.Tamper(func(d *seatstest.Data) {
		d.Accounts[r.Account].Status, d.Accounts[r.Account].ParkedFor = seats.AccountParked, "a test"
	})
}
