package mail

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/usher-seats/usher/internal/logsafe"
	"github.com/usher-seats/usher/internal/words"
)

const codeThrottled = "TooManyRequestsException"

// SendError says why a letter was not accepted, or that nobody knows whether it
// was. Its text holds no address.
type SendError struct {
	// Permanent means that the same letter will be refused again: record it and
	// stop. Else try later; the letter may have been sent.
	Permanent bool
	// Alarm means that the set-up is at fault, not the letter or the moment: no
	// mail goes out until somebody mends it.
	Alarm bool
	// Reason is the provider's error code and sentence, or ours.
	Reason string
	err    error
}

func (e *SendError) Error() string { return "mail: send: " + e.Reason }

// Unwrap returns the provider's error, whose text may quote addresses.
func (e *SendError) Unwrap() error { return e.err }

// classify reads an error of SES by its code, as the API reference of SendEmail
// describes them. What it does not know is tried again: the queue bounds that.
func classify(err error) *SendError {
	e := &SendError{err: err}
	var answer smithy.APIError
	switch {
	case errors.As(err, &answer):
		e.Reason = reason(answer.ErrorCode() + ": " + answer.ErrorMessage())
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		e.Reason = "no answer from SES in time"
		return e
	default:
		e.Reason = "no answer from SES: " + reason(err.Error())
		return e
	}
	switch answer.ErrorCode() {
	case "MessageRejected":
		// SES refuses a message with this code too where an identity of ours is not
		// verified, or the account is still in the sandbox.
		unverified := strings.Contains(answer.ErrorMessage(), "not verified")
		e.Permanent, e.Alarm = !unverified, unverified
	case "BadRequestException":
		e.Permanent = true
	case codeThrottled, "ThrottlingException", "Throttling":
	case "MailFromDomainNotVerifiedException", "SendingPausedException", "AccountSuspendedException",
		"NotFoundException", "LimitExceededException":
		e.Alarm = true
	default:
		// Denied, unsigned, expired: a fault of the client's that no letter causes.
		var response *smithyhttp.ResponseError
		e.Alarm = errors.As(err, &response) && response.HTTPStatusCode() < http.StatusInternalServerError
	}
	return e
}

// reason is stored and shown: one line of at most 200 characters, without addresses.
func reason(s string) string {
	return words.Clean(logsafe.Scrub(s))
}
