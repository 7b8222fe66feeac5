package mail_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/internal/logsafe"
	"github.com/usher-seats/usher/internal/mail"
)

func TestAMailDeliveredTwiceIsSentOnce(t *testing.T) {
	r := newRig(t, ses.Options{})
	key, l := letter(t)
	ctx, line := logsafe.Begin(t.Context())
	for i, want := range []mail.Outcome{mail.Sent, mail.AlreadySent, mail.AlreadySent} {
		got, err := r.courier().Deliver(ctx, key, l)
		if err != nil || got != want {
			t.Fatalf("delivery %d: %v, %v; want %v", i+1, got, err, want)
		}
	}
	mails := r.ses.Mails()
	if len(mails) != 1 {
		t.Fatalf("%d mails, want 1", len(mails))
	}
	if m := r.marker(t, key); m["state"] != "sent" || m["message_id"] != mails[0].ID {
		t.Errorf("marker %v, want state sent and message_id %s", m, mails[0].ID)
	}
	if n := line.Counts()[logsafe.MailsSent]; n != 1 {
		t.Errorf("MailsSent is %d, want 1", n)
	}
}

func TestAMarkerIsOfOneEventRecipientAndKind(t *testing.T) {
	r := newRig(t, ses.Options{})
	key, l := letter(t)
	other, billing, invoice := key, key, key
	other.EventID, billing.Recipient, invoice.Kind = "evt_2", mail.BillingRecipient, mail.KindInvoice
	for _, k := range []mail.Key{key, other, billing, invoice} {
		l.Message.Kind = k.Kind
		if got, err := r.courier().Deliver(t.Context(), k, l); err != nil || got != mail.Sent {
			t.Errorf("%s: %v, %v; want sent", k, got, err)
		}
	}
}

// TestACrashAtEveryCall kills the sender before and after each of its calls and
// delivers again until it is done, as the queue does.
func TestACrashAtEveryCall(t *testing.T) {
	key, l := letter(t)
	var calls []string
	t.Run("no crash", func(t *testing.T) {
		r := newRig(t, ses.Options{})
		if _, err := r.courier().Deliver(t.Context(), key, l); err != nil {
			t.Fatal(err)
		}
		calls = r.wire.calls
	})
	if want := []string{"UpdateItem", "POST /v2/email/outbound-emails", "UpdateItem"}; fmt.Sprint(calls) != fmt.Sprint(want) {
		t.Fatalf("calls %v, want %v", calls, want)
	}
	for at, call := range calls {
		for _, late := range []bool{false, true} {
			name := fmt.Sprintf("before call %d, %s", at+1, call)
			if late {
				name = fmt.Sprintf("after call %d, %s", at+1, call)
			}
			t.Run(name, func(t *testing.T) { crashAt(t, key, l, at+1, late) })
		}
	}
}

func crashAt(t *testing.T, key mail.Key, l mail.Letter, at int, late bool) {
	r := newRig(t, ses.Options{})
	r.wire.dieAt, r.wire.late = at, late
	_, firstErr := r.courier().Deliver(t.Context(), key, l)
	r.revive()
	if firstErr == nil && len(r.ses.Mails()) == 0 {
		t.Fatal("delivered without a mail")
	}
	for range 3 {
		r.clock = r.clock.Add(mail.ClaimStale / 2)
		outcome, err := r.courier().Deliver(t.Context(), key, l)
		if err != nil && !errors.Is(err, mail.ErrInFlight) {
			t.Fatal(err)
		}
		if err == nil && outcome != mail.Sent && outcome != mail.AlreadySent {
			t.Fatalf("outcome %v", outcome)
		}
	}
	mails := r.ses.Mails()
	if len(mails) < 1 || len(mails) > 2 {
		t.Fatalf("%d mails, want 1, or 2 where an answer was lost", len(mails))
	}
	sameContent(t, mails)
	if m := r.marker(t, key); m["state"] != "sent" {
		t.Errorf("marker %v, want state sent", m)
	}
}

func TestALostAnswerCausesOneMoreMailOfTheSameContent(t *testing.T) {
	r := newRig(t, ses.Options{})
	if err := r.ses.SetModeFor(ses.ModeAcceptThenDrop, 1); err != nil {
		t.Fatal(err)
	}
	key, l := letter(t)
	if _, err := r.courier().Deliver(t.Context(), key, l); err == nil {
		t.Fatal("a lost answer was taken for success")
	}
	for range 3 {
		if _, err := r.courier().Deliver(t.Context(), key, l); err != nil {
			t.Fatal(err)
		}
	}
	mails := r.ses.Mails()
	if len(mails) != 2 {
		t.Fatalf("%d mails, want the lost one and one more", len(mails))
	}
	sameContent(t, mails)
	if !strings.Contains(mails[0].Text, "https://seats.northwind.example/accept#acc_") {
		t.Error("the mail holds no link")
	}
}

