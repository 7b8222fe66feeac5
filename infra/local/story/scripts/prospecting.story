# Plans to choose from, bought by oneself up to a limit; giving back goes through
# the vendor.
story prospecting
title A sales team that buys on its plan's page, and asks the vendor for what is not self-serve
catalog prospecting.yaml
domain kestrel.example
open {name: Kestrel Sales, currency: USD, time_zone: America/New_York, plan_id: prospecting-partner-monthly, seats: 1}
owner petra Petra Kestrel
clock 2026-01-31 09:00
try Sign in as rafael, an admin, and look at the plans: what each costs and what is self-serve.
try Ask for the price of a sixth license: the answer is whom to write to.
try Open a request for fewer licenses, and approve it as somebody of the vendor's staff.

== A partner's edition, on which nothing is self-serve

petra GET subscriptions/$sub
  covers P7 The page of the plan shows which plan it is.
  covers P8 The page of the plan shows how many licenses there are.
  covers P9 The page of the plan shows what a further license costs.
  plan_id = prospecting-partner-monthly
  seats = 1
  unit_price = 3000 USD
petra POST subscriptions/$sub/quotes {seats: 2}
  covers P10 Customers of a partner's edition cannot add licenses by themselves.
  covers P11 They ask their contact person or the vendor's sales.
  refused 409 contact_sales "sales@"
petra POST requests {kind: seats, subscription_id: $sub, seats: 2, message: One of us has no license yet.}
  covers P11 They ask their contact person or the vendor's sales.
  status = open
  amount_due_now = 3000 USD
  keep id as asked
operator POST /v1/operator/accounts/$account/requests/$asked/quote
  amount_due_now = 3000 USD
  keep quote_id as quote
operator POST /v1/operator/accounts/$account/requests/$asked/approve {quote_id: $quote, message: Here it is.}
  covers P11 They ask their contact person or the vendor's sales.
  request.status = approved
  seats = 2
  invoice.amount_due = 3000 USD
petra POST requests {kind: plan, subscription_id: $sub, plan_id: prospecting-freemium-monthly, message: We would like to choose by ourselves.}
  covers P11 They ask their contact person or the vendor's sales.
  status = open
  keep id as asked
operator GET /v1/operator/requests?status=open
  items[request.id=$asked].request.kind = plan
operator POST /v1/operator/accounts/$account/requests/$asked/quote
  keep quote_id as quote
operator POST /v1/operator/accounts/$account/requests/$asked/approve {quote_id: $quote, message: Welcome to the plans.}
  request.status = approved
clock 2026-02-28 09:00
petra GET invoices
  items count 2
petra GET subscriptions/$sub
  plan_id = prospecting-freemium-monthly
  period.end at 2026-03-31 00:00

== Free, then the small plan, then the middle one

petra POST users {email: @rafael, first_name: Rafael, last_name: Ortiz, role: admin, subscription_id: $sub}
  user.role = admin
rafael POST /v1/me {id_token: $rafael.id_token}
rafael GET plans
  covers P3 On the largest plan some of this is not self-serve.
  items[plan_id=prospecting-enterprise-yearly].max_self_serve_seats = 5
  items[plan_id=prospecting-partner-monthly].self_serve = none
rafael POST subscriptions/$sub/quotes {seats: 3}
  covers P1 An admin adds licenses by themselves at any time on the free, the small and the middle plan.
  amount_due_now = 0 USD
  keep quote_id as quote
rafael POST subscriptions/$sub/seat-changes {quote_id: $quote, agreement_accepted: true}
  covers P1 An admin adds licenses by themselves at any time on the free, the small and the middle plan.
  seats = 3
clock 2026-03-07 10:00
rafael POST subscriptions/$sub/quotes {plan_id: prospecting-essential-monthly, seats: 3}
  amount_due_now = 9058 USD
  next_invoice.total = 11700 USD
  keep quote_id as quote
rafael POST subscriptions/$sub/plan-changes {quote_id: $quote, agreement_accepted: true}
  invoice.number = 3
  invoice.total = 9058 USD
rafael POST subscriptions/$sub/quotes {seats: 4}
  covers P1 An admin adds licenses by themselves at any time on the free, the small and the middle plan.
  amount_due_now = 3019 USD
  keep quote_id as quote
rafael POST subscriptions/$sub/seat-changes {quote_id: $quote, agreement_accepted: true}
  covers P1 An admin adds licenses by themselves at any time on the free, the small and the middle plan.
  seats = 4
