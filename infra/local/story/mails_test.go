package story_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/usher-seats/usher/infra/local/build"
	"github.com/usher-seats/usher/infra/local/checkout"
	"github.com/usher-seats/usher/infra/local/lambda"
	"github.com/usher-seats/usher/infra/local/pattern"
	"github.com/usher-seats/usher/infra/local/sam"
	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/infra/local/story"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/seats"
)

// post carries the ledger's events to the real mail function, by the template's own
// rule, and keeps what it sends. It stands for stream, bus and queue, which the test
// on the real binaries has.
type post struct {
	system    *apitest.System
	function  *lambda.Function
	rule      *pattern.Pattern
	office    *ses.Server
	delivered map[seats.EventID]bool
}

func newPost(t *testing.T, system *apitest.System) *post {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	template, err := sam.Load(filepath.Join(root, "template.yaml"), sam.Options{Defaults: map[string]string{
		"ConsoleUrl": "http://127.0.0.1:8080", "ConsoleOrigin": "http://127.0.0.1:8080", "IssuerUrl": "http://127.0.0.1/issuer", "OidcClientId": "test", "CreateMailIdentity": "no",
	}})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(template.Functions, func(f *sam.Function) bool { return f.CodeURI == "functions/mail" || f.CodeURI == "functions/mail/" })
	r := slices.IndexFunc(template.Rules, func(r *sam.Rule) bool { return r.ID == "MailRule" })
	if i < 0 || r < 0 {
		t.Fatal("the template has no mail function or no MailRule")
	}
	mail := template.Functions[i]
	p := &post{system: system, delivered: map[seats.EventID]bool{}}
	if p.rule, err = pattern.Compile(template.Rules[r].Pattern); err != nil {
		t.Fatal(err)
	}
	binaries, err := build.Functions(t.Context(), root, filepath.Join(root, "build", "local"), []string{mail.CodeURI})
	if err != nil {
		t.Fatal(err)
	}
	p.office = ses.New(ses.Options{})
	listener := httptest.NewServer(p.office)
	t.Cleanup(listener.Close)
	host, err := lambda.NewHost()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	p.function = host.Add(lambda.Config{
		Name: mail.Name, ARN: mail.ARN, Binary: binaries[mail.CodeURI], Env: p.environment(t, mail.Env, listener.URL), Region: system.Client.Options().Region,
		Timeout: mail.Timeout, MemoryMB: mail.MemoryMB,
	})
	return p
}

func (p *post) environment(t *testing.T, env map[string]string, mails string) map[string]string {
	t.Helper()
	options := p.system.Client.Options()
	who, err := options.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	env = maps.Clone(env)
	maps.Copy(env, map[string]string{
		"SEATS_TABLE": p.system.Tables["SeatsTable"], "KEYS_TABLE": p.system.Tables["KeysTable"], "MAIL_CONFIGURATION_SET": "",
		"AWS_ENDPOINT_URL_DYNAMODB": *options.BaseEndpoint, "AWS_ENDPOINT_URL_SESV2": mails,
		"AWS_ACCESS_KEY_ID": who.AccessKeyID, "AWS_SECRET_ACCESS_KEY": who.SecretAccessKey,
	})
	return env
}

// deliver brings what happened in an account since the last time.
func (p *post) deliver(ctx context.Context, account seats.AccountID) error {
	view, err := p.system.Store.Load(ctx, seats.Want{Account: account})
	if err != nil {
		return err
	}
	var batch lambdaevents.SQSEvent
	for month := view.Account.OpenedAt.AddDate(0, -1, 0); !month.After(view.Account.Clock.AddDate(0, 1, 0)); month = month.AddDate(0, 0, 27) {
		if err := p.collect(ctx, account, month.Format("2006-01"), &batch); err != nil {
			return err
		}
	}
	if len(batch.Records) == 0 {
		return nil
	}
	payload, err := json.Marshal(batch)
	if err != nil {
		return err
	}
	result, err := p.function.Invoke(ctx, payload)
	if err != nil {
		return err
	}
	var answer lambdaevents.SQSEventResponse
	if err := json.Unmarshal(result.Payload, &answer); err != nil || result.FunctionError != "" || len(answer.BatchItemFailures) > 0 {
		return fmt.Errorf("the mail function: %s %s: %w\n%s", result.FunctionError, result.Payload, err, strings.Join(p.function.Tail(), "\n"))
	}
	return nil
}

func (p *post) collect(ctx context.Context, account seats.AccountID, month string, batch *lambdaevents.SQSEvent) error {
	for cursor := ""; ; {
		found, next, err := p.system.Store.Events(ctx, account, month, seats.Page{Limit: 100, Cursor: cursor})
		if err != nil {
			return err
		}
		for _, event := range found {
			if p.delivered[event.ID] {
				continue
			}
			p.delivered[event.ID] = true
			detail, err := events.Encode(event)
			if err != nil {
				return err
			}
			body, err := json.Marshal(map[string]any{
				"version": "0", "id": "bus-" + string(event.ID), "detail-type": event.Type, "source": events.Source, "account": "000000000000",
				"time": event.RecordedAt.UTC().Format(time.RFC3339), "region": "local", "resources": []string{}, "detail": json.RawMessage(detail),
			})
			if err != nil {
				return err
			}
			if p.rule.Match(body) {
				batch.Records = append(batch.Records, lambdaevents.SQSMessage{MessageId: string(event.ID), Body: string(body)})
			}
		}
		if cursor = next; cursor == "" {
			return nil
		}
	}
}

// letter is the first mail to the address that has the words and was not seen.
func (p *post) letter(address, words string, seen map[string]bool) (*story.Letter, error) {
	mails := p.office.Mails()
	slices.Reverse(mails) // the oldest first
	var unread []string
	for _, m := range mails {
		if seen[m.ID] || len(m.To) != 1 || !strings.Contains(m.To[0], address) {
			continue
		}
		if !strings.Contains(m.Subject, words) && !strings.Contains(m.Text, words) {
			unread = append(unread, m.Subject)
			continue
		}
		seen[m.ID] = true
		l := &story.Letter{Subject: m.Subject, Text: m.Text, HTML: m.HTML}
		for _, file := range m.Attachments {
			l.Files = append(l.Files, file.FileName)
		}
		return l, nil
	}
	return nil, fmt.Errorf("no mail to %s about %q was sent; unread are %q", address, words, unread)
}
