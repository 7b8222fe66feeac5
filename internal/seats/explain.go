package seats

import (
	"context"
	"fmt"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/words"
)

// Explanation says in sentences why a document says what it says.
type Explanation struct {
	Invoice billing.Invoice
	Lines   []ExplainedLine
	// Issued are the events that issued the document.
	Issued []ExplainedEvent
}

// ExplainedLine is a line with how its amount comes about and what led to it.
type ExplainedLine struct {
	Line       billing.Line
	Arithmetic string
	Events     []ExplainedEvent
}

// ExplainedEvent is an entry of the ledger as a sentence. Names in it are those of
// today: the ledger holds none.
type ExplainedEvent struct {
	ID   EventID
	Type string
	At   time.Time
	Text string
}

// ExplainInvoice explains an issued invoice or credit note to who may see money.
func (s *Service) ExplainInvoice(ctx context.Context, caller Caller, account AccountID, number int64) (*Explanation, error) {
	access, err := s.enterMoney(ctx, caller, account)
	if err != nil {
		return nil, err
	}
	d, err := s.document(ctx, account, number)
	if err != nil {
		return nil, err
	}
	e, err := s.evidence(ctx, access.Account, &d.inv)
	if err != nil {
		return nil, err
	}
	n := &narrator{evidence: e, zone: e.zones[0]}
	if n.people, err = s.narrated(ctx, e); err != nil {
		return nil, err
	}
	x := &Explanation{Invoice: d.inv}
	for i := range d.inv.Lines {
		l := &d.inv.Lines[i]
		line := ExplainedLine{Line: *l, Arithmetic: n.arithmetic(l)}
		for _, id := range l.EventIDs {
			if event := e.events[EventID(id)]; event != nil {
				line.Events = append(line.Events, n.tell(event))
			}
		}
		x.Lines = append(x.Lines, line)
	}
	for _, event := range e.named {
		x.Issued = append(x.Issued, n.tell(event))
	}
	return x, nil
}

// narrated reads the people that the explanation names.
func (s *Service) narrated(ctx context.Context, e *evidence) (map[UserID]*User, error) {
	want := Want{Account: e.account.ID, UsersOnly: true}
	seen := map[UserID]bool{}
	see := func(event *Event) {
		if id := UserID(event.Actor.ID); event.Actor.Kind == ActorUser && !seen[id] {
			seen[id] = true
			want.Users = append(want.Users, id)
		}
	}
	for _, event := range e.named {
		see(event)
	}
	for i := range e.issued.Lines {
		for _, id := range e.issued.Lines[i].EventIDs {
			if event := e.events[EventID(id)]; event != nil {
				see(event)
			}
		}
	}
	if len(want.Users) == 0 {
		return nil, nil
	}
	view, err := s.Store.Load(ctx, want)
	return view.Users, err
}

// narrator puts events and amounts into words.
type narrator struct {
	*evidence
	zone   *time.Location
	people map[UserID]*User
}

func (n *narrator) money(minor int64) string {
	return words.Money(money.Amount{Minor: minor, Currency: money.Currency(n.issued.Currency)})
}

// who names the actor.
func (n *narrator) who(event *Event) string {
	switch event.Actor.Kind {
	case ActorOperator:
		return "The vendor's staff"
	case ActorUser:
		u := n.people[UserID(event.Actor.ID)]
		if u == nil || u.Erased {
			return "A former user"
		}
		return words.Clean(u.FirstName + " " + u.LastName)
	}
	return "Usher"
}

func (n *narrator) planName(ref PlanRef) string {
	if plan := n.plans[ref]; plan != nil {
		return words.Clean(plan.Product.Name) + ", " + words.Clean(plan.Name)
	}
	return ref.ID
}

