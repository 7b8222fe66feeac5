// Package gateway is an Amazon API Gateway HTTP API on one machine: routes to functions with payload format 2.0, JWT
// authorizers and CORS, as the template describes them.
//
// What it does as API Gateway does, because a program can depend on it:
//
//   - The path is decoded before it is routed and handed on, so an escaped slash parts two segments. A literal segment wins over
//     a variable one, both win over a greedy one, and $default comes last. Another method of a known path is 404, not 405.
//   - Header names are lower case, several values are joined by a comma, cookies stand apart. A body is base64 unless its content
//     type is text. The source address is the one of the connection, whatever X-Forwarded-For says.
//   - Claims are texts; a list is "[a b]".
//   - A function that fails is 500, one that takes 30 seconds 503, a request over 10 MB or an event over 6 MB is 413.
//
// What it does not do: throttle, log accesses, other stages than $default.
package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/usher-seats/usher/infra/local/lambda"
	"github.com/usher-seats/usher/infra/local/sam"
)

const (
	// IntegrationTimeout is API Gateway's bound of an answer; it cannot be raised.
	IntegrationTimeout = 30 * time.Second
	// MaxBodyBytes is API Gateway's bound of a request's body.
	MaxBodyBytes = 10 << 20
	// apiID stands where AWS has the id of the API.
	apiID = "local"
)

// Invoker is a function; *lambda.Function is one.
type Invoker interface {
	Invoke(ctx context.Context, payload []byte) (lambda.Result, error)
}

// Options describe a gateway.
type Options struct {
	API *sam.API
	// Functions are the functions by logical id. A route whose function is missing answers 500.
	Functions map[string]Invoker
	// AccountID is told to the functions.
	AccountID string
	// HTTP fetches the issuers' keys; nil means a client of its own.
	HTTP *http.Client
	// Now is the wall clock; nil means time.Now.
	Now func() time.Time
	// Timeout replaces IntegrationTimeout in tests; 0 means IntegrationTimeout.
	Timeout time.Duration
}

// Gateway is an http.Handler.
type Gateway struct {
	options     Options
	routes      []route
	authorizers map[string]*authorizer
}

// New returns a gateway for an API.
func New(o Options) *Gateway {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Timeout == 0 {
		o.Timeout = IntegrationTimeout
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: keysTimeout}
	}
	g := &Gateway{options: o, routes: compile(o.API.Routes), authorizers: map[string]*authorizer{}}
	for name, a := range o.API.Authorizers {
		g.authorizers[name] = &authorizer{config: a, http: o.HTTP, now: o.Now}
	}
	return g
}

// ServeHTTP routes a request, checks its token, invokes the function and writes what it answered.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := newRequestID()
	w.Header().Set("Apigw-Requestid", id)
	path := r.URL.Path
	found, parameters := match(g.routes, r.Method, path)
	g.allowOrigin(w, r)
	if found == nil {
		if r.Method == http.MethodOptions && g.options.API.CORS != nil {
			g.preflight(w, r)
			return
		}
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	var identity *identity
	if found.Authorizer != "" {
		var ok bool
		if identity, ok = g.authorizers[found.Authorizer].check(w, r, found.Scopes); !ok {
			return
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBodyBytes))
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			refuse(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		}
		return // otherwise the client is gone
	}
	event := g.event(r, id, found, path, parameters, identity, body)
	payload, err := json.Marshal(event)
	if err != nil {
		slog.Error("gateway: event", "route", found.Key(), "err", err)
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	if len(payload) > lambda.MaxPayloadBytes {
		refuse(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	g.invoke(w, r, found, payload)
}

// invoke calls the function and writes its answer. The function goes on when the client leaves, as behind API Gateway.
func (g *Gateway) invoke(w http.ResponseWriter, r *http.Request, found *route, payload []byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), g.options.Timeout)
	defer cancel()
	f, ok := g.options.Functions[found.FunctionID]
	if !ok {
		slog.Error("gateway: the function is not there", "route", found.Key(), "function", found.FunctionID)
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
		return
	}
	result, err := f.Invoke(ctx, payload)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, lambda.ErrStopped):
		refuse(w, http.StatusServiceUnavailable, "Service Unavailable")
	case err != nil:
		slog.Error("gateway: invoke", "route", found.Key(), "err", err)
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
	case result.FunctionError != "":
		slog.Error("gateway: the function failed", "route", found.Key(), "answer", string(result.Payload))
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
	default:
		if err := writeAnswer(w, result.Payload); err != nil {
			slog.Error("gateway: the function's answer", "route", found.Key(), "err", err)
			refuse(w, http.StatusInternalServerError, "Internal Server Error")
		}
	}
}

// refuse answers as API Gateway itself does.
func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"message":%q}`, message) // a client that is gone needs no answer
}

// sourceIP is the other end of the connection. Headers say what anybody likes.
func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// route is a route with its path cut into segments.
type route struct {
	*sam.Route
	segments []string
}

const defaultRoute = "$default"

// compile sorts the routes so that the first that matches is the one that API Gateway takes.
func compile(list []*sam.Route) []route {
	var out []route
	for _, r := range list {
		c := route{Route: r}
		if r.Path != defaultRoute {
			c.segments = strings.Split(strings.TrimPrefix(r.Path, "/"), "/")
		}
		out = append(out, c)
	}
	sortRoutes(out)
	return out
}
