// Package mail renders the mails that Usher sends and hands them to Amazon SES,
// at least once and with one send marker per recipient.
//
// # Nouns
//
//   - A [Mail] is what one kind of mail says, as a plain struct: [Invitation],
//     [InvitationExpired], [LicenseGiven], [LicenseTaken], [SeatChangeReceipt],
//     [DecreaseScheduled], [OwnershipTransferred], [Invoice], [CreditNote],
//     [InvitationReminder], [ChangeReminder], [RoleGiven], [RequestOpened],
//     [RequestAnswered], [InvitationCancelled], [JoinedWithoutLicense], [PlanChanged],
//     [PlanChangeScheduled], [CancellationScheduled], [SubscriptionEnded],
//     [TrialEnded]. Each embeds a [Frame]: vendor, account, recipient, time zone.
//   - A [Message] is a rendered mail: subject, text, HTML. [Renderer.Render] makes
//     it and reads nothing but its argument.
//   - A [Letter] is a message on its way to one recipient.
//   - A [Sender] hands a letter to SES and says by a [SendError] what became of it.
//   - A [Key] names one mail of one event to one recipient; its marker, kept by
//     [Markers], says whether it was sent.
//   - A [Courier] delivers: claim the marker, send, confirm the marker.
//
// # Values in mails
//
// Names are shown as they were typed after [words.Clean], which makes them one line
// without invisible characters. They are never parsed as templates, and each is
// isolated for writing direction in HTML. In a subject "=?" is parted by a space,
// since mail programs would decode it. Words that people choose never become
// an address: links come from the caller's configuration and are checked.
// Amounts are written from minor units with all the places of their currency.
// Dates are those of [Frame.Zone].
//
// A mail whose figures contradict each other is refused, not sent: the lines of
// an invoice must add up to its total, and the computation on a receipt must
// give the amount that it shows.
//
// # Delivery
//
// SES has no idempotency token, so a mail is sent at least once. A marker is
// claimed before the send and confirmed after it:
//
//	claimed ──accepted──► sent       later deliveries skip it
//	   │────refused─────► rejected   later deliveries skip it; the reason is kept
//	   │────try later───► released   the next delivery sends
//	   └────sender died─► after ClaimStale the next delivery sends
//
// Only one mail is ever sent twice: the one that SES accepted while its answer,
// or the sender's confirmation, was lost. Both copies have the same content,
// since links are derived from what is stored.
//
// # Templates
//
// Each kind has templates/<kind>.txt (subject, preheader, body) and
// templates/<kind>.html (heading, body); layout.txt and layout.html stand around
// them. Styles are inlined by hand; the classes serve the dark and the narrow
// screen. A kind is parsed when it is first rendered, since parsing all of them
// would cost a cold start 13 ms.
//
// To look at every mail: go run ./internal/mail/preview <dir>. After a wanted
// change of a template: go test ./internal/mail -update, and read the diff.
package mail
