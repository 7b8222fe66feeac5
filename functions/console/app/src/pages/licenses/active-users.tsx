// A plan without a pool: every active user holds the license, and is billed afterwards.
import { useAccount } from "../../lib/account";
import type { Schema } from "../../lib/api";
import { count, date, longDate, personName, plural, roleNames, visible } from "../../lib/format";
import { know } from "../../lib/people";
import { usePages } from "../../lib/query";
import { priceInWords } from "../../lib/price";
import { Link } from "../../lib/router";
import { maySpend } from "../../lib/rights";
import { counted, least, userPage } from "../../lib/users";
import { Card, Figure, PageHead, Person, Typed } from "../../ui/bits";
import { ButtonLink } from "../../ui/button";
import { Amount, InvoiceTable } from "../../ui/money";
import { Empty } from "../../ui/notice";
import { TableList } from "../../ui/table";
import { Forecast } from "./forecast";
import { Policies } from "./policies";
import { Timeline } from "./timeline";

export function ActiveUsers({ of: s }: { of: Schema<"Subscription"> }) {
  const here = useAccount();
  const active = s.active_users ?? s.in_use;
  const spends = maySpend(here, s);
  return (
    <>
      <PageHead title={`${visible(s.product_name)}: active users`} lead={<p><Link href={`${here.home}/plan`}>{visible(s.plan_name)}</Link>: {priceInWords(s)}.</p>}
        actions={<ButtonLink kind="primary" href={`${here.home}/users`}>Manage users</ButtonLink>} />
      <dl class="figures">
        <Figure label="Active users" value={count(active)} below="Each of them may use the product" />
        <Figure label="This cycle ends" value={date(s.period.end, here.zone)} below={s.trial_ends_at ? "The trial: nothing is charged for it" : "Then it is billed"} />
        {s.next_invoice && spends && <Figure label="Next invoice as things stand" value={<Amount of={s.next_invoice.amount_due} />} below={`On ${longDate(s.next_invoice.issued_at, here.zone)}`} />}
      </dl>
      <Card title="How it is billed">
        <p>There are no licenses to buy. The invoice at the end of the cycle counts {counted[s.rules.active_count]}.{least(s)} Deactivating somebody takes their access at once.</p>
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
      <TableList list={list} what="the users of this account" caption={`Active users of ${visible(s.product_name)}`} keyOf={(u) => u.id} total={list.data && plural(list.data.total, "user")}
        empty={<Empty icon="users" title="Nobody is active">Nobody can use the product, and nobody is billed.</Empty>}
        columns={[
          { name: "Name", cell: (u) => <Link href={userPage(here, u.id)}><Person name={personName(u)} /></Link> },
          { name: "Email", cell: (u) => <Typed>{u.email}</Typed> },
          { name: "In this account since", cell: (u) => date(u.added_at, here.zone) },
          { name: "Role", cell: (u) => roleNames[u.role] },
        ]} />
    </Card>
  );
}
