package logsafe

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
)

// Names of counts that become metrics. The dashboard and the alarms use them.
const (
	Conflicts      = "Conflicts"      // transaction conflicts met, retried or not
	Parked         = "Parked"         // accounts parked
	Closed         = "Closed"         // periods closed
	MailsSent      = "MailsSent"      // mails that the provider accepted
	MailsFailed    = "MailsFailed"    // mails that will be tried again
	EventsSent     = "EventsSent"     // ledger events put on the bus
	EventsFailed   = "EventsFailed"   // ledger events left for another try
	Poison         = "Poison"         // records that can never be processed
	Expired        = "Expired"        // invitations expired
	InternalErrors = "InternalErrors" // answers with code "internal"
)

// Line collects the fields of an invocation's one log line. All methods are safe
// for concurrent use and do nothing on a nil Line.
type Line struct {
	mu     sync.Mutex
	fields map[string]slog.Attr
	counts map[string]int64
}

type lineKey struct{}

// Begin returns a context that carries a new line.
func Begin(ctx context.Context) (context.Context, *Line) {
	l := &Line{fields: map[string]slog.Attr{}, counts: map[string]int64{}}
	return context.WithValue(ctx, lineKey{}, l), l
}

// From returns the context's line, or nil where nobody began one.
func From(ctx context.Context) *Line {
	l, _ := ctx.Value(lineKey{}).(*Line)
	return l
}

// Set sets fields of the context's line; the last value of a key stays.
func Set(ctx context.Context, attrs ...slog.Attr) { From(ctx).Set(attrs...) }

// Count adds n to a count of the context's line.
func Count(ctx context.Context, name string, n int64) { From(ctx).Count(name, n) }

// Set sets fields; the last value of a key stays.
func (l *Line) Set(attrs ...slog.Attr) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range attrs {
		l.fields[a.Key] = a
	}
}

// Count adds n to a count.
func (l *Line) Count(name string, n int64) {
	if l == nil || n == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[name] += n
}

// Counts returns a copy of the counts.
func (l *Line) Counts() map[string]int64 {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.counts)
}

// Write logs the line: fields first, then counts, each in the order of their
// names, so that two lines of one kind look alike.
func (l *Line) Write(ctx context.Context, log *slog.Logger, level slog.Level, message string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	attrs := make([]slog.Attr, 0, len(l.fields)+len(l.counts))
	for _, k := range slices.Sorted(maps.Keys(l.fields)) {
		attrs = append(attrs, l.fields[k])
	}
	for _, k := range slices.Sorted(maps.Keys(l.counts)) {
		attrs = append(attrs, slog.Int64(k, l.counts[k]))
	}
	l.mu.Unlock()
	log.LogAttrs(ctx, level, message, attrs...)
}
