package seats

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Role is what a user may do in an account; see Can.
type Role string

// Roles. Exactly one user of an account is its owner.
const (
	Owner        Role = "owner"
	Admin        Role = "admin"
	BillingAdmin Role = "billing_admin"
	Member       Role = "member"
)

// ParseRole reads a role.
func ParseRole(s string) (Role, bool) {
	switch r := Role(s); r {
	case Owner, Admin, BillingAdmin, Member:
		return r, true
	}
	return "", false
}

// UserStatus is where a user stands: invited → active ⇄ deactivated → removed.
type UserStatus string

// User statuses. A removed user's record is kept; the email is free again.
const (
	UserInvited     UserStatus = "invited"
	UserActive      UserStatus = "active"
	UserDeactivated UserStatus = "deactivated"
	UserRemoved     UserStatus = "removed"
)

// User is a person in one account.
type User struct {
	ID            UserID
	Account       AccountID
	Rev           int64
	Email         string
	FirstName     string
	LastName      string
	Qualification string
	Role          Role
	Status        UserStatus
	// Subject is the hash of the bound sign-in identity; empty before the first
	// sign-in.
	Subject string
	// SignedOutAt refuses every token whose sign-in is not later.
	SignedOutAt time.Time
	AddedAt     time.Time
	// Test is its account's: users of test accounts stand in no index of time.
	Test bool
	// Licenses by product.
	Licenses   map[string]License
	Invitation *Invitation
	// Spent is what an admin has committed the account to, where a plan caps it.
	Spent *Spending
	// Erased is set once the personal data was replaced.
	Erased bool
}

// Spending is the net amount of what one admin bought in a local calendar month,
// in minor units of the account's currency.
type Spending struct {
	// Month is like "2026-11".
	Month string
	Minor int64
}

// License is one seat held by one user.
type License struct {
	Subscription SubscriptionID
	Since        time.Time
	By           UserID
}

// InvitationState is where an invitation stands. An open one past its expiry is
// refused as expired before the job that writes so has come by.
type InvitationState string

// Invitation states.
const (
	InvitationOpen      InvitationState = "open"
	InvitationAccepted  InvitationState = "accepted"
	InvitationCancelled InvitationState = "cancelled"
	InvitationExpired   InvitationState = "expired"
)

// Invitation is an emailed, single-use, expiring link. Only the newest
// generation opens it.
type Invitation struct {
	State      InvitationState
	Generation int
	SentAt     time.Time
	ExpiresAt  time.Time
	Inviter    UserID
	// Subscription is set where a license comes with the invitation, and
	// Reserved while a seat is held for it.
	Subscription SubscriptionID
	Reserved     bool
	// Reminded is set once the invited person was told that the link expires soon.
	Reminded bool
}

// InvitationTTL is how long a link stays good: over a holiday week, not for ever.
const InvitationTTL = 7 * 24 * time.Hour

// Lapsed reports whether an open invitation has passed its expiry.
func (i *Invitation) Lapsed(now time.Time) bool {
	return i.State == InvitationOpen && !now.Before(i.ExpiresAt)
}

// HoldsSeat is the product whose seat the user's open invitation reserves, or "".
func (u *User) HoldsSeat() string {
	if u.Invitation == nil || !u.Invitation.Reserved || u.Invitation.State != InvitationOpen {
		return ""
	}
	product, err := u.Invitation.Subscription.Product()
	if err != nil {
		return ""
	}
	return product
}

func (u *User) clone() *User {
	c := *u
	if u.Invitation != nil {
		i := *u.Invitation
		c.Invitation = &i
	}
	if u.Spent != nil {
		s := *u.Spent
		c.Spent = &s
	}
	c.Licenses = make(map[string]License, len(u.Licenses))
	for p, l := range u.Licenses {
		c.Licenses[p] = l
	}
	return &c
}

// Limits of a user's text. They keep the user's item in one write unit with
// licenses of several products.
const (
	MaxEmailBytes         = 254
	MaxNameRunes          = 60
	MaxNameBytes          = 120
	MaxQualificationRunes = 60
	MaxQualificationBytes = 120
)

// NormalizeEmail is the one form in which an email is stored and compared: the
// local part lower-cased where it is ASCII, the domain as an IDNA A-label. No
// Unicode folding, since folding joins addresses of different people.
func NormalizeEmail(raw string) (string, error) {
	bad := ErrInvalid.With("This is not an email address that mail can be sent to: write it like name@example.com.")
	raw = strings.TrimSpace(raw)
	at := strings.LastIndexByte(raw, '@')
	if at <= 0 || at == len(raw)-1 || len(raw) > MaxEmailBytes || !utf8.ValidString(raw) {
		return "", bad
	}
	local, domain := raw[:at], raw[at+1:]
	if len(local) > 64 || !validLocal(local) {
		return "", bad
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || !validDomain(ascii) {
		return "", bad
	}
	email := lowerASCII(local) + "@" + lowerASCII(ascii)
	if len(email) > MaxEmailBytes {
		return "", bad
	}
	return email, nil
}

// validDomain wants at least two labels of 1 to 63 bytes (RFC 1035), which the
// conversion to A-labels does not check.
func validDomain(ascii string) bool {
	labels := strings.Split(ascii, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	return len(labels) > 1
}

// validLocal takes an RFC 5321 dot-string with the UTF-8 of RFC 6531 and no
// quoted form, which no provider of business mail hands out.
func validLocal(local string) bool {
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return false
	}
	for _, r := range local {
		switch {
		case r >= utf8.RuneSelf:
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
				return false
			}
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		case !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r):
			return false
		}
	}
	return true
}

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// cleanText trims and bounds a line of free text. Control characters are
// refused, since they would end lines in mails and logs; everything else is
// kept as typed and encoded where it is shown.
func cleanText(location, raw string, maxRunes, maxBytes int) (string, *Field) {
	s := strings.TrimSpace(raw)
	if !utf8.ValidString(s) {
		return "", &Field{Location: location, Message: "must be UTF-8 text"}
	}
	for _, r := range s {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return "", &Field{Location: location, Message: "must be one line without control characters"}
		}
	}
	if utf8.RuneCountInString(s) > maxRunes || len(s) > maxBytes {
		return "", &Field{Location: location, Message: "is too long: " + itoa(int64(maxRunes)) + " characters at most"}
	}
	return s, nil
}
