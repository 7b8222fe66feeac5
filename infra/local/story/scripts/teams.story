# A seat per user, bought as users are added: inviting somebody who lacks a free
# seat buys one, and is told its price first. Only the owner and billing admins may.
story teams
title A film studio that pays for the people it adds, and lets only its billing admins add them
catalog teams.yaml
domain reel.example
open {name: Reel and Sons, currency: EUR, time_zone: Europe/Berlin, plan_id: teams-monthly, seats: 3}
owner olga Olga Berger
clock 2026-01-31 09:00
try Sign in as bea, a billing admin, and invite somebody with dry_run: the answer is the price, and the quote that the real call needs.
try Sign in as adam, an admin, and invite somebody with a license: he may add people and must not spend money.
try Remove a person and move the clock to the next boundary: the next invoice has one seat less.

== The last day of January: three seats, and a list of people

olga GET subscriptions/$sub
  seats = 3
  period.start at 2026-01-31 00:00
  period.end at 2026-02-28 00:00
olga POST invitations {people: [
    {email: @bea, first_name: Bea, last_name: Lang, role: billing_admin},
    {email: @adam, first_name: Adam, last_name: Roth, role: admin, subscription_id: $sub},
    {email: @mia, first_name: Mia, last_name: Vogt, role: member, subscription_id: $sub},
    {email: @max, first_name: Max, last_name: Kern, subscription_id: $sub}]}
  covers T15 A new user is given by email address.
  covers T16 A new user gets the role billing admin when created.
  covers T17 Several users with their roles are collected in one list.
  covers T18 The whole list is added in one go.
  results[*].status = [invited, invited, invited, invited]
  results[*].email = [@bea, @adam, @mia, @max]
mail bea "invites you"
mail adam "invites you"
mail mia "invites you"
mail max "invites you"
bea POST /v1/invitations/accept {token: $bea.link, id_token: $bea.id_token}
adam POST /v1/invitations/accept {token: $adam.link, id_token: $adam.id_token}
mia POST /v1/invitations/accept {token: $mia.link, id_token: $mia.id_token}
max POST /v1/invitations/accept {token: $max.link, id_token: $max.id_token}
olga GET subscriptions/$sub
  seats = 3
  in_use = 3
  available = 0
> Three of the four hold the three seats. Bea is a billing admin: a role alone takes no license.

== In February a billing admin adds two people, and sees the price before

clock 2026-02-10 10:00
bea POST invitations {people: [
    {email: @nina, first_name: Nina, last_name: Falk, subscription_id: $sub},
    {email: @omar, first_name: Omar, last_name: Said, subscription_id: $sub}]}
  refused 409 quote_required
bea POST invitations {dry_run: true, people: [
    {email: @nina, first_name: Nina, last_name: Falk, subscription_id: $sub},
    {email: @omar, first_name: Omar, last_name: Said, subscription_id: $sub}]}
  covers T11 Adding users may raise the cost, which is said before.
  quote.seats = 5
  quote.amount_due_now = 1543 EUR
  quote.next_invoice.total = 6000 EUR
  keep quote.quote_id as quote
  keep quote.amount_due_now as due
> Two seats more would cost $due now, for 18 of 28 days.
adam POST invitations {dry_run: true, people: [{email: @nina, first_name: Nina, last_name: Falk, subscription_id: $sub}]}
  covers T12 The role that may cause costs is for those only who are entitled to.
  results[0].status = refused
  results[0].error.code = forbidden
  quote absent
> Adam is an admin: he may add people where a seat is free, and may not buy one.
mia POST invitations {people: [{email: @nina, first_name: Nina, last_name: Falk}]}
  refused 403 forbidden
olga GET users?status=invited
  items count 0
bea POST invitations {quote_id: $quote, agreement_accepted: true, people: [
    {email: @nina, first_name: Nina, last_name: Falk, subscription_id: $sub},
    {email: @omar, first_name: Omar, last_name: Said, subscription_id: $sub}]}
  covers T10 A billing admin may add users.
  results[*].status = [invited, invited]
