package seats

import "github.com/usher-seats/usher/internal/billing"

// Sentences says each policy in plain English, in a fixed order: what the console
// shows and a vendor reads before publishing.
func (p Policies) Sentences() []string {
	s := []string{p.proration()}
	if p.Proration != billing.NoProration {
		s = append(s, p.settle())
	}
	s = append(s, "When you lower the number of seats, the change takes effect at the end of the billing cycle; until then all seats stay usable.", p.overAssigned())
	switch p.SelfServe {
	case SelfServeNone:
		s = append(s, "The number of seats is changed by the vendor; write to them.")
	case SelfServeAddOnly:
		s = append(s, "You can add seats yourself; to give seats back, write to the vendor.")
	case SelfServeAll:
		s = append(s, "You can add and give back seats yourself.")
	}
	if p.MinSeats > 0 {
		s = append(s, "The number of seats is never below "+itoa(p.MinSeats)+".")
	}
	if p.MaxSelfServeSeats > 0 {
		s = append(s, "For a number of seats above "+itoa(p.MaxSelfServeSeats)+", write to the vendor.")
	}
	if p.AdminsMaySpend {
		s = append(s, "The owner, billing admins and admins may change what is bought.")
	} else {
		s = append(s, "Only the owner and billing admins may change what is bought.")
	}
	return append(s, "An open invitation with a license holds a seat until it is accepted, cancelled or expires.")
}

func (p Policies) proration() string {
	switch p.Proration {
	case billing.ByDay:
		return "Seats added during a billing cycle are charged by the day: for the days that are left, the day of the change included."
	case billing.BySecond:
		return "Seats added during a billing cycle are charged by the second, for the time that is left."
	case billing.NoProration:
	}
	return "Seats added during a billing cycle cost nothing until the next one."
}

func (p Policies) settle() string {
	if p.Settle == SettleNextInvoice {
		return "What is owed for added seats stands on the next invoice."
	}
	return "What is owed for added seats is invoiced at once."
}

func (p Policies) overAssigned() string {
	switch p.OverAssigned {
	case ReleaseNewest:
		return "If more seats are in use than remain when a decrease takes effect, open invitations lose their seat first, then the newest licenses end."
	case RefuseBelow:
		return "The number of seats cannot be lowered below what is in use."
	case KeepAssigned:
	}
	return "If more seats are in use than remain when a decrease takes effect, nobody loses a license: as many seats stay as are in use."
}