// tell is an event as a sentence.
func (n *narrator) tell(event *Event) ExplainedEvent {
	d := &event.Data
	who, on := n.who(event), " on "+words.Moment(effective(event), n.zone)
	var text string
	switch event.Type {
	case SubscriptionStarted:
		text = fmt.Sprintf("%s subscribed to %s%s%s.", who, n.planName(d.Plan), withThese(d.Seats), on)
	case SeatsIncreased:
		text = fmt.Sprintf("%s raised the seats from %s to %s%s.", who, words.Count(d.From), words.Count(d.To), on)
	case SeatsDecreased:
		text = fmt.Sprintf("%s gave seats back, from %s to %s%s.", who, words.Count(d.From), words.Count(d.To), on)
	case DecreaseScheduled:
		text = fmt.Sprintf("%s scheduled a decrease from %s to %s for %s%s.", who, words.Count(d.From), words.Count(d.To), words.Date(d.EffectiveAt, n.zone), on)
	case PlanUpgraded:
		text = fmt.Sprintf("%s upgraded from %s to %s%s%s.", who, n.planName(d.FromPlan), n.planName(d.Plan), withThese(d.To), on)
	case PlanChangeScheduled:
		text = fmt.Sprintf("%s scheduled the change from %s to %s for %s%s.", who, n.planName(d.FromPlan), n.planName(d.Plan), words.Date(d.EffectiveAt, n.zone), on)
	case CycleClosed:
		text = n.closed(d)
	case DaySettled:
		text = fmt.Sprintf("The changes of the day were settled%s.", on)
	case InvoiceVoided:
		text = fmt.Sprintf("%s voided invoice %d%s: %s", who, d.InvoiceNumber, on, words.Clean(d.Reason))
	default:
		text = fmt.Sprintf("%s: %s%s.", who, event.Type, on)
	}
	return ExplainedEvent{ID: event.ID, Type: event.Type, At: event.At, Text: text}
}

func withThese(n int64) string {
	if n == 0 {
		return ""
	}
	return " with " + words.Seats(n)
}

func (n *narrator) closed(d *EventData) string {
	what := "The period"
	if d.Trial {
		what = "The trial"
	}
	text := fmt.Sprintf("%s from %s to %s ended", what, words.Date(d.PeriodStart, n.zone), words.LastDay(d.PeriodEnd, n.zone))
	switch {
	case d.QuantityDen != 0:
		text += fmt.Sprintf(" with %s billed for it", countUsers(d.QuantityNum, d.QuantityDen))
	case d.From != d.To:
		text += fmt.Sprintf("; the seats went from %s to %s", words.Count(d.From), words.Count(d.To))
	default:
		text += " and the next one began" + withThese(d.To)
	}
	if d.FromPlan.ID != "" {
		text += fmt.Sprintf("; %s took the place of %s", n.planName(d.Plan), n.planName(d.FromPlan))
	}
	return text + "."
}

// arithmetic is how a line's amount comes about.
func (n *narrator) arithmetic(l *billing.Line) string {
	plan := n.plans[PlanRef{l.PlanID, l.PlanVersion}]
	amount := n.money(l.AmountMinor)
	if plan == nil {
		return amount + "."
	}
	price, err := plan.Price(money.Currency(n.issued.Currency))
	if err != nil {
		return amount + "."
	}
	part := n.part(l, plan)
	switch {
	case l.Kind == billing.LineUsage:
		return fmt.Sprintf("%s by the price of a %s%s come to %s.", countUsers(l.QuantityNum, l.QuantityDen), plan.Interval, part, amount)
	case l.Kind == billing.LineSeats:
		whole, err := price.For(l.Seats)
		if err != nil {
			return amount + "."
		}
		return fmt.Sprintf("%s cost %s a %s%s: %s.", words.Seats(l.Seats), n.money(whole), plan.Interval, part, amount)
	case l.Kind == billing.LinePlanChange && l.AmountMinor < 0:
		return fmt.Sprintf("What is left of the period%s is given back: %s.", part, amount)
	case l.Kind == billing.LinePlanChange:
		return fmt.Sprintf("%s on the new plan%s: %s.", words.Seats(l.Seats), part, amount)
	case len(l.EventIDs) > 1:
		return fmt.Sprintf("%d changes from %s to %s are added up unrounded, and rounded once: %s.", len(l.EventIDs), words.Count(l.FromSeats), words.Seats(l.Seats), amount)
	}
	more, err := difference(price, l.FromSeats, l.Seats)
	if err != nil {
		return amount + "."
	}
	text := fmt.Sprintf("From %s to %s is a difference of %s a %s", words.Count(l.FromSeats), words.Seats(l.Seats), n.money(more), plan.Interval)
	for _, id := range l.EventIDs {
		if change := n.events[EventID(id)]; change != nil && change.Data.DeltaMinor != more {
			text += fmt.Sprintf(", and %s of it had been billed", n.money(-change.Data.DeltaMinor))
		}
	}
	return fmt.Sprintf("%s%s: %s.", text, part, amount)
}

// part is the part of the period that a line charges, if it is not the whole.
func (n *narrator) part(l *billing.Line, plan *Plan) string {
	if l.FactorDen == 0 || l.FactorNum == l.FactorDen {
		return ""
	}
	unit := "days"
	if plan.Policies.Proration == billing.BySecond {
		unit = "seconds"
	}
	return fmt.Sprintf(", of which %s of %s %s are charged", words.Count(l.FactorNum), words.Count(l.FactorDen), unit)
}
