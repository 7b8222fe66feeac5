// The vendor's customers, in the order of their opening.
import { path, type Page, type Schema } from "../../lib/api";
import { count, dateTime, date, plural } from "../../lib/format";
import { usePages } from "../../lib/query";
import { Link } from "../../lib/router";
import { Card, Chip, PageHead, Typed } from "../../ui/bits";
import { ButtonLink } from "../../ui/button";
import { Empty } from "../../ui/notice";
import { TableList } from "../../ui/table";

type Overview = Schema<"AccountOverview">;

export const accountPath = (id: string) => path`/operator/accounts/${id}`;

/** What an account has of a product, in words. */
export function pool(s: Schema<"Subscription">): string {
  if (s.billing === "active_users") return plural(s.active_users ?? 0, "active user");
  return `${count(s.in_use)} of ${plural(s.seats, "seat")}${s.reserved ? `, ${count(s.reserved)} reserved` : ""}`;
}

export function AccountsPage() {
  const list = usePages<Page<Overview>>("/v1/operator/accounts");
  return (
    <>
      <PageHead title="Accounts" actions={<ButtonLink kind="primary" icon="plus" href="/operator/accounts/open">Open an account</ButtonLink>} />
      <Card plain>
        <TableList list={list} what="the accounts" caption="Accounts" keyOf={(a) => a.id}
          empty={<Empty icon="building" title="No accounts yet" actions={<ButtonLink kind="primary" href="/operator/accounts/open">Open an account</ButtonLink>}>An account is one customer. Publish a catalog first.</Empty>}
          columns={[
            { name: "Account", cell: (a) => <><Link href={accountPath(a.id)}><strong><Typed>{a.name}</Typed></strong></Link>{a.status === "parked" && <> <Chip tone="bad">Parked</Chip></>}<span class="soft under">{a.currency} · {a.time_zone}</span></> },
            { name: "Primary contact", cell: (a) => <Typed>{a.owner?.email ?? "–"}</Typed> },
            { name: "Subscriptions", cell: (a) => <span class="stack tight">{a.subscriptions.map((s) => <span key={s.id}><Typed>{s.plan_name}</Typed> <span class="soft">{pool(s)}</span></span>)}</span> },
            { name: "Clock", cell: (a) => (a.clock ? <span class="soft">{dateTime(a.clock, a.time_zone)}</span> : "Real time") },
            { name: "Next invoice", cell: (a) => (a.next_due ? date(a.next_due, a.time_zone) : <span class="soft">–</span>) },
          ]} />
      </Card>
    </>
  );
}
