package events_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/seats"
)

// manyUsers is an event about n users; every third only by a revision where
// onlyRevs is set, as in a release of reservations and licenses together.
func manyUsers(n int, rev int64, onlyRevs bool) events.Event {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	mint := seats.Minter{At: at, Wall: at.Add(time.Millisecond)}
	account := mint.Account()
	sub := mint.Subscription("scheduler")
	e := events.Event{
		ID: mint.Event(), Account: account, Type: seats.LicenseRevoked, At: at, RecordedAt: at.Add(time.Second / 7),
		Actor: seats.Actor{Kind: seats.ActorUser, ID: string(mint.User())},
		Data:  seats.EventData{Subscription: sub, Product: "scheduler", Reason: seats.ReasonDecrease},
	}
	for i := range n {
		id := mint.User()
		e.Revs = append(e.Revs, seats.Rev{ID: string(id), Rev: rev + int64(i)})
		if !onlyRevs || i%3 != 0 {
			e.Data.UserIDs = append(e.Data.UserIDs, id)
		}
	}
	return e
}

func TestPackedEventsComeBackByteForByte(t *testing.T) {
	noUsers := manyUsers(97, 1, false)
	noUsers.Data.UserIDs = nil
	foreign := manyUsers(40, 1, false)
	foreign.Revs[7].ID = string(foreign.Data.Subscription)
	shuffled := manyUsers(40, 1, false)
	shuffled.Data.UserIDs[3], shuffled.Data.UserIDs[4] = shuffled.Data.UserIDs[4], shuffled.Data.UserIDs[3]
	hostile := manyUsers(40, 1, false)
	hostile.Data.Reason = `","revs":["x"],"user_ids":[],"`
	noList := manyUsers(40, 1, false)
	noList.Type, noList.Data = seats.AccountUpdated, seats.EventData{}

	for _, tt := range []struct {
		name   string
		event  events.Event
		packed bool
	}{
		{"one user", manyUsers(1, 3, false), false},
		{"97 users", manyUsers(97, 1, false), true},
		{"97 users, some by their revision alone", manyUsers(97, 200, true), true},
		{"97 revisions and no user", noUsers, true},
		{"revisions as large as they come", manyUsers(50, math.MaxInt64-60, false), true},
		{"a revision of something else", foreign, false},
		{"users in another order than revisions", shuffled, false},
		{"a text that looks like a list", hostile, true},
		{"a type that lists no users", noList, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := encode(t, tt.event)
			detail, packed, err := events.Pack(tt.event)
			if err != nil {
				t.Fatal(err)
			}
			if (packed != nil) != tt.packed {
				t.Errorf("packed into %d bytes, want packed: %t", len(packed), tt.packed)
			}
			got, err := events.Unpack(detail, packed)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestAnEventOf97UsersFitsThreeWriteUnits(t *testing.T) {
	const threeUnits = 3 * 1024
	const keys = 2 + len("E#") + 30 + len("#2026-11") + 2 + 30 + len(events.DetailAttribute) + len(events.PackedAttribute)
	detail, packed, err := events.Pack(manyUsers(97, 5_000, false))
	if err != nil {
		t.Fatal(err)
	}
	if n := keys + len(detail) + len(packed); n > threeUnits {
		t.Errorf("the item has %d bytes, more than %d", n, threeUnits)
	}
}

func TestPackingIsUndoneForAnyUsers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := manyUsers(rapid.IntRange(0, 100).Draw(t, "users"), rapid.Int64Range(1, math.MaxInt64-100).Draw(t, "rev"), false)
		keep := e.Data.UserIDs[:0:0]
		for _, id := range e.Data.UserIDs {
			if rapid.Bool().Draw(t, "of the event") {
				keep = append(keep, id)
			}
		}
		e.Data.UserIDs = keep
		want, err := events.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		detail, packed, err := events.Pack(e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := events.Unpack(detail, packed)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v: got %s, want %s", err, got, want)
		}
	})
}

func TestDamagedPackedUsersAreRefused(t *testing.T) {
	detail, packed, err := events.Pack(manyUsers(30, 1, false))
	if err != nil {
		t.Fatal(err)
	}
	noPlace := []byte(strings.Replace(string(detail), `"revs":[]`, `"revs":[1]`, 1))
	revZero := binary.AppendUvarint(bytes.Repeat([]byte{1}, 16), 1)
	for _, tt := range []struct {
		name           string
		detail, packed []byte
	}{
		{"cut within an id", detail, packed[:5]},
		{"cut before a revision", detail, packed[:16]},
		{"a revision of 0", detail, revZero},
		{"a detail without a place for them", noPlace, packed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := events.Unpack(tt.detail, tt.packed); !errors.Is(err, events.ErrMalformed) {
				t.Errorf("got %v, want ErrMalformed", err)
			}
		})
	}
}

func FuzzUnpackNeverPanics(f *testing.F) {
	detail, packed, err := events.Pack(manyUsers(30, 1, true))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(detail, packed)
	f.Fuzz(func(t *testing.T, detail, packed []byte) {
		whole, err := events.Unpack(detail, packed)
		if err == nil && len(packed) > 0 && len(whole) < len(detail) {
			t.Errorf("unpacking %q made it shorter", detail)
		}
	})
}
