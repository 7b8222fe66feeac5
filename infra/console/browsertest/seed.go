package browsertest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/usher-seats/usher/infra/local/stack"
	"github.com/usher-seats/usher/infra/local/story"
)

// Client sends requests to the API as one person. What is refused fails the test.
type Client struct {
	rig *Rig
	t   testing.TB
	// Email is whose requests they are; AccessToken and IDToken are those of a sign-in of their own.
	Email, AccessToken, IDToken string
}

// API signs a person in and returns their requests, for what a test needs there before it looks. The vendor's staff are
// stack.Operator.
func (r *Rig) API(t testing.TB, email string) *Client {
	t.Helper()
	tokens, err := r.Stack.SignIn(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	return &Client{rig: r, t: t, Email: email, AccessToken: tokens.AccessToken, IDToken: tokens.IDToken}
}

// Operator is API of the vendor's staff.
func (r *Rig) Operator(t testing.TB) *Client {
	t.Helper()
	return r.API(t, stack.Operator)
}

// Try sends a request and returns what is answered. A write carries an Idempotency-Key of its own.
func (c *Client) Try(method, path string, body any) (status int, answer []byte) {
	c.t.Helper()
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		sent = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.rig.Stack.ConsoleURL()+path, sent)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.AccessToken)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if method != http.MethodGet {
		r.Header.Set("Idempotency-Key", rand.Text())
	}
	client := http.Client{Timeout: callTimeout}
	got, err := client.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer got.Body.Close()
	answer, err = io.ReadAll(got.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return got.StatusCode, answer
}

