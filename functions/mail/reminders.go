package main

import (
	"context"

	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/seats"
)

// managers are who answers for the account's money: the owner and the billing admins,
// each with a frame of their own.
func (w writer) managers(ctx context.Context, s *scene, build func(mail.Frame) mail.Mail) ([]letter, error) {
	users, err := w.store.Users(ctx, s.Account.ID)
	if err != nil {
		return nil, err
	}
	var letters []letter
	for _, u := range users {
		if s.manages(u) {
			letters = append(letters, userLetter(u, build(s.to(u))))
		}
	}
	return letters, nil
}

// manages reports whether a user answers for the account's money.
func (s *scene) manages(u *seats.User) bool {
	return u.ID == s.Account.Owner && u.Status != seats.UserRemoved || u.Role == seats.BillingAdmin && u.Status == seats.UserActive
}

// changeNear reminds the owner and the billing admins of what takes effect soon. What
// was taken back or took effect in the meantime is not told.
func (w writer) changeNear(ctx context.Context, s *scene) ([]letter, error) {
	d, sub := s.event.Data, s.sub
	if sub == nil || s.plan == nil || sub.ID != d.Subscription || !sub.Period.End.Equal(d.EffectiveAt) {
		return nil, nil
	}
	m := mail.ChangeReminder{
		ProductName: s.plan.Product.Name, EffectiveAt: d.EffectiveAt, SeatsFrom: d.From, SeatsTo: d.To, Link: w.link(s, "/licenses"),
	}
	switch s.event.Type {
	case seats.ReminderDecrease:
		if sub.Pending == nil || sub.Pending.Seats != d.To || sub.Cancel != nil {
			return nil, nil
		}
		renewal, err := w.follows(ctx, s)
		if err != nil {
			return nil, err
		}
		if rules := &renewal.Policies; rules.ActiveUsers() || rules.AutoSeats && rules.OverAssigned != seats.ReleaseNewest {
			// It has no seats, or as many as are used whatever was asked for.
			return nil, nil
		}
		m.Change = mail.ChangeDecrease
	case seats.ReminderCancellation:
		if sub.Cancel == nil {
			return nil, nil
		}
		m.Change = mail.ChangeCancellation
	default:
		if sub.PendingPlan == nil || sub.PendingPlan.Plan != d.Plan || sub.Cancel != nil {
			return nil, nil
		}
		before, err := w.store.Plan(ctx, d.FromPlan)
		if err != nil {
			return nil, err
		}
		m.Change, m.PlanFrom, m.PlanTo = mail.ChangePlan, before.Name, s.plan.Name
		if before.Policies.ActiveUsers() || s.plan.Policies.ActiveUsers() {
			m.SeatsFrom, m.SeatsTo = 0, 0 // one of them has no seats to compare
		}
	}
	m.PeopleCount = d.People
	for _, id := range d.UserIDs {
		if s.user(id) == nil {
			m.PeopleCount--
			continue
		}
		m.People = append(m.People, s.name(id))
	}
	return w.managers(ctx, s, func(f mail.Frame) mail.Mail {
		own := m
		own.Frame = f
		return own
	})
}
