package relay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/events/relay"
	"github.com/usher-seats/usher/internal/faulttest"
	"github.com/usher-seats/usher/internal/logsafe"
)

// record makes the stream's record of a ledger item with this detail.
func record(sequence int, detail string) lambdaevents.DynamoDBEventRecord {
	return lambdaevents.DynamoDBEventRecord{
		EventID: fmt.Sprintf("record-%d", sequence), EventName: "INSERT",
		Change: lambdaevents.DynamoDBStreamRecord{
			SequenceNumber: fmt.Sprintf("%021d", sequence),
			NewImage: map[string]lambdaevents.DynamoDBAttributeValue{
				"pk": lambdaevents.NewStringAttribute("E#acc#2026-11"),
				"ev": lambdaevents.NewStringAttribute(detail),
			},
		},
	}
}

func detail(n int) string {
	return fmt.Sprintf(`{"id":"evt_%d","type":"user.updated","account_id":"acc_1","recorded_at":"2026-11-22T09:00:00.5Z","n":%d}`, n, n)
}

func batch(n int) []lambdaevents.DynamoDBEventRecord {
	out := make([]lambdaevents.DynamoDBEventRecord, n)
	for i := range out {
		out[i] = record(i, detail(i))
	}
	return out
}

// numbers are the sequence numbers that were reported.
func numbers(failures []lambdaevents.DynamoDBBatchItemFailure) []int {
	out := []int{}
	for _, f := range failures {
		out = append(out, number(f.ItemIdentifier))
	}
	return out
}

func number(sequence string) int {
	n, err := strconv.Atoi(sequence)
	if err != nil {
		panic(err)
	}
	return n
}

func wantFailures(t *testing.T, got []lambdaevents.DynamoDBBatchItemFailure, want ...int) {
	t.Helper()
	if ids := numbers(got); !slices.Equal(ids, append([]int{}, want...)) {
		t.Errorf("reported %v, want %v", ids, want)
	}
}

// refuseOnce refuses each of the details the first time it is sent.
func refuseOnce(code string, details ...string) func(int, []entry) answer {
	seen := map[string]bool{}
	return func(int, []entry) answer {
		return answer{refuse: func(e entry) string {
			if !slices.Contains(details, e.Detail) || seen[e.Detail] {
				return ""
			}
			seen[e.Detail] = true
			return code
		}}
	}
}

// refuseAlways refuses a detail for good.
func refuseAlways(detail string) func(int, []entry) answer {
	return func(int, []entry) answer {
		return answer{refuse: func(e entry) string {
			if e.Detail == detail {
				return "MalformedDetail"
			}
			return ""
		}}
	}
}

func TestRecordsGoToTheBusByteForByteAndInOrder(t *testing.T) {
	b := newBus(t, nil)
	failures := relay.NewPublisher(b.sender()).Publish(context.Background(), batch(25))
	wantFailures(t, failures)
	if got := []int{len(b.requests[0]), len(b.requests[1]), len(b.requests[2])}; !slices.Equal(got, []int{10, 10, 5}) {
		t.Errorf("requests of %v entries", got)
	}
	want := seconds(time.Date(2026, 11, 22, 9, 0, 0, 5e8, time.UTC))
	for i, e := range slices.Concat(b.requests...) {
		if e.Detail != detail(i) || e.DetailType != "user.updated" || e.Source != "usher" || e.EventBusName != busName {
			t.Errorf("entry %d is %+v", i, e)
		}
		if e.Time != want {
			t.Errorf("entry %d has time %f, want %f", i, e.Time, want)
		}
	}
}

