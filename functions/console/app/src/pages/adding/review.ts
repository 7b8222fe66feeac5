// What would become of a list if it were sent now: a dry run of every batch, and one price
// for all seats that the whole list lacks.
import type { Here } from "../../lib/account";
import { call, path, Problem, problemOf, type Page, type Schema } from "../../lib/api";
import { write } from "../../lib/write";
import { batchSize, columns, type Column, type How, type Row, type Subscription } from "./rows";

type Refusal = Schema<"Refusal">;
export type Quote = Schema<"Quote">;

/** Seats that the list takes of one subscription. */
export interface Take {
  subscription: Subscription;
  /** Rows with its license. */
  people: number;
  /** Free seats that are used or kept, and seats that are bought. */
  free: number;
  bought: number;
}

export interface Review {
  /** What was reviewed; another list needs another review. */
  of: string;
  /** Rows that can be sent. */
  ready: Row[];
  /** Rows that would be refused, by their ids, as they were then, with the reason. */
  refused: Map<number, { row: Row; why: Refusal }>;
  takes: Take[];
  quote: Quote | null;
  /** The subscription whose seats the quote buys. */
  buys: Subscription | null;
  /** Why it could not be told. */
  problem: Problem | null;
}

const cells = (row: Row) => columns.map((c) => row[c]).join("\0");

/** What a review is of: the cells of the rows. */
export const subject = (how: How, rows: Row[]) => JSON.stringify([how, rows.map((r) => [r.id, cells(r)])]);

/** Why a row would be refused, as long as it is as it was. */
export function verdictOf(review: Review | null, row: Row): Refusal | undefined {
  const found = review?.refused.get(row.id);
  return found && cells(found.row) === cells(row) ? found.why : undefined;
}

/** One person as the API takes them. */
const person = (row: Row) => ({
  email: row.email.trim(), first_name: row.first_name.trim(), last_name: row.last_name.trim(),
  ...(row.qualification.trim() ? { qualification: row.qualification.trim() } : {}),
});

const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;

/** Where a batch is sent, and what. People who are created go as the lines of a file, which takes many at once. */
export function request(here: Here, how: How, rows: Row[]): { path: string; body: Record<string, unknown> } {
  if (how === "invite") {
    return { path: `${here.api}/invitations`, body: { people: rows.map((r) => ({ ...person(r), role: r.role, ...(r.license ? { subscription_id: r.license } : {}) })) } };
  }
  const active = how === "active";
  const lines = rows.map((r) => [r.email.trim(), r.first_name.trim(), r.last_name.trim(), r.qualification.trim(), active ? r.role : "member", String(active), active ? r.license : ""]);
  return { path: `${here.api}/users/import`, body: { csv: [["email", "first_name", "last_name", "qualification", "role", "active", "license"], ...lines].map((l) => l.map(quoted).join(",")).join("\r\n") } };
}

/** The answers of inviting and of importing, as far as they are alike. */
interface Answer {
  results: { error?: Refusal; refused?: Refusal }[];
  quote?: Quote;
}

/** What became of each row of a batch; null is success. */
export const verdicts = (answer: Answer): (Refusal | null)[] => answer.results.map((r) => r.error ?? r.refused ?? null);

/** Mistakes that the API found in cells, by row. Null where it means something else. */
export function cellMistakes(problem: Problem, rows: Row[]): Map<Row, Refusal> | null {
  const found = new Map<Row, Refusal>();
  for (const field of problem.fields) {
    const [, index, name] = /people\[(\d+)\]\.(\w+)/.exec(field.location) ?? [];
    const row = rows[Number(index)];
    const cell: Column | undefined = name === "subscription_id" ? "license" : columns.find((c) => c === name);
    if (row && cell) found.set(row, { code: `invalid:${cell}`, detail: `It ${field.message}` });
  }
  return found.size ? found : null;
}

export function batches(rows: Row[]): Row[][] {
  return Array.from({ length: Math.ceil(rows.length / batchSize) }, (_, i) => rows.slice(i * batchSize, (i + 1) * batchSize));
}

const takesSeat = (how: How, s: Subscription | undefined) => !!s && s.billing === "seats" && (how === "active" || (how === "invite" && s.rules.invitation_reserves_seat));

