package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/bits"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/seats"
)

// weather is a network between the processes and DynamoDB that loses answers after
// the effect, and a database under contention, which DynamoDB Local never is.
type weather struct {
	next http.RoundTripper

	mu                       sync.Mutex
	random                   *rand.Rand
	losePercent, busyPercent int
}

func (w *weather) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	lose, busy := w.random.IntN(100) < w.losePercent, w.random.IntN(100) < w.busyPercent
	w.mu.Unlock()
	if busy && strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".TransactWriteItems") {
		return conflictOf(r)
	}
	answer, err := w.next.RoundTrip(r)
	if err == nil && lose {
		_ = answer.Body.Close()
		return nil, errLost
	}
	return answer, err
}

func (w *weather) set(losePercent, busyPercent int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.losePercent, w.busyPercent = losePercent, busyPercent
}

// conflictOf answers a transaction as DynamoDB does where another one is at one of
// its items.
func conflictOf(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var sent struct{ TransactItems []json.RawMessage }
	if err := json.Unmarshal(body, &sent); err != nil {
		return nil, err
	}
	reasons := make([]map[string]string, len(sent.TransactItems))
	for i := range reasons {
		reasons[i] = map[string]string{"Code": "None"}
	}
	reasons[0] = map[string]string{"Code": "TransactionConflict"}
	text := encoded(object{
		"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "Message": "Transaction cancelled", "CancellationReasons": reasons,
	})
	return &http.Response{
		Status: "400 Bad Request", StatusCode: http.StatusBadRequest, ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header:        http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		ContentLength: int64(len(text)), Body: io.NopCloser(bytes.NewReader([]byte(text))),
	}, nil
}

func inWeather(t *testing.T, seed uint64) (*apitest.System, *weather) {
	w := &weather{random: rand.New(rand.NewPCG(seed, 16))}
	s := apitest.New(t, apitest.WithTransport(func(next http.RoundTripper) http.RoundTripper {
		w.next = next
		return w
	}))
	s.Publish(apitest.SampleCatalog(t))
	return s, w
}

// step is what a client asked of the pool, and outcome what it was told.
type step struct {
	op string // assign, revoke, invite, cancel, change, close, read
	n  int    // the person, the seats, or the cycle
}

type outcome struct {
	status string
	// seats, free and used are what a read shows.
	seats, free, used int
}

// pooled is the pool as anybody would write it down who knows the domain and not its
// code: one person a bit.
type pooled struct {
	seats, pending, cycle int
	licensed, reserved    uint32
}

const nothingPending = -1

func (p pooled) free() int {
	return p.seats - bits.OnesCount32(p.licensed) - bits.OnesCount32(p.reserved)
}

// after is whether the pool may answer a step so, and the pool afterwards.
func (p pooled) after(s step, o outcome) (bool, pooled) {
	bit := uint32(1) << s.n
	switch s.op + " " + o.status {
	case "assign assigned":
		ok := p.licensed&bit == 0 && p.free() > 0
		p.licensed |= bit
		return ok, p
	case "assign already_assigned":
		return p.licensed&bit != 0, p
	case "assign no_free_seats":
		return p.licensed&bit == 0 && p.free() == 0, p
	case "revoke done":
		p.licensed &^= bit
		return true, p
	case "invite invited":
		ok := p.reserved&bit == 0 && p.free() > 0
		p.reserved |= bit
		return ok, p
	case "invite no_free_seats":
		return p.free() == 0, p
	case "cancel done":
		ok := p.reserved&bit != 0
		p.reserved &^= bit
		return ok, p
	case "change quote_stale":
		return true, p // somebody else changed the seats since the quote
	case "change done":
		return true, p.changed(s.n)
	case "close done":
		for ; p.cycle < s.n; p.cycle++ {
			if p.pending != nothingPending {
				p.seats, p.pending = max(p.pending, p.seats-p.free()), nothingPending
			}
		}
		return true, p
	case "read shown":
		return o.seats == p.seats && o.free == p.free() && o.used == p.seats-p.free(), p
	}
	return false, p
}

// changed is the pool after a confirmed quote: more seats now and after renewal
// alike, fewer at the end of the cycle.
func (p pooled) changed(to int) pooled {
	switch {
	case to > p.seats && p.pending != nothingPending:
		p.pending += to - p.seats
		p.seats = to
	case to > p.seats:
		p.seats = to
	case to == p.seats:
		p.pending = nothingPending
	default:
		p.pending = to
	}
	return p
}

// poolModel is what a history must be explained by, one step after the other.
func poolModel(start pooled) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return start },
		Step: func(state, input, output any) (bool, any) {
			ok, next := state.(pooled).after(input.(step), output.(outcome))
			return ok, next
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %+v", input, output) },
	}
}

// recorder is several clients of one pool whose every request is written down.
type recorder struct {
	t     *testing.T
	s     *apitest.System
	a     *apitest.Account
	users []string
	began time.Time

	mu      sync.Mutex
	history []porcupine.Operation
	tried   map[string]int
}

