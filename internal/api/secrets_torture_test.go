package api_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/faulttest"
)

// ourOwn are the names of what is stored and is nobody's to know: no field of an
// answer may be called so.
func ourOwn() []string {
	return []string{
		"subject", "sub", "iss", "signed_out_at", "seed", "secret", "mac", "signature", "password", "hash_key", "parked_by",
		"idempotency_key", "client_token", "pk", "sk", "gpk", "gsk", "ttl", "receipt", "tenant_id", "is_admin",
	}
}

// Fault 36, of answers: every operation as everybody who may use it. No answer has a
// field that the document has not, none is called after what is our own, and none
// holds a secret: the key that signs links, a link itself, or the hash of a sign-in.
func TestNoAnswerHoldsASecret(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	x := newTenant(t, s, nil)
	x.prepareLists(t)
	key, err := s.Store.InvitationKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	link := x.Link(x.invited, 1)
	secrets := map[string]string{
		"the key of links":            base64.StdEncoding.EncodeToString(key),
		"the key of links as hex":     hex.EncodeToString(key),
		"the key of links in an URL":  base64.RawURLEncoding.EncodeToString(key),
		"the signature of a link":     link[strings.LastIndexByte(link, '.')+1:],
		"the signature of a id_token": x.Owner.IDToken[strings.LastIndexByte(x.Owner.IDToken, '.')+1:],
	}
	for role, p := range x.people {
		if p.Claims["sub"] != "" && role != operator {
			secrets["the sign-in of "+role] = apigw.SubjectHash(p.Claims["iss"], p.Claims["sub"])
		}
	}
	fields, answers, leaks := 0, 0, 0
	requests := valid()
	for _, op := range s.Document.Operations() {
		if op.ID() == "transfer-ownership" {
			continue // its answer is that of get-user, and it signs the owner out
		}
		if requests[op.ID()] == nil {
			t.Errorf("%s has no valid request", op.ID())
			continue
		}
		for _, role := range []string{owner, billingAdmin, member, operator} {
			p := x.people[role]
			r := requests[op.ID()](t, x, x.Owner)
			if op.Keyed() {
				r.Key = s.Key()
			}
			got := p.Send(r)
			answers++
			for what, secret := range secrets {
				if strings.Contains(fmt.Sprintf("%s %v", got.Body, got.Headers), secret) {
					leaks++
					t.Errorf("%s as %s shows %s", op.ID(), role, what)
				}
			}
			var body any
			if len(got.Body) > 0 && json.Unmarshal(got.Body, &body) == nil {
				n, found := namesOf(body, ourOwn())
				fields += n
				for _, name := range found {
					leaks++
					t.Errorf("%s as %s has the field %q", op.ID(), role, name)
				}
			}
		}
	}
	faulttest.Report(t, faulttest.Figure{
		Fault: 36, Did: fmt.Sprintf("%d answers to every operation as owner, billing admin, member and operator, held against the document and against what is our own", answers),
		Bad: leaks, Of: fields, What: "fields with something that is nobody's to know",
	})
}

// namesOf counts the fields of a body and gives those with one of the names.
func namesOf(v any, forbidden []string) (n int, found []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			n++
			for _, f := range forbidden {
				if name == f {
					found = append(found, name)
				}
			}
			more, inside := namesOf(inner, forbidden)
			n, found = n+more, append(found, inside...)
		}
	case []any:
		for _, inner := range v {
			more, inside := namesOf(inner, forbidden)
			n, found = n+more, append(found, inside...)
		}
	}
	return n, found
}