clock 2026-03-09 10:00
rafael POST subscriptions/$sub/quotes {plan_id: prospecting-pro-monthly}
  amount_due_now = 11355 USD
  invoice_now.lines[*].amount = [-11071 USD, 22426 USD]
  keep quote_id as quote
rafael POST subscriptions/$sub/plan-changes {quote_id: $quote, agreement_accepted: true}
  invoice.number = 5
> An upgrade takes effect at once, for the days that are left. The night before, the clocks went forward: a day is a day.

== Buying on the monthly plan

clock 2026-03-16 10:00
rafael POST subscriptions/$sub/quotes {seats: 6}
  covers P12 Monthly: one enters how many licenses to buy.
  covers P13 Monthly: the total number of licenses follows from it at once.
  covers P14 Monthly: the total due today for the further licenses is shown before buying.
  covers P15 Monthly: the price details show what the next billing cycle will be charged.
  covers P16 Monthly: added licenses are prorated and charged in the running cycle.
  seats = 6
  amount_due_now = 7161 USD
  next_invoice.total = 46400 USD
  keep quote_id as quote
  keep amount_due_now as due
  keep next_invoice.total as next
> Six in total: $due today, $next with the next cycle; the sixth is cheaper than the fifth.
rafael POST subscriptions/$sub/seat-changes {quote_id: $quote, agreement_accepted: true}
  covers P1 An admin adds licenses by themselves at any time on the free, the small and the middle plan.
  covers P16 Monthly: added licenses are prorated and charged in the running cycle.
  covers P18 Monthly: the order is placed by confirming it.
  seats = 6
  invoice.amount_due = $due
mail petra "6 seats"
clock 2026-03-31 09:00
petra GET invoices
  covers P17 Monthly: the amount in the price details is what is due at the next billing cycle.
  items[0].total = $next
> Exactly what the price details had said for the next cycle.

== From May on, the yearly plan

clock 2026-04-02 10:00
petra POST subscriptions/$sub/quotes {plan_id: prospecting-pro-yearly}
  amount_due_now = 0 USD
  effective_at at 2026-04-30 00:00
  next_invoice.total = 464000 USD
  keep quote_id as quote
petra POST subscriptions/$sub/plan-changes {quote_id: $quote, agreement_accepted: true}

== Giving back, on the monthly plan, goes through the vendor

clock 2026-04-02 11:00
rafael POST subscriptions/$sub/quotes {seats: 4}
  covers P28 Monthly: licenses are removed by a request to the vendor.
  refused 409 contact_sales "Open a request"
rafael POST requests {kind: seats, subscription_id: $sub, seats: 4, message: Two of us have left.}
  covers P2 An admin has licenses removed at any time on these plans.
  covers P28 Monthly: licenses are removed by a request to the vendor.
  status = open
  keep id as asked
operator GET /v1/operator/requests?status=open
  items[request.id=$asked].account_name has Kestrel
  items[request.id=$asked].request.seats = 4
operator POST /v1/operator/accounts/$account/requests/$asked/quote
  amount_due_now = 0 USD
  keep quote_id as quote
operator POST /v1/operator/accounts/$account/requests/$asked/approve {quote_id: $quote, message: Done from May on.}
  covers P28 Monthly: licenses are removed by a request to the vendor.
  request.status = approved
rafael GET subscriptions/$sub
  covers P2 An admin has licenses removed at any time on these plans.
  seats = 6
  pending.seats = 4
rafael POST requests {kind: other, message: Can licenses be lent to a partner for a week?}
  covers P30 Any question about licenses can be sent to the vendor as a request.
  status = open
  keep id as asked
operator POST /v1/operator/accounts/$account/requests/$asked/decline {message: They cannot; but you may reassign them as often as you like.}
  covers P30 Any question about licenses can be sent to the vendor as a request.
  request.status = declined

clock 2026-04-30 09:00
petra GET subscriptions/$sub
  plan_id = prospecting-pro-yearly
  seats = 4
  period.end at 2027-04-30 00:00
petra GET invoices
  items[0].number = 8
  items[0].total = 316000 USD
> Both took effect at the boundary: four licenses, and a year of them.

== The largest plan, up to five by oneself

clock 2026-07-31 10:00
petra POST subscriptions/$sub/quotes {plan_id: prospecting-enterprise-yearly}
  amount_due_now = 149589 USD
  keep quote_id as quote
petra POST subscriptions/$sub/plan-changes {quote_id: $quote, agreement_accepted: true}
  invoice.total = 149589 USD
