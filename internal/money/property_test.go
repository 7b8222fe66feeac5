package money_test

import (
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/usher-seats/usher/internal/money"
)

// anyInt draws small numbers, numbers of all sizes, and those at the edges.
func anyInt() *rapid.Generator[int64] {
	return rapid.OneOf(
		rapid.Int64Range(-1000, 1000),
		rapid.Int64(),
		rapid.SampledFrom([]int64{most, most - 1, least, least + 1, 1 << 62, -1 << 62, 1 << 32}),
	)
}

func anyDenominator() *rapid.Generator[int64] {
	return rapid.OneOf(
		rapid.Int64Range(1, 366),
		rapid.Int64Range(1, 366*24*60*60),
		rapid.Int64Range(1, most),
		rapid.SampledFrom([]int64{1, 2, most, most - 1}),
	)
}

// roundHalfAway is the oracle: with arbitrary precision, and written otherwise.
func roundHalfAway(r *big.Rat) *big.Int {
	doubled := new(big.Int).Lsh(new(big.Int).Abs(r.Num()), 1)
	doubled.Add(doubled, r.Denom())
	doubled.Quo(doubled, new(big.Int).Lsh(r.Denom(), 1))
	if r.Sign() < 0 {
		doubled.Neg(doubled)
	}
	return doubled
}

// agrees holds a result against the oracle's: equal, or ErrOverflow because the
// oracle's does not fit.
func agrees(t *rapid.T, what string, got int64, err error, want *big.Int) {
	t.Helper()
	switch {
	case want.IsInt64() && (err != nil || got != want.Int64()):
		t.Fatalf("%s = %d, %v, want %s", what, got, err, want)
	case !want.IsInt64() && !errors.Is(err, money.ErrOverflow):
		t.Fatalf("%s = %d, %v, want ErrOverflow for %s", what, got, err, want)
	}
}

func TestCheckedIntegersAgreeWithBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyInt().Draw(t, "a"), anyInt().Draw(t, "b")
		x, y := big.NewInt(a), big.NewInt(b)
		sum, err := money.AddInt(a, b)
		agrees(t, "a + b", sum, err, new(big.Int).Add(x, y))
		difference, err := money.SubInt(a, b)
		agrees(t, "a − b", difference, err, new(big.Int).Sub(x, y))
		product, err := money.MulInt(a, b)
		agrees(t, "a × b", product, err, new(big.Int).Mul(x, y))
	})
}

func TestMulDivAgreesWithBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, num, den := anyInt().Draw(t, "a"), anyInt().Draw(t, "num"), anyDenominator().Draw(t, "den")
		got, err := money.MulDiv(a, num, den)
		r := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(a), big.NewInt(num)), big.NewInt(den))
		agrees(t, "a × num ÷ den", got, err, roundHalfAway(r))
	})
}

func TestSumsOfFractionsAreExact(t *testing.T) {
	limit := new(big.Int).Lsh(big.NewInt(1), 127)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "parts")
		sameDen := rapid.Bool().Draw(t, "sameDen")
		den := anyDenominator().Draw(t, "den")
		var sum money.Exact
		want := new(big.Rat)
		common := big.NewInt(1)
		for range n {
			if !sameDen {
				den = anyDenominator().Draw(t, "den")
			}
			minor, num := anyInt().Draw(t, "minor"), anyInt().Draw(t, "num")
			next, err := sum.Add(money.NewExact(minor, num, den))
			part := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(minor), big.NewInt(num)), big.NewInt(den))
			g := new(big.Int).GCD(nil, nil, common, big.NewInt(den))
			common.Mul(common, new(big.Int).Quo(big.NewInt(den), g))
			if errors.Is(err, money.ErrDenominator) {
				if common.IsInt64() {
					t.Fatalf("ErrDenominator, but the common denominator is %s", common)
				}
				return
			}
			if errors.Is(err, money.ErrOverflow) {
				// Some numerator, written over the common denominator, leaves 128 bits.
				for _, r := range []*big.Rat{want, part, new(big.Rat).Add(want, part)} {
					if scaled := new(big.Rat).Mul(r, new(big.Rat).SetInt(common)); scaled.Num().CmpAbs(limit) >= 0 {
						return
					}
				}
				t.Fatalf("ErrOverflow for %s + %s", want, part)
			}
			if err != nil {
				t.Fatal(err)
			}
			sum = next
			want.Add(want, part)
		}
		if sum.Sign() != want.Sign() {
			t.Fatalf("the sign is %d, want %d", sum.Sign(), want.Sign())
		}
		got, err := sum.Round()
		agrees(t, "the rounded sum", got, err, roundHalfAway(want))
		if want.Sign() < 0 {
			want.SetInt64(0)
		}
		got, err = sum.ClampZero().Round()
		agrees(t, "the clamped sum", got, err, roundHalfAway(want))
	})
}

