package seats

import (
	"strconv"
	"time"
)

// Event is one entry of an account's ledger: audit trail, outbox and evidence of
// invoice lines at once. It holds ids and numbers, never names or emails.
type Event struct {
	ID      EventID
	Account AccountID
	Type    string
	// At is the account's instant; RecordedAt the wall clock.
	At         time.Time
	RecordedAt time.Time
	Actor      Actor
	// Revs are the revisions that the changed items have after the change.
	// Consumers order by them; ids only page.
	Revs []Rev
	Data EventData
}

// ActorKind says on whose behalf something happened.
type ActorKind string

// Actor kinds.
const (
	ActorUser     ActorKind = "user"
	ActorOperator ActorKind = "operator"
	ActorSystem   ActorKind = "system"
)

// Actor is who did it. An operator's id is the hash of their sign-in identity.
type Actor struct {
	Kind ActorKind
	ID   string
}

// System acts where time does: closes, expiries.
var System = Actor{Kind: ActorSystem}

// Rev is an item's revision after a change.
type Rev struct {
	ID  string
	Rev int64
}

// EventData are the particulars; each type uses a part of them.
type EventData struct {
	UserID       UserID
	UserIDs      []UserID
	OwnerID      UserID
	FromUserID   UserID
	ToUserID     UserID
	InviterID    UserID
	InvitationID InvitationID
	Generation   int
	ExpiresAt    time.Time
	Role         Role
	FromRole     Role
	Subscription SubscriptionID
	Product      string
	Plan         PlanRef
	Seats        int64
	From         int64
	To           int64
	QuoteID      QuoteID
	AmountMinor  int64
	Currency     string
	// DeltaMinor is the price of a whole period after an increase less the one
	// before; FactorNum ÷ FactorDen of it is charged.
	DeltaMinor int64
	FactorNum  int64
	FactorDen  int64
	// NotBilledMinor is what of the seats had not been billed, as Subscription says it,
	// where a change earned less by it.
	NotBilledMinor int64
	InvoiceNumber  int64
	InvoiceFirst   bool
	EffectiveAt    time.Time
	PeriodStart    time.Time
	PeriodEnd      time.Time
	Reason         string
	Ended          []string
	Licensed       bool
	Test           bool
	// FromPlan is the plan before a change to Plan.
	FromPlan PlanRef
	// CreditNote is the number of a credit note in the invoices' series.
	CreditNote int64
	// QuantityNum ÷ QuantityDen active users were billed, and People of them are
	// listed with the hash.
	QuantityNum  int64
	QuantityDen  int64
	People       int64
	PeopleSHA256 string
	RequestID    RequestID
	RequestKind  RequestKind
	Approved     bool
	// Active says whether a created user is active, or a removed one was until then.
	Active bool
	Epoch  int64
	// Trial says that a period was one.
	Trial bool
}

// Event types.
const (
	AccountOpened         = "account.opened"
	AccountUpdated        = "account.updated"
	AccountParkedEvent    = "account.parked"
	AccountUnparked       = "account.unparked"
	ClockAdvanced         = "clock.advanced"
	SubscriptionStarted   = "subscription.started"
	UserInvitedEvent      = "user.invited"
	InvitationResent      = "invitation.resent"
	InvitationCancelledEv = "invitation.cancelled"
	InvitationExpiredEv   = "invitation.expired"
	UserJoined            = "user.joined"
	UserCreated           = "user.created"
	UserBound             = "user.bound"
	UserUpdated           = "user.updated"
	RoleChanged           = "user.role_changed"
	UserActivated         = "user.activated"
	UserDeactivatedEvent  = "user.deactivated"
	UserRemovedEvent      = "user.removed"
	LicenseAssigned       = "license.assigned"
	LicenseRevoked        = "license.revoked"
	SeatsIncreased        = "seats.increased"
	DecreaseScheduled     = "seats.decrease_scheduled"
	DecreaseCancelled     = "seats.decrease_cancelled"
	CycleClosed           = "cycle.closed"
	OwnershipTransferred  = "ownership.transferred"
	SeatsDecreased        = "seats.decreased"
	PlanUpgraded          = "plan.upgraded"
	PlanChangeScheduled   = "plan.change_scheduled"
	PlanChangeCancelled   = "plan.change_cancelled"
	CancelScheduled       = "subscription.cancel_scheduled"
	SubscriptionResumed   = "subscription.resumed"
	SubscriptionEndedEv   = "subscription.ended"
	DaySettled            = "day.settled"
	InvoicePaidEvent      = "invoice.paid"
	InvoiceVoided         = "invoice.voided"
	RequestOpenedEvent    = "request.opened"
	RequestAnswered       = "request.answered"
	UserErased            = "user.erased"
	TokensRevoked         = "tokens.revoked"
	ReminderDecrease      = "reminder.decrease"
	ReminderPlanChange    = "reminder.plan_change"
	ReminderCancellation  = "reminder.cancellation"
	ReminderInvitation    = "reminder.invitation"
)

// Why a license was taken without anybody asking.
const (
	ReasonRevoked     = "revoked"
	ReasonDecrease    = "decrease"
	ReasonDeactivated = "deactivated"
	ReasonRemoved     = "removed"
	ReasonEnded       = "ended"
	// ReasonPlan says that no license is needed any more: the plan has become one of
	// active users.
	ReasonPlan = "plan"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// People are the users that an event names, its actor included, each once.
func (e *Event) People() []UserID {
	d := &e.Data
	named := append([]UserID{d.UserID, d.OwnerID, d.FromUserID, d.ToUserID, d.InviterID}, d.UserIDs...)
	if e.Actor.Kind == ActorUser {
		named = append(named, UserID(e.Actor.ID))
	}
	var people []UserID
	seen := map[UserID]bool{"": true}
	for _, id := range named {
		if !seen[id] {
			seen[id] = true
			people = append(people, id)
		}
	}
	return people
}
