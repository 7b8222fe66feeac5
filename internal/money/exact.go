package money

import (
	"cmp"
	"math/bits"
)

// Exact is an exact number of minor units: a signed 128-bit numerator over a
// positive 63-bit denominator. Amounts stay Exact until the one rounding of a
// settled line, so that parts add up to what the whole would have cost.
//
// The zero value is zero. Exact is comparable, but == compares how a fraction is
// written: 1/2 and 2/4 differ by == and are equal by Cmp.
type Exact struct {
	// hi and lo are the numerator in two's complement.
	hi int64
	lo uint64
	// den is 0 for the zero value, where it counts as 1, and -1 for a fraction
	// that was made with a denominator that is not positive.
	den int64
}

// noDenominator marks a fraction that every operation refuses.
const noDenominator = -1

// NewExact returns minor × num ÷ den, unrounded; it cannot overflow. A den that is
// not positive gives a value that Add, Round and Cmp answer with ErrDenominator, so
// that bad stored data ends in an error and not in a division by zero.
func NewExact(minor, num, den int64) Exact {
	if den <= 0 {
		return Exact{den: noDenominator}
	}
	hi, lo := bits.Mul64(magnitude(minor), magnitude(num))
	if (minor < 0) != (num < 0) {
		hi, lo = negate(hi, lo)
	}
	return Exact{hi: int64(hi), lo: lo, den: den}
}

// Add returns x + y. Fractions of one denominator keep it; others meet at their
// least common denominator. ErrDenominator if that does not fit 63 bits,
// ErrOverflow if the numerator does not fit 128.
func (x Exact) Add(y Exact) (Exact, error) {
	if x == (Exact{}) && y.den > 0 {
		return y, nil // a sum begins at the zero value, and most groups have one part
	}
	x, y, err := common(x, y)
	if err != nil {
		return Exact{}, err
	}
	lo, carry := bits.Add64(x.lo, y.lo, 0)
	hi, _ := bits.Add64(uint64(x.hi), uint64(y.hi), carry)
	if (x.hi >= 0) == (y.hi >= 0) && (int64(hi) >= 0) != (x.hi >= 0) {
		return Exact{}, ErrOverflow
	}
	return Exact{hi: int64(hi), lo: lo, den: x.den}, nil
}

// Times returns x × num ÷ den, unrounded, so that a fraction can be taken of a
// fraction: of a quantity's price, the part of a period. ErrDenominator if den is not
// positive or the denominators do not multiply in 63 bits, ErrOverflow if the
// numerator does not fit 128.
func (x Exact) Times(num, den int64) (Exact, error) {
	own, err := x.denominator()
	if err != nil {
		return Exact{}, err
	}
	if den <= 0 {
		return Exact{}, ErrDenominator
	}
	over, whole := bits.Mul64(own, uint64(den))
	if over != 0 || whole >= 1<<63 {
		return Exact{}, ErrDenominator
	}
	product, err := x.multiply(magnitude(num))
	if err != nil {
		return Exact{}, err
	}
	if num < 0 {
		hi, lo := negate(uint64(product.hi), product.lo)
		product.hi, product.lo = int64(hi), lo
	}
	product.den = int64(whole)
	return product, nil
}

// Cmp returns -1, 0 or 1 as x is less than, equal to or greater than y, however
// the two are written. Errors as for Add.
func (x Exact) Cmp(y Exact) (int, error) {
	x, y, err := common(x, y)
	if err != nil {
		return 0, err
	}
	if x.hi != y.hi {
		return cmp.Compare(x.hi, y.hi), nil
	}
	return cmp.Compare(x.lo, y.lo), nil
}

// Sign returns -1, 0 or 1. It is 0 for a value without a usable denominator.
func (x Exact) Sign() int {
	switch {
	case x.hi < 0:
		return -1
	case x.hi == 0 && x.lo == 0:
		return 0
	}
	return 1
}

// ClampZero returns x, or zero if x is negative: an increase never earns money
// back. The denominator stays.
func (x Exact) ClampZero() Exact {
	if x.hi < 0 {
		return Exact{den: x.den}
	}
	return x
}

// Round returns the nearest whole minor unit, half away from zero. ErrOverflow if
// it does not fit, ErrDenominator if x has none.
func (x Exact) Round() (int64, error) {
	den, err := x.denominator()
	if err != nil {
		return 0, err
	}
	hi, lo := x.magnitude()
	if hi >= den {
		return 0, ErrOverflow
	}
	quotient, remainder := bits.Div64(hi, lo, den)
	// remainder ≥ den/2, put so that nothing is doubled or halved.
	if remainder >= den-remainder {
		if quotient++; quotient == 0 {
			return 0, ErrOverflow
		}
	}
	return signed(quotient, x.hi < 0)
}

func (x Exact) denominator() (uint64, error) {
	switch {
	case x.den > 0:
		return uint64(x.den), nil
	case x.den == 0:
		return 1, nil
	}
	return 0, ErrDenominator
}

// magnitude returns the numerator without its sign; the least one has none that
// fits 127 bits, but the 128 unsigned bits hold it.
func (x Exact) magnitude() (hi, lo uint64) {
	if x.hi < 0 {
		return negate(uint64(x.hi), x.lo)
	}
	return uint64(x.hi), x.lo
}

func negate(hi, lo uint64) (uint64, uint64) {
	lo, borrow := bits.Sub64(0, lo, 0)
	hi, _ = bits.Sub64(0, hi, borrow)
	return hi, lo
}

// common writes two fractions over their least common denominator.
func common(x, y Exact) (Exact, Exact, error) {
	if x.den == y.den && x.den > 0 {
		return x, y, nil
	}
	xDen, err := x.denominator()
	if err != nil {
		return x, y, err
	}
	yDen, err := y.denominator()
	if err != nil {
		return x, y, err
	}
	g := gcd(xDen, yDen)
	if high, low := bits.Mul64(xDen, yDen/g); high != 0 || low >= 1<<63 {
		return x, y, ErrDenominator
	}
	if x, err = x.scale(xDen, yDen/g); err != nil {
		return x, y, err
	}
	y, err = y.scale(yDen, xDen/g)
	return x, y, err
}

// scale multiplies numerator and denominator by factor; the caller has checked
// that the new denominator fits.
func (x Exact) scale(den, factor uint64) (Exact, error) {
	scaled, err := x.multiply(factor)
	scaled.den = int64(den * factor)
	return scaled, err
}

// multiply returns the numerator times factor, without a denominator.
func (x Exact) multiply(factor uint64) (Exact, error) {
	hi, lo := x.magnitude()
	carry, low := bits.Mul64(lo, factor)
	over, high := bits.Mul64(hi, factor)
	high, overflow := bits.Add64(high, carry, 0)
	if over != 0 || overflow != 0 || high >= 1<<63 {
		return Exact{}, ErrOverflow
	}
	if x.hi < 0 {
		high, low = negate(high, low)
	}
	return Exact{hi: int64(high), lo: low}, nil
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
