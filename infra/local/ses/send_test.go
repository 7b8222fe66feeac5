package ses_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/usher-seats/usher/infra/local/ses"
)

func TestASimpleMailIsKeptAsItWasSent(t *testing.T) {
	r := start(t, ses.Options{ConfigurationSets: []string{"usher"}})
	input := invitation()
	input.ConfigurationSetName = aws.String("usher")
	input.ReplyToAddresses = []string{"support@example.com"}
	input.EmailTags = []types.MessageTag{{Name: aws.String("kind"), Value: aws.String("invitation")}}
	input.Content.Simple.Subject = utf8("Zoë lädt dich zu „Größe“ ein — mit einem Betreff, der länger als eine Zeile ist")
	input.Content.Simple.Body.Text = utf8("Grüße\nhttps://example.com/accept#token=" + strings.Repeat("a", 300))
	input.Content.Simple.Headers = []types.MessageHeader{{Name: aws.String("X-Entity-Ref-ID"), Value: aws.String("inv_1")}}
	got := r.send(t, input)

	want := ses.Mail{
		ID: got.ID, ReceivedAt: noon, Source: got.Source,
		From: "Usher <no-reply@example.com>", To: []string{"ada@example.com"}, ReplyTo: []string{"support@example.com"},
		Subject: *input.Content.Simple.Subject.Data, Text: *input.Content.Simple.Body.Text.Data, HTML: "<p>Hello Ada</p>",
		Headers: []ses.Header{{Name: "X-Entity-Ref-ID", Value: "inv_1"}},
		Tags:    []ses.Tag{{Name: "kind", Value: "invitation"}}, ConfigurationSet: "usher",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("kept\n%+v\nwant\n%+v", got, want)
	}
}

// leaf is one part of a message, decoded by the standard library alone.
type leaf struct {
	contentType, disposition, contentID, body string
}

