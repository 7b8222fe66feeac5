package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/jobtest"
	"github.com/usher-seats/usher/internal/seats"
)

// process is the function as a new process has it.
func process(w *jobtest.World) handler {
	return handler{svc: w.Process(), log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

// send hands messages to the function and gives the ids of those that come again.
func send(t *testing.T, ctx context.Context, h handler, messages ...lambdaevents.SQSMessage) []string {
	t.Helper()
	response, err := h.handle(ctx, lambdaevents.SQSEvent{Records: messages})
	if err != nil {
		t.Errorf("the batch failed as a whole: %v", err)
	}
	var failed []string
	for _, f := range response.BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	return failed
}

// customers are accounts that a close treats differently, all due twice at late().
func customers(w *jobtest.World, n int) []*jobtest.Account {
	accounts := w.Open(n, func(i int, in *seats.OpenAccount) {
		switch i % 6 {
		case 1:
			in.Currency, in.TaxPPM = "USD", 77_500
		case 2:
			in.PlanID, in.TaxPPM = "release", 190_000
		case 3:
			in.PlanID = "later"
		case 4:
			in.PlanID = "yearly"
		case 5:
			in.Currency, in.Zone, in.Seats = "JPY", "Asia/Tokyo", 40
		}
	})
	jobtest.Each(n, func(i int) {
		a := accounts[i]
		if i%6 != 5 {
			w.SignIn(a)
		}
		switch i % 6 {
		case 0:
			w.Join(a, 3)
			w.Change(a, 2) // more are in use: three stay
		case 1:
			w.Change(a, 8)
			w.Change(a, 6)
		case 2:
			w.Join(a, 4)
			w.Change(a, 1) // the newest licenses end
		case 3:
			w.Change(a, 9)
			w.Change(a, 11)
		}
	})
	return accounts
}

// late is after two boundaries of the monthly plans.
func late() time.Time { return time.Date(2091, time.January, 15, 3, 0, 0, 0, time.UTC) }

func TestAMessageClosesEveryMissedPeriodOfItsAccountsInOrder(t *testing.T) {
	w := jobtest.New(t)
	accounts := customers(w, 6)
	message := jobtest.Message(t, "m", accounts)
	w.Clock.Set(time.Date(2090, time.December, 9, 14, 59, 59, 0, time.UTC))
	if failed := send(t, t.Context(), process(w), message); failed != nil {
		t.Errorf("%v comes again", failed)
	}
	for _, a := range accounts {
		if n := len(w.Events(a, seats.CycleClosed)); n != 0 {
			t.Errorf("%d periods were closed a second early", n)
		}
	}

	w.Clock.Set(late())
	// Whoever comes first closes; the others find nothing left.
	jobtest.Each(3, func(int) {
		if failed := send(t, t.Context(), process(w), message, message); failed != nil {
			t.Errorf("%v comes again", failed)
		}
	})
	totals := map[int][]int64{
		0: {10_000, 6_000, 6_000},          // five seats; the decrease to two keeps the three in use
		1: {11_847, 7_108, 14_217, 14_217}, // three seats for the whole first period; then six
		2: {7_460, 1_586, 1_586},           // one seat and the base fee
		3: {9_856, 33_816, 21_989},         // by the second; the six seats added stand on the second invoice
		4: {100_000},
		5: {120_000, 120_000, 120_000},
	}
	for i, a := range accounts {
		var got []int64
		for n, inv := range w.Invoices(a) {
			if inv.Number != int64(n+1) {
				t.Errorf("account %d: invoice %d has the number %d", i, n+1, inv.Number)
			}
			got = append(got, inv.TotalMinor)
		}
		if !slices.Equal(got, totals[i]) {
			t.Errorf("account %d: invoices of %v, want %v", i, got, totals[i])
		}
		inOrder(t, w, a)
	}
	w.Clean(accounts...)
}

// inOrder checks that the closed periods of an account tile time and that none but
// the running one is left.
func inOrder(t *testing.T, w *jobtest.World, a *jobtest.Account) {
	t.Helper()
	end := w.Events(a, seats.SubscriptionStarted)[0].At
	for i, e := range w.Events(a, seats.CycleClosed) {
		if i > 0 && !e.Data.PeriodStart.Equal(end) || !e.Data.PeriodEnd.After(end) {
			t.Errorf("%s: a period from %s to %s follows one that ended at %s", a.ID, e.Data.PeriodStart, e.Data.PeriodEnd, end)
		}
		end = e.Data.PeriodEnd
	}
	view := w.Load(a)
	if sub := view.Subscriptions["meetings"]; !sub.Period.End.After(w.Clock.Now()) || !view.Account.Due.Equal(sub.Period.End) {
		t.Errorf("%s: due %s in a period that ends %s", a.ID, view.Account.Due, sub.Period.End)
	}
}

// A process that dies every 37 calls, in the middle of a message of thirty accounts:
// the books are those of an undisturbed run.
func TestAClosingProcessThatDiesAgainAndAgainEndsWithTheSameBooks(t *testing.T) {
	accounts, every := faulttest.Size(30, 1_000), 37
	calm := jobtest.New(t)
	undisturbed := customers(calm, accounts)
	calm.Clock.Set(late())
	calm.Wire.Revive()
	for _, message := range messages(t, undisturbed) {
		if failed := send(t, t.Context(), process(calm), message); failed != nil {
			t.Fatalf("%v comes again", failed)
		}
	}
	needed := calm.Wire.Calls()

	w := jobtest.New(t)
	disturbed := customers(w, accounts)
	w.Clock.Set(late())
	deaths, used := 0, 0
	for _, message := range messages(t, disturbed) {
		for again := []string{"m"}; len(again) > 0; {
			if deaths > needed {
				t.Fatal("it never ends")
			}
			w.Wire.KillAt(every, deaths%2 == 1)
			again = send(t, t.Context(), process(w), message)
			used += w.Wire.Calls()
			if w.Wire.Dead() != (len(again) > 0) {
				t.Fatalf("dead: %v, and %v comes again", w.Wire.Dead(), again)
			}
			if w.Wire.Dead() {
				deaths++
			}
		}
	}
	w.Wire.Revive()
	differing := 0
	for i := range disturbed {
		if got, want := w.Books(disturbed[i]), calm.Books(undisturbed[i]); got != want {
			differing++
			t.Errorf("account %d: the books are\n%s\nwant\n%s", i, got, want)
		}
		inOrder(t, w, disturbed[i])
	}
	w.Clean(disturbed...)
	if deaths < 5 {
		t.Errorf("the process died %d times in %d calls: too few to prove anything", deaths, used)
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 25, Did: fmt.Sprintf("two periods of each account closed by processes that die every %d calls", every),
		Bad: differing, Of: accounts, What: "accounts whose books differ from an undisturbed run's",
		More: fmt.Sprintf("%d deaths, %d calls instead of %d: %d %% were made again", deaths, used, needed, (used-needed)*100/needed),
	})
}

// messages ask for the accounts in parts, of which one can be looked through in fewer
// calls than a process lives: what is closed takes one.
func messages(t *testing.T, accounts []*jobtest.Account) (all []lambdaevents.SQSMessage) {
	t.Helper()
	for part := range slices.Chunk(accounts, 30) {
		all = append(all, jobtest.Message(t, "m", part))
	}
	return all
}

// An account that can never be closed is parked with its reason, and the others of
// its message are closed.
func TestABrokenAccountIsParkedAndHoldsUpNoOther(t *testing.T) {
	w := jobtest.New(t)
	accounts := w.Open(6, func(i int, in *seats.OpenAccount) {
		if i == 1 {
			in.PlanID = "release"
		}
	})
	w.Clock.Set(late())
	break1, break2, break3 := accounts[1], accounts[3], accounts[4]
	remove(t, w, "PLAN#release", "V#000001")
	set(t, w, "A#"+string(break2.ID), "S#meetings", "fm", &types.AttributeValueMemberN{Value: "5"}) // the forecast: far below
	set(t, w, "A#"+string(break3.ID), "A", "z", &types.AttributeValueMemberS{Value: "Mars/Olympus"})

	message := jobtest.Message(t, "m", accounts)
	for range 2 {
		if failed := send(t, t.Context(), process(w), message); failed != nil {
			t.Errorf("%v comes again", failed)
		}
	}
	reasons := map[*jobtest.Account]string{break1: "no such plan", break2: "forecast", break3: "Mars/Olympus"}
	for i, a := range accounts {
		view := w.Load(a)
		reason, broken := reasons[a]
		closed, parked := len(w.Events(a, seats.CycleClosed)), len(w.Events(a, seats.AccountParkedEvent))
		switch {
		case broken && (view.Account.Status != seats.AccountParked || !strings.Contains(view.Account.ParkedFor, reason) || closed != 0 || parked != 1):
			t.Errorf("account %d is %s for %q with %d closes and %d events", i, view.Account.Status, view.Account.ParkedFor, closed, parked)
		case !broken && (view.Account.Status != seats.AccountOpen || closed != 2 || parked != 0):
			t.Errorf("account %d is %s with %d closes", i, view.Account.Status, closed)
		}
	}
	listed, _, err := w.Store().ParkedAccounts(t.Context(), seats.Page{})
	if err != nil || len(listed) != 3 {
		t.Errorf("%d accounts are listed as parked (%v), want 3", len(listed), err)
	}
}

func remove(t *testing.T, w *jobtest.World, pk, sk string) {
	t.Helper()
	_, err := w.Client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: aws.String(w.Tables["SeatsTable"]), Key: key(pk, sk)})
	if err != nil {
		t.Fatal(err)
	}
}

