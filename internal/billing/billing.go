// Package billing is the arithmetic of seats, cycles and invoices. It knows no
// accounts, no storage and no clock: what a function returns depends on its arguments
// alone, so any issued amount can be computed again from what it rested on.
//
// # Nouns
//
//   - A [Date] is a local day. An account's anchor is the local date of its first
//     subscription.
//   - A boundary is the anchor plus n months ([Boundary]); it begins at an instant that
//     depends on the zone ([Date.StartIn]).
//   - A [Period] is one billing cycle, from one boundary to the next (month) or to the
//     twelfth after it (year). It is half open: it holds its Start and not its End.
//   - A [Price] is what a pool of seats costs for one whole period: price(n).
//   - A [Factor] is the part of a period that is left, by days or by seconds.
//   - A quantity is a fractional number of seats, such as user-days ÷ days, and has a
//     price too ([Price.ForQuantity]). It is counted from the [Activity] of users.
//   - An [Invoice] is lines, then one [TaxLine] per rate, then sums. Its canonical JSON
//     ([Invoice.Canonical]) with its SHA-256 ([Hash]) is the document; everything else
//     is a rendering of it.
//
// # Rules of the calendar
//
//   - The n-th boundary is counted from the anchor, never from the last boundary: an
//     anchor on the 31st gives 28 February, then 31 March again.
//   - A boundary begins at the first instant at which the local date is its date or
//     later. Midnight may be skipped, may come twice, and a whole day may be missing.
//   - Periods tile time: each starts exactly where the one before it ended, also when
//     the account's zone changed in between. Stored instants are never recomputed.
//
// # Rules of money
//
//   - An increase owes (price(new) − price(old)) × factor ([IncreaseDue]), a new
//     subscription price(seats) × factor ([SubscribeDue]); base fee and included seats
//     are part of price(n).
//   - These are exact fractions. They are added, clamped at zero and rounded, half away
//     from zero, once per settled group ([SettleIncrease]); so unrounded parts add up
//     exactly, and adding a seat and dropping it at the same instant is nothing.
//   - Active users owe price(quantity) × factor ([UsageDue]); an upgrade owes the
//     difference of two plans ([PlanChangeDue]), on two lines that add up to it.
//   - Seats given back for credit earn what is left of them ([CreditDue]), or lower
//     what a group owes, below zero if need be ([SettleNet]).
//   - Tax is rounded once per rate, on the net at that rate.
//   - A total is never negative. Credit lowers the amount due and nothing else.
//   - What does not fit is an error. Nothing wraps around.
//
// # Rules of the document
//
//   - It holds ids, the companies' legal names, addresses and tax ids, the zone, and
//     the period instants; never a person's name or an email address, so that erasing a
//     person breaks no invoice.
//   - Format is the number of its renderer. A renderer never changes once an invoice
//     has been issued with it.
//
// A change of seats in the middle of a cycle, from first to last:
//
//	period := billing.CycleAt(anchor, billing.Month, zone, now)
//	factor := period.Factor(billing.ByDay, now, zone)
//	due, err := billing.IncreaseDue(&price, 5, 8, factor)
//	amountMinor, err := billing.SettleIncrease(due)
package billing
