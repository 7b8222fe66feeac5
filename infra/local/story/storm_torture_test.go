package story_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/local/fault"
	"github.com/usher-seats/usher/infra/local/queue"
	"github.com/usher-seats/usher/infra/local/stack"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/store"
)

// storms loads the deployed programs over HTTP while the database in front of them
// throttles: all of it, and then the items of one company. It leaves the proxy open.
func storms(t *testing.T, s *stack.Stack, st *store.Store) {
	w := newTown(t, s, st)
	w.post(w.operator, "/v1/operator/catalog/publish", map[string]any{"catalog": catalogText(t, "sample.yaml")}, nil)
	t.Run("a storm of throttling", func(t *testing.T) { throttlingStorm(t, w) })
	t.Run("a hot tenant", func(t *testing.T) { hotTenant(t, w) })
	w.dynamodb.Reset()
	ctx, cancel := context.WithTimeout(t.Context(), settling)
	defer cancel()
	for _, schedule := range []string{"closedue", "expire", "remind"} {
		if err := s.RunSchedule(ctx, schedule); err != nil {
			t.Errorf("%s after the storm: %v", schedule, err)
		}
	}
	err := s.Settle(ctx)
	mails, closes := s.Queue("MailQueue").Stats(), s.Queue("CloseQueue").Stats()
	if err != nil && mails == (queue.Stats{Delayed: mails.Delayed}) && closes == (queue.Stats{}) {
		// Mails whose outcome could not be noted in the storm are all that is left: they are sent once their claims are stale.
		t.Logf("%d mails wait for the claims of the storm", mails.Delayed)
		stale, cancel := context.WithTimeout(t.Context(), mail.ClaimStale)
		defer cancel()
		err = s.Settle(stale)
	}
	if err != nil {
		t.Error(err)
	}
}

// town is a stack with companies that use it.
type town struct {
	t        *testing.T
	stack    *stack.Stack
	http     *http.Client
	tables   *store.Store
	dynamodb *fault.Proxy
	operator string
	keys     atomic.Int64
	// requests are those of the API; calls those that its functions have made of
	// DynamoDB for them, and throttled those of them that were refused.
	requests, calls, throttled atomic.Int64
}

func newTown(t *testing.T, s *stack.Stack, st *store.Store) *town {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 32}
	t.Cleanup(transport.CloseIdleConnections)
	operator, err := s.OperatorToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dynamodb, _, _ := s.Faults()
	return &town{t: t, stack: s, http: &http.Client{Transport: transport, Timeout: time.Minute}, tables: st, dynamodb: dynamodb, operator: operator}
}

// throttle lets a part of the calls fail from now on, and counts from zero.
func (w *town) throttle(percent int, which func(fault.Call) bool, seed uint64) {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, uint64(percent)))
	w.dynamodb.Reset()
	w.requests.Store(0)
	w.calls.Store(0)
	w.throttled.Store(0)
	w.dynamodb.SetScript(func(c fault.Call) fault.Action {
		mu.Lock()
		refused := which(c) && random.IntN(100) < percent
		mu.Unlock()
		if c.Token != "MailFunction" && c.Token != "PublishFunction" {
			w.calls.Add(1)
			if refused {
				w.throttled.Add(1)
			}
		}
		if refused {
			return fault.Throttle()
		}
		return fault.Pass()
	})
}

func every(fault.Call) bool { return true }

// answer is what came back over HTTP; 0 where nothing did.
type answer struct {
	status int
	retry  int // seconds
	body   []byte
}

func (a answer) busy() bool { return a.status == http.StatusServiceUnavailable && a.retry > 0 }

// load is how many calls a request has made since throttle, at this moment.
func (w *town) load() float64 { return float64(w.calls.Load()) / float64(w.requests.Load()) }

func (a answer) ok() bool { return a.status >= 200 && a.status < 300 }

// send sends a request once.
func (w *town) send(ctx context.Context, method, path, token, key string, body any) answer {
	w.requests.Add(1)
	var text []byte
	if body != nil {
		text, _ = json.Marshal(body) // maps of texts and numbers
	}
	r, err := http.NewRequestWithContext(ctx, method, w.stack.URL()+path, bytes.NewReader(text))
	if err != nil {
		return answer{body: []byte(err.Error())}
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if method != http.MethodGet {
		r.Header.Set("Idempotency-Key", key)
	}
	res, err := w.http.Do(r)
	if err != nil {
		return answer{body: []byte(err.Error())}
	}
	defer func() { _ = res.Body.Close() }()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{body: []byte(err.Error())}
	}
	retry, _ := strconv.Atoi(res.Header.Get("Retry-After")) // 0 where there is none
	return answer{res.StatusCode, retry, got}
}

