package api_test

import (
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/seats"
)

// The hourly job has not come by yet when somebody needs the seat of an invitation
// that has expired.
func TestALapsedInvitationKeepsNoSeatFromAnybody(t *testing.T) {
	s := apitest.New(t)
	s.Publish(apitest.SampleCatalog(t))
	for _, take := range []string{"assign", "invite"} {
		a := s.OpenWith(map[string]any{"test": false, "seats": 1})
		a.Invite(a.Invitee("late", "member", true))
		if r := a.Invite(a.Invitee("early", "member", true))[0]; r.Error == nil || r.Error.Code != "no_free_seats" {
			t.Fatalf("while the invitation is open: %+v", r)
		}
		s.Pass(seats.InvitationTTL + time.Minute)
		switch take {
		case "assign":
			var given api.AssignResults
			a.Owner.Post(a.SubPath()+"/licenses", map[string]any{"user_ids": []string{a.OwnerID}}).OK(t, &given)
			if given.Results[0].Status != "assigned" {
				t.Errorf("assign: %+v", given.Results[0].Error)
			}
		case "invite":
			if r := a.Invite(a.Invitee("next", "member", true))[0]; r.Error != nil {
				t.Errorf("invite: %+v", r.Error)
			}
		}
		clean(t, s, a.ID)
	}
}

// An account whose zone was changed since its first period began is in order: in
// October Berlin and Lagos begin their days an hour apart, in November not.
func TestAnAuditKnowsTheZoneThatAPeriodBeganIn(t *testing.T) {
	s := apitest.New(t)
	s.Publish(apitest.SampleCatalog(t))
	a := s.OpenWith(map[string]any{"clock": time.Date(2026, time.October, 10, 9, 0, 0, 0, time.UTC)})
	a.Owner.Patch(a.Path, map[string]string{"time_zone": "Africa/Lagos"}).OK(t, nil)
	a.Advance(time.Date(2026, time.November, 12, 9, 0, 0, 0, time.UTC))
	clean(t, s, a.ID)
}
