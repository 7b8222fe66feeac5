package mail

import "time"

// Kind names a kind of mail: in templates, in SES tags, in an account's list of
// mails that are turned off.
type Kind string

// The kinds of mail.
const (
	KindInvitation            Kind = "invitation"
	KindInvitationExpired     Kind = "invitation_expired"
	KindLicenseGiven          Kind = "license_given"
	KindLicenseTaken          Kind = "license_taken"
	KindSeatChangeReceipt     Kind = "seat_change_receipt"
	KindDecreaseScheduled     Kind = "decrease_scheduled"
	KindOwnershipTransferred  Kind = "ownership_transferred"
	KindInvoice               Kind = "invoice"
	KindCreditNote            Kind = "credit_note"
	KindInvitationReminder    Kind = "invitation_reminder"
	KindChangeReminder        Kind = "change_reminder"
	KindRoleGiven             Kind = "role_given"
	KindRequestOpened         Kind = "request_opened"
	KindRequestAnswered       Kind = "request_answered"
	KindInvitationCancelled   Kind = "invitation_cancelled"
	KindJoinedWithoutLicense  Kind = "joined_without_license"
	KindPlanChanged           Kind = "plan_changed"
	KindPlanChangeScheduled   Kind = "plan_change_scheduled"
	KindCancellationScheduled Kind = "cancellation_scheduled"
	KindSubscriptionEnded     Kind = "subscription_ended"
	KindTrialEnded            Kind = "trial_ended"
)

// Kinds lists every kind of mail, in the order in which people meet them.
func Kinds() []Kind {
	return []Kind{
		KindInvitation, KindInvitationExpired, KindLicenseGiven, KindLicenseTaken,
		KindSeatChangeReceipt, KindDecreaseScheduled, KindOwnershipTransferred, KindInvoice, KindCreditNote,
		KindInvitationReminder, KindChangeReminder, KindRoleGiven, KindRequestOpened, KindRequestAnswered,
		KindInvitationCancelled, KindJoinedWithoutLicense,
		KindPlanChanged, KindPlanChangeScheduled, KindCancellationScheduled, KindSubscriptionEnded, KindTrialEnded,
	}
}

// Mail is what one kind of mail says. The structs of this package implement it.
type Mail interface {
	// Kind is the kind of this mail.
	Kind() Kind
	// common is the part that all kinds share.
	common() Frame
	// prepare checks the mail and computes what its templates show besides its
	// fields. Its receiver holds cleaned values.
	prepare(p *proof) content
}

// Message is a rendered mail. Subject is one line of at most 200 characters.
type Message struct {
	Kind    Kind
	Subject string
	Text    string
	HTML    string
}

// Frame is what stands around the words of every mail.
type Frame struct {
	Vendor Vendor
	// AccountName is the customer company's name.
	AccountName string
	// RecipientName is whom the mail greets; empty greets nobody by name.
	RecipientName string
	// Zone is the account's zone, in which dates are shown; nil is UTC.
	Zone *time.Location
}

// Vendor is who sells the product and sends the mail.
type Vendor struct {
	Name string
	// SupportEmail is where questions go.
	SupportEmail string
	// AddressLines are the vendor's postal address; they may be absent.
	AddressLines []string
}

// Link is a web address that a mail leads to: absolute, https (http on this
// machine alone), at most 2000 bytes. It is shown as it is, and refused where it
// is not so; it never comes from what people type.
type Link string

// common makes every kind that embeds a Frame have it.
func (f Frame) common() Frame { return f }

// content is what a mail shows besides its own fields.
type content struct {
	// Facts are the particulars at a glance, Bill the amounts.
	Facts, Bill []row
	// Words are computed sentences, each a paragraph.
	Words []string
	// More is how many entries of a list are left out.
	More int
}

// row is a line of a table in HTML and "Label: Value" in text.
type row struct {
	Label, Value string
	// Strong marks the row that matters most.
	Strong bool
}

// maxListed is how many lines of an invoice, or capabilities of a license, a mail
// shows. Gmail cuts a mail at 102 kB, and nobody reads more of them in a mail.
const maxListed = 50
