package api_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/seats"
)

// guest is an invited person with a session, and the link that was sent.
type guest struct {
	*apitest.Person
	user, invitation, link string
}

func (x *tenant) guest(name string) guest {
	r := x.Invite(x.Invitee(name, member, true))[0]
	return guest{x.s.As(x.Email(name)), r.UserID, r.InvitationID, x.Link(r.UserID, 1)}
}

// accept sends a link as the guest; look looks it up, each time from another address.
func (g guest) accept(link string) apitest.Response {
	return g.Post("/v1/invitations/accept", object{"token": link, "id_token": g.IDToken})
}

func look(s *apitest.System, link string) apitest.Response {
	address := fmt.Sprintf("2001:db8::%x", rand.Uint32())
	return s.Nobody().Send(apitest.Request{Method: "POST", Path: "/v1/invitations/lookup", Body: encoded(object{"token": link}), SourceIP: address})
}

// A link that nobody has sent is not there, however close it is to one.
func TestNoGuessOpensAnInvitation(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	g, h := x.guest("gina"), x.guest("hugo")
	body, mac := g.link[:strings.LastIndex(g.link, ".")], g.link[strings.LastIndex(g.link, ".")+1:]
	hugos := h.link[strings.LastIndex(h.link, ".")+1:]
	guesses := map[string]bool{
		"": true, " ": true, ".": true, "...": true, "null": true, "undefined": true, "0": true, body: true, body + ".": true, "." + mac: true, mac: true,
		body + "." + hugos: true, g.link + "=": true, g.link + ".": true, g.link + " ": true, " " + g.link: true, g.link + "\n": true, g.link + "\x00": true,
		strings.ToUpper(g.link): true, strings.ToLower(g.link): true, body + "." + strings.Repeat("A", len(mac)): true, g.link + g.link: true,
		strings.Replace(g.link, x.ID, other(x.ID), 1): true, strings.Replace(g.link, g.user, h.user, 1): true, strings.Replace(g.link, g.user, other(g.user), 1): true,
		x.ID + "." + g.user + ".0." + mac: true, x.ID + "." + g.user + ".2." + mac: true, x.ID + "." + g.user + ".01." + mac: true, x.ID + "." + g.user + ".+1." + mac: true,
		x.ID + "." + g.user + "." + mac: true, g.user + "." + x.ID + ".1." + mac: true, strings.Repeat("x", 201): true, strings.Repeat("ü", 500): true,
		x.Link(other(g.user), 1): true, // well signed, for nobody
	}
	for i := range g.link {
		guesses[g.link[:i]] = true
		guesses[g.link[:i]+string(differing(g.link[i]))+g.link[i+1:]] = true
	}
	random := rand.New(rand.NewPCG(37, 1))
	for range 200 {
		guess := make([]byte, len(mac))
		for i := range guess {
			guess[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[random.IntN(64)]
		}
		guesses[body+"."+string(guess)] = true
	}
	delete(guesses, g.link)
	before := s.Dump()
	want, n, opened := "", 0, 0
	for guess := range guesses {
		answers := []apitest.Response{g.accept(guess)}
		if n++; n%4 == 0 { // each look-up is counted in the table, which takes its time
			answers = append(answers, look(s, guess))
		}
		for _, r := range answers {
			r.Refused(t, http.StatusNotFound, "not_found")
			if r.Status != http.StatusNotFound {
				opened++
			}
			if want == "" {
				want = string(r.Body)
			}
			if string(r.Body) != want {
				t.Errorf("guess %q is told apart: %s", guess, r.Body)
			}
		}
	}
	for _, body := range []string{`{"token":null}`, `{}`, `{"token":5}`, `{"token":["` + g.link + `"]}`, `{"token":{"a":1}}`} {
		s.Nobody().Send(apitest.Request{Method: "POST", Path: "/v1/invitations/lookup", Body: body}).Refused(t, 422, "invalid")
	}
	for _, change := range apitest.Changes(before, s.Dump()) {
		t.Errorf("changed: %s", change)
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 37, Did: "links one character off, of other people, cut, doubled and at random",
		Bad: opened, Of: len(guesses), What: "guesses that opened anything", Seed: 37,
	})
	g.accept(g.link).OK(t, nil)
}

