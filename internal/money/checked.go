package money

import (
	"errors"
	"math/bits"
)

var (
	// ErrOverflow reports a result that does not fit its type. Nothing in this
	// package ever wraps around: an amount that cannot be held is an error.
	ErrOverflow = errors.New("money: the amount is too large to be held exactly")
	// ErrCurrencyMismatch reports amounts of two currencies in one sum.
	ErrCurrencyMismatch = errors.New("money: amounts of different currencies cannot be added")
	// ErrDenominator reports a fraction whose denominator is not positive, or two
	// fractions whose common denominator does not fit 63 bits.
	ErrDenominator = errors.New("money: the fraction has no usable denominator")
	// ErrWeights reports weights that nothing can be shared out by.
	ErrWeights = errors.New("money: weights must not be negative and at least one must be positive")
)

// AddInt returns a + b, or ErrOverflow.
func AddInt(a, b int64) (int64, error) {
	sum := a + b
	// The sum of two numbers of one sign has that sign, unless it wrapped.
	if (a >= 0) == (b >= 0) && (sum >= 0) != (a >= 0) {
		return 0, ErrOverflow
	}
	return sum, nil
}

// SubInt returns a − b, or ErrOverflow.
func SubInt(a, b int64) (int64, error) {
	difference := a - b
	if (a >= 0) != (b >= 0) && (difference >= 0) != (a >= 0) {
		return 0, ErrOverflow
	}
	return difference, nil
}

// MulInt returns a × b, or ErrOverflow.
func MulInt(a, b int64) (int64, error) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 {
		return 0, ErrOverflow
	}
	return signed(lo, (a < 0) != (b < 0))
}

// MulDiv returns a × num ÷ den rounded half away from zero. The product is held
// in 128 bits, so only the result can overflow. A den that is not positive is
// ErrDenominator.
func MulDiv(a, num, den int64) (int64, error) {
	return NewExact(a, num, den).Round()
}

// magnitude returns |a|, which for the least int64 fits only unsigned.
func magnitude(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

// signed gives a magnitude its sign, or ErrOverflow.
func signed(size uint64, negative bool) (int64, error) {
	if negative {
		if size > 1<<63 {
			return 0, ErrOverflow
		}
		return int64(-size), nil
	}
	if size >= 1<<63 {
		return 0, ErrOverflow
	}
	return int64(size), nil
}
