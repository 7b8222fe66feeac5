package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/local/sam"
	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/seats"
)

// redelivery is how the mail queue of the template brings a message again.
func redelivery(t *testing.T) (every time.Duration, most int) {
	t.Helper()
	template, err := sam.Load("../../template.yaml", sam.Options{Region: "eu-central-1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range template.Queues {
		if q.ID == "MailQueue" {
			return q.Visibility, q.MaxReceives
		}
	}
	t.Fatal("the template has no MailQueue")
	return 0, 0
}

const outage = 2 * time.Hour

// Fault 12: SES is away for two hours, in every way that it knows. The API goes on,
// what is invited can be accepted, each message comes again as the queue brings it,
// and afterwards every mail goes out once.
func TestAnOutageOfTheMailLosesNothing(t *testing.T) {
	every, most := redelivery(t)
	if got := every * time.Duration(most); got < 2*outage {
		t.Fatalf("the queue gives up after %s", got)
	}
	tries := faulttest.Size(3, int(outage/every))
	r := newRig(t, apitest.SampleCatalog(t))
	lost, wanted, drain, broken := 0, 0, 0, 0
	modes := []ses.Mode{ses.ModeDown, ses.ModeThrottle, ses.ModePaused, ses.ModeSuspended, ses.ModeError, ses.ModeMailFromUnverified}
	modes = modes[:faulttest.Size(2, len(modes))]
	for i, mode := range modes {
		a := r.Open(9)
		r.news(a)
		r.ses.Clear()
		r.mode(mode)
		// People go on while no mail goes out.
		invited := a.Invite(a.Invitee("early", "member", true), a.Invitee("later", "member", true))
		early := r.As(a.Email("early"))
		accepted := early.Post("/v1/invitations/accept", map[string]string{"token": a.Link(invited[0].UserID, 1), "id_token": early.IDToken})
		given := a.Owner.Post(a.SubPath()+"/licenses", map[string]any{"user_ids": []string{a.OwnerID}})
		if accepted.Status >= 500 || given.Status >= 500 || accepted.Status != 200 || given.Status != 200 {
			broken++
			t.Errorf("%s: the API answers %d and %d", mode, accepted.Status, given.Status)
		}
		waiting := of(r.ledger(a), seats.UserInvitedEvent, seats.LicenseAssigned)
		for range tries {
			waiting = r.deliver(t.Context(), waiting...)
			r.Pass(every)
		}
		if n := len(r.mails()); n != 0 || len(waiting) == 0 {
			t.Errorf("%s: %d mails went out of a dead SES, and %d messages wait", mode, n, len(waiting))
		}
		r.mode(ses.ModeOK)
		rounds := 0
		for ; len(waiting) > 0 && rounds < most; rounds++ {
			waiting = r.deliver(t.Context(), waiting...)
		}
		drain = max(drain, rounds)
		// Who has accepted already needs no link any more.
		got, want := r.mails(), []string{"later", "olga"}
		wanted += len(want)
		for _, name := range want {
			if n := len(addressed(got, name)); n != 1 {
				lost++
				t.Errorf("%s: %s has %d mails: %q", mode, name, n, heads(got))
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s, account %d: mails are %q", mode, i, heads(got))
		}
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 12, Did: fmt.Sprintf("SES away for %s in %d ways (%v), people inviting, accepting and giving licenses meanwhile", every*time.Duration(tries), len(modes), modes),
		Bad: lost + broken, Of: wanted, What: "mails lost or doubled", More: fmt.Sprintf("drained in %d round of the queue, %s", drain, every*time.Duration(drain)),
	})
}

// addressed are the mails to somebody by the local part.
func addressed(mails []ses.Mail, name string) (found []ses.Mail) {
	for _, m := range mails {
		if slices.ContainsFunc(m.To, func(to string) bool { return len(to) > len(name) && to[:len(name)+1] == name+"@" }) {
			found = append(found, m)
		}
	}
	return found
}

const mailSeed = 88

// Fault 8, of mails: the mails of a month are the same ones in whatever order its
// events arrive.
func TestMailsDoNotDependOnTheOrderOfEvents(t *testing.T) {
	r := newRig(t, apitest.SampleCatalog(t))
	a := r.Open(5)
	busyMonth(t, r, a, nothing)
	all := r.ledger(a)
	// Events of six kinds that are told, some of one person or of one pool.
	var chosen []entry
	for _, kind := range []string{seats.LicenseAssigned, seats.InvitationExpiredEv, seats.InvitationResent, seats.SeatsIncreased, seats.CycleClosed, seats.OwnershipTransferred} {
		chosen = append(chosen, of(all, kind)[0])
	}
	chosen = chosen[:faulttest.Size(3, 6)]
	orders, divergent := 0, 0
	try := func(order []entry, want []string) []string {
		r.forget()
		r.all(order...)
		got := whole(r.mails())
		if orders++; want != nil && !slices.Equal(got, want) {
			divergent++
			t.Errorf("%d mails instead of %d: %q", len(got), len(want), heads(r.mails()))
		}
		return got
	}
	want := try(chosen, nil)
	if len(want) < len(chosen) {
		t.Fatalf("%d events are told in %d mails", len(chosen), len(want))
	}
	permute(chosen, func(order []entry) { try(order, want) })
	whole := try(all, nil)
	random := rand.New(rand.NewPCG(mailSeed, 0))
	for range faulttest.Size(3, 60) {
		order := slices.Clone(all)
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		try(order, whole)
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 8, Did: fmt.Sprintf("all orders of %d events and random ones of %d, told by mail", len(chosen), len(all)),
		Bad: divergent, Of: orders, What: "orders with other mails", Seed: mailSeed,
	})
}

// permute calls each with every order of the items.
func permute[T any](items []T, each func([]T)) {
	if len(items) < 2 {
		each(items)
		return
	}
	for i := range items {
		rest := slices.Concat(items[:i], items[i+1:])
		permute(rest, func(order []T) { each(append([]T{items[i]}, order...)) })
	}
}
