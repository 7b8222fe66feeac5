package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/usher-seats/usher/infra/local/dynamo/tables"
	"github.com/usher-seats/usher/infra/local/lambda"
	"github.com/usher-seats/usher/infra/local/sam"
	"github.com/usher-seats/usher/infra/local/stream"
	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/events/relay"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/jobtest"
	"github.com/usher-seats/usher/internal/seats"
)

var errDied = errors.New("the process died")

// deadly is the bus as processes see it that die at one of their calls to it: before
// the call, or after its effect and before its answer. A dead process stays dead.
type deadly struct {
	mu     sync.Mutex
	random *rand.Rand
	taken  map[string]int
	dead   bool
	deaths int
}

func (d *deadly) PutEvents(_ context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fate := d.random.IntN(6)
	if !d.dead && fate < 2 {
		d.dead = true
		d.deaths++
	} else if d.dead {
		return nil, errDied
	}
	if fate == 0 {
		return nil, errDied // before the call
	}
	out := &eventbridge.PutEventsOutput{Entries: make([]eventtypes.PutEventsResultEntry, len(in.Entries))}
	for _, e := range in.Entries {
		d.taken[*e.Detail]++
	}
	if d.dead {
		return nil, errDied // after it
	}
	return out, nil
}

// Invoke runs the function in a new process after each death.
func (d *deadly) Invoke(ctx context.Context, payload []byte) (lambda.Result, error) {
	var batch lambdaevents.DynamoDBEvent
	if err := json.Unmarshal(payload, &batch); err != nil {
		return lambda.Result{}, err
	}
	// A dead process tries nothing again, so its deadline is over.
	ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	sender := relay.Sender{Bus: d, Name: "bus", Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	answer, err := handler{publisher: relay.NewPublisher(sender)}.handle(ctx, batch)
	d.mu.Lock()
	dead := d.dead
	d.dead = false
	d.mu.Unlock()
	if dead || err != nil {
		return lambda.Result{FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"signal: killed"}`)}, nil
	}
	said, err := json.Marshal(answer)
	return lambda.Result{Payload: said}, err
}

// ledgerOf reads the details of all committed events from the table.
func ledgerOf(t *testing.T, w *jobtest.World) []string {
	t.Helper()
	var all []string
	pages := dynamodb.NewScanPaginator(w.Client, &dynamodb.ScanInput{
		TableName: aws.String(w.Tables["SeatsTable"]), ConsistentRead: aws.Bool(true), FilterExpression: aws.String("begins_with(pk, :p)"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: "E#"}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page.Items {
			text, ok := it[events.DetailAttribute].(*types.AttributeValueMemberS)
			if !ok {
				t.Fatalf("an event without a detail: %v", it)
			}
			packed, _ := it[events.PackedAttribute].(*types.AttributeValueMemberB)
			var b []byte
			if packed != nil {
				b = packed.Value
			}
			whole, err := events.Unpack([]byte(text.Value), b)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(whole))
		}
	}
	return all
}

const outboxSeed = 9

// Fault 9: the process of a command dies at any of its calls, the one of the relay at
// any of its own, before and after each. What is committed reaches the bus, and
// nothing else does.
func TestEveryCommittedEventReachesTheBus(t *testing.T) {
	random := rand.New(rand.NewPCG(outboxSeed, 0))
	w := jobtest.New(t)
	accounts := w.Open(faulttest.Size(3, 40), nil)
	for _, a := range accounts {
		w.SignIn(a)
		for range 3 {
			work(w, a, random)
		}
	}
	w.Wire.Revive()
	bus := &deadly{random: rand.New(rand.NewPCG(outboxSeed, 1)), taken: map[string]int{}}
	template, err := sam.Load("../../template.yaml", sam.Options{Region: "eu-central-1"})
	if err != nil {
		t.Fatal(err)
	}
	mapping := *streamOf(t, template)
	mapping.BatchSize = 5 // so that there are calls to die at
	source, err := stream.New(stream.Options{
		Reader: readerOf(t, w), Mapping: &mapping, Function: bus, Poll: time.Millisecond,
		RetryAfter: func(int) time.Duration { return 0 },
		OnFailure:  func(body []byte) { t.Errorf("given up: %s", body) },
	})
	if err != nil {
		t.Fatal(err)
	}
	source.Start()
	settle(t, source)
	source.Stop()

	committed, lost, again := ledgerOf(t, w), 0, 0
	for _, detail := range committed {
		if bus.taken[detail] == 0 {
			lost++
			t.Errorf("not on the bus: %s", detail)
		}
		again += max(0, bus.taken[detail]-1)
		delete(bus.taken, detail)
	}
	for detail := range bus.taken {
		lost++
		t.Errorf("on the bus and never committed: %s", detail)
	}
	if bus.deaths == 0 {
		t.Error("no relay died")
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 9, Did: "commands and relays that die before and after their commits and their calls to the bus",
		Bad: lost, Of: len(committed), What: "committed events lost, or others published", Seed: outboxSeed,
		More: fmt.Sprintf("%d relays died, %d events came again", bus.deaths, again),
	})
}

// work does something with an account by a process that dies somewhere, and once more
// by one that does not.
func work(w *jobtest.World, a *jobtest.Account, random *rand.Rand) {
	process := w.Process()
	user := seats.Invitee{Email: fmt.Sprintf("p%d@%s.example", random.Int64(), strings.ToLower(string(a.ID)[20:])), FirstName: "P", LastName: "Q", Subscription: a.Sub}
	w.Wire.KillAt(1+random.IntN(4), random.IntN(2) == 0)
	_, _ = process.Invite(context.Background(), a.Caller, a.ID, []seats.Invitee{user}, seats.Once[[]seats.InviteResult]{})
	w.Wire.Revive()
	_, _ = w.Process().Invite(context.Background(), a.Caller, a.ID, []seats.Invitee{user}, seats.Once[[]seats.InviteResult]{})
}

func streamOf(t *testing.T, template *sam.Template) *sam.StreamSource {
	t.Helper()
	for _, f := range template.Functions {
		if strings.Contains(strings.ToLower(f.ID), "publish") {
			return f.Streams[0]
		}
	}
	t.Fatal("the template has no function that publishes")
	return nil
}

func settle(t *testing.T, source *stream.Source) {
	t.Helper()
	began, tick := time.Now(), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	const longest = time.Minute
	for !source.Quiet(began) {
		if time.Since(began) > longest {
			t.Fatalf("not at rest: %+v", source.Stats())
		}
		<-tick.C
	}
}

// readerOf reads the stream of the seats table.
func readerOf(t *testing.T, w *jobtest.World) stream.Reader {
	t.Helper()
	o := w.Client.Options()
	credentials, err := o.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := &tables.Client{Endpoint: *o.BaseEndpoint, AccessKey: credentials.AccessKeyID, Region: o.Region, HTTP: &http.Client{Transport: transport}}
	return &stream.TableReader{Client: client, Table: w.Tables["SeatsTable"]}
}
