package mail_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"go.uber.org/goleak"

	"github.com/usher-seats/usher/infra/local/dynamo/dynamotest"
	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/internal/jobtest"
	"github.com/usher-seats/usher/internal/logsafe"
	"github.com/usher-seats/usher/internal/mail"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const keysTable = "keys"

// noon is the wall clock of the tests.
func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// wire is an HTTP transport that dies at a chosen call: from then on nothing gets
// through, as when a process is killed.
type wire struct {
	http.RoundTripper
	mu    sync.Mutex
	calls []string
	// dieAt is the number of the call to die at, from 1; 0 lives on.
	dieAt int
	// late lets the fatal call take effect before its answer is lost.
	late bool
	dead bool
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	if w.dead {
		w.mu.Unlock()
		return nil, jobtest.ErrKilled
	}
	w.calls = append(w.calls, operation(r))
	fatal := len(w.calls) == w.dieAt
	w.dead = fatal
	w.mu.Unlock()
	if fatal && !w.late {
		return nil, jobtest.ErrKilled
	}
	answer, err := w.RoundTripper.RoundTrip(r)
	if fatal && err == nil {
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		return nil, jobtest.ErrKilled
	}
	return answer, err
}

func operation(r *http.Request) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndexByte(target, '.')+1:]
	}
	return r.Method + " " + r.URL.Path
}

// rig is a mail function's surroundings: SES, DynamoDB and what stands between.
type rig struct {
	ses     *ses.Server
	wire    *wire
	markers *mail.DynamoMarkers
	sender  *mail.Sender
	clock   time.Time
	log     *strings.Builder
	db      *dynamodb.Client
}

// newRig makes an SES and an empty keys table.
func newRig(t *testing.T, options ses.Options) *rig {
	t.Helper()
	_, cfg := dynamotest.New(t)
	db := dynamodb.NewFromConfig(cfg)
	_, err := db.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:   aws.String(keysTable),
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := newMailbox(t, options)
	r.db = db
	cfg.HTTPClient = &http.Client{Transport: r.wire}
	r.markers = mail.NewDynamoMarkers(dynamodb.NewFromConfig(cfg), keysTable)
	return r
}

// newMailbox makes an SES without markers, and a sender for it.
func newMailbox(t *testing.T, options ses.Options) *rig {
	t.Helper()
	options.Now = noon
	server := ses.New(options)
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	r := &rig{ses: server, wire: &wire{RoundTripper: transport}, clock: noon(), log: &strings.Builder{}}
	r.sender = newSender(t, sesClient(listener.URL, r.wire, credentials()), mail.SenderOptions{
		From: "Northwind Software <no-reply@northwind.example>", ThrottleBackoff: time.Millisecond,
	})
	return r
}

func sesClient(url string, transport http.RoundTripper, who aws.CredentialsProvider) *sesv2.Client {
	// The SDK's default retryer is left on, as in a function.
	return sesv2.New(sesv2.Options{
		Region: dynamotest.Region, BaseEndpoint: aws.String(url), Credentials: who, HTTPClient: &http.Client{Transport: transport},
	})
}

func credentials() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
	})
}

func newSender(t *testing.T, client mail.SES, options mail.SenderOptions) *mail.Sender {
	t.Helper()
	sender, err := mail.NewSender(client, options)
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func (r *rig) courier() mail.Courier {
	return mail.Courier{
		Markers: r.markers, Sender: r.sender,
		Now: func() time.Time { return r.clock },
		Log: logsafe.NewLogger(r.log, slog.LevelDebug),
	}
}

func (r *rig) mode(t *testing.T, mode ses.Mode) {
	t.Helper()
	if err := r.ses.SetMode(mode); err != nil {
		t.Fatal(err)
	}
}

// revive starts a new process after a death.
func (r *rig) revive() {
	r.wire.mu.Lock()
	defer r.wire.mu.Unlock()
	r.wire.dead, r.wire.dieAt = false, 0
}

// marker reads the item of a key; it is empty where there is none.
func (r *rig) marker(t *testing.T, key mail.Key) map[string]string {
	t.Helper()
	out, err := r.db.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName:      aws.String(keysTable),
		ConsistentRead: aws.Bool(true),
		Key: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "MAIL#" + key.EventID + "#" + key.Recipient},
			"sk": &types.AttributeValueMemberS{Value: "M#" + string(key.Kind)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	item := map[string]string{}
	for name, value := range out.Item {
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			item[name] = v.Value
		case *types.AttributeValueMemberN:
			item[name] = v.Value
		}
	}
	return item
}

// letter is the invitation of the samples, and the key of its delivery.
func letter(t *testing.T) (mail.Key, mail.Letter) {
	t.Helper()
	message, err := mail.NewRenderer().Render(sampleOf[mail.Invitation](t, "invitation"))
	if err != nil {
		t.Fatal(err)
	}
	return mail.Key{EventID: "evt_06dn3b5", Recipient: "usr_06dn3b5", Kind: mail.KindInvitation},
		mail.Letter{To: "amelie.dubois@brandt.example", AccountID: "acc_06dn3b5", Message: message}
}

// sameContent fails unless all mails say the same to the same person.
func sameContent(t *testing.T, mails []ses.Mail) {
	t.Helper()
	for _, m := range mails {
		first, err := json.Marshal([]any{mails[0].To, mails[0].Subject, mails[0].Text, mails[0].HTML, mails[0].Tags})
		if err != nil {
			t.Fatal(err)
		}
		other, err := json.Marshal([]any{m.To, m.Subject, m.Text, m.HTML, m.Tags})
		if err != nil {
			t.Fatal(err)
		}
		if string(first) != string(other) {
			t.Errorf("two copies differ:\n%s\n%s", first, other)
		}
	}
}

// repeating makes every call twice and loses the first answer, as the SDK does
// when a connection breaks after the write.
type repeating struct{ *dynamodb.Client }

func (r repeating) UpdateItem(ctx context.Context, input *dynamodb.UpdateItemInput, options ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if _, err := r.Client.UpdateItem(ctx, input, options...); err != nil {
		return nil, err
	}
	return r.Client.UpdateItem(ctx, input, options...)
}
