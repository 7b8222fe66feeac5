package catalog

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/money"
	"github.com/usher-seats/usher/internal/seats"
)

const (
	// MaxTrialDays is a leap year, the longest period that there is.
	MaxTrialDays = 366
	// MaxCapMinor bounds a monthly cap like a base fee: above it stands a mistake.
	MaxCapMinor = billing.MaxBaseMinor
)

// policyNames are the fields of a plan's policies.
func policyNames() []string {
	return []string{
		"billing", "active_count", "proration", "settle", "decrease", "over_assigned", "auto_seats", "invitation_reserves_seat",
		"min_seats", "max_self_serve_seats", "self_serve", "admins_may_spend", "admin_monthly_cap", "trial_days", "agreement_required",
	}
}

// read reads each policy by itself. The first value of a choice is its default.
func (m *fields) read() seats.Policies {
	policies := seats.Policies{
		Proration:              billing.Proration(m.choice("proration", string(billing.ByDay), string(billing.BySecond), string(billing.NoProration))),
		Settle:                 seats.Settle(m.choice("settle", string(seats.SettleNow), string(seats.SettleDaily), string(seats.SettleNextInvoice))),
		Decrease:               seats.Decrease(m.choice("decrease", string(seats.DecreaseEndOfCycle), string(seats.DecreaseOnRequest), string(seats.DecreaseImmediateCredit))),
		OverAssigned:           seats.OverAssigned(m.choice("over_assigned", string(seats.KeepAssigned), string(seats.ReleaseNewest), string(seats.RefuseBelow))),
		AutoSeats:              m.flag("auto_seats", false),
		InvitationReservesSeat: m.flag("invitation_reserves_seat", true),
		SelfServe:              seats.SelfServe(m.choice("self_serve", string(seats.SelfServeAll), string(seats.SelfServeAddOnly), string(seats.SelfServeNone))),
		MinSeats:               m.number("min_seats", 0, billing.MaxSeats, 0),
		MaxSelfServeSeats:      m.number("max_self_serve_seats", 0, billing.MaxSeats, 0),
		AdminsMaySpend:         m.flag("admins_may_spend", true),
		AdminMonthlyCap:        m.caps("admin_monthly_cap"),
		AgreementRequired:      m.flag("agreement_required", true),
		TrialDays:              int(m.number("trial_days", 0, MaxTrialDays, 0)),
	}
	// A pool of seats is no value at all, so that what was published before there was
	// anything else is still the same offer.
	if m.choice("billing", string(seats.BillingSeats), string(seats.BillingActiveUsers)) == string(seats.BillingActiveUsers) {
		policies.Billing = seats.BillingActiveUsers
		policies.InvitationReservesSeat = false
	}
	count := seats.ActiveCount(m.choice("active_count", string(seats.CountAtClose), string(seats.CountPeak), string(seats.CountDaily)))
	if policies.ActiveUsers() {
		policies.ActiveCount = count
	}
	return policies
}

// caps reads an amount for each currency; nil where there is none.
func (m *fields) caps(name string) map[money.Currency]int64 {
	var caps map[money.Currency]int64
	m.p.byCurrency(m.by[name], m.path+"."+name, "{EUR: 50000} for 500.00 euros", func(currency money.Currency, value *yaml.Node, at string) {
		if caps == nil {
			caps = map[money.Currency]int64{}
		}
		caps[currency] = m.p.whole(value, at, 1, MaxCapMinor, 0, ", in the currency's smallest unit: 50000 stands for 500.00 euros")
	})
	return caps
}

// makeNoSense notes every policy that says nothing, or the opposite, beside the
// others. Only what is written is noted, never a default.
func (m *fields) makeNoSense(plan *seats.Plan) {
	policies := &plan.Policies
	if policies.ActiveUsers() {
		m.makeNoSenseForActiveUsers()
	} else {
		m.misplaced("active_count", "has no place where seats are billed; leave it out, or say billing: active_users")
		m.makeNoSenseForSeats(policies)
	}
	if !policies.AdminsMaySpend {
		m.misplaced("admin_monthly_cap", "has no place where admins may not spend; leave it out, or say admins_may_spend: true")
	}
	for _, currency := range slices.Sorted(maps.Keys(policies.AdminMonthlyCap)) {
		if _, priced := plan.Prices[currency]; !priced {
			m.misplaced("admin_monthly_cap", "has an amount in %s, in which the plan has no price; its prices are in %s", currency, currencies(plan))
		}
	}
}

func (m *fields) makeNoSenseForActiveUsers() {
	const billed = "has no place where active users are billed: there are no seats to buy or give back; leave it out"
	for _, name := range []string{"settle", "decrease", "over_assigned", "auto_seats", "invitation_reserves_seat", "self_serve", "max_self_serve_seats"} {
		m.misplaced(name, billed)
	}
	m.misplaced("admin_monthly_cap", "has no place where active users are billed: nothing is bought ahead; leave it out")
}

func (m *fields) makeNoSenseForSeats(policies *seats.Policies) {
	if policies.MaxSelfServeSeats > 0 && policies.MinSeats > policies.MaxSelfServeSeats {
		m.misplaced("min_seats", "must not be above max_self_serve_seats, which is %d", policies.MaxSelfServeSeats)
	}
	if policies.Proration == billing.NoProration {
		if policies.Settle != seats.SettleNow {
			m.misplaced("settle", "has no place where proration is none: nothing is owed before the next period; leave it out")
		}
		if policies.Decrease == seats.DecreaseImmediateCredit {
			m.misplaced("decrease", "gives nothing back where proration is none; say end_of_cycle, or prorate by day or second")
		}
	}
	if policies.SelfServe == seats.SelfServeNone {
		m.misplaced("max_self_serve_seats", "has no place where self_serve is none; leave it out, or say self_serve: all")
		m.misplaced("admin_monthly_cap", "has no place where self_serve is none: nobody buys; leave it out, or say self_serve: all")
		if policies.AutoSeats {
			m.misplaced("auto_seats", "buys seats, which self_serve: none keeps to the vendor; say false, or self_serve: all")
		}
	}
	if policies.SelfServe == seats.SelfServeAddOnly && policies.Decrease == seats.DecreaseImmediateCredit {
		m.misplaced("decrease", "lets customers give seats back, which self_serve: add_only does not; say on_request, or self_serve: all")
	}
	if policies.Decrease == seats.DecreaseImmediateCredit && policies.OverAssigned == seats.RefuseBelow {
		m.misplaced("over_assigned", "says what immediate_credit does anyhow: only free seats are given back; leave it out, or say release_newest")
	}
}

func currencies(plan *seats.Plan) string {
	var codes []string
	for _, currency := range slices.Sorted(maps.Keys(plan.Prices)) {
		codes = append(codes, string(currency))
	}
	return strings.Join(codes, ", ")
}
