// Package events is the contract of the event bus: what stands in an event, and
// nothing of how it gets there, which is package relay. It links no AWS service,
// so that whoever writes or reads events carries none.
//
// # The contract
//
// Every change of an account is a ledger event, and every ledger event reaches
// the bus: source "usher", detail-type the event's type, detail the document that
// Encode writes:
//
//	{"id":"evt_…","type":"license.assigned","account_id":"acc_…",
//	 "at":"2026-11-22T09:00:00Z","recorded_at":"2026-11-22T09:00:00.123Z",
//	 "actor":{"kind":"user","id":"usr_…"},
//	 "revs":[{"id":"usr_…","rev":3}],
//	 "data":{"subscription_id":"sub_…","product_id":"scheduler","user_ids":["usr_…"]}}
//
// Ids and numbers only, never names or emails: what an event means to a person is
// read when it is used, and erasing a person breaks no event. at is the account's
// own time (test accounts have clocks), recorded_at the wall's.
//
// # Delivery
//
// At least once and in no order. Nothing can be read off the order of arrival, of
// ids or of instants; the revisions say it all. An item (a user, a subscription, the
// account) has the revisions 1, 2, 3 and so on, and each of its changes is an event
// that carries the new one in revs. A consumer
//
//   - drops an event whose id it has seen;
//   - that keeps a whole item applies its events by revision: what is behind has been
//     applied, what is ahead waits until those before it have come, and an event of
//     several items is applied to each at its turn;
//   - that keeps a single fact, such as who is the owner, may take the event of the
//     highest revision that tells of it and drop the lower ones;
//   - that only reacts, as the mails do, reads the present state and acts on that.
//
// The test TestEventsInAnyOrderLeadToTheSameState holds a consumer of the first kind
// that can be copied.
//
// # From the table to the bus
//
// The event rides in the transaction of its change, as an item whose attribute
// "ev" is the detail, byte for byte; of an event about many users the revisions
// and ids stand packed beside it ([Pack], [Unpack]). The table's stream hands new
// items to the function publish, which knows nothing of what the events mean: one
// that was written by a newer version passes through an older one.
package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// Event is the ledger's event; its types are the constants of package seats.
type Event = seats.Event

const (
	// Source is the source of all events on the bus.
	Source = "usher"
	// DetailAttribute is the attribute of a ledger item that holds the detail.
	DetailAttribute = "ev"
	// TypeAccountsDue is the detail-type of AccountsDue, which is work and no part
	// of any ledger.
	TypeAccountsDue = "accounts.due"
	// MaxAccountsDue bounds the accounts of one AccountsDue, so that the function
	// that closes them is done well within its time.
	MaxAccountsDue = 100
)

// Types are the types of ledger events, in the order of package seats.
func Types() []string {
	return []string{
		seats.AccountOpened, seats.AccountUpdated, seats.AccountParkedEvent, seats.AccountUnparked,
		seats.ClockAdvanced, seats.SubscriptionStarted,
		seats.UserInvitedEvent, seats.InvitationResent, seats.InvitationCancelledEv, seats.InvitationExpiredEv,
		seats.UserJoined, seats.UserCreated, seats.UserBound, seats.UserUpdated, seats.RoleChanged,
		seats.UserActivated, seats.UserDeactivatedEvent, seats.UserRemovedEvent,
		seats.LicenseAssigned, seats.LicenseRevoked,
		seats.SeatsIncreased, seats.DecreaseScheduled, seats.DecreaseCancelled,
		seats.CycleClosed, seats.OwnershipTransferred,
		seats.SeatsDecreased, seats.PlanUpgraded, seats.PlanChangeScheduled, seats.PlanChangeCancelled,
		seats.CancelScheduled, seats.SubscriptionResumed, seats.SubscriptionEndedEv, seats.DaySettled,
		seats.InvoicePaidEvent, seats.InvoiceVoided, seats.RequestOpenedEvent, seats.RequestAnswered,
		seats.UserErased, seats.TokensRevoked,
		seats.ReminderDecrease, seats.ReminderPlanChange, seats.ReminderCancellation, seats.ReminderInvitation,
	}
}

// ErrMalformed is what every failure to read or write an event is.
var ErrMalformed = errors.New("malformed event")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// Envelope is an event as the bus delivers it: the body of a message in a queue
// that a rule fills.
type Envelope struct {
	ID         string
	Source     string
	DetailType string
	Time       time.Time
	Detail     json.RawMessage
}

// DecodeEnvelope reads an envelope. Fields that EventBridge adds are ignored.
func DecodeEnvelope(b []byte) (Envelope, error) {
	var w struct {
		ID         string          `json:"id"`
		Source     string          `json:"source"`
		DetailType string          `json:"detail-type"`
		Time       time.Time       `json:"time"`
		Detail     json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal(b, &w); err != nil {
		return Envelope{}, malformed("the envelope is not JSON of its form")
	}
	if w.Source == "" || w.DetailType == "" || len(w.Detail) == 0 {
		return Envelope{}, malformed("the envelope lacks source, detail-type or detail")
	}
	return Envelope(w), nil
}

// Event reads the ledger event in the envelope.
func (e Envelope) Event() (Event, error) {
	ev, err := Decode(e.Detail)
	if err == nil && ev.Type != e.DetailType {
		return Event{}, malformed("the envelope says %s, the event %s", e.DetailType, ev.Type)
	}
	return ev, err
}

// AccountsDue asks for the accounts to be closed whose next due instant was
// before DueBefore when they were found. At most MaxAccountsDue accounts.
type AccountsDue struct {
	Accounts  []seats.AccountID
	DueBefore time.Time
}

type wireDue struct {
	Accounts  []seats.AccountID `json:"accounts"`
	DueBefore time.Time         `json:"due_before"`
}

// Encode writes the detail.
func (d AccountsDue) Encode() ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	b, err := json.Marshal(wireDue{d.Accounts, d.DueBefore.UTC()})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return b, nil
}

// DecodeAccountsDue reads the detail.
func DecodeAccountsDue(b []byte) (AccountsDue, error) {
	var w wireDue
	if err := strict(b, &w); err != nil {
		return AccountsDue{}, err
	}
	d := AccountsDue(w)
	return d, d.check()
}

func (d AccountsDue) check() error {
	if len(d.Accounts) == 0 || len(d.Accounts) > MaxAccountsDue {
		return malformed("%d accounts, must be 1 to %d", len(d.Accounts), MaxAccountsDue)
	}
	for _, a := range d.Accounts {
		if !a.Valid() {
			return malformed("an account's id is not one")
		}
	}
	if d.DueBefore.IsZero() {
		return malformed("due_before is missing")
	}
	return nil
}

func strict(b []byte, v any) error {
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return malformed("it is not JSON of its form: %s", err)
	}
	if dec.More() {
		return malformed("something follows the JSON value")
	}
	return nil
}
