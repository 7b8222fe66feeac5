package audit

import (
	"cmp"
	"slices"
	"strings"

	"github.com/usher-seats/usher/internal/seats"
)

// about says what the events of a type must name besides their actor.
type about struct{ user, users, subscription, invitation bool }

// eventTypes are the types of the ledger.
func eventTypes() map[string]about {
	user := about{user: true}
	invitation := about{user: true, invitation: true}
	pool := about{subscription: true}
	return map[string]about{
		seats.AccountOpened: {}, seats.AccountUpdated: {}, seats.AccountParkedEvent: {}, seats.AccountUnparked: {},
		seats.ClockAdvanced: {}, seats.OwnershipTransferred: {},
		seats.SubscriptionStarted: pool, seats.SeatsIncreased: pool, seats.DecreaseScheduled: pool,
		seats.DecreaseCancelled: pool, seats.CycleClosed: pool,
		seats.UserInvitedEvent: invitation, seats.InvitationResent: invitation, seats.InvitationCancelledEv: invitation,
		seats.InvitationExpiredEv: invitation, seats.UserJoined: invitation,
		seats.UserCreated: user, seats.UserBound: user, seats.UserUpdated: user, seats.RoleChanged: user,
		seats.UserActivated: user, seats.UserDeactivatedEvent: user, seats.UserRemovedEvent: user,
		seats.SeatsDecreased: pool, seats.PlanUpgraded: pool, seats.PlanChangeScheduled: pool, seats.PlanChangeCancelled: pool,
		seats.CancelScheduled: pool, seats.SubscriptionResumed: pool, seats.SubscriptionEndedEv: pool, seats.DaySettled: pool,
		seats.InvoicePaidEvent: {}, seats.InvoiceVoided: {}, seats.RequestOpenedEvent: user, seats.RequestAnswered: user,
		seats.UserErased: user, seats.TokensRevoked: {},
		seats.ReminderDecrease: pool, seats.ReminderPlanChange: pool, seats.ReminderCancellation: pool, seats.ReminderInvitation: invitation,
		seats.LicenseAssigned: {users: true, subscription: true}, seats.LicenseRevoked: {subscription: true},
	}
}

// checkLedger looks at each event by itself.
func (b *books) checkLedger() {
	types := eventTypes()
	opened := 0
	for i := range b.events {
		e := &b.events[i]
		item := string(e.ID)
		what, known := types[e.Type]
		if !b.expect(known, LedgerEntry, item, "has the type %q", e.Type) {
			continue
		}
		if e.Type == seats.AccountOpened {
			opened++
			b.expect(e.Data.Test == b.account.Test, LedgerEntry, item, "opened with test %t", e.Data.Test)
			b.expect(e.At.Equal(b.account.OpenedAt), LedgerEntry, item, "opened at %s, the account says %s", stamp(e.At), stamp(b.account.OpenedAt))
		}
		b.expect(b.byEvent[e.ID] == e, LedgerEntry, item, "stands in the ledger twice")
		b.expect(strings.HasPrefix(item, "evt_") && seats.UserID("usr_"+strings.TrimPrefix(item, "evt_")).Valid(), LedgerEntry, item, "is no event id")
		b.expect(e.Account == b.id, LedgerEntry, item, "belongs to %s", e.Account)
		b.expect(!e.At.IsZero() && !e.At.Before(b.account.OpenedAt), LedgerEntry, item, "happened at %s, before the opening", stamp(e.At))
		b.expect(!e.RecordedAt.IsZero(), LedgerEntry, item, "was recorded never")
		b.checkActor(e)
		b.checkData(e, what)
		b.checkRevs(e)
	}
	b.expect(opened == 1, LedgerEntry, string(b.id), "was opened %d times", opened)
}

func (b *books) checkActor(e *seats.Event) {
	ok := false
	switch e.Actor.Kind {
	case seats.ActorUser:
		ok = b.byUser[seats.UserID(e.Actor.ID)] != nil
	case seats.ActorOperator:
		ok = e.Actor.ID != "" && b.byUser[seats.UserID(e.Actor.ID)] == nil
	case seats.ActorSystem:
		ok = e.Actor.ID == ""
	}
	b.expect(ok, LedgerEntry, string(e.ID), "was done by %s %q, who is nobody here", e.Actor.Kind, e.Actor.ID)
}

func (b *books) checkData(e *seats.Event, what about) {
	item, d := string(e.ID), &e.Data
	b.expect(!what.user || d.UserID != "", LedgerEntry, item, "%s names no user", e.Type)
	b.expect(!what.users || len(d.UserIDs) > 0, LedgerEntry, item, "%s names no users", e.Type)
	b.expect(!what.invitation || d.InvitationID == seats.InvitationOf(d.UserID), LedgerEntry, item, "%s of %s names the invitation %q", e.Type, d.UserID, d.InvitationID)
	sub := b.subscription(d.Subscription)
	b.expect(!what.subscription && d.Subscription == "" || sub != nil && sub.Product == d.Product, LedgerEntry, item, "%s names the subscription %q of %q", e.Type, d.Subscription, d.Product)
	named := append([]seats.UserID{d.UserID, d.OwnerID, d.FromUserID, d.ToUserID, d.InviterID}, d.UserIDs...)
	for _, id := range named {
		b.expect(id == "" || b.byUser[id] != nil, LedgerEntry, item, "names %s, who is no user here", id)
	}
}

