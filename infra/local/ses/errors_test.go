package ses_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"

	"github.com/usher-seats/usher/infra/local/ses"
)

func decodeBase64(t *testing.T, data []byte) []byte {
	t.Helper()
	decoded, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(string(data), "\r\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

// is reports whether err is the SDK's typed error E.
func is[E error](err error) bool {
	var typed E
	return errors.As(err, &typed)
}

func TestEveryModeIsATypedErrorOfTheSDK(t *testing.T) {
	for mode, typed := range map[ses.Mode]func(error) bool{
		ses.ModeThrottle:           is[*types.TooManyRequestsException],
		ses.ModePaused:             is[*types.SendingPausedException],
		ses.ModeSuspended:          is[*types.AccountSuspendedException],
		ses.ModeReject:             is[*types.MessageRejected],
		ses.ModeMailFromUnverified: is[*types.MailFromDomainNotVerifiedException],
		ses.ModeError:              is[*types.InternalServiceErrorException],
	} {
		t.Run(string(mode), func(t *testing.T) {
			r := start(t, ses.Options{})
			if err := r.server.SetMode(mode); err != nil {
				t.Fatal(err)
			}
			_, err := r.client.SendEmail(t.Context(), invitation())
			var api smithy.APIError
			if !typed(err) || !errors.As(err, &api) || api.ErrorMessage() == "" {
				t.Errorf("SendEmail: %#v", err)
			}
			if n := len(r.server.Mails()); n != 0 {
				t.Errorf("%d mails were kept", n)
			}
		})
	}
}

func TestTheConnectionEndsWithoutAnAnswer(t *testing.T) {
	for mode, kept := range map[ses.Mode]int{ses.ModeDown: 0, ses.ModeAcceptThenDrop: 1} {
		t.Run(string(mode), func(t *testing.T) {
			r := start(t, ses.Options{})
			if err := r.server.SetModeFor(mode, 1); err != nil {
				t.Fatal(err)
			}
			_, err := r.client.SendEmail(t.Context(), invitation())
			var answered *awshttp.ResponseError
			if err == nil || (errors.As(err, &answered) && answered.HTTPStatusCode() != 0) {
				t.Errorf("SendEmail: %v, want no answer at all", err)
			}
			if n := len(r.server.Mails()); n != kept {
				t.Errorf("%d mails were kept, want %d", n, kept)
			}
			r.send(t, invitation())
			if n := len(r.server.Mails()); n != kept+1 {
				t.Errorf("%d mails were kept after the fault, want %d", n, kept+1)
			}
		})
	}
}

func TestBadRequestsAreRefused(t *testing.T) {
	simple := func(change func(*types.Message)) func(*sesv2.SendEmailInput) {
		return func(in *sesv2.SendEmailInput) { change(in.Content.Simple) }
	}
	header := func(name, value string) func(*sesv2.SendEmailInput) {
		return simple(func(m *types.Message) {
			m.Headers = []types.MessageHeader{{Name: aws.String(name), Value: aws.String(value)}}
		})
	}
	to := func(address string) func(*sesv2.SendEmailInput) {
		return func(in *sesv2.SendEmailInput) { in.Destination.ToAddresses = []string{address} }
	}
	raw := func(data string) func(*sesv2.SendEmailInput) {
		return func(in *sesv2.SendEmailInput) {
			in.Content = &types.EmailContent{Raw: &types.RawMessage{Data: []byte(data)}}
		}
	}
	attach := func(file types.Attachment) func(*sesv2.SendEmailInput) {
		return simple(func(m *types.Message) { m.Attachments = []types.Attachment{file} })
	}
	badRequest, rejected := is[*types.BadRequestException], is[*types.MessageRejected]
	for name, c := range map[string]struct {
		spoil func(*sesv2.SendEmailInput)
		want  func(error) bool
		says  string
	}{
		"no sender":                   {func(in *sesv2.SendEmailInput) { in.FromEmailAddress = nil }, badRequest, "FromEmailAddress is missing"},
		"no recipient":                {func(in *sesv2.SendEmailInput) { in.Destination = nil }, badRequest, "no recipient"},
		"51 recipients":               {func(in *sesv2.SendEmailInput) { in.Destination = recipients(51) }, badRequest, "exceeds 50"},
		"an address without a domain": {to("not-an-address"), badRequest, "no email address"},
		"a domain of one label":       {to("ada@localhost"), badRequest, "no valid domain"},
		"a domain beyond ASCII":       {to("ada@größe.example"), badRequest, "Punycode"},
		"a name beyond ASCII":         {to("Zoë <zoe@example.com>"), badRequest, "encoded word"},
		"a local part of 65":          {to(strings.Repeat("a", 65) + "@example.com"), badRequest, "longer than 64"},
		"a line break in an address":  {to("ada@example.com\r\nBcc: eve@example.com"), badRequest, "control"},
		"a bad reply-to":              {func(in *sesv2.SendEmailInput) { in.ReplyToAddresses = []string{"x"} }, badRequest, "ReplyToAddresses"},
		"no content":                  {func(in *sesv2.SendEmailInput) { in.Content = &types.EmailContent{} }, badRequest, "one of Simple and Raw"},
		"a template":                  {func(in *sesv2.SendEmailInput) { in.Content = &types.EmailContent{Template: &types.Template{}} }, badRequest, "Templates"},
		"no body":                     {simple(func(m *types.Message) { m.Body = &types.Body{} }), badRequest, "Body with Text"},
		"a line break in the subject": {simple(func(m *types.Message) { m.Subject = utf8("a\nBcc: eve@example.com") }), badRequest, "line breaks"},
		"no charset for Größe":        {simple(func(m *types.Message) { m.Subject.Data, m.Subject.Charset = aws.String("Größe"), nil }), badRequest, "Charset: UTF-8"},
		"a charset that lacks it": {simple(func(m *types.Message) {
			m.Body.Text = &types.Content{Data: aws.String("日本"), Charset: aws.String("ISO-8859-1")}
		}), badRequest, "cannot be written"},
		"an unknown charset":           {simple(func(m *types.Message) { m.Body.Text.Charset = aws.String("klingon") }), badRequest, "no character set"},
		"a header injection":           {header("X-A", "b\r\nBcc: eve@example.com"), badRequest, "line break"},
		"a header of SES's own":        {header("Subject", "x"), badRequest, "set by Amazon SES"},
		"a header name with a colon":   {header("X:A", "b"), badRequest, "no header name"},
		"a header over its length":     {header("X-A", strings.Repeat("a", 996)), badRequest, "1-995"},
		"16 headers":                   {simple(func(m *types.Message) { m.Headers = make([]types.MessageHeader, 16); fill(m.Headers) }), badRequest, "at most 15"},
		"a tag with a space":           {func(in *sesv2.SendEmailInput) { in.EmailTags = tags("a b") }, badRequest, "no tag"},
		"a tag given twice":            {func(in *sesv2.SendEmailInput) { in.EmailTags = tags("a", "a") }, badRequest, "twice"},
		"a program attached":           {attach(types.Attachment{FileName: aws.String("run.EXE"), RawContent: []byte("x")}), rejected, "Illegal filename"},
		"a file name with a path":      {attach(types.Attachment{FileName: aws.String("../a.txt"), RawContent: []byte("x")}), rejected, "Illegal filename"},
		"an empty attachment":          {attach(types.Attachment{FileName: aws.String("a.txt"), RawContent: []byte{}}), badRequest, "RawContent"},
		"bytes as seven bit":           {attach(types.Attachment{FileName: aws.String("a.txt"), RawContent: []byte("é"), ContentTransferEncoding: "SEVEN_BIT"}), badRequest, "must be ASCII"},
		"a raw message without header": {raw("hello"), badRequest, "raw message"},
		"a raw message without sender": {raw("To: ada@example.com\r\n\r\nhello"), badRequest, "no From header"},
		"a raw message with bad parts": {raw("From: a@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\nhello"), badRequest, "parts cannot be read"},
		"a raw message of bad base64":  {raw("From: a@example.com\r\nContent-Transfer-Encoding: base64\r\n\r\n!!"), badRequest, "cannot be decoded"},
		"an unknown configuration set": {func(in *sesv2.SendEmailInput) { in.ConfigurationSetName = aws.String("nope") }, is[*types.NotFoundException], "<nope> does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, ses.Options{ConfigurationSets: []string{"usher"}})
			input := invitation()
			c.spoil(input)
			_, err := r.client.SendEmail(t.Context(), input)
			if !c.want(err) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("SendEmail: %v, want it to say %q", err, c.says)
			}
			if n := len(r.server.Mails()); n != 0 {
				t.Errorf("%d mails were kept", n)
			}
		})
	}
}

