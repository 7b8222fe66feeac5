import { useAccount, useSubscriptions } from "../../lib/account";
import type { Page, Schema } from "../../lib/api";
import { plural, visible } from "../../lib/format";
import { useQuery } from "../../lib/query";

type Request = Schema<"Request">;

export const statusOf = { open: ["info", "Open"], approved: ["good", "Approved"], declined: ["warn", "Declined"] } as const;

/** What a request is about, in a few words. */
export function useSubject(): (r: Request) => string {
  const here = useAccount();
  const subscriptions = useSubscriptions();
  const plans = useQuery<Page<Schema<"PlanOffer">>>(`${here.api}/plans`);
  return (r) => {
    const product = subscriptions.data?.items.find((s) => s.id === r.subscription_id)?.product_name;
    const plan = r.plan_id && (plans.data?.items.find((p) => p.plan_id === r.plan_id)?.name ?? r.plan_id);
    if (r.kind === "seats") return visible(`${r.from_seats === undefined ? "" : `From ${r.from_seats} to `}${plural(r.seats ?? 0, "license")}${product ? ` of ${product}` : ""}`);
    if (r.kind === "plan") return visible(`Change to ${plan}${r.seats ? ` with ${plural(r.seats, "license")}` : ""}`);
    if (r.kind === "cancel") return visible(`End of ${product ?? "a subscription"}`);
    return "Something in words";
  };
}