func (w *town) key() string { return fmt.Sprintf("town-%d", w.keys.Add(1)) }

// post sends what must succeed.
func (w *town) post(token, path string, body, into any) {
	w.t.Helper()
	got := w.send(w.t.Context(), http.MethodPost, path, token, w.key(), body)
	if !got.ok() {
		w.t.Fatalf("POST %s: %d %s", path, got.status, got.body)
	}
	if into != nil {
		if err := json.Unmarshal(got.body, into); err != nil {
			w.t.Fatal(err)
		}
	}
}

// company is an account with its owner signed in, and users to give licenses to.
type company struct {
	id, pool, owner string
	users           []string
	// given and taken are the changes that were acknowledged.
	given, taken int
}

func (w *town) company(name string, users int) *company {
	w.t.Helper()
	email := "owner@" + name + ".example"
	var opened struct {
		Account        struct{ ID string }
		SubscriptionID string `json:"subscription_id"`
	}
	w.post(w.operator, "/v1/operator/accounts", map[string]any{
		"name": name, "currency": "EUR", "time_zone": "Europe/Berlin", "plan_id": "meetings-monthly", "seats": users,
		"owner": map[string]any{"email": email, "first_name": "Olga", "last_name": "Owner"},
	}, &opened)
	session, err := w.stack.SignIn(w.t.Context(), email)
	if err != nil {
		w.t.Fatal(err)
	}
	c := &company{id: opened.Account.ID, owner: session.AccessToken}
	c.pool = "/v1/accounts/" + c.id + "/subscriptions/" + opened.SubscriptionID
	w.post(c.owner, "/v1/me", map[string]any{"id_token": session.IDToken}, nil)
	for i := range users {
		var created struct{ User struct{ ID string } }
		w.post(c.owner, "/v1/accounts/"+c.id+"/users", map[string]any{
			"email": fmt.Sprintf("user%d@%s.example", i, name), "first_name": "Ulla", "last_name": "User", "active": true,
		}, &created)
		c.users = append(c.users, created.User.ID)
	}
	return c
}

// step is the n-th thing that somebody does with a user: look, give, look, take.
func (w *town) step(ctx context.Context, c *company, user string, n int, key string) answer {
	switch n % 4 {
	case 1:
		return w.send(ctx, http.MethodPost, c.pool+"/licenses", c.owner, key, map[string]any{"user_ids": []string{user}})
	case 3:
		return w.send(ctx, http.MethodDelete, c.pool+"/licenses/"+user, c.owner, key, nil)
	}
	return w.send(ctx, http.MethodGet, c.pool, c.owner, key, nil)
}

// noted counts an acknowledged step, which no other goroutine does for the company.
func (c *company) noted(n int) {
	switch n % 4 {
	case 1:
		c.given++
	case 3:
		c.taken++
	}
}

// events counts the ledger's events of giving and taking.
func (w *town) events(c *company) (given, taken int) {
	w.t.Helper()
	month := time.Now().UTC()
	for _, m := range []string{month.Format("2006-01"), month.AddDate(0, 0, -month.Day()).Format("2006-01")} {
		for cursor, first := "", true; first || cursor != ""; first = false {
			found, next, err := w.tables.Events(w.t.Context(), seats.AccountID(c.id), m, seats.Page{Limit: 100, Cursor: cursor})
			if err != nil {
				w.t.Fatal(err)
			}
			for _, e := range found {
				switch e.Type {
				case seats.LicenseAssigned:
					given++
				case seats.LicenseRevoked:
					taken++
				}
			}
			cursor = next
		}
	}
	return given, taken
}

const stormSeed = 19

// storm is what came of one phase.
type storm struct {
	mu                   sync.Mutex
	requests, busy, done int
	wrong                []string
}

func (s *storm) add(more *storm) {
	s.requests, s.busy, s.done = s.requests+more.requests, s.busy+more.busy, s.done+more.done
	s.wrong = append(s.wrong, more.wrong...)
}

// work does steps in each company until the time is up, each to its end: a request
// that is told to come later comes later with the same key.
func (w *town) work(companies []*company, until func(steps int) bool, patience time.Duration) *storm {
	out := &storm{}
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	var wg sync.WaitGroup
	for _, c := range companies {
		wg.Go(func() {
			for n := 0; n%4 != 0 || !until(n); n++ {
				if !w.finish(ctx, c, n, out) {
					return
				}
			}
		})
	}
	wg.Wait()
	return out
}

