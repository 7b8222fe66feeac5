package seats

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// ReminderAhead is how long before a decrease, a plan change or the end of a
	// subscription takes effect it is reminded of: time enough to change one's mind.
	ReminderAhead = 7 * 24 * time.Hour
	// InvitationReminderAhead is how long before its link ends somebody is reminded of
	// their invitation: two of its seven days.
	InvitationReminderAhead = 2 * 24 * time.Hour
	// MaxReminded bounds how many of the people concerned an event names, and its mail
	// lists; their number is told whole.
	MaxReminded = 50
	// reminding bounds how many accounts are looked at at once: reads of one partition
	// each, which wait for the network.
	reminding = 16
)

// reminderAt is the instant from which on the people concerned are to be reminded of
// what waits for the period's end; zero where nothing does, or they were. What was
// scheduled within ReminderAhead of its effect is reminded of at the next look.
func (s *Subscription) reminderAt() time.Time {
	var scheduled time.Time
	consider := func(at time.Time, reminded bool) {
		if !reminded && (scheduled.IsZero() || at.Before(scheduled)) {
			scheduled = at
		}
	}
	switch {
	case s.Status != SubscriptionActive:
	case s.Cancel != nil:
		consider(s.Cancel.At, s.Cancel.Reminded) // it wins over the others
	default:
		if s.PendingPlan != nil {
			consider(s.PendingPlan.At, s.PendingPlan.Reminded)
		}
		if p := s.Decrease(); p != nil {
			consider(p.At, p.Reminded)
		}
	}
	if scheduled.IsZero() {
		return time.Time{}
	}
	return latest(s.Period.End.Add(-ReminderAhead), scheduled)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Remind reminds, in ordinary accounts, of what takes effect within ReminderAhead and
// of invitations that end within InvitationReminderAhead, each once: what was told is
// noted in the transaction of its event. One that fails does not keep the others; all
// errors are returned together.
func (s *Service) Remind(ctx context.Context) (reminded int, err error) {
	now := s.Wall()
	var mu sync.Mutex
	var failures []error
	note := func(n int, err error) {
		mu.Lock()
		defer mu.Unlock()
		reminded += n
		if err != nil {
			failures = append(failures, err)
		}
	}
	err = s.Store.DueAccounts(ctx, now.Add(ReminderAhead), func(found []AccountID) error {
		return atOnce(ctx, found, func(id AccountID) { note(s.remindPools(ctx, id, now)) })
	})
	failures = append(failures, err)
	err = s.Store.LapsedInvitations(ctx, now.Add(InvitationReminderAhead), func(found []Membership) error {
		return atOnce(ctx, found, func(m Membership) { note(s.remindInvitation(ctx, m, now)) })
	})
	return reminded, errors.Join(append(failures, err)...)
}

// atOnce does something for all, some at once, until the context ends.
func atOnce[T any](ctx context.Context, all []T, do func(T)) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	free := make(chan struct{}, reminding)
	for _, one := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			do(one)
		})
	}
	return nil
}

// passTime reminds of everything in one account that is to be reminded of by an
// instant and ends the invitations that lapse by then, one after the other and each at
// its own instant, as time would have: who is concerned by a decrease is known only
// once those have lapsed that lapse before its reminder. It is for test accounts, whose
// clocks jump.
func (s *Service) passTime(ctx context.Context, account AccountID, by time.Time) error {
	for {
		subs, err := s.Store.Subscriptions(ctx, account)
		if err != nil {
			return err
		}
		sub := firstToRemind(subs, by)
		if sub == nil {
			return s.lapse(ctx, account, by)
		}
		at := sub.reminderAt()
		if err := s.lapse(ctx, account, at); err != nil {
			return err
		}
		switch n, err := s.remindPools(ctx, account, at); {
		case err != nil:
			return err
		case n == 0:
			// A parked account is not told that something will take effect.
			return s.lapse(ctx, account, by)
		}
	}
}

// lapse reminds of the invitations of one account, and ends them, that are to be by an
// instant.
func (s *Service) lapse(ctx context.Context, account AccountID, by time.Time) error {
	users, err := s.Store.Users(ctx, account)
	if err != nil {
		return err
	}
	for _, u := range users {
		if i := u.Invitation; i == nil || i.State != InvitationOpen || i.Reminded {
			continue
		}
		if _, err := s.remindInvitation(ctx, Membership{account, u.ID}, by); err != nil {
			return err
		}
	}
	return s.expireAccount(ctx, account, by)
}

// remindPools reminds of what waits for the ends of an account's periods. It returns
// how many reminders it made.
func (s *Service) remindPools(ctx context.Context, account AccountID, by time.Time) (reminded int, err error) {
	for range maxDecisions {
		subs, err := s.Store.Subscriptions(ctx, account)
		if err != nil {
			return reminded, err
		}
		sub := firstToRemind(subs, by)
		if sub == nil {
			return reminded, nil
		}
		n, err := s.remindPool(ctx, sub, by)
		switch _, lost := conditionError(err); {
		case lost:
		case err != nil || n == 0:
			return reminded, err
		default:
			reminded += n
		}
	}
	return reminded, ErrBusy
}

// firstToRemind is the subscription that is to be reminded of first, if any by an
// instant.
func firstToRemind(subs []*Subscription, by time.Time) *Subscription {
	var first *Subscription
	for _, sub := range subs {
		at := sub.reminderAt()
		if !at.IsZero() && !at.After(by) && (first == nil || at.Before(first.reminderAt())) {
			first = sub
		}
	}
	return first
}

