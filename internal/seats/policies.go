package seats

import (
	"maps"
	"slices"
	"strings"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
)

// said is one policy in words, under the name that it has in the catalog.
type said struct{ policy, sentence string }

// Sentences says each policy in one plain English sentence, in a fixed order: what the
// console shows and a vendor reads before publishing. Policies that another one takes
// the sense from are left out, such as when an increase is billed that costs nothing.
func (p Policies) Sentences() []string {
	all := p.said()
	sentences := make([]string, len(all))
	for i, s := range all {
		sentences[i] = s.sentence
	}
	return sentences
}

// In returns the policies as they are for accounts of a currency: without the monthly
// caps of the others.
func (p Policies) In(currency money.Currency) Policies {
	limit, ok := p.AdminMonthlyCap[currency]
	p.AdminMonthlyCap = nil
	if ok {
		p.AdminMonthlyCap = map[money.Currency]int64{currency: limit}
	}
	return p
}

func (p Policies) said() []said {
	var all []said
	if p.ActiveUsers() {
		all = []said{
			{"billing", "Active users are billed at the end of each billing cycle; there are no seats to buy."},
			{"active_count", p.activeCount()},
			{"proration", p.firstCycle()},
			{"min_seats", p.minBilled()},
		}
	} else {
		all = p.saidOfSeats()
	}
	all = append(all, said{"admins_may_spend", p.adminsMaySpend()})
	if p.AdminsMaySpend && !p.ActiveUsers() && p.SelfServe != SelfServeNone {
		all = append(all, said{"admin_monthly_cap", p.adminCap()})
	}
	return append(all, said{"trial_days", p.trial()}, said{"agreement_required", p.agreement()})
}

