package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/usher-seats/usher/infra/local/gateway"
	"github.com/usher-seats/usher/infra/local/oidc"
	"github.com/usher-seats/usher/infra/local/page"
	"github.com/usher-seats/usher/infra/local/sam"
)

const (
	// ClientID is the one public client of the issuer.
	ClientID = "usher-local"
	// VendorClientID and VendorSecret are a vendor's server, which signs in with client credentials. The secret guards
	// nothing but demo people on one machine.
	VendorClientID = "vendor-server"
	VendorSecret   = "vendor-secret"
	// Operator is the vendor's staff to sign in as.
	Operator = "opal@vendor.example"

	issuerPath  = "/issuer"
	groupsClaim = "groups"
)

// URL is the address of the pages and of the API.
func (s *Stack) URL() string { return s.url }

// ConsoleURL is the address of the console, which mails link to.
func (s *Stack) ConsoleURL() string { return "http://" + s.console.addr() }

// IssuerURL is the issuer of the tokens that the API takes.
func (s *Stack) IssuerURL() string { return s.url + issuerPath }

// gateway is the HTTP API with all that it answers.
func (s *Stack) gateway() http.Handler {
	invokers := map[string]gateway.Invoker{}
	for id, f := range s.functions {
		invokers[id] = f
	}
	api := s.template.API
	if api == nil {
		api = &sam.API{}
	}
	return gateway.New(gateway.Options{API: api, Functions: invokers, AccountID: sam.DefaultAccountID, HTTP: s.client})
}

// handler shares the public address: the API, the issuer, the pages. It is not a ServeMux, which would mend paths that the
// gateway has to see as they are.
func (s *Stack) handler(gw http.Handler) http.Handler {
	pages := page.New(s.pageDeps())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch p := r.URL.Path; {
		case strings.HasPrefix(p, "/v1/"), p == "/.well-known/jwks.json":
			gw.ServeHTTP(w, r)
		case p == issuerPath, strings.HasPrefix(p, issuerPath+"/"):
			s.issuer.ServeHTTP(w, r)
		case p == "/stack.json", p == "/mails.json", strings.HasPrefix(p, "/logs/"):
			s.serveOwn(w, r)
		default:
			pages.ServeHTTP(w, r)
		}
	})
}

// serveOwn answers programs on this machine. A page of the web that has its name point here is not answered.
func (s *Stack) serveOwn(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || !loopback(r.Host) {
		http.Error(w, "only GET, and only by a name of this machine", http.StatusForbidden)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	switch r.URL.Path {
	case "/stack.json":
		writeJSON(w, map[string]string{
			"api": s.url, "console": s.ConsoleURL(), "issuer": s.IssuerURL(), "client_id": ClientID, "redirect_uri": s.RedirectURI(), "operator": Operator,
			"mails": s.url + "/mails.json", "vendor_client_id": VendorClientID, "vendor_secret": VendorSecret,
		})
	case "/mails.json":
		mails := s.mails.Mails()
		slices.Reverse(mails) // the newest last
		for i := range mails {
			mails[i].Source = nil
		}
		writeJSON(w, mails)
	default:
		s.serveLog(w, path.Base(r.URL.Path))
	}
}

// serveLog shows the last lines that a function printed, or where that is to be found.
func (s *Stack) serveLog(w http.ResponseWriter, name string) {
	if name == "logs" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		for _, f := range s.template.Functions {
			_, _ = fmt.Fprintf(w, "%s/logs/%s\n", s.url, path.Base(f.CodeURI))
		}
		return
	}
	f := s.find(name)
	if f == nil {
		http.Error(w, "there is no such function", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintln(w, strings.Join(f.Tail(), "\n")) // a browser that is gone needs no answer
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a client that is gone needs no answer
}

// loopback tells whether a Host header names this machine.
func loopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	return name == "localhost" || (ip != nil && ip.IsLoopback())
}

// RedirectURI is where the issuer may send codes; SignIn uses it.
func (s *Stack) RedirectURI() string { return s.url + "/signed-in" }

// staff are the vendor's people.
func (s *Stack) staff() []oidc.Person {
	return []oidc.Person{{
		Email: Operator, FirstName: "Opal", LastName: "Quist", Role: "operator", Account: "the vendor's staff",
		Groups: []string{s.template.Parameters["OperatorGroup"]},
	}}
}

// offered are the people on the sign-in page: the staff, and one of each demo account.
func (s *Stack) offered() []oidc.Person {
	people := s.staff()
	if s.options.Demos == nil {
		return people
	}
	for _, d := range s.options.Demos() {
		if d.State == "there" {
			people = append(people, oidc.Person{Email: d.Email, FirstName: d.First, LastName: d.Last, Role: d.System, Account: d.Account})
		}
	}
	return people
}

// SignIn signs somebody in at the stack's issuer, as a browser would.
func (s *Stack) SignIn(ctx context.Context, email string) (oidc.Tokens, error) {
	return oidc.SignIn(ctx, s.client, s.IssuerURL(), ClientID, s.RedirectURI(), email)
}

// operatorToken keeps a token of an operator for the pages.
type operatorToken struct {
	mu    sync.Mutex
	token string
	until time.Time
}

// tokenMargin is how long before its end a token is replaced.
const tokenMargin = time.Minute

// OperatorToken returns an access token of the vendor's staff.
func (s *Stack) OperatorToken(ctx context.Context) (string, error) {
	s.operator.mu.Lock()
	defer s.operator.mu.Unlock()
	if time.Now().Before(s.operator.until) {
		return s.operator.token, nil
	}
	tokens, err := s.SignIn(ctx, Operator)
	if err != nil {
		return "", fmt.Errorf("stack: sign in as an operator: %w", err)
	}
	s.operator.token = tokens.AccessToken
	s.operator.until = time.Now().Add(time.Duration(tokens.ExpiresIn)*time.Second - tokenMargin)
	return s.operator.token, nil
}

// errNoQueue is for names that are not in the template.
var errNoQueue = errors.New("stack: there is no such queue")
