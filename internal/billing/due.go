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
	if f.Den <= 0 || f.Num < 0 || f.Num > f.Den {
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

// SettleIncrease returns what a group of changes that are settled together owes, in
// minor units: the exact sum of the parts, never below zero, rounded once half away
// from zero.
func SettleIncrease(parts ...money.Exact) (int64, error) {
	var sum money.Exact
	for _, part := range parts {
		var err error
		if sum, err = sum.Add(part); err != nil {
			return 0, err
		}
	}
	return sum.ClampZero().Round()
}
