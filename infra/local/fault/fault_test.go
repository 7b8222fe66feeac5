package fault_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/usher-seats/usher/infra/local/bus"
	"github.com/usher-seats/usher/infra/local/dynamo/dynamotest"
	"github.com/usher-seats/usher/infra/local/fault"
	"github.com/usher-seats/usher/infra/local/ses"
)

// database is a table of rooms behind a proxy.
func database(t *testing.T) (*fault.Proxy, *dynamodb.Client) {
	t.Helper()
	endpoint, cfg := dynamotest.New(t)
	p, err := fault.NewProxy(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(p)
	t.Cleanup(func() { server.Close(); p.Close() })
	cfg.BaseEndpoint = aws.String(server.URL)
	c := dynamodb.NewFromConfig(cfg)
	_, err = c.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("rooms"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Reset()
	return p, c
}

func key(name string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: name}}
}

func put(ctx context.Context, c *dynamodb.Client, name string) error {
	_, err := c.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("rooms"), Item: key(name)})
	return err
}

func exists(t *testing.T, c *dynamodb.Client, name string) bool {
	t.Helper()
	out, err := c.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("rooms"), Key: key(name), ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	return out.Item != nil
}

func always(a fault.Action) fault.Script {
	return func(c fault.Call) fault.Action {
		if c.Operation == "GetItem" {
			return fault.Pass()
		}
		return a
	}
}

func TestFaultsBeforeAndAfterTheCommit(t *testing.T) {
	p, c := database(t)
	var throttled *types.ProvisionedThroughputExceededException
	var internal *types.InternalServerError
	var conflict *types.TransactionConflictException
	ran := false
	for _, tt := range []struct {
		name   string
		action fault.Action
		as     any // nil: any error
		fails  bool
		there  bool
	}{
		{"pass", fault.Pass(), nil, false, true},
		{"drop", fault.Drop(), nil, true, false},
		{"commit, then drop", fault.CommitThenDrop(), nil, true, true},
		{"delay", fault.Delay(time.Millisecond), nil, false, true},
		{"throttle", fault.Throttle(), &throttled, true, false},
		{"internal", fault.Internal(), &internal, true, false},
		{"conflict of one item", fault.Conflict(), &conflict, true, false},
		{"commit, then fail", fault.CommitThenFail(500, "InternalServerError", "oh"), &internal, true, true},
		{"do", fault.Do(func() { ran = true }), nil, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p.SetScript(always(tt.action))
			err := put(t.Context(), c, tt.name)
			if (err != nil) != tt.fails || (tt.as != nil && !errors.As(err, tt.as)) {
				t.Errorf("error %v", err)
			}
			if got := exists(t, c, tt.name); got != tt.there {
				t.Errorf("the item is there: %t, want %t", got, tt.there)
			}
		})
	}
	if !ran {
		t.Error("Do did not run its function")
	}
}

func TestConflictsNameTheirItems(t *testing.T) {
	p, c := database(t)
	for _, tt := range []struct {
		reasons []string
		want    []string
	}{
		{nil, []string{"TransactionConflict", "TransactionConflict"}},
		{[]string{"None", "TransactionConflict"}, []string{"None", "TransactionConflict"}},
		{[]string{"ConditionalCheckFailed"}, []string{"ConditionalCheckFailed", "None"}},
	} {
		p.SetScript(always(fault.Conflict(tt.reasons...)))
		_, err := c.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
			{Put: &types.Put{TableName: aws.String("rooms"), Item: key("a")}},
			{Put: &types.Put{TableName: aws.String("rooms"), Item: key("b")}},
		}})
		var cancelled *types.TransactionCanceledException
		if !errors.As(err, &cancelled) {
			t.Fatalf("error %v", err)
		}
		var got []string
		for _, r := range cancelled.CancellationReasons {
			got = append(got, aws.ToString(r.Code))
		}
		if !slices.Equal(got, tt.want) || exists(t, c, "a") {
			t.Errorf("reasons %v, want %v", got, tt.want)
		}
	}
}

