package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/logsafe"
	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/seats"
)

// whole is everything of mails that a person could tell apart.
func whole(mails []ses.Mail) []string {
	var all []string
	for _, m := range mails {
		all = append(all, strings.Join(append(m.To, m.Subject, m.Text, m.HTML), "\n"))
	}
	slices.Sort(all)
	return all
}

// month is an account after a busy month: the messages of it, and the mails of an
// undisturbed delivery.
type month struct {
	*rig
	entries []entry
	want    []string
}

// What becomes of a month's mails when deliveries go wrong.
func TestDelivery(t *testing.T) {
	m := month{rig: newRig(t, apitest.SampleCatalog(t))}
	a := m.Open(5)
	busyMonth(t, m.rig, a, nothing)
	m.entries = m.ledger(a)
	m.all(m.entries...)
	m.want = whole(m.mails())
	if len(m.want) < 10 {
		t.Fatalf("a busy month is told in %d mails: %q", len(m.want), heads(m.mails()))
	}
	for _, c := range []struct {
		name string
		test func(*testing.T, month)
	}{
		{"each mail goes out once however often and in whatever order events arrive", eachMailOnce},
		{"a dead SES delays mails and loses none", aDeadSES},
		{"a flickering SES loses nothing", aFlickeringSES},
		{"a mailbox that refuses is recorded and not tried again", aMailboxThatRefuses},
		{"a lost answer makes at most one more mail with the same link", aLostAnswer},
		{"a dead sender holds up its mail alone", aDeadSender},
		{"a poison message fails alone and every time", aPoisonMessage},
		{"an invocation whose time is up loses nothing", timeIsUp},
	} {
		t.Run(c.name, func(t *testing.T) {
			m.t = t
			m.forget()
			m.mode(ses.ModeOK)
			c.test(t, m)
		})
	}
}

// wants checks that the mailbox holds each mail once.
func (m month) wants(what string) {
	m.t.Helper()
	if got := whole(m.mails()); !slices.Equal(got, m.want) {
		m.t.Errorf("%s: %d mails, want %d: %q", what, len(got), len(m.want), heads(m.mails()))
	}
}

func eachMailOnce(t *testing.T, r month) {
	deliveries, doubled, rounds := 0, 0, faulttest.Size(1, 40)
	for n := range rounds {
		r.forget()
		for _, batch := range batches(shuffled(r.entries, uint64(n+1))) {
			deliveries += len(batch)
			r.all(batch...)
		}
		doubled += len(r.mails()) - len(r.want)
		r.wants("one after the other")
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 7, Did: fmt.Sprintf("each event of a month 2 to 5 times and in another order, %d deliveries", deliveries),
		Bad: doubled, Of: rounds * len(r.want), What: "mails doubled", Seed: 1,
	})
	r.forget()

	// Four instances at once: who meets another's claim leaves the message for later.
	pending := batches(shuffled(r.entries, 9))
	for round := 0; len(pending) > 0; round++ {
		if round > 10 {
			t.Fatal("some messages come again for ever")
		}
		pending = r.atOnce(pending)
	}
	r.wants("four at once")
}

