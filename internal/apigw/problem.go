package apigw

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/logsafe"
	"github.com/usher-seats/usher/internal/seats"
)

const problemType = "application/problem+json"

// Codes of requests that never reach an operation's own rules.
const (
	codeMalformed        = "malformed"
	codeTooLarge         = "too_large"
	codeUnsupportedMedia = "unsupported_media_type"
	codeMethodNotAllowed = "method_not_allowed"
	codeNotFound         = "not_found"
	codeInvalid          = "invalid"
	codeInternal         = "internal"
	codeTimeout          = "timeout"
)

// ProblemBody is an answer of RFC 9457. Clients branch on code; detail says to a
// person what to do next.
type ProblemBody struct {
	Type      string         `json:"type" example:"about:blank" doc:"Always about:blank: the code says what it is"`
	Title     string         `json:"title" example:"Conflict" doc:"The status in words"`
	Status    int            `json:"status" example:"409" doc:"The HTTP status"`
	Code      string         `json:"code" example:"no_free_seats" doc:"What went wrong, stable, for programs"`
	Detail    string         `json:"detail" doc:"What went wrong and what to do next, for people"`
	Errors    []ProblemField `json:"errors,omitempty" nullable:"false" doc:"Each mistake and its place"`
	RequestID string         `json:"request_id,omitempty" doc:"Name it when you ask for help"`

	retryAfterSeconds int
}

// ProblemField is one mistake.
type ProblemField struct {
	Location string `json:"location" example:"body.people[2].email" doc:"Where, from path, query, header or body"`
	Message  string `json:"message" doc:"What is wrong"`
	Value    string `json:"value,omitempty" doc:"What was sent, shortened; left out where it may be secret"`
}

func (p *ProblemBody) Error() string { return p.Code + ": " + p.Detail }

// GetStatus makes it an error that huma answers with.
func (p *ProblemBody) GetStatus() int { return p.Status }

// ContentType makes huma answer with RFC 9457's media type.
func (p *ProblemBody) ContentType(string) string { return problemType }

// GetHeaders adds Retry-After where waiting helps.
func (p *ProblemBody) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfterSeconds > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfterSeconds))
	}
	return h
}

// statusOf says with which status each kind of refusal is answered, in the order
// of the kinds. A kind that is missing here is an internal error.
var statusOf = [...]struct {
	kind   seats.Kind
	status int
}{
	{seats.Invalid, http.StatusUnprocessableEntity},
	{seats.Unauthenticated, http.StatusUnauthorized},
	{seats.Forbidden, http.StatusForbidden},
	{seats.NotFound, http.StatusNotFound},
	{seats.Conflict, http.StatusConflict},
	{seats.Mismatch, http.StatusUnprocessableEntity},
	{seats.Gone, http.StatusGone},
	{seats.TooMany, http.StatusTooManyRequests},
	{seats.Unavailable, http.StatusServiceUnavailable},
}

// problem turns an operation's error into its answer: refusals by their kind, an
// expired context into 503, everything else into a 500 that says nothing, whose
// cause is logged here and nowhere else.
func problem(ctx context.Context, err error) *ProblemBody {
	var done *ProblemBody
	if errors.As(err, &done) {
		return done
	}
	var refusal *seats.Error
	if errors.As(err, &refusal) {
		for _, row := range statusOf {
			if row.kind == refusal.Kind {
				return fromRefusal(row.status, refusal)
			}
		}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		slog.WarnContext(ctx, "out of time", "err", err)
		p := problemOf(http.StatusServiceUnavailable, codeTimeout,
			"This took too long and may or may not have happened. Send it again with the same Idempotency-Key.")
		p.retryAfterSeconds = 1
		return p
	}
	slog.ErrorContext(ctx, "internal error", "err", err, "request_id", CallerFrom(ctx).RequestID)
	logsafe.Count(ctx, logsafe.InternalErrors, 1)
	return internalProblem()
}

func fromRefusal(status int, e *seats.Error) *ProblemBody {
	p := problemOf(status, e.Code, e.Detail)
	p.retryAfterSeconds = e.RetryAfterSeconds
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, ProblemField{Location: f.Location, Message: f.Message, Value: shortened(f.Location, f.Value)})
	}
	return p
}

func problemOf(status int, code, detail string) *ProblemBody {
	return &ProblemBody{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

func internalProblem() *ProblemBody {
	return problemOf(http.StatusInternalServerError, codeInternal,
		"Something went wrong on our side. Try again; if it stays, write to the vendor and name the request_id.")
}

// Refuse answers with the problem of an error, for handlers that are no operations.
func Refuse(ctx context.Context, w http.ResponseWriter, err error) {
	writeProblem(ctx, w, problem(ctx, err))
}

// writeProblem answers outside of huma.
func writeProblem(ctx context.Context, w http.ResponseWriter, p *ProblemBody) {
	p.RequestID = CallerFrom(ctx).RequestID
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	logsafe.Set(ctx, slog.String("code", p.Code))
	b, err := json.Marshal(p)
	if err != nil {
		b = []byte(`{"type":"about:blank","title":"Internal Server Error","status":500,"code":"internal"}`)
		p.Status = http.StatusInternalServerError
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(b, '\n'))
}

var (
	_ huma.StatusError       = (*ProblemBody)(nil)
	_ huma.HeadersError      = (*ProblemBody)(nil)
	_ huma.ContentTypeFilter = (*ProblemBody)(nil)
)