func recipients(n int) *types.Destination {
	list := make([]string, n)
	for i := range list {
		list[i] = "ada+" + strings.Repeat("x", i) + "@example.com"
	}
	return &types.Destination{ToAddresses: list[:1], CcAddresses: list[1:2], BccAddresses: list[2:]}
}

func fill(headers []types.MessageHeader) {
	for i := range headers {
		headers[i] = types.MessageHeader{Name: aws.String("X-" + strings.Repeat("a", i+1)), Value: aws.String("b")}
	}
}

func tags(names ...string) (list []types.MessageTag) {
	for _, name := range names {
		list = append(list, types.MessageTag{Name: aws.String(name), Value: aws.String("v")})
	}
	return list
}

func TestWhatIsJustWithinTheLimitsIsAccepted(t *testing.T) {
	r := start(t, ses.Options{VerifiedIdentities: []string{"example.com"}})
	input := invitation()
	input.Destination = recipients(ses.MaxRecipients)
	input.Destination.ToAddresses[0] = "=?utf-8?q?Zo=C3=AB?= <" + strings.Repeat("a", 64) + "@example.com>"
	input.Content.Simple.Headers = make([]types.MessageHeader, 15)
	fill(input.Content.Simple.Headers)
	input.FromEmailAddress = aws.String("no-reply@mail.example.com")
	r.send(t, input)
}

