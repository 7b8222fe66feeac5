package audit

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

// gatherBilled reads the lists of billed people that closes name.
func (b *books) gatherBilled(ctx context.Context, store Store) error {
	for i := range b.events {
		e := &b.events[i]
		if e.Type != seats.CycleClosed || e.Data.PeopleSHA256 == "" {
			continue
		}
		for _, start := range b.countedFrom(e) {
			billed, err := store.Billed(ctx, b.id, e.Data.Product, start, e.Data.PeopleSHA256)
			if err == nil {
				b.billed[e.ID] = billed
				break
			}
			if !errors.Is(err, seats.ErrNotFound) {
				return err
			}
		}
	}
	return nil
}

// countedFrom are the instants from which a period can have been counted: its start,
// or when the subscription began or its trial ended within it.
func (b *books) countedFrom(closed *seats.Event) []time.Time {
	from := []time.Time{closed.Data.PeriodStart}
	for i := range b.events {
		e := &b.events[i]
		if e.Data.Subscription != closed.Data.Subscription {
			continue
		}
		switch {
		case e.Type == seats.SubscriptionStarted:
			from = append(from, effective(e))
		case e.Type == seats.CycleClosed && e.Data.Trial:
			from = append(from, e.At)
		}
	}
	return from
}

// status is one change of whether a user is active.
type status struct {
	at     time.Time
	active bool
}

// lifeOf is when a user became active and stopped being so, by the ledger.
func (b *books) lifeOf(id seats.UserID) []status {
	var life []status
	for _, r := range b.histories[string(id)] {
		for _, e := range r.events {
			switch {
			case e.Type == seats.AccountOpened && e.Data.OwnerID == id, e.Type == seats.UserJoined, e.Type == seats.UserActivated,
				e.Type == seats.UserCreated && e.Data.Active:
				life = append(life, status{e.At, true})
			case e.Type == seats.UserDeactivatedEvent, e.Type == seats.UserRemovedEvent:
				life = append(life, status{e.At, false})
			}
		}
	}
	return life
}

func activityOf(life []status) billing.Activity {
	var spans billing.Activity
	active := false
	for _, s := range life {
		switch {
		case s.active && !active:
			spans = append(spans, billing.Span{From: s.at})
		case !s.active && active:
			spans[len(spans)-1].To = s.at
		}
		active = s.active
	}
	return spans
}

// counting is a period whose active users are counted once more.
type counting struct {
	how    seats.ActiveCount
	period billing.Period
	loc    *time.Location
	// ids and users are all that were ever active.
	ids   []seats.UserID
	users []billing.Activity
}

func (b *books) counting(how seats.ActiveCount, period billing.Period, loc *time.Location) *counting {
	c := &counting{how: how, period: period, loc: loc}
	for _, u := range b.users {
		c.ids, c.users = append(c.ids, u.ID), append(c.users, activityOf(b.lifeOf(u.ID)))
	}
	return c
}

// people are those whom the period bills, with their days.
func (c *counting) people() []seats.BilledPerson {
	count, at := billing.Peak(c.users, c.period)
	var people []seats.BilledPerson
	for i, a := range c.users {
		days := a.Days(c.period, c.loc)
		var billed bool
		switch c.how {
		case seats.CountPeak:
			billed = count > 0 && a.At(at)
		case seats.CountDaily:
			billed = days > 0
		default:
			billed = a.AtClose(c.period)
		}
		if billed {
			people = append(people, seats.BilledPerson{User: c.ids[i], Days: days})
		}
	}
	slices.SortFunc(people, func(x, y seats.BilledPerson) int { return cmp.Compare(x.User, y.User) })
	return people
}

// usageLine is what the active users of the period that ends are billed, from the list
// of the people billed, which is held against the ledger.
func (p *pool) usageLine(e *seats.Event) []billing.Line {
	b, d, item := p.b, &e.Data, string(e.ID)
	began := p.startedAt
	if p.trialEnded.After(began) {
		began = p.trialEnded
	}
	var people []seats.BilledPerson
	if d.PeopleSHA256 != "" {
		billed := b.billed[e.ID]
		if !b.expect(billed != nil, BilledPeople, item, "names a list of %d people that is not there", d.People) {
			return nil
		}
		people = billed.People
	}
	b.expect(int64(len(people)) == d.People, BilledPeople, item, "names %d people, the list has %d", d.People, len(people))
	b.expect(len(people) == 0 || seats.HashBilled(people) == d.PeopleSHA256, BilledPeople, item, "the list has another hash than it is named by")
	rules := &p.plan.Policies
	period, factor := p.counted(began, b.zones[0])
	explained := false
	for _, loc := range b.zones {
		counted, share := p.counted(began, loc)
		if slices.Equal(b.counting(rules.ActiveCount, counted, loc).people(), people) {
			period, explained = counted, true
			factor = share
			break
		}
	}
	b.expect(explained || b.moved, BilledPeople, item, "the %d people billed are not those that the ledger says", len(people))
	num, den := int64(len(people)), int64(1)
	if rules.ActiveCount == seats.CountDaily {
		num, den = 0, period.Days()
		for _, person := range people {
			num += person.Days
		}
	}
	num = max(num, rules.MinSeats*den)
	b.expect(d.QuantityNum == num && d.QuantityDen == den, BilledPeople, item, "bills %d/%d users, the list comes to %d/%d", d.QuantityNum, d.QuantityDen, num, den)
	l := p.line(billing.LineUsage)
	l.QuantityNum, l.QuantityDen, l.People, l.PeopleSHA256 = num, den, d.People, d.PeopleSHA256
	l.FactorNum, l.FactorDen = factor.Num, factor.Den
	l.PeriodStart, l.PeriodEnd = period.Start, period.End
	l.EventIDs = []string{item}
	exact, err := billing.UsageDue(p.price, num, den, factor)
	if err == nil {
		l.AmountMinor, err = billing.SettleIncrease(exact)
	}
	b.expect(err == nil, PoolHistory, string(p.sub.ID), "%s cannot be priced: %v", e.ID, err)
	return []billing.Line{l}
}

// counted is the part of the running period that is billed, and its share.
func (p *pool) counted(began time.Time, loc *time.Location) (billing.Period, billing.Factor) {
	if !began.After(p.period.Start) {
		return p.period, billing.Factor{Num: 1, Den: 1}
	}
	if p.plan.Policies.Proration == billing.NoProration {
		return p.period.Since(began, loc), billing.Factor{Num: 1, Den: 1}
	}
	return p.period.Since(began, loc), p.period.Factor(p.plan.Policies.Proration, began, loc)
}
