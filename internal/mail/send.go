package mail

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/usher-seats/usher/internal/logsafe"
)

const (
	// MaxAttachmentBytes bounds the attachments of one letter together. Base64 adds
	// a third, and many mail servers refuse messages above 10 MB.
	MaxAttachmentBytes = 7 << 20
	// sendTimeout bounds one hand-over, waiting for a send rate included, so that a
	// silent provider does not eat the time of the other letters of a batch.
	sendTimeout = 15 * time.Second
	// throttleTries is how often a letter is handed over while SES answers that the
	// send rate is exceeded. Such a letter was certainly not sent, and a burst of
	// invitations is over in seconds; what is still throttled then is the queue's.
	throttleTries = 4
	// throttleBackoff bounds the pauses between those tries, drawn at random.
	throttleBackoff = time.Second
	charset         = "UTF-8"
)

// SES is what a Sender uses of the client of Amazon SES v2.
type SES interface {
	SendEmail(context.Context, *sesv2.SendEmailInput, ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error)
}

// Letter is a message on its way to one recipient.
type Letter struct {
	// To is one bare address, its domain as IDNA A-labels.
	To logsafe.Email
	// AccountID becomes a tag of the mail, for the provider's metrics.
	AccountID   string
	Message     Message
	Attachments []Attachment
}

// Attachment is a file that a letter carries.
type Attachment struct {
	// FileName is ASCII, with an extension that SES accepts.
	FileName    string
	ContentType string
	Data        []byte
}

// SenderOptions say how mails go out.
type SenderOptions struct {
	// From is an address of a verified identity, with or without a display name.
	From string
	// ConfigurationSet is the SES configuration set; empty is none.
	ConfigurationSet string
	// ThrottleBackoff bounds the pause before a throttled letter is handed over
	// again; 0 is one second.
	ThrottleBackoff time.Duration
}

// Sender hands letters to SES. It is safe for concurrent use.
type Sender struct {
	client  SES
	options SenderOptions
	from    string
	retryer aws.Retryer
}

// NewSender returns a sender, or an error if From is not an address.
func NewSender(client SES, options SenderOptions) (*Sender, error) {
	from, err := netmail.ParseAddress(options.From)
	if err != nil {
		return nil, errors.New("mail: From is not an address: give name@example.com or Name <name@example.com>")
	}
	if options.ThrottleBackoff == 0 {
		options.ThrottleBackoff = throttleBackoff
	}
	// The SDK's own list of errors to retry holds lost connections and timeouts,
	// which may hide an accepted mail. Only an answer that says "not now" is safe.
	throttled := retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = throttleTries
		o.MaxBackoff = options.ThrottleBackoff
		o.Retryables = []retry.IsErrorRetryable{
			retry.RetryableErrorCode{Codes: map[string]struct{}{codeThrottled: {}}},
		}
	})
	header := from.Address
	if from.Name != "" {
		header = from.String() // encodes what is not ASCII
	}
	return &Sender{client: client, options: options, from: header, retryer: throttled}, nil
}

// Send hands a letter to SES and returns the id that SES gave it. Any error is a
// *SendError, which says whether trying again can help.
func (s *Sender) Send(ctx context.Context, letter Letter) (string, error) {
	input, err := s.input(letter)
	if err != nil {
		return "", &SendError{Permanent: true, Reason: err.Error(), err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	output, err := s.client.SendEmail(ctx, input, func(o *sesv2.Options) { o.Retryer = s.retryer })
	if err != nil {
		return "", classify(err)
	}
	return aws.ToString(output.MessageId), nil
}

func (s *Sender) input(letter Letter) (*sesv2.SendEmailInput, error) {
	if err := letter.check(); err != nil {
		return nil, err
	}
	message := letter.Message
	body := &types.Body{Text: content8(message.Text)}
	if message.HTML != "" {
		body.Html = content8(message.HTML)
	}
	input := &sesv2.SendEmailInput{
		FromEmailAddress: aws.String(s.from),
		Destination:      &types.Destination{ToAddresses: []string{letter.To.Reveal()}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: content8(message.Subject),
			Body:    body,
			// RFC 3834: keeps out-of-office answers away.
			Headers: []types.MessageHeader{{Name: aws.String("Auto-Submitted"), Value: aws.String("auto-generated")}},
		}},
		EmailTags: []types.MessageTag{{Name: aws.String("kind"), Value: aws.String(string(message.Kind))}},
	}
	if s.options.ConfigurationSet != "" {
		input.ConfigurationSetName = aws.String(s.options.ConfigurationSet)
	}
	if letter.AccountID != "" {
		input.EmailTags = append(input.EmailTags, types.MessageTag{Name: aws.String("account"), Value: aws.String(letter.AccountID)})
	}
	for _, a := range letter.Attachments {
		input.Content.Simple.Attachments = append(input.Content.Simple.Attachments, types.Attachment{
			FileName:    aws.String(a.FileName),
			ContentType: aws.String(a.ContentType),
			RawContent:  a.Data,
		})
	}
	return input, nil
}

// check refuses what SES would refuse, or what would read as another header. Its
// errors quote nothing.
func (l Letter) check() error {
	address := l.To.Reveal()
	switch {
	case !bareAddress(address):
		return errors.New("the recipient is not one email address")
	case strings.ContainsFunc(address, func(r rune) bool { return r > '~' }):
		return errors.New("the recipient's address is not ASCII, and SES does not speak SMTPUTF8")
	case l.Message.Kind == "":
		return errors.New("the message has no kind")
	case l.Message.Subject == "" || strings.ContainsAny(l.Message.Subject, "\r\n\x00"):
		return errors.New("the subject is not one line")
	case l.Message.Text == "":
		return errors.New("the message has no text part")
	case !tagValue(l.AccountID):
		return errors.New("the account id is no SES tag: it has ASCII letters, digits, _ and - only")
	}
	total := 0
	for _, a := range l.Attachments {
		if total += len(a.Data); a.FileName == "" || len(a.Data) == 0 {
			return errors.New("an attachment has no name or no content")
		}
	}
	if total > MaxAttachmentBytes {
		return fmt.Errorf("the attachments have %d bytes: at most %d are sent", total, MaxAttachmentBytes)
	}
	return nil
}

// tagValue reports whether s can be the value of an SES tag; empty is left out.
func tagValue(s string) bool {
	const maxBytes = 256
	return len(s) <= maxBytes && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
}

func content8(s string) *types.Content {
	return &types.Content{Data: aws.String(s), Charset: aws.String(charset)}
}
