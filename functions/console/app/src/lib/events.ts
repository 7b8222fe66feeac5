// What happened, in sentences: one for every type of entry of the ledger. Entries hold ids and numbers only, so a sentence
// is a list of parts, and whoever shows it looks up the names.
import type { Schema } from "./api";
import { count, date, dateTime, lastDay, period, plural, roleNames, visible } from "./format";

export type LedgerEvent = Schema<"Event">;

/** A piece of a sentence: words, or something to look up and link to. */
export type Part = string | { person: string } | { invoice: number; credit: boolean } | { request: string; text: string } | { money: Schema<"Money"> };

/** What ids of the catalog are called, and where the account is. */
export interface Names {
  product: (id: string) => string;
  plan: (id: string) => string;
  zone: string;
}

type Words = Part | Part[] | false | "";

/** Joins words and parts: w`${person} was activated`. */
function w(texts: TemplateStringsArray, ...values: Words[]): Part[] {
  const parts: Part[] = [];
  for (const [i, text] of texts.entries()) {
    if (text) parts.push(text);
    const value = values[i];
    if (value) parts.push(...(Array.isArray(value) ? value : [value]));
  }
  return parts;
}

/** So many people are named; the rest is counted. */
const namedPeople = 5;

/** Reads an entry's data, each field in the form that a sentence needs. */
class Reader {
  constructor(private readonly event: LedgerEvent, private readonly names: Names) {}

  text = (field: string) => (typeof this.event.data[field] === "string" ? (this.event.data[field] as string) : "");
  number = (field: string) => (typeof this.event.data[field] === "number" ? (this.event.data[field] as number) : 0);
  is = (field: string) => this.event.data[field] === true;
  list = (field: string) => (Array.isArray(this.event.data[field]) ? (this.event.data[field] as string[]) : []);
  /** A reason that the vendor's staff or Usher wrote, without the full stop that ends the sentence anyway. */
  reason = () => visible(this.text("reason")).replace(/\.$/, "");

  person = (field = "user_id"): Part[] => (this.text(field) ? [{ person: this.text(field) }] : ["somebody"]);
  people(): Part[] {
    const ids = this.list("user_ids");
    const shown = ids.length > namedPeople + 1 ? ids.slice(0, namedPeople) : ids;
    const parts: Part[][] = shown.map((person) => [{ person }]);
    if (ids.length > shown.length) parts.push([`${count(ids.length - shown.length)} others`]);
    return series(parts);
  }

  day = (field = "effective_at") => date(this.text(field), this.names.zone);
  /** The last day before an end at midnight. */
  lastDay = (field = "effective_at") => lastDay(this.text(field), this.names.zone);
  moment = (field: string) => dateTime(this.text(field), this.names.zone);
  span = () => period({ start: this.text("period_start"), end: this.text("period_end") }, this.names.zone);

  product = (id = this.text("product_id")) => visible(this.names.product(id));
  products = (field: string) => series(this.list(field).map((id) => [this.product(id)]));
  plan = (field = "plan_id") => visible(this.names.plan(this.text(field)));
  role = (field: string) => (roleNames[this.text(field) as keyof typeof roleNames] ?? this.text(field)).toLowerCase();
  /** "from 5 to 8" */
  change = (from = "from", to = "to") => `from ${count(this.number(from))} to ${count(this.number(to))}`;
  licenses = (field: string) => plural(this.number(field), "license");

  /** "; €18.00 is due (invoice 2)": what it comes to, and on which documents. */
  bill(): Part[] {
    const minor = this.number("amount_due_now_minor"), currency = this.text("currency");
    const due: Words = minor > 0 && currency !== "" && w`${{ money: { amount_minor: minor, currency } }} due at once`;
    const papers = this.papers();
    if (due && papers.length) return w`; ${due} (${papers})`;
    return due ? w`; ${due}` : papers.length ? w` (${papers})` : [];
  }

  papers(): Part[] {
    const papers: Part[][] = [];
    if (this.number("invoice_number")) papers.push([{ invoice: this.number("invoice_number"), credit: false }]);
    if (this.number("credit_note")) papers.push([{ invoice: this.number("credit_note"), credit: true }]);
    return series(this.is("invoice_first") ? papers : papers.reverse());
  }
}

/** "a, b and c" */
const series = (items: Part[][]): Part[] => items.flatMap((item, i) => (i === 0 ? item : [i === items.length - 1 ? " and " : ", ", ...item]));

/** What a type is about, what it is called where one is chosen, and its sentence. */
type Row = readonly [group: Group, label: string, tell: (r: Reader) => Part[]];
export type Group = "People" | "Licenses" | "Plans" | "Invoices" | "Requests" | "Account";

const because: Record<string, string> = {
  decrease: ", because there are fewer licenses now", deactivated: ", because the user was deactivated", removed: ", because the user was removed",
  ended: ", because the subscription ended", plan: ", because the plan bills active users, who need none",
};