// do sends a request until it has its answer, always with the same key, and writes
// down when it was first sent and last answered.
func (r *recorder) do(client int, s step, by *apitest.Person, request apitest.Request, told func(apitest.Response) outcome) outcome {
	request.Key = r.s.Key()
	return r.record(client, s, func() outcome {
		for range 50 {
			got := by.Send(request)
			if got.Status < http.StatusInternalServerError && got.Code() != "idempotency_in_progress" {
				return told(got)
			}
		}
		r.t.Errorf("%+v has never been answered", s)
		return outcome{}
	})
}

func (r *recorder) record(client int, s step, send func() outcome) outcome {
	from := time.Since(r.began).Nanoseconds()
	o := send()
	to := time.Since(r.began).Nanoseconds()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tried[s.op+" "+o.status]++
	r.history = append(r.history, porcupine.Operation{ClientId: client, Input: s, Call: from, Output: o, Return: to})
	return o
}

func (r *recorder) assign(client, who int) {
	body := object{"user_ids": []string{r.users[who]}}
	r.do(client, step{"assign", who}, r.a.Owner, request("POST", r.a.SubPath()+"/licenses", body), func(got apitest.Response) outcome {
		var b api.AssignResults
		got.OK(r.t, &b)
		if refused := b.Results[0].Error; refused != nil {
			return outcome{status: refused.Code}
		}
		return outcome{status: b.Results[0].Status}
	})
}

func (r *recorder) revoke(client, who int) {
	r.do(client, step{"revoke", who}, r.a.Owner, request("DELETE", r.a.SubPath()+"/licenses/"+r.users[who], nil), done)
}

// invite reserves a seat for a guest of the client's own, and sometimes takes it back.
func (r *recorder) invite(client, guest int, cancel bool) {
	body := object{"people": []any{r.a.Invitee("guest-"+r.s.Key(), member, true)}}
	id := ""
	o := r.do(client, step{"invite", guest}, r.a.Owner, request("POST", r.a.Path+"/invitations", body), func(got apitest.Response) outcome {
		var b api.InviteResults
		got.OK(r.t, &b)
		if refused := b.Results[0].Error; refused != nil {
			return outcome{status: refused.Code}
		}
		id = b.Results[0].InvitationID
		return outcome{status: "invited"}
	})
	if o.status == "invited" && cancel {
		r.do(client, step{"cancel", guest}, r.a.Owner, request("DELETE", r.a.Path+"/invitations/"+id, nil), done)
	}
}

func done(got apitest.Response) outcome {
	if got.Status == http.StatusNoContent || got.Status == http.StatusOK {
		return outcome{status: "done"}
	}
	return outcome{status: fmt.Sprintf("%d %s", got.Status, got.Body)}
}

func (r *recorder) change(client, to int) {
	var q api.Quote
	for tries := 0; ; tries++ {
		got := r.a.Owner.Post(r.a.SubPath()+"/quotes", object{"seats": to})
		if got.Status == http.StatusOK {
			got.OK(r.t, &q)
			break
		}
		if got.Code() == "state_conflict" {
			return // there are as many already
		}
		if tries == 50 || got.Status < http.StatusInternalServerError {
			r.t.Errorf("a quote for %d seats: %d %s", to, got.Status, got.Body)
			return
		}
	}
	body := object{"quote_id": q.ID, "agreement_accepted": true}
	r.do(client, step{"change", to}, r.a.Owner, request("POST", r.a.SubPath()+"/seat-changes", body), func(got apitest.Response) outcome {
		if got.Code() == "quote_stale" {
			return outcome{status: "quote_stale"}
		}
		return done(got)
	})
}

// close moves the account's clock behind the end of a cycle.
func (r *recorder) close(client, cycle int) {
	to := apitest.Start.AddDate(0, cycle, 0)
	r.record(client, step{"close", cycle}, func() outcome {
		for range 50 {
			got := r.s.Operator().Post("/v1/operator/accounts/"+r.a.ID+"/clock", object{"to": to})
			var at api.Clock
			if got.Status == http.StatusOK && json.Unmarshal(got.Body, &at) == nil && at.Done {
				return outcome{status: "done"}
			}
		}
		return outcome{status: "never done"}
	})
}

func (r *recorder) read(client int) {
	r.record(client, step{op: "read"}, func() outcome {
		for range 50 {
			got := r.a.Owner.Get(r.a.SubPath())
			if got.Status >= http.StatusInternalServerError {
				continue
			}
			var b api.Subscription
			got.OK(r.t, &b)
			return outcome{"shown", int(b.Seats), int(b.Available), int(b.InUse + b.Reserved)}
		}
		return outcome{status: "never shown"}
	})
}

const (
	// clients press at once, and people are those who can be given a license.
	clients, people = 6, 8
	poolSeed        = 1616
)

