package api_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/audit"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/jobtest"
	"github.com/usher-seats/usher/internal/seats"
)

// errLost is an answer that does not arrive at a process that lives on.
var errLost = errors.New("the answer was lost")

// wire is the network between a process and DynamoDB. The process dies at its
// at-th call: before the call is out, or after its effect and before its answer.
type wire struct {
	next  http.RoundTripper
	mu    sync.Mutex
	armed bool
	at    int
	after bool
	calls int
	lose  func() bool // whether an answer is lost on a process that lives on
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	armed, lose := w.armed, w.lose
	if armed {
		w.calls++
	}
	call, at, after := w.calls, w.at, w.after
	w.mu.Unlock()
	if armed && at > 0 && (call > at || call == at && !after) {
		return nil, jobtest.ErrKilled
	}
	answer, err := w.next.RoundTrip(r)
	switch {
	case err != nil:
		return nil, err
	case armed && call == at:
		_ = answer.Body.Close()
		return nil, jobtest.ErrKilled
	case lose != nil && lose():
		_ = answer.Body.Close()
		return nil, errLost
	}
	return answer, nil
}

// arm counts calls from now on, and kills at the at-th; 0 only counts.
func (w *wire) arm(at int, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed, w.at, w.after, w.calls = true, at, after, 0
}

// disarm ends it and returns the number of calls.
func (w *wire) disarm() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed = false
	return w.calls
}

func faulty(t *testing.T) (*apitest.System, *wire) {
	w := &wire{}
	s := apitest.New(t, apitest.WithTransport(func(next http.RoundTripper) http.RoundTripper {
		w.next = next
		return w
	}))
	s.Publish(apitest.SampleCatalog(t))
	return s, w
}

func clean(t *testing.T, s *apitest.System, account string) {
	t.Helper()
	findings, err := audit.Account(t.Context(), s.Store, seats.AccountID(account), s.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Errorf("audit: %+v", f)
	}
}

// effects counts the ledger events of a type, each user of a bulk event once.
func effects(t *testing.T, a *apitest.Account, kind string) int {
	t.Helper()
	var list struct {
		Items []api.Event `json:"items"`
	}
	a.Owner.Get(a.Path+"/events?limit=100&type="+kind).OK(t, &list)
	n := 0
	for _, e := range list.Items {
		users, _ := e.Data["user_ids"].([]any)
		n += max(1, len(users))
	}
	return n
}

// A crash at any call of a command, before or after its effect, leaves nothing
// half done, and the same request sent again finishes it with one effect.
func TestAKilledProcessLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	s, w := faulty(t)
	commands := []struct {
		name    string
		prepare func(*apitest.Account) (*apitest.Person, apitest.Request)
		effect  string
		times   int
	}{
		{"invite", func(a *apitest.Account) (*apitest.Person, apitest.Request) {
			body := fmt.Sprintf(`{"people":[{"email":%q,"first_name":"A","last_name":"B","subscription_id":%q},{"email":%q,"first_name":"C","last_name":"D"}]}`,
				a.Email("a"), a.Sub, a.Email("c"))
			return a.Owner, apitest.Request{Method: "POST", Path: a.Path + "/invitations", Body: body}
		}, seats.UserInvitedEvent, 2},
		{"accept", func(a *apitest.Account) (*apitest.Person, apitest.Request) {
			r := a.Invite(a.Invitee("guest", "member", true))[0]
			p := s.As(a.Email("guest"))
			body := fmt.Sprintf(`{"token":%q,"id_token":%q}`, a.Link(r.UserID, 1), p.IDToken)
			return p, apitest.Request{Method: "POST", Path: "/v1/invitations/accept", Body: body}
		}, seats.UserJoined, 1},
		{"assign", func(a *apitest.Account) (*apitest.Person, apitest.Request) {
			return a.Owner, apitest.Request{Method: "POST", Path: a.SubPath() + "/licenses", Body: fmt.Sprintf(`{"user_ids":[%q]}`, a.OwnerID)}
		}, seats.LicenseAssigned, 1},
		{"revoke", func(a *apitest.Account) (*apitest.Person, apitest.Request) {
			a.Owner.Post(a.SubPath()+"/licenses", map[string]any{"user_ids": []string{a.OwnerID}}).OK(t, nil)
			return a.Owner, apitest.Request{Method: "DELETE", Path: a.SubPath() + "/licenses/" + a.OwnerID}
		}, seats.LicenseRevoked, 1},
		{"seat change", func(a *apitest.Account) (*apitest.Person, apitest.Request) {
			body := fmt.Sprintf(`{"quote_id":%q,"agreement_accepted":true}`, a.Quote(8).ID)
			return a.Owner, apitest.Request{Method: "POST", Path: a.SubPath() + "/seat-changes", Body: body}
		}, seats.SeatsIncreased, 1},
		{"close", func(a *apitest.Account) (*apitest.Person, apitest.Request) {
			a.Confirm(a.Quote(3).ID).OK(t, nil)
			return s.Operator(), apitest.Request{Method: "POST", Path: "/v1/operator/accounts/" + a.ID + "/clock", Body: `{"to":"2026-12-02T00:00:00Z"}`}
		}, seats.CycleClosed, 1},
	}
	points, violations := 0, 0
	for _, c := range commands {
		a := s.Open(5)
		person, request := c.prepare(a)
		w.arm(0, false)
		person.Send(keyed(s, request)).OK(t, nil)
		calls := w.disarm()
		for at := 1; at <= calls; at++ {
			for _, after := range deaths(at) {
				points++
				name := fmt.Sprintf("%s killed at call %d of %d, after its effect: %v", c.name, at, calls, after)
				a := s.Open(5)
				person, request := c.prepare(a)
				request = keyed(s, request)
				w.arm(at, after)
				if got := person.Send(request); got.Status < 500 {
					t.Errorf("%s: the dead process answered %d", name, got.Status)
				}
				w.disarm()
				clean(t, s, a.ID)
				person.Send(request).OK(t, nil)
				clean(t, s, a.ID)
				if got := effects(t, a, c.effect); got != c.times {
					violations++
					t.Errorf("%s: %d effects, want %d", name, got, c.times)
				}
			}
		}
		if calls < 2 {
			t.Errorf("%s made %d calls, fewer than can be killed", c.name, calls)
		}
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 1, Did: "use cases over HTTP whose process dies at each call to the database, before and after its effect, audited and sent again",
		Bad: violations, Of: points, What: "crash points with violations",
	})
}