func set(t *testing.T, w *jobtest.World, pk, sk, attribute string, value types.AttributeValue) {
	t.Helper()
	_, err := w.Client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: aws.String(w.Tables["SeatsTable"]), Key: key(pk, sk), UpdateExpression: aws.String("SET #a = :v"),
		ConditionExpression:      aws.String("attribute_exists(#a)"),
		ExpressionAttributeNames: map[string]string{"#a": attribute}, ExpressionAttributeValues: map[string]types.AttributeValue{":v": value},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func key(pk, sk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk}}
}

// What cannot be read cannot be parked either: its message comes again and ends in
// the dead letters, and its neighbours are closed.
func TestADamagedItemFailsItsMessageAndNoOtherAccount(t *testing.T) {
	w := jobtest.New(t)
	accounts := w.Open(5, nil)
	w.Clock.Set(late())
	set(t, w, "A#"+string(accounts[2].ID), "A", "in", &types.AttributeValueMemberS{Value: "three"})
	messages := []lambdaevents.SQSMessage{jobtest.Message(t, "damaged", accounts[:4]), jobtest.Message(t, "sound", accounts[4:])}
	for range 2 {
		if failed := send(t, t.Context(), process(w), messages...); !slices.Equal(failed, []string{"damaged"}) {
			t.Errorf("%v comes again", failed)
		}
	}
	set(t, w, "A#"+string(accounts[2].ID), "A", "in", &types.AttributeValueMemberN{Value: "1"})
	for i, a := range accounts {
		want := 2
		if i == 2 {
			want = 0
		}
		if n := len(w.Events(a, seats.CycleClosed)); n != want {
			t.Errorf("account %d: %d periods are closed, want %d", i, n, want)
		}
	}
	if failed := send(t, t.Context(), process(w), messages...); failed != nil {
		t.Errorf("mended, %v comes again", failed)
	}
	w.Clean(accounts...)
}

