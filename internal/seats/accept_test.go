package seats_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

func accept(r *seatstest.Rig, who seats.Identity, token string) (*seats.User, error) {
	reply, err := r.Service.Accept(r.Ctx, who, token, none[*seats.User]())
	return reply.Result, err
}

func TestAcceptingMakesTheReservedSeatALicenseAndCountsItOnce(t *testing.T) {
	r := seatstest.Open(t)
	r.Invite(seatstest.Invitee("ann", r.Sub))
	pool := r.Pool()
	u, err := r.Accept("ann")
	r.Must(err)
	equal(t, "status", u.Status, seats.UserActive)
	equal(t, "subject", u.Subject, seatstest.Subject("ann"))
	equal(t, "license", u.Licenses[r.Product], seats.License{Subscription: r.Sub, Since: r.Wall.Now(), By: r.Owner})
	equal(t, "reserved", u.Invitation.Reserved, false)
	equal(t, "free seats", r.Pool().Free, pool.Free)
	equal(t, "the pool's revision", r.Pool().Rev, pool.Rev)
	joined := r.Events(seats.UserJoined)
	equal(t, "events", len(joined), 1)
	equal(t, "licensed", joined[0].Data.Licensed, true)
	equal(t, "actor", joined[0].Actor, seats.Actor{Kind: seats.ActorUser, ID: string(u.ID)})
	r.Clean()
}

func TestAcceptingWithoutALicenseTakesNoSeat(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("ann")
	equal(t, "free seats", r.Pool().Free, 5)
	equal(t, "licenses", len(r.User("ann").Licenses), 0)
	equal(t, "licensed", r.Events(seats.UserJoined)[0].Data.Licensed, false)
	r.Clean()
}

func TestALinkThatNoLongerOpensSaysWhy(t *testing.T) {
	owner := func(r *seatstest.Rig) seats.InvitationID { return seats.InvitationOf(r.ID("ann")) }
	cases := []struct {
		name string
		do   func(r *seatstest.Rig)
		want string
	}{
		{"the newest link opens", func(*seatstest.Rig) {}, ""},
		{"one instant before its expiry it opens", func(r *seatstest.Rig) { r.Wall.Advance(seats.InvitationTTL - 1) }, ""},
		{"at its expiry it has expired, before any job has come by", func(r *seatstest.Rig) { r.Wall.Advance(seats.InvitationTTL) }, "invitation_expired"},
		{"it has expired after the job too", func(r *seatstest.Rig) {
			r.Wall.Advance(seats.InvitationTTL)
			_, err := r.Service.ExpireLapsed(r.Ctx)
			r.Must(err)
		}, "invitation_expired"},
		{"sent again, the old link is superseded", func(r *seatstest.Rig) {
			_, err := r.Service.ResendInvitation(r.Ctx, r.Caller("owner"), r.Account, owner(r), none[*seats.User]())
			r.Must(err)
		}, "invitation_superseded"},
		{"superseded and expired, it is superseded", func(r *seatstest.Rig) {
			_, err := r.Service.ResendInvitation(r.Ctx, r.Caller("owner"), r.Account, owner(r), none[*seats.User]())
			r.Must(err)
			r.Wall.Advance(seats.InvitationTTL)
		}, "invitation_superseded"},
		{"used, it is used", func(r *seatstest.Rig) { _, err := r.Accept("ann"); r.Must(err) }, "invitation_used"},
		{"cancelled, it is cancelled", func(r *seatstest.Rig) {
			_, err := r.Service.CancelInvitation(r.Ctx, r.Caller("owner"), r.Account, owner(r), none[*seats.User]())
			r.Must(err)
		}, "invitation_cancelled"},
		{"its user removed, it is cancelled", func(r *seatstest.Rig) {
			_, err := r.Service.RemoveUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("ann"), none[*seats.User]())
			r.Must(err)
		}, "invitation_cancelled"},
		{"used and its user removed, it is cancelled", func(r *seatstest.Rig) {
			_, err := r.Accept("ann")
			r.Must(err)
			_, err = r.Service.RemoveUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("ann"), none[*seats.User]())
			r.Must(err)
		}, "invitation_cancelled"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := seatstest.Open(t)
			r.Invite(seatstest.Invitee("ann", r.Sub))
			link := r.Link("ann")
			c.do(r)
			before := r.Store.Snapshot()
			_, err := r.Service.LookUpInvitation(r.Ctx, link)
			wantCode(t, err, c.want)
			_, err = accept(r, r.Identity("ann"), link)
			wantCode(t, err, c.want)
			if c.want != "" {
				nothingChanged(t, r, before)
			}
			r.Clean()
		})
	}
}

