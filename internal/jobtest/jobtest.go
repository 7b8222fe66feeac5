// Package jobtest gives tests of the functions that time and queues call a vendor
// with ordinary accounts: the use cases over the real store on DynamoDB Local, and
// a wall clock that stands where it is put.
//
// A [World] is the tables, the clock and the network between a process and its
// database. [World.Process] gives the use cases as a new process has them, with
// nothing remembered. The network is a [Wire], which kills processes on demand.
//
// [World.Open] opens accounts, the same ones for the same arguments in every world,
// so that two worlds can be lived through differently and compared by [Books].
package jobtest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/usher-seats/usher/infra/local/dynamo/dynamotest"
	"github.com/usher-seats/usher/internal/catalog"
	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
	"github.com/usher-seats/usher/internal/store"
)

// Catalog has a plan for each way in which a close can go.
const Catalog = `vendor:
  {name: Northwind, support_email: help@northwind.example, sales_contact: sales, sign_in_url: "https://app.northwind.example"}
products:
  - {id: meetings, name: Meetings}
plans:
  - {id: keep, name: Keep, product: meetings, price: {EUR: {unit: 2000}, USD: {unit: 2199}, JPY: {unit: 3000}}}
  - {id: release, name: Release, product: meetings, price: {EUR: {unit: 1234, base: 99}}, policies: {over_assigned: release_newest}}
  - {id: later, name: Later, product: meetings, price: {EUR: {unit: 1999}}, policies: {settle: next_invoice, proration: second}}
  - {id: yearly, name: Yearly, product: meetings, interval: year, price: {EUR: {unit: 20000}}}
  - {id: free, name: Free, product: meetings, price: {EUR: {unit: 0}}}
`

// Opening is where a world's clock stands first: so far ahead that DynamoDB, which
// deletes what has expired by its own clock, finds nothing expired.
func Opening() time.Time { return time.Date(2090, time.November, 10, 9, 0, 0, 0, time.UTC) }

// World is a vendor's deployment.
type World struct {
	Client *dynamodb.Client
	Tables map[string]string
	Clock  *seatstest.Clock
	Wire   *Wire
	// Service is a process that lives through the whole test.
	Service *seats.Service

	t testing.TB
}

// New gives a world with the plans of Catalog.
func New(t testing.TB) *World {
	t.Helper()
	cfg, tables := dynamotest.NewWithTables(t)
	inner, ok := cfg.HTTPClient.(*http.Client)
	if !ok {
		t.Fatalf("jobtest: the HTTP client is a %T", cfg.HTTPClient)
	}
	w := &World{Tables: tables, Clock: seatstest.NewClock(Opening()), Wire: &Wire{next: inner.Transport}, t: t}
	cfg.HTTPClient = &http.Client{Transport: w.Wire}
	w.Client = dynamodb.NewFromConfig(cfg)
	w.Service = w.Process()
	plans, err := catalog.Parse([]byte(Catalog))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Service.PublishPlans(t.Context(), plans); err != nil {
		t.Fatal(err)
	}
	return w
}

// Store is the store as a new process has it. It does not wait between tries.
func (w *World) Store() *store.Store {
	return store.New(w.Client, store.Options{
		SeatsTable: w.Tables["SeatsTable"], KeysTable: w.Tables["KeysTable"],
		Jitter: func(time.Duration) time.Duration { return 0 },
	})
}

// Process gives the use cases as a new process has them.
func (w *World) Process() *seats.Service {
	st := w.Store()
	svc := seats.New(st, st.InvitationKey)
	svc.Wall, svc.Log = w.Clock.Now, slog.New(slog.NewTextHandler(io.Discard, nil))
	return svc
}

// Account is an account that was opened.
type Account struct {
	ID    seats.AccountID
	Sub   seats.SubscriptionID
	Owner seats.UserID
	// Caller is the owner, signed in.
	Caller seats.Caller
	domain string
}