func TestAPoisonMessageFailsAlone(t *testing.T) {
	w := jobtest.New(t)
	accounts := w.Open(2, nil)
	w.Clock.Set(late())
	good := jobtest.Message(t, "good", accounts[:1])
	stranger := *accounts[1]
	stranger.ID = "acc_" + seats.AccountID(strings.Repeat("0", 26))
	swap := func(id, from, to string) lambdaevents.SQSMessage {
		body := strings.Replace(good.Body, from, to, 1)
		if body == good.Body {
			t.Fatalf("%s: %q is not in %s", id, from, body)
		}
		return lambdaevents.SQSMessage{MessageId: id, Body: body}
	}
	many := make([]*jobtest.Account, 100)
	for i := range many {
		many[i] = accounts[0]
	}
	failed := send(t, t.Context(), process(w),
		lambdaevents.SQSMessage{MessageId: "empty"},
		lambdaevents.SQSMessage{MessageId: "garbage", Body: "\x00{]"},
		good,
		swap("a user", `"acc_`, `"usr_`),
		swap("no accounts", `"accounts":[`, `"users":[`),
		swap("a field too many", `"due_before"`, `"force":true,"due_before"`),
		swap("101 accounts", `["`, `["`+strings.Repeat(string(accounts[0].ID)+`","`, 100)),
		jobtest.Message(t, "somebody who is not there", []*jobtest.Account{&stranger, accounts[1]}),
		jobtest.Message(t, "the same account a hundred times", many),
	)
	if want := []string{"empty", "garbage", "a user", "no accounts", "a field too many", "101 accounts"}; !slices.Equal(failed, want) {
		t.Errorf("%q come again, want %q", failed, want)
	}
	for i, a := range accounts {
		if n := len(w.Events(a, seats.CycleClosed)); n != 2 {
			t.Errorf("account %d: %d periods are closed, want 2", i, n)
		}
	}
}

// An invocation whose time is up begins no further account and gives its message
// back.
func TestAnInvocationWhoseTimeIsUpGivesItsMessageBack(t *testing.T) {
	w := jobtest.New(t)
	accounts := w.Open(8, nil)
	w.Clock.Set(late())
	message, other := jobtest.Message(t, "m", accounts[:7]), jobtest.Message(t, "other", accounts[7:])
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const lastCall = 30 // in the middle of the message
	w.Wire.At(lastCall, cancel)
	if failed := send(t, ctx, process(w), message, other); !slices.Equal(failed, []string{"m", "other"}) {
		t.Errorf("%v come again, want both", failed)
	}
	if calls := w.Wire.Calls(); calls > lastCall+1 {
		t.Errorf("%d calls were made after the time was up", calls-lastCall)
	}
	w.Wire.Revive()
	done := 0
	for _, a := range accounts {
		if len(w.Events(a, seats.CycleClosed)) == 2 {
			done++
		}
	}
	if done == 0 || done == len(accounts) {
		t.Errorf("%d of %d accounts are done: the time was not up in the middle", done, len(accounts))
	}
	if failed := send(t, t.Context(), process(w), message, other); failed != nil {
		t.Errorf("%v comes again", failed)
	}
	lost := 0
	for _, a := range accounts {
		inOrder(t, w, a)
		if len(w.Events(a, seats.CycleClosed)) != 2 {
			lost++
		}
	}
	w.Clean(accounts...)
	faulttest.Report(t, faulttest.Figure{
		Fault: 14, Did: "close's time is up in the middle of a message, which comes again", Bad: lost, Of: len(accounts), What: "accounts not closed once for each period",
	})
}
