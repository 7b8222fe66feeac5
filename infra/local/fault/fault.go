// Package fault puts itself between a program and an AWS endpoint and makes the calls fail that a script chooses.
//
// A Proxy is an http.Handler: in front of DynamoDB Local with NewProxy(url), or around a handler of this process with Around.
// Each request becomes a Call; the script answers with an Action:
//
//	fault.Pass()                    let it through
//	fault.Drop()                    close the connection before the call is made
//	fault.CommitThenDrop()          make the call and close the connection instead of answering
//	fault.Delay(d)                  let it through after a while
//	fault.Fail(status, type, text)  answer with an error of AWS, without making the call
//	fault.CommitThenFail(…)         make the call and answer with an error
//	fault.Throttle(), fault.Internal(), fault.Conflict(reasons…), fault.PartialPutEvents(i…)
//	fault.Do(func)                  run something first, such as killing the caller, then Pass
//
// DynamoDB Local never answers TransactionConflict and never throttles, so these have to come from here. Calls keeps what was
// asked, in order, which is how a sweep learns how many calls there are to fail.
package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Call is one request.
type Call struct {
	// Number counts all calls of the proxy from 1 on, OperationNumber those of the same operation.
	Number, OperationNumber int
	// Operation is the operation of X-Amz-Target, such as TransactWriteItems, or "POST /v2/email/outbound-emails".
	Operation string
	// Token is the caller's session token; the local stack puts the function's logical id there.
	Token string
	Body  []byte
}

// Script chooses what happens to a call. It may be called concurrently.
type Script func(Call) Action

// Action is what happens to a call.
type Action struct {
	before func()
	delay  time.Duration
	// skip answers without making the call.
	skip bool
	// drop closes the connection instead of answering.
	drop   bool
	answer func(call Call, made *httptest.ResponseRecorder) (status int, kind string, body any)
	rewire func(body []byte) ([]byte, func([]byte) []byte)
}

// Pass lets a call through.
func Pass() Action { return Action{} }

// Drop closes the connection before the call is made: the caller cannot know whether it was.
func Drop() Action { return Action{skip: true, drop: true} }

// CommitThenDrop makes the call and closes the connection: its effect is there and its answer is lost.
func CommitThenDrop() Action { return Action{drop: true} }

// Delay lets a call through after a while, or not at all if the caller leaves before.
func Delay(d time.Duration) Action { return Action{delay: d} }

// Do runs f and lets the call through.
func Do(f func()) Action { return Action{before: f} }

// Then runs f before the action.
func (a Action) Then(f func()) Action {
	a.before = f
	return a
}

// Fail answers with an error and makes no call.
func Fail(status int, kind, message string) Action {
	a := CommitThenFail(status, kind, message)
	a.skip = true
	return a
}

// CommitThenFail makes the call and answers with an error.
func CommitThenFail(status int, kind, message string) Action {
	return Action{answer: func(Call, *httptest.ResponseRecorder) (int, string, any) {
		return status, kind, map[string]string{"message": message}
	}}
}

// Throttle answers as a service that is asked too often: in DynamoDB's words for DynamoDB, else in general ones.
func Throttle() Action {
	return Action{skip: true, answer: func(c Call, _ *httptest.ResponseRecorder) (int, string, any) {
		kind := "ThrottlingException"
		switch {
		case strings.HasPrefix(c.Operation, "POST /v2/"):
			return http.StatusTooManyRequests, "TooManyRequestsException", map[string]string{"message": "Too many requests"}
		case c.isDynamoDB():
			kind = "ProvisionedThroughputExceededException"
		}
		return http.StatusBadRequest, kind, map[string]string{"message": "Rate exceeded"}
	}}
}

// Internal answers 500.
func Internal() Action {
	return Fail(http.StatusInternalServerError, "InternalServerError", "Internal server error")
}

// Conflict answers a transaction with TransactionCanceledException: by default every item with TransactionConflict, or each
// item with the reason at its place, such as "None" or "ConditionalCheckFailed". A call of one item gets a
// TransactionConflictException, as from DynamoDB.
func Conflict(reasons ...string) Action {
	return Action{skip: true, answer: func(c Call, _ *httptest.ResponseRecorder) (int, string, any) {
		if !strings.HasPrefix(c.Operation, "Transact") {
			return http.StatusBadRequest, "TransactionConflictException", map[string]string{"message": "Transaction is ongoing for the item"}
		}
		var in struct{ TransactItems []json.RawMessage }
		_ = json.Unmarshal(c.Body, &in) // without items there are no reasons
		list := make([]map[string]string, len(in.TransactItems))
		names := make([]string, len(in.TransactItems))
		for i := range list {
			names[i] = "TransactionConflict"
			if len(reasons) > 0 {
				names[i] = "None"
			}
			if i < len(reasons) {
				names[i] = reasons[i]
			}
			list[i] = map[string]string{"Code": names[i]}
			if names[i] == "TransactionConflict" {
				list[i]["Message"] = "Transaction is ongoing for the item"
			}
		}
		return http.StatusBadRequest, "TransactionCanceledException", map[string]any{
			"Message":             "Transaction cancelled, please refer cancellation reasons for specific reasons [" + strings.Join(names, ", ") + "]",
			"CancellationReasons": list,
		}
	}}
}

// PartialPutEvents lets a PutEvents through without the entries at these places, which are answered as failed.
func PartialPutEvents(failed ...int) Action {
	return Action{rewire: func(body []byte) ([]byte, func([]byte) []byte) { return withoutEntries(body, failed) }}
}

