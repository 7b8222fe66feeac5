package seats

import (
	"context"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// Upcoming is the account's next invoice if nothing else happens until then, and when
// it will be issued; nil where nothing will be billed. It is the close itself,
// computed and thrown away, so it has no number.
func (s *Service) Upcoming(ctx context.Context, caller Caller, account AccountID) (*billing.Invoice, time.Time, error) {
	access, err := s.enterMoney(ctx, caller, account)
	if err != nil {
		return nil, time.Time{}, err
	}
	subs, err := s.Store.Subscriptions(ctx, account)
	if err != nil {
		return nil, time.Time{}, err
	}
	inv, err := s.preview(ctx, access.Account, subs)
	if err != nil || inv == nil {
		return nil, time.Time{}, err
	}
	inv.Number = 0
	return inv, inv.IssuedAt, nil
}
