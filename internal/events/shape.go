package events

import (
	"encoding/json"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// need says whether a type's data has a field.
type need int

const (
	must need = iota // always, and never empty
	zero             // always, and empty is a value: a number 0, false, an empty list
	may              // only where it is not empty
)

// field is one field of the data of one type.
type field struct {
	name string
	need need
	get  func(*seats.EventData) (value any, present bool)
	set  func(*seats.EventData, json.RawMessage) error
}

// text, number and the like make a field from the place where the event keeps it.

func text[T ~string](name string, n need, at func(*seats.EventData) *T) field {
	return field{
		name, n,
		func(d *seats.EventData) (any, bool) { v := *at(d); return v, v != "" },
		func(d *seats.EventData, b json.RawMessage) error { return json.Unmarshal(b, at(d)) },
	}
}

func number[T ~int | ~int64](name string, n need, at func(*seats.EventData) *T) field {
	return field{
		name, n,
		func(d *seats.EventData) (any, bool) { v := *at(d); return v, v != 0 },
		func(d *seats.EventData, b json.RawMessage) error { return json.Unmarshal(b, at(d)) },
	}
}

func flag(name string, n need, at func(*seats.EventData) *bool) field {
	return field{
		name, n,
		func(d *seats.EventData) (any, bool) { v := *at(d); return v, v },
		func(d *seats.EventData, b json.RawMessage) error { return json.Unmarshal(b, at(d)) },
	}
}

func instant(name string, n need, at func(*seats.EventData) *time.Time) field {
	return field{
		name, n,
		func(d *seats.EventData) (any, bool) { v := at(d).UTC(); return v, !v.IsZero() },
		func(d *seats.EventData, b json.RawMessage) error {
			if err := json.Unmarshal(b, at(d)); err != nil {
				return err
			}
			*at(d) = at(d).UTC()
			return nil
		},
	}
}

func list[T ~string](name string, n need, at func(*seats.EventData) *[]T) field {
	return field{
		name, n,
		func(d *seats.EventData) (any, bool) {
			if v := *at(d); v != nil {
				return v, len(v) > 0
			}
			return []T{}, false
		},
		func(d *seats.EventData, b json.RawMessage) error { return json.Unmarshal(b, at(d)) },
	}
}

func userID(d *seats.EventData) *seats.UserID             { return &d.UserID }
func inviterID(d *seats.EventData) *seats.UserID          { return &d.InviterID }
func invitationID(d *seats.EventData) *seats.InvitationID { return &d.InvitationID }
func subscription(d *seats.EventData) *seats.SubscriptionID {
	return &d.Subscription
}
func product(d *seats.EventData) *string         { return &d.Product }
func from(d *seats.EventData) *int64             { return &d.From }
func to(d *seats.EventData) *int64               { return &d.To }
func seatCount(d *seats.EventData) *int64        { return &d.Seats }
func role(d *seats.EventData) *seats.Role        { return &d.Role }
func reason(d *seats.EventData) *string          { return &d.Reason }
func ended(d *seats.EventData) *[]string         { return &d.Ended }
func quoteID(d *seats.EventData) *seats.QuoteID  { return &d.QuoteID }
func invoiceNumber(d *seats.EventData) *int64    { return &d.InvoiceNumber }
func currency(d *seats.EventData) *string        { return &d.Currency }
func planID(d *seats.EventData) *string          { return &d.Plan.ID }
func planVersion(d *seats.EventData) *int        { return &d.Plan.Version }
func fromPlanID(d *seats.EventData) *string      { return &d.FromPlan.ID }
func fromPlanVersion(d *seats.EventData) *int    { return &d.FromPlan.Version }
func people(d *seats.EventData) *int64           { return &d.People }
func epoch(d *seats.EventData) *int64            { return &d.Epoch }
func creditNote(d *seats.EventData) *int64       { return &d.CreditNote }
func notBilledMinor(d *seats.EventData) *int64   { return &d.NotBilledMinor }
func effectiveAt(d *seats.EventData) *time.Time  { return &d.EffectiveAt }
func userIDs(d *seats.EventData) *[]seats.UserID { return &d.UserIDs }

// shapeOf says what the data of a type holds, in the order in which it is
// written. This is the contract that consumers code against: fields may be added,
// as may, and none may go or change its meaning.
func shapeOf(kind string) ([]field, bool) {
	if shape, ok := shapeOfPeople(kind); ok {
		return shape, true
	}
	if shape, ok := shapeOfPlans(kind); ok {
		return shape, true
	}
	return shapeOfMoney(kind)
}

func shapeOfPeople(kind string) ([]field, bool) {
	user := text("user_id", must, userID)
	switch kind {
	case seats.UserInvitedEvent, seats.InvitationResent:
		return []field{
			user, text("invitation_id", must, invitationID),
			number("generation", must, func(d *seats.EventData) *int { return &d.Generation }),
			instant("expires_at", must, func(d *seats.EventData) *time.Time { return &d.ExpiresAt }),
			text("role", must, role), text("inviter_id", may, inviterID),
			text("subscription_id", may, subscription), text("product_id", may, product),
		}, true
	case seats.InvitationCancelledEv:
		return []field{user, text("invitation_id", must, invitationID), text("inviter_id", may, inviterID)}, true
	case seats.InvitationExpiredEv:
		return []field{
			user, text("invitation_id", must, invitationID), text("inviter_id", may, inviterID),
			text("subscription_id", may, subscription), text("product_id", may, product),
		}, true
	case seats.UserJoined:
		return []field{
			user, text("invitation_id", must, invitationID), text("inviter_id", may, inviterID),
			text("subscription_id", may, subscription), text("product_id", may, product),
			flag("licensed", zero, func(d *seats.EventData) *bool { return &d.Licensed }),
		}, true
	case seats.UserCreated:
		return []field{
			user, flag("active", zero, func(d *seats.EventData) *bool { return &d.Active }), text("role", may, role),
			text("subscription_id", may, subscription), text("product_id", may, product),
			flag("licensed", may, func(d *seats.EventData) *bool { return &d.Licensed }),
		}, true
	case seats.ReminderInvitation:
		return []field{
			user, text("invitation_id", must, invitationID), text("inviter_id", may, inviterID),
			number("generation", must, func(d *seats.EventData) *int { return &d.Generation }),
			instant("expires_at", must, func(d *seats.EventData) *time.Time { return &d.ExpiresAt }),
			text("subscription_id", may, subscription), text("product_id", may, product),
		}, true
	case seats.UserBound, seats.UserUpdated, seats.UserActivated, seats.UserErased:
		return []field{user}, true
	case seats.RoleChanged:
		return []field{
			user, text("from", must, func(d *seats.EventData) *seats.Role { return &d.FromRole }), text("to", must, role),
		}, true
	case seats.UserDeactivatedEvent:
		return []field{user, list("licenses_ended", zero, ended)}, true
	case seats.UserRemovedEvent:
		return []field{
			user, list("licenses_ended", zero, ended), flag("was_active", may, func(d *seats.EventData) *bool { return &d.Active }),
		}, true
	case seats.LicenseAssigned:
		return append(pool(), list("user_ids", must, userIDs)), true
	case seats.LicenseRevoked:
		// A release may have found only reservations to give up, held by nobody yet.
		return append(pool(), list("user_ids", zero, userIDs), text("reason", must, reason)), true
	case seats.OwnershipTransferred:
		return []field{
			text("from_user_id", must, func(d *seats.EventData) *seats.UserID { return &d.FromUserID }),
			text("to_user_id", must, func(d *seats.EventData) *seats.UserID { return &d.ToUserID }),
			number("epoch", may, epoch),
		}, true
	}
	return nil, false
}

func shapeOfMoney(kind string) ([]field, bool) {
	switch kind {
	case seats.AccountOpened:
		return []field{
			text("owner_id", must, func(d *seats.EventData) *seats.UserID { return &d.OwnerID }),
			flag("test", zero, func(d *seats.EventData) *bool { return &d.Test }),
		}, true
	case seats.AccountUpdated, seats.AccountUnparked:
		return nil, true
	case seats.AccountParkedEvent:
		return []field{text("reason", must, reason)}, true
	case seats.ClockAdvanced:
		return []field{instant("to", must, effectiveAt)}, true
	case seats.SubscriptionStarted:
		return append(pool(),
			text("plan_id", must, planID), number("plan_version", must, planVersion),
			number("seats", zero, seatCount), number("invoice_number", may, invoiceNumber),
			instant("period_start", may, func(d *seats.EventData) *time.Time { return &d.PeriodStart }),
			instant("period_end", may, func(d *seats.EventData) *time.Time { return &d.PeriodEnd }),
			instant("effective_at", may, effectiveAt), text("quote_id", may, quoteID),
			flag("trial", may, func(d *seats.EventData) *bool { return &d.Trial })), true
	case seats.SeatsIncreased:
		return append(pool(), number("from", zero, from), number("to", must, to), text("quote_id", must, quoteID),
			number("amount_due_now_minor", zero, func(d *seats.EventData) *int64 { return &d.AmountMinor }),
			text("currency", must, currency),
			number("invoice_number", may, invoiceNumber), instant("effective_at", may, effectiveAt),
			text("plan_id", may, planID), number("plan_version", may, planVersion),
			number("price_difference_minor", may, func(d *seats.EventData) *int64 { return &d.DeltaMinor }),
			number("factor_numerator", may, func(d *seats.EventData) *int64 { return &d.FactorNum }),
			number("factor_denominator", may, func(d *seats.EventData) *int64 { return &d.FactorDen }),
			number("not_billed_minor", may, notBilledMinor)), true
	case seats.DecreaseScheduled:
		return append(pool(), number("from", must, from), number("to", zero, to),
			instant("effective_at", must, effectiveAt), text("quote_id", must, quoteID), text("currency", may, currency)), true
	case seats.DecreaseCancelled:
		return append(pool(), number("seats", zero, seatCount), number("from", may, from), number("to", may, to),
			instant("effective_at", may, effectiveAt), text("quote_id", may, quoteID), text("currency", may, currency)), true
	case seats.CycleClosed:
		return append(pool(),
			instant("period_start", must, func(d *seats.EventData) *time.Time { return &d.PeriodStart }),
			instant("period_end", must, func(d *seats.EventData) *time.Time { return &d.PeriodEnd }),
			number("seats_before", zero, from), number("seats_after", zero, to),
			text("plan_id", may, planID), number("plan_version", may, planVersion),
			number("invoice_number", may, invoiceNumber),
			flag("invoice_first", may, func(d *seats.EventData) *bool { return &d.InvoiceFirst }),
			number("credit_note", may, creditNote),
			text("from_plan_id", may, fromPlanID), number("from_plan_version", may, fromPlanVersion),
			flag("trial", may, func(d *seats.EventData) *bool { return &d.Trial }),
			number("quantity_numerator", may, func(d *seats.EventData) *int64 { return &d.QuantityNum }),
			number("quantity_denominator", may, func(d *seats.EventData) *int64 { return &d.QuantityDen }),
			number("people", may, people),
			text("people_sha256", may, func(d *seats.EventData) *string { return &d.PeopleSHA256 })), true
	}
	return nil, false
}

func shapeOfPlans(kind string) ([]field, bool) {
	planned := func(n need) []field {
		return []field{
			text("plan_id", n, planID), number("plan_version", n, planVersion),
			text("from_plan_id", n, fromPlanID), number("from_plan_version", n, fromPlanVersion),
		}
	}
	charged := []field{
		number("amount_due_now_minor", may, func(d *seats.EventData) *int64 { return &d.AmountMinor }), text("currency", may, currency),
		number("price_difference_minor", may, func(d *seats.EventData) *int64 { return &d.DeltaMinor }),
		number("factor_numerator", may, func(d *seats.EventData) *int64 { return &d.FactorNum }),
		number("factor_denominator", may, func(d *seats.EventData) *int64 { return &d.FactorDen }),
		number("invoice_number", may, invoiceNumber), number("credit_note", may, creditNote),
		instant("effective_at", may, effectiveAt), text("quote_id", may, quoteID),
	}
	switch kind {
	case seats.SeatsDecreased:
		shape := append(pool(), number("from", must, from), number("to", zero, to), text("plan_id", may, planID), number("plan_version", may, planVersion))
		return append(append(shape, charged...), number("not_billed_minor", may, notBilledMinor)), true
	case seats.PlanUpgraded:
		shape := append(append(pool(), planned(must)...), number("from", zero, from), number("to", zero, to))
		return append(shape, charged...), true
	case seats.PlanChangeScheduled, seats.ReminderPlanChange:
		return append(append(pool(), planned(must)...), number("from", may, from), number("to", may, to),
			instant("effective_at", must, effectiveAt), text("quote_id", may, quoteID)), true
	case seats.PlanChangeCancelled:
		return append(append(pool(), planned(must)...), text("quote_id", may, quoteID)), true
	case seats.CancelScheduled:
		return append(pool(), instant("effective_at", must, effectiveAt)), true
	case seats.SubscriptionResumed:
		return append(pool(), number("seats", zero, seatCount)), true
	case seats.SubscriptionEndedEv:
		return append(pool(), number("from", zero, from), text("reason", may, reason), instant("effective_at", may, effectiveAt)), true
	case seats.DaySettled:
		return append(pool(), number("invoice_number", may, invoiceNumber), number("credit_note", may, creditNote),
			flag("invoice_first", may, func(d *seats.EventData) *bool { return &d.InvoiceFirst }),
			number("from", zero, from), number("to", zero, to)), true
	case seats.ReminderDecrease, seats.ReminderCancellation:
		return append(pool(), number("from", may, from), number("to", may, to), instant("effective_at", must, effectiveAt),
			list("user_ids", zero, userIDs), number("people", may, people)), true
	case seats.InvoicePaidEvent:
		return []field{number("invoice_number", must, invoiceNumber)}, true
	case seats.InvoiceVoided:
		return []field{number("invoice_number", must, invoiceNumber), number("credit_note", must, creditNote), text("reason", may, reason)}, true
	case seats.TokensRevoked:
		return []field{number("epoch", must, epoch)}, true
	case seats.RequestOpenedEvent, seats.RequestAnswered:
		shape := []field{
			text("request_id", must, func(d *seats.EventData) *seats.RequestID { return &d.RequestID }),
			text("kind", must, func(d *seats.EventData) *seats.RequestKind { return &d.RequestKind }),
			text("by_user_id", must, userID), text("subscription_id", may, subscription), text("product_id", may, product),
			number("from", may, from), number("to", may, to), text("plan_id", may, planID),
		}
		if kind == seats.RequestAnswered {
			shape = append(shape, flag("approved", zero, func(d *seats.EventData) *bool { return &d.Approved }))
		}
		return shape, true
	}
	return nil, false
}

// pool are the fields of every event about a subscription.
func pool() []field {
	return []field{text("subscription_id", must, subscription), text("product_id", must, product)}
}