func withoutEntries(body []byte, failed []int) ([]byte, func([]byte) []byte) {
	var in map[string]json.RawMessage
	var entries, kept []json.RawMessage
	if json.Unmarshal(body, &in) != nil || json.Unmarshal(in["Entries"], &entries) != nil {
		return body, func(answer []byte) []byte { return answer }
	}
	for i, e := range entries {
		if !slices.Contains(failed, i) {
			kept = append(kept, e)
		}
	}
	in["Entries"], _ = json.Marshal(kept) // what was JSON is JSON
	shorter, _ := json.Marshal(in)
	if len(kept) == 0 {
		shorter = nil
	}
	return shorter, func(answer []byte) []byte {
		var out struct {
			FailedEntryCount int
			Entries          []json.RawMessage
		}
		_ = json.Unmarshal(answer, &out) // no answer means that nothing was put
		var all []json.RawMessage
		for i := range entries {
			if slices.Contains(failed, i) {
				out.FailedEntryCount++
				all = append(all, json.RawMessage(`{"ErrorCode":"ThrottlingException","ErrorMessage":"Rate exceeded"}`))
			} else if len(out.Entries) > 0 {
				all = append(all, out.Entries[0])
				out.Entries = out.Entries[1:]
			}
		}
		out.Entries = all
		b, _ := json.Marshal(out)
		return b
	}
}

func (c Call) isDynamoDB() bool {
	return !strings.Contains(c.Operation, " ") && c.Operation != "PutEvents"
}

// Proxy passes calls on and makes some of them fail.
type Proxy struct {
	next      http.Handler
	transport *http.Transport // nil around a handler

	mu     sync.Mutex
	script Script
	calls  []Call
	counts map[string]int
}

// NewProxy stands in front of an endpoint. Close it to end its connections.
func NewProxy(endpoint string) (*Proxy, error) {
	to, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("fault: %w", err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute}
	p := Around(&httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, _ error) {
			panic(http.ErrAbortHandler) // an endpoint that is gone is a connection that ends
		},
	})
	p.transport = transport
	return p, nil
}

// Around stands in front of a handler of this process.
func Around(next http.Handler) *Proxy {
	return &Proxy{next: next, counts: map[string]int{}}
}

// Close ends the connections to the endpoint.
func (p *Proxy) Close() {
	if p.transport != nil {
		p.transport.CloseIdleConnections()
	}
}

// SetScript replaces the script; nil lets everything through.
func (p *Proxy) SetScript(s Script) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.script = s
}

// Calls returns the calls since the last Reset, in their order.
func (p *Proxy) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

// Reset forgets the calls and the script, and counts from 1 again.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.script, p.calls, p.counts = nil, nil, map[string]int{}
}

// maxBodyBytes is more than any AWS call that is made here: a transaction is 4 MB of items, as JSON at most a few times more.
const maxBodyBytes = 64 << 20

// ServeHTTP passes a call on, or not.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		panic(http.ErrAbortHandler) // the caller is gone
	}
	call, action := p.take(r, body)
	if action.before != nil {
		action.before()
	}
	if action.delay > 0 {
		timer := time.NewTimer(action.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return
		}
	}
	if !action.skip && !action.drop && action.answer == nil && action.rewire == nil {
		p.pass(w, r, body)
		return
	}
	p.act(w, r, call, action)
}

// take records a call and asks the script.
func (p *Proxy) take(r *http.Request, body []byte) (Call, Action) {
	p.mu.Lock()
	operation := operationOf(r)
	p.counts[operation]++
	call := Call{
		Number: len(p.calls) + 1, OperationNumber: p.counts[operation], Operation: operation,
		Token: r.Header.Get("X-Amz-Security-Token"), Body: body,
	}
	p.calls = append(p.calls, call)
	script := p.script
	p.mu.Unlock()
	if script == nil {
		return call, Pass()
	}
	return call, script(call)
}

func operationOf(r *http.Request) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndexByte(target, '.')+1:]
	}
	return r.Method + " " + r.URL.Path
}

func (p *Proxy) pass(w http.ResponseWriter, r *http.Request, body []byte) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	p.next.ServeHTTP(w, r)
}

// act makes the call where the action wants it and answers as the action says.
func (p *Proxy) act(w http.ResponseWriter, r *http.Request, call Call, a Action) {
	made := httptest.NewRecorder()
	body, rewrite := call.Body, func(b []byte) []byte { return b }
	if a.rewire != nil {
		body, rewrite = a.rewire(body)
	}
	if !a.skip && body != nil {
		p.pass(made, r, body)
	}
	switch {
	case a.drop:
		panic(http.ErrAbortHandler)
	case a.answer != nil:
		status, kind, content := a.answer(call, made)
		writeError(w, r, status, kind, content)
		return
	}
	answer := rewrite(made.Body.Bytes())
	for name, values := range made.Header() {
		if name != "Content-Length" && name != "X-Amz-Crc32" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(made.Code)
	_, _ = w.Write(answer) // a caller that is gone needs no answer
}

// writeError writes an error in the protocol of the call: JSON with __type, or the type in a header for REST.
func writeError(w http.ResponseWriter, r *http.Request, status int, kind string, content any) {
	h := w.Header()
	h.Set("X-Amzn-Errortype", kind)
	h.Set("X-Amzn-Requestid", "fault")
	fields := map[string]any{}
	b, _ := json.Marshal(content) // maps of texts
	_ = json.Unmarshal(b, &fields)
	h.Set("Content-Type", "application/json")
	if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB") {
		h.Set("Content-Type", "application/x-amz-json-1.0")
		kind = "com.amazonaws.dynamodb.v20120810#" + kind
	} else if r.Header.Get("X-Amz-Target") != "" {
		h.Set("Content-Type", "application/x-amz-json-1.1")
	}
	fields["__type"] = kind
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(fields)
}