func TestComparisonLooksAtTheValueAndNotAtItsForm(t *testing.T) {
	part := func(t *rapid.T, label string) (money.Exact, *big.Rat) {
		minor, num := rapid.Int64Range(-99, 99).Draw(t, label), rapid.Int64Range(-9, 9).Draw(t, label+" num")
		den := rapid.Int64Range(1, 12).Draw(t, label+" den")
		return money.NewExact(minor, num, den), big.NewRat(minor*num, den)
	}
	rapid.Check(t, func(t *rapid.T) {
		x, wantX := part(t, "x")
		y, wantY := part(t, "y")
		if got, err := x.Cmp(y); err != nil || got != wantX.Cmp(wantY) {
			t.Fatalf("%s against %s: %d, %v", wantX, wantY, got, err)
		}
	})
}

func TestSharesAddUpAndStayWithinOneUnitOfTheirPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := anyInt().Draw(t, "total")
		weights := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 9), rapid.Int64Range(0, most/20)), 1, 20).Draw(t, "weights")
		weightSum := new(big.Int)
		for _, w := range weights {
			weightSum.Add(weightSum, big.NewInt(w))
		}
		shares, err := money.Allocate(total, weights)
		if weightSum.Sign() == 0 {
			if !errors.Is(err, money.ErrWeights) {
				t.Fatalf("error %v, want ErrWeights", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		sum := new(big.Int)
		for i, share := range shares {
			sum.Add(sum, big.NewInt(share))
			part := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(total), big.NewInt(weights[i])), weightSum)
			off := part.Sub(part, new(big.Rat).SetInt64(share))
			if off.Abs(off).Cmp(big.NewRat(1, 1)) >= 0 {
				t.Fatalf("share %d of %v is off by %s", i, shares, off)
			}
			for j := range i {
				if weights[j] == weights[i] && magnitude(shares[j]).Cmp(magnitude(share)) < 0 {
					t.Fatalf("of equal weights %d and %d the later got more: %v", j, i, shares)
				}
			}
		}
		if !sum.IsInt64() || sum.Int64() != total {
			t.Fatalf("the shares %v add up to %s, want %d", shares, sum, total)
		}
	})
}

func magnitude(n int64) *big.Int { return new(big.Int).Abs(big.NewInt(n)) }

func TestAFractionOfAFractionIsExact(t *testing.T) {
	limit := new(big.Int).Lsh(big.NewInt(1), 127)
	rapid.Check(t, func(t *rapid.T) {
		minor, num, den := anyInt().Draw(t, "minor"), anyInt().Draw(t, "num"), anyDenominator().Draw(t, "den")
		times, by := anyInt().Draw(t, "times"), anyDenominator().Draw(t, "by")
		numerator := new(big.Int).Mul(new(big.Int).Mul(big.NewInt(minor), big.NewInt(num)), big.NewInt(times))
		denominator := new(big.Int).Mul(big.NewInt(den), big.NewInt(by))
		got, err := money.NewExact(minor, num, den).Times(times, by)
		switch {
		case !denominator.IsInt64():
			if !errors.Is(err, money.ErrDenominator) {
				t.Fatalf("%+v, %v, want ErrDenominator", got, err)
			}
			return
		case numerator.CmpAbs(limit) >= 0:
			if !errors.Is(err, money.ErrOverflow) {
				t.Fatalf("%+v, %v, want ErrOverflow", got, err)
			}
			return
		case err != nil:
			t.Fatal(err)
		}
		want := new(big.Rat).SetFrac(numerator, denominator)
		if got.Sign() != want.Sign() {
			t.Fatalf("the sign is %d, want %d", got.Sign(), want.Sign())
		}
		rounded, err := got.Round()
		agrees(t, "the rounded fraction", rounded, err, roundHalfAway(want))
	})
}

func TestNoFractionIsTakenOfWhatHasNoDenominator(t *testing.T) {
	for _, c := range []struct {
		x        money.Exact
		num, den int64
	}{{money.NewExact(1, 1, 0), 1, 2}, {money.NewExact(1, 1, 2), 1, 0}, {money.NewExact(1, 1, 2), 1, -2}} {
		if got, err := c.x.Times(c.num, c.den); !errors.Is(err, money.ErrDenominator) {
			t.Errorf("%+v × %d ÷ %d: %+v, %v, want ErrDenominator", c.x, c.num, c.den, got, err)
		}
	}
	if got, err := (money.Exact{}).Times(3, 4); err != nil || got.Sign() != 0 {
		t.Errorf("three quarters of nothing are %+v, %v", got, err)
	}
}
