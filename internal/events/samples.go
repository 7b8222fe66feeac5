package events

import (
	"maps"
	"strings"
	"time"

	"github.com/usher-seats/usher/internal/seats"
)

// Samples returns one event of every type, with every field that its type can
// have, in the order of Types. Rules, mails and documents are tested against it.
func Samples() []Event {
	const (
		account    seats.AccountID      = "acc_06c4b1yk2g0qm8v3n5t7w9xa0b"
		owner      seats.UserID         = "usr_06c4b1yk2g0qm8v3n5t7w9xb1c"
		user       seats.UserID         = "usr_06c4b1yk2g0qm8v3n5t7w9xc2d"
		invitation seats.InvitationID   = "inv_06c4b1yk2g0qm8v3n5t7w9xc2d"
		pool       seats.SubscriptionID = "sub_06c4b1yk2g0qm8v3n5t7w9xd3e_scheduler"
		quote      seats.QuoteID        = "quo_06c4b1yk2g0qm8v3n5t7w9xe4f"
		product                         = "scheduler"
	)
	at := time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)
	end := time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC)
	plan := seats.PlanRef{ID: "team", Version: 1}
	invited := seats.EventData{
		UserID: user, InvitationID: invitation, Generation: 2, ExpiresAt: at.AddDate(0, 0, 7),
		Role: seats.Member, InviterID: owner, Subscription: pool, Product: product,
	}
	ended := seats.EventData{UserID: user, InvitationID: invitation, InviterID: owner}
	expired := ended
	expired.Subscription, expired.Product = pool, product
	joined := expired
	joined.Licensed = true
	increased := seats.EventData{
		Subscription: pool, Product: product, From: 5, To: 8, QuoteID: quote, Plan: plan, DeltaMinor: 6000, FactorNum: 9, FactorDen: 30, AmountMinor: 1800,
		Currency: "EUR", InvoiceNumber: 2, EffectiveAt: at, NotBilledMinor: 500,
	}
	scheduled := seats.EventData{
		Subscription: pool, Product: product, From: 8, To: 4, EffectiveAt: end, QuoteID: quote, Currency: "EUR",
	}
	cancelled := scheduled
	cancelled.Seats, cancelled.EffectiveAt = 8, at
	data := map[string]seats.EventData{
		seats.AccountOpened:         {OwnerID: owner, Test: true},
		seats.AccountParkedEvent:    {Reason: "the total is below zero"},
		seats.ClockAdvanced:         {EffectiveAt: end},
		seats.SubscriptionStarted:   {Subscription: pool, Product: product, Plan: plan, Seats: 5, InvoiceNumber: 1, PeriodStart: end.AddDate(0, -1, 0), PeriodEnd: end, Trial: true, EffectiveAt: at, QuoteID: quote},
		seats.UserInvitedEvent:      invited,
		seats.InvitationResent:      invited,
		seats.InvitationCancelledEv: ended,
		seats.InvitationExpiredEv:   expired,
		seats.UserJoined:            joined,
		seats.UserCreated:           {UserID: user, Active: true, Role: seats.Member, Subscription: pool, Product: product, Licensed: true},
		seats.UserBound:             {UserID: user},
		seats.UserUpdated:           {UserID: user},
		seats.RoleChanged:           {UserID: user, FromRole: seats.Member, Role: seats.Admin},
		seats.UserActivated:         {UserID: user},
		seats.UserDeactivatedEvent:  {UserID: user, Ended: []string{product}},
		seats.UserRemovedEvent:      {UserID: user, Ended: []string{product}, Active: true},
		seats.LicenseAssigned:       {Subscription: pool, Product: product, UserIDs: []seats.UserID{user}},
		seats.LicenseRevoked:        {Subscription: pool, Product: product, UserIDs: []seats.UserID{user}, Reason: seats.ReasonRevoked},
		seats.SeatsIncreased:        increased,
		seats.DecreaseScheduled:     scheduled,
		seats.DecreaseCancelled:     cancelled,
		seats.CycleClosed: {
			Subscription: pool, Product: product, Plan: plan, PeriodStart: end.AddDate(0, -1, 0), PeriodEnd: end,
			From: 8, To: 4, InvoiceNumber: 3, InvoiceFirst: true, CreditNote: 4, FromPlan: seats.PlanRef{ID: "pro", Version: 2}, Trial: true,
			QuantityNum: 155, QuantityDen: 30, People: 6, PeopleSHA256: strings.Repeat("0a", 32),
		},
		seats.OwnershipTransferred: {FromUserID: owner, ToUserID: user, Epoch: 2},
	}
	maps.Copy(data, planSamples(user, invitation, pool, product, quote, at, end))
	types := Types()
	out := make([]Event, 0, len(types))
	for i, kind := range types {
		d := data[kind]
		changed, actor := changedBy(kind, &d, user, account), seats.Actor{Kind: seats.ActorUser, ID: string(owner)}
		if timeDoes(kind) {
			actor = seats.System
		}
		out = append(out, Event{
			ID:      seats.EventID("evt_06c4b1yk2g0qm8v3n5t7w9xf" + string([]byte{idCharacters[i/32], idCharacters[i%32]})),
			Account: account, Type: kind, At: at, RecordedAt: at.Add(123 * time.Millisecond),
			Actor: actor, Revs: []seats.Rev{{ID: changed, Rev: int64(i + 2)}}, Data: d,
		})
	}
	return out
}