// deaths says whether a process dies after the effect of its at-th call: before and
// after, and by turns where there is less time.
func deaths(at int) []bool {
	if faulttest.Full {
		return []bool{false, true}
	}
	return []bool{at%2 == 0}
}

func keyed(s *apitest.System, r apitest.Request) apitest.Request {
	if !strings.HasSuffix(r.Path, "/clock") {
		r.Key = s.Key()
	}
	return r
}

// Answers that get lost after the effect: the same key gives the same bytes and
// nothing happens twice.
func TestALostAnswerIsGivenAgainByteForByte(t *testing.T) {
	t.Parallel()
	s, w := faulty(t)
	a := s.Open(5)
	body := fmt.Sprintf(`{"quote_id":%q,"agreement_accepted":true}`, a.Quote(8).ID)
	request := keyed(s, apitest.Request{Method: "POST", Path: a.SubPath() + "/seat-changes", Body: body})
	first := a.Owner.Send(request).OK(t, nil)
	replays, differing := 0, 0
	for range faulttest.Size(3, 30) {
		again := a.Owner.Send(request).OK(t, nil)
		if replays++; string(again.Body) != string(first.Body) || !again.Replayed() {
			differing++
			t.Errorf("replayed %v\n got %s\nwant %s", again.Replayed(), again.Body, first.Body)
		}
	}
	// A network that loses every third answer, and a client that asks again.
	calls := 0
	w.mu.Lock()
	w.lose = func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		calls++
		return calls%3 == 0
	}
	w.mu.Unlock()
	request = keyed(s, apitest.Request{Method: "POST", Path: a.SubPath() + "/licenses", Body: fmt.Sprintf(`{"user_ids":[%q]}`, a.OwnerID)})
	for tries := 0; a.Owner.Send(request).Status != http.StatusOK; tries++ {
		if tries == 20 {
			t.Fatal("never answered")
		}
	}
	w.mu.Lock()
	w.lose = nil
	w.mu.Unlock()
	if got := effects(t, a, seats.LicenseAssigned); got != 1 {
		differing++
		t.Errorf("%d effects", got)
	}
	clean(t, s, a.ID)
	faulttest.Report(t, faulttest.Figure{
		Fault: 2, Did: "answers lost after the commit, the request sent again with its key", Bad: differing, Of: replays + 1, What: "replays with another byte or another effect",
	})
}

