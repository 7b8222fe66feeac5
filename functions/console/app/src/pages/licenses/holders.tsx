// Who holds a license, since when, and who gave it.
import { useSignal } from "../../lib/signal";

import { useAccount } from "../../lib/account";
import type { Page, Schema } from "../../lib/api";
import { date, personName, plural, visible } from "../../lib/format";
import { know, nameOf } from "../../lib/people";
import { usePages } from "../../lib/query";
import { Link } from "../../lib/router";
import { mayLicense } from "../../lib/rights";
import { Card, Pager, Person, Typed } from "../../ui/bits";
import { Button } from "../../ui/button";
import { Empty, Loaded } from "../../ui/notice";
import { TakeDialog } from "../user-dialogs";
import { Assign } from "./assign";

type Subscription = Schema<"Subscription">;
type Holder = Schema<"Holder">;

export function Holders({ of: s }: { of: Subscription }) {
  const here = useAccount();
  const list = usePages<Page<Holder>>(`${here.api}/subscriptions/${encodeURIComponent(s.id)}/licenses`);
  const taking = useSignal<Holder | null>(null);
  const licenses = mayLicense(here, s);
  if (list.data) know(here.api, list.data.items.map((h) => h.user));
  return (
    <Card plain title="Who holds a license">
      {licenses ? <Assign of={s} /> : <p class="toolbar soft">The primary contact and admins give and take these licenses.</p>}
      <Loaded query={list} what="who holds a license">
        {(page) => page.items.length === 0
          ? <Empty icon="seat" title="Nobody holds a license">{licenses ? "Search for a person above and give them the first one." : "An admin of your account can give the first one."}</Empty>
          : (
            <div class="table-frame" aria-busy={list.late}>
              <table class="rows">
                <caption class="hidden">Holders of {visible(s.product_name)} licenses, the oldest first</caption>
                <thead><tr><th scope="col">Name</th><th scope="col">Email</th><th scope="col">Since</th><th scope="col">Given by</th>{licenses && <th scope="col"><span class="hidden">Take</span></th>}</tr></thead>
                <tbody>
                  {page.items.map((h) => (
                    <tr key={h.user.id}>
                      <th scope="row"><Link href={`${here.home}/users/${h.user.id}`}><Person name={personName(h.user)} /></Link></th>
                      <td data-label="Email"><Typed>{h.user.email}</Typed></td>
                      <td data-label="Since">{date(h.license.since, here.zone)}</td>
                      <td data-label="Given by">{h.license.by ? <Typed>{nameOf(here.api, h.license.by)}</Typed> : "–"}</td>
                      {licenses && <td class="row-actions num"><Button small kind="quiet" icon="close" aria-label={`Take the license from ${personName(h.user)}`} onClick={() => (taking.value = h)} /></td>}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
      </Loaded>
      <Pager number={list.number} back={list.back} forward={list.forward} what={plural(s.in_use, "license")} />
      {taking.value && <TakeDialog user={taking.value.user} subscription={s} onClose={() => (taking.value = null)} />}
    </Card>
  );
}
