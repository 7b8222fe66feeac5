package apigw

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/usher-seats/usher/internal/seats"
)

const (
	// maxCursorBytes bounds what is decoded; a key has at most 1 kB.
	maxCursorBytes = 2048
	// cursorVersion changes with the format, so that an old cursor is refused
	// and not misread.
	cursorVersion  = 1
	scopeHashBytes = 8
)

// Money is an amount in an answer: 1800 EUR is €18.00, 1800 JPY is ¥1800.
type Money struct {
	AmountMinor int64  `json:"amount_minor" example:"1800" doc:"In the currency's smallest unit"`
	Currency    string `json:"currency" example:"EUR" doc:"ISO 4217 code"`
}

// Paging is embedded in the input of lists.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"25" doc:"How many at most"`
	Cursor string `query:"cursor" maxLength:"2048" doc:"next_cursor of the page before"`
}

// Page is the body of a list's answer.
type Page[T any] struct {
	Items      []T    `json:"items" nullable:"false"`
	NextCursor string `json:"next_cursor,omitempty" doc:"Absent on the last page"`
}

// NewPage returns a page whose items are never null.
func NewPage[T any](items []T, nextCursor string) Page[T] {
	if items == nil {
		items = []T{}
	}
	return Page[T]{Items: items, NextCursor: nextCursor}
}

// CursorScope is what a cursor belongs to. A cursor of another account, list or
// filter is refused.
//
// A cursor is not signed: it holds only a position, and the list's reader takes
// partition and account from the request, which was authorised on its own. So the
// worst that a forged one can do is to begin elsewhere in the caller's own list.
// Never put a partition key into a position.
type CursorScope struct {
	Account seats.AccountID
	List    string
	// Filter is all that chooses and orders the list, such as the raw query
	// without cursor and limit.
	Filter string
}

// Encode returns the cursor of a position: the sort key, or its parts, behind
// which the next page begins.
func (s CursorScope) Encode(position ...string) string {
	b := append([]byte{cursorVersion}, s.hash()...)
	for _, part := range position {
		b = binary.BigEndian.AppendUint16(b, uint16(len(part)))
		b = append(b, part...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// Decode returns the position's parts; nil for an empty cursor, the first page.
// It fails with a seats.ErrInvalid that names query.cursor where the cursor is
// malformed, of another scope, or has not this many parts.
func (s CursorScope) Decode(cursor string, parts int) ([]string, error) {
	if cursor == "" {
		return nil, nil
	}
	refused := *seats.ErrInvalid.With("This cursor does not belong to this list. Begin again without a cursor.")
	refused.Fields = []seats.Field{{Location: "query.cursor", Message: "is not a cursor of this list"}}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) > maxCursorBytes || len(b) < 1+scopeHashBytes || b[0] != cursorVersion ||
		string(b[1:1+scopeHashBytes]) != string(s.hash()) {
		return nil, &refused
	}
	b = b[1+scopeHashBytes:]
	out := make([]string, 0, parts)
	for len(b) >= 2 && len(out) < parts {
		n := int(binary.BigEndian.Uint16(b))
		if b = b[2:]; n > len(b) {
			return nil, &refused
		}
		out = append(out, string(b[:n]))
		b = b[n:]
	}
	if len(out) != parts || len(b) != 0 {
		return nil, &refused
	}
	return out, nil
}

func (s CursorScope) hash() []byte {
	h := RequestHash(string(s.Account), s.List, []byte(s.Filter))
	sum := sha256.Sum256(h[:])
	return sum[:scopeHashBytes]
}