func TestOfAPartialFailureOnlyTheFailedEntriesAreSentAgain(t *testing.T) {
	for _, code := range []string{"ThrottlingException", "InternalFailure", "InternalException"} {
		t.Run(code, func(t *testing.T) {
			failing := []string{detail(0), detail(3), detail(9), detail(17)}
			b := newBus(t, refuseOnce(code, failing...))
			wantFailures(t, relay.NewPublisher(b.sender()).Publish(context.Background(), batch(25)))
			lost, resent := 0, b.sent()-25-len(failing)
			for i := range 25 {
				switch n := b.took(detail(i)); {
				case n == 0:
					lost++
				case n > 1:
					resent += n - 1
				}
			}
			faulttest.Report(t, faulttest.Figure{
				Fault: 10, Did: fmt.Sprintf("PutEvents takes a part, %d entries refused once with %s", len(failing), code), Bad: lost + resent, Of: 25, What: "events lost or sent needlessly",
			})
		})
	}
}

func TestAnEntryThatStaysRefusedIsReportedAlone(t *testing.T) {
	stuck := true
	b := newBus(t, func(int, []entry) answer {
		return answer{refuse: func(e entry) string {
			if stuck && e.Detail == detail(4) {
				return "ThrottlingException"
			}
			return ""
		}}
	})
	p := relay.NewPublisher(b.sender())
	wantFailures(t, p.Publish(context.Background(), batch(10)), 4)
	sent := b.sent()

	stuck = false
	wantFailures(t, p.Publish(context.Background(), batch(10)[4:]))
	if again := b.sent() - sent; again != 1 {
		t.Errorf("the stream's second delivery sent %d entries, want the one that was missing", again)
	}
	for i := range 10 {
		if n := b.took(detail(i)); n != 1 {
			t.Errorf("event %d is on the bus %d times", i, n)
		}
	}
}

func TestANewProcessSendsTheRecordsBehindAFailureAgain(t *testing.T) {
	b := newBus(t, refuseAlways(detail(4)))
	wantFailures(t, relay.NewPublisher(b.sender()).Publish(context.Background(), batch(10)), 4)
	relay.NewPublisher(b.sender()).Publish(context.Background(), batch(10)[4:])
	if n := b.took(detail(9)); n != 2 {
		t.Errorf("event 9 is on the bus %d times, want 2: at least once", n)
	}
}

func TestAnEntryThatIsWrongIsNotTriedAgainAtOnce(t *testing.T) {
	b := newBus(t, refuseAlways(detail(4)))
	wantFailures(t, relay.NewPublisher(b.sender()).Publish(context.Background(), batch(10)), 4)
	if b.sent() != 10 {
		t.Errorf("%d entries sent, want 10", b.sent())
	}
}

func TestARequestThatIsRefusedAsAWholeIsTakenApart(t *testing.T) {
	b := newBus(t, func(_ int, entries []entry) answer {
		for _, e := range entries {
			if e.Detail == detail(7) {
				return answer{status: http.StatusBadRequest, code: "ValidationException"}
			}
		}
		return answer{}
	})
	wantFailures(t, relay.NewPublisher(b.sender()).Publish(context.Background(), batch(20)), 7)
	for i := range 20 {
		if n := b.took(detail(i)); (i == 7) != (n == 0) || n > 1 {
			t.Errorf("event %d is on the bus %d times", i, n)
		}
	}
}

func TestAnOutageIsRiddenOut(t *testing.T) {
	b := newBus(t, func(request int, _ []entry) answer {
		if request < 2 {
			return answer{status: http.StatusInternalServerError, code: "InternalException"}
		}
		return answer{}
	})
	wantFailures(t, relay.NewPublisher(b.sender()).Publish(context.Background(), batch(10)))
}

func TestALostAnswerLosesNoEvent(t *testing.T) {
	b := newBus(t, func(request int, _ []entry) answer { return answer{lose: request == 0} })
	wantFailures(t, relay.NewPublisher(b.sender()).Publish(context.Background(), batch(10)))
	for i := range 10 {
		if n := b.took(detail(i)); n < 1 || n > 2 {
			t.Errorf("event %d is on the bus %d times, want 1 or 2", i, n)
		}
	}
}

func TestABusThatHangsIsReportedWithinTheDeadline(t *testing.T) {
	b := newBus(t, func(int, []entry) answer { return answer{hang: true} })
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	failures := relay.NewPublisher(b.sender()).Publish(ctx, batch(3))
	wantFailures(t, failures, 0, 1, 2)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %s", took)
	}
}