bea GET invoices/2
  total = 1543 EUR
  lines[0].from_seats = 3
  lines[0].seats = 5
mail nina "invites you"
mail omar "invites you"
mail olga "5 seats"
nina POST /v1/invitations/accept {token: $nina.link, id_token: $nina.id_token}
omar POST /v1/invitations/accept {token: $omar.link, id_token: $omar.id_token}
bea GET subscriptions/$sub
  covers T1 Every license adds to what the subscription costs a month.
  seats = 5
  in_use = 5
  next_invoice.total = 6000 EUR

== Mia becomes a billing admin too

olga GET users?q=mia
  covers T20 One looks the user up who is to be changed.
  items count 1
  items[0].email = @mia
olga PATCH users/$mia {role: billing_admin, qualification: Head of production}
  covers T13 A billing admin is made by creating a user or by giving the role to a user that there is.
  covers T22 An existing user's details and role are changed as one wishes.
  role = billing_admin
olga GET users/$mia
  covers T23 The changes hold once they are saved.
  role = billing_admin
  qualification = Head of production
  licenses count 1
olga GET users?role=billing_admin&sort=email
  covers T9 An account can have several billing admins.
  items[*].email = [@bea, @mia]
adam PATCH users/$nina {role: billing_admin}
  covers T12 The role that may cause costs is for those only who are entitled to.
  refused 403 forbidden
> Two billing admins now. Adam, an admin, cannot make another one.

== Two people leave, and their licenses are free at once

clock 2026-02-20 16:00
nina DELETE users/$max
  refused 403 forbidden
bea GET users?q=kern
  covers T6 One looks the user up who is to be removed.
  items count 1
  items[0].email = @max
bea DELETE users/$max
  covers T3 A billing admin may remove a user.
  covers T8 Removing happens once it is confirmed, and frees the license.
  status 204
bea GET subscriptions/$sub
  in_use = 4
  available = 1
adam DELETE users/$omar
  covers T4 An admin may remove a user.
  status 204
bea GET subscriptions/$sub
  in_use = 3
  available = 2
bea GET users?status=removed
  items count 2
bea GET events?type=user.removed
  items count 2
> Five seats are paid until the end of February; two of them are free.

== February ends on the 28th, the next cycle on the 31st again

clock 2026-02-28 09:00
bea GET invoices
  covers T2 Somebody who no longer needs access can be removed, so that their license costs nothing any more.
  items count 3
  items[0].number = 3
  items[0].total = 3600 EUR
  items[0].lines[0].seats = 3
bea GET subscriptions/$sub
  seats = 3
  in_use = 3
  period.start at 2026-02-28 00:00
  period.end at 2026-03-31 00:00
mail olga "Invoice 3"
  covers T24 Whoever needs more help can reach the vendor's support.
  text has help@
> Nobody had to lower anything: the close bills the three seats in use.

== March, in which the clocks go forward

clock 2026-03-30 09:00
bea POST users {email: @pia, first_name: Pia, last_name: Horn, subscription_id: $sub, dry_run: true}
  quote.amount_due_now = 39 EUR
  keep quote.quote_id as quote
bea POST users {email: @pia, first_name: Pia, last_name: Horn, subscription_id: $sub, quote_id: $quote, agreement_accepted: true}
  user.email = @pia
  user.licenses count 1
> One seat for the last of 31 days, one of which had 23 hours: EUR 0.39.
clock 2026-03-31 09:00
bea GET invoices
  items[0].number = 5
  items[0].total = 4800 EUR
bea GET subscriptions/$sub
  seats = 4
  period.start at 2026-03-31 00:00
  period.end at 2026-04-30 00:00
clock 2026-04-30 09:00
bea GET invoices
  items[0].number = 6
  items[0].total = 4800 EUR
bea GET subscriptions/$sub
  period.end at 2026-05-31 00:00
> The 31st is the day it began, and comes back in every month that has one.
operator GET /v1/operator/accounts/$account/audit
  findings count 0
