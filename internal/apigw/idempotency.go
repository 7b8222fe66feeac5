package apigw

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
)

// MaxIdempotencyKeyBytes bounds a key, as Stripe's and most others' do.
const MaxIdempotencyKeyBytes = 255

const (
	idempotencyHeader = "Idempotency-Key"
	replayedHeader    = "Idempotent-Replayed"
)

// IdempotencyHeader is embedded in the input of writes. Key is empty where none
// was sent, else 1–255 visible ASCII characters.
type IdempotencyHeader struct {
	Key string `header:"Idempotency-Key" minLength:"1" maxLength:"255" doc:"A fresh random value for each write, the same one when it is sent again. One effect and one answer per key and account"`
}

// ReplayedHeader is embedded in the output of writes.
type ReplayedHeader struct {
	Replayed string `header:"Idempotent-Replayed" enum:"true" doc:"true where this is the stored answer to an earlier request with the same key"`
}

// Replay marks the answer as the stored one of an earlier request.
func (h *ReplayedHeader) Replay() { h.Replayed = "true" }

// RequestHash identifies a request for an Idempotency-Key: SHA-256 over method,
// escaped path and body, each with its length in bytes (big-endian uint32) before
// it. Pass the body through CanonicalJSON, so that a client may order and space
// the fields of a repeated request as it likes.
func RequestHash(method, path string, canonicalBody []byte) [32]byte {
	b := make([]byte, 0, 12+len(method)+len(path)+len(canonicalBody))
	for _, part := range [][]byte{[]byte(method), []byte(path), canonicalBody} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	return sha256.Sum256(b)
}

// CanonicalJSON writes a JSON value without white space and with the fields of
// each object in order; numbers keep their spelling. An empty body stays empty.
func CanonicalJSON(body []byte) ([]byte, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	return out, nil
}

type sentKey struct{}

type sentRequest struct {
	method, path string
	body         []byte
}

// RequestHashFrom is the RequestHash of the request that an operation is serving.
// The context is the operation's; any other has the hash of nothing.
func RequestHashFrom(ctx context.Context) [32]byte {
	sent, _ := ctx.Value(sentKey{}).(sentRequest)
	body, err := CanonicalJSON(sent.body)
	if err != nil { // unreachable behind guard; then the bytes themselves must match
		body = sent.body
	}
	return RequestHash(sent.method, sent.path, body)
}

func checkIdempotencyKey(h http.Header) *ProblemBody {
	values, sent := h[idempotencyHeader]
	if !sent || (len(values) == 1 && validKey(values[0])) {
		return nil
	}
	return invalid([]ProblemField{{
		Location: "header." + idempotencyHeader,
		Message:  "must be one value of 1 to 255 visible ASCII characters",
	}})
}

func validKey(key string) bool {
	if key == "" || len(key) > MaxIdempotencyKeyBytes {
		return false
	}
	for i := range len(key) {
		if key[i] < '!' || key[i] > '~' {
			return false
		}
	}
	return true
}
