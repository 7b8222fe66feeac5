# A pool of licenses for more people than licenses: bought by the number, given and
# taken as the work moves, lowered at the end of a cycle.
story valuation
title A firm of valuers whose ten people share a pool of licenses
catalog valuation.yaml
domain hadley.example
open {name: Hadley Valuations, currency: EUR, time_zone: Europe/Berlin, plan_id: valuation-monthly, seats: 5, tax_rate_ppm: 190000,
    invoice_address: {name: Hadley Valuations GmbH, lines: [Lange Gasse 4, 10115 Berlin], tax_id: DE999000990, country: DE}}
owner otto Otto Hadley
clock 2026-01-31 09:00
try Sign in as vera, the owner, and ask for the price of ten licenses: the quote says what is due today, and nothing happens until you accept the agreement.
try Take a license from somebody and give it to somebody else: the invoice does not change.
try Lower the number of licenses and move the clock to the next boundary: until then all of them work.

== Five licenses, bought for the period until the end of February

otto GET subscriptions/$sub
  covers V2 Licenses are bought for a period.
  covers V10 The top of the page shows how many licenses are in use and how many are available.
  seats = 5
  in_use = 0
  available = 5
  period.start at 2026-01-31 00:00
  period.end at 2026-02-28 00:00
otto GET .
  covers V14 The account's owner is its primary contact.
  owner_id = $otto
otto POST invitations {people: [
    {email: @vera, first_name: Vera, last_name: Lindt, qualification: Chartered surveyor, role: admin, subscription_id: $sub},
    {email: @ann, first_name: Ann, last_name: Adler, qualification: Surveyor, subscription_id: $sub},
    {email: @bob, first_name: Bob, last_name: Brandt, subscription_id: $sub},
    {email: @cleo, first_name: Cleo, last_name: Cramer, subscription_id: $sub}]}
  covers V29 An invitation is made of email, first name and last name.
  covers V30 The invitation is sent, with a license for the new user.
  results[*].status = [invited, invited, invited, invited]
otto GET subscriptions/$sub
  covers V30 The invitation is sent, with a license for the new user.
  reserved = 4
  available = 1
mail vera "Accept the invitation"
  covers V31 The invited person gets a mail that says how to activate the account.
  text has "/accept#"
  text has "sign in there with the email address"
mail ann "Accept the invitation"
mail bob "Accept the invitation"
mail cleo "Accept the invitation"
vera POST /v1/invitations/accept {token: $vera.link, id_token: $vera.id_token}
  user.status = active
  licensed = true
ann POST /v1/invitations/accept {token: $ann.link, id_token: $ann.id_token}
bob POST /v1/invitations/accept {token: $bob.link, id_token: $bob.id_token}
cleo POST /v1/invitations/accept {token: $cleo.link, id_token: $cleo.id_token}

== Five more people, and one license left

otto POST users/import {csv: "first_name,last_name,email\nDana,Doyle,@dana\nEmil,Ernst,@emil\nFaye,Funk,@faye\nGus,Gerber,@gus\nHana,Hofer,@hana\n"}
  results count 5
otto POST subscriptions/$sub/licenses {user_ids: [$dana]}
  covers V4 Only active users get licenses.
  results[0].status = assigned
otto GET users?sort=email
  covers V9 All users are seen and managed there, with the use of the licenses.
  covers V13 The table shows each user's name, role and status.
  covers V20 What a user has been given is seen from the table.
  items count 10
  items[email=@otto].role = owner
  items[email=@ann].first_name = Ann
  items[email=@ann].status = active
  items[email=@ann].licenses[0].subscription_id = $sub
otto GET users?licensed=true&sort=email
  covers V16 A user with a license is enabled.
  items[*].email = [@ann, @bob, @cleo, @dana, @vera]
otto GET users?licensed=false&sort=email
  covers V7 Ten users can share five licenses, which move among them.
  covers V17 A user without a license is disabled and stays in the system.
  items[*].email = [@emil, @faye, @gus, @hana, @otto]
otto POST subscriptions/$sub/licenses {user_ids: [$emil]}
  covers V10 The top of the page shows how many licenses are in use and how many are available.
  results[0].status = refused
  results[0].error.code = no_free_seats
> Ten people, five licenses, all of them in use.

== The work moves, and the licenses with it

clock 2026-02-05 11:00
vera DELETE subscriptions/$sub/licenses/$ann
  covers V33 Taking a license happens once it is confirmed.
  status 204
vera GET subscriptions/$sub
  covers V35 A license that was taken can be given to somebody else at once.
  covers V44 The numbers of the banner tell whether the number of licenses is right.
  in_use = 4
  available = 1
vera POST subscriptions/$sub/licenses {user_ids: [$emil]}
  covers V3 Licenses are given to users and taken from them as needed.
  covers V7 Ten users can share five licenses, which move among them.
  covers V11 From there licenses are given to others or taken.
  covers V19 A license is given to another user from the table.
  covers V35 A license that was taken can be given to somebody else at once.
  covers V42 Licenses go to those who work on projects.
  results[0].status = assigned
vera GET users/$ann
  covers V6 A user's record stays when their license is taken.
  covers V17 A user without a license is disabled and stays in the system.
  status = active
  licenses count 0
mail ann "has ended"
mail emil "You have a license"
vera PATCH users/$emil {last_name: Ernst-Frey, qualification: Senior surveyor}
  covers V18 A user's details are edited from the table.
  last_name = Ernst-Frey
