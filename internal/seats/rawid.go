package seats

import "strings"

// RawID is the bytes of an id, without its prefix: what is kept where thousands of
// them must be small.
type RawID [idBytes]byte

// Raw is the id's bytes; false where User would not give the same id again.
func (id UserID) Raw() (RawID, bool) {
	var raw RawID
	rest, ok := strings.CutPrefix(string(id), "usr_")
	if !ok || len(rest) != idChars {
		return raw, false
	}
	b, err := idAlphabet.DecodeString(rest)
	if err != nil {
		return raw, false
	}
	copy(raw[:], b)
	return raw, raw.User() == id
}

// User is the user id of these bytes.
func (r RawID) User() UserID { return UserID("usr_" + idAlphabet.EncodeToString(r[:])) }