func TestADeadSESLosesNothing(t *testing.T) {
	for _, mode := range []ses.Mode{ses.ModeDown, ses.ModeThrottle, ses.ModePaused, ses.ModeSuspended, ses.ModeMailFromUnverified, ses.ModeError} {
		t.Run(string(mode), func(t *testing.T) {
			r := newRig(t, ses.Options{})
			r.mode(t, mode)
			key, l := letter(t)
			ctx, line := logsafe.Begin(t.Context())
			for i := range 2 {
				if _, err := r.courier().Deliver(ctx, key, l); err == nil {
					t.Fatalf("delivery %d succeeded without SES", i+1)
				}
			}
			if n := line.Counts()[logsafe.MailsFailed]; n != 2 {
				t.Errorf("MailsFailed is %d, want 2", n)
			}
			r.mode(t, ses.ModeOK)
			if got, err := r.courier().Deliver(ctx, key, l); err != nil || got != mail.Sent {
				t.Errorf("after the outage: %v, %v; want sent at once", got, err)
			}
			if n := len(r.ses.Mails()); n != 1 {
				t.Errorf("%d mails, want 1", n)
			}
		})
	}
}

func TestARefusalIsRecordedAndNotTriedAgain(t *testing.T) {
	r := newRig(t, ses.Options{})
	r.mode(t, ses.ModeReject)
	key, l := letter(t)
	for i := range 2 {
		if got, err := r.courier().Deliver(t.Context(), key, l); err != nil || got != mail.Rejected {
			t.Fatalf("delivery %d: %v, %v; want rejected", i+1, got, err)
		}
		r.mode(t, ses.ModeOK)
		r.clock = r.clock.Add(time.Hour)
	}
	if n := len(r.ses.Mails()); n != 0 {
		t.Errorf("%d mails, want 0", n)
	}
	m := r.marker(t, key)
	if m["state"] != "rejected" || m["reason"] != "MessageRejected: The message was rejected because of its content." {
		t.Errorf("marker %v", m)
	}
}

func TestASetUpThatIsWrongRaisesAnAlarmWithoutAddresses(t *testing.T) {
	r := newRig(t, ses.Options{VerifiedIdentities: []string{"other.example"}})
	key, l := letter(t)
	if _, err := r.courier().Deliver(t.Context(), key, l); err == nil {
		t.Fatal("delivered from an unverified identity")
	}
	log := r.log.String()
	if !strings.Contains(log, `"level":"ERROR"`) || !strings.Contains(log, "MessageRejected") {
		t.Errorf("log is %s", log)
	}
	if strings.Contains(log, "@") || strings.Contains(log, "accept#") {
		t.Errorf("the log holds an address or a link: %s", log)
	}
}

func TestOfManySendersAtOnceOneSends(t *testing.T) {
	r := newRig(t, ses.Options{})
	key, l := letter(t)
	const senders = 16
	outcomes := make([]mail.Outcome, senders)
	errs := make([]error, senders)
	var group sync.WaitGroup
	for i := range senders {
		group.Go(func() {
			c := mail.Courier{Markers: r.markers, Sender: r.sender, Now: noon}
			outcomes[i], errs[i] = c.Deliver(t.Context(), key, l)
		})
	}
	group.Wait()
	sent := 0
	for i, outcome := range outcomes {
		switch {
		case outcome == mail.Sent:
			sent++
		case errs[i] != nil && !errors.Is(errs[i], mail.ErrInFlight):
			t.Errorf("sender %d: %v", i, errs[i])
		}
	}
	if mails := len(r.ses.Mails()); sent != 1 || mails != 1 {
		t.Errorf("%d senders sent, %d mails; want 1 and 1", sent, mails)
	}
}

func TestADeliveryNeedsAWholeKey(t *testing.T) {
	r := newMailbox(t, ses.Options{})
	key, l := letter(t)
	for name, spoil := range map[string]func(*mail.Key){
		"no event":             func(k *mail.Key) { k.EventID = "" },
		"no recipient":         func(k *mail.Key) { k.Recipient = "" },
		"no kind":              func(k *mail.Key) { k.Kind = "" },
		"a separator":          func(k *mail.Key) { k.Recipient = "usr_1#M" },
		"the kind of another":  func(k *mail.Key) { k.Kind = mail.KindInvoice },
		"a slash in the event": func(k *mail.Key) { k.EventID = "evt/1" },
	} {
		k := key
		spoil(&k)
		if _, err := r.courier().Deliver(t.Context(), k, l); err == nil {
			t.Errorf("%s: delivered", name)
		}
	}
	if n := len(r.ses.Mails()); n != 0 {
		t.Errorf("%d mails left the house", n)
	}
}
