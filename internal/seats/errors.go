package seats

import "fmt"

// Kind sorts refusals by what the caller can do about them. One ordered table
// in the API maps a kind to a status.
type Kind int

const (
	// Invalid input: mend the request and send it again.
	Invalid Kind = iota + 1
	// Forbidden: the caller's role does not allow it.
	Forbidden
	// Unauthenticated: sign in again.
	Unauthenticated
	// NotFound: there is no such thing, or the caller may not know of it.
	NotFound
	// Conflict: the state does not allow it now; the detail says what would.
	Conflict
	// Mismatch: an idempotency key was sent again with another request.
	Mismatch
	// Gone: the link or the thing was valid once and never will be again.
	Gone
	// TooMany: slow down.
	TooMany
	// Unavailable: nothing was changed; the same request may succeed later.
	Unavailable
)

// Error is a refusal that a caller may read: a stable code, and a sentence that
// says what to do next. Everything else is an internal error and shows nothing.
type Error struct {
	Kind   Kind
	Code   string
	Detail string
	Fields []Field
	// RetryAfterSeconds is set where waiting helps.
	RetryAfterSeconds int
}

// Field is one mistake at one place of the request, such as "people[2].email".
type Field struct {
	Location string
	Message  string
	// Value is what was sent, shortened, or empty.
	Value string
}

func (e *Error) Error() string { return e.Code + ": " + e.Detail }

// Is makes errors.Is compare by code, so that a detail may name particulars.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// With returns the same refusal with a more particular sentence.
func (e *Error) With(format string, args ...any) *Error {
	c := *e
	c.Detail = fmt.Sprintf(format, args...)
	return &c
}

// The refusals that clients rely on.
var (
	ErrNoFreeSeats            = refusal(Conflict, "no_free_seats", "No seat is free. Take a license from someone, cancel an open invitation, or buy seats, and try again.")
	ErrAlreadyAssigned        = refusal(Conflict, "already_assigned", "This person already holds a license of this product.")
	ErrSeatsInUse             = refusal(Conflict, "seats_in_use", "More seats are in use than you ask to keep. Take licenses first, or keep more seats.")
	ErrOwnerRequired          = refusal(Conflict, "owner_required", "The owner cannot be demoted, deactivated or removed. Hand the ownership to somebody else first.")
	ErrRoleMustBeRemovedFirst = refusal(Conflict, "role_must_be_removed_first", "This person is an administrator. Change the role to member first.")
	ErrInvitationExpired      = refusal(Gone, "invitation_expired", "This invitation has expired. Ask the person who invited you to send it again.")
	ErrInvitationSuperseded   = refusal(Gone, "invitation_superseded", "A newer invitation was sent. Open the link in the newest mail.")
	ErrInvitationUsed         = refusal(Gone, "invitation_used", "This invitation was accepted already. Sign in instead.")
	ErrInvitationCancelled    = refusal(Gone, "invitation_cancelled", "This invitation was cancelled. Ask your administrator for a new one.")
	ErrEmailMismatch          = refusal(Forbidden, "email_mismatch", "You are signed in with another email than the one that was invited. Sign in with the invited email, and see that it is verified.")
	ErrEmailTaken             = refusal(Conflict, "email_taken", "Somebody in this account has this email already.")
	ErrContactSales           = refusal(Conflict, "contact_sales", "This is beyond what can be bought here. Write to the vendor.")
	ErrAgreementRequired      = refusal(Invalid, "agreement_required", "Read the license agreement and send agreement_accepted: true.")
	ErrQuoteExpired           = refusal(Conflict, "quote_expired", "This quote has expired and nothing was charged. Ask for a new quote.")
	ErrQuoteStale             = refusal(Conflict, "quote_stale", "The subscription changed after this quote and nothing was charged. Ask for a new quote.")
	ErrQuoteRequired          = refusal(Conflict, "quote_required", "This costs money. Ask for its price with dry_run: true and send the quote_id.")
	ErrIdempotencyKeyReused   = refusal(Mismatch, "idempotency_key_reused", "This Idempotency-Key was used for another request. Send a new key.")
	ErrIdempotencyInProgress  = refusal(Conflict, "idempotency_in_progress", "The first request with this Idempotency-Key is still running. Send it again in a moment.")
	ErrAnswerErased           = refusal(Conflict, "answer_erased", "This was done already. Its answer may name a person who was erased since, so it is not given again: read what you need anew.")
	ErrIdempotencyKeyRequired = refusal(Invalid, "idempotency_key_required", "Send an Idempotency-Key header: a fresh random value, the same one when you retry.")
	ErrForbidden              = refusal(Forbidden, "forbidden", "Your role does not allow this. Ask the owner or an administrator of the account.")
	ErrNotFound               = refusal(NotFound, "not_found", "There is nothing here, or you have no access to it. Check the address and the account that you are signed in to.")
	ErrAccountParked          = refusal(Conflict, "account_parked", "Billing of this account is on hold while the vendor looks into it. Nothing was charged; try again later.")
	ErrTooManyRequests        = refusal(TooMany, "too_many_requests", "Too many requests. Wait and try again.")
	ErrInvalid                = refusal(Invalid, "invalid", "The request is not valid. Mend the fields named in errors and send it again.")
	ErrSignInAgain            = refusal(Forbidden, "sign_in_again", "This needs a fresh sign-in. Sign in again and repeat it within five minutes.")
	ErrSignedOut              = refusal(Unauthenticated, "signed_out", "You were signed out when the ownership changed hands. Sign in again.")
	ErrStateConflict          = refusal(Conflict, "state_conflict", "The present state does not allow this.")
	ErrBusy                   = refusal(Unavailable, "busy", "Too many changes at once. Nothing was changed; try again.")
)

func refusal(kind Kind, code, detail string) *Error {
	e := &Error{Kind: kind, Code: code, Detail: detail}
	if kind == Unavailable || kind == TooMany {
		e.RetryAfterSeconds = 1
	}
	return e
}
