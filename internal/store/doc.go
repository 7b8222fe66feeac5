// Package store keeps what package seats decides, in two DynamoDB tables. It
// implements seats.Store.
//
// # Items
//
// Every item has the string keys pk and sk. Attribute names are short, since
// DynamoDB charges for their bytes; each file lists those of its item.
//
//	seats table
//	  account         A#<account>            A
//	  directory       ACCOUNTS               <account>          put with the account: operators list accounts in order
//	  user            A#<account>            U#<user>
//	  subscription    A#<account>            S#<product>
//	  invoice         A#<account>            I#<10 digits>      its canonical JSON, deflated, with its hash; credit notes too
//	  billed people   A#<account>            B#<start>#<product>#<hash>#<4 digits>   a thousand of them
//	  request         RQ#<account>           <request>          what the vendor's staff is asked for
//	  email guard     M#<email>              A#<account>        u: the user; an email is unique in an account
//	  sign-in         P#<subject>            A#<account>        u: the user that the identity is bound to
//	  ledger event    E#<account>#<yyyy-mm>  <event>            ev: what the bus gets; the month is that of At, in UTC
//	  plan version    PLAN#<plan>            V#<6 digits>
//	  listed plan     PLANS                  <plan>             v: its newest version; put with the version
//
//	keys table, whose items expire by the attribute ttl (epoch seconds)
//	  quote           Q#<quote>              Q
//	  receipt         R#<key>                R
//	  counter         N#<key>                <start of window, epoch seconds>
//	  send marker     MAIL#<event or link>#<recipient>   M#<kind>   written by package mail; those of links are read here
//	  invitation key  SECRET#invitation      K                  never expires
//
// DynamoDB deletes expired items late, so the time is always looked at and an
// expired item counts as absent where it matters. Quotes outlive their expiry by a
// day, so that a late confirmation can be told quote_expired.
//
// # Index
//
// The index "due" (gpk, gsk; keys only) of the seats table is sparse. gsk is an
// instant in RFC 3339 and "#" and an id.
//
//	DUE#<shard>  ordinary open accounts by the instant at which something is due
//	EXP#<shard>  users of ordinary accounts by the expiry of their open invitation
//	PARKED       parked accounts, test accounts too
//	REQUESTS     open requests by the instant at which they were opened, of test accounts too
//
// A shard is the hash of the id modulo 16, so that the month's first midnight does
// not meet one partition. The index lags and is never decided from: it names
// candidates, which are read again.
//
// # Access patterns
//
//	a command reads      one BatchGetItem over both tables, consistently
//	a command writes     one TransactWriteItems, see Commit
//	lists                one partition, all pages, consistently
//	an identity's user   GetItem of the sign-in; all its accounts: Query of P#<subject>
//	users by email       Query of M#<email>
//	all newest plans     Query of PLANS, then a BatchGetItem of the versions that are not remembered
//	the newest plan      Query of PLAN#<plan>, descending, one item; remembered for seconds, a version for ever
//
// # Writing
//
// Each write of a transaction has its condition. Cancellation reasons are read by
// their position and become a *seats.ConditionError that names the part of the
// change. Contention, throttling and lost answers are tried again by one loop, at most
// [MaxTries] times in all, always as the same bytes with the same client token, and
// not beyond the caller's deadline; however the client was configured to retry does
// not count.
//
// # Cost
//
// Items of the usual size are within one write unit of 1,024 bytes, which is two in
// a transaction. Package capacity measures what calls cost, package budget holds
// every use case against its budget, and `go run ./internal/store/cost` prints the
// table. Package storetest is the suite that every seats.Store runs.
package store
