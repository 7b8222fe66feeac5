package events

import (
	"bytes"
	"encoding/binary"
	"encoding/json"

	"github.com/usher-seats/usher/internal/seats"
)

// PackedAttribute is the attribute of a ledger item that holds the users of an
// event about many, where writing them out in the detail would cost a write unit
// for every ten of them. The detail then has empty lists in their places, which
// Unpack fills: the bus never sees a packed event.
const PackedAttribute = "us"

// packAbove is how large a detail may be before it is packed. With its keys such
// an item is within one write unit of 1,024 bytes.
const packAbove = 900

const (
	emptyRevs  = `"revs":[]`
	emptyUsers = `"user_ids":[]`
)

// Pack encodes an event for its ledger item: the detail, and what was taken out of
// it, or nil. Only revisions and user ids are taken out, and only where every
// revision is a user's and the users are in the order of the revisions, as they
// are in the events of licenses. Everything else stays written out.
func Pack(e Event) (detail, packed []byte, err error) {
	detail, err = Encode(e)
	if err != nil || len(detail) <= packAbove {
		return detail, nil, err
	}
	packed = packUsers(e)
	rest, ok := cut(detail, "revs", emptyRevs)
	if ok {
		rest, ok = cut(rest, "user_ids", emptyUsers)
	}
	if !ok || packed == nil {
		return detail, nil, nil
	}
	return rest, packed, nil
}

// packUsers writes for each revision the 16 bytes of its user's id and a varint:
// twice the revision, plus one where the user is one of the event's. It returns
// nil where they do not fit this form.
func packUsers(e Event) []byte {
	var packed []byte
	users := e.Data.UserIDs
	for _, r := range e.Revs {
		raw, ok := seats.UserID(r.ID).Raw()
		if !ok || r.Rev < 1 {
			return nil
		}
		n := uint64(r.Rev) << 1
		if len(users) > 0 && users[0] == seats.UserID(r.ID) {
			n |= 1
			users = users[1:]
		}
		packed = binary.AppendUvarint(append(packed, raw[:]...), n)
	}
	if len(users) > 0 {
		return nil
	}
	return packed
}

// cut empties the first list of that name; false where there is none. No text in a
// detail can look like a member's name, since its quotes would be escaped.
func cut(detail []byte, name, empty string) ([]byte, bool) {
	open := []byte(`"` + name + `":[`)
	at := bytes.Index(detail, open)
	if at < 0 {
		return nil, false
	}
	list := detail[at+len(open)-1:]
	var skipped json.RawMessage
	decoder := json.NewDecoder(bytes.NewReader(list))
	if err := decoder.Decode(&skipped); err != nil {
		return nil, false
	}
	return bytes.Join([][]byte{detail[:at], list[decoder.InputOffset():]}, []byte(empty)), true
}

// Unpack gives the detail of a ledger item, byte for byte what Encode wrote, from
// its two attributes. It looks at nothing else of the event, so that one of a
// newer version passes through an older one.
func Unpack(detail, packed []byte) ([]byte, error) {
	if len(packed) == 0 {
		return detail, nil
	}
	var revs []wireRev
	users := []seats.UserID{}
	for len(packed) > 0 {
		var raw seats.RawID
		if copy(raw[:], packed) < len(raw) {
			return nil, malformed("the packed users end within an id")
		}
		packed = packed[len(raw):]
		n, size := binary.Uvarint(packed)
		if size <= 0 || n>>1 == 0 {
			return nil, malformed("the packed users end within a revision")
		}
		packed = packed[size:]
		revs = append(revs, wireRev{string(raw.User()), int64(n >> 1)})
		if n&1 == 1 {
			users = append(users, raw.User())
		}
	}
	detail, err := fill(detail, emptyRevs, "revs", revs)
	if err != nil {
		return nil, err
	}
	return fill(detail, emptyUsers, "user_ids", users)
}

func fill(detail []byte, empty, name string, list any) ([]byte, error) {
	if bytes.Count(detail, []byte(empty)) != 1 {
		return nil, malformed("the packed detail has no place for %s", name)
	}
	b, err := json.Marshal(list)
	if err != nil {
		return nil, malformed("%s: %s", name, err)
	}
	return bytes.Replace(detail, []byte(empty), append([]byte(`"`+name+`":`), b...), 1), nil
}
