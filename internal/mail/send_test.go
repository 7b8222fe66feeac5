package mail_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/hostiletest"
	"github.com/usher-seats/usher/internal/logsafe"
	"github.com/usher-seats/usher/internal/mail"
)

func TestAnAcceptedLetterArrivesAsItWasWritten(t *testing.T) {
	r := newMailbox(t, ses.Options{ConfigurationSets: []string{"usher"}})
	listener := httptest.NewServer(r.ses)
	defer listener.Close()
	sender := newSender(t, sesClient(listener.URL, r.wire, credentials()), mail.SenderOptions{
		From: "Nörthwind <no-reply@northwind.example>", ConfigurationSet: "usher",
	})
	_, l := letter(t)
	l.Attachments = []mail.Attachment{{FileName: "invoice-3.pdf", ContentType: "application/pdf", Data: []byte("%PDF-1.7")}}
	id, err := sender.Send(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	got := r.ses.Mails()[0]
	if got.ID != id {
		t.Errorf("id %q, SES says %q", id, got.ID)
	}
	if got.Subject != l.Message.Subject || got.Text != l.Message.Text || got.HTML != l.Message.HTML {
		t.Error("the content changed on its way")
	}
	if want := []string{"amelie.dubois@brandt.example"}; !slices.Equal(got.To, want) {
		t.Errorf("to %v, want %v", got.To, want)
	}
	if from, err := netmail.ParseAddress(got.From); err != nil || from.Name != "Nörthwind" || from.Address != "no-reply@northwind.example" {
		t.Errorf("from %q (%v)", got.From, err)
	}
	if want := []ses.Tag{{Name: "kind", Value: "invitation"}, {Name: "account", Value: "acc_06dn3b5"}}; !slices.Equal(got.Tags, want) {
		t.Errorf("tags %v, want %v", got.Tags, want)
	}
	if got.ConfigurationSet != "usher" {
		t.Errorf("configuration set %q", got.ConfigurationSet)
	}
	if len(got.Attachments) != 1 || string(got.Attachments[0].Data) != "%PDF-1.7" || got.Attachments[0].ContentType != "application/pdf" {
		t.Errorf("attachments %v", got.Attachments)
	}
	message, err := netmail.ReadMessage(bytes.NewReader(got.Source))
	if err != nil {
		t.Fatal(err)
	}
	if got := message.Header.Get("Auto-Submitted"); got != "auto-generated" {
		t.Errorf("Auto-Submitted is %q", got)
	}
}

// TestHostileNamesAddNoHeader sends mails with every payload in every text and
// reads the message back as it would go over the wire.
func TestHostileNamesAddNoHeader(t *testing.T) {
	r := newMailbox(t, ses.Options{})
	renderer := mail.NewRenderer()
	sample := sampleOf[mail.Invitation](t, "invitation")
	var names []string
	sent, escaped := 0, 0
	for _, payload := range append([]string{"plain"}, hostiletest.Payloads()...) {
		m, _ := fill(sample, func(int) string { return "A" + payload + "B" })
		message, err := renderer.Render(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.sender.Send(t.Context(), mail.Letter{To: "a@brandt.example", AccountID: "acc_1", Message: message}); err != nil {
			t.Fatalf("%q: %v", payload, err)
		}
		parsed, err := netmail.ReadMessage(bytes.NewReader(r.ses.Mails()[0].Source))
		if err != nil {
			t.Fatalf("%q: %v", payload, err)
		}
		var header []string
		for name := range parsed.Header {
			header = append(header, name)
		}
		slices.Sort(header)
		if names == nil {
			names = header
		}
		if sent++; !slices.Equal(header, names) {
			escaped++
			t.Errorf("%q: headers %v, want %v", payload, header, names)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
		if err != nil || subject != message.Subject {
			t.Errorf("%q: subject %q (%v), want %q", payload, subject, err, message.Subject)
		}
		if text := firstPart(t, parsed); text != message.Text {
			t.Errorf("%q: text part is\n%q\nwant\n%q", payload, text, message.Text)
		}
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 40, Did: "hostile names in every text of a mail, read back from its MIME source", Bad: escaped, Of: sent, What: "payloads that made a header",
	})
}

// firstPart decodes the first part of a multipart message: the text.
func firstPart(t *testing.T, message *netmail.Message) string {
	t.Helper()
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	part, err := multipart.NewReader(message.Body, params["boundary"]).NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	var body io.Reader = part
	if part.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(part)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

func TestWhatBecomesOfARefusedLetter(t *testing.T) {
	cases := []struct {
		name      string
		mode      ses.Mode
		options   ses.Options
		permanent bool
		alarm     bool
		reason    string
	}{
		{name: "throttled is tried later", mode: ses.ModeThrottle, reason: "TooManyRequestsException: Maximum sending rate exceeded."},
		{name: "paused is tried later, with an alarm", mode: ses.ModePaused, alarm: true, reason: "SendingPausedException"},
		{name: "suspended is tried later, with an alarm", mode: ses.ModeSuspended, alarm: true, reason: "AccountSuspendedException"},
		{name: "rejected is final", mode: ses.ModeReject, permanent: true, reason: "MessageRejected"},
		{name: "an unverified MAIL FROM is tried later, with an alarm", mode: ses.ModeMailFromUnverified, alarm: true, reason: "MailFromDomainNotVerifiedException"},
		{name: "an error inside SES is tried later", mode: ses.ModeError, reason: "InternalServiceErrorException"},
		{name: "no connection is tried later", mode: ses.ModeDown, reason: "no answer from SES"},
		{name: "a lost answer is tried later", mode: ses.ModeAcceptThenDrop, reason: "no answer from SES"},
		{name: "an unverified sender is our fault, not the letter's", mode: ses.ModeOK, options: ses.Options{VerifiedIdentities: []string{"other.example"}}, alarm: true, reason: "MessageRejected"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newMailbox(t, c.options)
			r.mode(t, c.mode)
			_, l := letter(t)
			_, err := r.sender.Send(t.Context(), l)
			checkSendError(t, err, c.permanent, c.alarm, c.reason)
		})
	}
}

func checkSendError(t *testing.T, err error, permanent, alarm bool, reason string) {
	t.Helper()
	var got *mail.SendError
	if !errors.As(err, &got) {
		t.Fatalf("error %v, want a *SendError", err)
	}
	if got.Permanent != permanent || got.Alarm != alarm || !strings.Contains(got.Reason, reason) {
		t.Errorf("permanent %v, alarm %v, reason %q; want %v, %v, %q", got.Permanent, got.Alarm, got.Reason, permanent, alarm, reason)
	}
	if strings.Contains(got.Reason+got.Error(), "@") {
		t.Errorf("the reason %q holds an address", got.Reason)
	}
}

func TestAFaultOfTheSetUpIsTriedLaterWithAnAlarm(t *testing.T) {
	r := newMailbox(t, ses.Options{})
	listener := httptest.NewServer(r.ses)
	defer listener.Close()
	_, l := letter(t)

	unknownSet := newSender(t, sesClient(listener.URL, r.wire, credentials()), mail.SenderOptions{From: "a@northwind.example", ConfigurationSet: "none"})
	_, err := unknownSet.Send(t.Context(), l)
	checkSendError(t, err, false, true, "NotFoundException")

	unsigned := newSender(t, sesClient(listener.URL, r.wire, aws.AnonymousCredentials{}), mail.SenderOptions{From: "a@northwind.example"})
	_, err = unsigned.Send(t.Context(), l)
	checkSendError(t, err, false, true, "MissingAuthenticationToken")
}

func TestAShortThrottleIsWaitedFor(t *testing.T) {
	r := newMailbox(t, ses.Options{})
	if err := r.ses.SetModeFor(ses.ModeThrottle, 3); err != nil {
		t.Fatal(err)
	}
	_, l := letter(t)
	if _, err := r.sender.Send(t.Context(), l); err != nil {
		t.Errorf("the fourth try was to succeed: %v", err)
	}
	if n := len(r.ses.Mails()); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
}

func TestALostAnswerIsNotSentAgainByTheClient(t *testing.T) {
	r := newMailbox(t, ses.Options{})
	r.mode(t, ses.ModeAcceptThenDrop)
	_, l := letter(t)
	if _, err := r.sender.Send(t.Context(), l); err == nil {
		t.Error("a lost answer was taken for success")
	}
	if n := len(r.ses.Mails()); n != 1 {
		t.Errorf("%d mails left the house, want 1: the SDK must not repeat the call", n)
	}
}

func TestAnInvocationThatEndsStopsTheSend(t *testing.T) {
	r := newMailbox(t, ses.Options{})
	hang := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) { <-request.Context().Done() }))
	defer hang.Close()
	sender := newSender(t, sesClient(hang.URL, r.wire, credentials()), mail.SenderOptions{From: "a@northwind.example"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, l := letter(t)
	_, err := sender.Send(ctx, l)
	checkSendError(t, err, false, false, "no answer from SES in time")
}

func TestALetterThatCannotGoOutIsRefusedForGood(t *testing.T) {
	r := newMailbox(t, ses.Options{})
	cases := []struct {
		name   string
		spoil  func(*mail.Letter)
		reason string
	}{
		{"no recipient", func(l *mail.Letter) { l.To = "" }, "recipient"},
		{"a display name", func(l *mail.Letter) { l.To = "Ann <ann@brandt.example>" }, "recipient"},
		{"two recipients", func(l *mail.Letter) { l.To = "a@brandt.example,b@brandt.example" }, "recipient"},
		{"a header in the address", func(l *mail.Letter) { l.To = "a@brandt.example\r\nBcc: b@brandt.example" }, "recipient"},
		{"an address that is too long", func(l *mail.Letter) { l.To = logsafe.Email(strings.Repeat("a", 242) + "@brandt.example") }, "recipient"},
		{"an address beyond ASCII", func(l *mail.Letter) { l.To = "jörg@brandt.example" }, "SMTPUTF8"},
		{"no subject", func(l *mail.Letter) { l.Message.Subject = "" }, "subject"},
		{"a subject of two lines", func(l *mail.Letter) { l.Message.Subject = "a\r\nBcc: b" }, "subject"},
		{"no text", func(l *mail.Letter) { l.Message.Text = "" }, "text part"},
		{"no kind", func(l *mail.Letter) { l.Message.Kind = "" }, "kind"},
		{"an account id that is no tag", func(l *mail.Letter) { l.AccountID = "acc 1" }, "tag"},
		{"an empty attachment", func(l *mail.Letter) { l.Attachments = []mail.Attachment{{FileName: "a.pdf"}} }, "attachment"},
		{"too large attachments", func(l *mail.Letter) {
			half := bytes.Repeat([]byte("x"), mail.MaxAttachmentBytes/2+1)
			l.Attachments = []mail.Attachment{{FileName: "a.pdf", Data: half}, {FileName: "b.pdf", Data: half}}
		}, "attachments"},
		{"a name of an attachment that SES refuses", func(l *mail.Letter) {
			l.Attachments = []mail.Attachment{{FileName: "a.exe", Data: []byte("x")}}
		}, "MessageRejected"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, l := letter(t)
			c.spoil(&l)
			_, err := r.sender.Send(t.Context(), l)
			checkSendError(t, err, true, false, c.reason)
		})
	}
	if n := len(r.ses.Mails()); n != 0 {
		t.Errorf("%d mails left the house", n)
	}
}

func TestASenderNeedsAnAddress(t *testing.T) {
	for _, from := range []string{"", "northwind", "a@b.example, c@d.example", "a@b.example\r\nBcc: x@y.example"} {
		if _, err := mail.NewSender(nil, mail.SenderOptions{From: from}); err == nil {
			t.Errorf("From %q was accepted", from)
		}
	}
}
