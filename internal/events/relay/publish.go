package relay

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/logsafe"
)

// maxRemembered bounds the records that a Publisher remembers as sent: the
// largest batch that a stream can deliver is 10,000, ours are far smaller.
const maxRemembered = 10_000

// Publisher puts the ledger items of a table's stream on the bus.
//
// A record that cannot be put there is reported by its sequence number. Lambda
// goes on at the lowest one reported and so delivers the records behind it again;
// a Publisher remembers which of them are on the bus already and does not send
// them twice, as long as its process lives. A new process does: delivery is at
// least once.
//
// A record that can never be published (no detail, not JSON, too large) holds up
// nobody: its neighbours are sent in the same call, and it is reported until the
// trigger gives it up to its dead letters.
type Publisher struct {
	sender Sender

	mu   sync.Mutex
	sent map[string]bool
}

// NewPublisher returns a publisher to the bus.
func NewPublisher(s Sender) *Publisher {
	return &Publisher{sender: s, sent: map[string]bool{}}
}

// Publish sends the records and returns those that are not on the bus, in the
// order of the stream.
func (p *Publisher) Publish(ctx context.Context, records []lambdaevents.DynamoDBEventRecord) []lambdaevents.DynamoDBBatchItemFailure {
	var (
		entries  []Entry
		places   []int // of entries in records
		unsent   []int
		poisoned int64
	)
	for i, r := range records {
		if p.knows(r.Change.SequenceNumber) {
			continue
		}
		e, err := entryOf(r.Change)
		if err != nil {
			p.sender.Log.ErrorContext(ctx, "poison record", "err", err, "sequence_number", r.Change.SequenceNumber, "event_id", r.EventID)
			unsent, poisoned = append(unsent, i), poisoned+1
			continue
		}
		entries, places = append(entries, e), append(places, i)
	}
	failed, err := p.sender.Send(ctx, entries)
	if err != nil {
		p.sender.Log.ErrorContext(ctx, "not all on the bus", "err", err, "failed", len(failed), "of", len(entries))
	}
	for _, i := range failed {
		unsent = append(unsent, places[i])
	}
	p.remember(records, unsent)
	logsafe.Count(ctx, logsafe.EventsSent, int64(len(entries)-len(failed)))
	logsafe.Count(ctx, logsafe.EventsFailed, int64(len(failed)))
	logsafe.Count(ctx, logsafe.Poison, poisoned)
	logsafe.Set(ctx, slog.Int("records", len(records)))

	out := make([]lambdaevents.DynamoDBBatchItemFailure, 0, len(unsent))
	for _, i := range sorted(unsent) {
		out = append(out, lambdaevents.DynamoDBBatchItemFailure{ItemIdentifier: records[i].Change.SequenceNumber})
	}
	return out
}

func (p *Publisher) knows(sequence string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent[sequence]
}

// remember keeps what was sent of a batch that will come again, and nothing of
// one that will not.
func (p *Publisher) remember(records []lambdaevents.DynamoDBEventRecord, unsent []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(unsent) == 0 || len(p.sent)+len(records) > maxRemembered {
		clear(p.sent)
	}
	if len(unsent) == 0 {
		return
	}
	for i, r := range records {
		if !slices.Contains(unsent, i) {
			p.sent[r.Change.SequenceNumber] = true
		}
	}
}

// entryOf reads of a ledger item only what the bus needs, so that an event of a
// type that is newer than this code goes through.
func entryOf(change lambdaevents.DynamoDBStreamRecord) (Entry, error) {
	attribute, ok := change.NewImage[events.DetailAttribute]
	if !ok || attribute.DataType() != lambdaevents.DataTypeString {
		return Entry{}, malformed("the item has no text %q", events.DetailAttribute)
	}
	var packed []byte
	if users, ok := change.NewImage[events.PackedAttribute]; ok {
		if users.DataType() != lambdaevents.DataTypeBinary {
			return Entry{}, malformed("the item's %q is not binary", events.PackedAttribute)
		}
		packed = users.Binary()
	}
	whole, err := events.Unpack([]byte(attribute.String()), packed)
	if err != nil {
		return Entry{}, err
	}
	detail := string(whole)
	var head struct {
		ID         string    `json:"id"`
		Type       string    `json:"type"`
		Account    string    `json:"account_id"`
		RecordedAt time.Time `json:"recorded_at"`
	}
	if err := json.Unmarshal([]byte(detail), &head); err != nil {
		return Entry{}, malformed("the detail is not an event's JSON")
	}
	if head.ID == "" || head.Type == "" || head.Account == "" || head.RecordedAt.IsZero() {
		return Entry{}, malformed("the detail lacks id, type, account_id or recorded_at")
	}
	e := Entry{DetailType: head.Type, Detail: detail, Time: head.RecordedAt}
	if e.bytes() > maxRequestBytes {
		return Entry{}, malformed("the event has %d bytes, at most %d", e.bytes(), maxRequestBytes)
	}
	return e, nil
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", events.ErrMalformed, fmt.Sprintf(format, args...))
}

func sorted(places []int) []int {
	slices.Sort(places)
	return places
}
