package money

import (
	"cmp"
	"math/bits"
	"slices"
)

// Allocate shares total minor units out in proportion to weights, by the largest
// remainder: every share is its exact part rounded down or up, the shares add up
// to total, and the units left after rounding down go to the largest remainders.
// Equal remainders are served in the order of weights, so the same input always
// gives the same shares. A negative total gives the shares of its opposite,
// negated.
//
// ErrWeights if a weight is negative or none is positive, ErrOverflow if the
// weights do not add up in an int64.
func Allocate(total int64, weights []int64) ([]int64, error) {
	var sum int64
	for _, w := range weights {
		if w < 0 {
			return nil, ErrWeights
		}
		var err error
		if sum, err = AddInt(sum, w); err != nil {
			return nil, err
		}
	}
	if sum == 0 {
		return nil, ErrWeights
	}

	size := magnitude(total)
	left := size
	shares := make([]uint64, len(weights))
	remainders := make([]uint64, len(weights))
	order := make([]int, len(weights))
	for i, w := range weights {
		hi, lo := bits.Mul64(size, uint64(w))
		// w ≤ sum, so hi < sum and the quotient is at most size.
		shares[i], remainders[i] = bits.Div64(hi, lo, uint64(sum))
		left -= shares[i]
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(remainders[b], remainders[a]) })
	for _, i := range order[:left] {
		shares[i]++
	}

	result := make([]int64, len(weights))
	for i, share := range shares {
		result[i] = int64(share)
		if total < 0 {
			result[i] = int64(-share)
		}
	}
	return result, nil
}
