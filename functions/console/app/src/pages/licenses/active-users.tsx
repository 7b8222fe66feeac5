// A plan without a pool: every active user holds the license, and is billed afterwards.
import { useAccount } from "../../lib/account";
import type { Schema } from "../../lib/api";
import { count, date, longDate, personName, plural, roleNames, visible } from "../../lib/format";
import { know } from "../../lib/people";
import { usePages } from "../../lib/query";
import { priceInWords } from "../../lib/price";
import { Link } from "../../lib/router";
import { maySpend } from "../../lib/rights";
import { Card, Figure, PageHead, Pager, Person, Typed } from "../../ui/bits";
import { ButtonLink } from "../../ui/button";
import { Amount, InvoiceTable } from "../../ui/money";
import { Empty, Loaded } from "../../ui/notice";
import { Forecast } from "./forecast";
import { Policies } from "./policies";
import { Timeline } from "./timeline";

const counting = {
  at_close: "Whoever is active when the cycle ends is billed for the whole of it.",
  peak: "The highest number of users who were active at the same time is billed.",
  daily: "The daily average is billed: a user counts for every day on which they were active at any time.",
};

export function ActiveUsers({ of: s }: { of: Schema<"Subscription"> }) {
  const here = useAccount();
  const active = s.active_users ?? s.in_use;
  const spends = maySpend(here, s);
  return (
    <>
      <PageHead title={`${visible(s.product_name)}: active users`} lead={<p><Link href={`${here.home}/plan`}>{visible(s.plan_name)}</Link>: {priceInWords(s.price, s.interval, "user")}.</p>}
        actions={<ButtonLink kind="primary" href={`${here.home}/users`}>Manage users</ButtonLink>} />
      <dl class="figures">
        <Figure label="Active users" value={count(active)} below="Each of them may use the product" />
        <Figure label="This cycle ends" value={date(s.period.end, here.zone)} below={s.trial_ends_at ? "The trial: nothing is charged for it" : "Then it is billed"} />
        {s.next_invoice && spends && <Figure label="Next invoice as things stand" value={<Amount of={s.next_invoice.amount_due} />} below={`On ${longDate(s.next_invoice.issued_at, here.zone)}`} />}
      </dl>
      <Card title="How it is billed">
        <p>There are no licenses to buy. {counting[s.rules.active_count]} {s.rules.min_seats > 0 && `At least ${plural(s.rules.min_seats, "user")} ${s.rules.min_seats === 1 ? "is" : "are"} billed. `}Deactivating somebody takes their access at once and lowers the next invoice accordingly.</p>
        {s.next_invoice && spends && <details><summary>The next invoice as things stand</summary><InvoiceTable invoice={s.next_invoice} zone={here.zone} caption="Next invoice" /></details>}
      </Card>
      <Who of={s} />
      <Timeline of={s} />
      {spends && <Forecast of={s} />}
      <Policies of={s.policies} />
    </>
  );
}

/** Who counts at this moment. */
function Who({ of: s }: { of: Schema<"Subscription"> }) {
  const here = useAccount();
  const list = usePages<Schema<"UserPage">>(`${here.api}/users?status=active&sort=name`);
  if (list.data) know(here.api, list.data.items);
  return (
    <Card plain title="Who counts now">
      <Loaded query={list} what="the users of this account">
        {(page) => page.items.length === 0
          ? <Empty icon="users" title="Nobody is active">Nobody can use the product, and nobody is billed.</Empty>
          : (
            <div class="table-frame" aria-busy={list.late}>
              <table class="rows">
                <caption class="hidden">Active users of {visible(s.product_name)}</caption>
                <thead><tr><th scope="col">Name</th><th scope="col">Email</th><th scope="col">In this account since</th><th scope="col">Role</th></tr></thead>
                <tbody>
                  {page.items.map((u) => (
                    <tr key={u.id}>
                      <th scope="row"><Link href={`${here.home}/users/${u.id}`}><Person name={personName(u)} /></Link></th>
                      <td data-label="Email"><Typed>{u.email}</Typed></td>
                      <td data-label="Since">{date(u.added_at, here.zone)}</td>
                      <td data-label="Role">{roleNames[u.role]}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
      </Loaded>
      <Pager number={list.number} back={list.back} forward={list.forward} what={list.data && plural(list.data.total, "user")} />
    </Card>
  );
}
