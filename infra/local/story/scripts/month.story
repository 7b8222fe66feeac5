# The main job in one customer's month, with the sample catalog: invite, accept,
# reassign, buy knowing the price, drop, close, hand over.
story month
title A bakery's month: people, seats, one correct invoice, and a new owner
catalog sample.yaml
domain bakery.example
open {name: Brandt Bakery, currency: EUR, time_zone: Europe/Berlin, plan_id: meetings-monthly, seats: 5}
owner olga Olga Brandt
clock 2026-11-01 09:00
try Sign in as ben, the new owner, and buy a seat: the quote says what it costs today and from next month on.

== The vendor opens an account with five seats at EUR 20.00 a month

olga GET invoices/1
  total = 10000 EUR
> Invoice 1, EUR 100.00, is on its way.
clock 2026-11-22 10:00

== Olga invites six people in one call

olga POST invitations {people: [
    {email: @ann, first_name: Ann, last_name: Brandt, subscription_id: $sub},
    {email: @ben, first_name: Ben, last_name: Brandt, subscription_id: $sub},
    {email: @cem, first_name: Cem, last_name: Brandt, subscription_id: $sub},
    {email: @dora, first_name: Dora, last_name: Brandt, subscription_id: $sub},
    {email: @eva, first_name: Eva, last_name: Brandt, subscription_id: $sub},
    {email: @finn, first_name: Finn, last_name: Brandt, subscription_id: $sub}]}
  results[*].status = [invited, invited, invited, invited, invited, refused]
  results[5].error.code = no_free_seats
  keep results[4].invitation_id as evas
> The sixth gets no_free_seats: five seats are five seats.
mail ann "invites you"
mail ben "invites you"
mail cem "invites you"
mail dora "invites you"
mail eva "invites you"
ann POST /v1/invitations/accept {token: $ann.link, id_token: $ann.id_token}
ben POST /v1/invitations/accept {token: $ben.link, id_token: $ben.id_token}
cem POST /v1/invitations/accept {token: $cem.link, id_token: $cem.id_token}
dora POST /v1/invitations/accept {token: $dora.link, id_token: $dora.id_token}
olga GET subscriptions/$sub
  seats = 5
  in_use = 4
  reserved = 1
  available = 0
> Four are in use, one is reserved by Eva's open invitation.

== Eva lost her mail, so Olga sends the invitation again

eva POST /v1/invitations/lookup {token: $eva.link}
olga POST invitations/$evas/resend
eva POST /v1/invitations/accept {token: $eva.link, id_token: $eva.id_token}
  refused 410 invitation_superseded
mail eva "invites you"
eva POST /v1/invitations/accept {token: $eva.link, id_token: $eva.id_token}
olga GET subscriptions/$sub
  in_use = 5
  reserved = 0
> The new link lets her in; she was never counted twice.

== Finn joins without a license and gets Ann's

olga POST invitations {people: [{email: @finn, first_name: Finn, last_name: Brandt}]}
  results[0].status = invited
mail finn "invites you"
finn POST /v1/invitations/accept {token: $finn.link, id_token: $finn.id_token}
olga DELETE subscriptions/$sub/licenses/$ann
olga POST subscriptions/$sub/licenses {user_ids: [$finn]}
  results[0].status = assigned
mail ann "has ended"
mail finn "You have a license"
olga GET invoices
  items count 1
> No money moved: there is still one invoice.

== Olga buys three seats, knowing the price before she agrees

olga POST subscriptions/$sub/quotes {seats: 8}
  amount_due_now = 1800 EUR
  next_invoice.total = 16000 EUR
  keep quote_id as quote
  keep amount_due_now as due
> The quote: $due now, for 9 of 30 days, and EUR 160.00 with the next invoice.
olga POST subscriptions/$sub/seat-changes {quote_id: $quote, agreement_accepted: true}
  invoice.number = 2
  invoice.amount_due = 1800 EUR
> She agrees and is charged exactly that.
olga POST subscriptions/$sub/seat-changes {quote_id: $quote, agreement_accepted: true}
  refused 409 quote_stale
mail olga "8 seats"

== Next month four seats are enough

olga POST subscriptions/$sub/quotes {seats: 4}
  amount_due_now = 0 EUR
  effective_at at 2026-12-01 00:00
  keep quote_id as quote
olga POST subscriptions/$sub/seat-changes {quote_id: $quote, agreement_accepted: true}
  seats = 8
olga GET subscriptions/$sub
  pending.seats = 4
  next_invoice.total = 10000 EUR
> Five seats are in use, so the next invoice is foreseen with five: EUR 100.00.

== The month ends

clock 2026-12-01 09:00
olga GET invoices
  items count 3
  items[0].number = 3
  items[0].total = 10000 EUR
mail olga "nvoice 3"
olga GET subscriptions/$sub
  seats = 5
  in_use = 5
> The decrease took effect as its policy says: five are in use, so five stay and nobody lost a license.
operator POST /v1/operator/accounts/$account/close
  closed = 0
olga GET invoices
  items count 3
> Closing a second time closes 0 cycles; invoices are numbered 1 to 3, without a gap.

== Olga hands the account over to Ben

olga PUT owner {user_id: $ben}
olga GET .
  refused 401 signed_out
mail olga "owner"
mail ben "owner"
ben signs in
  owner_id = $ben
> Ben signs in again and is the owner.
operator GET /v1/operator/accounts/$account/audit
  findings count 0