// Open opens n ordinary accounts in Berlin with five seats of the plan keep, which
// change may change. It opens several at once.
func (w *World) Open(n int, change func(i int, in *seats.OpenAccount)) []*Account {
	w.t.Helper()
	all := make([]*Account, n)
	Each(n, func(i int) {
		in := seats.OpenAccount{
			Name: fmt.Sprintf("Customer %d", i), Currency: "EUR", Zone: "Europe/Berlin", PlanID: "keep", Seats: 5,
			Owner: seats.Person{Email: fmt.Sprintf("olga@customer%d.example", i), FirstName: "Olga", LastName: "Owner"},
		}
		if change != nil {
			change(i, &in)
		}
		reply, err := w.Service.Open(context.Background(), seatstest.Operator(), in, seatstest.Once[seats.Opened](fmt.Sprintf("open-%d-%s", i, in.Name), in.Name))
		if err != nil {
			w.t.Errorf("open account %d: %v", i, err)
			return
		}
		o := reply.Result
		all[i] = &Account{
			ID: o.Account.ID, Sub: o.Subscription.ID, Owner: o.Owner.ID, domain: fmt.Sprintf("customer%d.example", i),
			Caller: seats.Caller{Subject: "subject-of-" + string(o.Owner.ID), SignedInAt: w.Clock.Now()},
		}
	})
	if w.t.Failed() {
		w.t.FailNow()
	}
	return all
}

// Each runs f for 0 to n-1, a few at a time.
func Each(n int, f func(i int)) {
	const atOnce = 8
	var wg sync.WaitGroup
	turn := make(chan struct{}, atOnce)
	for i := range n {
		turn <- struct{}{}
		wg.Go(func() {
			defer func() { <-turn }() // also where f ends the test
			f(i)
		})
	}
	wg.Wait()
}

// SignIn lets the owner of an account act.
func (w *World) SignIn(a *Account) {
	w.t.Helper()
	_, err := w.Service.Bind(w.t.Context(), seats.Identity{Subject: a.Caller.Subject, Email: "olga@" + a.domain})
	w.must(err)
}

// Change quotes and confirms a number of seats.
func (w *World) Change(a *Account, n int64) {
	w.t.Helper()
	q, _, err := w.Service.QuoteSeats(w.t.Context(), a.Caller, a.ID, a.Sub, n)
	w.must(err)
	_, err = w.Service.ConfirmSeats(w.t.Context(), a.Caller, a.ID, a.Sub, q.ID, true, seatstest.Once[seats.SeatChangeResult](string(q.ID), "confirm"))
	w.must(err)
}

// Invite invites people with a license each, who do not accept yet.
func (w *World) Invite(a *Account, people int) []seats.InviteResult {
	w.t.Helper()
	var list []seats.Invitee
	for i := range people {
		list = append(list, seats.Invitee{Email: fmt.Sprintf("p%d@%s", i, a.domain), FirstName: "P", LastName: fmt.Sprint(i), Subscription: a.Sub})
	}
	reply, err := w.Service.Invite(w.t.Context(), a.Caller, a.ID, list, seats.Once[[]seats.InviteResult]{})
	w.must(err)
	for _, r := range reply.Result {
		if r.Refused != nil {
			w.t.Fatalf("%s was not invited: %v", r.Email, r.Refused)
		}
	}
	return reply.Result
}

// Join invites people with a license each, who accept.
func (w *World) Join(a *Account, people int) {
	w.t.Helper()
	key, err := w.Service.InvitationKey(w.t.Context())
	w.must(err)
	for _, r := range w.Invite(a, people) {
		id := seats.Identity{Subject: "subject-of-" + string(r.User), Email: r.Email}
		_, err := w.Service.Accept(w.t.Context(), id, seats.InvitationToken(key, a.ID, r.User, 1), seats.Once[*seats.User]{})
		w.must(err)
	}
}

func (w *World) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Message is the message of a queue that asks for accounts to be closed.
func Message(t testing.TB, id string, accounts []*Account) lambdaevents.SQSMessage {
	t.Helper()
	due := events.AccountsDue{DueBefore: Opening()}
	for _, a := range accounts {
		due.Accounts = append(due.Accounts, a.ID)
	}
	detail, err := due.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return lambdaevents.SQSMessage{MessageId: id, Body: fmt.Sprintf(`{"version":"0","id":"7bf73129-1428-4cd3-a780-95db273d1602",`+
		`"detail-type":%q,"source":%q,"time":"2090-12-10T09:00:01Z","detail":%s}`, events.TypeAccountsDue, events.Source, detail)}
}
