package story

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/usher-seats/usher/infra/local/oidc"
)

// Stack is where the parts of a running stack are.
type Stack struct {
	// API is the base of the HTTP API; Issuer is the OIDC issuer with its public
	// client ClientID.
	API      string `json:"api"`
	Issuer   string `json:"issuer"`
	ClientID string `json:"client_id"`
	// RedirectURI is where the issuer may send codes.
	RedirectURI string `json:"redirect_uri"`
	// Operator is the email of somebody of the vendor's staff.
	Operator string `json:"operator"`
	// Mails lists the mails that were sent, newest last, as JSON.
	Mails string `json:"mails"`
}

// Discover asks the stack's page where its parts are.
func Discover(ctx context.Context, page string) (Stack, error) {
	var s Stack
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(page, "/")+"/stack.json", nil)
	if err != nil {
		return s, err
	}
	response, err := client.Do(request)
	if err != nil {
		return s, fmt.Errorf("no stack answers at %s; start it with make run: %w", page, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return s, fmt.Errorf("%s is no stack: it answers %s", page, response.Status)
	}
	return s, json.NewDecoder(response.Body).Decode(&s)
}

// callTimeout is that of API Gateway.
const callTimeout = 30 * time.Second

var client = &http.Client{Timeout: callTimeout}

// person is somebody with a session.
type person struct {
	stack  Stack
	email  string
	tokens oidc.Tokens
}

func (s Stack) signIn(ctx context.Context, email string) (*person, error) {
	tokens, err := oidc.SignIn(ctx, client, s.Issuer, s.ClientID, s.RedirectURI, email)
	if err != nil {
		return nil, fmt.Errorf("sign in %s: %w", email, err)
	}
	return &person{stack: s, email: email, tokens: tokens}, nil
}

// problem is a refusal of the API.
type problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (p *problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Detail) }

// call sends a request and decodes the answer into out, which may be nil. A
// refusal is a *problem.
func (p *person) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, p.stack.API+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+p.tokens.AccessToken)
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if method != http.MethodGet {
		request.Header.Set("Idempotency-Key", rand.Text())
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode > 299 {
		refused := &problem{Status: response.StatusCode}
		if json.Unmarshal(text, refused) != nil || refused.Code == "" {
			return fmt.Errorf("%s %s: %s %s", method, path, response.Status, text)
		}
		return refused
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// mail is one mail that arrived.
type mail struct {
	ID      string   `json:"id"`
	To      []string `json:"to"`
	Subject string   `json:"subject"`
	Text    string   `json:"text"`
}

// mailWait bounds the way of a mail: transaction, stream, bus, queue, function,
// SES. Starting the functions of that way is most of it.
const mailWait = 40 * time.Second

// pollEvery is how often the mailbox is looked into.
const pollEvery = 100 * time.Millisecond

// mailTo waits for a mail to the address whose subject or text contains the words,
// and that is not one of those seen.
func (s Stack) mailTo(ctx context.Context, address, words string, seen map[string]bool) (mail, error) {
	ctx, cancel := context.WithTimeout(ctx, mailWait)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		all, err := s.mails(ctx)
		if err != nil {
			return mail{}, err
		}
		for _, m := range all {
			if !seen[m.ID] && len(m.To) == 1 && strings.Contains(m.To[0], address) && (strings.Contains(m.Subject, words) || strings.Contains(m.Text, words)) {
				seen[m.ID] = true
				return m, nil
			}
		}
		select {
		case <-ctx.Done():
			return mail{}, fmt.Errorf("no mail to %s about %q arrived within %s", address, words, mailWait)
		case <-tick.C:
		}
	}
}

func (s Stack) mails(ctx context.Context) ([]mail, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Mails, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var all []mail
	return all, json.NewDecoder(response.Body).Decode(&all)
}

var acceptLink = regexp.MustCompile(`/accept#(\S+)`)

// token is the secret of the invitation link in a mail.
func (m mail) token() (string, error) {
	found := acceptLink.FindStringSubmatch(m.Text)
	if found == nil {
		return "", fmt.Errorf("the mail %q has no invitation link", m.Subject)
	}
	return found[1], nil
}
