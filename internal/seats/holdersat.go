package seats

import (
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
)

// licenseTurn says of whom an event gives or ends the license of a product.
func licenseTurn(e *Event, product string) (users []UserID, given bool) {
	d := &e.Data
	switch e.Type {
	case LicenseAssigned, LicenseRevoked:
		if d.Product == product {
			return d.UserIDs, e.Type == LicenseAssigned
		}
	case UserJoined, UserCreated:
		if d.Product == product && d.Licensed {
			return []UserID{d.UserID}, true
		}
	case UserDeactivatedEvent, UserRemovedEvent:
		if slices.Contains(d.Ended, product) {
			return []UserID{d.UserID}, false
		}
	}
	return nil, false
}

// holdersAt are the users who held a license of a product at an instant, what happened
// at it included, in the order of their ids. Users are as they are now, and the events
// are all since the instant at least, in any order: a user's first after it tells what
// was before. A user's events are ordered by the revisions that they made, since clocks
// of two machines may differ.
func holdersAt(users []*User, events []Event, product string, at time.Time) []UserID {
	type turn struct {
		rev  int64
		held bool
	}
	before := map[UserID]turn{}
	for i := range events {
		e := &events[i]
		if !e.At.After(at) {
			continue
		}
		concerned, given := licenseTurn(e, product)
		for _, id := range concerned {
			rev := revOf(e, string(id))
			if first, known := before[id]; !known || rev < first.rev {
				before[id] = turn{rev, !given}
			}
		}
	}
	var holding []UserID
	for _, u := range users {
		held := u.holds(product)
		if first, changed := before[u.ID]; changed {
			held = first.held
		}
		if held {
			holding = append(holding, u.ID)
		}
	}
	slices.Sort(holding)
	return holding
}

// seatLines are the lines of an invoice that bill seats, the last of each product: who
// holds them is listed there.
func seatLines(inv *billing.Invoice) []int {
	last := map[string]int{}
	for i := range inv.Lines {
		switch inv.Lines[i].Kind {
		case billing.LineSeats, billing.LineSeatChange, billing.LinePlanChange:
			last[inv.Lines[i].ProductID] = i
		case billing.LineUsage, billing.LineCredit:
		}
	}
	var lines []int
	for _, i := range last {
		lines = append(lines, i)
	}
	slices.Sort(lines)
	return lines
}