// atOnce delivers batches by four instances and gives those that come again.
func (r *rig) atOnce(todo [][]entry) (again [][]entry) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := worker; i < len(todo); i += 4 {
				failed := r.deliver(r.t.Context(), todo[i]...)
				mu.Lock()
				if len(failed) > 0 {
					again = append(again, failed)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return again
}

func aDeadSES(t *testing.T, r month) {
	var mailed []entry
	for _, e := range r.entries {
		r.all(e)
		if len(r.mails()) > 0 {
			mailed = append(mailed, e)
		}
		r.ses.Clear()
	}
	// One way of being dead is tried with all messages, the others with some.
	some := mailed[:faulttest.Size(4, len(mailed))]
	r.forget()
	r.all(some...)
	wantOfSome := whole(r.mails())
	for _, mode := range []ses.Mode{ses.ModeDown, ses.ModeError, ses.ModePaused, ses.ModeSuspended, ses.ModeMailFromUnverified, ses.ModeThrottle} {
		r.forget()
		r.mode(mode)
		batch, telling, want := some, some, wantOfSome
		if mode == ses.ModeDown {
			batch, telling, want = r.entries, mailed, r.want // those with nothing to tell need no SES
		}
		failed := r.deliver(t.Context(), batch...)
		if !slices.Equal(failed, telling) {
			t.Errorf("%s: %d messages come again, want the %d that have something to tell", mode, len(failed), len(telling))
		}
		r.mode(ses.ModeOK)
		r.all(failed...)
		if got := whole(r.mails()); !slices.Equal(got, want) {
			t.Errorf("%s, and back: %d mails, want %d: %q", mode, len(got), len(want), heads(r.mails()))
		}
	}
	if strings.Contains(r.log.String(), "@") || strings.Contains(r.log.String(), "accept#") {
		t.Errorf("the log holds an address or a link")
	}
}

// A flood of messages against an SES that comes and goes.
func aFlickeringSES(t *testing.T, r month) {
	modes := []ses.Mode{ses.ModeDown, ses.ModeOK, ses.ModeThrottle, ses.ModeError, ses.ModeOK}
	pending := batches(shuffled(r.entries, 3))
	for round := 0; len(pending) > 0; round++ {
		if round > 20 {
			t.Fatal("some messages come again for ever")
		}
		var again [][]entry
		for i, batch := range pending {
			if err := r.ses.SetModeFor(modes[(i+round)%len(modes)], 2); err != nil {
				t.Fatal(err)
			}
			if failed := r.deliver(t.Context(), batch...); len(failed) > 0 {
				again = append(again, failed)
			}
		}
		pending = again
	}
	r.wants("a flickering SES")
}

func aMailboxThatRefuses(t *testing.T, r month) {
	assigned := of(r.entries, seats.LicenseAssigned)[0]
	if err := r.ses.SetModeFor(ses.ModeReject, 1); err != nil {
		t.Fatal(err)
	}
	ctx, line := logsafe.Begin(t.Context())
	if failed := r.deliver(ctx, assigned); len(failed) != 0 {
		t.Errorf("a refused mail comes again")
	}
	if n := line.Counts()[logsafe.Poison]; n != 1 {
		t.Errorf("Poison is %d, want 1", n)
	}
	for range 2 {
		r.all(r.entries...)
	}
	if n := len(r.mails()); n != len(r.want)-1 {
		t.Errorf("%d mails, want all but the refused one of %d: %q", n, len(r.want), heads(r.mails()))
	}
	for _, m := range scan(t, r.Client, r.Tables["KeysTable"], "MAIL#"+assigned.id+"#") {
		state, reason := m["state"].(*types.AttributeValueMemberS).Value, m["reason"].(*types.AttributeValueMemberS).Value
		if state != "rejected" || reason != "MessageRejected: The message was rejected because of its content." {
			t.Errorf("the marker says %s: %s", state, reason)
		}
	}
}

// SES took the mail and its answer was lost: that mail alone goes out twice, with
// the same link.
func aLostAnswer(t *testing.T, r month) {
	rounds, more, differing := faulttest.Size(1, 50), faulttest.Size(1, 3), 0
	for range rounds {
		r.forget()
		if !r.lostAnswer(t, more) {
			differing++
		}
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 13, Did: fmt.Sprintf("SES took a mail and its answer was lost, everything delivered %d times more", more),
		Bad: differing, Of: rounds, What: "answers that made more than one more mail, or one with another link",
		More: fmt.Sprintf("%d of %d mails are the second of their kind: one for each lost answer", rounds, rounds*(len(r.want)+1)),
	})
}

// lostAnswer reports whether one more mail went out and was the same, everything
// delivered that many times more.
func (r month) lostAnswer(t *testing.T, times int) bool {
	t.Helper()
	resent := of(r.entries, seats.InvitationResent)
	if err := r.ses.SetModeFor(ses.ModeAcceptThenDrop, 1); err != nil {
		t.Fatal(err)
	}
	if failed := r.deliver(t.Context(), resent...); len(failed) != 1 {
		t.Fatalf("%d messages come again, want the one whose answer was lost", len(failed))
	}
	for range times {
		r.all(r.entries...)
	}
	var copies []ses.Mail
	for _, m := range r.mails() {
		if strings.HasPrefix(m.To[0], "again@") {
			copies = append(copies, m)
		}
	}
	same := len(copies) == 2 && link(t, copies[0]) == link(t, copies[1]) && whole(copies)[0] == whole(copies)[1]
	if !same {
		t.Errorf("%d copies, want two that are the same", len(copies))
	}
	n := len(r.mails())
	if n != len(r.want)+1 {
		t.Errorf("%d mails, want %d and one more", n, len(r.want))
	}
	return same && n == len(r.want)+1
}

