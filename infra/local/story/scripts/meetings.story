# Two products, each with its licenses, given and revoked by the owner and admins.
story meetings
title A language school with two products, whose licenses are given and revoked by its admins
catalog meetings.yaml
domain kotoba.example
open {name: Kotoba School, currency: JPY, time_zone: Asia/Tokyo, plan_id: meetings-basic-monthly, seats: 2}
owner mika Mika Sato
clock 2026-01-31 09:00
try Sign in as mika, search for a person and give them a license: a mail tells them what it lets them do.
try Revoke a license and ask for the entitlements of the person who had it: they are gone at once.
try Ask for the price of an upgrade: the quote has a line for the old plan's rest and one for the new one's.

== People first, then licenses

mika POST subscriptions/$sub/licenses {user_ids: [usr_00000000000000000000000000]}
  covers M6 A user has to exist before a license is given.
  results[0].status = refused
  results[0].error.code = not_found
mika POST users {email: @aiko, first_name: Aiko, last_name: Mori, role: admin, qualification: Teacher}
  covers M12 A new user is added with their particulars.
  user.role = admin
  user.qualification = Teacher
mika POST users {email: @kenji, first_name: Kenji, last_name: Abe}
mika POST users {email: @yumi, first_name: Yumi, last_name: Endo}
mika POST users {email: @ren, first_name: Ren, last_name: Ota, role: billing_admin}
aiko POST /v1/me {id_token: $aiko.id_token}
kenji POST /v1/me {id_token: $kenji.id_token}
yumi POST /v1/me {id_token: $yumi.id_token}
ren POST /v1/me {id_token: $ren.id_token}
mika GET users?q=abe
  covers M13 The user who is to get a license is searched for.
  items count 1
  items[0].email = @kenji
mika POST subscriptions/$sub/licenses {user_ids: [$kenji]}
  covers M4 Licenses that were bought are given to users, who then hold them.
  covers M5 Only the owner or an admin may give licenses.
  covers M14 The license is given to the user found.
  results[0].status = assigned
mail kenji "You have a license"
  covers M15 The user is told by mail.
  covers M16 The mail says how to sign in.
  text has "Sign in with the email address that this mail was sent to"
  text lacks assword
aiko POST subscriptions/$sub/licenses {user_ids: [$yumi]}
  covers M5 Only the owner or an admin may give licenses.
  results[0].status = assigned
ren POST subscriptions/$sub/licenses {user_ids: [$aiko]}
  covers M5 Only the owner or an admin may give licenses.
  refused 403 forbidden
kenji POST subscriptions/$sub/licenses {user_ids: [$aiko]}
  covers M5 Only the owner or an admin may give licenses.
  refused 403 forbidden
mika GET subscriptions/$sub/licenses
  covers M4 Licenses that were bought are given to users, who then hold them.
  items count 2

== What a license lets its holder do

kenji GET /v1/entitlements/meetings?account=$account
  covers M1 A license lets its holder schedule meetings.
  covers M2 A license lets its holder download reports.
  covers M3 A license lets its holder download recordings.
  entitled = true
  entitlements[*].id = [schedule-meetings, download-reports, download-recordings]
aiko GET /v1/entitlements/meetings?account=$account
  entitled = false
server GET /v1/accounts/$account/users/$kenji/entitlements/meetings
  entitled = true

== None is available, so they buy more

mika POST subscriptions/$sub/licenses {user_ids: [$aiko]}
  covers M7 Where no license is available, some have to be bought first.
  results[0].error.code = no_free_seats
clock 2026-02-10 10:00
mika POST subscriptions/$sub/quotes {seats: 3}
  covers M10 More licenses are bought by plan and number.
  amount_due_now = 964 JPY
  next_invoice.total = 4500 JPY
  keep quote_id as quote
  keep amount_due_now as due
> One more: $due for 18 of 28 days, then JPY 4500 a month for all three.
mika POST subscriptions/$sub/seat-changes {quote_id: $quote, agreement_accepted: true}
  covers M7 Where no license is available, some have to be bought first.
  covers M10 More licenses are bought by plan and number.
  seats = 3
  invoice.amount_due = 964 JPY
mika POST subscriptions/$sub/licenses {user_ids: [$aiko]}
  covers M4 Licenses that were bought are given to users, who then hold them.
  covers M7 Where no license is available, some have to be bought first.
  results[0].status = assigned

== A second product

mika GET plans
  covers M9 There are two products, bought and licensed each for itself.
  items[plan_id=webinars-monthly].product_id = webinars
  items[plan_id=webinars-monthly].price.base = 5000 JPY
  items[plan_id=meetings-pro-monthly].price.unit = 2400 JPY
mika POST quotes {plan_id: webinars-monthly, seats: 2}
  covers M9 There are two products, bought and licensed each for itself.
  covers M10 More licenses are bought by plan and number.
  amount_due_now = 5271 JPY
  keep quote_id as quote
mika POST subscriptions {quote_id: $quote, agreement_accepted: true}
  covers M9 There are two products, bought and licensed each for itself.
  invoice.number = 3
  invoice.total = 5271 JPY
  keep subscription_id as webinars
mika POST subscriptions/$webinars/licenses {user_ids: [$yumi]}
  covers M9 There are two products, bought and licensed each for itself.
  results[0].status = assigned
mika GET subscriptions
  covers M9 There are two products, bought and licensed each for itself.
  items count 2

== An upgrade, at once and prorated

clock 2026-02-20 10:00
mika POST subscriptions/$sub/quotes {plan_id: meetings-pro-monthly, seats: 5}
  covers M11 Another way to licenses is an upgrade of the plan.
  amount_due_now = 2143 JPY
  invoice_now.lines[*].amount = [-1286 JPY, 3429 JPY]
  keep quote_id as quote
mika POST subscriptions/$sub/plan-changes {quote_id: $quote, agreement_accepted: true}
  covers M11 Another way to licenses is an upgrade of the plan.
  invoice.amount_due = 2143 JPY
> For 8 of 28 days: JPY 3429 for five on Pro, less JPY 1286 for the three on Basic.
mika GET subscriptions/$sub
  covers M11 Another way to licenses is an upgrade of the plan.
  plan_id = meetings-pro-monthly
  seats = 5
  available = 2

== A license is revoked, and what it allowed ends

mika DELETE subscriptions/$sub/licenses/$yumi
  covers M17 A license can be revoked at any time.
  status 204
mail yumi "has ended"
yumi GET /v1/entitlements/meetings?account=$account
  covers M17 A license can be revoked at any time.
  entitled = false
yumi GET /v1/entitlements/webinars?account=$account
  entitled = true

== The months end

clock 2026-02-28 10:00
mika GET invoices
  items count 5
  items[0].lines[*].amount = [12000 JPY, 8200 JPY]
  items[0].total = 20200 JPY
mail mika "Invoice 5"
> Both products end their cycles on the same day, and are on one invoice.
clock 2026-03-31 10:00
clock 2026-04-30 10:00
mika GET invoices
  items count 7
  items[0].total = 20200 JPY
mika GET subscriptions/$sub
  period.end at 2026-05-31 00:00
operator GET /v1/operator/accounts/$account/audit
  findings count 0