// finish does a step however often it takes.
func (w *town) finish(ctx context.Context, c *company, n int, out *storm) bool {
	key, user := w.key(), c.users[n/4%len(c.users)]
	for {
		got := w.step(ctx, c, user, n, key)
		out.mu.Lock()
		out.requests++
		switch {
		case got.ok():
			out.done++
		case got.busy():
			out.busy++
		default:
			out.wrong = append(out.wrong, fmt.Sprintf("step %d: %d %s", n, got.status, got.body))
		}
		out.mu.Unlock()
		if got.ok() {
			c.noted(n)
		}
		if !got.busy() {
			return got.ok()
		}
		timer := time.NewTimer(time.Duration(got.retry) * time.Second)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
}

// Fault 19: four of five calls to the database are refused for minutes. People are
// told to come back and when; nobody is told of anything that did not happen; how
// many calls a request makes is bounded; and with the storm all of it is over.
func throttlingStorm(t *testing.T, w *town) {
	const percent = 80
	length := time.Duration(faulttest.Size(2, 300)) * time.Second
	var companies []*company
	for i := range faulttest.Size(3, 8) {
		companies = append(companies, w.company(fmt.Sprintf("storm%d", i), 2))
	}
	// The functions' processes are started before anything is counted.
	calm := w.work(companies, func(steps int) bool { return steps >= 4 }, patience)
	w.throttle(0, every, stormSeed)
	calm.add(w.work(companies, func(steps int) bool { return steps >= faulttest.Size(8, 80) }, patience))
	calmCalls := w.load()

	w.throttle(percent, every, stormSeed)
	began := time.Now()
	passed := make(chan float64, 1)
	time.AfterFunc(length, func() {
		passed <- w.load()
		w.dynamodb.SetScript(nil)
	})
	stormy := w.work(companies, func(int) bool { return time.Since(began) >= length }, length+patience)
	stormCalls, throttled := <-passed, w.throttled.Load()

	w.throttle(0, every, stormSeed)
	ended := time.Now()
	after := w.work(companies, func(steps int) bool { return steps >= 8 }, patience)
	recovery := time.Since(ended)

	wrong := slices.Concat(calm.wrong, stormy.wrong, after.wrong)
	if calm.busy+after.busy > 0 {
		wrong = append(wrong, fmt.Sprintf("%d were told to come back before the storm, %d after it", calm.busy, after.busy))
	}
	for _, c := range companies {
		if given, taken := w.events(c); given != c.given || taken != c.taken {
			wrong = append(wrong, fmt.Sprintf("%d licenses given and %d taken were acknowledged, %d and %d have happened", c.given, c.taken, given, taken))
		}
	}
	if throttled == 0 || stormy.busy == 0 && faulttest.Full {
		t.Errorf("%d calls were refused and %d requests put off: no storm", throttled, stormy.busy)
	}
	if stormCalls > calmCalls*store.MaxTries {
		wrong = append(wrong, fmt.Sprintf("%.1f calls a request in the storm, %.1f before", stormCalls, calmCalls))
	}
	for _, what := range wrong {
		t.Error(what)
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 19, Did: fmt.Sprintf("%d %% of the calls to the database throttled for %s, %d companies at work", percent, length, len(companies)),
		Bad: len(wrong), Of: calm.requests + stormy.requests + after.requests, What: "requests with another end than done or come back later", Seed: stormSeed,
		More: fmt.Sprintf("amplification %.1f: %.1f calls a request after %.1f; %d requests done, %d put off; all companies worked again within %s",
			stormCalls/calmCalls, stormCalls, calmCalls, stormy.done, stormy.busy, recovery.Round(10*time.Millisecond)),
	})
}

// patience is far more than anything here takes, also on a busy machine.
const patience = 3 * time.Minute

const (
	hotSeed = 20
	// hotShare requests of the hot company come on one of the others.
	hotShare = 9
	// pace is between two requests of the others where nobody else is there.
	pace = 20 * time.Millisecond
)

// tenants are one hot company among others.
type tenants struct {
	*town
	hot    *company
	others []*company
	steps  []int // of each of the others
}