const asked = (r: Reader): Part[] => {
  const of = r.text("product_id") && ` of ${r.product()}`;
  if (r.text("kind") === "seats") return w`another number of licenses${of}${r.number("to") > 0 && `, ${r.change()}`}`;
  if (r.text("kind") === "plan") return r.text("plan_id") ? w`the plan ${r.plan()}${of}` : w`another plan${of}`;
  return w`help${r.text("product_id") && ` with ${r.product()}`}`;
};

const request = (r: Reader, text: string): Part => ({ request: r.text("request_id"), text });

function closed(r: Reader): Part[] {
  const quantity = r.number("quantity_denominator");
  const users = quantity && Math.round((100 * r.number("quantity_numerator")) / quantity) / 100;
  return w`The ${r.is("trial") ? "trial" : "billing period"} of ${r.product()}, ${r.span()}, ended${
    quantity > 0 && ` with ${plural(users, "active user")} billed`}${
    r.number("seats_before") !== r.number("seats_after") && `; licenses went ${r.change("seats_before", "seats_after")}`}${
    r.text("from_plan_id") && `; ${r.plan()} took the place of ${r.plan("from_plan_id")}`}${
    r.papers().length > 0 && w` (${r.papers()})`}.`;
}

/** Every type of the ledger, in the order of the event contract. */
const rows: Record<string, Row> = {
  "account.opened": ["Account", "Account opened", (r) => w`The account was opened${r.is("test") && " for tests"} with ${r.person("owner_id")} as its primary contact.`],
  "account.updated": ["Account", "Settings changed", () => w`The account’s settings were changed.`],
  "account.parked": ["Account", "Billing put on hold", (r) => w`Billing was put on hold for the vendor to look into${r.reason() && `: ${r.reason()}`}.`],
  "account.unparked": ["Account", "Billing taken up again", () => w`Billing was taken up again.`],
  "clock.advanced": ["Account", "Test clock moved", (r) => w`The test clock was moved to ${r.moment("to")}.`],
  "subscription.started": ["Plans", "Subscription started", (r) => w`The subscription to ${r.product()} (${r.plan()}) started${
    r.number("seats") > 0 && ` with ${r.licenses("seats")}`}${r.is("trial") && ", at first as a trial"}${r.papers().length > 0 && w` (${r.papers()})`}.`],
  "user.invited": ["People", "User invited", (r) => w`${r.person()} was invited as ${r.role("role")}${r.text("product_id") && `, with a license of ${r.product()} reserved`}.`],
  "invitation.resent": ["People", "Invitation sent again", (r) => w`${r.person()} was sent a new invitation, which is good until ${r.moment("expires_at")}.`],
  "invitation.cancelled": ["People", "Invitation cancelled", (r) => w`The invitation of ${r.person()} was cancelled.`],
  "invitation.expired": ["People", "Invitation expired", (r) => w`The invitation of ${r.person()} expired.`],
  "user.joined": ["People", "Invitation accepted", (r) => w`${r.person()} accepted the invitation${
    r.text("product_id") && (r.is("licensed") ? ` and got a license of ${r.product()}` : `; no license of ${r.product()} was free`)}.`],
  "user.created": ["People", "User added", (r) => w`${r.person()} was added${r.text("role") && ` as ${r.role("role")}`} without an invitation${
    !r.is("active") && ", not active yet"}${r.is("licensed") && `, with a license of ${r.product()}`}.`],
  "user.bound": ["People", "First sign-in", (r) => w`${r.person()} signed in for the first time.`],
  "user.updated": ["People", "Details changed", (r) => w`The details of ${r.person()} were changed.`],
  "user.role_changed": ["People", "Role changed", (r) => w`The role of ${r.person()} changed from ${r.role("from")} to ${r.role("to")}.`],
  "user.activated": ["People", "User activated", (r) => w`${r.person()} was activated.`],
  "user.deactivated": ["People", "User deactivated", (r) => w`${r.person()} was deactivated${r.list("licenses_ended").length > 0 && w` and lost the license of ${r.products("licenses_ended")}`}.`],
  "user.removed": ["People", "User removed", (r) => w`${r.person()} was removed${r.list("licenses_ended").length > 0 && w` and lost the license of ${r.products("licenses_ended")}`}.`],
  "license.assigned": ["Licenses", "License given", (r) => w`${r.people()} got a license of ${r.product()}.`],
  "license.revoked": ["Licenses", "License taken", (r) => r.list("user_ids").length
    ? w`${r.people()} lost ${r.list("user_ids").length > 1 ? "their licenses" : "the license"} of ${r.product()}${because[r.text("reason")] ?? ""}.`
    : w`Licenses of ${r.product()} that invitations had reserved were given up${because[r.text("reason")] ?? ""}.`],
  "seats.increased": ["Licenses", "Licenses added", (r) => w`The licenses of ${r.product()} went up ${r.change()}${r.bill()}.`],
  "seats.decrease_scheduled": ["Licenses", "Decrease scheduled", (r) => w`The licenses of ${r.product()} were set to go down ${r.change()} on ${r.day()}.`],
  "seats.decrease_cancelled": ["Licenses", "Decrease cancelled", (r) => w`The decrease of ${r.product()} that was scheduled${
    r.number("from") > 0 && ` ${r.change()}`} was cancelled: it keeps ${r.licenses("seats")}.`],
  "cycle.closed": ["Plans", "Billing period ended", closed],
  "ownership.transferred": ["Account", "Primary contact changed", (r) => w`${r.person("to_user_id")} became the primary contact in the place of ${r.person("from_user_id")}, and both were signed out.`],
  "seats.decreased": ["Licenses", "Licenses given back", (r) => w`The licenses of ${r.product()} went down ${r.change()}${r.bill()}.`],
  "plan.upgraded": ["Plans", "Plan upgraded", (r) => w`${r.product()} was upgraded from ${r.plan("from_plan_id")} to ${r.plan()}${
    r.number("from") !== r.number("to") && `, with licenses ${r.change()}`}${r.bill()}.`],
  "plan.change_scheduled": ["Plans", "Plan change scheduled", (r) => w`${r.product()} was set to change from ${r.plan("from_plan_id")} to ${r.plan()} on ${r.day()}${
    r.number("from") !== r.number("to") && `, with licenses ${r.change()}`}.`],
  "plan.change_cancelled": ["Plans", "Plan change cancelled", (r) => w`The change of ${r.product()} from ${r.plan("from_plan_id")} to ${r.plan()} that was scheduled was cancelled.`],
  "subscription.cancel_scheduled": ["Plans", "Subscription cancelled", (r) => w`The subscription to ${r.product()} was cancelled: it ends with ${r.lastDay()}.`],
  "subscription.resumed": ["Plans", "Subscription resumed", (r) => w`The cancellation of ${r.product()} was taken back${r.number("seats") > 0 && `: it keeps ${r.licenses("seats")}`}.`],
  "subscription.ended": ["Plans", "Subscription ended", (r) => w`The subscription to ${r.product()} ended${r.number("from") > 0 && `, and with it its ${r.licenses("from")}`}.`],
  "day.settled": ["Invoices", "Changes of a day billed", (r) => w`The day’s changes of ${r.product()} licenses, ${r.change()}, were billed together${r.papers().length > 0 && w` (${r.papers()})`}.`],
  "invoice.paid": ["Invoices", "Invoice paid", (r) => w`The vendor noted that ${{ invoice: r.number("invoice_number"), credit: false }} is paid.`],
  "invoice.voided": ["Invoices", "Invoice voided", (r) => w`The vendor voided ${{ invoice: r.number("invoice_number"), credit: false }} by ${
    { invoice: r.number("credit_note"), credit: true }}${r.reason() && `: ${r.reason()}`}.`],
  "request.opened": ["Requests", "Vendor asked", (r) => w`${r.person("by_user_id")} ${request(r, "asked the vendor")} for ${asked(r)}.`],
  "request.answered": ["Requests", "Request answered", (r) => w`The vendor ${request(r, r.is("approved") ? "approved" : "declined")} what ${r.person("by_user_id")} had asked for: ${asked(r)}.`],
  "user.erased": ["People", "Personal data erased", (r) => w`A user’s personal data was erased for good: ${r.person()}.`],
  "tokens.revoked": ["Account", "License tokens revoked", () => w`All license tokens from before were made invalid.`],
  "reminder.decrease": ["Licenses", "Reminder of a decrease", (r) => w`Reminder: the licenses of ${r.product()} go down${
    r.number("from") > 0 && ` ${r.change()}`} on ${r.day()}${r.number("people") > 0 && `, and ${plural(r.number("people"), "person loses a license", "people lose theirs")}`}.`],
  "reminder.plan_change": ["Plans", "Reminder of a plan change", (r) => w`Reminder: ${r.product()} changes from ${r.plan("from_plan_id")} to ${r.plan()} on ${r.day()}.`],
  "reminder.cancellation": ["Plans", "Reminder of an end", (r) => w`Reminder: the subscription to ${r.product()} ends with ${r.lastDay()}${
    r.number("people") > 0 && `, and ${plural(r.number("people"), "person loses a license", "people lose theirs")}`}.`],
  "reminder.invitation": ["People", "Reminder of an invitation", (r) => w`Reminder: ${r.person()} has not accepted yet, and the invitation ends on ${r.moment("expires_at")}.`],
};

/** What happened, in words. Of a type that is newer than these pages, its name. */
export function sentence(event: LedgerEvent, names: Names): Part[] {
  const row = rows[event.type];
  return row ? row[2](new Reader(event, names)) : [`Something happened that this page has no words for yet: ${event.type}.`];
}

/** Types that say themselves who did it. */
const selfSaid = new Set(["user.joined", "user.bound", "request.opened", "request.answered", "invoice.paid", "invoice.voided"]);

/** Who did it: "by Ann Lee", or nothing where the sentence says it. */
export function doer(event: LedgerEvent): Part[] {
  if (event.actor.kind === "system") return ["automatically"];
  if (selfSaid.has(event.type)) return [];
  return event.actor.kind === "user" && event.actor.id ? w`by ${{ person: event.actor.id }}` : ["by the vendor’s staff"];
}

/** All types with what they are called, to choose from. */
export const eventTypes = Object.entries(rows).map(([type, [group, label]]) => ({ type, group, label }));