func TestAnotherEmailThanTheInvitedOneIsRefused(t *testing.T) {
	r := seatstest.Open(t)
	r.Invite(seatstest.Invitee("ann", r.Sub))
	before := r.Store.Snapshot()
	for _, email := range []string{"", "bob@example.com", "ANN@example.com", "ann@example.com.evil.example", "ann+tag@example.com", "ａnn@example.com"} {
		_, err := accept(r, seats.Identity{Subject: seatstest.Subject("ann"), Email: email}, r.Link("ann"))
		if got := codeOf(err); got != "email_mismatch" {
			t.Errorf("%q: got %q", email, got)
		}
	}
	nothingChanged(t, r, before)
}

func TestATokenThatWasNotSignedByUsIsNotFound(t *testing.T) {
	r := seatstest.Open(t)
	r.Invite(seatstest.Invitee("ann", r.Sub), seatstest.Invitee("bob", r.Sub))
	other := seatstest.Open(t, seatstest.In(r))
	other.Invite(seatstest.Invitee("ann", other.Sub))
	good := r.Link("ann")
	cut := strings.LastIndexByte(good, '.')
	body, mac := good[:cut], good[cut+1:]
	parts := strings.Split(body, ".")
	sign := func(key []byte, account seats.AccountID, user seats.UserID, generation int) string {
		return seats.InvitationToken(key, account, user, generation)
	}
	ann := r.ID("ann")
	raw, err := base64.RawURLEncoding.DecodeString(mac)
	r.Must(err)
	tokens := map[string]string{
		"empty":                            "",
		"one dot":                          ".",
		"only dots":                        "...",
		"garbage":                          "garbage",
		"garbage with three dots":          "a.b.c.d",
		"a NUL":                            "\x00",
		"no MAC":                           body + ".",
		"no body":                          "." + mac,
		"the MAC cut short":                good[:len(good)-1],
		"the MAC of an empty body":         "." + strings.TrimPrefix(sign(seatstest.InvitationKey(), "", "", 0), "..0."),
		"one bit of the MAC flipped":       body + "." + flip(mac),
		"the MAC in padded base 64":        body + "." + base64.URLEncoding.EncodeToString(raw),
		"a trailing space":                 good + " ",
		"a trailing line":                  good + "\n",
		"a byte of the account changed":    strings.Replace(good, parts[0], flip(parts[0]), 1),
		"the user of somebody else":        parts[0] + "." + string(r.ID("bob")) + "." + parts[2] + "." + mac,
		"the generation raised":            parts[0] + "." + parts[1] + ".2." + mac,
		"upper case":                       strings.ToUpper(good),
		"twice":                            good + good,
		"too long":                         good + strings.Repeat("x", 200),
		"signed with another key":          sign([]byte(strings.Repeat("k", 32)), r.Account, ann, 1),
		"signed for a malformed account":   sign(seatstest.InvitationKey(), "acc_nonsense", ann, 1),
		"signed for a malformed user":      sign(seatstest.InvitationKey(), r.Account, "usr_nonsense", 1),
		"signed for nobody":                sign(seatstest.InvitationKey(), r.Account, "", 1),
		"signed for a user elsewhere":      sign(seatstest.InvitationKey(), r.Account, other.ID("ann"), 1),
		"signed for the owner, uninvited":  sign(seatstest.InvitationKey(), r.Account, r.Owner, 1),
		"signed for an account that isn't": sign(seatstest.InvitationKey(), seats.AccountID("acc_"+strings.Repeat("0", 26)), ann, 1),
	}
	before := r.Store.Snapshot()
	for name, token := range tokens {
		_, err := accept(r, r.Identity("ann"), token)
		if got := codeOf(err); got != "not_found" {
			t.Errorf("%s: got %q", name, got)
		}
		_, err = r.Service.LookUpInvitation(r.Ctx, token)
		if got := codeOf(err); got != "not_found" {
			t.Errorf("looked up, %s: got %q", name, got)
		}
	}
	nothingChanged(t, r, before)
}

