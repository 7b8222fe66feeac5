package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/logsafe"
)

const (
	// ClaimStale is when a claim without an outcome counts as left behind by a
	// sender that died. It must be longer than the mail function's timeout, so that
	// no sender that is still at work is overtaken.
	ClaimStale = 5 * time.Minute
	// settleTimeout bounds the write of an outcome, which goes on when the
	// invocation's own time is up: an unrecorded mail would be sent again.
	settleTimeout = 5 * time.Second
	// BillingRecipient is the recipient part of a Key for an account's billing
	// contact, who need not be a user.
	BillingRecipient = "billing"
	// SalesRecipient is the same for the vendor's sales contact.
	SalesRecipient = "sales"
)

// ErrInFlight says that another delivery of the same mail is under way, or died
// less than ClaimStale ago. Try later.
var ErrInFlight = errors.New("mail: another delivery of this mail is under way")

// Key names one mail: what of one event one recipient is told. Delivering a key
// twice sends one mail.
type Key struct {
	// EventID is the event, or what else names what is told, such as an invitation's
	// link, whose mail is looked up by it.
	EventID string
	// Recipient is a user id, BillingRecipient or SalesRecipient.
	Recipient string
	// Kind tells the mails apart that one event causes for one recipient, such as
	// receipt and invoice.
	Kind Kind
}

func (k Key) String() string { return k.EventID + "/" + k.Recipient + "/" + string(k.Kind) }

func (k Key) check() error {
	for _, part := range []string{k.EventID, k.Recipient, string(k.Kind)} {
		if part == "" || strings.ContainsAny(part, "#/") {
			return fmt.Errorf("mail: the key %q needs event id, recipient and kind, without # and /", k)
		}
	}
	return nil
}

// ClaimState is what a claim found.
type ClaimState int

const (
	// Claimed means that the caller is to send now.
	Claimed ClaimState = iota + 1
	// Held means that somebody else claimed less than ClaimStale ago.
	Held
	// Confirmed means that the mail was sent.
	Confirmed
	// Failed means that the mail was refused for good.
	Failed
)

// Claim is the answer to a claim. Token is set where State is Claimed and lets
// only its holder release the claim.
type Claim struct {
	State ClaimState
	Token string
}

// Markers keeps one send marker per key.
type Markers interface {
	// Claim takes the key for sending, unless it was sent, was refused, or is held
	// by another claim that is younger than ClaimStale at now (wall clock).
	Claim(ctx context.Context, key Key, now time.Time) (Claim, error)
	// Confirm records that SES accepted the mail under messageID. ErrNoMarker if
	// the key was never claimed.
	Confirm(ctx context.Context, key Key, messageID string) error
	// Fail records why the mail will never be accepted. ErrNoMarker if the key was
	// never claimed. A mail that was sent stays sent.
	Fail(ctx context.Context, key Key, reason string) error
	// Release gives the claim up, so that the next delivery sends at once. It does
	// nothing if the claim is no longer the token's.
	Release(ctx context.Context, key Key, token string) error
}

// Outcome is what became of a letter that needs no further try.
type Outcome int

const (
	// Sent means that SES accepted it now.
	Sent Outcome = iota + 1
	// AlreadySent means that an earlier delivery had sent it.
	AlreadySent
	// Rejected means that it will never be accepted; the marker holds the reason.
	Rejected
)

func (o Outcome) String() string {
	switch o {
	case Sent:
		return "sent"
	case AlreadySent:
		return "already_sent"
	case Rejected:
		return "rejected"
	}
	return "unknown"
}

// Courier delivers letters at least once, and twice only where an answer was lost.
type Courier struct {
	Markers Markers
	Sender  *Sender
	// Now is the wall clock; nil means time.Now.
	Now func() time.Time
	// Log takes what somebody should look at; nil means slog.Default.
	Log *slog.Logger
}

// Deliver claims the key's marker, sends the letter and records the outcome.
// An error means that the letter must be delivered again later: leave its record
// in the queue. The errors of one letter say nothing about the next, so go on
// with the others of a batch.
//
// It counts MailsSent, MailsFailed and, for a refused letter, Poison on the
// invocation's log line.
func (c Courier) Deliver(ctx context.Context, key Key, letter Letter) (Outcome, error) {
	if err := key.check(); err != nil {
		return 0, err
	}
	if key.Kind != letter.Message.Kind {
		return 0, fmt.Errorf("mail: the letter for %s is of kind %s", key, letter.Message.Kind)
	}
	claim, err := c.Markers.Claim(ctx, key, c.now())
	if err != nil {
		return 0, fmt.Errorf("mail: claim %s: %w", key, err)
	}
	switch claim.State {
	case Claimed:
	case Confirmed:
		return AlreadySent, nil
	case Failed:
		return Rejected, nil
	case Held:
		return 0, fmt.Errorf("%w: %s", ErrInFlight, key)
	default:
		return 0, fmt.Errorf("mail: claim %s: unknown state %d", key, claim.State)
	}
	messageID, err := c.Sender.Send(ctx, letter)

	// From here on something may have left the house: what is known of it is
	// written even where the caller has given up.
	settle, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err != nil {
		return c.failed(settle, key, claim, err)
	}
	logsafe.Count(ctx, logsafe.MailsSent, 1)
	if err := c.Markers.Confirm(settle, key, messageID); err != nil {
		// The mail is out. To fail now would send it again.
		c.log().WarnContext(ctx, "mail sent but not confirmed; a redelivery would send it again",
			"mail", key.String(), "message_id", messageID, "error", err)
	}
	return Sent, nil
}

func (c Courier) failed(ctx context.Context, key Key, claim Claim, err error) (Outcome, error) {
	var refusal *SendError
	if !errors.As(err, &refusal) {
		refusal = &SendError{Reason: reason(err.Error()), err: err}
	}
	if refusal.Alarm {
		c.log().ErrorContext(ctx, "no mail goes out until the set-up of SES is mended", "mail", key.String(), "reason", refusal.Reason)
	}
	if !refusal.Permanent {
		logsafe.Count(ctx, logsafe.MailsFailed, 1)
		return 0, errors.Join(fmt.Errorf("mail: deliver %s: %w", key, err), c.Markers.Release(ctx, key, claim.Token))
	}
	if err := c.Markers.Fail(ctx, key, refusal.Reason); err != nil {
		return 0, fmt.Errorf("mail: record the refusal of %s: %w", key, err)
	}
	logsafe.Count(ctx, logsafe.Poison, 1)
	c.log().WarnContext(ctx, "mail refused for good", "mail", key.String(), "reason", refusal.Reason)
	return Rejected, nil
}

func (c Courier) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

func (c Courier) log() *slog.Logger {
	if c.Log == nil {
		return slog.Default()
	}
	return c.Log
}