// changedBy is the item whose revision an event carries.
func changedBy(kind string, d *seats.EventData, user seats.UserID, account seats.AccountID) string {
	switch {
	case kind == seats.LicenseAssigned || kind == seats.LicenseRevoked:
	case d.Subscription != "" && d.UserID == "":
		return string(d.Subscription)
	case d.UserID == "" && d.ToUserID == "":
		return string(account)
	}
	return string(user)
}

// timeDoes reports whether an event happens without anybody doing it.
func timeDoes(kind string) bool {
	return kind == seats.CycleClosed || kind == seats.InvitationExpiredEv || strings.HasPrefix(kind, "reminder.") || kind == seats.AccountParkedEvent
}

const idCharacters = "0123456789abcdefghjkmnpqrstvwxyz"

// planSamples are those of plans, requests and reminders.
func planSamples(user seats.UserID, invitation seats.InvitationID, pool seats.SubscriptionID, product string, quote seats.QuoteID, at, end time.Time) map[string]seats.EventData {
	const request seats.RequestID = "req_06c4b1yk2g0qm8v3n5t7w9xg5h"
	plan, fromPlan := seats.PlanRef{ID: "pro", Version: 2}, seats.PlanRef{ID: "team", Version: 1}
	of := func(d seats.EventData) seats.EventData {
		d.Subscription, d.Product = pool, product
		return d
	}
	decreased := of(seats.EventData{
		From: 8, To: 6, Plan: fromPlan, AmountMinor: 1200, Currency: "EUR", DeltaMinor: -4000, FactorNum: 9, FactorDen: 30,
		CreditNote: 4, InvoiceNumber: 3, EffectiveAt: at, QuoteID: quote, NotBilledMinor: 500,
	})
	upgraded := decreased
	upgraded.NotBilledMinor = 0
	upgraded.From, upgraded.To, upgraded.Plan, upgraded.FromPlan, upgraded.DeltaMinor = 8, 8, plan, fromPlan, 4000
	planned := of(seats.EventData{Plan: plan, FromPlan: fromPlan, From: 8, To: 6, EffectiveAt: end, QuoteID: quote})
	cancelled := planned
	cancelled.From, cancelled.To, cancelled.EffectiveAt = 0, 0, time.Time{}
	reminded := planned
	asked := of(seats.EventData{RequestID: request, RequestKind: seats.RequestPlan, UserID: user, From: 8, To: 12, Plan: seats.PlanRef{ID: "pro"}})
	answered := asked
	answered.Approved = true
	ending := of(seats.EventData{From: 8, To: 4, EffectiveAt: end, UserIDs: []seats.UserID{user}, People: 1})
	return map[string]seats.EventData{
		seats.SeatsDecreased:       decreased,
		seats.PlanUpgraded:         upgraded,
		seats.PlanChangeScheduled:  planned,
		seats.PlanChangeCancelled:  cancelled,
		seats.CancelScheduled:      of(seats.EventData{EffectiveAt: end}),
		seats.SubscriptionResumed:  of(seats.EventData{Seats: 8}),
		seats.SubscriptionEndedEv:  of(seats.EventData{From: 8, Reason: seats.ReasonEnded, EffectiveAt: end}),
		seats.DaySettled:           of(seats.EventData{InvoiceNumber: 3, InvoiceFirst: true, CreditNote: 4, From: 5, To: 8}),
		seats.InvoicePaidEvent:     {InvoiceNumber: 3},
		seats.InvoiceVoided:        {InvoiceNumber: 3, CreditNote: 4, Reason: "billed to the wrong company"},
		seats.RequestOpenedEvent:   asked,
		seats.RequestAnswered:      answered,
		seats.UserErased:           {UserID: user},
		seats.TokensRevoked:        {Epoch: 2},
		seats.ReminderDecrease:     ending,
		seats.ReminderPlanChange:   reminded,
		seats.ReminderCancellation: ending,
		seats.ReminderInvitation: of(seats.EventData{
			UserID: user, InvitationID: invitation, InviterID: user, Generation: 2, ExpiresAt: at.AddDate(0, 0, 2),
		}),
	}
}

// SampleAccountsDue is one AccountsDue.
func SampleAccountsDue() AccountsDue {
	return AccountsDue{
		Accounts:  []seats.AccountID{"acc_06c4b1yk2g0qm8v3n5t7w9xa0b"},
		DueBefore: time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC),
	}
}