vera GET users/$emil
  covers V40 Each user's role, qualification and status are seen.
  role = member
  qualification = Senior surveyor
  status = active
vera POST users/$bob/deactivate
  covers V41 A user's status is changed so that only active users hold licenses.
  status = deactivated
  licenses count 0
vera GET subscriptions/$sub
  covers V43 Licenses are taken from inactive users and so become available.
  in_use = 4
  available = 1
vera POST subscriptions/$sub/licenses {user_ids: [$bob]}
  covers V4 Only active users get licenses.
  results[0].status = refused
vera POST subscriptions/$sub/licenses {user_ids: [$faye]}
  covers V1 Administrators manage access as needs change.
  covers V5 A license of somebody inactive goes to somebody else.
  results[0].status = assigned
otto GET invoices
  items count 1
> Ann's license is Emil's, Bob's is Faye's, and there is still one invoice: moving a license costs nothing.

== Three more licenses, with the amount due now before

clock 2026-02-12 15:00
otto POST subscriptions/$sub/quotes {seats: 8}
  covers V12 From there further licenses are bought.
  covers V23 The amount due now for further licenses is reviewed before.
  seats = 8
  amount_due_now = 7343 EUR
  next_invoice.total = 34272 EUR
  keep quote_id as quote
  keep amount_due_now as due
otto POST subscriptions/$sub/seat-changes {quote_id: $quote, agreement_accepted: false}
  covers V24 The license agreement has to be accepted.
  refused 422 agreement_required
otto GET subscriptions/$sub
  seats = 5
otto POST subscriptions/$sub/seat-changes {quote_id: $quote, agreement_accepted: true}
  covers V22 The number of licenses is changed up or down.
  covers V24 The license agreement has to be accepted.
  covers V25 Confirming completes the change.
  seats = 8
  invoice.number = 2
  invoice.amount_due = 7343 EUR
mail otto "8 seats"
otto GET subscriptions/$sub
  covers V44 The numbers of the banner tell whether the number of licenses is right.
  seats = 8
  in_use = 5
  available = 3
> $due, 19 % of tax included, for 16 of 28 days: exactly as shown.

== Six are enough from March on

clock 2026-02-20 10:00
otto POST subscriptions/$sub/quotes {seats: 6}
  covers V26 A smaller number takes effect when the billing cycle ends.
  amount_due_now = 0 EUR
  effective_at at 2026-02-28 00:00
  next_invoice.total = 25704 EUR
  keep quote_id as quote
otto POST subscriptions/$sub/seat-changes {quote_id: $quote, agreement_accepted: true}
  covers V22 The number of licenses is changed up or down.
  seats = 8
  seats_at_renewal = 6
mail otto "6 seats"
otto POST subscriptions/$sub/licenses {user_ids: [$ann, $gus, $hana]}
  covers V27 All licenses can be used until then.
  results[*].status = [assigned, assigned, assigned]
otto GET subscriptions/$sub
  covers V27 All licenses can be used until then.
  seats = 8
  in_use = 8
otto DELETE subscriptions/$sub/licenses/$gus
  status 204
otto DELETE subscriptions/$sub/licenses/$hana
  status 204
clock 2026-02-28 09:00
otto GET subscriptions/$sub
  covers V26 A smaller number takes effect when the billing cycle ends.
  seats = 6
  in_use = 6
  available = 0
  period.end at 2026-03-31 00:00
otto GET invoices
  items count 3
  items[0].total = 25704 EUR
mail otto "Invoice 3"
> Until the 28th all eight could be used; since then it is six, and six are billed.

== March: the clocks go forward on the 29th

clock 2026-03-29 18:00
otto POST subscriptions/$sub/quotes {seats: 7}
  amount_due_now = 276 EUR
  keep quote_id as quote
otto POST subscriptions/$sub/seat-changes {quote_id: $quote, agreement_accepted: true}
  invoice.amount_due = 276 EUR
> One license for 2 of 31 days: EUR 2.32 and EUR 0.44 of tax, though one of the days has 23 hours.
clock 2026-03-31 09:00
otto GET invoices
  items[0].number = 5
  items[0].total = 29988 EUR
otto GET subscriptions/$sub
  period.start at 2026-03-31 00:00
  period.end at 2026-04-30 00:00

== Otto retires and makes Vera the primary contact

vera GET invoices/5/verify
  verified = true
otto PUT owner {user_id: $vera}
  covers V37 The ownership is transferred once it is confirmed.
  id = $vera
  role = owner
otto GET .
  covers V38 The old owner is signed out and has to sign in again.
  refused 401 signed_out
vera GET .
  refused 401 signed_out
mail otto "owner"
mail vera "owner"
otto signs in
  covers V38 The old owner is signed out and has to sign in again.
  owner_id = $vera
vera signs in
  covers V45 The ownership lies with the right person.
  owner_id = $vera
vera PATCH . {billing_contact: @vera}
  covers V39 The new owner may administer everything.
  billing_contact = @vera
vera PATCH users/$cleo {role: admin}
  covers V15 The account's owner may administer everything.
  covers V39 The new owner may administer everything.
  role = admin
otto GET users/$otto
  role = admin
clock 2026-04-30 09:00
vera GET subscriptions/$sub
  period.end at 2026-05-31 00:00
vera GET invoices
  items[0].number = 6
  items[0].total = 29988 EUR
operator GET /v1/operator/accounts/$account/audit
  findings count 0
