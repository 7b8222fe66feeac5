import type { Schema } from "../../lib/api";

/**
 * What a change of plan is. A higher rank at the same interval is an upgrade, at once;
 * all else waits for the end of the cycle. Active users are billed behind, so theirs
 * waits too.
 */
export function kindOf(s: Schema<"Subscription">, to: Schema<"PlanOffer">, offers: Schema<"PlanOffer">[]): "upgrade" | "interval" | "lower" | "other" {
  const now = offers.find((o) => o.plan_id === s.plan_id);
  if (to.interval !== s.interval) return "interval";
  if (!now || to.billing !== s.billing || s.billing === "active_users") return "other";
  if (to.rank > now.rank) return "upgrade";
  return to.rank < now.rank ? "lower" : "other";
}
