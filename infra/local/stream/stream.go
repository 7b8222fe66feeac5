// Package stream hands a table's stream to a function, as Lambda's event source mapping does.
//
// A Source reads the stream of a table in DynamoDB Local, drops what its filters do not match, and invokes the function with
// batches in the order of the stream. A batch that fails blocks the ones after it while it is tried again: from the first item
// that the function reports, cut in halves where the mapping bisects, until its retries or its age are used up; then its
// position goes to the on-failure destination and the stream goes on.
//
// A stream of DynamoDB Local ends with its process. So before a stop ReadRest takes what was not read yet, Snapshot keeps what
// was not handled yet, and after the next start SkipToEnd passes over the records that restoring the items has made.
package stream

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/usher-seats/usher/infra/local/dynamo/tables"
	"github.com/usher-seats/usher/infra/local/lambda"
	"github.com/usher-seats/usher/infra/local/pattern"
	"github.com/usher-seats/usher/infra/local/queue"
	"github.com/usher-seats/usher/infra/local/sam"
)

const (
	// DefaultPoll is how often a quiet stream is read. Lambda reads four times a second; people watch this one.
	DefaultPoll = 100 * time.Millisecond
	// maxBuffer is how many records are read ahead of the function.
	maxBuffer = 2000
)

// Invoker is a function; *lambda.Function is one.
type Invoker interface {
	Invoke(ctx context.Context, payload []byte) (lambda.Result, error)
}

// Reader is a table's stream. Records of one call are in order, and come after those of the call before.
type Reader interface {
	Read(ctx context.Context) ([]json.RawMessage, error)
}

// Options describe a source. Reader, Mapping and Function are required.
type Options struct {
	Reader   Reader
	Mapping  *sam.StreamSource
	Function Invoker
	// FunctionARN is told to the on-failure destination.
	FunctionARN string
	// OnFailure gets what was given up; nil drops it.
	OnFailure func(body []byte)
	// RetryAfter is the wait after the n-th failure of a batch; nil means from one second up to half a minute.
	RetryAfter func(n int) time.Duration
	// Poll replaces DefaultPoll.
	Poll time.Duration
}

// Stats tell how far a source is.
type Stats struct {
	// Waiting is how many records were read and not handled yet.
	Waiting                int
	Handled, Retries, Lost int
	LastError              string
}

// Source reads a stream. Start it with Start and end it with Stop.
type Source struct {
	options Options
	filters []*pattern.Pattern
	cancel  context.CancelFunc
	done    sync.WaitGroup
	more    chan struct{} // holds a value when there may be records
	room    chan struct{} // holds a value when the buffer may have room

	mu        sync.Mutex
	buffer    []json.RawMessage // the oldest first; a batch in work is still in it
	stats     Stats
	duplicate int
	quietAt   time.Time // begin of the last read that found nothing
}

// New compiles the filters.
func New(o Options) (*Source, error) {
	o.Poll = cmp.Or(o.Poll, DefaultPoll)
	if o.RetryAfter == nil {
		o.RetryAfter = queue.Backoff(time.Second, 30*time.Second)
	}
	s := &Source{options: o, more: make(chan struct{}, 1), room: make(chan struct{}, 1)}
	for _, f := range o.Mapping.Filters {
		p, err := pattern.Compile(f)
		if err != nil {
			return nil, fmt.Errorf("stream: line %d: %w", o.Mapping.Line, err)
		}
		s.filters = append(s.filters, p)
	}
	return s, nil
}

// Start reads and delivers until Stop.
func (s *Source) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.done.Go(func() { s.read(ctx) })
	s.done.Go(func() { s.deliver(ctx) })
}

// Stop waits for the batch in work and ends. What is left is in the snapshot.
func (s *Source) Stop() {
	if s.cancel != nil {
		s.cancel()
	}
	s.done.Wait()
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// read fills the buffer.
func (s *Source) read(ctx context.Context) {
	tick := time.NewTicker(s.options.Poll)
	defer tick.Stop()
	for {
		begin := time.Now()
		n, err := s.readOnce(ctx)
		s.mu.Lock()
		if err != nil && ctx.Err() == nil {
			s.stats.LastError = err.Error()
		}
		if err == nil && n == 0 {
			s.quietAt = begin
		}
		full := len(s.buffer) >= maxBuffer
		s.mu.Unlock()
		switch {
		case full:
			select {
			case <-s.room:
			case <-ctx.Done():
				return
			}
		case n > 0 && ctx.Err() == nil: // there may be more
		default:
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}
}

// readOnce reads what is there and keeps what the filters match.
func (s *Source) readOnce(ctx context.Context) (int, error) {
	records, err := s.options.Reader.Read(ctx)
	if len(records) > 0 {
		kept := slices.DeleteFunc(slices.Clone(records), func(r json.RawMessage) bool { return !s.wanted(r) })
		s.mu.Lock()
		s.buffer = append(s.buffer, kept...)
		s.mu.Unlock()
		signal(s.more)
	}
	return len(records), err
}

func (s *Source) wanted(r json.RawMessage) bool {
	return len(s.filters) == 0 || slices.ContainsFunc(s.filters, func(p *pattern.Pattern) bool { return p.Match(r) })
}

// SkipToEnd passes over everything that is in the stream. Nobody may write meanwhile, and it comes before Start.
func (s *Source) SkipToEnd(ctx context.Context) error { return s.drain(ctx, false) }

// ReadRest reads the stream to its end into the buffer. Nobody may write any more, and it comes after Stop.
func (s *Source) ReadRest(ctx context.Context) error { return s.drain(ctx, true) }

func (s *Source) drain(ctx context.Context, keep bool) error {
	for {
		records, err := s.options.Reader.Read(ctx)
		if err != nil || len(records) == 0 {
			return err
		}
		if keep {
			s.mu.Lock()
			s.buffer = append(s.buffer, slices.DeleteFunc(records, func(r json.RawMessage) bool { return !s.wanted(r) })...)
			s.mu.Unlock()
		}
	}
}

// Quiet tells whether nothing waits and a read that began after since has found nothing.
func (s *Source) Quiet(since time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.buffer) == 0 && s.quietAt.After(since)
}

// Stats tell how far the source is.
func (s *Source) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stats
	out.Waiting = len(s.buffer)
	return out
}

