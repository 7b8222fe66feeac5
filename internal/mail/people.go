package mail

import (
	"time"

	"github.com/usher-seats/usher/internal/words"
)

// Invitation goes to the invited person, for the first sending and for a resend.
type Invitation struct {
	Frame
	// InviterName is who invited; empty reads "Somebody".
	InviterName string
	// ProductName is what a license is kept for; empty where the invitation is to
	// the account alone.
	ProductName string
	// ProductSummary says in one sentence what the product is; it may be empty.
	ProductSummary string
	// Role is the role in the account: "admin", "billing_admin", "member" or empty.
	Role string
	// ExpiresAt is when the link ends.
	ExpiresAt time.Time
	// Link accepts the invitation; the same for every copy of one generation.
	Link Link
	// Resent says that earlier links no longer work.
	Resent bool
}

// Kind is KindInvitation.
func (Invitation) Kind() Kind { return KindInvitation }

func (m Invitation) prepare(p *proof) content {
	p.instant("ExpiresAt", m.ExpiresAt)
	p.link("Link", m.Link)
	role := p.oneOf("Role", m.Role, map[string]string{
		"": "", "member": "", "admin": "Administrator", "billing_admin": "Billing administrator",
	})
	return content{Facts: rows(
		row{Label: "Product", Value: m.ProductName},
		row{Label: "Company", Value: m.AccountName},
		row{Label: "Invited by", Value: m.InviterName},
		row{Label: "Your role", Value: role},
		row{Label: "Valid until", Value: words.Moment(m.ExpiresAt, zoneOf(m.Frame))},
	)}
}

// InvitationExpired goes to the person who invited, or to the owner where that person
// sees the account's people no more.
type InvitationExpired struct {
	Frame
	// InviterName is who invited, in the owner's mail; empty says that the recipient did.
	InviterName string
	// InviteeName and InviteeEmail say whose invitation expired.
	InviteeName  string
	InviteeEmail string
	// ProductName is what a license was kept for; it may be empty.
	ProductName string
	// ExpiredAt is when the link ended.
	ExpiredAt time.Time
	// SeatFreed says that the seat kept for the invitation is free again.
	SeatFreed bool
	// PeopleLink leads to the page where invitations are sent again.
	PeopleLink Link
}

// Kind is KindInvitationExpired.
func (InvitationExpired) Kind() Kind { return KindInvitationExpired }

func (m InvitationExpired) prepare(p *proof) content {
	p.text("InviteeEmail", m.InviteeEmail)
	p.instant("ExpiredAt", m.ExpiredAt)
	p.link("PeopleLink", m.PeopleLink)
	return content{Facts: rows(
		row{Label: "Invited", Value: m.InviteeName},
		row{Label: "Email", Value: m.InviteeEmail},
		row{Label: "Product", Value: m.ProductName},
		row{Label: "Expired", Value: words.Moment(m.ExpiredAt, zoneOf(m.Frame))},
	)}
}

// LicenseGiven goes to the person who now holds a license.
type LicenseGiven struct {
	Frame
	// GiverName is who gave it; empty where nobody in particular did.
	GiverName   string
	ProductName string
	// Entitlements are what the license allows, in words: "Schedule meetings".
	Entitlements []string
	// SignInLink is where the product is used.
	SignInLink Link
}

// Kind is KindLicenseGiven.
func (LicenseGiven) Kind() Kind { return KindLicenseGiven }

func (m LicenseGiven) prepare(p *proof) content {
	p.text("ProductName", m.ProductName)
	p.link("SignInLink", m.SignInLink)
	var c content
	for _, e := range m.Entitlements {
		if e != "" {
			c.Words = append(c.Words, e)
		}
	}
	if len(c.Words) > maxListed {
		c.More = len(c.Words) - maxListed
		c.Words = c.Words[:maxListed]
	}
	return c
}

// Why a license ended, as the ledger's license.revoked gives it.
const (
	TakenRevoked     = "revoked"     // somebody took it
	TakenDecrease    = "decrease"    // a decrease of seats took effect
	TakenDeactivated = "deactivated" // the user was deactivated
	TakenRemoved     = "removed"     // the user was removed
	TakenEnded       = "ended"       // the subscription ended
)

// LicenseTaken goes to the person whose license ended.
type LicenseTaken struct {
	Frame
	// TakerName is who took it; empty where nobody in particular did.
	TakerName   string
	ProductName string
	TakenAt     time.Time
	// Reason is one of the constants above.
	Reason string
}

// Kind is KindLicenseTaken.
func (LicenseTaken) Kind() Kind { return KindLicenseTaken }

func (m LicenseTaken) prepare(p *proof) content {
	p.text("ProductName", m.ProductName)
	p.instant("TakenAt", m.TakenAt)
	p.oneOf("Reason", m.Reason, map[string]string{
		TakenRevoked: "", TakenDecrease: "", TakenDeactivated: "", TakenRemoved: "", TakenEnded: "",
	})
	return content{Facts: rows(
		row{Label: "Product", Value: m.ProductName},
		row{Label: "Company", Value: m.AccountName},
		row{Label: "Ended", Value: words.Moment(m.TakenAt, zoneOf(m.Frame))},
	)}
}

// OwnershipTransferred goes to both, in two variants: to the new and to the old
// owner of the account.
type OwnershipTransferred struct {
	Frame
	// ToNewOwner chooses the variant.
	ToNewOwner    bool
	OldOwnerName  string
	NewOwnerName  string
	TransferredAt time.Time
	// SignInLink is where both sign in again.
	SignInLink Link
}

// Kind is KindOwnershipTransferred.
func (OwnershipTransferred) Kind() Kind { return KindOwnershipTransferred }

func (m OwnershipTransferred) prepare(p *proof) content {
	p.instant("TransferredAt", m.TransferredAt)
	p.link("SignInLink", m.SignInLink)
	return content{Facts: rows(
		row{Label: "Company", Value: m.AccountName},
		row{Label: "New owner", Value: m.NewOwnerName},
		row{Label: "Old owner", Value: m.OldOwnerName},
		row{Label: "Handed over", Value: words.Moment(m.TransferredAt, zoneOf(m.Frame))},
	)}
}
