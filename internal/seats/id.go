package seats

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"
)

// AccountID and UserID are prefixed, time-ordered ids: "acc_" or "usr_" and 26
// characters. SubscriptionID carries its product behind them, so that its key
// is known without a look-up.
type (
	AccountID      string
	UserID         string
	SubscriptionID string
	EventID        string
	QuoteID        string
	InvitationID   string
	RequestID      string
)

// idAlphabet is Crockford's base 32 in lower case: it sorts as its bytes do and
// has no letters that are read as digits.
var idAlphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

const (
	idBytes = 16
	idChars = 26
)

// Minter makes ids from values alone: the same Minter makes the same ids again,
// which lets an interrupted bulk command be resumed.
//
// An id holds, most significant first: the account's instant in milliseconds
// (48 bits), the wall clock in ticks of 100 µs (48 bits), 32 bits of hash. The
// account's instant leads because a test account's clock stands still between
// moves while its ledger must page in its own time; the wall clock orders what
// happens within one such instant.
type Minter struct {
	At   time.Time
	Wall time.Time
	Seed [16]byte
	n    uint64
}

func (m *Minter) mint(prefix string) string {
	var b [idBytes]byte
	var word [8]byte
	binary.BigEndian.PutUint64(word[:], uint64(m.At.UnixMilli()))
	copy(b[0:6], word[2:])
	binary.BigEndian.PutUint64(word[:], uint64(m.Wall.UnixMicro()/100)+m.n)
	copy(b[6:12], word[2:])
	binary.BigEndian.PutUint64(word[:], m.n)
	sum := sha256.Sum256(append(m.Seed[:], word[:]...))
	copy(b[12:], sum[:4])
	m.n++
	return prefix + idAlphabet.EncodeToString(b[:])
}

// Account mints an account id.
func (m *Minter) Account() AccountID { return AccountID(m.mint("acc_")) }

// User mints a user id.
func (m *Minter) User() UserID { return UserID(m.mint("usr_")) }

// Event mints an event id.
func (m *Minter) Event() EventID { return EventID(m.mint("evt_")) }

// Quote mints a quote id.
func (m *Minter) Quote() QuoteID { return QuoteID(m.mint("quo_")) }

// Request mints a request id.
func (m *Minter) Request() RequestID { return RequestID(m.mint("req_")) }

// Subscription mints the id of a subscription to the product.
func (m *Minter) Subscription(product string) SubscriptionID {
	return SubscriptionID(m.mint("sub_") + "_" + product)
}

// InvitationOf is the id of a user's invitation. A user has at most one, so it
// is the user's id in other words.
func InvitationOf(user UserID) InvitationID {
	return InvitationID("inv_" + strings.TrimPrefix(string(user), "usr_"))
}

// User is the invited user.
func (i InvitationID) User() (UserID, error) {
	if !wellFormed(string(i), "inv_") {
		return "", ErrNotFound
	}
	return UserID("usr_" + strings.TrimPrefix(string(i), "inv_")), nil
}

// Valid reports whether the id has the form of an account id.
func (id AccountID) Valid() bool { return wellFormed(string(id), "acc_") }

// Valid reports whether the id has the form of a user id.
func (id UserID) Valid() bool { return wellFormed(string(id), "usr_") }

// Valid reports whether the id has the form of a quote id.
func (id QuoteID) Valid() bool { return wellFormed(string(id), "quo_") }

// Valid reports whether the id has the form of a request id.
func (id RequestID) Valid() bool { return wellFormed(string(id), "req_") }

// At is the account's instant, to the millisecond, at which the event was made; false
// where the id is malformed.
func (id EventID) At() (time.Time, bool) {
	if !wellFormed(string(id), "evt_") {
		return time.Time{}, false
	}
	b, err := idAlphabet.DecodeString(string(id)[len("evt_"):])
	if err != nil {
		return time.Time{}, false
	}
	var word [8]byte
	copy(word[2:], b[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(word[:]))).UTC(), true
}

// Product is the product that the subscription is of. It fails with ErrNotFound
// where the id is malformed.
func (id SubscriptionID) Product() (string, error) {
	head, product, found := strings.Cut(strings.TrimPrefix(string(id), "sub_"), "_")
	if !found || !strings.HasPrefix(string(id), "sub_") || !wellFormed("sub_"+head, "sub_") || !ValidSlug(product) {
		return "", ErrNotFound
	}
	return product, nil
}

func wellFormed(id, prefix string) bool {
	rest, ok := strings.CutPrefix(id, prefix)
	if !ok || len(rest) != idChars {
		return false
	}
	_, err := idAlphabet.DecodeString(rest)
	return err == nil
}

// MaxSlugBytes bounds product and plan ids, which are parts of keys and ids.
const MaxSlugBytes = 32

// ValidSlug reports whether a product or plan id has its form: 1 to MaxSlugBytes of
// a-z, 0-9 and -, with no - at the ends.
func ValidSlug(s string) bool {
	if s == "" || len(s) > MaxSlugBytes || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