func TestAScriptChoosesByNumber(t *testing.T) {
	p, c := database(t)
	p.SetScript(func(call fault.Call) fault.Action {
		if call.OperationNumber == 2 {
			return fault.Drop()
		}
		return fault.Pass()
	})
	var got []bool
	for i := range 3 {
		got = append(got, put(t.Context(), c, fmt.Sprint(i)) == nil)
	}
	exists(t, c, "0")
	calls := p.Calls()
	if !slices.Equal(got, []bool{true, false, true}) || len(calls) != 4 || calls[2].OperationNumber != 3 || calls[3].Operation != "GetItem" || calls[3].Number != 4 {
		t.Errorf("successes %v, calls %+v", got, calls)
	}
}

// config is a client's configuration for a handler of this process.
func config(t *testing.T, h http.Handler) aws.Config {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL), HTTPClient: server.Client(), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local", SessionToken: "PublishFunction"}, nil
		}),
	}
}

func TestPutEventsFailsInPart(t *testing.T) {
	b, err := bus.New(bus.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Stop)
	p := fault.Around(b)
	c := eventbridge.NewFromConfig(config(t, p))
	var entries []eventtypes.PutEventsRequestEntry
	for i := range 4 {
		entries = append(entries, eventtypes.PutEventsRequestEntry{Source: aws.String("usher"), DetailType: aws.String(fmt.Sprint(i)), Detail: aws.String(`{}`)})
	}
	for _, tt := range []struct {
		failed []int
		put    []string // newest first
	}{
		{[]int{1, 3}, []string{"2", "0"}},
		{[]int{0, 1, 2, 3}, nil},
		{nil, []string{"3", "2", "1", "0"}},
	} {
		before := len(b.Events())
		p.SetScript(always(fault.PartialPutEvents(tt.failed...)))
		out, err := c.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: entries})
		if err != nil {
			t.Fatal(err)
		}
		var failed []int
		for i, e := range out.Entries {
			if e.ErrorCode != nil {
				failed = append(failed, i)
			} else if e.EventId == nil {
				t.Errorf("entry %d has neither an id nor an error", i)
			}
		}
		var put []string
		events := b.Events()
		for _, e := range events[:len(events)-before] {
			put = append(put, e.DetailType)
		}
		if !slices.Equal(failed, tt.failed) || int(out.FailedEntryCount) != len(tt.failed) || !slices.Equal(put, tt.put) {
			t.Errorf("failed %v (%d), put %v; want %v, %v", failed, out.FailedEntryCount, put, tt.failed, tt.put)
		}
	}
	if calls := p.Calls(); calls[0].Token != "PublishFunction" {
		t.Errorf("the caller is %q", calls[0].Token)
	}
}

func TestSESFailsToo(t *testing.T) {
	server := ses.New(ses.Options{})
	p := fault.Around(server)
	c := sesv2.NewFromConfig(config(t, p))
	send := func() error {
		_, err := c.SendEmail(t.Context(), &sesv2.SendEmailInput{
			FromEmailAddress: aws.String("usher@example.com"), Destination: &sestypes.Destination{ToAddresses: []string{"anna@example.com"}},
			Content: &sestypes.EmailContent{Simple: &sestypes.Message{
				Subject: &sestypes.Content{Data: aws.String("s")}, Body: &sestypes.Body{Text: &sestypes.Content{Data: aws.String("t")}},
			}},
		})
		return err
	}
	p.SetScript(always(fault.Throttle()))
	var throttled *sestypes.TooManyRequestsException
	if err := send(); !errors.As(err, &throttled) || len(server.Mails()) != 0 {
		t.Errorf("throttled: %v with %d mails", err, len(server.Mails()))
	}
	p.SetScript(always(fault.CommitThenDrop()))
	if err := send(); err == nil || len(server.Mails()) != 1 {
		t.Errorf("dropped after the commit: %v with %d mails", err, len(server.Mails()))
	}
}
