// Package seats is the domain of Usher: accounts, users, subscriptions, licenses,
// invitations, seat changes and the close of billing cycles.
//
// # Nouns
//
//   - Account: one customer company, with its currency, zone, owner and anchor
//     date, from which every billing boundary is computed.
//   - User: a person in one account: invited → active ⇄ deactivated → removed.
//   - Role: owner (exactly one), admin, billing_admin, member; Can and CanGrant
//     are the permission table.
//   - Invitation: a link by mail that makes an invited user active, used at most
//     once, by its newest generation, until it expires.
//   - Plan: a priced offer of a product; its versions never change, and its
//     policies are data.
//   - Subscription: an account's pool of seats of one product on one plan version.
//   - License: one seat held by one user.
//   - Quote: the price of a number of seats, good for 15 minutes; confirming it
//     charges exactly that or nothing.
//   - Trial: a first period that costs nothing; at its end the subscription is billed
//     as if it were bought then.
//   - Active users: where a plan bills them there are no seats; every active user is
//     entitled, and a period is billed behind by who was active, by name in a list.
//   - Close: the one step at an instant that is due: a cycle's or trial's end, where
//     what is pending takes effect, what is over-assigned is resolved, the next period
//     is billed with what waited and what was used; or the end of a day whose changes
//     are settled. The same computation, thrown away, foresees the next invoice.
//   - Event: an entry of the account's ledger: audit trail, outbox and evidence of
//     invoice lines at once. Ids and numbers only.
//
// # How a command works
//
// Read, decide, commit. Service reads a View of the items that a command is about;
// a decision, a pure function of that view and of the values in a turn (now, ids,
// who), makes a Change; Store.Commit writes all of it in one transaction or
// nothing. Every write is conditioned on what was read. Where a condition fails,
// somebody else was first: the command reads and decides anew, so that a refusal
// always names the true cause.
//
// Where a plan sells seats on the way, a command that lacks some is tried first: the
// trial prices them, and the command buys exactly those with the trial's quote, in the
// transaction of the first people who need them. Without it nothing is ever bought.
//
// What needs more than one transaction (more than 32 invitations, more than 97
// licenses, a decrease that takes licenses) can be interrupted anywhere and goes
// on from what is stored.
//
// # What always holds
//
//   - 0 ≤ licenses in use + seats reserved ≤ seats, at every instant, except while
//     a close is releasing licenses. The pool keeps Free, and every path that takes
//     a seat is conditioned on it.
//   - A user holds at most one license of a product: licenses are part of the user,
//     whose revision every change is conditioned on. Ending a user ends them in the
//     same transaction.
//   - Exactly one owner, always active. Only a transfer moves it, and both sides
//     are signed out by it.
//   - A subscription's Rev moves with money alone (seats, pending, plan, period),
//     never with licenses: so a quote outlives assigns, and assigns never fail one
//     another.
//   - Every period is closed exactly once and in order: the closing transaction is
//     conditioned on the old period. Invoice numbers have no gap: the number is
//     taken in the transaction that issues.
//   - A close whose result is absurd, or that cannot be computed, parks its account
//     with the reason. People and licenses of a parked account go on; money waits.
//
// # Time and ids
//
// Now is a value: the request's instant, or the clock of a test account, which
// only operators move. Sign-outs, quotes' expiry, idempotency and limits go by the
// wall clock. Ids come from a Minter, a value too.
package seats
