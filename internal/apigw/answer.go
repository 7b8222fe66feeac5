package apigw

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// Answer is the output of a write whose answer is kept for its Idempotency-Key.
type Answer[T any] struct {
	ReplayedHeader
	Body Stored[T]
}

// NewAnswer answers with a fresh result.
func NewAnswer[T any](v T) *Answer[T] {
	return &Answer[T]{Body: Stored[T]{value: v}}
}

// ReplayAnswer answers with the bytes that were kept, as EncodeAnswer made them.
func ReplayAnswer[T any](kept []byte) *Answer[T] {
	a := &Answer[T]{Body: Stored[T]{kept: kept}}
	a.Replay()
	return a
}

// EncodeAnswer makes the bytes to keep: those that NewAnswer would send.
func EncodeAnswer[T any](v T) ([]byte, error) {
	var b bytes.Buffer
	if err := marshalJSON(&b, v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}

// Stored is a body that is either a value or the bytes it was once sent as.
type Stored[T any] struct {
	value T
	kept  []byte
}

// MarshalJSON writes the kept bytes, or the value.
func (s Stored[T]) MarshalJSON() ([]byte, error) {
	if s.kept == nil {
		return EncodeAnswer(s.value)
	}
	if !json.Valid(s.kept) {
		return nil, fmt.Errorf("a kept answer is not JSON")
	}
	return s.kept, nil
}

// Schema documents T.
func (Stored[T]) Schema(r huma.Registry) *huma.Schema {
	t := reflect.TypeFor[T]()
	return r.Schema(t, true, t.Name())
}
