package main

import (
	"context"
	"strconv"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/seats"
)

// planUpgraded tells who answers for the money what a plan that was changed at once
// costs, and writes the invoice.
func (w writer) planUpgraded(ctx context.Context, s *scene) ([]letter, error) {
	invoices, _, err := w.issued(ctx, s)
	if err != nil || s.plan == nil {
		return invoices, err
	}
	d := s.event.Data
	m := mail.PlanChanged{ByName: s.actor(), ProductName: s.plan.Product.Name, ChangedAt: s.event.At, Link: w.link(s, "/plan")}
	if m.Before, m.After, err = w.changedTerms(ctx, s, d.From, d.To); err != nil {
		return nil, err
	}
	switch {
	case d.InvoiceNumber != 0:
		m.InvoiceNumber, m.DueNow = strconv.FormatInt(d.InvoiceNumber, 10), amount(d.AmountMinor, s.Account.Currency)
	case s.concerned() && s.sub.Trial:
		m.TrialUntil = s.sub.Period.End
	}
	told, err := w.managers(ctx, s, func(f mail.Frame) mail.Mail {
		own := m
		own.Frame = f
		return own
	})
	return append(told, invoices...), err
}

// planChangeScheduled tells who answers for the money what a plan will be and cost,
// unless it was taken back, replaced or took effect in the meantime.
func (w writer) planChangeScheduled(ctx context.Context, s *scene) ([]letter, error) {
	if s.plan == nil || !s.concerned() || s.sub.PendingPlan == nil || s.sub.PendingPlan.Event != s.event.ID {
		return nil, nil
	}
	rules := &s.plan.Policies
	then := s.sub.AtRenewal()
	if rules.AutoSeats {
		then = s.sub.RenewedSeats(rules)
	}
	m := mail.PlanChangeScheduled{
		ByName: s.actor(), ProductName: s.plan.Product.Name, EffectiveAt: s.event.Data.EffectiveAt, OverAssigned: string(rules.OverAssigned),
		Link: w.link(s, "/plan"),
	}
	var err error
	if m.Before, m.After, err = w.changedTerms(ctx, s, s.sub.Seats, max(then, rules.MinSeats)); err != nil {
		return nil, err
	}
	return w.managers(ctx, s, func(f mail.Frame) mail.Mail {
		own := m
		own.Frame = f
		return own
	})
}

// cancellationScheduled tells who answers for the money that a subscription ends,
// unless it was resumed or has ended in the meantime.
func (w writer) cancellationScheduled(ctx context.Context, s *scene) ([]letter, error) {
	if s.plan == nil || !s.concerned() || s.sub.Cancel == nil || s.sub.Cancel.Event != s.event.ID {
		return nil, nil
	}
	terms, err := s.terms(s.plan, s.sub.Seats)
	if err != nil {
		return nil, err
	}
	return w.managers(ctx, s, func(f mail.Frame) mail.Mail {
		return mail.CancellationScheduled{
			Frame: f, ByName: s.actor(), ProductName: s.plan.Product.Name, Terms: terms, EffectiveAt: s.event.Data.EffectiveAt, Link: w.link(s, "/plan"),
		}
	})
}

// subscriptionEnded tells who answers for the money that a subscription has ended.
// Where the product was subscribed to again since, its old terms are not known.
func (w writer) subscriptionEnded(ctx context.Context, s *scene) ([]letter, error) {
	if s.plan == nil || s.sub == nil {
		return nil, nil
	}
	m := mail.SubscriptionEnded{ProductName: s.plan.Product.Name, EndedAt: s.event.At, Link: w.link(s, "/plan")}
	if s.concerned() {
		var err error
		if m.Terms, err = s.terms(s.plan, s.event.Data.From); err != nil {
			return nil, err
		}
	}
	return w.managers(ctx, s, func(f mail.Frame) mail.Mail {
		own := m
		own.Frame = f
		return own
	})
}

// cycleClosed writes the documents of a close, and where a trial ended with it and the
// subscription goes on, tells who answers for the money what it costs from now on.
func (w writer) cycleClosed(ctx context.Context, s *scene) ([]letter, error) {
	letters, err := w.documents(ctx, s)
	d := s.event.Data
	if err != nil || !d.Trial || s.plan == nil || !s.concerned() || s.sub.Status != seats.SubscriptionActive {
		return letters, err
	}
	m := mail.TrialEnded{ProductName: s.plan.Product.Name, EndedAt: d.PeriodEnd, Link: w.link(s, "/plan")}
	if m.Terms, err = s.terms(s.plan, d.To); err != nil {
		return nil, err
	}
	if d.InvoiceNumber != 0 {
		m.InvoiceNumber = strconv.FormatInt(d.InvoiceNumber, 10)
	}
	told, err := w.managers(ctx, s, func(f mail.Frame) mail.Mail {
		own := m
		own.Frame = f
		return own
	})
	return append(told, letters...), err
}

// concerned reports whether the subscription of the event is the account's still: a
// product that was subscribed to again has another.
func (s *scene) concerned() bool { return s.sub != nil && s.sub.ID == s.event.Data.Subscription }

// changedTerms are the terms before a change from the event's plan to the scene's, and
// after it.
func (w writer) changedTerms(ctx context.Context, s *scene, from, to int64) (before, after mail.Terms, err error) {
	plan, err := w.store.Plan(ctx, s.event.Data.FromPlan)
	if err != nil {
		return before, after, err
	}
	if before, err = s.terms(plan, from); err != nil {
		return before, after, err
	}
	after, err = s.terms(s.plan, to)
	return before, after, err
}

// terms are what a number of seats costs on a plan. A plan of active users has a price
// that can be named where all of them cost the same.
func (s *scene) terms(plan *seats.Plan, n int64) (mail.Terms, error) {
	t := mail.Terms{PlanName: plan.Name, Interval: string(plan.Interval), ByUse: plan.Policies.ActiveUsers()}
	price, err := plan.Price(s.Account.Currency)
	switch {
	case err != nil:
		return t, err
	case t.ByUse && price.Model == billing.PerSeat && price.BaseMinor == 0 && price.IncludedSeats == 0:
		t.Price = amount(price.UnitMinor, s.Account.Currency)
		return t, nil
	case t.ByUse:
		return t, nil
	}
	minor, err := price.For(n)
	t.Seats, t.Price = n, amount(minor, s.Account.Currency)
	return t, err
}
