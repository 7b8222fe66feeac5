package story

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/usher-seats/usher/infra/local/oidc"
)

// Stack is where the parts of a running stack are; it is a World.
type Stack struct {
	// API is the base of the HTTP API; Issuer is the OIDC issuer with its public
	// client ClientID.
	API      string `json:"api"`
	Issuer   string `json:"issuer"`
	ClientID string `json:"client_id"`
	// RedirectURI is where the issuer may send codes.
	RedirectURI string `json:"redirect_uri"`
	// Operator is the email of somebody of the vendor's staff; VendorClientID and
	// VendorSecret are those of the vendor's server.
	Operator       string `json:"operator"`
	VendorClientID string `json:"vendor_client_id"`
	VendorSecret   string `json:"vendor_secret"`
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
	response, err := client().Do(request)
	if err != nil {
		return s, fmt.Errorf("no stack answers at %s; start it with make run: %w", page, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return s, fmt.Errorf("%s is no stack: it answers %s", page, response.Status)
	}
	return s, json.NewDecoder(response.Body).Decode(&s)
}

const (
	// callTimeout is a little longer than that of API Gateway.
	callTimeout = 35 * time.Second
	// mailWait bounds the way of a mail: transaction, stream, bus, queue, function,
	// SES. Starting the functions of that way is most of it.
	mailWait = 40 * time.Second
	// pollEvery is how often the mailbox is looked into.
	pollEvery = 50 * time.Millisecond
)

// client shares the connections of the default transport.
func client() *http.Client { return &http.Client{Timeout: callTimeout} }

// SignIn signs a person in through the issuer, the server with its secret.
func (s Stack) SignIn(ctx context.Context, name, email string) (Session, error) {
	session := Session{Name: name, Email: email}
	switch name {
	case nobodyName:
		return session, nil
	case serverName:
		tokens, err := oidc.ClientCredentials(ctx, client(), s.Issuer, s.VendorClientID, s.VendorSecret, oidc.ScopeEntitlementsRead)
		session.AccessToken = tokens.AccessToken
		return session, err
	case operatorName:
		session.Email = s.Operator
	}
	tokens, err := oidc.SignIn(ctx, client(), s.Issuer, s.ClientID, s.RedirectURI, session.Email)
	session.AccessToken, session.IDToken = tokens.AccessToken, tokens.IDToken
	return session, err
}

// Send sends a request over HTTP, a write with a fresh Idempotency-Key.
func (s Stack) Send(ctx context.Context, as Session, r Request) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, r.Method, s.API+r.Path, strings.NewReader(r.Body))
	if err != nil {
		return Answer{}, err
	}
	if as.AccessToken != "" {
		request.Header.Set("Authorization", "Bearer "+as.AccessToken)
	}
	if r.Body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if r.Method != http.MethodGet {
		request.Header.Set("Idempotency-Key", rand.Text())
	}
	response, err := client().Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return Answer{Status: response.StatusCode, Type: response.Header.Get("Content-Type"), Body: body}, err
}

// Letter waits for a mail in the stack's mailbox.
func (s Stack) Letter(ctx context.Context, _, address, words string, seen map[string]bool) (*Letter, error) {
	ctx, cancel := context.WithTimeout(ctx, mailWait)
	defer cancel()
	var subjects []string
	for {
		all, err := s.mails(ctx)
		if err != nil {
			return nil, errors.Join(err, context.Cause(ctx))
		}
		subjects = nil
		for _, m := range all {
			if seen[m.ID] || len(m.To) != 1 || !strings.Contains(m.To[0], address) {
				continue
			}
			if strings.Contains(m.Subject, words) || strings.Contains(m.Text, words) {
				seen[m.ID] = true
				return m.letter(), nil
			}
			subjects = append(subjects, m.Subject)
		}
		if err := wait(ctx, pollEvery); err != nil {
			return nil, fmt.Errorf("no mail to %s about %q arrived within %s; unread are %q", address, words, mailWait, subjects)
		}
	}
}

// wait returns early, with an error, where ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// mail is one mail as the stack lists it.
type mail struct {
	ID          string   `json:"id"`
	To          []string `json:"to"`
	Subject     string   `json:"subject"`
	Text        string   `json:"text"`
	HTML        string   `json:"html"`
	Attachments []struct {
		FileName string `json:"file_name"`
	} `json:"attachments"`
}

func (m *mail) letter() *Letter {
	l := &Letter{Subject: m.Subject, Text: m.Text, HTML: m.HTML}
	for _, a := range m.Attachments {
		l.Files = append(l.Files, a.FileName)
	}
	return l
}

func (s Stack) mails(ctx context.Context) ([]mail, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Mails, nil)
	if err != nil {
		return nil, err
	}
	response, err := client().Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var all []mail
	return all, json.NewDecoder(response.Body).Decode(&all)
}

// Second waits for it.
func (s Stack) Second(ctx context.Context) error { return wait(ctx, time.Second) }
