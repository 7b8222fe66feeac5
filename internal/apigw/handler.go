package apigw

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"

	"github.com/usher-seats/usher/internal/logsafe"
)

// subjectPrefix is how much of a subject's hash logs show: enough to follow one
// person through them, not enough to look an identity up.
const subjectPrefix = 12

// Handler serves the API's routes. What the mux would answer in plain text it
// answers as a problem, a panic likewise, and it sets the fields of the
// invocation's log line: route, status, code, account, caller, replay.
func Handler(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		answer := &statusWriter{ResponseWriter: w}
		defer describe(answer, r)
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if answer.status != 0 {
				panic(p) // half an answer is out: whoever holds it must drop it
			}
			panicked(r.Context(), p)
			writeProblem(r.Context(), answer, internalProblem())
		}()
		if p := unroutable(mux, answer, r); p != nil {
			writeProblem(r.Context(), answer, p)
			return
		}
		mux.ServeHTTP(answer, r)
	})
}

// panicked logs a panic and where it came from.
func panicked(ctx context.Context, p any) {
	slog.ErrorContext(ctx, "panic", "err", fmt.Sprint(p), "stack", string(debug.Stack()))
	logsafe.Count(ctx, logsafe.InternalErrors, 1)
}

// unroutable is the problem of a request that no operation serves, or nil. The
// mux would redirect an unclean path; a client of an API has mistyped it.
func unroutable(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) *ProblemBody {
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		return problemOf(http.StatusBadRequest, codeMalformed, "The query is not percent-encoded as it must be. Mend it and send it again.")
	}
	notFound := problemOf(http.StatusNotFound, codeNotFound, "There is no such address in this API. Check the path.")
	if p := r.URL.EscapedPath(); p == "" || path.Clean(p) != p {
		return notFound
	}
	h, pattern := mux.Handler(r)
	if pattern != "" {
		return nil
	}
	probe := &recorder{header: http.Header{}}
	h.ServeHTTP(probe, r)
	if probe.status != http.StatusMethodNotAllowed {
		return notFound
	}
	allow := probe.header.Get("Allow")
	w.Header().Set("Allow", allow)
	return problemOf(http.StatusMethodNotAllowed, codeMethodNotAllowed,
		fmt.Sprintf("This address does not know %s. It knows %s.", clip(r.Method, maxNameRunes), allow))
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

func describe(w *statusWriter, r *http.Request) {
	line := logsafe.From(r.Context())
	c := CallerFrom(r.Context())
	route := r.Pattern
	if route == "" {
		route = "none"
	}
	line.Set(slog.String("route", route), slog.Int("status", w.status), slog.String("caller", c.Kind.String()),
		slog.String("gateway_request_id", c.RequestID))
	if hash := c.SubjectHash(); hash != "" {
		line.Set(slog.String("subject", hash[:subjectPrefix]))
	}
	if account := r.PathValue("account"); account != "" {
		line.Set(slog.String("account", clip(account, maxNameRunes)))
	}
	if w.Header().Get(replayedHeader) != "" {
		line.Set(slog.Bool("replay", true))
	}
}
