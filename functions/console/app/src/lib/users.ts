// What may be done with a user by whom, and what it means for access and for the bill,
// in the words of the account's plans.
import type { Here } from "./account";
import { path, type Schema } from "./api";
import { count, date, lastDay, plural, visible } from "./format";
import { invalidate } from "./query";

export type User = Schema<"User">;
export type Subscription = Schema<"Subscription">;
export type Role = User["role"];

/** What can be done with a user, as the API's rules have it (domain's table of rights). */
export type Deed = "edit" | "role" | "activate" | "deactivate" | "remove" | "erase" | "owner";

/** What the reader may do with a user as they are. A deed that needs another one first is offered; its dialog says which. */
export function deedsOf(here: Here, u: User): Deed[] {
  if (!here.manages) return [];
  const self = u.id === here.me.id, over = !self && here.mayChange(u.role);
  if (u.status === "removed") return over && !u.erased ? ["erase"] : [];
  const deeds: Deed[] = ["edit"];
  if (over) deeds.push("role");
  if (u.status === "deactivated" && over) deeds.push("activate");
  if (here.owner && !self && u.status === "active") deeds.push("owner");
  if (u.status === "active" && over) deeds.push("deactivate");
  if (over) deeds.push("remove");
  return deeds;
}

/** Why role and access of a user are not the reader's to change, or "". */
export function untouchable(here: Here, u: User): string {
  if (u.status === "removed") return "";
  if (u.role === "owner" && u.id === here.me.id) return "You are the primary contact: always active. To change that, make somebody else the primary contact first, on that person’s page.";
  if (u.role === "owner") return "The primary contact is always active. Role and access can be changed only after handing over.";
  if (u.id === here.me.id) return "Nobody changes their own role or access. Ask another administrator.";
  if (!here.mayChange(u.role)) return "Your role does not reach this one’s role and access. Ask the primary contact.";
  return "";
}

export const running = (list: Subscription[] | undefined) => list?.filter((s) => s.status === "active") ?? [];
export const pools = (list: Subscription[] | undefined) => running(list).filter((s) => s.billing === "seats");

/** A product that a user may use: by a license, or because everybody active is counted. */
export interface Held {
  product: string;
  name: string;
  license?: Schema<"License">;
}

export function heldBy(u: User, subscriptions: Subscription[]): Held[] {
  const byProduct = new Map(subscriptions.map((s) => [s.product_id, s]));
  const held: Held[] = u.licenses.map((license) => ({ product: license.product_id, name: visible(byProduct.get(license.product_id)?.product_name ?? license.product_id), license }));
  if (u.status !== "active") return held;
  for (const s of running(subscriptions)) if (s.billing === "active_users") held.push({ product: s.product_id, name: visible(s.product_name) });
  return held;
}

/** "A, B and C" */
export const listed = (items: string[]) => (items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`);

/** "to schedule meetings and download reports": what a license allows. */
export const allows = (entitlements: string[]) => listed(entitlements.map((e) => visible(e)).map((e) => e.slice(0, 1).toLowerCase() + e.slice(1)));

const fewer = (s: Subscription) => {
  if (s.rules.self_serve !== "all" && s.rules.decrease !== "on_request") return "To pay for fewer, write to the vendor.";
  return {
    end_of_cycle: "To pay for fewer, lower the number of licenses; that takes effect at the end of the billing cycle.",
    on_request: "To pay for fewer, ask the vendor to take licenses back.",
    immediate_credit: "To pay for fewer, lower the number of licenses; what is left of their price is credited.",
  }[s.rules.decrease];
};

/** What an invoice counts where active users are billed. */
export const counted = { at_close: "who is active at that moment", peak: "the most users who were active at the same time", daily: "the average of active users over the days" } as const;

export const least = (s: Subscription) => (s.rules.min_seats > 0 ? ` At least ${plural(s.rules.min_seats, "user")} ${s.rules.min_seats === 1 ? "is" : "are"} billed.` : "");

const inTrial = "The trial costs nothing.";

/** What a seat that becomes free, or a user who is active no more, does to the bill. */
export function billOfLess(s: Subscription, here: Here, name: string): string {
  const end = date(s.period.end, here.zone);
  if (s.billing === "active_users") {
    if (s.trial_ends_at) return inTrial;
    return {
      at_close: `The invoice of ${end} counts who is active at that moment: ${name} is on it only if active again by then.`,
      peak: `The invoice of ${end} counts the highest number of users active at the same time and stays as it is; the one after it does not count ${name}.`,
      daily: `${name} is counted up to today, on the invoice of ${end}.`,
    }[s.rules.active_count] + least(s);
  }
  if (!s.rules.auto_seats) return `The license of ${visible(s.product_name)} is free at once for somebody else. ${s.pending ? "" : `The number of licenses stays ${count(s.seats)}, and so does the bill. ${fewer(s)}`}`;
  const floor = s.in_use + s.reserved <= s.rules.min_seats;
  return `The license of ${visible(s.product_name)} is free at once for somebody else, until ${lastDay(s.period.end, here.zone)}. ` +
    (floor ? `The bill stays the same: ${plural(s.rules.min_seats, "license")} is the least that can be paid for.` : "If nobody is given it by then, it goes, and the next invoice is for one less.");
}

/** What somebody who becomes active does to the bill. */
export function billOfActive(s: Subscription, here: Here, name: string): string {
  const end = date(s.period.end, here.zone);
  if (s.billing !== "active_users") return "";
  if (s.trial_ends_at) return inTrial;
  return {
    at_close: `${name} is on the invoice of ${end} if still active at that moment.`,
    peak: `The invoice of ${end} counts the highest number of users active at the same time: one more may raise it.`,
    daily: `${name} is counted for every day from today on, on the invoice of ${end}.`,
  }[s.rules.active_count] + least(s);
}

/** How many users the next invoice bills and for how much, where it is known: by the lines of the subscription. */
export function billedUsers(s: Subscription): { users: string; amount: Schema<"Money"> } | null {
  const lines = s.next_invoice?.lines.filter((l) => l.subscription_id === s.id && l.quantity_denominator) ?? [];
  const [line] = lines;
  if (!line?.quantity_denominator) return null;
  const whole = (line.quantity_numerator ?? 0) / line.quantity_denominator;
  const amount_minor = lines.reduce((sum, l) => sum + l.amount.amount_minor, 0);
  return { users: new Intl.NumberFormat([...navigator.languages], { maximumFractionDigits: 2 }).format(whole), amount: { ...line.amount, amount_minor } };
}

/** What each role may do in this account. */
export function roleWords(role: Role, subscriptions: Subscription[]): string {
  const all = running(subscriptions);
  const spend = all.some((s) => s.rules.admins_may_spend), auto = all.some((s) => s.rules.auto_seats);
  return {
    owner: "May do everything, and is the only one who can hand the account over.",
    admin: `Adds and changes users, and gives and takes licenses. May ${spend ? "also" : "not"} buy licenses, change plans and see invoices.`,
    billing_admin: `Adds and changes users, buys licenses, changes plans and sees invoices. May ${auto ? "also" : "not"} give and take licenses.`,
    member: "Sees only their own licenses.",
  }[role];
}

export const userPath = (here: Here, id: string) => here.api + path`/users/${id}`;
export const userPage = (here: Here, id: string) => here.home + path`/users/${id}`;

/** Reads again what a change of people shows in, and then what happened, which nobody waits for. */
export async function peopleChanged(here: Here): Promise<void> {
  await invalidate(`${here.api}/users`, `${here.api}/subscriptions`, "/v1/me");
  void invalidate(`${here.api}/events`);
}
