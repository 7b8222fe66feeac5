// Package budget runs the use cases on a real database, one after the other, and
// measures what each costs. Its test holds them against the budgets; the command
// cost prints the table.
package budget

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/store"
	"github.com/usher-seats/usher/internal/store/capacity"
)

// Row is what one operation cost.
type Row struct {
	Operation string
	// For is how many people it was for; 1 where it is not for many at once.
	For int
	// WriteUnits are those of the tables, IndexUnits those of the index.
	WriteUnits, IndexUnits int
	// HalfReads are half read units: a consistent read of up to 4 KB is two of them.
	HalfReads int
}

// Prices of capacity on demand in us-east-1, in hundred-thousandths of a dollar for
// a million units, as published on 22 November 2026: $0.625 for a million write
// units, $0.125 for a million read units.
const (
	writePrice    = 62_500
	halfReadPrice = 6_250
)

// Price is what a million of these operations cost for one person, in
// hundred-thousandths of a dollar, rounded half up.
func (r Row) Price() int {
	total := (r.WriteUnits+r.IndexUnits)*writePrice + r.HalfReads*halfReadPrice
	return (2*total + r.For) / (2 * r.For)
}

// bench is an account on the database with the use cases over it.
type bench struct {
	ctx context.Context
	// svc is measured; quiet prepares what is measured, without counting.
	svc, quiet *seats.Service
	wall       time.Time
	account    seats.AccountID
	sub        seats.SubscriptionID
	owner      seats.Caller
	key        int
	people     int
	now        Row
	rows       []Row
}

// Result is what a run measured.
type Result struct {
	Rows []Row
	// Largest is the size in bytes of the largest item of each kind.
	Largest map[string]int
}

// Run runs every operation once, in an empty database.
func Run(ctx context.Context, api store.API, opts store.Options) (Result, error) {
	b := &bench{ctx: ctx, wall: time.Now().UTC()}
	// However slow the machine is, what is remembered of plans is the same.
	opts.Now = func() time.Time { return b.wall }
	meter := capacity.New(api)
	opts.Meter = func(_ context.Context, u store.Usage) {
		b.now.WriteUnits += int(u.WriteUnits)
		b.now.IndexUnits += int(u.IndexUnits)
		b.now.HalfReads += int(2 * u.ReadUnits)
	}
	b.svc = b.service(store.New(meter, opts))
	opts.Meter = nil
	b.quiet = b.service(store.New(api, opts))
	for _, part := range []func(*bench) error{opening, inviting, adding, licensing, people, seatChanges, planChanges, closing, reading} {
		if err := part(b); err != nil {
			return Result{}, err
		}
	}
	return Result{b.rows, meter.Largest}, nil
}

func (b *bench) service(st *store.Store) *seats.Service {
	svc := seats.New(st, st.InvitationKey)
	svc.Wall = func() time.Time { return b.wall }
	svc.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	return svc
}

// measure runs an operation and keeps what it cost.
func (b *bench) measure(operation string, people int, run func() error) error {
	b.now = Row{Operation: operation, For: people}
	if err := run(); err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	b.rows = append(b.rows, b.now)
	return nil
}

// once is a fresh key, with an answer like the API's.
func once[R any](b *bench, answer string) seats.Once[R] {
	b.key++
	return seats.Once[R]{
		Key: fmt.Sprintf("8f14e45f-ceea-467f-a8d0-%012d", b.key), Request: [32]byte{byte(b.key)},
		Encode: func(R) ([]byte, error) { return []byte(answer), nil },
	}
}

// answer is about what the API answers to a command about one user.
const answer = `{"id":"usr_06c4b1yk2g0qm8v3n5t7w9xb1c","email":"ada@example.com","first_name":"Ada","last_name":"Example","role":"member",` +
	`"status":"active","licenses":[{"subscription_id":"sub_06c4b1yk2g0qm8v3n5t7w9xd3e_valuation","since":"2026-11-22T09:00:00Z"}]}`

func none[R any]() seats.Once[R] { return seats.Once[R]{} }
