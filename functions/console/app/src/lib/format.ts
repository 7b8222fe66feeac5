// How amounts, dates and numbers read: in the reader's locale, and dates in the
// account's time zone, since that is where billing days begin.
import type { Schema } from "./api";

type Money = Schema<"Money">;

/** Currencies whose minor unit is not a hundredth (ISO 4217). Intl's own table is CLDR's, which differs for some. */
const unusual = { 0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF", 3: "BHD IQD JOD KWD LYD OMR TND", 4: "CLF UYW" };

export const minorDigits = (currency: string) => Number(Object.entries(unusual).find(([, codes]) => codes.includes(currency))?.[0] ?? 2);

/** The reader's languages, best first. */
const locales = () => [...navigator.languages];

const cache = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.PluralRules | Intl.RelativeTimeFormat>();

function kept<T extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.PluralRules | Intl.RelativeTimeFormat>(key: string, make: () => T): T {
  const name = `${locales().join()}|${key}`;
  const known = cache.get(name) ?? make();
  cache.set(name, known);
  return known as T;
}

/** An amount of minor units as a decimal text, exactly: no amount passes through a float. */
export function decimal(minor: number, digits: number): string {
  const text = BigInt(minor).toString().replace("-", "").padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  return (minor < 0 ? "-" : "") + (digits ? `${whole}.${text.slice(-digits)}` : whole);
}

export function money(m: Money): string {
  const digits = minorDigits(m.currency);
  const f = kept(`money ${m.currency}`, () => new Intl.NumberFormat(locales(), { style: "currency", currency: m.currency, minimumFractionDigits: digits, maximumFractionDigits: digits }));
  return (f.format as (value: string) => string)(decimal(m.amount_minor, digits));
}

export const count = (n: number) => kept("count", () => new Intl.NumberFormat(locales())).format(n);

/** "1 seat", "2 seats": the console speaks English, whose plural is one of two. */
export const plural = (n: number, one: string, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

function style(name: string, options: Intl.DateTimeFormatOptions) {
  return (instant: string, timeZone?: string) => {
    const at = new Date(instant);
    return Number.isNaN(at.getTime()) ? instant : kept(`${name} ${timeZone ?? ""}`, () => new Intl.DateTimeFormat(locales(), { ...options, timeZone })).format(at);
  };
}

/** "22 Nov 2026", the local date of an instant. */
export const date = style("date", { dateStyle: "medium" });
/** "22 November 2026" */
export const longDate = style("long", { dateStyle: "long" });
/** "Sunday 22 November 2026" */
export const weekday = style("weekday", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
/** "22 Nov 2026, 10:30" */
export const dateTime = style("time", { dateStyle: "medium", timeStyle: "short" });
/** "10:30" */
export const clock = style("clock", { timeStyle: "short" });

/** The last day of a half-open period [start, end): what people call its end. */
export const lastDay = (end: string, timeZone?: string) => date(new Date(new Date(end).getTime() - 1).toISOString(), timeZone);

/** "1 Nov 2026 – 30 Nov 2026" */
export const period = (p: Schema<"Period">, timeZone?: string) => `${date(p.start, timeZone)} – ${lastDay(p.end, timeZone)}`;

/** "in 3 days", "2 hours ago", from one instant to another. */
export function relative(instant: string, from: Date): string {
  const seconds = Math.round((new Date(instant).getTime() - from.getTime()) / 1000);
  const f = kept("relative", () => new Intl.RelativeTimeFormat(locales(), { numeric: "auto" }));
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3_600], ["minute", 60]];
  for (const [unit, size] of steps) if (Math.abs(seconds) >= size) return f.format(Math.trunc(seconds / size), unit);
  return f.format(0, "minute");
}

/** What a country is called, of its two letters of ISO 3166; the letters where they are no country's. */
export function countryName(code: string): string {
  try {
    return new Intl.DisplayNames(locales(), { type: "region" }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** Parts per million as a percentage: 190000 is 19 %. */
export const percent = (ppm: number) => kept("percent", () => new Intl.NumberFormat(locales(), { style: "percent", maximumFractionDigits: 4 })).format(ppm / 1_000_000);

/** Text of others, without characters that turn or hide what stands around it (bidi controls, zero width, controls). */
export const visible = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu, "�");

/** What somebody is called: the name, or the email where there is none. */
export function personName(u: { first_name: string; last_name: string; email: string; erased?: boolean }): string {
  if (u.erased) return "Erased user";
  return visible(`${u.first_name} ${u.last_name}`.trim() || u.email);
}

export const roleNames: Record<Schema<"User">["role"], string> = { owner: "Primary contact", admin: "Admin", billing_admin: "Billing admin", member: "Member" };
export const statusNames: Record<Schema<"User">["status"], string> = { invited: "Invited", active: "Active", deactivated: "Deactivated", removed: "Removed" };