func leaves(t *testing.T, header map[string][]string, body io.Reader) []leaf {
	t.Helper()
	get := func(name string) string { return mail.Header(header).Get(name) }
	kind, params, err := mime.ParseMediaType(get("Content-Type"))
	if err != nil {
		t.Fatalf("content type %q: %v", get("Content-Type"), err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		data, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		if get("Content-Transfer-Encoding") == "base64" {
			data = decodeBase64(t, data)
		}
		return []leaf{{kind, get("Content-Disposition"), get("Content-Id"), string(data)}}
	}
	found := []leaf{{contentType: kind}}
	reader := multipart.NewReader(body, params["boundary"])
	for {
		part, err := reader.NextPart() // decodes quoted-printable
		if err == io.EOF {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, leaves(t, part.Header, part)...)
	}
}

func TestTheSourceIsAMessageThatOthersCanRead(t *testing.T) {
	r := start(t, ses.Options{})
	pdf := bytes.Repeat([]byte("%PDF-1.7\x00\xff\r\n"), 50)
	input := invitation()
	input.Destination.BccAddresses = []string{"secret@example.com"}
	input.Content.Simple.Subject = utf8(strings.Repeat("Größe ", 20))
	input.Content.Simple.Attachments = []types.Attachment{
		{FileName: aws.String("Rechnung Nº 7.pdf"), ContentType: aws.String("application/pdf"), RawContent: pdf},
		{FileName: aws.String("logo.png"), ContentDisposition: types.AttachmentContentDispositionInline, ContentId: aws.String("logo"), RawContent: []byte("png")},
		{FileName: aws.String("notes.txt"), ContentTransferEncoding: types.AttachmentContentTransferEncodingQuotedPrintable, RawContent: []byte("1 = 1\n")},
		{FileName: aws.String("plain.txt"), ContentTransferEncoding: types.AttachmentContentTransferEncodingSevenBit, RawContent: []byte("plain")},
	}
	kept := r.send(t, input)

	// RFC 5322 forbids lines over 998 and asks for 78; only what has no space to
	// fold at, such as the Message-ID, may be somewhat longer.
	for line := range bytes.SplitSeq(kept.Source, []byte("\r\n")) {
		if len(line) > 100 || bytes.ContainsAny(line, "\r\n") {
			t.Errorf("line of %d bytes: %q", len(line), line)
		}
	}
	if bytes.Contains(kept.Source, []byte("secret@example.com")) {
		t.Error("the source names the blind copy's recipient")
	}
	message, err := mail.ReadMessage(bytes.NewReader(kept.Source))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
	if err != nil || subject != strings.Repeat("Größe ", 20) {
		t.Errorf("subject %q, %v", subject, err)
	}
	if fields := kept.Fields(); fields[0] != (ses.Header{Name: "From", Value: `"Usher" <no-reply@example.com>`}) || !containsHeader(fields, ses.Header{Name: "Subject", Value: subject}) {
		t.Errorf("fields %q", fields)
	}
	if date, err := message.Header.Date(); err != nil || !date.Equal(noon) {
		t.Errorf("date %v, %v", date, err)
	}
	got := leaves(t, message.Header, message.Body)
	want := []leaf{
		{contentType: "multipart/mixed"},
		{contentType: "multipart/alternative"},
		{contentType: "text/plain", body: "Hello Ada"},
		{contentType: "multipart/related"},
		{contentType: "text/html", body: "<p>Hello Ada</p>"},
		{contentType: "image/png", disposition: "inline; filename=logo.png", contentID: "<logo>", body: "png"},
		{contentType: "application/pdf", disposition: "attachment; filename*=utf-8''Rechnung%20N%C2%BA%207.pdf", body: string(pdf)},
		{contentType: "text/plain", disposition: "attachment; filename=notes.txt", body: "1 = 1\n"},
		{contentType: "text/plain", disposition: "attachment; filename=plain.txt", body: "plain"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("parts\n%q\nwant\n%q", got, want)
	}
}

func TestATextOnlyMailIsOnePart(t *testing.T) {
	r := start(t, ses.Options{})
	input := invitation()
	input.Content.Simple.Body.Html = nil
	message, err := mail.ReadMessage(bytes.NewReader(r.send(t, input).Source))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := leaves(t, message.Header, message.Body), []leaf{{contentType: "text/plain", body: "Hello Ada"}}; !reflect.DeepEqual(got, want) {
		// A single part is read as it stands, so quoted-printable shows.
		t.Errorf("parts %q, want %q", got, want)
	}
}

const rawMail = "From: =?utf-8?q?Zo=C3=AB?= <zoe@example.com>\r\n" +
	"To: Ada <ada@example.com>,\r\n bob@example.com\r\n" +
	"Bcc: secret@example.com\r\n" +
	"Message-ID: <own@example.com>\r\n" +
	"List-Unsubscribe: <https://example.com/u>\r\n" +
	"Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe\r\n" +
	"--b\r\nContent-Type: text/html\r\n\r\n<b>Hi</b>\r\n" +
	"--b\r\nContent-Type: text/calendar; name=\"a.ics\"\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\nQkVHSU4=\r\n" +
	"--b--\r\n"

func TestARawMailIsReadAndRestamped(t *testing.T) {
	r := start(t, ses.Options{Suppressed: []string{"BOB@example.com"}})
	got := r.send(t, &sesv2.SendEmailInput{Content: &types.EmailContent{Raw: &types.RawMessage{Data: []byte(rawMail)}}})

	if want := []string{`"Ada" <ada@example.com>`, "<bob@example.com>"}; !reflect.DeepEqual(got.To, want) {
		t.Errorf("to %q, want %q", got.To, want)
	}
	if want := []string{"<secret@example.com>"}; !reflect.DeepEqual(got.Bcc, want) {
		t.Errorf("bcc %q, want %q", got.Bcc, want)
	}
	if want := []string{"<bob@example.com>"}; !reflect.DeepEqual(got.Bounced, want) {
		t.Errorf("bounced %q, want %q", got.Bounced, want)
	}
	if got.Subject != "Grüße" || got.Text != "Grüße" || got.HTML != "<b>Hi</b>" {
		t.Errorf("subject %q, text %q, html %q", got.Subject, got.Text, got.HTML)
	}
	if want := []ses.Attachment{{FileName: "a.ics", ContentType: "text/calendar", Data: []byte("BEGIN")}}; !reflect.DeepEqual(got.Attachments, want) {
		t.Errorf("attachments %+v, want %+v", got.Attachments, want)
	}
	if want := (ses.Header{Name: "List-Unsubscribe", Value: "<https://example.com/u>"}); !containsHeader(got.Headers, want) {
		t.Errorf("headers %q lack %q", got.Headers, want)
	}
	source := string(got.Source)
	if strings.Contains(source, "secret@") || strings.Contains(source, "own@example.com") || !strings.Contains(source, "Message-ID: <"+got.ID) {
		t.Errorf("the source was not restamped:\n%s", source)
	}
	if !strings.HasSuffix(source, "--b--\r\n") || !strings.Contains(source, "To: Ada <ada@example.com>,\r\n bob@example.com\r\n") {
		t.Errorf("the source lost something:\n%s", source)
	}
}

func containsHeader(headers []ses.Header, want ses.Header) bool {
	for _, header := range headers {
		if header == want {
			return true
		}
	}
	return false
}

func TestTheDestinationOfARawMailWinsOverItsHeader(t *testing.T) {
	r := start(t, ses.Options{})
	got := r.send(t, &sesv2.SendEmailInput{
		FromEmailAddress: aws.String("other@example.com"),
		Destination:      &types.Destination{ToAddresses: []string{"carol@example.com"}},
		Content:          &types.EmailContent{Raw: &types.RawMessage{Data: []byte(rawMail)}},
	})
	if got.From != "other@example.com" || !reflect.DeepEqual(got.To, []string{"carol@example.com"}) || got.Bcc != nil {
		t.Errorf("from %q, to %q, bcc %q", got.From, got.To, got.Bcc)
	}
}

func TestAMailComesBackAfterARestart(t *testing.T) {
	r := start(t, ses.Options{Suppressed: []string{"bob@example.com"}})
	first := r.send(t, invitation())
	state, err := r.server.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	again := start(t, ses.Options{})
	if err := again.server.Restore(state); err != nil {
		t.Fatal(err)
	}
	if got := again.server.Mails(); !reflect.DeepEqual(got, []ses.Mail{first}) {
		t.Errorf("restored %+v, want %+v", got, first)
	}
	input := invitation()
	input.Destination.ToAddresses = []string{"bob@example.com"}
	if got := again.send(t, input); len(got.Bounced) != 1 {
		t.Errorf("the suppression list was lost: bounced %q", got.Bounced)
	}
	if err := again.server.Restore([]byte("{")); err == nil {
		t.Error("a broken snapshot was restored without an error")
	}
}

func TestOnlyTheNewestMailsAreKept(t *testing.T) {
	r := start(t, ses.Options{MaxMails: 2})
	r.send(t, invitation())
	second, third := r.send(t, invitation()), r.send(t, invitation())
	if got := r.server.Mails(); len(got) != 2 || got[0].ID != third.ID || got[1].ID != second.ID {
		t.Errorf("kept %d mails", len(got))
	}
}