func (p Policies) saidOfSeats() []said {
	all := []said{
		{"billing", "Seats are bought in advance, for one billing cycle at a time."},
		{"proration", p.proration()},
	}
	if p.Proration != billing.NoProration {
		all = append(all, said{"settle", p.settle()})
	}
	all = append(all,
		said{"decrease", p.decrease()}, said{"over_assigned", p.overAssigned()},
		said{"auto_seats", p.autoSeats()}, said{"invitation_reserves_seat", p.invitation()},
		said{"self_serve", p.selfServe()}, said{"min_seats", p.minSeats()},
	)
	if p.SelfServe != SelfServeNone {
		all = append(all, said{"max_self_serve_seats", p.maxSelfServe()})
	}
	return all
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

// firstCycle is the proration of active users, who are counted and not bought: only a
// cycle in whose middle the subscription begins is a part of one.
func (p Policies) firstCycle() string {
	switch p.Proration {
	case billing.ByDay:
		return "A first billing cycle that began before the subscription is charged by the day, from the day of subscribing."
	case billing.BySecond:
		return "A first billing cycle that began before the subscription is charged by the second, from the moment of subscribing."
	case billing.NoProration:
	}
	return "A first billing cycle that began before the subscription is charged in full."
}

func (p Policies) settle() string {
	switch p.Settle {
	case SettleDaily:
		return "What is owed for the changes of one day is added up and invoiced when the day is over."
	case SettleNextInvoice:
		return "What is owed for added seats stands on the next invoice."
	case SettleNow:
	}
	return "What is owed for added seats is invoiced at once."
}

func (p Policies) decrease() string {
	switch p.Decrease {
	case DecreaseOnRequest:
		return "Seats are given back by a request to the vendor."
	case DecreaseImmediateCredit:
		return "Seats that are given back go at once, and what is left of their price is credited to the account."
	case DecreaseEndOfCycle:
	}
	return "When the number of seats is lowered, the change takes effect at the end of the billing cycle; until then all seats stay usable."
}

func (p Policies) overAssigned() string {
	const newest = "open invitations lose their seat first, then the newest licenses end."
	switch {
	case p.Decrease == DecreaseImmediateCredit && p.OverAssigned == ReleaseNewest:
		return "If seats that are in use are given back, " + newest
	case p.Decrease == DecreaseImmediateCredit:
		return "Only seats that are not in use can be given back."
	case p.OverAssigned == ReleaseNewest:
		return "If more seats are in use than remain when a decrease takes effect, " + newest
	case p.OverAssigned == RefuseBelow:
		return "The number of seats cannot be lowered below what is in use."
	}
	return "If more seats are in use than remain when a decrease takes effect, nobody loses a license: as many seats stay as are in use."
}

func (p Policies) autoSeats() string {
	if p.AutoSeats {
		return "Inviting people or giving licenses buys the seats that are missing, once the price has been seen, and at the end of each billing cycle unused seats go."
	}
	return "Seats are bought only by changing their number."
}

func (p Policies) invitation() string {
	if p.InvitationReservesSeat {
		return "An open invitation with a license holds a seat until it is accepted, cancelled or expires."
	}
	return "An open invitation holds no seat: whoever accepts it gets a license only if a seat is free by then."
}

func (p Policies) selfServe() string {
	switch {
	case p.SelfServe == SelfServeNone:
		return "The number of seats is changed by the vendor; write to them."
	case p.SelfServe == SelfServeAddOnly:
		return "You can add seats yourself; to give seats back, write to the vendor."
	case p.Decrease == DecreaseOnRequest:
		return "You can add seats and ask to give seats back yourself."
	}
	return "You can add and give back seats yourself."
}

func (p Policies) minSeats() string {
	if p.MinSeats > 0 {
		return "The number of seats is never below " + itoa(p.MinSeats) + "."
	}
	return "There is no minimum number of seats."
}

func (p Policies) maxSelfServe() string {
	if p.MaxSelfServeSeats > 0 {
		return "For a number of seats above " + itoa(p.MaxSelfServeSeats) + ", write to the vendor."
	}
	return "You can buy any number of seats yourself."
}

func (p Policies) activeCount() string {
	switch p.ActiveCount {
	case CountPeak:
		return "The number billed is the highest number of users who were active at the same time, those at the start of the cycle included."
	case CountDaily:
		return "The number billed is the daily average of active users; a user counts for every day on which they were active at any time."
	case CountAtClose:
	}
	return "The number billed is that of the users who are active when the cycle ends."
}

func (p Policies) minBilled() string {
	switch {
	case p.MinSeats == 1:
		return "At least one user is billed."
	case p.MinSeats > 1:
		return "At least " + itoa(p.MinSeats) + " users are billed."
	}
	return "There is no minimum number of users billed."
}

func (p Policies) adminsMaySpend() string {
	if p.AdminsMaySpend {
		return "The owner, billing admins and admins may change what is bought."
	}
	return "Only the owner and billing admins may change what is bought."
}

func (p Policies) adminCap() string {
	if len(p.AdminMonthlyCap) == 0 {
		return "What an admin spends in a month has no limit of its own."
	}
	var limits []string
	for _, currency := range slices.Sorted(maps.Keys(p.AdminMonthlyCap)) {
		limits = append(limits, money.Amount{Minor: p.AdminMonthlyCap[currency], Currency: currency}.String())
	}
	return "An admin may spend at most " + listed(limits, " or ") + " in a calendar month, before tax."
}

func (p Policies) trial() string {
	switch {
	case p.TrialDays == 1:
		return "The first day costs nothing."
	case p.TrialDays > 1:
		return "The first " + itoa(int64(p.TrialDays)) + " days cost nothing."
	}
	return "There is no free trial."
}

func (p Policies) agreement() string {
	if p.AgreementRequired {
		return "Whoever buys accepts the license agreement."
	}
	return "Nothing has to be agreed to when buying."
}

// listed joins items for reading: "a, b or c".
func listed(items []string, last string) string {
	n := len(items)
	if n < 2 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:n-1], ", ") + last + items[n-1]
}