// checkRevs compares the revisions that an event carries with the items.
func (b *books) checkRevs(e *seats.Event) {
	item := string(e.ID)
	b.expect(len(e.Revs) > 0 || e.Type == seats.InvoicePaidEvent, LedgerEntry, item, "%s carries no revision", e.Type)
	for _, rev := range e.Revs {
		if seats.RequestID(rev.ID).Valid() {
			continue // requests stand apart from what is audited
		}
		latest := int64(-1)
		if u := b.byUser[seats.UserID(rev.ID)]; u != nil {
			latest = u.Rev
		} else if sub := b.subscription(seats.SubscriptionID(rev.ID)); sub != nil {
			latest = sub.Rev
		} else if rev.ID == string(b.id) {
			latest = b.account.Rev
		}
		b.expect(rev.Rev >= 1 && rev.Rev <= latest, LedgerEntry, item, "carries revision %d of %s, which is at %d", rev.Rev, rev.ID, latest)
	}
}

// revision is one revision of an item with the events that carry it.
type revision struct {
	rev    int64
	events []*seats.Event
}

// index files the events under the items whose revisions they carry.
func (b *books) index() {
	byRev := map[seats.Rev]int{}
	for i := range b.events {
		e := &b.events[i]
		for _, rev := range e.Revs {
			at, known := byRev[rev]
			if !known {
				at = len(b.histories[rev.ID])
				byRev[rev] = at
				b.histories[rev.ID] = append(b.histories[rev.ID], revision{rev: rev.Rev})
			}
			r := &b.histories[rev.ID][at]
			r.events = append(r.events, e)
		}
	}
	for _, history := range b.histories {
		slices.SortFunc(history, func(x, y revision) int { return cmp.Compare(x.rev, y.rev) })
	}
}

// checkRevisions demands one commit for each revision of each user and
// subscription, and for the account no more revisions than commits.
func (b *books) checkRevisions() {
	for _, u := range b.users {
		b.checkSequence(string(u.ID), u.Rev)
	}
	for _, sub := range b.subs {
		b.checkSequence(string(sub.ID), sub.Rev)
	}
	for id, sub := range b.past {
		b.checkSequence(id, sub.Rev)
	}
	for _, r := range b.histories[string(b.id)] {
		b.oneCommit(string(b.id), r)
	}
	least, most := b.accountCommits()
	b.expect(b.account.Rev >= least && b.account.Rev <= most, Revisions, string(b.id), "is at revision %d, the ledger explains %d to %d", b.account.Rev, least, most)
}

func (b *books) checkSequence(id string, rev int64) {
	next := int64(1)
	for _, r := range b.histories[id] {
		if r.rev > rev {
			break
		}
		for ; next < r.rev; next++ {
			b.found(Revisions, id, "has no event for revision %d", next)
		}
		b.oneCommit(id, r)
		next = r.rev + 1
	}
	for ; next <= rev; next++ {
		b.found(Revisions, id, "has no event for revision %d", next)
	}
}

// oneCommit demands that events of one revision were written together.
func (b *books) oneCommit(id string, r revision) {
	first := r.events[0]
	for _, e := range r.events[1:] {
		b.expect(e.RecordedAt.Equal(first.RecordedAt) && e.Actor == first.Actor && e.Type != first.Type,
			Revisions, id, "revision %d was made by %s and by %s", r.rev, first.ID, e.ID)
	}
}

// accountCommits is how many revisions of the account the ledger explains. Closes,
// purchases with an invoice and every subscription after the one it was opened with
// write the account and carry the subscription's revision alone; a close that releases
// licenses writes it once more when it is through, and may do so where somebody gave
// up a license before it came to that. A change that only waits for the end of the day,
// or gives back what comes to nothing, may have written it.
func (b *books) accountCommits() (least, most int64) {
	started, maybe := int64(0), int64(0)
	type due struct{ at, recorded int64 }
	closed := map[due]bool{}
	counted := map[int64]bool{}
	released, shrunk := map[int64]bool{}, map[int64]bool{}
	for i := range b.events {
		e := &b.events[i]
		if slices.ContainsFunc(e.Revs, func(r seats.Rev) bool { return r.ID == string(b.id) }) {
			least++
			continue
		}
		switch e.Type {
		case seats.CycleClosed, seats.DaySettled:
			closed[due{e.At.UnixNano(), e.RecordedAt.UnixNano()}] = true
			shrunk[e.At.UnixNano()] = e.Data.To < e.Data.From || shrunk[e.At.UnixNano()]
			if e.Data.QuantityDen != 0 {
				counted[e.At.UnixNano()] = true
			}
		case seats.SeatsIncreased, seats.SeatsDecreased, seats.PlanUpgraded:
			if e.Data.InvoiceNumber != 0 || e.Data.CreditNote != 0 {
				least++
			} else {
				maybe++
			}
			shrunk[e.At.UnixNano()] = e.Type == seats.SeatsDecreased || shrunk[e.At.UnixNano()]
		case seats.SubscriptionStarted:
			started++
		case seats.LicenseRevoked:
			if r := e.Data.Reason; r == seats.ReasonDecrease || r == seats.ReasonEnded || r == seats.ReasonPlan {
				released[e.At.UnixNano()] = true
			}
		}
	}
	least += int64(len(closed)) + int64(len(released)) + max(0, started-1)
	// Before it is read who was active, the account is written once more.
	most = least + maybe + int64(len(counted))
	if a := b.account; !a.CountedTo.IsZero() && a.CountedTo.Equal(a.Due) {
		most++ // and the close that follows has not come through
	}
	for at, down := range shrunk {
		if down && !released[at] {
			most++
		}
	}
	return least, most
}
