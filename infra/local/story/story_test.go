package story_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/usher-seats/usher/infra/local/stack"
	"github.com/usher-seats/usher/infra/local/stack/stacktest"
	"github.com/usher-seats/usher/infra/local/story"
	"github.com/usher-seats/usher/internal/audit"
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/catalog"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/store"
)

// TestTheRealBinaries runs everything that needs the deployed programs on one
// stack, since starting one takes most of a minute.
func TestTheRealBinaries(t *testing.T) {
	s := stacktest.Start(t, stack.Options{Faults: true})
	st := tables(s)
	t.Run("the story plays", func(t *testing.T) { play(t, s) })
	t.Run("the five systems' stories make the demo accounts", func(t *testing.T) { makeDemoAccounts(t, s) })
	t.Run("ordinary accounts close by schedule, bus and queue", func(t *testing.T) { closeBySchedule(t, s, st) })
	t.Run("closers that are killed close every account once", func(t *testing.T) { killClosers(t, s, st) })
	empty(t, s, "MailDeadLetters", "CloseDeadLetters", "PublishDeadLetters", "ScheduleDeadLetters")
	t.Run("throttling", func(t *testing.T) { storms(t, s, st) })
	audited, err := audit.All(t.Context(), st, time.Now().UTC(), func(account seats.AccountID, found []audit.Finding) error {
		t.Errorf("%s: %+v", account, found)
		return nil
	})
	if err != nil || audited == 0 {
		t.Fatalf("audited %d accounts: %v", audited, err)
	}
	t.Logf("audited %d accounts", audited)
	// A scheduled run that the storm fell upon is no loss: the next one did its work.
	empty(t, s, "MailDeadLetters", "CloseDeadLetters", "PublishDeadLetters")
}

func empty(t *testing.T, s *stack.Stack, queues ...string) {
	t.Helper()
	for _, dead := range queues {
		if q := s.Queue(dead); q == nil || q.Stats().Visible != 0 {
			t.Errorf("%s is not empty", dead)
		}
	}
}

// tables is the store over the stack's own tables.
func tables(s *stack.Stack) *store.Store {
	db := s.Database()
	client := dynamodb.New(dynamodb.Options{
		Region: db.Region, BaseEndpoint: aws.String(db.Endpoint),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: db.AccessKey, SecretAccessKey: "local"}, nil
		}),
	})
	names := map[string]string{}
	for _, table := range s.Template().Tables {
		names[table.ID] = table.Name
	}
	return store.New(client, store.Options{SeatsTable: names["SeatsTable"], KeysTable: names["KeysTable"]})
}

func catalogText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "catalog", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func play(t *testing.T, s *stack.Stack) {
	where, err := story.Discover(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	month, err := story.Find("month")
	if err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	if err := month.Run(t.Context(), story.Play{World: where, Catalog: catalogText(t, month.Catalog), Fresh: true, Out: &told}); err != nil {
		t.Fatalf("%v after:\n%s", err, told.String())
	}
	for _, sentence := range []string{"EUR 18.00 now", "no_free_seats", "A newer invitation", "closes 0 cycles", "Ben signs in again"} {
		if !strings.Contains(told.String(), sentence) {
			t.Errorf("the story does not tell of %q:\n%s", sentence, told.String())
		}
	}
	told.Reset()
	if err := story.MoveClocks(t.Context(), where, "", time.Time{}, &told); err != nil || !strings.Contains(told.String(), "31 December 2026, 23:00 UTC") {
		t.Errorf("to the next boundary: %v\n%s", err, told.String())
	}
	if err := story.MoveClocks(t.Context(), where, "", time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC), &told); err == nil {
		t.Error("a clock moved back")
	}
	if err := story.MoveClocks(t.Context(), where, "acc_nobody", time.Time{}, &told); err == nil {
		t.Error("the clock of no account moved")
	}
}

