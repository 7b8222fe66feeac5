package story

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// MoveClocks moves the clock of a test account, or of all of them where account is
// empty, forward to an instant, closing what falls due on the way. A zero instant
// is each account's next boundary.
func MoveClocks(ctx context.Context, stack Stack, account string, to time.Time, out io.Writer) error {
	p := &player{Play: Play{World: stack, Out: out}, sessions: map[string]Session{}}
	accounts, err := listAccounts(ctx, p.operate)
	if err != nil {
		return err
	}
	moved := 0
	for _, a := range accounts {
		if !a.Test || account != "" && a.ID != account {
			continue
		}
		target := to
		if target.IsZero() && a.NextDue != nil {
			target = *a.NextDue
		}
		if target.Before(a.Clock) {
			return fmt.Errorf("the clock of %s stands at %s and only moves forward", a.Name, a.Clock.Format(time.RFC3339))
		}
		if err := advance(ctx, p.operate, a.ID, target); err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
		p.say("The clock of %s moves to %s.", a.Name, target.UTC().Format("2 January 2006, 15:04 UTC"))
		moved++
	}
	if moved == 0 {
		return fmt.Errorf("there is no test account %s; the page lists them", account)
	}
	return nil
}

// listed is an account as the operator lists it.
type listed struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Test    bool       `json:"test"`
	Clock   time.Time  `json:"clock"`
	NextDue *time.Time `json:"next_due"`
}

// listAccounts is the first hundred accounts, the oldest first: more than a stack
// on one machine has.
func listAccounts(ctx context.Context, operate func(context.Context, string, string, any, any) error) ([]listed, error) {
	var list struct {
		Items []listed `json:"items"`
	}
	err := operate(ctx, http.MethodGet, "/v1/operator/accounts?limit=100", nil, &list)
	return list.Items, err
}
