package billing

import "github.com/usher-seats/usher/internal/money"

// IncreaseDue returns what a change of seats owes for the rest of a period:
// (price(to) − price(from)) × factor, not rounded, and negative where the pool gets
// smaller or cheaper. Clamp and round once per settled group, with SettleIncrease.
// Errors are those of Price.For, and ErrFactor.
func IncreaseDue(price *Price, from, to int64, f Factor) (money.Exact, error) {
	before, err := price.For(from)
	if err != nil {
		return money.Exact{}, err
	}
	return due(price, before, to, f)
}

// SubscribeDue returns what a new subscription owes for the rest of its first
// period: price(seats) × factor, not rounded. Unlike an increase from 0 seats it
// holds the base fee. Errors as for IncreaseDue.
func SubscribeDue(price *Price, seats int64, f Factor) (money.Exact, error) {
	return due(price, 0, seats, f)
}

func due(price *Price, before, to int64, f Factor) (money.Exact, error) {
	if !f.valid() {
		return money.Exact{}, ErrFactor
	}
	after, err := price.For(to)
	if err != nil {
		return money.Exact{}, err
	}
	difference, err := money.SubInt(after, before)
	if err != nil {
		return money.Exact{}, err
	}
	return money.NewExact(difference, f.Num, f.Den), nil
}

// UsageDue returns what a quantity of active users, num ÷ den, owes in arrears for a
// part of a period: price(quantity) × factor, not rounded. The factor is the whole
// period, but for a subscription that began within it. Errors are those of
// Price.ForQuantity, and ErrFactor.
func UsageDue(price *Price, num, den int64, f Factor) (money.Exact, error) {
	if !f.valid() {
		return money.Exact{}, ErrFactor
	}
	whole, err := price.ForQuantity(num, den)
	if err != nil {
		return money.Exact{}, err
	}
	return whole.Times(f.Num, f.Den)
}

// PlanChange is the two lines of an upgrade and their sum, in minor units.
type PlanChange struct {
	// OldMinor gives the rest of the old plan back: it is never above zero.
	OldMinor int64
	// NewMinor is the rest of the new plan.
	NewMinor int64
	// TotalMinor is OldMinor + NewMinor, and never below zero.
	TotalMinor int64
}

// PlanChangeDue returns what a change to a dearer plan owes for the rest of the
// period, with fromSeats on the old plan and toSeats on the new one. The total is
// (new price − old price) × factor, never below zero, and the new plan's line is its
// price × factor; each is rounded once, half away from zero. The old plan's line is
// what is between them, so that the lines add up to the total: within one minor unit
// it is the old price × factor, unless the total is clamped, where it gives back no
// more than the new plan costs. Errors are those of Price.For, ErrFactor and
// money.ErrOverflow.
func PlanChangeDue(oldPrice, newPrice *Price, fromSeats, toSeats int64, f Factor) (PlanChange, error) {
	after, err := SubscribeDue(newPrice, toSeats, f)
	if err != nil {
		return PlanChange{}, err
	}
	before, err := oldPrice.For(fromSeats)
	if err != nil {
		return PlanChange{}, err
	}
	difference, err := after.Add(money.NewExact(before, -f.Num, f.Den))
	if err != nil {
		return PlanChange{}, err
	}
	var change PlanChange
	if change.NewMinor, err = after.Round(); err != nil {
		return PlanChange{}, err
	}
	if change.TotalMinor, err = difference.ClampZero().Round(); err != nil {
		return PlanChange{}, err
	}
	change.OldMinor, err = money.SubInt(change.TotalMinor, change.NewMinor)
	return change, err
}

// CreditDue returns what giving seats back at once earns for the rest of a period, in
// minor units: (price(from) − price(to)) × factor, rounded once half away from zero.
// It is never below zero: where fewer seats cost more, which volume tiers can make
// so, giving them back earns nothing. Errors as for IncreaseDue.
//
// Where a decrease is settled together with other changes, keep its IncreaseDue,
// which is negative, and use SettleNet.
func CreditDue(price *Price, from, to int64, f Factor) (int64, error) {
	part, err := IncreaseDue(price, to, from, f)
	if err != nil {
		return 0, err
	}
	return part.ClampZero().Round()
}

// SettleIncrease returns what a group of changes that are settled together owes, in
// minor units: the exact sum of the parts, never below zero, rounded once half away
// from zero.
func SettleIncrease(parts ...money.Exact) (int64, error) {
	sum, err := add(parts)
	if err != nil {
		return 0, err
	}
	return sum.ClampZero().Round()
}

// SettleNet is SettleIncrease for plans that give money back at once: below zero it
// is what the group earns, rounded away from zero just so.
func SettleNet(parts ...money.Exact) (int64, error) {
	sum, err := add(parts)
	if err != nil {
		return 0, err
	}
	return sum.Round()
}

func add(parts []money.Exact) (money.Exact, error) {
	var sum money.Exact
	for _, part := range parts {
		var err error
		if sum, err = sum.Add(part); err != nil {
			return money.Exact{}, err
		}
	}
	return sum, nil
}
