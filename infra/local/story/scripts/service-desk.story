# No seats: whoever is active is billed, after the cycle, and the invoice says who
# they were.
story service-desk
title A service provider that pays for its active users, after the month
catalog service-desk.yaml
domain harbour.example
open {name: Harbour Managed IT, currency: USD, time_zone: America/New_York, plan_id: service-desk-monthly}
owner nora Nora Quill
clock 2026-01-31 09:00
try Sign in as nora and deactivate somebody: the number of active users falls by one, and so does what the next invoice will say.
try Deactivate paul, who is an admin: his role has to be taken away first.
try Move the clock to the next boundary and read the invoice: it says for how many people, and its CSV says who they were.

== The owner adds four people, one of them inactive

nora GET subscriptions/$sub
  covers S6 The number of active users stands above the table.
  billing = active_users
  active_users = 1
nora POST users {email: @paul, first_name: Paul, last_name: Reyes, role: admin}
  covers S11 Saving creates the user.
  covers S12 A new user may sign in at once unless one chooses otherwise.
  covers S17 A user is made an administrator by the role.
  user.role = admin
  user.status = active
nora POST users {email: @ida, first_name: Ida}
  covers S10 First name, last name and email are mandatory.
  refused 422 invalid
nora POST users {first_name: Ida, last_name: Moss}
  covers S10 First name, last name and email are mandatory.
  refused 422 invalid
nora POST users {email: @ida, last_name: Moss}
  covers S10 First name, last name and email are mandatory.
  refused 422 invalid
nora POST users {email: @ida, first_name: Ida, last_name: Moss}
  covers S11 Saving creates the user.
  user.status = active
nora POST users {email: @jon, first_name: Jon, last_name: Park}
  user.status = active
nora POST users {email: @kim, first_name: Kim, last_name: Doe, active: false}
  covers S14 A user can be created inactive.
  user.status = deactivated
nora GET subscriptions/$sub
  covers S6 The number of active users stands above the table.
  active_users = 4
nora GET users?sort=email
  covers S3 Active users are seen and managed on the page of the users.
  covers S4 The list has active and deactivated users.
  covers S7 Each user's row says whether they are active.
  items[*].email = [@ida, @jon, @kim, @nora, @paul]
  items[*].status = [active, active, deactivated, active, active]
> Four are active and will be billed. Kim was created inactive and will not.
jon POST /v1/me {id_token: $jon.id_token}
  covers S12 A new user may sign in at once unless one chooses otherwise.
  bound = 1
jon GET .
  id = $account
kim POST /v1/me {id_token: $kim.id_token}
kim GET .
  covers S15 A user created inactive can sign in only after an administrator has activated them.
  refused 404 not_found

== February: some come, some go

clock 2026-02-10 09:00
nora POST users/$kim/activate
  covers S15 A user created inactive can sign in only after an administrator has activated them.
  covers S23 A user is activated again.
  covers S24 An activated user's row says so.
  status = active
nora GET subscriptions/$sub
  covers S25 Activating raises the number of active users by one.
  active_users = 5
kim POST /v1/me {id_token: $kim.id_token}
kim GET .
  covers S15 A user created inactive can sign in only after an administrator has activated them.
  id = $account
> Kim was let in by an administrator, and signs in.
nora POST users/$jon/deactivate
  covers S18 A user is deactivated.
  covers S20 A deactivated user's row says so.
  status = deactivated
nora GET users/$jon
  covers S20 A deactivated user's row says so.
  status = deactivated
nora GET subscriptions/$sub
  covers S21 Deactivating lowers the number of active users by one.
  active_users = 4
jon GET .
  refused 404 not_found
nora GET invoices/upcoming
  covers S2 Usage and its bill can be followed at any time.
  invoice.total = 11600 USD
  invoice.lines[0].people = 4
> The next invoice, as it stands: USD 29.00 for each of four.

== An administrator stays

nora POST users/$paul/deactivate
  covers S19 An administrator's role has to be taken away before they are deactivated.
  refused 409 role_must_be_removed_first
nora PATCH users/$paul {role: member}
  role = member
nora POST users/$paul/deactivate
  covers S18 A user is deactivated.
  covers S19 An administrator's role has to be taken away before they are deactivated.
  status = deactivated
nora POST users/$paul/activate
  covers S23 A user is activated again.
  status = active
nora PATCH users/$paul {role: admin}
  covers S17 A user is made an administrator by the role.
  role = admin
paul POST /v1/me {id_token: $paul.id_token}
paul POST users/$nora/deactivate
  covers S28 There is an active administrator at all times.
  refused 409 owner_required
paul DELETE users/$nora
  covers S28 There is an active administrator at all times.
  refused 409 owner_required
> The owner is always active, so there is always an administrator.

== February ends

clock 2026-02-28 09:00
nora GET invoices
  covers S1 What is billed is the number of active users.
  covers S5 Deactivated users are not billed.
  covers S22 Nobody is billed for a user once deactivated, and the next invoice shows it.
  items count 1
  items[0].number = 1
  items[0].total = 11600 USD
  items[0].lines[0].people = 4
mail nora "Invoice 1"
nora GET invoices/1.csv
  covers S1 What is billed is the number of active users.
  covers S5 Deactivated users are not billed.
  covers S26 An activated user is billed, and the next invoice shows it.
  type text/csv
  . has @kim
  . lacks @jon
> Four were active when the month ended, Kim among them and Jon not: USD 116.00.

== March: one is deleted, and the clocks go forward on the 8th

clock 2026-03-09 12:00
nora DELETE users/$ida
  covers S27 An active user who is deleted is no longer billed.
  status 204
nora GET subscriptions/$sub
  active_users = 3
clock 2026-03-31 09:00
nora GET invoices/2
  covers S27 An active user who is deleted is no longer billed.
  total = 8700 USD
> Ida was deleted and is not billed: USD 87.00 for three.
nora POST users/$jon/activate
  covers S26 An activated user is billed, and the next invoice shows it.
  status = active
clock 2026-04-30 09:00
nora GET invoices/3
  covers S26 An activated user is billed, and the next invoice shows it.
  total = 11600 USD
nora GET invoices/3.csv
  type text/csv
  . has @jon
  . lacks @ida
nora GET subscriptions/$sub
  period.end at 2026-05-31 00:00
operator GET /v1/operator/accounts/$account/audit
  findings count 0