// flip changes the first character that can be changed without leaving its
// alphabet.
func flip(s string) string {
	b := []byte(s)
	at := len(b) / 2
	if b[at] == 'a' {
		b[at] = 'b'
	} else {
		b[at] = 'a'
	}
	return string(b)
}

func TestALinkOfAnotherAccountOpensOnlyThatAccount(t *testing.T) {
	r := seatstest.Open(t)
	other := seatstest.Open(t, seatstest.In(r))
	other.Invite(seatstest.Invitee("ann", other.Sub))
	_, err := accept(r, r.Identity("ann"), other.Link("ann"))
	r.Must(err)
	if r.User("ann") != nil {
		t.Error("ann is a user of an account that did not invite her")
	}
	equal(t, "status there", other.User("ann").Status, seats.UserActive)
	r.Clean()
}

func TestAnIdentityIsOneUserOfAnAccount(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("ann")
	r.Invite(seatstest.Invitee("ann2", r.Sub))
	before := r.Store.Snapshot()
	// The same identity, whose email at the issuer has changed meanwhile.
	_, err := accept(r, seats.Identity{Subject: seatstest.Subject("ann"), Email: seatstest.Email("ann2")}, r.Link("ann2"))
	wantCode(t, err, "state_conflict")
	nothingChanged(t, r, before)
	r.Clean()
}

func TestAnIdentityWithoutSubjectIsRefused(t *testing.T) {
	r := seatstest.Open(t)
	r.Invite(seatstest.Invitee("ann", r.Sub))
	before := r.Store.Snapshot()
	if _, err := accept(r, seats.Identity{Email: seatstest.Email("ann")}, r.Link("ann")); err == nil {
		t.Error("somebody without an identity became a user")
	}
	nothingChanged(t, r, before)
}

func TestWhoWasRemovedJoinsAgainAsANewUser(t *testing.T) {
	r := seatstest.Open(t)
	r.JoinLicensed("ann")
	old := r.ID("ann")
	_, err := r.Service.RemoveUser(r.Ctx, r.Caller("owner"), r.Account, old, none[*seats.User]())
	r.Must(err)
	_, err = r.Service.Enter(r.Ctx, r.Caller("ann"), r.Account)
	wantCode(t, err, "not_found")
	r.JoinLicensed("ann")
	if r.ID("ann") == old {
		t.Error("the removed user came back")
	}
	_, err = r.Service.Enter(r.Ctx, r.Caller("ann"), r.Account)
	r.Must(err)
	r.Clean()
}

func TestWhoWasAtWorkWhenRemovedAndInvitedAgainIsLetInAtOnce(t *testing.T) {
	r := seatstest.Open(t)
	r.Join("ann")
	_, err := r.Service.Enter(r.Ctx, r.Caller("ann"), r.Account)
	r.Must(err)
	_, err = r.Service.RemoveUser(r.Ctx, r.Caller("owner"), r.Account, r.ID("ann"), none[*seats.User]())
	r.Must(err)
	r.Join("ann")
	// The function remembers the old user for some seconds.
	_, err = r.Service.Enter(r.Ctx, r.Caller("ann"), r.Account)
	wantCode(t, err, "")
}

func TestTheSameKeyAcceptsOnceAndAnswersTheSame(t *testing.T) {
	r := seatstest.Open(t)
	r.Invite(seatstest.Invitee("ann", r.Sub), seatstest.Invitee("bob", r.Sub))
	link := r.Link("ann")
	once := seatstest.Once[*seats.User]("key", "body")
	first, err := r.Service.Accept(r.Ctx, r.Identity("ann"), link, once)
	r.Must(err)
	again, err := r.Service.Accept(r.Ctx, r.Identity("ann"), link, once)
	r.Must(err)
	want, err := once.Encode(first.Result)
	r.Must(err)
	equal(t, "the replay", string(again.Replayed), string(want))
	equal(t, "events", len(r.Events(seats.UserJoined)), 1)
	_, err = r.Service.Accept(r.Ctx, r.Identity("bob"), r.Link("bob"), seatstest.Once[*seats.User]("key", "another body"))
	wantCode(t, err, "idempotency_key_reused")
	r.Clean()
}