// run lets the clients do what a random source says. Each client invites guests of
// its own, so that a name stands for one person. A pool has guests or cycles that end,
// not both: invitations lapse on the way to a cycle's end, each at its own instant.
func (r *recorder) run(seed uint64, steps int) {
	guests := seed%2 == 0
	var wg sync.WaitGroup
	for client := range clients {
		random := rand.New(rand.NewPCG(seed, uint64(client)))
		wg.Go(func() {
			guest, cycle := people+client*4, 0
			for range steps {
				switch n := random.IntN(20); {
				case n < 7:
					r.assign(client, random.IntN(people))
				case n < 11:
					r.revoke(client, random.IntN(people))
				case n < 15 && client == 0 && !guests:
					cycle++
					r.close(client, cycle)
				case n < 13 && guests && guest < people+client*4+4:
					// Somebody who stays invited is another person from then on.
					cancel := random.IntN(4) > 0
					r.invite(client, guest, cancel)
					if !cancel {
						guest++
					}
				case n < 16:
					r.change(client, 1+random.IntN(people+4))
				default:
					r.read(client)
				}
			}
		})
	}
	wg.Wait()
}

// Faults 15 and 16: people assign, revoke, invite, cancel, buy and drop seats and the
// cycle ends, all at once on one pool, through a network that loses answers and a
// database under contention. Each history of answers can be put in an order in which
// one after the other would have been answered just so: no seat is oversold, at any
// read.
func TestHistoriesOfAPoolAreLinearizable(t *testing.T) {
	t.Parallel()
	histories, steps := faulttest.Size(2, 60), faulttest.Size(12, 25)
	s, w := inWeather(t, poolSeed)
	operations, illegal, tried := 0, 0, map[string]int{}
	for n := range histories {
		a := s.Open(3)
		r := &recorder{t: t, s: s, a: a, users: crowd(t, a, people), began: time.Now(), tried: tried}
		w.set(3, 10)
		r.run(poolSeed+uint64(n), steps)
		w.set(0, 0)
		r.read(0)
		operations += len(r.history)
		result, _ := porcupine.CheckOperationsVerbose(poolModel(pooled{seats: 3, pending: nothingPending}), r.history, time.Minute)
		if result != porcupine.Ok {
			illegal++
			t.Errorf("history %d is not linearizable: %s\n%s", n, result, told(r.history))
		}
		clean(t, s, a.ID)
	}
	for _, wanted := range []string{"assign no_free_seats", "revoke done", "invite invited", "cancel done", "change done", "close done"} {
		if tried[wanted] == 0 {
			t.Errorf("no history has %q: %v", wanted, tried)
		}
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 16, Did: fmt.Sprintf("%d clients assign, revoke, invite, cancel, change seats, close and read one pool, 10 %% conflicts, 3 %% of answers lost", clients),
		Bad: illegal, Of: histories, What: "histories not linearizable (porcupine)", Seed: poolSeed, More: fmt.Sprintf("%d operations", operations),
	})
}

func told(history []porcupine.Operation) string {
	var b strings.Builder
	for _, o := range history {
		fmt.Fprintf(&b, "%8d %8d client %d %+v: %+v\n", o.Call/1000, o.Return/1000, o.ClientId, o.Input, o.Output)
	}
	return b.String()
}

// A model that lets everything pass would prove nothing.
func TestTheModelOfAPoolRefusesWhatMustNotBe(t *testing.T) {
	for name, wrong := range map[string][]porcupine.Operation{
		"two on one seat": {
			{Input: step{"assign", 0}, Output: outcome{status: "assigned"}, Call: 0, Return: 1},
			{Input: step{"assign", 1}, Output: outcome{status: "assigned"}, Call: 0, Return: 1},
		},
		"a free seat that is refused": {
			{Input: step{"assign", 0}, Output: outcome{status: "no_free_seats"}, Call: 0, Return: 1},
		},
		"a read of before": {
			{Input: step{"assign", 0}, Output: outcome{status: "assigned"}, Call: 0, Return: 1},
			{Input: step{op: "read"}, Output: outcome{"shown", 1, 1, 0}, Call: 2, Return: 3},
		},
		"more used than there are": {
			{Input: step{"change", 2}, Output: outcome{status: "done"}, Call: 0, Return: 9},
			{Input: step{"assign", 0}, Output: outcome{status: "assigned"}, Call: 0, Return: 9},
			{Input: step{"assign", 1}, Output: outcome{status: "assigned"}, Call: 0, Return: 9},
			{Input: step{op: "read"}, Output: outcome{"shown", 1, -1, 2}, Call: 0, Return: 9},
		},
	} {
		if porcupine.CheckOperations(poolModel(pooled{seats: 1, pending: nothingPending}), wrong) {
			t.Errorf("%s is let pass", name)
		}
	}
	if seats.QuoteTTL < time.Minute {
		t.Error("a quote must outlive a history")
	}
}