func TestASenderThatIsNotVerifiedIsRejected(t *testing.T) {
	r := start(t, ses.Options{VerifiedIdentities: []string{"usher.example"}})
	_, err := r.client.SendEmail(t.Context(), invitation())
	if !is[*types.MessageRejected](err) || !strings.Contains(err.Error(), "not verified") {
		t.Errorf("SendEmail: %v", err)
	}
}

func TestAMessageOverTheSizeLimitIsRefused(t *testing.T) {
	const limit = 64 << 10
	r := start(t, ses.Options{MaxMessageBytes: limit})
	attach := func(size int) *sesv2.SendEmailInput {
		input := invitation()
		input.Content.Simple.Attachments = []types.Attachment{{FileName: aws.String("a.bin"), RawContent: bytes.Repeat([]byte{1}, size)}}
		return input
	}
	// 40 of 64 KiB grow by a third and a little; 48 KiB alone reach the limit; 3 MiB
	// are more than the request may have.
	r.send(t, attach(40<<10))
	for _, size := range []int{48 << 10, 3 << 20} {
		_, err := r.client.SendEmail(t.Context(), attach(size))
		if !is[*types.BadRequestException](err) || !strings.Contains(err.Error(), "more than 65536 bytes") {
			t.Errorf("SendEmail of %d bytes: %v", size, err)
		}
	}
	if ses.MaxMessageBytes != 40<<20 {
		t.Errorf("the limit of Amazon SES is 40 MB, not %d", ses.MaxMessageBytes)
	}
}

