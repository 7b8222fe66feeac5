package billing

import (
	"slices"
	"time"
)

// Span is a time during which one user was active: it holds From and not To. A zero
// To has no end yet. A span that ends where it begins, or before, holds nothing.
type Span struct{ From, To time.Time }

// within cuts the span to the period; ok is false if nothing is left.
func (s Span) within(p Period) (cut Span, ok bool) {
	if s.From.Before(p.Start) {
		s.From = p.Start
	}
	if s.To.IsZero() || s.To.After(p.End) {
		s.To = p.End
	}
	return s, s.From.Before(s.To)
}

// Activity is all the spans of one user. They may reach beyond the period that is
// counted, touch and overlap; in the order of From they are counted fastest.
type Activity []Span

// At reports whether the user was active at the instant.
func (a Activity) At(at time.Time) bool {
	return slices.ContainsFunc(a, func(s Span) bool {
		return !at.Before(s.From) && (s.To.IsZero() || at.Before(s.To))
	})
}

// AtClose reports whether the user was still active when the period ended: who was
// deactivated at its End was, who was activated then was not.
func (a Activity) AtClose(p Period) bool {
	return slices.ContainsFunc(a, func(s Span) bool {
		cut, ok := s.within(p)
		return ok && cut.To.Equal(p.End)
	})
}

// Days returns on how many local days of the period the user was active at any
// instant, by the clock of loc. Days tile time as periods do: one that the zone
// skipped counts for who was active before and after it, so that a user who was
// active throughout has every day of the period.
func (a Activity) Days(p Period, loc *time.Location) int64 {
	byFrom := func(x, y Span) int { return x.From.Compare(y.From) }
	if !slices.IsSortedFunc(a, byFrom) {
		a = slices.Clone(a)
		slices.SortFunc(a, byFrom)
	}
	days, next := int64(0), p.StartDate // the first day that has not been counted
	for _, span := range a {
		cut, ok := span.within(p)
		if !ok {
			continue
		}
		first, last := p.dayOf(cut.From, loc), p.dayOf(cut.To.Add(-1), loc)
		if first.Before(next) {
			first = next
		}
		if more := first.DaysUntil(last) + 1; more > 0 {
			days += int64(more)
			next = last.AddDays(1)
		}
	}
	return days
}

// AtClose counts the users that were active when the period ended.
func AtClose(users []Activity, p Period) int64 {
	count := int64(0)
	for _, user := range users {
		if user.AtClose(p) {
			count++
		}
	}
	return count
}

// UserDays adds up the local days on which each user was active at any instant. The
// quantity to bill is it ÷ p.Days().
func UserDays(users []Activity, p Period, loc *time.Location) int64 {
	days := int64(0)
	for _, user := range users {
		days += user.Days(p, loc)
	}
	return days
}

// Peak returns the highest number of users that were active at once within the
// period, those at its Start included, and the first instant at which there were so
// many: the people billed are those who were active then. A user whose place another
// takes at the same instant makes no second one. Where nobody was active it is 0 at
// the period's Start.
func Peak(users []Activity, p Period) (count int64, at time.Time) {
	type step struct {
		at   time.Time
		move int64
	}
	var steps []step
	for _, user := range users {
		for _, span := range merged(user, p) {
			steps = append(steps, step{span.From, 1}, step{span.To, -1})
		}
	}
	slices.SortFunc(steps, func(x, y step) int { return x.at.Compare(y.at) })
	now := int64(0)
	at = p.Start
	for i, s := range steps {
		now += s.move
		// An instant counts once all that happened at it has been added.
		if i+1 < len(steps) && steps[i+1].at.Equal(s.at) {
			continue
		}
		if now > count {
			count, at = now, s.at
		}
	}
	return count, at
}

// merged returns the spans of one user within the period, in order and apart.
func merged(a Activity, p Period) []Span {
	spans := make([]Span, 0, len(a))
	for _, span := range a {
		if cut, ok := span.within(p); ok {
			spans = append(spans, cut)
		}
	}
	slices.SortFunc(spans, func(x, y Span) int { return x.From.Compare(y.From) })
	apart := spans[:0]
	for _, span := range spans {
		if last := len(apart) - 1; last >= 0 && !apart[last].To.Before(span.From) {
			if apart[last].To.Before(span.To) {
				apart[last].To = span.To
			}
			continue
		}
		apart = append(apart, span)
	}
	return apart
}
