package seats

import (
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// SubscriptionStatus says whether a subscription is running.
type SubscriptionStatus string

// Subscription statuses.
const (
	SubscriptionActive SubscriptionStatus = "active"
	SubscriptionEnded  SubscriptionStatus = "ended"
)

// Subscription is an account's pool of seats of one product, on one plan
// version. Rev counts changes of money (seats, pending, plan, period) and never
// moves when licenses do, so that quotes outlive assigns.
type Subscription struct {
	ID      SubscriptionID
	Account AccountID
	Product string
	Rev     int64
	Status  SubscriptionStatus
	Plan    PlanRef
	// Seats is the purchased number now.
	Seats int64
	// Free is Seats less licenses in use and seats reserved by invitations. It is
	// negative only while a close is releasing licenses.
	Free int64
	// Pending is the scheduled decrease, if any.
	Pending *Pending
	// Period is the running one; its instants never move once stored.
	Period    billing.Period
	Zone      string
	StartedAt time.Time
	// Unbilled are increases that the next invoice settles.
	Unbilled []Unbilled
	// ForecastMinor is the price of the next period as it was when money last
	// changed: a close far from it is stopped and looked at.
	ForecastMinor int64
}

// Pending is a scheduled decrease: what the seats will be from the next period.
type Pending struct {
	Seats int64
	By    UserID
	At    time.Time
	Event EventID
}

// Unbilled is one increase waiting for the next invoice, unrounded: DeltaMinor ×
// Num / Den.
type Unbilled struct {
	Event      EventID
	FromSeats  int64
	ToSeats    int64
	DeltaMinor int64
	Num        int64
	Den        int64
}

// MaxUnbilled bounds how many increases wait for one invoice, so that the pool's
// item stays small; beyond it the customer is told to talk to the vendor.
const MaxUnbilled = 50

// AtRenewal is how many seats the next period starts with if nothing else
// happens and nothing is over-assigned.
func (s *Subscription) AtRenewal() int64 {
	if s.Pending != nil {
		return s.Pending.Seats
	}
	return s.Seats
}

// Used is licenses in use plus seats reserved by open invitations.
func (s *Subscription) Used() int64 { return s.Seats - s.Free }

func (s *Subscription) clone() *Subscription {
	c := *s
	if s.Pending != nil {
		p := *s.Pending
		c.Pending = &p
	}
	c.Unbilled = append([]Unbilled(nil), s.Unbilled...)
	return &c
}

// notBefore is the instant at which a command of now takes place: what comes late
// for a period that is closed, at the start of the next one.
func (s *Subscription) notBefore(now time.Time) time.Time {
	if now.Before(s.Period.Start) && !s.StartedAt.After(now) {
		return s.Period.Start
	}
	return now
}
