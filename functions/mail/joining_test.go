package main

import (
	"testing"

	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/seats"
)

func TestWhoInvitedIsToldThatSomebodyElseCancelled(t *testing.T) {
	r := newRig(t, apitest.SampleCatalog(t))
	a := r.Open(5)
	admin, adminID := joins(t, r, a, "admin", "admin", nothing)
	other, _ := joins(t, r, a, "other", "admin", nothing)
	invite := func(name string) string {
		var results struct {
			Results []struct {
				UserID string `json:"user_id"`
			} `json:"results"`
		}
		admin.Post(a.Path+"/invitations", map[string]any{"people": []any{a.Invitee(name, "member", true)}}).OK(t, &results)
		return invitationPath(a, results.Results[0].UserID)
	}
	theirs, own, lapsed, left := invite("theirs"), invite("own"), invite("lapsed"), invite("left")
	r.news(a)
	other.Delete(theirs).OK(t, nil)
	same(t, "cancelled by somebody else", r.news(a), "admin: The invitation of theirs Guest was cancelled")
	says(t, to(t, r.mails(), "admin", "invitation_cancelled"), "other Guest cancelled your invitation of theirs Guest to "+customer+". Its link no longer works.",
		"Email: "+a.Email("theirs"), "Cancelled: 22 November 2026", console+"/accounts/"+a.ID+"/users")
	admin.Delete(own).OK(t, nil)
	same(t, "cancelled by the inviter", r.news(a))
	a.Owner.Patch(a.Path+"/users/"+adminID, map[string]string{"role": "member"}).OK(t, nil)
	r.news(a)
	other.Delete(left).OK(t, nil)
	same(t, "of an inviter who sees no people any more", r.news(a))
	a.Owner.Patch(a.Path+"/users/"+adminID, map[string]string{"role": "admin"}).OK(t, nil)
	a.Advance(apitest.Start.Add(seats.InvitationTTL))
	r.news(a)
	other.Delete(lapsed).OK(t, nil)
	same(t, "of what has expired, which was told", r.news(a))
}

func TestWhoInvitedIsToldThatNoSeatWasFree(t *testing.T) {
	r := newRig(t, largeCatalog(t))
	a := r.Open(5)
	_, adminID := joins(t, r, a, "admin", "admin", nothing)
	rooms, roomsID := subscribe(t, a.Owner, a, "rooms-monthly", 1)
	admin := r.As(a.Email("admin"))
	invite := func(name string) string {
		invitee := a.Invitee(name, "member", false)
		invitee["subscription_id"] = roomsID
		var results struct {
			Results []struct {
				UserID string `json:"user_id"`
			} `json:"results"`
		}
		admin.Post(a.Path+"/invitations", map[string]any{"people": []any{invitee}}).OK(t, &results)
		return results.Results[0].UserID
	}
	first, second, third := invite("first"), invite("second"), invite("third")
	r.news(a)
	r.accepts(a, "first", first)
	same(t, "who was given the seat", r.news(a))
	r.accepts(a, "second", second)
	same(t, "for whom there was none", r.news(a), "admin: second Guest joined without a license of Rooms")
	says(t, to(t, r.mails(), "admin", "joined_without_license"), "second Guest, whom you invited, has joined "+customer+".", "no seat was free.",
		"Email: "+a.Email("second"), "Product: Rooms", "All seats are taken. Add a seat or take back a license first", console+"/accounts/"+a.ID+"/licenses")

	joined := of(r.ledger(a), seats.UserJoined)
	a.Owner.Delete(rooms+"/licenses/"+first).OK(t, nil)
	a.Owner.Patch(a.Path+"/users/"+adminID, map[string]string{"role": "member"}).OK(t, nil)
	r.forget()
	r.all(joined...)
	same(t, "of an inviter who sees no people any more", r.mails(), "olga: second Guest joined without a license of Rooms")
	says(t, to(t, r.mails(), "olga", "joined_without_license"), "second Guest, whom admin Guest invited, has joined", "1 seat is free by now.")
	a.Owner.Post(rooms+"/licenses", map[string]any{"user_ids": []string{second}}).OK(t, nil)
	r.forget()
	r.all(joined...)
	same(t, "who was given a license since", r.mails())

	r.accepts(a, "third", third)
	a.Owner.Post(a.Path+"/users/"+third+"/deactivate", nil).OK(t, nil)
	r.forget()
	r.all(of(r.ledger(a), seats.UserJoined)...)
	same(t, "who was deactivated since", r.mails())
}