// Fault 20: nine of ten requests are one company's, whose items the database throttles
// as it does those of a hot partition. The others do not notice but for the machine
// that all share here and not on AWS, which is why times are told and not judged.
func hotTenant(t *testing.T, w *town) {
	const othersAtOnce = 4
	rounds, each := faulttest.Size(1, 5), faulttest.Size(20, 120)
	y := &tenants{town: w, hot: w.company("hot", hotShare), steps: make([]int, othersAtOnce)}
	for i := range othersAtOnce {
		y.others = append(y.others, w.company(fmt.Sprintf("quiet%d", i), 2))
	}
	w.throttle(30, func(c fault.Call) bool { return bytes.Contains(c.Body, []byte(y.hot.id)) }, hotSeed)
	var alone, beside []time.Duration
	// The functions' processes are started before anything is measured.
	_, failed := y.round(faulttest.Size(4, 20), true)
	for range rounds {
		for _, crowded := range []bool{false, true} {
			took, wrong := y.round(each, crowded)
			failed = append(failed, wrong...)
			if crowded {
				beside = append(beside, took...)
			} else {
				alone = append(alone, took...)
			}
		}
	}
	if w.throttled.Load() == 0 {
		t.Error("the hot company was never throttled")
	}
	for _, what := range failed {
		t.Error(what)
	}
	without, with := percentile(alone, 99), percentile(beside, 99)
	faulttest.Report(t, faulttest.Figure{
		Fault: 20, Did: fmt.Sprintf("one company sends %d requests on one of the others and has 30 %% of its database calls throttled", hotShare),
		Bad: len(failed), Of: len(alone) + len(beside), What: "requests of the others failed or put off", Seed: hotSeed,
		More: fmt.Sprintf("p99 of the others %.1f × what it is without, median %.1f ×, all on one machine: %s and %s",
			float64(with)/float64(without), float64(percentile(beside, 50))/float64(percentile(alone, 50)), with.Round(time.Millisecond), without.Round(time.Millisecond)),
	})
}

// round lets the others send requests, and the hot company nine times as many if
// crowded, and gives how long those of the others took.
func (y *tenants) round(n int, crowded bool) (took []time.Duration, wrong []string) {
	ctx, cancel := context.WithTimeout(y.t.Context(), patience)
	defer cancel()
	turns := make(chan struct{}, n)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i, c := range y.others {
		wg.Go(func() {
			for range turns {
				began := time.Now()
				got := y.step(ctx, c, c.users[y.steps[i]/4%len(c.users)], y.steps[i], y.key())
				mu.Lock()
				took = append(took, time.Since(began))
				if !got.ok() {
					wrong = append(wrong, fmt.Sprintf("one of the others: %d %s", got.status, got.body))
				}
				mu.Unlock()
				y.steps[i]++
			}
		})
	}
	if crowded {
		wrong = append(wrong, y.heat(ctx, n, turns)...)
	} else {
		tick := time.NewTicker(pace)
		for range n {
			<-tick.C
			turns <- struct{}{}
		}
		tick.Stop()
	}
	close(turns)
	wg.Wait()
	return took, wrong
}

// heat sends the hot company's requests, as many at once as it has users, and gives
// the others a turn for each ninth.
func (y *tenants) heat(ctx context.Context, n int, turns chan<- struct{}) (wrong []string) {
	var sent, done atomic.Int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, user := range y.hot.users {
		wg.Go(func() {
			for step := 0; sent.Add(1) <= int64(n*hotShare); step++ {
				got := y.step(ctx, y.hot, user, step, y.key())
				if !got.ok() && !got.busy() && got.status != http.StatusConflict {
					mu.Lock()
					wrong = append(wrong, fmt.Sprintf("the hot company: %d %s", got.status, got.body))
					mu.Unlock()
				}
				if done.Add(1)%hotShare == 0 {
					turns <- struct{}{}
				}
			}
		})
	}
	wg.Wait()
	return wrong
}

// percentile is the smallest duration that so many of a hundred do not exceed.
func percentile(all []time.Duration, of int) time.Duration {
	sorted := slices.SortedFunc(slices.Values(all), cmp.Compare[time.Duration])
	return sorted[max(0, (len(sorted)*of+99)/100-1)]
}

func TestAPercentileIsOneOfTheValues(t *testing.T) {
	var all []time.Duration
	for i := range 200 {
		all = append(all, time.Duration(200-i))
	}
	got := fmt.Sprint(percentile(all, 50), percentile(all, 99), percentile(all, 100), percentile(all[:1], 99))
	if want := strings.Join([]string{"100ns", "198ns", "200ns", "200ns"}, " "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
