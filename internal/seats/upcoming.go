package seats

import (
	"context"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// Upcoming is the account's next invoice if nothing else happens until then, and when
// it will be issued: that of a day whose changes are settled, or that of the next
// period's end; nil where neither bills anything. It is the close itself, computed and
// thrown away, so it has no number.
func (s *Service) Upcoming(ctx context.Context, caller Caller, account AccountID) (*billing.Invoice, time.Time, error) {
	access, err := s.enterMoney(ctx, caller, account)
	if err != nil {
		return nil, time.Time{}, err
	}
	subs, err := s.Store.Subscriptions(ctx, account)
	if err != nil {
		return nil, time.Time{}, err
	}
	c, err := s.ahead(ctx, access.Account, subs)
	if err != nil {
		return nil, time.Time{}, err
	}
	for {
		f, err := c.next()
		switch {
		case err != nil || f == nil:
			return nil, time.Time{}, err
		case f.invoice != nil:
			f.invoice.Number = 0
			return f.invoice, f.at, nil
		case f.ended:
			return nil, time.Time{}, nil
		}
	}
}
