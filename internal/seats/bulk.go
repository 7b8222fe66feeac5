package seats

import (
	"context"
	"time"
)

// claimLease is how long an unfinished command keeps others with its key out.
// After it the command is taken for dead and resumed: a little longer than an
// HTTP function may run.
const claimLease = 35 * time.Second

// bulk runs a command of several transactions. With a key it first claims the
// key; ids derive from the claim and the row, so that a retry after a crash finds
// what was written and goes on behind it. The answer is kept last.
func bulk[R any](ctx context.Context, s *Service, cmd command, once Once[[]R], rows, size int, allowed func(*turn) error, part func(cmd command, from, to int) ([]R, error)) (Reply[[]R], error) {
	var none Reply[[]R]
	first := cmd
	if once.Key != "" {
		// Whether the command goes on after an interruption decides what it may do.
		first.want.Receipt = string(cmd.account) + "#" + once.Key
	}
	t, err := s.read(ctx, first)
	if err != nil {
		return none, err
	}
	if t.answered() && t.Receipt.Done {
		answer, err := t.replay(cmd.may, t.Receipt, once.Request)
		return Reply[[]R]{Replayed: answer}, err
	}
	// Who may not do it leaves no claim behind.
	if err := allowed(t); err != nil {
		return none, err
	}
	claim := &Receipt{ClaimedAt: t.Wall, At: t.Now, Seed: t.Mint.Seed, Request: once.Request, ExpiresAt: t.Wall.Add(ReceiptTTL)}
	if once.Key != "" {
		claim.Key = string(cmd.account) + "#" + once.Key
		was, err := s.Store.ClaimReceipt(ctx, claim)
		if err != nil {
			return none, err
		}
		if was != nil {
			if was.Done || was.Request != once.Request || t.Wall.Before(was.ClaimedAt.Add(claimLease)) {
				answer, err := t.replay(cmd.may, was, once.Request)
				return Reply[[]R]{Replayed: answer}, err
			}
			claim = was
		}
	}
	// Behind the ids of all rows stands that of a purchase on the way.
	cmd.purchase = &Minter{At: claim.At, Wall: claim.ClaimedAt, Seed: claim.Seed, n: uint64(3 * rows)}
	results := make([]R, 0, rows)
	for from := 0; from < rows; from += size {
		to := min(from+size, rows)
		cmd.mint = &Minter{At: claim.At, Wall: claim.ClaimedAt, Seed: claim.Seed, n: uint64(3 * from)}
		got, err := part(cmd, from, to)
		if err != nil {
			return none, err
		}
		results = append(results, got...)
	}
	if once.Key != "" {
		if claim.Answer, err = once.Encode(results); err != nil {
			return none, err
		}
		claim.Done = true
		if err := s.Store.FinishReceipt(ctx, claim); err != nil {
			return none, err
		}
	}
	return Reply[[]R]{Result: results}, nil
}

// onceAs makes an idempotency key for rows of one kind of one for another.
func onceAs[A, B any](once Once[B], as func(A) B) Once[A] {
	return Once[A]{Key: once.Key, Request: once.Request, Encode: func(a A) ([]byte, error) { return once.Encode(as(a)) }}
}

// replyAs makes a reply of one kind of another.
func replyAs[A, B any](reply Reply[A], as func(A) B) Reply[B] {
	if reply.Replayed != nil {
		return Reply[B]{Replayed: reply.Replayed}
	}
	return Reply[B]{Result: as(reply.Result)}
}
