// A change of the plan: an upgrade at once, everything else when the cycle ends.
import { useRef } from "preact/hooks";
import { useSignal } from "../../lib/signal";

import { useAccount } from "../../lib/account";
import type { Schema } from "../../lib/api";
import { useDraft } from "../../lib/draft";
import { longDate, plural, visible } from "../../lib/format";
import { priceInWords } from "../../lib/price";
import { useQuote } from "../../lib/quoting";
import { Fact, Facts } from "../../ui/bits";
import { ButtonLink } from "../../ui/button";
import { Stepper } from "../../ui/field";
import { atOnce } from "../../ui/money";
import { Charged, PurchaseDialog } from "../../ui/purchase";
import { kindOf } from "./kind";

type Subscription = Schema<"Subscription">;
type Offer = Schema<"PlanOffer">;
type Done = Schema<"PlanChangeDone">;

export function ChangePlan({ of: now, to, offers, onClose }: { of: Subscription; to: Offer; offers: Offer[]; onClose: () => void }) {
  const here = useAccount();
  const finished = useSignal(false);
  const kept = useRef(now);
  if (!finished.value) kept.current = now;
  const s = kept.current;
  const at = `${here.api}/subscriptions/${encodeURIComponent(s.id)}`;
  // From a plan without a pool the number has to be said.
  const begins = s.billing === "active_users" && to.billing === "seats";
  const seats = useDraft(`plan.${s.id}.${to.plan_id}`, Math.max(1, s.active_users ?? s.in_use, to.min_seats));
  const quoting = useQuote(`${at}/quotes`, finished.value ? null : { plan_id: to.plan_id, ...(begins ? { seats: seats.value } : {}) });
  const upgrade = kindOf(s, to, offers) === "upgrade";
  const name = visible(to.name);
  return (
    <PurchaseDialog<Done> title={`${upgrade ? "Upgrade" : "Change"} to ${name}`} submit={upgrade ? "Upgrade now" : "Schedule the change"} quoting={quoting} confirm={`${at}/plan-changes`} agreement={to.agreement_url}
      prices={{ [s.plan_id]: s.price, [to.plan_id]: to.price }}
      fields={
        <>
          <Facts>
            <Fact name="Now">{visible(s.plan_name)}: {priceInWords(s)}</Fact>
            <Fact name="Then">{name}: {priceInWords(to)}</Fact>
          </Facts>
          {begins && <Stepper label="Total licenses" value={seats.value} onValue={(v) => (seats.value = v)} min={1} />}
        </>
      }
      consequences={(q) => <Consequences of={s} to={to} quote={q} />}
      ask={<ButtonLink kind="primary" href={`${here.home}/requests?new=plan&subscription=${encodeURIComponent(s.id)}&plan=${encodeURIComponent(to.plan_id)}`}>Ask for {name}</ButtonLink>}
      done={(d) => (d.type === "plan.upgraded" ? `You are on ${name} now` : `The plan changes to ${name} on ${longDate(d.effective_at, here.zone)}`)}
      receipt={(d) => <><Charged invoice={d.invoice} />{d.type !== "plan.upgraded" && <p>Until then nothing changes, and you can cancel the change under “What comes next” of the licenses.</p>}</>}
      onDone={() => {
        finished.value = true;
        seats.discard();
      }}
      onClose={onClose} />
  );
}

/** What happens to access and to the bill. */
function Consequences({ of: s, to, quote }: { of: Subscription; to: Offer; quote: Schema<"Quote"> }) {
  const here = useAccount();
  const when = longDate(quote.effective_at, here.zone);
  const lost = s.entitlements.filter((e) => !to.entitlements.includes(e)), won = to.entitlements.filter((e) => !s.entitlements.includes(e));
  const list = (items: string[]) => items.map(visible).join(", ").toLowerCase();
  const licenses = to.billing === "active_users" ? "From then on every active user has access, without a license." : s.billing === "active_users" ? "From then on a license gives access, and nobody has one: give them that day." : `The change takes no license: ${plural(s.in_use, "is", "are")} in use.`;
  return (
    <ul class="points">
      {atOnce(quote)
        ? <li>The plan changes at once.{quote.invoice_now && ` What is left of ${visible(s.plan_name)} is given back, and the rest of the cycle on ${visible(to.name)} is charged, on one invoice.`}</li>
        : <li>Nothing changes before {when}, and nothing is due today. From then on the bill follows {visible(to.name)}{to.interval !== s.interval && `, a ${to.interval} at a time`}.</li>}
      <li>{licenses}{won.length > 0 && ` They also allow to ${list(won)}.`}{lost.length > 0 && ` They no longer allow to ${list(lost)}.`}</li>
      {s.pending_plan && <li>It replaces the scheduled change to {visible(s.pending_plan.plan_name ?? "")}.</li>}
      {s.pending && to.billing === "seats" && <li>The scheduled decrease to {s.pending.seats} stays scheduled; where more are in use by then, the rules of {visible(to.name)} decide.</li>}
    </ul>
  );
}
