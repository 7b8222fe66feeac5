// The vendor's customers, in the order of their opening.
import { path, type Page, type Schema } from "../../lib/api";
import { count, dateTime, date, plural } from "../../lib/format";
import { usePages } from "../../lib/query";
import { Link } from "../../lib/router";
import { Card, Chip, PageHead, Pager, Typed } from "../../ui/bits";
import { ButtonLink } from "../../ui/button";
import { Empty, Loaded } from "../../ui/notice";

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
        <Loaded query={list} what="the accounts" rows={8}>
          {(page) => page.items.length === 0
            ? <Empty icon="building" title="No accounts yet" actions={<ButtonLink kind="primary" href="/operator/accounts/open">Open an account</ButtonLink>}>An account is one customer. Publish a catalog first.</Empty>
            : <AccountTable accounts={page.items} />}
        </Loaded>
        <Pager number={list.number} back={list.back} forward={list.forward} />
      </Card>
    </>
  );
}

export function AccountTable({ accounts }: { accounts: Overview[] }) {
  return (
    <div class="table-frame">
      <table class="rows">
        <caption class="hidden">Accounts</caption>
        <thead><tr><th scope="col">Account</th><th scope="col">Primary contact</th><th scope="col">Subscriptions</th><th scope="col">Clock</th><th scope="col">Next invoice</th></tr></thead>
        <tbody>
          {accounts.map((a) => (
            <tr key={a.id}>
              <th scope="row"><Link href={accountPath(a.id)}><strong><Typed>{a.name}</Typed></strong></Link>{a.status === "parked" && <> <Chip tone="bad">Parked</Chip></>}<span class="soft under">{a.currency} · {a.time_zone}</span></th>
              <td data-label="Primary contact"><Typed>{a.owner?.email ?? "–"}</Typed></td>
              <td data-label="Subscriptions"><span class="stack tight">{a.subscriptions.map((s) => <span key={s.id}><Typed>{s.plan_name}</Typed> <span class="soft">{pool(s)}</span></span>)}</span></td>
              <td data-label="Clock">{a.clock ? <span class="soft">{dateTime(a.clock, a.time_zone)}</span> : "Real time"}</td>
              <td data-label="Next invoice">{a.next_due ? date(a.next_due, a.time_zone) : <span class="soft">–</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
