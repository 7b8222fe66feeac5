package stream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usher-seats/usher/infra/local/dynamo/dynamotest"
	"github.com/usher-seats/usher/infra/local/dynamo/tables"
	"github.com/usher-seats/usher/infra/local/lambda"
	"github.com/usher-seats/usher/infra/local/sam"
	"github.com/usher-seats/usher/infra/local/stream"
)

// source is a stream in memory.
type source struct {
	mu      sync.Mutex
	records []json.RawMessage
}

func (s *source) Read(context.Context) ([]json.RawMessage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.records
	s.records = nil
	return out, nil
}

func (s *source) add(ids ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		s.records = append(s.records, json.RawMessage(fmt.Sprintf(
			`{"eventName":"INSERT","dynamodb":{"SequenceNumber":"%d","ApproximateCreationDateTime":%d,"Keys":{"pk":{"S":"E#%d"}}}}`, id, time.Now().Unix(), id)))
	}
}

// function records its batches and fails those with bad records.
type function struct {
	mu      sync.Mutex
	batches []string
	times   []time.Time
	bad     map[string]bool
	report  bool
	arns    map[string]bool
}

func (f *function) Invoke(_ context.Context, payload []byte) (lambda.Result, error) {
	var e struct {
		Records []struct {
			EventSourceARN string
			DynamoDB       struct{ SequenceNumber string }
		}
	}
	if err := json.Unmarshal(payload, &e); err != nil {
		return lambda.Result{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var ids, failed []string
	for _, r := range e.Records {
		ids = append(ids, r.DynamoDB.SequenceNumber)
		if f.bad[r.DynamoDB.SequenceNumber] {
			failed = append(failed, fmt.Sprintf(`{"itemIdentifier":%q}`, r.DynamoDB.SequenceNumber))
		}
		if f.arns == nil {
			f.arns = map[string]bool{}
		}
		f.arns[r.EventSourceARN] = true
	}
	f.batches = append(f.batches, strings.Join(ids, " "))
	f.times = append(f.times, time.Now())
	switch {
	case len(failed) == 0:
		return lambda.Result{Payload: []byte(`{"batchItemFailures":[]}`)}, nil
	case f.report:
		return lambda.Result{Payload: []byte(`{"batchItemFailures":[` + strings.Join(failed, ",") + `]}`)}, nil
	}
	return lambda.Result{FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"bad record"}`)}, nil
}

func start(t *testing.T, o stream.Options) *stream.Source {
	t.Helper()
	s, err := stream.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	return s
}

func mapping(change func(*sam.StreamSource)) *sam.StreamSource {
	m := &sam.StreamSource{BatchSize: 4, MaxRetries: 2, StreamARN: "arn:stream"}
	if change != nil {
		change(m)
	}
	return m
}

func pass(d time.Duration) { <-time.After(d) }

func TestFailuresAreWorkedOffAsByLambda(t *testing.T) {
	for _, tt := range []struct {
		name   string
		bad    []string
		report bool
		change func(*sam.StreamSource)
		want   []string // batches
		lost   int
		given  []string // start-end of what was given up
	}{
		{"all is well", nil, false, nil, []string{"1 2 3 4", "5 6"}, 0, nil},
		{
			"a batch is tried again and given up", []string{"2"}, false, nil,
			[]string{"1 2 3 4", "1 2 3 4", "1 2 3 4", "5 6"}, 4, []string{"1-4"},
		},
		{
			"bisecting finds the bad record", []string{"2"}, false, func(m *sam.StreamSource) { m.Bisect = true },
			[]string{"1 2 3 4", "1 2", "1", "2", "2", "2", "3 4", "5 6"}, 1, []string{"2-2"},
		},
		{
			"a report goes on from the first failure", []string{"3"}, true, func(m *sam.StreamSource) { m.ReportItemFailures = true },
			[]string{"1 2 3 4", "3 4", "3 4", "3 4", "5 6"}, 2, []string{"3-4"},
		},
		{
			"a report and bisecting lose the bad record alone", []string{"3"}, true,
			func(m *sam.StreamSource) { m.ReportItemFailures, m.Bisect = true, true },
			[]string{"1 2 3 4", "3 4", "3", "3", "3", "4", "5 6"}, 1, []string{"3-3"},
		},
		{
			"an age ends the retries", []string{"1"}, false,
			func(m *sam.StreamSource) { m.MaxRetries, m.MaxAge = -1, 90*time.Second },
			[]string{"1 2 3 4", "1 2 3 4", "1 2 3 4", "5 6"}, 4, []string{"1-4"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := &source{}
				in.add(1, 2, 3, 4, 5, 6)
				f := &function{bad: map[string]bool{}, report: tt.report}
				for _, id := range tt.bad {
					f.bad[id] = true
				}
				var given []string
				s := start(t, stream.Options{
					Reader: in, Mapping: mapping(tt.change), Function: f, FunctionARN: "arn:function",
					RetryAfter: func(int) time.Duration { return time.Minute },
					OnFailure: func(body []byte) {
						var m struct {
							DDBStreamBatchInfo struct {
								StartSequenceNumber, EndSequenceNumber, StreamArn string
								BatchSize                                         int
							}
							RequestContext struct{ Condition, FunctionArn string }
						}
						if err := json.Unmarshal(body, &m); err != nil || m.RequestContext.FunctionArn != "arn:function" || m.DDBStreamBatchInfo.StreamArn != "arn:stream" {
							t.Errorf("%s: %v", body, err)
						}
						given = append(given, m.DDBStreamBatchInfo.StartSequenceNumber+"-"+m.DDBStreamBatchInfo.EndSequenceNumber)
					},
				})
				pass(time.Hour)
				s.Stop()
				if !slices.Equal(f.batches, tt.want) {
					t.Errorf("batches\n got %q\nwant %q", f.batches, tt.want)
				}
				st := s.Stats()
				if st.Lost != tt.lost || st.Waiting != 0 || st.Handled != 6-tt.lost || !slices.Equal(given, tt.given) {
					t.Errorf("%+v, given up %q; want %d lost, %q", st, given, tt.lost, tt.given)
				}
				if !f.arns["arn:stream"] || len(f.arns) != 1 {
					t.Errorf("source ARNs %v", f.arns)
				}
			})
		})
	}
}

func TestFiltersAndTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := &source{}
		f := &function{}
		s := start(t, stream.Options{Reader: in, Function: f, Mapping: mapping(func(m *sam.StreamSource) {
			m.Window = 10 * time.Second
			m.Filters = sam.Filters{`{"dynamodb":{"Keys":{"pk":{"S":[{"anything-but":"E#2"}]}}}}`}
		})})
		in.add(1, 2, 3)
		pass(5 * time.Second)
		in.add(4)
		pass(time.Minute)
		in.add(5, 6, 7, 8)
		pass(time.Second)
		s.Stop()
		if want := []string{"1 3 4", "5 6 7 8"}; !slices.Equal(f.batches, want) {
			t.Errorf("batches %q, want %q", f.batches, want)
		}
	})
}

func TestWhatWasNotHandledSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := &source{}
		f := &function{bad: map[string]bool{"2": true}, report: true}
		change := func(m *sam.StreamSource) { m.ReportItemFailures, m.MaxRetries = true, -1 }
		s := start(t, stream.Options{Reader: in, Function: f, Mapping: mapping(change)})
		in.add(1, 2, 3)
		pass(10 * time.Second)
		s.Stop()
		in.add(4)
		if err := s.ReadRest(t.Context()); err != nil {
			t.Fatal(err)
		}
		saved, err := s.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		in.add(2, 3, 4) // made by restoring the items
		f2 := &function{}
		again, err := stream.New(stream.Options{Reader: in, Function: f2, Mapping: mapping(change)})
		if err != nil {
			t.Fatal(err)
		}
		if err := again.SkipToEnd(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := again.Restore(saved); err != nil {
			t.Fatal(err)
		}
		in.add(5)
		again.Start()
		begin := time.Now()
		pass(time.Second)
		quiet := again.Quiet(begin)
		again.Stop()
		if got := strings.Join(f2.batches, " "); got != "2 3 4 5" || !quiet {
			t.Errorf("after the restart %q, quiet %t", f2.batches, quiet)
		}
		if first := f.batches[0]; first != "1 2 3" {
			t.Errorf("before it %q", f.batches)
		}
	})
}

func TestDuplicates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := &source{}
		f := &function{}
		s := start(t, stream.Options{Reader: in, Function: f, Mapping: mapping(nil)})
		s.SetDuplicates(2)
		in.add(1)
		pass(time.Second)
		s.Stop()
		if want := []string{"1", "1", "1"}; !slices.Equal(f.batches, want) {
			t.Errorf("batches %q, want %q", f.batches, want)
		}
	})
}

func TestATableOfDynamoDBLocalIsReadInOrderWithItsImages(t *testing.T) {
	c := dynamotest.Client(t)
	table := &sam.Table{
		Name: "rooms", Attributes: []sam.Attribute{{Name: "pk", Type: "S"}}, Key: []sam.KeyPart{{Name: "pk", Kind: "HASH"}}, StreamView: "NEW_IMAGE",
	}
	if err := tables.Create(t.Context(), c, []*sam.Table{table}); err != nil {
		t.Fatal(err)
	}
	put := func(ids ...int) {
		for _, id := range ids {
			item := map[string]any{"TableName": "rooms", "Item": map[string]any{"pk": map[string]string{"S": fmt.Sprintf("E#%d", id)}, "n": map[string]string{"N": "1"}}}
			if err := c.Call(t.Context(), "PutItem", item, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(1, 2)
	reader := &stream.TableReader{Client: c, Table: "rooms"}
	var got []string
	collect := func(want int) {
		t.Helper()
		for len(got) < want {
			if t.Context().Err() != nil {
				t.Fatal(t.Context().Err())
			}
			records, err := reader.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range records {
				var e struct {
					EventName string
					DynamoDB  struct {
						NewImage                    map[string]map[string]string
						Keys                        map[string]map[string]string
						SequenceNumber              string
						ApproximateCreationDateTime float64
					}
				}
				if err := json.Unmarshal(r, &e); err != nil {
					t.Fatal(err)
				}
				if e.EventName != "INSERT" || e.DynamoDB.NewImage["n"]["N"] != "1" || e.DynamoDB.SequenceNumber == "" || e.DynamoDB.ApproximateCreationDateTime == 0 {
					t.Errorf("record %s", r)
				}
				got = append(got, e.DynamoDB.Keys["pk"]["S"])
			}
		}
	}
	collect(2)
	put(3)
	collect(3)
	if want := []string{"E#1", "E#2", "E#3"}; !slices.Equal(got, want) {
		t.Errorf("records %q, want %q", got, want)
	}
	if _, err := (&stream.TableReader{Client: c, Table: "none"}).Read(t.Context()); err == nil {
		t.Error("the stream of a table that is not there was read")
	}
}