// makeDemoAccounts is what make run does.
func makeDemoAccounts(t *testing.T, s *stack.Stack) {
	where, err := story.Discover(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := story.Systems()
	if err != nil {
		t.Fatal(err)
	}
	histories, err := story.NewHistories(scripts)
	if err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	err = histories.Run(t.Context(), where, func(file string) (string, error) { return catalogText(t, file), nil }, &told)
	if err != nil {
		t.Error(err)
	}
	t.Logf("\n%s", told.String())
	for _, h := range histories.All() {
		if h.State != story.HistoryThere {
			t.Errorf("%s is %s", h.Account, h.State)
		}
	}
}

// overdue opens ordinary accounts as if that had been some time ago.
func overdue(t *testing.T, st *store.Store, n int, ago time.Duration) []seats.AccountID {
	t.Helper()
	past := time.Now().UTC().Add(-ago)
	svc := seats.New(st, st.InvitationKey)
	svc.Wall = func() time.Time { return past }
	plans, err := catalog.Parse([]byte(catalogText(t, "sample.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := svc.PublishPlans(t.Context(), plans); err != nil {
		t.Fatal(err)
	}
	var ids []seats.AccountID
	for i := range n {
		in := seats.OpenAccount{
			Name: fmt.Sprintf("Overdue %d", i), Currency: "EUR", Zone: "Europe/Berlin", PlanID: "meetings-monthly", Seats: 5,
			Owner: seats.Person{Email: fmt.Sprintf("owner%d.%d@overdue.example", past.UnixNano(), i), FirstName: "Otto", LastName: "Overdue"},
		}
		once := seats.Once[seats.Opened]{Key: fmt.Sprintf("open %d %d", past.UnixNano(), i), Encode: func(seats.Opened) ([]byte, error) { return []byte("{}"), nil }}
		reply, err := svc.Open(t.Context(), seats.Actor{Kind: seats.ActorOperator, ID: "test"}, in, once)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, reply.Result.Account.ID)
	}
	return ids
}

const (
	seventyDays = 70 * 24 * time.Hour
	settling    = 90 * time.Second
)

func runClose(t *testing.T, s *stack.Stack) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), settling)
	defer cancel()
	if err := s.RunSchedule(ctx, "closedue"); err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(ctx); err != nil {
		t.Fatal(err)
	}
}

// billed returns the amounts of an account's invoices, the first first, and fails
// where a number is missing.
func billed(t *testing.T, st *store.Store, account seats.AccountID) []int64 {
	t.Helper()
	stored, _, err := st.Invoices(t.Context(), account, seats.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	totals := make([]int64, len(stored))
	for _, invoice := range stored {
		inv, err := billing.ParseInvoice(invoice.Canonical)
		if err != nil {
			t.Fatal(err)
		}
		if inv.Number < 1 || inv.Number > int64(len(totals)) || totals[inv.Number-1] != 0 {
			t.Fatalf("%s: %d invoices, and number %d among them", account, len(stored), inv.Number)
		}
		totals[inv.Number-1] = inv.TotalMinor
	}
	return totals
}

// Two months were missed: two closes in order, two invoices, two mails; a second
// run of the schedule changes nothing.
func closeBySchedule(t *testing.T, s *stack.Stack, st *store.Store) {
	account := overdue(t, st, 1, seventyDays)[0]
	for range 2 {
		runClose(t, s)
		if got := fmt.Sprint(billed(t, st, account)); got != "[10000 10000 10000]" {
			t.Fatalf("billed %s", got)
		}
	}
	view, err := st.Load(t.Context(), seats.Want{Account: account})
	if err != nil || !view.Account.Due.After(time.Now()) {
		t.Fatalf("due %v: %v", view.Account.Due, err)
	}
	invoices := 0
	for _, m := range s.Mails().Mails() {
		if strings.Contains(fmt.Sprint(m.To), "overdue.example") && strings.HasPrefix(m.Subject, "Invoice") {
			invoices++
		}
	}
	if invoices != 3 {
		t.Errorf("%d invoice mails, want 3", invoices)
	}
}

// The processes of close die again and again while 30 accounts are closed.
func killClosers(t *testing.T, s *stack.Stack, st *store.Store) {
	// One fewer than the queue brings a message before it gives up.
	const accounts, kills = 30, 4
	ids := overdue(t, st, accounts, seventyDays)
	ctx, cancel := context.WithTimeout(t.Context(), settling)
	defer cancel()
	if err := s.RunSchedule(ctx, "closedue"); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	killed := 0
	for killed < kills && ctx.Err() == nil {
		<-tick.C
		killed += s.Function("close").Kill()
		if closed(t, st, ids) == accounts {
			break
		}
	}
	if killed == 0 {
		t.Error("no process was killed in the middle of its work")
	}
	if err := s.Settle(ctx); err != nil {
		t.Fatalf("%v: %+v\n%s", err, s.Stream("publish").Stats(), strings.Join(s.Function("publish").Tail(), "\n"))
	}
	runClose(t, s)
	for _, id := range ids {
		if got := fmt.Sprint(billed(t, st, id)); got != "[10000 10000 10000]" {
			t.Errorf("%s: billed %s", id, got)
		}
	}
	t.Logf("%d processes killed, %d accounts closed once for each period", killed, accounts)
}

func closed(t *testing.T, st *store.Store, ids []seats.AccountID) int {
	t.Helper()
	n := 0
	for _, id := range ids {
		view, err := st.Load(t.Context(), seats.Want{Account: id})
		if err != nil {
			t.Fatal(err)
		}
		if view.Account.Due.After(time.Now()) {
			n++
		}
	}
	return n
}