func TestTheSuppressionListIsKeptOverTheProtocol(t *testing.T) {
	r := start(t, ses.Options{})
	address := aws.String("Bob@example.com")
	if _, err := r.client.GetSuppressedDestination(t.Context(), &sesv2.GetSuppressedDestinationInput{EmailAddress: address}); !is[*types.NotFoundException](err) {
		t.Errorf("before: %v", err)
	}
	if _, err := r.client.PutSuppressedDestination(t.Context(), &sesv2.PutSuppressedDestinationInput{EmailAddress: address, Reason: types.SuppressionListReasonComplaint}); err != nil {
		t.Fatal(err)
	}
	got, err := r.client.GetSuppressedDestination(t.Context(), &sesv2.GetSuppressedDestinationInput{EmailAddress: aws.String("bob@example.com")})
	if err != nil {
		t.Fatal(err)
	}
	if got.SuppressedDestination.Reason != types.SuppressionListReasonComplaint || !got.SuppressedDestination.LastUpdateTime.Equal(noon) {
		t.Errorf("got %+v", got.SuppressedDestination)
	}
	input := invitation()
	input.Destination.ToAddresses = []string{"Bob <bob@example.com>", "ada@example.com"}
	if mail := r.send(t, input); len(mail.Bounced) != 1 || mail.Bounced[0] != "Bob <bob@example.com>" {
		t.Errorf("bounced %q", mail.Bounced)
	}
	if _, err := r.client.DeleteSuppressedDestination(t.Context(), &sesv2.DeleteSuppressedDestinationInput{EmailAddress: address}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.client.DeleteSuppressedDestination(t.Context(), &sesv2.DeleteSuppressedDestinationInput{EmailAddress: address}); !is[*types.NotFoundException](err) {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestTheControlEndpoint(t *testing.T) {
	r := start(t, ses.Options{})
	mail := r.send(t, invitation())
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{http.MethodGet, "/control/mode", "", 200, "ok"},
		{http.MethodPut, "/control/mode", `{"mode":"nonsense"}`, 400, ""},
		{http.MethodPut, "/control/mode", `{"mode":"paused","times":-1}`, 400, ""},
		{http.MethodPut, "/control/mode", `{`, 400, ""},
		{http.MethodPut, "/control/mode", `{"mode":"paused","times":1}`, 200, "paused"},
		{http.MethodGet, "/v2/email/identities", "", 404, ""},
		{http.MethodPost, "/v2/email/outbound-emails", `{}`, 403, ""},
	} {
		status, answer := r.call(t, c.method, c.path, c.body)
		if status != c.status || (c.says != "" && answer["mode"] != c.says) || (status >= 400 && answer["message"] == "") {
			t.Errorf("%s %s %s: %d %v", c.method, c.path, c.body, status, answer)
		}
	}
	if _, err := r.client.SendEmail(t.Context(), invitation()); !is[*types.SendingPausedException](err) {
		t.Errorf("the mode was not set: %v", err)
	}
	_, answer := r.call(t, http.MethodGet, "/control/mails", "")
	items, _ := answer["items"].([]any)
	if len(items) != 1 || items[0].(map[string]any)["id"] != mail.ID || items[0].(map[string]any)["source"] != nil {
		t.Errorf("mails: %v", answer)
	}
	if status, _ := r.call(t, http.MethodDelete, "/control/mails", ""); status != http.StatusNoContent || len(r.server.Mails()) != 0 {
		t.Errorf("clearing: %d, %d mails left", status, len(r.server.Mails()))
	}
}

func TestAnUnknownModeIsRefusedInGo(t *testing.T) {
	server := ses.New(ses.Options{})
	if err := server.SetMode("nonsense"); err == nil || !strings.Contains(err.Error(), "throttle") {
		t.Errorf("SetMode: %v, want the modes listed", err)
	}
	if err := server.SetModeFor(ses.ModeDown, 0); err == nil {
		t.Error("SetModeFor took 0 calls")
	}
	if server.Mode() != ses.ModeOK {
		t.Errorf("the mode became %s", server.Mode())
	}
}
