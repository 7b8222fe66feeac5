// Package ses answers the wire protocol of Amazon SES v2 on one machine, for
// the local stack and for tests: nothing is delivered, every accepted mail is
// kept with the MIME source that Amazon SES would have sent, and shown by the
// stack's mailbox page.
//
// It speaks what a client of github.com/aws/aws-sdk-go-v2/service/sesv2 sends
// to an endpoint:
//
//	POST   /v2/email/outbound-emails             SendEmail with Simple or Raw content
//	PUT    /v2/email/suppression/addresses       PutSuppressedDestination
//	GET    /v2/email/suppression/addresses/{a}   GetSuppressedDestination
//	DELETE /v2/email/suppression/addresses/{a}   DeleteSuppressedDestination
//
// and, for people and scripts, a control endpoint that Amazon SES does not have:
//
//	GET    /control/mode      {"mode":"ok","modes":["ok","throttle",…]}
//	PUT    /control/mode      {"mode":"throttle"}, with "times":3 for three calls only
//	GET    /control/mails     {"items":[…]} newest first, without sources and files
//	DELETE /control/mails     forget them
//
// Refusals carry x-amzn-ErrorType, so that errors.As finds the SDK's types:
// BadRequestException (malformed, over a limit, an address that is none),
// MessageRejected (sender not verified, a message that cannot be sent),
// NotFoundException (unknown configuration set), TooManyRequestsException,
// SendingPausedException, AccountSuspendedException and
// MailFromDomainNotVerifiedException by fault mode. As with Amazon SES, a
// suppressed recipient is no refusal: the mail is accepted and that recipient
// bounces. A request must look signed for the service ses; the signature itself
// is not checked. The server belongs on a loopback address.
//
// Templated content is refused with BadRequestException: Usher renders its own
// mails. The limits are Amazon's, from "Service quotas in Amazon SES"
// (docs.aws.amazon.com/ses/latest/dg/quotas.html) and the API reference of
// SendEmail.
package ses

import "time"

// Options say what this SES knows. The zero value accepts any sender, knows no
// configuration set and uses the machine's clock.
type Options struct {
	// ConfigurationSets are the names that a request may give; another is
	// NotFoundException.
	ConfigurationSets []string
	// VerifiedIdentities are addresses and domains that may send; empty means
	// all. Another sender is MessageRejected.
	VerifiedIdentities []string
	// Suppressed are addresses that are on the suppression list from the start.
	Suppressed []string
	// MaxMails is how many mails are kept, the oldest going first; 0 means
	// DefaultMaxMails.
	MaxMails int
	// MaxMessageBytes lowers the limit of a message's size; 0 means
	// MaxMessageBytes.
	MaxMessageBytes int
	// Now gives the time of receipt; nil means time.Now.
	Now func() time.Time
}

// Mode is how the server answers SendEmail.
type Mode string

// The modes. Down and AcceptThenDrop close the connection without an answer:
// Down before, AcceptThenDrop after the mail was accepted and kept.
const (
	ModeOK                 Mode = "ok"
	ModeThrottle           Mode = "throttle"             // TooManyRequestsException, 429
	ModePaused             Mode = "paused"               // SendingPausedException, 400
	ModeSuspended          Mode = "suspended"            // AccountSuspendedException, 400
	ModeReject             Mode = "reject"               // MessageRejected, 400
	ModeMailFromUnverified Mode = "mail_from_unverified" // MailFromDomainNotVerifiedException, 400
	ModeError              Mode = "error"                // InternalServiceErrorException, 500
	ModeAcceptThenDrop     Mode = "accept_then_drop"     // kept, then the connection ends without an answer
	ModeDown               Mode = "down"                 // not kept, the connection ends without an answer
)

// Mail is one accepted mail.
type Mail struct {
	ID      string   `json:"id"`
	From    string   `json:"from"`
	To      []string `json:"to"`
	Cc      []string `json:"cc,omitempty"`
	Bcc     []string `json:"bcc,omitempty"`
	ReplyTo []string `json:"reply_to,omitempty"`
	Subject string   `json:"subject"`
	Text    string   `json:"text,omitempty"`
	HTML    string   `json:"html,omitempty"`
	// Headers are those that a Simple message adds, or all of a Raw one.
	Headers          []Header     `json:"headers,omitempty"`
	Attachments      []Attachment `json:"attachments,omitempty"`
	Tags             []Tag        `json:"tags,omitempty"`
	ConfigurationSet string       `json:"configuration_set,omitempty"`
	// Bounced are the recipients that were on the suppression list.
	Bounced    []string  `json:"bounced,omitempty"`
	ReceivedAt time.Time `json:"received_at"`
	// Source is the message as it would go over the wire (RFC 5322, CRLF).
	Source []byte `json:"source,omitempty"`
}

// Fields returns every header field of the source, decoded, in its order.
func (m Mail) Fields() []Header { return headerFields(m.Source) }

// Header is one header field of a mail, decoded.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Attachment is one attached or inline file, decoded.
type Attachment struct {
	FileName    string `json:"file_name"`
	ContentType string `json:"content_type"`
	ContentID   string `json:"content_id,omitempty"`
	Inline      bool   `json:"inline,omitempty"`
	Data        []byte `json:"data,omitempty"`
}

// Tag is one of SendEmail's EmailTags.
type Tag struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}
