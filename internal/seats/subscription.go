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
	// Reminders is how many of the revisions only noted that people were reminded.
	Reminders int64
	Status    SubscriptionStatus
	Plan      PlanRef
	// Seats is the purchased number now.
	Seats int64
	// Free is Seats less licenses in use and seats reserved by invitations. It is
	// negative only while a close is releasing licenses.
	Free int64
	// Pending is the scheduled decrease, PendingPlan the scheduled plan change,
	// Cancel the scheduled end, if any. All take effect at the period's end; the end
	// wins over the others.
	Pending     *Pending
	PendingPlan *PendingPlan
	Cancel      *PendingCancel
	// Period is the running one; its instants never move once stored. While Trial is
	// set it is the trial: nothing is charged before its end.
	Period    billing.Period
	Trial     bool
	Zone      string
	StartedAt time.Time
	// TrialEnded is when the trial ended, from when on the subscription is charged
	// for; zero where there was none.
	TrialEnded time.Time
	// Unbilled are changes that a later invoice settles: the next one, or where
	// SettleAt is set the one of that instant, the end of the local day.
	Unbilled []Unbilled
	SettleAt time.Time
	// NotBilledMinor is how much more a whole period costs with the plan and the seats
	// of now than the running one was billed for, waiting changes included; below zero
	// where it was billed more. What was not billed is not given back. It begins anew
	// with every period.
	NotBilledMinor int64
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
	// Reminded is set once the people concerned were told that it is near.
	Reminded bool
}

// PendingPlan is a scheduled change to another plan of the product.
type PendingPlan struct {
	Plan     PlanRef
	By       UserID
	At       time.Time
	Event    EventID
	Reminded bool
}

// PendingCancel is the scheduled end of a subscription.
type PendingCancel struct {
	By       UserID
	At       time.Time
	Event    EventID
	Reminded bool
}

// Unbilled is one change waiting for a later invoice, unrounded: DeltaMinor × Num
// / Den, negative where seats were given back for credit.
type Unbilled struct {
	Event EventID
	// Plan is the plan that it was priced by.
	Plan       PlanRef
	FromSeats  int64
	ToSeats    int64
	DeltaMinor int64
	Num        int64
	Den        int64
}

// MaxUnbilled bounds how many increases wait for one invoice, so that the pool's
// item stays small; beyond it the customer is told to talk to the vendor.
const MaxUnbilled = 50

// PricedRev is the revision that quotes rest on: reminders revise the subscription
// too, and change nothing that has a price.
func (s *Subscription) PricedRev() int64 { return s.Rev - s.Reminders }

// DueAt is the next instant at which something of the subscription must be
// closed; zero once it has ended.
func (s *Subscription) DueAt() time.Time {
	switch {
	case s.Status != SubscriptionActive:
		return time.Time{}
	case !s.SettleAt.IsZero() && s.SettleAt.Before(s.Period.End):
		return s.SettleAt
	}
	return s.Period.End
}

// AtRenewal is how many seats the next period starts with if nothing else
// happens and nothing is over-assigned.
func (s *Subscription) AtRenewal() int64 {
	if s.Pending != nil {
		return s.Pending.Seats
	}
	return s.Seats
}

// Decrease is the decrease that is scheduled, or nil. What is pending on a plan of
// active users is none: those are the seats that the plan to come begins with.
func (s *Subscription) Decrease() *Pending {
	if s.Pending == nil || s.Pending.Seats > s.Seats {
		return nil
	}
	return s.Pending
}

// Used is licenses in use plus seats reserved by open invitations.
func (s *Subscription) Used() int64 { return s.Seats - s.Free }

func (s *Subscription) clone() *Subscription {
	c := *s
	if s.Pending != nil {
		p := *s.Pending
		c.Pending = &p
	}
	if s.PendingPlan != nil {
		p := *s.PendingPlan
		c.PendingPlan = &p
	}
	if s.Cancel != nil {
		p := *s.Cancel
		c.Cancel = &p
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
