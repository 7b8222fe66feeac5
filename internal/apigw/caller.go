package apigw

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// CallerKind is the one kind of right that a token has.
type CallerKind int

const (
	// Anonymous: no token; only public operations.
	Anonymous CallerKind = iota
	// Person: a signed-in person, whose role the account says.
	Person
	// Operator: a member of the vendor's staff, for /v1/operator alone.
	Operator
	// Vendor: a server of the vendor, which may read entitlements.
	Vendor
)

func (k CallerKind) String() string {
	switch k {
	case Person:
		return "person"
	case Operator:
		return "operator"
	case Vendor:
		return "vendor"
	case Anonymous:
		return "anonymous"
	}
	return "unknown"
}

// ScopeEntitlements is the scope of the vendor's servers.
const ScopeEntitlements = "entitlements:read"

// Caller is who sends a request, as the gateway's authorizer has verified it.
// Nothing in it comes from headers that a client can set.
type Caller struct {
	Kind     CallerKind
	Issuer   string
	Subject  string
	ClientID string
	// AuthTime is when the person last proved who they are; zero where the issuer
	// does not say. IssuedAt is the token's.
	AuthTime, IssuedAt time.Time
	Scopes             []string
	SourceIP           string
	RequestID          string
}

// SubjectHash names an identity in keys and logs: the hexadecimal SHA-256 of
//
//	uint32(len(iss)) ‖ iss ‖ uint32(len(sub)) ‖ sub
//
// with big-endian lengths in bytes, so that no two pairs of issuer and subject
// give the same input. It is empty for an anonymous caller.
func (c Caller) SubjectHash() string {
	if c.Kind == Anonymous {
		return ""
	}
	return SubjectHash(c.Issuer, c.Subject)
}

// SubjectHash is Caller.SubjectHash for an issuer and a subject.
func SubjectHash(issuer, subject string) string {
	b := make([]byte, 0, 8+len(issuer)+len(subject))
	for _, s := range []string{issuer, subject} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

type callerKey struct{}

// WithCaller returns a context that carries the caller.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerFrom returns the context's caller; an anonymous one where there is none.
func CallerFrom(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// Rights says how a token's kind of right is read from its claims.
type Rights struct {
	// GroupsClaim is the claim that lists groups, such as "cognito:groups".
	GroupsClaim string
	// OperatorGroup is the group of the vendor's staff.
	OperatorGroup string
}

// Caller reads the caller from what the gateway says of a request.
//
// Members of the operator group are Operators. A token of the client credentials
// grant (its subject is its own client) with the scope entitlements:read and no
// group is a Vendor. Every other token is a Person. A token has one kind of
// right: an operator reads no account as a person, whatever the account says.
func (r Rights) Caller(rc events.APIGatewayV2HTTPRequestContext) Caller {
	c := Caller{SourceIP: rc.HTTP.SourceIP, RequestID: rc.RequestID}
	if rc.Authorizer == nil || rc.Authorizer.JWT == nil || rc.Authorizer.JWT.Claims["sub"] == "" {
		return c
	}
	claims := rc.Authorizer.JWT.Claims
	c.Kind = Person
	c.Issuer, c.Subject = claims["iss"], claims["sub"]
	c.ClientID = firstOf(claims["client_id"], claims["azp"], claims["cid"])
	c.AuthTime, c.IssuedAt = instant(claims["auth_time"]), instant(claims["iat"])
	c.Scopes = strings.Fields(firstOf(claims["scope"], claims["scp"]))
	if len(c.Scopes) == 0 {
		c.Scopes = rc.Authorizer.JWT.Scopes
	}
	groups := groupList(claims[r.GroupsClaim])
	switch {
	case r.OperatorGroup != "" && slices.Contains(groups, r.OperatorGroup):
		c.Kind = Operator
	case len(groups) == 0 && c.hasScope(ScopeEntitlements) && c.ownClient():
		c.Kind = Vendor
	}
	return c
}

// hasScope looks for a scope as it is, or behind the identifier of a resource server,
// which Cognito and Entra put before it: "usher/entitlements:read".
func (c Caller) hasScope(scope string) bool {
	return slices.ContainsFunc(c.Scopes, func(s string) bool { return s == scope || strings.HasSuffix(s, "/"+scope) })
}

// ownClient reports whether the token was issued to a client for itself: its
// subject is the client's id (Cognito, Okta, Entra), or that with "@clients"
// behind it (Auth0). A person may be granted the scope too and stays a person.
func (c Caller) ownClient() bool {
	return c.ClientID != "" && (c.Subject == c.ClientID || c.Subject == c.ClientID+"@clients")
}

// groupList parses a claim that lists groups. The gateway hands every claim on as
// one string: a list as "[operators staff]", sometimes as JSON, a single group as
// itself. A string in no brackets is one group, blanks and all.
func groupList(claim string) []string {
	claim = strings.TrimSpace(claim)
	if claim == "" {
		return nil
	}
	inner, bracketed := strings.CutPrefix(claim, "[")
	if !bracketed {
		return []string{claim}
	}
	var list []string
	if json.Unmarshal([]byte(claim), &list) == nil {
		return list
	}
	inner, closed := strings.CutSuffix(inner, "]")
	if !closed {
		return nil
	}
	return strings.Fields(inner)
}

// instant reads seconds since 1970, which some gateways write as 1.7e+09. Zero
// where there is none or it is not a number: such a token is never recent.
func instant(claim string) time.Time {
	if s, err := strconv.ParseInt(claim, 10, 64); err == nil && s > 0 {
		return time.Unix(s, 0).UTC()
	}
	const year9999 = 253402300799
	if f, err := strconv.ParseFloat(claim, 64); err == nil && f > 0 && f <= year9999 {
		return time.Unix(int64(f), 0).UTC()
	}
	return time.Time{}
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