// Do sends a request that has to succeed and decodes its answer into out, unless that is nil.
func (c *Client) Do(method, path string, body, out any) {
	c.t.Helper()
	status, answer := c.Try(method, path, body)
	if status >= http.StatusMultipleChoices {
		c.t.Fatalf("browsertest: %s: %s %s answers %d %s", c.Email, method, path, status, answer)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(answer, out); err != nil {
		c.t.Fatalf("browsertest: %s %s: %v", method, path, err)
	}
}

// Get is Do for reads.
func (c *Client) Get(path string, out any) {
	c.t.Helper()
	c.Do(http.MethodGet, path, nil, out)
}

// Post is Do for POST.
func (c *Client) Post(path string, body, out any) {
	c.t.Helper()
	c.Do(http.MethodPost, path, body, out)
}

// Bind tells the API who is signed in, as the console does after a sign-in.
func (c *Client) Bind() {
	c.t.Helper()
	c.Post("/v1/me", map[string]string{"id_token": c.IDToken}, nil)
}

// Catalog publishes sample catalogs of infra/catalog by their names: teams, prospecting, service-desk, valuation, meetings,
// sample.
func (r *Rig) Catalog(t testing.TB, names ...string) {
	t.Helper()
	operator := r.Operator(t)
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(r.root, "infra", "catalog", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		operator.Post("/v1/operator/catalog/publish", map[string]string{"catalog": string(text)}, nil)
	}
}

// Account is an account that a test has opened.
type Account struct {
	// ID and SubscriptionID are the API's; Name is the account's.
	ID, SubscriptionID, Name string
	// Owner is the owner's email, and Domain what stands behind the @ of everybody's.
	Owner, Domain string
}

// Path is a page of the account: Path("/users").
func (a Account) Path(rest string) string { return "/accounts/" + a.ID + rest }

// API is an address of the account in the API: API("/users").
func (a Account) API(rest string) string { return "/v1/accounts/" + a.ID + rest }

// Subscription is an address of its subscription in the API: Subscription("/licenses").
func (a Account) Subscription(rest string) string {
	return a.API("/subscriptions/" + a.SubscriptionID + rest)
}

// Account opens a test account as the story of a system does (infra/local/story), with emails that no other account has, and
// signs its owner in once. Its clock stands at the story's beginning. The system's catalog must be published.
func (r *Rig) Account(t testing.TB, system string) Account {
	t.Helper()
	script, err := story.Find(system)
	if err != nil {
		t.Fatal(err)
	}
	body := map[string]any{}
	if err := yaml.Unmarshal([]byte(script.Open), &body); err != nil {
		t.Fatal(err)
	}
	place, err := time.LoadLocation(fmt.Sprint(body["time_zone"]))
	if err != nil {
		t.Fatal(err)
	}
	starts, err := time.ParseInLocation("2006-01-02 15:04", script.Starts, place)
	if err != nil {
		t.Fatal(err)
	}
	a := Account{Name: fmt.Sprint(body["name"]), Domain: strings.ToLower(rand.Text()[:8]) + "." + script.Domain}
	a.Owner = script.Owner.Name + "@" + a.Domain
	body["owner"] = map[string]string{"email": a.Owner, "first_name": script.Owner.First, "last_name": script.Owner.Last}
	body["test"], body["clock"] = true, starts.UTC().Format(time.RFC3339)
	var opened struct {
		Account struct {
			ID string `json:"id"`
		} `json:"account"`
		SubscriptionID string `json:"subscription_id"`
	}
	r.Operator(t).Post("/v1/operator/accounts", body, &opened)
	a.ID, a.SubscriptionID = opened.Account.ID, opened.SubscriptionID
	r.API(t, a.Owner).Bind()
	return a
}

// Move moves an account's clock forward to an instant.
func (r *Rig) Move(t testing.TB, a Account, to time.Time) {
	t.Helper()
	operator := r.Operator(t)
	for {
		var at struct {
			Done bool `json:"done"`
		}
		operator.Post("/v1/operator/accounts/"+a.ID+"/clock", map[string]string{"to": to.UTC().Format(time.RFC3339)}, &at)
		if at.Done {
			return
		}
	}
}

// Invitee is somebody to invite. Role is the API's word, member where it is empty.
type Invitee struct {
	Email, First, Last, Role string
	// Licensed gives them a license of the account's subscription.
	Licensed bool
}

// Invite invites people as the account's owner.
func (r *Rig) Invite(t testing.TB, a Account, people ...Invitee) {
	t.Helper()
	var list []map[string]string
	for _, p := range people {
		one := map[string]string{"email": p.Email, "first_name": p.First, "last_name": p.Last}
		if p.Role != "" {
			one["role"] = p.Role
		}
		if p.Licensed {
			one["subscription_id"] = a.SubscriptionID
		}
		list = append(list, one)
	}
	var answer struct {
		Results []struct{ Email, Status string }
	}
	r.API(t, a.Owner).Post(a.API("/invitations"), map[string]any{"people": list}, &answer)
	for _, result := range answer.Results {
		if result.Status != "invited" {
			t.Fatalf("browsertest: inviting %s: %s", result.Email, result.Status)
		}
	}
}

var link = regexp.MustCompile(`https?://\S+/accept#(\S+)`)

// Link waits for the newest invitation that was sent to an address and returns its link.
func (r *Rig) Link(t testing.TB, email string) string {
	t.Helper()
	ctx := t.Context()
	if err := r.Stack.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	for _, m := range r.Stack.Mails().Mails() { // the newest first
		if len(m.To) == 1 && strings.Contains(m.To[0], email) {
			if found := link.FindString(m.Text); found != "" {
				return found
			}
		}
	}
	t.Fatalf("browsertest: no mail has brought %s a link", email)
	return ""
}

// Join invites people and lets them accept.
func (r *Rig) Join(t testing.TB, a Account, people ...Invitee) {
	t.Helper()
	r.Invite(t, a, people...)
	for _, p := range people {
		_, token, _ := strings.Cut(r.Link(t, p.Email), "#")
		c := r.API(t, p.Email)
		c.Post("/v1/invitations/accept", map[string]string{"token": token, "id_token": c.IDToken}, nil)
	}
}
