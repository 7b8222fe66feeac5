package api

import (
	"encoding/json"
	"time"

	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/seats"
)

// Event is one entry of the ledger, as it also reaches the bus.
type Event struct {
	ID         string         `json:"id"`
	Type       string         `json:"type"`
	AccountID  string         `json:"account_id"`
	At         time.Time      `json:"at" doc:"By the account's clock"`
	RecordedAt time.Time      `json:"recorded_at" doc:"By the wall clock"`
	Actor      EventActor     `json:"actor"`
	Revs       []EventRev     `json:"revs" doc:"Revisions of the changed items after the change"`
	Data       map[string]any `json:"data" doc:"Ids and numbers; see the event contract"`
}

// EventActor is who did it.
type EventActor struct {
	Kind string `json:"kind" enum:"user,operator,system"`
	ID   string `json:"id,omitempty"`
}

// EventRev is an item's revision after the change.
type EventRev struct {
	ID  string `json:"id"`
	Rev int64  `json:"rev"`
}

// eventBody goes through the bus's own encoding, so that both say the same.
func eventBody(e *seats.Event) (Event, error) {
	b := Event{Revs: []EventRev{}, Data: map[string]any{}}
	detail, err := events.Encode(*e)
	if err != nil {
		return b, err
	}
	return b, json.Unmarshal(detail, &b)
}
