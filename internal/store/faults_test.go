package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/usher-seats/usher/infra/local/dynamo/dynamotest"
	"github.com/usher-seats/usher/internal/store"
)

// fault is what happens to one request on its way.
type fault int

const (
	pass     fault = iota
	conflict       // refused: every item is held by another transaction
	throttled
	broken      // answered with 500, nothing done
	lostBefore  // the connection breaks before the request arrives
	lostAfter   // done, but the answer is lost
	mixed       // refused: the first item's condition, and a conflict on the last
	oddReason   // refused for a reason that is no condition
	fewReasons  // refused with fewer reasons than items
	inProgress  // an earlier try with the token is under way
	rejectedAll // refused: every item is throttled
)

// sent is one request that the client sent.
type sent struct {
	operation string
	body      string
}

// faults is a transport that lets a plan decide the fate of each request.
type faults struct {
	next http.RoundTripper

	mu   sync.Mutex
	plan func(sent) fault
	all  []sent
}

func (f *faults) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	s := sent{operation, string(body)}
	f.mu.Lock()
	f.all = append(f.all, s)
	fate := pass
	if f.plan != nil {
		fate = f.plan(s)
	}
	f.mu.Unlock()
	switch fate {
	case pass:
		return f.next.RoundTrip(r)
	case lostBefore:
		return nil, errors.New("connection reset")
	case lostAfter:
		answer, err := f.next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		return nil, errors.New("connection reset")
	case broken:
		return refuse(http.StatusInternalServerError, "InternalServerError", nil), nil
	case throttled:
		return refuse(http.StatusBadRequest, "ProvisionedThroughputExceededException", nil), nil
	case inProgress:
		return refuse(http.StatusBadRequest, "TransactionInProgressException", nil), nil
	}
	return refuse(http.StatusBadRequest, "TransactionCanceledException", reasons(fate, body)), nil
}

type reason struct {
	Code    string
	Message string `json:",omitempty"`
}

func reasons(fate fault, body []byte) []reason {
	var in struct{ TransactItems []json.RawMessage }
	if err := json.Unmarshal(body, &in); err != nil {
		panic(err)
	}
	all := make([]reason, len(in.TransactItems))
	for i := range all {
		switch fate {
		case conflict:
			all[i] = reason{Code: "TransactionConflict"}
		case rejectedAll:
			all[i] = reason{Code: "ThrottlingError"}
		default:
			all[i] = reason{Code: "None"}
		}
	}
	switch fate {
	case mixed:
		all[0], all[len(all)-1] = reason{Code: "ConditionalCheckFailed"}, reason{Code: "TransactionConflict"}
	case oddReason:
		all[0] = reason{"ValidationError", "Item size has exceeded the maximum allowed size"}
	case fewReasons:
		return all[:len(all)-1]
	}
	return all
}

func refuse(status int, kind string, reasons []reason) *http.Response {
	body, err := json.Marshal(map[string]any{
		"__type": "com.amazonaws.dynamodb.v20120810#" + kind, "message": "by the test", "CancellationReasons": reasons,
	})
	if err != nil {
		panic(err)
	}
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(bytes.NewReader(body)),
	}
}

// rig is a store whose requests meet faults.
type rig struct {
	*store.Store
	*faults
	client *dynamodb.Client // without faults
	faulty *dynamodb.Client
	opts   store.Options

	used  store.Usage
	waits []time.Duration
	now   time.Time
}

func newRig(t *testing.T) *rig {
	t.Helper()
	cfg, names := dynamotest.NewWithTables(t)
	r := &rig{faults: &faults{next: cfg.HTTPClient.(*http.Client).Transport}, client: dynamodb.NewFromConfig(cfg), now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	cfg.HTTPClient = &http.Client{Transport: r.faults}
	r.opts = store.Options{
		SeatsTable: names["SeatsTable"], KeysTable: names["KeysTable"],
		Meter: func(_ context.Context, u store.Usage) {
			r.used.Conflicts += u.Conflicts
			r.used.Retries += u.Retries
		},
		Jitter: func(most time.Duration) time.Duration {
			r.waits = append(r.waits, most)
			return 0
		},
		Now: func() time.Time { return r.now },
	}
	r.faulty = dynamodb.NewFromConfig(cfg)
	r.Store = store.New(r.faulty, r.opts)
	return r
}

// meet lets the next requests of an operation meet faults, one after the other, and
// all later ones pass. It forgets what was sent and used before.
func (r *rig) meet(operation string, fates ...fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all, r.used, r.waits = nil, store.Usage{}, nil
	r.plan = func(s sent) fault {
		if s.operation != operation || len(fates) == 0 {
			return pass
		}
		fate := fates[0]
		fates = fates[1:]
		return fate
	}
}

// always lets every request of an operation meet a fault.
func (r *rig) always(operation string, fate fault) {
	r.meet(operation)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plan = func(s sent) fault {
		if s.operation == operation {
			return fate
		}
		return pass
	}
}

// requests are the bodies of what was sent of an operation.
func (r *rig) requests(operation string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, s := range r.all {
		if s.operation == operation {
			all = append(all, s.body)
		}
	}
	return all
}
