// A bought pool: how much of it is used, who holds a license, and what is scheduled.
import { useAccount } from "../../lib/account";
import type { Schema } from "../../lib/api";
import { count, longDate, plural, visible } from "../../lib/format";
import { priceInWords } from "../../lib/price";
import { go, Link, queryValue, setQuery } from "../../lib/router";
import { maySpend } from "../../lib/rights";
import { Card, Chip, Figure, Meter, PageHead } from "../../ui/bits";
import { Button } from "../../ui/button";
import { Notice } from "../../ui/notice";
import { WhoMaySpend } from "../../ui/who-may-spend";
import { EditNumber } from "./edit-number";
import { Forecast } from "./forecast";
import { Holders } from "./holders";
import { Policies } from "./policies";
import { Timeline } from "./timeline";

export function Pool({ of: s }: { of: Schema<"Subscription"> }) {
  const here = useAccount();
  const spends = maySpend(here, s);
  const editing = queryValue("edit") === "number";
  const self = s.rules.self_serve !== "none";
  return (
    <>
      <PageHead title={`${visible(s.product_name)} licenses`} lead={<p><Link href={`${here.home}/plan`}>{visible(s.plan_name)}</Link>: {priceInWords(s)}.</p>}
        actions={spends && (self
          ? <Button kind="primary" onClick={() => setQuery({ edit: "number" })}>Edit number of licenses</Button>
          : <Button kind="primary" onClick={() => go(`${here.home}/requests?new=seats&subscription=${encodeURIComponent(s.id)}`)}>Ask for another number</Button>)} />
      {s.available < 0 && <Notice tone="warn" title="A decrease is taking effect">Open invitations lose their seat first, then the newest licenses end.</Notice>}
      <dl class="figures">
        <Figure label="In use" value={`${count(s.in_use)} of ${count(s.seats)}`} below={<Meter used={s.in_use} reserved={s.reserved} total={s.seats} />} />
        <Figure label="Reserved" value={count(s.reserved)} below={s.reserved ? <Link href={`${here.home}/users/invitations`}>By open invitations</Link> : "No open invitation holds one"} />
        <Figure label="Available" value={count(Math.max(0, s.available))} below={s.available > 0 ? "Can be given at once" : s.rules.auto_seats && spends ? "The next one given is bought on the way" : "Take one from somebody, or add more"} />
      </dl>
      {!spends && <WhoMaySpend what="the number of licenses" />}
      <Holders of={s} />
      <div class="cards">
        <Timeline of={s} />
        <Card title="What a license allows">
          <p class="actions">{s.entitlements.map((e) => <Chip key={e} tone="info">{visible(e)}</Chip>)}</p>
          <p class="soft">{plural(s.seats, "license")} until {longDate(s.period.end, here.zone)}.{s.trial_ends_at && ` The trial ends on ${longDate(s.trial_ends_at, here.zone)}; nothing is charged before.`}</p>
        </Card>
      </div>
      {spends && <Forecast of={s} />}
      <Policies of={s.policies} />
      {editing && spends && self && <EditNumber of={s} onClose={() => setQuery({ edit: "" })} />}
    </>
  );
}
