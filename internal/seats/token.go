package seats

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
)

// MinInvitationKeyBytes is the least strength of the key that signs links.
const MinInvitationKeyBytes = 32

// InvitationToken is the secret of an invitation's link:
// account.user.generation.mac. The mac covers all three, so that a token can be
// refused before anything is read, and the same generation always gives the same
// link.
func InvitationToken(key []byte, account AccountID, user UserID, generation int) string {
	body := string(account) + "." + string(user) + "." + strconv.Itoa(generation)
	return body + "." + tokenMAC(key, body)
}

func tokenMAC(key []byte, body string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("usher invitation v1\x00"))
	mac.Write([]byte(body))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// maxTokenBytes bounds what is hashed before the signature is known to be good.
const maxTokenBytes = 200

// openToken checks a token's signature in constant time. Whatever is wrong with
// it, the answer is ErrNotFound.
func openToken(key []byte, token string) (Membership, int, error) {
	none := Membership{}
	if len(token) > maxTokenBytes || len(key) < MinInvitationKeyBytes {
		return none, 0, ErrNotFound
	}
	cut := strings.LastIndexByte(token, '.')
	if cut < 0 {
		return none, 0, ErrNotFound
	}
	body := token[:cut]
	// The text is compared, not the bytes: a decoder would overlook line breaks.
	if !hmac.Equal([]byte(token[cut+1:]), []byte(tokenMAC(key, body))) {
		return none, 0, ErrNotFound
	}
	parts := strings.Split(body, ".")
	if len(parts) != 3 {
		return none, 0, ErrNotFound
	}
	generation, err := strconv.Atoi(parts[2])
	m := Membership{AccountID(parts[0]), UserID(parts[1])}
	if err != nil || !m.Account.Valid() || !m.User.Valid() {
		return none, 0, ErrNotFound
	}
	return m, generation, nil
}