// SetDuplicates delivers each batch so many times more after it was handled.
func (s *Source) SetDuplicates(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.duplicate = n
}

// Snapshot returns the records that were not handled yet.
func (s *Source) Snapshot() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return json.Marshal(append([]json.RawMessage{}, s.buffer...))
}

// Restore puts the records of a snapshot in front.
func (s *Source) Restore(saved []byte) error {
	var list []json.RawMessage
	if err := json.Unmarshal(saved, &list); err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	s.mu.Lock()
	s.buffer = append(list, s.buffer...)
	s.mu.Unlock()
	signal(s.more)
	return nil
}

// TableReader reads the stream of a table in DynamoDB Local.
type TableReader struct {
	Client *tables.Client
	Table  string

	arn    string
	shards []*shard
}

type shard struct {
	id, parent string
	iterator   string
	started    bool
	ended      bool
}

// shardLimit is the most records that one read returns.
const shardLimit = 1000

// Read reads each open shard once, a shard only after its parent has ended.
func (r *TableReader) Read(ctx context.Context) ([]json.RawMessage, error) {
	if r.arn == "" || r.allEnded() {
		if err := r.describe(ctx); err != nil {
			return nil, err
		}
	}
	var out []json.RawMessage
	for _, s := range r.shards {
		if s.ended || !r.parentEnded(s) {
			continue
		}
		records, err := r.readShard(ctx, s)
		out = append(out, records...)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

func (r *TableReader) allEnded() bool {
	return !slices.ContainsFunc(r.shards, func(s *shard) bool { return !s.ended })
}

func (r *TableReader) parentEnded(s *shard) bool {
	return !slices.ContainsFunc(r.shards, func(p *shard) bool { return p.id == s.parent && !p.ended })
}

// describe finds the stream and its shards.
func (r *TableReader) describe(ctx context.Context) error {
	if r.arn == "" {
		var table struct {
			Table struct{ LatestStreamArn string }
		}
		if err := r.Client.Call(ctx, "DescribeTable", map[string]string{"TableName": r.Table}, &table); err != nil {
			return err
		}
		if table.Table.LatestStreamArn == "" {
			return fmt.Errorf("stream: the table %s has no stream", r.Table)
		}
		r.arn = table.Table.LatestStreamArn
	}
	in := map[string]any{"StreamArn": r.arn, "Limit": 100}
	for {
		var out struct {
			StreamDescription struct {
				Shards []struct {
					ShardID       string `json:"ShardId"`
					ParentShardID string `json:"ParentShardId"`
				}
				LastEvaluatedShardID string `json:"LastEvaluatedShardId"`
			}
		}
		if err := r.Client.Call(ctx, "Streams.DescribeStream", in, &out); err != nil {
			return err
		}
		for _, found := range out.StreamDescription.Shards {
			if !slices.ContainsFunc(r.shards, func(s *shard) bool { return s.id == found.ShardID }) {
				r.shards = append(r.shards, &shard{id: found.ShardID, parent: found.ParentShardID})
			}
		}
		if out.StreamDescription.LastEvaluatedShardID == "" {
			return nil
		}
		in["ExclusiveStartShardId"] = out.StreamDescription.LastEvaluatedShardID
	}
}

func (r *TableReader) readShard(ctx context.Context, s *shard) ([]json.RawMessage, error) {
	if !s.started {
		var out struct{ ShardIterator string }
		in := map[string]string{"StreamArn": r.arn, "ShardId": s.id, "ShardIteratorType": "TRIM_HORIZON"}
		if err := r.Client.Call(ctx, "Streams.GetShardIterator", in, &out); err != nil {
			return nil, err
		}
		s.iterator, s.started = out.ShardIterator, true
	}
	var out struct {
		Records           []json.RawMessage
		NextShardIterator string
	}
	if err := r.Client.Call(ctx, "Streams.GetRecords", map[string]any{"ShardIterator": s.iterator, "Limit": shardLimit}, &out); err != nil {
		return nil, err
	}
	s.iterator, s.ended = out.NextShardIterator, out.NextShardIterator == ""
	return out.Records, nil
}
