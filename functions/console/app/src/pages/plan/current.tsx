// A running subscription: its plan, price and rules, and the other plans of its product.
import { useAccount } from "../../lib/account";
import type { Schema } from "../../lib/api";
import { count, longDate, plural, visible } from "../../lib/format";
import { priceInWords } from "../../lib/price";
import { Link, setQuery } from "../../lib/router";
import { mayEnd, maySpend } from "../../lib/rights";
import { Card, Chip, Fact, Facts } from "../../ui/bits";
import { Button } from "../../ui/button";
import { Amount } from "../../ui/money";
import { Notice } from "../../ui/notice";
import { WhoMaySpend } from "../../ui/who-may-spend";
import { Offers } from "./offers";

type Subscription = Schema<"Subscription">;

export function Current({ of: s, offers }: { of: Subscription; offers: Schema<"PlanOffer">[] }) {
  const here = useAccount();
  const spends = maySpend(here, s), self = s.rules.self_serve !== "none";
  const users = s.billing === "active_users";
  return (
    <Card title={visible(s.product_name)}>
      <Changes of={s} spends={spends} />
      <div class="plan-now">
        <div>
          <p class="plan-name">{visible(s.plan_name)}</p>
          <p>{priceInWords(s)}</p>
        </div>
        <p class="actions">{s.entitlements.map((e) => <Chip key={e} tone="info">{visible(e)}</Chip>)}</p>
      </div>
      <Facts>
        <Fact name={users ? "Active users" : "Licenses"}>{users ? count(s.active_users ?? s.in_use) : <Link href={`${here.home}/licenses/${encodeURIComponent(s.id)}`}>{count(s.in_use)} of {count(s.seats)} in use</Link>}</Fact>
        <Fact name={s.trial_ends_at ? "Trial until" : "Cycle until"}>{longDate(s.period.end, here.zone)}</Fact>
        {s.next_invoice && spends && <Fact name="Next invoice"><Amount of={s.next_invoice.amount_due} /> on {longDate(s.next_invoice.issued_at, here.zone)}</Fact>}
      </Facts>
      {!spends && <WhoMaySpend what="the plan" />}
      {!self && (
        <Notice title="This plan is changed by the vendor" actions={<Link class="button plain" href={`${here.home}/requests?new=plan&subscription=${encodeURIComponent(s.id)}`}>Ask the vendor</Link>}>
          {s.sales_contact && <p>Open a request here, or write to <a href={`mailto:${s.sales_contact}`}>{s.sales_contact}</a>.</p>}
        </Notice>
      )}
      {offers.length > 0 && <Offers of={offers} subscription={s} />}
      <details><summary>The rules of {visible(s.plan_name)}</summary><ul class="points columns">{s.policies.map((p) => <li key={p}>{p}</li>)}</ul></details>
      {spends && !s.cancel_at && <p>{mayEnd(s)
        ? <Button small onClick={() => setQuery({ cancel: s.id })}>Cancel {visible(s.product_name)}</Button>
        : <Link class="button small" href={`${here.home}/requests?new=cancel&subscription=${encodeURIComponent(s.id)}`}>Ask to cancel {visible(s.product_name)}</Link>}</p>}
    </Card>
  );
}

/** What is scheduled, which matters more than anything else here. */
function Changes({ of: s, spends }: { of: Subscription; spends: boolean }) {
  const here = useAccount();
  const to = s.pending_plan;
  if (s.cancel_at) {
    return (
      <Notice tone="warn" title={`${visible(s.product_name)} ends on ${longDate(s.cancel_at, here.zone)}`} actions={spends && <Button small onClick={() => setQuery({ resume: s.id })}>Resume</Button>}>
        Until then everything stays usable. With it {s.billing === "seats" ? plural(s.in_use, "license ends", "licenses end") : "the access of all users ends"}.
      </Notice>
    );
  }
  if (!to) return s.trial_ends_at ? <Notice title={`The trial runs until ${longDate(s.trial_ends_at, here.zone)}`}>Nothing is charged before.{mayEnd(s) && " Cancel until then and it never is."}</Notice> : null;
  return (
    <Notice title={`Changes to ${visible(to.plan_name ?? to.plan_id)} on ${longDate(to.effective_at, here.zone)}`} actions={<Link class="button plain small" href={`${here.home}/licenses/${encodeURIComponent(s.id)}`}>What comes next</Link>}>
      Until then nothing changes.
    </Notice>
  );
}