// stream delivers records as Lambda's stream poller does: a batch whose report
// names records is delivered again from the lowest one on, and after tries
// deliveries of one batch its first record goes to the dead letters.
func stream(p *relay.Publisher, records []lambdaevents.DynamoDBEventRecord, tries int) (dead []int, deliveries int) {
	for len(records) > 0 {
		stopped := 0
		for try := 1; ; try++ {
			deliveries++
			failures := p.Publish(context.Background(), records)
			if len(failures) == 0 {
				return dead, deliveries
			}
			lowest := slices.MinFunc(failures, func(a, b lambdaevents.DynamoDBBatchItemFailure) int {
				return strings.Compare(a.ItemIdentifier, b.ItemIdentifier)
			})
			stopped = slices.IndexFunc(records, func(r lambdaevents.DynamoDBEventRecord) bool {
				return r.Change.SequenceNumber == lowest.ItemIdentifier
			})
			if stopped > 0 {
				records, try = records[stopped:], 1
			}
			if try >= tries {
				break
			}
		}
		dead = append(dead, number(records[0].Change.SequenceNumber))
		records = records[1:]
	}
	return dead, deliveries
}

func TestAPoisonRecordHoldsUpNoNeighbour(t *testing.T) {
	huge := strings.Replace(detail(5), `"n":`, `"pad":"`+strings.Repeat("x", 256*1024)+`","n":`, 1)
	noText := record(5, "")
	noText.Change.NewImage["ev"] = lambdaevents.NewNumberAttribute("5")
	noDetail := record(5, "")
	delete(noDetail.Change.NewImage, "ev")
	cases := map[string]lambdaevents.DynamoDBEventRecord{
		"no detail at all":        noDetail,
		"a detail that is a num":  noText,
		"an empty detail":         record(5, ""),
		"not JSON":                record(5, `{"id":`),
		"JSON but no event":       record(5, `{"hello":"world"}`),
		"an id of the wrong type": record(5, `{"id":5,"type":"user.updated","account_id":"acc_1","recorded_at":"2026-11-22T09:00:00Z"}`),
		"larger than the bus":     record(5, huge),
	}
	for name, bad := range cases {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			b := newBus(t, nil)
			s := b.sender()
			s.Log = slog.New(slog.NewJSONHandler(&log, nil))
			p := relay.NewPublisher(s)
			records := batch(10)
			records[5] = bad

			ctx, line := logsafe.Begin(context.Background())
			wantFailures(t, p.Publish(ctx, records), 5)
			delayed := 0
			for i := range 10 {
				if i != 5 && b.took(detail(i)) == 0 {
					delayed++
				}
			}
			if line.Counts()[logsafe.Poison] != 1 || line.Counts()[logsafe.EventsSent] != 9 {
				t.Errorf("counts %v", line.Counts())
			}
			if !strings.Contains(log.String(), "poison record") || !strings.Contains(log.String(), "record-5") {
				t.Errorf("no line for the alarm in %s", log.String())
			}

			dead, deliveries := stream(p, records, 3)
			faulttest.Report(t, faulttest.Figure{
				Fault: 11, Did: "a record with " + name + " in a batch of 10", Bad: delayed + len(dead) - 1, Of: 10, What: "neighbours held up or given up",
				More: fmt.Sprintf("dead letter after %d deliveries", deliveries),
			})
			if delayed != 0 || !slices.Equal(dead, []int{5}) {
				t.Errorf("neighbours delayed %d, dead letters %v", delayed, dead)
			}
			for i := range 10 {
				if n := b.took(detail(i)); i != 5 && n != 1 {
					t.Errorf("event %d is on the bus %d times", i, n)
				}
			}

			records[5] = record(5, detail(5))
			wantFailures(t, p.Publish(context.Background(), records[5:6]))
			if n := b.took(detail(5)); n != 1 {
				t.Errorf("the mended record is on the bus %d times", n)
			}
		})
	}
}

