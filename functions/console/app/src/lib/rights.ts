// What the reader may do with a subscription, so that a page offers it; the API has the last word.
import type { Here } from "./account";
import type { Schema } from "./api";

type Subscription = Schema<"Subscription">;

/** Whether the reader may change what is bought. */
export const maySpend = (here: Here, s: Subscription) => here.me.role === "owner" || here.me.role === "billing_admin" || (here.me.role === "admin" && s.rules.admins_may_spend);

/** Whether the reader may give and take its licenses. */
/** Whether customers may end a subscription themselves. */
export const mayEnd = (s: Subscription) => s.rules.self_serve === "all" && s.rules.decrease !== "on_request";
export const mayLicense = (here: Here, s: Subscription) => here.me.role === "owner" || here.me.role === "admin" || (here.me.role === "billing_admin" && s.rules.auto_seats);
