package events

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

type wireEvent struct {
	ID         seats.EventID   `json:"id"`
	Type       string          `json:"type"`
	Account    seats.AccountID `json:"account_id"`
	At         time.Time       `json:"at"`
	RecordedAt time.Time       `json:"recorded_at"`
	Actor      wireActor       `json:"actor"`
	Revs       []wireRev       `json:"revs"`
	Data       json.RawMessage `json:"data"`
}

type wireActor struct {
	Kind seats.ActorKind `json:"kind"`
	ID   string          `json:"id,omitempty"`
}

type wireRev struct {
	ID  string `json:"id"`
	Rev int64  `json:"rev"`
}

// Encode writes an event's detail: fields in the contract's order, those of the
// event's type and no others. It fails with ErrMalformed where the type is
// unknown or a field that the type must have is empty.
func Encode(e Event) ([]byte, error) {
	data, err := encodeData(e)
	if err != nil {
		return nil, err
	}
	w := wireEvent{
		ID: e.ID, Type: e.Type, Account: e.Account, At: e.At.UTC(), RecordedAt: e.RecordedAt.UTC(),
		Actor: wireActor(e.Actor), Revs: make([]wireRev, 0, len(e.Revs)), Data: data,
	}
	for _, r := range e.Revs {
		w.Revs = append(w.Revs, wireRev(r))
	}
	if err := w.check(); err != nil {
		return nil, err
	}
	b, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return b, nil
}

// Decode reads a detail that Encode wrote. It fails with ErrMalformed where a
// field is unknown, missing or of the wrong type.
func Decode(b []byte) (Event, error) {
	var w wireEvent
	if err := strict(b, &w); err != nil {
		return Event{}, err
	}
	if err := w.check(); err != nil {
		return Event{}, err
	}
	e := Event{
		ID: w.ID, Type: w.Type, Account: w.Account, At: w.At.UTC(), RecordedAt: w.RecordedAt.UTC(),
		Actor: seats.Actor(w.Actor), Revs: make([]seats.Rev, 0, len(w.Revs)),
	}
	for _, r := range w.Revs {
		e.Revs = append(e.Revs, seats.Rev(r))
	}
	if err := decodeData(&e, w.Data); err != nil {
		return Event{}, err
	}
	return e, nil
}

func (w *wireEvent) check() error {
	switch {
	case !strings.HasPrefix(string(w.ID), "evt_"):
		return malformed("id is not an event's")
	case !w.Account.Valid():
		return malformed("account_id is not an account's")
	case w.At.IsZero() || w.RecordedAt.IsZero():
		return malformed("at or recorded_at is missing")
	case w.Revs == nil:
		return malformed("revs is missing")
	}
	for _, r := range w.Revs {
		if r.ID == "" || r.Rev < 1 {
			return malformed("a revision has no id or is below 1")
		}
	}
	switch w.Actor.Kind {
	case seats.ActorSystem:
		return nil
	case seats.ActorUser, seats.ActorOperator:
		if w.Actor.ID == "" {
			return malformed("the actor has no id")
		}
		return nil
	}
	return malformed("the actor's kind is unknown")
}

func encodeData(e Event) (json.RawMessage, error) {
	shape, ok := shapeOf(e.Type)
	if !ok {
		return nil, malformed("unknown type %q", e.Type)
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for _, f := range shape {
		value, present := f.get(&e.Data)
		if !present {
			if f.need == must {
				return nil, malformed("%s without %s", e.Type, f.name)
			}
			if f.need == may {
				continue
			}
		}
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrMalformed, f.name, err)
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", f.name, text)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func decodeData(e *Event, raw json.RawMessage) error {
	shape, ok := shapeOf(e.Type)
	if !ok {
		return malformed("unknown type %q", e.Type)
	}
	var sent map[string]json.RawMessage
	if err := json.Unmarshal(raw, &sent); err != nil || sent == nil {
		return malformed("data of %s is not an object", e.Type)
	}
	for _, f := range shape {
		text, present := sent[f.name]
		if !present {
			if f.need != may {
				return malformed("%s without %s", e.Type, f.name)
			}
			continue
		}
		if err := f.set(&e.Data, text); err != nil {
			return malformed("%s of %s is of the wrong type", f.name, e.Type)
		}
		if _, filled := f.get(&e.Data); !filled && f.need == must {
			return malformed("%s without %s", e.Type, f.name)
		}
		delete(sent, f.name)
	}
	for name := range sent {
		return malformed("%s has no %s", e.Type, name)
	}
	return nil
}
