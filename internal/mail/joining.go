package mail

import (
	"time"

	"github.com/usher-seats/usher/internal/words"
)

// InvitationCancelled goes to the person who invited, where somebody else cancelled the
// invitation.
type InvitationCancelled struct {
	Frame
	// CancellerName is who cancelled it; empty where nobody in particular did.
	CancellerName string
	// InviteeName and InviteeEmail say whose invitation it was.
	InviteeName  string
	InviteeEmail string
	CancelledAt  time.Time
	// PeopleLink leads to the page where people are invited.
	PeopleLink Link
}

// Kind is KindInvitationCancelled.
func (InvitationCancelled) Kind() Kind { return KindInvitationCancelled }

func (m InvitationCancelled) prepare(p *proof) content {
	p.text("InviteeEmail", m.InviteeEmail)
	p.instant("CancelledAt", m.CancelledAt)
	p.link("PeopleLink", m.PeopleLink)
	return content{Facts: rows(
		row{Label: "Invited", Value: m.InviteeName},
		row{Label: "Email", Value: m.InviteeEmail},
		row{Label: "Company", Value: m.AccountName},
		row{Label: "Cancelled by", Value: m.CancellerName},
		row{Label: "Cancelled", Value: words.Moment(m.CancelledAt, zoneOf(m.Frame))},
	)}
}

// JoinedWithoutLicense goes to the person who invited somebody with a license, or to the
// owner where that person sees the account's people no more, when no seat was free for it.
type JoinedWithoutLicense struct {
	Frame
	// InviterName is who invited, in the owner's mail; empty says that the recipient did.
	InviterName string
	// PersonName and PersonEmail say who joined.
	PersonName  string
	PersonEmail string
	ProductName string
	// SeatsFree is how many seats are free when the mail is written.
	SeatsFree int64
	JoinedAt  time.Time
	// LicensesLink leads to the page where licenses are given.
	LicensesLink Link
}

// Kind is KindJoinedWithoutLicense.
func (JoinedWithoutLicense) Kind() Kind { return KindJoinedWithoutLicense }

func (m JoinedWithoutLicense) prepare(p *proof) content {
	p.text("PersonEmail", m.PersonEmail)
	p.text("ProductName", m.ProductName)
	p.instant("JoinedAt", m.JoinedAt)
	p.link("LicensesLink", m.LicensesLink)
	if m.SeatsFree < 0 {
		p.fault("SeatsFree is %d: it may not be negative", m.SeatsFree)
	}
	how := "All seats are taken. Add a seat or take back a license first; then open your licenses, find this person and give the license."
	switch {
	case m.SeatsFree == 1:
		how = "1 seat is free by now. To give the license, open your licenses and find this person."
	case m.SeatsFree > 1:
		how = words.Seats(m.SeatsFree) + " are free by now. To give the license, open your licenses and find this person."
	}
	return content{
		Facts: rows(
			row{Label: "Joined", Value: m.PersonName},
			row{Label: "Email", Value: m.PersonEmail},
			row{Label: "Product", Value: m.ProductName},
			row{Label: "Since", Value: words.Moment(m.JoinedAt, zoneOf(m.Frame))},
		),
		Words: []string{how},
	}
}