// remindPool makes the reminders of one subscription; none where its account is
// parked, or where what is waited for should have happened by now and was not closed.
func (s *Service) remindPool(ctx context.Context, sub *Subscription, by time.Time) (int, error) {
	view, err := s.Store.Load(ctx, Want{Account: sub.Account})
	if err != nil || view.Account == nil || view.Account.Status == AccountParked {
		return 0, err
	}
	if !by.Before(sub.Period.End) && !view.Account.Test {
		return 0, nil
	}
	ref := sub.Plan
	if sub.PendingPlan != nil && sub.Cancel == nil {
		ref = sub.PendingPlan.Plan
	}
	plan, err := s.Store.Plan(ctx, ref)
	if err != nil {
		return 0, err
	}
	users, err := s.Store.Users(ctx, sub.Account)
	if err != nil {
		return 0, err
	}
	wall, at := s.Wall(), sub.reminderAt()
	if !view.Account.Test {
		at = by
	}
	mint, err := newMinter(at, wall)
	if err != nil {
		return 0, err
	}
	t := &turn{View: view, Now: at, Wall: wall, Actor: System, Mint: mint}
	change := decideReminders(t, sub, plan, users)
	return len(change.Events), s.Store.Commit(ctx, sub.Account, change)
}

// decideReminders makes the reminders of one subscription; plan is that of the next
// period, or the last one.
func decideReminders(t *turn, sub *Subscription, plan *Plan, users []*User) *Change {
	next := sub.clone()
	next.Rev++
	next.Reminders++
	change := &Change{Subscriptions: []SubscriptionWrite{{Subscription: next, From: sub.Rev}}}
	remind := func(kind string, data EventData) {
		data.Subscription, data.Product, data.EffectiveAt = sub.ID, sub.Product, sub.Period.End
		change.Events = append(change.Events, t.event(kind, data, Rev{string(sub.ID), next.Rev}))
	}
	if sub.Cancel != nil {
		next.Cancel.Reminded = true
		people := licensed(holders(users, sub.Product), sub.Product)
		if plan.Policies.ActiveUsers() {
			people = activeUsers(users)
		}
		remind(ReminderCancellation, named(EventData{From: sub.Seats}, people))
		return change
	}
	if p := sub.PendingPlan; p != nil && !p.Reminded {
		next.PendingPlan.Reminded = true
		remind(ReminderPlanChange, EventData{Plan: p.Plan, FromPlan: sub.Plan, From: sub.Seats, To: sub.RenewedSeats(&plan.Policies)})
	}
	if p := sub.Decrease(); p != nil && !p.Reminded {
		next.Pending.Reminded = true
		remind(ReminderDecrease, named(EventData{From: sub.Seats, To: p.Seats}, losers(sub, plan, users)))
	}
	return change
}

// losers are who would lose their license if the decrease took effect now, in the order
// of losing it: nobody where the plan of the next period lets everybody keep theirs, or
// where open invitations lose seats enough.
func losers(sub *Subscription, renewal *Plan, users []*User) []*User {
	short := sub.Used() - sub.RenewedSeats(&renewal.Policies)
	if renewal.Policies.ActiveUsers() || short <= 0 {
		return nil
	}
	all := holders(users, sub.Product)
	return licensed(all[:min(int(short), len(all))], sub.Product)
}

// licensed are those who hold a license of the product, and not merely a reserved seat.
func licensed(users []*User, product string) []*User {
	var found []*User
	for _, u := range users {
		if _, ok := u.Licenses[product]; ok {
			found = append(found, u)
		}
	}
	return found
}

func activeUsers(users []*User) []*User {
	var active []*User
	for _, u := range users {
		if u.Status == UserActive {
			active = append(active, u)
		}
	}
	return active
}

// named adds the people concerned to the particulars of a reminder.
func named(d EventData, people []*User) EventData {
	d.People = int64(len(people))
	for _, u := range people[:min(len(people), MaxReminded)] {
		d.UserIDs = append(d.UserIDs, u.ID)
	}
	return d
}

// remindInvitation reminds somebody of their open invitation, once. It does nothing
// where there is none any more, or, in an ordinary account, where it has ended.
func (s *Service) remindInvitation(ctx context.Context, m Membership, by time.Time) (int, error) {
	for range maxDecisions {
		view, err := s.Store.Load(ctx, Want{Account: m.Account, Users: []UserID{m.User}})
		if err != nil {
			return 0, err
		}
		was := view.Users[m.User]
		if view.Account == nil || was == nil || was.Invitation == nil {
			return 0, nil
		}
		i := was.Invitation
		at := i.ExpiresAt.Add(-InvitationReminderAhead)
		if i.State != InvitationOpen || i.Reminded || by.Before(at) || !view.Account.Test && i.Lapsed(by) {
			return 0, nil
		}
		if !view.Account.Test {
			at = by
		}
		wall := s.Wall()
		mint, err := newMinter(at, wall)
		if err != nil {
			return 0, err
		}
		t := &turn{View: view, Now: at, Wall: wall, Actor: System, Mint: mint}
		err = s.Store.Commit(ctx, m.Account, decideInvitationReminder(t, was))
		if _, lost := conditionError(err); !lost {
			return 1, err
		}
	}
	return 0, ErrBusy
}

func decideInvitationReminder(t *turn, was *User) *Change {
	u := was.clone()
	u.Rev++
	u.Invitation.Reminded = true
	data := EventData{
		UserID: u.ID, InvitationID: InvitationOf(u.ID), InviterID: u.Invitation.Inviter, Generation: u.Invitation.Generation,
		ExpiresAt: u.Invitation.ExpiresAt, Product: u.HoldsSeat(),
	}
	if data.Product != "" {
		data.Subscription = u.Invitation.Subscription
	}
	return &Change{
		Users:  []UserWrite{{User: u, From: was.Rev}},
		Events: []Event{t.event(ReminderInvitation, data, Rev{string(u.ID), u.Rev})},
	}
}
