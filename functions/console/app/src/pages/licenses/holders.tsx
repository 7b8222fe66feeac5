// Who holds a license, since when, and who gave it.
import { useSignal } from "../../lib/signal";

import { useAccount } from "../../lib/account";
import type { Page, Schema } from "../../lib/api";
import { date, personName, plural, visible } from "../../lib/format";
import { know, nameOf } from "../../lib/people";
import { usePages } from "../../lib/query";
import { Link } from "../../lib/router";
import { mayLicense } from "../../lib/rights";
import { userPage } from "../../lib/users";
import { Card, Person, Typed } from "../../ui/bits";
import { Button } from "../../ui/button";
import { Empty } from "../../ui/notice";
import { TableList } from "../../ui/table";
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
      <TableList list={list} what="who holds a license" caption={`Holders of ${visible(s.product_name)} licenses, the oldest first`} keyOf={(h) => h.user.id} total={plural(s.in_use, "license")}
        empty={<Empty icon="seat" title="Nobody holds a license">{licenses ? "Search for a person above and give them the first one." : "An admin of your account can give the first one."}</Empty>}
        columns={[
          { name: "Name", cell: (h) => <Link href={userPage(here, h.user.id)}><Person name={personName(h.user)} /></Link> },
          { name: "Email", cell: (h) => <Typed>{h.user.email}</Typed> },
          { name: "Since", cell: (h) => date(h.license.since, here.zone) },
          { name: "Given by", cell: (h) => (h.license.by ? <Typed>{nameOf(here.api, h.license.by)}</Typed> : "–") },
          licenses && { name: "Take", hidden: true, class: "row-actions num", cell: (h) => <Button small kind="quiet" icon="close" aria-label={`Take the license from ${personName(h.user)}`} onClick={() => (taking.value = h)} /> },
        ]} />
      {taking.value && <TakeDialog user={taking.value.user} subscription={s} onClose={() => (taking.value = null)} />}
    </Card>
  );
}