// A link is for the person whom it was sent to.
func TestALinkIsForItsPersonAlone(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	g := x.guest("gina")
	thief := guest{s.As("thief@elsewhere.example"), "", "", ""}
	before := s.Dump()
	thief.accept(g.link).Refused(t, http.StatusForbidden, "email_mismatch")
	for _, in := range []string{owner, admin, member} {
		guest{x.people[in], "", "", ""}.accept(g.link).Refused(t, http.StatusForbidden, "email_mismatch")
	}
	withTheirs := object{"token": g.link, "id_token": g.IDToken}
	thief.Post("/v1/invitations/accept", withTheirs).Refused(t, 422, "invalid")
	g.Post("/v1/invitations/accept", object{"token": g.link, "id_token": thief.IDToken}).Refused(t, 422, "invalid")
	for _, token := range []string{"", "x", "a.b.c", g.IDToken + "x", g.IDToken[:len(g.IDToken)-2], strings.Replace(g.IDToken, ".", ".e30", 1)} {
		g.Post("/v1/invitations/accept", object{"token": g.link, "id_token": token}).Refused(t, 422, "invalid")
	}
	for _, who := range []string{operator, vendor, anonymous} {
		x.people[who].Post("/v1/invitations/accept", withTheirs).Refused(t, http.StatusForbidden, "forbidden")
	}
	// What follows links in mails, or a page that embeds one, sends no POST.
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"} {
		got := g.Send(apitest.Request{Method: method, Path: "/v1/invitations/accept?token=" + g.link})
		if got.Status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d %s", method, got.Status, got.Body)
		}
	}
	look(s, g.link).OK(t, nil)
	look(s, g.link).OK(t, nil)
	for _, change := range apitest.Changes(before, s.Dump()) {
		t.Errorf("changed: %s", change)
	}
	g.accept(g.link).OK(t, nil)
}

// Why a link no longer works is told apart, by the look-up as by the acceptance.
func TestALinkThatNoLongerWorksSaysWhy(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	dead := func(name string, g guest, link, code string) {
		t.Helper()
		before := s.Writes()
		for _, r := range []apitest.Response{g.accept(link), look(s, link)} {
			r.Refused(t, http.StatusGone, code)
		}
		if s.Writes() != before {
			t.Errorf("%s: something has changed", name)
		}
	}
	used := x.guest("used")
	used.accept(used.link).OK(t, nil)
	dead("used", used, used.link, "invitation_used")

	again := x.guest("again")
	x.Owner.Post(x.Path+"/invitations/"+again.invitation+"/resend", nil).OK(t, nil)
	dead("sent again", again, again.link, "invitation_superseded")

	off := x.guest("off")
	x.Owner.Delete(x.Path+"/invitations/"+off.invitation).OK(t, nil)
	dead("cancelled", off, off.link, "invitation_cancelled")

	gone := x.guest("gone")
	gone.accept(gone.link).OK(t, nil)
	x.Owner.Delete(x.Path+"/users/"+gone.user).OK(t, nil)
	dead("of a removed user", gone, gone.link, "invitation_cancelled")

	const week = 7 * 24 * time.Hour
	late := x.guest("late")
	newest := x.Link(again.user, 2)
	x.Advance(apitest.Start.Add(week - time.Second))
	var offer api.Offer
	look(s, late.link).OK(t, &offer)
	if offer.Email != late.Email || offer.InviterName != "Olga Owner" || offer.ProductName == "" {
		t.Errorf("the offer is %+v", offer)
	}
	again.accept(newest).OK(t, nil)
	x.Advance(apitest.Start.Add(week))
	dead("expired", late, late.link, "invitation_expired")
	x.Owner.Post(x.Path+"/invitations/"+late.invitation+"/resend", nil).OK(t, nil)
	dead("expired and sent again", late, late.link, "invitation_superseded")
	late.accept(x.Link(late.user, 2)).OK(t, nil)
	clean(t, s, x.ID)
}

