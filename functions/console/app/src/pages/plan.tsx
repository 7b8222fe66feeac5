// What the account is subscribed to, what else there is, and the way from one to the other.
import { useAccount, useSubscriptions } from "../lib/account";
import type { Page, Schema } from "../lib/api";
import { visible } from "../lib/format";
import { useQuery } from "../lib/query";
import { queryValue, setQuery } from "../lib/router";
import { Card, PageHead } from "../ui/bits";
import { Loaded, NoPermission } from "../ui/notice";
import { CancelSubscription } from "./plan/cancel";
import { ChangePlan } from "./plan/change";
import { Current } from "./plan/current";
import { Offers } from "./plan/offers";
import { Subscribe } from "./plan/subscribe";
import { TakeBack } from "./licenses/timeline";

type Subscription = Schema<"Subscription">;
type Offer = Schema<"PlanOffer">;

export function PlanPage() {
  const here = useAccount();
  const list = useSubscriptions();
  const plans = useQuery<Page<Offer>>(here.manages ? `${here.api}/plans` : null);
  if (!here.manages) return <><PageHead title="Plan" /><NoPermission what="the plan of this account" /></>;
  return (
    <>
      <PageHead title="Plan" lead={<p>What you pay for, and what else there is.</p>} />
      <Loaded query={list} what="the plan of this account" rows={8}>
        {({ items }) => <Loaded query={plans} what="the plans" rows={8}>{(offers) => <Everything subscriptions={items.filter((s) => s.status === "active")} ended={items.filter((s) => s.status === "ended")} offers={offers.items} />}</Loaded>}
      </Loaded>
    </>
  );
}

function Everything({ subscriptions, ended, offers }: { subscriptions: Subscription[]; ended: Subscription[]; offers: Offer[] }) {
  const products = new Map<string, Offer[]>();
  for (const o of offers) products.set(o.product_id, [...(products.get(o.product_id) ?? []), o]);
  const others = [...products].filter(([id]) => !subscriptions.some((s) => s.product_id === id));
  return (
    <>
      {subscriptions.map((s) => <Current key={s.id} of={s} offers={products.get(s.product_id) ?? []} />)}
      {others.length > 0 && (
        <Card title={subscriptions.length ? "Other products" : "Products"}>
          {others.map(([id, of]) => (
            <details key={id} class="product" open={others.length === 1 || queryValue("product") === id}>
              <summary>{visible(of[0]?.product_name ?? id)}{ended.some((s) => s.product_id === id) && <span class="soft"> – your subscription has ended</span>}</summary>
              <Offers of={of} />
            </details>
          ))}
        </Card>
      )}
      <Dialogs subscriptions={subscriptions} offers={offers} />
    </>
  );
}

/** What is under way stands in the address, so that a reload comes back to it. */
function Dialogs({ subscriptions, offers }: { subscriptions: Subscription[]; offers: Offer[] }) {
  const close = () => setQuery({ change: "", cancel: "", resume: "", subscribe: "" });
  const offer = (name: string) => offers.find((o) => o.plan_id === queryValue(name));
  const sub = (name: string) => subscriptions.find((s) => s.id === queryValue(name));
  const to = offer("change"), from = to && subscriptions.find((s) => s.product_id === to.product_id);
  const start = offer("subscribe"), ending = sub("cancel"), resuming = sub("resume");
  return (
    <>
      {to && from && <ChangePlan key={to.plan_id} of={from} to={to} offers={offers} onClose={close} />}
      {start && <Subscribe key={start.plan_id} to={start} onClose={close} />}
      {ending && !ending.cancel_at && <CancelSubscription of={ending} onClose={close} />}
      {resuming?.cancel_at && <TakeBack of={resuming} kind="end" onClose={close} />}
    </>
  );
}
