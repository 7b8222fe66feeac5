package seats_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
	"github.com/usher-seats/usher/internal/seats/seatstest"
)

// codeOf is the code of a refusal, "" for none, or the text of another error.
func codeOf(err error) string {
	var refusal *seats.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refusal):
		return refusal.Code
	}
	return err.Error()
}

// wantCode fails where an error has another code; "" wants none.
func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if got := codeOf(err); got != code {
		t.Fatalf("got %q (%v), want %q", got, err, code)
	}
}

// refused is the code of a row's refusal.
func refused(e *seats.Error) string {
	if e == nil {
		return ""
	}
	return e.Code
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func equalSlices[T comparable](t testing.TB, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// utc reads an instant such as "2026-11-22 09:00:00".
func utc(text string) time.Time {
	at, err := time.Parse(time.DateTime, text)
	if err != nil {
		panic(err)
	}
	return at
}

// nothingChanged fails where the store is not what it was.
func nothingChanged(t testing.TB, r *seatstest.Rig, before seatstest.Data) {
	t.Helper()
	now, was := reflect.ValueOf(r.Store.Snapshot()), reflect.ValueOf(before)
	for i := range now.NumField() {
		got, want := asJSON(t, now.Field(i)), asJSON(t, was.Field(i))
		if got == want {
			continue
		}
		from := 0
		for from < min(len(got), len(want)) && got[from] == want[from] {
			from++
		}
		from = max(0, from-120)
		t.Errorf("%s changed: …%.240s…, before: …%.240s…", now.Type().Field(i).Name, got[min(from, len(got)):], want[min(from, len(want)):])
	}
}

func asJSON(t testing.TB, v reflect.Value) string {
	t.Helper()
	b, err := json.Marshal(v.Interface())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// none is a command without an idempotency key.
func none[R any]() seats.Once[R] { return seats.Once[R]{} }

// amounts are the amounts of an invoice's lines.
func amounts(inv *billing.Invoice) []int64 {
	if inv == nil {
		return nil
	}
	var all []int64
	for _, l := range inv.Lines {
		all = append(all, l.AmountMinor)
	}
	return all
}

func ptr[T any](v T) *T { return &v }