/** Asks what would become of the rows. `tell` is told after each batch how many were asked for. */
export async function review(here: Here, how: How, rows: Row[], of: string, tell: (done: number) => void): Promise<Review> {
  const out: Review = { of, ready: [], refused: new Map(), takes: [], quote: null, buys: null, problem: null };
  try {
    let quote: Quote | null = null;
    const parts = batches(rows);
    for (const [i, part] of parts.entries()) {
      quote = (await dryRun(here, how, part, out.refused)) ?? quote;
      tell(Math.min(rows.length, (i + 1) * batchSize));
    }
    const { items } = await call<Page<Subscription>>(`${here.api}/subscriptions`);
    out.ready = rows.filter((r) => !out.refused.has(r.id));
    count(out, how, items);
    const lacking = out.takes.filter((t) => t.bought > 0);
    if (!lacking.length) return out;
    out.buys = lacking.find((t) => t.subscription.rules.auto_seats)?.subscription ?? null;
    // A dry run knows of its own batch alone, so that a longer list asks for one price of all.
    if (parts.length > 1 && out.buys) quote = await priceOf(here, how, out, out.buys);
    out.quote = quote;
    if (!quote) out.buys = null;
    for (const take of lacking) if (take.subscription !== out.buys) refuseLacking(out, how, take, { code: "no_free_seats", detail: `No seat of ${take.subscription.product_name} is left for this row.` });
  } catch (reason) {
    out.problem = problemOf(reason);
  }
  return out;
}

/** Asks for one batch, again without the rows in which the API finds a mistake. */
async function dryRun(here: Here, how: How, part: Row[], refused: Review["refused"]): Promise<Quote | null> {
  const rows = part.filter((r) => !refused.has(r.id));
  if (!rows.length) return null;
  const { path: to, body } = request(here, how, rows);
  try {
    const answer = await call<Answer>(to, { method: "POST", body: { ...body, dry_run: true } });
    for (const [i, verdict] of verdicts(answer).entries()) {
      const row = rows[i];
      if (verdict && row) refused.set(row.id, { row, why: verdict });
    }
    return answer.quote ?? null;
  } catch (reason) {
    const wrong = reason instanceof Problem ? cellMistakes(reason, rows) : null;
    if (!wrong) throw reason;
    for (const [row, why] of wrong) refused.set(row.id, { row, why });
    return dryRun(here, how, part, refused);
  }
}

/** Counts which seats the rows that can be sent take, the free ones first. */
function count(out: Review, how: How, subscriptions: Subscription[]): void {
  for (const s of subscriptions) {
    const people = how === "inactive" ? 0 : out.ready.filter((r) => r.license === s.id).length;
    if (!people) continue;
    const free = takesSeat(how, s) ? Math.min(people, Math.max(0, s.available)) : 0;
    out.takes.push({ subscription: s, people, free, bought: takesSeat(how, s) ? people - free : 0 });
  }
}

async function priceOf(here: Here, how: How, out: Review, s: Subscription): Promise<Quote | null> {
  const take = out.takes.find((t) => t.subscription === s);
  try {
    return await write<Quote>("POST", `${here.api}/subscriptions/${encodeURIComponent(s.id)}/quotes`, { seats: s.seats + (take?.bought ?? 0) });
  } catch (reason) {
    if (!(reason instanceof Problem) || reason.again || !take) throw reason;
    refuseLacking(out, how, take, { code: reason.code, detail: reason.message });
    return null;
  }
}

/** Marks the rows for which no seat is left: the last ones, as the server serves the first. */
function refuseLacking(out: Review, how: How, take: Take, refusal: Refusal): void {
  if (!take.bought || !takesSeat(how, take.subscription)) return;
  const last = out.ready.filter((r) => r.license === take.subscription.id).slice(take.free);
  for (const row of last) out.refused.set(row.id, { row, why: refusal });
  out.ready = out.ready.filter((r) => !out.refused.has(r.id));
  take.people = take.free;
  take.bought = 0;
}

/** The page on which seats of a subscription are bought. */
export const licensesOf = (here: Here, s: Subscription) => here.home + path`/licenses/${s.id}`;