func TestAThousandAcceptsOfOneLinkMakeOneUser(t *testing.T) {
	const racers = 1000
	r := seatstest.Open(t)
	r.Invite(seatstest.Invitee("ann", r.Sub))
	link, identity := r.Link("ann"), r.Identity("ann")
	codes := make([]string, racers)
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			_, err := accept(r, identity, link)
			codes[i] = codeOf(err)
		})
	}
	wg.Wait()
	count := tally(codes)
	t.Logf("%d accepts of one link: %v", racers, count)
	equal(t, "accepted", count[""], 1)
	equal(t, "told that it was used", count["invitation_used"], racers-1)
	equal(t, "events", len(r.Events(seats.UserJoined)), 1)
	equal(t, "free seats", r.Pool().Free, 4)
	r.Clean()
}

// tally counts outcomes.
func tally(codes []string) map[string]int {
	count := map[string]int{}
	for _, code := range codes {
		count[code]++
	}
	return count
}

func TestALookUpTellsWhatTheLinkOffers(t *testing.T) {
	r := seatstest.Open(t)
	r.Invite(seatstest.Invitee("ann", r.Sub))
	offer, err := r.Service.LookUpInvitation(r.Ctx, r.Link("ann"))
	r.Must(err)
	equal(t, "offer", offer, seats.Offer{
		AccountName: "Beispiel AG", Email: "ann@example.com", InviterName: "Olga Owner", ProductName: "Valuation",
		VendorName: "Example Software GmbH", ExpiresAt: r.User("ann").Invitation.ExpiresAt,
	})
}

func TestAWeakKeyOpensNoLink(t *testing.T) {
	for n, want := range map[int]string{0: "not_found", seats.MinInvitationKeyBytes - 1: "not_found", seats.MinInvitationKeyBytes: ""} {
		t.Run(fmt.Sprintf("%d bytes", n), func(t *testing.T) {
			r := seatstest.Open(t)
			r.Invite(seatstest.Invitee("ann", r.Sub))
			key := seatstest.InvitationKey()[:n]
			r.Service.InvitationKey = keyFunc(key)
			_, err := accept(r, r.Identity("ann"), seats.InvitationToken(key, r.Account, r.ID("ann"), 1))
			wantCode(t, err, want)
		})
	}
}

// Who was invited with a license gets one where a seat is free, also if none is kept for
// them any more.
func TestAnInvitationFindsAFreeSeat(t *testing.T) {
	reserveNone := func(p *seats.Policies) { p.InvitationReservesSeat = false }
	for name, c := range map[string]struct {
		policies func(*seats.Policies)
		between  func(*seatstest.Rig)
	}{
		"after its seat was taken and others were bought": {releasing, func(r *seatstest.Rig) {
			r.Change(1)
			r.JoinLicensed("bob")
			r.CloseAt(decemberFirst())
			r.Change(3)
		}},
		"after an upgrade to a plan that keeps seats": {reserveNone, func(r *seatstest.Rig) {
			offer(r, "pro", 2, 3000)
			r.ChangePlan("pro", 0)
		}},
		"after the product was subscribed to again": {reserveNone, func(r *seatstest.Rig) {
			r.Cancel()
			r.CloseAt(decemberFirst())
			r.Subscribe("valuation-team", 2)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := seatstest.Open(t, seatstest.OnPolicies(c.policies))
			r.Wall.Set(utc("2026-11-27 09:00:00"))
			r.Invite(seatstest.Invitee("ann", r.Sub))
			c.between(r)
			equal(t, "kept", r.User("ann").Invitation.Reserved, false)
			free := r.Pool().Free
			look, err := r.Service.LookUpInvitation(r.Ctx, r.Link("ann"))
			r.Must(err)
			equal(t, "offered", look.ProductName, r.Plan.Product.Name)
			ann, err := r.Accept("ann")
			r.Must(err)
			equal(t, "her license", ann.Licenses[r.Product].Subscription, r.Pool().ID)
			equal(t, "free seats", r.Pool().Free, free-1)
			entitled, err := r.Service.CheckEntitlement(r.Ctx, r.Account, ann.ID, r.Product)
			r.Must(err)
			equal(t, "denied", entitled.Denied, "")
			r.Clean()
		})
	}
}