rafael POST subscriptions/$sub/quotes {seats: 5}
  covers P19 With fewer than five licenses of the yearly largest plan, one can buy by oneself up to five in total.
  covers P21 Yearly: one enters how many licenses to buy.
  covers P22 Yearly: the total number of licenses follows from it at once.
  covers P23 Yearly: the total due today for the further licenses is shown before buying.
  covers P24 Yearly: the price details show what the next billing cycle will be charged.
  covers P25 Yearly: added licenses are prorated and charged in the running cycle.
  seats = 5
  amount_due_now = 96485 USD
  next_invoice.total = 645000 USD
  keep quote_id as quote
  keep amount_due_now as due
  keep next_invoice.total as next
> Five in total: $due today, for 273 of 365 days, and $next with the next year.
rafael POST subscriptions/$sub/seat-changes {quote_id: $quote, agreement_accepted: true}
  covers P19 With fewer than five licenses of the yearly largest plan, one can buy by oneself up to five in total.
  covers P25 Yearly: added licenses are prorated and charged in the running cycle.
  covers P27 Yearly: the order is placed by confirming it.
  seats = 5
  invoice.amount_due = $due
rafael POST subscriptions/$sub/quotes {seats: 6}
  covers P3 On the largest plan some of this is not self-serve.
  covers P20 Beyond five in total, one is sent to the vendor's sales by mail address.
  refused 409 contact_sales "sales@leadfinch.example"
clock 2027-04-30 09:00
petra GET invoices
  covers P26 Yearly: the amount in the price details is what is due at the next billing cycle.
  items[0].number = 11
  items[0].total = $next

== More than five is an offer, and fewer is a request

clock 2027-05-04 10:00
petra POST requests {kind: seats, subscription_id: $sub, seats: 8, message: Our new office needs three more.}
  covers P3 On the largest plan some of this is not self-serve.
  covers P4 On the largest plan with more than five licenses, a change goes through a contact person of the vendor, who makes an offer.
  status = open
  keep id as asked
operator POST /v1/operator/accounts/$account/requests/$asked/quote
  covers P4 On the largest plan with more than five licenses, a change goes through a contact person of the vendor, who makes an offer.
  amount_due_now = 303645 USD
  keep quote_id as quote
operator POST /v1/operator/accounts/$account/requests/$asked/approve {quote_id: $quote, message: With eight each costs less.}
  covers P4 On the largest plan with more than five licenses, a change goes through a contact person of the vendor, who makes an offer.
  request.status = approved
petra GET subscriptions/$sub
  seats = 8
  next_invoice.total = 952000 USD
petra POST subscriptions/$sub/quotes {seats: 7}
  covers P29 Yearly: licenses are removed by a request to the vendor.
  refused 409 contact_sales "Open a request"
petra POST requests {kind: seats, subscription_id: $sub, seats: 7, message: One is not needed after all.}
  covers P29 Yearly: licenses are removed by a request to the vendor.
  status = open
  keep id as asked
operator POST /v1/operator/accounts/$account/requests/$asked/quote
  keep quote_id as quote
operator POST /v1/operator/accounts/$account/requests/$asked/approve {quote_id: $quote, message: From the next year on.}
  covers P29 Yearly: licenses are removed by a request to the vendor.
  request.status = approved
petra GET subscriptions/$sub
  covers P29 Yearly: licenses are removed by a request to the vendor.
  seats = 8
  pending.seats = 7
  next_invoice.total = 833000 USD

== Leaving goes through the vendor too, and can be taken back

petra POST subscriptions/$sub/cancel
  refused 409 contact_sales "ended by the vendor. Open a request"
petra POST requests {kind: cancel, subscription_id: $sub, message: We are merging with another company.}
  status = open
  from_seats = 8
  amount_due_now = 0 USD
  next_invoice_total = 0 USD
  keep id as asked
operator POST /v1/operator/accounts/$account/requests/$asked/quote
  seats = 0
  amount_due_now = 0 USD
  seats_at_renewal = 0
  effective_at at 2028-04-30 00:00
  next_invoice absent
  keep quote_id as quote
operator POST /v1/operator/accounts/$account/requests/$asked/approve {quote_id: $quote, message: We are sorry to see you go.}
  request.status = approved
  seats = 8
petra GET subscriptions/$sub
  cancel_at at 2028-04-30 00:00
  pending.seats = 7
petra POST subscriptions/$sub/resume
  cancel_at absent
petra GET subscriptions/$sub
  pending.seats = 7
  next_invoice.total = 833000 USD
operator GET /v1/operator/accounts/$account/audit
  findings count 0
