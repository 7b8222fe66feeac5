package ses

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// apiError is a refusal as the protocol writes it: the type in a header, the
// sentence in the body.
type apiError struct {
	status  int
	kind    string
	message string
}

func (e *apiError) Error() string { return e.kind + ": " + e.message }

func badRequest(format string, args ...any) *apiError {
	return &apiError{http.StatusBadRequest, "BadRequestException", fmt.Sprintf(format, args...)}
}

func rejected(format string, args ...any) *apiError {
	return &apiError{http.StatusBadRequest, "MessageRejected", fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) *apiError {
	return &apiError{http.StatusNotFound, "NotFoundException", fmt.Sprintf(format, args...)}
}

// modeError is the refusal that a mode answers with, or nil where the mode lets
// the request through.
func modeError(mode Mode) *apiError {
	switch mode {
	case ModeThrottle:
		return &apiError{http.StatusTooManyRequests, "TooManyRequestsException", "Maximum sending rate exceeded."}
	case ModePaused:
		return &apiError{http.StatusBadRequest, "SendingPausedException", "Email sending is paused for this configuration set."}
	case ModeSuspended:
		return &apiError{http.StatusBadRequest, "AccountSuspendedException", "This account may not send email any more."}
	case ModeReject:
		return rejected("The message was rejected because of its content.")
	case ModeMailFromUnverified:
		return &apiError{http.StatusBadRequest, "MailFromDomainNotVerifiedException", "The MX record of the custom MAIL FROM domain was not found."}
	case ModeError:
		return &apiError{http.StatusInternalServerError, "InternalServiceErrorException", "An internal error occurred."}
	case ModeOK, ModeAcceptThenDrop, ModeDown:
	}
	return nil
}

func refuse(w http.ResponseWriter, err *apiError) {
	w.Header().Set("X-Amzn-Errortype", err.kind)
	answer(w, err.status, map[string]string{"message": err.message})
}

// answer writes a JSON body. A failure to write means that the client has gone,
// and there is nobody to tell.
func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// signed lets through what carries a Signature Version 4 for the service ses, so
// that a client without credentials fails here as it would on AWS.
func signed(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		authorization := r.Header.Get("Authorization")
		if !strings.HasPrefix(authorization, "AWS4-HMAC-SHA256 ") || !strings.Contains(authorization, "/ses/aws4_request") {
			refuse(w, &apiError{http.StatusForbidden, "MissingAuthenticationTokenException", "The request is not signed for the service ses. Give the client credentials; any will do here."})
			return
		}
		next(w, r)
	}
}
