package api_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/seats"
)

// Fault 5: a key that is sent again after its day is a new request's, and the same key
// of another account has never been used.
func TestAKeyIsItsAccountsForADay(t *testing.T) {
	t.Parallel()
	rounds := faulttest.Size(4, 40)
	s := newSystem(t)
	accounts := []*apitest.Account{s.Open(3), s.Open(3)}
	rename := func(a *apitest.Account, key, name string) apitest.Response {
		r := request("PATCH", a.Path, object{"name": name})
		r.Key = key
		return a.Owner.Send(r).OK(t, nil)
	}
	wrong, tried := 0, 0
	expect := func(what string, got apitest.Response, replayed bool, name string) {
		tried++
		if got.Replayed() != replayed || !strings.Contains(string(got.Body), `"name":"`+name+`"`) {
			wrong++
			t.Errorf("%s: replayed %v, %s", what, got.Replayed(), got.Body)
		}
	}
	for round := range rounds {
		key := fmt.Sprintf("the same key %d", round)
		key = strings.ReplaceAll(key, " ", "-")
		for i, a := range accounts {
			name := fmt.Sprintf("Name %d of %d", round, i)
			expect("another account's key", rename(a, key, name), false, name)
			expect("sent again", rename(a, key, name), true, name)
		}
		s.Pass(25 * time.Hour)
		for i, a := range accounts {
			name := fmt.Sprintf("Later name %d of %d", round, i)
			expect("after its day", rename(a, key, name), false, name)
		}
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 5, Did: "one key of two accounts, sent again at once and after 25 hours",
		Bad: wrong, Of: tried, What: "answers of another account or of another day",
	})
}

// tokens is a network that keeps the client tokens of transactions, and loses every
// answer to one while lossy.
type tokens struct {
	next http.RoundTripper

	mu    sync.Mutex
	lossy bool
	sent  []string
}

func (w *tokens) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".TransactWriteItems") {
		return w.next.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	w.mu.Lock()
	lossy := w.lossy
	if found := regexp.MustCompile(`"ClientRequestToken":"([^"]+)"`).FindSubmatch(body); found != nil {
		w.sent = append(w.sent, string(found[1]))
	}
	w.mu.Unlock()
	answer, err := w.next.RoundTrip(r)
	if err == nil && lossy {
		_ = answer.Body.Close()
		return nil, errLost
	}
	return answer, err
}

// lose sets whether answers are lost, and gives the tokens since the last call.
func (w *tokens) lose(lossy bool) map[string]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lossy = lossy
	seen := map[string]bool{}
	for _, token := range w.sent {
		seen[token] = true
	}
	w.sent = nil
	return seen
}

// ledgerOf counts the ledger's events in a dump.
func ledgerOf(dump map[string]string) (n int) {
	for key := range dump {
		if strings.HasPrefix(key, "E#") {
			n++
		}
	}
	return n
}

// Fault 6: no answer of a commit comes through, and the client asks again when
// DynamoDB has forgotten the transaction's token, by a process that makes a new one.
// Our own record of the key still stands in the way.
func TestAKeyHoldsWhenTheDatabasesTokenIsForgotten(t *testing.T) {
	t.Parallel()
	w := &tokens{}
	s := apitest.New(t, apitest.WithTransport(func(next http.RoundTripper) http.RoundTripper {
		w.next = next
		return w
	}))
	s.Publish(apitest.SampleCatalog(t))
	s.Publish(testCatalog(t))
	x := newTenant(t, s, nil)
	double, tried := 0, 0
	for i, c := range keyedCases(t, s, x) {
		r := c.make()
		r.Key = fmt.Sprintf("forgotten-%d", i)
		if c.name == "transfer-ownership" {
			c.by = s.SignIn(c.by.Email) // which must be recent
		}
		w.lose(true)
		if got := c.by.Send(r); got.Status < http.StatusInternalServerError {
			t.Errorf("%s: %d though no answer came through: %s", c.name, got.Status, got.Body)
		}
		first := w.lose(false)
		// A bulk command's claim lasts for a while, and its other transactions are to come.
		bulk := strings.Contains(c.name, "transactions")
		before := ledgerOf(s.Dump())
		s.Pass(11 * time.Minute)
		if c.name == "transfer-ownership" {
			c.by = s.SignIn(c.by.Email)
		}
		again := c.by.Send(r).OK(t, nil)
		for token := range w.lose(false) {
			if first[token] {
				t.Errorf("%s: the token is sent again, which is not what is tested", c.name)
			}
		}
		after := ledgerOf(s.Dump())
		third := c.by.Send(r).OK(t, nil)
		tried++
		if !bulk && after != before || string(third.Body) != string(again.Body) || !third.Replayed() || ledgerOf(s.Dump()) != after {
			double++
			t.Errorf("%s: %d events, then %d; answered\n%s\nthen\n%s", c.name, before, after, again.Body, third.Body)
		}
	}
	clean(t, s, x.ID)
	faulttest.Report(t, faulttest.Figure{
		Fault: 6, Did: "commits whose answers are all lost, sent again after 11 minutes with another client token",
		Bad: double, Of: tried, What: "commands with a second effect",
	})
}

// Fault 17: two people confirm two quotes at once. One is charged, the other is told
// that its quote is stale.
func TestTwoChangesAtOnceAreChargedOnce(t *testing.T) {
	t.Parallel()
	rounds := faulttest.Size(6, 100)
	s := newSystem(t)
	a := s.Open(5)
	double := 0
	for range rounds {
		now := a.Pool().Seats
		quotes := []string{a.Quote(now + 1).ID, a.Quote(now + 2).ID}
		answers := make([]apitest.Response, len(quotes))
		before := effects(t, a, seats.SeatsIncreased)
		var wg sync.WaitGroup
		for i, quote := range quotes {
			wg.Go(func() { answers[i] = a.Confirm(quote) })
		}
		wg.Wait()
		won, stale := 0, 0
		for _, answer := range answers {
			switch {
			case answer.Status == http.StatusOK:
				won++
			case answer.Status == http.StatusConflict && answer.Code() == "quote_stale":
				stale++
			}
		}
		bought := a.Pool().Seats - now
		if won != 1 || stale != 1 || bought != 1 && bought != 2 || rounds < 50 && effects(t, a, seats.SeatsIncreased) != before+1 {
			double++
			t.Errorf("%d → %d: %d %s, %d %s", now, now+bought, answers[0].Status, answers[0].Body, answers[1].Status, answers[1].Body)
		}
		if a.Pool().Seats > 60 {
			a.Confirm(a.Quote(5).ID).OK(t, nil)
			a.Advance(a.Pool().Period.End)
		}
	}
	clean(t, s, a.ID)
	faulttest.Report(t, faulttest.Figure{
		Fault: 17, Did: "two quotes of one pool confirmed at once", Bad: double, Of: rounds, What: "pairs other than one charged and one stale",
	})
}
