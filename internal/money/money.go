// Package money holds amounts of money exactly and rounds them once.
//
// # Nouns
//
//   - A [Currency] is an ISO 4217 code and knows its number of decimal places.
//   - An [Amount] is a whole number of minor units (cents, yen, fils) of one
//     currency. Minor units are int64 everywhere.
//   - An [Exact] is an amount that has not been rounded yet: a fraction of minor
//     units whose currency the caller knows.
//
// # Rules
//
//   - No floating point, and no result that wraps around: what does not fit is
//     ErrOverflow.
//   - There is one rounding: half away from zero ([Exact.Round], [MulDiv]). A cent
//     and a half is two cents owed and two cents credited alike.
//   - Round once per settled line. Keep the parts Exact, add them, then round.
//   - A fraction of a fraction stays exact too ([Exact.Times]).
//   - Where parts must add up to a whole that is already rounded, use [Allocate].
//
// Nothing here allocates but Allocate, Amount.String and the making of an error
// text.
package money
