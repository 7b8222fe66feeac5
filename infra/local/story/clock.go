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
	operator, err := stack.signIn(ctx, stack.Operator)
	if err != nil {
		return err
	}
	var list struct {
		Items []struct {
			ID      string     `json:"id"`
			Name    string     `json:"name"`
			Test    bool       `json:"test"`
			Clock   time.Time  `json:"clock"`
			NextDue *time.Time `json:"next_due"`
		} `json:"items"`
	}
	if err := operator.call(ctx, http.MethodGet, "/v1/operator/accounts?limit=100", nil, &list); err != nil {
		return err
	}
	moved := 0
	for _, a := range list.Items {
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
		p := &player{stack: stack, out: out, operator: operator, account: a.ID}
		p.chapter(a.Name)
		if err := p.clock(ctx, target); err != nil {
			return err
		}
		moved++
	}
	if moved == 0 {
		return fmt.Errorf("there is no test account %s; the page lists them", account)
	}
	return nil
}
