// Starting a subscription to a product.
import { useAccount } from "../../lib/account";
import type { Schema } from "../../lib/api";
import { useDraft } from "../../lib/draft";
import { longDate, plural, visible } from "../../lib/format";
import { priceInWords } from "../../lib/price";
import { useQuote } from "../../lib/quoting";
import { Link } from "../../lib/router";
import { ButtonLink } from "../../ui/button";
import { Stepper } from "../../ui/field";
import { Charged, PurchaseDialog } from "../../ui/purchase";

type Done = Schema<"Subscribed">;

export function Subscribe({ to, onClose }: { to: Schema<"PlanOffer">; onClose: () => void }) {
  const here = useAccount();
  const pool = to.billing === "seats";
  const seats = useDraft(`subscribe.${to.plan_id}`, Math.max(1, to.min_seats));
  const quoting = useQuote(`${here.api}/quotes`, { plan_id: to.plan_id, ...(pool ? { seats: seats.value } : {}) });
  const name = visible(to.name), product = visible(to.product_name);
  return (
    <PurchaseDialog<Done> title={`${to.trial_days ? "Try" : "Subscribe to"} ${name}`} submit={to.trial_days ? "Begin the trial" : "Subscribe"} quoting={quoting} confirm={`${here.api}/subscriptions`} agreement={to.agreement_url} prices={{ [to.plan_id]: to.price }}
      why={to.trial_days ? `The first ${plural(to.trial_days, "day costs", "days cost")} nothing.` : pool ? undefined : "Active users are billed when the cycle ends."}
      fields={
        <div class="edit-number">
          {pool && <Stepper label="Total licenses" value={seats.value} onValue={(v) => (seats.value = v)} min={Math.max(1, to.min_seats)} />}
          <p class="soft">{product}, {name}: {priceInWords(to)}.</p>
        </div>
      }
      consequences={() => (
        <ul class="points">
          <li>{pool ? "Nobody gets access by this alone: give the licenses afterwards." : "Every active user of your account can use it at once, and counts."}</li>
          <li>The bill comes with your other invoices, on the same day of the {to.interval}.</li>
        </ul>
      )}
      ask={<ButtonLink kind="primary" href={`${here.home}/requests?new=other&about=${encodeURIComponent(pool ? `${to.name}, ${plural(seats.value, "license")}` : to.name)}`}>Ask the vendor</ButtonLink>}
      done={() => `You are subscribed to ${product}`}
      receipt={(d) => (
        <>
          {d.trial_ends_at ? <p>The trial runs until {longDate(d.trial_ends_at, here.zone)}.</p> : <Charged invoice={d.invoice} />}
          {pool && <p><Link href={`${here.home}/licenses/${encodeURIComponent(d.subscription_id)}`}>Give the licenses to your people</Link></p>}
        </>
      )}
      onDone={() => seats.discard()} onClose={onClose} />
  );
}
