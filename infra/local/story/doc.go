// Package story plays stories of customers against Usher, over HTTP alone, as a
// vendor's staff and a customer's people do it, and tells in sentences what
// happens, with the amounts. Whatever is not as it should be ends a story with an
// error that names its line.
//
// # Scripts
//
// A story is a file of scripts/. It begins with what its account is:
//
//	story   teams                        the file's name
//	title   A film studio …
//	catalog teams.yaml                   of infra/catalog; published first
//	domain  reel.example                 of everybody's email
//	open    {name: Reel, plan_id: …}     how the operator opens the account
//	owner   olga Olga Berger             what the steps call the owner, and the name
//	clock   2026-01-31 09:00             when it begins; all times are the account's own
//	try     Sign in as Olga and …        what to try in the account afterwards
//
// Then come chapters (==), sentences for the reader (>), comments (#) and steps,
// with what is expected indented below:
//
//	olga POST subscriptions/$sub/quotes {seats: 8}
//	  covers P14 the amount due today
//	  amount_due_now = 1800 EUR
//	  next_invoice.lines[0].seats = 8
//	  keep quote_id as quote
//	mail olga "8 seats"
//	clock 2026-03-01 09:00
//	olga signs in
//
// A path is below the account unless it begins with /; "." is the account. A body
// is YAML in one line, or goes on in lines that are indented by four and more. Who
// is anybody of the account by the part of their email before the @, or operator,
// server (the vendor's, with its own secret) or nobody. @ann is Ann's email, $ann
// her user id, $ann.link the secret of her newest invitation link, $ann.id_token
// what she binds her sign-in with, $account and $sub the account and its first
// subscription, and any other $name what "keep path as name" kept.
//
// Without another word a call has to succeed; "status 201" and "refused 409 code
// "part of the sentence"" ask for more. Amounts are written in minor units with
// their currency. "at" compares instants by the account's clock, so that a change
// of summer time shows.
//
// covers names a statement of statements.txt: what the help pages of the five
// systems say, which the table in infra/catalog/README.md lists with the lines
// that show it. A test holds the three against each other.
//
// # Worlds
//
// The same script is played in a test on the API alone, on the real binaries with
// the mails, by make demo on a running stack with fresh names, and by make run,
// whose demo accounts are the five systems' stories after their end.
package story