// Look-ups are public, so each address has few: 60 in a minute, whatever it says of
// itself in headers.
func TestLookUpsAreLimitedForEachAddress(t *testing.T) {
	t.Parallel()
	const perMinute = 60
	s := newSystem(t)
	x := newTenant(t, s, nil)
	g := x.guest("gina")
	// Windows begin with the minute: begin with one.
	now := s.Now()
	s.Pass(now.Truncate(time.Minute).Add(time.Minute).Sub(now))
	from := func(address string, i int) apitest.Response {
		r := apitest.Request{Method: "POST", Path: "/v1/invitations/lookup", Body: encoded(object{"token": g.link}), SourceIP: address}
		r.Headers = map[string]string{"X-Forwarded-For": fmt.Sprintf("203.0.113.%d", i)}
		return s.Nobody().Send(r)
	}
	for i := range perMinute {
		from("192.0.2.77", i).OK(t, nil)
	}
	refused := from("192.0.2.77", perMinute)
	refused.Refused(t, http.StatusTooManyRequests, "too_many_requests")
	if wait, err := strconv.Atoi(refused.Headers["Retry-After"]); err != nil || wait < 1 || wait > 60 {
		t.Errorf("Retry-After %q", refused.Headers["Retry-After"])
	}
	passed := 0
	for i := range faulttest.Size(5, 500) {
		if from("192.0.2.77", i).Status != http.StatusTooManyRequests {
			passed++
		}
	}
	from("192.0.2.78", 0).OK(t, nil)
	s.Pass(time.Minute)
	from("192.0.2.77", 0).OK(t, nil)
	faulttest.Report(t, faulttest.Figure{
		Fault: 39, Did: "look-ups from one address beyond 60 a minute, each saying that it is forwarded for another",
		Bad: passed, Of: faulttest.Size(5, 500), What: "look-ups past the limit",
	})
}

// One link, many at once: one of them has it.
func TestALinkIsUsedOnceHoweverManyPressItAtOnce(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	g := x.guest("gina")
	accepters := faulttest.Size(200, 1_000)
	used, answers := 0, make([]apitest.Response, accepters)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = g.accept(g.link) })
	}
	wg.Wait()
	for _, a := range answers {
		if a.Status == http.StatusOK {
			used++
			continue
		}
		a.Refused(t, http.StatusGone, "invitation_used")
	}
	if n := effects(t, x.Account, seats.UserJoined); used != 1 || n != 1+5 { // the guest, and those of the fixture
		t.Errorf("used %d times, %d joined", used, n)
	}
	clean(t, s, x.ID)
	faulttest.Report(t, faulttest.Figure{
		Fault: 37, Did: "one link accepted by many at once", Bad: used - 1, Of: accepters, What: "acceptances too many",
	})
}

// Accepting and cancelling at once: one of them happens, and the seat is counted once.
func TestAcceptingAndCancellingAtOnceHasOneWinner(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	won := map[string]int{}
	for i := range 10 {
		g := x.guest(fmt.Sprintf("racer-%d", i))
		var accepted, cancelled apitest.Response
		var wg sync.WaitGroup
		wg.Go(func() { accepted = g.accept(g.link) })
		wg.Go(func() { cancelled = x.Owner.Delete(x.Path + "/invitations/" + g.invitation) })
		wg.Wait()
		switch {
		case accepted.Status == http.StatusOK && cancelled.Code() == "invitation_used":
			won["accepted"]++
		case cancelled.Status == http.StatusNoContent && accepted.Code() == "invitation_cancelled":
			won["cancelled"]++
		default:
			t.Errorf("accept: %d %s, cancel: %d %s", accepted.Status, accepted.Body, cancelled.Status, cancelled.Body)
		}
	}
	clean(t, s, x.ID)
	t.Logf("%v", won)
}
