// What a number of licenses costs for a whole cycle, for showing how an amount comes
// about. The amounts themselves are always the API's; what does not agree with them is
// not shown.
import type { Schema } from "./api";
import { count, money, plural } from "./format";

type Price = Schema<"Price">;
type Line = Schema<"InvoiceLine">;

/** The price of n licenses for one cycle, in minor units. */
export function priceOf(price: Price, n: number): bigint {
  const base = BigInt(price.base.amount_minor);
  if (price.model === "per_seat") return base + BigInt(Math.max(0, n - price.included_seats)) * BigInt(price.unit?.amount_minor ?? 0);
  let sum = 0n, from = 0;
  for (const tier of price.tiers ?? []) {
    const to = tier.up_to ?? Infinity;
    if (price.model === "volume" && n <= to) return base + BigInt(n) * BigInt(tier.unit.amount_minor);
    if (price.model === "graduated") sum += BigInt(Math.max(0, Math.min(n, to) - from)) * BigInt(tier.unit.amount_minor);
    from = to;
  }
  return base + sum;
}

/** Half away from zero, as invoices are rounded. */
function share(amount: bigint, numerator: number, denominator: number): bigint {
  const n = amount * BigInt(numerator) * 2n, d = BigInt(denominator), sign = n < 0n ? -1n : 1n;
  return sign * ((sign * n + d) / (2n * d));
}

const secondsOfADay = 86_400;

/** "9 of 30 days", or the time to the second where the plan charges by it. */
function part(line: Line): string {
  const n = line.factor_numerator ?? 1, d = line.factor_denominator ?? 1;
  if (n === d && d === 1) return "";
  if (d < secondsOfADay) return `${count(n)} of ${count(d)} days`;
  const days = (seconds: number) => new Intl.NumberFormat([...navigator.languages], { maximumFractionDigits: 2 }).format(seconds / secondsOfADay);
  return `${days(n)} of ${days(d)} days (${count(n)} of ${count(d)} seconds)`;
}

/** How a line's amount is computed, "2 × €20.00 × 9 of 30 days", or nothing where that cannot be said in one line. */
export function arithmetic(line: Line, price: Price | undefined): string {
  if (!price || line.people !== undefined || line.quantity_numerator !== undefined) return "";
  const { currency } = line.amount, text = (minor: bigint) => money({ amount_minor: Number(minor), currency });
  const before = line.from_seats ?? 0, was = before ? priceOf(price, before) : 0n, will = priceOf(price, line.seats);
  if (share(will - was, line.factor_numerator ?? 1, line.factor_denominator ?? 1) !== BigInt(line.amount.amount_minor)) return "";
  const plain = price.model === "per_seat" && price.base.amount_minor === 0 && price.included_seats === 0 && price.unit;
  const whole = plain ? `${count(line.seats - before)} × ${money(plain)}` : before ? `(${text(will)} for ${count(line.seats)} − ${text(was)} for ${count(before)})` : `${text(will)} for ${count(line.seats)}`;
  return [whole, part(line)].filter(Boolean).join(" × ");
}


/** "€20.00 per license and month", or per active user, and all tiers where a price has some. */
export function priceInWords({ price, interval, billing }: Pick<Schema<"Subscription">, "price" | "interval" | "billing">): string {
  const who = billing === "seats" ? "license" : "active user";
  const unit = price.unit && money(price.unit), base = price.base.amount_minor !== 0 ? money(price.base) : "";
  if (price.model === "per_seat" && unit) {
    if (!base && !price.included_seats) return `${unit} per ${who} and ${interval}`;
    return `${base || "Nothing"} a ${interval}${price.included_seats ? ` with ${plural(price.included_seats, who)} included` : ""}, then ${unit} per ${who}`;
  }
  const tiers = price.tiers ?? [];
  const words = tiers.map((t, i) => {
    const from = (tiers[i - 1]?.up_to ?? 0) + 1;
    const range = t.up_to === undefined ? `${count(from)} or more` : from === 1 ? `up to ${count(t.up_to)}` : `${count(from)} to ${count(t.up_to)}`;
    return price.model === "volume" ? `${money(t.unit)} each with ${range}` : `${money(t.unit)} each for ${t.up_to === undefined ? `number ${range}` : from === 1 ? `the first ${count(t.up_to)}` : `numbers ${range}`}`;
  });
  return `${base ? `${base} and ` : ""}${words.join(", ")}, per ${who} and ${interval}`;
}
