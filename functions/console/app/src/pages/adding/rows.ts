// The list of people to add: its rows, and what is wrong with them before anything is sent.
import type { Here } from "../../lib/account";
import type { Schema } from "../../lib/api";
import { roleNames } from "../../lib/format";

export type Subscription = Schema<"Subscription">;

/** How the people come in: by an invitation, or created at once. */
export type How = "invite" | "active" | "inactive";

/** The cells of a row, in the order of the columns. */
export const columns = ["email", "first_name", "last_name", "qualification", "role", "license"] as const;
export type Column = (typeof columns)[number];

export const columnNames: Record<Column, string> = { email: "Email", first_name: "First name", last_name: "Last name", qualification: "Qualification", role: "Role", license: "License" };

export interface Row extends Record<Column, string> {
  id: number;
  /** Whether it has been left once: what is wrong with a row that is just being typed is not said yet. */
  left?: boolean;
  /** Sent, with its effect. */
  done?: boolean;
  /** Why the server did not take it. */
  refused?: Schema<"Refusal">;
}

/** A batch that was sent and has no answer yet. It is sent again exactly as it was, so that it has one effect. */
export interface Batch {
  ids: number[];
  path: string;
  body: Record<string, unknown>;
}

export interface Draft {
  how: How;
  rows: Row[];
  sent: Batch | null;
}

/** How long a list may be: ten requests of as many people as one takes. */
export const maxRows = 1000;
/** How many people go in one request, as the API takes. */
export const batchSize = 100;

const longest: Record<"email" | "first_name" | "last_name" | "qualification", number> = { email: 254, first_name: 60, last_name: 60, qualification: 60 };

export const blankRow = (id: number, like?: Partial<Row>): Row => ({ id, email: "", first_name: "", last_name: "", qualification: "", role: like?.role ?? "member", license: like?.license ?? "" });

export const isBlank = (row: Row) => !row.email.trim() && !row.first_name.trim() && !row.last_name.trim() && !row.qualification.trim();

/** The roles that the reader may grant. */
export const grantable = (here: Here): Schema<"User">["role"][] => (["member", "admin", "billing_admin"] as const).filter((role) => here.mayChange(role));

/** The subscriptions whose licenses the reader may give with a new user. Where active users are billed there is none to give. */
export function givable(here: Here, subscriptions: Subscription[]): Subscription[] {
  return subscriptions.filter((s) => s.status === "active" && s.billing === "seats" && (here.me.role !== "billing_admin" || s.rules.auto_seats));
}

/** The email as it is compared: as the server keeps it, as far as ASCII goes. */
export const sameEmail = (email: string) => email.trim().toLowerCase();

const local = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\p{L}\p{N}\p{M}]+(\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\p{L}\p{N}\p{M}]+)*$/u;
const domain = /^[\p{L}\p{N}\p{M}]([\p{L}\p{N}\p{M}-]{0,61}[\p{L}\p{N}\p{M}])?(\.[\p{L}\p{N}\p{M}]([\p{L}\p{N}\p{M}-]{0,61}[\p{L}\p{N}\p{M}])?)+$/u;

export function isEmail(text: string): boolean {
  const at = text.lastIndexOf("@");
  return at > 0 && at <= 64 && local.test(text.slice(0, at)) && domain.test(text.slice(at + 1));
}

export type Mistakes = Partial<Record<Column, string>>;

interface Rules {
  how: How;
  roles: string[];
  licenses: string[];
}

function mistakesOf(row: Row, twin: number | undefined, { how, roles, licenses }: Rules): Mistakes {
  const wrong: Mistakes = {};
  const email = row.email.trim();
  if (!email) wrong.email = "Enter an email";
  else if (!isEmail(email)) wrong.email = "Write it like name@example.com";
  else if (twin !== undefined) wrong.email = `Twice in the list: see row ${twin}`;
  if (!row.first_name.trim()) wrong.first_name = "Enter a first name";
  if (!row.last_name.trim()) wrong.last_name = "Enter a last name";
  for (const name of ["email", "first_name", "last_name", "qualification"] as const) {
    const long = [...row[name].trim()].length - longest[name];
    if (long > 0) wrong[name] = `${long} character${long === 1 ? "" : "s"} too long`;
  }
  if (how === "inactive") return wrong;
  if (!roles.includes(row.role)) wrong.role = row.role in roleNames ? "You may not grant this role" : "Choose a role";
  if (row.license && !licenses.includes(row.license)) wrong.license = "Choose a license";
  return wrong;
}

const known = new WeakMap<Row, { key: string; mistakes: Mistakes }>();

/** What is wrong with each row that is not blank and not sent. A row that did not change keeps its object. */
export function check(rows: Row[], rules: Rules): Map<Row, Mistakes> {
  const first = new Map<string, number>();
  const found = new Map<Row, Mistakes>();
  for (const [i, row] of rows.entries()) {
    if (isBlank(row)) continue;
    const email = sameEmail(row.email);
    const twin = email ? first.get(email) : undefined;
    if (email && twin === undefined) first.set(email, i + 1);
    if (row.done) continue;
    const key = JSON.stringify([twin, rules]);
    let was = known.get(row);
    if (was?.key !== key) known.set(row, (was = { key, mistakes: mistakesOf(row, twin, rules) }));
    found.set(row, was.mistakes);
  }
  return found;
}

/** The cell at which a refusal of the server is shown. */
export function cellOf(refused: Schema<"Refusal">, row: Row): Column {
  switch (refused.code) {
    case "no_free_seats": case "contact_sales": case "account_parked": case "quote_required":
      return "license";
    case "forbidden":
      return refused.detail.includes("grant the role") ? "role" : row.license ? "license" : "role";
    case "not_found":
      return row.license ? "license" : "email";
  }
  return columns.find((c) => refused.code === `invalid:${c}`) ?? "email";
}
