package seats

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// Billed is the list of the people that a usage line bills, in the order of their
// ids. The line names it by its hash.
type Billed struct {
	Product string
	// PeriodStart is the line's.
	PeriodStart time.Time
	// SHA256 is HashBilled of the people.
	SHA256 string
	People []BilledPerson
}

// BilledPerson is one user that is billed, with the number of local days of the
// period on which the user was active.
type BilledPerson struct {
	User UserID
	Days int64
}

// HashBilled is the SHA-256, in lower-case hex, of a list of people as text: a line
// for each, in the order of their ids, of the user's id, a space and the days.
func HashBilled(people []BilledPerson) string {
	h := sha256.New()
	for _, p := range people {
		_, _ = h.Write([]byte(string(p.User) + " " + strconv.FormatInt(p.Days, 10) + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// activity is when each user of an account was active, as users and ledger tell.
type activity map[UserID]billing.Activity

// turnOfStatus is an event that makes a user active, or ends it.
type turnOfStatus struct {
	rev         int64
	at          time.Time
	was, active bool
}

// statusOf says of whom an event changes whether they are active, if of anybody.
func statusOf(e *Event) (user UserID, was, active bool) {
	d := &e.Data
	switch e.Type {
	case AccountOpened:
		return d.OwnerID, false, true
	case UserJoined, UserActivated:
		return d.UserID, false, true
	case UserCreated:
		return d.UserID, false, d.Active
	case UserDeactivatedEvent:
		return d.UserID, true, false
	case UserRemovedEvent:
		return d.UserID, d.Active, false
	}
	return "", false, false
}

// activityOf works out when users were active, from some instant until now: users are
// as they are now, and the events are all since then, in any order. Who has no event
// was all the time what they are now. A user's events are ordered by the revisions
// that they made, since clocks of two machines may differ.
func activityOf(users []*User, events []Event) activity {
	turns := map[UserID][]turnOfStatus{}
	for i := range events {
		e := &events[i]
		id, was, active := statusOf(e)
		if id == "" {
			continue
		}
		turns[id] = append(turns[id], turnOfStatus{revOf(e, string(id)), e.At, was, active})
	}
	all := activity{}
	for _, u := range users {
		if len(turns[u.ID]) == 0 && u.Status == UserActive {
			all[u.ID] = billing.Activity{{}}
		}
	}
	for id, t := range turns {
		slices.SortFunc(t, func(x, y turnOfStatus) int { return cmp.Compare(x.rev, y.rev) })
		if spans := spansOf(t); len(spans) > 0 {
			all[id] = spans
		}
	}
	return all
}

// guardCount keeps a change of who is active out of a time that was counted: decided
// before its end, it may be written after the close has read who was active. Then it
// fails, and is decided anew at an instant that is not counted yet.
func (t *turn) guardCount(change *Change) {
	counted := !t.Account.CountedTo.IsZero()
	if counted && slices.ContainsFunc(change.Events, func(e Event) bool { user, _, _ := statusOf(&e); return user != "" }) {
		change.Uncounted = t.Now
	}
}

// settleCount moves the account's CountedTo to what is due, before it is read who was
// active until then: from here on nobody changes in that time any more.
func (s *Service) settleCount(ctx context.Context, c *closing) error {
	if !c.account.CountedTo.Before(c.account.Due) {
		return nil
	}
	a := *c.account
	a.Rev++
	a.CountedTo = a.Due
	err := s.Store.Commit(ctx, a.ID, &Change{Account: &AccountWrite{Account: &a, From: c.account.Rev}})
	if err == nil {
		c.account = &a
	}
	return err
}

func revOf(e *Event, id string) int64 {
	for _, r := range e.Revs {
		if r.ID == id {
			return r.Rev
		}
	}
	return 0
}

func spansOf(turns []turnOfStatus) billing.Activity {
	var spans billing.Activity
	active := turns[0].was
	if active {
		spans = append(spans, billing.Span{})
	}
	for _, t := range turns {
		switch {
		case t.active && !active:
			spans = append(spans, billing.Span{From: t.at})
		case !t.active && active:
			spans[len(spans)-1].To = t.at
		}
		active = t.active
	}
	return spans
}

// usage is the users that a period is billed for: Num ÷ Den of them, and who.
type usage struct {
	num, den int64
	people   []BilledPerson
	// seen is how many users were active at any time of it.
	seen int64
}

// count counts the active users of a part of a period, by the clock of loc.
func (all activity) count(how ActiveCount, p billing.Period, loc *time.Location) usage {
	ids := slices.Sorted(maps.Keys(all))
	users := make([]billing.Activity, len(ids))
	for i, id := range ids {
		users[i] = all[id]
	}
	var is func(billing.Activity, int64) bool
	u := usage{den: 1}
	switch how {
	case CountPeak:
		count, at := billing.Peak(users, p)
		u.num = count
		is = func(a billing.Activity, _ int64) bool { return count > 0 && a.At(at) }
	case CountDaily:
		u.num, u.den = billing.UserDays(users, p, loc), p.Days()
		is = func(_ billing.Activity, days int64) bool { return days > 0 }
	case CountAtClose:
		fallthrough
	default:
		u.num = billing.AtClose(users, p)
		is = func(a billing.Activity, _ int64) bool { return a.AtClose(p) }
	}
	for i, id := range ids {
		days := users[i].Days(p, loc)
		if days > 0 {
			u.seen++
		}
		if is(users[i], days) {
			u.people = append(u.people, BilledPerson{id, days})
		}
	}
	return u
}

// counted is the part of its running period that a subscription is billed for by
// usage, and its share of the whole: less than all where it began within it, or where
// its trial ended.
func (s *Subscription) counted(plan *Plan) (billing.Period, billing.Factor, *time.Location, error) {
	// The days are those of the zone that the period was opened in.
	loc, err := time.LoadLocation(s.Zone)
	if err != nil {
		return billing.Period{}, billing.Factor{}, nil, err
	}
	began := s.StartedAt
	if s.TrialEnded.After(began) {
		began = s.TrialEnded
	}
	if !began.After(s.Period.Start) {
		return s.Period, billing.Factor{Num: 1, Den: 1}, loc, nil
	}
	return s.Period.Since(began, loc), firstFactor(plan, s.Period, began, loc), loc, nil
}

// addUsage bills the period that ends, in arrears.
func (x *closer) addUsage(p *part, sub *Subscription, plan *Plan, e *Event) error {
	l, u, err := usageLine(x.a, sub, plan, x.active, e.ID)
	if err != nil {
		return err
	}
	if len(u.people) > 0 {
		p.billed = &Billed{Product: sub.Product, PeriodStart: l.PeriodStart, SHA256: l.PeopleSHA256, People: u.people}
	}
	e.Data.QuantityNum, e.Data.QuantityDen = l.QuantityNum, l.QuantityDen
	e.Data.People, e.Data.PeopleSHA256 = l.People, l.PeopleSHA256
	// Nobody is billed for more users than were active at all, or than the least.
	price, err := plan.Price(x.a.Currency)
	if err != nil {
		return err
	}
	most, err := dearest(price, 0, max(u.seen, plan.Policies.MinSeats))
	if err != nil {
		return err
	}
	if l.AmountMinor > most && !x.ahead {
		return fmt.Errorf("%w: %s comes to %d minor units for %d users", errAbsurd, sub.ID, l.AmountMinor, u.seen)
	}
	if l.AmountMinor != 0 {
		p.lines = append(p.lines, l)
	}
	return nil
}

// usageLine charges a period by who was active in it.
func usageLine(a *Account, sub *Subscription, plan *Plan, active activity, event EventID) (billing.Line, usage, error) {
	var none billing.Line
	period, factor, loc, err := sub.counted(plan)
	if err != nil {
		return none, usage{}, err
	}
	price, err := plan.Price(a.Currency)
	if err != nil {
		return none, usage{}, err
	}
	u := active.count(plan.Policies.ActiveCount, period, loc)
	u.num = max(u.num, plan.Policies.MinSeats*u.den)
	l := line(billing.LineUsage, a, sub, plan, price)
	l.QuantityNum, l.QuantityDen, l.People = u.num, u.den, int64(len(u.people))
	l.FactorNum, l.FactorDen = factor.Num, factor.Den
	l.PeriodStart, l.PeriodEnd = period.Start, period.End
	l.Description = fmt.Sprintf("%s, %s: %s, %s to %s", plan.Product.Name, plan.Name, countUsers(u.num, u.den), period.StartDate, period.EndDate.AddDays(-1))
	explainPrice(&l, price, a.Currency)
	l.EventIDs = []string{string(event)}
	if len(u.people) > 0 {
		l.PeopleSHA256 = HashBilled(u.people)
	}
	due, err := billing.UsageDue(price, u.num, u.den, factor)
	if err != nil {
		return none, usage{}, err
	}
	l.AmountMinor, err = billing.SettleIncrease(due)
	return l, u, err
}

// countUsers says how many users a quantity is, as text.
func countUsers(num, den int64) string {
	switch {
	case den != 1:
		return fmt.Sprintf("%d user-days in %d days", num, den)
	case num == 1:
		return "1 active user"
	}
	return itoa(num) + " active users"
}

// eventsPerRead is how many ledger events one page of a read for usage has: a month
// of a large account in tens of pages.
const eventsPerRead = 1000

// readActivity reads when the users of an account were active from an instant on. The
// users come first: what changes after they were read has an event that is read.
func (s *Service) readActivity(ctx context.Context, a *Account, from, wall time.Time) (activity, error) {
	users, err := s.Store.Users(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	last := a.Now(wall).Add(maxClockSkew)
	if a.Due.After(last) {
		last = a.Due
	}
	var events []Event
	month := time.Date(from.UTC().Year(), from.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	for ; !month.After(last); month = month.AddDate(0, 1, 0) {
		page := Page{Limit: eventsPerRead}
		for {
			found, next, err := s.Store.Events(ctx, a.ID, month.Format("2006-01"), page)
			if err != nil {
				return nil, err
			}
			for i := range found {
				if id, _, _ := statusOf(&found[i]); id != "" {
					events = append(events, found[i])
				}
			}
			if next == "" {
				break
			}
			page.Cursor = next
		}
	}
	return activityOf(users, events), nil
}

// readUsage reads what the periods of active users are billed by, if any of them is
// wanted.
func (s *Service) readUsage(ctx context.Context, c *closing, wanted func(*Subscription) bool) (err error) {
	from := c.usageFrom(wanted)
	if from.IsZero() {
		return nil
	}
	c.active, err = s.readActivity(ctx, c.account, from, c.wall)
	return err
}

// usageFrom is the earliest start of the periods of active users that are wanted.
func (c *closing) usageFrom(wanted func(*Subscription) bool) (from time.Time) {
	for _, sub := range c.subs {
		plan := c.plans[sub.Plan]
		if sub.Status == SubscriptionActive && !sub.Trial && plan != nil && plan.Policies.ActiveUsers() && wanted(sub) {
			from = earlier(from, sub.Period.Start)
		}
	}
	return from
}
