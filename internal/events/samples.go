package events

import (
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
	joined := ended
	joined.Subscription, joined.Product, joined.Licensed = pool, product, true
	increased := seats.EventData{
		Subscription: pool, Product: product, From: 5, To: 8, QuoteID: quote, Plan: plan, DeltaMinor: 6000, FactorNum: 9, FactorDen: 30, AmountMinor: 1800,
		Currency: "EUR", InvoiceNumber: 2, EffectiveAt: at,
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
		seats.SubscriptionStarted:   {Subscription: pool, Product: product, Plan: plan, Seats: 5, InvoiceNumber: 1, PeriodStart: end.AddDate(0, -1, 0), PeriodEnd: end},
		seats.UserInvitedEvent:      invited,
		seats.InvitationResent:      invited,
		seats.InvitationCancelledEv: ended,
		seats.InvitationExpiredEv:   ended,
		seats.UserJoined:            joined,
		seats.UserCreated:           {UserID: user},
		seats.UserBound:             {UserID: user},
		seats.UserUpdated:           {UserID: user},
		seats.RoleChanged:           {UserID: user, FromRole: seats.Member, Role: seats.Admin},
		seats.UserActivated:         {UserID: user},
		seats.UserDeactivatedEvent:  {UserID: user, Ended: []string{product}},
		seats.UserRemovedEvent:      {UserID: user, Ended: []string{product}},
		seats.LicenseAssigned:       {Subscription: pool, Product: product, UserIDs: []seats.UserID{user}},
		seats.LicenseRevoked:        {Subscription: pool, Product: product, UserIDs: []seats.UserID{user}, Reason: seats.ReasonRevoked},
		seats.SeatsIncreased:        increased,
		seats.DecreaseScheduled:     scheduled,
		seats.DecreaseCancelled:     cancelled,
		seats.CycleClosed: {
			Subscription: pool, Product: product, Plan: plan, PeriodStart: end.AddDate(0, -1, 0), PeriodEnd: end,
			From: 8, To: 4, InvoiceNumber: 3, InvoiceFirst: true,
		},
		seats.OwnershipTransferred: {FromUserID: owner, ToUserID: user},
	}
	types := Types()
	out := make([]Event, 0, len(types))
	for i, kind := range types {
		d := data[kind]
		changed, actor := string(user), seats.Actor{Kind: seats.ActorUser, ID: string(owner)}
		switch {
		case kind == seats.LicenseAssigned || kind == seats.LicenseRevoked:
		case d.Subscription != "" && d.UserID == "":
			changed = string(d.Subscription)
		case d.UserID == "" && d.ToUserID == "":
			changed = string(account)
		}
		if kind == seats.CycleClosed || kind == seats.InvitationExpiredEv || kind == seats.AccountParkedEvent {
			actor = seats.System
		}
		out = append(out, Event{
			ID:      seats.EventID("evt_06c4b1yk2g0qm8v3n5t7w9xf" + string("0123456789abcdefghjkmnpqrstvwxyz"[i]) + "g"),
			Account: account, Type: kind, At: at, RecordedAt: at.Add(123 * time.Millisecond),
			Actor: actor, Revs: []seats.Rev{{ID: changed, Rev: int64(i + 2)}}, Data: d,
		})
	}
	return out
}

// SampleAccountsDue is one AccountsDue.
func SampleAccountsDue() AccountsDue {
	return AccountsDue{
		Accounts:  []seats.AccountID{"acc_06c4b1yk2g0qm8v3n5t7w9xa0b"},
		DueBefore: time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC),
	}
}
