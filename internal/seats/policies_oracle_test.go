package seats_test

import (
	"math/big"
	"slices"
	"time"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

// document is what an invoice or a credit note comes to.
type document struct {
	kind            string
	lines           []int64
	net, tax, total int64
	creditApplied   int64
	amountDue       int64
}

func documentOf(inv *billing.Invoice) document {
	d := document{kind: inv.Kind, net: inv.NetMinor, tax: inv.TaxMinor, total: inv.TotalMinor, creditApplied: inv.CreditAppliedMinor, amountDue: inv.AmountDueMinor}
	for _, l := range inv.Lines {
		d.lines = append(d.lines, l.AmountMinor)
	}
	return d
}

func (d document) equal(other document) bool {
	return d.kind == other.kind && slices.Equal(d.lines, other.lines) && d.net == other.net && d.tax == other.tax &&
		d.total == other.total && d.creditApplied == other.creditApplied && d.amountDue == other.amountDue
}

// waitingPart is a change that a later document settles.
type waitingPart struct {
	plan *seats.Plan
	owes *big.Rat
}

// books is the money of one subscription, kept a second time: from the words of the
// policies, in exact fractions, with no part of the domain but its calendar.
type books struct {
	anchor      billing.Date
	loc         *time.Location
	taxPPM      int64
	plan        *seats.Plan
	seats, used int64
	pending     int64 // 0 is none
	pendingPlan *seats.Plan
	cancelled   bool
	ended       bool
	trial       bool
	first, last int // boundaries of the period
	start, end  time.Time
	startDate   billing.Date
	endDate     billing.Date
	// paid is the price of a whole period that the running one was paid for: what is
	// given back leaves the price of the seats that stay.
	paid      *big.Rat
	waiting   []waitingPart
	settleAt  time.Time
	credit    int64
	documents []document
	worst     *big.Rat // error of a line, in minor units
}

func priceOf(plan *seats.Plan, n int64) *big.Rat {
	price := plan.Prices["EUR"]
	total := new(big.Int).SetInt64(price.BaseMinor)
	add := func(count, unit int64) {
		if count > 0 {
			total.Add(total, new(big.Int).Mul(big.NewInt(count), big.NewInt(unit)))
		}
	}
	if price.Model == billing.PerSeat {
		add(n-price.IncludedSeats, price.UnitMinor)
		return new(big.Rat).SetInt(total)
	}
	below := int64(0)
	for _, tier := range price.Tiers {
		end := tier.UpTo
		if end == 0 {
			end = 1 << 40
		}
		switch {
		case price.Model == billing.Graduated:
			add(min(n, end)-below, tier.UnitMinor)
		case below < n && n <= end:
			add(n, tier.UnitMinor)
		}
		below = end
	}
	return new(big.Rat).SetInt(total)
}

// half rounds half away from zero.
func half(r *big.Rat) int64 {
	doubled := new(big.Rat).Mul(new(big.Rat).Abs(r), big.NewRat(2, 1))
	doubled.Add(doubled, big.NewRat(1, 1))
	n := new(big.Int).Quo(doubled.Num(), new(big.Int).Mul(doubled.Denom(), big.NewInt(2))).Int64()
	if r.Sign() < 0 {
		return -n
	}
	return n
}

// line is a rounded amount; it remembers how far the worst was off.
func (b *books) line(exact *big.Rat) int64 {
	minor := half(exact)
	off := new(big.Rat).Sub(exact, new(big.Rat).SetInt64(minor))
	if off.Abs(off).Cmp(b.worst) > 0 {
		b.worst.Set(off)
	}
	return minor
}

// left is the part of the period that a change pays for.
func (b *books) left(plan *seats.Plan, at time.Time) *big.Rat {
	if b.trial {
		return new(big.Rat)
	}
	return b.share(plan, at)
}

func (b *books) share(plan *seats.Plan, at time.Time) *big.Rat {
	switch plan.Policies.Proration {
	case billing.ByDay:
		whole := b.startDate.DaysUntil(b.endDate)
		if !at.After(b.start) {
			return big.NewRat(1, 1)
		}
		return big.NewRat(int64(billing.DateOf(at, b.loc).DaysUntil(b.endDate)), int64(whole))
	case billing.BySecond:
		whole := b.end.Unix() - b.start.Unix()
		return big.NewRat(whole-int64(at.Sub(b.start)/time.Second), whole)
	case billing.NoProration:
	}
	return new(big.Rat)
}

// open starts the first period, or the trial.
func (b *books) open(at time.Time) {
	if days := b.plan.Policies.TrialDays; days > 0 {
		b.trial, b.start, b.startDate = true, at, billing.DateOf(at, b.loc)
		b.endDate = b.startDate.AddDays(days)
		b.end = b.endDate.StartIn(b.loc)
		return
	}
	b.begin(at)
	b.issue(billing.KindInvoice, b.advance(at))
}

// begin opens the period that a subscription bought now begins in.
func (b *books) begin(at time.Time) {
	n := 0
	for !billing.Boundary(b.anchor, n+1).StartIn(b.loc).After(at) {
		n++
	}
	b.period(n)
}

func (b *books) period(n int) {
	b.first, b.last = n, n+1
	if b.plan.Interval == billing.Year {
		b.last = n + 12
	}
	b.startDate, b.endDate = billing.Boundary(b.anchor, b.first), billing.Boundary(b.anchor, b.last)
	b.start, b.end = b.startDate.StartIn(b.loc), b.endDate.StartIn(b.loc)
}

// advance is what a period costs that is paid for from an instant on; all of it where
// nothing is prorated.
func (b *books) advance(at time.Time) int64 {
	b.paid = priceOf(b.plan, b.seats)
	part := b.share(b.plan, at)
	if b.plan.Policies.Proration == billing.NoProration {
		part = big.NewRat(1, 1)
	}
	return b.line(part.Mul(part, priceOf(b.plan, b.seats)))
}

// issue adds a document of the lines that are not nothing, if there are any.
func (b *books) issue(kind string, lines ...int64) {
	lines = slices.DeleteFunc(lines, func(minor int64) bool { return minor == 0 })
	if len(lines) == 0 {
		return
	}
	d := document{kind: kind, lines: lines}
	for _, minor := range lines {
		d.net += minor
	}
	d.tax = half(new(big.Rat).Mul(big.NewRat(b.taxPPM, 1_000_000), new(big.Rat).SetInt64(d.net)))
	d.total = d.net + d.tax
	if kind == billing.KindCreditNote {
		b.credit += d.total
	} else {
		d.creditApplied = min(b.credit, d.total)
		b.credit -= d.creditApplied
	}
	d.amountDue = d.total - d.creditApplied
	b.documents = append(b.documents, d)
}

// due is the next instant at which something happens by itself.
func (b *books) due() time.Time {
	if !b.settleAt.IsZero() && b.settleAt.Before(b.end) {
		return b.settleAt
	}
	return b.end
}

// until lets everything happen that is due by then.
func (b *books) until(now time.Time) {
	for !b.ended && !b.due().After(now) {
		b.close(b.due())
	}
}

func (b *books) close(at time.Time) {
	charged, given := b.settle()
	if at.Before(b.end) {
		b.issue(billing.KindCreditNote, given...)
		b.issue(billing.KindInvoice, charged...)
		return
	}
	if b.cancelled {
		b.ended, b.seats, b.used = true, 0, 0
	} else {
		charged = append(charged, b.renew(at))
	}
	b.issue(billing.KindCreditNote, given...)
	b.issue(billing.KindInvoice, charged...)
}

// settle empties what waits: neighbours that were bought on one plan are one line.
func (b *books) settle() (charged, given []int64) {
	for len(b.waiting) > 0 {
		plan, sum := b.waiting[0].plan, new(big.Rat)
		for len(b.waiting) > 0 && b.waiting[0].plan == plan {
			sum.Add(sum, b.waiting[0].owes)
			b.waiting = b.waiting[1:]
		}
		switch minor := b.line(sum); {
		case minor > 0:
			charged = append(charged, minor)
		case plan.Policies.Decrease == seats.DecreaseImmediateCredit:
			given = append(given, -minor)
		}
	}
	b.settleAt = time.Time{}
	return charged, given
}

// renew starts the next period with all that was pending, and gives its price.
func (b *books) renew(at time.Time) int64 {
	months := b.last
	if b.pendingPlan != nil {
		b.plan = b.pendingPlan
	}
	n, takes := b.seats, b.plan.Policies.OverAssigned == seats.ReleaseNewest
	if b.pending > 0 {
		n = b.pending
		if !takes {
			n = max(n, b.used)
		}
	}
	if b.plan.Policies.AutoSeats {
		// What is not used goes; what is used does where a decrease takes it.
		n = min(n, b.used)
	}
	b.seats = max(n, b.plan.Policies.MinSeats)
	b.used = min(b.used, b.seats)
	b.pending, b.pendingPlan = 0, nil
	if b.trial {
		b.trial = false
		b.begin(at)
		return b.advance(at)
	}
	b.period(months)
	b.paid = priceOf(b.plan, b.seats)
	return b.line(b.paid)
}

// change changes the seats at an instant that was quoted, confirmed at now. It gives
// the code of a refusal, or "".
func (b *books) change(n int64, at, now time.Time) string {
	rules := &b.plan.Policies
	switch {
	case n == b.seats && b.pending == 0:
		return seats.ErrStateConflict.Code
	case n == b.seats:
		b.pending = 0
		return ""
	case n > b.seats:
		if b.pending > 0 {
			b.pending += n - b.seats
		}
		b.move(n, at, now)
		return ""
	case rules.Decrease == seats.DecreaseOnRequest:
		return seats.ErrContactSales.Code
	case rules.Decrease == seats.DecreaseImmediateCredit:
		if n < b.used && rules.OverAssigned != seats.ReleaseNewest {
			return seats.ErrSeatsInUse.Code
		}
		b.pending = 0
		b.move(n, at, now)
		b.used = min(b.used, n)
		return ""
	case n < b.used && (rules.OverAssigned == seats.RefuseBelow || b.pendingPlan != nil && b.pendingPlan.Policies.OverAssigned == seats.RefuseBelow):
		return seats.ErrSeatsInUse.Code
	}
	b.pending = n
	return ""
}

// move changes the seats at once, for what it owes or earns now or later.
func (b *books) move(n int64, at, now time.Time) {
	part := b.left(b.plan, at)
	owes := new(big.Rat).Sub(priceOf(b.plan, n), priceOf(b.plan, b.seats))
	atOnce, up := b.plan.Policies.Settle == seats.SettleNow, n > b.seats
	if part.Sign() > 0 {
		if atOnce && up != (owes.Sign() > 0) {
			owes.SetInt64(0)
		}
		if most := new(big.Rat).Sub(priceOf(b.plan, n), b.paid); owes.Sign() < 0 && owes.Cmp(most) < 0 {
			owes.Set(most)
			if owes.Sign() > 0 {
				owes.SetInt64(0)
			}
		}
		b.paid = new(big.Rat).Add(b.paid, owes)
	}
	owes.Mul(owes, part)
	b.seats = n
	switch {
	case part.Sign() > 0 && b.plan.Policies.Settle != seats.SettleNow:
		b.waiting = append(b.waiting, waitingPart{b.plan, owes})
		if b.plan.Policies.Settle == seats.SettleDaily && b.settleAt.IsZero() {
			b.settleAt = billing.DateOf(now, b.loc).AddDays(1).StartIn(b.loc)
		}
	case up && owes.Sign() > 0:
		b.issue(billing.KindInvoice, b.line(owes))
	case !up && owes.Sign() < 0:
		b.issue(billing.KindCreditNote, b.line(owes.Neg(owes)))
	}
}

// changePlan upgrades at once, or schedules what is no upgrade.
func (b *books) changePlan(plan *seats.Plan, at time.Time) string {
	switch {
	case plan == b.plan, plan == b.pendingPlan:
		return seats.ErrStateConflict.Code
	case plan.Rank <= b.plan.Rank || plan.Interval != b.plan.Interval:
		b.pendingPlan = plan
		return ""
	}
	part := b.left(plan, at)
	after := new(big.Rat).Mul(priceOf(plan, b.seats), part)
	total := new(big.Rat).Sub(after, new(big.Rat).Mul(priceOf(b.plan, b.seats), part))
	if total.Sign() < 0 {
		total.SetInt64(0)
	}
	if more := new(big.Rat).Sub(priceOf(plan, b.seats), priceOf(b.plan, b.seats)); part.Sign() > 0 && more.Sign() > 0 {
		b.paid = new(big.Rat).Add(b.paid, more)
	}
	b.plan, b.pendingPlan = plan, nil
	if due := b.line(total); due > 0 {
		b.issue(billing.KindInvoice, due-b.line(after), b.line(after))
	}
	return ""
}