// A sender that died between claim and answer holds its mail up for ClaimStale,
// and nobody else's.
func aDeadSender(t *testing.T, r month) {
	assigned := of(r.entries, seats.LicenseAssigned)[0]
	var recipient string
	for _, l := range r.letters(assigned) {
		recipient = l.recipient
	}
	key := mail.Key{EventID: assigned.id, Recipient: recipient, Kind: mail.KindLicenseGiven}
	if _, err := mail.NewDynamoMarkers(r.Client, r.Tables["KeysTable"]).Claim(t.Context(), key, r.Now()); err != nil {
		t.Fatal(err)
	}
	if failed := r.deliver(t.Context(), r.entries...); len(failed) != 1 || failed[0].id != assigned.id {
		t.Errorf("%d messages come again, want the dead sender's", len(failed))
	}
	if n := len(r.mails()); n != len(r.want)-1 {
		t.Errorf("%d mails, want all of %d but one", n, len(r.want))
	}
	r.Pass(mail.ClaimStale)
	r.all(assigned)
	r.wants("after the claim went stale")
}

// letters are what an entry has to say, none perhaps.
func (r *rig) letters(e entry) []letter {
	r.t.Helper()
	event, err := decode(e.body)
	if err != nil {
		r.t.Fatal(err)
	}
	letters, err := r.h.writer.letters(r.t.Context(), event)
	if err != nil {
		r.t.Fatalf("the letters of %s: %v", e.kind, err)
	}
	return letters
}

func aPoisonMessage(t *testing.T, r month) {
	good := of(r.entries, seats.LicenseAssigned)[0].body
	poison := map[string]string{
		"nothing":                   "",
		"garbage":                   "\x00{]",
		"another JSON":              `[1,2,3]`,
		"no detail":                 `{"source":"usher","detail-type":"license.assigned"}`,
		"a detail that is text":     envelope(seats.LicenseAssigned, `"gone"`),
		"a type of another version": strings.ReplaceAll(good, "license.assigned", "license.lent"),
		"another type than said":    strings.Replace(good, `"detail-type":"license.assigned"`, `"detail-type":"license.revoked"`, 1),
		"a field too many":          strings.Replace(good, `"data":{`, `"data":{"name":"Olga",`, 1),
		"an account that is none":   strings.Replace(good, `"account_id":"acc_`, `"account_id":"usr_`, 1),
	}
	var batch []entry
	for name, body := range poison {
		batch = append(batch, entry{"poison " + name, name, body})
	}
	for i, e := range r.entries {
		batch = slices.Insert(batch, min(2*i+1, len(batch)), e)
	}
	for range 2 {
		failed := r.deliver(t.Context(), batch...)
		for _, e := range failed {
			if !strings.HasPrefix(e.id, "poison ") {
				t.Errorf("%s comes again because of a neighbour", e.kind)
			}
		}
		if len(failed) != len(poison) {
			t.Errorf("%d messages come again, want the %d that are poison", len(failed), len(poison))
		}
		r.wants("beside poison")
	}

	// An account that is gone has nobody to be told.
	gone := strings.Replace(good, `"account_id":"acc_0`, `"account_id":"acc_1`, 1)
	r.all(entry{"gone", "gone", gone})
	r.wants("an account that is gone")
}

// An invocation whose time is up gives the rest of its batch back.
func timeIsUp(t *testing.T, r month) {
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		// Time is up when the third mail is out.
		_, _ = r.ses.WaitFor(ctx, func(ses.Mail) bool { return len(r.ses.Mails()) >= 3 })
		cancel()
	}()
	failed := r.deliver(ctx, r.entries...)
	if n := len(r.mails()); n == 0 || n == len(r.want) || len(failed) == 0 {
		t.Fatalf("%d of %d mails went out, %d messages come again: the time was not up in the middle", n, len(r.want), len(failed))
	}
	r.Pass(mail.ClaimStale + time.Second)
	r.all(r.entries...)
	n := len(r.mails())
	if n < len(r.want) || n > len(r.want)+1 {
		t.Errorf("%d mails in the end, want %d and at most one more", n, len(r.want))
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 14, Did: "the mail function's time is up after the third mail", Bad: max(0, len(r.want)-n), Of: len(r.want), What: "mails lost",
	})
}
