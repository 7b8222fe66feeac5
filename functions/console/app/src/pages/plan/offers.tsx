// The plans of a product beside each other, by month or by year.
import { useState } from "preact/hooks";

import { useAccount } from "../../lib/account";
import type { Schema } from "../../lib/api";
import { plural, visible } from "../../lib/format";
import { priceInWords } from "../../lib/price";
import { go, setQuery } from "../../lib/router";
import { maySpend } from "../../lib/rights";
import { Chip } from "../../ui/bits";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icon";
import { kindOf } from "./kind";

type Subscription = Schema<"Subscription">;
type Offer = Schema<"PlanOffer">;

const names = { month: "Monthly", year: "Yearly" } as const;

export function Offers({ of, subscription: s }: { of: Offer[]; subscription?: Subscription }) {
  const intervals = (["month", "year"] as const).filter((i) => of.some((o) => o.interval === i));
  const [interval, setInterval] = useState(s?.interval ?? intervals[0] ?? "month");
  const shown = of.filter((o) => o.interval === interval).sort((a, b) => a.rank - b.rank);
  const product = visible(of[0]?.product_name ?? "");
  return (
    <section class="offers" aria-label={`Plans of ${product}`}>
      <div class="offers-head">
        <h3>{s ? "Compare plans" : "Plans"}</h3>
        {intervals.length > 1 && (
          <div class="segments" role="group" aria-label={`Billing of ${product}`}>
            {intervals.map((i) => <button key={i} type="button" aria-pressed={i === interval} onClick={() => setInterval(i)}>{names[i]}</button>)}
          </div>
        )}
      </div>
      <ul class="offer-list">{shown.map((o) => <li key={o.plan_id}><One offer={o} of={of} subscription={s} /></li>)}</ul>
    </section>
  );
}

function One({ offer: o, of, subscription: s }: { offer: Offer; of: Offer[]; subscription?: Subscription }) {
  const current = s?.plan_id === o.plan_id;
  return (
    <article class={current ? "offer current" : "offer"}>
      <h4>{visible(o.name)} {current && <Chip tone="good">Current</Chip>}{s?.pending_plan?.plan_id === o.plan_id && <Chip tone="warn">Scheduled</Chip>}</h4>
      <p class="offer-price">{priceInWords(o)}</p>
      <ul class="ticks">
        {o.entitlements.map((e) => <li key={e}><Icon name="check" />{visible(e)}</li>)}
        {o.trial_days > 0 && !s && <li><Icon name="check" />{plural(o.trial_days, "day")} free</li>}
        {o.max_self_serve_seats > 0 && <li><Icon name="info" />Up to {plural(o.max_self_serve_seats, "license")} here; more from the vendor</li>}
        {o.min_seats > 1 && <li><Icon name="info" />At least {o.min_seats} {o.billing === "seats" ? "licenses" : "users billed"}</li>}
      </ul>
      <div class="actions"><Way offer={o} of={of} subscription={s} /></div>
      {!current && <details><summary>Rules</summary><ul class="points small-text">{o.policies.map((p) => <li key={p}>{p}</li>)}</ul></details>}
    </article>
  );
}

/** What can be done with an offer: nothing where it is the current plan. */
function Way({ offer: o, of, subscription: s }: { offer: Offer; of: Offer[]; subscription?: Subscription }) {
  const here = useAccount();
  const name = visible(o.name);
  if (s && (s.plan_id === o.plan_id || s.cancel_at || s.pending_plan?.plan_id === o.plan_id)) return null;
  if (s ? !maySpend(here, s) : !here.money) return null;
  if (o.self_serve === "none" || s?.rules.self_serve === "none") {
    const ask = s ? `new=plan&subscription=${encodeURIComponent(s.id)}&plan=${encodeURIComponent(o.plan_id)}` : `new=other&about=${encodeURIComponent(o.name)}`;
    return <Button aria-label={`Ask the vendor for ${name}`} onClick={() => go(`${here.home}/requests?${ask}`)}>Ask the vendor</Button>;
  }
  if (!s) return <Button aria-label={`${o.trial_days ? "Try" : "Subscribe to"} ${name}`} onClick={() => setQuery({ subscribe: o.plan_id })}>{o.trial_days ? "Try" : "Subscribe"}</Button>;
  const up = kindOf(s, o, of) === "upgrade", verb = up ? "Upgrade" : "Change";
  return <Button kind={up ? "primary" : "plain"} aria-label={`${verb} to ${name}`} onClick={() => setQuery({ change: o.plan_id })}>{verb}</Button>;
}
