package ses_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"go.uber.org/goleak"

	"github.com/usher-seats/usher/infra/local/ses"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// rig is a server, its address, and Amazon's own client for it, which does not
// retry, so that a test sees each answer.
type rig struct {
	server *ses.Server
	url    string
	client *sesv2.Client
}

func start(t *testing.T, options ses.Options) *rig {
	t.Helper()
	if options.Now == nil {
		options.Now = func() time.Time { return noon }
	}
	server := ses.New(options)
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := sesv2.New(sesv2.Options{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(listener.URL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
		HTTPClient: &http.Client{Transport: transport},
		Retryer:    aws.NopRetryer{},
	})
	return &rig{server: server, url: listener.URL, client: client}
}

// invitation is a request that is accepted; tests spoil a copy of it.
func invitation() *sesv2.SendEmailInput {
	return &sesv2.SendEmailInput{
		FromEmailAddress: aws.String("Usher <no-reply@example.com>"),
		Destination:      &types.Destination{ToAddresses: []string{"ada@example.com"}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: utf8("You are invited"),
			Body:    &types.Body{Text: utf8("Hello Ada"), Html: utf8("<p>Hello Ada</p>")},
		}},
	}
}

func utf8(s string) *types.Content {
	return &types.Content{Data: aws.String(s), Charset: aws.String("UTF-8")}
}

func (r *rig) send(t *testing.T, input *sesv2.SendEmailInput) ses.Mail {
	t.Helper()
	output, err := r.client.SendEmail(t.Context(), input)
	if err != nil {
		t.Fatalf("SendEmail: %v", err)
	}
	newest := r.server.Mails()[0]
	if newest.ID != *output.MessageId {
		t.Fatalf("the newest mail is %s, the answer says %s", newest.ID, *output.MessageId)
	}
	return newest
}

func (r *rig) call(t *testing.T, method, path, body string) (status int, answer map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
	}
	return response.StatusCode, answer
}

func TestWaitForEndsWithItsContext(t *testing.T) {
	server := ses.New(ses.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := server.WaitFor(ctx, func(ses.Mail) bool { return true }); err == nil {
		t.Error("waiting for a mail that never comes ended without an error")
	}
}

func TestWaitForSeesAMailThatComesLater(t *testing.T) {
	r := start(t, ses.Options{})
	found := make(chan ses.Mail, 1)
	go func() {
		mail, err := r.server.WaitFor(t.Context(), func(m ses.Mail) bool { return m.Subject == "You are invited" })
		if err != nil {
			t.Error(err)
		}
		found <- mail
	}()
	sent := r.send(t, invitation())
	if got := <-found; got.ID != sent.ID {
		t.Errorf("found %s, want %s", got.ID, sent.ID)
	}
}