// Two hundred people press Assign at once on a hundred seats.
func TestTheLastSeatIsTakenOnce(t *testing.T) {
	t.Parallel()
	const people, count = 200, 100
	s, _ := faulty(t)
	a := s.Open(count)
	users := crowd(t, a, people)
	results, history := make([]string, people), make([]porcupine.Operation, people)
	began := time.Now()
	var wg sync.WaitGroup
	for i, user := range users {
		wg.Go(func() {
			from := time.Since(began).Nanoseconds()
			r := a.Owner.Post(a.SubPath()+"/licenses", map[string]any{"user_ids": []string{user}})
			switch {
			case r.Status == http.StatusOK && strings.Contains(string(r.Body), `"status":"assigned"`):
				results[i] = "assigned"
			case strings.Contains(string(r.Body), "no_free_seats"):
				results[i] = "no_free_seats"
			default:
				results[i] = fmt.Sprintf("%d %s", r.Status, r.Body)
			}
			history[i] = porcupine.Operation{ClientId: i, Input: i, Call: from, Output: results[i], Return: time.Since(began).Nanoseconds()}
		})
	}
	wg.Wait()
	tally := map[string]int{}
	for _, r := range results {
		tally[r]++
	}
	if tally["assigned"] != count || tally["no_free_seats"] != people-count {
		t.Errorf("%v", tally)
	}
	if pool := a.Pool(); pool.InUse != count || pool.Available != 0 {
		t.Errorf("pool: %+v", pool)
	}
	if !porcupine.CheckOperations(lastSeats(count), history) {
		t.Error("the answers are in no order that could have been")
	}
	clean(t, s, a.ID)
	faulttest.Report(t, faulttest.Figure{
		Fault: 15, Did: fmt.Sprintf("%d people are given licenses at once on %d seats, the history linearizable", people, count),
		Bad: max(0, tally["assigned"]-count), Of: tally["assigned"], What: "seats oversold", More: fmt.Sprint(tally),
	})
}

// lastSeats is a pool of seats that are only taken, each by somebody else.
func lastSeats(free int) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return free },
		Step: func(state, _, output any) (bool, any) {
			left := state.(int)
			if output == "assigned" {
				return left > 0, left - 1
			}
			return left == 0, left
		},
	}
}

// crowd creates people who may have a license, by a file: none of them signs in.
func crowd(t *testing.T, a *apitest.Account, n int) []string {
	t.Helper()
	file := "email,first_name,last_name\n"
	for i := range n {
		file += a.Email(fmt.Sprintf("p%d", i)) + fmt.Sprintf(",First,P%d\n", i)
	}
	var imported struct {
		Results []struct {
			UserID string `json:"user_id"`
		} `json:"results"`
	}
	a.Owner.Post(a.Path+"/users/import", map[string]any{"csv": file}).OK(t, &imported)
	users := make([]string, len(imported.Results))
	for i, r := range imported.Results {
		if users[i] = r.UserID; r.UserID == "" {
			t.Fatalf("line %d was refused", i+2)
		}
	}
	return users
}

// Eight closers at once, and again: one close, one invoice, numbers without a gap.
func TestACycleIsClosedOnceHoweverOftenItRuns(t *testing.T) {
	t.Parallel()
	s, w := faulty(t)
	a := s.OpenWith(map[string]any{"test": false})
	s.Pass(70 * 24 * time.Hour)
	random := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	w.mu.Lock()
	w.lose = func() bool {
		mu.Lock()
		defer mu.Unlock()
		return random.IntN(10) == 0
	}
	w.mu.Unlock()
	for range faulttest.Size(3, 20) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				// A closer may lose its answers; the queue brings the account again.
				if _, err := s.Service.Close(t.Context(), seats.AccountID(a.ID)); err != nil && !errors.Is(err, errLost) && !errors.Is(err, seats.ErrBusy) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	w.mu.Lock()
	w.lose = nil
	w.mu.Unlock()
	if _, err := s.Service.Close(t.Context(), seats.AccountID(a.ID)); err != nil {
		t.Fatal(err)
	}
	view, err := s.Store.Load(t.Context(), seats.Want{Account: seats.AccountID(a.ID)})
	if err != nil {
		t.Fatal(err)
	}
	closes := effects(t, a, seats.CycleClosed)
	if view.Account.Due.Before(s.Now()) || closes != 2 || view.Account.Invoices != 3 {
		t.Errorf("due %s, %d closes, %d invoices; want two closes after 70 days", view.Account.Due, closes, view.Account.Invoices)
	}
	clean(t, s, a.ID)
	faulttest.Report(t, faulttest.Figure{
		Fault: 24, Did: fmt.Sprintf("eight closers at once, %d times, every tenth answer lost", faulttest.Size(3, 20)),
		Bad: max(closes, 2) - 2, Of: closes, What: "cycles closed or billed twice", Seed: 1,
	})
}
