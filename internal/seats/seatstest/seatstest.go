// Package seatstest is what tests of the domain stand on: a store in memory, a
// rig with an opened account, and faults on demand. Only tests import it.
//
// # The store
//
// [Store] keeps everything behind one lock and has exactly the semantics that
// [seats.Store] and the comments of [seats.Change] promise:
//
//   - [Store.Commit] checks every condition of a change first and writes all of it
//     or nothing. What failed is told by part and index in a
//     [seats.ConditionError].
//   - A change that no transaction of the database could hold (more than
//     [MaxItems] items, one item twice) is an error of the program, not a failed
//     condition: a decision that makes one is wrong whatever is stored.
//   - A receipt is in the way of another until it has expired at the instant of the
//     other's claim, which is the wall clock's.
//   - Events are kept in the form of the bus's contract, so that what their type does
//     not have is gone when they are read.
//   - Due accounts, lapsed invitations and parked accounts are found by what the
//     items say, so that a test account is in none of the indexes of time.
//   - What goes in and what comes out is copied deeply: a caller that changes what
//     it holds changes nothing here.
//
// [Store.Tamper] changes what is stored behind the domain's back, for tests of
// the auditor.
//
// # The rig
//
// [Open] gives a [Rig]: a store, a movable wall clock, the use cases over both,
// and an account with its owner signed in and five seats of a plan at 20 euros,
// the first day of November 2026 in Berlin. Its helpers invite, let people join
// and find them again by the local part of their email.
//
// # Faults
//
// [Crashing] wraps a store and lets the process die before or after its k-th
// call: that call fails, and so does every later one. [Racing] lets somebody else
// be first: it runs a function just before a commit.
//
// [Audit] runs the auditor over an account and gives its findings as lines.
package seatstest
