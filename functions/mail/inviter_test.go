package main

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// Whose invitation expired is told to who invited, and to the owner instead of somebody
// who may not see the account's people any more.
func TestAnExpiryIsToldToWhoMayStillSeePeople(t *testing.T) {
	become := func(role string) func(*seatstest.Rig) {
		return func(r *seatstest.Rig) {
			_, err := r.Service.EditUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("adm"), seats.UserPatch{Role: &role}, seats.Once[*seats.User]{})
			r.Must(err)
		}
	}
	for _, c := range []struct {
		name string
		do   func(*seatstest.Rig)
		told string
	}{
		{"who invited is an admin still", func(*seatstest.Rig) {}, "adm"},
		{"is a billing admin now", become("billing_admin"), "adm"},
		{"is a member now", become("member"), "owner"},
		{"is deactivated", func(r *seatstest.Rig) {
			become("member")(r)
			_, err := r.Service.DeactivateUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("adm"), seats.Once[*seats.User]{})
			r.Must(err)
		}, "owner"},
		{"is removed", func(r *seatstest.Rig) {
			_, err := r.Service.RemoveUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("adm"), seats.Once[*seats.User]{})
			r.Must(err)
		}, "owner"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := seatstest.Open(t)
			w := writer{store: r.Store, console: console, now: r.Wall.Now, key: func(context.Context) ([]byte, error) { return seatstest.InvitationKey(), nil }}
			r.JoinAs(seats.Admin, "adm")
			_, err := r.Service.Invite(r.Ctx, r.Caller("adm"), r.Account, []seats.Invitee{seatstest.Invitee("ann", r.Sub)}, seats.Once[[]seats.InviteResult]{})
			r.Must(err)
			c.do(r)
			r.Wall.Advance(seats.InvitationTTL + time.Hour)
			_, err = r.Service.ExpireLapsed(r.Ctx)
			r.Must(err)
			expired := r.Events(seats.InvitationExpiredEv)
			if len(expired) != 1 {
				t.Fatalf("%d invitations expired", len(expired))
			}
			letters, err := w.letters(r.Ctx, expired[0])
			r.Must(err)
			told := ""
			for _, l := range letters {
				if l.mail.Kind() != mail.KindInvitationExpired {
					t.Errorf("a mail of the kind %s", l.mail.Kind())
				}
				told += l.to
			}
			if want := seatstest.Email(c.told); told != want {
				t.Errorf("told %q, want %q", told, want)
			}
		})
	}
}

// That a seat is free again is told where one was kept, by the name of its product.
func TestAnExpirySpeaksOfTheSeatThatWasKept(t *testing.T) {
	const freed = "is free again"
	r := newRig(t, largeCatalog(t))
	a := r.Open(5)
	_, desks := subscribe(t, a.Owner, a, "desks-monthly", 1)
	_, rooms := subscribe(t, a.Owner, a, "rooms-monthly", 1)
	invitee := func(name, subscription string) map[string]string {
		p := a.Invitee(name, "member", false)
		p["subscription_id"] = subscription
		return p
	}
	a.Invite(invitee("ida", rooms), invitee("kim", desks), a.Invitee("lea", "member", false))
	a.Advance(apitest.Start.Add(seats.InvitationTTL))
	told := r.news(a)
	for _, c := range []struct{ name, product string }{{"ida", ""}, {"kim", "Desks"}, {"lea", ""}} {
		i := slices.IndexFunc(told, func(m ses.Mail) bool { return strings.Contains(m.Subject, c.name+" Guest has expired") })
		if i < 0 {
			t.Fatalf("that of %s: mails are %q", c.name, heads(told))
		}
		if c.product != "" {
			says(t, told[i], "Product: "+c.product, freed)
		} else if m := told[i]; strings.Contains(m.Text, freed) || strings.Contains(m.Text, "Product:") {
			t.Errorf("%s had no seat kept, and it is told:\n%s", c.name, m.Text)
		}
	}
}