func TestAnEventOfANewerVersionPassesThrough(t *testing.T) {
	b := newBus(t, nil)
	newer := `{"id":"evt_1","type":"seats.lent","account_id":"acc_1","recorded_at":"2027-01-01T00:00:00Z","data":{"new":true}}`
	wantFailures(t, relay.NewPublisher(b.sender()).Publish(context.Background(), []lambdaevents.DynamoDBEventRecord{record(1, newer)}))
	if b.took(newer) != 1 || b.requests[0][0].DetailType != "seats.lent" {
		t.Errorf("the bus has %+v", b.requests)
	}
}

func TestEverySampleCanBePublished(t *testing.T) {
	b := newBus(t, nil)
	var records []lambdaevents.DynamoDBEventRecord
	for i, e := range events.Samples() {
		d, err := events.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, record(i, string(d)))
	}
	wantFailures(t, relay.NewPublisher(b.sender()).Publish(context.Background(), records))
	for i, e := range slices.Concat(b.requests...) {
		if got, err := events.Decode([]byte(e.Detail)); err != nil || got.Type != e.DetailType {
			t.Errorf("sample %d: %v, %v", i, got.Type, err)
		}
	}
}

func TestRequestsStayWithinTheSizeOfARequest(t *testing.T) {
	b := newBus(t, nil)
	big := strings.Repeat("x", 100_000)
	entries := make([]relay.Entry, 5)
	for i := range entries {
		d, err := json.Marshal(map[string]any{"n": i, "pad": big})
		if err != nil {
			t.Fatal(err)
		}
		entries[i] = relay.Entry{DetailType: "t", Detail: string(d), Time: time.Unix(0, 0)}
	}
	if failed, err := b.sender().Send(context.Background(), entries); len(failed) != 0 || err != nil {
		t.Fatalf("failed %v, %v", failed, err)
	}
	for _, r := range b.requests {
		if len(r) > 2 {
			t.Errorf("%d entries of 100 kB in one request", len(r))
		}
	}
}

func TestTheLargestEntryFitsAndOneByteMoreDoesNot(t *testing.T) {
	const head = len("usher") + len("t") + 14
	for _, c := range []struct{ bytes, failed int }{{256*1024 - head, 0}, {256*1024 - head + 1, 1}} {
		b := newBus(t, nil)
		d := `"` + strings.Repeat("x", c.bytes-2) + `"`
		small := relay.Entry{DetailType: "t", Detail: "{}", Time: time.Unix(0, 0)}
		failed, _ := b.sender().Send(context.Background(), []relay.Entry{small, {DetailType: "t", Detail: d, Time: time.Unix(0, 0)}})
		if len(failed) != c.failed || b.took("{}") != 1 {
			t.Errorf("%d bytes: failed %v", c.bytes, failed)
		}
	}
}

func TestEveryRecordIsOnTheBusOrReported(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(rt, "records")
		fates := rapid.SliceOfN(rapid.SampledFrom([]string{"", "", "", "MalformedDetail", "poison"}), n, n).Draw(rt, "fates")
		b := newBus(t, func(int, []entry) answer {
			return answer{refuse: func(e entry) string {
				for i, fate := range fates {
					if e.Detail == detail(i) {
						return fate
					}
				}
				return ""
			}}
		})
		records := batch(n)
		want := []int{}
		for i, fate := range fates {
			if fate == "poison" {
				records[i] = record(i, "poison")
			}
			if fate != "" {
				want = append(want, i)
			}
		}
		got := numbers(relay.NewPublisher(b.sender()).Publish(context.Background(), records))
		if !slices.Equal(got, want) {
			rt.Fatalf("reported %v, want %v", got, want)
		}
		for i, fate := range fates {
			if taken := b.took(detail(i)); (fate == "") != (taken == 1) {
				rt.Fatalf("event %d (%q) is on the bus %d times", i, fate, taken)
			}
		}
	})
}
